//! What a group sees of me: my camera or screen, while it is open.

use juice_proto::{
    id::CallId,
    view::{Event, Notice, VideoQuality},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};
use tokio::{sync::mpsc, task::JoinSet};

use super::{MINE, Screens, screens::Shown};
use crate::{
    call::{CallNews, talk::Talk, vision},
    lock::lock,
    video::{
        CallVideo, CameraTrouble, CodedFrame, Hint, Setup, VideoError, VideoEvent, VideoEvents, VideoFrames, VideoLink,
    },
};

/// One camera or screen that is shown. Dropping it closes it.
pub(in crate::call) struct Showing {
    video: CallVideo,
    size: Arc<Mutex<(u16, u16)>>,
    /// When the window was last told, and what had left by then.
    shown: Mutex<(Instant, u64, u64)>,
    _mine: Shown,
    _tasks: JoinSet<()>,
}

/// To whom it is shown.
pub(in crate::call) struct Audience {
    /// The group; none where I look at myself alone.
    pub group: Option<CallId>,
    /// Everyone in it now.
    pub talks: Arc<dyn Fn() -> Vec<Arc<Talk>> + Send + Sync>,
    /// The next number of a picture: none comes twice, since the keys stay.
    pub next: Arc<AtomicU64>,
    pub news: mpsc::Sender<CallNews>,
}

impl Showing {
    /// Begins to show. That there is a picture, or why there is none, is told as news.
    ///
    /// # Errors
    /// `Exhausted`.
    pub fn start(setup: Setup, audience: Audience, screens: &Screens) -> Result<Self, VideoError> {
        let is_screen = setup.hint == Hint::Screen;
        let (video, frames, events) = CallVideo::start(setup)?;
        let mine = screens.show(MINE.into(), video.preview());
        let (size, mut tasks) = (Arc::default(), JoinSet::new());
        let Audience { group, talks, next, news } = audience;
        tasks.spawn(send(frames, talks, next, Arc::clone(&size)));
        tasks.spawn(tell(events, group, is_screen, news));
        Ok(Self { video, size, shown: Mutex::new((Instant::now(), 0, 0)), _mine: mine, _tasks: tasks })
    }

    /// Uses another camera or screen from now on.
    pub fn use_setup(&self, setup: Setup) {
        self.video.use_source(setup.source, setup.hint);
    }

    /// Somebody can't go on without a keyframe.
    pub fn request_keyframe(&self) {
        self.video.request_keyframe();
    }

    /// Codes for whoever has the worst way.
    pub fn adapt(&self, links: impl IntoIterator<Item = VideoLink>) {
        if let Some(worst) = links.into_iter().reduce(worse) {
            self.video.adapt(worst);
        }
    }

    /// How it leaves, since this was last asked.
    pub fn quality(&self) -> VideoQuality {
        let (sent, mut shown) = (self.video.sent(), lock(&self.shown));
        let (since, pictures, bytes) = std::mem::replace(&mut *shown, (Instant::now(), sent.coded, sent.bytes));
        let seconds = since.elapsed().as_secs_f64().max(0.001);
        let (width, height) = *lock(&self.size);
        VideoQuality {
            width: width.into(),
            height: height.into(),
            fps: sent.coded.saturating_sub(pictures) as f64 / seconds,
            kbit_s: sent.bytes.saturating_sub(bytes) as f64 * 8.0 / 1_000.0 / seconds,
        }
    }
}

/// Gives each picture to everyone.
async fn send(
    mut frames: VideoFrames,
    talks: Arc<dyn Fn() -> Vec<Arc<Talk>> + Send + Sync>,
    next: Arc<AtomicU64>,
    size: Arc<Mutex<(u16, u16)>>,
) {
    let base = next.load(Relaxed);
    while let Some(frame) = frames.next().await {
        let CodedFrame { number, width, height, .. } = frame;
        let number = base + u64::from(number);
        next.store(number + 1, Relaxed);
        *lock(&size) = (width, height);
        // Whoever needs a keyframe is asked by those who look after the group.
        talks().iter().for_each(|talk| talk.show(number, &frame));
    }
}

/// Tells the window of the camera, and the messenger where there is no picture.
async fn tell(mut events: VideoEvents, group: Option<CallId>, is_screen: bool, news: mpsc::Sender<CallNews>) {
    while let Some(event) = events.next().await {
        let (notice, is_hopeless) = match event {
            VideoEvent::CameraLost(_) if is_screen => (Notice::NoScreen, true),
            VideoEvent::CameraLost(why) => {
                let is_hopeless = matches!(why, CameraTrouble::None | CameraTrouble::Refused);
                (Notice::NoPicture { why: vision::trouble(why) }, is_hopeless)
            }
            VideoEvent::CameraBack(_) | VideoEvent::CameraChanged(_) if is_screen => continue,
            VideoEvent::CameraBack(name) => (Notice::CameraUsed { name }, false),
            // At the beginning it goes without saying.
            VideoEvent::CameraChanged(_) => continue,
        };
        CallNews::show(&news, Event::Notice { notice });
        if let Some(group) = group.filter(|_| is_hopeless) {
            // Others are told that there is nothing to see. One that is unplugged is waited for instead.
            let _ = news.send(CallNews::NoPicture(group)).await;
        }
    }
}

/// What suits the ways of two: everyone is sent the same.
fn worse(one: VideoLink, other: VideoLink) -> VideoLink {
    VideoLink {
        loss: one.loss.max(other.loss),
        rtt_ms: one.rtt_ms.max(other.rtt_ms),
        queued_ms: one.queued_ms.max(other.queued_ms),
        came_kbit_s: one.came_kbit_s.into_iter().chain(other.came_kbit_s).min(),
        relayed: one.relayed || other.relayed,
    }
}
