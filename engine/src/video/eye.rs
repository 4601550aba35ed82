//! The way in for one peer's pictures: from frames off the net, in any order, to the newest picture for whoever paints.
//!
//! An [`Eye`] belongs to whoever reads that peer's frames, on any thread; what it is given crosses to a thread of its own,
//! which orders, decodes, and holds each picture back until the peer's voice of that moment is heard. Its other ends are
//! [`Pictures`], a slot that holds the newest one, and [`KeyframeWishes`], which says when to ask the peer for one.

mod order;
mod playout;
mod watch;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use self::watch::Watch;
use super::{
    codec::{CodedFrame, Decoder, H264Decoder},
    error::VideoError,
    picture::Picture,
};
use crate::{
    lock::lock,
    queue::{Giver, Taker, newest},
};

/// Frames that wait for the thread: two seconds of them, after which a flood loses its oldest.
const INBOX: usize = 64;
/// Stands for: no audio to be held to.
const NO_AUDIO: u32 = u32::MAX;

/// How well a peer is seen. Counts are since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Pictures that were decoded.
    pub delivered: u64,
    /// Frames that the peer must have sent, as far as the newest tells, and that didn't arrive.
    pub missing: u64,
    /// Frames that arrived when newer ones had been decoded, or that built on something lost.
    pub unusable: u64,
    /// Frames that were none of ours, or too many at once.
    pub refused: u64,
    /// Of all that arrived.
    pub bytes: u64,
    /// Keyframes that were wished for.
    pub wishes: u64,
    /// Microseconds that decoding took in all.
    pub decode_micros: u64,
    /// Microseconds of the peer's clock at which the last picture was taken.
    pub captured: u64,
}

/// What the eye and its thread share.
#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    audio_delay_ms: AtomicU32,
    round_trip_ms: AtomicU32,
    sight: Mutex<Sight>,
}

/// See the module. Dropping it ends its thread, and then its pictures.
#[derive(Debug)]
pub struct Eye {
    inbox: Option<Giver<(Instant, CodedFrame)>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    _seat: Arc<()>,
}

impl Eye {
    /// One for a peer, apart from any call of mine: for somebody who only watches.
    ///
    /// # Errors
    /// `Exhausted`.
    pub fn open() -> Result<(Self, Pictures, KeyframeWishes), VideoError> {
        Self::with(Box::new(H264Decoder::default()), Arc::new(()))
    }

    /// `seat` is kept for as long as the eye is.
    pub(super) fn with(
        decoder: Box<dyn Decoder>,
        seat: Arc<()>,
    ) -> Result<(Self, Pictures, KeyframeWishes), VideoError> {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            audio_delay_ms: AtomicU32::new(NO_AUDIO),
            round_trip_ms: AtomicU32::new(watch::USUAL_ROUND_TRIP_MS),
            sight: Mutex::default(),
        });
        let (inbox, frames) = newest(INBOX);
        let (pictures_giver, pictures) = newest(1);
        let (wishes_giver, wishes) = newest(1);
        let watch = Watch::new(Arc::clone(&shared), frames, decoder, pictures_giver, wishes_giver);
        let thread = thread::Builder::new().name("juice-eye".to_owned()).spawn(move || watch.run())?;
        let eye = Self { inbox: Some(inbox), shared, thread: Some(thread), _seat: seat };
        Ok((eye, Pictures { pictures }, KeyframeWishes { wishes }))
    }

    /// Takes a frame as it comes off the net, in any order. Never blocks; a flood is counted and lost.
    pub fn push(&mut self, frame: CodedFrame) {
        if frame.check().is_err() {
            // Counted here, so that what waits for the thread is bounded in bytes too.
            lock(&self.shared.sight).refused += 1;
        } else if let Some(inbox) = &self.inbox {
            inbox.give((Instant::now(), frame));
        }
    }

    /// How long the peer's voice waits besides what its quickest packets take on the way, ms: in its packet until that is
    /// complete, and here until it is played (`frame_ms` and `delay_ms` of [`Reception`](crate::audio::Reception)); none if
    /// there is no voice to be held to. Call it with every report: pictures wait as long, so that lips match within 60 ms
    /// where both take the same way.
    pub fn set_audio_delay(&self, ms: Option<u32>) {
        self.shared.audio_delay_ms.store(ms.map_or(NO_AUDIO, |ms| ms.min(NO_AUDIO - 1)), Ordering::Relaxed);
    }

    /// The round trip to the peer, by which the eye knows how long a frame may be late before it is lost.
    pub fn set_round_trip(&self, ms: u32) {
        self.shared.round_trip_ms.store(ms, Ordering::Relaxed);
    }

    /// How well this peer is seen.
    pub fn sight(&self) -> Sight {
        *lock(&self.shared.sight)
    }
}

impl Drop for Eye {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Ends the thread's waiting.
        self.inbox = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Pictures for whoever paints: at most one waits, the newest. Cloning the `Arc` costs nothing.
#[derive(Debug)]
pub struct Pictures {
    pub(super) pictures: Taker<Arc<Picture>>,
}

/// Gives pictures to whoever paints, by another road than a peer's.
#[derive(Debug)]
pub(crate) struct PictureGiver(Giver<Arc<Picture>>);

impl PictureGiver {
    /// In place of the one before, where that has not been taken.
    pub fn give(&self, picture: Picture) {
        self.0.give(Arc::new(picture));
    }
}

/// Pictures of one's own for whoever paints.
pub(crate) fn pictures() -> (PictureGiver, Pictures) {
    let (giver, pictures) = newest(1);
    (PictureGiver(giver), Pictures { pictures })
}

impl Pictures {
    /// The next picture, or `None` when there will be none. May be cancelled.
    pub async fn next(&mut self) -> Option<Arc<Picture>> {
        self.pictures.take().await
    }

    /// A picture that is there already.
    pub fn try_next(&mut self) -> Option<Arc<Picture>> {
        self.pictures.try_take()
    }

    /// How many were replaced by newer ones before they were painted.
    pub fn replaced(&self) -> u64 {
        self.pictures.lost()
    }
}

/// Says when to ask the peer for a keyframe: at most twice a second, and again until one is there.
#[derive(Debug)]
pub struct KeyframeWishes {
    wishes: Taker<()>,
}

impl KeyframeWishes {
    /// Returns when one is needed, or `None` when the eye is gone. May be cancelled.
    pub async fn next(&mut self) -> Option<()> {
        self.wishes.take().await
    }

    /// Whether one is needed that hasn't been asked for.
    pub fn try_next(&mut self) -> bool {
        self.wishes.try_take().is_some()
    }
}
