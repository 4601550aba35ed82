//! Tokens and letters: who may post to whom is known by hashes alone, and a letter has no sender.

use juice_proto::{
    id::{AccountId, Millis},
    letter::{DeliveryToken, LetterId, TokenHash},
    seal::Envelope,
    server::Refusal,
};

use super::{Store, StoreError, ms, packed, unpacked};
use crate::denied::Denied;

/// How much a mailbox holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub letters: u32,
    pub bytes: u64,
}

/// A letter out of a mailbox.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub row: i64,
    pub posted_ms: Millis,
    pub envelope: Envelope,
}

impl Store {
    /// Sets and takes back tokens of an account, all or none; `most` is how many it may have. A token that another
    /// account has stays that account's.
    pub(crate) async fn set_tokens(
        &self,
        row: i64,
        add: &[TokenHash],
        remove: &[TokenHash],
        most: u32,
    ) -> Result<(), Denied> {
        let mut work = self.begin().await?;
        for hash in remove {
            sqlx::query("DELETE FROM token WHERE hash = ? AND account = ?")
                .bind(hash.as_slice())
                .bind(row)
                .execute(&mut *work)
                .await?;
        }
        for hash in add {
            sqlx::query("INSERT INTO token (hash, account) VALUES (?, ?) ON CONFLICT DO NOTHING")
                .bind(hash.as_slice())
                .bind(row)
                .execute(&mut *work)
                .await?;
        }
        let (count,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM token WHERE account = ?").bind(row).fetch_one(&mut *work).await?;
        if count > i64::from(most) {
            return Err(Refusal::TooManyBuddies.into());
        }
        work.commit().await?;
        Ok(())
    }

    /// Whose token it is.
    pub(crate) async fn token_of(&self, token: &DeliveryToken) -> Result<Option<(i64, AccountId)>, StoreError> {
        let found: Option<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT account.row, account.account FROM token JOIN account ON account.row = token.account
             WHERE token.hash = ?",
        )
        .bind(token.hash().as_slice())
        .fetch_optional(&mut *self.reader().await?)
        .await?;
        Ok(found.and_then(|(row, id)| Some((row, AccountId::new(id.try_into().ok()?)))))
    }

    /// Keeps a letter for whoever gave out the token, and says who that is. The same letter again changes nothing.
    /// Refuses with `Unknown`, `MailboxFull`.
    pub(crate) async fn post(
        &self,
        token: &DeliveryToken,
        letter: &LetterId,
        envelope: &Envelope,
        room: Room,
        now: Millis,
    ) -> Result<AccountId, Denied> {
        let (row, account) = self.token_of(token).await?.ok_or(Refusal::Unknown)?;
        let envelope = packed(envelope);
        let mut work = self.begin().await?;
        let posted = sqlx::query(
            "INSERT INTO letter (account, name, envelope, posted_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(row)
        .bind(letter.bytes().as_slice())
        .bind(envelope)
        .bind(ms(now))
        .execute(&mut *work)
        .await?;
        if posted.rows_affected() > 0 {
            let (letters, bytes): (i64, i64) =
                sqlx::query_as("SELECT count(*), coalesce(sum(length(envelope)), 0) FROM letter WHERE account = ?")
                    .bind(row)
                    .fetch_one(&mut *work)
                    .await?;
            let full = letters > i64::from(room.letters) || bytes > i64::try_from(room.bytes).unwrap_or(i64::MAX);
            if full {
                return Err(Refusal::MailboxFull.into());
            }
        }
        work.commit().await?;
        Ok(account)
    }

    /// Takes back a letter that its recipient was never sent. Refuses with `Unknown` where they were, or it is gone.
    pub(crate) async fn withdraw(&self, token: &DeliveryToken, letter: &LetterId) -> Result<(), Denied> {
        let (row, _) = self.token_of(token).await?.ok_or(Refusal::Unknown)?;
        let gone = sqlx::query("DELETE FROM letter WHERE account = ? AND name = ? AND shown = 0")
            .bind(row)
            .bind(letter.bytes().as_slice())
            .execute(&self.write)
            .await?;
        if gone.rows_affected() > 0 { Ok(()) } else { Err(Refusal::Unknown.into()) }
    }

    /// The letters of an account after the one of that row, oldest first, so many at most.
    pub(crate) async fn letters(&self, row: i64, after: i64, most: usize) -> Result<Vec<Waiting>, StoreError> {
        let found: Vec<(i64, i64, Vec<u8>)> = sqlx::query_as(
            "SELECT row, posted_ms, envelope FROM letter WHERE account = ? AND row > ? ORDER BY row LIMIT ?",
        )
        .bind(row)
        .bind(after)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(&mut *self.reader().await?)
        .await?;
        found
            .into_iter()
            .map(|(row, posted, envelope)| {
                let posted_ms = Millis::try_from(posted).unwrap_or_default();
                Ok(Waiting { row, posted_ms, envelope: unpacked(&envelope)? })
            })
            .collect()
    }

    /// These are about to be sent to their recipient.
    pub(crate) async fn shown(&self, rows: &[i64]) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for row in rows {
            sqlx::query("UPDATE letter SET shown = 1 WHERE row = ?").bind(row).execute(&mut *work).await?;
        }
        work.commit().await?;
        Ok(())
    }

    /// Forgets letters that their recipient has safe.
    pub(crate) async fn collected(&self, row: i64, letters: &[i64]) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        for letter in letters {
            sqlx::query("DELETE FROM letter WHERE row = ? AND account = ?")
                .bind(letter)
                .bind(row)
                .execute(&mut *work)
                .await?;
        }
        work.commit().await?;
        Ok(())
    }
}
