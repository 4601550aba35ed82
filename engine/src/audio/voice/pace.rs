//! When the sound of a voice is made shorter or longer, and by how much: pure arithmetic on how far behind it is.
//!
//! Two clocks that drift apart are followed by splices that nobody hears. After a stall the delay is worked off fast:
//! a conversation that is a second behind is none.

use super::{arrivals::MS, sound::Care};
use crate::audio::frame::BLOCK;

/// What to do to the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// By at most so many samples.
    Shorten(usize, Care),
    /// By at most so many samples.
    Lengthen(usize, Care),
}

/// Less than this is left alone while there is something to hear: callbacks are that uneven.
const NEAR: i64 = 8 * MS;
/// Less than this is left alone.
const FINE: i64 = 2 * MS;
/// Blocks, half a second, after which a small difference is one that stays.
const STAYS: u32 = 50;
/// From here on a voice may sound a little hasty.
const FAR: i64 = 30 * MS;
/// From here on being understood is enough.
const VERY_FAR: i64 = 80 * MS;
/// So far off, it isn't a fluctuation of a callback.
const CERTAIN: i64 = 60 * MS;
/// The mean goes over so many blocks of 10 ms.
const SMOOTH: i64 = 16;
/// 20 ms: the longest splice.
const MOST: f32 = 960.0;
/// Of what a splice may be, so that it has periods to choose from.
const LEAST: f32 = 480.0;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Smoothed, in samples; more is later.
    behind: i64,
    known: bool,
    /// Blocks for which it has been nearly right and not quite.
    nearly: u32,
    /// Samples that may be taken out or added by now.
    allowance: f32,
}

impl Pace {
    /// Called each 10 ms with the samples between what is about to be heard and what should be.
    pub(super) fn decide(&mut self, behind: i64) -> Change {
        if !self.known || (behind - self.behind).abs() > CERTAIN {
            (self.behind, self.known) = (behind, true);
        } else {
            self.behind += (behind - self.behind) / SMOOTH;
        }
        let far = self.behind.abs();
        self.nearly = if (FINE..NEAR).contains(&far) { self.nearly.saturating_add(1) } else { 0 };
        let (rate, care) = match far {
            _ if far < NEAR => {
                self.allowance = 0.0;
                return if self.nearly > STAYS { self.change(far as usize, Care::InPauses) } else { Change::None };
            }
            _ if far < FAR => (0.02, Care::Inaudible),
            _ if far < VERY_FAR => (0.10, Care::Inaudible),
            _ => (0.50, Care::Hurried),
        };
        self.allowance = (self.allowance + rate * BLOCK as f32).min(MOST);
        if self.allowance < LEAST {
            return Change::None;
        }
        self.change(self.allowance as usize, care)
    }

    fn change(&self, most: usize, care: Care) -> Change {
        if self.behind > 0 { Change::Shorten(most, care) } else { Change::Lengthen(most, care) }
    }

    /// So many samples were added, or taken out if less than none.
    pub(super) fn did(&mut self, added: i64) {
        self.behind += added;
        self.allowance -= added.abs() as f32;
    }

    /// The delay, given the one that is aimed at; in samples.
    pub(super) fn delay(&self, target: i64) -> i64 {
        if self.known { (target + self.behind).max(0) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs for so many seconds from so many ms behind, as if every splice took what it might; ms behind at the end.
    fn after(seconds: usize, behind_ms: i64) -> i64 {
        let (mut pace, mut behind) = (Pace::default(), behind_ms * MS);
        for _ in 0..seconds * 100 {
            let done = match pace.decide(behind) {
                Change::None => continue,
                Change::Shorten(most, _) => -(most as i64),
                Change::Lengthen(most, _) => most as i64,
            };
            behind += done;
            pace.did(done);
        }
        behind / MS
    }

    #[test]
    fn a_second_of_delay_is_worked_off_within_three() {
        assert!(after(3, 1_000) < 30, "{} ms are left", after(3, 1_000));
    }

    #[test]
    fn too_little_delay_grows_to_what_it_should_be() {
        assert!(after(3, -100) > -30, "{} ms are missing", after(3, -100));
    }

    #[test]
    fn what_is_nearly_right_is_left_alone() {
        let mut pace = Pace::default();
        for block in 0..1_000 {
            let jump = if block % 2 == 0 { 5 } else { -5 };
            assert_eq!(pace.decide(jump * MS), Change::None);
        }
    }

    #[test]
    fn what_stays_nearly_right_is_made_right_in_pauses() {
        let mut pace = Pace::default();
        let changes: Vec<Change> = (0..100).map(|_| pace.decide(4 * MS)).collect();
        assert!(changes[..STAYS as usize].iter().all(|change| *change == Change::None), "it may pass");
        assert_eq!(changes[99], Change::Shorten(4 * MS as usize, Care::InPauses));
    }

    #[test]
    fn drift_is_followed_without_haste() {
        let mut pace = Pace::default();
        for _ in 0..1_000 {
            if let Change::Shorten(_, care) = pace.decide(10 * MS) {
                assert_eq!(care, Care::Inaudible);
                return;
            }
        }
        panic!("10 ms too much were never worked off");
    }
}
