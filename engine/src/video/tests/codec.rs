//! The codec alone: what survives it, what a lost frame does, and whether it spends what it may.

use super::*;
use crate::video::source::{PATCHES, test_picture};

const HZ: u64 = 30;

/// Codes so many test pictures from `first` on.
fn coded(encoder: &mut H264Encoder, size: Size, pictures: std::ops::Range<u16>, hz: u64) -> Vec<CodedFrame> {
    let draw = test_picture(size);
    let draw = |number: u16| draw(number, u64::from(number) * 1_000_000 / hz).unwrap();
    pictures.filter_map(|number| encoder.encode(&draw(number), size).unwrap()).collect()
}

fn encoder(bits: u32) -> H264Encoder {
    H264Encoder::new(Hint::Camera, Rate { bits, frames: HZ as u32 })
}

fn kbit_s(frames: &[CodedFrame], pictures: u64) -> u64 {
    frames.iter().map(|frame| frame.data.len() as u64).sum::<u64>() * 8 * HZ / pictures / 1_000
}

#[test]
fn every_stamp_is_read_back_at_300_kbit() {
    let codec = measure(Size::VGA, 300_000, 120).unwrap();
    assert!(codec.frames >= 100, "{codec:?}");
    assert_eq!(codec.read, codec.frames, "{codec:?}");
    assert!((100.0..360.0).contains(&codec.kbit_s), "{codec:?}");
}

#[test]
fn stamps_survive_100_kbit_in_a_small_picture() {
    let size = Size::new(320, 240).unwrap();
    let mut encoder = H264Encoder::new(Hint::Camera, Rate { bits: 100_000, frames: 15 });
    let mut decoder = H264Decoder::default();
    let frames = coded(&mut encoder, size, 0..150, 15);
    assert!(frames.len() > 100, "{}", frames.len());
    for frame in frames {
        let picture = decoder.decode(&frame).unwrap();
        let stamp = read_stamp(&picture).unwrap();
        assert_eq!(u64::from(stamp.number) * 1_000_000 / 15, frame.captured);
    }
}

#[test]
fn a_picture_is_the_right_way_up_and_in_its_colours() {
    let frames = coded(&mut encoder(600_000), Size::VGA, 0..10, HZ);
    let mut decoder = H264Decoder::default();
    let picture = frames.iter().map(|frame| decoder.decode(frame).unwrap()).last().unwrap();
    let (y, u, v) = picture.planes();
    for (at, patch) in PATCHES.into_iter().enumerate() {
        let (column, row) = (80 + 160 * at, 450);
        let half = row / 2 * 320 + column / 2;
        for (is, meant) in [y[row * 640 + column], u[half], v[half]].into_iter().zip(patch) {
            assert!(is.abs_diff(meant) <= 12, "patch {at}: {is} for {meant}");
        }
    }
}

#[test]
fn every_second_frame_may_be_lost_unseen() {
    let frames = coded(&mut encoder(300_000), Size::VGA, 0..90, HZ);
    let droppable = frames.iter().filter(|frame| frame.layer == Layer::Droppable).count();
    assert!(droppable * 5 > frames.len() * 2, "{droppable} of {}", frames.len());
    let (mut all, mut fewer) = (H264Decoder::default(), H264Decoder::default());
    for frame in &frames {
        let whole = all.decode(frame).unwrap();
        if frame.layer == Layer::Base {
            assert_eq!(fewer.decode(frame).unwrap(), whole, "frame {} differs", frame.number);
        }
    }
}

#[test]
fn a_lost_base_frame_shows_nothing_broken_and_a_keyframe_helps() {
    let mut encoder = encoder(300_000);
    let frames = coded(&mut encoder, Size::VGA, 0..30, HZ);
    let lost = frames.iter().position(|frame| frame.layer == Layer::Base && frame.number > 10).unwrap();
    let mut decoder = H264Decoder::default();
    for frame in &frames[..lost] {
        decoder.decode(frame).unwrap();
    }
    for frame in &frames[lost + 1..] {
        assert_eq!(decoder.decode(frame), Err(DecodeError::NeedsKeyframe));
    }
    assert!(decoder.needs_keyframe());
    encoder.request_keyframe();
    let later = coded(&mut encoder, Size::VGA, 30..40, HZ);
    assert!(later[0].key && later[1..].iter().all(|frame| !frame.key), "one keyframe, and at once");
    for frame in later {
        assert!(read_stamp(&decoder.decode(&frame).unwrap()).is_some());
    }
}

