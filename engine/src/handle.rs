//! The way into the engine: start it, ask it, watch it.
//!
//! A [`Handle`] is cheap to clone and belongs to anyone; behind it is a bounded queue to the driver. [`Events`] is a
//! subscription that, when its reader is too slow, loses the oldest and says so.

use std::path::PathBuf;

use juice_proto::view::{
    Command, CommandError, EditView, ErrorCode, Event, ExportFormat, HistoryPage, PageAt, Phase, Reply,
    SafetyNumberView, SearchPage, ServerState, Snapshot, SoundDevices, VideoDevices,
};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    task::spawn_blocking,
};

use crate::{
    audio::{Sink, Source},
    call::{Equipment, Screens, Sound, Vision},
    driver::{Driver, Order},
    files::{
        self,
        picture::{self, PictureError},
    },
    net::Listen,
    profile::{Profile, ProfileError},
    session,
    video::{self, Picture, ScreenId, Size, Synthetic},
};

/// Commands that may wait for the driver; above it the caller waits.
const ORDERS: usize = 64;
/// Events that may wait for a reader; above it the oldest are lost.
const EVENTS: usize = 1_024;
/// The profile's file for what calls speak into and are heard with.
const SOUND: &str = "sound.json";
/// The profile's file for what calls are seen by.
const VIDEO: &str = "video.json";

/// What an engine is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The profile's folder.
    pub profile: PathBuf,
    /// The server's address to offer at first run.
    pub server: Option<String>,
    /// Be reachable on this machine alone.
    pub loopback_only: bool,
    /// The folder for files of others; where nothing is said, `JUICE` in the person's downloads.
    pub downloads: Option<PathBuf>,
    /// Something else than the microphone to speak into.
    pub source: Option<Source>,
    /// Something else than the loudspeaker to hear with.
    pub sink: Option<Sink>,
    /// Something else than a camera to be seen by.
    pub camera: Option<Synthetic>,
}

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another JUICE has the profile open: use that one.
    #[error("JUICE is already running on this profile")]
    ProfileInUse,
    /// The profile's folder can't be used.
    #[error("the profile's folder can't be used: {0}")]
    Profile(ProfileError),
}

/// Where a person's profile is when nothing else is said; none where the system names no home.
pub fn default_profile() -> Option<PathBuf> {
    Profile::default_dir()
}

fn default_downloads() -> Option<PathBuf> {
    Some(directories::UserDirs::new()?.download_dir()?.join("JUICE"))
}

/// Starts engines.
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Takes the profile and starts the driver; nothing is opened until someone registers or signs in.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(config: Config) -> Result<(Handle, Events), StartError> {
        let profile = Profile::open(&config.profile).map_err(|error| {
            if matches!(error, ProfileError::InUse) { StartError::ProfileInUse } else { StartError::Profile(error) }
        })?;
        if let Err(error) = profile.discard_unfinished() {
            tracing::warn!(%error, "what was left unfinished could not be cleared away");
        }
        let listen = if config.loopback_only { Listen::Loopback } else { Listen::Anywhere };
        let (orders, inbox) = mpsc::channel(ORDERS);
        let (events, first) = broadcast::channel(EVENTS);
        let downloads = config.downloads.or_else(default_downloads).unwrap_or_else(|| config.profile.join("downloads"));
        let screens = Screens::default();
        let sent = profile.sent();
        let handle = Handle { orders, events: events.clone(), sent, screens: screens.clone() };
        let sound = Sound::load(config.profile.join(SOUND), config.source, config.sink);
        let vision = Vision::load(config.profile.join(VIDEO), config.camera);
        let equipment = Equipment { sound, vision, screens };
        let server = config.server.unwrap_or_default();
        tokio::spawn(Driver::new(profile, server, listen, downloads, equipment, inbox, events).run());
        Ok((handle, Events(first)))
    }
}

/// The way to a running engine, which says its goodbyes and ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Handle {
    orders: mpsc::Sender<Order>,
    events: broadcast::Sender<Event>,
    /// For what is pasted.
    sent: PathBuf,
    screens: Screens,
}

