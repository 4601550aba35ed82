//! How far a file is while it moves, and how fast: written by its task, read four times a second.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Over how long the speed is taken.
const SMOOTH: Duration = Duration::from_secs(3);

/// Shared by a transfer's task and the desk.
#[derive(Debug, Default)]
pub(crate) struct Live {
    done: AtomicU64,
}

impl Live {
    /// So many bytes are at the receiver's.
    pub fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.done.fetch_add(more, Ordering::Relaxed);
    }

    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

/// Bytes a second over the last moments.
#[derive(Debug, Default)]
pub(crate) struct Speed(VecDeque<(Instant, u64)>);

impl Speed {
    /// It is so far now; how fast that was.
    pub fn at(&mut self, now: Instant, done: u64) -> u64 {
        while self.0.len() > 1 && self.0.front().is_some_and(|(at, _)| now.duration_since(*at) > SMOOTH) {
            self.0.pop_front();
        }
        self.0.push_back((now, done));
        let Some((since, then)) = self.0.front() else { return 0 };
        let millis = now.duration_since(*since).as_millis();
        let moved = u128::from(done.saturating_sub(*then)) * 1_000;
        moved.checked_div(millis).and_then(|speed| u64::try_from(speed).ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_that_of_the_last_seconds() {
        let (mut speed, start) = (Speed::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(speed.at(at(0), 500), 0);
        assert_eq!(speed.at(at(500), 1_500), 2_000);
        for tick in 1..40 {
            speed.at(at(500 + tick * 250), 1_500);
        }
        assert_eq!(speed.at(at(20_000), 1_500), 0, "what stands still has no speed");
        assert_eq!(speed.at(at(20_250), 0), 0, "going back is no speed either");
    }
}
