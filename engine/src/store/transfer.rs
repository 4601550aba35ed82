//! Files that move: what the files' room reads and keeps.
//!
//! The rows of `files` come with their messages; stage, place and progress are written here, and beside them what only
//! a transfer needs (`transfers`, `chunks`). A change is on the disk when [`Store::keep_transfer`] returns.

use std::path::PathBuf;

use juice_proto::{
    content::FileOffer,
    frame,
    id::{AccountId, MessageId},
    messenger::record::{FileRecord, FileStage},
};
use sqlx::{Row, sqlite::SqliteRow};
use tokio::sync::oneshot;

use super::{Store, code, error::StoreError, writer::Job, writer::Writer};
use crate::files::chunks::{HASHES, PRESENT, SegmentRow};

/// A file of a conversation.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub message: MessageId,
    pub buddy: AccountId,
    pub mine: bool,
    pub record: FileRecord,
    /// Theirs: where it grows.
    pub part: Option<PathBuf>,
    /// Mine: when it had last been written to; 0 for unknown.
    pub changed: i64,
}

/// What the author of a file has still to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastWord {
    Whole,
    GivenUp,
}

/// Something to keep.
#[derive(Clone, Debug)]
pub(crate) enum Transfer {
    /// What a file is doing, how far it is, and where it is.
    At { message: MessageId, stage: FileStage, done: u64, path: Option<PathBuf> },
    /// Mine was like this when it was read.
    Mine { message: MessageId, buddy: AccountId, changed: i64 },
    /// Theirs grows here.
    Part { message: MessageId, buddy: AccountId, part: Option<PathBuf> },
    /// These chunks of a part are on the disk.
    Chunks { message: MessageId, done: u64, rows: Vec<SegmentRow> },
    /// The chunks are of no more use: it is whole, or its part is gone.
    DropChunks(MessageId),
    /// The author has still to hear this, or nothing more.
    Word { message: MessageId, buddy: AccountId, word: Option<LastWord> },
    /// Nothing of it moves any more, and its part is gone.
    Forget(MessageId),
}

macro_rules! select_files {
    ($rest:literal) => {
        concat!(
            "SELECT messages.id AS id, conversations.buddy AS buddy, messages.mine AS mine, offer, stage, done, path,
                    coalesce(part, x'') AS part, coalesce(changed, 0) AS changed
             FROM files
             JOIN messages ON messages.number = files.message AND messages.deleted = 0
             JOIN conversations ON conversations.number = messages.conversation AND conversations.forgotten = 0
             LEFT JOIN transfers ON transfers.message = messages.id ",
            $rest
        )
    };
}

impl Store {
    /// The file of a message; none where there is none, or it has been forgotten.
    pub(crate) async fn file(&self, message: MessageId) -> Result<Option<StoredFile>, StoreError> {
        let row = sqlx::query(select_files!("WHERE messages.id = ?1"))
            .bind(message.bytes().as_slice())
            .fetch_optional(&self.reads)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Theirs that are wanted, oldest first.
    pub(crate) async fn wanted_files(&self) -> Result<Vec<StoredFile>, StoreError> {
        let rows = sqlx::query(select_files!("WHERE messages.mine = 0 AND stage = ?1 ORDER BY messages.number"))
            .bind(code::stage(&FileStage::Moving))
            .fetch_all(&self.reads)
            .await?;
        rows.iter().map(read).collect()
    }

    /// What authors have still to hear.
    pub(crate) async fn last_words(&self) -> Result<Vec<(AccountId, MessageId, LastWord)>, StoreError> {
        let rows =
            sqlx::query("SELECT buddy, message, word FROM transfers WHERE word > 0").fetch_all(&self.reads).await?;
        let read = |row: &SqliteRow| {
            let word = match row.try_get("word")? {
                1i64 => LastWord::Whole,
                _ => LastWord::GivenUp,
            };
            Ok((AccountId::new(code::bytes(row, "buddy")?), MessageId::new(code::bytes(row, "message")?), word))
        };
        rows.iter().map(read).collect()
    }

    /// The parts that grow for one message, or for all of a buddy's.
    pub(crate) async fn parts(
        &self,
        buddy: Option<AccountId>,
        message: Option<MessageId>,
    ) -> Result<Vec<(MessageId, Option<PathBuf>)>, StoreError> {
        let rows = sqlx::query("SELECT message, part FROM transfers WHERE buddy = ?1 OR message = ?2")
            .bind(buddy.map(|buddy| buddy.bytes().to_vec()))
            .bind(message.map(|message| message.bytes().to_vec()))
            .fetch_all(&self.reads)
            .await?;
        let read =
            |row: &SqliteRow| Ok((MessageId::new(code::bytes(row, "message")?), code::as_path(row.try_get("part")?)));
        rows.iter().map(read).collect()
    }

    /// The chunks of a part that are on the disk: at most `limit` rows from segment `from` on, in order.
    pub(crate) async fn chunks(
        &self,
        message: MessageId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<SegmentRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT segment, present, hashes FROM chunks WHERE message = ?1 AND segment >= ?2 ORDER BY segment LIMIT ?3",
        )
        .bind(message.bytes().as_slice())
        .bind(code::number(from)?)
        .bind(limit)
        .fetch_all(&self.reads)
        .await?;
        let read = |row: &SqliteRow| {
            let hashes: &[u8] = row.try_get("hashes")?;
            let hashes: Box<[u8; HASHES]> = Box::new(hashes.try_into().map_err(|_| StoreError::Corrupt)?);
            let present = code::bytes::<PRESENT>(row, "present")?;
            Ok(SegmentRow { segment: code::count(row, "segment")?, present, hashes })
        };
        rows.iter().map(read).collect()
    }

