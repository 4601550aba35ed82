//! Calls as they are shown.

use super::*;
use crate::{
    messenger::ms,
    view::{CallStage, CallView},
};

impl Calls {
    /// Every call.
    pub fn views(&self) -> Vec<CallView> {
        self.calls.keys().filter_map(|id| self.view(id)).collect()
    }

    /// One call.
    pub fn view(&self, id: &CallId) -> Option<CallView> {
        let call = self.calls.get(id)?;
        let (stage, since) = match call.stage {
            Stage::Calling => (CallStage::Calling, None),
            Stage::Ringing => (CallStage::Ringing, None),
            Stage::Incoming => (CallStage::Incoming, None),
            Stage::Talking { since, .. } if !call.linked => (CallStage::Reconnecting, Some(since)),
            Stage::Talking { since, heard: false } if !call.paused() => (CallStage::Connecting, Some(since)),
            Stage::Talking { since, .. } => (CallStage::Talking, Some(since)),
        };
        Some(CallView {
            id: id.to_string(),
            buddy: call.buddy.to_string(),
            mine: call.mine,
            stage,
            talking_since_ms: since.map(ms),
            muted: self.muted || self.deafened,
            deafened: self.deafened,
            held: call.me.held,
            held_by_them: call.them.held,
            they_muted: call.them.muted,
            they_record: call.them.recording,
            recording: call.me.recording,
            volume: call.volume,
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
