//! Groups of several: whom I host, and whom I was introduced to.
//!
//! The host has a call with each of the others, tells each of them who the rest are, and gives every two of them a
//! secret. So they hear each other directly, without being buddies; whether one is muted or gone they say with the
//! sound. When the host leaves they talk on, but nobody joins any more. Of two who call others into the same call each hosts
//! his own, who hear him alone: who hosts is introduced to nobody.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::*;
use crate::call::{Guest, MAX_GROUP};

/// How long until a way to somebody who is not heard is tried again.
const REACH_AGAIN: Millis = 4_000;
/// How many pairs are remembered, so that none sounds twice.
const PAIRS_REMEMBERED: usize = 256;

/// Whom I was introduced to, by pair.
pub(super) type Guests = BTreeMap<CallId, Met>;

/// One whom I was introduced to.
#[derive(Clone, Debug)]
pub(super) struct Met {
    pub guest: Guest,
    pub heard: bool,
    pub side: Side,
    pub volume: u32,
    /// Since when nothing is heard.
    silent: Millis,
    /// When a way to them is made again, where that is mine to do.
    reach: Option<Millis>,
    /// When they are given up, since nobody is there any more who could say that they left.
    lost: Option<Millis>,
}

impl Met {
    pub(super) fn deadline(&self) -> Option<Millis> {
        self.reach.into_iter().chain(self.lost).min()
    }
}

/// One of those whom the host introduces to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduced {
    /// See [`Guest::pair`].
    pub pair: CallId,
    /// See [`Guest::first`].
    pub first: bool,
    /// See [`Guest::secret`].
    pub secret: [u8; 32],
    /// Who.
    pub account: AccountId,
    /// The computer they talk at.
    pub device: DeviceId,
}

/// One of several who is no longer in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parted {
    /// The group.
    pub group: CallId,
    /// Who.
    pub account: AccountId,
    /// What the host calls them, where I was introduced to them.
    pub name: Option<String>,
    /// Why.
    pub reason: EndReason,
}

impl Calls {
    /// Calls one more into a group, which I host from now on. `with` are the names of those who are in it.
    ///
    /// # Errors
    /// `Unknown` where nobody talks in it, `InCall` where it is full, somebody else hosts it, or they are in a call.
    pub fn add(
        &mut self,
        now: Now,
        group: CallId,
        buddy: AccountId,
        id: CallId,
        my_half: [u8; 32],
        with: Vec<String>,
    ) -> Result<(), Refusal> {
        let members = self.members(group);
        let calls: Vec<_> = members.iter().filter_map(|id| self.calls.get(id)).collect();
        if !calls.iter().any(|call| call.talking() && !call.me.held) {
            return Err(Refusal::Unknown);
        }
        let hosted_elsewhere = calls.iter().any(|call| !call.guests.is_empty() || call.left);
        // I am one of them.
        if hosted_elsewhere || calls.len() + 1 >= MAX_GROUP || self.with(&buddy).is_some() {
            return Err(Refusal::InCall);
        }
        for member in members {
            if let Some(call) = self.calls.get_mut(&member) {
                call.hosted = Some(group);
            }
            self.say_side(member);
        }
        let call = Call::new(buddy, true, Stage::Calling, now.mono + NO_RING);
        self.calling(id, Call { my_half, hosted: Some(group), with, ..call });
        Ok(())
    }

    /// Ends every call of a group.
    pub(super) fn end_all(&mut self, group: CallId, end: impl Fn(&mut Self, CallId)) {
        self.leaving = true;
        self.members(group).into_iter().for_each(|id| end(self, id));
        self.leaving = false;
    }

    /// Hangs up on everyone in a group.
    pub(super) fn leave_group(&mut self, now: Now, group: CallId) {
        self.end_all(group, |calls, id| {
            // A call can be hung up at every stage.
            let _ = calls.ask_one(now, id, Asked::HangUp);
        });
    }

    /// Hangs up on everyone.
    pub fn hang_up(&mut self, now: Now) {
        self.groups().into_iter().for_each(|group| self.leave_group(now, group));
    }

    pub(super) fn dismiss(&mut self, now: Now, id: CallId) -> Result<(), Refusal> {
        self.calls.get(&id).filter(|call| call.hosted.is_some()).ok_or(Refusal::Unknown)?;
        self.ask_one(now, id, Asked::HangUp)
    }

