//! The desk of the window's frame: one loop that hears the engine, the person and the clock, one thing at a time.
//!
//! Everything that is not the engine's and not the page's comes together here: the mirror, toasts, tray, title, and
//! whether there is a window. It runs as a task and waits for nobody but the window's own thread; what takes longer
//! runs beside it. Others reach it through [`Desk`], a short queue (full: the ask is dropped and logged).

use std::{
    collections::HashSet,
    path::PathBuf,
    time::{Duration, Instant},
};

use juice_engine::{
    Events, Handle,
    view::{Availability, CallStage, CallView, Command, Event, SoundSettings},
};
use tauri::AppHandle;
use tokio::{
    sync::mpsc,
    time::{sleep_until, timeout},
};

use crate::{
    chosen::Chosen,
    control::{self, Control, Controls, Outcome},
    events::{self, WindowNews},
    keyring::Keyring,
    mirror::Mirror,
    quit,
    small::{Change, Small, SmallWish},
    talk_key::{Ground, TalkKey, TalkKeyState},
    toasts::{
        Eyes, Slot, Toast, Toasts,
        screen::{self, Order},
    },
    tray::Tray,
    window::{
        self,
        place::{Memory, Place},
    },
    words::Words,
};

/// Asks that may wait.
const ASKS: usize = 64;
/// A hidden window is ended after this: long enough for a second thought, short enough to give the memory back.
const HIDDEN: Duration = Duration::from_secs(60);
/// News that wait for a page which is starting.
const NEWS: usize = 4;
/// How often it is looked whether the large window is to be seen, where that matters: no system tells of all the ways.
const LOOKS: Duration = Duration::from_millis(400);
/// The engine answers at once or has ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the desk can be asked.
#[derive(Debug)]
pub enum Ask {
    /// The page hears events from now on.
    PageReady,
    /// Which conversation the page shows in front of the person.
    Looking(Option<String>),
    /// The window got or lost the focus.
    Focused(bool),
    /// Files are held over the window, or no more.
    FilesOver(bool),
    /// Files were let go of over it.
    FilesDropped(Vec<PathBuf>),
    /// How the page is dressed: dark, light, or as the system says.
    Dress(Option<bool>),
    /// Bring up the window and tell it this.
    Show(Option<WindowNews>),
    /// The person closed the window.
    Closed,
    SetAvailability(Availability),
    SignOut,
    /// Answer a call, or don't.
    Call(Command),
    /// Wished from outside of the window.
    Control(Control, control::Answer),
    /// How the person wants sound, which is where the key for talking is chosen.
    Sound(Box<SoundSettings>),
    /// How that key stands.
    TalkKey(TalkKeyState),
    /// It goes down or up.
    Push(bool),
    /// A toast has left the screen.
    ToastGone(Slot),
    /// What a page wishes of the small window.
    Small(SmallWish),
    Quit,
}

/// The way to the desk.
#[derive(Clone, Debug)]
pub struct Desk(mpsc::Sender<Ask>);

impl Desk {
    /// A desk that nobody sits at yet.
    pub fn new() -> (Self, mpsc::Receiver<Ask>) {
        let (sender, asks) = mpsc::channel(ASKS);
        (Self(sender), asks)
    }

    /// Asks something. Never waits.
    pub fn tell(&self, ask: Ask) {
        if let Err(error) = self.0.try_send(ask) {
            tracing::warn!(%error, "the desk was not told");
        }
    }
}

/// How the desk is to behave.
#[derive(Clone, Debug)]
pub struct Manner {
    pub profile: PathBuf,
    /// Start in the tray.
    pub hidden: bool,
    /// Closing the window ends JUICE.
    pub exit_when_closed: bool,
    /// An invite to follow at the start.
    pub invite: Option<String>,
    /// Where a key for talking can be had.
    pub ground: Ground,
}

