//! How loud something is, and whether it is speech: plain arithmetic on blocks, for callbacks and threads alike.

/// Root mean square of samples in -1..1; 0 for none.
pub(super) fn rms(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).sqrt()
}

/// Tells speech from a room's noise by its level: a floor that falls fast and rises slowly, and a threshold above it.
#[derive(Debug)]
pub(super) struct SpeechMeter {
    rate: u32,
    floor: f32,
    energy: f32,
    counted: u32,
    /// Above 0 while speech is assumed, in blocks of 10 ms.
    hangover: u32,
    /// Loud blocks in a row.
    loud: u32,
}

/// 12 dB over the floor.
const OVER_FLOOR: f32 = 4.0;
/// -50 dBFS: quieter is no speech, however quiet the room.
const QUIETEST_SPEECH: f32 = 0.003;
/// A click is shorter than 50 ms.
const SHORTEST_SPEECH: u32 = 5;
/// Words are less than 400 ms apart.
const HANGOVER: u32 = 40;
/// The floor doubles in about 1.5 s of steady noise.
const FLOOR_RISE: f32 = 1.005;

impl SpeechMeter {
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: rate.max(100), floor: QUIETEST_SPEECH, energy: 0.0, counted: 0, hangover: 0, loud: 0 }
    }

    /// Takes one sample; every 10 ms it says whether somebody speaks.
    pub(super) fn hear(&mut self, sample: f32) -> Option<bool> {
        self.energy += sample * sample;
        self.counted += 1;
        if self.counted < self.rate / 100 {
            return None;
        }
        let level = (self.energy / self.counted as f32).sqrt();
        (self.energy, self.counted) = (0.0, 0);
        Some(self.judge(level))
    }

    /// Takes the RMS of 10 ms.
    pub(super) fn judge(&mut self, level: f32) -> bool {
        let threshold = (self.floor * OVER_FLOOR).max(QUIETEST_SPEECH);
        self.loud = if level > threshold { self.loud + 1 } else { 0 };
        self.floor = if level < self.floor { level.max(1e-5) } else { (self.floor * FLOOR_RISE).min(0.05) };
        if self.loud >= SHORTEST_SPEECH {
            self.hangover = HANGOVER;
        } else {
            self.hangover = self.hangover.saturating_sub(1);
        }
        self.hangover > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_is_no_speech_and_a_word_is() {
        let mut meter = SpeechMeter::new(48_000);
        for _ in 0..100 {
            assert!(!meter.judge(0.0005));
        }
        assert!(!meter.judge(0.5), "10 ms are a click");
        assert!(!meter.judge(0.0005));
        let said = (0..30).map(|_| meter.judge(0.05)).last();
        assert_eq!(said, Some(true));
    }

    #[test]
    fn speech_ends_a_moment_after_the_last_word() {
        let mut meter = SpeechMeter::new(48_000);
        for _ in 0..20 {
            meter.judge(0.05);
        }
        assert!((0..30).all(|_| meter.judge(0.0005)), "a breath between words is no end");
        assert!((0..30).map(|_| meter.judge(0.0005)).any(|speaks| !speaks));
    }
}