    /// With whom I am in a group: the calls that are in it.
    pub fn company(&self, group: &CallId) -> Vec<AccountId> {
        self.members(*group).iter().filter_map(|id| self.calls.get(id)).map(|call| call.buddy).collect()
    }

    /// Tells everyone in a group that I host who the others are.
    pub(super) fn introduce(&mut self, group: CallId) {
        if self.leaving {
            return;
        }
        self.members(group).into_iter().for_each(|id| self.introduce_to(id));
    }

    pub(super) fn introduce_to(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id).filter(|call| call.talking() && call.linked) else { return };
        let Some(hosted) = call.hosted else { return };
        let others = self.calls.iter().filter(|(other, call)| **other != id && call.hosted == Some(hosted));
        let others = others.filter(|_| !call.them.hosts);
        let introduced =
            others.filter(|(_, other)| other.talking() && !other.them.hosts).filter_map(|(other_id, other)| {
                let (pair, secret) = pair((id, call), (*other_id, other));
                let device = other.device?;
                Some(Introduced { pair, first: id < *other_id, secret, account: other.buddy, device })
            });
        let deed = Deed::Introduce(call.buddy, id, introduced.collect());
        self.deeds.push_back(deed);
    }

    /// The other side of a call says who else is in it.
    pub(super) fn met(&mut self, id: CallId, guests: Vec<Guest>, now: Now) {
        let known: BTreeSet<_> = self.calls.values().flat_map(|call| call.guests.keys()).copied().collect();
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.hosted.is_none() && !call.left) else { return };
        let there: BTreeSet<_> = guests.iter().map(|guest| guest.pair).collect();
        let gone: Vec<_> = call.guests.keys().filter(|pair| !there.contains(pair)).copied().collect();
        let mut fresh = Vec::new();
        for guest in guests.into_iter().take(MAX_GROUP - 2) {
            let used = known.contains(&guest.pair) || self.sounded.contains(&guest.pair);
            if used || guest.account == call.buddy || guest.pair == id {
                continue;
            }
            self.sounded.push_back(guest.pair);
            let reach = guest.first.then_some(now.mono);
            fresh.push((guest.pair, guest.account));
            let side = Side::default();
            let met = Met { guest, heard: false, side, volume: 100, silent: now.mono, reach, lost: None };
            let Guest { pair, first, secret, account, device, .. } = met.guest.clone();
            self.deeds.push_back(Deed::Start {
                call: pair,
                group: id,
                buddy: account,
                device,
                mine: first,
                callers: half(secret),
                callees: half(secret),
            });
            if call.me.held {
                self.deeds.push_back(Deed::Pause(pair, true));
            }
            call.guests.insert(pair, met);
        }
        while self.sounded.len() > PAIRS_REMEMBERED {
            self.sounded.pop_front();
        }
        gone.into_iter().for_each(|pair| self.part(id, pair, EndReason::RemoteHangUp));
        self.say_side(id);
        self.look_for_met(now);
        self.show(id);
    }

    /// One whom I was introduced to says how their side is.
    pub fn side_told(&mut self, pair: CallId, side: Side) {
        if let Some((id, met)) = self.met_by(pair)
            && met.side != side
        {
            met.side = side;
            self.show(id);
        }
    }

    /// One whom I was introduced to has said that they leave.
    pub fn met_left(&mut self, now: Now, pair: CallId) {
        let Some((id, _)) = self.met_by(pair) else { return };
        self.part(id, pair, EndReason::RemoteHangUp);
        self.end_if_alone(id, EndReason::RemoteHangUp, now);
    }

    /// Nothing has been heard for a while of one whom I was introduced to.
    pub fn met_is_silent(&mut self, now: Now, pair: CallId) {
        let Some((id, met)) = self.met_by(pair) else { return };
        (met.heard, met.silent) = (false, now.mono);
        met.reach = met.guest.first.then_some(now.mono);
        if self.calls.get(&id).is_some_and(|call| call.left) {
            self.wait_for_met(id);
        }
        self.look_for_met(now);
        self.show(id);
    }

    pub(super) fn met_is_heard(&mut self, pair: CallId) {
        let Some((id, met)) = self.met_by(pair) else { return };
        (met.heard, met.reach, met.lost) = (true, None, None);
        self.show(id);
    }

    /// The other side of a call is gone. With those that it introduced me to I talk on.
    pub(super) fn left(&mut self, id: CallId, reason: EndReason, now: Now) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.talking() && !call.guests.is_empty()) else {
            return self.finish(id, reason, CallSignal::End, now);
        };
        if std::mem::replace(&mut call.left, true) {
            return;
        }
        (call.linked, call.deadline) = (false, None);
        let account = call.buddy;
        self.deeds.push_back(Deed::Stop(id));
        self.deeds.push_back(Deed::Parted(Parted { group: id, account, name: None, reason }));
        self.wait_for_met(id);
        self.show(id);
    }

    /// Without a host, whoever is silent for long is gone.
    fn wait_for_met(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        for met in call.guests.values_mut().filter(|met| !met.heard) {
            met.lost = Some(met.silent + LOST);
        }
    }

    /// Makes ways to those who are not heard, and gives up those who are lost.
    pub(super) fn look_for_met(&mut self, now: Now) {
        let mut lost = Vec::new();
        for (id, call) in &mut self.calls {
            for (pair, met) in &mut call.guests {
                if met.lost.is_some_and(|at| at <= now.mono) {
                    lost.push((*id, *pair));
                } else if met.reach.is_some_and(|at| at <= now.mono) {
                    met.reach = Some(now.mono + REACH_AGAIN);
                    let Guest { account: buddy, device, addresses, .. } = met.guest.clone();
                    self.deeds.push_back(Deed::Reach { buddy, device, addresses });
                }
            }
        }
        for (id, pair) in lost {
            self.part(id, pair, EndReason::ConnectionLost);
            self.end_if_alone(id, EndReason::ConnectionLost, now);
        }
    }

    fn part(&mut self, id: CallId, pair: CallId, reason: EndReason) {
        let Some(met) = self.calls.get_mut(&id).and_then(|call| call.guests.remove(&pair)) else { return };
        let (account, name) = (met.guest.account, Some(met.guest.name));
        self.deeds.push_back(Deed::Stop(pair));
        self.deeds.push_back(Deed::Parted(Parted { group: id, account, name, reason }));
        self.show(id);
    }

    fn end_if_alone(&mut self, id: CallId, reason: EndReason, now: Now) {
        if self.calls.get(&id).is_some_and(|call| call.left && call.guests.is_empty()) {
            self.finish(id, reason, CallSignal::End, now);
        }
    }

    pub(super) fn set_volume(&mut self, id: CallId, percent: u32) -> Result<(), Refusal> {
        if let Some(call) = self.calls.get_mut(&id) {
            call.volume = percent;
        } else if let Some((_, met)) = self.met_by(id) {
            met.volume = percent;
        } else {
            return Err(Refusal::Unknown);
        }
        self.show(self.group_of_sound(id));
        Ok(())
    }

    /// The group of a call or of a pair.
    pub(super) fn group_of_sound(&self, id: CallId) -> CallId {
        let host = self.calls.iter().find(|(_, call)| call.guests.contains_key(&id)).map(|(host, _)| *host);
        self.group(host.unwrap_or(id))
    }

    fn met_by(&mut self, pair: CallId) -> Option<(CallId, &mut Met)> {
        self.calls.iter_mut().find_map(|(id, call)| Some((*id, call.guests.get_mut(&pair)?)))
    }
}

/// The id and the secret of the sound between two whom I host: out of what I share with each, and so new for each two
/// calls.
fn pair(one: (CallId, &Call), other: (CallId, &Call)) -> (CallId, [u8; 32]) {
    let [(low, a), (high, b)] = if one.0 < other.0 { [one, other] } else { [other, one] };
    let halves = [a.my_half, a.their_half, b.my_half, b.their_half];
    let hkdf = Hkdf::<Sha256>::new(Some(b"juice/group/1"), &Zeroizing::new(halves.concat()));
    let (mut id, mut secret) = ([0; 32], [0; 32]);
    for (purpose, out) in [(b"pair".as_slice(), &mut id), (b"secret".as_slice(), &mut secret)] {
        // 32 bytes are never too many for SHA-256.
        let _ = hkdf.expand_multi_info(&[purpose, low.bytes(), high.bytes()], out.as_mut());
    }
    (CallId::new(id), secret)
}
