//! The encode thread: from the microphone's ring to frames for the net.
//!
//! Wakes when the microphone has called; blocks to 10 ms, resamples where the device isn't at 48 kHz, cleans, measures,
//! records, encodes. For each block it shows the canceller the block of what the speaker played (`reference`).

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use rtrb::Producer;

use super::{
    adapt::Coding,
    cleaner::{Cleaner, Processing},
    encoder::VoiceEncoder,
    error::AudioError,
    frame::{BLOCK, RATE, VoiceFrame},
    meter,
    microphone::MicrophoneFeed,
    priority,
    reference::{Reference, at_48_khz},
    resample::Resampler,
    shared::Shared,
    speaker::Played,
};
use crate::queue::Giver;

/// What the encode thread is told.
pub(super) enum Order {
    /// From here on this microphone, or none.
    Microphone(Option<MicrophoneFeed>),
    /// From here on the echo is of this speaker, or there is none.
    Speaker(Option<Played>),
    Adapt(Coding),
    Clean(Processing),
    /// Each block that is sent goes here too, if there is room.
    Record(Producer<f32>),
}

/// Orders wait here; who gives them waits when it is full, which takes a thread that stands still.
pub(super) const ORDERS: usize = 16;
/// Only a safeguard: the microphone wakes the thread.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);
const BLOCK_TIME: Duration = Duration::from_millis(10);
/// The speaker's callback may be late by as much, until the microphone's next block is there.
const PATIENCE: Duration = Duration::from_millis(9);

/// The thread's belongings.
pub(super) struct Encode {
    shared: Arc<Shared>,
    orders: Receiver<Order>,
    reference: Reference,
    frames: Giver<VoiceFrame>,
    encoder: VoiceEncoder,
    cleaner: Cleaner,
    microphone: Option<Microphone>,
    record: Option<Producer<f32>>,
    last_block: Instant,
    /// Until when a block of the microphone waits for what the speaker played.
    waits_until: Option<Instant>,
    /// Samples that the microphone's ring has had no room for.
    lost: u64,
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
        frames: Giver<VoiceFrame>,
        coding: Coding,
        processing: Processing,
    ) -> Result<Self, AudioError> {
        Ok(Self {
            shared,
            orders,
            reference: Reference::default(),
            frames,
            encoder: VoiceEncoder::new(coding)?,
            cleaner: Cleaner::new(processing),
            microphone: None,
            record: None,
            last_block: Instant::now(),
            waits_until: None,
            lost: 0,
        })
    }

    /// Runs until the corridor ends.
    pub(super) fn run(mut self) {
        priority::hurry();
        self.shared.encoder.is(thread::current());
        while !self.shared.stop.is_on() {
            if !self.obey() {
                return;
            }
            while self.step() {}
            self.make_up_for_loss();
            let until = self.waits_until.map(|until| until.saturating_duration_since(Instant::now()));
            thread::park_timeout(until.unwrap_or(LONGEST_SLEEP));
        }
    }

    /// False when nobody is left to give orders.
    fn obey(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Microphone(feed)) => self.change(feed),
                Ok(Order::Speaker(played)) => self.reference.change(played),
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
        if self.waits() {
            return false;
        }
        let Some(microphone) = &mut self.microphone else { return false };
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
        let (waiting, period) = (microphone.waiting(), microphone.period());
        let behind = at_48_khz(microphone.feed.samples.slots(), microphone.feed.rate) / BLOCK * BLOCK;
        self.keep_time(waiting);
        let mut played = [0.0; BLOCK];
        self.reference.take(Instant::now(), period, behind, &mut played);
        if self.shared.muted.is_on() {
            // The canceller stands still with both its inputs, so it knows the room again when the microphone comes back.
            // What was in the ring when the microphone was muted is silenced as well.
            block.fill(0.0);
        } else {
            self.cleaner.play(&played);
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

    /// Whether the microphone's block should wait a moment for what the speaker played; where more than one is there,
    /// it is late enough.
    fn waits(&mut self) -> bool {
        let has_one = self
            .microphone
            .as_ref()
            .is_some_and(|microphone| (BLOCK_TIME..BLOCK_TIME * 2).contains(&microphone.waiting()));
        if !has_one || self.reference.is_ready() {
            self.waits_until = None;
            return false;
        }
        let now = Instant::now();
        *self.waits_until.get_or_insert(now + PATIENCE) > now
    }

    /// Where the microphone was away, for another device or a sleep of the system, the voice's time went on. What still
    /// waits, since this thread was late, is no gap.
    fn keep_time(&mut self, waiting: Duration) {
        const GAP: Duration = Duration::from_millis(300);
        let now = Instant::now();
        let since = now.duration_since(self.last_block).saturating_sub(waiting);
        if since > GAP {
            let samples = since.as_micros() * u128::from(RATE) / 1_000_000;
            self.encoder.skip((samples as u32).saturating_sub(BLOCK as u32));
            self.reference.restart();
        }
        self.last_block = now.checked_sub(waiting).unwrap_or(now);
    }

    /// What had no room in the microphone's ring is missing behind what was in it: the loudspeaker's sound of that time
    /// goes with nothing.
    fn make_up_for_loss(&mut self) {
        let lost = self.shared.overruns.value();
        if std::mem::replace(&mut self.lost, lost) != lost {
            self.reference.restart();
        }
    }
}

impl Microphone {
    /// How much sound is there besides what was read.
    fn waiting(&self) -> Duration {
        Duration::from_secs_f64(self.feed.samples.slots() as f64 / f64::from(self.feed.rate.max(1)))
    }

    /// What the device brings at once, in samples at 48 kHz.
    fn period(&self) -> usize {
        at_48_khz(self.feed.life.period(), self.feed.rate)
    }

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
