//! One side of the soak: a process that comes and goes, and what it has said and seen over all its lives.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    process::Command,
    time::Duration,
};

use juice_tests::{Dice, Folder, Puppet};
use serde_json::{Value, json};

/// The most messages asked for and not answered: a person types no faster, and a bad disk is not the question here.
const UNANSWERED: usize = 64;

pub struct Person {
    folder: Folder,
    puppet: Option<Puppet>,
    command: Box<dyn Fn() -> Command>,
    /// The buddy's id.
    pub to: String,
    name: &'static str,
    number: u64,
    /// Texts whose sending was confirmed to the person, in the order in which they were said.
    pub acknowledged: Vec<String>,
    known: BTreeSet<String>,
    /// Ids shown as arrived, and how often.
    shown: BTreeMap<String, u32>,
    asked: VecDeque<String>,
    /// Texts that were in the other's mailbox at some time.
    pub posted: u64,
    pub kills: u32,
    pub sign_outs: u32,
}

impl Person {
    pub fn new(name: &'static str, command: impl Fn() -> Command + 'static) -> Self {
        let folder = Folder::new(name);
        let puppet = Some(Puppet::run(command(), folder.path()));
        Self {
            folder,
            puppet,
            command: Box::new(command),
            to: String::new(),
            name,
            number: 0,
            acknowledged: Vec::new(),
            known: BTreeSet::new(),
            shown: BTreeMap::new(),
            asked: VecDeque::new(),
            posted: 0,
            kills: 0,
            sign_outs: 0,
        }
    }

    /// The process, while it runs.
    pub fn puppet(&mut self) -> Option<&mut Puppet> {
        self.puppet.as_mut()
    }

    /// Says the next thing.
    pub fn say(&mut self) {
        let Some(puppet) = &mut self.puppet else { return };
        if self.asked.len() >= UNANSWERED {
            return;
        }
        self.number += 1;
        let text = format!("{} {}", self.name, self.number);
        let command = json!({ "type": "sendMessage", "buddy": self.to, "text": text, "replyTo": null });
        if puppet.command(&command) {
            self.asked.push_back(text);
        }
    }

    pub fn hear(&mut self) {
        let Some(puppet) = &mut self.puppet else { return };
        while let Some(answer) = puppet.answer(Duration::ZERO) {
            let text = self.asked.pop_front().unwrap_or_default();
            if answer.get("done").is_some() {
                acknowledge(&mut self.known, &mut self.acknowledged, text);
            }
        }
        let events = puppet.drain();
        self.see(&events);
    }

    fn see(&mut self, events: &[Value]) {
        for event in events {
            if event["type"] == "messageArrived" {
                *self.shown.entry(event["message"]["id"].to_string()).or_default() += 1;
            }
            // Shown as queued is shown as saved, whether or not the answer was still heard.
            if event["type"] == "messageQueued" {
                let text = event["message"]["text"].as_str().unwrap_or_default().to_owned();
                acknowledge(&mut self.known, &mut self.acknowledged, text);
            }
            if event["type"] == "deliveryChanged" && event["delivery"]["type"] == "posted" {
                self.posted += event["messages"].as_array().map_or(0, |messages| messages.len() as u64);
            }
        }
    }

    pub fn kill(&mut self) {
        let Some(mut puppet) = self.puppet.take() else { return };
        let last_words = puppet.kill();
        self.see(&last_words);
        self.asked.clear();
        self.kills += 1;
    }

    /// Goes as a person does.
    pub fn leave(&mut self) {
        let Some(puppet) = &mut self.puppet else { return };
        puppet.command(&json!({ "type": "signOut" }));
        // Answers come in the order of what was asked; the last is the sign-out's.
        while let Some(answer) = self.puppet.as_mut().and_then(|puppet| puppet.answer(Duration::from_secs(20))) {
            let Some(text) = self.asked.pop_front() else { break };
            if answer.get("done").is_some() {
                acknowledge(&mut self.known, &mut self.acknowledged, text);
            }
        }
        self.sign_outs += 1;
        if let Some(mut puppet) = self.puppet.take() {
            let last_words = puppet.kill();
            self.see(&last_words);
        }
        self.asked.clear();
    }

    pub fn come_back(&mut self) {
        if self.puppet.is_none() {
            let mut puppet = Puppet::run((self.command)(), self.folder.path());
            puppet.sign_in();
            self.puppet = Some(puppet);
        }
    }

    pub fn shown_twice(&self) -> usize {
        self.shown.values().filter(|times| **times > 1).count()
    }

    /// What the other said, as this side has it, oldest first.
    pub fn history(&mut self) -> Vec<String> {
        let mut pages = Vec::new();
        let mut at = json!({ "type": "end" });
        let Some(puppet) = &mut self.puppet else { return Vec::new() };
        loop {
            let page = puppet.ask(&json!({ "history": [self.to, at, 500] }));
            let messages = page["done"]["messages"].as_array().cloned().unwrap_or_default();
            let theirs = messages.iter().filter(|message| message["mine"] == false);
            pages.push(theirs.filter_map(|message| message["text"].as_str().map(str::to_owned)).collect::<Vec<_>>());
            let (Some(first), true) = (messages.first(), page["done"]["more"] == true) else { break };
            let of = |field: &str| first[field].as_str().unwrap_or_default().to_owned();
            at = json!({ "type": "before", "place": format!("{}:{}", of("order"), of("id")) });
        }
        pages.into_iter().rev().flatten().collect()
    }

    /// The ids of mine that are not known to have arrived.
    pub fn waiting(&mut self) -> usize {
        let Some(puppet) = &mut self.puppet else { return usize::MAX };
        let page = puppet.ask(&json!({ "history": [self.to, { "type": "end" }, 1_000] }));
        let messages = page["done"]["messages"].as_array().cloned().unwrap_or_default();
        let arrived = |message: &Value| {
            matches!(message["delivery"]["type"].as_str(), Some("delivered" | "read")) || message["mine"] == false
        };
        messages.iter().filter(|message| !arrived(message)).count()
    }
}

fn acknowledge(known: &mut BTreeSet<String>, order: &mut Vec<String>, text: String) {
    if known.insert(text.clone()) {
        order.push(text);
    }
}

/// A wait of `mean` on average, at most twice as long.
pub fn about(dice: &mut Dice, mean: Duration) -> Duration {
    let sum: u64 = (0..2).map(|_| dice.below(1_000)).sum();
    mean.mul_f64(f64::from(u32::try_from(sum).unwrap_or(1_000)) / 1_000.0)
}
