//! Calls in progress: the voice corridor's ends tied to the net.
//!
//! The messenger says when sound may go and where to; from then on 20 ms of voice never meet the driver again:
//!
//! ```text
//!  audio::VoiceFrames > group: to everyone > talk: seal > lanes: a datagram, or the newest waits for a stream
//!  audio::Ear < inbox: open, each number once < arrivals: which call? < datagrams and streams of the net
//! ```
//!
//! [`Talks`] has every call that sounds and belongs to the driver: a [`group::Group`] with its devices for each group,
//! and in it a [`talk::Talk`] for the sound with each of the others. Twice a second each side tells the other how it
//! hears; out of that comes how the voice is coded and what the window says of the call. Pictures go beside it in
//! [`video`].

mod arrivals;
mod echo_call;
mod group;
mod inbox;
mod kept;
mod lanes;
mod quality;
mod ringing;
mod sound;
mod talk;
#[cfg(test)]
mod trial;
mod trying;
mod video;
mod vision;

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use juice_proto::{
    call::{Shows, Side},
    id::{CallId, DeviceId},
    messenger::Voice,
    presence::Capabilities,
    view::{CallView, Command, CommandError, ErrorCode, Event, Reply, SoundSettings, VideoSettings},
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
    ringing::Ringing,
    talk::{Talk, Ways, With},
    video::{Audience, Gallery, Showing},
};
use crate::{
    audio::{AudioError, CallAudio, Setup},
    net::{Door, PeerStream},
    video::VideoError,
};

pub(crate) use self::video::Shown;
pub use self::{
    sound::Sound,
    video::{MINE, Screens},
    vision::{UnknownSynthetic, Vision},
};

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
    /// There is nothing to show in a group.
    NoPicture(CallId),
    /// What there is here to be heard and seen by.
    Devices(Capabilities),
    /// Something to show.
    Tell(Box<Event>),
}

impl CallNews {
    /// Shows something, where there is room for it.
    fn show(news: &mpsc::Sender<Self>, event: Event) {
        let _ = news.try_send(Self::Tell(Box::new(event)));
    }
}

/// What people are heard and seen by.
#[derive(Clone, Debug)]
pub(crate) struct Equipment {
    pub sound: Sound,
    pub vision: Vision,
    /// What the window sees.
    pub screens: Screens,
}

impl Equipment {
    /// As it is kept now, which an open profile may have changed.
    pub fn anew(&self) -> Self {
        Self { sound: self.sound.anew(), vision: self.vision.anew(), screens: self.screens.clone() }
    }

    /// What there is. Asks the system, which takes a moment.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities { microphone: self.sound.can_speak(), camera: self.vision.can_see() }
    }
}

/// What the calls stand on.
pub(crate) struct Fittings {
    /// The way to the other devices.
    pub door: Door,
    /// What they open.
    pub accepted: mpsc::Receiver<PeerStream>,
    /// The same for pictures.
    pub video_door: Door,
    /// The same for pictures.
    pub video_accepted: mpsc::Receiver<PeerStream>,
    /// Devices and settings.
    pub equipment: Equipment,
    /// Where recordings go.
    pub downloads: PathBuf,
}

/// Every call that sounds.
pub(crate) struct Talks {
    door: Door,
    video_door: Door,
    equipment: Equipment,
    downloads: PathBuf,
    groups: HashMap<CallId, Group>,
    arrivals: Arrivals,
    gallery: Gallery,
    /// Which devices are reached through the relay.
    relayed: HashMap<DeviceId, bool>,
    muted: bool,
    deafened: bool,
    echo: Option<EchoCall>,
    ringing: Ringing,
    /// The test of the devices, where one runs.
    test: JoinSet<()>,
    /// I look at myself, without a call.
    mirror: Option<Showing>,
    news: mpsc::Sender<CallNews>,
    tasks: JoinSet<()>,
}

