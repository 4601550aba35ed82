//! Messages: filing them under their sequence, what becomes of them, and reading them back.
//!
//! A row's sequence names the conversation and device that the content names; its conversation is local and one for
//! each buddy. `shown` and `unread` are kept with the row, so that no page, count or tail ever scans.

use juice_proto::{
    content::{Hlc, Seq, kind},
    id::{AccountId, ConversationId, DeviceId, MessageId},
    messenger::record::{Fate, MessageRecord, Progress},
    sign::Signed,
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    code::{self, number},
    error::StoreError,
    writer::Writer,
};

/// What is selected of a message for [`read`]; the tables are `messages`, `sequences` and `conversations`.
macro_rules! select_messages {
    ($rest:literal) => {
        concat!(
            "SELECT messages.id, buddy, conversation_id, messages.mine, device, seq, hlc, sent_ms, kind, text, content,
                    signature, progress, progress_ms, messages.conversation
             FROM messages
             JOIN sequences ON sequences.number = messages.sequence
             JOIN conversations ON conversations.number = messages.conversation ",
            $rest
        )
    };
}
pub(super) use select_messages;

/// Where the messages of one device in one conversation are filed.
#[derive(Clone, Copy)]
pub(super) struct Place {
    sequence: i64,
    conversation: i64,
    buddy: AccountId,
    mine: bool,
}

/// The sequences met that are remembered: more than a thousand buddies have.
const PLACES: usize = 4_096;

fn is_shown(message: &MessageRecord) -> bool {
    message.kind != kind::VOID && message.progress != Progress::Cancelled
}

impl Writer {
    /// Inserts a message unless its place is taken.
    pub(super) async fn insert(&mut self, message: &MessageRecord) -> Result<Fate, StoreError> {
        let place = self.place(message).await?;
        let (progress, progress_ms) = code::progress(message.progress)?;
        let shown = is_shown(message);
        let inserted = sqlx::query(
            "INSERT INTO messages (id, sequence, seq, conversation, mine, hlc, sent_ms, kind, text, content, signature,
                                   progress, progress_ms, shown, unread)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT DO NOTHING",
        )
        .bind(message.id.bytes().as_slice())
        .bind(place.sequence)
        .bind(number(message.seq)?)
        .bind(place.conversation)
        .bind(message.mine)
        .bind(number(message.hlc.0)?)
        .bind(number(message.sent_ms)?)
        .bind(message.kind)
        .bind(message.text.as_str())
        .bind(message.signed.bytes())
        .bind(message.signed.signature().as_slice())
        .bind(progress)
        .bind(progress_ms)
        .bind(shown)
        .bind(shown && !message.mine)
        .execute(&mut self.connection)
        .await?;
        if inserted.rows_affected() > 0 {
            return Ok(Fate::Done);
        }
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM messages WHERE id = ?1)")
            .bind(message.id.bytes().as_slice())
            .fetch_one(&mut self.connection)
            .await?;
        Ok(if known { Fate::Known } else { Fate::Conflict })
    }

    /// Puts a void in the place of a message that never left. One that has left stays: `Conflict`.
    pub(super) async fn void(&mut self, old: MessageId, new: &MessageRecord) -> Result<Fate, StoreError> {
        let place = self.place(new).await?;
        let (progress, progress_ms) = code::progress(new.progress)?;
        let replaced = sqlx::query(
            "UPDATE messages
             SET id = ?4, hlc = ?5, sent_ms = ?6, kind = ?7, text = ?8, content = ?9, signature = ?10, progress = ?11,
                 progress_ms = ?12, shown = ?13, unread = 0
             WHERE id = ?1 AND sequence = ?2 AND seq = ?3 AND mine = 1 AND progress = 0",
        )
        .bind(old.bytes().as_slice())
        .bind(place.sequence)
        .bind(number(new.seq)?)
        .bind(new.id.bytes().as_slice())
        .bind(number(new.hlc.0)?)
        .bind(number(new.sent_ms)?)
        .bind(new.kind)
        .bind(new.text.as_str())
        .bind(new.signed.bytes())
        .bind(new.signed.signature().as_slice())
        .bind(progress)
        .bind(progress_ms)
        .bind(is_shown(new))
        .execute(&mut self.connection)
        .await?;
        if replaced.rows_affected() > 0 {
            return Ok(Fate::Done);
        }
        // Nothing to replace: known already, kept from leaving too late, or its place is free.
        self.insert(new).await
    }

    /// Moves messages of mine on, never back.
    pub(super) async fn progress(&mut self, messages: &[MessageId], reached: Progress) -> Result<Fate, StoreError> {
        let (progress, progress_ms) = code::progress(reached)?;
        // What may still move there: read takes in what was delivered, an end only what waits.
        let below = match reached {
            Progress::Waiting => return Ok(Fate::Done),
            Progress::Read(_) => 2,
            Progress::Delivered(_) | Progress::Refused | Progress::Cancelled => 1,
        };
        let ids: Vec<u8> = messages.iter().flat_map(|id| *id.bytes()).collect();
        // One statement for any number of ids, which are handed over as one blob.
        sqlx::query(
            "WITH RECURSIVE given (at) AS (
                 SELECT 1 WHERE length(?1) > 0 UNION ALL SELECT at + 32 FROM given WHERE at + 32 <= length(?1)
             )
             UPDATE messages SET progress = ?2, progress_ms = ?3, shown = shown AND ?2 <> 4
             WHERE id IN (SELECT substr(?1, at, 32) FROM given) AND mine = 1 AND progress < ?4",
        )
        .bind(ids)
        .bind(progress)
        .bind(progress_ms)
        .bind(below)
        .execute(&mut self.connection)
        .await?;
        Ok(Fate::Done)
    }

    /// Everything from a buddy has been seen.
    pub(super) async fn seen(&mut self, buddy: AccountId) -> Result<Fate, StoreError> {
        let statements = [
            "UPDATE conversations
             SET (seen_hlc, seen) = (SELECT hlc, id FROM messages
                                     WHERE conversation = number AND unread = 1 ORDER BY hlc DESC, id DESC LIMIT 1)
             WHERE buddy = ?1
               AND EXISTS (SELECT 1 FROM messages
                           WHERE conversation = number AND unread = 1 AND (hlc, id) > (seen_hlc, seen))",
            "UPDATE messages SET unread = 0
             WHERE unread = 1 AND conversation = (SELECT number FROM conversations WHERE buddy = ?1)",
        ];
        for statement in statements {
            sqlx::query(statement).bind(buddy.bytes().as_slice()).execute(&mut self.connection).await?;
        }
        Ok(Fate::Done)
    }

    /// The place of a message, made where it is the first there.
    async fn place(&mut self, message: &MessageRecord) -> Result<Place, StoreError> {
        let author = (message.conversation, message.device);
        let place = match self.places.get(&author) {
            Some(place) => *place,
            None => {
                let place = match self.find_place(&author).await? {
                    Some(place) => place,
                    None => self.make_place(message).await?,
                };
                if self.places.len() >= PLACES {
                    self.places.clear();
                }
                self.places.insert(author, place);
                place
            }
        };
        // A device in a conversation of two keys is one person's: anything else would be read back as another's.
        if place.buddy == message.buddy && place.mine == message.mine { Ok(place) } else { Err(StoreError::BadChange) }
    }

    async fn find_place(
        &mut self,
        (conversation, device): &(ConversationId, DeviceId),
    ) -> Result<Option<Place>, StoreError> {
        let found = sqlx::query(
            "SELECT sequences.number AS sequence, conversation, buddy, mine
             FROM sequences JOIN conversations ON conversations.number = conversation
             WHERE conversation_id = ?1 AND device = ?2",
        )
        .bind(conversation.bytes().as_slice())
        .bind(device.bytes().as_slice())
        .fetch_optional(&mut self.connection)
        .await?;
        found
            .map(|row| {
                Ok(Place {
                    sequence: row.try_get("sequence")?,
                    conversation: row.try_get("conversation")?,
                    buddy: AccountId::new(code::bytes(&row, "buddy")?),
                    mine: row.try_get("mine")?,
                })
            })
            .transpose()
    }

    async fn make_place(&mut self, message: &MessageRecord) -> Result<Place, StoreError> {
        sqlx::query("INSERT INTO conversations (buddy) VALUES (?1) ON CONFLICT DO NOTHING")
            .bind(message.buddy.bytes().as_slice())
            .execute(&mut self.connection)
            .await?;
        let row = sqlx::query(
            "INSERT INTO sequences (conversation, conversation_id, device, mine)
             VALUES ((SELECT number FROM conversations WHERE buddy = ?1), ?2, ?3, ?4)
             RETURNING number, conversation",
        )
        .bind(message.buddy.bytes().as_slice())
        .bind(message.conversation.bytes().as_slice())
        .bind(message.device.bytes().as_slice())
        .bind(message.mine)
        .fetch_one(&mut self.connection)
        .await?;
        Ok(Place {
            sequence: row.try_get("number")?,
            conversation: row.try_get("conversation")?,
            buddy: message.buddy,
            mine: message.mine,
        })
    }
}

