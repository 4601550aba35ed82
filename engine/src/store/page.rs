//! A page of history, for the window. Runs on the reader, beside whatever the writer does.

use juice_proto::{
    content::Hlc,
    id::{AccountId, MessageId},
    messenger::record::MessageRecord,
};
use sqlx::{Row, SqliteConnection};

use super::{
    code,
    error::StoreError,
    message::{self, select_messages},
};

/// The most messages in a page, whatever is asked for.
const MAX_PAGE: u32 = 1_000;

/// Part of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredPage {
    /// Oldest first, without voids and what was cancelled.
    pub messages: Vec<MessageRecord>,
    /// There are older ones.
    pub more: bool,
    /// What was left in the composer.
    pub draft: String,
    /// The oldest message not yet seen, on whatever page it is.
    pub first_unread: Option<MessageId>,
}

pub(super) async fn history(
    connection: &mut SqliteConnection,
    buddy: AccountId,
    before: Option<(Hlc, MessageId)>,
    limit: u32,
) -> Result<StoredPage, StoreError> {
    let conversation = sqlx::query(
        "SELECT number, draft,
                coalesce((SELECT id FROM messages
                          WHERE conversation = number AND unread = 1 ORDER BY hlc, id LIMIT 1), x'') AS first_unread
         FROM conversations WHERE buddy = ?1",
    )
    .bind(buddy.bytes().as_slice())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(conversation) = conversation else {
        return Ok(StoredPage::default());
    };

    let limit = limit.min(MAX_PAGE);
    let (hlc, id) = match before {
        Some((hlc, id)) => (i64::try_from(hlc.0).unwrap_or(i64::MAX), id.bytes().to_vec()),
        // After every id, which is 32 bytes.
        None => (i64::MAX, vec![0xff; 33]),
    };
    let number: i64 = conversation.try_get("number")?;
    let rows = sqlx::query(select_messages!(
        "WHERE messages.conversation = ?1 AND shown = 1 AND (hlc, messages.id) < (?2, ?3)
         ORDER BY hlc DESC, messages.id DESC LIMIT ?4"
    ))
    .bind(number)
    .bind(hlc)
    .bind(id)
    // One more tells whether there are older ones.
    .bind(i64::from(limit) + 1)
    .fetch_all(connection)
    .await?;

    let kept = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut messages = rows.iter().take(kept).map(message::read).collect::<Result<Vec<_>, _>>()?;
    messages.reverse();
    Ok(StoredPage {
        messages,
        more: rows.len() > kept,
        draft: conversation.try_get("draft")?,
        first_unread: code::bytes(&conversation, "first_unread").ok().map(MessageId::new),
    })
}
