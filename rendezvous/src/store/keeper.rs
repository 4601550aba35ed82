//! What the server's keeper does, from another process while the server runs, and what the server tidies by itself.

use juice_proto::id::{AccountId, Millis};

use super::{Store, StoreError, ms, recent::Which};

/// An account as its keeper sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overview {
    pub made_ms: i64,
    pub version: i64,
    pub buddies: i64,
    pub pending: i64,
    pub attempts: i64,
}

impl Store {
    /// How many accounts there are.
    pub(crate) async fn accounts(&self) -> Result<i64, StoreError> {
        let (count,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM account").fetch_one(&mut *self.reader().await?).await?;
        Ok(count)
    }

    /// An account in numbers.
    pub(crate) async fn overview(
        &self,
        account: &AccountId,
        tried_after: Millis,
    ) -> Result<Option<Overview>, StoreError> {
        let found: Option<(i64, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT made_ms, version,
                 (SELECT count(*) FROM relation WHERE account = a.row AND state = 0),
                 (SELECT count(*) FROM pending WHERE asked = a.row),
                 (SELECT count(*) FROM attempt WHERE account = a.account AND tried_ms > ?2)
             FROM account AS a WHERE a.account = ?1",
        )
        .bind(account.bytes().as_slice())
        .bind(ms(tried_after))
        .fetch_optional(&mut *self.reader().await?)
        .await?;
        Ok(found.map(|(made_ms, version, buddies, pending, attempts)| Overview {
            made_ms,
            version,
            buddies,
            pending,
            attempts,
        }))
    }

    /// Removes an account with all that belongs to it, and leaves word for a running server. False if there is none.
    pub(crate) async fn remove(&self, account: &AccountId) -> Result<bool, StoreError> {
        let _writing = self.recent.writing(Which::Id(*account));
        let mut work = self.begin().await?;
        let removed = sqlx::query("DELETE FROM account WHERE account = ?")
            .bind(account.bytes().as_slice())
            .execute(&mut *work)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("INSERT INTO removed (account) VALUES (?) ON CONFLICT DO NOTHING")
            .bind(account.bytes().as_slice())
            .execute(&mut *work)
            .await?;
        work.commit().await?;
        Ok(true)
    }

    /// The accounts removed since this was last asked.
    pub(crate) async fn take_removed(&self) -> Result<Vec<AccountId>, StoreError> {
        // Almost always there is none, and looking costs no write.
        let waiting: Option<(i64,)> =
            sqlx::query_as("SELECT 1 FROM removed LIMIT 1").fetch_optional(&mut *self.reader().await?).await?;
        if waiting.is_none() {
            return Ok(Vec::new());
        }
        let taken: Vec<(Vec<u8>,)> =
            sqlx::query_as("DELETE FROM removed RETURNING account").fetch_all(&self.write).await?;
        let taken = taken.into_iter().filter_map(|(account,)| Some(AccountId::new(account.try_into().ok()?)));
        let taken: Vec<AccountId> = taken.collect();
        for account in &taken {
            drop(self.recent.writing(Which::Id(*account)));
        }
        Ok(taken)
    }

    /// Stores a registration code by its hash.
    pub(crate) async fn add_code(&self, hash: [u8; 32], uses: u32, now: Millis) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO code (hash, uses_left, made_ms) VALUES (?, ?, ?)")
            .bind(hash.as_slice())
            .bind(i64::from(uses))
            .bind(ms(now))
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Whether a registration code is good for one more account.
    pub(crate) async fn code_is_good(&self, hash: [u8; 32]) -> Result<bool, StoreError> {
        let found: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM code WHERE hash = ? AND uses_left > 0")
            .bind(hash.as_slice())
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        Ok(found.is_some())
    }

    /// Forgets requests from before `asked_after`, passwords tried before `tried_after`, letters posted before
    /// `posted_after`, and codes used up.
    pub(crate) async fn tidy(
        &self,
        asked_after: Millis,
        tried_after: Millis,
        posted_after: Millis,
    ) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for (statement, before) in [
            ("DELETE FROM pending WHERE asked_ms <= ?", asked_after),
            ("DELETE FROM relation WHERE state = 1 AND since_ms <= ?", asked_after),
            ("DELETE FROM attempt WHERE tried_ms <= ?", tried_after),
            ("DELETE FROM letter WHERE posted_ms <= ?", posted_after),
        ] {
            sqlx::query(statement).bind(ms(before)).execute(&mut *work).await?;
        }
        sqlx::query("DELETE FROM code WHERE uses_left = 0").execute(&mut *work).await?;
        work.commit().await?;
        Ok(())
    }

    /// Writes a copy of the database, as of this moment, into the empty file `to`.
    pub(crate) async fn copy_into(&self, to: &str) -> Result<(), StoreError> {
        sqlx::query("VACUUM INTO ?").bind(to).execute(&self.write).await?;
        Ok(())
    }
}