/// Messages of mine to a buddy, of the conversation that the newest message is of.
pub(super) async fn mine_from(
    connection: &mut SqliteConnection,
    buddy: AccountId,
    from: Seq,
) -> Result<Vec<MessageRecord>, StoreError> {
    let sequence: Option<i64> = sqlx::query_scalar(
        "SELECT MAX(number) FROM sequences
         WHERE mine = 1
           AND conversation_id = (SELECT conversation_id FROM messages JOIN sequences ON number = sequence
                                  WHERE messages.conversation = (SELECT number FROM conversations WHERE buddy = ?1)
                                  ORDER BY hlc DESC, id DESC LIMIT 1)",
    )
    .bind(buddy.bytes().as_slice())
    .fetch_one(&mut *connection)
    .await?;
    let rows = sqlx::query(select_messages!("WHERE sequence = ?1 AND seq >= ?2 ORDER BY seq LIMIT 64"))
        .bind(sequence)
        // Nothing is above what the database holds.
        .bind(i64::try_from(from).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// A message from a row of [`select_messages`].
pub(super) fn read(row: &SqliteRow) -> Result<MessageRecord, StoreError> {
    Ok(MessageRecord {
        id: MessageId::new(code::bytes(row, "id")?),
        buddy: AccountId::new(code::bytes(row, "buddy")?),
        conversation: ConversationId::new(code::bytes(row, "conversation_id")?),
        mine: row.try_get("mine")?,
        device: DeviceId::new(code::bytes(row, "device")?),
        seq: code::count(row, "seq")?,
        hlc: Hlc(code::count(row, "hlc")?),
        sent_ms: code::count(row, "sent_ms")?,
        kind: code::count(row, "kind")?,
        text: row.try_get("text")?,
        signed: Signed::from_parts(row.try_get("content")?, code::bytes(row, "signature")?),
        progress: code::as_progress(row.try_get("progress")?, code::count(row, "progress_ms")?)?,
    })
}
