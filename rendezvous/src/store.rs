//! What outlives a restart: accounts, their device lists, contacts, letters, codes, in one SQLite file.
//!
//! Two connections read, one writes; every commit is on disk before it is acknowledged (WAL, synchronous FULL). A few
//! accounts read lately are kept in memory. Presence is not here, names and words of people never are.

mod accounts;
mod contacts;
mod json;
mod keeper;
mod mailbox;
#[cfg(feature = "seed")]
mod planting;
mod readers;
mod recent;
mod relations;
mod schema;

use std::{path::Path, time::Duration};

use juice_proto::{error::ProtoError, frame, id::Millis};
use minicbor::{Decode, Encode};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub(crate) use self::{
    accounts::NewAccount,
    contacts::{Asked, Beside, Known},
    mailbox::Room,
    relations::Bounds,
    schema::DATABASE,
};
use self::{
    readers::{Reader, Readers},
    recent::Recent,
};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed, as of a full disk.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A newer version of the server has written this database; it is left untouched.
    #[error("the database was written by a newer version of this server")]
    SchemaTooNew,
    /// The schema could not be brought up to date.
    #[error("database schema: {0}")]
    Schema(MigrateError),
    /// What was stored does not parse.
    #[error("damaged entry in the database: {0}")]
    Damaged(#[from] ProtoError),
    /// Keys or folder.
    #[error("data folder: {0}")]
    Folder(#[from] std::io::Error),
}

/// How much of the database each connection keeps in memory, in KiB. SQLite's 2,000 would be most of what a small server
/// needs, and saves no more than a copy from the system's cache.
const PAGES_KIB: &str = "-512";

/// The database.
pub(crate) struct Store {
    read: Readers,
    write: SqlitePool,
    recent: Recent,
}

impl Store {
    /// Opens the database in the folder `data`, and makes it or brings its schema up to date.
    pub(crate) async fn open(data: &Path) -> Result<Self, StoreError> {
        crate::keys::make_folder(data)?;
        let file = data.join(DATABASE);
        if !file.exists() {
            // Not by SQLite, which would let others read it.
            drop(crate::keys::create_private(&file)?);
        }
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("cache_size", PAGES_KIB)
            .busy_timeout(Duration::from_secs(5));
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(10))
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await?;
        schema::migrate(&write).await?;
        let read = Readers::open(&options.optimize_on_close(false, None)).await?;
        Ok(Self { read, write, recent: Recent::default() })
    }

    /// Closes, so that everything is in the one file.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    async fn reader(&self) -> Result<Reader<'_>, sqlx::Error> {
        self.read.take().await
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.write.begin_with("BEGIN IMMEDIATE").await
    }
}

/// Milliseconds as SQLite keeps them.
fn ms(time: Millis) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn packed<T: Encode<()>>(value: &T) -> Vec<u8> {
    frame::encode(value)
}

fn unpacked<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, StoreError> {
    Ok(frame::decode(bytes)?)
}
