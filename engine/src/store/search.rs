//! Searching what was said: the newest first. Runs on a reader, beside whatever the writer does.
//!
//! The index gives hits in the order in which they arrived, newest first, and is read no further than needed. A message
//! may have come late: what arrived before has a bound on its clock (`top`), and when no more can be above the page's
//! last hit, the page is whole. So a common word costs no more than a page, a rare one no more than its hits.

use futures::TryStreamExt;
use juice_proto::{
    content::Hlc,
    id::{AccountId, MessageId, Millis},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{code, error::StoreError, words::Query};

/// The most hits in a page.
const MAX_HITS: u32 = 200;
/// How many of the newest messages are looked through for what is no word.
const LOOKED_THROUGH: i64 = 20_000;

/// A message that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Which.
    pub message: MessageId,
    /// Whose conversation.
    pub buddy: AccountId,
    /// By me.
    pub mine: bool,
    /// The author's clock.
    pub sent_ms: Millis,
    /// Where it sorts.
    pub hlc: Hlc,
    /// Its words around what was looked for; with whether each piece is what was looked for.
    pub snippet: Vec<(String, bool)>,
}

/// Some of what was found, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// In order.
    pub hits: Vec<Hit>,
    /// There are older ones.
    pub more: bool,
}

/// What a hit is, before its snippet is made.
struct Found {
    place: (Hlc, MessageId),
    buddy: AccountId,
    mine: bool,
    sent_ms: Millis,
    text: String,
}

pub(super) async fn search(
    connection: &mut SqliteConnection,
    typed: &str,
    buddy: Option<AccountId>,
    before: Option<(Hlc, MessageId)>,
    limit: u32,
) -> Result<Hits, StoreError> {
    let Some(query) = Query::parse(typed) else { return Ok(Hits::default()) };
    let mut within = None;
    if let Some(buddy) = buddy {
        within = sqlx::query_scalar("SELECT number FROM conversations WHERE buddy = ?1")
            .bind(buddy.bytes().as_slice())
            .fetch_optional(&mut *connection)
            .await?;
        if within.is_none() {
            return Ok(Hits::default());
        }
    }
    let limit = usize::try_from(limit.clamp(1, MAX_HITS)).unwrap_or(1);
    let mut found: Vec<Found> = Vec::new();
    let expression = query.expression(within);
    let mut rows = match &expression {
        // The order of the tables is given: the index first, as far as it is needed.
        Some(expression) => sqlx::query(
            "SELECT messages.id, buddy, mine, sent_ms, hlc, top, messages.text
             FROM words CROSS JOIN messages ON messages.number = words.rowid
             CROSS JOIN conversations ON conversations.number = conversation
             WHERE words MATCH ?1 AND shown = 1 AND forgotten = 0 AND (?2 IS NULL OR conversation = ?2)
             ORDER BY words.rowid DESC",
        )
        .bind(expression.as_str())
        .bind(within),
        None => sqlx::query(
            "SELECT messages.id, buddy, mine, sent_ms, hlc, top, text
             FROM messages CROSS JOIN conversations ON conversations.number = conversation
             WHERE messages.number > (SELECT max(number) FROM messages) - ?1
               AND shown = 1 AND forgotten = 0 AND (?2 IS NULL OR conversation = ?2)
             ORDER BY messages.number DESC",
        )
        .bind(LOOKED_THROUGH)
        .bind(within),
    }
    .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        // One more than the page tells whether there are older ones.
        if let Some(last) = found.get(limit)
            && Hlc(code::count(&row, "top")?) < last.place.0
        {
            break;
        }
        let place = (Hlc(code::count(&row, "hlc")?), MessageId::new(code::bytes(&row, "id")?));
        let early = found.get(limit).is_some_and(|last| place < last.place);
        if early || before.is_some_and(|before| place >= before) {
            continue;
        }
        let hit = read(&row, place)?;
        if expression.is_none() && !query.literal_in(&hit.text) {
            continue;
        }
        let at = found.partition_point(|other| other.place > place);
        found.insert(at, hit);
        found.truncate(limit + 1);
    }
    drop(rows);
    let more = found.len() > limit;
    found.truncate(limit);
    let hits = found.into_iter().map(|found| Hit {
        message: found.place.1,
        buddy: found.buddy,
        mine: found.mine,
        sent_ms: found.sent_ms,
        hlc: found.place.0,
        snippet: query.snippet(&found.text),
    });
    Ok(Hits { hits: hits.collect(), more })
}

fn read(row: &SqliteRow, place: (Hlc, MessageId)) -> Result<Found, StoreError> {
    Ok(Found {
        place,
        buddy: AccountId::new(code::bytes(row, "buddy")?),
        mine: row.try_get("mine")?,
        sent_ms: code::count(row, "sent_ms")?,
        text: row.try_get("text")?,
    })
}
