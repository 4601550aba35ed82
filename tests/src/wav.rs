//! Reading back what a call played into a file.

use std::path::Path;

/// The rate and the samples, from -1 to 1, of a mono WAV file.
pub fn read(path: &Path) -> (u32, Vec<f64>) {
    let mut wav = hound::WavReader::open(path).expect("a WAV file");
    let spec = wav.spec();
    assert_eq!(spec.channels, 1);
    let samples = wav.samples::<i16>().map(|sample| f64::from(sample.expect("whole")) / f64::from(i16::MAX));
    (spec.sample_rate, samples.collect())
}
