//! A look into H.264 before the library decodes it: is it a whole frame of a kind that we send, and how large?
//!
//! The library allocates by what the parameter sets announce, so these are read here first (ITU-T H.264, 7.3.2.1.1 and
//! annex B). Pure; reads what a peer sent.

mod bits;

use self::bits::Bits;
use crate::video::{error::DecodeError, picture::Size};

/// Slices, parameter sets and the rest in one frame; ours have three.
const MOST_UNITS: usize = 64;
/// Pictures that a decoder must keep; ours keep one or two.
const MOST_REFERENCES: u32 = 4;
/// Baseline, main and high.
const PROFILES: [u32; 3] = [66, 77, HIGH];
const HIGH: u32 = 100;

const SLICE: u8 = 1;
const KEY_SLICE: u8 = 5;
const ENHANCEMENT: u8 = 6;
const SEQUENCE: u8 = 7;
const PARAMETERS: u8 = 8;
const DELIMITER: u8 = 9;

/// What is known of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AccessUnit {
    /// The size that a keyframe announces; none of another frame.
    pub size: Option<Size>,
}

/// Whether any later frame may build on it.
pub(super) fn is_reference(data: &[u8]) -> bool {
    units(data)
        .any(|unit| unit.first().is_some_and(|head| matches!(head & 0x1F, SLICE | KEY_SLICE) && head & 0x60 != 0))
}

/// Looks through a frame.
///
/// # Errors
/// `Malformed`.
pub(super) fn look(data: &[u8]) -> Result<AccessUnit, DecodeError> {
    let (mut size, mut keys, mut slices) = (None, 0, 0);
    if !data.starts_with(&[0, 0, 1]) && !data.starts_with(&[0, 0, 0, 1]) {
        return Err(DecodeError::Malformed("it doesn't begin with a start code"));
    }
    for (count, unit) in units(data).enumerate() {
        let (head, body) = unit.split_first().ok_or(DecodeError::Malformed("an empty unit"))?;
        if head & 0x80 != 0 || count >= MOST_UNITS {
            return Err(DecodeError::Malformed("a forbidden bit, or too many units"));
        }
        match head & 0x1F {
            SLICE => slices += 1,
            KEY_SLICE => keys += 1,
            SEQUENCE if size.is_none() => size = Some(sequence(body).ok_or(DecodeError::Malformed("its sequence"))?),
            PARAMETERS | ENHANCEMENT | DELIMITER => {}
            _ => return Err(DecodeError::Malformed("a kind of unit that nobody sends")),
        }
    }
    match (keys, slices, size) {
        (0, 1.., None) => Ok(AccessUnit { size: None }),
        (1.., 0, Some(size)) => Ok(AccessUnit { size: Some(size) }),
        _ => Err(DecodeError::Malformed("neither a keyframe nor another")),
    }
}

/// The NAL units between start codes, without the zeros that may trail each.
pub(crate) fn units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start(data);
    std::iter::from_fn(move || {
        let from = rest?;
        let end = start(from).unwrap_or(from.len());
        let (unit, next) = from.split_at_checked(end)?;
        rest = after_start(next);
        let zeros = unit.iter().rev().take_while(|byte| **byte == 0).count();
        unit.get(..unit.len() - zeros)
    })
}

/// Where the next start code is. Looks at every third byte where it can: this is the one loop over all of a frame, and a
/// keyframe has 50 kB.
fn start(data: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        match *data.get(at)? {
            1 if data.get(at - 2..at) == Some(&[0, 0]) => return Some(at - 2),
            0 | 1 => at += 1,
            _ => at += 3,
        }
    }
}

fn after_start(data: &[u8]) -> Option<&[u8]> {
    data.get(start(data)? + 3..)
}

/// The size in a sequence parameter set; none if anything in it is out of our bounds.
fn sequence(body: &[u8]) -> Option<Size> {
    let mut bits = Bits::new(body);
    let profile = bits.take(8)?;
    if !PROFILES.contains(&profile) {
        return None;
    }
    bits.take(16)?;
    bits.at_most(31)?;
    if profile == HIGH {
        // 4:2:0 of 8 bits, without scaling matrices.
        let (chroma, luma_bits, chroma_bits) = (bits.golomb()?, bits.golomb()?, bits.golomb()?);
        if (chroma, luma_bits, chroma_bits, bits.take(2)?) != (1, 0, 0, 0) {
            return None;
        }
    }
    bits.at_most(12)?;
    order(&mut bits)?;
    bits.at_most(MOST_REFERENCES)?;
    bits.take(1)?;
    let width = bits.golomb()?.checked_add(1)?.checked_mul(16)?;
    let height = bits.golomb()?.checked_add(1)?.checked_mul(16)?;
    // No interlacing.
    if bits.take(1)? != 1 {
        return None;
    }
    bits.take(1)?;
    if bits.take(1)? == 0 {
        return Size::new(width, height).ok();
    }
    let (left, right, top, bottom) = (bits.golomb()?, bits.golomb()?, bits.golomb()?, bits.golomb()?);
    // In steps of two pixels. Ours are cut off at the right and below alone.
    if (left, top) != (0, 0) || right >= 8 || bottom >= 8 {
        return None;
    }
    // What the library allocates has the whole macroblocks, which are bounded by this too.
    Size::new(width.checked_sub(2 * right)?, height.checked_sub(2 * bottom)?).ok()
}

