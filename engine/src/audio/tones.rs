//! The sounds that JUICE makes itself, as samples: the ring, the ring at the other end, and who comes and goes.
//!
//! Each is a few struck notes, as on a marimba: a soft attack, a decay, and overtones that die sooner. Made on the spot
//! at whatever rate the loudspeaker has, so nothing is fetched and nothing is converted. Pure.

use std::{f32::consts::PI, time::Duration};

/// A sound of JUICE's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Somebody calls.
    Ring,
    /// It rings where I call.
    RingBack,
    /// Somebody came into a call.
    Joined,
    /// Somebody went out of it.
    Left,
    /// Speak: it is being recorded.
    Speak,
}

/// One note; times in seconds.
struct Note {
    at: f32,
    hertz: f32,
    length: f32,
    /// Of full scale.
    loudness: f32,
    attack: f32,
    /// It falls to 1/e in this time.
    decay: f32,
}

/// Each overtone as a multiple of the note, its share of the loudness, and how much sooner it dies. The bar of a marimba
/// is cut so that its second mode lies two octaves above the first (Rossing, "Science of Percussion Instruments").
const OVERTONES: [(f32, f32, f32); 3] = [(1.0, 0.8, 1.0), (2.0, 0.12, 2.0), (4.0, 0.08, 5.0)];
/// Every note is brought to nothing over its last part, whatever is left of it.
const RELEASE: f32 = 0.04;

const A4: f32 = 440.0;
const C5_SHARP: f32 = 554.37;
const D5: f32 = 587.33;
const A5: f32 = 880.0;

impl Tone {
    /// The samples at `rate` Hz, from -1 to 1; they begin and end with silence.
    pub fn samples(self, rate: u32) -> Vec<f32> {
        let rate = rate as f32;
        let notes = self.notes();
        let length = notes.iter().map(|note| note.at + note.length).fold(0.0, f32::max);
        let mut samples = vec![0.0; (length * rate).ceil() as usize + 1];
        for note in notes {
            let from = (note.at * rate) as usize;
            let count = (note.length * rate) as usize;
            for (step, sample) in samples.iter_mut().skip(from).take(count).enumerate() {
                *sample += note.sample(step as f32 / rate);
            }
        }
        samples
    }

    /// From one beginning to the next, where it goes on until it is stopped.
    pub fn every(self) -> Duration {
        match self {
            Self::Ring | Self::Joined | Self::Left | Self::Speak => Duration::from_secs(3),
            Self::RingBack => Duration::from_secs(4),
        }
    }

    fn notes(self) -> Vec<Note> {
        let struck = |at, hertz, loudness| Note { at, hertz, length: 0.6, loudness, attack: 0.006, decay: 0.17 };
        match self {
            // A fifth, twice up and down, and again after a breath.
            Self::Ring => [0.0, 0.15, 0.3, 0.45, 0.85, 1.0, 1.15, 1.3]
                .into_iter()
                .zip([D5, A5].into_iter().cycle())
                .map(|(at, hertz)| struck(at, hertz, 0.22))
                .collect(),
            Self::RingBack => [A4, C5_SHARP]
                .into_iter()
                .map(|hertz| Note { at: 0.0, hertz, length: 1.3, loudness: 0.06, attack: 0.08, decay: 0.5 })
                .collect(),
            Self::Joined => vec![struck(0.0, D5, 0.13), struck(0.12, A5, 0.13)],
            Self::Left => vec![struck(0.0, A5, 0.13), struck(0.12, D5, 0.13)],
            // Over before one has drawn breath.
            Self::Speak => vec![Note { length: 0.22, decay: 0.06, ..struck(0.0, A5, 0.16) }],
        }
    }
}

impl Note {
    /// `time` seconds after it was struck.
    fn sample(&self, time: f32) -> f32 {
        let rises = eased(time / self.attack);
        let ends = eased((self.length - time) / RELEASE);
        let sung: f32 = OVERTONES
            .iter()
            .map(|(multiple, share, sooner)| {
                share * (-time * sooner / self.decay).exp() * (2.0 * PI * self.hertz * multiple * time).sin()
            })
            .sum();
        self.loudness * rises * ends * sung
    }
}

/// From 0 to 1 without a corner.
fn eased(share: f32) -> f32 {
    0.5 - 0.5 * (share.clamp(0.0, 1.0) * PI).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::meter;

    const ALL: [Tone; 5] = [Tone::Ring, Tone::RingBack, Tone::Joined, Tone::Left, Tone::Speak];

    fn peak(samples: &[f32]) -> f32 {
        samples.iter().fold(0.0, |most, sample| most.max(sample.abs()))
    }

    #[test]
    fn a_ring_is_clear_and_what_rings_elsewhere_is_much_quieter() {
        let [ring, back, joined, left, speak] = ALL.map(|tone| peak(&tone.samples(48_000)));
        assert!((0.2..0.5).contains(&ring), "never near full scale, where it would hurt: {ring}");
        assert!(back < ring / 2.0 && back > 0.03, "{back} beside {ring}");
        for chime in [joined, left, speak] {
            assert!((0.05..ring).contains(&chime), "{chime} beside {ring}");
        }
    }

    #[test]
    fn nothing_clicks_at_the_ends_or_between_the_notes() {
        for tone in ALL {
            let samples = tone.samples(48_000);
            let ends = [samples[0], samples[1], samples[samples.len() - 2], samples[samples.len() - 1]];
            assert!(ends.iter().all(|sample| sample.abs() < 1e-3), "{tone:?}: {ends:?}");
            // The steepest sine here is the ring's highest overtone, 3,520 Hz, and it is quiet.
            let steepest = samples.windows(2).fold(0.0, |most: f32, pair| most.max((pair[1] - pair[0]).abs()));
            assert!(steepest < 0.06, "{tone:?} jumps by {steepest}");
        }
    }

    #[test]
    fn there_is_a_pause_between_one_ring_and_the_next() {
        for tone in [Tone::Ring, Tone::RingBack] {
            let seconds = tone.samples(48_000).len() as f32 / 48_000.0;
            let every = tone.every().as_secs_f32();
            assert!((1.0..every * 0.7).contains(&seconds), "{tone:?} lasts {seconds} of {every} s");
        }
        for tone in [Tone::Joined, Tone::Left, Tone::Speak] {
            assert!(tone.samples(48_000).len() < 48_000, "{tone:?} is short");
        }
    }

    #[test]
    fn they_sound_the_same_at_every_rate() {
        for tone in ALL {
            let usual = tone.samples(48_000);
            for rate in [8_000, 44_100, 96_000] {
                let other = tone.samples(rate);
                let (lengths, levels) = (other.len() as f32 / rate as f32, meter::rms(&other));
                assert!((lengths - usual.len() as f32 / 48_000.0).abs() < 0.001, "{tone:?} at {rate}");
                assert!((levels - meter::rms(&usual)).abs() < 0.01, "{tone:?} at {rate}");
            }
        }
    }
}
