//! Connections: the key, the pragmas, and the schema.
//!
//! A database with migrations that this build does not know is looked at through a read-only connection and left as
//! it is, log and all. Temporary tables stay in memory, and what is deleted is overwritten: SQLCipher seals pages, and
//! a destroyed key must be gone from them too.

use std::{fs::OpenOptions, path::Path, sync::LazyLock, time::Duration};

use juice_proto::vault::DataKey;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    migrate::{Migrate, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use zeroize::Zeroizing;

use super::{error::StoreError, exit};

/// How long the reader outlives the last page asked for.
pub(super) const READER_IDLE: Duration = Duration::from_secs(60);
/// How long a statement waits for a lock. Only a checkpoint and the closing of a connection ever hold one.
const BUSY: Duration = Duration::from_secs(5);
/// Page caches, in KiB, as SQLite wants them (negative). A message dirties about five pages of 4 KiB, and a group of
/// them shares most; a page of history reads some sixty.
const WRITER_CACHE: &str = "-2048";
const READER_CACHE: &str = "-1024";
/// What the log is cut back to after a burst, in bytes: as much as it grows to between checkpoints anyway.
const LOG_KEPT: &str = "4194304";

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The newest schema that this build knows.
pub(crate) static SCHEMA: LazyLock<u64> =
    LazyLock::new(|| MIGRATIONS.iter().map(|migration| migration.version.unsigned_abs()).max().unwrap_or_default());

fn options(path: &Path, key: &DataKey) -> SqliteConnectOptions {
    let key = Zeroizing::new(hex::encode(key.derive("juice/database/1")));
    exit::waits_for(SqliteConnectOptions::new())
        .filename(path)
        .pragma("key", format!("\"x'{}'\"", *key))
        // It would write to standard error of a wrong key, which is our caller's to tell.
        .pragma("cipher_log_level", "NONE")
        .pragma("temp_store", "MEMORY")
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .disable_statement_logging()
}

/// For the window's reads.
pub(super) fn reading(path: &Path, key: &DataKey) -> SqliteConnectOptions {
    options(path, key).read_only(true).pragma("cache_size", READER_CACHE)
}

/// The one connection that writes, its schema as this build wants it.
pub(super) async fn writing(path: &Path, key: &DataKey) -> Result<SqliteConnection, StoreError> {
    make_private(path).map_err(|error| StoreError::Database(error.into()))?;
    refuse_newer(path, key).await?;
    let mut connection = options(path, key)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("journal_size_limit", LOG_KEPT)
        .pragma("secure_delete", "ON")
        .connect()
        .await?;
    // `run` would do, but no task that may change threads could hold its future: "`Acquire` is not general enough".
    MIGRATIONS.run_direct(None, &mut connection, false).await?;
    Ok(connection)
}

/// SQLite makes its log files with the permissions of the database, so an empty one is made for it.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

async fn refuse_newer(path: &Path, key: &DataKey) -> Result<(), StoreError> {
    let mut connection = reading(path, key).connect().await?;
    let tables: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_one(&mut connection)
            .await?;
    let newer = tables > 0
        && connection
            .list_applied_migrations(&MIGRATIONS.table_name)
            .await?
            .iter()
            .any(|applied| !MIGRATIONS.version_exists(applied.version));
    connection.close().await?;
    if newer { Err(StoreError::SchemaTooNew) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use juice_proto::vault::{KdfParams, Vault};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[tokio::test]
    async fn a_commit_waits_for_the_disk_and_a_deleted_row_is_overwritten() {
        let cheap = KdfParams { memory_kib: 8 * 1024, passes: 1, lanes: 1 };
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let key = Vault::new(Zeroizing::new(Vec::new()), "password", cheap, &mut rng).unwrap().data_key;
        let path = std::env::temp_dir().join(format!("juice-connect-{}.sqlite", std::process::id()));
        let mut connection = writing(&path, &key).await.unwrap();
        // A killed process alone can't tell: what it wrote is in the system's memory all the same.
        for (pragma, expected) in [
            ("PRAGMA synchronous", 2),
            ("PRAGMA secure_delete", 1),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA temp_store", 2),
        ] {
            let set: i64 = sqlx::query_scalar(pragma).fetch_one(&mut connection).await.unwrap();
            assert_eq!(set, expected, "{pragma}");
        }
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
        assert_eq!(journal, "wal");
        connection.close().await.unwrap();
        std::fs::remove_file(path).unwrap();
    }
}
