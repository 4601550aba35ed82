//! The writer: the task that owns the writing connection.
//!
//! It takes whatever waits in the queue, does all its saves in one transaction, and answers when that is on the disk:
//! a commit costs an fsync, which a burst of messages shares. When a group fails, each of its saves gets a transaction
//! of its own, so that one can't spoil another. While nothing waits it does chores, each of some milliseconds. It ends
//! when told to or when the last handle is gone.

use std::{collections::HashMap, slice};

use juice_proto::{
    content::Seq,
    id::{AccountId, ConversationId, DeviceId},
    messenger::{
        SaveId,
        record::{Change, Fate},
    },
};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{StoreNews, Transfer, error::StoreError, message::Place};

/// The most saves in one transaction: enough to share an fsync, few enough that the first does not wait long.
const GROUP: usize = 256;

/// Something for the writer to do.
pub(super) enum Job {
    /// Make changes durable.
    Save(SaveId, Vec<Change>),
    /// Load messages of mine.
    Fetch(AccountId, Seq),
    /// Keep a setting.
    Set(String, String, oneshot::Sender<Result<(), StoreError>>),
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
            queue,
            answers,
            closing,
        }
    }

    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(GROUP);
        loop {
            if self.queue.is_empty() && self.chore().await {
                continue;
            }
            if self.queue.recv_many(&mut batch, GROUP).await == 0 {
                break;
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

    /// Does some of what can wait; false when nothing is left of it.
    async fn chore(&mut self) -> bool {
        if !self.to_sweep {
            return false;
        }
        let swept = self.sweep_some().await;
        self.to_sweep = matches!(swept, Ok(true));
        if let Err(error) = swept {
            // The next run tries again, or the next conversation that is forgotten.
            tracing::warn!(%error, "what was forgotten could not be deleted yet");
        }
        if !self.to_sweep && self.scrub {
            self.scrub = !matches!(self.fold_log().await, Ok(true));
        }
        self.to_sweep
    }

    async fn sweep_some(&mut self) -> Result<bool, StoreError> {
        self.execute("BEGIN IMMEDIATE").await?;
        let done = match self.sweep().await {
            Ok(more) => self.execute("COMMIT").await.map(|()| more),
            Err(error) => Err(error),
        };
        if done.is_err() {
            let _ = self.execute("ROLLBACK").await;
        }
        done
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
        let done = self.attempt(group).await;
        if done.is_err() {
            // Numbers given out in this transaction are void, and on some errors SQLite has rolled back already.
            self.places.clear();
            (self.top, self.unwiped) = (None, None);
            let _ = self.execute("ROLLBACK").await;
        }
        done
    }

    async fn attempt(&mut self, group: &[(SaveId, Vec<Change>)]) -> Result<Vec<Vec<Fate>>, StoreError> {
        self.execute("BEGIN IMMEDIATE").await?;
        let mut fates = Vec::with_capacity(group.len());
        for (_, changes) in group {
            let mut of_save = Vec::with_capacity(changes.len());
            for change in changes {
                of_save.push(self.apply(change).await?);
            }
            fates.push(of_save);
        }
        self.execute("COMMIT").await?;
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
        let messages = super::message::mine_from(&mut self.connection, buddy, from).await;
        let messages = messages.unwrap_or_else(|error| {
            tracing::warn!(%error, "messages could not be read");
            Vec::new()
        });
        self.answer(StoreNews::Fetched(buddy, messages)).await;
    }

    /// Moves the log into the database and empties it. Not so while somebody reads.
    async fn fold_log(&mut self) -> Result<bool, StoreError> {
        let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut self.connection).await?;
        Ok(busy == 0)
    }

    async fn execute(&mut self, statement: &'static str) -> Result<(), StoreError> {
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
