//! The desk: the one task that knows which files are wanted, which move, and what their authors have still to hear.
//!
//! It waits for orders, for streams that buddies open, for links that come and go, and for its own tasks; it asks the
//! store, and waits for the answer, but never for a peer. What is wanted moves in the order in which it was asked for,
//! three at a time for each buddy. A transfer that ends before its end is tried again with growing waits, and at once
//! when a link comes up or its author says so.

mod asked;
mod ended;
mod ordered;

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use juice_proto::{
    file::{FileAnswer, FileAsk},
    frame,
    id::{AccountId, DeviceId, MessageId},
    messenger::{file_view, record::FileStage},
    view::{CommandError, Event, Reply},
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    FilesNews, Fittings, Shared,
    fetch::{Fetch, FetchEnd},
    live::{Live, Speed},
    lock,
    prepare::Prepared,
    serve::ServeEnd,
    wire::{Ended, Wire},
};
use crate::{
    memo::Offered,
    net::{Door, PeerStream},
    store::{LastWord, Store, StoredFile, Transfer},
};

/// Files of one buddy that are fetched at once, and as many that are given to one.
const MAX_OF_BUDDY: usize = 3;
/// Files that are fetched at once, and as many that are given: each has a blocking thread half of the time.
const MAX_MOVING: usize = 24;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// How long the first word on a stream may take.
const FIRST_WORD: Duration = Duration::from_secs(10);
/// The longest wait before a file is tried again while its author is there.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How long an author may take to note a word.
const NOTED: Duration = Duration::from_secs(10);
/// Files that are read at once before they are offered.
const MAX_READING: usize = 2;

/// What the driver asks of the desk.
#[derive(Debug)]
pub(super) enum Order {
    Prepare {
        number: u64,
        buddy: String,
        path: PathBuf,
        caption: String,
        memo: Option<Box<Offered>>,
    },
    Act {
        verb: Verb,
        buddy: AccountId,
        message: MessageId,
        answer: Answer,
    },
    /// A file of mine is saved and about to be offered.
    Mine(MessageId),
    FetchUnasked(MessageId),
    Forget(MessageId),
    ForgetAll(AccountId),
}

/// What a person does with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Fetch,
    Pause,
    Cancel,
}

pub(super) type Answer = oneshot::Sender<Result<Reply, CommandError>>;

/// Theirs, to be fetched when there is a way.
struct Wanted {
    file: StoredFile,
    tries: u32,
    after: Instant,
}

/// A file with a task of its own.
struct Moving {
    /// Tells this task from the one before it.
    run: u64,
    file: StoredFile,
    device: DeviceId,
    live: Arc<Live>,
    stop: CancellationToken,
    speed: Speed,
    told: (u64, u64),
    tries: u32,
    then: Then,
}

/// What becomes of a fetch that is stopped.
enum Then {
    /// It goes on when there is a way again.
    GoesOn,
    Pauses,
    /// Given up by me, who waits to hear of it; or by the author.
    GoesAway(Option<Answer>),
    /// Its message is forgotten.
    IsForgotten,
}

/// How a task ended.
enum Done {
    Prepared {
        number: u64,
        buddy: String,
        outcome: Result<Prepared, CommandError>,
    },
    Fetched {
        message: MessageId,
        run: u64,
        end: FetchEnd,
    },
    Served {
        message: MessageId,
        run: u64,
        wire: Wire<PeerStream>,
        end: ServeEnd,
    },
    Asked {
        wire: Wire<PeerStream>,
        ask: Result<FileAsk, Ended>,
    },
    /// A word was said; true if it was noted.
    Said {
        message: MessageId,
        noted: bool,
    },
    Answered,
}

/// See the module.
pub(super) struct Desk {
    store: Store,
    door: Door,
    downloads: PathBuf,
    news: mpsc::Sender<FilesNews>,
    orders: mpsc::Receiver<Order>,
    accepted: mpsc::Receiver<PeerStream>,
    shared: Arc<Shared>,
    stop: CancellationToken,
    /// As the shared one was when it was last looked at.
    linked: HashMap<AccountId, DeviceId>,
    wanted: Vec<Wanted>,
    moving: HashMap<MessageId, Moving>,
    words: HashMap<MessageId, (AccountId, LastWord)>,
    saying: HashSet<MessageId>,
    /// Of files that were read and are not offered yet: their key, and when they had last been written to.
    fresh: HashMap<[u8; 32], i64>,
    reading: Arc<Semaphore>,
    tasks: JoinSet<Done>,
    last_run: u64,
}

