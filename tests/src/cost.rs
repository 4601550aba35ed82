//! What processes take: memory, and the time of their threads. Linux says it; elsewhere nothing is known.

use std::{collections::BTreeMap, fs};

/// Of the system's clock for processes, on every Linux: `getconf CLK_TCK`.
pub const TICKS_PER_SECOND: f64 = 100.0;

/// Time that the engine's own threads of each name have had, in ticks. `process` is a number or `self`.
pub fn thread_ticks(process: &str) -> BTreeMap<String, u64> {
    let mut ticks = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        // After the name in brackets: the state is field 3, user and system time are 14 and 15 (proc(5)).
        let Some((head, rest)) = stat.rsplit_once(')') else { continue };
        let Some(name) = head.split_once("(juice-").map(|(_, name)| name) else { continue };
        let times = rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok());
        *ticks.entry(name.to_owned()).or_default() += times.sum::<u64>();
    }
    ticks
}

/// Proportional set size of a process, in MB of 1,024 KB. `process` is a number or `self`.
pub fn memory(process: &str) -> Option<f64> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let kilobytes = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(kilobytes.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()? / 1_024.0)
}
