//! How fast a message is: two engine processes over loopback, the whole way (saved, sealed, sent, opened, saved,
//! confirmed), driven over pipes. The last line is one JSON object.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can't go on has failed")]

use std::time::{Duration, Instant};

use juice_tests::{Folder, Puppet, ServerProcess, cost::memory, puppet::befriend};
use serde_json::{Value, json};

const CONNECTS: usize = 10;
const ROUND_TRIPS: usize = 1_000;
const BURST: usize = 10_000;
/// Commands on their way to the engine at a time.
const PIPELINE: usize = 256;

fn main() {
    let folders = ["server", "alice", "bob"].map(Folder::new);
    let server = ServerProcess::start(folders[0].path(), "127.0.0.1:0");
    let mut alice = Puppet::start(folders[1].path());
    let mut bob = Puppet::start(folders[2].path());
    alice.register("alice", server.address());
    bob.register("bob", server.address());
    let (bob_id, alice_id) = befriend(&mut alice, &mut bob, "bob");

    // When it has been idle for a while.
    std::thread::sleep(Duration::from_secs(3));
    let pss_mb = memory(&alice.pid().to_string()).unwrap_or(f64::NAN);
    eprintln!("an idle engine: {pss_mb:.1} MB");
    let connect = connects(&mut alice, &mut bob);
    eprintln!("connect: {connect:?} ms");
    let trips = round_trips(&mut alice, &mut bob, &bob_id, &alice_id);
    eprintln!("{ROUND_TRIPS} round trips done");
    let throughput = burst(&mut alice, &bob_id);
    let result = json!({
        "connect_ms": round(at(&connect, 50)),
        "rtt_ms": { "p50": round(at(&trips, 50)), "p95": round(at(&trips, 95)), "p99": round(at(&trips, 99)) },
        "throughput_msgs_per_s": throughput.round(),
        "pss_mb": round(pss_mb),
    });
    println!("{result}");
}

/// From both signed in to a link on both sides, sorted.
fn connects(alice: &mut Puppet, bob: &mut Puppet) -> Vec<f64> {
    let mut times = Vec::new();
    for _ in 0..CONNECTS {
        bob.done(&json!({ "type": "signOut" }));
        alice.until("bob's going", |event| event["type"] == "buddyWentAway");
        bob.drain();
        bob.sign_in();
        let start = Instant::now();
        alice.until("bob's coming", |event| event["type"] == "buddyAppeared");
        bob.until("alice's being there", |event| event["type"] == "buddyAppeared");
        times.push(millis(start.elapsed()));
    }
    times.sort_by(f64::total_cmp);
    times
}

/// From my send to the other's answer, one after the other, sorted.
fn round_trips(alice: &mut Puppet, bob: &mut Puppet, bob_id: &str, alice_id: &str) -> Vec<f64> {
    let text = "m".repeat(100);
    let mut times = Vec::new();
    for _ in 0..ROUND_TRIPS {
        let start = Instant::now();
        alice.command(&json!({ "type": "sendMessage", "buddy": bob_id, "text": text }));
        bob.until("the message", |event| event["type"] == "messageArrived");
        bob.command(&json!({ "type": "sendMessage", "buddy": alice_id, "text": text }));
        alice.until("the answer", |event| event["type"] == "messageArrived");
        times.push(millis(start.elapsed()));
        for puppet in [&mut *alice, &mut *bob] {
            puppet.answer(Duration::from_secs(10)).expect("an answer");
            puppet.drain();
        }
    }
    times.sort_by(f64::total_cmp);
    times
}

/// Messages a second, until the last is known to be on the other's disk.
fn burst(alice: &mut Puppet, bob_id: &str) -> f64 {
    let text = "m".repeat(100);
    alice.drain();
    let start = Instant::now();
    let (mut asked, mut answered, mut delivered) = (0, 0, 0);
    while answered < BURST {
        while asked < BURST && asked - answered < PIPELINE {
            alice.command(&json!({ "type": "sendMessage", "buddy": bob_id, "text": text }));
            asked += 1;
        }
        alice.answer(Duration::from_secs(30)).expect("an answer");
        answered += 1;
        delivered += alice.drain().iter().map(confirmed).sum::<usize>();
    }
    let end = Instant::now() + Duration::from_secs(60);
    while delivered < BURST {
        assert!(Instant::now() < end, "every message arrives");
        let event = alice.until("a receipt", |event| event["type"] == "deliveryChanged");
        delivered += confirmed(&event);
    }
    BURST as f64 / start.elapsed().as_secs_f64()
}

fn confirmed(event: &Value) -> usize {
    if event["type"] == "deliveryChanged" && event["delivery"]["type"] == "delivered" {
        event["messages"].as_array().map_or(0, Vec::len)
    } else {
        0
    }
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
