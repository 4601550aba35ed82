//! Reading back what a call played into a file.

use std::{f64::consts::TAU, path::Path};

/// The rate and the samples, from -1 to 1, of a mono WAV file.
pub fn read(path: &Path) -> (u32, Vec<f64>) {
    let mut wav = hound::WavReader::open(path).expect("a WAV file");
    let spec = wav.spec();
    assert_eq!(spec.channels, 1);
    let samples = wav.samples::<i16>().map(|sample| f64::from(sample.expect("whole")) / f64::from(i16::MAX));
    (spec.sample_rate, samples.collect())
}

/// The longest silence between the first and the last of these samples that is none, in seconds.
pub fn longest_silence(samples: &[f64], rate: u32) -> f64 {
    let (mut last, mut longest) = (None, 0);
    for (at, _) in samples.iter().enumerate().filter(|(_, sample)| sample.abs() > 0.02) {
        longest = longest.max(last.map_or(0, |last| at - last));
        last = Some(at);
    }
    longest as f64 / f64::from(rate)
}

/// How much of a file's sound is of this frequency, from 0 to 1, in its last second.
pub fn share(path: &Path, hertz: u32) -> f64 {
    let (rate, samples) = read(path);
    share_of(&samples[samples.len().saturating_sub(rate as usize)..], rate, hertz)
}

/// The same in the second that has most of it.
pub fn best_share(path: &Path, hertz: u32) -> f64 {
    let (rate, samples) = read(path);
    samples.chunks(rate as usize).map(|second| share_of(second, rate, hertz)).fold(0.0, f64::max)
}

/// The same of any samples, as the mean of their tenths of a second: where a voice is made shorter or longer, a tone goes
/// on at another point of its period, and the parts before and after would take each other out.
pub fn share_of(samples: &[f64], rate: u32, hertz: u32) -> f64 {
    let parts = samples.chunks((rate / 10) as usize).map(|part| purity(part, rate, hertz));
    let count = parts.len().max(1);
    parts.sum::<f64>() / count as f64
}

/// By one bin of a Fourier transform (Goertzel 1958).
fn purity(samples: &[f64], rate: u32, hertz: u32) -> f64 {
    let coefficient = 2.0 * (TAU * f64::from(hertz) / f64::from(rate)).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        (one, two) = (sample + coefficient * one - two, one);
    }
    let power = one * one + two * two - coefficient * one * two;
    let whole: f64 = samples.iter().map(|sample| sample * sample).sum();
    if whole < 1e-6 { 0.0 } else { 2.0 * power / (whole * samples.len() as f64) }
}

/// There is a second in which at least this share is of each of these frequencies.
pub fn together(path: &Path, hertz: &[u32], least: f64) -> bool {
    let (rate, samples) = read(path);
    let all = |second: &[f64]| hertz.iter().all(|hertz| share_of(second, rate, *hertz) >= least);
    samples.chunks(rate as usize).any(all)
}
