//! Forgetting a whole conversation.
//!
//! In the save itself the conversation is only taken from its buddy, who gets an empty one: what still waits to go moves
//! there, and so does the last place of each sequence, with nothing in it, so that sequences go on. From then on nobody
//! finds what was said. The rows are deleted afterwards, some at a time, while nothing else is to be done, also by the
//! next run where this one ends before.

use juice_proto::id::AccountId;

use super::{error::StoreError, writer::Writer};

/// How many messages are deleted at a go: some milliseconds' worth.
const SWEPT: i64 = 256;

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
        let statements = [
            "UPDATE sequences
             SET conversation = ?2,
                 forgotten_seq = coalesce((SELECT MAX(seq) FROM messages WHERE sequence = sequences.number), 0)
             WHERE conversation = ?1",
            "UPDATE messages SET conversation = ?2
             WHERE mine = 1 AND progress = 0
               AND sequence IN (SELECT number FROM sequences WHERE conversation = ?2) AND conversation = ?1",
            "UPDATE messages
             SET conversation = ?2, kind = 0, text = '', target = x'', content = x'', shown = 0, unread = 0, edited = 0,
                 deleted = 0
             WHERE conversation = ?1
               AND (sequence, seq) IN (SELECT number, forgotten_seq FROM sequences WHERE conversation = ?2)",
        ];
        for statement in statements {
            sqlx::query(statement).bind(old).bind(new).execute(&mut self.connection).await?;
        }
        self.to_sweep = true;
        Ok(())
    }

    /// Deletes some of what has been forgotten; false when nothing is left.
    pub(super) async fn sweep(&mut self) -> Result<bool, StoreError> {
        let forgotten: Option<i64> = sqlx::query_scalar("SELECT number FROM conversations WHERE forgotten = 1 LIMIT 1")
            .fetch_optional(&mut self.connection)
            .await?;
        let Some(conversation) = forgotten else { return Ok(false) };
        let swept = sqlx::query(
            "DELETE FROM messages
             WHERE number IN (SELECT number FROM messages WHERE conversation = ?1 ORDER BY hlc LIMIT ?2)",
        )
        .bind(conversation)
        .bind(SWEPT)
        .execute(&mut self.connection)
        .await?;
        if swept.rows_affected() == 0 {
            sqlx::query("DELETE FROM conversations WHERE number = ?1")
                .bind(conversation)
                .execute(&mut self.connection)
                .await?;
            self.scrub = true;
        }
        Ok(true)
    }
}
