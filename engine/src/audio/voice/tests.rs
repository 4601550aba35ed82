//! A voice over bad networks, in virtual time: what arrives when is computed, so nothing here depends on the machine.

use super::*;
use crate::audio::{
    adapt::{self, Link},
    encoder::{VoiceEncoder, tests::voice},
    frame::FrameLength,
};

/// One way from a peer: when a frame arrives, in ms after it was captured; never if lost.
type Way = dyn Fn(usize) -> Option<i64>;

struct Heard {
    sound: Vec<f32>,
    reception: Reception,
    /// Each 10 ms.
    delays: Vec<f32>,
}

/// Deterministic chance, 0 to 1.
fn chance(of: usize, seed: u64) -> f64 {
    let mut x = (of as u64).wrapping_add(seed << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 32;
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

fn frames(seconds: usize, loss: f32) -> Vec<VoiceFrame> {
    let coding = adapt::coding(Link { loss, ..Link::default() }, FrameLength::Ms20);
    let mut encoder = VoiceEncoder::new(coding).unwrap();
    voice(seconds * 48_000).chunks(BLOCK).filter_map(|block| encoder.encode(block).unwrap()).collect()
}

/// Plays these frames over this way; the peer's clock runs by `drift` parts in a million too fast.
fn play(frames: &[VoiceFrame], drift: i64, way: &Way) -> Heard {
    let mut arrivals: Vec<(i64, VoiceFrame)> = vec![];
    for (at, frame) in frames.iter().enumerate() {
        let since = i64::from(frame.captured.wrapping_sub(frames[0].captured)) + 960;
        let sent = since - since * drift / 1_000_000;
        if let Some(delay) = way(at) {
            arrivals.push((sent + delay * MS, frame.clone()));
        }
    }
    arrivals.sort_by_key(|(at, _)| *at);
    let end = arrivals.last().map_or(0, |(at, _)| *at) + 200 * MS;
    let mut voice = Voice::new().unwrap();
    let mut heard = Heard { sound: vec![], reception: Reception::default(), delays: vec![] };
    let mut arrivals = arrivals.into_iter().peekable();
    let mut block = [0.0; BLOCK];
    for now in (0..end).step_by(BLOCK) {
        while let Some((at, frame)) = arrivals.next_if(|(at, _)| *at <= now) {
            voice.arrive(frame, at);
        }
        voice.play(now, &mut block);
        heard.sound.extend(block);
        heard.delays.push(voice.reception().delay_ms);
    }
    heard.reception = voice.reception();
    heard
}

#[test]
fn an_even_way_is_heard_whole_with_little_delay() {
    let heard = play(&frames(10, 0.0), 0, &|_| Some(40));
    assert_eq!((heard.reception.expected, heard.reception.received), (500, 500));
    assert_eq!((heard.reception.concealed, heard.reception.late), (0, 0));
    assert!(heard.reception.delay_ms <= 30.0, "{}", heard.reception.delay_ms);
}

#[test]
fn on_an_even_way_a_frame_waits_for_no_more_than_the_next_call_of_the_speaker() {
    for (length, samples) in [(FrameLength::Ms10, 480), (FrameLength::Ms20, 960)] {
        let coding = adapt::coding(Link { good: true, ..Link::default() }, length);
        let mut encoder = VoiceEncoder::new(coding).unwrap();
        let frames: Vec<VoiceFrame> =
            voice(480_000).chunks(BLOCK).filter_map(|block| encoder.encode(block).unwrap()).collect();
        for phase in 0..10 {
            let heard = play(&frames, 0, &move |_| Some(40 + phase));
            let Reception { delay_ms, concealed, late, .. } = heard.reception;
            assert!((2.0..=13.5).contains(&delay_ms), "{samples} samples, {phase} ms: {delay_ms}");
            assert_eq!((concealed, late), (0, 0), "{samples} samples, {phase} ms");
        }
    }
}

#[test]
fn jitter_raises_the_delay_as_far_as_needed_and_no_further() {
    let heard = play(&frames(20, 0.0), 0, &|at| Some(40 + (chance(at, 1) * 60.0) as i64));
    assert!((60.0..100.0).contains(&heard.reception.delay_ms), "{}", heard.reception.delay_ms);
    assert!(heard.reception.late + heard.reception.concealed < 20, "{:?}", heard.reception);
}

#[test]
fn most_of_what_is_lost_at_random_comes_from_redundancy() {
    let frames = frames(20, 0.1);
    let is_lost = |at: usize| chance(at, 2) <= 0.1;
    let heard = play(&frames, 0, &move |at| (!is_lost(at)).then_some(40));
    let lost = (1..frames.len() - 1).filter(|at| is_lost(*at));
    let curable = lost.filter(|at| !is_lost(at + 1) && has_copy(&frames[at + 1].opus)).count() as u64;
    let Reception { concealed, recovered_by_fec, .. } = heard.reception;
    assert!(concealed + recovered_by_fec > 60, "{:?}", heard.reception);
    assert!(recovered_by_fec * 10 > curable * 9, "of {curable} copies: {:?}", heard.reception);
    assert!(curable > 30, "the encoder makes no copies");
}

#[test]
fn on_a_direct_way_copies_are_made_against_any_loss_that_is_worth_them() {
    for loss in [0.01, 0.02, 0.05, 0.1, 0.2, 0.5] {
        let frames = frames(4, loss);
        let copies = frames.iter().filter(|frame| has_copy(&frame.opus)).count();
        assert!(copies * 2 > frames.len(), "{copies} copies in {} packets against {loss}", frames.len());
    }
}

#[test]
fn reordered_and_doubled_frames_are_played_once_and_in_order() {
    let even = play(&frames(6, 0.0), 0, &|_| Some(40));
    // Every fifth comes 25 ms later, after its successor.
    let mut swapped = frames(6, 0.0);
    swapped.extend(swapped.clone());
    let heard = play(&swapped, 0, &|at| Some(40 + if at % 5 == 0 { 25 } else { 0 }));
    assert_eq!(heard.reception.duplicates + heard.reception.late, 300, "{:?}", heard.reception);
    assert!(heard.reception.concealed <= 2, "{:?}", heard.reception);
    let (one, other) = (meter::rms(&even.sound[96_000..240_000]), meter::rms(&heard.sound[96_000..240_000]));
    assert!((one / other - 1.0).abs() < 0.05, "{one} and {other}");
}

#[test]
fn a_burst_of_losses_becomes_silence_and_not_a_drone() {
    let heard = play(&frames(8, 0.0), 0, &|at| (!(200..225).contains(&at)).then_some(40));
    let gap = &heard.sound[(4_000 + 40 + 20 + 250) * 48..(4_000 + 40 + 20 + 450) * 48];
    assert!(meter::rms(gap) < 0.003, "{}", meter::rms(gap));
    assert_eq!(heard.reception.concealed + heard.reception.recovered_by_fec, 25);
}

#[test]
fn after_a_stall_the_delay_is_back_to_normal_within_three_seconds() {
    for stall in [300, 700, 1_500] {
        let from = 400;
        let held = stall / 20;
        let heard = play(&frames(16, 0.0), 0, &move |at| {
            Some(40 + if (from..from + held).contains(&at) { ((from + held - at) * 20) as i64 } else { 0 })
        });
        let over = (from * 20 + stall) / 10;
        let before = heard.delays[over - stall / 10 - 20];
        let after = heard.delays[over + 300];
        assert!(after < before + 30.0, "{stall} ms: {before} ms before, {after} ms three seconds after");
        assert!(heard.delays[over + 20] > before + 50.0, "there was no stall to recover from");
    }
}

#[test]
fn clocks_that_drift_apart_are_followed() {
    let frames = frames(30, 0.0);
    for drift in [-500, 500] {
        let heard = play(&frames, drift, &|_| Some(40));
        assert!(heard.reception.delay_ms < 60.0, "{drift}: {}", heard.reception.delay_ms);
        assert!(heard.reception.concealed + heard.reception.late <= 2, "{drift}: {:?}", heard.reception);
    }
}

#[test]
fn numbers_and_times_may_wrap_in_the_middle_of_a_word() {
    let mut frames = frames(6, 0.0);
    for frame in &mut frames {
        frame.number = frame.number.wrapping_sub(100);
        frame.captured = frame.captured.wrapping_sub(100 * 960 + 17);
    }
    let heard = play(&frames, 0, &|_| Some(40));
    assert_eq!((heard.reception.received, heard.reception.concealed), (300, 0));
    assert_eq!(heard.reception.expected, 300);
}

#[test]
fn garbage_is_dropped_and_counted_and_heard_for_no_longer_than_its_frame() {
    let good = frames(6, 0.0);
    let clean = play(&good, 0, &|_| Some(40));
    let mut bad = good;
    for (at, frame) in bad.iter_mut().enumerate() {
        if at % 50 == 25 {
            // No Opus at all, by turns with something that looks like it.
            frame.opus = if at % 100 == 25 { vec![0xff; 9] } else { vec![0x48, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3] };
        }
    }
    let heard = play(&bad, 0, &|_| Some(40));
    assert_eq!(heard.reception.refused, 3, "{:?}", heard.reception);
    let loudest = |sound: &[f32]| sound.iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
    assert!(loudest(&heard.sound) < loudest(&clean.sound) * 2.0 + 0.1, "garbage is louder than the voice");
    let level = |sound: &[f32]| meter::rms(&sound[48_000..240_000]);
    assert!((level(&heard.sound) / level(&clean.sound) - 1.0).abs() < 0.2, "the voice doesn't get over it");
}

#[test]
fn a_pause_is_no_loss_and_what_follows_is_on_time() {
    let coding = adapt::coding(Link::default(), FrameLength::Ms20);
    let mut encoder = VoiceEncoder::new(coding).unwrap();
    let sound: Vec<f32> = [voice(144_000), vec![0.0; 144_000], voice(144_000)].concat();
    let frames: Vec<VoiceFrame> = sound.chunks(BLOCK).filter_map(|block| encoder.encode(block).unwrap()).collect();
    let heard = play(&frames, 0, &|_| Some(40));
    assert_eq!((heard.reception.concealed, heard.reception.late), (0, 0), "{:?}", heard.reception);
    let last = heard.sound.iter().rposition(|sample| sample.abs() > 0.02).unwrap() / 48;
    let said = sound.iter().rposition(|sample| sample.abs() > 0.02).unwrap() / 48;
    assert!((40..140).contains(&(last - said)), "the last word is heard after {} ms", last - said);
}

#[test]
fn a_flood_of_anything_neither_panics_nor_grows() {
    let mut voice = Voice::new().unwrap();
    let mut block = [0.0; BLOCK];
    for at in 0..20_000_usize {
        let any = |seed| (chance(at, seed) * 256.0) as u8;
        let length = (chance(at, 3) * 40.0) as usize;
        let opus = (0..length).map(|byte| (chance(at * 64 + byte, 4) * 256.0) as u8).collect();
        let near = at as u32 / 3;
        let number = if any(5) < 230 { near.wrapping_add(u32::from(any(6))) } else { u32::from(any(7)) << 24 };
        let captured = if any(8) < 230 { number.wrapping_mul(960) } else { u32::from(any(9)) << 23 };
        voice.arrive(VoiceFrame { number, captured, opus }, at as i64 * 160);
        if at % 3 == 0 {
            voice.play(at as i64 * 160, &mut block);
            assert!(block.iter().all(|sample| sample.is_finite() && sample.abs() < 4.0));
        }
    }
}
