//! Reads the bits of a parameter set: plain numbers and Exp-Golomb codes (ITU-T H.264, 9.1), over the bytes that keep
//! start codes out of it.

/// See the module. Each answer is none at the end.
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    /// Zero bytes just read: after two, a 3 isn't part of the data (7.4.1).
    zeros: u32,
    byte: u8,
    left: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest, zeros: 0, byte: 0, left: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            let (mut byte, mut rest) = self.rest.split_first()?;
            if self.zeros >= 2 && *byte == 3 {
                (byte, rest) = rest.split_first()?;
                self.zeros = 0;
            }
            self.zeros = if *byte == 0 { self.zeros + 1 } else { 0 };
            (self.byte, self.rest, self.left) = (*byte, rest, 8);
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    /// A number of so many bits, at most 32.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }

    /// `ue(v)`, up to 2^31; signed codes have the same bits.
    pub(super) fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 30 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }

    /// `ue(v)`, none if it is above the bound.
    pub(super) fn at_most(&mut self, bound: u32) -> Option<u32> {
        self.golomb().filter(|value| *value <= bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_codes_are_read() {
        // 1, 010, 011, 00100, 00101: 0 to 4.
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let values: Vec<_> = (0..5).map(|_| bits.golomb()).collect();
        assert_eq!(values, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
    }

    #[test]
    fn bytes_that_keep_start_codes_out_are_no_data() {
        let mut bits = Bits::new(&[0, 0, 3, 1, 0, 0, 3]);
        assert_eq!((bits.take(24), bits.take(16), bits.take(1)), (Some(1), Some(0), None));
    }

    #[test]
    fn a_code_without_end_has_no_value() {
        assert_eq!(Bits::new(&[0; 100]).golomb(), None);
        assert_eq!(Bits::new(&[0]).golomb(), None);
    }
}
