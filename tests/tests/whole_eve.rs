//! What eve can't do, with whole programs: pose, read, reach those who blocked her, or find anything in what is kept.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test's way to say that it failed"
)]

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command as Program, Stdio},
    time::Duration,
};

use juice_engine::view::{AccountAddress, BuddyState, Command, Delivery, ErrorCode, Event, Waiting};
use juice_tests::{Buddy, Folder, Puppet, Server, ServerProcess, alice_and_bob, befriend, puppet};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn eve_cannot_register_as_alice_nor_guess_her_password() {
    let server = Server::start().await;
    let _alice = Buddy::register("alice", &server.address()).await;
    for name in ["alice", "ALICE", "Alice"] {
        let eve = Buddy::new(name).await;
        let refused = eve.sign_up(&server.address()).await.expect_err("the name is alice's");
        assert_eq!(refused.code, ErrorCode::NameTaken, "{name}");
    }
    let eve = Buddy::new("eve").await;
    let mut codes = Vec::new();
    for guess in 0..6 {
        let account = AccountAddress { name: "alice".into(), server: server.address() };
        let guess = Command::SignIn { password: format!("guess number {guess}"), account: Some(account) };
        codes.push(eve.command(guess).await.expect_err("a wrong guess").code);
    }
    assert_eq!(codes[..5], [ErrorCode::WrongPassword; 5]);
    assert_eq!(codes[5], ErrorCode::TooManyTries, "guessing is slowed down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_buddy_cannot_reach_me() {
    let server = Server::start().await;
    let mut alice = Buddy::register("alice", &server.address()).await;
    let mut eve = Buddy::register("eve", &server.address()).await;
    befriend(&mut alice, &mut eve).await;
    let id = alice.id_of("eve").await;
    alice.command(Command::BlockBuddy { buddy: id }).await.expect("blocks");
    eve.until("alice's going", |event| matches!(event, Event::BuddyWentAway { .. })).await;
    alice.drain().await;

    eve.say("alice", "let me in").await;
    eve.restart().await;
    assert_eq!(eve.row("alice").await.state, BuddyState::Offline, "alice looks offline to eve");
    let page = eve.history("alice").await;
    let delivery = page.messages.last().and_then(|message| message.delivery.clone());
    assert!(matches!(delivery, Some(Delivery::Queued { why: Waiting::BuddyOffline, .. })), "it waits: {delivery:?}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let told = alice.drain().await;
    let reached = told.iter().any(|event| {
        matches!(event, Event::MessageArrived { .. } | Event::BuddyAppeared { .. } | Event::RequestArrived { .. })
    });
    assert!(!reached, "nothing of eve's reaches alice: {told:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invisible_looks_offline_and_becoming_visible_brings_everyone_back() {
    let server = Server::start().await;
    let (mut alice, mut bob) = alice_and_bob(&server.address()).await;
    let status = |availability| Command::SetStatus { availability, text: "reading".into() };
    alice.command(status(juice_engine::view::Availability::Invisible)).await.expect("hides");
    bob.until("alice's going", |event| matches!(event, Event::BuddyWentAway { .. })).await;
    alice.restart().await;
    assert_eq!(bob.row("alice").await.state, BuddyState::Offline, "signing in invisibly shows nothing");
    alice.command(status(juice_engine::view::Availability::Away)).await.expect("shows herself");
    bob.until("alice's return", |event| {
        matches!(event, Event::BuddyChanged { buddy } if buddy.state == BuddyState::Away && buddy.status_text == "reading")
    })
    .await;
}

/// Counts the packets on the loopback device in which a text stands; a line when it listens, another when its input ends.
const LISTENER: &str = r#"
import select, socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
wire.bind(("lo", 0))
needles = [n.encode() for n in sys.argv[1:]]
seen = found = 0
print("listening", flush=True)
while True:
    ready, _, _ = select.select([wire, sys.stdin], [], [])
    if sys.stdin in ready:
        break
    packet = wire.recv(65535)
    seen += 1
    found += any(n in packet for n in needles)
print(seen, found, flush=True)
"#;

/// Listens on the loopback device, where that is allowed.
struct Wire {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Wire {
    fn tap(needles: &[&str]) -> Option<Self> {
        let mut child = Program::new("python3")
            .args(["-c", LISTENER])
            .args(needles)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(child.stdout.take()?).lines();
        let listening = lines.next().is_some_and(|line| line.is_ok_and(|line| line == "listening"));
        listening.then_some(Self { child, lines })
    }

    /// How many packets there were, and how many with a needle.
    fn count(mut self) -> (u64, u64) {
        drop(self.child.stdin.take());
        let line = self.lines.next().expect("a count").expect("a line");
        let _ = self.child.wait();
        let (seen, found) = line.split_once(' ').expect("two numbers");
        (seen.parse().expect("a number"), found.parse().expect("a number"))
    }
}

#[test]
fn eve_finds_neither_words_nor_names_in_files_logs_or_packets() {
    let (text, name, note) = ("canary-text-7f3a9c", "canaryname51b2", "canary-note-e02d");
    let folders = ["server", "alice", "bob"].map(Folder::new);
    let wire = Wire::tap(&[text, name, note]);
    let server = ServerProcess::start_with(folders[0].path(), "127.0.0.1:0", &["--log", "debug"]);
    let log = [("JUICE_LOG", "debug")];
    let mut alice = Puppet::start_with(folders[1].path(), &log);
    let mut bob = Puppet::start_with(folders[2].path(), &log);
    alice.register(name, server.address());
    bob.register("bob", server.address());
    bob.done(&json!({ "type": "addBuddy", "name": name, "note": note }));
    let request = alice.until("a request", |event| event["type"] == "requestArrived");
    assert_eq!(request["request"]["note"], note);
    let bob_id = request["request"]["id"].as_str().expect("an id").to_owned();
    alice.done(&json!({ "type": "acceptBuddy", "buddy": bob_id }));
    alice.until_linked();
    alice.done(&json!({ "type": "sendMessage", "buddy": bob_id, "text": text }));
    bob.until("the message", |event| event["message"]["text"] == text);
    alice.until("its receipt", |event| event["delivery"]["type"] == "delivered");

    // As they lie on the disk while everything runs, and again when it is over.
    for over in [false, true] {
        if over {
            alice.kill();
            bob.kill();
        }
        for folder in &folders {
            for needle in [text, name, note] {
                let found = folder.files_with(needle.as_bytes());
                assert!(found.is_empty(), "'{needle}' stands in {found:?}");
            }
        }
    }
    drop(server);
    match wire.map(Wire::count) {
        Some((seen, found)) => {
            assert!(seen > 50, "the tap heard the conversation: {seen} packets");
            assert_eq!(found, 0, "of {seen} packets");
        }
        None => println!("listening on the wire is not allowed here: files and logs only"),
    }
}

#[test]
fn no_traffic_secret_is_written_where_sslkeylogfile_says() {
    let folders = ["server", "alice", "bob"].map(Folder::new);
    let secrets = Folder::new("secrets");
    let file = secrets.path().join("keys");
    fs::write(&file, "").expect("writable");
    let server = ServerProcess::start(folders[0].path(), "127.0.0.1:0");
    let environment = [("SSLKEYLOGFILE", file.to_str().expect("a plain path"))];
    let mut alice = Puppet::start_with(folders[1].path(), &environment);
    let mut bob = Puppet::start_with(folders[2].path(), &environment);
    alice.register("alice", server.address());
    bob.register("bob", server.address());
    puppet::befriend(&mut alice, &mut bob, "bob");
    assert_eq!(fs::read(&file).expect("readable"), b"", "the file stays empty");
}
