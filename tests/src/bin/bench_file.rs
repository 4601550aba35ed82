//! How fast a file is: two engine processes over loopback, the whole way (read, sealed, sent, opened, hashed, written,
//! made sure of), driven over pipes; and how quick a message is meanwhile. The last line is one JSON object.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can't go on has failed")]

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::{Duration, Instant},
};

use clap::Parser;
use juice_tests::{Folder, Puppet, ServerProcess, puppet::befriend};
use serde_json::{Value, json};

/// Measures files between two engines.
#[derive(Parser)]
struct Arguments {
    /// The size of the file, in MB of a million bytes.
    #[arg(long, default_value_t = 200)]
    size_mb: u64,
    /// How often it crosses; the median counts.
    #[arg(long, default_value_t = 5)]
    times: usize,
}

fn main() {
    let Arguments { size_mb, times } = Arguments::parse();
    let folders = ["server", "alice", "bob"].map(Folder::new);
    let server = ServerProcess::start(folders[0].path(), "127.0.0.1:0");
    let mut alice = Puppet::start(folders[1].path());
    let mut bob = Puppet::start(folders[2].path());
    alice.register("alice", server.address());
    bob.register("bob", server.address());
    let (bob_id, alice_id) = befriend(&mut alice, &mut bob, "bob");

    let path = folders[1].path().join("file.bin");
    write_noise(&path, size_mb * 1_000_000);
    let (mut readings, mut speeds) = (Vec::new(), Vec::new());
    for round in 1..=times {
        let start = Instant::now();
        let message = offer(&mut alice, &mut bob, &bob_id, &path);
        readings.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        fetch(&mut bob, &alice_id, &message);
        until_done(&mut bob, &message);
        speeds.push(size_mb as f64 / start.elapsed().as_secs_f64());
        alice.drain();
        eprintln!("round {round}: {:.0} MB/s, read in {:.2} s", speeds[round - 1], readings[round - 1]);
    }

    let trips = round_trips_meanwhile(&mut alice, &mut bob, (&bob_id, &alice_id), &path);
    let result = json!({
        "mb_per_s": median(&mut speeds).round(),
        "size_mb": size_mb,
        "read_s": round(median(&mut readings)),
        "rtt_ms_meanwhile": { "p50": round(at(&trips, 50)), "p99": round(at(&trips, 99)), "trips": trips.len() },
    });
    println!("{result}");
}

fn offer(alice: &mut Puppet, bob: &mut Puppet, bob_id: &str, path: &Path) -> String {
    alice.done(&json!({ "type": "sendFile", "buddy": bob_id, "path": path, "caption": "" }));
    let offer = bob.until("an offer", |event| event["type"] == "messageArrived" && !event["message"]["file"].is_null());
    offer["message"]["id"].as_str().expect("an id").to_owned()
}

fn fetch(bob: &mut Puppet, alice_id: &str, message: &str) {
    bob.done(&json!({ "type": "fetchFile", "buddy": alice_id, "message": message }));
}

fn is_done(event: &Value, message: &str) -> bool {
    event["type"] == "fileChanged" && event["message"] == message && event["file"]["stage"]["type"] == "done"
}

fn until_done(bob: &mut Puppet, message: &str) {
    bob.until("the file", |event| is_done(event, message));
}

/// From my send to the other's answer, one after the other while a file crosses again and again, sorted.
fn round_trips_meanwhile(
    alice: &mut Puppet,
    bob: &mut Puppet,
    (bob_id, alice_id): (&str, &str),
    path: &Path,
) -> Vec<f64> {
    const TRIPS: usize = 1_000;
    const LONGEST: Duration = Duration::from_secs(60);
    let mut times = Vec::new();
    let begun = Instant::now();
    while times.len() < TRIPS && begun.elapsed() < LONGEST {
        let message = offer(alice, bob, bob_id, path);
        fetch(bob, alice_id, &message);
        loop {
            let start = Instant::now();
            say(alice, bob_id);
            bob.until("the message", |event| event["type"] == "messageArrived");
            say(bob, alice_id);
            alice.until("the answer", |event| event["type"] == "messageArrived");
            let time = start.elapsed();
            for puppet in [&mut *alice, &mut *bob] {
                puppet.answer(Duration::from_secs(10)).expect("an answer");
            }
            alice.drain();
            if bob.drain().iter().any(|event| is_done(event, &message)) {
                break;
            }
            times.push(time.as_secs_f64() * 1_000.0);
        }
    }
    times.sort_by(f64::total_cmp);
    times
}

fn say(puppet: &mut Puppet, buddy: &str) {
    puppet.command(&json!({ "type": "sendMessage", "buddy": buddy, "text": "m".repeat(100), "replyTo": null }));
}

fn write_noise(path: &Path, size: u64) {
    let mut file = BufWriter::new(File::create(path).expect("the folder is writable"));
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..size.div_ceil(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes()).expect("there is room");
    }
    file.into_inner().expect("there is room").set_len(size).expect("there is room");
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted.get(sorted.len() * percent / 100).or(sorted.last()).copied().unwrap_or(f64::NAN)
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
