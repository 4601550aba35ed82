//! One group: my microphone and loudspeaker, shared by everyone in it.
//!
//! Each frame of my voice goes to every [`Talk`] of the group, and each of them has an ear, so what is heard is mixed
//! here. While all of them are paused the corridor is closed, devices and all; numbers run on, since the keys stay, and a
//! recording goes on in the same file when somebody is heard again.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use juice_proto::{
    call::Shows,
    id::{AccountId, CallId},
    media::VoicePacket,
    view::{CallQuality, Event, Notice, SoundLevels},
};
use tokio::{
    sync::mpsc,
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

use super::{
    CallNews, LEVELS, Screens, Vision, close, meter,
    talk::Talk,
    video::{Audience, Showing},
};
use crate::{
    audio::{AudioError, AudioEvent, AudioEvents, CallAudio, Link, Recording, Setup, VoiceFrames},
    clock::wall,
    history::when,
    lock::lock,
};

/// How often each side tells the other how it hears, in steps of [`LEVELS`].
const REPORT: u64 = 5;
/// How often the window is told how the call is, in steps of [`LEVELS`].
const SHOW: u64 = 10;

/// With more, short frames cost more than they are worth: each goes to everyone.
const FEW: usize = 2;

/// One group. Dropping it ends its sound, its tasks and its streams.
pub(super) struct Group {
    /// With whom it began, to say whose recording it is.
    buddy: AccountId,
    table: Arc<Table>,
    recording: Mutex<Option<(Recording, String)>>,
    mouths: mpsc::Sender<(VoiceFrames, AudioEvents)>,
    /// What everyone in it is to see, and what is open for that.
    shows: (Shows, Shows),
    /// The number of my next picture.
    next_picture: Arc<AtomicU64>,
    news: mpsc::Sender<CallNews>,
    _tasks: JoinSet<()>,
}

/// What the tasks share.
#[derive(Default)]
struct Table {
    /// The corridor, while it is open.
    audio: Mutex<Option<CallAudio>>,
    talks: Mutex<Vec<Arc<Talk>>>,
    /// I speak, though muted.
    speaking_muted: AtomicBool,
    /// My camera or screen, while it is open.
    showing: Mutex<Option<Showing>>,
}

impl Table {
    fn talks(&self) -> Vec<Arc<Talk>> {
        lock(&self.talks).clone()
    }
}

impl Group {
    /// Nobody is in it, and the devices are closed.
    pub fn new(buddy: AccountId, news: mpsc::Sender<CallNews>) -> Self {
        let table = Arc::new(Table::default());
        let (mouths, sources) = mpsc::channel(4);
        let mut tasks = JoinSet::new();
        tasks.spawn(speak(Arc::clone(&table), sources, news.clone()));
        tasks.spawn(look_after(Arc::clone(&table), news.clone()));
        let (shows, next_picture) = Default::default();
        Self { buddy, table, recording: Mutex::default(), mouths, shows, next_picture, news, _tasks: tasks }
    }

    /// Lets sound go both ways with one more.
    pub fn enter(&self, talk: Talk, setup: Setup) {
        let talk = Arc::new(talk);
        lock(&self.table.talks).push(Arc::clone(&talk));
        if !self.open(setup) {
            talk.listen(lock(&self.table.audio).as_ref());
        }
    }

    /// No sound any more with one who is in it; says whether anybody is left.
    pub fn leave(&self, call: &CallId) -> bool {
        let mut talks = lock(&self.table.talks);
        if let Some(at) = talks.iter().position(|talk| talk.call == *call) {
            talks.remove(at).leave();
        }
        let empty = talks.is_empty();
        drop(talks);
        self.close_where_paused();
        !empty
    }

    /// The sound with one who is in it.
    pub fn talk(&self, call: &CallId) -> Option<Arc<Talk>> {
        lock(&self.table.talks).iter().find(|talk| talk.call == *call).map(Arc::clone)
    }

    /// Everyone's.
    pub fn talks(&self) -> Vec<Arc<Talk>> {
        self.table.talks()
    }

    /// Pauses the sound with one, or goes on with it.
    pub fn pause(&self, call: &CallId, on: bool, setup: Setup) {
        let Some(talk) = self.talk(call) else { return };
        talk.pause(on, lock(&self.table.audio).as_ref());
        if on {
            self.close_where_paused();
        } else {
            self.open(setup);
        }
    }

    /// Opens the corridor where somebody is to be heard and it isn't open; says whether it did.
    fn open(&self, setup: Setup) -> bool {
        let mut audio = lock(&self.table.audio);
        let talks = self.table.talks();
        if audio.is_some() || talks.iter().all(|talk| talk.is_paused()) {
            return false;
        }
        match CallAudio::start(setup) {
            Ok((opened, frames, events)) => {
                talks.iter().for_each(|talk| talk.listen(Some(&opened)));
                lock(&self.recording).iter().for_each(|(recording, _)| opened.record_into(recording));
                *audio = Some(opened);
                // Four calls could be held and taken up before the task looks once.
                let _ = self.mouths.try_send((frames, events));
            }
            Err(error) => {
                tracing::warn!(%error, "a call without sound");
                let call = talks.first().map(|talk| talk.call);
                call.into_iter().for_each(|call| drop(self.news.try_send(CallNews::NoSound(call))));
            }
        }
        true
    }

    fn close_where_paused(&self) {
        if self.table.talks().iter().all(|talk| talk.is_paused()) {
            close(lock(&self.table.audio).take());
        }
    }

    /// Records into a folder from now on, or as soon as somebody is to be heard.
    pub fn record(&self, folder: &Path) {
        let name = format!("JUICE {}.ogg", when::file_stamp(wall()));
        let begun = std::fs::create_dir_all(folder).map_err(AudioError::from);
        match begun.and_then(|()| Recording::begin(&folder.join(&name))) {
            Ok(recording) => {
                self.with_audio(|audio| audio.record_into(&recording));
                *lock(&self.recording) = Some((recording, name));
            }
            Err(error) => not_recorded(&self.news, &error),
        }
    }

    /// Ends a recording, and says where it is.
    pub fn stop_recording(&self) {
        let Some((recording, name)) = lock(&self.recording).take() else { return };
        let (news, buddy) = (self.news.clone(), self.buddy.to_string());
        // Its last sound is still on its way to the disk.
        spawn_blocking(move || match recording.finish() {
            Ok(()) => CallNews::show(&news, Event::CallRecorded { buddy, name }),
            Err(error) => not_recorded(&news, &error),
        });
    }

    /// What everyone in it is to see from now on; nothing changes until [`Self::settle_video`].
    pub fn set_shows(&mut self, shows: Shows) {
        self.shows.0 = shows;
    }

    /// Opens what is to be shown, or closes it where there is nothing, or nobody to see it.
    pub fn settle_video(&mut self, id: CallId, vision: &Vision, screens: &Screens) {
        let (wanted, open) = self.shows;
        let wanted = if self.table.talks().iter().all(|talk| talk.is_paused()) { Shows::Nothing } else { wanted };
        if wanted == open {
            return;
        }
        self.shows.1 = wanted;
        close(lock(&self.table.showing).take());
        let Some(setup) = vision.setup(wanted) else { return };
        let table = Arc::downgrade(&self.table);
        let audience = Audience {
            group: Some(id),
            talks: Arc::new(move || table.upgrade().map(|table| table.talks()).unwrap_or_default()),
            next: Arc::clone(&self.next_picture),
            news: self.news.clone(),
        };
        match Showing::start(setup, audience, screens) {
            Ok(showing) => *lock(&self.table.showing) = Some(showing),
            Err(error) => {
                tracing::warn!(%error, "nothing to show");
                let _ = self.news.try_send(CallNews::NoPicture(id));
            }
        }
    }

    /// Uses the camera or screen that is chosen now.
    pub fn use_chosen(&self, vision: &Vision) {
        if let (Some(showing), Some(setup)) = (&*lock(&self.table.showing), vision.setup(self.shows.1)) {
            showing.use_setup(setup);
        }
    }

    /// Does something with the corridor where it is open.
    pub fn with_audio(&self, act: impl FnOnce(&CallAudio)) {
        if let Some(audio) = &*lock(&self.table.audio) {
            act(audio);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.stop_recording();
        lock(&self.table.talks).clear();
        close(lock(&self.table.audio).take());
        close(lock(&self.table.showing).take());
    }
}

fn not_recorded(news: &mpsc::Sender<CallNews>, error: &AudioError) {
    tracing::warn!(%error, "no recording");
    CallNews::show(news, Event::Notice { notice: Notice::NotRecorded });
}

/// Gives my voice to everyone in the group, as long as there is any.
async fn speak(
    table: Arc<Table>,
    mut sources: mpsc::Receiver<(VoiceFrames, AudioEvents)>,
    news: mpsc::Sender<CallNews>,
) {
    let mut base = 0;
    while let Some((mut frames, mut events)) = sources.recv().await {
        let mut next = base;
        loop {
            let frame = tokio::select! {
                frame = frames.next() => frame,
                Some(event) = events.next() => {
                    match notice(event) {
                        Ok(notice) => CallNews::show(&news, Event::Notice { notice }),
                        Err(muted) => table.speaking_muted.store(muted, Relaxed),
                    }
                    continue;
                }
            };
            let Some(frame) = frame else { break };
            let number = base + u64::from(frame.number);
            next = number + 1;
            let voice = VoicePacket { captured: frame.captured, opus: frame.opus };
            lock(&table.talks).iter().for_each(|talk| talk.say(number, &voice));
        }
        base = next;
        let lost = frames.lost();
        if lost > 0 {
            tracing::info!(lost, "frames of my voice that did not leave in time");
        }
    }
}

/// What happened to the devices, to be shown; or whether I speak though muted.
fn notice(event: AudioEvent) -> Result<Notice, bool> {
    Ok(match event {
        AudioEvent::MicrophoneLost => Notice::MicrophoneLost,
        AudioEvent::SpeakerLost => Notice::SpeakerLost,
        AudioEvent::MicrophoneBack(name) | AudioEvent::MicrophoneChanged(name) => Notice::MicrophoneUsed { name },
        AudioEvent::SpeakerBack(name) | AudioEvent::SpeakerChanged(name) => Notice::SpeakerUsed { name },
        AudioEvent::SpeakingWhileMuted(on) => return Err(on),
    })
}

/// Reports to the others, codes my voice for the one who hears me worst, and tells the window.
async fn look_after(table: Arc<Table>, news: mpsc::Sender<CallNews>) {
    let mut ticks = interval(LEVELS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for step in 1u64.. {
        ticks.tick().await;
        let talks = table.talks();
        let microphone = lock(&table.audio).as_ref().map(|audio| meter(audio.levels().microphone));
        if let Some(microphone) = microphone {
            let speaking = talks.iter().filter(|talk| talk.hears()).map(|talk| talk.call.to_string()).collect();
            let speaking_muted = table.speaking_muted.load(Relaxed);
            let levels = SoundLevels { microphone, speaking, speaking_muted };
            CallNews::show(&news, Event::SoundLevelsChanged { levels });
        }
        look_after_pictures(&table, &talks, step.is_multiple_of(REPORT));
        if step.is_multiple_of(REPORT) {
            let links: Vec<_> = talks.iter().map(|talk| talk.report()).collect();
            let few = links.len() <= FEW;
            if let Some(worst) = links.into_iter().reduce(worse) {
                let link = Link { good: worst.good && few, ..worst };
                lock(&table.audio).iter().for_each(|audio| audio.adapt(link));
            }
            talks.iter().for_each(|talk| talk.inbox().look_whether_silent());
        }
        if step.is_multiple_of(SHOW) && microphone.is_some() {
            let to_them = lock(&table.showing).as_ref().map(Showing::quality);
            for talk in talks {
                let quality = CallQuality { to_them, ..talk.quality() };
                CallNews::show(&news, Event::CallQualityChanged { quality });
            }
        }
    }
}

/// Asks for keyframes where they are needed, and in turn codes my pictures for the one who sees me worst.
fn look_after_pictures(table: &Table, talks: &[Arc<Talk>], in_turn: bool) {
    let stuck = talks.iter().filter(|talk| talk.tend()).count();
    let showing = lock(&table.showing);
    let Some(showing) = showing.as_ref() else { return };
    if stuck > 0 {
        showing.request_keyframe();
    }
    if in_turn {
        showing.adapt(talks.iter().map(|talk| talk.video_link()));
    }
}

/// What suits the links of two: everyone is sent the same.
fn worse(one: Link, other: Link) -> Link {
    Link {
        loss: one.loss.max(other.loss),
        rtt_ms: one.rtt_ms.max(other.rtt_ms),
        relayed: one.relayed || other.relayed,
        good: one.good && other.good,
    }
}
