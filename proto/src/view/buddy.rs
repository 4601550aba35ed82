//! The others: rows of the buddy list, requests, safety numbers.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How available a person says they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Availability {
    /// Here.
    Here,
    /// Away from the keyboard.
    Away,
    /// Here, but not to be disturbed.
    Busy,
    /// Here, and shown to nobody.
    Invisible,
}

/// What the list shows of a buddy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum BuddyState {
    /// Here.
    Here,
    /// Away from the keyboard.
    Away,
    /// Not to be disturbed.
    Busy,
    /// The server says they are there; the direct link is being made.
    Connecting,
    /// The link broke a moment ago.
    Reconnecting,
    /// Not there.
    Offline,
}

/// How messages travel to a buddy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Route {
    /// Computer to computer.
    Direct,
    /// Through the server's relay, sealed all the same.
    Relayed,
}

/// Where I stand with someone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Relation {
    /// Buddies.
    Buddy,
    /// I asked and wait.
    Asked,
    /// I blocked them.
    Blocked,
    /// No longer buddies; the conversation is kept.
    Former,
}

/// One row of the buddy list.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct BuddyView {
    pub id: String,
    /// Their user name.
    pub name: String,
    /// My own name for them, shown instead where it is not empty.
    pub alias: String,
    pub relation: Relation,
    pub state: BuddyState,
    /// Their status line.
    pub status_text: String,
    pub can_voice: bool,
    pub can_video: bool,
    /// I know their key is theirs: by invite link, or by comparing the safety number.
    pub verified: bool,
    /// Their key changed without the old key's word; nothing is sent until I decide.
    pub key_alarm: bool,
    /// Where a link is up.
    pub route: Option<Route>,
    pub typing: bool,
    pub unread: u32,
    /// When they were last seen, where known.
    pub last_seen_ms: Option<f64>,
    /// The time of the newest message, for sorting.
    pub last_message_ms: Option<f64>,
    pub place: BuddyPlace,
    /// What I noted about them, for myself.
    pub notes: String,
}

/// Where I have put a buddy in my list. Nobody is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct BuddyPlace {
    /// In which of my groups; none where they stand with all others.
    pub group: Option<u32>,
    /// On top of everyone.
    pub favourite: bool,
}

/// A group of my own in the list of buddies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct BuddyGroup {
    /// Chosen by the window; stays when the group gets another name.
    pub id: u32,
    pub name: String,
}

/// Someone who wants to be my buddy.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct RequestView {
    pub id: String,
    pub name: String,
    pub note: String,
    pub arrived_ms: f64,
}

/// The number two buddies compare.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SafetyNumberView {
    /// Twelve groups of five digits.
    pub groups: Vec<String>,
}