/// How the order of pictures is told; nothing of it is of interest but its length.
fn order(bits: &mut Bits<'_>) -> Option<()> {
    match bits.golomb()? {
        0 => bits.at_most(12).map(drop),
        1 => {
            bits.take(1)?;
            bits.golomb()?;
            bits.golomb()?;
            let offsets = bits.at_most(255)?;
            (0..offsets).try_for_each(|_| bits.golomb().map(drop))
        }
        2 => Some(()),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A parameter set of the baseline profile for so many macroblocks.
    pub(crate) fn parameters(columns: u32, rows: u32, references: u32) -> Vec<u8> {
        let mut bits = String::new();
        let golomb = |value: u32| {
            let code = format!("{:b}", u64::from(value) + 1);
            format!("{}{code}", "0".repeat(code.len() - 1))
        };
        for value in [0, 0, 2, references] {
            bits += &golomb(value);
        }
        bits += "0";
        bits += &golomb(columns - 1);
        bits += &golomb(rows - 1);
        // Progressive, direct, not cropped, no more, and the stop bit.
        bits += "11001";
        let padded = format!("{bits:0<width$}", width = bits.len().div_ceil(8) * 8);
        let body = (0..padded.len() / 8).map(|at| u8::from_str_radix(&padded[8 * at..8 * at + 8], 2).unwrap());
        [0, 0, 0, 1, 0x67, 66, 0xC0, 31].into_iter().chain(body).collect()
    }

    /// A keyframe whose slice is nonsense.
    pub(crate) fn key(columns: u32, rows: u32, references: u32) -> Vec<u8> {
        let sets = [parameters(columns, rows, references), vec![0, 0, 0, 1, 0x68, 0xCE, 0x3C, 0x80]].concat();
        [sets, vec![0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xA0]].concat()
    }

    #[test]
    fn a_keyframe_says_its_size() {
        let size = Size::new(640, 480).unwrap();
        assert_eq!(look(&key(40, 30, 1)), Ok(AccessUnit { size: Some(size) }));
    }

    #[test]
    fn sizes_and_buffers_out_of_bounds_are_refused() {
        for (columns, rows, references) in [(1_024, 1_024, 1), (1_024, 1, 1), (40, 30, 16), (u32::MAX / 16, 1, 1)] {
            assert!(look(&key(columns, rows, references)).is_err(), "{columns}x{rows}, {references}");
        }
    }

    #[test]
    fn what_is_neither_a_keyframe_nor_another_frame_is_refused() {
        let two_sizes = [parameters(40, 30, 1), key(20, 15, 1)].concat();
        let slice_with_size = [parameters(40, 30, 1), vec![0, 0, 1, 0x41, 0x9A]].concat();
        let many = [0, 0, 1, 0x41, 0x9A].repeat(MOST_UNITS + 1);
        let layered = [vec![0, 0, 1, 0x6F, 66], key(40, 30, 1)].concat();
        let forbidden = vec![0, 0, 1, 0xE5, 1];
        let rows = [
            vec![],
            vec![0; 10],
            vec![0, 0, 1],
            vec![1; 99],
            parameters(40, 30, 1),
            two_sizes,
            slice_with_size,
            many,
            layered,
            forbidden,
        ];
        for data in rows {
            assert!(look(&data).is_err(), "{data:?}");
        }
        assert_eq!(look(&[0, 0, 1, 0x41, 0x9A]), Ok(AccessUnit { size: None }));
    }

    #[test]
    fn any_cut_and_any_bent_bit_is_borne() {
        let whole = key(40, 30, 1);
        for cut in 0..whole.len() {
            let _ = look(&whole[..cut]);
            for bit in 0..8 {
                let mut bent = whole.clone();
                bent[cut] ^= 1 << bit;
                if let Ok(AccessUnit { size: Some(size) }) = look(&bent) {
                    assert!(size.bytes() <= 1_920 * 1_080 * 3 / 2);
                }
            }
        }
    }

    #[test]
    fn a_frame_that_none_builds_on_is_told_by_its_head() {
        assert!(is_reference(&key(40, 30, 1)));
        assert!(is_reference(&[0, 0, 0, 1, 0x41, 0x9A]));
        assert!(!is_reference(&[0, 0, 0, 1, 0x01, 0x9A]));
    }
}
