//! The store: everything that outlives the process, in one SQLCipher database.
//!
//! One task owns the writing connection and takes saves from a bounded queue; it commits all that wait in one
//! transaction and answers each on the channel given to [`Store::open`]. Reads for the window go through a connection
//! of their own. Saves never wait, so the loop that owns the messenger may call them. Nothing is answered before it is
//! on the disk (WAL, synchronous=FULL).

use std::{path::Path, sync::Arc, time::Duration};

use juice_proto::{
    content::{Hlc, Seq},
    id::{AccountId, MessageId, Millis},
    messenger::{
        SaveId,
        record::{Change, Fate, Loaded, MessageRecord},
    },
    vault::DataKey,
};
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use writer::{Job, Writer};

pub(crate) use connect::SCHEMA;
pub use error::StoreError;
pub use page::{At, StoredPage};
pub use search::{Hit, Hits};
pub(crate) use transfer::{LastWord, StoredFile, Transfer};

mod about;
mod apply;
mod code;
mod connect;
mod conversation;
mod edits;
mod error;
mod exit;
mod file;
mod forget;
mod index;
mod load;
mod message;
mod page;
mod search;
mod shown;
mod transfer;
mod words;
mod writer;

/// How many saves may wait. A burst of messages makes one each; above this the disk is not keeping up.
const QUEUE: usize = 1_024;

/// How long a search waits for the index: it has fallen behind by less than this takes, but after an upgrade.
const CATCH_UP: Duration = Duration::from_millis(250);

/// What the store has to say.
#[derive(Clone, Debug)]
pub enum StoreNews {
    /// A save is on the disk; one fate for each of its changes, in order.
    Saved(SaveId, Vec<Fate>),
    /// Nothing of a save was kept, and why.
    SaveFailed(SaveId, String),
    /// What [`Store::fetch`] asked for. Does not come where the disk would not give it.
    Fetched(AccountId, Vec<MessageRecord>),
}

/// The queue is full, or the store is closed: nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store's queue is full")]
pub struct Full;

/// A handle to the store; its clones are the same store.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    reads: SqlitePool,
    closing: CancellationToken,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Store {
    /// Opens the database at `path`, making or upgrading it, and loads what the messenger begins with. News of saves
    /// goes to `answers`; while nobody takes them the writer waits, and the queue fills.
    ///
    /// # Errors
    /// `WrongKey`, `Corrupt`, `SchemaTooNew` (nothing is changed then), `Database`.
    pub async fn open(
        path: &Path,
        key: &DataKey,
        answers: mpsc::Sender<StoreNews>,
    ) -> Result<(Self, Loaded), StoreError> {
        let mut connection = connect::writing(path, key).await?;
        let loaded = load::load(&mut connection).await?;
        // A page takes milliseconds and need not wait for a search. They go when idle, with their threads and caches.
        let reads = SqlitePoolOptions::new()
            .max_connections(2)
            .idle_timeout(connect::READER_IDLE)
            .connect_lazy_with(connect::reading(path, key));
        let (jobs, queue) = mpsc::channel(QUEUE);
        let closing = CancellationToken::new();
        let writer = Writer::new(connection, queue, answers, closing.clone());
        let store = Self { jobs, reads, closing, writer: Arc::new(Mutex::new(Some(tokio::spawn(writer.run())))) };
        Ok((store, loaded))
    }

    /// Makes changes durable, all or none, in order with other saves; answered by [`StoreNews::Saved`] or
    /// [`StoreNews::SaveFailed`]. Never waits.
    ///
    /// # Errors
    /// [`Full`]; then there is no answer.
    pub fn save(&self, id: SaveId, changes: Vec<Change>) -> Result<(), Full> {
        self.enqueue(Job::Save(id, changes))
    }

    /// Loads my messages to `buddy` from `from` on, at most 64; answered by [`StoreNews::Fetched`]. Never waits.
    ///
    /// # Errors
    /// [`Full`]; then there is no answer.
    pub fn fetch(&self, buddy: AccountId, from: Seq) -> Result<(), Full> {
        self.enqueue(Job::Fetch(buddy, from))
    }

    /// A page of the conversation with `buddy`, of at most `limit` messages, and never more than a thousand. Around a
    /// message that is not there it is the newest page.
    ///
    /// # Errors
    /// `Database`, `Corrupt`.
    pub async fn history(&self, buddy: AccountId, at: At, limit: u32) -> Result<StoredPage, StoreError> {
        page::history(&mut *self.reads.acquire().await?, buddy, at, limit).await
    }

    /// What was said that holds all words of a query, the last of which may go on: the newest `limit` hits (200 at most),
    /// with one buddy where given, or the newest before a hit's place. Waits a moment for the index to catch up.
    ///
    /// # Errors
    /// `Database`, `Corrupt`.
    pub async fn search(
        &self,
        query: &str,
        buddy: Option<AccountId>,
        before: Option<(Hlc, MessageId)>,
        limit: u32,
    ) -> Result<Hits, StoreError> {
        let (answer, answered) = oneshot::channel();
        if self.enqueue(Job::CatchUp(answer)).is_ok() {
            // A disk that stalls holds up no search.
            let _ = timeout(CATCH_UP, answered).await;
        }
        search::search(&mut *self.reads.acquire().await?, query, buddy, before, limit).await
    }

    /// The texts that a message of this buddy's conversation has had, oldest first, each with the time since when; the
    /// last is the one that it has. None where it was deleted or is not there.
    ///
    /// # Errors
    /// `Database`, `Corrupt`.
    pub async fn edits(&self, buddy: AccountId, message: MessageId) -> Result<Vec<(String, Millis)>, StoreError> {
        edits::edits(&mut *self.reads.acquire().await?, buddy, message).await
    }

    /// Copies the database as it is at this moment, under the same key, into an empty file at `path`.
    ///
    /// # Errors
    /// `Database`; for a path that is no text as well.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let no_text = || StoreError::Database(sqlx::Error::Io(std::io::ErrorKind::InvalidInput.into()));
        let path = path.to_str().ok_or_else(no_text)?;
        sqlx::query("VACUUM INTO ?1").bind(path).execute(&self.reads).await?;
        Ok(())
    }

    /// What was kept under a name.
    ///
    /// # Errors
    /// `Database`.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let value = sqlx::query_scalar("SELECT value FROM settings WHERE name = ?1");
        Ok(value.bind(name).fetch_optional(&self.reads).await?)
    }

    /// Keeps a value under a name; returns when it is on the disk.
    ///
    /// # Errors
    /// `Database`, `Closed`.
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Set(name.to_owned(), value.to_owned(), answer);
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Ends the store when all that was queued is on the disk, and folds the log into the database. Answers that
    /// nobody waits for are dropped. Handles that are left find it closed.
    pub async fn close(self) {
        self.closing.cancel();
        // The last connection to close must be one that may write, so that the log is folded in.
        self.reads.close().await;
        if let Some(writer) = self.writer.lock().await.take() {
            // A writer that has ended already has closed its queue.
            let _ = self.jobs.send(Job::Close).await;
            if let Err(error) = writer.await {
                tracing::error!(%error, "the store's writer broke");
            }
        }
    }

    fn enqueue(&self, job: Job) -> Result<(), Full> {
        self.jobs.try_send(job).map_err(|_| Full)
    }
}
