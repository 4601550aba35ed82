//! How accounts stand to each other, and the requests that wait.
//!
//! A block is only on the side of who blocks: the other keeps what they had, and can't tell.

use juice_proto::{
    device_list::DeviceList,
    error::ProtoError,
    id::{AccountId, Millis},
    seal::Envelope,
    server::{Pending, Refusal, Relation},
    sign::Signed,
};

use super::{
    Store, StoreError,
    accounts::MAX_LISTS,
    json::{from_hex, from_json, id_from_hex},
    ms,
    relations::{
        ASKED, BLOCKED, BUDDY, Bounds, clear_pending, clear_state, make_buddies, relation, room_for_one, row_of,
        set_state, state, wait,
    },
    unpacked,
};
use crate::denied::Denied;

/// A contact as the store knows it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub account: AccountId,
    pub relation: Relation,
    /// Buddies in both directions: only they see each other.
    pub mutual: bool,
    pub lists: Vec<Signed<DeviceList>>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It waits for the other.
    Waits,
    /// It goes nowhere, and the asker is not to know.
    Ignored,
    /// The other had asked too: buddies.
    Crossed {
        /// The row of the other.
        other: i64,
    },
}

/// What ended between two accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// They saw each other.
    pub were_mutual: bool,
    /// The other had me as a buddy, or a request of mine, and has no longer.
    pub gone_for_other: bool,
}

/// What there is for an account beside its contacts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beside {
    /// Requests wait for it.
    pub requests: bool,
    /// How many tokens it has given out.
    pub tokens: u32,
    /// How many letters wait for it.
    pub letters: u32,
}

/// A contact in JSON: its row, a list's version, who it is, how I stand to it, and that list; 0 and nothing for none. With
/// several lists it comes several times.
type ContactRow<'a> = (i64, i64, &'a str, i64, &'a str);

