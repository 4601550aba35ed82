//! A voice made by arithmetic, and how late a sound is in a recording.

use std::{f64::consts::TAU, path::Path};

use juice_tests::Dice;

/// Samples a second, of everything here.
pub const RATE: u32 = 48_000;
/// Lags are found at 8 kHz: to an eighth of a millisecond.
const COARSE: usize = 6;
/// What is looked for, at 8 kHz: two seconds.
const WINDOW: usize = 16_000;
/// Less alike than this, two sounds are not the same: cleaning alone takes a voice to 0.6.
const ALIKE: f64 = 0.3;

/// Some seconds of syllables of harmonics, no two alike: cleaning takes them for speech, and each tells its moment.
pub fn voice(seed: u64, seconds: usize) -> Vec<f64> {
    let mut dice = Dice(seed);
    let mut between = |from: f64, to: f64| from + (to - from) * dice.below(1_000) as f64 / 1_000.0;
    let (mut sound, mut phase) = (Vec::new(), 0.0_f64);
    while sound.len() < seconds * RATE as usize {
        let length = (between(0.08, 0.25) * f64::from(RATE)) as usize;
        let (from, to) = (between(95.0, 220.0), between(95.0, 220.0));
        let weights: Vec<f64> = (1..12).map(|harmonic| between(0.1, 1.0) / f64::from(harmonic)).collect();
        for at in 0..length {
            let done = at as f64 / length as f64;
            phase += (from + (to - from) * done) * TAU / f64::from(RATE);
            let harmonics: f64 =
                (1..).zip(&weights).map(|(harmonic, weight)| (phase * f64::from(harmonic)).sin() * weight).sum();
            sound.push(harmonics * (done * TAU / 2.0).sin() * 0.2);
        }
        let pause = (between(0.02, 0.15) * f64::from(RATE)) as usize;
        sound.resize(sound.len() + pause, 0.0);
    }
    sound
}

/// Writes a mono WAV file of 16 bits.
pub fn write(path: &Path, sound: &[f64]) {
    let form =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = hound::WavWriter::create(path, form).expect("the folder is writable");
    for sample in sound {
        file.write_sample((sample.clamp(-1.0, 1.0) * f64::from(i16::MAX)) as i16).expect("there is room");
    }
    file.finalize().expect("there is room");
}

/// How much later each two seconds of `said` are in `heard`, by the place of greatest correlation, in milliseconds from
/// `earliest` to `latest`; what is not found is left out.
pub fn lags(said: &[f64], heard: &[f64], earliest: f64, latest: f64) -> Vec<f64> {
    let (said, heard) = (coarse(said), coarse(heard));
    let per_ms = f64::from(RATE) / COARSE as f64 / 1_000.0;
    let (earliest, latest) = ((earliest * per_ms) as isize, (latest * per_ms) as isize);
    let found = said.chunks_exact(WINDOW).enumerate().filter_map(|(window, part)| {
        let part_energy = part.iter().map(|sample| sample * sample).sum::<f64>();
        let alike = |lag: isize| {
            let from = (window * WINDOW).checked_add_signed(lag)?;
            let there = heard.get(from..from + WINDOW)?;
            let (mut product, mut energy) = (0.0, 0.0);
            for (one, other) in part.iter().zip(there) {
                product += one * other;
                energy += other * other;
            }
            Some((lag, product / (energy * part_energy).sqrt().max(1e-9)))
        };
        (earliest..=latest).filter_map(alike).max_by(|one, other| one.1.total_cmp(&other.1))
    });
    found.filter(|(_, alike)| *alike > ALIKE).map(|(lag, _)| lag as f64 / per_ms).collect()
}

fn coarse(sound: &[f64]) -> Vec<f64> {
    sound.chunks_exact(COARSE).map(|samples| samples.iter().sum::<f64>() / COARSE as f64).collect()
}
