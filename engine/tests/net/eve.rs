//! A peer that speaks libp2p without the engine, and so can break every rule.

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use juice_proto::{id::DeviceId, link::PROTOCOL, sign::SecretKey};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder, identity::Keypair, noise, swarm::SwarmEvent, tcp,
    yamux,
};
use libp2p_stream::{Behaviour, Control};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::peer::{Peer, Ways};

pub struct Eve {
    pub device: DeviceId,
    control: Control,
    target: PeerId,
    connected: watch::Receiver<bool>,
    seed: u8,
    task: JoinHandle<()>,
}

impl Drop for Eve {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Eve {
    pub async fn connect(seed: u8, peer: &Peer, ways: Ways) -> Self {
        let (swarm, device) = swarm(seed);
        let control = swarm.behaviour().new_control();
        let (tell, connected) = watch::channel(false);
        let (mut swarm, target) = (swarm, peer_id(peer.device));
        swarm.dial(address(peer, ways)).unwrap();
        let task = tokio::spawn(async move {
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { .. } => drop(tell.send(true)),
                    SwarmEvent::ConnectionClosed { .. } => drop(tell.send(false)),
                    _ => {}
                }
            }
        });
        let mut eve = Self { device, control, target, connected, seed, task };
        eve.connected.wait_for(|connected| *connected).await.unwrap();
        eve
    }

    pub async fn open(&mut self) -> Option<Stream> {
        let open = self.control.open_stream(self.target, StreamProtocol::new(PROTOCOL));
        timeout(Duration::from_secs(20), open).await.unwrap().ok()
    }

    /// Waits until the connection is closed.
    pub async fn gone(&mut self) {
        let closed = self.connected.wait_for(|connected| !*connected);
        timeout(Duration::from_secs(20), closed).await.unwrap().unwrap();
    }

    /// Whether a new connection lasts long enough for a stream.
    pub async fn can_reach(&self, peer: &Peer) -> bool {
        let (mut swarm, _) = swarm(self.seed);
        swarm.dial(address(peer, Ways::Quic)).unwrap();
        loop {
            match swarm.select_next_some().await {
                // The handshake may end here before the other side has said no.
                SwarmEvent::ConnectionEstablished { .. } => {
                    let mut control = swarm.behaviour().new_control();
                    let open = control.open_stream(peer_id(peer.device), StreamProtocol::new(PROTOCOL));
                    let mut open = std::pin::pin!(open);
                    loop {
                        tokio::select! {
                            opened = &mut open => return opened.is_ok(),
                            event = swarm.select_next_some() => {
                                if let SwarmEvent::ConnectionClosed { .. } = event {
                                    return false;
                                }
                            }
                        }
                    }
                }
                SwarmEvent::OutgoingConnectionError { .. } => return false,
                _ => {}
            }
        }
    }
}

fn peer_id(device: DeviceId) -> PeerId {
    let key = libp2p::identity::ed25519::PublicKey::try_from_bytes(device.bytes()).unwrap();
    libp2p::identity::PublicKey::from(key).to_peer_id()
}

fn address(peer: &Peer, ways: Ways) -> Multiaddr {
    ways.of(&peer.addresses)[0].parse().unwrap()
}

fn swarm(seed: u8) -> (Swarm<Behaviour>, DeviceId) {
    let key = Keypair::ed25519_from_bytes([seed; 32]).unwrap();
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::new().nodelay(true), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_quic()
        .with_behaviour(|_| Behaviour::new())
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
        .build();
    (swarm, SecretKey::from_seed(&[seed; 32]).device())
}

pub async fn write(stream: &mut Stream, bytes: &[u8]) {
    // The other side may have closed it by now.
    let _ = stream.write_all(bytes).await;
    let _ = stream.flush().await;
}

/// Writes a frame and waits for an answer: false if the stream ends instead.
pub async fn is_served(stream: &mut Stream) -> bool {
    write(stream, &[0, 0, 0, 1, 1]).await;
    let read = timeout(Duration::from_secs(20), stream.read(&mut [0])).await;
    matches!(read.unwrap(), Ok(read) if read > 0)
}
