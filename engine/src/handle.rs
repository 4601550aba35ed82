//! The way into the engine: start it, ask it, watch it.
//!
//! A [`Handle`] is cheap to clone and belongs to anyone; behind it is a bounded queue to the driver. [`Events`] is a
//! subscription that, when its reader is too slow, loses the oldest and says so.

use std::path::PathBuf;

use juice_proto::view::{
    Command, CommandError, ErrorCode, Event, HistoryPage, PageAt, Phase, Reply, SafetyNumberView, ServerState, Snapshot,
};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::{
    driver::{Driver, Order},
    net::Listen,
    profile::{Profile, ProfileError},
};

/// Commands that may wait for the driver; above it the caller waits.
const ORDERS: usize = 64;
/// Events that may wait for a reader; above it the oldest are lost.
const EVENTS: usize = 1_024;

/// What an engine is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The profile's folder.
    pub profile: PathBuf,
    /// The server's address to offer at first run.
    pub server: Option<String>,
    /// Be reachable on this machine alone.
    pub loopback_only: bool,
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
        let listen = if config.loopback_only { Listen::Loopback } else { Listen::Anywhere };
        let (orders, inbox) = mpsc::channel(ORDERS);
        let (events, first) = broadcast::channel(EVENTS);
        let handle = Handle { orders, events: events.clone() };
        tokio::spawn(Driver::new(profile, config.server.unwrap_or_default(), listen, inbox, events).run());
        Ok((handle, Events(first)))
    }
}

/// The way to a running engine, which says its goodbyes and ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Handle {
    orders: mpsc::Sender<Order>,
    events: broadcast::Sender<Event>,
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

    /// The number to compare with a buddy.
    ///
    /// # Errors
    /// `SignedOut`, `Unknown`.
    pub async fn safety_number(&self, buddy: String) -> Result<SafetyNumberView, CommandError> {
        self.ask(|answer| Order::SafetyNumber(buddy, answer)).await.unwrap_or_else(|| Err(stopped()))
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
