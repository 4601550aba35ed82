//! Speech faster or slower at the same pitch: pieces of 20 ms, laid over each other where they fit best.
//!
//! WSOLA (Verhelst and Roelands, ICASSP 1993): each next piece is looked for around where it should begin, so that it goes
//! on as the one before would have. Pure.

/// Half a piece: so much is laid over each other, and each step gives so much.
const HALF: usize = 480;
/// How far around its place a piece is looked for: a period of the lowest voices.
const AROUND: usize = 480;
/// Every so many places are tried, and every so many samples compared: more would not be heard.
const EVERY: usize = 4;

/// See the module.
pub(super) struct Pace {
    /// 1 is as it was.
    speed: f64,
    /// Samples that are still needed; the first is at `start`.
    input: Vec<f32>,
    /// Where the next piece should begin, in samples since the beginning of `input`.
    next: f64,
    /// How the last piece goes on.
    tail: Vec<f32>,
}

impl Pace {
    /// In percent, from 50 to 200.
    pub fn new(percent: u32) -> Self {
        let speed = f64::from(percent.clamp(50, 200)) / 100.0;
        Self { speed, input: Vec::new(), next: 0.0, tail: Vec::new() }
    }

    /// Takes samples; gives what they come to.
    pub fn go(&mut self, samples: Vec<f32>) -> Vec<f32> {
        if (self.speed - 1.0).abs() < 0.01 {
            return samples;
        }
        self.input.extend(samples);
        let mut out = Vec::new();
        while let Some(piece) = self.piece() {
            out.extend(piece);
        }
        out
    }

    /// Samples that went in and did not come out, as they were.
    pub fn held(&self) -> usize {
        (self.input.len() as f64 - self.next).max(0.0) as usize
    }

    fn piece(&mut self) -> Option<Vec<f32>> {
        let wanted = self.next as usize;
        if self.input.len() < wanted + AROUND + 2 * HALF {
            return None;
        }
        let begin = self.best(wanted);
        let (now, later) = self.input.get(begin..begin + 2 * HALF)?.split_at(HALF);
        let rise = |at: usize| at as f32 / HALF as f32;
        let tail = self.tail.iter().copied().chain(std::iter::repeat(0.0));
        let is_first = self.tail.is_empty();
        let laid = now.iter().zip(tail).enumerate();
        let out = laid.map(|(at, (new, old))| if is_first { *new } else { new * rise(at) + old * (1.0 - rise(at)) });
        let out = out.collect();
        self.tail = later.to_vec();
        self.next += HALF as f64 * self.speed;
        // What lies before any place that can still be wanted.
        let gone = (self.next as usize).saturating_sub(AROUND).min(self.input.len());
        self.input.drain(..gone);
        self.next -= gone as f64;
        Some(out)
    }

    /// Where around `wanted` a piece goes on best from the tail.
    fn best(&self, wanted: usize) -> usize {
        if self.tail.is_empty() {
            return wanted;
        }
        let likeness = |begin: usize| {
            let there = self.input.get(begin..).unwrap_or_default().iter();
            let (mut product, mut energy) = (0.0_f32, 1e-6_f32);
            for (new, old) in there.zip(&self.tail).step_by(EVERY) {
                product += new * old;
                energy += new * new;
            }
            product / energy.sqrt()
        };
        let places = (wanted.saturating_sub(AROUND)..=wanted + AROUND).step_by(EVERY);
        places.max_by(|one, other| likeness(*one).total_cmp(&likeness(*other))).unwrap_or(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32) -> Vec<f32> {
        (0..96_000).map(|at| (at as f32 * hertz * std::f32::consts::TAU / 48_000.0).sin() * 0.5).collect()
    }

    #[test]
    fn a_tone_is_shorter_or_longer_and_as_high_as_before() {
        for (percent, hertz) in [(150, 220.0), (200, 440.0), (50, 150.0)] {
            let mut pace = Pace::new(percent);
            let out: Vec<f32> = tone(hertz).chunks(960).flat_map(|chunk| pace.go(chunk.to_vec())).collect();
            let seconds = out.len() as f32 / 48_000.0;
            assert!((seconds - 200.0 / percent as f32).abs() < 0.06, "{percent} %: {seconds} s");
            let rises = out.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
            assert!((rises as f32 / seconds - hertz).abs() < hertz * 0.03, "{percent} %: {}", rises as f32 / seconds);
            let steepest = out.windows(2).fold(0.0, |most: f32, pair| most.max((pair[1] - pair[0]).abs()));
            assert!(steepest < 0.06, "{percent} %: it clicks, {steepest}");
        }
    }

    #[test]
    fn as_it_was_nothing_is_touched() {
        let tone = tone(300.0);
        assert_eq!(Pace::new(100).go(tone.clone()), tone);
    }
}
