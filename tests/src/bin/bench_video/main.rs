//! What a video call is like: how many pictures come, how old they are, what they cost, and how they survive a bad
//! network. The last line is one JSON object.
//!
//! Two engines and a server, each in a network of its own. Both sides show a test picture with a number and a clock in it,
//! which are read back from what the other could paint: `latency_ms` is from the camera's slot to the decoded picture, with
//! the wait for the voice in it. By size: `delivered_fps`, `latency_ms`, `kbit_s`, `cpu_pct` of one side by thread (the
//! drawing of the test picture is `camera`, and is not in `all`), `pss_mb` of one engine; `encode_ms` and `decode_ms` by
//! coding in one thread alone. By weather: the same, with the longest freeze and the sizes that were chosen.
//! `recover_ms` is how long after a second without any packet it moves again. By a real window: `ui_frame_ms` from when a
//! picture is asked for until it is painted, `ui_paint_ms` from when it has come, `ui_painted_fps`, and how many were left out.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can't go on has failed")]
#![allow(clippy::disallowed_methods, reason = "it waits by the clock")]
#![cfg_attr(not(target_os = "linux"), allow(unused, reason = "its networks are Linux's"))]

#[cfg(target_os = "linux")]
mod window;

use std::{collections::BTreeMap, fs, thread::sleep, time::Duration};

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
    /// Measure the window alone.
    #[arg(long)]
    only_window: bool,
}

/// What is shown, and how many bits a second it is coded with in one thread alone.
const NETWORKS: [(&str, Size, u32); 2] = [("640x480", Size::VGA, 1_000_000), ("1280x720", Size::HD, 2_000_000)];
/// How long a call goes on before it is measured: coding learns what the way carries.
const SETTLED: Duration = Duration::from_secs(6);

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("this is measured on networks of Linux");
}

#[cfg(target_os = "linux")]
fn main() {
    let arguments = Arguments::parse();
    let mut result = window::measure(arguments.seconds);
    let networks = if arguments.only_window { &[][..] } else { &NETWORKS };
    for (name, size, bits) in networks {
        let coded = measure(*size, *bits, 150).expect("the codec works");
        let mut stage = stage::Stage::start(name);
        stage.network.change(stage::calm());
        let call = stage.talk();
        sleep(SETTLED);
        let mut measured = stage.measure(&call, arguments.seconds);
        measured.insert("encode_ms".into(), json!(round(coded.encode_ms)));
        measured.insert("decode_ms".into(), json!(round(coded.decode_ms)));
        eprintln!("{name}: {}", Value::Object(measured.clone()));
        result.insert((*name).into(), measured.into());
        if arguments.no_loss || *name != "640x480" {
            continue;
        }
        for (name, weather) in stage::weathers() {
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
        lossy::{Lossy, Weather},
        puppet::befriend,
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
            let can_voice = |event: &Value| event["type"] == "buddyChanged" && event["buddy"]["canVoice"] == true;
            if self.alice.buddies().iter().all(|buddy| buddy["canVoice"] == false) {
                self.alice.until("a microphone", can_voice);
            }
            let at = |event: &Value, stage: &str| event["type"] == "callChanged" && event["call"]["stage"] == stage;
            self.alice.done(&json!({ "type": "placeCall", "buddy": self.bob_id, "video": true }));
            let ring = self.bob.until("a ring", |event| at(event, "incoming"));
            let call = ring["call"]["id"].as_str().expect("an id").to_owned();
            self.bob.done(&json!({ "type": "answerCall", "call": call, "video": true }));
            self.alice.until("sound", |event| at(event, "talking"));
            self.bob.until("sound", |event| at(event, "talking"));
            call
        }

        /// What Bob sees of Alice, while she sees him.
        pub fn measure(&mut self, call: &str, seconds: u64) -> Map<String, Value> {
            let pid = self.bob.pid();
            let (before, begun) = (ticks(pid), std::time::Instant::now());
            self.bob.drain();
            let look = json!({ "watch": [call, seconds * 1_000] });
            assert!(self.alice.tell(&look) && self.bob.tell(&look), "both run");
            let patience = Duration::from_secs(seconds + 10);
            let seen = self.bob.answer(patience).expect("an answer");
            let passed = begun.elapsed().as_secs_f64();
            let after = ticks(pid);
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
                    (name.trim_start_matches("juice-").to_owned(), round(spent as f64 / passed))
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
                "pss_mb": memory(pid).map(round),
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

    /// Hundredths of a second that the threads of each name have had, of those that have a name of ours.
    fn ticks(process: u32) -> BTreeMap<String, u64> {
        let mut ticks = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            // After the name in brackets: the state is field 3, user and system time are 14 and 15 (proc(5)).
            let Some((head, rest)) = stat.rsplit_once(')') else { continue };
            let name = head.split_once('(').map_or("", |(_, name)| name);
            if name.starts_with("juice-") {
                let times = rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok());
                *ticks.entry(name.to_owned()).or_default() += times.sum::<u64>();
            }
        }
        ticks
    }

    /// Proportional set size of a process, in MB.
    fn memory(process: u32) -> Option<f64> {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let kilobytes = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        Some(kilobytes.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()? / 1_024.0)
    }
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
