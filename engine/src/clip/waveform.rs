//! How loud each part of a clip is: bars for people to look at.

use juice_proto::content::MAX_WAVEFORM;

use super::{Clip, ClipError, RATE, Sound};

/// How many bars there are.
pub(super) const BARS: usize = MAX_WAVEFORM;
/// What a bar shows nothing of, in dBFS; people hear by decibels.
const QUIET: f32 = -54.0;

/// Reads all of a clip; a second for the longest.
///
/// # Errors
/// `Library`.
pub(crate) fn waveform(clip: &Clip) -> Result<Vec<u8>, ClipError> {
    let length = (clip.duration().as_micros() * u128::from(RATE) / 1_000_000) as usize;
    let mut energies = [(0.0_f64, 0_usize); BARS];
    let (mut sound, mut at) = (Sound::from(clip, 0)?, 0_usize);
    while let Some(samples) = sound.next(clip) {
        for sample in samples {
            let bar = (at * BARS / length.max(1)).min(BARS - 1);
            if let Some((energy, count)) = energies.get_mut(bar) {
                *energy += f64::from(sample * sample);
                *count += 1;
            }
            at += 1;
        }
    }
    let level = |(energy, count): (f64, usize)| {
        let decibels = 10.0 * ((energy / count.max(1) as f64) as f32).max(1e-9).log10();
        ((1.0 - decibels / QUIET).clamp(0.0, 1.0) * 255.0).round() as u8
    };
    Ok(energies.into_iter().map(level).collect())
}
