//! Makes a screen's pixels fewer: each one is the mean of the area that it covers, so that thin lines don't vanish.
//!
//! First rows are added up, then columns, in 16 bits: what a mean is made of has shares that come to 256.

use std::ops::Range;

use crate::video::picture::Size;

/// All of a mean; of a byte it is just what 16 bits hold.
const WHOLE: usize = 256;

/// The first and third byte of a pixel, and half of [`WHOLE`] in each, by which a mean is rounded.
const EVEN: u32 = 0x00ff_00ff;
const HALVES: u32 = 0x0080_0080;

/// Of what rows, or columns, those of the result are the mean.
struct Spans {
    /// The first one, and where its shares are.
    spans: Vec<(usize, Range<usize>)>,
    shares: Vec<u16>,
}

impl Spans {
    /// For `to` places made of `from`.
    fn new(from: usize, to: usize) -> Self {
        let (mut spans, mut shares) = (Vec::with_capacity(to), vec![]);
        // A place of the source is `to` long here, one of the result `from`.
        for (begin, end) in (0..to).map(|at| (at * from, (at + 1) * from)) {
            let (first, before) = (begin / to, shares.len());
            let mut given = 0;
            for place in first..end.div_ceil(to) {
                let covered = end.min((place + 1) * to) - begin;
                let until_here = (covered * WHOLE + from / 2) / from;
                shares.push(u16::try_from(until_here - given).unwrap_or_default());
                given = until_here;
            }
            spans.push((first, before..shares.len()));
        }
        Self { spans, shares }
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &[u16])> {
        self.spans.iter().map(|(first, shares)| (*first, self.shares.get(shares.clone()).unwrap_or_default()))
    }
}

/// From `width` x `height` pixels of four bytes to those of `size`, which is no larger.
pub(super) fn shrink(pixels: &[u8], (width, height): (usize, usize), size: Size, small: &mut Vec<u8>) {
    let columns = Spans::new(width, size.width() as usize);
    let (mut sums, mut line) = (vec![0_u16; 4 * width], vec![0_u8; 4 * width]);
    small.resize(4 * size.luma(), 0);
    let rows = Spans::new(height, size.height() as usize);
    for (small, (first, shares)) in small.chunks_exact_mut(4 * size.width() as usize).zip(rows.iter()) {
        sums.fill(WHOLE as u16 / 2);
        let lines = pixels.chunks_exact(4 * width.max(1)).skip(first);
        for (line, share) in lines.zip(shares) {
            for (sum, value) in sums.iter_mut().zip(line) {
                *sum += share * u16::from(*value);
            }
        }
        line.iter_mut().zip(&sums).for_each(|(value, sum)| *value = (sum / WHOLE as u16) as u8);
        let line = line.as_chunks::<4>().0;
        for (small, (first, shares)) in small.as_chunks_mut::<4>().0.iter_mut().zip(columns.iter()) {
            // Two bytes of a pixel at once, each in 16 bits.
            let (mut even, mut odd) = (HALVES, HALVES);
            let covered = line.get(first..first + shares.len()).unwrap_or_default();
            for (pixel, share) in covered.iter().zip(shares) {
                let (pixel, share) = (u32::from_le_bytes(*pixel), u32::from(*share));
                even += (pixel & EVEN) * share;
                odd += ((pixel >> 8) & EVEN) * share;
            }
            *small = (((even >> 8) & EVEN) | (odd & !EVEN)).to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_what_it_covers() {
        let size = Size::new(16, 16).unwrap();
        let mut small = vec![];
        // Three columns become two: black, white, black, over and over.
        let row: Vec<u8> = (0..24).flat_map(|column| [[0; 4], [240; 4], [0; 4]][column % 3]).collect();
        shrink(&row.repeat(40), (24, 40), size, &mut small);
        assert_eq!(small.len(), 16 * 16 * 4);
        assert!(small.iter().all(|value| *value == 80), "a third of white in each: {:?}", &small[..16]);
        shrink(&[255; 4 * 24 * 40], (24, 40), size, &mut small);
        assert!(small.iter().all(|value| *value == 255), "nothing is lost, or too much");
    }

    #[test]
    fn what_is_where_stays_there() {
        let size = Size::new(32, 16).unwrap();
        let (mut pixels, mut small) = (vec![0; 50 * 30 * 4], vec![]);
        // The lower right quarter.
        for row in 15..30 {
            pixels[(row * 50 + 25) * 4..(row + 1) * 50 * 4].fill(200);
        }
        shrink(&pixels, (50, 30), size, &mut small);
        for (column, row, value) in [(0, 0, 0), (31, 0, 0), (0, 15, 0), (31, 15, 200), (16, 8, 200), (15, 8, 0)] {
            assert_eq!(small[(row * 32 + column) * 4], value, "{column}, {row}");
        }
    }

    #[test]
    fn what_is_too_short_is_black() {
        let mut small = vec![];
        shrink(&[255; 7], (64, 64), Size::new(16, 16).unwrap(), &mut small);
        assert_eq!(small.len(), 16 * 16 * 4);
        assert_eq!(small[small.len() - 1], 0);
    }
}
