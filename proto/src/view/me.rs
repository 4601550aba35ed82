//! Myself, and what the whole window looks like.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Availability, BuddyGroup, BuddyView, CallView, MemoDraft, RequestView};

/// Myself.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MeView {
    pub id: String,
    pub name: String,
    /// The server's address as it can be handed out.
    pub server: String,
    pub availability: Availability,
    pub status_text: String,
    pub privacy: Privacy,
    /// My groups, in the order in which they stand.
    pub groups: Vec<BuddyGroup>,
}

/// What buddies may know of my reading and typing. Who keeps it to themselves isn't shown the others' either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Privacy {
    /// That I have read what they wrote.
    pub read_receipts: bool,
    /// That I am typing.
    pub typing: bool,
}

impl Default for Privacy {
    fn default() -> Self {
        Self { read_receipts: true, typing: true }
    }
}

/// The link to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum ServerState {
    /// Not wanted: signed out.
    Idle,
    /// Being made, for the first time or again; `attempt` counts from 1.
    Connecting { attempt: u32 },
    /// Up.
    Connected,
    /// This account was opened on another computer since; this one stays away.
    Superseded,
}

/// Which screen there is.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Phase {
    /// No account in this profile. `server` is the address to offer.
    FirstRun { server: String },
    /// An account that waits for its password.
    Locked,
    /// Open.
    Open,
}

/// All that the window needs to draw itself, at one moment.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Snapshot {
    pub phase: Phase,
    pub me: Option<MeView>,
    pub server: ServerState,
    pub buddies: Vec<BuddyView>,
    pub requests: Vec<RequestView>,
    pub calls: Vec<CallView>,
    /// Mine that are being recorded, or wait to be sent.
    pub memos: Vec<MemoDraft>,
}
