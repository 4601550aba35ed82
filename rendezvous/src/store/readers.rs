//! The connections that read, each with a thread of its own on SQLite's side.
//!
//! No pool of sqlx's: that takes a connection back in a task of its own, which costs a call about as much as its query.
//! A reader is free again when its guard is dropped, also in the middle of a query: its thread ends that one first.

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

/// All of them: two, since a query takes microseconds and more threads would only compete for the cores.
pub(super) struct Readers([Mutex<Option<SqliteConnection>>; 2]);

/// One of them, for as long as this lives.
pub(super) type Reader<'a> = MappedMutexGuard<'a, SqliteConnection>;

impl Readers {
    pub(super) async fn open(options: &SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        Ok(Self([Mutex::new(Some(options.connect().await?)), Mutex::new(Some(options.connect().await?))]))
    }

    /// One that is free, or the first to become so.
    ///
    /// # Errors
    /// `PoolClosed` after [`Self::close`].
    pub(super) async fn take(&self) -> Result<Reader<'_>, sqlx::Error> {
        let free = self.0.iter().find_map(|reader| reader.try_lock().ok());
        let [one, two] = &self.0;
        let guard = match free {
            Some(free) => free,
            None => tokio::select! {
                one = one.lock() => one,
                two = two.lock() => two,
            },
        };
        MutexGuard::try_map(guard, Option::as_mut).map_err(|_| sqlx::Error::PoolClosed)
    }

    /// Waits for those at work, and closes all.
    pub(super) async fn close(&self) {
        for reader in &self.0 {
            if let Some(connection) = reader.lock().await.take() {
                // It has nothing to write.
                let _ = connection.close().await;
            }
        }
    }
}
