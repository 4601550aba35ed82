//! The relay for pairs that can't reach each other, and the AutoNAT server by which a client finds that out: libp2p over
//! QUIC and TCP, with the server's own key as its identity.
//!
//! One task owns the swarm. Only devices with a session are let in: others are not connected at all, and a reservation or
//! circuit is refused to a device whose session has ended meanwhile.

mod gate;

use std::{
    net::IpAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use futures::StreamExt;
use juice_proto::{id::DeviceId, server, sign::SecretKey};
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder, autonat, identify,
    identity::{Keypair, ed25519},
    multiaddr::Protocol,
    noise, relay,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use tokio::time::timeout;

use self::gate::Gate;
use crate::{
    config::RelayPorts,
    presence::Presences,
    server::{House, StartError},
};

/// How long both ports may take to open.
const OPENING: Duration = Duration::from_secs(5);
/// Connections without a reservation or circuit go after this.
const IDLE: Duration = Duration::from_secs(60);
/// A call may take a working day.
const CIRCUIT: Duration = Duration::from_secs(12 * 60 * 60);
/// What no call or file comes near.
const CIRCUIT_BYTES: u64 = 64 << 30;
/// What a pair on the same machine could open at once is 1,024 for all, 16 for one.
const CIRCUITS: usize = 1024;
const CIRCUITS_EACH: usize = 16;
const RESERVATIONS: usize = 4096;
const RESERVATIONS_EACH: usize = 4;

#[derive(NetworkBehaviour)]
struct Services {
    gate: Gate,
    relay: relay::Behaviour,
    autonat: autonat::v2::server::Behaviour,
    identify: identify::Behaviour,
}

/// A relay whose ports are open.
pub(crate) struct Listening {
    swarm: Swarm<Services>,
    ports: server::Relay,
}

/// The device whose key this peer id is.
fn device_of(peer: &PeerId) -> Option<DeviceId> {
    // An identity multihash of the key in its protobuf (libp2p peer ids, "Ed25519").
    const HEAD: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    let bytes = peer.to_bytes();
    let key = bytes.strip_prefix(&HEAD)?;
    Some(DeviceId::new(key.try_into().ok()?))
}

/// Says of a peer whether it may use the relay.
fn bouncer(presences: &Arc<Presences>) -> impl Fn(&PeerId) -> bool + Send + 'static {
    let presences = Arc::clone(presences);
    move |peer| device_of(peer).is_some_and(|device| presences.admits(&device))
}

fn limits(presences: &Arc<Presences>) -> relay::Config {
    let (for_places, for_circuits) = (bouncer(presences), bouncer(presences));
    relay::Config {
        max_reservations: RESERVATIONS,
        max_reservations_per_peer: RESERVATIONS_EACH,
        reservation_rate_limiters: vec![Box::new(move |peer, _: &Multiaddr, _| for_places(&peer))],
        max_circuits: CIRCUITS,
        max_circuits_per_peer: CIRCUITS_EACH,
        max_circuit_duration: CIRCUIT,
        max_circuit_bytes: CIRCUIT_BYTES,
        circuit_src_rate_limiters: vec![Box::new(move |peer, _: &Multiaddr, _| for_circuits(&peer))],
        ..relay::Config::default()
    }
}

fn failed<E: std::fmt::Display>(error: E) -> StartError {
    StartError::Relay(error.to_string())
}

fn host_protocol(host: &str) -> Protocol<'static> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => Protocol::from(address),
        Err(_) => Protocol::Dns(bare.to_owned().into()),
    }
}

fn quic_at(host: Protocol<'static>, port: u16) -> Multiaddr {
    Multiaddr::empty().with(host).with(Protocol::Udp(port)).with(Protocol::QuicV1)
}

fn tcp_at(host: Protocol<'static>, port: u16) -> Multiaddr {
    Multiaddr::empty().with(host).with(Protocol::Tcp(port))
}

