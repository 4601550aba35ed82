//! Swarms on one machine: over our transport, and from and to libp2p's own.

use std::{sync::Arc, time::Duration};

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use juice_proto::id::DeviceId;
use libp2p::{
    Multiaddr, PeerId, Stream, Swarm, SwarmBuilder,
    identity::Keypair,
    swarm::{
        ConnectionId, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};

use super::Quic;
use crate::net::{
    datagrams::{Catch, Datagrams, Malformed},
    identity,
    streams::{StreamNews, Streams, Ticket},
};

/// What a swarm tells of, one thing after the other.
struct Peer {
    swarm: Swarm<Streams>,
    datagrams: Option<Datagrams>,
    address: Option<Multiaddr>,
}

impl Peer {
    async fn start(seed: u8, ours: bool) -> Self {
        let key = Keypair::ed25519_from_bytes([seed; 32]).unwrap();
        let builder = SwarmBuilder::with_existing_identity(key).with_tokio();
        let streams = |_: &Keypair| Streams::of("/test/1");
        let stay = |config: libp2p::swarm::Config| config.with_idle_connection_timeout(Duration::from_secs(20));
        let (swarm, datagrams) = if ours {
            let datagrams = Datagrams::new(mpsc::channel(8).0);
            let quic = |key: &Keypair| Quic::new(key, datagrams.clone()).unwrap();
            let builder = builder.with_other_transport(quic).unwrap().with_behaviour(streams).unwrap();
            (builder.with_swarm_config(stay).build(), Some(datagrams))
        } else {
            (builder.with_quic().with_behaviour(streams).unwrap().with_swarm_config(stay).build(), None)
        };
        let mut peer = Self { swarm, datagrams, address: None };
        peer.swarm.listen_on("/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()).unwrap();
        while peer.address.is_none() {
            if let SwarmEvent::NewListenAddr { address, .. } = peer.swarm.select_next_some().await {
                peer.address = Some(address);
            }
        }
        peer
    }

    fn id(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    fn device(&self) -> DeviceId {
        identity::device_id(&self.id()).unwrap()
    }

    fn address(&self) -> Multiaddr {
        self.address.clone().unwrap()
    }
}

/// Runs both until each has a connection, and gives their numbers.
async fn connect(alice: &mut Peer, bob: &mut Peer) -> (ConnectionId, ConnectionId) {
    let (mut at_alice, mut at_bob) = (None, None);
    let both = async {
        while at_alice.is_none() || at_bob.is_none() {
            tokio::select! {
                event = alice.swarm.select_next_some() => note(event, &mut at_alice),
                event = bob.swarm.select_next_some() => note(event, &mut at_bob),
            }
        }
    };
    timeout(Duration::from_secs(10), both).await.expect("a connection in time");
    (at_alice.unwrap(), at_bob.unwrap())
}

fn note(event: SwarmEvent<StreamNews>, connection: &mut Option<ConnectionId>) {
    if let SwarmEvent::ConnectionEstablished { connection_id, .. } = event {
        *connection = Some(connection_id);
    }
}

/// A megabyte there and back, on a stream that the first opens.
async fn talk(from: &mut Peer, connection: ConnectionId, to: &mut Peer) {
    from.swarm.behaviour_mut().open(to.id(), connection, Ticket(1));
    let (done, mut over) = mpsc::channel(2);
    let both = async {
        loop {
            tokio::select! {
                event = from.swarm.select_next_some() => {
                    if let SwarmEvent::Behaviour(StreamNews::Opened(_, stream)) = event {
                        tokio::spawn(say(stream, done.clone()));
                    }
                }
                event = to.swarm.select_next_some() => {
                    if let SwarmEvent::Behaviour(StreamNews::Accepted { stream, .. }) = event {
                        tokio::spawn(say_back(stream));
                    }
                }
                Some(()) = over.recv() => return,
            }
        }
    };
    timeout(Duration::from_secs(20), both).await.expect("it is said and heard in time");
}

async fn say(stream: Stream, done: mpsc::Sender<()>) {
    let said: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let (mut reader, mut writer) = stream.split();
    let mut heard = Vec::new();
    let write = async {
        writer.write_all(&said).await.unwrap();
        writer.close().await.unwrap();
        writer.close().await.expect("closing twice is no error");
    };
    let (read, ()) = tokio::join!(reader.read_to_end(&mut heard), write);
    read.unwrap();
    assert!(heard == said, "what came back is not what was said");
    done.send(()).await.unwrap();
}

async fn say_back(stream: Stream) {
    let (mut reader, mut writer) = stream.split();
    let mut bytes = vec![0; 65_536];
    loop {
        match reader.read(&mut bytes).await.unwrap() {
            0 => break,
            length => writer.write_all(&bytes[..length]).await.unwrap(),
        }
    }
    writer.close().await.unwrap();
}

async fn both_ways(alices_is_ours: bool, bobs_is_ours: bool) -> (Peer, Peer) {
    let (mut alice, mut bob) = (Peer::start(1, alices_is_ours).await, Peer::start(2, bobs_is_ours).await);
    let opts = DialOpts::peer_id(bob.id()).addresses(vec![bob.address()]).build();
    alice.swarm.dial(opts).unwrap();
    let (at_alice, at_bob) = connect(&mut alice, &mut bob).await;
    talk(&mut alice, at_alice, &mut bob).await;
    talk(&mut bob, at_bob, &mut alice).await;
    (alice, bob)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_swarms_talk_both_ways() {
    both_ways(true, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ours_dials_libp2ps_which_takes_no_datagrams() {
    let (alice, bob) = both_ways(true, false).await;
    assert!(!alice.datagrams.unwrap().send(&bob.device(), vec![1; 100]), "the other side never said it takes any");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libp2ps_dials_ours() {
    both_ways(false, true).await;
}

/// Keeps what comes; what begins with 9 is none of ours.
#[derive(Default)]
struct Kept(Mutex<Vec<(DeviceId, Vec<u8>)>>);

impl Catch for Kept {
    fn catch(&self, device: DeviceId, datagram: &[u8]) -> Result<(), Malformed> {
        self.0.try_lock().unwrap().push((device, datagram.to_vec()));
        if datagram[0] == 9 { Err(Malformed) } else { Ok(()) }
    }
}

/// Runs both for a moment.
async fn a_moment(alice: &mut Peer, bob: &mut Peer) {
    let both = async {
        loop {
            tokio::select! {
                _ = alice.swarm.select_next_some() => {}
                _ = bob.swarm.select_next_some() => {}
            }
        }
    };
    let _ = timeout(Duration::from_millis(200), both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datagrams_come_with_their_device_until_one_is_malformed_or_the_connection_ends() {
    let (mut alice, mut bob) = both_ways(true, true).await;
    let (from_alice, from_bob) = (alice.datagrams.clone().unwrap(), bob.datagrams.clone().unwrap());
    let (at_alice, at_bob) = (Arc::new(Kept::default()), Arc::new(Kept::default()));
    let (hers, his): (Arc<dyn Catch>, Arc<dyn Catch>) = (at_alice.clone(), at_bob.clone());
    from_alice.give_to(Arc::downgrade(&hers));
    from_bob.give_to(Arc::downgrade(&his));
    assert!(!from_alice.send(&alice.device(), vec![1]), "nobody is connected with herself");
    assert!(!from_alice.send(&bob.device(), vec![1; 9_000]), "no packet is so long");
    assert!(from_alice.send(&bob.device(), vec![1, 2, 3]));
    assert!(from_bob.send(&alice.device(), vec![4; 1_000]));
    a_moment(&mut alice, &mut bob).await;
    assert_eq!(*at_bob.0.lock().await, [(alice.device(), vec![1, 2, 3])]);
    assert_eq!(*at_alice.0.lock().await, [(bob.device(), vec![4; 1_000])]);

    from_alice.send(&bob.device(), vec![9]);
    a_moment(&mut alice, &mut bob).await;
    from_alice.send(&bob.device(), vec![1]);
    from_bob.send(&alice.device(), vec![5]);
    a_moment(&mut alice, &mut bob).await;
    assert_eq!(at_bob.0.lock().await.len(), 2, "after a malformed one nothing is read there");
    assert_eq!(at_alice.0.lock().await.len(), 2, "but he may go on");

    let _ = alice.swarm.disconnect_peer_id(bob.id());
    a_moment(&mut alice, &mut bob).await;
    assert!(!from_alice.send(&bob.device(), vec![1]) && !from_bob.send(&alice.device(), vec![1]), "none is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_datagrams_holds_up_no_stream() {
    let (mut alice, mut bob) = both_ways(true, true).await;
    let (flood, device) = (alice.datagrams.clone().unwrap(), bob.device());
    let flood = tokio::spawn(async move {
        let mut sent = 0;
        while flood.send(&device, vec![0; 1_000]) {
            sent += 1;
            if sent % 64 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        sent
    });
    // On it goes, and so do the streams.
    let second = DialOpts::peer_id(bob.id()).condition(PeerCondition::Always).addresses(vec![bob.address()]).build();
    alice.swarm.dial(second).unwrap();
    let (at_alice, at_bob) = connect(&mut alice, &mut bob).await;
    talk(&mut alice, at_alice, &mut bob).await;
    talk(&mut bob, at_bob, &mut alice).await;
    let _ = alice.swarm.disconnect_peer_id(bob.id());
    a_moment(&mut alice, &mut bob).await;
    assert!(flood.await.unwrap() > 1_000, "that was no flood");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_punches_a_hole_gets_the_connection_that_comes_through_it() {
    let (mut alice, mut bob) = (Peer::start(1, true).await, Peer::start(2, true).await);
    let punch = DialOpts::peer_id(alice.id()).addresses(vec![alice.address()]).override_role().build();
    let punched = punch.connection_id();
    bob.swarm.dial(punch).unwrap();
    a_moment(&mut alice, &mut bob).await;
    assert_eq!(bob.swarm.connected_peers().count(), 0, "he does not dial");
    alice.swarm.dial(DialOpts::peer_id(bob.id()).addresses(vec![bob.address()]).build()).unwrap();
    let (at_alice, at_bob) = connect(&mut alice, &mut bob).await;
    assert_eq!(at_bob, punched, "it is the one that he asked for");
    talk(&mut alice, at_alice, &mut bob).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listening_on_everything_tells_each_address_of_the_machine_and_ends_when_asked() {
    let mut alice = Peer::start(1, true).await;
    for everything in ["/ip4/0.0.0.0/udp/0/quic-v1", "/ip6/::/udp/0/quic-v1"] {
        let listener = alice.swarm.listen_on(everything.parse().unwrap()).unwrap();
        let told = timeout(Duration::from_secs(5), async {
            loop {
                if let SwarmEvent::NewListenAddr { listener_id, address } = alice.swarm.select_next_some().await
                    && listener_id == listener
                {
                    return address;
                }
            }
        });
        // A machine may lack IPv6.
        let Ok(address) = told.await else { continue };
        let (at, _) = super::address::parse(&address).unwrap();
        assert!(!at.ip().is_unspecified() && at.port() != 0, "{address}");
        assert!(alice.swarm.remove_listener(listener));
        let closed = async {
            while !matches!(alice.swarm.select_next_some().await, SwarmEvent::ListenerClosed { listener_id, .. } if listener_id == listener)
            {
            }
        };
        timeout(Duration::from_secs(5), closed).await.expect("it says that it is closed");
    }
}
