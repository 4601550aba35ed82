//! Which numbers have come: each is taken once, and none that is too old to tell.

/// How far numbers may come out of order: 2.5 s of voice.
const WINDOW: u64 = 128;

/// The numbers of one sender and kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replay {
    /// The next number after the highest seen.
    next: u64,
    /// Bit n: the number `next - 1 - n` has come.
    seen: u128,
}

impl Replay {
    /// Takes a number; false where it has come before or is too old.
    pub fn take(&mut self, number: u64) -> bool {
        if number >= self.next {
            // No more than that many are ever sent.
            let ahead = (number - self.next).saturating_add(1);
            self.seen = u32::try_from(ahead).ok().and_then(|ahead| self.seen.checked_shl(ahead)).unwrap_or(0) | 1;
            self.next = number.saturating_add(1);
            return true;
        }
        let back = self.next - 1 - number;
        if back >= WINDOW {
            return false;
        }
        let bit = 1u128 << back;
        let new = self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_taken_once_in_any_order() {
        let mut replay = Replay::default();
        for number in [3, 1, 2, 0, 200, 150, 73] {
            assert!(replay.take(number), "{number} is new");
            assert!(!replay.take(number), "{number} again");
        }
        assert!(!replay.take(72), "too old to tell");
        assert!(replay.take(u64::MAX - 1) && !replay.take(u64::MAX - 1));
        assert!(!replay.take(5));
    }
}