impl Store {
    /// The contacts of an account, and what else there is for it; of buddies the lists stored since `since`, all lists
    /// of those who are new since.
    pub(crate) async fn contacts(
        &self,
        row: i64,
        since: Millis,
        asked_after: Millis,
    ) -> Result<(Vec<Known>, Beside), StoreError> {
        // A list is looked for only where there may be one to send: nothing is equal to the NULL of the other case.
        // Nothing is put in order here: for that SQLite would build a table each time, and they come in order anyway.
        let (rows, have_me, requests, tokens, letters): (String, String, bool, u32, u32) = sqlx::query_as(
            "SELECT json_group_array(
                 json_array(mine.other, coalesce(list.version, 0), hex(them.account), mine.state, hex(list.list))
             ), (
                 SELECT json_group_array(account) FROM relation WHERE other = ?1 AND state = 0
             ), EXISTS (
                 SELECT 1 FROM pending WHERE asked = ?1 AND asked_ms > ?3
             ), (
                 SELECT count(*) FROM token WHERE account = ?1
             ), (
                 SELECT count(*) FROM letter WHERE account = ?1
             )
             FROM relation AS mine
             JOIN account AS them ON them.row = mine.other
             LEFT JOIN list ON list.version > them.version - ?4
                 AND (list.stored_ms >= ?2 OR mine.since_ms >= ?2)
                 AND list.account = CASE
                     WHEN mine.state = 0 AND (them.listed_ms >= ?2 OR mine.since_ms >= ?2) THEN mine.other
                 END
             WHERE mine.account = ?1 AND (mine.state <> 1 OR mine.since_ms > ?3)",
        )
        .bind(row)
        .bind(ms(since))
        .bind(ms(asked_after))
        .bind(MAX_LISTS)
        .fetch_one(&mut *self.reader().await?)
        .await?;
        Ok((contacts_from(from_json(&rows)?, from_json(&have_me)?)?, Beside { requests, tokens, letters }))
    }

    /// The requests that wait for an account, oldest first.
    pub(crate) async fn pending(&self, row: i64, asked_after: Millis) -> Result<Vec<Pending>, StoreError> {
        let found: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT asker.account, list.list, pending.envelope FROM pending
             JOIN account AS asker ON asker.row = pending.asker
             JOIN list ON list.account = asker.row AND list.version = asker.version
             WHERE pending.asked = ? AND pending.asked_ms > ? ORDER BY pending.row",
        )
        .bind(row)
        .bind(ms(asked_after))
        .fetch_all(&mut *self.reader().await?)
        .await?;
        found
            .into_iter()
            .map(|(from, list, envelope)| {
                let from = <[u8; 32]>::try_from(from).map_err(|_| ProtoError::Corrupt)?;
                Ok(Pending { from: AccountId::new(from), list: unpacked(&list)?, envelope: unpacked(&envelope)? })
            })
            .collect()
    }

    /// `mine` asks `to`. Refuses with `Unknown`, `AlreadyAsked`, `AlreadyBuddies`, `TooManyBuddies`.
    pub(crate) async fn ask(
        &self,
        mine: i64,
        to: &AccountId,
        envelope: &Envelope,
        bounds: &Bounds,
    ) -> Result<Asked, Denied> {
        let mut work = self.begin().await?;
        let other = row_of(&mut work, to).await?;
        match state(&mut work, mine, other, bounds.asked_after).await? {
            Some(BUDDY) => return Err(Refusal::AlreadyBuddies.into()),
            Some(ASKED) => return Err(Refusal::AlreadyAsked.into()),
            Some(_) => return Err(Refusal::Unknown.into()),
            None if mine == other => return Err(Refusal::Unknown.into()),
            None => {}
        }
        room_for_one(&mut work, mine, false, bounds.buddies).await?;
        let outcome = match state(&mut work, other, mine, bounds.asked_after).await? {
            Some(ASKED) => {
                make_buddies(&mut work, mine, other, bounds).await?;
                Asked::Crossed { other }
            }
            Some(BLOCKED) => {
                set_state(&mut work, mine, other, ASKED, bounds.now).await?;
                Asked::Ignored
            }
            Some(_) | None => {
                wait(&mut work, other, mine, envelope, bounds).await?;
                Asked::Waits
            }
        };
        work.commit().await?;
        Ok(outcome)
    }

    /// Yes to the request of `from`, whose row is returned; `Unknown` if there is none.
    pub(crate) async fn accept(&self, mine: i64, from: &AccountId, bounds: &Bounds) -> Result<i64, Denied> {
        let mut work = self.begin().await?;
        let other = row_of(&mut work, from).await?;
        if state(&mut work, mine, other, 0).await? == Some(BUDDY) {
            return Err(Refusal::AlreadyBuddies.into());
        }
        if !clear_pending(&mut work, mine, other, bounds.asked_after).await? {
            return Err(Refusal::Unknown.into());
        }
        make_buddies(&mut work, mine, other, bounds).await?;
        work.commit().await?;
        Ok(other)
    }

    /// No to the request of `from`; the asker's side stays as it is. `Unknown` if there is none.
    pub(crate) async fn decline(&self, mine: i64, from: &AccountId) -> Result<(), Denied> {
        let mut work = self.begin().await?;
        let other = row_of(&mut work, from).await?;
        if !clear_pending(&mut work, mine, other, 0).await? {
            return Err(Refusal::Unknown.into());
        }
        work.commit().await?;
        Ok(())
    }

    /// Ends being buddies, or takes a request back. `Unknown` if there is neither.
    pub(crate) async fn end(&self, mine: i64, other: &AccountId, asked_after: Millis) -> Result<Ended, Denied> {
        let mut work = self.begin().await?;
        let other = row_of(&mut work, other).await?;
        let my_state = state(&mut work, mine, other, 0).await?;
        if !matches!(my_state, Some(BUDDY | ASKED)) {
            return Err(Refusal::Unknown.into());
        }
        clear_state(&mut work, mine, other).await?;
        let mut ended =
            Ended { gone_for_other: clear_pending(&mut work, other, mine, asked_after).await?, ..Ended::default() };
        if my_state == Some(BUDDY) && state(&mut work, other, mine, 0).await? == Some(BUDDY) {
            clear_state(&mut work, other, mine).await?;
            ended = Ended { were_mutual: true, gone_for_other: true };
        }
        work.commit().await?;
        Ok(ended)
    }

    /// Blocks. The other keeps what they had, but a request of mine is taken back.
    pub(crate) async fn block(&self, mine: i64, other: &AccountId, bounds: &Bounds) -> Result<Ended, Denied> {
        let mut work = self.begin().await?;
        let other = row_of(&mut work, other).await?;
        if mine == other {
            return Err(Refusal::Unknown.into());
        }
        let my_state = state(&mut work, mine, other, 0).await?;
        if my_state != Some(BLOCKED) {
            room_for_one(&mut work, mine, true, bounds.buddies).await?;
        }
        let were_mutual = my_state == Some(BUDDY) && state(&mut work, other, mine, 0).await? == Some(BUDDY);
        set_state(&mut work, mine, other, BLOCKED, bounds.now).await?;
        clear_pending(&mut work, mine, other, 0).await?;
        let gone_for_other = clear_pending(&mut work, other, mine, bounds.asked_after).await?;
        work.commit().await?;
        Ok(Ended { were_mutual, gone_for_other })
    }

    /// Ends a block. Returns the other's row if that makes both buddies again; `Unknown` if there was no block.
    pub(crate) async fn unblock(&self, mine: i64, other: &AccountId, bounds: &Bounds) -> Result<Option<i64>, Denied> {
        let mut work = self.begin().await?;
        let other = row_of(&mut work, other).await?;
        if state(&mut work, mine, other, 0).await? != Some(BLOCKED) {
            return Err(Refusal::Unknown.into());
        }
        let buddies = state(&mut work, other, mine, 0).await? == Some(BUDDY);
        if buddies {
            room_for_one(&mut work, mine, false, bounds.buddies).await?;
            set_state(&mut work, mine, other, BUDDY, bounds.now).await?;
        } else {
            clear_state(&mut work, mine, other).await?;
        }
        work.commit().await?;
        Ok(buddies.then_some(other))
    }

    /// Whether `mine` has `other` as a buddy, and whether it is so in both directions.
    pub(crate) async fn stands(&self, mine: i64, other: &AccountId) -> Result<(bool, bool), StoreError> {
        let states: Option<(i64, i64)> = sqlx::query_as(
            "SELECT mine.state, coalesce(theirs.state, -1) FROM account AS them
             JOIN relation AS mine ON mine.account = ?1 AND mine.other = them.row
             LEFT JOIN relation AS theirs
                 ON theirs.account = them.row AND theirs.other = ?1
             WHERE them.account = ?2",
        )
        .bind(mine)
        .bind(other.bytes().as_slice())
        .fetch_optional(&mut *self.reader().await?)
        .await?;
        Ok(states.map_or((false, false), |(mine, theirs)| (mine == BUDDY, mine == BUDDY && theirs == BUDDY)))
    }
}

/// `have_me` are the rows of those who have the account as a buddy.
fn contacts_from(mut rows: Vec<ContactRow<'_>>, mut have_me: Vec<i64>) -> Result<Vec<Known>, StoreError> {
    // Each contact's lists together, oldest first.
    rows.sort_unstable();
    have_me.sort_unstable();
    let mut contacts: Vec<Known> = Vec::with_capacity(rows.len());
    for (other, _, account, mine, list) in rows {
        let account = AccountId::new(id_from_hex(account)?);
        let list = if list.is_empty() { None } else { Some(unpacked(&from_hex(list)?)?) };
        match contacts.last_mut() {
            Some(last) if last.account == account => last.lists.extend(list),
            Some(_) | None => contacts.push(Known {
                account,
                relation: relation(mine),
                mutual: mine == BUDDY && have_me.binary_search(&other).is_ok(),
                lists: list.into_iter().collect(),
            }),
        }
    }
    Ok(contacts)
}
