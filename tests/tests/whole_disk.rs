//! Whole buddies on a disk that is full, or does not keep what it is given: nothing is said to be saved, sent or received
//! that is not, and all goes on when the disk is well again.
#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test's way to say that it failed"
)]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::Duration,
};

use juice_tests::{Folder, Puppet, ServerProcess, puppet::befriend, server::program};
use serde_json::{Value, json};

/// The library that makes a disk fail, made anew.
fn bad_disk(folder: &Path) -> PathBuf {
    let library = folder.join("disk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/store_support/disk.c");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(made.unwrap().success(), "the compiler that SQLite was built with makes it");
    library
}

fn texts(puppet: &mut Puppet, buddy: &str) -> Vec<String> {
    let page = puppet.ask(&json!({ "history": [buddy, { "type": "end" }, 500] }));
    let messages = page["done"]["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().filter_map(|message| message["text"].as_str().map(str::to_owned)).collect()
}

fn heard(event: &Value, text: &str) -> bool {
    event["type"] == "messageArrived" && event["message"]["text"] == text
}

#[test]
fn a_bad_disk_loses_nothing_that_was_acknowledged_and_acknowledges_nothing_that_was_lost() {
    let folders = ["server", "alice", "bob", "faults"].map(Folder::new);
    let server = ServerProcess::start(folders[0].path(), "127.0.0.1:0");
    let mut alice = Puppet::start(folders[1].path());
    let mut on_bad_disk = Command::new(program("buddy"));
    on_bad_disk.env("JUICE_FAULTS", folders[3].path()).env("LD_PRELOAD", bad_disk(folders[3].path()));
    let mut bob = Puppet::run(on_bad_disk, folders[2].path());
    alice.register("alice", server.address());
    bob.register("bob", server.address());
    let (bob_id, alice_id) = befriend(&mut alice, &mut bob, "bob");
    let send = |to: &str, text: &str| json!({ "type": "sendMessage", "buddy": to, "text": text, "replyTo": null });

    for fault in ["full", "failing"] {
        let [before, to_him, from_him, after] =
            ["before", "to him", "from him", "after"].map(|text| format!("{text}, {fault}"));
        bob.done(&send(&alice_id, &before));
        alice.until("what is well", |event| heard(event, &before));
        let switch = folders[3].path().join(fault);
        File::create(&switch).unwrap();

        let answer = bob.ask(&json!({ "command": send(&alice_id, &from_him) }));
        assert_eq!(answer["error"]["code"], "notSaved", "{answer}");
        let notice = bob.until("a notice", |event| event["type"] == "notice");
        assert_eq!(notice["notice"]["type"], "notSaved", "what was typed is given back");
        assert_eq!(notice["notice"]["text"], from_him.as_str());
        alice.done(&send(&bob_id, &to_him));
        sleep(Duration::from_secs(2));
        for event in alice.drain() {
            assert!(!heard(&event, &from_him), "what was not saved was not sent");
            let arrived = event["type"] == "deliveryChanged" && event["delivery"]["type"] == "delivered";
            assert!(!arrived, "nothing was acknowledged: {event}");
        }
        assert!(bob.drain().iter().all(|event| !heard(event, &to_him)), "what was not saved is not shown");

        fs::remove_file(switch).unwrap();
        bob.done(&send(&alice_id, &after));
        alice.until("what is well again", |event| heard(event, &after));
        bob.until("what was sent meanwhile", |event| heard(event, &to_him));
        alice.until("that it arrived", |event| {
            event["type"] == "deliveryChanged" && event["delivery"]["type"] == "delivered"
        });
        let (hers, his) = (texts(&mut alice, &bob_id), texts(&mut bob, &alice_id));
        assert_eq!(hers, his, "both have the same");
        assert!(!his.contains(&from_him) && his.contains(&to_him) && his.contains(&after), "{his:?}");
    }
}
