//! How evenly a peer's frames arrive, and how long each must wait so that nearly all are there when their turn comes.
//!
//! Pure: the caller tells the time. All times are samples at 48 kHz, on clocks that began at any moment; the difference
//! of the peer's and mine is unknown and doesn't matter, since only the quickest frames of late are compared with others.

use std::collections::VecDeque;

/// Samples in a millisecond.
pub(super) const MS: i64 = 48;

/// Frames that are remembered: 10 s of speech in frames of 20 ms.
const WINDOW: usize = 500;
/// Beyond this a conversation suffers more from the delay than from gaps.
const LONGEST: i64 = 200 * MS;
/// For uneven callbacks.
const MARGIN: i64 = 2 * MS;
/// What isn't later than this over the usual is no longer held up by a stall.
const NEARLY: i64 = 20 * MS;
/// Until so many frames have come, little is known.
const FEW: usize = 25;
const JITTER_OF_THE_UNKNOWN: i64 = 15 * MS;
/// A way that has been this much longer for this long is a longer way, not a stall.
const STALL_ENDS: i64 = 1_000 * MS;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Arrival minus capture of its last sample of the last frames, in order of arrival: a short frame is on its way as
    /// long as a long one.
    offsets: VecDeque<i64>,
    sorted: Vec<i64>,
    /// The least of them.
    base: i64,
    /// Share of 97 % minus the least.
    jitter: i64,
    stalled_since: Option<i64>,
}

impl Arrivals {
    /// A frame arrived that was complete at its peer's `end`.
    pub(super) fn note(&mut self, end: i64, arrived: i64) {
        let offset = arrived.saturating_sub(end);
        if !self.offsets.is_empty() && self.belongs_to_a_stall(offset - self.base, arrived) {
            return;
        }
        if self.offsets.len() >= WINDOW {
            self.offsets.pop_front();
        }
        self.offsets.push_back(offset);
        self.measure();
    }

    /// What a stall held up says nothing of the usual way, and no delay that people bear would have helped.
    fn belongs_to_a_stall(&mut self, behind: i64, arrived: i64) -> bool {
        let usual = self.jitter + NEARLY;
        match self.stalled_since {
            None if behind <= LONGEST => false,
            None => {
                self.stalled_since = Some(arrived);
                true
            }
            Some(_) if behind <= usual => {
                self.stalled_since = None;
                false
            }
            Some(since) if arrived - since > STALL_ENDS => {
                self.stalled_since = None;
                self.offsets.clear();
                false
            }
            Some(_) => true,
        }
    }

    fn measure(&mut self) {
        self.sorted.clear();
        self.sorted.extend(&self.offsets);
        let last = self.sorted.len().saturating_sub(1);
        let (_, most, _) = self.sorted.select_nth_unstable(last * 97 / 100);
        let most = *most;
        self.base = self.offsets.iter().copied().min().unwrap_or_default();
        self.jitter = most - self.base;
    }

    /// Jitter: how much later than the quickest 97 of 100 frames come, in samples.
    pub(super) fn jitter(&self) -> i64 {
        self.jitter
    }

    /// How long the quickest frames must wait, in samples. `ahead` is how much more must be there for
    /// other reasons than jitter.
    pub(super) fn target(&self, ahead: i64) -> i64 {
        let jitter = if self.offsets.len() < FEW { self.jitter.max(JITTER_OF_THE_UNKNOWN) } else { self.jitter };
        (jitter + MARGIN + ahead).clamp(MARGIN, LONGEST)
    }

    /// How long the quickest frame that ends with `end` has been here at `now`.
    pub(super) fn waits(&self, now: i64, end: i64) -> i64 {
        now - self.base - end
    }

    /// How much of the peer's sound can be counted on at `now`: what was complete before this sample of it is here.
    pub(super) fn here(&self, now: i64, ahead: i64) -> i64 {
        now - self.base - self.target(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: i64 = 20 * MS;

    fn after(arrivals: &mut Arrivals, frames: std::ops::Range<i64>, delay: impl Fn(i64) -> i64) {
        for frame in frames {
            arrivals.note(frame * FRAME, frame * FRAME + delay(frame));
        }
    }

    #[test]
    fn an_even_way_needs_the_least_delay() {
        let mut arrivals = Arrivals::default();
        after(&mut arrivals, 0..500, |_| 77 * MS);
        assert_eq!((arrivals.jitter(), arrivals.target(0)), (0, MARGIN));
    }

    #[test]
    fn jitter_is_what_97_of_100_frames_stay_below() {
        let mut arrivals = Arrivals::default();
        after(&mut arrivals, 0..1_000, |frame| 50 * MS + (frame * 37 % 100) * MS / 2);
        let jitter = arrivals.jitter() / MS;
        assert!((47..=49).contains(&jitter), "{jitter} ms of 0 to 49.5");
    }

    #[test]
    fn a_stall_leaves_the_target_alone() {
        let mut arrivals = Arrivals::default();
        after(&mut arrivals, 0..200, |_| 50 * MS);
        let before = arrivals.target(0);
        // 50 frames, all at once, one second after the first of them was due.
        after(&mut arrivals, 200..250, |frame| (250 - frame) * FRAME + 50 * MS);
        after(&mut arrivals, 250..260, |_| 50 * MS);
        assert_eq!(arrivals.target(0), before, "a stall was taken for jitter");
    }

    #[test]
    fn a_longer_way_is_learned_within_two_seconds() {
        let mut arrivals = Arrivals::default();
        after(&mut arrivals, 0..200, |_| 50 * MS);
        after(&mut arrivals, 200..300, |_| 450 * MS);
        let now = 300 * FRAME;
        assert_eq!(arrivals.here(now, 0), now - 450 * MS - arrivals.target(0));
    }

    #[test]
    fn the_base_follows_a_clock_that_drifts() {
        let mut arrivals = Arrivals::default();
        // 200 parts in a million: 0.2 ms a second.
        after(&mut arrivals, 0..30_000, |frame| 50 * MS + frame * FRAME / 5_000);
        assert!(arrivals.jitter() < 3 * MS, "drift was taken for jitter: {}", arrivals.jitter());
    }
}
