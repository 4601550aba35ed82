//! The driver: the one loop that owns the messenger.
//!
//! Everything that happens comes in here (orders from handles, news of the net, the server and the store, time), is
//! handed to the messenger, and what the messenger wants is handed on. Nothing in the loop waits for a peer, the disk or
//! the window: opening a profile and reading history are tasks whose results come back as news. Runs as one tokio task,
//! from [`crate::Engine::start`] until the last handle is gone.

mod open;
mod shown;

use std::{path::PathBuf, sync::Arc};

use juice_proto::view::{
    Command, CommandError, EditView, ErrorCode, Event, ExportFormat, HistoryPage, PageAt, Phase, Reply,
    SafetyNumberView, SearchPage, ServerState, Snapshot, SoundDevices, VideoDevices,
};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    task::{JoinSet, spawn_blocking},
    time::sleep_until,
};

use self::open::Open;
use crate::{
    backup,
    call::Equipment,
    clock::Clock,
    net::Listen,
    profile::Profile,
    session::{self, Opened, Place},
};

/// What a handle asks, and where the answer goes.
#[derive(Debug)]
pub(crate) enum Order {
    Command(Box<Command>, Answer<Result<Reply, CommandError>>),
    Snapshot(Answer<Snapshot>),
    History {
        buddy: String,
        at: PageAt,
        limit: u32,
        answer: Answer<Result<HistoryPage, CommandError>>,
    },
    Search {
        query: String,
        buddy: Option<String>,
        before: Option<String>,
        limit: u32,
        answer: Answer<Result<SearchPage, CommandError>>,
    },
    Edits {
        buddy: String,
        message: String,
        answer: Answer<Result<Vec<EditView>, CommandError>>,
    },
    FilePath {
        buddy: String,
        message: String,
        answer: Answer<Result<PathBuf, CommandError>>,
    },
    Export {
        buddy: String,
        format: ExportFormat,
        path: PathBuf,
        answer: Answer<Result<(), CommandError>>,
    },
    BackUp {
        path: PathBuf,
        password: String,
        answer: Answer<Result<(), CommandError>>,
    },
    Restore {
        path: PathBuf,
        password: String,
        answer: Answer<Result<(), CommandError>>,
    },
    SafetyNumber(String, Answer<Result<SafetyNumberView, CommandError>>),
    SoundDevices(Answer<SoundDevices>),
    VideoDevices(Answer<VideoDevices>),
    Stop(Answer<()>),
}

pub(crate) type Answer<T> = oneshot::Sender<T>;

pub(crate) struct Driver {
    place: Place,
    /// The server's address to offer at first run.
    offered: String,
    orders: mpsc::Receiver<Order>,
    events: broadcast::Sender<Event>,
    clock: Clock,
    open: Option<Box<Open>>,
    /// Registering, signing in, restoring or changing the password: one at a time.
    errand: JoinSet<Errand>,
}

/// How an errand ended.
enum Errand {
    Opened(Result<Box<Opened>, CommandError>, Answer<Result<Reply, CommandError>>),
    Restored(Result<(), CommandError>, Answer<Result<(), CommandError>>),
    PasswordChanged(Result<(), CommandError>, Answer<Result<Reply, CommandError>>),
}

impl Driver {
    pub fn new(
        profile: Profile,
        offered: String,
        listen: Listen,
        downloads: PathBuf,
        equipment: Equipment,
        orders: mpsc::Receiver<Order>,
        events: broadcast::Sender<Event>,
    ) -> Self {
        let place = Place { profile: Arc::new(profile), listen, downloads, equipment };
        Self { place, offered, orders, events, clock: Clock::start(), open: None, errand: JoinSet::new() }
    }

