//! One person's calls: who rings, who talks, who waits.
//!
//! Pure as the rest: it is asked or told something together with the time, and leaves [`Deed`]s to be done. A group is one
//! call, or several that I host as one; it has the id of the first of them. At most one group is neither
//! held nor still ringing; [`MAX_GROUPS`] may be there at once, with one call for each buddy. A call that both
//! placed at the same moment becomes the one with the lower id, answered at once, since both want it.

mod group;
mod moves;
mod shown;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use minicbor::bytes::ByteArray;

use self::group::{Guests, Met};
pub use self::group::{Introduced, Parted};
use super::{CallSignal, Shows, Side};
use crate::{
    content::{CallOutcome, CallTrace},
    id::{AccountId, CallId, DeviceId, Millis, Now},
    view::EndReason,
};

/// One that is talked on, and one that waits or is held.
const MAX_GROUPS: usize = 2;
/// How long it rings.
const NO_ANSWER: Millis = 45_000;
/// How long it rings where nothing more is heard of the caller; longer, because the caller decides.
const ABANDONED: Millis = 60_000;
/// How long the other side may take to say that it rings.
const NO_RING: Millis = 15_000;
/// How long a call outlives the link.
const LOST: Millis = 20_000;
/// How many finished calls are remembered, so that nothing late makes them ring again.
const REMEMBERED: usize = 64;

/// What is to be done for a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Say this to the buddy.
    Say(AccountId, CallId, CallSignal),
    /// Let sound go both ways, with these halves of the secret.
    Start {
        /// The call, or the pair.
        call: CallId,
        /// The group that it is part of.
        group: CallId,
        /// With whom.
        buddy: AccountId,
        /// The other end.
        device: DeviceId,
        /// I placed it.
        mine: bool,
        /// The caller's half.
        callers: [u8; 32],
        /// The half of the one who was called.
        callees: [u8; 32],
    },
    /// No sound either way for a while, or again.
    Pause(CallId, bool),
    /// No sound of this call any more.
    Stop(CallId),
    /// Say this of my side with the sound, since there is no link.
    Side(CallId, Side),
    /// Let everyone in this group see this of me.
    Video(CallId, Shows),
    /// Tell the buddy of the call who else talks in it.
    Introduce(AccountId, CallId, Vec<Introduced>),
    /// Make a way to a device that I was introduced to.
    Reach {
        /// Whose it is.
        buddy: AccountId,
        /// The other end.
        device: DeviceId,
        /// Where it can be dialled.
        addresses: Vec<String>,
    },
    /// Show this group.
    Show(CallId),
    /// One of several is no longer in a group, which goes on.
    Parted(Parted),
    /// A call is over.
    Over(Ended),
}

/// A call that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The call.
    pub call: CallId,
    /// The group that it was part of.
    pub group: CallId,
    /// The group goes on with others.
    pub goes_on: bool,
    /// With whom.
    pub buddy: AccountId,
    /// Why.
    pub reason: EndReason,
    /// What the conversation keeps; only the caller's does, who tells the other by it.
    pub trace: Option<CallTrace>,
}

/// Why something asked for is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such call, or it is beyond that.
    Unknown,
    /// There is one with them, or there are too many.
    InCall,
}

/// What a person asks of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Answer it, and let them see this. The half of the secret is fresh entropy.
    Answer([u8; 32], Shows),
    /// Don't.
    Decline,
    /// End it, or give it up.
    HangUp,
    /// Hold it, or go on.
    Hold(bool),
    /// Record it, or stop.
    Record(bool),
    /// Let them see this, or nothing.
    Show(Shows),
    /// How loud they are, in percent. Of a call, or of one that I was introduced to.
    Volume(u32),
    /// End the part of one in a group of several that I host.
    Dismiss,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Offered; nothing heard yet.
    Calling,
    /// It rings there.
    Ringing,
    /// It rings here.
    Incoming,
    /// Answered at the wall time; `heard` once sound has come.
    Talking { since: Millis, heard: bool },
}