impl Talks {
    /// Begins to take streams; nothing sounds yet.
    pub fn start(fittings: Fittings, news: mpsc::Sender<CallNews>) -> Self {
        let Fittings { door, accepted, video_door, video_accepted, equipment, downloads } = fittings;
        let (arrivals, gallery) = (Arrivals::default(), Gallery::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(arrivals.clone().run(accepted, door.clone()));
        tasks.spawn(gallery.clone().run(video_accepted, video_door.clone()));
        tasks.spawn(watch_devices(equipment.clone(), news.clone()));
        let (groups, relayed) = (HashMap::new(), HashMap::new());
        Self {
            door,
            video_door,
            equipment,
            downloads,
            groups,
            arrivals,
            gallery,
            relayed,
            muted: false,
            deafened: false,
            echo: None,
            ringing: Ringing::default(),
            test: JoinSet::new(),
            mirror: None,
            news,
            tasks,
        }
    }

    /// Does what the messenger wants of sound.
    pub fn act(&mut self, voice: Voice) {
        match voice {
            Voice::Start { call, group, buddy, device, keys } => {
                (self.echo, self.mirror) = (None, None);
                let ways = Ways { sound: self.door.clone(), pictures: self.video_door.clone() };
                let relayed = self.relayed.get(&device).copied().unwrap_or_default();
                let with = With { call, device, keys: *keys, relayed };
                let talk = Talk::new(with, ways, self.equipment.screens.clone(), self.news.clone());
                self.arrivals.expect(call, device, talk.inbox());
                self.gallery.expect(call, device, talk.seen());
                let setup = self.setup();
                let group = self.groups.entry(group).or_insert_with(|| Group::new(buddy, self.news.clone()));
                group.enter(talk, setup);
            }
            Voice::Pause(call, on) => {
                let setup = self.setup();
                self.groups.values().for_each(|group| group.pause(&call, on, setup.clone()));
            }
            Voice::Stop(call) => self.groups.retain(|_, group| group.leave(&call)),
            Voice::Video(group, shows) => {
                self.groups.get_mut(&group).into_iter().for_each(|group| group.set_shows(shows));
            }
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
        let Self { groups, equipment: Equipment { vision, screens, .. }, .. } = self;
        groups.iter_mut().for_each(|(id, group)| group.settle_video(*id, vision, screens));
    }

    /// Does what the person asks of sound that no buddy is part of: settings, a test, the echo. Gives back what is none
    /// of that.
    #[allow(clippy::wildcard_enum_match_arm, reason = "what is not about sound alone is the messenger's")]
    pub fn ask(&mut self, command: Command) -> Result<Result<Reply, CommandError>, Command> {
        let done = match command {
            Command::SetSound { settings } => self.set_sound(settings),
            Command::SetVideo { settings } => self.set_video(settings),
            Command::TestVideo { on } => self.look_at_me(on),
            Command::TestSound { on } => {
                // Dropped, the one before ends.
                self.test = JoinSet::new();
                if on {
                    self.test.spawn(trying::out(self.setup(), self.news.clone()));
                }
                Ok(())
            }
            Command::PlaceCall { buddy, .. } if buddy == ECHO => self.call_echo(),
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

    /// Shows me my camera, where no call does.
    fn look_at_me(&mut self, on: bool) -> Result<(), CommandError> {
        self.mirror = None;
        let Some(setup) = self.equipment.vision.setup(Shows::Camera).filter(|_| on && self.groups.is_empty()) else {
            return Ok(());
        };
        let audience =
            Audience { group: None, talks: Arc::new(Vec::new), next: Arc::default(), news: self.news.clone() };
        let no_camera = |error: VideoError| CommandError { code: ErrorCode::NoCamera, message: error.to_string() };
        self.mirror = Some(Showing::start(setup, audience, &self.equipment.screens).map_err(no_camera)?);
        Ok(())
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
        self.equipment.sound.setup(self.muted, self.deafened)
    }

    fn each(&self, act: impl Fn(&CallAudio)) {
        self.groups.values().for_each(|group| group.with_audio(&act));
        self.echo.iter().for_each(|echo| echo.with_audio(&act));
    }

    /// What the window is told of calls is heard here too.
    pub fn overhear(&mut self, event: &Event) {
        if self.ringing.overhear(event) {
            self.ringing.settle(&self.equipment.sound, self.echo.is_some());
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
        self.equipment.sound.set(settings).map_err(not_saved)?;
        let sound = &self.equipment.sound;
        let (microphone, speaker) = (sound.microphone(), sound.speaker());
        self.each(|audio| {
            audio.use_microphone(microphone.clone());
            audio.use_speaker(speaker.clone());
            audio.set_processing(sound.processing());
        });
        self.ringing.settle(sound, self.echo.is_some());
        self.show_devices(|Equipment { sound, .. }| Event::SoundDevicesChanged { devices: sound.devices() });
        Ok(())
    }

    /// Uses another camera or screen, at once.
    fn set_video(&mut self, settings: VideoSettings) -> Result<(), CommandError> {
        let vision = &mut self.equipment.vision;
        vision.set(settings).map_err(not_saved)?;
        self.groups.values().for_each(|group| group.use_chosen(vision));
        if let (Some(mirror), Some(setup)) = (&self.mirror, vision.setup(Shows::Camera)) {
            mirror.use_setup(setup);
        }
        self.show_devices(|Equipment { vision, .. }| Event::VideoDevicesChanged { devices: vision.devices() });
        Ok(())
    }

    /// Tells the window what there is and what is chosen. Asking the system takes a moment.
    fn show_devices(&mut self, look: impl FnOnce(Equipment) -> Event + Send + 'static) {
        let (equipment, news) = (self.equipment.clone(), self.news.clone());
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(async move {
            let Ok(event) = spawn_blocking(move || look(equipment)).await else { return };
            let _ = news.send(CallNews::Tell(Box::new(event))).await;
        });
    }

    /// Devices and settings.
    pub fn equipment(&self) -> &Equipment {
        &self.equipment
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_saved(error: std::io::Error) -> CommandError {
    CommandError { code: ErrorCode::NotSaved, message: error.to_string() }
}

/// Where a meter stands, from 0 to 1: people hear by decibels.
pub(crate) fn meter(rms: f32) -> f64 {
    let decibels = 20.0 * f64::from(rms).max(1e-6).log10();
    (1.0 - decibels / QUIET).clamp(0.0, 1.0)
}

/// Ends a corridor, whose threads take some 10 ms, for which nobody waits.
fn close(audio: impl Send + 'static) {
    spawn_blocking(move || drop(audio));
}

/// Tells whether there are a microphone and a camera, whenever that changes.
async fn watch_devices(equipment: Equipment, news: mpsc::Sender<CallNews>) {
    // The first hello has said what there was at the beginning.
    let mut looks = interval_at(Instant::now() + LOOK, LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = None;
    loop {
        looks.tick().await;
        let equipment = equipment.clone();
        let Ok(here) = spawn_blocking(move || equipment.capabilities()).await else { return };
        if before.replace(here) != Some(here) && news.send(CallNews::Devices(here)).await.is_err() {
            return;
        }
    }
}
