//! Reaching buddies: dialling, the greeting on a new link, and what a link's coming and going means.
//!
//! A buddy may have several links at once (both dialled, or one is dead and nobody knows yet). All are read; the newest
//! speaks; some seconds later the device with the lower key closes the others.

mod greeting;
mod manner;
mod parting;

use super::{Messenger, Output, clock::Timer, roster::Buddy};
use crate::{
    content::{MAX_SEQ_JUMP, Seq},
    device_list,
    error::ProtoError,
    frame,
    id::{AccountId, DeviceId, LinkId, Millis},
    link::{Greeting, LinkBody, LinkFrame, MAX_STATUS, Mood},
    presence::Capabilities,
    seal::{KemPublic, KemSecret, LinkOpener, LinkSealer},
    server::Call,
    sign::Signed,
    view::{Availability, Event, Notice, Relation, ServerState},
};

/// How long a greeting may take.
const GREETING: Millis = 10_000;
/// How long links beside the newest are kept.
const SURPLUS: Millis = 10_000;
/// How long a buddy whose link broke counts as about to come back.
const LOST: Millis = 45_000;
/// The longest wait between two dials.
const MAX_DIAL_WAIT: Millis = 60_000;

/// How a buddy is reached.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Links that may speak, oldest first; the last one does.
    pub up: Vec<LinkId>,
    pub dialling: bool,
    /// Dials that failed in a row.
    pub attempts: u32,
    /// When the last link broke without a goodbye.
    pub lost_at: Option<Millis>,
    /// The server says they are there, but they were not found for a while.
    pub doubted: bool,
}

/// A link to a device.
pub(super) struct Link {
    pub device: DeviceId,
    account: Option<AccountId>,
    pub relayed: bool,
    secret: KemSecret,
    public: KemPublic,
    sealer: Option<LinkSealer>,
    opener: Option<LinkOpener>,
    /// Their first status has come: words may pass.
    up: bool,
}

impl Messenger {
    /// Seals and sends on one link. A link that can't seal is of no use.
    pub(super) fn seal(&mut self, id: LinkId, body: &LinkBody) {
        let sealed =
            self.links.get_mut(&id).and_then(|link| link.sealer.as_mut()).map(|s| s.seal(&frame::encode(body)));
        match sealed {
            Some(Ok(sealed)) => self.out.push_back(Output::Send(id, frame::encode(&LinkFrame::Sealed(sealed.into())))),
            Some(Err(_)) => self.drop_link(id),
            None => {}
        }
    }

    /// Sends to a buddy on the link that speaks; false where there is none.
    pub(super) fn say(&mut self, account: &AccountId, body: &LinkBody) -> bool {
        let link = self.buddies.get(account).and_then(|buddy| buddy.reach.up.last().copied());
        link.map(|link| self.seal(link, body)).is_some()
    }

    pub(super) fn link_down(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        // A link that was refused in its greeting belongs to nobody; but I may have dialled it.
        let account = link.account.or_else(|| self.account_of(&link.device));
        let Some(account) = account else { return };
        let Some(buddy) = self.buddies.get_mut(&account) else { return };
        buddy.reach.dialling = false;
        let spoke = buddy.reach.up.last() == Some(&id);
        buddy.reach.up.retain(|other| *other != id);
        if spoke {
            buddy.chat.link_changed();
        }
        if !buddy.reach.up.is_empty() {
            self.pump(&account);
            return;
        }
        self.calls.link_down(self.now, &account);
        if spoke {
            buddy.typing = false;
            buddy.record.last_seen_ms = self.now.wall;
            buddy.reach.lost_at = Some(self.now.mono);
            self.timers.reset(self.now.mono + LOST, Timer::Lost(account));
            self.keep(&account);
        } else {
            buddy.reach.attempts = buddy.reach.attempts.saturating_add(1);
        }
        self.consider_mail(&account);
        self.redial(&account);
    }

    /// Dials again after a while: soon where a link just broke, the lower device first so that both don't at once.
    fn redial(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get(account) else { return };
        let Some(device) = buddy.device() else { return };
        let attempts = buddy.reach.attempts;
        let step = if attempts == 0 {
            if self.me.device.device() < device { 50 } else { 1_000 }
        } else {
            (500 << attempts.min(7)).min(MAX_DIAL_WAIT)
        };
        let wait = step + self.jitter(step);
        self.timers.reset(self.now.mono + wait, Timer::Dial(*account));
    }

    /// Dials a buddy who is said to be there and has no link.
    pub(super) fn dial(&mut self, account: &AccountId) {
        if !self.sociable() {
            return;
        }
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        if !buddy.friendly() || buddy.reach.dialling || !buddy.reach.up.is_empty() {
            return;
        }
        let (Some(device), Some(presence)) = (buddy.device(), &buddy.presence) else { return };
        buddy.reach.dialling = true;
        self.dials.insert(device, *account);
        let relay = presence.behind_nat || buddy.reach.attempts > 0;
        self.out.push_back(Output::Dial { device, addresses: presence.addresses.clone(), relay });
        if relay {
            self.tell_server(&Call::Nudge { buddy: *account });
        }
    }

    pub(super) fn dial_everyone(&mut self) {
        let everyone: Vec<_> = self.buddies.keys().copied().collect();
        everyone.iter().for_each(|account| self.dial(account));
    }

    pub(super) fn dial_failed(&mut self, device: &DeviceId) {
        let Some(account) = self.account_of(device) else { return };
        let Some(buddy) = self.buddies.get_mut(&account) else { return };
        buddy.reach.dialling = false;
        buddy.reach.attempts = buddy.reach.attempts.saturating_add(1);
        self.consider_mail(&account);
        self.redial(&account);
    }

    /// Closes a link by our own will.
    pub(super) fn drop_link(&mut self, id: LinkId) {
        if self.links.contains_key(&id) {
            self.out.push_back(Output::Close(id));
            self.link_down(id);
        }
    }

    pub(super) fn close_surplus(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get(account) else { return };
        if buddy.device().is_none_or(|device| device < self.me.device.device()) {
            return;
        }
        let surplus: Vec<_> = buddy.reach.up.iter().rev().skip(1).copied().collect();
        surplus.into_iter().for_each(|link| self.drop_link(link));
    }

    pub(super) fn lost_for_good(&mut self, account: &AccountId) {
        let now = self.now.mono;
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        if buddy.reach.lost_at.is_some_and(|at| at + LOST <= now) {
            buddy.reach.lost_at = None;
            buddy.reach.doubted = true;
            self.dirty.insert(*account);
        }
    }

    /// Whatever was up before the sleep is not to be trusted: begin again.
    pub(super) fn woke(&mut self) {
        let links: Vec<_> = self.links.keys().copied().collect();
        links.into_iter().for_each(|link| self.drop_link(link));
        for buddy in self.buddies.values_mut() {
            buddy.reach.attempts = 0;
        }
        if self.server_state != ServerState::Superseded && !self.leaving {
            self.out.push_back(Output::ServerClose { again: true });
        }
        self.dial_everyone();
    }
}
