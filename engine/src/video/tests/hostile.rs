//! What a peer may send that is no picture: nothing of it may panic, be shown, or cost memory.

use super::*;
use crate::video::{codec::access_unit_tests::key, source::test_picture};

fn real(pictures: u16) -> Vec<CodedFrame> {
    let (draw, mut encoder) =
        (test_picture(Size::VGA), H264Encoder::new(Hint::Camera, Rate { bits: 400_000, frames: 30 }));
    (0..pictures).filter_map(|n| encoder.encode(&draw(n, u64::from(n) * 33_333).unwrap(), Size::VGA).unwrap()).collect()
}

fn garbage(length: usize, mut seed: u32) -> Vec<u8> {
    let mut byte = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    (0..length).map(|_| byte()).collect()
}

/// Pushes frames into an eye, waits until all are worked off, and gives what it made of them.
fn seen(frames: impl IntoIterator<Item = CodedFrame>) -> (Sight, bool) {
    let (mut eye, mut pictures, mut wishes) = Eye::open().unwrap();
    for frame in frames {
        eye.push(frame);
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(Duration::from_millis(500));
    let mut any = false;
    while pictures.try_next().is_some() {
        any = true;
    }
    let _ = wishes.try_next();
    (eye.sight(), any)
}

#[test]
fn garbage_is_never_shown_and_real_frames_are_after_it() {
    let whole = real(1).remove(0);
    let as_key = |number, data| CodedFrame { number, follows: number, data, ..whole.clone() };
    let frames = (0..200_u32).map(|at| {
        let data = match at % 4 {
            0 => garbage(at as usize * 50 + 1, at),
            1 => [vec![0, 0, 0, 1], garbage(500, at)].concat(),
            // A slice's head, and then anything.
            2 => [key(40, 30, 1), garbage(2_000, at)].concat(),
            // A keyframe that breaks off, or goes on as another.
            _ => [whole.data[..whole.data.len() * (at as usize % 90 + 5) / 100].to_vec(), garbage(300, at)].concat(),
        };
        as_key(at, data)
    });
    let (mut eye, mut pictures, _wishes) = Eye::open().unwrap();
    for frame in frames {
        eye.push(frame);
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(Duration::from_millis(300));
    while let Some(picture) = pictures.try_next() {
        assert_eq!(picture.size(), Size::VGA);
    }
    for frame in real(10) {
        eye.push(CodedFrame { number: frame.number + 1_000, follows: frame.follows + 1_000, ..frame });
    }
    let began = Instant::now();
    while pictures.try_next().is_none_or(|picture| read_stamp(&picture).is_none()) {
        assert!(began.elapsed() < PATIENCE, "{:?}", eye.sight());
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_bent_bit_of_a_real_frame_is_borne() {
    let frames = real(3);
    let mut decoder = H264Decoder::default();
    for at in 0..400 {
        let mut bent = frames[at % 2].clone();
        let place = at * 7_919 % bent.data.len();
        bent.data[place] ^= 1 << (at % 8);
        if at % 2 == 1 {
            let _ = decoder.decode(&frames[0]);
        }
        if let Ok(picture) = decoder.decode(&bent) {
            assert_eq!(picture.size(), Size::VGA);
        }
    }
    decoder.decode(&frames[0]).unwrap();
    assert!(read_stamp(&decoder.decode(&frames[1]).unwrap()).is_some(), "a hostile frame left something behind");
}

#[test]
fn sizes_that_are_too_large_or_not_what_was_said_are_refused() {
    let whole = real(1).remove(0);
    let huge = |width, height| CodedFrame { width, height, ..whole.clone() };
    let rows = [
        huge(16_384, 16_384),
        huge(0, 0),
        huge(641, 480),
        huge(320, 240),
        CodedFrame { data: key(1_024, 1_024, 1), ..huge(16_384, 16_384) },
        CodedFrame { data: key(1_024, 1_024, 1), ..whole.clone() },
        CodedFrame { data: key(40, 30, 16), ..whole.clone() },
        CodedFrame { data: vec![0; LARGEST_FRAME + 1], ..whole.clone() },
        CodedFrame { data: vec![], ..whole.clone() },
        CodedFrame { key: false, ..whole.clone() },
        CodedFrame { follows: 77, ..whole.clone() },
    ];
    for frame in rows {
        let said = format!("{}x{}, {} bytes", frame.width, frame.height, frame.data.len());
        assert!(H264Decoder::default().decode(&frame).is_err(), "{said}");
        let (sight, any) = seen([frame]);
        assert!(!any && sight.delivered == 0, "{said}: {sight:?}");
    }
}

#[cfg(target_os = "linux")]
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_size_that_changes_with_each_frame_costs_no_more_memory_than_one() {
    let sizes = [(1_920, 1_080), (16, 16), (640, 480), (1_080, 1_920), (322, 182)];
    let keys = sizes.map(|(width, height)| {
        let size = Size::new(width, height).unwrap();
        let picture = test_picture(size)(0, 0).unwrap();
        let mut encoder = H264Encoder::new(Hint::Camera, Rate { bits: 400_000, frames: 30 });
        encoder.encode(&picture, size).unwrap().unwrap()
    });
    let mut decoder = H264Decoder::default();
    let mut round = |count: usize| {
        for (at, frame) in keys.iter().cycle().take(count).enumerate() {
            let number = at as u32;
            decoder.decode(&CodedFrame { number, follows: number, ..frame.clone() }).unwrap();
        }
    };
    round(20);
    let before = resident_kib();
    round(200);
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 60_000, "{grown} KiB more after 200 frames");
}

#[test]
fn a_flood_of_frames_is_bounded_and_counted() {
    let frames = real(2);
    let (mut eye, _pictures, _wishes) = Eye::open().unwrap();
    for number in 0..5_000 {
        // They build on something that never comes.
        eye.push(CodedFrame { number, follows: 99_999, data: vec![1; 100_000], ..frames[1].clone() });
    }
    let began = Instant::now();
    while eye.sight().wishes == 0 {
        assert!(began.elapsed() < PATIENCE, "nobody asked for a keyframe");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(eye.sight().delivered, 0);
}

#[test]
fn thousands_of_requests_make_two_keyframes_a_second() {
    let (video, mut frames, _events) = CallVideo::start(small()).unwrap();
    let (began, mut keys) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_millis(2_200) {
        (0..100).for_each(|_| video.request_keyframe());
        while let Some(frame) = frames.try_next() {
            keys += u32::from(frame.key);
        }
        thread::sleep(Duration::from_millis(1));
    }
    assert!((2..=5).contains(&keys), "{keys} keyframes in 2.2 s");
}
