//! Accounts: made, moved to another device, given another password; and the passwords tried.

use std::sync::Arc;

use juice_proto::{
    capsule::ServerCapsule,
    device_list::DeviceList,
    id::{AccountId, Millis},
    prekey::Prekey,
    server::Refusal,
    sign::Signed,
};

use super::{
    Store, StoreError,
    json::{from_hex, from_json},
    ms, packed,
    recent::Which,
    unpacked,
};
use crate::denied::Denied;

/// The most lists handed out of one account.
pub(super) const MAX_LISTS: i64 = 16;

/// An account as a session, or who looks it up, needs it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Its number in this database.
    pub row: i64,
    /// Of its newest list.
    pub version: u32,
    /// Its newest list.
    pub list: Signed<DeviceList>,
    /// Its day key.
    pub prekey: Signed<Prekey>,
}

/// An account to be.
pub(crate) struct NewAccount<'a> {
    pub account: AccountId,
    pub record: &'a [u8],
    pub capsule: &'a ServerCapsule,
    pub prekey: &'a Signed<Prekey>,
    pub list: &'a Signed<DeviceList>,
    /// The hash of the registration code to use up.
    pub code: Option<[u8; 32]>,
}

impl Store {
    /// The account, if there is one.
    pub(crate) async fn account(&self, id: &AccountId) -> Result<Option<Arc<Account>>, StoreError> {
        if let Some(account) = self.recent.find(id) {
            return Ok(Some(account));
        }
        let reading = self.recent.reading();
        let found: Option<(i64, u32, Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT account.row, account.version, list.list, account.prekey FROM account
             JOIN list ON list.account = account.row AND list.version = account.version
             WHERE account.account = ?",
        )
        .bind(id.bytes().as_slice())
        .fetch_optional(&mut *self.reader().await?)
        .await?;
        let Some((row, version, list, prekey)) = found else {
            return Ok(None);
        };
        let account = Arc::new(Account { row, version, list: unpacked(&list)?, prekey: unpacked(&prekey)? });
        self.recent.keep(reading, *id, &account);
        Ok(Some(account))
    }

    /// What OPAQUE keeps of the account's password.
    pub(crate) async fn record(&self, id: &AccountId) -> Result<Option<Vec<u8>>, StoreError> {
        let found: Option<(Vec<u8>,)> = sqlx::query_as("SELECT record FROM account WHERE account = ?")
            .bind(id.bytes().as_slice())
            .fetch_optional(&mut *self.reader().await?)
            .await?;
        Ok(found.map(|(record,)| record))
    }

    /// The account's wrapped key.
    pub(crate) async fn capsule(&self, row: i64) -> Result<ServerCapsule, StoreError> {
        let (capsule,): (Vec<u8>,) = sqlx::query_as("SELECT capsule FROM account WHERE row = ?")
            .bind(row)
            .fetch_one(&mut *self.reader().await?)
            .await?;
        unpacked(&capsule)
    }

