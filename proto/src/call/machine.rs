//! One person's calls: who rings, who talks, who waits.
//!
//! Pure as the rest: it is asked or told something together with the time, and leaves [`Deed`]s to be done. At most one
//! call is neither held nor still ringing; [`MAX_CALLS`] may be there at once, one for each buddy. A call that both
//! placed at the same moment becomes the one with the lower id, answered at once, since both want it.

mod moves;
mod shown;

use std::collections::{BTreeMap, VecDeque};

use minicbor::bytes::ByteArray;

use super::{CallSignal, Side};
use crate::{
    content::CallOutcome,
    id::{AccountId, CallId, DeviceId, Millis, Now},
    view::EndReason,
};

/// One that is talked on, and one that waits or is held.
const MAX_CALLS: usize = 2;
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
        /// The call.
        call: CallId,
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
    /// Show it.
    Show(CallId),
    /// It is over.
    Over(Ended),
}

/// A call that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The call.
    pub call: CallId,
    /// With whom.
    pub buddy: AccountId,
    /// Why.
    pub reason: EndReason,
    /// What the conversation keeps; only the caller's does, who tells the other by it.
    pub trace: Option<CallOutcome>,
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
    /// Answer it. The half of the secret is fresh entropy.
    Answer([u8; 32]),
    /// Don't.
    Decline,
    /// End it, or give it up.
    HangUp,
    /// Hold it, or go on.
    Hold(bool),
    /// Record it, or stop.
    Record(bool),
    /// How loud they are, in percent.
    Volume(u32),
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
}

impl Call {
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
    muted: bool,
    deafened: bool,
    deeds: VecDeque<Deed>,
}

impl Calls {
    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Deed> {
        self.deeds.pop_front()
    }

    /// When to come back with [`Self::tick`] at the latest, on the monotonic clock.
    pub fn deadline(&self) -> Option<Millis> {
        self.calls.values().filter_map(|call| call.deadline).min()
    }

    /// With whom a call is.
    pub fn buddy(&self, call: &CallId) -> Option<AccountId> {
        self.calls.get(call).map(|call| call.buddy)
    }

    fn say(&mut self, id: CallId, signal: CallSignal) {
        if let Some(call) = self.calls.get(&id).filter(|call| call.linked) {
            self.deeds.push_back(Deed::Say(call.buddy, id, signal));
        }
    }

    fn show(&mut self, id: CallId) {
        self.deeds.push_back(Deed::Show(id));
    }

    fn side(&self, call: &Call) -> Side {
        Side { muted: self.muted || self.deafened, ..call.me }
    }

    fn say_side(&mut self, id: CallId) {
        if let Some(side) = self.calls.get(&id).filter(|call| call.talking()).map(|call| self.side(call)) {
            self.say(id, CallSignal::Side(side));
        }
    }

    fn with(&self, buddy: &AccountId) -> Option<CallId> {
        self.calls.iter().find(|(_, call)| call.buddy == *buddy).map(|(id, _)| *id)
    }

    fn start(&mut self, id: CallId, now: Now) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.stage = Stage::Talking { since: now.wall, heard: false };
        call.deadline = (!call.linked).then_some(now.mono + LOST);
        if let Some(device) = call.device {
            let (callers, callees) =
                if call.mine { (call.my_half, call.their_half) } else { (call.their_half, call.my_half) };
            self.deeds.push_back(Deed::Start { call: id, device, mine: call.mine, callers, callees });
        }
        self.hold_others(id);
        self.show(id);
    }

    fn hold_others(&mut self, id: CallId) {
        let others = self.calls.iter().filter(|(other, call)| **other != id && call.talking() && !call.me.held);
        let others: Vec<_> = others.map(|(other, _)| *other).collect();
        others.into_iter().for_each(|other| self.hold(other, true));
    }

    fn hold(&mut self, id: CallId, on: bool) {
        self.change_sides(id, |call| call.me.held = on);
        self.say_side(id);
    }

    /// Changes who holds it, and lets sound stop or go on where that follows.
    fn change_sides(&mut self, id: CallId, change: impl FnOnce(&mut Call)) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let before = call.paused();
        change(call);
        let (talking, paused) = (call.talking(), call.paused());
        if talking && paused != before {
            self.deeds.push_back(Deed::Pause(id, paused));
        }
        self.show(id);
    }

    /// Takes a call away. `last` is what whoever asks about it later is told.
    fn finish(&mut self, id: CallId, reason: EndReason, last: CallSignal, now: Now) {
        let Some(call) = self.calls.remove(&id) else { return };
        if call.talking() {
            self.deeds.push_back(Deed::Stop(id));
        }
        let trace = call.mine.then(|| trace(&call, reason, now)).flatten();
        self.finished.push_back((id, call.buddy, last));
        if self.finished.len() > REMEMBERED {
            self.finished.pop_front();
        }
        self.deeds.push_back(Deed::Over(Ended { call: id, buddy: call.buddy, reason, trace }));
    }

    /// Says the last word and takes it away.
    fn end(&mut self, id: CallId, reason: EndReason, last: CallSignal, now: Now) {
        self.say(id, last.clone());
        self.finish(id, reason, last, now);
    }
}

/// What the caller's conversation keeps.
fn trace(call: &Call, reason: EndReason, now: Now) -> Option<CallOutcome> {
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
