//! The relay: members in, strangers out.

use std::time::Duration;

use futures::StreamExt;
use juice_proto::{server::Call, sign::SecretKey};
use juice_rendezvous::RelayPorts;
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder, identify,
    identity::{Keypair, ed25519},
    multiaddr::Protocol,
    noise, relay,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use tokio::time::timeout;

use crate::{client::PATIENCE, world::World};

#[derive(NetworkBehaviour)]
struct Peer {
    relay: relay::client::Behaviour,
    identify: identify::Behaviour,
}

fn keypair(key: &SecretKey) -> Keypair {
    let secret = ed25519::SecretKey::try_from_bytes(*key.seed()).unwrap();
    ed25519::Keypair::from(secret).into()
}

fn peer(key: &SecretKey) -> Swarm<Peer> {
    SwarmBuilder::with_existing_identity(keypair(key))
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_quic()
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|identity, relay| Peer {
            relay,
            identify: identify::Behaviour::new(identify::Config::new("/juice/1".into(), identity.public())),
        })
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(30)))
        .build()
}

fn relay_id(world: &World) -> PeerId {
    let key = ed25519::PublicKey::try_from_bytes(world.key().bytes()).unwrap();
    libp2p::identity::PublicKey::from(key).to_peer_id()
}

fn addresses(world: &World) -> [Multiaddr; 2] {
    let ports = world.server().relay().unwrap();
    [format!("/ip4/127.0.0.1/udp/{}/quic-v1", ports.quic_port), format!("/ip4/127.0.0.1/tcp/{}", ports.tcp_port)]
        .map(|address| address.parse::<Multiaddr>().unwrap().with(Protocol::P2p(relay_id(world))))
}

/// Tries to reserve a place; says whether there is one.
async fn reserve(swarm: &mut Swarm<Peer>, relay: &Multiaddr) -> bool {
    let circuit = relay.clone().with(Protocol::P2pCircuit);
    swarm.listen_on(circuit).unwrap();
    let outcome = async {
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::Behaviour(PeerEvent::Relay(relay::client::Event::ReservationReqAccepted { .. })) => {
                    return true;
                }
                SwarmEvent::ListenerClosed { .. } | SwarmEvent::OutgoingConnectionError { .. } => {
                    return false;
                }
                _ => {}
            }
        }
    };
    timeout(PATIENCE, outcome).await.expect("an outcome")
}

async fn with_relay() -> World {
    World::with(|config| config.relay = Some(RelayPorts { quic: 0, tcp: 0 })).await
}

#[tokio::test]
async fn a_stranger_gets_no_place_at_the_relay_and_a_member_does() {
    let world = with_relay().await;
    let (alice, mut client) = world.register("alice").await;
    for relay in addresses(&world) {
        let mut member = peer(&alice.device);
        assert!(reserve(&mut member, &relay).await, "{relay}");
        let mut stranger = peer(&SecretKey::from_seed(&[66; 32]));
        assert!(!reserve(&mut stranger, &relay).await, "{relay}");
    }
    client.done(&Call::Goodbye).await;
    client.ended().await;
    let mut gone = peer(&alice.device);
    let [quic, _] = addresses(&world);
    assert!(!reserve(&mut gone, &quic).await, "without a session");
}

#[tokio::test]
async fn two_members_reach_each_other_through_the_relay() {
    let world = with_relay().await;
    let (alice, _at_alice) = world.register("alice").await;
    let (bob, _at_bob) = world.register("bob").await;
    let [quic, tcp] = addresses(&world);
    let (mut at_alice, mut at_bob) = (peer(&alice.device), peer(&bob.device));
    assert!(reserve(&mut at_bob, &quic).await);
    let bob_id = keypair(&bob.device).public().to_peer_id();
    let circuit = tcp.with(Protocol::P2pCircuit).with(Protocol::P2p(bob_id));
    at_alice.dial(circuit).unwrap();
    let connected = async {
        loop {
            tokio::select! {
                event = at_alice.select_next_some() => {
                    if let SwarmEvent::ConnectionEstablished { peer_id, .. } = event
                        && peer_id == bob_id
                    {
                        return;
                    }
                }
                _ = at_bob.select_next_some() => {}
            }
        }
    };
    timeout(PATIENCE, connected).await.expect("connected");
}