/// Who sits at the desk.
pub struct Clerk {
    app: AppHandle,
    engine: Handle,
    keyring: Keyring,
    chosen: Chosen,
    manner: Manner,
    words: &'static Words,
    mirror: Mirror,
    toasts: Toasts,
    screen: mpsc::Sender<Order>,
    tray: Tray,
    controls: Controls,
    talk_key: TalkKey,
    desk: Desk,
    eyes: Eyes,
    memory: Memory,
    title: String,
    /// Calls that ring.
    ringing: HashSet<String>,
    page_ready: bool,
    news: Vec<WindowNews>,
    /// When a hidden window shall end.
    ends: Option<Instant>,
    small: Small,
    /// Where the small window was last, while JUICE runs.
    small_place: Option<Place>,
}

impl Clerk {
    pub fn new(app: AppHandle, engine: Handle, keyring: Keyring, chosen: Chosen, desk: Desk, manner: Manner) -> Self {
        let words = Words::of_system();
        Self {
            screen: screen::start(manner.profile.clone(), words, desk.clone()),
            tray: Tray::new(words, desk.clone()),
            talk_key: TalkKey::start(manner.ground, app.clone(), words, desk.clone()),
            desk,
            controls: Controls::start(engine.clone()),
            memory: Memory::load(&manner.profile),
            toasts: Toasts::new(words),
            mirror: Mirror::default(),
            eyes: Eyes::default(),
            title: String::new(),
            ringing: HashSet::new(),
            page_ready: false,
            news: Vec::new(),
            ends: None,
            small: Small::default(),
            small_place: None,
            app,
            engine,
            keyring,
            chosen,
            manner,
            words,
        }
    }

