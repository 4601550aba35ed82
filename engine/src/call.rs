//! Calls in progress: the voice corridor's ends tied to the net.
//!
//! The messenger says when sound may go and where to; from then on 20 ms of voice never meet the driver again:
//!
//! ```text
//!  audio::VoiceFrames > group: to everyone > talk: seal > lanes: the newest waits > streams of the net
//!  audio::Ear < inbox: open, each number once < arrivals: which call? < streams of the net
//! ```
//!
//! [`Talks`] has every call that sounds and belongs to the driver: a [`group::Group`] with its devices for each group,
//! and in it a [`talk::Talk`] for the sound with each of the others. Twice a second each side tells the other how it
//! hears; out of that comes how the voice is coded and what the window says of the call.

mod arrivals;
mod echo_call;
mod group;
mod inbox;
mod lanes;
mod quality;
mod ringing;
mod sound;
mod talk;
#[cfg(test)]
mod trial;
mod trying;

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use juice_proto::{
    call::Side,
    id::{CallId, DeviceId},
    messenger::Voice,
    view::{CallView, Command, CommandError, ErrorCode, Event, Reply, SoundSettings},
};
use tokio::{
    sync::mpsc,
    task::{JoinSet, spawn_blocking},
    time::{Instant, MissedTickBehavior, interval_at},
};

use self::{
    arrivals::Arrivals,
    echo_call::EchoCall,
    group::Group,
    lanes::Lanes,
    ringing::Ringing,
    talk::{Talk, With},
};
use crate::{
    audio::{AudioError, CallAudio, Setup},
    net::{Door, PeerStream},
};

pub use self::sound::Sound;

/// The id of the buddy who says everything back.
pub const ECHO: &str = "echo";
/// What a meter shows nothing of, in dBFS.
const QUIET: f64 = -60.0;
/// How often the window is told how loud it is.
const LEVELS: Duration = Duration::from_millis(100);
/// How often it is looked whether there is a microphone.
const LOOK: Duration = Duration::from_secs(10);

/// What the driver is told.
#[derive(Clone, Debug)]
pub(crate) enum CallNews {
    /// The first sound of a call has come, or the first after a silence.
    Heard(CallId),
    /// Nothing of it has come for some seconds.
    Silent(CallId),
    /// The other side says how it is.
    Side(CallId, Side),
    /// The other side says that it leaves.
    Left(CallId),
    /// No microphone or no loudspeaker could be used for it.
    NoSound(CallId),
    /// A microphone is here, or none is.
    Microphone(bool),
    /// Something to show.
    Tell(Box<Event>),
}

impl CallNews {
    /// Shows something, where there is room for it.
    fn show(news: &mpsc::Sender<Self>, event: Event) {
        let _ = news.try_send(Self::Tell(Box::new(event)));
    }
}

/// What the calls stand on.
pub(crate) struct Fittings {
    /// The way to the other devices.
    pub door: Door,
    /// What they open.
    pub accepted: mpsc::Receiver<PeerStream>,
    /// Devices and settings.
    pub sound: Sound,
    /// Where recordings go.
    pub downloads: PathBuf,
}

/// Every call that sounds.
pub(crate) struct Talks {
    door: Door,
    sound: Sound,
    downloads: PathBuf,
    groups: HashMap<CallId, Group>,
    arrivals: Arrivals,
    /// Which devices are reached through the relay.
    relayed: HashMap<DeviceId, bool>,
    muted: bool,
    deafened: bool,
    echo: Option<EchoCall>,
    ringing: Ringing,
    /// The test of the devices, where one runs.
    test: JoinSet<()>,
    news: mpsc::Sender<CallNews>,
    tasks: JoinSet<()>,
}

impl Talks {
    /// Begins to take streams; nothing sounds yet.
    pub fn start(fittings: Fittings, news: mpsc::Sender<CallNews>) -> Self {
        let Fittings { door, accepted, sound, downloads } = fittings;
        let arrivals = Arrivals::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(arrivals.clone().run(accepted, door.clone()));
        tasks.spawn(watch_microphone(sound.clone(), news.clone()));
        let (groups, relayed) = (HashMap::new(), HashMap::new());
        Self {
            door,
            sound,
            downloads,
            groups,
            arrivals,
            relayed,
            muted: false,
            deafened: false,
            echo: None,
            ringing: Ringing::default(),
            test: JoinSet::new(),
            news,
            tasks,
        }
    }

    /// Does what the messenger wants of sound.
    pub fn act(&mut self, voice: Voice) {
        match voice {
            Voice::Start { call, group, buddy, device, keys } => {
                self.echo = None;
                let lanes = Lanes::open(&self.door, device, call);
                let relayed = self.relayed.get(&device).copied().unwrap_or_default();
                let talk = Talk::new(With { call, device, keys: *keys, relayed }, lanes, self.news.clone());
                self.arrivals.expect(call, device, talk.inbox());
                let setup = self.setup();
                let group = self.groups.entry(group).or_insert_with(|| Group::new(buddy, self.news.clone()));
                group.enter(talk, setup);
            }
            Voice::Pause(call, on) => {
                let setup = self.setup();
                self.groups.values().for_each(|group| group.pause(&call, on, setup.clone()));
            }
            Voice::Stop(call) => self.groups.retain(|_, group| group.leave(&call)),
            Voice::Side(call, side) => self.talk(&call).into_iter().for_each(|talk| talk.set_side(side)),
            Voice::Mute(on) => {
                self.muted = on;
                self.each(|audio| audio.set_muted(on));
                self.show_echo();
            }
            Voice::Deafen(on) => {
                self.deafened = on;
                self.each(|audio| audio.set_deafened(on));
                self.show_echo();
            }
            Voice::Volume(call, percent) => {
                let volume = percent as f32 / 100.0;
                self.talk(&call).into_iter().for_each(|talk| talk.set_volume(volume));
            }
            Voice::Record(group, on) => self.groups.get(&group).into_iter().for_each(|group| {
                if on {
                    group.record(&self.downloads);
                } else {
                    group.stop_recording();
                }
            }),
        }
    }

