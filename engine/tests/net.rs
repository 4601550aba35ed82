//! Nets on one machine: links both ways, peers that vanish, and what eve may try.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect has failed"
)]

#[path = "net/eve.rs"]
mod eve;
#[path = "net/peer.rs"]
mod peer;
#[path = "net/relay.rs"]
mod relay;

use std::time::{Duration, Instant};

use juice_engine::net::{Full, Limits, NetNews};
use juice_proto::frame::MAX_FRAME;

use crate::{
    eve::Eve,
    peer::{Peer, Ways},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_frames_arrive_in_order_both_ways_by_quic() {
    exchange(Ways::Quic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_frames_arrive_in_order_both_ways_by_tcp() {
    exchange(Ways::Tcp).await;
}

async fn exchange(ways: Ways) {
    const FRAMES: u32 = 10_000;
    let (mut alice, mut bob) = (Peer::start(1).await, Peer::start(2).await);
    let started = Instant::now();
    alice.dial(&bob, ways);
    let (from_alice, device) = alice.up().await;
    assert_eq!(device, bob.device);
    let up = started.elapsed();
    let (at_bob, device) = bob.up().await;
    assert_eq!(device, alice.device);
    let started = Instant::now();
    let body = |number: u32| {
        let mut frame = number.to_be_bytes().to_vec();
        frame.resize(200, 7);
        frame
    };
    let there = alice.send_all(from_alice, (0..FRAMES).map(body));
    let (mut alice_news, mut bob_news) = (alice.news.lock().await, bob.news.lock().await);
    let back = bob.send_all(at_bob, (0..FRAMES).map(body));
    let check = |news: NetNews, number: u32| match news {
        NetNews::LinkFrame(_, frame) => assert_eq!(frame, body(number), "frame {number}"),
        other => panic!("{other:?}"),
    };
    let to_bob = async {
        for number in 0..FRAMES {
            check(bob_news.recv().await.unwrap(), number);
        }
    };
    let to_alice = async {
        for number in 0..FRAMES {
            check(alice_news.recv().await.unwrap(), number);
        }
    };
    tokio::join!(there, back, to_bob, to_alice);
    let rate = f64::from(2 * FRAMES) / started.elapsed().as_secs_f64();
    eprintln!("{ways:?}: link up after {up:?}, {rate:.0} frames/s in all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_side_that_dials_gets_a_link_of_its_own() {
    let (mut alice, mut bob) = (Peer::start(1).await, Peer::start(2).await);
    alice.dial(&bob, Ways::All);
    let (first, _) = alice.up().await;
    bob.up().await;
    bob.dial(&alice, Ways::All);
    let (second, _) = bob.up().await;
    alice.up().await;
    bob.net.send(second, vec![2]).unwrap();
    assert!(matches!(alice.next().await, NetNews::LinkFrame(link, frame) if link != first && frame == [2]));
    alice.net.send(first, vec![1]).unwrap();
    assert!(matches!(bob.next().await, NetNews::LinkFrame(link, frame) if link != second && frame == [1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_both_dial_at_once_both_get_links_every_time() {
    for _ in 0..50 {
        let (mut alice, mut bob) = (Peer::start(1).await, Peer::start(2).await);
        alice.dial(&bob, Ways::All);
        bob.dial(&alice, Ways::All);
        // Each gets the link of its own dial and that of the other's, and both work.
        let at_alice = [alice.up().await.0, alice.up().await.0];
        let at_bob = [bob.up().await.0, bob.up().await.0];
        for link in at_alice {
            alice.net.send(link, vec![1]).unwrap();
            assert!(matches!(bob.next().await, NetNews::LinkFrame(at, _) if at_bob.contains(&at)));
        }
        tokio::join!(alice.net.stop(), bob.net.stop());
    }
}

#[tokio::test]
async fn a_dial_to_nobody_fails_in_time() {
    let limits = Limits { dial: Duration::from_millis(700), ..Limits::default() };
    let mut alice = Peer::start_with(1, limits).await;
    let gone = Peer::start(2).await;
    let (device, addresses) = (gone.device, gone.addresses.clone());
    gone.net.stop().await;
    let started = Instant::now();
    alice.net.dial(device, addresses, false);
    assert_eq!(alice.next().await, NetNews::DialFailed(device));
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    alice.net.dial(device, vec![], false);
    assert_eq!(alice.next().await, NetNews::DialFailed(device), "without an address there is nothing to wait for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eve_cannot_pose_as_another_device() {
    let (mut alice, bob, eve) = (Peer::start(1).await, Peer::start(2).await, Peer::start(66).await);
    alice.net.dial(bob.device, eve.addresses.clone(), false);
    assert_eq!(alice.next().await, NetNews::DialFailed(bob.device));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_before_closing_arrives() {
    let (mut alice, mut bob) = (Peer::start(1).await, Peer::start(2).await);
    for ways in [Ways::Quic, Ways::Tcp] {
        alice.dial(&bob, ways);
        let (link, _) = alice.up().await;
        let (far, _) = bob.up().await;
        for number in 0..200 {
            alice.net.send(link, vec![number; 1_000]).unwrap();
        }
        alice.net.close(link);
        alice.net.send(link, vec![9]).unwrap();
        for number in 0..200 {
            assert_eq!(bob.next().await, NetNews::LinkFrame(far, vec![number; 1_000]));
        }
        assert_eq!(bob.next().await, NetNews::LinkDown(far));
        assert_eq!(alice.next().await, NetNews::LinkDown(link));
    }
    alice.dial(&bob, Ways::All);
    let (link, _) = alice.up().await;
    let (far, _) = bob.up().await;
    alice.net.send(link, b"bye".to_vec()).unwrap();
    let started = Instant::now();
    alice.net.stop().await;
    assert!(started.elapsed() < Duration::from_millis(600));
    assert_eq!(bob.next().await, NetNews::LinkFrame(far, b"bye".to_vec()));
    assert_eq!(bob.next().await, NetNews::LinkDown(far));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_killed_is_noticed_by_quic() {
    killed(Ways::Quic, Duration::from_secs(16)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_killed_is_noticed_by_tcp() {
    killed(Ways::Tcp, Duration::from_secs(16)).await;
}

async fn killed(ways: Ways, within: Duration) {
    let mut alice = Peer::start(1).await;
    let mut child = peer::child();
    alice.net.dial(child.device, ways.of(&child.addresses), false);
    let (link, _) = alice.up().await;
    let started = Instant::now();
    child.process.kill().unwrap();
    assert_eq!(alice.next().await, NetNews::LinkDown(link));
    let took = started.elapsed();
    child.process.wait().unwrap();
    eprintln!("{ways:?}: noticed after {took:?}");
    assert!(took < within, "{took:?}");
}

/// Runs only as the process that [`killed`] starts.
#[tokio::test]
async fn child_that_waits_to_be_killed() {
    peer::be_the_child().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_streams_eight_are_served() {
    for ways in [Ways::Quic, Ways::Tcp] {
        let bob = Peer::start(2).await;
        let mut eve = Eve::connect(66, &bob, ways).await;
        let (up, answering) = bob.answer_everything();
        let mut kept = Vec::new();
        let mut refused = 0;
        for _ in 0..1_000 {
            match eve.open().await {
                Some(mut stream) => {
                    if eve::is_served(&mut stream).await {
                        kept.push(stream);
                    } else {
                        refused += 1;
                    }
                }
                None => refused += 1,
            }
        }
        assert_eq!((kept.len(), refused), (8, 992), "{ways:?}");
        assert_eq!(*up.borrow(), 8, "no task was spent on the others");
        kept.pop();
        up.clone().wait_for(|up| *up == 7).await.unwrap();
        let mut again = eve.open().await.unwrap();
        assert!(eve::is_served(&mut again).await, "a place that is given back can be had");
        answering.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_out_of_range_closes_the_link_and_three_block_the_peer() {
    let mut bob = Peer::start(2).await;
    let lengths = [0, u32::try_from(MAX_FRAME).unwrap() + 1, u32::MAX];
    let mut eve = Eve::connect(66, &bob, Ways::Quic).await;
    for length in lengths {
        let mut stream = eve.open().await.unwrap();
        eve::write(&mut stream, &length.to_be_bytes()).await;
        let (link, device) = bob.up().await;
        assert_eq!(device, eve.device);
        assert_eq!(bob.next().await, NetNews::LinkDown(link), "length {length}");
    }
    eve.gone().await;
    assert!(!eve.can_reach(&bob).await, "a blocked peer is not even connected to");
    let mut carol = Eve::connect(67, &bob, Ways::Quic).await;
    let mut stream = carol.open().await.unwrap();
    eve::write(&mut stream, &[0, 0, 0, 1, 5]).await;
    assert_eq!(bob.up().await.1, carol.device, "others are still served");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_refused_by_the_messenger_counts_too() {
    let mut bob = Peer::start(2).await;
    let mut eve = Eve::connect(66, &bob, Ways::Tcp).await;
    for _ in 0..3 {
        let mut stream = eve.open().await.unwrap();
        eve::write(&mut stream, &[0, 0, 0, 1, 5]).await;
        let (link, _) = bob.up().await;
        bob.next().await;
        bob.net.refuse(link);
        assert_eq!(bob.next().await, NetNews::LinkDown(link));
    }
    eve.gone().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_comes_byte_by_byte_ends_the_link_in_time() {
    let limits = Limits { frame: Duration::from_millis(300), ..Limits::default() };
    let mut bob = Peer::start_with(2, limits).await;
    let mut eve = Eve::connect(66, &bob, Ways::Quic).await;
    let mut silent = eve.open().await.unwrap();
    let started = Instant::now();
    let (link, _) = bob.up().await;
    assert_eq!(bob.next().await, NetNews::LinkDown(link), "nothing at all is said");
    assert!(started.elapsed() >= Duration::from_millis(250));
    assert!(!eve::is_served(&mut silent).await, "it is closed");

    let mut slow = eve.open().await.unwrap();
    eve::write(&mut slow, &[0, 0, 0, 1, 7]).await;
    let (link, _) = bob.up().await;
    assert_eq!(bob.next().await, NetNews::LinkFrame(link, vec![7]));
    bob.stays_silent(limits.frame * 2).await;
    let started = Instant::now();
    let trickle = tokio::spawn(async move {
        for byte in [0, 0, 0, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9] {
            eve::write(&mut slow, &[byte]).await;
            tokio::time::sleep(limits.frame / 5).await;
        }
    });
    assert_eq!(bob.next().await, NetNews::LinkDown(link));
    assert!(started.elapsed() < limits.frame * 3);
    trickle.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_does_not_read_holds_up_only_their_own_link() {
    let mut bob = Peer::start(2).await;
    let mut carol = Peer::start(3).await;
    let mut eve = Eve::connect(66, &bob, Ways::Tcp).await;
    let mut stream = eve.open().await.unwrap();
    eve::write(&mut stream, &[0, 0, 0, 1, 5]).await;
    let (to_eve, _) = bob.up().await;
    bob.next().await;
    carol.dial(&bob, Ways::All);
    let (to_carol, _) = bob.up().await;
    let (at_carol, _) = carol.up().await;
    let mut sent = 0;
    while bob.net.send(to_eve, vec![0; MAX_FRAME]) != Err(Full) {
        sent += 1;
        assert!(sent < 10_000, "memory is bounded");
        tokio::task::yield_now().await;
    }
    for number in 0..100 {
        bob.net.send(to_carol, vec![number]).unwrap();
        assert_eq!(carol.next().await, NetNews::LinkFrame(at_carol, vec![number]));
    }
    let started = Instant::now();
    bob.net.close(to_eve);
    assert_eq!(bob.next().await, NetNews::LinkDown(to_eve));
    assert!(started.elapsed() < Duration::from_secs(4), "a stuck link doesn't linger");
    drop(stream);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_without_an_address_is_reached_through_the_relay_and_then_directly() {
    let (mut alice, mut bob) = (Peer::start(1).await, Peer::start(2).await);
    let (at, relay) = relay::start().await;
    for peer in [&alice, &bob] {
        peer.net.use_relay(Some(at.clone()));
    }
    bob.net.reserve();
    let started = Instant::now();
    alice.net.dial(bob.device, vec![], true);
    // The hole is punched while the link comes up, so either may be first; both sides end with a direct one.
    let (mut through_relay, mut direct) = (false, false);
    while !(through_relay && direct) {
        match bob.next().await {
            NetNews::LinkUp { relayed: true, .. } => {
                through_relay = true;
                eprintln!("link through the relay after {:?}", started.elapsed());
            }
            NetNews::LinkUp { relayed: false, .. } => {
                direct = true;
                eprintln!("direct link after {:?}", started.elapsed());
            }
            NetNews::LinkDown(_) => {}
            other => panic!("{other:?}"),
        }
    }
    loop {
        match alice.next().await {
            NetNews::LinkUp { link, relayed: false, .. } => {
                alice.net.send(link, vec![1]).unwrap();
                break;
            }
            NetNews::LinkUp { .. } | NetNews::LinkDown(_) => {}
            other => panic!("{other:?}"),
        }
    }
    loop {
        match bob.next().await {
            NetNews::LinkFrame(_, frame) if frame == [1] => break,
            NetNews::LinkUp { .. } | NetNews::LinkDown(_) => {}
            other => panic!("{other:?}"),
        }
    }
    relay.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dial_through_a_relay_where_nobody_waits_fails_in_time() {
    let limits = Limits { dial: Duration::from_millis(1_500), ..Limits::default() };
    let (mut alice, bob) = (Peer::start_with(1, limits).await, Peer::start(2).await);
    let (at, relay) = relay::start().await;
    alice.net.use_relay(Some(at));
    alice.net.dial(bob.device, vec![], true);
    assert_eq!(alice.next().await, NetNews::DialFailed(bob.device));
    relay.abort();
}
