//! The video corridor: my camera to coded frames for the net, and frames off the net to pictures for whoever paints.
//!
//! [`CallVideo::start`] runs it and dropping the [`CallVideo`] ends it, every thread and device of it. Its edges are
//! [`VideoFrames`], which the net seals and sends, and one [`Eye`] for each peer, which it gives what it has opened.
//! Inside, every picture is I420. Between any two threads there is a slot or a short queue in which the newest wins:
//!
//! ```text
//!  source's thread: camera or test picture > slot > encode thread: scale, H.264 > VideoFrames
//!                                              \ preview
//!  Pictures < slot < eye's thread: wait for the voice < H.264 < order < inbox < Eye
//! ```
//!
//! It knows nothing of calls, peers or keys, and needs no async runtime. Where the link has too little for a voice and a
//! picture, the picture goes.

mod adapt;
mod clock;
mod codec;
mod encode;
mod error;
mod eye;
mod frames;
mod keeper;
mod measure;
mod picture;
mod source;
mod stamp;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use self::{
    encode::{Encode, Order, Shared},
    keeper::Keeper,
    source::{Opener, opener},
};

use crate::{
    lock::lock,
    queue::{Taker, newest},
};

#[cfg(test)]
pub(crate) use self::source::test_picture;
pub use self::{
    adapt::{Adapter, Plan, Step, VideoLink, plan},
    clock::MediaClock,
    codec::{CodedFrame, Decoder, Encoder, H264Decoder, H264Encoder, Hint, LARGEST_FRAME, Layer, Rate},
    error::{CameraTrouble, DecodeError, VideoError},
    eye::{Eye, KeyframeWishes, Pictures, Sight},
    frames::VideoFrames,
    keeper::VideoEvent,
    measure::{Codec, measure},
    picture::{LEAST_SIDE, LONGEST_SIDE, Picture, SHORTEST_SIDE, Size},
    source::{
        AboutSource, Camera, CameraId, ScreenChoice, ScreenId, ScreenKind, ScreenPart, SourceChoice, Synthetic,
        VideoSource, Wanted, cameras, glance, screens,
    },
    stamp::{Stamp, read_luma, read_stamp},
};
pub(crate) use self::{
    codec::units,
    eye::{PictureGiver, pictures},
};

/// How many others may be seen in a call.
pub const EYES: usize = 8;
/// Events that wait to be read; the oldest is lost when there are more.
const EVENTS: usize = 32;

/// How a call's video begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Where my picture comes from.
    pub source: SourceChoice,
    /// What kind of picture it is.
    pub hint: Hint,
    /// The size and rate that the source is asked for, and that is never exceeded.
    pub wanted: Wanted,
    /// By which pictures are dated: that of the call's audio.
    pub clock: MediaClock,
}

impl Default for Setup {
    fn default() -> Self {
        let wanted = Wanted { size: Size::HD, rate: 30 };
        Self { source: SourceChoice::default(), hint: Hint::default(), wanted, clock: MediaClock::default() }
    }
}

/// What has been sent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Pictures that were coded.
    pub coded: u64,
    /// Of these, keyframes.
    pub keyframes: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Microseconds that scaling and coding took in all.
    pub encode_micros: u64,
    /// Pictures that were taken and not coded: the plan has fewer, or the net was slow.
    pub skipped: u64,
}

/// What happens to my camera, to be shown to the person.
#[derive(Debug)]
pub struct VideoEvents {
    events: Taker<VideoEvent>,
}

impl VideoEvents {
    /// The next event, or `None` once the call's video has ended. May be cancelled.
    pub async fn next(&mut self) -> Option<VideoEvent> {
        self.events.take().await
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<VideoEvent> {
        self.events.try_take()
    }
}

/// The pictures of one call. Dropping it ends its threads, closes its camera and waits for that: as long as a picture
/// takes, and at most a second.
#[derive(Debug)]
pub struct CallVideo {
    shared: Arc<Shared>,
    orders: SyncSender<Order>,
    thread: Option<JoinHandle<()>>,
    /// One for each eye, and one here.
    seats: Arc<()>,
}

impl CallVideo {
    /// Starts the corridor. Doesn't wait for the camera: that it works, or doesn't, comes as an event.
    ///
    /// # Errors
    /// `Exhausted`.
    pub fn start(setup: Setup) -> Result<(Self, VideoFrames, VideoEvents), VideoError> {
        Self::start_with(setup, opener())
    }

    fn start_with(setup: Setup, open: Opener) -> Result<(Self, VideoFrames, VideoEvents), VideoError> {
        let Setup { source, hint, wanted, clock } = setup;
        let adapter = Adapter::new(Step::for_size(wanted.size));
        let plan = adapter.plan(hint);
        let shared = Arc::new(Shared::new(plan));
        let (orders, taken) = sync_channel(encode::ORDERS);
        let (slot, pictures) = newest(1);
        let (events_giver, events) = newest(EVENTS);
        let (frames, out) = frames::frames();
        let keeper = Keeper::new(open, (source, wanted), clock, slot, events_giver);
        let encoder = Box::new(H264Encoder::new(hint, Rate { bits: plan.bits, frames: plan.rate }));
        let body =
            Encode { shared: Arc::clone(&shared), orders: taken, pictures, keeper, frames, adapter, encoder, hint };
        let thread = thread::Builder::new().name("juice-video".to_owned()).spawn(move || body.run())?;
        let video = Self { shared, orders, thread: Some(thread), seats: Arc::new(()) };
        Ok((video, out, VideoEvents { events }))
    }

    /// Uses another source from here on, or none. The old one is closed first.
    pub fn use_source(&self, source: SourceChoice, hint: Hint) {
        // The thread lives as long as this value does.
        let _ = self.orders.send(Order::Source(source, hint));
    }

    /// Somebody who watches needs a keyframe. However often this is called, there are at most two a second.
    pub fn request_keyframe(&self) {
        self.shared.keyframe.store(true, Ordering::Relaxed);
    }

    /// Codes my pictures for a link of this kind from here on. Cheap; call it with every report.
    pub fn adapt(&self, link: VideoLink) {
        let _ = self.orders.send(Order::Adapt(link));
    }

    /// What is done at present.
    pub fn plan(&self) -> Plan {
        *lock(&self.shared.plan)
    }

    /// My own picture as the camera gives it, whether or not it is sent; takes the place of an earlier preview.
    pub fn preview(&self) -> Pictures {
        let (giver, pictures) = newest(1);
        let _ = self.orders.send(Order::Preview(giver));
        Pictures { pictures }
    }

    /// Lets a peer's pictures be seen, until the eye is dropped; at most [`EYES`].
    ///
    /// # Errors
    /// `TooManyEyes`, `Exhausted`.
    pub fn watch(&self) -> Result<(Eye, Pictures, KeyframeWishes), VideoError> {
        if Arc::strong_count(&self.seats) > EYES {
            return Err(VideoError::TooManyEyes);
        }
        Eye::with(Box::new(H264Decoder::default()), Arc::clone(&self.seats))
    }

    /// What has been sent so far.
    pub fn sent(&self) -> Sent {
        let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let Shared { coded, keyframes, bytes, micros, skipped, .. } = &*self.shared;
        Sent {
            coded: of(coded),
            keyframes: of(keyframes),
            bytes: of(bytes),
            encode_micros: of(micros),
            skipped: of(skipped),
        }
    }
}

impl Drop for CallVideo {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
