//! The whole corridor, on synthetic devices: what goes in at one end comes out at the other.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use super::*;

fn silent(setup: Setup) -> Setup {
    Setup {
        microphone: DeviceChoice::Synthetic(Source::Silence),
        speaker: DeviceChoice::Synthetic(Sink::Nothing),
        ..setup
    }
}

fn plain() -> Processing {
    Processing { echo: false, noise: false, gain: false }
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("juice-audio-{}-{name}.wav", std::process::id()))
}

/// Carries frames for so long, each through `way`.
fn carry(from: &mut VoiceFrames, to: &mut Ear, time: Duration, mut way: impl FnMut(&VoiceFrame) -> bool) -> usize {
    let (began, mut carried) = (Instant::now(), 0);
    while began.elapsed() < time {
        while let Some(frame) = from.try_next() {
            if way(&frame) {
                carried += 1;
                to.push(frame);
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
    carried
}

/// Strength of a frequency in a sound, 0 to 1 of its energy (Goertzel's method).
fn share_of(hertz: f32, sound: &[f32]) -> f32 {
    let coefficient = 2.0 * (std::f32::consts::TAU * hertz / RATE as f32).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in sound {
        (last, before) = (sample + coefficient * last - before, last);
    }
    let power = last * last + before * before - coefficient * last * before;
    let energy: f32 = sound.iter().map(|sample| sample * sample).sum();
    2.0 * power / (energy * sound.len() as f32)
}

#[test]
fn a_tone_goes_through_the_whole_corridor() {
    let path = file("tone");
    let tone = DeviceChoice::Synthetic(Source::Tone { hertz: 440 });
    let sink = DeviceChoice::Synthetic(Sink::File(path.clone()));
    let (alice, mut frames, _events) =
        CallAudio::start(Setup { microphone: tone, processing: plain(), ..silent(Setup::default()) }).unwrap();
    let (bob, _, _events) = CallAudio::start(Setup { speaker: sink, ..silent(Setup::default()) }).unwrap();
    let mut ear = bob.hear().unwrap();
    let carried = carry(&mut frames, &mut ear, Duration::from_millis(1_500), |_| true);
    let reception = ear.reception();
    drop((alice, bob));
    let heard: Vec<f32> =
        hound::WavReader::open(&path).unwrap().samples::<i16>().map(|s| f32::from(s.unwrap()) / 32_768.0).collect();
    std::fs::remove_file(path).unwrap();
    assert!(carried > 50, "{carried} frames in 1.5 s");
    let began = heard.iter().position(|sample| sample.abs() > 0.05).unwrap();
    let steady = &heard[heard.len() / 2..heard.len() - 4_800];
    assert!(share_of(440.0, steady) > 0.9, "{} of it is the tone", share_of(440.0, steady));
    assert!((meter::rms(steady) - 0.177).abs() < 0.02, "{}", meter::rms(steady));
    assert!(began < RATE as usize / 4, "heard after {} ms", began / 48);
    assert_eq!((reception.refused, reception.duplicates), (0, 0));
    assert!(reception.delay_ms > 0.0 && reception.delay_ms < 150.0, "{reception:?}");
}
