//! Whole buddies when things die: the server, and either of them, at any moment.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test's way to say that it failed"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use juice_tests::{Dice, Folder, Puppet, ServerProcess, puppet::befriend};
use serde_json::{Value, json};

/// Kills in the loop, of either at random.
const KILLS: u64 = 100;

#[test]
fn the_server_dying_delays_no_message_and_presence_is_rebuilt_when_it_returns() {
    let folders = ["server", "alice", "bob", "carol"].map(Folder::new);
    let server = ServerProcess::start(folders[0].path(), "127.0.0.1:0");
    let (mut alice, mut bob) = (Puppet::start(folders[1].path()), Puppet::start(folders[2].path()));
    alice.register("alice", server.address());
    bob.register("bob", server.address());
    let (bob_id, alice_id) = befriend(&mut alice, &mut bob, "bob");

    let place = server.kill();
    alice.until("the loss", |event| event["type"] == "serverChanged" && event["server"]["type"] == "connecting");
    for round in 0..20 {
        let text = format!("without a server {round}");
        let start = Instant::now();
        alice.command(&json!({ "type": "sendMessage", "buddy": bob_id, "text": text }));
        bob.until(&text, |event| event["message"]["text"] == text.as_str());
        assert!(start.elapsed() < Duration::from_secs(2), "round {round} took {:?}", start.elapsed());
    }
    bob.command(&json!({ "type": "sendMessage", "buddy": alice_id, "text": "me neither" }));
    alice.until("the answer", |event| event["message"]["text"] == "me neither");

    let server = ServerProcess::start(folders[0].path(), &place);
    for buddy in [&mut alice, &mut bob] {
        buddy.until("the return", |event| event["type"] == "serverChanged" && event["server"]["type"] == "connected");
    }
    // Someone new finds them by the server's word, so it has their presences again.
    let mut carol = Puppet::start(folders[3].path());
    carol.register("carol", server.address());
    befriend(&mut carol, &mut bob, "bob");
}

/// What one side has said and seen over all its lives.
#[derive(Default)]
struct Life {
    /// Texts whose sending was confirmed to the person.
    acknowledged: BTreeSet<String>,
    /// Ids shown as arrived, and how often.
    shown: BTreeMap<String, u32>,
    /// Texts sent and not answered yet, oldest first.
    asked: std::collections::VecDeque<String>,
}

impl Life {
    fn see(&mut self, events: Vec<Value>) {
        for event in events {
            if event["type"] == "messageArrived" {
                *self.shown.entry(event["message"]["id"].to_string()).or_default() += 1;
            }
            // Shown as queued is shown as saved, whether or not the answer was still heard.
            if event["type"] == "messageQueued" {
                self.acknowledged.insert(event["message"]["text"].as_str().unwrap_or_default().to_owned());
            }
        }
    }

    fn hear(&mut self, puppet: &mut Puppet) {
        while let Some(answer) = puppet.answer(Duration::ZERO) {
            let text = self.asked.pop_front().unwrap_or_default();
            if answer.get("done").is_some() {
                self.acknowledged.insert(text);
            }
        }
        let events = puppet.drain();
        self.see(events);
    }
}

#[test]
fn a_hundred_kills_under_traffic_lose_nothing_acknowledged_and_show_nothing_twice() {
    let folders = ["server", "alice", "bob"].map(Folder::new);
    let server = ServerProcess::start(folders[0].path(), "127.0.0.1:0");
    let mut puppets = [Puppet::start(folders[1].path()), Puppet::start(folders[2].path())];
    let [alice, bob] = &mut puppets;
    alice.register("alice", server.address());
    bob.register("bob", server.address());
    let (bob_id, alice_id) = befriend(alice, bob, "bob");
    let to = [bob_id, alice_id];
    let mut lives = [Life::default(), Life::default()];
    let mut dice = Dice(std::process::id().into());
    println!("dice {}", dice.0);
    let mut number = 0u64;

    let mut traffic = |puppets: &mut [Puppet; 2], lives: &mut [Life; 2], dice: &mut Dice, until: Instant| {
        while Instant::now() < until {
            for side in 0..2 {
                number += 1;
                let text = format!("{side} says {number}");
                if puppets[side].command(&json!({ "type": "sendMessage", "buddy": to[side], "text": text })) {
                    lives[side].asked.push_back(text);
                }
                lives[side].hear(&mut puppets[side]);
            }
            std::thread::sleep(Duration::from_millis(dice.below(15)));
        }
    };

    for _ in 0..KILLS {
        let until = Instant::now() + Duration::from_millis(50 + dice.below(400));
        traffic(&mut puppets, &mut lives, &mut dice, until);
        let side = usize::from(dice.below(2) == 1);
        let last_words = puppets[side].kill();
        lives[side].see(last_words);
        lives[side].asked.clear();
        puppets[side] = Puppet::start(folders[1 + side].path());
        puppets[side].sign_in();
    }
    for side in 0..2 {
        lives[side].hear(&mut puppets[side]);
    }

    // A last word each way goes behind all others, and so says when they are through.
    for side in 0..2 {
        let text = format!("last of {side}");
        puppets[side].done(&json!({ "type": "sendMessage", "buddy": to[side], "text": text }));
    }
    for side in 0..2 {
        let text = format!("last of {}", 1 - side);
        let arrived = puppets[side].until(&text, |event| event["message"]["text"] == text.as_str());
        lives[side].see(vec![arrived]);
    }
    for side in 0..2 {
        lives[side].hear(&mut puppets[side]);
    }
    let received = [0, 1].map(|side| history(&mut puppets[side], &to[side]));
    for side in 0..2 {
        let there = &received[1 - side];
        for text in &lives[side].acknowledged {
            let copies = there.iter().filter(|theirs| *theirs == text).count();
            assert_eq!(copies, 1, "'{text}' was acknowledged and is there {copies} times");
        }
        assert!(lives[side].acknowledged.len() > 100, "there was traffic: {}", lives[side].acknowledged.len());
        let twice: Vec<_> = lives[side].shown.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "shown twice: {twice:?}");
    }
    let said = lives.iter().map(|life| life.acknowledged.len()).sum::<usize>();
    println!("{KILLS} kills, {said} acknowledged messages, none lost, none twice");
}

/// The texts of the other's messages, oldest first.
fn history(puppet: &mut Puppet, buddy: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut at = json!({ "type": "end" });
    loop {
        let page = puppet.ask(&json!({ "history": [buddy, at, 500] }));
        let messages = page["done"]["messages"].as_array().cloned().unwrap_or_default();
        let theirs = messages.iter().filter(|message| message["mine"] == false);
        texts.extend(theirs.filter_map(|message| message["text"].as_str().map(str::to_owned)));
        let (Some(first), true) = (messages.first(), page["done"]["more"] == true) else { return texts };
        let place =
            format!("{}:{}", first["order"].as_str().unwrap_or_default(), first["id"].as_str().unwrap_or_default());
        at = json!({ "type": "before", "place": place });
    }
}
