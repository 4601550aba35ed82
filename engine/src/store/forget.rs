//! Forgetting a whole conversation.
//!
//! In the save itself the conversation is only taken from its buddy, who gets an empty one: what still waits to go moves
//! there, and so does the last place of each sequence, with nothing in it, so that sequences go on. From then on nobody
//! finds what was said. The rows are deleted afterwards, some at a time, while nothing else is to be done, and then the
//! search index is merged, which is what makes their words go; also by the next run where this one ends before.

use juice_proto::id::AccountId;

use super::{error::StoreError, writer::Writer};

/// The messages that are deleted at a go: some milliseconds' worth.
const SOME: &str = "SELECT number FROM messages WHERE conversation = ?1 ORDER BY hlc LIMIT 128";

impl Writer {
    pub(super) async fn forget_conversation(&mut self, buddy: AccountId) -> Result<(), StoreError> {
        let old: Option<i64> = sqlx::query_scalar("SELECT number FROM conversations WHERE buddy = ?1")
            .bind(buddy.bytes().as_slice())
            .fetch_optional(&mut self.connection)
            .await?;
        let Some(old) = old else { return Ok(()) };
        // Places name conversations.
        self.places.clear();
        sqlx::query("UPDATE conversations SET buddy = randomblob(32), forgotten = 1 WHERE number = ?1")
            .bind(old)
            .execute(&mut self.connection)
            .await?;
        let new: i64 = sqlx::query_scalar(
            "INSERT INTO conversations (buddy, draft, seen_hlc, seen)
             SELECT ?1, draft, seen_hlc, seen FROM conversations WHERE number = ?2 RETURNING number",
        )
        .bind(buddy.bytes().as_slice())
        .bind(old)
        .fetch_one(&mut self.connection)
        .await?;
        let waiting = self.numbers(
            // Left to itself SQLite looks through the whole conversation.
            "SELECT messages.number
             FROM sequences CROSS JOIN messages INDEXED BY messages_waiting ON messages.sequence = sequences.number
             WHERE sequences.conversation = ?1 AND messages.mine = 1 AND messages.progress = 0
               AND messages.conversation = ?1",
            old,
        );
        let waiting = waiting.await?;
        let last = self.numbers(
            "SELECT (SELECT number FROM messages WHERE sequence = sequences.number ORDER BY seq DESC LIMIT 1) AS last
             FROM sequences WHERE conversation = ?1 AND last IS NOT NULL",
            old,
        );
        let last: Vec<_> = last.await?.into_iter().filter(|last| !waiting.contains(last)).collect();
        // In the index is with whom a thing was said.
        self.unindex(&waiting).await?;
        self.unindex(&last).await?;
        sqlx::query(
            "UPDATE sequences
             SET conversation = ?2,
                 forgotten_seq = coalesce((SELECT MAX(seq) FROM messages WHERE sequence = sequences.number), 0)
             WHERE conversation = ?1",
        )
        .bind(old)
        .bind(new)
        .execute(&mut self.connection)
        .await?;
        for (rows, statement) in [
            (&waiting, "UPDATE messages SET conversation = ?2 WHERE number IN (SELECT value FROM json_each(?1))"),
            (
                &last,
                "UPDATE messages
                 SET conversation = ?2, kind = 0, text = '', target = x'', content = x'', shown = 0, unread = 0,
                     edited = 0, deleted = 0
                 WHERE number IN (SELECT value FROM json_each(?1))",
            ),
        ] {
            sqlx::query(statement).bind(format!("{rows:?}")).bind(new).execute(&mut self.connection).await?;
        }
        for row in last {
            self.drop_said_about(row).await?;
        }
        self.reindex(&waiting).await?;
        self.to_sweep = true;
        Ok(())
    }

    /// Deletes some of what has been forgotten; false when nothing is left.
    pub(super) async fn sweep(&mut self) -> Result<bool, StoreError> {
        let forgotten: Option<i64> = sqlx::query_scalar("SELECT number FROM conversations WHERE forgotten = 1 LIMIT 1")
            .fetch_optional(&mut self.connection)
            .await?;
        let merging: bool = sqlx::query_scalar("SELECT to_merge FROM indexed").fetch_one(&mut self.connection).await?;
        let Some(conversation) = forgotten else {
            self.to_merge = merging;
            return Ok(false);
        };
        if !merging {
            self.mark_what_is_gone().await?;
        }
        let rows = self.numbers(SOME, conversation).await?;
        if rows.is_empty() {
            sqlx::query("DELETE FROM conversations WHERE number = ?1")
                .bind(conversation)
                .execute(&mut self.connection)
                .await?;
            self.scrub = true;
            return Ok(true);
        }
        self.unindex(&rows).await?;
        sqlx::query("DELETE FROM messages WHERE number IN (SELECT value FROM json_each(?1))")
            .bind(format!("{rows:?}"))
            .execute(&mut self.connection)
            .await?;
        self.lower_index().await?;
        Ok(true)
    }

    async fn numbers(&mut self, statement: &'static str, conversation: i64) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(statement).bind(conversation).fetch_all(&mut self.connection).await?)
    }
}
