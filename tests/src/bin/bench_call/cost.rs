//! What the threads of this process take.

use std::{collections::BTreeMap, time::Instant};

use juice_tests::cost::{TICKS_PER_SECOND, thread_ticks};
use serde_json::{Map, Value, json};

use crate::round;

/// The corridor's threads.
const THREADS: [&str; 3] = ["encode", "playout", "devices"];

/// A moment from which time is counted.
pub struct Stopwatch {
    begun: Instant,
    ticks: BTreeMap<String, u64>,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { begun: Instant::now(), ticks: thread_ticks("self") }
    }

    /// Percent of a core since the start, for one of `sides` alike; null where the system doesn't say.
    pub fn percent(&self, sides: f64) -> Value {
        let (seconds, ticks) = (self.begun.elapsed().as_secs_f64(), thread_ticks("self"));
        if ticks.is_empty() {
            return Value::Null;
        }
        let percent = |name: &str| {
            let before = self.ticks.get(name).copied().unwrap_or(0);
            let now = ticks.get(name).copied().unwrap_or(0);
            now.saturating_sub(before) as f64 / TICKS_PER_SECOND / seconds / sides * 100.0
        };
        let all = THREADS.iter().map(|name| percent(name)).sum();
        let mut shares: Map<_, _> =
            THREADS.iter().map(|name| ((*name).to_owned(), json!(round(percent(name))))).collect();
        shares.insert("all".into(), json!(round(all)));
        shares.into()
    }
}
