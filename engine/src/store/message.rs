//! Messages: filing them under their sequence, what becomes of them, and reading them back.
//!
//! A row's sequence names the conversation and device that the content names; its conversation is local and one for
//! each buddy. `shown` and `unread` are kept with the row, so that no page, count or tail ever scans. What a message
//! says about another is done in `about.rs`.

use juice_proto::{
    content::{Hlc, Seq, kind},
    id::{AccountId, ConversationId, DeviceId, MessageId, Millis, hash},
    letter::LetterId,
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
            "SELECT messages.id, buddy, conversation_id, messages.mine, device, seq, hlc, sent_ms, kind, text, target,
                    content, signature, progress, progress_ms, letter, posted_ms, messages.conversation
             FROM messages
             JOIN sequences ON sequences.number = messages.sequence
             JOIN conversations ON conversations.number = messages.conversation ",
            $rest
        )
    };
}
pub(super) use select_messages;

/// A statement about any number of ids, which are handed over [`together`] as its first value.
macro_rules! given {
    ($statement:literal) => {
        concat!(
            "WITH RECURSIVE given (at) AS (
                 SELECT 1 WHERE length(?1) > 0 UNION ALL SELECT at + 32 FROM given WHERE at + 32 <= length(?1)
             ) ",
            $statement
        )
    };
}

/// Where the messages of one device in one conversation are filed.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub sequence: i64,
    pub conversation: i64,
    buddy: AccountId,
    mine: bool,
    /// What was said up to here has been forgotten.
    forgotten: Seq,
}

/// The sequences met that are remembered: more than a thousand buddies have.
const PLACES: usize = 4_096;

/// The most messages that are fetched at a time.
const FETCHED: usize = 64;

