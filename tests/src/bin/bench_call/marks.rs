//! When frames left and arrived, and when synthetic devices began: the engine's own trace, read in this process.

use std::{
    collections::HashMap,
    fmt::Debug,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, ThreadId},
    time::Instant,
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

const LEAVES: &str = "juice_engine::audio::encode";
const ARRIVES: &str = "juice_engine::audio::ear";
const BEGINS: &str = "juice_engine::audio::device::synthetic";

/// One line of the trace.
struct Mark {
    at: Instant,
    thread: ThreadId,
    target: String,
    number: u64,
    bytes: u64,
    path: String,
}

/// The trace since it was last cleared.
#[derive(Clone, Default)]
pub struct Marks(Arc<Mutex<Vec<Mark>>>);

impl Marks {
    /// Begins to read what this process traces of sound, and nothing else.
    pub fn install() -> Self {
        let marks = Self::default();
        let sound = [LEAVES, ARRIVES, BEGINS].map(|target| (target, Level::TRACE));
        tracing_subscriber::registry().with(marks.clone()).with(Targets::new().with_targets(sound)).init();
        marks
    }

    pub fn clear(&self) {
        self.with(Vec::clear);
    }

    /// How long each frame was on its way, in milliseconds, both directions together. A frame arrives under its number;
    /// whose it is, is told by its size, and where both sides' frame of that number have one size it isn't counted.
    pub fn frames(&self) -> Vec<f64> {
        self.with(|marks| {
            let mut left: HashMap<ThreadId, HashMap<u64, (Instant, u64)>> = HashMap::new();
            let mut times = Vec::new();
            for mark in marks {
                if mark.target == LEAVES {
                    left.entry(mark.thread).or_default().insert(mark.number, (mark.at, mark.bytes));
                } else if mark.target == ARRIVES {
                    let fits = |frames: &HashMap<u64, (Instant, u64)>| {
                        frames.get(&mark.number).filter(|(_, bytes)| *bytes == mark.bytes).map(|(at, _)| *at)
                    };
                    let whose: Vec<_> = left.values().filter_map(fits).collect();
                    if let [at] = whose[..] {
                        times.push(mark.at.duration_since(at).as_secs_f64() * 1_000.0);
                    }
                }
            }
            times
        })
    }

    /// When the device of a file ran last from its first sample on.
    pub fn began(&self, path: &Path) -> Option<Instant> {
        let path = format!("{:?}", Some(path));
        self.with(|marks| {
            marks.iter().rev().find(|mark| mark.target == BEGINS && mark.path == path).map(|mark| mark.at)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Mark>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Subscriber> Layer<S> for Marks {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let (at, thread, target) = (Instant::now(), thread::current().id(), event.metadata().target().to_owned());
        let mut mark = Mark { at, thread, target, number: 0, bytes: 0, path: String::new() };
        event.record(&mut mark);
        self.with(|marks| marks.push(mark));
    }
}

impl Visit for Mark {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "number" => self.number = value,
            "bytes" => self.bytes = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "path" {
            self.path = format!("{value:?}");
        }
    }
}
