//! A relay as the server has one.

use futures::StreamExt;
use juice_engine::net::RelayAt;
use juice_proto::{server::Relay, sign::SecretKey};
use libp2p::{
    Multiaddr, SwarmBuilder, autonat, identify,
    identity::Keypair,
    multiaddr::Protocol,
    noise, relay,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use tokio::task::JoinHandle;

#[derive(NetworkBehaviour)]
struct Behaviour {
    relay: relay::Behaviour,
    identify: identify::Behaviour,
    autonat: autonat::v2::server::Behaviour,
}

/// Starts one on loopback.
pub async fn start() -> (RelayAt, JoinHandle<()>) {
    let seed = [9; 32];
    let key = Keypair::ed25519_from_bytes(seed).unwrap();
    let mut swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::new().nodelay(true), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_quic()
        .with_behaviour(|key| {
            let identify = identify::Config::new("/juice/1".into(), key.public());
            Behaviour {
                relay: relay::Behaviour::new(key.public().to_peer_id(), relay::Config::default()),
                identify: identify::Behaviour::new(identify),
                autonat: autonat::v2::server::Behaviour::default(),
            }
        })
        .unwrap()
        .build();
    for address in ["/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0"] {
        swarm.listen_on(address.parse().unwrap()).unwrap();
    }
    let mut ports = Relay { quic_port: 0, tcp_port: 0 };
    while ports.quic_port == 0 || ports.tcp_port == 0 {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            note(&mut ports, &address);
            // Those who reserve are told where to be reached.
            swarm.add_external_address(address);
        }
    }
    let at = RelayAt { host: "localhost".into(), relay: ports, key: SecretKey::from_seed(&seed).server_key() };
    let task = tokio::spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    });
    (at, task)
}

fn note(ports: &mut Relay, address: &Multiaddr) {
    for part in address {
        match part {
            Protocol::Udp(port) => ports.quic_port = port,
            Protocol::Tcp(port) => ports.tcp_port = port,
            _ => {}
        }
    }
}
