//! What comes in for one call: opened, each number once, and given to the ear; and how well it comes.

use std::{
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use juice_proto::{
    call::Side,
    frame,
    id::CallId,
    media::{Echo, Kind, MediaKeys, Replay, Report, VideoReport, VoicePacket},
    view::CallQuality,
};
use tokio::sync::mpsc;

use super::{
    CallNews,
    quality::{Quality, in_time},
};
use crate::{
    audio::{Ear, Link, Reception, VoiceFrame},
    lock::lock,
};

/// Without a packet for so long, something is wrong: also a silent voice says something all 400 ms.
const SILENT: Duration = Duration::from_secs(3);

/// What comes of one call, from every stream that brings it.
pub(super) struct Inbox {
    pub call: CallId,
    pub keys: MediaKeys,
    /// Of this side's clock, for reports.
    begun: Instant,
    hearing: Mutex<Hearing>,
    heard: AtomicBool,
    refused: AtomicU64,
    /// Nothing is taken any more.
    closed: AtomicBool,
    news: mpsc::Sender<CallNews>,
}

#[derive(Default)]
pub(super) struct Hearing {
    voices: Replay,
    reports: Replay,
    pub ear: Option<Ear>,
    last: Option<Instant>,
    pub quality: Quality,
    /// Their last report: what their clock said, and when it came.
    report: Option<(u32, Instant)>,
    /// How they last said that they see me, where that is new.
    pub video: Option<VideoReport>,
    /// How they last said that their side is.
    side: Option<Side>,
}

impl Inbox {
    pub fn new(call: CallId, keys: MediaKeys, relayed: bool, news: mpsc::Sender<CallNews>) -> Self {
        let mut hearing = Hearing::default();
        hearing.quality.relayed = relayed;
        Self {
            call,
            keys,
            begun: Instant::now(),
            hearing: Mutex::new(hearing),
            heard: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            news,
        }
    }

    /// Takes a packet off a stream. What is not theirs, of this call and new is counted and dropped.
    pub fn take(&self, packet: &mut [u8]) {
        if self.closed.load(Relaxed) {
            return;
        }
        let Ok((kind, number, plain)) = self.keys.open(packet) else {
            self.refused.fetch_add(1, Relaxed);
            return;
        };
        let mut hearing = self.hearing();
        let new = match kind {
            Kind::Voice => hearing.voices.take(number),
            Kind::Report => hearing.reports.take(number),
            // Pictures have streams of their own.
            Kind::Video => false,
        };
        if !new {
            self.refused.fetch_add(1, Relaxed);
            return;
        }
        hearing.last = Some(Instant::now());
        match kind {
            Kind::Voice => {
                let (Ok(voice), Some(ear)) = (VoicePacket::parse(&plain), hearing.ear.as_mut()) else { return };
                // Gaps count, not the origin.
                let number = u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default();
                ear.push(VoiceFrame { number, captured: voice.captured, opus: voice.opus });
                drop(hearing);
                if !self.heard.swap(true, Relaxed) {
                    let _ = self.news.try_send(CallNews::Heard(self.call));
                }
            }
            Kind::Report => {
                let Ok(report) = frame::decode::<Report>(&plain) else { return };
                let rtt = report.echo.and_then(|echo| echo.round_trip_ms(self.clock()));
                hearing.report = Some((report.said_ms, Instant::now()));
                hearing.quality.told(&report, rtt);
                hearing.video = report.video.or(hearing.video);
                if hearing.side.replace(report.side) != Some(report.side) {
                    let _ = self.news.try_send(CallNews::Side(self.call, report.side));
                }
                if report.leaves {
                    let _ = self.news.try_send(CallNews::Left(self.call));
                }
            }
            Kind::Video => {}
        }
    }

    /// Takes nothing more, whoever still brings something.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Says once that nothing comes any more; the next sound is news again.
    pub fn look_whether_silent(&self) {
        let silent = self.hearing().last.is_some_and(|last| last.elapsed() > SILENT);
        if silent && self.heard.swap(false, Relaxed) {
            let _ = self.news.try_send(CallNews::Silent(self.call));
        }
    }

    /// Packets that were not taken.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// Milliseconds of this side's clock; wraps.
    fn clock(&self) -> u32 {
        u32::try_from(self.begun.elapsed().as_millis() & u128::from(u32::MAX)).unwrap_or_default()
    }

    pub fn hearing(&self) -> MutexGuard<'_, Hearing> {
        lock(&self.hearing)
    }

    /// How the call is, for the window; with what left here in so many milliseconds.
    pub fn quality(&self, bytes: u64, millis: u64) -> CallQuality {
        let mut hearing = self.hearing();
        hearing.quality.sent = (bytes, millis);
        hearing.quality.silent = hearing.last.unwrap_or(self.begun).elapsed() > SILENT;
        hearing.quality.view(self.call.to_string())
    }

    /// How their voice comes.
    pub fn reception(&self) -> Reception {
        self.hearing().ear.as_ref().map(Ear::reception).unwrap_or_default()
    }

    /// How I hear them, to be said to them; and how they said that they hear me. `in_turn` twice a second.
    pub fn report(&self, in_turn: bool) -> (Report, Link) {
        let reception = self.reception();
        let mut hearing = self.hearing();
        if in_turn {
            hearing.quality.heard(reception);
        }
        let millis = |since: Instant| u32::try_from(since.elapsed().as_millis()).unwrap_or(u32::MAX);
        let report = Report {
            expected: reception.expected,
            in_time: in_time(&reception),
            jitter_ms: reception.jitter_ms as u32,
            delay_ms: reception.delay_ms as u32,
            said_ms: self.clock(),
            echo: hearing.report.map(|(said_ms, came)| Echo { said_ms, held_ms: millis(came) }),
            ..Report::default()
        };
        (report, hearing.quality.link())
    }
}