    /// Works until told to quit.
    pub async fn work(mut self, mut events: Events, mut asks: mpsc::Receiver<Ask>) {
        self.reload().await;
        if !self.manner.hidden || self.manner.invite.is_some() {
            let invite = self.manner.invite.take().map(|link| WindowNews::FollowInvite { link });
            self.show(invite);
        }
        self.tray.ensure(&self.app, &self.mirror);
        let mut engine_runs = true;
        loop {
            self.settle_small();
            let looks = Instant::now().checked_add(LOOKS).filter(|_| self.small.cares());
            let alarm = [self.toasts.next_due(), self.ends, looks].into_iter().flatten().min();
            tokio::select! {
                ask = asks.recv() => match ask {
                    None | Some(Ask::Quit) => break,
                    Some(Ask::Closed) if self.manner.exit_when_closed => break,
                    Some(ask) => self.answer(ask),
                },
                event = events.next(), if engine_runs => match event {
                    Some(event) => self.hear(&event).await,
                    None => engine_runs = false,
                },
                () = sleep_until(alarm.unwrap_or_else(Instant::now).into()), if alarm.is_some() => self.wake(),
            }
        }
        self.leave().await;
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "few events are about calls")]
    async fn hear(&mut self, event: &Event) {
        events::emit(&self.app, event);
        let was_unread = matches!(event, Event::BuddyChanged { buddy } if self.mirror.unread_of(&buddy.id) > 0);
        self.mirror.apply(event);
        self.small.apply(event);
        if matches!(event, Event::PhaseChanged { .. } | Event::EventsLost) {
            self.reload().await;
        }
        if let Event::BuddyChanged { buddy } = event
            && was_unread
            && buddy.unread == 0
        {
            let seen = self.toasts.seen(&buddy.id);
            self.take_back(seen);
        }
        if let Event::MessageChanged { message } = event {
            let gone = self.toasts.mended(message, Instant::now());
            self.take_back(gone);
        }
        match event {
            Event::CallChanged { call } => self.call_changed(call),
            Event::CallEnded { call, .. } => self.ringing_ends(call),
            Event::SoundDevicesChanged { devices } => self.talk_key.set(Some(&devices.settings)),
            _ => {}
        }
        if matches!(event, Event::RequestGone { .. }) && self.mirror.requests() == 0 {
            let answered = self.toasts.answered();
            self.take_back(answered);
        }
        if !self.mirror.is_open() {
            let all = self.toasts.clear();
            self.take_back(all);
        }
        self.toasts.hear(event, &self.mirror, &self.eyes, Instant::now());
        self.refresh();
    }

    /// A call that rings is shown wherever the person is; the engine makes the sound.
    fn call_changed(&mut self, call: &CallView) {
        if call.stage != CallStage::Incoming {
            return self.ringing_ends(&call.id);
        }
        let Some(toast) = self.toasts.ringing(call, &self.mirror) else { return };
        if self.ringing.insert(call.id.clone()) && !self.eyes.focused {
            self.order(Order::Show(toast));
            self.ends = None;
            if let Err(error) = window::ring(&self.app, &self.manner.profile, &self.memory, &self.mirror.title()) {
                tracing::warn!(%error, "no window rings");
            }
        }
    }

    fn ringing_ends(&mut self, call: &str) {
        if self.ringing.remove(call) {
            self.take_back([Slot::Call(call.to_owned())]);
        }
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::PageReady => {
                self.page_ready = true;
                self.tell_talk_key();
                self.tell_small();
                self.news.drain(..).for_each(|news| events::emit_news(&self.app, &news));
            }
            Ask::Looking(buddy) => {
                let seen = buddy.as_deref().and_then(|buddy| self.toasts.seen(buddy));
                self.take_back(seen);
                self.eyes.looking = buddy;
            }
            Ask::Focused(focused) => self.eyes.focused = focused,
            Ask::FilesOver(over) => events::emit_news(&self.app, &WindowNews::FilesOver { over }),
            Ask::FilesDropped(paths) => self.drop_files(paths),
            Ask::Dress(dark) if dark != self.memory.dark => {
                self.memory.dark = dark;
                window::dress(&self.app, dark);
                self.save();
            }
            Ask::Dress(_) => {}
            Ask::Show(news) => self.show(news),
            Ask::Closed | Ask::Quit => self.put_away(),
            Ask::SetAvailability(availability) => {
                let text = self.mirror.status_text().to_owned();
                self.tray.show_anew(&self.mirror);
                self.command(Command::SetStatus { availability, text });
            }
            Ask::SignOut => self.command(Command::SignOut),
            Ask::Call(command) => self.command(command),
            Ask::Control(Control::Show, answer) => {
                self.show(None);
                // Whoever wished it may be gone.
                let _ = answer.send(Outcome::Shown);
            }
            Ask::Control(control, answer) => self.controls.wish(control, answer),
            Ask::Sound(settings) => self.talk_key.set(Some(&*settings).filter(|_| self.mirror.is_open())),
            Ask::TalkKey(state) => {
                if self.talk_key.stands(state) {
                    self.tell_talk_key();
                }
            }
            Ask::Push(down) => self.controls.push(down),
            Ask::ToastGone(slot) => self.toasts.gone(&slot),
            Ask::Small(wish) => self.wish_small(wish),
        }
    }

    /// A toast has fallen due, or a hidden window.
    fn wake(&mut self) {
        let now = Instant::now();
        for toast in self.toasts.due(now) {
            self.order(Order::Show(toast));
        }
        if self.ends.is_some_and(|end| end <= now) {
            tracing::debug!("the hidden window ends");
            self.ends = None;
            self.page_ready = false;
            window::end(&self.app);
        }
    }

    fn show(&mut self, news: Option<WindowNews>) {
        self.ends = None;
        if let Err(error) = window::show(&self.app, &self.manner.profile, &self.memory, &self.mirror.title()) {
            tracing::error!(%error, "there is no window");
        }
        let Some(news) = news else { return };
        if self.page_ready {
            events::emit_news(&self.app, &news);
        } else {
            self.news.push(news);
            let surplus = self.news.len().saturating_sub(NEWS);
            self.news.drain(..surplus);
        }
    }

    fn wish_small(&mut self, wish: SmallWish) {
        let change = match wish {
            SmallWish::Open => self.small.open(),
            SmallWish::Close => self.small.end(true),
            SmallWish::Back => {
                self.show(None);
                self.small.end(false)
            }
            SmallWish::Move => None,
        };
        self.change_small(change);
    }

    fn settle_small(&mut self) {
        if self.small.cares() {
            let change = self.small.settle(window::is_seen(&self.app));
            self.change_small(change);
        }
    }

    fn change_small(&mut self, change: Option<Change>) {
        match change {
            Some(Change::Open { focused }) => {
                let (profile, last) = (&self.manner.profile, self.small_place.as_ref());
                if let Err(error) = window::small::open(&self.app, profile, last, &self.mirror.title(), focused) {
                    tracing::warn!(%error, "there is no small window");
                }
            }
            Some(Change::Close) => self.small_place = window::small::close(&self.app).or(self.small_place.take()),
            None => return,
        }
        self.tell_small();
    }

    fn tell_small(&self) {
        events::emit_news(&self.app, &WindowNews::Small { open: self.small.is_open() });
    }

    fn put_away(&mut self) {
        self.remember_place();
        self.eyes = Eyes::default();
        if !self.tray.ensure(&self.app, &self.mirror) {
            window::minimize(&self.app);
            return;
        }
        if !self.memory.told_of_hiding {
            self.memory.told_of_hiding = true;
            self.save();
            events::emit_news(&self.app, &WindowNews::Hidden);
            let body = self.words.hidden.to_owned();
            self.order(Order::Show(Toast { slot: Slot::Hidden, title: "JUICE".into(), body, click: None }));
        }
        window::hide(&self.app);
        self.ends = Instant::now().checked_add(HIDDEN);
    }

    async fn leave(&mut self) {
        self.remember_place();
        window::hide(&self.app);
        let all = self.toasts.clear();
        self.take_back(all);
        quit::quit(&self.app, &self.engine).await;
    }

    /// Takes in everything there is.
    async fn reload(&mut self) {
        match timeout(PATIENCE, self.engine.snapshot()).await {
            Ok(snapshot) => {
                self.mirror.load(&snapshot);
                self.small.load(&snapshot.calls);
            }
            Err(_) => tracing::warn!("the engine gave no snapshot"),
        }
        if !self.mirror.is_open() {
            return self.talk_key.set(None);
        }
        // It asks the system for devices, for which nobody waits.
        let (engine, desk) = (self.engine.clone(), self.desk.clone());
        tokio::spawn(async move { desk.tell(Ask::Sound(Box::new(engine.sound_devices().await.settings))) });
    }

    fn tell_talk_key(&self) {
        events::emit_news(&self.app, &WindowNews::TalkKey { state: self.talk_key.state().clone() });
    }

    fn refresh(&mut self) {
        self.tray.show(&self.mirror);
        let title = self.mirror.title();
        if title != self.title {
            window::entitle(&self.app, &title);
            self.title = title;
        }
    }

    fn take_back(&self, slots: impl IntoIterator<Item = Slot>) {
        slots.into_iter().for_each(|slot| self.order(Order::TakeBack(slot)));
    }

    fn order(&self, order: Order) {
        if self.screen.try_send(order).is_err() {
            tracing::debug!("a toast was left out");
        }
    }

    fn command(&self, command: Command) {
        let (engine, keyring) = (self.engine.clone(), self.keyring.clone());
        tokio::spawn(async move {
            if let Err(error) = keyring.command(&engine, command).await {
                tracing::warn!(code = ?error.code, "the tray's wish was not granted");
            }
        });
    }

    /// Looking at them takes a moment, so it is done beside everything else.
    fn drop_files(&self, paths: Vec<PathBuf>) {
        let (app, chosen) = (self.app.clone(), self.chosen.clone());
        tokio::spawn(async move {
            let files = chosen.take(paths).await;
            events::emit_news(&app, &WindowNews::FilesDropped { files });
        });
    }

    fn remember_place(&mut self) {
        if let Some(place) = window::place(&self.app)
            && place != self.memory.place
        {
            // A maximised window keeps the size it goes back to.
            let kept = if place.maximized { self.memory.place.clone() } else { place.clone() };
            self.memory.place = Place { maximized: place.maximized, ..kept };
            self.save();
        }
    }

    fn save(&self) {
        if let Err(error) = self.memory.save(&self.manner.profile) {
            tracing::warn!(%error, "the window's place was not kept");
        }
    }
}
