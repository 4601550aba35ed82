//! What comes to be seen of one other: opened, each number once, given to the eye; and how well it comes.

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use juice_proto::{
    id::CallId,
    media::{self, Kind, MediaKeys, Replay, VideoPacket, VideoReport},
    view::VideoQuality,
};

use super::{Screens, screens::Shown};
use crate::{
    audio::Reception,
    lock::lock,
    video::{CodedFrame, Eye, KeyframeWishes, Layer},
};

/// How long the quickest picture is remembered, by which the others are measured.
const MEMORY: Duration = Duration::from_secs(10);
/// The last ones, of which the quickest tells what waits on the way.
const LATELY: Duration = Duration::from_millis(500);
/// Without a picture for so long, they show nothing.
const OVER: Duration = Duration::from_secs(10);

/// See the module. Dropping it ends what is seen.
pub(in crate::call) struct VideoIn {
    call: CallId,
    keys: MediaKeys,
    screens: Screens,
    watching: Mutex<Option<Watching>>,
    replay: Mutex<Replay>,
    /// Nothing is taken any more.
    closed: AtomicBool,
}

/// Something is to be seen.
struct Watching {
    eye: Eye,
    wishes: KeyframeWishes,
    first: u64,
    highest: u64,
    came: u64,
    bytes: u64,
    /// When each came, against when it was taken, in microseconds of no common origin.
    delays: VecDeque<(Instant, i64)>,
    begun: Instant,
    size: (u16, u16),
    stuck_after: Option<u64>,
    /// When the window was last told, and what had come by then.
    shown: (Instant, u64, u64),
    _screen: Shown,
}

impl VideoIn {
    pub fn new(call: CallId, keys: MediaKeys, screens: Screens) -> Self {
        Self {
            call,
            keys,
            screens,
            watching: Mutex::default(),
            replay: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// Takes a packet off a stream. What is not theirs, of this call and new is dropped.
    pub fn take(&self, packet: &mut [u8]) {
        if self.closed.load(Relaxed) {
            return;
        }
        let Ok((Kind::Video, number, plain)) = self.keys.open(packet) else { return };
        if !lock(&self.replay).take(number) {
            return;
        }
        let Ok(picture) = VideoPacket::parse(&plain) else { return };
        let mut watching = lock(&self.watching);
        if watching.is_none() {
            *watching = self.begin(number);
        }
        if let Some(watching) = watching.as_mut() {
            watching.take(number, picture);
        }
    }

    fn begin(&self, first: u64) -> Option<Watching> {
        let (eye, pictures, wishes) =
            Eye::open().inspect_err(|error| tracing::warn!(%error, "pictures that can't be seen")).ok()?;
        let now = Instant::now();
        Some(Watching {
            eye,
            wishes,
            first,
            highest: first,
            came: 0,
            bytes: 0,
            delays: VecDeque::new(),
            begun: now,
            size: (0, 0),
            stuck_after: None,
            shown: (now, 0, 0),
            _screen: self.screens.show(self.call.to_string(), pictures),
        })
    }

    /// Takes nothing more, whoever still brings something.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
        self.end();
    }

    /// Ends what is seen where nothing comes any more; the next picture begins it anew.
    pub fn end_if_over(&self) {
        let last = lock(&self.watching).as_ref().and_then(|watching| watching.delays.back().map(|(at, _)| *at));
        if last.is_some_and(|last| last.elapsed() > OVER) {
            self.end();
        }
    }

    fn end(&self) {
        let ended = lock(&self.watching).take();
        // Its thread takes a moment to end, for which nobody waits.
        if ended.is_some() {
            super::super::close(ended);
        }
    }

    /// A keyframe is needed, and this has not been said yet.
    pub fn is_stuck(&self) -> bool {
        lock(&self.watching).as_mut().is_some_and(Watching::is_stuck)
    }

    /// How it comes, to be said to them; and how their voice comes, to which it is held.
    pub fn report(&self, voice: Reception, rtt_ms: u32) -> Option<VideoReport> {
        lock(&self.watching).as_mut().map(|watching| watching.report(voice, rtt_ms))
    }

    /// How it comes, since this was last asked.
    pub fn quality(&self) -> Option<VideoQuality> {
        lock(&self.watching).as_mut().map(Watching::quality)
    }
}

impl Watching {
    fn take(&mut self, number: u64, picture: VideoPacket) {
        let now = Instant::now();
        self.highest = self.highest.max(number);
        self.came += 1;
        self.bytes += picture.data.len() as u64;
        self.size = (picture.width, picture.height);
        let taken = i64::try_from(picture.captured_us).unwrap_or(i64::MAX);
        let came = i64::try_from(now.duration_since(self.begun).as_micros()).unwrap_or(i64::MAX);
        self.delays.push_back((now, came.saturating_sub(taken)));
        while self.delays.front().is_some_and(|(at, _)| now.duration_since(*at) > MEMORY) {
            self.delays.pop_front();
        }
        let number = wrapped(number);
        let is_key = picture.layer == media::Layer::Key;
        if is_key {
            self.stuck_after = None;
        }
        self.eye.push(CodedFrame {
            number,
            follows: if is_key { number } else { number.wrapping_sub(u32::from(picture.back)) },
            key: is_key,
            layer: if picture.layer == media::Layer::Droppable { Layer::Droppable } else { Layer::Base },
            captured: picture.captured_us,
            width: picture.width,
            height: picture.height,
            data: picture.data,
        });
    }

    fn is_stuck(&mut self) -> bool {
        let wished = self.wishes.try_next();
        if wished {
            self.stuck_after = Some(self.highest);
        }
        wished
    }

    fn report(&mut self, voice: Reception, rtt_ms: u32) -> VideoReport {
        self.is_stuck();
        let delay = (voice.expected > 0).then_some((voice.delay_ms + voice.frame_ms) as u32);
        self.eye.set_audio_delay(delay);
        self.eye.set_round_trip(rtt_ms);
        VideoReport {
            expected: self.highest.saturating_sub(self.first).saturating_add(1),
            came: self.came,
            bytes: self.bytes,
            queued_ms: self.queued_ms(),
            stuck_after: self.stuck_after,
        }
    }

    /// How much longer the quickest of the last ones took than the quickest of the last seconds.
    fn queued_ms(&self) -> u32 {
        let now = Instant::now();
        let delays = || self.delays.iter();
        let lately = delays().filter(|(at, _)| now.duration_since(*at) < LATELY).map(|(_, delay)| delay).min();
        let (Some(lately), Some(least)) = (lately, delays().map(|(_, delay)| delay).min()) else { return 0 };
        u32::try_from(lately.saturating_sub(*least) / 1_000).unwrap_or_default()
    }

    fn quality(&mut self) -> VideoQuality {
        let (since, pictures, bytes) = self.shown;
        let seen = self.eye.sight().delivered;
        self.shown = (Instant::now(), seen, self.bytes);
        let seconds = since.elapsed().as_secs_f64().max(0.001);
        VideoQuality {
            width: self.size.0.into(),
            height: self.size.1.into(),
            fps: seen.saturating_sub(pictures) as f64 / seconds,
            kbit_s: self.bytes.saturating_sub(bytes) as f64 * 8.0 / 1_000.0 / seconds,
        }
    }
}

/// Gaps count, not the origin.
fn wrapped(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}
