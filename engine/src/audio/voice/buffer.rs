//! A peer's packets that wait for their turn, in their order; what isn't a packet of this voice never gets in.
//!
//! Pure. Numbers and capture times wrap at 32 bits on the wire; here they go on in 64.

use std::collections::BTreeMap;

use crate::audio::frame::{LARGEST_PACKET, RATE, VoiceFrame};

/// 2.5 s of frames of 20 ms. More come only after a stall, and then the newest count.
const MOST_WAITING: usize = 128;
/// 30 s of frames of 20 ms.
const FURTHEST_NUMBER: i64 = 1_500;
/// Nobody is silent for longer without one of the frames that Opus sends in pauses all the same.
const LONGEST_PAUSE: i64 = 600 * RATE as i64;
/// So many in a row that don't fit are a voice that began anew.
const STRANGERS: u32 = 5;
/// 60 ms, the longest single frame of Opus.
const LONGEST_FRAME: usize = 2_880;

/// One packet that waits.
#[derive(Debug)]
pub(super) struct Packet {
    pub number: i64,
    /// Its first sample.
    pub captured: i64,
    /// Its samples.
    pub samples: i64,
    pub opus: Vec<u8>,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It waits for its turn; the end of its sound.
    Waits(i64),
    /// Its turn is over; the end of its sound.
    Late(i64),
    Duplicate,
    /// It is no Opus, or doesn't fit in with the others.
    Refused,
    /// The voice has begun anew with this one, which ends here: whoever plays it forgets what it knew.
    BeganAnew(i64),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    waiting: BTreeMap<i64, Packet>,
    /// Number and capture time of the newest.
    newest: Option<(i64, i64)>,
    first: i64,
    strangers: u32,
}

impl Buffer {
    /// Takes a frame off the net; `turn` is the number that is played next.
    pub(super) fn insert(&mut self, frame: VoiceFrame, turn: Option<i64>) -> Fate {
        let Some(samples) = samples(&frame.opus) else { return Fate::Refused };
        let Some((newest, at)) = self.newest else { return self.begin(frame, samples) };
        let ahead = i64::from(frame.number.wrapping_sub(newest as u32).cast_signed());
        let later = i64::from(frame.captured.wrapping_sub(at as u32).cast_signed());
        if !fits(ahead, later) {
            self.strangers += 1;
            return if self.strangers < STRANGERS { Fate::Refused } else { self.begin(frame, samples) };
        }
        self.strangers = 0;
        let (number, captured) = (newest + ahead, at + later);
        if turn.is_some_and(|turn| number < turn) {
            return Fate::Late(captured + samples);
        }
        if self.waiting.contains_key(&number) {
            return Fate::Duplicate;
        }
        if ahead > 0 {
            self.newest = Some((number, captured));
        }
        self.first = self.first.min(number);
        self.waiting.insert(number, Packet { number, captured, samples, opus: frame.opus });
        if self.waiting.len() > MOST_WAITING {
            self.waiting.pop_first();
        }
        Fate::Waits(captured + samples)
    }

    fn begin(&mut self, frame: VoiceFrame, samples: i64) -> Fate {
        // Far from zero, so that what comes before the first stays positive.
        let number = i64::from(frame.number) + (1 << 32);
        let captured = i64::from(frame.captured) + (1 << 32);
        self.waiting.clear();
        self.waiting.insert(number, Packet { number, captured, samples, opus: frame.opus });
        self.newest = Some((number, captured));
        self.first = number;
        self.strangers = 0;
        Fate::BeganAnew(captured + samples)
    }

    /// The one whose turn is next.
    pub(super) fn head(&self) -> Option<&Packet> {
        self.waiting.first_key_value().map(|(_, packet)| packet)
    }

    /// Takes that one out.
    pub(super) fn take(&mut self) -> Option<Packet> {
        self.waiting.pop_first().map(|(_, packet)| packet)
    }

