//! Messages as they stand after all that was said about them, for pages, exports and fates.

use std::collections::HashMap;

use juice_proto::{
    content::FileOffer,
    file_name, frame,
    id::MessageId,
    messenger::record::{FileRecord, Quote, ShownMessage},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{code, error::StoreError, message};

/// What is selected for [`read`]; the message itself is in the table `messages`.
macro_rules! select_shown {
    ($rest:literal) => {
        concat!(
            "SELECT messages.number, messages.id, buddy, conversation_id, messages.mine, device, messages.seq,
                    messages.hlc, messages.sent_ms, messages.kind, messages.text, messages.target, messages.content,
                    messages.signature, messages.progress, messages.progress_ms, messages.letter, messages.posted_ms,
                    messages.edited, messages.deleted, quoted.id AS quoted, quoted.mine AS quoted_mine,
                    substr(quoted.text, 1, 200) AS quoted_text,
                    iif(quoted.kind = 6 AND quoted.text = '',
                        (SELECT offer FROM files WHERE message = quoted.number), NULL) AS quoted_offer,
                    offer, stage, done, path
             FROM messages
             JOIN sequences ON sequences.number = messages.sequence
             JOIN conversations ON conversations.number = messages.conversation
             LEFT JOIN messages AS quoted
                  ON messages.kind = 5 AND quoted.id = messages.target AND quoted.shown = 1
                 AND quoted.conversation = messages.conversation
             LEFT JOIN files ON files.message = messages.number ",
            $rest
        )
    };
}
pub(super) use select_shown;

/// A message by its number.
pub(super) async fn one(connection: &mut SqliteConnection, number: i64) -> Result<Option<ShownMessage>, StoreError> {
    let rows =
        sqlx::query(select_shown!("WHERE messages.number = ?1")).bind(number).fetch_all(&mut *connection).await?;
    Ok(with_reactions(connection, &rows).await?.pop())
}

/// Messages from rows of [`select_shown`], in their order.
pub(super) async fn with_reactions(
    connection: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Vec<ShownMessage>, StoreError> {
    let numbers = rows.iter().map(|row| row.try_get("number")).collect::<Result<Vec<i64>, _>>()?;
    let said = sqlx::query(
        "SELECT message, emoji, mine FROM reactions
         WHERE message IN (SELECT value FROM json_each(?1)) AND on_it = 1 ORDER BY message, hlc, mine",
    )
    .bind(format!("{numbers:?}"))
    .fetch_all(connection)
    .await?;
    let mut reactions: HashMap<i64, Vec<(String, bool)>> = HashMap::new();
    for row in said {
        let on = reactions.entry(row.try_get("message")?).or_default();
        on.push((row.try_get("emoji")?, row.try_get("mine")?));
    }
    let shown = rows.iter().zip(numbers).map(|(row, number)| {
        let reactions = reactions.remove(&number).unwrap_or_default();
        Ok(ShownMessage { reactions, ..read(row)? })
    });
    shown.collect()
}

/// A message from a row of [`select_shown`], without the emoji on it.
pub(super) fn read(row: &SqliteRow) -> Result<ShownMessage, StoreError> {
    Ok(ShownMessage {
        record: message::read(row)?,
        edited: row.try_get("edited")?,
        deleted: row.try_get("deleted")?,
        reactions: Vec::new(),
        quote: quote(row)?,
        file: file(row)?,
    })
}

fn quote(row: &SqliteRow) -> Result<Option<Quote>, StoreError> {
    if row.try_get::<Option<bool>, _>("quoted_mine")?.is_none() {
        return Ok(None);
    }
    let mut text: String = row.try_get("quoted_text")?;
    // A file without words is quoted by its name.
    if let Some(offer) = row.try_get::<Option<&[u8]>, _>("quoted_offer")? {
        text = file_name::safe(&frame::decode::<FileOffer>(offer)?.name);
    }
    Ok(Some(Quote { id: MessageId::new(code::bytes(row, "quoted")?), mine: row.try_get("quoted_mine")?, text }))
}

/// A file from the columns `offer`, `stage`, `done` and `path`.
pub(super) fn file(row: &SqliteRow) -> Result<Option<FileRecord>, StoreError> {
    let Some(offer) = row.try_get::<Option<&[u8]>, _>("offer")? else {
        return Ok(None);
    };
    Ok(Some(FileRecord {
        offer: frame::decode(offer)?,
        stage: code::as_stage(row.try_get("stage")?)?,
        done: code::count(row, "done")?,
        path: code::as_path(row.try_get("path")?),
    }))
}
