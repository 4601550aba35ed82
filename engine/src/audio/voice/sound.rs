//! Decoded sound that waits to be played, with a little of what was: it can be made shorter or longer without a change of
//! pitch, by taking out or repeating whole periods of the voice.
//!
//! The method is waveform similarity overlap-add (Verhelst and Roelands, ICASSP 1993), done only where it is wanted: it
//! costs no delay while the sound runs at its own pace. Pure.

use crate::audio::meter;

/// What was played and may be repeated: 20 ms.
const PAST: usize = 960;
/// Room before the past is thrown away.
const SLACK: usize = 9_600;
/// 5 ms: over this, one piece fades into the other.
const FADE: usize = 240;
/// 5 to 20 ms: one to four periods of most voices.
const SHORTEST_LAG: usize = 240;
const LONGEST_LAG: usize = 960;
/// The search looks at every fourth sample of every fourth lag, then closer.
const COARSE: usize = 4;
/// How alike two pieces are: below this a splice is heard, as roughness.
const ALIKE: f32 = 0.7;
/// -46 dBFS: nobody hears a splice there.
const QUIET: f32 = 0.005;

/// How much a splice may cost in sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// Only where there is nothing to hear.
    InPauses,
    /// Only where it can't be heard.
    Inaudible,
    /// Where it sounds best, and at once.
    Hurried,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Sound {
    samples: Vec<f32>,
    /// Everything before it has been played.
    read: usize,
}

impl Sound {
    /// Samples that wait.
    pub(super) fn len(&self) -> usize {
        self.samples.len() - self.read
    }

    /// Adds at the end.
    pub(super) fn push(&mut self, samples: &[f32]) {
        self.samples.extend_from_slice(samples);
    }

    /// Takes from the front; false, and nothing is taken, if there isn't enough.
    pub(super) fn pop(&mut self, block: &mut [f32]) -> bool {
        let end = self.read + block.len();
        let Some(samples) = self.samples.get(self.read..end) else { return false };
        block.copy_from_slice(samples);
        self.read = end;
        if self.read > PAST + SLACK {
            self.samples.drain(..self.read - PAST);
            self.read = PAST;
        }
        true
    }

    /// How many samples must wait so that `lengthen` can do anything.
    pub(super) const WANTED_TO_LENGTHEN: usize = FADE;

    /// How many samples must wait so that `shorten` can take out this many.
    pub(super) const fn wanted_to_shorten(most: usize) -> usize {
        most + FADE
    }

    /// Takes out at most `most` samples at the front of what waits, and says how many.
    pub(super) fn shorten(&mut self, most: usize, care: Care) -> usize {
        let waiting = self.samples.get(self.read..).unwrap_or_default();
        let most = most.min(LONGEST_LAG).min(waiting.len().saturating_sub(FADE));
        let Some(now) = waiting.get(..FADE) else { return 0 };
        let Some(lag) = best_lag(now, most, care, |lag| waiting.get(lag..lag + FADE)) else { return 0 };
        let (start, fade) = (self.read, self.read + FADE);
        for at in 0..FADE {
            let later = self.samples.get(start + lag + at).copied().unwrap_or_default();
            if let Some(sample) = self.samples.get_mut(start + at) {
                *sample = faded(*sample, later, at);
            }
        }
        self.samples.drain(fade..fade + lag);
        lag
    }

    /// Repeats at most `most` samples of what was played last, and says how many.
    pub(super) fn lengthen(&mut self, most: usize, care: Care) -> usize {
        let waiting = self.samples.get(self.read..).unwrap_or_default();
        let Some(now) = waiting.get(..FADE) else { return 0 };
        let most = most.min(LONGEST_LAG).min(self.read);
        let found = best_lag(now, most, care, |lag| self.samples.get(self.read - lag..self.read - lag + FADE));
        let Some(lag) = found else { return 0 };
        let past = self.samples.get(self.read - lag..self.read).unwrap_or_default();
        let mut again = past.to_vec();
        for (at, (sample, now)) in again.iter_mut().zip(now).enumerate() {
            *sample = faded(*now, *sample, at);
        }
        self.samples.splice(self.read..self.read, again);
        lag
    }
}

/// From `old` to `new` while `at` goes from 0 to [`FADE`].
fn faded(old: f32, new: f32, at: usize) -> f32 {
    let share = (at as f32 + 0.5) / FADE as f32;
    old * (1.0 - share) + new * share
}

