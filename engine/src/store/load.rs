//! What the messenger begins with, read once at the start on the writer's connection.
//!
//! This file reads the small tables, `conversation.rs` the ends of the conversations.

use juice_proto::{
    frame,
    id::{AccountId, MessageId},
    letter::DeliveryToken,
    messenger::record::{BuddyRecord, DayKeyRecord, InviteRecord, Loaded, RequestRecord, TokenRecord},
    seal::KemSecret,
    view::{BuddyGroup, BuddyPlace, Privacy},
};
use minicbor::Decode;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{code, conversation, error::StoreError};

/// Reads everything.
pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Loaded, StoreError> {
    let buddies = all(
        connection,
        "SELECT account, name, alias, relation, pin, list, suite, verified, key_alarm, last_seen_ms,
                my_token, my_token_ms, their_token, their_token_ms, buddy_group, favourite, notes
         FROM buddies ORDER BY name, account",
        buddy,
    );
    let buddies = buddies.await?;
    let requests = all(
        connection,
        "SELECT account, name, note, arrived_ms, list, token, token_ms FROM requests ORDER BY arrived_ms, account",
        request,
    );
    let requests = requests.await?;
    let day_keys = all(connection, "SELECT id, suite, secret, made_ms FROM day_keys ORDER BY made_ms, id", day_key);
    let day_keys = day_keys.await?;
    let invites = all(connection, "SELECT token, expires_ms FROM invites ORDER BY expires_ms, token", invite);
    let invites = invites.await?;
    let status = all(connection, "SELECT availability, text FROM status", |row| {
        let availability = code::as_availability(row.try_get("availability")?)?;
        Ok((availability, row.try_get("text")?))
    });
    let status = status.await?.pop();
    let privacy = all(connection, "SELECT read_receipts, typing FROM privacy", |row| {
        Ok(Privacy { read_receipts: row.try_get("read_receipts")?, typing: row.try_get("typing")? })
    });
    let privacy = privacy.await?.pop().unwrap_or_default();
    let groups = all(connection, "SELECT id, name FROM buddy_groups ORDER BY place", |row| {
        Ok(BuddyGroup { id: row.try_get("id")?, name: row.try_get("name")? })
    });
    let groups = groups.await?;
    let owed = all(connection, "SELECT buddy, message FROM owed ORDER BY number", |row| {
        Ok((AccountId::new(code::bytes(row, "buddy")?), MessageId::new(code::bytes(row, "message")?)))
    });
    let owed = owed.await?;
    let since = all(connection, "SELECT since_ms FROM welcome", |row| code::count(row, "since_ms"));
    let since_ms = since.await?.pop().unwrap_or_default();
    Ok(Loaded {
        buddies,
        requests,
        conversations: conversation::load(connection).await?,
        day_keys,
        invites,
        status,
        privacy,
        groups,
        owed,
        since_ms,
    })
}

/// Every row of a statement.
pub(super) async fn all<T>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    read: fn(&SqliteRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let rows = sqlx::query(statement).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// What an empty blob stands for is none.
fn optional<T: for<'b> Decode<'b, ()>>(row: &SqliteRow, column: &str) -> Result<Option<T>, StoreError> {
    let blob: &[u8] = row.try_get(column)?;
    if blob.is_empty() {
        return Ok(None);
    }
    Ok(Some(frame::decode(blob)?))
}

fn buddy(row: &SqliteRow) -> Result<BuddyRecord, StoreError> {
    Ok(BuddyRecord {
        account: AccountId::new(code::bytes(row, "account")?),
        name: row.try_get("name")?,
        alias: row.try_get("alias")?,
        place: BuddyPlace { group: row.try_get("buddy_group")?, favourite: row.try_get("favourite")? },
        notes: row.try_get("notes")?,
        relation: code::as_relation(row.try_get("relation")?)?,
        pin: optional(row, "pin")?,
        list: optional(row, "list")?,
        suite: code::as_suite(row.try_get("suite")?)?,
        verified: row.try_get("verified")?,
        key_alarm: row.try_get("key_alarm")?,
        last_seen_ms: code::count(row, "last_seen_ms")?,
        my_token: token(row, "my_token", "my_token_ms")?,
        their_token: token(row, "their_token", "their_token_ms")?,
    })
}

fn token(row: &SqliteRow, secret: &str, made_ms: &str) -> Result<Option<TokenRecord>, StoreError> {
    let blob: &[u8] = row.try_get(secret)?;
    if blob.is_empty() {
        return Ok(None);
    }
    let token = DeliveryToken::new(code::bytes(row, secret)?);
    Ok(Some(TokenRecord { token, made_ms: code::count(row, made_ms)? }))
}

fn request(row: &SqliteRow) -> Result<RequestRecord, StoreError> {
    Ok(RequestRecord {
        account: AccountId::new(code::bytes(row, "account")?),
        name: row.try_get("name")?,
        note: row.try_get("note")?,
        arrived_ms: code::count(row, "arrived_ms")?,
        list: frame::decode(row.try_get("list")?)?,
        delivery: token(row, "token", "token_ms")?,
    })
}

fn day_key(row: &SqliteRow) -> Result<DayKeyRecord, StoreError> {
    let suite = code::as_suite(row.try_get("suite")?)?.ok_or(StoreError::Corrupt)?;
    Ok(DayKeyRecord {
        id: frame::decode(row.try_get("id")?)?,
        secret: KemSecret::from_seed(suite, code::bytes(row, "secret")?),
        made_ms: code::count(row, "made_ms")?,
    })
}

fn invite(row: &SqliteRow) -> Result<InviteRecord, StoreError> {
    Ok(InviteRecord { token: code::bytes(row, "token")?, expires_ms: code::count(row, "expires_ms")? })
}
