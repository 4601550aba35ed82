//! A frame number and a clock written into a picture so that they can be read back after coding, scaling or a screenshot.
//!
//! The upper third of the picture is a grid of 16 columns and 4 rows of equal cells, each white (Y 220) for one and black
//! (Y 32) for zero, without colour, the highest bit on the left:
//!
//! ```text
//!  row 0   number, bits 15 to 0
//!  row 1   clock, bits 31 to 16
//!  row 2   clock, bits 15 to 0
//!  row 3   check: row 0 xor row 1 xor row 2 xor 0xA55A
//! ```
//!
//! Whoever reads takes the mean of the middle half of each cell, so blur, ringing and odd scales do no harm. In RGB the
//! levels are about 237 and 19; anything above 150 is one, below 100 zero, and between them the picture can't be read.
//! A mirrored picture fails the check.

use std::time::{SystemTime, UNIX_EPOCH};

use super::picture::{Picture, Size};

const COLUMNS: usize = 16;
const ROWS: usize = 4;
/// The grid has this share of the picture's height.
const SHARE: usize = 3;
const ONE: u8 = 220;
const ZERO: u8 = 32;
const CHECK: u16 = 0xA55A;
const GREY: u8 = 128;
const CERTAINLY_ZERO: u32 = 100;
const CERTAINLY_ONE: u32 = 150;
/// A cell must have so many pixels each way; less and H.264 blurs them into each other.
const LEAST_CELL: usize = 4;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Counts the pictures of the source, from 0, and wraps.
    pub number: u16,
    /// Units of 100 microseconds of Unix time, wraps after five days; the same in every process of a machine.
    pub clock: u32,
}

impl Stamp {
    /// For a picture of this moment.
    pub fn now(number: u16) -> Self {
        Self { number, clock: clock() }
    }

    /// How old the picture is, in ms; nonsense if older than two days.
    pub fn age_ms(self) -> f64 {
        f64::from(clock().wrapping_sub(self.clock).cast_signed()) / 10.0
    }

    fn rows(self) -> [u16; ROWS] {
        let (high, low) = ((self.clock >> 16) as u16, self.clock as u16);
        [self.number, high, low, self.number ^ high ^ low ^ CHECK]
    }
}

fn clock() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Wraps by design.
    (since.as_micros() / 100) as u32
}

/// One cell's columns, or rows: of `count` over `length` pixels, the one at `at`.
fn span(at: usize, count: usize, length: usize) -> (usize, usize) {
    (at * length / count, (at + 1) * length / count)
}

const fn grid(size: Size) -> (usize, usize) {
    (size.width() as usize, size.height() as usize / SHARE)
}

/// Writes the stamp over the upper third.
pub(super) fn write_stamp(picture: &mut Picture, stamp: Stamp) {
    let (width, height) = grid(picture.size());
    let (y, u, v) = picture.planes_mut();
    for (row, bits) in stamp.rows().into_iter().enumerate() {
        let (top, bottom) = span(row, ROWS, height);
        let mut line = vec![ZERO; width];
        for column in (0..COLUMNS).filter(|column| bits & (0x8000 >> column) != 0) {
            let (left, right) = span(column, COLUMNS, width);
            line.get_mut(left..right).unwrap_or_default().fill(ONE);
        }
        for pixels in y.chunks_mut(width).take(bottom).skip(top) {
            pixels.copy_from_slice(&line);
        }
    }
    for plane in [u, v] {
        plane.get_mut(..width / 2 * height.div_ceil(2)).unwrap_or_default().fill(GREY);
    }
}

/// Reads what the synthetic camera wrote; nothing if the picture is of something else, mirrored, or too far gone.
pub fn read_stamp(picture: &Picture) -> Option<Stamp> {
    let size = picture.size();
    read_luma(picture.planes().0, size.width() as usize, size.height() as usize)
}

/// The same from brightness alone, `width` bytes a row: for screenshots and canvases.
pub fn read_luma(luma: &[u8], width: usize, height: usize) -> Option<Stamp> {
    let height = height / SHARE;
    if width / COLUMNS < LEAST_CELL || height / ROWS < LEAST_CELL {
        return None;
    }
    let mut rows = [0_u16; ROWS];
    for (row, bits) in rows.iter_mut().enumerate() {
        for column in 0..COLUMNS {
            let across = middle(span(column, COLUMNS, width));
            let down = middle(span(row, ROWS, height));
            *bits = *bits << 1 | bit(luma, width, across, down)?;
        }
    }
    let [number, high, low, check] = rows;
    let stamp = Stamp { number, clock: u32::from(high) << 16 | u32::from(low) };
    (number ^ high ^ low ^ CHECK == check).then_some(stamp)
}

const fn middle((from, to): (usize, usize)) -> (usize, usize) {
    let quarter = (to - from) / 4;
    (from + quarter, to - quarter)
}

fn bit(luma: &[u8], width: usize, (left, right): (usize, usize), (top, bottom): (usize, usize)) -> Option<u16> {
    let (mut sum, mut count) = (0_u32, 0_u32);
    for row in luma.chunks_exact(width).take(bottom).skip(top) {
        for pixel in row.get(left..right)? {
            sum += u32::from(*pixel);
            count += 1;
        }
    }
    match sum.checked_div(count)? {
        ..CERTAINLY_ZERO => Some(0),
        CERTAINLY_ONE.. => Some(1),
        CERTAINLY_ZERO..CERTAINLY_ONE => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { number: 0xBEEF, clock: 0x1234_5678 };

    fn stamped(size: Size) -> Picture {
        let mut picture = Picture::filled(size, 0, [90, 128, 128]);
        write_stamp(&mut picture, STAMP);
        picture
    }

    #[test]
    fn a_stamp_is_read_back_in_every_size() {
        for (width, height) in [(320, 240), (640, 360), (480, 360), (1_280, 720), (1_920, 1_080), (66, 50)] {
            let picture = stamped(Size::new(width, height).unwrap());
            assert_eq!(read_stamp(&picture), Some(STAMP), "{width}x{height}");
        }
    }

    #[test]
    fn what_is_no_stamp_is_not_read_as_one() {
        for luma in [0, 16, 128, 235, 255] {
            assert_eq!(read_stamp(&Picture::filled(Size::VGA, 0, [luma, 128, 128])), None, "all {luma}");
        }
        let mut mirrored = stamped(Size::VGA);
        mirrored.planes_mut().0.chunks_mut(640).for_each(<[u8]>::reverse);
        assert_eq!(read_stamp(&mirrored), None);
    }

    #[test]
    fn a_stamp_tells_its_age() {
        let stamp = Stamp::now(1);
        assert!((0.0..1_000.0).contains(&stamp.age_ms()));
        let older = Stamp { clock: stamp.clock.wrapping_sub(500), ..stamp };
        assert!((50.0..1_050.0).contains(&older.age_ms()));
    }
}
