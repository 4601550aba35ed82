//! The time by which pictures are dated: microseconds since a moment that the caller chose.
//!
//! Give the moment at which the call's audio began, and pictures and voice packets are dated from one origin: a voice
//! packet's `captured` is samples of 48 kHz since then, so 1,000,000 here are 48,000 there.

use std::time::Instant;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaClock(Instant);

impl MediaClock {
    /// Counts from `start`.
    pub const fn since(start: Instant) -> Self {
        Self(start)
    }

    /// Microseconds since the start.
    pub fn micros(self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Default for MediaClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}
