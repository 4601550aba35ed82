//! What a call is like: how soon it rings and sounds, how long a frame is on its way, what it costs, and how speech
//! survives a bad network and real devices. The last line is one JSON object; what can't be measured here is null, and
//! why is said before.
//!
//! In this process, two whole engines and a server on loopback, with a voice made by arithmetic for a microphone:
//! - `place_to_ring_ms`: from `PlaceCall` to the other window's `Incoming`;
//! - `answer_to_sound_ms`: from `AnswerCall` until both windows say `Talking`, which is the first frame of sound there;
//! - `frame_ms`: from the moment a frame leaves the encoder to its arrival in the ring of the other side's playout;
//! - `callback_to_callback_ms`: from the microphone's callback that brings a sound to the speaker's that plays it, by
//!   the sounds themselves: all of mouth to ear but the devices;
//! - `drift_ms`: how much later or sooner sound came at the end of the call than at its beginning;
//! - `cpu_pct`: of one core, for one side of a call, by thread;
//! - `pss_mb`: of all this process, which is two engines in a call and a server.
//!
//! In processes of their own: see [`growth`] for `pss_growth_mb`; [`loss`] for `stoi`, `pesq`, both beside video, `engine_pss_mb`; [`moves`] for `to_direct_gap_ms`,
//! `to_relay_gap_ms`, `back_to_direct_gap_ms`; [`room`] for `mouth_to_ear_ms`, `erle_db`.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can't go on has failed")]
#![allow(clippy::wildcard_enum_match_arm, clippy::disallowed_methods, reason = "it waits for events, by the clock")]

mod calls;
mod cost;
#[cfg(target_os = "linux")]
mod growth;
#[cfg(target_os = "linux")]
mod loss;
mod marks;
#[cfg(target_os = "linux")]
mod moves;
#[cfg(target_os = "linux")]
mod room;
mod sound;
mod speech;

use clap::Parser;
use serde_json::{Map, Value, json};

/// Measures calls.
#[derive(Parser)]
struct Arguments {
    /// Short calls, from ring to hanging up.
    #[arg(long, default_value_t = 10)]
    calls: usize,
    /// How long the call is whose frames are counted, in seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// The Python that has pystoi and pesq.
    #[arg(long, default_value = "python3")]
    python: String,
    /// How often the echo is listened to with the cleaning.
    #[arg(long, default_value_t = 1)]
    echoes: usize,
    /// Leave out what is measured in this process.
    #[arg(long)]
    no_calls: bool,
    /// Leave out the long call whose memory is watched.
    #[arg(long)]
    no_growth: bool,
    /// Leave out the bad network.
    #[arg(long)]
    no_loss: bool,
    /// Leave out the ways that change.
    #[arg(long)]
    no_moves: bool,
    /// Leave out the sound server.
    #[arg(long)]
    no_room: bool,
}

/// Results by their names, or why there are none.
type Measured = Result<Map<String, Value>, String>;

fn main() {
    let arguments = Arguments::parse();
    let mut result = if arguments.no_calls { Map::new() } else { here(arguments.calls, arguments.seconds) };
    let left_out = || Err("it was left out".to_owned());
    let growth = if arguments.no_growth { left_out() } else { growth(arguments.seconds) };
    take(&mut result, &["pss_growth_mb"], growth);
    let loss = if arguments.no_loss { left_out() } else { loss(&arguments.python) };
    take(&mut result, &["stoi", "pesq", "stoi_beside_video", "pesq_beside_video", "engine_pss_mb"], loss);
    let moves = if arguments.no_moves { left_out() } else { moves() };
    take(&mut result, &["to_direct_gap_ms", "to_relay_gap_ms", "back_to_direct_gap_ms"], moves);
    let room = if arguments.no_room { left_out() } else { room(arguments.echoes) };
    take(&mut result, &["mouth_to_ear_ms", "erle_db"], room);
    println!("{}", Value::Object(result));
}

fn here(calls: usize, seconds: u64) -> Map<String, Value> {
    let marks = marks::Marks::install();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(calls::measure(&marks, calls, seconds))
}

#[cfg(target_os = "linux")]
fn growth(seconds: u64) -> Measured {
    growth::measure(seconds)
}

#[cfg(target_os = "linux")]
fn loss(python: &str) -> Measured {
    loss::measure(python)
}

#[cfg(target_os = "linux")]
fn moves() -> Measured {
    moves::measure()
}

#[cfg(target_os = "linux")]
fn room(echoes: usize) -> Measured {
    room::measure(echoes)
}

#[cfg(not(target_os = "linux"))]
fn growth(_seconds: u64) -> Measured {
    Err("only Linux says how large a process is".into())
}

#[cfg(not(target_os = "linux"))]
fn loss(_python: &str) -> Measured {
    Err("the bad network is made of Linux's network namespaces".into())
}

#[cfg(not(target_os = "linux"))]
fn moves() -> Measured {
    Err("doors and ways are made of Linux's network namespaces".into())
}

#[cfg(not(target_os = "linux"))]
fn room(_echoes: usize) -> Measured {
    Err("the room is made of PulseAudio".into())
}

fn take(result: &mut Map<String, Value>, keys: &[&str], measured: Measured) {
    let mut measured = measured.unwrap_or_else(|reason| {
        eprintln!("without {}: {reason}", keys.join(", "));
        Map::new()
    });
    for key in keys {
        result.insert((*key).to_owned(), measured.remove(*key).unwrap_or(Value::Null));
    }
}

/// Percentiles as JSON.
fn percentiles(values: &mut [f64], percents: &[usize]) -> Value {
    values.sort_by(f64::total_cmp);
    let at = |percent: usize| values.get(values.len() * percent / 100).or(values.last()).copied().map(round);
    percents.iter().map(|percent| (format!("p{percent}"), json!(at(*percent)))).collect::<Map<_, _>>().into()
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