    /// Keeps changes, all or none; returns when they are on the disk.
    pub(crate) async fn keep_transfer(&self, changes: Vec<Transfer>) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Transfer(changes, answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

fn read(row: &SqliteRow) -> Result<StoredFile, StoreError> {
    let offer: FileOffer = frame::decode(row.try_get("offer")?)?;
    Ok(StoredFile {
        message: MessageId::new(code::bytes(row, "id")?),
        buddy: AccountId::new(code::bytes(row, "buddy")?),
        mine: row.try_get("mine")?,
        record: FileRecord {
            offer,
            stage: code::as_stage(row.try_get("stage")?)?,
            done: code::count(row, "done")?,
            path: code::as_path(row.try_get("path")?),
        },
        part: code::as_path(row.try_get("part")?),
        changed: row.try_get("changed")?,
    })
}

impl Writer {
    /// Does changes of a transfer in a transaction of their own.
    pub(super) async fn keep_transfer(&mut self, changes: &[Transfer]) -> Result<(), StoreError> {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        let done = self.keep_all(changes).await;
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = sqlx::query(end).execute(&mut self.connection).await;
        done?;
        if let Err(error) = ended {
            // A commit that failed may have left the transaction open.
            let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
            return Err(error.into());
        }
        Ok(())
    }

    async fn keep_all(&mut self, changes: &[Transfer]) -> Result<(), StoreError> {
        for change in changes {
            match change {
                Transfer::At { message, stage, done, path } => {
                    sqlx::query(
                        "UPDATE files SET stage = ?2, done = ?3, path = ?4
                         WHERE message = (SELECT number FROM messages WHERE id = ?1)",
                    )
                    .bind(message.bytes().as_slice())
                    .bind(code::stage(stage))
                    .bind(code::number(*done)?)
                    .bind(code::path(path.as_deref()))
                    .execute(&mut self.connection)
                    .await?;
                }
                Transfer::Mine { message, buddy, changed } => {
                    sqlx::query(
                        "INSERT INTO transfers (message, buddy, changed) VALUES (?1, ?2, ?3)
                         ON CONFLICT (message) DO UPDATE SET changed = excluded.changed",
                    )
                    .bind(message.bytes().as_slice())
                    .bind(buddy.bytes().as_slice())
                    .bind(changed)
                    .execute(&mut self.connection)
                    .await?;
                }
                Transfer::Part { message, buddy, part } => {
                    sqlx::query(
                        "INSERT INTO transfers (message, buddy, part) VALUES (?1, ?2, ?3)
                         ON CONFLICT (message) DO UPDATE SET part = excluded.part",
                    )
                    .bind(message.bytes().as_slice())
                    .bind(buddy.bytes().as_slice())
                    .bind(code::path(part.as_deref()))
                    .execute(&mut self.connection)
                    .await?;
                }
                Transfer::Chunks { message, done, rows } => self.keep_chunks(*message, *done, rows).await?,
                Transfer::DropChunks(message) => self.drop_chunks(*message).await?,
                Transfer::Word { message, buddy, word } => {
                    let word = match word {
                        None => 0,
                        Some(LastWord::Whole) => 1,
                        Some(LastWord::GivenUp) => 2,
                    };
                    sqlx::query(
                        "INSERT INTO transfers (message, buddy, word) VALUES (?1, ?2, ?3)
                         ON CONFLICT (message) DO UPDATE SET word = excluded.word",
                    )
                    .bind(message.bytes().as_slice())
                    .bind(buddy.bytes().as_slice())
                    .bind(word)
                    .execute(&mut self.connection)
                    .await?;
                }
                Transfer::Forget(message) => {
                    self.drop_chunks(*message).await?;
                    sqlx::query("DELETE FROM transfers WHERE message = ?1")
                        .bind(message.bytes().as_slice())
                        .execute(&mut self.connection)
                        .await?;
                }
            }
        }
        Ok(())
    }

    async fn keep_chunks(&mut self, message: MessageId, done: u64, rows: &[SegmentRow]) -> Result<(), StoreError> {
        for row in rows {
            sqlx::query("INSERT OR REPLACE INTO chunks (message, segment, present, hashes) VALUES (?1, ?2, ?3, ?4)")
                .bind(message.bytes().as_slice())
                .bind(code::number(row.segment)?)
                .bind(row.present.as_slice())
                .bind(row.hashes.as_slice())
                .execute(&mut self.connection)
                .await?;
        }
        sqlx::query("UPDATE files SET done = ?2 WHERE message = (SELECT number FROM messages WHERE id = ?1)")
            .bind(message.bytes().as_slice())
            .bind(code::number(done)?)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    async fn drop_chunks(&mut self, message: MessageId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM chunks WHERE message = ?1")
            .bind(message.bytes().as_slice())
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}