impl Desk {
    pub fn new(
        fittings: Fittings,
        news: mpsc::Sender<FilesNews>,
        orders: mpsc::Receiver<Order>,
        shared: Arc<Shared>,
        stop: CancellationToken,
    ) -> Self {
        let Fittings { store, door, accepted, downloads } = fittings;
        Self {
            store,
            door,
            downloads,
            news,
            orders,
            accepted,
            shared,
            stop,
            linked: HashMap::new(),
            wanted: Vec::new(),
            moving: HashMap::new(),
            words: HashMap::new(),
            saying: HashSet::new(),
            fresh: HashMap::new(),
            reading: Arc::new(Semaphore::new(MAX_READING)),
            tasks: JoinSet::new(),
            last_run: 0,
        }
    }

    /// Runs until stopped.
    pub async fn run(mut self) {
        self.remember().await;
        let shared = Arc::clone(&self.shared);
        let stop = self.stop.clone();
        let mut telling = interval(TELL_EVERY);
        telling.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.begin_wanted();
            let due = self.next_try();
            tokio::select! {
                () = stop.cancelled() => break,
                Some(order) = self.orders.recv() => self.obey(order).await,
                Some(stream) = self.accepted.recv() => self.accept(stream),
                () = shared.relinked.notified() => self.relinked(),
                Some(done) = self.tasks.join_next() => match done {
                    Ok(done) => self.ended(done).await,
                    Err(error) => tracing::error!(%error, "a transfer's task failed"),
                },
                _ = telling.tick(), if !self.moving.is_empty() => self.tell_progress(),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
        }
        self.finish().await;
    }

    /// What was wanted, and not said, when the program ended.
    async fn remember(&mut self) {
        let (wanted, words) = (self.store.wanted_files().await, self.store.last_words().await);
        match (wanted, words) {
            (Ok(wanted), Ok(words)) => {
                wanted.into_iter().for_each(|file| self.want(file));
                self.words.extend(words.into_iter().map(|(buddy, message, word)| (message, (buddy, word))));
            }
            (Err(error), _) | (_, Err(error)) => tracing::warn!(%error, "what was being fetched can't be read"),
        }
    }

    fn want(&mut self, file: StoredFile) {
        let known = self.wanted.iter_mut().find(|wanted| wanted.file.message == file.message);
        match known {
            Some(wanted) => wanted.after = Instant::now(),
            None => self.wanted.push(Wanted { file, tries: 0, after: Instant::now() }),
        }
    }

    /// Links came or went.
    fn relinked(&mut self) {
        let now = lock(&self.shared.linked).clone();
        let before = std::mem::replace(&mut self.linked, now);
        for moving in self.moving.values() {
            if self.linked.get(&moving.file.buddy) != Some(&moving.device) {
                moving.stop.cancel();
            }
        }
        let came: HashSet<_> =
            self.linked.iter().filter(|(buddy, device)| before.get(*buddy) != Some(*device)).map(|(b, _)| *b).collect();
        for wanted in self.wanted.iter_mut().filter(|wanted| came.contains(&wanted.file.buddy)) {
            (wanted.tries, wanted.after) = (0, Instant::now());
        }
        let words: Vec<_> = self
            .words
            .iter()
            .filter(|(_, (buddy, _))| came.contains(buddy))
            .map(|(message, (buddy, word))| (*message, *buddy, *word))
            .collect();
        for (message, buddy, word) in words {
            self.say_word(message, buddy, word);
        }
    }

    /// Starts what may move.
    fn begin_wanted(&mut self) {
        let now = Instant::now();
        let mut at = 0;
        while let Some(wanted) = self.wanted.get(at) {
            let buddy = wanted.file.buddy;
            let may = wanted.after <= now && !self.moving.contains_key(&wanted.file.message);
            let device = self.linked.get(&buddy).copied().filter(|_| may && self.room(false, &buddy));
            match device {
                Some(device) => {
                    let wanted = self.wanted.remove(at);
                    self.fetch(wanted, device);
                }
                None => at += 1,
            }
        }
    }

    /// Whether one more may move: of mine to a buddy, or of theirs.
    fn room(&self, mine: bool, buddy: &AccountId) -> bool {
        let all = self.moving.values().filter(|moving| moving.file.mine == mine);
        let (count, theirs) =
            all.fold((0, 0), |(count, theirs), moving| (count + 1, theirs + usize::from(moving.file.buddy == *buddy)));
        count < MAX_MOVING && theirs < MAX_OF_BUDDY
    }

    fn fetch(&mut self, wanted: Wanted, device: DeviceId) {
        let Wanted { file, tries, .. } = wanted;
        let (run, live, stop) = self.moves(file.clone(), device, tries);
        let (message, door) = (file.message, self.door.clone());
        let fetch = Fetch { file, store: self.store.clone(), downloads: self.downloads.clone(), live, stop };
        self.tasks.spawn(async move {
            let end = fetch.run(async move { door.open(device).await }).await;
            Done::Fetched { message, run, end }
        });
    }

