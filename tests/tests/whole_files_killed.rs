//! Files and processes that are killed in the middle of one.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test's way to say that it failed"
)]

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use juice_tests::{Folder, Puppet, ServerProcess, puppet::befriend};
use serde_json::{Value, json};

const MB: f64 = 1_000_000.0;

struct Cast {
    _server: ServerProcess,
    folders: [Folder; 3],
    alice: Puppet,
    bob: Puppet,
    bob_id: String,
    alice_id: String,
}

impl Cast {
    fn new() -> Self {
        let folders = ["server", "alice", "bob"].map(Folder::new);
        let server = ServerProcess::start(folders[0].path(), "127.0.0.1:0");
        let mut alice = Puppet::start(folders[1].path());
        let mut bob = Puppet::start(folders[2].path());
        alice.register("alice", server.address());
        bob.register("bob", server.address());
        let (bob_id, alice_id) = befriend(&mut alice, &mut bob, "bob");
        Self { _server: server, folders, alice, bob, bob_id, alice_id }
    }

    /// Alice offers a file that is nothing but a length, and bob asks for it.
    fn offer(&mut self, size: u64) -> String {
        let path = self.folders[1].path().join("sparse.bin");
        File::create(&path).unwrap().set_len(size).unwrap();
        let buddy = &self.bob_id;
        self.alice.tell(&json!({"command": {"type": "sendFile", "buddy": buddy, "path": path, "caption": ""}}));
        // Reading a large one takes longer than a command commonly does.
        let answer = self.alice.answer(Duration::from_secs(300)).expect("an answer");
        assert!(answer.get("done").is_some(), "{answer}");
        let offer = self
            .bob
            .until("an offer", |event| event["type"] == "messageArrived" && !event["message"]["file"].is_null());
        let message = offer["message"]["id"].as_str().unwrap().to_owned();
        self.bob.done(&json!({"type": "fetchFile", "buddy": self.alice_id, "message": message}));
        message
    }

    fn there(&self) -> PathBuf {
        self.folders[2].path().join("downloads").join("sparse.bin")
    }
}

fn done(event: &Value, message: &str) -> Option<f64> {
    (event["type"] == "fileChanged" && event["message"] == message).then(|| event["file"]["done"].as_f64().unwrap())
}

fn until_more_than(bob: &mut Puppet, message: &str, bytes: f64) -> f64 {
    let event = bob.until("some of it", |event| done(event, message).is_some_and(|done| done > bytes));
    done(&event, message).unwrap()
}

fn until_whole(puppet: &mut Puppet, message: &str) {
    // As long as something moves, it is given time.
    while puppet.until("more of it", |event| done(event, message).is_some())["file"]["stage"]["type"] != "done" {}
}

fn is_all_zeros(path: &Path, size: u64) -> bool {
    let (mut file, mut buffer, mut read) = (File::open(path).unwrap(), vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut buffer).unwrap() {
            0 => return read == size,
            some if buffer[..some].iter().all(|byte| *byte == 0) => read += some as u64,
            _ => return false,
        }
    }
}

#[test]
fn a_killed_receiver_goes_on_where_its_disk_was() {
    const SIZE: u64 = 200_000_000;
    let mut cast = Cast::new();
    let message = cast.offer(SIZE);
    let before = until_more_than(&mut cast.bob, &message, 30.0 * MB);
    cast.bob.kill();
    cast.bob = Puppet::start(cast.folders[2].path());
    cast.bob.sign_in();
    // The first word of it after the restart: what was made sure of, which lags behind by some megabytes.
    let kept = until_more_than(&mut cast.bob, &message, 0.0);
    assert!(kept > before - 25.0 * MB, "{kept} of {before} bytes were still known");
    until_whole(&mut cast.bob, &message);
    until_whole(&mut cast.alice, &message);
    assert!(is_all_zeros(&cast.there(), SIZE));
}

#[test]
fn a_killed_author_is_waited_for() {
    const SIZE: u64 = 200_000_000;
    let mut cast = Cast::new();
    let message = cast.offer(SIZE);
    let before = until_more_than(&mut cast.bob, &message, 30.0 * MB);
    cast.alice.kill();
    let waits = cast.bob.until("waiting", |event| {
        done(event, &message).is_some_and(|done| done >= before) && event["file"]["stage"]["type"] == "waiting"
    });
    assert!(done(&waits, &message).unwrap() < SIZE as f64);
    cast.alice = Puppet::start(cast.folders[1].path());
    cast.alice.sign_in();
    until_whole(&mut cast.bob, &message);
    until_whole(&mut cast.alice, &message);
    assert!(is_all_zeros(&cast.there(), SIZE));
    assert_eq!(fs::read_dir(cast.there().parent().unwrap()).unwrap().count(), 1, "no part is left");
}

#[test]
#[ignore = "moves 4 GiB, which takes a minute or two and as much of the disk: \
            cargo test -p juice-tests --test whole_files_killed four_gib -- --ignored --nocapture"]
fn four_gib_cross() {
    const SIZE: u64 = 4 << 30;
    let mut cast = Cast::new();
    let begun = Instant::now();
    let message = cast.offer(SIZE);
    let offered = begun.elapsed();
    until_whole(&mut cast.bob, &message);
    until_whole(&mut cast.alice, &message);
    println!("4 GiB: read in {:.1} s, there after {:.1} s", offered.as_secs_f64(), begun.elapsed().as_secs_f64());
    assert!(is_all_zeros(&cast.there(), SIZE));
}
