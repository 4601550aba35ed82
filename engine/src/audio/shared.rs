//! What the threads and callbacks of one corridor tell each other without locks: switches, levels and signs of life.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    thread::Thread,
};

// Each value stands alone, so no order between them is needed.
const ORDER: Ordering = Ordering::Relaxed;

/// A value from 0 to 1, or any other `f32`.
#[derive(Debug, Default)]
pub(super) struct Level(AtomicU32);

impl Level {
    pub(super) fn set(&self, value: f32) {
        self.0.store(value.to_bits(), ORDER);
    }

    pub(super) fn value(&self) -> f32 {
        f32::from_bits(self.0.load(ORDER))
    }
}

/// A yes or no.
#[derive(Debug, Default)]
pub(super) struct Switch(AtomicBool);

impl Switch {
    pub(super) fn set(&self, value: bool) {
        self.0.store(value, ORDER);
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.load(ORDER)
    }
}

/// Only ever grows.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, number: u64) {
        self.0.fetch_add(number, ORDER);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(ORDER)
    }
}

/// A thread that may not have been started yet. Waking it neither locks nor allocates.
#[derive(Debug, Default)]
pub(super) struct Sleeper(OnceLock<Thread>);

impl Sleeper {
    pub(super) fn is(&self, thread: Thread) {
        let _ = self.0.set(thread);
    }

    pub(super) fn wake(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }
}

/// Signs of life of a device that runs.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// Grows with every callback; a device that stands still is a dead one.
    pub beats: Count,
    /// The device said so.
    pub failed: Switch,
    /// Samples of its last two calls, where they were as many.
    period: AtomicU32,
    last: AtomicU32,
}

impl Life {
    /// It has called, for so many samples.
    pub(super) fn beat(&self, samples: usize) {
        self.beats.add(1);
        let samples = u32::try_from(samples).unwrap_or(u32::MAX);
        if self.last.swap(samples, ORDER) == samples {
            self.period.store(samples, ORDER);
        }
    }

    /// How many samples it usually calls for; 0 where that isn't known.
    pub(super) fn period(&self) -> usize {
        self.period.load(ORDER) as usize
    }
}

/// One of these for each corridor.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub muted: Switch,
    pub deafened: Switch,
    /// The threads end when they see it.
    pub stop: Switch,
    /// Somebody speaks into a muted microphone.
    pub muted_speech: Switch,
    /// Somebody else can be heard, so what the microphone hears may be them.
    pub others_speak: Switch,
    /// RMS of the last 10 ms that were sent, 0 to 1.
    pub microphone_level: Level,
    /// RMS of the last 10 ms that were played, 0 to 1.
    pub speaker_level: Level,
    /// Samples that a ring had no room for: a thread didn't get the processor in time.
    pub overruns: Count,
    /// Samples that the speaker wanted and nobody had.
    pub underruns: Count,
    pub encoder: Sleeper,
    pub playout: Sleeper,
    pub keeper: Sleeper,
}

impl Shared {
    /// Ends all threads, at their next look.
    pub(super) fn end(&self) {
        self.stop.set(true);
        for sleeper in [&self.encoder, &self.playout, &self.keeper] {
            sleeper.wake();
        }
    }
}
