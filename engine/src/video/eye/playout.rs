//! When a picture is shown: as much after its taking as the peer's voice of that moment. Pure; times are microseconds.
//!
//! The difference of the peer's clock and mine is unknown and doesn't matter: the quickest frames of late say what the way
//! takes, and voice packets are counted from their quickest in the same way.

use std::collections::VecDeque;

/// A picture isn't held back for longer, whatever is said: voices never wait longer either.
const LONGEST: i64 = 260_000;
/// Decoded pictures that wait at most; above this the oldest is shown early.
const MOST_WAITING: usize = 10;
/// The quickest frame is that of the last one to two windows.
const WINDOW: u64 = 5_000_000;

/// See the module; `T` is a picture.
#[derive(Debug)]
pub(super) struct Playout<T> {
    waiting: VecDeque<(u64, T)>,
    /// Arrival minus capture of the quickest frame: in this window, and in the one before.
    quickest: Option<(i64, i64)>,
    window: u64,
}

impl<T> Default for Playout<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), quickest: None, window: 0 }
    }
}

fn offset(arrived: u64, captured: u64) -> i64 {
    let side = |micros: u64| i64::try_from(micros).unwrap_or(i64::MAX);
    side(arrived).saturating_sub(side(captured))
}

impl<T> Playout<T> {
    /// A frame arrived, whether or not it is decoded.
    pub(super) fn note(&mut self, captured: u64, arrived: u64) {
        let offset = offset(arrived, captured);
        self.quickest = Some(match self.quickest {
            None => (offset, offset),
            Some((new, _)) if arrived.saturating_sub(self.window) > WINDOW => {
                self.window = arrived;
                (offset, new)
            }
            Some((new, old)) => (new.min(offset), old),
        });
    }

    /// Takes a picture that was decoded at `now`; `delay_ms` is the voice's, none if it shall not wait.
    pub(super) fn put(&mut self, picture: T, captured: u64, now: u64, delay_ms: Option<u32>) {
        let due = match (delay_ms, self.quickest) {
            (Some(delay), Some((new, old))) => {
                let hold = i64::from(delay).saturating_mul(1_000).min(LONGEST);
                // How long ago it would have arrived at the quickest.
                let behind = offset(now, captured).saturating_sub(new.min(old));
                now.saturating_add_signed(hold.saturating_sub(behind).clamp(0, LONGEST))
            }
            (None, _) | (_, None) => now,
        };
        if self.waiting.len() >= MOST_WAITING
            && let Some((first, _)) = self.waiting.front_mut()
        {
            *first = now;
        }
        // In the order of their taking, whatever has become of the delay.
        let due = due.max(self.waiting.back().map_or(0, |(last, _)| *last));
        self.waiting.push_back((due, picture));
    }

    /// The newest picture whose time has come; older ones are passed over.
    pub(super) fn take(&mut self, now: u64) -> Option<T> {
        let mut newest = None;
        while self.waiting.front().is_some_and(|(due, _)| *due <= now) || self.waiting.len() > MOST_WAITING {
            newest = self.waiting.pop_front().map(|(_, picture)| picture);
        }
        newest
    }

    /// When the next one is due.
    pub(super) fn due(&self) -> Option<u64> {
        self.waiting.front().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000;

    /// Shows a picture every 33 ms that arrives after `delays`, and gives how long after its taking each was shown, ms.
    fn shown(delays: &[u64], audio: Option<u32>) -> Vec<u64> {
        // The peer's clock is a minute ahead of mine.
        let ahead = 60_000 * MS;
        let (mut playout, mut after, mut arrivals) = (Playout::default(), vec![], vec![]);
        for (at, delay) in delays.iter().enumerate() {
            arrivals.push((1_000 * MS + at as u64 * 33 * MS + delay * MS, at as u64 * 33 * MS + ahead));
        }
        for now in (0..6_000 * MS).step_by(1_000) {
            for (arrived, captured) in arrivals.iter().filter(|(arrived, _)| *arrived == now) {
                playout.note(*captured, *arrived);
                playout.put(*captured, *captured, now, audio);
            }
            if let Some(captured) = playout.take(now) {
                after.push((now - 1_000 * MS - (captured - ahead)) / MS);
            }
        }
        after
    }

    #[test]
    fn without_a_voice_nothing_waits() {
        assert_eq!(shown(&[30, 30, 50, 30], None), [30, 30, 50, 30]);
    }

    #[test]
    fn a_picture_waits_for_its_voice() {
        // Voice: 30 ms on the way, 20 in its packet, 60 in its buffer.
        let after = shown(&[30, 45, 32, 60, 30, 44, 30], Some(20 + 60));
        assert!(after.iter().all(|after| after.abs_diff(110) <= 1), "{after:?}");
    }

    #[test]
    fn what_is_late_is_shown_at_once_and_what_came_before_it_passed_over() {
        let after = shown(&[30, 30, 300, 267, 30], Some(80));
        assert!(after.contains(&110) && after.iter().all(|after| *after <= 300), "{after:?}");
    }

    #[test]
    fn nothing_is_held_longer_than_a_voice_may_be() {
        let after = shown(&[30, 30, 30], Some(u32::MAX));
        assert!(after.iter().all(|after| *after <= 30 + 260), "{after:?}");
    }

    #[test]
    fn clocks_that_lie_hold_nothing_up() {
        let mut playout = Playout::default();
        for (at, captured) in [0, u64::MAX, 5, u64::MAX - 1, 1 << 63, 0].into_iter().cycle().take(600).enumerate() {
            let now = at as u64 * 33 * MS;
            playout.note(captured, now);
            playout.put(at, captured, now, Some(100));
            assert!(playout.waiting.len() <= MOST_WAITING + 1);
            assert!(playout.due().is_none_or(|due| due <= now + 260 * MS));
            playout.take(now);
        }
    }
}
