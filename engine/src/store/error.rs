//! What can be wrong with the database, by what there is to do about it.

use juice_proto::error::ProtoError;
use sqlx::migrate::MigrateError;

/// Why the database could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key does not open it: it is another account's, or its first page is damaged.
    #[error("the key does not open the database")]
    WrongKey,
    /// It is damaged, or holds what this build never writes: bring back a copy.
    #[error("the database is damaged")]
    Corrupt,
    /// It is of a newer JUICE: update. Nothing was changed.
    #[error("the database is of a newer version")]
    SchemaTooNew,
    /// A number above what the database holds, or a message filed under two people: a defect of the caller.
    #[error("a change that can't be kept")]
    BadChange,
    /// It was closed: open it anew.
    #[error("the store is closed")]
    Closed,
    /// The disk is full or failing, or the like: make room, try again.
    #[error("database: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
        // The lowest byte is the primary result code: https://sqlite.org/rescode.html
        match code.map(|code| code & 0xff) {
            Some(SQLITE_NOTADB) => Self::WrongKey,
            Some(SQLITE_CORRUPT) => Self::Corrupt,
            Some(_) | None => Self::Database(error),
        }
    }
}

const SQLITE_CORRUPT: u32 = 11;
const SQLITE_NOTADB: u32 = 26;

impl From<MigrateError> for StoreError {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the list is sqlx's and open; all but these mean that the file is not what this build made"
    )]
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(_) => Self::SchemaTooNew,
            _ => Self::Corrupt,
        }
    }
}

impl From<ProtoError> for StoreError {
    fn from(_: ProtoError) -> Self {
        Self::Corrupt
    }
}
