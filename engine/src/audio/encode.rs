//! The encode thread: from the microphone's ring to frames for the net.
//!
//! Wakes when the microphone has called; blocks to 10 ms, resamples where the device isn't at 48 kHz, cleans, measures,
//! records, encodes. Takes what the speaker plays from a ring of the playout thread, as the canceller's reference.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use rtrb::{Consumer, Producer};

use super::{
    adapt::Coding,
    cleaner::{Cleaner, Processing},
    encoder::VoiceEncoder,
    error::AudioError,
    frame::{BLOCK, RATE, VoiceFrame},
    meter,
    microphone::MicrophoneFeed,
    resample::Resampler,
    shared::Shared,
};
use crate::queue::Giver;

/// What the encode thread is told.
pub(super) enum Order {
    /// From here on this microphone, or none.
    Microphone(Option<MicrophoneFeed>),
    Adapt(Coding),
    Clean(Processing),
    /// Each block that is sent goes here too, if there is room.
    Record(Producer<f32>),
}

/// Orders wait here; who gives them waits when it is full, which takes a thread that stands still.
pub(super) const ORDERS: usize = 16;
/// Only a safeguard: the microphone wakes the thread.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// The thread's belongings.
pub(super) struct Encode {
    shared: Arc<Shared>,
    orders: Receiver<Order>,
    reference: Consumer<f32>,
    frames: Giver<VoiceFrame>,
    encoder: VoiceEncoder,
    cleaner: Cleaner,
    microphone: Option<Microphone>,
    record: Option<Producer<f32>>,
    last_block: Instant,
}

struct Microphone {
    feed: MicrophoneFeed,
    resampler: Option<Resampler>,
    raw: Vec<f32>,
}

impl Encode {
    pub(super) fn new(
        shared: Arc<Shared>,
        orders: Receiver<Order>,
        reference: Consumer<f32>,
        frames: Giver<VoiceFrame>,
        coding: Coding,
        processing: Processing,
    ) -> Result<Self, AudioError> {
        Ok(Self {
            shared,
            orders,
            reference,
            frames,
            encoder: VoiceEncoder::new(coding)?,
            cleaner: Cleaner::new(processing),
            microphone: None,
            record: None,
            last_block: Instant::now(),
        })
    }

    /// Runs until the corridor ends.
    pub(super) fn run(mut self) {
        self.shared.encoder.is(thread::current());
        while !self.shared.stop.is_on() {
            if !self.obey() {
                return;
            }
            while self.step() {}
            thread::park_timeout(LONGEST_SLEEP);
        }
    }

    /// False when nobody is left to give orders.
    fn obey(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Microphone(feed)) => self.change(feed),
                Ok(Order::Adapt(coding)) => self.encoder.adapt(coding),
                Ok(Order::Clean(processing)) => self.cleaner = Cleaner::new(processing),
                Ok(Order::Record(record)) => self.record = Some(record),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn change(&mut self, feed: Option<MicrophoneFeed>) {
        self.microphone = feed.and_then(|feed| {
            let resampler = (feed.rate != RATE).then(|| Resampler::giving(BLOCK, feed.rate, RATE)).transpose();
            match resampler {
                Ok(resampler) => Some(Microphone { feed, resampler, raw: Vec::with_capacity(4 * BLOCK) }),
                Err(error) => {
                    tracing::warn!(%error, "the microphone can't be used");
                    None
                }
            }
        });
    }

    /// Does 10 ms, if they are there.
    fn step(&mut self) -> bool {
        let Some(microphone) = &mut self.microphone else {
            skip(&mut self.reference);
            return false;
        };
        let mut block = [0.0; BLOCK];
        match microphone.read(&mut block) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                tracing::warn!(%error, "the microphone is given up");
                self.microphone = None;
                return false;
            }
        }
        self.keep_time();
        if self.shared.muted.is_on() {
            // The canceller stands still with both its inputs, so it knows the room again when the microphone comes back.
            skip(&mut self.reference);
            // What was in the ring when the microphone was muted is silenced as well.
            block.fill(0.0);
        } else {
            let mut played = [0.0; BLOCK];
            while self.reference.slots() >= BLOCK && self.reference.pop_entire_slice(&mut played).is_ok() {
                self.cleaner.play(&played);
            }
            self.cleaner.clean(&mut block);
        }
        self.shared.microphone_level.set(meter::rms(&block));
        self.record.take_if(|record| record.is_abandoned());
        if let Some(record) = &mut self.record {
            let _ = record.push_entire_slice(&block);
        }
        match self.encoder.encode(&block) {
            Ok(Some(frame)) => {
                tracing::trace!(number = frame.number, bytes = frame.opus.len(), "a frame leaves");
                self.frames.give(frame);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "20 ms of the voice are lost"),
        }
        true
    }

    /// Where the microphone was away, for another device or a sleep of the system, the voice's time went on.
    fn keep_time(&mut self) {
        const GAP: Duration = Duration::from_millis(300);
        let now = Instant::now();
        let since = now.duration_since(self.last_block);
        if since > GAP {
            let samples = since.as_micros() * u128::from(RATE) / 1_000_000;
            self.encoder.skip((samples as u32).saturating_sub(BLOCK as u32));
        }
        self.last_block = now;
    }
}

fn skip(reference: &mut Consumer<f32>) {
    if let Ok(chunk) = reference.read_chunk(reference.slots()) {
        chunk.commit_all();
    }
}

impl Microphone {
    /// Fills a block; false when there isn't enough yet.
    fn read(&mut self, block: &mut [f32; BLOCK]) -> Result<bool, AudioError> {
        let Some(resampler) = &mut self.resampler else {
            return Ok(self.feed.samples.pop_entire_slice(block).is_ok());
        };
        self.raw.resize(resampler.wanted(), 0.0);
        if self.feed.samples.pop_entire_slice(&mut self.raw).is_err() {
            return Ok(false);
        }
        let samples = resampler.process(&self.raw)?;
        if samples.len() != BLOCK {
            return Err(AudioError::Library(format!("{} samples instead of {BLOCK}", samples.len())));
        }
        block.copy_from_slice(samples);
        Ok(true)
    }
}
