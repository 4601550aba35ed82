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

/// Bits that may be spent, which come in at a rate: the encoder comes only near to it.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Bits that were spent ahead.
    debt: u64,
    at: Option<u64>,
}

impl Budget {
    /// Whether a picture of this moment, in microseconds, can be afforded with so many bits a second: not where half a
    /// second of them is spent already.
    pub(super) fn allows(&mut self, now: u64, bits: u32) -> bool {
        let passed = now.saturating_sub(self.at.replace(now).unwrap_or(now));
        self.debt = self.debt.saturating_sub(passed.saturating_mul(u64::from(bits)) / 1_000_000);
        self.debt < u64::from(bits) / 2
    }

    /// So many bytes were spent on a picture. A keyframe counts half: it is rare, and what follows is waited for.
    pub(super) fn spend(&mut self, bytes: usize, is_key: bool) {
        self.debt += bytes as u64 * if is_key { 4 } else { 8 };
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

    #[test]
    fn a_rate_is_kept_and_a_burst_is_paid_back() {
        let mut budget = Budget::default();
        let sent: Vec<bool> = (0..300)
            .map(|n| {
                let allowed = budget.allows(n * 33_333, 300_000);
                if allowed {
                    // Half more than there is.
                    budget.spend(1_875, false);
                }
                allowed
            })
            .collect();
        let share = |part: &[bool]| part.iter().filter(|sent| **sent).count() as f64 / part.len() as f64;
        assert!(share(&sent[..30]) == 1.0, "a second is borne");
        assert!((share(&sent[100..]) - 2.0 / 3.0).abs() < 0.03, "{}", share(&sent[100..]));
        let longest = sent[100..].split(|sent| *sent).map(<[bool]>::len).max();
        assert_eq!(longest, Some(1), "it never stands still");
    }

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
