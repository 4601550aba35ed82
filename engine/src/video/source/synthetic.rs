//! A camera without hardware: a ball that bounces before a shaded wall, under the stamp, above patches of known colours.
//!
//! Below the stamp's third there is a wall in shades of grey with a soft pattern and a sensor's noise, so that it takes the
//! bits that a room would, on which a ball of one eighth of the height moves; the lowest eighth has four patches from left to right, red, green, blue and white, by which a test sees
//! that a picture is the right way up and in its colours.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{AboutSource, CameraId, VideoSource, Wanted};
use crate::video::{
    clock::MediaClock,
    error::VideoError,
    picture::{Picture, Size},
    stamp::{Stamp, write_stamp},
};

/// Y, U and V of red, green, blue and white in BT.601.
pub(crate) const PATCHES: [[u8; 3]; 4] = [[81, 90, 240], [145, 54, 34], [41, 240, 110], [235, 128, 128]];
/// A warm tone.
const BALL: [u8; 3] = [170, 100, 170];
/// Pictures after which the noise comes again: more than lie between two that build on each other.
const NOISES: usize = 4;
/// Levels of noise, as many as a webcam has indoors.
const NOISE: u8 = 6;
/// After a sleep of the system there is no use in catching up.
const TOO_LATE: Duration = Duration::from_millis(200);

/// See the module.
pub(super) struct TestPicture {
    about: AboutSource,
    clock: MediaClock,
    walls: Vec<Picture>,
    number: u16,
    due: Instant,
}

impl TestPicture {
    pub(super) fn new(wanted: Wanted, clock: MediaClock) -> Self {
        let rate = wanted.rate.clamp(1, 60);
        let id = CameraId("synthetic:test-picture".to_owned());
        let about = AboutSource { id, name: "Test picture".to_owned(), size: wanted.size, rate };
        Self { about, clock, walls: walls(wanted.size), number: 0, due: Instant::now() }
    }
}

impl VideoSource for TestPicture {
    fn about(&self) -> &AboutSource {
        &self.about
    }

    fn read(&mut self) -> Result<Picture, VideoError> {
        let now = Instant::now();
        if now > self.due + TOO_LATE {
            self.due = now;
        }
        thread::sleep(self.due.saturating_duration_since(now));
        self.due += Duration::from_secs(1) / self.about.rate;
        let picture = draw(&self.walls, self.number, self.clock.micros())?;
        self.number = self.number.wrapping_add(1);
        Ok(picture)
    }
}

/// The picture of this number.
pub(super) fn draw(walls: &[Picture], number: u16, captured: u64) -> Result<Picture, VideoError> {
    let wall = walls.get(usize::from(number) % NOISES).ok_or_else(|| VideoError::Absurd("no wall".to_owned()))?;
    let size = wall.size();
    let mut picture = Picture::new(size, captured, wall.data().to_vec())?;
    let (width, height) = (size.width() as usize, size.height() as usize);
    let side = (height / 8).max(2);
    let (top, bottom) = (height / 3 + side / 4, height * 7 / 8 - side - side / 4);
    let step = usize::from(number);
    let left = bounce(step * width / 96, width.saturating_sub(side));
    let from_top = top + bounce(step * height / 160, bottom.saturating_sub(top));
    disc(&mut picture, left, from_top, side);
    write_stamp(&mut picture, Stamp::now(number));
    Ok(picture)
}

/// To and fro between 0 and `most`.
fn bounce(way: usize, most: usize) -> usize {
    let most = most.max(1);
    let at = way % (2 * most);
    at.min(2 * most - at)
}