    pub async fn run(mut self) {
        let stopped = loop {
            let deadline = self.open.as_ref().and_then(|open| open.deadline()).map(|at| self.clock.instant(at));
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Order::Stop(answer)) => break Some(answer),
                    Some(order) => self.obey(order).await,
                    None => break None,
                },
                Some(Ok(errand)) = self.errand.join_next() => self.errand_done(errand),
                () = news(&mut self.open, &self.clock, &self.events) => {}
                () = async { sleep_until(deadline.unwrap_or_else(|| self.clock.instant(0))).await }, if deadline.is_some() => {}
            }
            if let Some(open) = &mut self.open {
                if self.clock.jumped() {
                    tracing::info!("the clock jumped or the machine slept: connecting anew");
                    open.woke(self.clock.now());
                }
                open.tick(self.clock.now(), &self.events);
            }
        };
        if let Some(open) = self.open.take() {
            open.sign_out(&self.clock, &self.events).await;
        }
        // The profile is free when the answer comes.
        self.errand.shutdown().await;
        drop(self);
        if let Some(answer) = stopped {
            let _ = answer.send(());
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Command(command, answer) => self.command(*command, answer).await,
            Order::Snapshot(answer) => {
                let _ = answer.send(self.snapshot());
            }
            Order::History { buddy, at, limit, answer } => match &mut self.open {
                Some(open) => open.history(&buddy, &at, limit, answer),
                None => drop(answer.send(Err(signed_out()))),
            },
            Order::Search { query, buddy, before, limit, answer } => match &mut self.open {
                Some(open) => open.search(query, buddy.as_deref(), before.as_deref(), limit, answer),
                None => drop(answer.send(Err(signed_out()))),
            },
            Order::Edits { buddy, message, answer } => match &mut self.open {
                Some(open) => open.edits(&buddy, &message, answer),
                None => drop(answer.send(Err(signed_out()))),
            },
            Order::FilePath { buddy, message, answer } => match &mut self.open {
                Some(open) => open.file_path(&buddy, &message, answer),
                None => drop(answer.send(Err(signed_out()))),
            },
            Order::Export { buddy, format, path, answer } => match &mut self.open {
                Some(open) => open.export(self.clock.now(), &buddy, format, path, answer),
                None => drop(answer.send(Err(signed_out()))),
            },
            Order::BackUp { path, password, answer } => match &mut self.open {
                Some(open) => open.back_up(Arc::clone(&self.place.profile), path, password, answer),
                None => drop(answer.send(Err(signed_out()))),
            },
            Order::Restore { path, password, answer } => {
                if self.open.is_some() || !self.errand.is_empty() {
                    return drop(answer.send(Err(busy())));
                }
                let profile = Arc::clone(&self.place.profile);
                self.errand.spawn(async move {
                    let done = backup::restore(profile, path, password).await;
                    Errand::Restored(done.map_err(Into::into), answer)
                });
            }
            Order::SafetyNumber(buddy, answer) => {
                let unknown = || CommandError { code: ErrorCode::Unknown, message: "no key known for them".into() };
                let number = match &self.open {
                    Some(open) => open.messenger.safety_number(&buddy).ok_or_else(unknown),
                    None => Err(signed_out()),
                };
                let _ = answer.send(number);
            }
            Order::SoundDevices(answer) => {
                let sound = self.equipment().sound;
                // Asking the system takes a moment.
                spawn_blocking(move || drop(answer.send(sound.devices())));
            }
            Order::VideoDevices(answer) => {
                let vision = self.equipment().vision;
                spawn_blocking(move || drop(answer.send(vision.devices())));
            }
            // Taken by the loop itself.
            Order::Stop(answer) => drop(answer.send(())),
        }
    }

    /// What people are heard and seen by, as it is chosen now.
    fn equipment(&self) -> Equipment {
        self.open.as_ref().map_or_else(|| self.place.equipment.anew(), |open| open.equipment().clone())
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "what is not about opening and closing is the messenger's")]
    async fn command(&mut self, command: Command, answer: Answer<Result<Reply, CommandError>>) {
        let place = self.place.clone();
        match command {
            Command::Register { .. } | Command::SignIn { .. } | Command::ChangePassword { .. }
                if !self.errand.is_empty() =>
            {
                let _ = answer.send(Err(busy()));
            }
            Command::Register { name, password, server, invite } => {
                if self.open.is_some() {
                    return drop(answer.send(Err(busy())));
                }
                let now = self.clock.now();
                self.errand.spawn(async move {
                    Errand::Opened(
                        Box::pin(session::register(place, &name, password, &server, invite, now)).await,
                        answer,
                    )
                });
            }
            Command::SignIn { password, account } => {
                // Open already: only to come back after another computer took the account over.
                if let Some(open) = self.open.take() {
                    open.close().await;
                }
                let now = self.clock.now();
                self.errand.spawn(async move {
                    let opened = match account {
                        Some(account) => Box::pin(session::move_here(place, &account, password, now)).await,
                        None => session::unlock(place, password, now).await,
                    };
                    Errand::Opened(opened, answer)
                });
            }
            Command::ChangePassword { old, new } => {
                self.errand.spawn(async move {
                    Errand::PasswordChanged(session::change_password(place, old, new).await, answer)
                });
            }
            Command::SignOut => {
                if let Some(open) = self.open.take() {
                    open.sign_out(&self.clock, &self.events).await;
                    let phase = self.phase();
                    self.tell(Event::PhaseChanged { phase });
                }
                let _ = answer.send(Ok(Reply::Done));
            }
            other => match &mut self.open {
                Some(open) => open.command(self.clock.now(), other, answer),
                None => drop(answer.send(Err(signed_out()))),
            },
        }
    }

    fn errand_done(&mut self, errand: Errand) {
        match errand {
            Errand::Opened(Ok(opened), answer) => {
                self.open = Some(Box::new(Open::new(*opened, &self.place)));
                self.tell(Event::PhaseChanged { phase: Phase::Open });
                let _ = answer.send(Ok(Reply::Done));
            }
            Errand::Opened(Err(error), answer) => {
                // A failed return from being superseded leaves the profile locked.
                let phase = self.phase();
                self.tell(Event::PhaseChanged { phase });
                let _ = answer.send(Err(error));
            }
            Errand::Restored(done, answer) => {
                let phase = self.phase();
                self.tell(Event::PhaseChanged { phase });
                let _ = answer.send(done);
            }
            Errand::PasswordChanged(done, answer) => drop(answer.send(done.map(|()| Reply::Done))),
        }
    }

    fn phase(&self) -> Phase {
        if self.open.is_some() {
            Phase::Open
        } else if self.place.profile.has_account() {
            Phase::Locked
        } else {
            Phase::FirstRun { server: self.offered.clone() }
        }
    }

    fn snapshot(&self) -> Snapshot {
        let phase = self.phase();
        match &self.open {
            Some(open) => {
                let views = open.messenger.views();
                Snapshot {
                    phase,
                    me: Some(views.me),
                    server: views.server,
                    buddies: views.buddies,
                    requests: views.requests,
                    calls: open.calls(),
                    memos: open.memos.views(),
                }
            }
            None => Snapshot {
                phase,
                me: None,
                server: ServerState::Idle,
                buddies: Vec::new(),
                requests: Vec::new(),
                calls: Vec::new(),
                memos: Vec::new(),
            },
        }
    }

    fn tell(&self, event: Event) {
        // Nobody listening is no error: a test may only ask.
        let _ = self.events.send(event);
    }
}

/// Takes in the next news of an open profile; waits for ever where none is open. Cancel-safe.
async fn news(open: &mut Option<Box<Open>>, clock: &Clock, events: &broadcast::Sender<Event>) {
    match open {
        Some(open) => open.take_news(clock, events).await,
        None => std::future::pending().await,
    }
}

fn signed_out() -> CommandError {
    CommandError { code: ErrorCode::SignedOut, message: "sign in first".into() }
}

fn busy() -> CommandError {
    CommandError { code: ErrorCode::Internal, message: "still busy with the last one".into() }
}
