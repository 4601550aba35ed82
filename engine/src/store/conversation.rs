//! The ends of the conversations: what the messenger must know of each to go on with it.
//!
//! Read once at the start. Every question is answered at the end of an index, so a million messages cost what ten do;
//! only those that still wait are read themselves. A buddy who came back with another account key has another
//! conversation with me, as content names it; the one of the newest message counts.

use std::collections::BTreeMap;

use juice_proto::{
    content::{Hlc, Seq},
    id::{AccountId, ConversationId, DeviceId, MessageId},
    messenger::record::{ConversationRecord, MessageRecord},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    code,
    error::StoreError,
    load::all,
    message::{self, select_messages},
};

/// A conversation's local number.
type Number = i64;

/// Reads the end of every conversation that has messages.
pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Vec<ConversationRecord>, StoreError> {
    let begun = all(
        connection,
        "SELECT conversations.number, buddy, seen, conversation_id, newest.hlc,
                (SELECT COUNT(*) FROM messages WHERE conversation = conversations.number AND unread = 1) AS unread,
                coalesce((SELECT sent_ms FROM messages WHERE conversation = conversations.number AND shown = 1
                          ORDER BY hlc DESC, id DESC LIMIT 1), 0) AS last_message_ms
         FROM conversations
         JOIN messages AS newest
              ON newest.id = (SELECT id FROM messages WHERE conversation = conversations.number
                              ORDER BY hlc DESC, id DESC LIMIT 1)
                 AND forgotten = 0
         JOIN sequences ON sequences.number = newest.sequence",
        begun,
    );
    let mut conversations: BTreeMap<Number, ConversationRecord> = begun.await?.into_iter().collect();

    let tails = all(
        connection,
        "SELECT sequences.conversation, conversation_id, device, sequences.mine, sequence, seq, id
         FROM sequences
         JOIN messages ON sequence = sequences.number
                      AND seq = (SELECT MAX(seq) FROM messages WHERE sequence = sequences.number)
         ORDER BY sequences.number",
        tail,
    );
    for tail in tails.await? {
        let Some(conversation) =
            conversations.get_mut(&tail.number).filter(|record| record.conversation == tail.conversation)
        else {
            continue;
        };
        if tail.mine {
            conversation.mine = (tail.seq, tail.id);
            conversation.unread_there = unread_there(connection, tail.sequence).await?;
        } else {
            conversation.theirs.push((tail.device, tail.seq));
        }
    }

    let waiting =
        all(connection, select_messages!("WHERE messages.mine = 1 AND progress = 0 ORDER BY sequence, seq"), |row| {
            Ok((row.try_get("conversation")?, message::read(row)?))
        });
    let waiting: Vec<(Number, MessageRecord)> = waiting.await?;
    for (number, message) in waiting {
        if let Some(conversation) = conversations.get_mut(&number) {
            conversation.waiting.push(message);
        }
    }
    Ok(conversations.into_values().collect())
}

fn begun(row: &SqliteRow) -> Result<(Number, ConversationRecord), StoreError> {
    let record = ConversationRecord {
        buddy: AccountId::new(code::bytes(row, "buddy")?),
        conversation: ConversationId::new(code::bytes(row, "conversation_id")?),
        mine: (0, MessageId::new([0; 32])),
        theirs: Vec::new(),
        hlc: Hlc(code::count(row, "hlc")?),
        unread: code::count(row, "unread")?,
        last_message_ms: code::count(row, "last_message_ms")?,
        last_seen: code::bytes(row, "seen").ok().map(MessageId::new),
        waiting: Vec::new(),
        unread_there: Vec::new(),
    };
    Ok((row.try_get("number")?, record))
}

/// The last message of a sequence.
struct Tail {
    number: Number,
    conversation: ConversationId,
    device: DeviceId,
    mine: bool,
    sequence: i64,
    seq: Seq,
    id: MessageId,
}

fn tail(row: &SqliteRow) -> Result<Tail, StoreError> {
    Ok(Tail {
        number: row.try_get("conversation")?,
        conversation: ConversationId::new(code::bytes(row, "conversation_id")?),
        device: DeviceId::new(code::bytes(row, "device")?),
        mine: row.try_get("mine")?,
        sequence: row.try_get("sequence")?,
        seq: code::count(row, "seq")?,
        id: MessageId::new(code::bytes(row, "id")?),
    })
}

/// Mine that arrived and are not known to be read, the newest thousand of a sequence.
async fn unread_there(connection: &mut SqliteConnection, sequence: i64) -> Result<Vec<(MessageId, Seq)>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, seq FROM messages WHERE sequence = ?1 AND mine = 1 AND progress = 1 AND shown = 1
         ORDER BY seq DESC LIMIT 1000",
    )
    .bind(sequence)
    .fetch_all(connection)
    .await?;
    let arrived = rows.iter().rev().map(|row| {
        let id = MessageId::new(code::bytes(row, "id")?);
        Ok((id, code::count(row, "seq")?))
    });
    arrived.collect()
}
