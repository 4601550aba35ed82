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

#[cfg(test)]
mod tests {
    use crate::store::{Store, StoreError};

    #[tokio::test]
    async fn a_database_of_a_newer_version_is_left_untouched() {
        let folder = std::env::temp_dir().join(format!("juice-schema-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let store = Store::open(&folder).await.unwrap();
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'of the future', TRUE, x'00', 0)",
        )
        .execute(&store.write)
        .await
        .unwrap();
        store.close().await;
        let before = std::fs::read(folder.join(super::DATABASE)).unwrap();
        assert!(matches!(Store::open(&folder).await, Err(StoreError::SchemaTooNew)));
        assert_eq!(std::fs::read(folder.join(super::DATABASE)).unwrap(), before);
        let _ = std::fs::remove_dir_all(&folder);
    }
}
