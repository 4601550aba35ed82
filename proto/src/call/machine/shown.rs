//! Groups as they are shown.

use super::*;
use crate::{
    messenger::ms,
    view::{CallPerson, CallStage, CallView},
};

impl Calls {
    /// Every group.
    pub fn views(&self) -> Vec<CallView> {
        self.groups().iter().filter_map(|group| self.view(group)).collect()
    }

    /// One group.
    pub fn view(&self, group: &CallId) -> Option<CallView> {
        let members = self.members(*group);
        let mut calls: Vec<_> = members.iter().filter_map(|id| Some((id, self.calls.get(id)?))).collect();
        // In the order in which they came; who is still being called comes last.
        calls.sort_by_key(|(_, call)| call.since().unwrap_or(Millis::MAX));
        // Whoever is furthest stands for it.
        let (_, call) = calls.iter().max_by_key(|(id, call)| (call.progress(), **id == *group))?;
        let since = calls.iter().filter_map(|(_, call)| call.since()).min();
        let people: Vec<_> = calls.iter().flat_map(|(id, call)| call.people(id)).collect();
        // The others are there, though the way to the host is not, or the host is not any more.
        let furthest = people.iter().filter(|_| call.talking()).map(|person| person.stage);
        let stage = furthest.min_by_key(|stage| *stage != CallStage::Talking).unwrap_or_else(|| call.shown_stage());
        Some(CallView {
            id: group.to_string(),
            buddy: call.buddy.to_string(),
            mine: call.mine,
            stage,
            talking_since_ms: since.map(ms),
            muted: self.muted || self.deafened,
            deafened: self.deafened,
            held: call.me.held,
            held_by_them: call.them.held,
            they_muted: call.them.muted,
            they_record: people.iter().any(|person| person.recording),
            recording: call.me.recording,
            volume: call.volume,
            with: call.with.clone(),
            offers: call.offered,
            shows: call.me.shows,
            can_add: call.talking() && !call.me.held && call.guests.is_empty() && !call.left,
            people,
        })
    }

    /// My microphone is off.
    pub fn is_muted(&self) -> bool {
        self.muted || self.deafened
    }

    /// Nothing is played here.
    pub fn is_deafened(&self) -> bool {
        self.deafened
    }
}

impl Call {
    fn since(&self) -> Option<Millis> {
        match self.stage {
            Stage::Talking { since, .. } => Some(since),
            Stage::Calling | Stage::Ringing | Stage::Incoming => None,
        }
    }

    fn progress(&self) -> u8 {
        match self.stage {
            Stage::Calling => 0,
            Stage::Incoming | Stage::Ringing => 1,
            Stage::Talking { heard: false, .. } => 2,
            Stage::Talking { heard: true, .. } => 3,
        }
    }

    fn shown_stage(&self) -> CallStage {
        match self.stage {
            Stage::Calling => CallStage::Calling,
            Stage::Ringing => CallStage::Ringing,
            Stage::Incoming => CallStage::Incoming,
            Stage::Talking { .. } if !self.linked => CallStage::Reconnecting,
            Stage::Talking { heard: false, .. } if !self.paused() => CallStage::Connecting,
            Stage::Talking { .. } => CallStage::Talking,
        }
    }

    /// The other side, and whom it introduced me to.
    fn people(&self, id: &CallId) -> Vec<CallPerson> {
        let other = CallPerson {
            id: id.to_string(),
            buddy: self.buddy.to_string(),
            name: None,
            stage: self.shown_stage(),
            muted: self.them.muted,
            held: self.them.held,
            recording: self.them.recording,
            volume: self.volume,
            shows: self.them.shows,
        };
        let guests = self.guests.iter().map(|(pair, met)| CallPerson {
            id: pair.to_string(),
            buddy: met.guest.account.to_string(),
            name: Some(met.guest.name.clone()),
            stage: if met.heard || met.side.held { CallStage::Talking } else { CallStage::Connecting },
            muted: met.side.muted,
            held: met.side.held,
            recording: met.side.recording,
            volume: met.volume,
            shows: met.side.shows,
        });
        Some(other).filter(|_| !self.left).into_iter().chain(guests).collect()
    }
}
