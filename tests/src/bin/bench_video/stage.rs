//! Two engines and a server, each in a network of its own.

use std::{collections::BTreeMap, time::Duration};

use juice_tests::{
    Folder, Puppet, ServerProcess,
    cost::{TICKS_PER_SECOND, memory, thread_ticks},
    lossy::{Lossy, Weather},
    puppet::{befriend, talk},
    server::program,
};
use serde_json::{Map, Value, json};

use crate::round;

const PORT: u16 = 7735;

pub struct Stage {
    pub network: Lossy,
    _server: ServerProcess,
    alice: Puppet,
    bob: Puppet,
    bob_id: String,
    _folders: [Folder; 3],
}

pub fn weather(loss: u32, delay: u64, kbit_s: Option<u32>) -> Weather {
    let delay = Duration::from_millis(delay);
    Weather { loss: loss * 10, delay: (delay, delay), kbit_s }
}

pub fn calm() -> Weather {
    weather(0, 0, None)
}

pub fn silence() -> Weather {
    weather(100, 0, None)
}

/// Percent lost each way, milliseconds each way, kbit/s.
pub fn weathers() -> [(&'static str, Weather); 7] {
    [
        ("5 Mbit/s, 30 ms", weather(0, 30, Some(5_000))),
        ("300 kbit/s, 30 ms", weather(0, 30, Some(300))),
        ("5 Mbit/s again, 30 ms", weather(0, 30, Some(5_000))),
        ("loss 5, 80 ms", weather(5, 80, None)),
        ("loss 10, 30 ms", weather(10, 30, None)),
        ("loss 10, 80 ms", weather(10, 80, None)),
        ("loss 20, 80 ms", weather(20, 80, None)),
    ]
}

impl Stage {
    pub fn start(size: &str) -> Self {
        let folder = Folder::new("video");
        let network = Lossy::start(3, calm());
        let listen = format!("{}:{PORT}", Lossy::address(0));
        let rendezvous = network.command(0, program("juice-rendezvous"));
        let server = ServerProcess::run(rendezvous, folder.path(), &listen, &["--public", &listen]);
        let (alices, bobs) = (Folder::new("alice"), Folder::new("bob"));
        let start = |place, home: &Folder| {
            let mut command = network.command(place, program("buddy"));
            command.args(["--anywhere", "--source", "tone:440", "--camera", &format!("test:{size}")]);
            Puppet::run(command, home.path())
        };
        let (mut alice, mut bob) = (start(1, &alices), start(2, &bobs));
        for (name, puppet) in [("alice", &mut alice), ("bob", &mut bob)] {
            puppet.register(name, server.address());
        }
        let (bob_id, _) = befriend(&mut alice, &mut bob, "bob");
        Self { network, _server: server, alice, bob, bob_id, _folders: [folder, alices, bobs] }
    }

    /// A call with pictures both ways.
    pub fn talk(&mut self) -> String {
        talk(&mut self.alice, &mut self.bob, &self.bob_id, true)
    }

    /// What Bob sees of Alice, while she sees him.
    pub fn measure(&mut self, call: &str, seconds: u64) -> Map<String, Value> {
        let process = self.bob.pid().to_string();
        let (before, begun) = (thread_ticks(&process), std::time::Instant::now());
        self.bob.drain();
        let look = json!({ "watch": [call, seconds * 1_000] });
        assert!(self.alice.tell(&look) && self.bob.tell(&look), "both run");
        let patience = Duration::from_secs(seconds + 10);
        let seen = self.bob.answer(patience).expect("an answer");
        let passed = begun.elapsed().as_secs_f64();
        let after = thread_ticks(&process);
        self.alice.answer(patience).expect("an answer");
        let seen = &seen["done"];
        let mut ages: Vec<f64> = seen["ages"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        ages.sort_by(f64::total_cmp);
        let at = |percent: usize| ages.get(ages.len() * percent / 100).copied().map(round);
        let qualities = self.bob.drain();
        let kbits: Vec<_> =
            qualities.iter().filter_map(|event| event["quality"]["fromThem"]["kbitS"].as_f64()).collect();
        let mut cpu: BTreeMap<_, _> = after
            .iter()
            .map(|(name, ticks)| {
                let spent = ticks.saturating_sub(before.get(name).copied().unwrap_or(0));
                (name.clone(), round(spent as f64 / TICKS_PER_SECOND * 100.0 / passed))
            })
            .collect();
        let corridor = ["video", "eye"].iter().filter_map(|name| cpu.get(*name)).sum();
        cpu.insert("all".into(), round(corridor));
        let value = json!({
            "delivered_fps": round(ages.len() as f64 / seen["seconds"].as_f64().unwrap_or(1.0)),
            "latency_ms": { "p50": at(50), "p95": at(95), "p99": at(99) },
            "freeze_ms": seen["freeze"].as_f64().map(round),
            "sizes": seen["sizes"],
            "unreadable": seen["unreadable"],
            "kbit_s": round(kbits.iter().sum::<f64>() / kbits.len().max(1) as f64),
            "cpu_pct": cpu,
            "pss_mb": memory(&process).map(round),
        });
        value.as_object().cloned().unwrap_or_default()
    }

    /// Milliseconds until Bob sees something that was taken now, or later.
    pub fn until_it_moves(&mut self, call: &str) -> Option<f64> {
        let begun = std::time::Instant::now();
        loop {
            let seen = self.bob.ask(&json!({ "watch": [call, 1] }));
            let age = seen["done"]["ages"].as_array()?.last().and_then(Value::as_f64);
            let passed = begun.elapsed().as_secs_f64() * 1_000.0;
            if age.is_some_and(|age| age < passed) {
                return Some(passed);
            }
            if passed > 30_000.0 {
                return None;
            }
        }
    }
}
