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
    // A machine that starves this test tears holes into the tone; between them it is whole.
    let mut parts: Vec<(f32, f32)> =
        steady.chunks_exact(4_800).map(|part| (share_of(440.0, part), meter::rms(part))).collect();
    parts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (share, level) = parts[parts.len() / 2];
    assert!(share > 0.95, "{share} of it is the tone");
    assert!((level - 0.177).abs() < 0.02, "{level}");
    assert!(began < RATE as usize / 4, "heard after {} ms", began / 48);
    assert_eq!((reception.refused, reception.duplicates), (0, 0));
    assert!(reception.delay_ms > 0.0 && reception.delay_ms < 150.0, "{reception:?}");
}

#[cfg(target_os = "linux")]
fn own_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.starts_with("juice-")).count()
}

/// Alone in this process under nextest; under `cargo test` others' threads come and go, so it waits for a while.
#[cfg(target_os = "linux")]
#[test]
fn a_dropped_call_ends_every_thread_of_it() {
    let (audio, mut frames, mut events) = CallAudio::start(silent(Setup::default())).unwrap();
    let ear = audio.hear().unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(own_threads() >= 5, "three of the corridor, two of its devices");
    drop(audio);
    let began = Instant::now();
    while own_threads() > 0 && began.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(own_threads(), 0);
    while frames.try_next().is_some() {}
    while events.try_next().is_some() {}
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(frames.next()), None, "the net is told of the end");
    assert_eq!(runtime.block_on(events.next()), None);
    drop(ear);
}

#[test]
fn a_muted_microphone_sends_nothing_that_can_be_heard() {
    let tone = DeviceChoice::Synthetic(Source::Tone { hertz: 440 });
    let setup = Setup { microphone: tone, muted: true, processing: plain(), ..silent(Setup::default()) };
    let (audio, mut frames, mut events) = CallAudio::start(setup).unwrap();
    let mut decoder = opus::Decoder::new(RATE, opus::Channels::Mono).unwrap();
    let mut loudest = |frames: &mut VoiceFrames, time| {
        let (mut sound, mut level) = ([0.0; 2_880], 0.0_f32);
        let began = Instant::now();
        while began.elapsed() < time {
            while let Some(frame) = frames.try_next() {
                let length = decoder.decode_float(&frame.opus, &mut sound, false).unwrap();
                level = level.max(meter::rms(&sound[..length]));
            }
            thread::sleep(Duration::from_millis(5));
        }
        level
    };
    let muted = loudest(&mut frames, Duration::from_millis(600));
    assert!(muted < 1e-4, "{muted} was sent");
    assert_eq!(audio.levels().microphone, 0.0);
    audio.set_muted(false);
    let spoken = loudest(&mut frames, Duration::from_millis(400));
    assert!(spoken > 0.1, "{spoken} after unmuting");
    audio.set_muted(true);
    // libopus fades out over what it has looked ahead.
    loudest(&mut frames, Duration::from_millis(60));
    let again = loudest(&mut frames, Duration::from_millis(300));
    assert!(again < 1e-3, "{again} after muting again");
    let told = std::iter::from_fn(|| events.try_next()).any(|event| event == AudioEvent::SpeakingWhileMuted(true));
    assert!(told, "nobody says that I speak in vain");
}

#[test]
fn eight_voices_are_heard_and_a_ninth_is_refused() {
    let (audio, _, _events) = CallAudio::start(silent(Setup::default())).unwrap();
    let mut ears: Vec<Ear> = (0..VOICES).map(|_| audio.hear().unwrap()).collect();
    assert!(matches!(audio.hear(), Err(AudioError::TooManyVoices)));
    ears.pop();
    assert!(audio.hear().is_ok(), "who left makes room");
}

#[test]
fn a_microphone_may_be_changed_in_the_middle_of_a_call() {
    let (audio, mut frames, mut events) =
        CallAudio::start(Setup { processing: plain(), ..silent(Setup::default()) }).unwrap();
    thread::sleep(Duration::from_millis(200));
    while frames.try_next().is_some() {}
    audio.use_microphone(DeviceChoice::Synthetic(Source::Tone { hertz: 600 }));
    let began = Instant::now();
    while audio.levels().microphone < 0.1 {
        assert!(began.elapsed() < Duration::from_secs(5), "the other microphone isn't heard");
        thread::sleep(Duration::from_millis(10));
    }
    let changes = std::iter::from_fn(|| events.try_next());
    let named = changes.filter(|event| matches!(event, AudioEvent::MicrophoneChanged(_))).count();
    assert_eq!(named, 2, "the first and the second are told");
}