impl Listening {
    /// Opens the ports at `ip`, as the relay of the server that is found as `host`.
    pub(crate) async fn start(
        key: &SecretKey,
        ports: RelayPorts,
        (ip, host): (IpAddr, &str),
        presences: &Arc<Presences>,
    ) -> Result<Self, StartError> {
        let secret = ed25519::SecretKey::try_from_bytes(*key.seed()).map_err(failed)?;
        let identity = Keypair::from(ed25519::Keypair::from(secret));
        let mut swarm = SwarmBuilder::with_existing_identity(identity)
            .with_tokio()
            .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
            .map_err(failed)?
            .with_quic()
            .with_behaviour(|identity| Services {
                gate: Gate::new(bouncer(presences)),
                relay: relay::Behaviour::new(identity.public().to_peer_id(), limits(presences)),
                autonat: autonat::v2::server::Behaviour::default(),
                identify: identify::Behaviour::new(
                    identify::Config::new("/juice/1".into(), identity.public())
                        .with_agent_version("juice-rendezvous".into()),
                ),
            })
            .map_err(failed)?
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE))
            .build();
        swarm.listen_on(quic_at(ip.into(), ports.quic)).map_err(failed)?;
        swarm.listen_on(tcp_at(ip.into(), ports.tcp)).map_err(failed)?;
        let ports = timeout(OPENING, opened(&mut swarm))
            .await
            .map_err(|_| StartError::Relay("its ports did not open".into()))??;
        // Given to clients with their reservation, as the address of their place.
        swarm.add_external_address(quic_at(host_protocol(host), ports.quic_port));
        swarm.add_external_address(tcp_at(host_protocol(host), ports.tcp_port));
        swarm.behaviour_mut().relay.set_status(Some(relay::Status::Enable));
        Ok(Self { swarm, ports })
    }

    pub(crate) fn ports(&self) -> server::Relay {
        self.ports
    }

    /// Runs until the server stops.
    pub(crate) async fn serve(mut self, house: Arc<House>) {
        loop {
            let event = tokio::select! {
                event = self.swarm.select_next_some() => event,
                () = house.stopping.cancelled() => return,
            };
            if let SwarmEvent::Behaviour(ServicesEvent::Relay(event)) = event {
                count(&event, &house);
            }
        }
    }
}

/// Waits until both ports are open.
async fn opened(swarm: &mut Swarm<Services>) -> Result<server::Relay, StartError> {
    let (mut quic, mut tcp) = (None, None);
    loop {
        let event = swarm.select_next_some().await;
        if let SwarmEvent::NewListenAddr { address, .. } = &event {
            for part in address {
                if let Protocol::Udp(port) = part {
                    quic = Some(port);
                } else if let Protocol::Tcp(port) = part {
                    tcp = Some(port);
                }
            }
        } else if let SwarmEvent::ListenerClosed { reason: Err(error), .. } = event {
            return Err(failed(error));
        }
        if let (Some(quic_port), Some(tcp_port)) = (quic, tcp) {
            return Ok(server::Relay { quic_port, tcp_port });
        }
    }
}

fn count(event: &relay::Event, house: &House) {
    let metrics = &house.metrics;
    if let relay::Event::ReservationReqAccepted { renewed: false, .. } = event {
        metrics.reservations.fetch_add(1, Relaxed);
    } else if let relay::Event::CircuitReqAccepted { .. } = event {
        metrics.circuits.fetch_add(1, Relaxed);
    } else if let relay::Event::ReservationReqDenied { .. } | relay::Event::CircuitReqDenied { .. } = event {
        metrics.relay_denials.fetch_add(1, Relaxed);
    }
    tracing::trace!(?event, "relay");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_id_is_its_devices_key() {
        let key = SecretKey::from_seed(&[5; 32]);
        let secret = ed25519::SecretKey::try_from_bytes(*key.seed()).unwrap();
        let identity = Keypair::from(ed25519::Keypair::from(secret));
        let peer = identity.public().to_peer_id();
        assert_eq!(device_of(&peer), Some(key.device()));
        assert_eq!(device_of(&PeerId::random()), None, "not an Ed25519 key");
    }
}
