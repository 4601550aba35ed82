//! The rows behind the contacts: how one account stands to another, and what waits. Each function works inside the
//! transaction of a call and leaves it to the caller to commit.

use juice_proto::{
    id::{AccountId, Millis},
    seal::Envelope,
    server::{Refusal, Relation},
};
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::{ms, packed};
use crate::denied::Denied;

/// What the limits allow, at this time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub buddies: u32,
    pub pending: u32,
    /// Requests from before are forgotten.
    pub asked_after: Millis,
    pub now: Millis,
}

pub(super) const BUDDY: i64 = 0;
pub(super) const ASKED: i64 = 1;
pub(super) const BLOCKED: i64 = 2;

pub(super) fn relation(state: i64) -> Relation {
    match state {
        BUDDY => Relation::Buddy,
        ASKED => Relation::Asked,
        _ => Relation::Blocked,
    }
}

pub(super) type Work = Transaction<'static, Sqlite>;

pub(super) async fn row_of(work: &mut SqliteConnection, account: &AccountId) -> Result<i64, Denied> {
    let found: Option<(i64,)> = sqlx::query_as("SELECT row FROM account WHERE account = ?")
        .bind(account.bytes().as_slice())
        .fetch_optional(work)
        .await?;
    Ok(found.ok_or(Refusal::Unknown)?.0)
}

/// How `mine` stands to `other`; an old request counts for nothing.
pub(super) async fn state(work: &mut Work, mine: i64, other: i64, asked_after: Millis) -> Result<Option<i64>, Denied> {
    let found: Option<(i64,)> = sqlx::query_as(
        "SELECT state FROM relation
         WHERE account = ? AND other = ? AND (state <> 1 OR since_ms > ?)",
    )
    .bind(mine)
    .bind(other)
    .bind(ms(asked_after))
    .fetch_optional(&mut **work)
    .await?;
    Ok(found.map(|(state,)| state))
}

pub(super) async fn set_state(work: &mut Work, mine: i64, other: i64, state: i64, now: Millis) -> Result<(), Denied> {
    sqlx::query(
        "INSERT INTO relation (account, other, state, since_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT (account, other) DO UPDATE
         SET state = excluded.state, since_ms = excluded.since_ms",
    )
    .bind(mine)
    .bind(other)
    .bind(state)
    .bind(ms(now))
    .execute(&mut **work)
    .await?;
    Ok(())
}

pub(super) async fn clear_state(work: &mut Work, mine: i64, other: i64) -> Result<(), Denied> {
    sqlx::query("DELETE FROM relation WHERE account = ? AND other = ?")
        .bind(mine)
        .bind(other)
        .execute(&mut **work)
        .await?;
    Ok(())
}

/// Forgets the request of `asker` to `asked`; says whether there was one that still counted.
pub(super) async fn clear_pending(
    work: &mut Work,
    asked: i64,
    asker: i64,
    asked_after: Millis,
) -> Result<bool, Denied> {
    let when: Option<(i64,)> = sqlx::query_as("DELETE FROM pending WHERE asked = ? AND asker = ? RETURNING asked_ms")
        .bind(asked)
        .bind(asker)
        .fetch_optional(&mut **work)
        .await?;
    Ok(when.is_some_and(|(when,)| when > ms(asked_after)))
}

/// Refuses when `account` has as many relations as it may, blocked ones counted by themselves.
pub(super) async fn room_for_one(work: &mut Work, account: i64, blocked: bool, most: u32) -> Result<(), Denied> {
    let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM relation WHERE account = ? AND (state = 2) = ?")
        .bind(account)
        .bind(blocked)
        .fetch_one(&mut **work)
        .await?;
    if count < i64::from(most) { Ok(()) } else { Err(Refusal::TooManyBuddies.into()) }
}

pub(super) async fn make_buddies(work: &mut Work, one: i64, two: i64, bounds: &Bounds) -> Result<(), Denied> {
    for (mine, other) in [(one, two), (two, one)] {
        if state(work, mine, other, 0).await?.is_none() {
            room_for_one(work, mine, false, bounds.buddies).await?;
        }
        set_state(work, mine, other, BUDDY, bounds.now).await?;
        clear_pending(work, mine, other, 0).await?;
    }
    Ok(())
}

/// Lets a request wait.
pub(super) async fn wait(
    work: &mut Work,
    asked: i64,
    asker: i64,
    envelope: &Envelope,
    bounds: &Bounds,
) -> Result<(), Denied> {
    let (waiting,): (i64,) = sqlx::query_as("SELECT count(*) FROM pending WHERE asked = ? AND asked_ms > ?")
        .bind(asked)
        .bind(ms(bounds.asked_after))
        .fetch_one(&mut **work)
        .await?;
    if waiting >= i64::from(bounds.pending) {
        return Err(Refusal::TooManyBuddies.into());
    }
    set_state(work, asker, asked, ASKED, bounds.now).await?;
    sqlx::query(
        "INSERT INTO pending (asked, asker, envelope, asked_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT (asked, asker) DO UPDATE
         SET envelope = excluded.envelope, asked_ms = excluded.asked_ms",
    )
    .bind(asked)
    .bind(asker)
    .bind(packed(envelope))
    .bind(ms(bounds.now))
    .execute(&mut **work)
    .await?;
    Ok(())
}
