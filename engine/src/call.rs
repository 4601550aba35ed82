//! Calls in progress: the voice corridor's ends tied to the net.
//!
//! The messenger says when sound may go and where to; from then on 20 ms of voice never meet the driver again:
//!
//! ```text
//!  audio::VoiceFrames > talk: number, seal > lanes: the newest waits > streams of the net
//!  audio::Ear < talk: open, each number once < arrivals: which call? < streams of the net
//! ```
//!
//! [`Talks`] has every call that sounds and belongs to the driver; a [`talk::Talk`] is one of them, and dropping it ends
//! its tasks, its threads and its streams. Twice a second each side tells the other how it hears; out of that comes how
//! the voice is coded and what the window says of the call.

mod arrivals;
mod lanes;
mod quality;
mod sound;
mod talk;

use std::{collections::HashMap, time::Duration};

use juice_proto::{
    id::{CallId, DeviceId},
    messenger::Voice,
    view::{Event, SoundSettings},
};
use tokio::{
    sync::mpsc,
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

use self::{arrivals::Arrivals, lanes::Lanes, talk::Talk};
use crate::{
    audio::{CallAudio, Setup},
    net::{Door, PeerStream},
};

pub use self::sound::Sound;

/// How often the window is told how loud it is.
const LEVELS: Duration = Duration::from_millis(100);
/// How often it is looked whether there is a microphone.
const LOOK: Duration = Duration::from_secs(3);

/// What the driver is told.
#[derive(Clone, Debug)]
pub(crate) enum CallNews {
    /// The first sound of a call has come.
    Heard(CallId),
    /// No microphone or no loudspeaker could be used for it.
    NoSound(CallId),
    /// A microphone is here, or none is.
    Microphone(bool),
    /// Something to show.
    Tell(Box<Event>),
}

/// What the calls stand on.
pub(crate) struct Fittings {
    /// The way to the other devices.
    pub door: Door,
    /// What they open.
    pub accepted: mpsc::Receiver<PeerStream>,
    /// Devices and settings.
    pub sound: Sound,
}

/// Every call that sounds.
pub(crate) struct Talks {
    door: Door,
    sound: Sound,
    talks: HashMap<CallId, Talk>,
    arrivals: Arrivals,
    /// Which devices are reached through the relay.
    relayed: HashMap<DeviceId, bool>,
    muted: bool,
    deafened: bool,
    news: mpsc::Sender<CallNews>,
    _tasks: JoinSet<()>,
}

impl Talks {
    /// Begins to take streams; nothing sounds yet.
    pub fn start(fittings: Fittings, news: mpsc::Sender<CallNews>) -> Self {
        let Fittings { door, accepted, sound } = fittings;
        let arrivals = Arrivals::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(arrivals.clone().run(accepted, door.clone()));
        tasks.spawn(watch_microphone(sound.clone(), news.clone()));
        let (talks, relayed) = (HashMap::new(), HashMap::new());
        Self { door, sound, talks, arrivals, relayed, muted: false, deafened: false, news, _tasks: tasks }
    }

    /// Does what the messenger wants of sound.
    pub fn act(&mut self, voice: Voice) {
        match voice {
            Voice::Start { call, device, keys } => {
                let lanes = Lanes::open(&self.door, device, call);
                let relayed = self.relayed.get(&device).copied().unwrap_or_default();
                let setup = self.setup();
                let talk = Talk::start(call, device, *keys, lanes, relayed, setup, self.news.clone());
                self.arrivals.expect(call, device, talk.inbox());
                self.talks.insert(call, talk);
            }
            Voice::Pause(call, on) => {
                let setup = self.setup();
                self.talks.get(&call).into_iter().for_each(|talk| talk.pause(on, setup.clone()));
            }
            Voice::Stop(call) => drop(self.talks.remove(&call)),
            Voice::Mute(on) => {
                self.muted = on;
                self.each(|audio| audio.set_muted(on));
            }
            Voice::Deafen(on) => {
                self.deafened = on;
                self.each(|audio| audio.set_deafened(on));
            }
            Voice::Volume(call, percent) => {
                let volume = percent as f32 / 100.0;
                self.talks.get(&call).into_iter().for_each(|talk| talk.set_volume(volume));
            }
            Voice::Record(..) => {}
        }
    }

    fn setup(&self) -> Setup {
        self.sound.setup(self.muted, self.deafened)
    }

    fn each(&self, act: impl Fn(&CallAudio)) {
        self.talks.values().for_each(|talk| talk.with_audio(&act));
    }

    /// A link to a device has come up.
    pub fn linked(&mut self, device: DeviceId, relayed: bool) {
        self.relayed.insert(device, relayed);
        self.talks.values().filter(|talk| talk.device == device).for_each(|talk| talk.renew(relayed));
    }

    /// Uses other devices, at once.
    pub fn set_sound(&mut self, settings: SoundSettings) -> std::io::Result<()> {
        self.sound.set(settings)?;
        let (microphone, speaker) = (self.sound.microphone(), self.sound.speaker());
        self.each(|audio| {
            audio.use_microphone(microphone.clone());
            audio.use_speaker(speaker.clone());
            audio.set_processing(self.sound.processing());
        });
        Ok(())
    }

    /// Devices and settings.
    pub fn sound(&self) -> &Sound {
        &self.sound
    }
}

/// Tells whether there is a microphone, whenever that changes.
async fn watch_microphone(sound: Sound, news: mpsc::Sender<CallNews>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = None;
    loop {
        looks.tick().await;
        let sound = sound.clone();
        let Ok(here) = spawn_blocking(move || sound.can_speak()).await else { return };
        if before.replace(here) != Some(here) && news.send(CallNews::Microphone(here)).await.is_err() {
            return;
        }
    }
}