impl Writer {
    /// Inserts a message unless its place is taken, and does what it says about another.
    pub(super) async fn insert(&mut self, message: &MessageRecord) -> Result<Fate, StoreError> {
        let place = self.place(message).await?;
        if message.seq <= place.forgotten {
            return Ok(Fate::Known);
        }
        let (progress, progress_ms) = code::progress(message.progress)?;
        let (letter, posted_ms) = code::posted(message.posted)?;
        let shown = kind::has_line(message.kind);
        let hlc = number(message.hlc.0)?;
        let top = self.top().await?.max(hlc);
        let inserted = sqlx::query(
            "INSERT INTO messages (id, sequence, seq, conversation, mine, hlc, top, sent_ms, kind, text, target, content,
                                   signature, progress, progress_ms, letter, posted_ms, shown, unread)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
             ON CONFLICT DO NOTHING",
        )
        .bind(message.id.bytes().as_slice())
        .bind(place.sequence)
        .bind(number(message.seq)?)
        .bind(place.conversation)
        .bind(message.mine)
        .bind(hlc)
        .bind(top)
        .bind(number(message.sent_ms)?)
        .bind(message.kind)
        .bind(message.text.as_str())
        .bind(message.target.map(|target| target.bytes().to_vec()).unwrap_or_default())
        .bind(message.signed.bytes())
        .bind(message.signed.signature().as_slice())
        .bind(progress)
        .bind(progress_ms)
        .bind(letter)
        .bind(posted_ms)
        .bind(shown)
        .bind(message.is_news())
        .execute(&mut self.connection)
        .await?;
        if inserted.rows_affected() > 0 {
            self.top = Some(top);
            self.to_index |= shown;
            return self.say_about(message, &place, inserted.last_insert_rowid()).await;
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
        let shown = kind::has_line(new.kind);
        if let Some(row) = self.row_of(old).await? {
            self.unindex(&[row]).await?;
        }
        let replaced: Option<i64> = sqlx::query_scalar(
            "UPDATE messages
             SET id = ?4, hlc = ?5, sent_ms = ?6, kind = ?7, text = ?8, content = ?9, signature = ?10, progress = ?11,
                 progress_ms = ?12, shown = ?13, unread = 0, target = x'', letter = x'', posted_ms = 0
             WHERE id = ?1 AND sequence = ?2 AND seq = ?3 AND mine = 1 AND progress = 0
             RETURNING number",
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
        .bind(shown)
        .fetch_optional(&mut self.connection)
        .await?;
        if let Some(row) = replaced {
            self.drop_said_about(row).await?;
            return Ok(Fate::Done);
        }
        if let Some(row) = self.row_of(old).await? {
            self.reindex(&[row]).await?;
        }
        // Nothing to replace: known already, kept from leaving too late, or its place is free.
        self.insert(new).await
    }

    /// Moves messages of mine on, never back. What was deleted before it arrived is wiped.
    pub(super) async fn progress(&mut self, messages: &[MessageId], reached: Progress) -> Result<Fate, StoreError> {
        let (progress, progress_ms) = code::progress(reached)?;
        // What may still move there: read takes in what was delivered, an end only what waits.
        let below = match reached {
            Progress::Waiting => return Ok(Fate::Done),
            Progress::Read(_) => 2,
            Progress::Delivered(_) | Progress::Refused => 1,
        };
        sqlx::query(given!(
            "UPDATE messages SET progress = ?2, progress_ms = ?3
             WHERE id IN (SELECT substr(?1, at, 32) FROM given) AND mine = 1 AND progress < ?4"
        ))
        .bind(together(messages))
        .bind(progress)
        .bind(progress_ms)
        .bind(below)
        .execute(&mut self.connection)
        .await?;
        if self.unwiped().await? {
            let wiped = sqlx::query(given!(
                "UPDATE messages SET content = x''
                 WHERE id IN (SELECT substr(?1, at, 32) FROM given) AND mine = 1 AND deleted = 1 AND progress > 0"
            ))
            .bind(together(messages))
            .execute(&mut self.connection)
            .await?;
            self.scrub |= wiped.rows_affected() > 0;
        }
        Ok(Fate::Done)
    }

    /// Messages of mine that wait are in the buddy's mailbox, or in no mailbox any more.
    pub(super) async fn posted(
        &mut self,
        messages: &[MessageId],
        letter: Option<(LetterId, Millis)>,
    ) -> Result<(), StoreError> {
        let (letter, posted_ms) = code::posted(letter)?;
        sqlx::query(given!(
            "UPDATE messages SET letter = ?2, posted_ms = ?3
             WHERE id IN (SELECT substr(?1, at, 32) FROM given) AND mine = 1 AND progress = 0"
        ))
        .bind(together(messages))
        .bind(letter)
        .bind(posted_ms)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// The highest clock reading of all.
    async fn top(&mut self) -> Result<i64, StoreError> {
        if let Some(top) = self.top {
            return Ok(top);
        }
        let top: Option<i64> = sqlx::query_scalar("SELECT top FROM messages ORDER BY number DESC LIMIT 1")
            .fetch_optional(&mut self.connection)
            .await?;
        Ok(*self.top.insert(top.unwrap_or_default()))
    }

    /// Whether there may be messages of mine that are to be wiped when they have arrived.
    async fn unwiped(&mut self) -> Result<bool, StoreError> {
        if let Some(unwiped) = self.unwiped {
            return Ok(unwiped);
        }
        let statement = "SELECT EXISTS (SELECT 1 FROM messages WHERE mine = 1 AND progress = 0 AND deleted = 1)";
        let unwiped: bool = sqlx::query_scalar(statement).fetch_one(&mut self.connection).await?;
        // Those that have just arrived are not in it any more.
        self.unwiped = Some(unwiped);
        Ok(true)
    }

    /// Everything from a buddy has been seen.
    pub(super) async fn seen(&mut self, buddy: AccountId) -> Result<Fate, StoreError> {
        let statements = [
            "UPDATE conversations
             SET (seen_hlc, seen) = (SELECT hlc, id FROM messages
                                     WHERE conversation = conversations.number AND unread = 1
                                     ORDER BY hlc DESC, id DESC LIMIT 1)
             WHERE buddy = ?1
               AND EXISTS (SELECT 1 FROM messages
                           WHERE conversation = conversations.number AND unread = 1
                             AND (hlc, id) > (seen_hlc, seen))",
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
            "SELECT sequences.number AS sequence, conversation, buddy, mine, forgotten_seq
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
                    forgotten: code::count(&row, "forgotten_seq")?,
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
            forgotten: 0,
        })
    }
}

/// Ids as one blob, for the statements of [`given`].
fn together(ids: &[MessageId]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.bytes()).collect()
}

