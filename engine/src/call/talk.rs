//! One call that sounds: the corridor's ends, the lanes, and the reports between the two sides.
//!
//! While it is paused the corridor is closed, devices and all; numbers run on, since the keys stay.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use juice_proto::{
    frame,
    id::{AccountId, CallId, DeviceId},
    media::{Kind, MediaKeys, VoicePacket},
    view::{Event, Notice, SoundLevels},
};
use tokio::{
    sync::mpsc,
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

use super::{CallNews, LEVELS, close, inbox::Inbox, lanes::Lanes};
use crate::{
    audio::{AudioError, AudioEvents, CallAudio, Ear, Recording, Setup, VoiceFrames},
    clock::wall,
    history::when,
};

/// How often each side tells the other how it hears, in steps of [`LEVELS`].
const REPORT: u64 = 5;
/// How often the window is told how the call is, in steps of [`LEVELS`].
const SHOW: u64 = 10;

/// Which call it is, and with whom.
pub(super) struct With {
    pub call: CallId,
    pub buddy: AccountId,
    pub device: DeviceId,
    pub keys: MediaKeys,
}

/// One call that sounds. Dropping it ends its sound, its tasks and its streams.
pub(super) struct Talk {
    pub device: DeviceId,
    buddy: AccountId,
    recording: Mutex<Option<(Recording, String)>>,
    inbox: Arc<Inbox>,
    lanes: Arc<Lanes>,
    desk: Arc<Mutex<Desk>>,
    mouths: mpsc::Sender<(VoiceFrames, AudioEvents)>,
    _tasks: JoinSet<()>,
}

/// The corridor, while it is open.
#[derive(Default)]
struct Desk {
    audio: Option<CallAudio>,
    volume: f32,
}

impl Talk {
    /// Lets sound go both ways.
    pub fn start(with: With, lanes: Lanes, relayed: bool, setup: Setup, news: mpsc::Sender<CallNews>) -> Self {
        let With { call, buddy, device, keys } = with;
        let inbox = Arc::new(Inbox::new(call, keys, relayed, news.clone()));
        let (lanes, desk) = (Arc::new(lanes), Arc::new(Mutex::new(Desk { audio: None, volume: 1.0 })));
        let (mouths, sources) = mpsc::channel(4);
        let mut tasks = JoinSet::new();
        let sent = Arc::new(AtomicU64::new(0));
        tasks.spawn(speak(Arc::clone(&inbox), Arc::clone(&lanes), sources, Arc::clone(&sent)));
        tasks.spawn(look_after(Arc::clone(&inbox), Arc::clone(&lanes), Arc::clone(&desk), sent, news));
        let talk = Self { device, buddy, recording: Mutex::default(), inbox, lanes, desk, mouths, _tasks: tasks };
        talk.open(setup);
        talk
    }

    /// Where its packets come in.
    pub fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    fn open(&self, setup: Setup) {
        let opened = CallAudio::start(setup).and_then(|(audio, frames, events)| {
            let ear = audio.hear()?;
            Ok((audio, ear, frames, events))
        });
        match opened {
            Ok((audio, ear, frames, events)) => {
                let mut desk = lock(&self.desk);
                ear.set_volume(desk.volume);
                self.inbox.hearing().ear = Some(ear);
                desk.audio = Some(audio);
                // Four calls could be held and taken up before the task looks once.
                let _ = self.mouths.try_send((frames, events));
            }
            Err(error) => {
                tracing::warn!(%error, "a call without sound");
                let _ = self.inbox.news.try_send(CallNews::NoSound(self.inbox.call));
            }
        }
    }

    /// Closes the corridor and its devices, or opens them again.
    pub fn pause(&self, on: bool, setup: Setup) {
        if on {
            self.stop_recording();
            self.inbox.hearing().ear = None;
            close(lock(&self.desk).audio.take());
        } else if lock(&self.desk).audio.is_none() {
            self.open(setup);
        }
    }

    /// Records into a folder from now on.
    pub fn record(&self, folder: &Path) {
        let name = format!("JUICE {}.ogg", when::file_stamp(wall()));
        let begin = |audio: &CallAudio| {
            std::fs::create_dir_all(folder)?;
            audio.record(&folder.join(&name))
        };
        self.with_audio(|audio| match begin(audio) {
            Ok(recording) => *lock(&self.recording) = Some((recording, name.clone())),
            Err(error) => not_recorded(&self.inbox.news, &error),
        });
    }

    /// Ends a recording, and says where it is.
    pub fn stop_recording(&self) {
        let Some((recording, name)) = lock(&self.recording).take() else { return };
        let (news, buddy) = (self.inbox.news.clone(), self.buddy.to_string());
        // Its last sound is still on its way to the disk.
        spawn_blocking(move || match recording.finish() {
            Ok(()) => CallNews::show(&news, Event::CallRecorded { buddy, name }),
            Err(error) => not_recorded(&news, &error),
        });
    }

    /// How loud they are: 1 as they were sent.
    pub fn set_volume(&self, volume: f32) {
        lock(&self.desk).volume = volume;
        if let Some(ear) = &self.inbox.hearing().ear {
            ear.set_volume(volume);
        }
    }

    /// Does something with the corridor where it is open.
    pub fn with_audio(&self, act: impl FnOnce(&CallAudio)) {
        if let Some(audio) = &lock(&self.desk).audio {
            act(audio);
        }
    }

    /// A better way to the device has come, or another.
    pub fn renew(&self, relayed: bool) {
        self.inbox.hearing().quality.relayed = relayed;
        self.lanes.renew();
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.stop_recording();
        self.inbox.hearing().ear = None;
        close(lock(&self.desk).audio.take());
        let refused = self.inbox.refused();
        if refused > 0 {
            tracing::info!(refused, "packets of a call that were not taken");
        }
    }
}

fn not_recorded(news: &mpsc::Sender<CallNews>, error: &AudioError) {
    tracing::warn!(%error, "no recording");
    CallNews::show(news, Event::Notice { notice: Notice::NotRecorded });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seals my voice and sends it, as long as there is any.
async fn speak(
    inbox: Arc<Inbox>,
    lanes: Arc<Lanes>,
    mut sources: mpsc::Receiver<(VoiceFrames, AudioEvents)>,
    sent: Arc<AtomicU64>,
) {
    let mut base = 0;
    while let Some((mut frames, mut events)) = sources.recv().await {
        let mut next = base;
        loop {
            let frame = tokio::select! {
                frame = frames.next() => frame,
                Some(event) = events.next() => {
                    inbox.happened(event);
                    continue;
                }
            };
            let Some(frame) = frame else { break };
            let number = base + u64::from(frame.number);
            next = number + 1;
            let voice = VoicePacket { captured: frame.captured, opus: frame.opus };
            if let Ok(packet) = inbox.keys.seal(Kind::Voice, number, &voice.to_bytes()) {
                sent.fetch_add(packet.len() as u64, Relaxed);
                lanes.send(number, packet);
            }
        }
        base = next;
    }
}

/// Reports to the other side, codes by what it says, and tells the window.
async fn look_after(
    inbox: Arc<Inbox>,
    lanes: Arc<Lanes>,
    desk: Arc<Mutex<Desk>>,
    sent: Arc<AtomicU64>,
    news: mpsc::Sender<CallNews>,
) {
    let mut ticks = interval(LEVELS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut reports, mut shown) = (0, (Instant::now(), 0));
    for step in 1u64.. {
        ticks.tick().await;
        let they_speak = inbox.hearing().ear.as_ref().is_some_and(Ear::is_speaking);
        let levels = {
            let desk = lock(&desk);
            let Some(audio) = &desk.audio else { continue };
            let microphone = super::meter(audio.levels().microphone);
            SoundLevels { microphone, they_speak, speaking_muted: inbox.speaking_muted.load(Relaxed) }
        };
        CallNews::show(&news, Event::SoundLevelsChanged { levels });
        if step.is_multiple_of(REPORT) {
            let (report, link) = inbox.report();
            lock(&desk).audio.iter().for_each(|audio| audio.adapt(link));
            if let Ok(packet) = inbox.keys.seal(Kind::Report, reports, &frame::encode(&report)) {
                lanes.send(reports, packet);
                reports += 1;
            }
        }
        if step.is_multiple_of(SHOW) {
            let bytes = sent.load(Relaxed);
            let quality = {
                let (since, before) = std::mem::replace(&mut shown, (Instant::now(), bytes));
                let millis = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
                inbox.quality(bytes.saturating_sub(before), millis)
            };
            CallNews::show(&news, Event::CallQualityChanged { quality });
        }
    }
}
