//! The speaker's callback: samples out of a ring into the device, the same on every channel.
//!
//! Runs on the device's real-time thread, so it neither locks nor allocates. It is what drives the playout: when less is
//! left in the ring than the device takes at once, it wakes the playout thread, which owns the ring's other end. What the
//! device gets, sound or silence, goes into a second ring, for whoever wants to know what was played.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rtrb::{Consumer, Producer, RingBuffer};

use super::shared::{Life, Shared};

/// A quarter of a second; it is filled only as far as the device's next call wants.
const RING_PARTS_OF_A_SECOND: u32 = 4;

/// Makes the ends of a speaker that takes `rate` samples a second.
pub(super) fn speaker(rate: u32, shared: &Arc<Shared>) -> (SpeakerCallback, SpeakerFeed, Played) {
    let (ring, samples) = RingBuffer::new((rate / RING_PARTS_OF_A_SECOND) as usize);
    // One second: longer than the microphone's, so what is lost first is lost on both sides.
    let (played, given) = RingBuffer::new(rate as usize);
    let life = Arc::new(Life::default());
    let call = Arc::new(Call { start: Instant::now(), micros: AtomicU64::new(0), frames: AtomicUsize::new(0) });
    let callback = SpeakerCallback {
        samples,
        played,
        shared: Arc::clone(shared),
        life: Arc::clone(&life),
        call: Arc::clone(&call),
        began: false,
    };
    (callback, SpeakerFeed { ring, rate, life: Arc::clone(&life), call }, Played { samples: given, rate, life })
}

/// Every sample that the device got since it runs, silence too; nothing more when nobody reads for a second.
pub(super) struct Played {
    pub samples: Consumer<f32>,
    pub rate: u32,
    pub life: Arc<Life>,
}

/// What the playout thread has of a speaker.
pub(super) struct SpeakerFeed {
    pub ring: Producer<f32>,
    pub rate: u32,
    pub life: Arc<Life>,
    call: Arc<Call>,
}

/// The device's last call.
struct Call {
    start: Instant,
    /// Since the start.
    micros: AtomicU64,
    /// What it took.
    frames: AtomicUsize,
}

impl SpeakerFeed {
    /// Samples that are in the ring.
    pub(super) fn filled(&self) -> usize {
        self.ring.buffer().capacity().saturating_sub(self.ring.slots())
    }

    /// Samples that the device took at its last call; 0 before the first.
    pub(super) fn period(&self) -> usize {
        self.call.frames.load(Ordering::Relaxed)
    }

    /// When the device will call next, if it goes on as it did at last.
    pub(super) fn next_call(&self) -> Instant {
        let last = self.call.start + Duration::from_micros(self.call.micros.load(Ordering::Relaxed));
        last + Duration::from_secs_f64(self.period() as f64 / f64::from(self.rate.max(1)))
    }
}

/// What the device calls.
pub(super) struct SpeakerCallback {
    samples: Consumer<f32>,
    played: Producer<f32>,
    shared: Arc<Shared>,
    life: Arc<Life>,
    call: Arc<Call>,
    began: bool,
}

impl SpeakerCallback {
    /// By which whoever runs the device says that it failed.
    pub(super) fn life(&self) -> Arc<Life> {
        Arc::clone(&self.life)
    }

    /// Fills what the device wants: frames of `channels` samples, whatever their type.
    pub(super) fn fill<T: Copy>(&mut self, data: &mut [T], channels: usize, from_f32: impl Fn(f32) -> T) {
        let channels = channels.max(1);
        let frames = data.len() / channels;
        self.life.beat(frames);
        let micros = u64::try_from(self.call.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.call.micros.store(micros, Ordering::Relaxed);
        self.call.frames.store(frames, Ordering::Relaxed);
        let ready = self.samples.slots().min(frames);
        self.began |= ready > 0;
        if ready < frames && self.began {
            self.shared.underruns.add((frames - ready) as u64);
        }
        for frame in data.chunks_exact_mut(channels) {
            let sample = self.samples.pop().unwrap_or_default();
            frame.fill(from_f32(sample));
            let _ = self.played.push(sample);
        }
        if self.samples.slots() < frames {
            self.shared.playout.wake();
        }
        // Which may wait for what was played.
        self.shared.encoder.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_gets_the_sample_and_what_is_missing_is_silence() {
        let shared = Arc::new(Shared::default());
        let (mut callback, mut feed, mut played) = speaker(48_000, &shared);
        feed.ring.push_entire_slice(&[0.1, 0.2]).unwrap();
        let mut data = [9.0; 6];
        callback.fill(&mut data, 2, |sample| sample);
        assert_eq!(data, [0.1, 0.1, 0.2, 0.2, 0.0, 0.0]);
        assert_eq!((shared.underruns.value(), feed.period()), (1, 3));
        let given: Vec<f32> = std::iter::from_fn(|| played.samples.pop().ok()).collect();
        assert_eq!(given, [0.1, 0.2, 0.0], "the silence is told of too");
    }

    #[test]
    fn the_callback_allocates_nothing() {
        let shared = Arc::new(Shared::default());
        let (mut callback, mut feed, _played) = speaker(48_000, &shared);
        shared.playout.is(std::thread::current());
        let mut data = [0.0; 960];
        let allocated = allocation_counter::measure(|| {
            for round in 0..2_000 {
                // In the second half there is nothing to play.
                if round < 1_000 {
                    let _ = feed.ring.push_entire_slice(&[0.1; 480]);
                }
                callback.fill(&mut data, 2, |sample| sample);
            }
        });
        assert_eq!((allocated.count_total, shared.underruns.value() > 0), (0, true));
    }

    #[test]
    fn before_the_first_sample_nothing_is_missing() {
        let shared = Arc::new(Shared::default());
        let (mut callback, _feed, _played) = speaker(48_000, &shared);
        callback.fill(&mut [0.0; 480], 1, |sample| sample);
        assert_eq!(shared.underruns.value(), 0);
    }
}
