//! The search index, kept by the writer.
//!
//! What is inserted goes into the index later, in batches, when nobody has saved anything for a moment: a message pays
//! nothing for it, and a batch costs one sync. `indexed` says how far it has got; who searches asks for the rest first.
//! What changes or goes and is in the index already is taken out of it, and put in anew, in the same transaction.
//!
//! Taking one message out overwrites each of its words where it stands, which costs milliseconds. Where a whole
//! conversation goes, its words are marked as gone instead, and the index is merged into one piece afterwards, a little at
//! a time: what is marked is left out of that.

use sqlx::Row;

use super::{error::StoreError, words, writer::Writer};

/// How many messages go into the index at a go: some milliseconds' worth.
const BATCH: i64 = 128;
/// How many pages of the index are merged at a go.
const MERGED: i64 = 32;
/// How many batches are indexed for someone who searches and waits.
const CATCH_UP: usize = 32;

impl Writer {
    /// Puts some more into the index, in a transaction of its own; false when nothing is left.
    pub(super) async fn index_some(&mut self) -> Result<bool, StoreError> {
        self.begin().await?;
        let done = self.index_batch().await;
        self.end(done).await
    }

    /// Brings the index up to date, as far as that takes no longer than a person waits.
    pub(super) async fn catch_up(&mut self) {
        for _ in 0..CATCH_UP {
            if !self.to_index {
                return;
            }
            self.index_chore().await;
        }
    }

    /// A batch, with what goes wrong left for later.
    pub(super) async fn index_chore(&mut self) {
        let indexed = self.index_some().await;
        self.to_index = matches!(indexed, Ok(true));
        if let Err(error) = indexed {
            tracing::warn!(%error, "the search index could not be brought up to date");
        }
    }

    async fn index_batch(&mut self) -> Result<bool, StoreError> {
        let from = self.up_to().await?;
        let rows = sqlx::query(
            "SELECT number, conversation, iif(shown = 1 AND deleted = 0, text, '') AS text FROM messages
             WHERE number > ?1 ORDER BY number LIMIT ?2",
        )
        .bind(from)
        .bind(BATCH)
        .fetch_all(&mut self.connection)
        .await?;
        let Some(last) = rows.last() else { return Ok(false) };
        let up_to: i64 = last.try_get("number")?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            let text: &str = row.try_get("text")?;
            if !text.is_empty() {
                entries.push((row.try_get("number")?, words::indexed(text, row.try_get("conversation")?)));
            }
        }
        self.put_in(&entries).await?;
        sqlx::query("UPDATE indexed SET up_to = ?1").bind(up_to).execute(&mut self.connection).await?;
        self.up_to = Some(up_to);
        Ok(true)
    }

    /// Takes messages out of the index, before their texts, conversations or rows change.
    pub(super) async fn unindex(&mut self, rows: &[i64]) -> Result<(), StoreError> {
        let entries = self.entries(rows).await?;
        if entries.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO words (words, rowid, text)
             SELECT 'delete', value ->> 0, value ->> 1 FROM json_each(?1)",
        )
        .bind(json(&entries)?)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// Puts messages back into the index as they are.
    pub(super) async fn reindex(&mut self, rows: &[i64]) -> Result<(), StoreError> {
        let entries = self.entries(rows).await?;
        self.put_in(&entries).await
    }

    /// From here on words that are taken out are marked, until the index has been merged.
    pub(super) async fn mark_what_is_gone(&mut self) -> Result<(), StoreError> {
        self.execute("INSERT INTO words (words, rank) VALUES ('secure-delete', 0)").await?;
        self.execute("UPDATE indexed SET to_merge = 1").await
    }

    /// Merges some of the index, in a transaction of its own, with what goes wrong left for the next run.
    pub(super) async fn merge_chore(&mut self) {
        let merged = match self.begin().await {
            Ok(()) => {
                let merged = self.merge_some().await;
                self.end(merged).await
            }
            Err(error) => Err(error),
        };
        self.to_merge = matches!(merged, Ok(true));
        match merged {
            Ok(true) => {}
            // The old pages are overwritten in the database, and still in the log.
            Ok(false) => (self.scrub, self.merging) = (true, false),
            Err(error) => tracing::warn!(%error, "the search index could not be merged yet"),
        }
    }

    /// See https://sqlite.org/fts5.html#the_merge_command: a negative number begins with all there is, positive ones go
    /// on, and when nearly nothing changes it is done.
    async fn merge_some(&mut self) -> Result<bool, StoreError> {
        if !self.merging {
            self.execute("INSERT INTO words (words, rank) VALUES ('secure-delete', 1)").await?;
            sqlx::query("INSERT INTO words (words, rank) VALUES ('merge', ?1)")
                .bind(-MERGED)
                .execute(&mut self.connection)
                .await?;
            self.merging = true;
            return Ok(true);
        }
        let before = self.changes().await?;
        sqlx::query("INSERT INTO words (words, rank) VALUES ('merge', ?1)")
            .bind(MERGED)
            .execute(&mut self.connection)
            .await?;
        if self.changes().await? - before >= 2 {
            return Ok(true);
        }
        self.execute("UPDATE indexed SET to_merge = 0").await?;
        Ok(false)
    }

    async fn changes(&mut self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT total_changes()").fetch_one(&mut self.connection).await?)
    }

    /// Numbers that are given out again are not in the index.
    pub(super) async fn lower_index(&mut self) -> Result<(), StoreError> {
        sqlx::query("UPDATE indexed SET up_to = min(up_to, (SELECT coalesce(max(number), 0) FROM messages))")
            .execute(&mut self.connection)
            .await?;
        self.up_to = None;
        Ok(())
    }

    async fn put_in(&mut self, entries: &[(i64, String)]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        sqlx::query("INSERT INTO words (rowid, text) SELECT value ->> 0, value ->> 1 FROM json_each(?1)")
            .bind(json(entries)?)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// What the index holds, or would, of these messages, as far as it has got.
    async fn entries(&mut self, numbers: &[i64]) -> Result<Vec<(i64, String)>, StoreError> {
        let up_to = self.up_to().await?;
        if numbers.iter().all(|number| *number > up_to) {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(
            "SELECT number, conversation, text FROM messages
             WHERE number IN (SELECT value FROM json_each(?1)) AND number <= ?2 AND shown = 1 AND deleted = 0
               AND text <> ''",
        )
        .bind(format!("{numbers:?}"))
        .bind(up_to)
        .fetch_all(&mut self.connection)
        .await?;
        let entry = |row: &sqlx::sqlite::SqliteRow| {
            Ok((row.try_get("number")?, words::indexed(row.try_get("text")?, row.try_get("conversation")?)))
        };
        rows.iter().map(entry).collect()
    }

    /// How far the index has got.
    async fn up_to(&mut self) -> Result<i64, StoreError> {
        if let Some(up_to) = self.up_to {
            return Ok(up_to);
        }
        let up_to = sqlx::query_scalar("SELECT up_to FROM indexed").fetch_one(&mut self.connection).await?;
        Ok(*self.up_to.insert(up_to))
    }
}

fn json(entries: &[(i64, String)]) -> Result<String, StoreError> {
    serde_json::to_string(entries).map_err(|_| StoreError::BadChange)
}
