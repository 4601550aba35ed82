//! The eye's thread: orders frames, decodes them, and shows each picture when its time has come.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{NO_AUDIO, Shared, order::Order, playout::Playout};
use crate::video::{
    codec::{CodedFrame, Decoder},
    picture::Picture,
};
use crate::{
    lock::lock,
    queue::{Giver, Taker, Wait},
};

/// Until one is told: as far as the other side of a continent.
pub(super) const USUAL_ROUND_TRIP_MS: u32 = 100;
/// How long a base frame is waited for that is sent again when it was lost: that takes one and a half round trips and what
/// it takes to see it.
const LEAST_PATIENCE: u64 = 80_000;
const MOST_PATIENCE: u64 = 350_000;
/// Keyframes are wished for no more often, in microseconds.
const BETWEEN_WISHES: u64 = 500_000;
/// Where nothing is due.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// The thread's belongings.
pub(super) struct Watch {
    shared: Arc<Shared>,
    frames: Taker<(Instant, CodedFrame)>,
    decoder: Box<dyn Decoder>,
    pictures: Giver<Arc<Picture>>,
    wishes: Giver<()>,
    start: Instant,
    order: Order,
    playout: Playout<Arc<Picture>>,
    wished: Option<u64>,
}

impl Watch {
    pub(super) fn new(
        shared: Arc<Shared>,
        frames: Taker<(Instant, CodedFrame)>,
        decoder: Box<dyn Decoder>,
        pictures: Giver<Arc<Picture>>,
        wishes: Giver<()>,
    ) -> Self {
        let (start, order, playout) = (Instant::now(), Order::default(), Playout::default());
        Self { shared, frames, decoder, pictures, wishes, start, order, playout, wished: None }
    }

    /// Runs until the eye is dropped.
    pub(super) fn run(mut self) {
        while !self.shared.stop.load(Ordering::Relaxed) {
            match self.frames.wait(self.sleep()) {
                Wait::Came(frame) => self.arrive(frame),
                Wait::Nothing => {}
                Wait::End => return,
            }
            // All that is there, so that order is made before anything is decoded.
            while let Some(frame) = self.frames.try_take() {
                self.arrive(frame);
            }
            while let Some(frame) = self.order.next() {
                self.decode(&frame);
                self.show();
            }
            self.show();
            self.wish();
            self.report();
        }
    }

    fn now(&self) -> u64 {
        self.since(Instant::now())
    }

    fn since(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.start).as_micros()).unwrap_or(u64::MAX)
    }

    fn sleep(&self) -> Duration {
        let due = self.playout.due().map(|due| Duration::from_micros(due.saturating_sub(self.now())));
        due.unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)
    }

    fn arrive(&mut self, (arrived, frame): (Instant, CodedFrame)) {
        let arrived = self.since(arrived);
        self.playout.note(frame.captured, arrived);
        lock(&self.shared.sight).bytes += frame.data.len() as u64;
        self.order.insert(frame, arrived);
    }

    fn decode(&mut self, frame: &CodedFrame) {
        let began = Instant::now();
        let result = self.decoder.decode(frame);
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or_default();
        let now = self.now();
        let mut sight = lock(&self.shared.sight);
        sight.decode_micros += took;
        match result {
            Ok(picture) => {
                (sight.delivered, sight.captured) = (sight.delivered + 1, picture.captured());
                drop(sight);
                let delay = self.shared.audio_delay_ms.load(Ordering::Relaxed);
                let delay = (delay != NO_AUDIO).then_some(delay);
                self.playout.put(Arc::new(picture), frame.captured, now, delay);
            }
            Err(error) => {
                tracing::debug!(%error, number = frame.number, "a frame isn't decoded");
                sight.refused += 1;
                drop(sight);
                self.order.break_off(now);
            }
        }
    }

    fn show(&mut self) {
        if let Some(picture) = self.playout.take(self.now()) {
            self.pictures.give(picture);
        }
    }

    /// Says when only a keyframe helps: at once after an error, and after some patience where something is missing.
    fn wish(&mut self) {
        let now = self.now();
        let Some(since) = self.order.stuck_since() else { return };
        let round_trip = u64::from(self.shared.round_trip_ms.load(Ordering::Relaxed)) * 1_000;
        let patience = (round_trip * 3 / 2 + 40_000).clamp(LEAST_PATIENCE, MOST_PATIENCE);
        let is_due = self.order.is_broken() || now.saturating_sub(since) >= patience;
        let is_early = self.wished.is_some_and(|wished| now.saturating_sub(wished) < BETWEEN_WISHES);
        if is_due && !is_early {
            self.wished = Some(now);
            self.wishes.give(());
            lock(&self.shared.sight).wishes += 1;
        }
    }

    fn report(&mut self) {
        let (missing, unusable) = (self.order.missing(), self.order.unusable());
        let mut sight = lock(&self.shared.sight);
        (sight.missing, sight.unusable) = (missing, unusable);
    }
}
