//! The encode thread: from the slot that the source fills to frames for the net.
//!
//! Wakes when there is a picture; obeys, lets the keeper look, and then, if the picture's turn has come and the net keeps
//! up, codes it in the size of the plan. While the net doesn't keep up, or the plan has no picture, nothing is coded.

mod pace;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    time::{Duration, Instant},
};

use self::pace::{Budget, KeyframeGate, Pace};
use super::{
    adapt::{Adapter, Plan, VideoLink},
    codec::{Encoder, Hint, Rate},
    error::VideoError,
    frames::FramesGiver,
    keeper::Keeper,
    picture::Picture,
    source::SourceChoice,
};
use crate::{
    lock::lock,
    queue::{Giver, Taker, Wait},
};

/// What the encode thread is told.
pub(super) enum Order {
    Source(SourceChoice, Hint),
    Adapt(VideoLink),
    /// Each of my pictures goes here too.
    Preview(Giver<Arc<Picture>>),
}

/// Orders wait here; who gives them waits when it is full, which takes a thread that stands still.
pub(super) const ORDERS: usize = 16;
/// How soon an order is obeyed where there are no pictures.
const LONGEST_SLEEP: Duration = Duration::from_millis(25);
/// And where none are to come.
const IDLE_SLEEP: Duration = Duration::from_millis(100);

/// What of the thread can be seen from outside.
#[derive(Debug)]
pub(super) struct Shared {
    pub stop: AtomicBool,
    /// Somebody who watches needs one.
    pub keyframe: AtomicBool,
    pub plan: Mutex<Plan>,
    pub coded: AtomicU64,
    pub keyframes: AtomicU64,
    pub bytes: AtomicU64,
    pub micros: AtomicU64,
    /// Pictures that were taken and not coded.
    pub skipped: AtomicU64,
}

impl Shared {
    pub(super) fn new(plan: Plan) -> Self {
        let count = AtomicU64::default;
        let (stop, keyframe, plan) = (AtomicBool::new(false), AtomicBool::new(false), Mutex::new(plan));
        let (coded, keyframes, bytes, micros, skipped) = (count(), count(), count(), count(), count());
        Self { stop, keyframe, plan, coded, keyframes, bytes, micros, skipped }
    }
}

/// The thread's belongings.
pub(super) struct Encode {
    pub shared: Arc<Shared>,
    pub orders: Receiver<Order>,
    pub pictures: Taker<Arc<Picture>>,
    pub keeper: Keeper,
    pub frames: FramesGiver,
    pub adapter: Adapter,
    pub encoder: Box<dyn Encoder>,
    pub hint: Hint,
}

impl Encode {
    /// Runs until the corridor ends.
    pub(super) fn run(mut self) {
        let (mut work, began) = (Work::default(), Instant::now());
        while !self.shared.stop.load(Ordering::Relaxed) {
            if !self.obey(&mut work, began) {
                return;
            }
            self.keeper.look(Instant::now());
            let sleep = if self.keeper.is_off() { IDLE_SLEEP } else { LONGEST_SLEEP };
            match self.pictures.wait(sleep) {
                Wait::Came(picture) => self.take(&mut work, &picture),
                Wait::Nothing => {}
                Wait::End => return,
            }
        }
    }

    /// False when nobody is left to give orders.
    fn obey(&mut self, work: &mut Work, began: Instant) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Source(choice, hint)) => {
                    self.keeper.choose(choice);
                    self.hint = hint;
                    self.encoder.set_hint(hint);
                }
                Ok(Order::Adapt(link)) => {
                    self.adapter.hear(link, began.elapsed());
                    tracing::debug!(?link, plan = ?self.adapter.plan(self.hint), "pictures follow the link");
                }
                Ok(Order::Preview(giver)) => work.preview = Some(giver),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
        let plan = self.adapter.plan(self.hint);
        *lock(&self.shared.plan) = plan;
        true
    }

    fn take(&mut self, work: &mut Work, picture: &Arc<Picture>) {
        work.preview.take_if(|preview| preview.is_deserted());
        if let Some(preview) = &work.preview {
            preview.give(Arc::clone(picture));
        }
        let now = picture.captured();
        let plan = self.adapter.plan(self.hint);
        let is_wanted = plan.frame.is_some()
            && work.budget.allows(now, plan.bits)
            && work.pace.takes(now, plan.rate)
            && self.frames.has_room(now);
        if self.shared.keyframe.swap(false, Ordering::Relaxed) || self.frames.is_broken() {
            work.gate.ask();
        }
        // Nothing but a keyframe can be sent after a base frame was dropped.
        let is_key = work.gate.opens(now);
        if !is_wanted || (self.frames.is_broken() && !is_key) {
            self.shared.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if is_key {
            self.encoder.request_keyframe();
        }
        let began = Instant::now();
        if let Err(error) = self.code(work, picture, plan) {
            tracing::warn!(%error, "a picture isn't coded");
        }
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or_default();
        self.shared.micros.fetch_add(took, Ordering::Relaxed);
    }

    fn code(&mut self, work: &mut Work, picture: &Picture, plan: Plan) -> Result<(), VideoError> {
        self.encoder.set_rate(Rate { bits: plan.bits, frames: plan.rate });
        let size = plan.frame.map_or(picture.size(), |frame| picture.size().within(frame));
        let Some(frame) = self.encoder.encode(picture, size)? else { return Ok(()) };
        tracing::trace!(number = frame.number, key = frame.key, bytes = frame.data.len(), "a frame leaves");
        self.shared.coded.fetch_add(1, Ordering::Relaxed);
        self.shared.bytes.fetch_add(frame.data.len() as u64, Ordering::Relaxed);
        work.budget.spend(frame.data.len(), frame.key);
        if frame.key {
            self.shared.keyframes.fetch_add(1, Ordering::Relaxed);
            work.gate.was_made(frame.captured);
        }
        if !self.frames.give(frame) {
            work.gate.ask();
        }
        Ok(())
    }
}

/// What only this thread knows.
#[derive(Default)]
struct Work {
    pace: Pace,
    budget: Budget,
    gate: KeyframeGate,
    preview: Option<Giver<Arc<Picture>>>,
}
