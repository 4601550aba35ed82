//! The writer: the task that owns the writing connection.
//!
//! It takes whatever waits in the queue, does all its saves in one transaction, and answers when that is on the disk:
//! a commit costs an fsync, which a burst of messages shares. When a group fails, each of its saves gets a transaction
//! of its own, so that one can't spoil another. While nothing waits it does chores, each of some milliseconds. It ends
//! when told to or when the last handle is gone.

use std::{collections::HashMap, slice, time::Duration};

use juice_proto::{
    content::Seq,
    id::{AccountId, ConversationId, DeviceId},
    messenger::{
        SaveId,
        record::{Change, Fate},
    },
};
use sqlx::{Connection, SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{StoreNews, Transfer, error::StoreError, message::Place};

/// The most saves in one transaction: enough to share an fsync, few enough that the first does not wait long.
const GROUP: usize = 256;

/// After how long without work what can wait is done: people who talk don't wait for it.
const QUIET: Duration = Duration::from_millis(300);

/// Something for the writer to do.
pub(super) enum Job {
    /// Make changes durable.
    Save(SaveId, Vec<Change>),
    /// Load messages of mine.
    Fetch(AccountId, Seq),
    /// Keep a setting.
    Set(String, String, oneshot::Sender<Result<(), StoreError>>),
    /// Bring the search index up to date, as far as a person would wait for it.
    CatchUp(oneshot::Sender<()>),
    /// Keep how far files are.
    Transfer(Vec<Transfer>, oneshot::Sender<Result<(), StoreError>>),
    /// Finish what is queued and end.
    Close,
}

/// The one who writes.
pub(super) struct Writer {
    pub(super) connection: SqliteConnection,
    /// The sequences met since the start, so that a message is one statement.
    pub(super) places: HashMap<(ConversationId, DeviceId), Place>,
    /// Secrets were deleted: their old pages must go from the log too.
    pub(super) scrub: bool,
    /// The highest clock reading of all, once it has been looked up.
    pub(super) top: Option<i64>,
    /// Whether messages of mine wait that are to be wiped when they arrive, once it has been looked up.
    pub(super) unwiped: Option<bool>,
    /// A forgotten conversation may have messages left.
    pub(super) to_sweep: bool,
    /// There may be messages that are not in the search index yet.
    pub(super) to_index: bool,
    /// Words that are marked as gone are in the index, and whether merging it has begun in this run.
    pub(super) to_merge: bool,
    pub(super) merging: bool,
    /// Up to which message the index goes, once it has been looked up.
    pub(super) up_to: Option<i64>,
    queue: mpsc::Receiver<Job>,
    answers: mpsc::Sender<StoreNews>,
    closing: CancellationToken,
}

impl Writer {
    pub(super) fn new(
        connection: SqliteConnection,
        queue: mpsc::Receiver<Job>,
        answers: mpsc::Sender<StoreNews>,
        closing: CancellationToken,
    ) -> Self {
        Self {
            connection,
            places: HashMap::new(),
            scrub: false,
            top: None,
            unwiped: None,
            // Another run may have left some.
            to_sweep: true,
            to_index: true,
            // Known when nothing is left to sweep.
            to_merge: false,
            merging: false,
            up_to: None,
            queue,
            answers,
            closing,
        }
    }

    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(GROUP);
        loop {
            if self.to_sweep && self.queue.is_empty() {
                self.sweep_chore().await;
                continue;
            }
            match self.next(&mut batch).await {
                Some(0) => break,
                Some(_) => {}
                None => {
                    self.quiet().await;
                    continue;
                }
            }
            let mut group = Vec::with_capacity(batch.len());
            for job in batch.drain(..) {
                match job {
                    Job::Save(id, changes) => group.push((id, changes)),
                    // What was saved before must be seen, or found, by what comes after.
                    Job::Fetch(buddy, from) => {
                        self.save_all(&mut group).await;
                        self.fetch(buddy, from).await;
                    }
                    Job::Set(name, value, answer) => {
                        self.save_all(&mut group).await;
                        // Whoever asked may have gone.
                        let _ = answer.send(self.set(&name, &value).await);
                    }
                    Job::Transfer(changes, answer) => {
                        self.save_all(&mut group).await;
                        let _ = answer.send(self.keep_transfer(&changes).await);
                    }
                    Job::CatchUp(answer) => {
                        self.save_all(&mut group).await;
                        self.catch_up().await;
                        let _ = answer.send(());
                    }
                    // What is queued already is taken; then the queue ends.
                    Job::Close => self.queue.close(),
                }
            }
            self.save_all(&mut group).await;
            if self.scrub {
                self.scrub = !matches!(self.fold_log().await, Ok(true));
            }
        }
        if let Err(error) = self.fold_log().await {
            tracing::warn!(%error, "the log stays beside the database");
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the database did not close");
        }
    }

    /// The next jobs; none after a while in which there were none, where something is left to do then.
    async fn next(&mut self, batch: &mut Vec<Job>) -> Option<usize> {
        let jobs = self.queue.recv_many(batch, GROUP);
        if self.to_index || self.to_merge || self.scrub { timeout(QUIET, jobs).await.ok() } else { Some(jobs.await) }
    }

    /// Nobody has wanted anything for a while: does what can wait, until somebody does.
    async fn quiet(&mut self) {
        if self.scrub {
            self.scrub = !matches!(self.fold_log().await, Ok(true));
        }
        while self.to_index && self.queue.is_empty() {
            self.index_chore().await;
        }
        while self.to_merge && self.queue.is_empty() {
            self.merge_chore().await;
        }
    }

    async fn sweep_chore(&mut self) {
        let swept = self.sweep_some().await;
        self.to_sweep = matches!(swept, Ok(true));
        if let Err(error) = swept {
            // The next run tries again, or the next conversation that is forgotten.
            tracing::warn!(%error, "what was forgotten could not be deleted yet");
        }
        if !self.to_sweep && self.scrub {
            self.scrub = !matches!(self.fold_log().await, Ok(true));
        }
    }

    async fn sweep_some(&mut self) -> Result<bool, StoreError> {
        self.begin().await?;
        let done = self.sweep().await;
        self.end(done).await
    }

    async fn save_all(&mut self, group: &mut Vec<(SaveId, Vec<Change>)>) {
        if group.is_empty() {
            return;
        }
        match self.transact(group).await {
            Ok(fates) => {
                for ((id, _), fates) in group.drain(..).zip(fates) {
                    self.answer(StoreNews::Saved(id, fates)).await;
                }
            }
            Err(error) if group.len() == 1 => {
                for (id, _) in group.drain(..) {
                    self.failed(id, &error).await;
                }
            }
            Err(_) => {
                for save in group.drain(..) {
                    match self.transact(slice::from_ref(&save)).await {
                        Ok(fates) => {
                            let fates = fates.into_iter().flatten().collect();
                            self.answer(StoreNews::Saved(save.0, fates)).await;
                        }
                        Err(error) => self.failed(save.0, &error).await,
                    }
                }
            }
        }
    }

    async fn failed(&mut self, id: SaveId, error: &StoreError) {
        tracing::warn!(%error, "a save failed");
        self.answer(StoreNews::SaveFailed(id, error.to_string())).await;
    }

    /// Does saves, all or none.
    async fn transact(&mut self, group: &[(SaveId, Vec<Change>)]) -> Result<Vec<Vec<Fate>>, StoreError> {
        self.begin().await?;
        let done = self.apply_all(group).await;
        self.end(done).await
    }

    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        self.execute("BEGIN IMMEDIATE").await
    }

    /// Ends a transaction, well where `done` is well.
    pub(super) async fn end<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        let done = match done {
            Ok(done) => self.execute("COMMIT").await.map(|()| done),
            Err(error) => Err(error),
        };
        if done.is_err() {
            // What was looked up or given out in this transaction is void, and on some errors SQLite has rolled back
            // already.
            self.places.clear();
            (self.top, self.unwiped, self.up_to) = (None, None, None);
            let _ = self.execute("ROLLBACK").await;
        }
        done
    }

    async fn apply_all(&mut self, group: &[(SaveId, Vec<Change>)]) -> Result<Vec<Vec<Fate>>, StoreError> {
        let mut fates = Vec::with_capacity(group.len());
        for (_, changes) in group {
            let mut of_save = Vec::with_capacity(changes.len());
            for change in changes {
                of_save.push(self.apply(change).await?);
            }
            fates.push(of_save);
        }
        Ok(fates)
    }

    async fn set(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    async fn fetch(&mut self, buddy: AccountId, from: Seq) {
        match super::message::mine_from(&mut self.connection, buddy, from).await {
            Ok(messages) => self.answer(StoreNews::Fetched(buddy, messages)).await,
            // No answer: an empty one would say that there is nothing, and they would be told so.
            Err(error) => tracing::warn!(%error, "messages could not be read"),
        }
    }

    /// Moves the log into the database and empties it. Not so while somebody reads.
    async fn fold_log(&mut self) -> Result<bool, StoreError> {
        let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut self.connection).await?;
        Ok(busy == 0)
    }

    pub(super) async fn execute(&mut self, statement: &'static str) -> Result<(), StoreError> {
        sqlx::query(statement).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Waits while the other side is busy, which is what fills the queue; not once the store is closing, when whoever
    /// closes it may be the one who took the answers.
    async fn answer(&self, news: StoreNews) {
        tokio::select! {
            biased;
            // A receiver that is gone wants no answers; what is queued is done all the same.
            _ = self.answers.send(news) => {}
            () = self.closing.cancelled() => {}
        }
    }
}
