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
mod stage;
#[cfg(target_os = "linux")]
mod window;

use std::{thread::sleep, time::Duration};

use clap::Parser;
use juice_engine::video::{Size, measure};
use serde_json::{Value, json};

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

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