    /// Makes an account, or refuses: `NameTaken`, `CodeNeeded`. Returns its row.
    pub(crate) async fn register(&self, new: &NewAccount<'_>, now: Millis) -> Result<i64, Denied> {
        // Another account of this name may just have been removed.
        let _writing = self.recent.writing(Which::Id(new.account));
        let mut work = self.begin().await?;
        if let Some(code) = new.code {
            let used = sqlx::query("UPDATE code SET uses_left = uses_left - 1 WHERE hash = ? AND uses_left > 0")
                .bind(code.as_slice())
                .execute(&mut *work)
                .await?;
            if used.rows_affected() == 0 {
                return Err(Refusal::CodeNeeded.into());
            }
        }
        let made = sqlx::query(
            "INSERT INTO account (account, record, capsule, prekey, version, made_ms, listed_ms)
             VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5) ON CONFLICT (account) DO NOTHING",
        )
        .bind(new.account.bytes().as_slice())
        .bind(new.record)
        .bind(packed(new.capsule))
        .bind(packed(new.prekey))
        .bind(ms(now))
        .execute(&mut *work)
        .await?;
        if made.rows_affected() == 0 {
            return Err(Refusal::NameTaken.into());
        }
        let row = made.last_insert_rowid();
        sqlx::query("INSERT INTO list (account, version, list, stored_ms) VALUES (?, 1, ?, ?)")
            .bind(row)
            .bind(packed(new.list))
            .bind(ms(now))
            .execute(&mut *work)
            .await?;
        work.commit().await?;
        Ok(row)
    }

    /// Stores the list after version `from`, with the new device's day key; `WrongList` if another came first.
    pub(crate) async fn move_to(
        &self,
        row: i64,
        from: u32,
        list: &Signed<DeviceList>,
        prekey: &Signed<Prekey>,
        now: Millis,
    ) -> Result<(), Denied> {
        let _writing = self.recent.writing(Which::Row(row));
        let mut work = self.begin().await?;
        let moved = sqlx::query(
            "UPDATE account SET version = version + 1, prekey = ?, listed_ms = ?
             WHERE row = ? AND version = ?",
        )
        .bind(packed(prekey))
        .bind(ms(now))
        .bind(row)
        .bind(i64::from(from))
        .execute(&mut *work)
        .await?;
        if moved.rows_affected() == 0 {
            return Err(Refusal::WrongList.into());
        }
        sqlx::query("INSERT INTO list (account, version, list, stored_ms) VALUES (?, ?, ?, ?)")
            .bind(row)
            .bind(i64::from(from) + 1)
            .bind(packed(list))
            .bind(ms(now))
            .execute(&mut *work)
            .await?;
        work.commit().await?;
        Ok(())
    }

    /// Another password.
    pub(crate) async fn set_password(
        &self,
        row: i64,
        record: &[u8],
        capsule: &ServerCapsule,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE account SET record = ?, capsule = ? WHERE row = ?")
            .bind(record)
            .bind(packed(capsule))
            .bind(row)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Another day key.
    pub(crate) async fn set_prekey(&self, row: i64, prekey: &Signed<Prekey>) -> Result<(), StoreError> {
        let _writing = self.recent.writing(Which::Row(row));
        sqlx::query("UPDATE account SET prekey = ? WHERE row = ?")
            .bind(packed(prekey))
            .bind(row)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The newest lists after `since`, oldest first, and the day key.
    pub(crate) async fn look_up(
        &self,
        id: &AccountId,
        since: u32,
    ) -> Result<Option<(Vec<Signed<DeviceList>>, Signed<Prekey>)>, StoreError> {
        let Some(account) = self.account(id).await? else {
            return Ok(None);
        };
        if since.saturating_add(1) >= account.version {
            let newest = (since < account.version).then(|| account.list.clone());
            return Ok(Some((newest.into_iter().collect(), account.prekey.clone())));
        }
        // Versions have no gaps. A LIMIT with a parameter would have SQLite prepare the statement anew each time.
        let found: Option<(Vec<u8>, String)> = sqlx::query_as(
            "SELECT prekey, (
                 SELECT json_group_array(hex(list) ORDER BY list.version) FROM list
                 WHERE list.account = account.row AND list.version > max(?2, account.version - ?3)
             ) FROM account WHERE account.account = ?1",
        )
        .bind(id.bytes().as_slice())
        .bind(i64::from(since))
        .bind(MAX_LISTS)
        .fetch_optional(&mut *self.reader().await?)
        .await?;
        let Some((prekey, lists)) = found else {
            return Ok(None);
        };
        let lists: Vec<&str> = from_json(&lists)?;
        let lists = lists.into_iter().map(|list| unpacked(&from_hex(list)?));
        Ok(Some((lists.collect::<Result<_, _>>()?, unpacked(&prekey)?)))
    }

    /// The newest lists after `since`, oldest first.
    pub(crate) async fn lists(&self, row: i64, since: u32) -> Result<Vec<Signed<DeviceList>>, StoreError> {
        let found: Vec<(Vec<u8>,)> = sqlx::query_as(
            "SELECT list.list FROM account JOIN list ON list.account = account.row
             WHERE account.row = ?1 AND list.version > max(?2, account.version - ?3)
             ORDER BY list.version",
        )
        .bind(row)
        .bind(i64::from(since))
        .bind(MAX_LISTS)
        .fetch_all(&mut *self.reader().await?)
        .await?;
        found.iter().map(|(list,)| unpacked(list)).collect()
    }

    /// Counts a password that is tried, unless there were `most` since `from`; then says when the oldest was.
    pub(crate) async fn try_password(
        &self,
        account: &AccountId,
        most: u32,
        from: Millis,
        now: Millis,
    ) -> Result<Result<(), Millis>, StoreError> {
        let mut work = self.begin().await?;
        let tried: Vec<(i64,)> = sqlx::query_as(
            "SELECT tried_ms FROM attempt WHERE account = ? AND tried_ms > ?
             ORDER BY tried_ms DESC LIMIT ?",
        )
        .bind(account.bytes().as_slice())
        .bind(ms(from))
        .bind(i64::from(most))
        .fetch_all(&mut *work)
        .await?;
        if i64::try_from(tried.len()).is_ok_and(|count| count >= i64::from(most)) {
            let oldest = tried.last().map_or(0, |(oldest,)| *oldest);
            return Ok(Err(Millis::try_from(oldest).unwrap_or_default()));
        }
        sqlx::query("INSERT INTO attempt (account, tried_ms) VALUES (?, ?)")
            .bind(account.bytes().as_slice())
            .bind(ms(now))
            .execute(&mut *work)
            .await?;
        work.commit().await?;
        Ok(Ok(()))
    }

    /// The password was proven.
    pub(crate) async fn password_proven(&self, account: &AccountId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM attempt WHERE account = ?")
            .bind(account.bytes().as_slice())
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