/// Messages of mine to a buddy, of the conversation that the newest message is of. A place of which nothing is left is
/// given as a void without content.
pub(super) async fn mine_from(
    connection: &mut SqliteConnection,
    buddy: AccountId,
    from: Seq,
) -> Result<Vec<MessageRecord>, StoreError> {
    let sequence = sqlx::query(
        "SELECT number, conversation, conversation_id, device FROM sequences
         WHERE mine = 1
           AND conversation_id = (SELECT conversation_id FROM messages JOIN sequences ON sequences.number = sequence
                                  WHERE messages.conversation = (SELECT number FROM conversations WHERE buddy = ?1)
                                  ORDER BY hlc DESC, id DESC LIMIT 1)
         ORDER BY number DESC LIMIT 1",
    )
    .bind(buddy.bytes().as_slice())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(sequence) = sequence else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query(select_messages!(
        "WHERE sequence = ?1 AND messages.conversation = ?2 AND seq >= ?3 ORDER BY seq LIMIT 64"
    ))
    .bind(sequence.try_get::<i64, _>("number")?)
    .bind(sequence.try_get::<i64, _>("conversation")?)
    // Nothing is above what the database holds.
    .bind(i64::try_from(from).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    let conversation = ConversationId::new(code::bytes(&sequence, "conversation_id")?);
    let device = DeviceId::new(code::bytes(&sequence, "device")?);
    let mut messages = Vec::with_capacity(FETCHED);
    let mut next = from.max(1);
    for row in &rows {
        let message = read(row)?;
        while next < message.seq && messages.len() < FETCHED {
            messages.push(blank(buddy, conversation, device, next));
            next += 1;
        }
        if messages.len() >= FETCHED {
            break;
        }
        next = message.seq.saturating_add(1);
        messages.push(message);
    }
    Ok(messages)
}

/// The place of something of mine that has been forgotten here.
fn blank(buddy: AccountId, conversation: ConversationId, device: DeviceId, seq: Seq) -> MessageRecord {
    let place: [&[u8]; 3] = [conversation.bytes(), device.bytes(), &seq.to_be_bytes()];
    MessageRecord {
        id: MessageId::new(hash("juice/blank/1", &place)),
        buddy,
        conversation,
        mine: true,
        device,
        seq,
        hlc: Hlc(0),
        sent_ms: 0,
        kind: kind::VOID,
        text: String::new(),
        target: None,
        signed: Signed::from_parts(Vec::new(), [0; 64]),
        progress: Progress::Waiting,
        posted: None,
    }
}

/// A message from a row of [`select_messages`].
pub(super) fn read(row: &SqliteRow) -> Result<MessageRecord, StoreError> {
    let progress = code::as_progress(row.try_get("progress")?, code::count(row, "progress_ms")?)?;
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
        // What is empty is none.
        target: code::bytes(row, "target").ok().map(MessageId::new),
        signed: Signed::from_parts(row.try_get("content")?, code::bytes(row, "signature")?),
        progress,
        posted: if progress == Progress::Waiting { letter(row)? } else { None },
    })
}

fn letter(row: &SqliteRow) -> Result<Option<(LetterId, Millis)>, StoreError> {
    match code::bytes(row, "letter") {
        Ok(letter) => Ok(Some((LetterId::new(letter), code::count(row, "posted_ms")?))),
        Err(_) => Ok(None),
    }
}