#[derive(Clone, Debug)]
struct Call {
    buddy: AccountId,
    device: Option<DeviceId>,
    mine: bool,
    stage: Stage,
    /// When it is given up where nothing happens, on the monotonic clock.
    deadline: Option<Millis>,
    linked: bool,
    my_half: [u8; 32],
    their_half: [u8; 32],
    me: Side,
    them: Side,
    volume: u32,
    /// The group that I host and that it is part of.
    hosted: Option<CallId>,
    /// Who else is in it, as the caller says.
    with: Vec<String>,
    /// What the caller means to show.
    offered: Shows,
    /// One of the two was seen, or meant to be.
    filmed: bool,
    /// Whom the other side introduced me to.
    guests: Guests,
    /// The other side has left, and I talk on with those it introduced me to.
    left: bool,
}

impl Call {
    fn new(buddy: AccountId, mine: bool, stage: Stage, deadline: Millis) -> Self {
        Self {
            buddy,
            device: None,
            mine,
            stage,
            deadline: Some(deadline),
            linked: true,
            my_half: [0; 32],
            their_half: [0; 32],
            me: Side::default(),
            them: Side::default(),
            volume: 100,
            hosted: None,
            with: Vec::new(),
            offered: Shows::Nothing,
            filmed: false,
            guests: Guests::new(),
            left: false,
        }
    }

    fn talking(&self) -> bool {
        matches!(self.stage, Stage::Talking { .. })
    }

    fn paused(&self) -> bool {
        self.me.held || self.them.held
    }
}

/// One person's calls.
#[derive(Debug, Default)]
pub struct Calls {
    calls: BTreeMap<CallId, Call>,
    /// Finished ones and what is said about them to whoever asks, newest last.
    finished: VecDeque<(CallId, AccountId, CallSignal)>,
    /// Pairs that have sounded, newest last: none may a second time, or keys would be used twice.
    sounded: VecDeque<CallId>,
    muted: bool,
    deafened: bool,
    /// I am leaving a group that I host: those in it keep each other.
    leaving: bool,
    deeds: VecDeque<Deed>,
}

impl Calls {
    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Deed> {
        self.deeds.pop_front()
    }

    /// When to come back with [`Self::tick`] at the latest, on the monotonic clock.
    pub fn deadline(&self) -> Option<Millis> {
        let guests = self.calls.values().flat_map(|call| call.guests.values()).filter_map(Met::deadline);
        self.calls.values().filter_map(|call| call.deadline).chain(guests).min()
    }

    /// The group that a call is part of.
    fn group(&self, id: CallId) -> CallId {
        self.calls.get(&id).and_then(|call| call.hosted).unwrap_or(id)
    }

    /// The calls of a group.
    fn members(&self, group: CallId) -> Vec<CallId> {
        self.calls.keys().copied().filter(|id| self.group(*id) == group).collect()
    }

    fn groups(&self) -> BTreeSet<CallId> {
        self.calls.keys().map(|id| self.group(*id)).collect()
    }

    fn say(&mut self, id: CallId, signal: CallSignal) {
        if let Some(call) = self.calls.get(&id).filter(|call| call.linked) {
            self.deeds.push_back(Deed::Say(call.buddy, id, signal));
        }
    }

