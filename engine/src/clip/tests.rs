//! What is written reads back; what is damaged, or no clip at all, harms nobody.

use std::{fs, path::PathBuf};

use super::{waveform::BARS, *};
use crate::video::{Encoder, H264Encoder, Hint, Rate, Size, read_stamp, test_picture};

struct Kept(PathBuf);

impl Kept {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("juice-clip-{}-{name}", std::process::id())))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// 20 ms of a sine of 440 Hz.
fn tone(number: usize) -> Vec<f32> {
    let sample = |at: usize| ((at as f32) * 440.0 * std::f32::consts::TAU / RATE as f32).sin() * 0.4;
    (number * FRAME..(number + 1) * FRAME).map(sample).collect()
}

fn ogg_of(kept: &Kept, packets: usize) {
    let mut press = Press::mono().unwrap();
    let file = File::create(&kept.0).unwrap();
    let mut writer = OggWriter::begin(file, press.channels(), press.look_ahead().unwrap()).unwrap();
    (0..packets).for_each(|number| writer.write(press.press(&tone(number)).unwrap()).unwrap());
    writer.finish().unwrap();
}

/// A second for each 50 packets and 25 pictures, with a keyframe each second.
fn movie_of(kept: &Kept, packets: usize) {
    let mut press = Press::mono().unwrap();
    let mut writer = MovieWriter::begin(File::create(&kept.0).unwrap(), press.look_ahead().unwrap()).unwrap();
    let mut encoder = H264Encoder::new(Hint::Camera, Rate { bits: 500_000, frames: 25 });
    let draw = test_picture(Size::VGA);
    for number in 0..packets {
        writer.sound(&press.press(&tone(number)).unwrap()).unwrap();
        if number % 2 == 0 {
            let (picture, at) = (number as u16 / 2, number as u64 * 20_000);
            if number % 50 == 0 {
                encoder.request_keyframe();
            }
            let frame = encoder.encode(&draw(picture, at).unwrap(), Size::VGA).unwrap();
            frame.into_iter().for_each(|frame| writer.picture(at, frame).unwrap());
        }
    }
    writer.finish(packets as u64 * 20_000).unwrap();
}

fn heard(clip: &Clip, from: u64) -> Vec<f32> {
    let mut sound = Sound::from(clip, from).unwrap();
    std::iter::from_fn(|| sound.next(clip)).flatten().collect()
}

fn is_the_tone(samples: &[f32]) -> bool {
    let rises = samples.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    let hertz = rises as f32 * RATE as f32 / samples.len() as f32;
    let energy = samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32;
    energy.sqrt() > 0.2 && (435.0..445.0).contains(&hertz)
}

#[test]
fn sound_reads_back_as_long_as_it_was_and_from_any_moment() {
    let kept = Kept::new("whole.ogg");
    ogg_of(&kept, 150);
    let clip = Clip::open(&kept.0).unwrap();
    assert!((2_980..=3_000).contains(&clip.duration().as_millis()), "{:?}", clip.duration());
    assert!(!clip.has_pictures());
    let all = heard(&clip, 0);
    assert_eq!(all.len() as u64, clip.duration().as_micros() as u64 * 48 / 1_000);
    assert!(is_the_tone(&all[4_800..]));
    let rest = heard(&clip, 96_000);
    assert_eq!(rest.len(), all.len() - 96_000);
    let apart = rest.iter().zip(&all[96_000..]).skip(4_800).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
    assert!(apart < 0.02, "from the middle it sounds as it does from the beginning: {apart}");
    let bars = waveform(&clip).unwrap();
    assert_eq!(bars.len(), BARS);
    assert!(bars.iter().all(|bar| *bar > 180), "{bars:?}");
}