/// The lag, up to `most`, at which the sound is most like `now`.
fn best_lag<'a>(now: &[f32], most: usize, care: Care, at: impl Fn(usize) -> Option<&'a [f32]>) -> Option<usize> {
    let is_pause = || meter::rms(now) < QUIET && at(most).is_some_and(|then| meter::rms(then) < QUIET);
    if care == Care::InPauses {
        return (most > 0 && is_pause()).then_some(most);
    }
    if most < SHORTEST_LAG {
        return None;
    }
    if is_pause() {
        return Some(most);
    }
    let alike = |lag: usize, step: usize| at(lag).map_or(-1.0, |then| likeness(now, then, step));
    let coarse =
        (SHORTEST_LAG..=most).step_by(COARSE).max_by(|a, b| alike(*a, COARSE).total_cmp(&alike(*b, COARSE)))?;
    let near = coarse.saturating_sub(COARSE).max(SHORTEST_LAG)..=(coarse + COARSE).min(most);
    let best = near.max_by(|a, b| alike(*a, 1).total_cmp(&alike(*b, 1)))?;
    (care == Care::Hurried || alike(best, 1) > ALIKE).then_some(best)
}

/// Normalised correlation, -1 to 1.
fn likeness(a: &[f32], b: &[f32], step: usize) -> f32 {
    let (mut both, mut of_a, mut of_b) = (0.0, 1e-9_f32, 1e-9_f32);
    for (a, b) in a.iter().step_by(step).zip(b.iter().step_by(step)) {
        both += a * b;
        of_a += a * a;
        of_b += b * b;
    }
    both / (of_a * of_b).sqrt()
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn tone(samples: usize) -> Vec<f32> {
        (0..samples).map(|at| (at as f32 * 217.0 * TAU / 48_000.0).sin() * 0.5).collect()
    }

    fn largest_step(sound: &[f32]) -> f32 {
        sound.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
    }

    /// Plays five seconds, splicing each 100 ms, and gives what was heard.
    fn heard(mut splice: impl FnMut(&mut Sound) -> usize) -> (Vec<f32>, usize) {
        let mut sound = Sound::default();
        let (mut all, mut changed) = (vec![], 0);
        for (number, block) in tone(240_000).chunks(480).enumerate() {
            sound.push(block);
            if number % 10 == 9 {
                changed += splice(&mut sound);
            }
            if number >= 5 {
                let mut block = [0.0; 480];
                if sound.pop(&mut block) {
                    all.extend(block);
                }
            }
        }
        (all, changed)
    }

    #[test]
    fn a_voice_made_shorter_keeps_its_pitch_and_has_no_clicks() {
        let (all, removed) = heard(|sound| sound.shorten(480, Care::Inaudible));
        assert!(removed > 1_000, "{removed}");
        let step = largest_step(&tone(48_000));
        assert!(largest_step(&all) < step * 1.2, "a click: {} after {step}", largest_step(&all));
    }

    #[test]
    fn a_voice_made_longer_keeps_its_pitch_and_has_no_clicks() {
        let (all, added) = heard(|sound| sound.lengthen(480, Care::Inaudible));
        assert!(added > 1_000, "{added}");
        let step = largest_step(&tone(48_000));
        assert!(largest_step(&all) < step * 1.2, "a click: {} after {step}", largest_step(&all));
    }

    #[test]
    fn noise_is_spliced_only_in_a_hurry_and_silence_at_any_time() {
        let mut seed = 1_u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / 16_777_216.0 - 0.5
        };
        let mut sound = Sound::default();
        sound.push(&(0..2_000).map(|_| noise()).collect::<Vec<f32>>());
        assert_eq!(sound.shorten(480, Care::Inaudible), 0);
        assert!(sound.shorten(480, Care::Hurried) > 0);
        let mut silence = Sound::default();
        silence.push(&[0.0; 2_000]);
        assert_eq!(silence.shorten(480, Care::Inaudible), 480);
        assert_eq!(silence.len(), 1_520);
        assert_eq!(silence.shorten(100, Care::InPauses), 100);
        let mut tone_follows = Sound::default();
        tone_follows.push(&tone(2_000));
        assert_eq!(tone_follows.shorten(100, Care::InPauses), 0);
    }
}