    /// How many frames there must have been from the first that came to the newest.
    pub(super) fn expected(&self) -> u64 {
        self.newest.map_or(0, |(newest, _)| u64::try_from(newest - self.first + 1).unwrap_or_default())
    }
}

/// Whether numbers and times go the same way, and no further than a call's do.
fn fits(ahead: i64, later: i64) -> bool {
    ahead.abs() <= FURTHEST_NUMBER && later.abs() <= LONGEST_PAUSE && ahead.signum() == later.signum()
}

/// The samples in an Opus packet at 48 kHz; `None` if it can't be one of a voice.
fn samples(opus: &[u8]) -> Option<i64> {
    if opus.is_empty() || opus.len() > LARGEST_PACKET {
        return None;
    }
    let samples = opus::packet::get_nb_samples(opus, RATE).ok()?;
    // Packets of several frames, which carry a length of their own, aren't sent by anyone here.
    let frames = opus::packet::get_nb_frames(opus).ok()?;
    (frames == 1 && samples <= LONGEST_FRAME).then_some(samples as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet of 20 ms, in SILK's wide band, whatever it sounds like.
    fn frame(number: u32, captured: u32) -> VoiceFrame {
        VoiceFrame { number, captured, opus: vec![9 << 3, 1, 2, 3] }
    }

    fn numbers(buffer: &mut Buffer) -> Vec<u32> {
        std::iter::from_fn(|| buffer.take()).map(|packet| packet.number as u32).collect()
    }

    #[test]
    fn packets_come_out_in_their_order_across_the_wrap() {
        let mut buffer = Buffer::default();
        let start = u32::MAX - 2;
        for step in [0_u32, 2, 1, 5, 3, 4] {
            buffer.insert(frame(start.wrapping_add(step), 0_u32.wrapping_sub(1_920).wrapping_add(step * 960)), None);
        }
        assert_eq!(numbers(&mut buffer), [start, start + 1, start + 2, 0, 1, 2]);
        assert_eq!(buffer.expected(), 6);
    }

    #[test]
    fn duplicates_and_latecomers_are_told_apart() {
        let mut buffer = Buffer::default();
        buffer.insert(frame(10, 9_600), None);
        buffer.insert(frame(11, 10_560), None);
        assert_eq!(buffer.insert(frame(11, 10_560), None), Fate::Duplicate);
        let turn = buffer.head().map(|packet| packet.number);
        assert!(matches!(buffer.insert(frame(9, 8_640), turn), Fate::Late(_)));
    }

    #[test]
    fn what_is_no_opus_is_refused() {
        let mut buffer = Buffer::default();
        for opus in [vec![], vec![0x48; LARGEST_PACKET + 1], vec![0xff], vec![0xff, 0x3f, 0, 0], vec![0x4b, 0x00]] {
            let refused = buffer.insert(VoiceFrame { number: 0, captured: 0, opus }, None);
            assert_eq!(refused, Fate::Refused);
        }
        assert_eq!(buffer.expected(), 0);
    }

    #[test]
    fn one_wild_number_moves_nothing_and_a_new_voice_takes_over() {
        let mut buffer = Buffer::default();
        buffer.insert(frame(10, 9_600), None);
        assert_eq!(buffer.insert(frame(4_000_000_000, 9_600), None), Fate::Refused);
        assert_eq!(buffer.insert(frame(11, 3_000_000_000), None), Fate::Refused);
        assert!(matches!(buffer.insert(frame(11, 10_560), None), Fate::Waits(_)));
        let fates: Vec<Fate> = (0..5).map(|at| buffer.insert(frame(90_000 + at, at * 960), None)).collect();
        assert!(fates[..4].iter().all(|fate| *fate == Fate::Refused));
        assert!(matches!(fates[4], Fate::BeganAnew(_)));
    }

    #[test]
    fn a_flood_keeps_the_newest() {
        let mut buffer = Buffer::default();
        for number in 0..1_000 {
            buffer.insert(frame(number, number * 960), None);
        }
        assert_eq!(numbers(&mut buffer).len(), MOST_WAITING);
    }
}
