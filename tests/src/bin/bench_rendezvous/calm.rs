//! How much others took of the machine while something was measured, and the few figures of statistics.
//!
//! A run counts as calm when all other processes together had less than [`CALM`] of the machine's cores meanwhile. Runs
//! are repeated until enough were calm, or as often as there is time for; then those with the least taken count. Their
//! results have no say in it.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use crate::process::{TICK, cpu_of};

/// What others may take, as a part of all cores.
const CALM: f64 = 0.05;
/// After this a measure makes do with the runs that it has.
const LONG: Duration = Duration::from_secs(40);

/// What others took, measure by measure.
#[derive(Default)]
pub struct Calm(BTreeMap<&'static str, Vec<f64>>);

/// A run that has begun.
pub struct Watch {
    at: Instant,
    all: Duration,
    ours: Duration,
}

impl Watch {
    /// Begins, when the server has had so much.
    pub fn begin(servers: Duration) -> Self {
        Self { at: Instant::now(), all: everyones(), ours: cpu_of("self") + servers }
    }

    /// The part of all cores that others had since.
    pub fn end(&self, servers: Duration) -> f64 {
        let ours = (cpu_of("self") + servers).saturating_sub(self.ours);
        let all = everyones().saturating_sub(self.all);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        all.saturating_sub(ours).as_secs_f64() / self.at.elapsed().as_secs_f64() / cores as f64
    }
}

/// The time that all processes have had (proc(5), `/proc/stat`: user, nice, system; and steal, which other machines had).
fn everyones() -> Duration {
    let stat = fs::read_to_string("/proc/stat").expect("/proc is there");
    let all = stat.lines().next().unwrap_or_default();
    let fields: Vec<u32> = all.split_whitespace().skip(1).map(|ticks| ticks.parse().unwrap_or(0)).collect();
    TICK * [0, 1, 2, 7].iter().map(|field| fields.get(*field).copied().unwrap_or(0)).sum::<u32>()
}

/// Runs taken so far, with what others took during each.
pub struct Runs<T> {
    runs: Vec<(f64, T)>,
    since: Instant,
    wanted: usize,
    most: usize,
}

impl<T> Runs<T> {
    /// `wanted` runs, out of `most`.
    pub fn new((wanted, most): (usize, usize)) -> Self {
        Self { runs: Vec::new(), since: Instant::now(), wanted, most }
    }

    /// Whether another run is called for.
    pub fn more(&self) -> bool {
        let calm = self.runs.iter().filter(|(taken, _)| *taken < CALM).count();
        let may_repeat = self.runs.len() < self.most && self.since.elapsed() < LONG;
        self.runs.len() < self.wanted || (calm < self.wanted && may_repeat)
    }

    pub fn add(&mut self, taken: f64, run: T) {
        self.runs.push((taken, run));
    }
}

impl Calm {
    /// The runs that count.
    pub fn calmest<T>(&mut self, measure: &'static str, runs: Runs<T>) -> Vec<T> {
        let Runs { mut runs, wanted, .. } = runs;
        runs.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        runs.truncate(wanted);
        self.0.insert(measure, runs.iter().map(|(taken, _)| taken * 100.0).collect());
        runs.into_iter().map(|(_, run)| run).collect()
    }

    /// Percent of all cores that others had, by measure.
    pub fn report(self) -> BTreeMap<&'static str, f64> {
        self.0.into_iter().map(|(measure, taken)| (measure, median(taken).round())).collect()
    }
}

/// A percentile of sorted values.
pub fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    at(&values, 50)
}

pub fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
