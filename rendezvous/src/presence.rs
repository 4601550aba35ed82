//! Who is here: one seat per account with an open session, in memory alone.
//!
//! All of it is behind one mutex that is held for microseconds and never across a wait. A seat owns the sending half of
//! its socket's queue (64 frames); dropping it is how a socket is told to send what is queued and close. A full queue
//! drops it too: the client comes back and hears everything again in its welcome. A socket that breaks leaves its seat
//! for a grace, so that a client which comes straight back was never away.

mod seat;

use std::{
    sync::{Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use bytes::Bytes;
use juice_proto::{
    device_list::DeviceList,
    frame,
    id::{AccountId, DeviceId, Millis},
    presence::Presence,
    server::{Contact, Push, Relation, ServerFrame},
    sign::Signed,
};
use tokio::sync::{
    Notify,
    mpsc::{self, error::TrySendError},
};
use tokio_util::sync::CancellationToken;

use self::seat::{Lit, Room, Seat};
use crate::{clock, metrics::Metrics};

/// How many frames may wait for a client. A thousand buddies do not all come in the same moment.
const QUEUE: usize = 64;

/// A presence with its sequence number and its end.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub signed: Signed<Presence>,
    pub sequence: u64,
    pub expires_ms: Millis,
}

/// An account with its lists, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub account: AccountId,
    pub lists: Vec<Signed<DeviceList>>,
}

/// What waits for a client.
#[derive(Debug)]
pub(crate) enum Queued {
    /// A frame to write.
    Frame(Bytes),
    /// There is a letter in the mailbox.
    Mail,
}

/// A seat just taken.
pub(crate) struct Taken {
    /// Tells this session from earlier and later ones of the account.
    pub session: u64,
    /// What is pushed to it.
    pub queue: mpsc::Receiver<Queued>,
}

/// All seats.
pub(crate) struct Presences {
    room: Mutex<Room>,
    /// The earliest deadline has changed.
    wake: Notify,
    grace: Duration,
}

/// The bytes of a push.
pub(crate) fn push_frame(push: Push) -> Bytes {
    frame::encode(&ServerFrame::Push(Box::new(push))).into()
}

