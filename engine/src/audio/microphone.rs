//! The microphone's callback: samples of the device, mixed to one channel and silenced if muted, into a ring.
//!
//! Runs on the device's real-time thread, so it neither locks nor allocates; the encode thread owns the ring's other end.
//! Muting happens here, before anything else has the samples: beyond, there is no sound of a muted microphone at all.
//! The one thing learned from it is whether somebody speaks into it in vain.

use std::sync::Arc;

use rtrb::{Consumer, Producer, RingBuffer};

use super::{
    meter::SpeechMeter,
    shared::{Life, Shared},
};

/// Half a second: more than the encode thread ever sleeps on a busy machine that can still hold a call.
const RING_PARTS_OF_A_SECOND: u32 = 2;

/// Makes the two ends of a microphone that has `rate` samples a second.
pub(super) fn microphone(rate: u32, shared: &Arc<Shared>) -> (MicrophoneCallback, MicrophoneFeed) {
    let (ring, samples) = RingBuffer::new((rate / RING_PARTS_OF_A_SECOND) as usize);
    let life = Arc::new(Life::default());
    let callback = MicrophoneCallback {
        ring,
        shared: Arc::clone(shared),
        life: Arc::clone(&life),
        speech: SpeechMeter::new(rate),
    };
    (callback, MicrophoneFeed { samples, rate, life })
}

/// What the encode thread has of a microphone.
pub(super) struct MicrophoneFeed {
    pub samples: Consumer<f32>,
    pub rate: u32,
    pub life: Arc<Life>,
}

/// What the device calls.
pub(super) struct MicrophoneCallback {
    ring: Producer<f32>,
    shared: Arc<Shared>,
    life: Arc<Life>,
    speech: SpeechMeter,
}

impl MicrophoneCallback {
    /// By which whoever runs the device says that it failed.
    pub(super) fn life(&self) -> Arc<Life> {
        Arc::clone(&self.life)
    }

    /// Takes what the device has heard: frames of `channels` samples, whatever their type.
    pub(super) fn take<T: Copy>(&mut self, data: &[T], channels: usize, as_f32: impl Fn(T) -> f32) {
        let channels = channels.max(1);
        self.life.beat(data.len() / channels);
        let muted = self.shared.muted.is_on();
        let others_speak = self.shared.others_speak.is_on();
        let frames = data.len() / channels;
        let room = self.ring.slots().min(frames);
        if room < frames {
            self.shared.overruns.add((frames - room) as u64);
        }
        let (speech, shared) = (&mut self.speech, &self.shared);
        let samples = data.chunks_exact(channels).map(|frame| {
            let sum: f32 = frame.iter().map(|sample| as_f32(*sample)).sum();
            let sample = sum / channels as f32;
            // Drivers have been seen to hand over NaN, which a filter never forgets.
            let sample = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
            if !muted {
                return sample;
            }
            if let Some(speaks) = speech.hear(sample) {
                shared.muted_speech.set(speaks && !others_speak);
            }
            0.0
        });
        if let Ok(chunk) = self.ring.write_chunk_uninit(room) {
            chunk.fill_from_iter(samples);
        }
        self.shared.encoder.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loud(count: usize) -> Vec<f32> {
        (0..count).map(|at| (at as f32 * 0.06).sin() * 0.5).collect()
    }

    #[test]
    fn muting_stops_samples_at_the_source() {
        let shared = Arc::new(Shared::default());
        let (mut callback, mut feed) = microphone(48_000, &shared);
        callback.take(&loud(480), 1, |sample| sample);
        shared.muted.set(true);
        for _ in 0..20 {
            callback.take(&loud(480), 1, |sample| sample);
        }
        let mut heard = vec![0.0; 21 * 480];
        feed.samples.pop_entire_slice(&mut heard).unwrap();
        assert!(heard[..480].iter().any(|sample| *sample != 0.0), "what came before the muting is there");
        assert!(heard[480..].iter().all(|sample| *sample == 0.0), "a muted microphone let sound through");
        assert!(shared.muted_speech.is_on(), "somebody spoke in vain and isn't told");
    }

    #[test]
    fn what_the_others_say_is_not_taken_for_speech_into_a_muted_microphone() {
        let shared = Arc::new(Shared::default());
        let (mut callback, _feed) = microphone(48_000, &shared);
        shared.muted.set(true);
        shared.others_speak.set(true);
        for _ in 0..20 {
            callback.take(&loud(480), 1, |sample| sample);
        }
        assert!(!shared.muted_speech.is_on());
    }

    #[test]
    fn the_callback_allocates_nothing() {
        let shared = Arc::new(Shared::default());
        let (mut callback, mut feed) = microphone(48_000, &shared);
        shared.encoder.is(std::thread::current());
        let (stereo, mut block) = (loud(960), [0.0; 480]);
        let allocated = allocation_counter::measure(|| {
            for round in 0..2_000 {
                shared.muted.set(round % 3 == 0);
                callback.take(&stereo, 2, |sample| sample);
                // In the second half nobody reads, and the ring is full.
                if round < 1_000 {
                    let _ = feed.samples.pop_entire_slice(&mut block);
                }
            }
        });
        assert_eq!((allocated.count_total, shared.overruns.value() > 0), (0, true));
    }

    #[test]
    fn channels_are_mixed_and_what_is_no_number_is_silence() {
        let shared = Arc::new(Shared::default());
        let (mut callback, mut feed) = microphone(48_000, &shared);
        callback.take(&[0.5, 0.1, f32::NAN, 0.2, 9.0, 9.0], 2, |sample| sample);
        let heard: Vec<f32> = std::iter::from_fn(|| feed.samples.pop().ok()).collect();
        assert_eq!(heard, [0.3, 0.0, 1.0]);
    }

    #[test]
    fn a_full_ring_loses_samples_and_counts_them() {
        let shared = Arc::new(Shared::default());
        let (mut callback, feed) = microphone(48_000, &shared);
        callback.take(&loud(30_000), 1, |sample| sample);
        assert_eq!(feed.samples.slots(), 24_000);
        assert_eq!(shared.overruns.value(), 6_000);
    }
}
