//! What this process takes: time of the corridor's threads, and memory.

use std::{collections::BTreeMap, fs, time::Instant};

use serde_json::{Map, Value, json};

use crate::round;

/// The corridor's threads, by the names that the system knows.
const THREADS: [&str; 3] = ["juice-encode", "juice-playout", "juice-devices"];
/// Of the system's clock for processes, on every Linux: `getconf CLK_TCK`.
const TICKS_PER_SECOND: f64 = 100.0;

/// A moment from which time is counted.
pub struct Stopwatch {
    begun: Instant,
    ticks: BTreeMap<&'static str, u64>,
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { begun: Instant::now(), ticks: ticks() }
    }

    /// Percent of a core since the start, for one of `sides` alike; null where the system doesn't say.
    pub fn percent(&self, sides: f64) -> Value {
        let (seconds, ticks) = (self.begun.elapsed().as_secs_f64(), ticks());
        if ticks.is_empty() {
            return Value::Null;
        }
        let percent = |name: &str| {
            let before = self.ticks.get(name).copied().unwrap_or(0);
            let now = ticks.get(name).copied().unwrap_or(0);
            now.saturating_sub(before) as f64 / TICKS_PER_SECOND / seconds / sides * 100.0
        };
        let all = THREADS.iter().map(|name| percent(name)).sum();
        let short = |name: &str| name.trim_start_matches("juice-").to_owned();
        let mut shares: Map<_, _> = THREADS.iter().map(|name| (short(name), json!(round(percent(name))))).collect();
        shares.insert("all".into(), json!(round(all)));
        shares.into()
    }
}

/// Time that the threads of each name have had, in ticks.
fn ticks() -> BTreeMap<&'static str, u64> {
    let mut ticks = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        // After the name in brackets: the state is field 3, user and system time are 14 and 15 (proc(5)).
        let Some((head, rest)) = stat.rsplit_once(')') else { continue };
        let name = head.split_once('(').map_or("", |(_, name)| name);
        let Some(name) = THREADS.iter().find(|known| **known == name) else { continue };
        let times = rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok());
        *ticks.entry(*name).or_default() += times.sum::<u64>();
    }
    ticks
}

/// Proportional set size of a process, in MB.
pub fn memory(process: &str) -> Option<f64> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let kilobytes = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(kilobytes.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()? / 1_024.0)
}