impl Handle {
    /// Does what a person asks.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn command(&self, command: Command) -> Result<Reply, CommandError> {
        self.ask(|answer| Order::Command(Box::new(command), answer)).await.unwrap_or_else(|| Err(stopped()))
    }

    /// Everything there is to show now.
    pub async fn snapshot(&self) -> Snapshot {
        let nothing = Snapshot {
            phase: Phase::Locked,
            me: None,
            server: ServerState::Idle,
            buddies: Vec::new(),
            requests: Vec::new(),
            calls: Vec::new(),
            memos: Vec::new(),
        };
        self.ask(Order::Snapshot).await.unwrap_or(nothing)
    }

    /// A page of a conversation, of at most `limit` messages.
    ///
    /// # Errors
    /// `SignedOut`, `Unknown`, `NotSaved` where the disk would not give it.
    pub async fn history(&self, buddy: String, at: PageAt, limit: u32) -> Result<HistoryPage, CommandError> {
        self.ask(|answer| Order::History { buddy, at, limit, answer }).await.unwrap_or_else(|| Err(stopped()))
    }

    /// What was said that holds all words of `query`, whatever else is in it; the last word may go on. The newest `limit`
    /// hits (200 at most), with one buddy where given, or those before the place (`order:id`) of the last one known.
    ///
    /// # Errors
    /// `SignedOut`, `Unknown`, `NotSaved` where the disk would not give it.
    pub async fn search(
        &self,
        query: String,
        buddy: Option<String>,
        before: Option<String>,
        limit: u32,
    ) -> Result<SearchPage, CommandError> {
        let order = |answer| Order::Search { query, buddy, before, limit, answer };
        self.ask(order).await.unwrap_or_else(|| Err(stopped()))
    }

    /// The texts that a message has had, oldest first; the last is the one that it has. None of a deleted one.
    ///
    /// # Errors
    /// `SignedOut`, `Unknown`, `NotSaved` where the disk would not give it.
    pub async fn edits(&self, buddy: String, message: String) -> Result<Vec<EditView>, CommandError> {
        self.ask(|answer| Order::Edits { buddy, message, answer }).await.unwrap_or_else(|| Err(stopped()))
    }

    /// Where the file of a message is: one of mine, or one of theirs once it is whole.
    ///
    /// # Errors
    /// `SignedOut`, `Unknown`, `NotSaved` where the disk would not tell.
    pub async fn file_path(&self, buddy: String, message: String) -> Result<PathBuf, CommandError> {
        self.ask(|answer| Order::FilePath { buddy, message, answer }).await.unwrap_or_else(|| Err(stopped()))
    }

    /// The picture of a message, its longest side at most `longest_side` pixels, as PNG or JPEG; of an animated one the
    /// beginning. Takes a moment for a large one.
    ///
    /// # Errors
    /// As [`Self::file_path`]; `ImageLimits` for what is no picture or more than 50 megapixels.
    pub async fn picture(&self, buddy: String, message: String, longest_side: u32) -> Result<Vec<u8>, CommandError> {
        let path = self.file_path(buddy, message).await?;
        let _place = picture::decoding().await;
        let shown = spawn_blocking(move || picture::shown(&path, longest_side)).await;
        let (code, message) = match shown {
            Ok(Ok(bytes)) => return Ok(bytes),
            Ok(Err(PictureError::Limits)) => (ErrorCode::ImageLimits, "not a picture that can be drawn"),
            Ok(Err(PictureError::Unreadable)) => (ErrorCode::NoSuchFile, "the picture is not where it was"),
            Err(_) => (ErrorCode::Internal, "interrupted"),
        };
        Err(CommandError { code, message: message.into() })
    }

    /// Keeps pasted bytes (64 MiB at most) as a file of this name in the profile, to be sent from there.
    ///
    /// # Errors
    /// `NotSaved`.
    pub async fn paste(&self, bytes: Vec<u8>, name: String) -> Result<PathBuf, CommandError> {
        let folder = self.sent.clone();
        let kept = spawn_blocking(move || files::keep_pasted(&folder, &name, &bytes)).await;
        let not_kept = |why: String| CommandError { code: ErrorCode::NotSaved, message: why };
        kept.map_err(|_| not_kept("interrupted".into()))?.map_err(|error| not_kept(error.to_string()))
    }

    /// Writes the conversation with a buddy to a file at `path`, in place of what is there; returns when it is whole.
    ///
    /// # Errors
    /// `SignedOut`, `Unknown`, `NotSaved` where it could not be read or written; what was at `path` is still there then.
    pub async fn export(&self, buddy: String, format: ExportFormat, path: PathBuf) -> Result<(), CommandError> {
        self.ask(|answer| Order::Export { buddy, format, path, answer }).await.unwrap_or_else(|| Err(stopped()))
    }

    /// Backs the whole profile up to a file at `path`, in place of what is there, under a password of its own; returns
    /// when it is whole. The profile goes on meanwhile; what comes after the beginning is not in it.
    ///
    /// # Errors
    /// `SignedOut`, `WeakPassword`, `NotSaved`.
    pub async fn back_up(&self, path: PathBuf, password: String) -> Result<(), CommandError> {
        session::check_password(&password)?;
        self.ask(|answer| Order::BackUp { path, password, answer }).await.unwrap_or_else(|| Err(stopped()))
    }

    /// Puts a backup into a profile without an account, which is then locked: the account's password, as it was, opens
    /// it. What happened since comes from the buddies.
    ///
    /// # Errors
    /// `WrongPassword`, `ProfileCorrupt` for a damaged one, `ProfileTooNew`, `NoSuchFile`, `NotSaved`, `Internal` where
    /// there is an account already. Nothing is there then.
    pub async fn restore(&self, path: PathBuf, password: String) -> Result<(), CommandError> {
        self.ask(|answer| Order::Restore { path, password, answer }).await.unwrap_or_else(|| Err(stopped()))
    }

    /// The number to compare with a buddy.
    ///
    /// # Errors
    /// `SignedOut`, `Unknown`.
    pub async fn safety_number(&self, buddy: String) -> Result<SafetyNumberView, CommandError> {
        self.ask(|answer| Order::SafetyNumber(buddy, answer)).await.unwrap_or_else(|| Err(stopped()))
    }

    /// Microphones, loudspeakers, and which are used how.
    pub async fn sound_devices(&self) -> SoundDevices {
        let nothing = || SoundDevices { microphones: Vec::new(), speakers: Vec::new(), settings: Default::default() };
        self.ask(Order::SoundDevices).await.unwrap_or_else(nothing)
    }

    /// Cameras, screens, and which are used.
    pub async fn video_devices(&self) -> VideoDevices {
        let nothing = || VideoDevices {
            cameras: Vec::new(),
            screens: Vec::new(),
            screen_trouble: None,
            settings: Default::default(),
        };
        self.ask(Order::VideoDevices).await.unwrap_or_else(nothing)
    }

    /// What is to be seen now of a monitor or a window that can be shown, for whoever chooses, fitted into 16:9 of this
    /// width; none where it is gone.
    pub async fn screen_picture(&self, screen: String, width: u32) -> Option<Picture> {
        let most = Size::new(width & !1, (width.min(1_920) * 9 / 16) & !1).ok()?;
        spawn_blocking(move || video::glance(&ScreenId(screen), most).ok()).await.ok()?
    }

    /// What is to be seen in calls.
    pub fn screens(&self) -> &Screens {
        &self.screens
    }

    /// Says goodbye to every buddy and to the server, closes everything, and ends the engine. Takes a second at most.
    pub async fn stop(&self) {
        self.ask(Order::Stop).await;
    }

    /// A further subscription, from now on.
    pub fn events(&self) -> Events {
        Events(self.events.subscribe())
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(order(answer)).await.ok()?;
        answered.await.ok()
    }
}

fn stopped() -> CommandError {
    CommandError { code: ErrorCode::SignedOut, message: "the engine has stopped".into() }
}

/// A subscription to what a person should see.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    /// The next event; [`Event::EventsLost`] where some were lost; none when the engine has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Event::EventsLost),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
