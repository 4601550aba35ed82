//! The rows behind [`crate::seed`].

use juice_proto::id::Millis;

use super::{Store, StoreError, ms, packed};
use crate::seed::Seedling;

impl Store {
    /// Makes all these accounts in one transaction; the database must hold none.
    pub(crate) async fn plant(&self, seedlings: &[Seedling], made_ms: Millis) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for (row, seedling) in (1i64..).zip(seedlings) {
            sqlx::query(
                "INSERT INTO account (row, account, record, capsule, prekey, version, made_ms, listed_ms)
                 VALUES (?1, ?2, x'', x'', ?3, 1, ?4, ?4)",
            )
            .bind(row)
            .bind(seedling.account.bytes().as_slice())
            .bind(packed(&seedling.prekey))
            .bind(ms(made_ms))
            .execute(&mut *work)
            .await?;
            sqlx::query("INSERT INTO list (account, version, list, stored_ms) VALUES (?, 1, ?, ?)")
                .bind(row)
                .bind(packed(&seedling.list))
                .bind(ms(made_ms))
                .execute(&mut *work)
                .await?;
        }
        for (row, seedling) in (1i64..).zip(seedlings) {
            let places = serde_json::to_string(&seedling.buddies).unwrap_or_default();
            sqlx::query(
                "INSERT INTO relation (account, other, state, since_ms) SELECT ?, value + 1, 0, ? FROM json_each(?)",
            )
            .bind(row)
            .bind(ms(made_ms))
            .bind(places)
            .execute(&mut *work)
            .await?;
        }
        work.commit().await?;
        Ok(())
    }
}
