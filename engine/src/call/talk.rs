//! The sound between two: packets sealed and sent one way, the inbox for the other, and the reports between the two.
//!
//! It has no microphone of its own: a [`super::group::Group`] gives it each frame of my voice, and an ear for theirs.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use juice_proto::{
    call::Side,
    frame,
    id::{CallId, DeviceId},
    media::{Kind, MediaKeys, Report, VoicePacket},
    view::CallQuality,
};
use tokio::{sync::mpsc, time::sleep};

use super::{
    CallNews, Screens,
    inbox::Inbox,
    lanes::Lanes,
    video::{VideoIn, VideoOut},
};
use crate::{
    audio::{CallAudio, Ear, Link},
    lock::lock,
    net::Door,
    video::{CodedFrame, VideoLink},
};

/// How long the last word has to leave.
const LAST_WORD: Duration = Duration::from_millis(500);
/// How often the last word is said, on a lane each.
const LAST_WORDS: u64 = 3;

/// Which call it is, and with whom.
pub(super) struct With {
    pub call: CallId,
    pub device: DeviceId,
    pub keys: MediaKeys,
    /// Through the relay.
    pub relayed: bool,
}

/// The ways to the other device.
pub(super) struct Ways {
    pub sound: Door,
    pub pictures: Door,
}

/// The sound between two, and what they see of each other. Dropping it ends its streams, and nothing of it is heard any more.
pub(super) struct Talk {
    pub call: CallId,
    pub device: DeviceId,
    inbox: Arc<Inbox>,
    lanes: Lanes,
    /// What I show them.
    showing: VideoOut,
    /// What they show me.
    seen: Arc<VideoIn>,
    paused: AtomicBool,
    volume: Mutex<f32>,
    side: Mutex<Side>,
    /// The number of the next report.
    reports: AtomicU64,
    /// Bytes of voice that left.
    sent: AtomicU64,
    /// When the window was last told how it is, and what had left by then.
    shown: Mutex<(Instant, u64)>,
}

impl Talk {
    pub fn new(with: With, ways: Ways, screens: Screens, news: mpsc::Sender<CallNews>) -> Self {
        let With { call, device, keys, relayed } = with;
        let Ways { sound, pictures } = ways;
        Self {
            call,
            device,
            seen: Arc::new(VideoIn::new(call, keys.clone(), screens)),
            showing: VideoOut::new(pictures, device, call, keys.clone()),
            inbox: Arc::new(Inbox::new(call, keys, relayed, news)),
            lanes: Lanes::open(&sound, device, call),
            paused: AtomicBool::new(false),
            volume: Mutex::new(1.0),
            side: Mutex::default(),
            reports: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            shown: Mutex::new((Instant::now(), 0)),
        }
    }

    /// Where its packets come in.
    pub fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Where its pictures come in.
    pub fn seen(&self) -> &Arc<VideoIn> {
        &self.seen
    }

    pub fn is_paused(&self) -> bool {
        self.paused.load(Relaxed)
    }

    /// No sound either way from now on, or again, where the corridor is open.
    pub fn pause(&self, on: bool, audio: Option<&CallAudio>) {
        self.paused.store(on, Relaxed);
        self.listen(audio);
    }

    /// Gives it an ear of the corridor, or takes the one it has.
    pub fn listen(&self, audio: Option<&CallAudio>) {
        let ear = audio.filter(|_| !self.is_paused()).and_then(|audio| audio.hear().ok());
        if let Some(ear) = &ear {
            ear.set_volume(*lock(&self.volume));
        }
        self.inbox.hearing().ear = ear;
    }

    /// Seals a frame of my voice and sends it. No number comes twice.
    pub fn say(&self, number: u64, voice: &VoicePacket) {
        if self.is_paused() {
            return;
        }
        if let Ok(packet) = self.inbox.keys.seal(Kind::Voice, number, &voice.to_bytes()) {
            self.sent.fetch_add(packet.len() as u64, Relaxed);
            self.lanes.send(number, packet);
        }
    }

    /// Tells the other side how I hear it and how my side is. Gives back how it said that it hears me.
    pub fn report(&self) -> Link {
        let (report, link) = self.inbox.report(true);
        self.say_report(report, &link);
        link
    }

    fn say_report(&self, report: Report, link: &Link) {
        let video = self.seen.report(self.inbox.reception(), link.rtt_ms);
        self.send(Report { side: *lock(&self.side), video, ..report });
    }

    /// Shows them a picture of mine; its number comes once.
    pub fn show(&self, number: u64, frame: &CodedFrame) {
        // One that is left out is seen by `tend`.
        let _ = self.is_paused() || self.showing.send(number, frame);
    }

    /// Says at once where I can't see them without a keyframe. Gives back whether they can't see me without one.
    pub fn tend(&self) -> bool {
        let told = self.inbox.hearing().video.take();
        told.into_iter().for_each(|report| self.showing.told(report));
        if self.seen.is_stuck() {
            let (report, link) = self.inbox.report(false);
            self.say_report(report, &link);
        }
        self.seen.end_if_over();
        self.showing.is_stuck()
    }

    /// For whoever codes my pictures.
    pub fn video_link(&self) -> VideoLink {
        let link = self.inbox.hearing().quality.link();
        self.showing.link(link.loss, link.rtt_ms, link.relayed)
    }

    fn send(&self, report: Report) {
        let number = self.reports.fetch_add(1, Relaxed);
        if let Ok(packet) = self.inbox.keys.seal(Kind::Report, number, &frame::encode(&report)) {
            self.lanes.send(number, packet);
        }
    }

    /// What is said of my side with each report, from now on.
    pub fn set_side(&self, side: Side) {
        *lock(&self.side) = side;
    }

    /// How loud they are: 1 as they were sent.
    pub fn set_volume(&self, volume: f32) {
        *lock(&self.volume) = volume;
        if let Some(ear) = &self.inbox.hearing().ear {
            ear.set_volume(volume);
        }
    }

    /// They speak.
    pub fn hears(&self) -> bool {
        self.inbox.hearing().ear.as_ref().is_some_and(Ear::is_speaking)
    }

    /// How it is, since this was last asked.
    pub fn quality(&self) -> CallQuality {
        let bytes = self.sent.load(Relaxed);
        let (since, before) = std::mem::replace(&mut *lock(&self.shown), (Instant::now(), bytes));
        let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        CallQuality { from_them: self.seen.quality(), ..self.inbox.quality(bytes.saturating_sub(before), millis) }
    }

    /// A better way to the device has come, or another.
    pub fn renew(&self, relayed: bool) {
        self.inbox.hearing().quality.relayed = relayed;
        self.lanes.renew();
        self.showing.renew();
    }

    /// Hears nothing from now on, and tells the other side that it is over.
    pub fn leave(self: Arc<Self>) {
        self.pause(true, None);
        self.inbox.close();
        self.seen.close();
        (0..LAST_WORDS).for_each(|_| self.send(Report { leaves: true, ..Report::default() }));
        tokio::spawn(async move {
            sleep(LAST_WORD).await;
            drop(self);
        });
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.inbox.hearing().ear = None;
        let refused = self.inbox.refused();
        if refused > 0 {
            tracing::info!(refused, "packets of a call that were not taken");
        }
    }
}