fn disc(picture: &mut Picture, left: usize, top: usize, side: usize) {
    let width = picture.size().width() as usize;
    let (y, u, v) = picture.planes_mut();
    let [ball_y, ball_u, ball_v] = BALL;
    for (plane, colour, half) in [(y, ball_y, 1), (u, ball_u, 2), (v, ball_v, 2)] {
        let (width, left, top, side) = (width / half, left / half, top / half, side / half);
        for (at, row) in plane.chunks_mut(width.max(1)).skip(top).take(side).enumerate() {
            let from_middle = (2 * at + 1) as f32 / side as f32 - 1.0;
            let reach = ((1.0 - from_middle * from_middle).max(0.0).sqrt() * side as f32 / 2.0) as usize;
            let middle = left + side / 2;
            let (from, to) = (middle.saturating_sub(reach), (middle + reach).min(width));
            row.get_mut(from..to).unwrap_or_default().fill(colour);
        }
    }
}

/// What doesn't move, each time with other noise.
pub(super) fn walls(size: Size) -> Vec<Picture> {
    let (quiet, from) = (wall(size), size.luma() / 3);
    let mut seed = 1_u32;
    let noisy = |_| {
        let mut wall = quiet.clone();
        let until = size.height() as usize * 7 / 8 * size.width() as usize;
        for pixel in wall.planes_mut().0.get_mut(from..until).unwrap_or_default() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *pixel = pixel.wrapping_add((seed >> 24) as u8 % NOISE);
        }
        wall
    };
    (0..NOISES).map(noisy).collect()
}

fn wall(size: Size) -> Picture {
    let mut picture = Picture::filled(size, 0, [128; 3]);
    let (width, height) = (size.width() as usize, size.height() as usize);
    let patches = height * 7 / 8;
    let (y, u, v) = picture.planes_mut();
    for (row, pixels) in y.chunks_mut(width).enumerate() {
        for (column, pixel) in pixels.iter_mut().enumerate() {
            // A gradient, and waves as soft as a face's features.
            let (across, down) = (column as f32 / width as f32, row as f32 / height as f32);
            let waves = (across * 40.0).sin() * (down * 30.0).cos() * 12.0;
            *pixel = (70.0 + across * 70.0 + down * 40.0 + waves) as u8;
        }
    }
    for (at, plane) in [(0, y), (1, u), (2, v)] {
        let half = if at == 0 { 1 } else { 2 };
        let width = width / half;
        for row in plane.chunks_mut(width.max(1)).skip(patches / half) {
            for (patch, pixels) in PATCHES.iter().zip(row.chunks_mut(width.div_ceil(PATCHES.len()).max(1))) {
                pixels.fill(patch.get(at).copied().unwrap_or_default());
            }
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::stamp::read_stamp;

    #[test]
    fn pictures_come_at_their_rate_are_numbered_dated_and_move() {
        let clock = MediaClock::default();
        let mut camera = TestPicture::new(Wanted { size: Size::VGA, rate: 50 }, clock);
        let pictures: Vec<Picture> = (0..10).map(|_| camera.read().unwrap()).collect();
        for (number, picture) in pictures.iter().enumerate() {
            let stamp = read_stamp(picture).unwrap();
            assert_eq!(usize::from(stamp.number), number);
        }
        let took = pictures[9].captured() - pictures[0].captured();
        assert!((150_000..400_000).contains(&took), "nine steps of 20 ms took {took} us");
        let below = |picture: &Picture| picture.planes().0[640 * 160..].to_vec();
        assert_ne!(below(&pictures[0]), below(&pictures[9]), "nothing moves");
    }

    #[test]
    fn every_size_can_be_drawn() {
        for (width, height) in [(16, 16), (18, 20), (1_920, 16), (16, 1_080), (320, 240), (1_080, 1_920)] {
            let walls = walls(Size::new(width, height).unwrap());
            for number in [0, 1, 77, u16::MAX] {
                draw(&walls, number, 0).unwrap();
            }
        }
    }

    #[test]
    fn the_patches_are_where_they_are_said_to_be() {
        let picture = draw(&walls(Size::VGA), 0, 0).unwrap();
        let (y, u, v) = picture.planes();
        for (at, patch) in PATCHES.into_iter().enumerate() {
            let (column, row) = (80 + 160 * at, 450);
            let half = row / 2 * 320 + column / 2;
            assert_eq!([y[row * 640 + column], u[half], v[half]], patch, "patch {at}");
        }
    }
}