    /// Enters a file that begins to move.
    fn moves(&mut self, file: StoredFile, device: DeviceId, tries: u32) -> (u64, Arc<Live>, CancellationToken) {
        self.last_run += 1;
        let (run, live, stop) = (self.last_run, Arc::<Live>::default(), self.stop.child_token());
        live.set(file.record.done);
        let moving = Moving {
            run,
            device,
            live: Arc::clone(&live),
            stop: stop.clone(),
            speed: Speed::default(),
            told: (u64::MAX, 0),
            tries,
            then: Then::GoesOn,
            file,
        };
        if let Some(before) = self.moving.insert(moving.file.message, moving) {
            before.stop.cancel();
        }
        (run, live, stop)
    }

    fn next_try(&self) -> Option<Instant> {
        let now = Instant::now();
        let linked = self.wanted.iter().filter(|wanted| self.linked.contains_key(&wanted.file.buddy));
        linked.map(|wanted| wanted.after).filter(|after| *after > now).min()
    }

    /// Opens a stream for one word, and waits for it to be noted.
    fn say(&mut self, buddy: &AccountId, word: FileAsk) -> bool {
        let Some(device) = self.linked.get(buddy).copied() else { return false };
        let door = self.door.clone();
        self.tasks.spawn(async move {
            let message = word.message();
            let said = async {
                let mut wire = Wire::new(door.open(device).await?);
                wire.say(&word).await.ok()?;
                let answer = wire.one().await.ok()?;
                let noted = frame::decode::<FileAnswer<'_>>(&answer).is_ok_and(|answer| answer == FileAnswer::Noted);
                wire.close().await;
                Some(noted)
            };
            Done::Said { message, noted: timeout(NOTED, said).await.ok().flatten().unwrap_or(false) }
        });
        true
    }

    fn say_word(&mut self, message: MessageId, buddy: AccountId, word: LastWord) {
        if self.saying.contains(&message) {
            return;
        }
        let ask = match word {
            LastWord::Whole => FileAsk::Whole(message),
            LastWord::GivenUp => FileAsk::GivenUp(message),
        };
        if self.say(&buddy, ask) {
            self.saying.insert(message);
        }
    }

    /// Keeps what a file is doing, and shows it.
    async fn becomes(&mut self, mut file: StoredFile, stage: FileStage, done: u64, also: Vec<Transfer>) {
        (file.record.stage, file.record.done) = (stage, done.min(file.record.offer.size));
        let here = file.mine || file.record.stage == FileStage::Done;
        file.record.path = file.record.path.filter(|_| here);
        let (message, stage, done) = (file.message, file.record.stage.clone(), file.record.done);
        let mut changes = vec![Transfer::At { message, stage, done, path: file.record.path.clone() }];
        changes.extend(also);
        if let Err(error) = self.store.keep_transfer(changes).await {
            tracing::warn!(%error, "what became of a file could not be saved");
        }
        self.show(&file, None);
    }

    fn show(&self, file: &StoredFile, speed: Option<u64>) {
        let (buddy, message) = (file.buddy.to_string(), file.message.to_string());
        self.tell(Event::FileChanged { buddy, message, file: file_view(&file.record, speed) });
    }

    fn tell(&self, event: Event) {
        // A window that is behind asks for a page again; the driver takes these at once.
        if self.news.try_send(FilesNews::Tell(Box::new(event))).is_err() {
            tracing::debug!("nobody takes the news of files");
        }
    }

    fn tell_progress(&mut self) {
        let now = std::time::Instant::now();
        let mut shown = Vec::new();
        let mut live = lock(&self.shared.moving);
        for (message, moving) in &mut self.moving {
            let done = moving.live.done().min(moving.file.record.offer.size);
            let speed = moving.speed.at(now, done);
            live.insert(*message, (done, speed));
            if moving.told != (done, speed) {
                moving.told = (done, speed);
                let mut file = moving.file.clone();
                (file.record.stage, file.record.done) = (FileStage::Moving, done);
                shown.push((file, speed));
            }
        }
        drop(live);
        for (file, speed) in shown {
            self.show(&file, Some(speed));
        }
    }

    /// Everything that moves makes sure of what it has; nothing else is waited for.
    async fn finish(mut self) {
        // Their tokens are children of this desk's.
        let mut fetching: HashSet<_> =
            self.moving.values().filter(|moving| !moving.file.mine).map(|moving| moving.run).collect();
        while !fetching.is_empty() {
            match self.tasks.join_next().await {
                Some(Ok(Done::Fetched { run, .. })) => drop(fetching.remove(&run)),
                Some(_) => {}
                None => break,
            }
        }
    }
}
