//! A page of history, for the window. Runs on the reader, beside whatever the writer does.

use juice_proto::{
    content::Hlc,
    id::{AccountId, MessageId},
    messenger::record::ShownMessage,
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    code,
    error::StoreError,
    shown::{select_shown, with_reactions},
};

/// The most messages in a page, whatever is asked for.
const MAX_PAGE: u32 = 1_000;

/// Which part of a conversation; a place is a clock reading and an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The newest.
    End,
    /// Those before a place.
    Before(Hlc, MessageId),
    /// Those after a place.
    After(Hlc, MessageId),
    /// Those around a message, and it.
    Around(MessageId),
}

/// Part of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredPage {
    /// Oldest first; only what has a line of its own.
    pub messages: Vec<ShownMessage>,
    /// There are older ones.
    pub more: bool,
    /// There are newer ones.
    pub newer: bool,
    /// What was left in the composer.
    pub draft: String,
    /// The oldest message not yet seen, on whatever page it is.
    pub first_unread: Option<MessageId>,
}

/// A place as the database compares it.
struct Bound {
    hlc: i64,
    id: Vec<u8>,
}

impl Bound {
    fn at(hlc: Hlc, id: &MessageId) -> Self {
        Self { hlc: i64::try_from(hlc.0).unwrap_or(i64::MAX), id: id.bytes().to_vec() }
    }

    /// After every place: an id is 32 bytes.
    fn end() -> Self {
        Self { hlc: i64::MAX, id: vec![0xff; 33] }
    }
}

pub(super) async fn history(
    connection: &mut SqliteConnection,
    buddy: AccountId,
    at: At,
    limit: u32,
) -> Result<StoredPage, StoreError> {
    let conversation = sqlx::query(
        "SELECT number, draft,
                coalesce((SELECT id FROM messages
                          WHERE conversation = conversations.number AND unread = 1
                          ORDER BY hlc, id LIMIT 1), x'') AS first_unread
         FROM conversations WHERE buddy = ?1",
    )
    .bind(buddy.bytes().as_slice())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(conversation) = conversation else {
        return Ok(StoredPage::default());
    };
    let number: i64 = conversation.try_get("number")?;
    let limit = usize::try_from(limit.clamp(1, MAX_PAGE)).unwrap_or(1);
    let found = match at {
        At::Around(message) => place(connection, number, message).await?,
        At::End | At::Before(..) | At::After(..) => None,
    };
    let (rows, more, newer) = match (at, found) {
        (At::Before(hlc, id), _) => {
            let (rows, more) = before(connection, number, &Bound::at(hlc, &id), limit).await?;
            // Whoever asks knows the place itself.
            (rows, more, true)
        }
        (At::After(hlc, id), _) => {
            let (rows, newer) = after(connection, number, &Bound::at(hlc, &id), limit).await?;
            (rows, true, newer)
        }
        (At::Around(_), Some(middle)) => {
            let (mut rows, more) = before(connection, number, &middle, limit / 2).await?;
            let (mut rest, newer) = from(connection, number, &middle, limit - limit / 2).await?;
            rows.append(&mut rest);
            (rows, more, newer)
        }
        (At::End | At::Around(_), _) => {
            let (rows, more) = before(connection, number, &Bound::end(), limit).await?;
            (rows, more, false)
        }
    };
    Ok(StoredPage {
        messages: with_reactions(connection, &rows).await?,
        more,
        newer,
        draft: conversation.try_get("draft")?,
        first_unread: code::bytes(&conversation, "first_unread").ok().map(MessageId::new),
    })
}

/// The place of a message that has a line in this conversation.
async fn place(
    connection: &mut SqliteConnection,
    conversation: i64,
    message: MessageId,
) -> Result<Option<Bound>, StoreError> {
    let found = sqlx::query("SELECT hlc FROM messages WHERE id = ?1 AND conversation = ?2 AND shown = 1")
        .bind(message.bytes().as_slice())
        .bind(conversation)
        .fetch_optional(connection)
        .await?;
    found.map(|row| Ok(Bound { hlc: row.try_get("hlc")?, id: message.bytes().to_vec() })).transpose()
}

/// The last `limit` before a place, oldest first, and whether there are older ones.
async fn before(
    connection: &mut SqliteConnection,
    conversation: i64,
    place: &Bound,
    limit: usize,
) -> Result<(Vec<SqliteRow>, bool), StoreError> {
    let statement = select_shown!(
        "WHERE messages.conversation = ?1 AND messages.shown = 1 AND (messages.hlc, messages.id) < (?2, ?3)
         ORDER BY messages.hlc DESC, messages.id DESC LIMIT ?4"
    );
    let (mut rows, more) = some(connection, statement, conversation, place, limit).await?;
    rows.reverse();
    Ok((rows, more))
}

/// The first `limit` after a place, and whether there are newer ones.
async fn after(
    connection: &mut SqliteConnection,
    conversation: i64,
    place: &Bound,
    limit: usize,
) -> Result<(Vec<SqliteRow>, bool), StoreError> {
    let statement = select_shown!(
        "WHERE messages.conversation = ?1 AND messages.shown = 1 AND (messages.hlc, messages.id) > (?2, ?3)
         ORDER BY messages.hlc, messages.id LIMIT ?4"
    );
    some(connection, statement, conversation, place, limit).await
}

/// The message at a place and those after it.
async fn from(
    connection: &mut SqliteConnection,
    conversation: i64,
    place: &Bound,
    limit: usize,
) -> Result<(Vec<SqliteRow>, bool), StoreError> {
    let statement = select_shown!(
        "WHERE messages.conversation = ?1 AND messages.shown = 1 AND (messages.hlc, messages.id) >= (?2, ?3)
         ORDER BY messages.hlc, messages.id LIMIT ?4"
    );
    some(connection, statement, conversation, place, limit).await
}

async fn some(
    connection: &mut SqliteConnection,
    statement: &'static str,
    conversation: i64,
    place: &Bound,
    limit: usize,
) -> Result<(Vec<SqliteRow>, bool), StoreError> {
    let mut rows = sqlx::query(statement)
        .bind(conversation)
        .bind(place.hlc)
        .bind(place.id.as_slice())
        // One more tells whether there are more.
        .bind(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1))
        .fetch_all(connection)
        .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok((rows, more))
}
