//! A computer that sleeps in a call: its process stands still, clocks and all, and goes on.
#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's way to say that it failed"
)]

use std::{
    path::PathBuf,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use juice_tests::{
    Folder, Puppet, ServerProcess,
    puppet::{befriend, hang_up, talk},
    server::program,
    wav::{longest_silence, read, share},
};
use serde_json::json;

const ALICES: u32 = 440;
const BOBS: u32 = 1_000;
/// Long enough for everything to be far behind, and shorter than it takes to give up a connection.
const ASLEEP: Duration = Duration::from_secs(6);
/// In which a voice is back, and the delay what it was.
const BACK: Duration = Duration::from_secs(1);
const SETTLED: Duration = Duration::from_secs(3);
/// Above what is usual on a busy machine, and far below what a backlog would make.
const USUAL_DELAY_MS: f64 = 200.0;

struct Person {
    puppet: Puppet,
    heard: PathBuf,
}

impl Person {
    fn new(name: &str, folder: &Folder, hertz: u32, server: &str) -> Self {
        let heard = folder.path().join("heard.wav");
        let mut command = Command::new(program("buddy"));
        command.args(["--source", &format!("tone:{hertz}"), "--sink"]).arg(&heard);
        let mut puppet = Puppet::run(command, folder.path());
        puppet.register(name, server);
        // Steady tones are what cleaning takes out.
        puppet.done(&json!({ "type": "setSound", "settings": {
            "microphone": null, "speaker": null, "pushToTalk": false,
            "echoCancellation": false, "noiseSuppression": false, "gainControl": false,
        }}));
        Self { puppet, heard }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.puppet.pid().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill {signal}");
    }

    /// The delay of what is heard, as the window is told next.
    fn delay_ms(&mut self) -> f64 {
        self.puppet.drain();
        let told = self.puppet.until("how it is", |event| event["type"] == "callQualityChanged");
        told["quality"]["delayMs"].as_f64().expect("a number")
    }
}

#[test]
fn a_call_goes_on_at_once_when_a_computer_wakes() {
    let folders = ["server", "alice", "bob"].map(Folder::new);
    let server = ServerProcess::start(folders[0].path(), "127.0.0.1:0");
    let mut alice = Person::new("alice", &folders[1], ALICES, server.address());
    let mut bob = Person::new("bob", &folders[2], BOBS, server.address());
    let (bob_id, _) = befriend(&mut alice.puppet, &mut bob.puppet, "bob");
    let call = talk(&mut alice.puppet, &mut bob.puppet, &bob_id, false);
    sleep(SETTLED);

    let asleep = Instant::now();
    bob.signal("-STOP");
    sleep(ASLEEP);
    bob.signal("-CONT");
    let slept = asleep.elapsed();
    sleep(SETTLED);
    let delays = [alice.delay_ms(), bob.delay_ms()];
    sleep(Duration::from_secs(1));
    hang_up(&mut alice.puppet, &mut bob.puppet, &call);

    let (rate, heard) = read(&alice.heard);
    let silence = longest_silence(&heard, rate);
    eprintln!("after {slept:?} of sleep: {silence:.2} s of silence, delays of {delays:?} ms");
    assert!(silence > 1.0, "he did sleep");
    assert!(silence < (slept + BACK).as_secs_f64(), "{silence} s of silence for {slept:?} of sleep");
    assert!(delays.iter().all(|delay| *delay < USUAL_DELAY_MS), "{delays:?} ms, {SETTLED:?} after waking");
    for (person, theirs) in [(&alice, BOBS), (&bob, ALICES)] {
        let heard = share(&person.heard, theirs);
        assert!(heard > 0.5, "{} is {heard} of the last second", theirs);
    }
}
