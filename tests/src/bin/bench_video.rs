//! What a video call is like: how many pictures come, how old they are, what they cost, and how they survive a bad
//! network. The last line is one JSON object.
//!
//! Two engines and a server, each in a network of its own. Both sides show a test picture with a number and a clock in it,
//! which are read back from what the other could paint: `latency_ms` is from the camera's slot to the decoded picture, with
//! the wait for the voice in it. By size: `delivered_fps`, `latency_ms`, `kbit_s`, `cpu_pct` of one side by thread (the
//! drawing of the test picture is `camera`, and is not in `all`), `pss_mb` of one engine; `encode_ms` and `decode_ms` by
//! coding in one thread alone. By weather: the same, with the longest freeze and the sizes that were chosen.
//! `recover_ms` is how long after a second without any packet it moves again.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can't go on has failed")]
#![allow(clippy::disallowed_methods, reason = "it waits by the clock")]
#![cfg_attr(not(target_os = "linux"), allow(unused, reason = "its networks are Linux's"))]

use std::{collections::BTreeMap, thread::sleep, time::Duration};

use clap::Parser;
use juice_engine::video::{Size, measure};
use serde_json::{Map, Value, json};

/// Measures video calls.
#[derive(Parser)]
struct Arguments {
    /// How long each measurement is, in seconds.
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Leave out the bad networks.
    #[arg(long)]
    no_loss: bool,
    /// Of the bad networks, only those whose names have this in them.
    #[arg(long, default_value = "")]
    weather: String,
}

/// How long a call goes on before it is measured: coding learns what the way carries.
const SETTLED: Duration = Duration::from_secs(6);

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("this is measured on networks of Linux");
}

#[cfg(target_os = "linux")]
fn main() {
    let arguments = Arguments::parse();
    let mut result = Map::new();
    for (name, size, bits) in [("640x480", Size::VGA, 1_000_000), ("1280x720", Size::HD, 2_000_000)] {
        let coded = measure(size, bits, 150).expect("the codec works");
        let mut stage = stage::Stage::start(name);
        stage.network.change(stage::calm());
        let call = stage.talk();
        sleep(SETTLED);
        let mut measured = stage.measure(&call, arguments.seconds);
        measured.insert("encode_ms".into(), json!(round(coded.encode_ms)));
        measured.insert("decode_ms".into(), json!(round(coded.decode_ms)));
        eprintln!("{name}: {}", Value::Object(measured.clone()));
        result.insert(name.into(), measured.into());
        if arguments.no_loss || name != "640x480" {
            continue;
        }
        for (name, weather) in stage::weathers().into_iter().filter(|(name, _)| name.contains(&arguments.weather)) {
            stage.network.change(weather);
            sleep(SETTLED);
            let measured = stage.measure(&call, arguments.seconds);
            eprintln!("{name}: {}", Value::Object(measured.clone()));
            result.insert(name.into(), measured.into());
        }
        stage.network.change(stage::calm());
        sleep(SETTLED);
        stage.network.change(stage::silence());
        sleep(Duration::from_secs(1));
        stage.network.change(stage::calm());
        let recovered = stage.until_it_moves(&call);
        result.insert("recover_ms".into(), json!(recovered.map(round)));
    }
    println!("{}", Value::Object(result));
}

#[cfg(target_os = "linux")]
mod stage {
    use juice_tests::{
        Folder, Puppet, ServerProcess,
        cost::{TICKS_PER_SECOND, memory, thread_ticks},
        lossy::{Lossy, Weather},
        puppet::{befriend, talk},
        server::program,
    };

    use super::*;

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
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