    fn show(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.filmed |= [call.me.shows, call.them.shows].contains(&Shows::Camera);
        }
        self.deeds.push_back(Deed::Show(self.group(id)));
    }

    fn side(&self, call: &Call) -> Side {
        Side { muted: self.muted || self.deafened, hosts: call.hosted.is_some(), ..call.me }
    }

    fn say_side(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id).filter(|call| call.talking()) else { return };
        let side = self.side(call);
        self.deeds.extend(call.guests.keys().map(|pair| Deed::Side(*pair, side)));
        self.say(id, CallSignal::Side(side));
    }

    fn with(&self, buddy: &AccountId) -> Option<CallId> {
        self.calls.iter().find(|(_, call)| call.buddy == *buddy && !call.left).map(|(id, _)| *id)
    }

    fn start(&mut self, id: CallId, now: Now) {
        let group = self.group(id);
        let others = self.calls.iter().filter(|(other, call)| **other != id && call.hosted == Some(group));
        let of_others = others.map(|(_, call)| call).find(|call| call.talking()).map(|call| call.me);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let me = of_others.unwrap_or(call.me);
        call.stage = Stage::Talking { since: now.wall, heard: false };
        call.deadline = (!call.linked).then_some(now.mono + LOST);
        if let Some(device) = call.device {
            let (callers, callees) =
                if call.mine { (call.my_half, call.their_half) } else { (call.their_half, call.my_half) };
            let (mine, buddy) = (call.mine, call.buddy);
            self.deeds.push_back(Deed::Start { call: id, group, buddy, device, mine, callers, callees });
        }
        // To who comes into a group my side is as it is to the others: perhaps I hold it, or record.
        self.change_sides(id, |call| call.me = me);
        if !me.shows.is_nothing() {
            self.deeds.push_back(Deed::Video(group, me.shows));
        }
        if !me.held {
            self.hold_others(id);
        }
        self.introduce(group);
    }

    /// Holds every group but that of a call.
    fn hold_others(&mut self, id: CallId) {
        let group = self.group(id);
        let open = |call: &Call| call.talking() && !call.me.held;
        let others: BTreeSet<_> = self
            .calls
            .iter()
            .filter(|(other, call)| self.group(**other) != group && open(call))
            .map(|(other, _)| self.group(*other))
            .collect();
        others.into_iter().for_each(|other| self.hold(other, true));
    }

    /// Holds a group, or goes on with it.
    fn hold(&mut self, group: CallId, on: bool) {
        for id in self.members(group) {
            if self.calls.get(&id).is_some_and(Call::talking) {
                self.change_sides(id, |call| call.me.held = on);
                self.say_side(id);
            }
        }
    }

    /// Changes who holds it, and lets sound stop or go on where that follows.
    fn change_sides(&mut self, id: CallId, change: impl FnOnce(&mut Call)) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (before, held) = (call.paused(), call.me.held);
        change(call);
        if call.talking() && !call.left && call.paused() != before {
            self.deeds.push_back(Deed::Pause(id, call.paused()));
        }
        if call.me.held != held {
            self.deeds.extend(call.guests.keys().map(|pair| Deed::Pause(*pair, !held)));
        }
        self.show(id);
    }

    /// Takes a call away. `last` is what whoever asks about it later is told.
    fn finish(&mut self, id: CallId, reason: EndReason, last: CallSignal, now: Now) {
        let group = self.group(id);
        let Some(call) = self.calls.remove(&id) else { return };
        self.deeds.extend(call.guests.keys().map(|pair| Deed::Stop(*pair)));
        if call.talking() && !call.left {
            self.deeds.push_back(Deed::Stop(id));
        }
        let outcome = if call.mine { outcome(&call, reason, now) } else { None };
        let trace = outcome.map(|outcome| CallTrace { outcome, video: call.filmed });
        self.finished.push_back((id, call.buddy, last));
        if self.finished.len() > REMEMBERED {
            self.finished.pop_front();
        }
        let goes_on = !self.members(group).is_empty();
        self.deeds.push_back(Deed::Over(Ended { call: id, group, goes_on, buddy: call.buddy, reason, trace }));
        if goes_on {
            self.introduce(group);
            self.show(group);
        }
    }

    /// Says the last word and takes it away.
    fn end(&mut self, id: CallId, reason: EndReason, last: CallSignal, now: Now) {
        self.say(id, last.clone());
        self.finish(id, reason, last, now);
    }
}

/// What came of it, for the caller's conversation to keep.
fn outcome(call: &Call, reason: EndReason, now: Now) -> Option<CallOutcome> {
    match (call.stage, reason) {
        (Stage::Talking { since, .. }, _) => {
            let seconds = now.wall.saturating_sub(since) / 1000;
            Some(CallOutcome::Talked(u32::try_from(seconds).unwrap_or(u32::MAX)))
        }
        (_, EndReason::Declined) => Some(CallOutcome::Declined),
        (_, EndReason::Busy) => Some(CallOutcome::Busy),
        // It never got there.
        (_, EndReason::Unsupported) => None,
        _ => Some(CallOutcome::NotAnswered),
    }
}

fn half(bytes: ByteArray<32>) -> [u8; 32] {
    *bytes
}
