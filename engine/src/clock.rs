//! The clock: what time it is, for a messenger that does not look itself.
//!
//! Owned by the driver. The monotonic side counts from the engine's start; where the wall clock moves away from it by
//! more than half a minute, the machine slept or was set, and [`Clock::jumped`] says so once.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use juice_proto::id::{Millis, Now};
use tokio::time::Instant;

const JUMP: i128 = 30_000;

#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// Wall minus monotonic, when last looked at.
    offset: i128,
}

impl Clock {
    pub fn start() -> Self {
        let mut clock = Self { start: Instant::now(), offset: 0 };
        clock.offset = clock.now_offset();
        clock
    }

    pub fn now(&self) -> Now {
        Now { mono: millis(self.start.elapsed()), wall: wall() }
    }

    pub fn instant(&self, mono: Millis) -> Instant {
        self.start + Duration::from_millis(mono)
    }

    pub fn jumped(&mut self) -> bool {
        let offset = self.now_offset();
        let jumped = (offset - self.offset).abs() > JUMP;
        self.offset = offset;
        jumped
    }

    fn now_offset(&self) -> i128 {
        let now = self.now();
        i128::from(now.wall) - i128::from(now.mono)
    }
}

/// Milliseconds since 1970.
pub(crate) fn wall() -> Millis {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
