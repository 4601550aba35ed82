//! The texts that a message has had.
//!
//! Later texts are the messages that brought them; the first one is in the signed content, since the row has the newest.

use juice_proto::id::{AccountId, MessageId, Millis};
use sqlx::{Row, SqliteConnection};

use super::{
    code,
    error::StoreError,
    message::{self, select_messages},
};

pub(super) async fn edits(
    connection: &mut SqliteConnection,
    buddy: AccountId,
    id: MessageId,
) -> Result<Vec<(String, Millis)>, StoreError> {
    let found = sqlx::query(select_messages!("WHERE messages.id = ?1 AND buddy = ?2 AND shown = 1 AND deleted = 0"))
        .bind(id.bytes().as_slice())
        .bind(buddy.bytes().as_slice())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = found else { return Ok(Vec::new()) };
    let message = message::read(&row)?;
    let later = sqlx::query(
        "SELECT text, sent_ms FROM messages
         WHERE kind = 2 AND target = ?1 AND mine = ?2 AND conversation = ?3 ORDER BY hlc, id",
    )
    .bind(id.bytes().as_slice())
    .bind(message.mine)
    .bind(row.try_get::<i64, _>("conversation")?)
    .fetch_all(connection)
    .await?;
    let first = message.signed.peek().and_then(|content| content.read()).map(|body| body.words().to_owned());
    let mut texts = vec![(first.unwrap_or(message.text), message.sent_ms)];
    for row in &later {
        texts.push((row.try_get("text")?, code::count(row, "sent_ms")?));
    }
    Ok(texts)
}
