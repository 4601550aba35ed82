//! Which pictures are coded, and when a keyframe is: pure arithmetic on the times at which pictures were taken.

/// Chooses pictures so that they come to a rate.
#[derive(Debug, Default)]
pub(super) struct Pace {
    due: u64,
}

impl Pace {
    /// Whether a picture of this moment, in microseconds, is one of so many a second.
    pub(super) fn takes(&mut self, now: u64, rate: u32) -> bool {
        let interval = 1_000_000 / u64::from(rate.max(1));
        // A clock that began anew.
        if self.due > now.saturating_add(2 * interval) {
            self.due = now;
        }
        // Cameras are uneven by some milliseconds.
        if now.saturating_add(interval / 4) < self.due {
            return false;
        }
        // What was missed isn't made up for.
        self.due = (self.due + interval).max(now.saturating_add(interval / 2));
        true
    }
}

/// Two keyframes have at least so many microseconds between them, whoever asks: each costs as much as ten others.
const APART: u64 = 500_000;

/// Lets keyframes through, not too many.
#[derive(Debug, Default)]
pub(super) struct KeyframeGate {
    is_asked: bool,
    last: Option<u64>,
}

impl KeyframeGate {
    /// Somebody needs one; it isn't forgotten.
    pub(super) const fn ask(&mut self) {
        self.is_asked = true;
    }

    /// Whether the picture of this moment, in microseconds, shall be one.
    pub(super) fn opens(&self, now: u64) -> bool {
        self.is_asked && self.last.is_none_or(|last| now.abs_diff(last) >= APART)
    }

    /// One was made of the picture of this moment, for whatever reason.
    pub(super) const fn was_made(&mut self, now: u64) {
        (self.is_asked, self.last) = (false, Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of a second's pictures are taken, with a camera of this rate.
    fn taken(camera: u64, rate: u32) -> usize {
        let mut pace = Pace::default();
        (0..10 * camera).filter(|at| pace.takes(at * 1_000_000 / camera + at % 3 * 2_000, rate)).count() / 10
    }

    #[test]
    fn pictures_are_chosen_evenly() {
        for (camera, rate, meant) in [(30, 30, 30), (30, 15, 15), (30, 20, 20), (30, 5, 5), (60, 30, 30), (15, 30, 15)]
        {
            assert!(taken(camera, rate).abs_diff(meant) <= 1, "{} of {camera} for {rate}", taken(camera, rate));
        }
    }

    #[test]
    fn a_clock_that_jumps_stops_nothing() {
        let mut pace = Pace::default();
        assert!(pace.takes(1 << 60, 30) && pace.takes(5, 30) && !pace.takes(6, 30) && pace.takes(u64::MAX, 30));
    }

    #[test]
    fn thousands_of_requests_make_two_keyframes_a_second() {
        let (mut gate, mut made) = (KeyframeGate::default(), 0);
        for at in 0..300 {
            (0..1_000).for_each(|_| gate.ask());
            let now = at * 33_333;
            if gate.opens(now) {
                gate.was_made(now);
                made += 1;
            }
        }
        assert!((19..=20).contains(&made), "{made} in 10 s");
    }

    #[test]
    fn a_request_that_comes_too_early_is_kept() {
        let mut gate = KeyframeGate::default();
        gate.was_made(0);
        gate.ask();
        assert!(!gate.opens(499_999) && gate.opens(500_000));
    }
}
