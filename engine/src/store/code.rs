//! How values of ours become values of SQLite's, and back.
//!
//! The numbers of the closed lists are part of the schema: they are never given to anything else.

use juice_proto::{
    messenger::record::Progress,
    seal::Suite,
    view::{Availability, Relation},
};
use sqlx::{Row, sqlite::SqliteRow};

use super::error::StoreError;

/// A number for the database, which holds 63 bits: enough for sequence numbers, and for times until the year 6000.
pub(super) fn number(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::BadChange)
}

/// A number from the database.
pub(super) fn count<N: TryFrom<i64>>(row: &SqliteRow, column: &str) -> Result<N, StoreError> {
    let value: i64 = row.try_get(column)?;
    N::try_from(value).map_err(|_| StoreError::Corrupt)
}

/// An id, a key or a signature from the database.
pub(super) fn bytes<const N: usize>(row: &SqliteRow, column: &str) -> Result<[u8; N], StoreError> {
    let blob: &[u8] = row.try_get(column)?;
    blob.try_into().map_err(|_| StoreError::Corrupt)
}

pub(super) fn relation(relation: Relation) -> i64 {
    match relation {
        Relation::Buddy => 1,
        Relation::Asked => 2,
        Relation::Blocked => 3,
        Relation::Former => 4,
    }
}

pub(super) fn as_relation(number: i64) -> Result<Relation, StoreError> {
    match number {
        1 => Ok(Relation::Buddy),
        2 => Ok(Relation::Asked),
        3 => Ok(Relation::Blocked),
        4 => Ok(Relation::Former),
        _ => Err(StoreError::Corrupt),
    }
}

pub(super) fn suite(suite: Option<Suite>) -> i64 {
    match suite {
        None => 0,
        Some(Suite::X25519) => 1,
        Some(Suite::XWing) => 2,
    }
}

pub(super) fn as_suite(number: i64) -> Result<Option<Suite>, StoreError> {
    match number {
        0 => Ok(None),
        1 => Ok(Some(Suite::X25519)),
        2 => Ok(Some(Suite::XWing)),
        _ => Err(StoreError::Corrupt),
    }
}

pub(super) fn availability(availability: Availability) -> i64 {
    match availability {
        Availability::Here => 1,
        Availability::Away => 2,
        Availability::Busy => 3,
        Availability::Invisible => 4,
    }
}

pub(super) fn as_availability(number: i64) -> Result<Availability, StoreError> {
    match number {
        1 => Ok(Availability::Here),
        2 => Ok(Availability::Away),
        3 => Ok(Availability::Busy),
        4 => Ok(Availability::Invisible),
        _ => Err(StoreError::Corrupt),
    }
}

/// A progress and its time; 0 where it has none. The first two are named in the index `messages_open`.
pub(super) fn progress(progress: Progress) -> Result<(i64, i64), StoreError> {
    Ok(match progress {
        Progress::Waiting => (0, 0),
        Progress::Delivered(at) => (1, number(at)?),
        Progress::Read(at) => (2, number(at)?),
        Progress::Refused => (3, 0),
        Progress::Cancelled => (4, 0),
    })
}

pub(super) fn as_progress(number: i64, at: u64) -> Result<Progress, StoreError> {
    match number {
        0 => Ok(Progress::Waiting),
        1 => Ok(Progress::Delivered(at)),
        2 => Ok(Progress::Read(at)),
        3 => Ok(Progress::Refused),
        4 => Ok(Progress::Cancelled),
        _ => Err(StoreError::Corrupt),
    }
}
