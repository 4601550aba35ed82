//! A voice into Opus: speech, variable rate, redundancy as the link wants it, nothing in pauses.

use opus::{Application, Bitrate, Channels, Encoder, Signal};

use super::{
    adapt::Coding,
    error::AudioError,
    frame::{BLOCK, LARGEST_PACKET, RATE, VoiceFrame},
};

/// Of 10: the last step costs as much as the two before it and can't be heard.
const COMPLEXITY: i32 = 9;
/// libopus says "nothing to send" by packets of one or two bytes.
const NOTHING: usize = 2;

/// Blocks of 10 ms in, numbered packets out.
pub(super) struct VoiceEncoder {
    opus: Encoder,
    coding: Coding,
    /// Takes effect when the frame under way is complete.
    next: Coding,
    pending: Vec<f32>,
    packet: Vec<u8>,
    number: u32,
    captured: u32,
}

impl VoiceEncoder {
    pub(super) fn new(coding: Coding) -> Result<Self, AudioError> {
        let mut opus = Encoder::new(RATE, Channels::Mono, Application::Voip)?;
        opus.set_complexity(COMPLEXITY)?;
        opus.set_signal(Signal::Voice)?;
        opus.set_dtx(true)?;
        let mut encoder = Self {
            opus,
            coding,
            next: coding,
            pending: Vec::with_capacity(2 * BLOCK),
            packet: vec![0; LARGEST_PACKET],
            number: 0,
            captured: 0,
        };
        encoder.apply(coding)?;
        Ok(encoder)
    }

    /// Changes the coding from the next frame on.
    pub(super) fn adapt(&mut self, coding: Coding) {
        self.next = coding;
    }

    /// The microphone was away for so many samples; what was begun is given up.
    pub(super) fn skip(&mut self, samples: u32) {
        self.captured = self.captured.wrapping_add(samples).wrapping_add(self.pending.len() as u32);
        self.pending.clear();
    }

    /// Takes 10 ms; gives a frame when one is complete and holds anything.
    pub(super) fn encode(&mut self, block: &[f32]) -> Result<Option<VoiceFrame>, AudioError> {
        if self.pending.is_empty() && self.next != self.coding {
            self.apply(self.next)?;
        }
        self.pending.extend_from_slice(block);
        if self.pending.len() < self.coding.frame.samples() {
            return Ok(None);
        }
        let captured = self.captured;
        self.captured = captured.wrapping_add(self.pending.len() as u32);
        let length = self.opus.encode_float(&self.pending, &mut self.packet);
        self.pending.clear();
        let opus = self.packet.get(..length?).unwrap_or_default();
        if opus.len() <= NOTHING {
            return Ok(None);
        }
        let frame = VoiceFrame { number: self.number, captured, opus: opus.to_vec() };
        self.number = self.number.wrapping_add(1);
        Ok(Some(frame))
    }

    fn apply(&mut self, coding: Coding) -> Result<(), AudioError> {
        self.opus.set_bitrate(Bitrate::Bits(i32::try_from(coding.bitrate).unwrap_or(i32::MAX)))?;
        self.opus.set_inband_fec(coding.redundancy)?;
        self.opus.set_packet_loss_perc(i32::from(coding.loss_percent))?;
        self.coding = coding;
        self.next = coding;
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audio::{adapt, frame::FrameLength};

    /// A sound with the spectrum and the syllables of a voice: some harmonics, four syllables a second.
    pub(in crate::audio) fn voice(samples: usize) -> Vec<f32> {
        let mut phase = 0.0_f32;
        let sample = |at: usize| {
            let time = at as f32 / RATE as f32;
            phase += (110.0 + 20.0 * (time * 3.0).sin()) * std::f32::consts::TAU / RATE as f32;
            let syllable = (time * std::f32::consts::TAU * 4.0).sin().max(0.0);
            let harmonics: f32 = (1..7).map(|harmonic| (phase * harmonic as f32).sin() / harmonic as f32).sum();
            harmonics * syllable * 0.2
        };
        (0..samples).map(sample).collect()
    }

    fn coding(frame: FrameLength) -> Coding {
        adapt::coding(adapt::Link { good: true, ..adapt::Link::default() }, frame)
    }

    #[test]
    fn speech_becomes_a_frame_each_20_or_10_ms() {
        for (length, expected) in [(FrameLength::Ms20, 50), (FrameLength::Ms10, 100)] {
            let mut encoder = VoiceEncoder::new(coding(length)).unwrap();
            let frames: Vec<VoiceFrame> =
                voice(48_000).chunks(BLOCK).filter_map(|block| encoder.encode(block).unwrap()).collect();
            assert_eq!(frames.len(), expected, "{length:?}");
            for (at, frame) in frames.iter().enumerate() {
                assert_eq!(frame.number as usize, at);
                assert_eq!(frame.captured as usize, at * length.samples());
            }
        }
    }

    #[test]
    fn a_pause_sends_next_to_nothing_and_its_time_runs_on() {
        let mut encoder = VoiceEncoder::new(coding(FrameLength::Ms20)).unwrap();
        let sound: Vec<f32> = voice(48_000).into_iter().chain(vec![0.0; 96_000]).chain(voice(48_000)).collect();
        let frames: Vec<VoiceFrame> = sound.chunks(BLOCK).filter_map(|block| encoder.encode(block).unwrap()).collect();
        let in_pause = frames.iter().filter(|frame| (72_000..144_000).contains(&frame.captured)).count();
        assert!(in_pause <= 5, "{in_pause} of 75 frames were sent in silence");
        for (at, frame) in frames.iter().enumerate() {
            assert_eq!(frame.number as usize, at, "pauses have no numbers");
        }
        assert!(frames.last().unwrap().captured >= 190_000, "time stood still in the pause");
    }

    #[test]
    fn a_change_of_coding_waits_for_the_end_of_a_frame() {
        let mut encoder = VoiceEncoder::new(coding(FrameLength::Ms20)).unwrap();
        let sound = voice(4_800);
        let mut blocks = sound.chunks(BLOCK);
        encoder.encode(blocks.next().unwrap()).unwrap();
        encoder.adapt(coding(FrameLength::Ms10));
        let starts: Vec<u32> =
            blocks.filter_map(|block| encoder.encode(block).unwrap()).map(|frame| frame.captured).collect();
        assert_eq!(starts[..3], [0, 960, 1_440]);
    }
}
