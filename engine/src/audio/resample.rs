//! Between a device's rate and 48 kHz, for devices that have no 48 kHz of their own.

use rubato::{
    Async, FixedAsync, Resampler as _, SincInterpolationParameters, WindowFunction,
    audioadapter_buffers::direct::InterleavedSlice,
};

use super::error::AudioError;

/// Rates that sound cards have. Below 8 kHz there is no speech; above 192 kHz only a defect.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;
/// Taps of the filter: 1.4 ms of delay at 48 kHz, aliases below -80 dB.
const TAPS: usize = 128;

/// Turns blocks at one rate into blocks at another; mono. Allocates only when it is made.
pub(crate) struct Resampler {
    inner: Async<f32>,
    output: Vec<f32>,
}

impl Resampler {
    /// Takes any number of samples at `from` Hz, and gives `block` at `to` Hz.
    pub(crate) fn giving(block: usize, from: u32, to: u32) -> Result<Self, AudioError> {
        Self::new(block, from, to, FixedAsync::Output)
    }

    /// Takes `block` samples at `from` Hz, and gives what they come to at `to` Hz.
    pub(crate) fn taking(block: usize, from: u32, to: u32) -> Result<Self, AudioError> {
        Self::new(block, from, to, FixedAsync::Input)
    }

    fn new(block: usize, from: u32, to: u32, fixed: FixedAsync) -> Result<Self, AudioError> {
        if !RATES.contains(&from) || !RATES.contains(&to) {
            return Err(AudioError::Device(format!("{from} Hz where {to} are wanted")));
        }
        let filter = SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris2);
        let ratio = f64::from(to) / f64::from(from);
        let inner = Async::new_sinc(ratio, 1.0, &filter, block, 1, fixed)
            .map_err(|error| AudioError::Library(error.to_string()))?;
        let output = vec![0.0; inner.output_frames_max()];
        Ok(Self { inner, output })
    }

    /// How many samples the next call of [`Self::process`] takes.
    pub(crate) fn wanted(&self) -> usize {
        self.inner.input_frames_next()
    }

    /// Takes exactly as many samples as are wanted.
    pub(crate) fn process(&mut self, input: &[f32]) -> Result<&[f32], AudioError> {
        let refused = |error: &dyn std::fmt::Display| AudioError::Library(error.to_string());
        let room = self.output.len();
        let from = InterleavedSlice::new(input, 1, input.len()).map_err(|error| refused(&error))?;
        let mut to = InterleavedSlice::new_mut(&mut self.output, 1, room).map_err(|error| refused(&error))?;
        let (_, written) = self.inner.process_into_buffer(&from, &mut to, None).map_err(|error| refused(&error))?;
        self.output.get(..written).ok_or_else(|| AudioError::Library("more samples than room".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    #[test]
    fn a_tone_keeps_its_pitch_and_level() {
        for (from, to) in [(44_100, 48_000), (16_000, 48_000), (48_000, 44_100), (48_000, 16_000), (96_000, 48_000)] {
            let mut resampler = Resampler::taking(480, from, to).unwrap();
            let tone: Vec<f32> = (0..from).map(|at| (at as f32 * 1_000.0 * TAU / from as f32).sin()).collect();
            let heard: Vec<f32> =
                tone.chunks_exact(480).flat_map(|block| resampler.process(block).unwrap().to_vec()).collect();
            let steady = &heard[1_000..];
            let crossings = steady.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
            let seconds = steady.len() as f32 / to as f32;
            assert!((crossings as f32 / seconds - 1_000.0).abs() < 3.0, "{from} to {to}: {crossings} in {seconds} s");
            let level = super::super::meter::rms(steady);
            assert!((level - 0.707).abs() < 0.01, "{from} to {to}: {level}");
        }
    }

    #[test]
    fn rates_that_no_device_has_are_refused() {
        assert!(Resampler::giving(480, 0, 48_000).is_err());
        assert!(Resampler::giving(480, 4_000_000, 48_000).is_err());
    }
}