#[test]
fn a_frame_that_lies_about_what_it_builds_on_shows_nothing() {
    let frames = coded(&mut encoder(300_000), Size::VGA, 0..30, HZ);
    let bases: Vec<&CodedFrame> = frames.iter().filter(|frame| frame.layer == Layer::Base).collect();
    let mut decoder = H264Decoder::default();
    decoder.decode(bases[0]).unwrap();
    let lie = CodedFrame { follows: bases[0].number, ..bases[3].clone() };
    assert!(matches!(decoder.decode(&lie), Err(DecodeError::Refused(_))));
    assert_eq!(decoder.decode(bases[1]), Err(DecodeError::NeedsKeyframe), "its state is unknown");
}

#[test]
fn the_bitrate_changes_in_the_middle_without_a_keyframe() {
    let mut encoder = encoder(600_000);
    let first = coded(&mut encoder, Size::VGA, 0..120, HZ);
    let mut rates = vec![];
    for (bits, from) in [(150_000, 120), (500_000, 300)] {
        encoder.set_rate(Rate { bits, frames: HZ as u32 });
        // The first second is for the change.
        let change = coded(&mut encoder, Size::VGA, from..from + 30, HZ);
        let steady = coded(&mut encoder, Size::VGA, from + 30..from + 180, HZ);
        assert!(change.iter().chain(&steady).all(|frame| !frame.key), "a keyframe at {bits}");
        rates.push(kbit_s(&steady, 150));
    }
    let is_followed = (120..180).contains(&rates[0]) && (420..560).contains(&rates[1]);
    assert!(is_followed, "{} then {rates:?} kbit/s", kbit_s(&first, 120));
}

#[test]
fn another_scene_begins_with_a_keyframe() {
    let mut encoder = encoder(600_000);
    coded(&mut encoder, Size::VGA, 0..30, HZ);
    let mut data = vec![128; Size::VGA.bytes()];
    for (at, y) in data[..640 * 480].iter_mut().enumerate() {
        *y = if (at % 640 / 40 + at / 640 / 24) % 2 == 0 { 40 } else { 210 };
    }
    let scene = |at: u64| Picture::new(Size::VGA, at * 1_000_000 / HZ, data.clone()).unwrap();
    let frames: Vec<CodedFrame> = (30..34).filter_map(|at| encoder.encode(&scene(at), Size::VGA).unwrap()).collect();
    assert!(frames[0].key, "whoever lost the scene before sees this one");
}

#[test]
fn a_picture_is_made_smaller_with_its_proportions_and_colours() {
    let draw = test_picture(Size::HD);
    for (width, height) in [(640, 360), (480, 270), (320, 180), (418, 234)] {
        let size = Size::new(width, height).unwrap();
        let (mut encoder, mut decoder) = (encoder(300_000), H264Decoder::default());
        for number in 0..6 {
            let picture = draw(number, u64::from(number) * 1_000_000 / HZ).unwrap();
            let Some(frame) = encoder.encode(&picture, size).unwrap() else { continue };
            assert_eq!(frame.key, number == 0, "{size:?}");
            let small = decoder.decode(&frame).unwrap();
            assert_eq!(small.size(), size);
            assert_eq!(read_stamp(&small).map(|stamp| stamp.number), Some(number), "{size:?}");
            let (width, row) = (width as usize, height as usize * 15 / 16);
            for (at, [y, ..]) in PATCHES.into_iter().enumerate() {
                let is = small.planes().0[row * width + width * (2 * at + 1) / 8];
                assert!(is.abs_diff(y) <= 12, "{size:?}, patch {at}: {is} for {y}");
            }
        }
    }
}

#[test]
fn another_size_or_kind_begins_with_a_keyframe_and_the_numbers_run_on() {
    let (mut encoder, mut decoder) = (encoder(300_000), H264Decoder::default());
    let sizes = [Size::VGA, Size::new(320, 240).unwrap(), Size::new(360, 640).unwrap(), Size::new(322, 182).unwrap()];
    let mut number = 0;
    for (at, size) in sizes.into_iter().enumerate() {
        encoder.set_hint(if at % 2 == 0 { Hint::Camera } else { Hint::Screen });
        let frames = coded(&mut encoder, size, at as u16 * 5..at as u16 * 5 + 5, HZ);
        assert!(frames[0].key, "{size:?}");
        for frame in frames {
            assert_eq!(frame.number, number);
            number += 1;
            assert_eq!(decoder.decode(&frame).unwrap().size(), size);
        }
    }
}