#[test]
fn pictures_read_back_at_their_moments_and_from_any_keyframe() {
    let kept = Kept::new("whole.mp4");
    movie_of(&kept, 150);
    let clip = Clip::open(&kept.0).unwrap();
    assert!((2_980..=3_000).contains(&clip.duration().as_millis()), "{:?}", clip.duration());
    assert!(is_the_tone(&heard(&clip, 0)[4_800..]));
    let seen = |from: u64, until: u64| {
        let mut film = Film::from(&clip, Duration::from_millis(from));
        read_stamp(&film.until(&clip, Duration::from_millis(until)).unwrap()).unwrap().number
    };
    assert_eq!(seen(0, 0), 0);
    assert!((29..=30).contains(&seen(0, 1_200)), "{}", seen(0, 1_200));
    assert!((62..=64).contains(&seen(2_500, 2_560)), "from the keyframe at two seconds");
    let mut film = Film::from(&clip, Duration::ZERO);
    assert!(film.until(&clip, Duration::ZERO).is_some());
    assert!(film.until(&clip, Duration::from_millis(10)).is_none(), "each picture is given once");
    assert!(film.until(&clip, Duration::from_millis(40)).is_some());
}

#[test]
fn what_a_crash_leaves_of_sound_is_heard_up_to_its_last_second() {
    let kept = Kept::new("cut.ogg");
    ogg_of(&kept, 500);
    let bytes = fs::read(&kept.0).unwrap();
    fs::write(&kept.0, &bytes[..bytes.len() * 3 / 4]).unwrap();
    let clip = Clip::open(&kept.0).unwrap();
    assert!((6_000..7_600).contains(&clip.duration().as_millis()), "{:?}", clip.duration());
}

#[test]
fn a_clip_that_is_cut_off_or_changed_anywhere_neither_panics_nor_hangs() {
    let kept = Kept::new("broken");
    let (ogg, movie) = (Kept::new("source.ogg"), Kept::new("source.mp4"));
    ogg_of(&ogg, 60);
    movie_of(&movie, 60);
    let mut seed = 7_u32;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below.max(1)
    };
    for source in [&ogg, &movie] {
        let whole = fs::read(&source.0).unwrap();
        for round in 0..400 {
            let mut bytes = whole.clone();
            if round % 2 == 0 {
                bytes.truncate(random(whole.len()));
            }
            // Half of the damage goes where the tables are: at the ends.
            for _ in 0..random(6) {
                let near = if round % 4 < 2 { whole.len() } else { 3_000.min(whole.len()) };
                let at = whole.len() - 1 - random(near);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random(256) as u8;
                }
            }
            play(&kept, &bytes);
        }
    }
    for length in [0, 1, 3, 4, 7, 8, 16, 100, 5_000] {
        let garbage: Vec<u8> = (0..length).map(|_| random(256) as u8).collect();
        play(&kept, &garbage);
        for head in [&b"OggS"[..], b"\0\0\0\x18ftypisom", b"\0\0\0\x08moov"] {
            play(&kept, &[head, &garbage].concat());
        }
    }
}

/// Plays whatever there is, a second of it.
fn play(kept: &Kept, bytes: &[u8]) {
    fs::write(&kept.0, bytes).unwrap();
    let Ok(clip) = Clip::open(&kept.0) else { return };
    let mut sound = Sound::from(&clip, 0).unwrap();
    (0..50).for_each(|_| drop(sound.next(&clip)));
    let _ = Film::from(&clip, Duration::ZERO).until(&clip, Duration::from_secs(1));
    let _ = Film::from(&clip, Duration::from_secs(3)).until(&clip, Duration::from_secs(3));
}

#[test]
fn tables_that_promise_more_than_any_film_has_are_refused_before_anything_is_made_of_them() {
    let kept = Kept::new("vast.mp4");
    movie_of(&kept, 50);
    let whole = fs::read(&kept.0).unwrap();
    let find = |name: &[u8]| whole.windows(4).rposition(|four| four == name).unwrap();
    // Of a table of equal sizes, and of one of times: four thousand million samples.
    for (name, offset) in [(b"stsz", 8), (b"stts", 12), (b"stsc", 16)] {
        let mut bytes = whole.clone();
        let at = find(name) + offset;
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        fs::write(&kept.0, &bytes).unwrap();
        assert!(matches!(Clip::open(&kept.0), Err(ClipError::Malformed(_))), "{name:?}");
    }
    // A million boxes of nothing before the tables.
    let mut bytes = b"\0\0\0\x10ftypisom\0\0\0\0".to_vec();
    bytes.extend(b"\0\0\0\x08free".repeat(1_000_000));
    fs::write(&kept.0, &bytes).unwrap();
    assert!(matches!(Clip::open(&kept.0), Err(ClipError::Malformed(_))));
}