    /// Does what the person asks of sound that no buddy is part of: settings, a test, the echo. Gives back what is none
    /// of that.
    #[allow(clippy::wildcard_enum_match_arm, reason = "what is not about sound alone is the messenger's")]
    pub fn ask(&mut self, command: Command) -> Result<Result<Reply, CommandError>, Command> {
        let done = match command {
            Command::SetSound { settings } => self.set_sound(settings),
            Command::TestSound { on } => {
                // Dropped, the one before ends.
                self.test = JoinSet::new();
                if on {
                    self.test.spawn(trying::out(self.setup(), self.news.clone()));
                }
                Ok(())
            }
            Command::PlaceCall { buddy } if buddy == ECHO => self.call_echo(),
            Command::HangUp { call } if self.echo.as_ref().is_some_and(|echo| echo.is(&call)) => {
                self.echo = None;
                Ok(())
            }
            other => return Err(other),
        };
        Ok(done.map(|()| Reply::Done))
    }

    fn call_echo(&mut self) -> Result<(), CommandError> {
        if !self.groups.is_empty() || self.echo.is_some() {
            return Err(CommandError { code: ErrorCode::InCall, message: "there is a call already".into() });
        }
        let echo = EchoCall::start(self.setup(), self.news.clone());
        let no_sound = |error: AudioError| CommandError { code: ErrorCode::NoSound, message: error.to_string() };
        self.echo = Some(echo.map_err(no_sound)?);
        self.show_echo();
        Ok(())
    }

    /// The call with the echo, where there is one.
    pub fn echo_view(&self) -> Option<CallView> {
        self.echo.as_ref().map(|echo| echo.view(self.muted, self.deafened))
    }

    fn show_echo(&self) {
        if let Some(call) = self.echo_view() {
            CallNews::show(&self.news, Event::CallChanged { call });
        }
    }

    fn talk(&self, call: &CallId) -> Option<Arc<Talk>> {
        self.groups.values().find_map(|group| group.talk(call))
    }

    fn setup(&self) -> Setup {
        self.sound.setup(self.muted, self.deafened)
    }

    fn each(&self, act: impl Fn(&CallAudio)) {
        self.groups.values().for_each(|group| group.with_audio(&act));
        self.echo.iter().for_each(|echo| echo.with_audio(&act));
    }

    /// What the window is told of calls is heard here too.
    pub fn overhear(&mut self, event: &Event) {
        if self.ringing.overhear(event) {
            self.ringing.settle(&self.sound, self.echo.is_some());
        }
    }

    /// A link to a device has come up.
    pub fn linked(&mut self, device: DeviceId, relayed: bool) {
        self.relayed.insert(device, relayed);
        let talks = self.groups.values().flat_map(Group::talks);
        talks.filter(|talk| talk.device == device).for_each(|talk| talk.renew(relayed));
    }

    /// Uses other devices, at once.
    fn set_sound(&mut self, settings: SoundSettings) -> Result<(), CommandError> {
        let not_saved = |error: std::io::Error| CommandError { code: ErrorCode::NotSaved, message: error.to_string() };
        self.sound.set(settings).map_err(not_saved)?;
        let (microphone, speaker) = (self.sound.microphone(), self.sound.speaker());
        self.each(|audio| {
            audio.use_microphone(microphone.clone());
            audio.use_speaker(speaker.clone());
            audio.set_processing(self.sound.processing());
        });
        self.ringing.settle(&self.sound, self.echo.is_some());
        self.show_devices();
        Ok(())
    }

    /// Tells the window what there is and what is chosen. Asking the system takes a moment.
    fn show_devices(&mut self) {
        let (sound, news) = (self.sound.clone(), self.news.clone());
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(async move {
            let Ok(devices) = spawn_blocking(move || sound.devices()).await else { return };
            let _ = news.send(CallNews::Tell(Box::new(Event::SoundDevicesChanged { devices }))).await;
        });
    }

    /// Devices and settings.
    pub fn sound(&self) -> &Sound {
        &self.sound
    }
}

/// Where a meter stands, from 0 to 1: people hear by decibels.
fn meter(rms: f32) -> f64 {
    let decibels = 20.0 * f64::from(rms).max(1e-6).log10();
    (1.0 - decibels / QUIET).clamp(0.0, 1.0)
}

/// Ends a corridor, whose threads take some 10 ms, for which nobody waits.
fn close(audio: impl Send + 'static) {
    spawn_blocking(move || drop(audio));
}

/// Tells whether there is a microphone, whenever that changes.
async fn watch_microphone(sound: Sound, news: mpsc::Sender<CallNews>) {
    // The first hello has said what there was at the beginning.
    let mut looks = interval_at(Instant::now() + LOOK, LOOK);
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
