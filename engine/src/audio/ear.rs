//! The way in for one peer's voice, and how well it is heard.
//!
//! An [`Ear`] belongs to whoever reads that peer's frames off the net, on any thread; what it is given crosses to the
//! playout thread by a ring. Dropping it takes the voice out of the mix.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use rtrb::{Consumer, Producer, RingBuffer};

use super::{
    frame::{RATE, VoiceFrame},
    shared::{Count, Level, Switch},
};
use crate::lock::lock;

/// 5 s of frames of 20 ms: what a stream may hand over at once after a stall.
const INBOX: usize = 256;
/// Loudest a voice can be made.
const LOUDEST: f32 = 4.0;

/// How well a voice is heard. Counts are of frames since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reception {
    /// That the peer must have sent, as far as the newest tells.
    pub expected: u64,
    /// That arrived, in time or late.
    pub received: u64,
    /// That arrived after their turn, or were skipped to catch up.
    pub late: u64,
    /// That arrived a second time.
    pub duplicates: u64,
    /// That were no Opus, or not of this voice, or too many at once.
    pub refused: u64,
    /// Whose sound was made up, since they weren't there.
    pub concealed: u64,
    /// Whose sound came from the redundancy in the next one.
    pub recovered_by_fec: u64,
    /// At present: how much later than the quickest frames 97 % of them come, ms.
    pub jitter_ms: f32,
    /// At present: how long the quickest frames wait until they are played, ms.
    pub delay_ms: f32,
    /// At present: how much sound is in a frame, ms.
    pub frame_ms: f32,
}

/// Samples at 48 kHz since `start`.
pub(super) fn samples_since(start: Instant) -> i64 {
    i64::try_from(start.elapsed().as_nanos() * u128::from(RATE) / 1_000_000_000).unwrap_or(i64::MAX)
}

/// Makes the two ends for one voice; `seat` is kept for as long as the ear is.
pub(super) fn ear(start: Instant, seat: Arc<()>) -> (Ear, Inbox) {
    let (ring, frames) = RingBuffer::new(INBOX);
    let status = Arc::new(Status::default());
    status.volume.set(1.0);
    (Ear { ring, status: Arc::clone(&status), start, _seat: seat }, Inbox { frames, status })
}

#[derive(Debug, Default)]
pub(super) struct Status {
    pub volume: Level,
    pub is_speaking: Switch,
    pub refused: Count,
    reception: Mutex<Reception>,
}

impl Status {
    pub(super) fn set_reception(&self, reception: Reception) {
        *lock(&self.reception) = reception;
    }
}

/// What the playout thread has of it.
#[derive(Debug)]
pub(super) struct Inbox {
    /// Frames, and when they arrived.
    pub frames: Consumer<(i64, VoiceFrame)>,
    pub status: Arc<Status>,
}

/// See the module.
#[derive(Debug)]
pub struct Ear {
    ring: Producer<(i64, VoiceFrame)>,
    status: Arc<Status>,
    start: Instant,
    _seat: Arc<()>,
}

impl Ear {
    /// Takes a frame as it comes off the net, in any order. Never blocks; a flood is counted and lost.
    pub fn push(&mut self, frame: VoiceFrame) {
        tracing::trace!(number = frame.number, bytes = frame.opus.len(), "a frame arrives");
        if self.ring.push((samples_since(self.start), frame)).is_err() {
            self.status.refused.add(1);
        }
    }

    /// How well this voice is heard; counts since the start, the rest at present. At most 10 ms old.
    pub fn reception(&self) -> Reception {
        let reception = *lock(&self.status.reception);
        Reception { refused: reception.refused + self.status.refused.value(), ..reception }
    }

    /// 0 is silence, 1 as it was sent, 4 the most.
    pub fn set_volume(&self, volume: f32) {
        self.status.volume.set(if volume.is_finite() { volume.clamp(0.0, LOUDEST) } else { 1.0 });
    }

    /// Whether this peer speaks, with a moment's grace after each word.
    pub fn is_speaking(&self) -> bool {
        self.status.is_speaking.is_on()
    }
}
