//! The schema's versions: forward only, each in a file of `migrations/`, embedded in the program.

use sqlx::{
    SqlitePool,
    migrate::{MigrateError, Migrator},
};

use super::StoreError;

/// The database's file in the data folder.
pub(crate) const DATABASE: &str = "rendezvous.db";

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Brings the schema up to date.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    match MIGRATIONS.run(pool).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(_)) => Err(StoreError::SchemaTooNew),
        Err(other) => Err(StoreError::Schema(other)),
    }
}
