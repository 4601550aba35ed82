//! Accounts that were read a moment ago: who comes back, or is looked up again, costs no visit to SQLite's thread.
//!
//! Owned by the store, which puts in what it reads and takes out what it may have changed. An account is dropped here
//! before the caller hears that a write is done; what another process changes, which is the keeper removing an account,
//! goes within a second, as its session does. Two shelves: when the fresh one is full it becomes the older one, and what
//! was on that is forgotten unless it was asked for meanwhile.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use juice_proto::id::AccountId;

use super::accounts::Account;

/// What one shelf may hold, in bytes: both together are a hundredth of a small server's machine, and hold 300 accounts.
const SHELF: usize = 256 * 1024;
/// What an account takes beside the bytes of its list and day key: two signatures, an id, headers, a place in the map.
const OVERHEAD: usize = 352;

/// The accounts. Its mutex is held for a lookup in a map and never across a wait.
#[derive(Default)]
pub(super) struct Recent(Mutex<Shelves>);

#[derive(Default)]
struct Shelves {
    fresh: Shelf,
    older: Shelf,
    /// How many writes have ended: what was read before one of them may be what it was before.
    writes: u64,
}

#[derive(Default)]
struct Shelf {
    accounts: HashMap<AccountId, Arc<Account>>,
    bytes: usize,
}

/// A reading that has begun.
#[derive(Clone, Copy)]
pub(super) struct Reading(u64);

/// An account that a write may change.
#[derive(Clone, Copy)]
pub(super) enum Which {
    Id(AccountId),
    Row(i64),
}

/// A write under way. Dropped, it forgets the account, however the write ended.
pub(super) struct Writing<'a> {
    recent: &'a Recent,
    which: Which,
}

impl Recent {
    /// The account, if it is here.
    pub(super) fn find(&self, id: &AccountId) -> Option<Arc<Account>> {
        let mut shelves = self.shelves();
        if let Some(account) = shelves.fresh.accounts.get(id) {
            return Some(Arc::clone(account));
        }
        let account = shelves.older.take(id)?;
        shelves.put(*id, Arc::clone(&account));
        Some(account)
    }

    /// To be called before an account is read from the database.
    pub(super) fn reading(&self) -> Reading {
        Reading(self.shelves().writes)
    }

    /// Keeps what was read, unless something was written meanwhile.
    pub(super) fn keep(&self, reading: Reading, id: AccountId, account: &Arc<Account>) {
        let mut shelves = self.shelves();
        if shelves.writes == reading.0 {
            shelves.put(id, Arc::clone(account));
        }
    }

    /// To be called before the account is written, and held until that is done.
    pub(super) fn writing(&self, which: Which) -> Writing<'_> {
        Writing { recent: self, which }
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut shelves = self.recent.shelves();
        shelves.writes += 1;
        let Shelves { fresh, older, .. } = &mut *shelves;
        for shelf in [fresh, older] {
            match self.which {
                Which::Id(id) => drop(shelf.take(&id)),
                Which::Row(row) => shelf.forget(row),
            }
        }
    }
}

impl Shelves {
    fn put(&mut self, id: AccountId, account: Arc<Account>) {
        self.fresh.take(&id);
        let size = size(&account);
        if self.fresh.bytes + size > SHELF {
            self.older = std::mem::take(&mut self.fresh);
        }
        if size <= SHELF {
            self.fresh.bytes += size;
            self.fresh.accounts.insert(id, account);
        }
    }
}

impl Shelf {
    fn take(&mut self, id: &AccountId) -> Option<Arc<Account>> {
        let account = self.accounts.remove(id)?;
        self.bytes -= size(&account);
        Some(account)
    }

    /// Looks at all of them: whoever writes waits for the disk anyway.
    fn forget(&mut self, row: i64) {
        let bytes = &mut self.bytes;
        self.accounts.retain(|_, account| {
            let stays = account.row != row;
            if !stays {
                *bytes -= size(account);
            }
            stays
        });
    }
}

fn size(account: &Account) -> usize {
    account.list.bytes().len() + account.prekey.bytes().len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use juice_proto::sign::Signed;

    use super::*;

    fn id(row: i64) -> AccountId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&row.to_be_bytes());
        AccountId::new(bytes)
    }

    fn account(row: i64) -> Arc<Account> {
        let list = Signed::from_parts(vec![1; 100], [0; 64]);
        let prekey = Signed::from_parts(vec![2; 1_300], [0; 64]);
        Arc::new(Account { row, version: 1, list, prekey })
    }

    fn keep(recent: &Recent, row: i64) {
        recent.keep(recent.reading(), id(row), &account(row));
    }

    fn rows(recent: &Recent, rows: std::ops::Range<i64>) -> usize {
        rows.filter(|row| recent.find(&id(*row)).is_some()).count()
    }

    #[test]
    fn what_is_written_is_forgotten_by_id_or_row() {
        let recent = Recent::default();
        for row in 0..3 {
            keep(&recent, row);
        }
        drop(recent.writing(Which::Id(id(0))));
        drop(recent.writing(Which::Row(1)));
        assert!(recent.find(&id(0)).is_none());
        assert!(recent.find(&id(1)).is_none());
        assert_eq!(recent.find(&id(2)).map(|account| account.row), Some(2), "nobody wrote it");
        assert_eq!(recent.shelves().fresh.bytes, size(&account(2)), "the bytes are counted");
    }

    #[test]
    fn what_was_read_before_a_write_ended_is_not_kept() {
        let recent = Recent::default();
        let writing = recent.writing(Which::Row(7));
        let reading = recent.reading();
        drop(writing);
        recent.keep(reading, id(7), &account(7));
        assert!(recent.find(&id(7)).is_none(), "it may be what it was before");
    }

    #[test]
    fn however_many_come_it_stays_within_its_bounds() {
        let recent = Recent::default();
        for row in 0..10_000 {
            keep(&recent, row);
            assert!(recent.find(&id(0)).is_some(), "who is asked for all the time stays");
        }
        let shelves = recent.shelves();
        for shelf in [&shelves.fresh, &shelves.older] {
            assert!(shelf.bytes <= SHELF, "{} bytes", shelf.bytes);
            assert_eq!(shelf.bytes, shelf.accounts.values().map(|account| size(account)).sum::<usize>());
        }
        drop(shelves);
        assert!(rows(&recent, 1..10_000) > 100, "the newest are here");
    }
}
