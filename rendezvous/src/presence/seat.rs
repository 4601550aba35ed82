//! One seat, and the room they are in: the plain data behind the mutex of [`super::Presences`].

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use bytes::Bytes;
use juice_proto::{
    id::{AccountId, DeviceId},
    presence::Presence,
    server::Push,
    sign::Signed,
};
use tokio::sync::mpsc;

use super::{Checked, Queued, push_frame};
use crate::metrics::Metrics;

/// A presence that buddies see.
pub(super) struct Lit {
    pub signed: Signed<Presence>,
    pub ends: Instant,
}

/// An account's place while it has a session, and for the grace after one broke.
pub(super) struct Seat {
    pub session: u64,
    pub device: DeviceId,
    /// None once the socket is gone or told to go.
    pub queue: Option<mpsc::Sender<Queued>>,
    pub lit: Option<Lit>,
    pub last_sequence: Option<u64>,
    /// Those who are buddies in both directions, in no order.
    pub buddies: Vec<AccountId>,
    pub changes: u64,
    pub grace_ends: Option<Instant>,
}

impl Seat {
    pub(super) fn new(session: u64, device: DeviceId, queue: mpsc::Sender<Queued>) -> Self {
        Self {
            session,
            device,
            queue: Some(queue),
            lit: None,
            last_sequence: None,
            buddies: Vec::new(),
            changes: 0,
            grace_ends: None,
        }
    }

    /// When something about this seat is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let lease_ends = self.lit.as_ref().map(|lit| lit.ends);
        match (lease_ends, self.grace_ends) {
            (Some(lease), Some(grace)) => Some(lease.min(grace)),
            (lease, grace) => lease.or(grace),
        }
    }
}

/// All seats, and what is found by them.
#[derive(Default)]
pub(super) struct Room {
    pub seats: HashMap<AccountId, Seat>,
    pub devices: HashMap<DeviceId, AccountId>,
    /// The deadlines of all seats that have one.
    pub deadlines: BTreeSet<(Option<Instant>, AccountId)>,
    /// How many sessions there have been.
    pub sessions: u64,
}

impl Room {
    /// Puts a seat in its place, with its deadline.
    pub(super) fn place(&mut self, account: AccountId, seat: Seat) {
        if let Some(deadline) = seat.deadline() {
            self.deadlines.insert((Some(deadline), account));
        }
        self.seats.insert(account, seat);
    }

    /// The account's seat, if it still belongs to `session`.
    pub(super) fn current(&mut self, account: &AccountId, session: u64) -> Option<&mut Seat> {
        self.seats.get_mut(account).filter(|seat| seat.session == session)
    }

    /// Takes that seat out of its place.
    pub(super) fn take_current(&mut self, account: &AccountId, session: u64) -> Option<Seat> {
        self.current(account, session)?;
        let seat = self.seats.remove(account)?;
        self.deadlines.remove(&(seat.deadline(), *account));
        Some(seat)
    }

    /// Sets or ends the presence of a seat; nobody is told by this.
    pub(super) fn light(&mut self, account: AccountId, presence: Option<Checked>) {
        if let Some(mut seat) = self.seats.remove(&account) {
            self.deadlines.remove(&(seat.deadline(), account));
            if let Some(presence) = &presence {
                seat.last_sequence = Some(presence.sequence);
            }
            seat.lit = presence.map(Lit::from);
            self.place(account, seat);
        }
    }

    pub(super) fn presence_of(&self, account: &AccountId) -> Option<Signed<Presence>> {
        let lit = self.seats.get(account)?.lit.as_ref()?;
        Some(lit.signed.clone())
    }

    /// Pushes a frame to the buddies of `account`.
    pub(super) fn tell(&mut self, account: &AccountId, frame: Bytes, metrics: &Metrics) {
        let Some(seat) = self.seats.get_mut(account) else {
            return;
        };
        let buddies = std::mem::take(&mut seat.buddies);
        for buddy in &buddies {
            if let Some(seat) = self.seats.get_mut(buddy) {
                seat.push(frame.clone(), metrics);
            }
        }
        if let Some(seat) = self.seats.get_mut(account) {
            seat.buddies = buddies;
        }
    }

    /// Takes a seat away; its buddies are told if they saw it.
    pub(super) fn dismiss(&mut self, account: &AccountId, metrics: &Metrics) {
        let Some(seat) = self.seats.get(account) else {
            return;
        };
        if seat.lit.is_some() {
            self.tell(account, push_frame(Push::Presence(*account, None)), metrics);
        }
        if let Some(seat) = self.seats.remove(account) {
            self.deadlines.remove(&(seat.deadline(), *account));
            if self.devices.get(&seat.device) == Some(account) {
                self.devices.remove(&seat.device);
            }
        }
    }
}