impl Presences {
    pub(crate) fn new(grace: Duration) -> Self {
        Self { room: Mutex::default(), wake: Notify::new(), grace }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sessions are open.
    pub(crate) fn online(&self) -> usize {
        let room = self.room();
        room.seats.values().filter(|seat| seat.queue.is_some()).count()
    }

    /// The last sequence number of `device`, if it is remembered.
    pub(crate) fn last_sequence(&self, account: &AccountId, device: &DeviceId) -> Option<u64> {
        let room = self.room();
        let seat = room.seats.get(account)?;
        seat.last_sequence.filter(|_| seat.device == *device)
    }

    /// Whether `device` has a session, or had one a moment ago.
    pub(crate) fn admits(&self, device: &DeviceId) -> bool {
        self.room().devices.contains_key(device)
    }

    /// Seats `account` on `device`. A session that it had elsewhere is superseded; its presence stands until
    /// [`Self::settle`].
    pub(crate) fn enter(&self, account: AccountId, device: DeviceId, metrics: &Metrics) -> Taken {
        let (sender, queue) = mpsc::channel(QUEUE);
        let mut room = self.room();
        room.sessions += 1;
        let session = room.sessions;
        let old = room.seats.remove(&account);
        let mut seat = Seat::new(session, device, sender);
        if let Some(mut old) = old {
            room.deadlines.remove(&(old.deadline(), account));
            // Its queue ends with it, and so its socket.
            old.push(push_frame(Push::Superseded), metrics);
            if old.device == device {
                seat.last_sequence = old.last_sequence;
            } else {
                room.devices.remove(&old.device);
            }
            seat.lit = old.lit;
            seat.buddies = old.buddies;
        }
        room.devices.insert(device, account);
        room.place(account, seat);
        Taken { session, queue }
    }

    /// How often the account's buddies have changed in this session: read before reading them from the store.
    pub(crate) fn changes(&self, account: &AccountId) -> u64 {
        self.room().seats.get(account).map_or(0, |seat| seat.changes)
    }

    /// Sets the buddies of a session and its presence, tells them, and returns theirs in the same moment, so that
    /// nobody misses anybody. `moved` is the list of an account that has just moved to another device.
    ///
    /// None if the buddies have changed since `changes` was read, which calls for reading them again.
    pub(crate) fn settle(
        &self,
        (account, session): (AccountId, u64),
        changes: u64,
        buddies: Vec<AccountId>,
        presence: Option<Checked>,
        moved: Option<&Signed<DeviceList>>,
        metrics: &Metrics,
    ) -> Option<Vec<Option<Signed<Presence>>>> {
        let mut room = self.room();
        let theirs = buddies.iter().map(|buddy| room.presence_of(buddy)).collect();
        let seat = room.current(&account, session);
        let Some(seat) = seat else {
            // Superseded meanwhile: nobody is told, and the queue has already said so.
            return Some(theirs);
        };
        if seat.changes != changes {
            return None;
        }
        seat.buddies = buddies;
        seat.buddies.shrink_to_fit();
        let was_lit = seat.lit.is_some();
        room.light(account, presence);
        let presence = room.presence_of(&account);
        match moved {
            Some(list) => {
                let contact = Contact { account, relation: Relation::Buddy, lists: vec![list.clone()], presence };
                room.tell(&account, push_frame(Push::Contact(contact)), metrics);
            }
            None if was_lit || presence.is_some() => {
                room.tell(&account, push_frame(Push::Presence(account, presence)), metrics);
            }
            None => {}
        }
        drop(room);
        self.wake.notify_one();
        Some(theirs)
    }

    /// Another presence of a session, or none.
    pub(crate) fn set(&self, account: AccountId, session: u64, presence: Option<Checked>, metrics: &Metrics) {
        let mut room = self.room();
        let Some(seat) = room.current(&account, session) else {
            return;
        };
        if seat.lit.is_none() && presence.is_none() {
            return;
        }
        room.light(account, presence);
        let presence = room.presence_of(&account);
        room.tell(&account, push_frame(Push::Presence(account, presence)), metrics);
        drop(room);
        self.wake.notify_one();
    }

    /// The socket of a session broke.
    pub(crate) fn leave(&self, account: AccountId, session: u64, metrics: &Metrics) {
        let mut room = self.room();
        let Some(mut seat) = room.take_current(&account, session) else {
            return;
        };
        seat.queue = None;
        seat.grace_ends = Some(Instant::now() + self.grace);
        let shown = seat.lit.is_some();
        room.place(account, seat);
        if !shown {
            room.dismiss(&account, metrics);
        }
        drop(room);
        self.wake.notify_one();
    }

    /// The session ends by its own wish.
    pub(crate) fn goodbye(&self, account: AccountId, session: u64, metrics: &Metrics) {
        let mut room = self.room();
        if room.current(&account, session).is_some() {
            room.dismiss(&account, metrics);
        }
    }

    /// An account is no more: its session ends, and everyone who had to do with it is told.
    pub(crate) fn remove(&self, account: &AccountId, metrics: &Metrics) {
        let mut room = self.room();
        room.dismiss(account, metrics);
        let gone = push_frame(Push::Gone(*account));
        for seat in room.seats.values_mut() {
            if let Some(at) = seat.buddies.iter().position(|buddy| buddy == account) {
                seat.buddies.swap_remove(at);
                seat.changes += 1;
                seat.push(gone.clone(), metrics);
            }
        }
    }

    /// Two accounts have become buddies: each hears of the other.
    pub(crate) fn link(&self, one: Person, two: Person, metrics: &Metrics) {
        let mut room = self.room();
        let accounts = (one.account, two.account);
        for (mine, other) in [(accounts.0, two), (accounts.1, one)] {
            let presence = room.presence_of(&other.account);
            let Some(seat) = room.seats.get_mut(&mine) else {
                continue;
            };
            seat.changes += 1;
            if !seat.buddies.contains(&other.account) {
                seat.buddies.push(other.account);
            }
            let contact = Contact { account: other.account, relation: Relation::Buddy, lists: other.lists, presence };
            seat.push(push_frame(Push::Contact(contact)), metrics);
        }
    }

    /// Two accounts are no longer buddies in both directions; nobody is told by this.
    pub(crate) fn unlink(&self, one: &AccountId, two: &AccountId) {
        let mut room = self.room();
        for (mine, other) in [(one, two), (two, one)] {
            if let Some(seat) = room.seats.get_mut(mine) {
                seat.changes += 1;
                seat.buddies.retain(|buddy| buddy != other);
            }
        }
    }

    /// Tells `account` something, if it is here.
    pub(crate) fn push(&self, account: &AccountId, push: Push, metrics: &Metrics) {
        if let Some(seat) = self.room().seats.get_mut(account) {
            seat.push(push_frame(push), metrics);
        }
    }

    /// A letter has come for `account`. Where the queue is full the client comes back anyway, and finds it then.
    pub(crate) fn ring(&self, account: &AccountId) {
        if let Some(queue) = self.room().seats.get(account).and_then(|seat| seat.queue.as_ref()) {
            let _ = queue.try_send(Queued::Mail);
        }
    }

    /// Ends graces and leases when their time comes, until `stopping`.
    pub(crate) async fn keep_time(&self, metrics: &Metrics, stopping: &CancellationToken) {
        loop {
            let next = self.lapse(Instant::now(), metrics);
            // Nothing to wait for is an hour to wait for.
            let next = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                () = tokio::time::sleep_until(next.into()) => {}
                () = self.wake.notified() => {}
                () = stopping.cancelled() => return,
            }
        }
    }

    /// Ends what is over, and says when to come back.
    fn lapse(&self, now: Instant, metrics: &Metrics) -> Option<Instant> {
        let mut room = self.room();
        loop {
            let (deadline, account) = *room.deadlines.first()?;
            let deadline = deadline?;
            if deadline > now {
                return Some(deadline);
            }
            room.deadlines.pop_first();
            let Some(seat) = room.seats.get(&account) else {
                continue;
            };
            if seat.grace_ends.is_some_and(|end| end <= now) {
                room.dismiss(&account, metrics);
            } else {
                room.light(account, None);
                room.tell(&account, push_frame(Push::Presence(account, None)), metrics);
            }
        }
    }
}

impl From<Checked> for Lit {
    fn from(checked: Checked) -> Self {
        Self { signed: checked.signed, ends: clock::instant_of(checked.expires_ms) }
    }
}

impl Seat {
    /// Queues a frame; a full queue ends the socket.
    fn push(&mut self, frame: Bytes, metrics: &Metrics) {
        match self.queue.as_ref().map(|queue| queue.try_send(Queued::Frame(frame))) {
            None | Some(Err(TrySendError::Closed(_))) => {}
            Some(Ok(())) => {
                metrics.pushes.fetch_add(1, Relaxed);
            }
            Some(Err(TrySendError::Full(_))) => {
                metrics.overflows.fetch_add(1, Relaxed);
                self.queue = None;
            }
        }
    }
}
