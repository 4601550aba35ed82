//! How values of ours become values of SQLite's, and back.
//!
//! The numbers of the closed lists are part of the schema: they are never given to anything else.

use std::path::{Path, PathBuf};

use juice_proto::{
    id::Millis,
    letter::LetterId,
    messenger::record::{FileStage, Progress},
    seal::Suite,
    view::{Availability, FileTrouble, Relation},
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

/// A progress and its time; 0 where it has none. The first two are named in indexes.
pub(super) fn progress(progress: Progress) -> Result<(i64, i64), StoreError> {
    Ok(match progress {
        Progress::Waiting => (0, 0),
        Progress::Delivered(at) => (1, number(at)?),
        Progress::Read(at) => (2, number(at)?),
        Progress::Refused => (3, 0),
    })
}

pub(super) fn as_progress(number: i64, at: u64) -> Result<Progress, StoreError> {
    match number {
        0 => Ok(Progress::Waiting),
        1 => Ok(Progress::Delivered(at)),
        2 => Ok(Progress::Read(at)),
        3 => Ok(Progress::Refused),
        _ => Err(StoreError::Corrupt),
    }
}

/// A letter and its time; empty for none.
pub(super) fn posted(posted: Option<(LetterId, Millis)>) -> Result<(Vec<u8>, i64), StoreError> {
    match posted {
        Some((letter, at_ms)) => Ok((letter.bytes().to_vec(), number(at_ms)?)),
        None => Ok((Vec::new(), 0)),
    }
}

pub(super) fn stage(stage: &FileStage) -> i64 {
    match stage {
        FileStage::Offered => 0,
        FileStage::Moving => 1,
        FileStage::Paused => 2,
        FileStage::Done => 3,
        FileStage::Cancelled => 4,
        FileStage::Failed(FileTrouble::Gone) => 5,
        FileStage::Failed(FileTrouble::SizeMismatch) => 6,
        FileStage::Failed(FileTrouble::HashMismatch) => 7,
        FileStage::Failed(FileTrouble::NotSaved) => 8,
    }
}

pub(super) fn as_stage(number: i64) -> Result<FileStage, StoreError> {
    match number {
        0 => Ok(FileStage::Offered),
        1 => Ok(FileStage::Moving),
        2 => Ok(FileStage::Paused),
        3 => Ok(FileStage::Done),
        4 => Ok(FileStage::Cancelled),
        5 => Ok(FileStage::Failed(FileTrouble::Gone)),
        6 => Ok(FileStage::Failed(FileTrouble::SizeMismatch)),
        7 => Ok(FileStage::Failed(FileTrouble::HashMismatch)),
        8 => Ok(FileStage::Failed(FileTrouble::NotSaved)),
        _ => Err(StoreError::Corrupt),
    }
}

/// A path as the system writes it, which need not be text; none is empty.
pub(super) fn path(path: Option<&Path>) -> Vec<u8> {
    path.map(|path| path.as_os_str().as_encoded_bytes().to_vec()).unwrap_or_default()
}

#[cfg(unix)]
pub(super) fn as_path(bytes: &[u8]) -> Option<PathBuf> {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    (!bytes.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(bytes)))
}

/// Where paths are not bytes, one that is not text is lost.
#[cfg(not(unix))]
pub(super) fn as_path(bytes: &[u8]) -> Option<PathBuf> {
    (!bytes.is_empty()).then(|| PathBuf::from(String::from_utf8_lossy(bytes).as_ref()))
}
