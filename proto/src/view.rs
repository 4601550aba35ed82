//! What crosses between the core and whoever looks at it: commands in, events and answers out.
//!
//! Spoken by the messenger and the engine, generated into TypeScript for the window. Everything here is plain data
//! that can be shown: no keys, no peer ids, no wire types. Ids are lower-case hex; times are milliseconds since 1970 (UTC), as numbers
//! that JavaScript holds exactly.

#![allow(missing_docs, reason = "fields whose names and types say all there is to say")]

mod message;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::message::*;
use crate::error::ProtoError;

/// Everything a person can ask for. Each is answered by a [`Reply`] or a [`CommandError`]; what changes because of
/// it is told by [`Event`]s, on the same road on which the news from buddies comes.
#[derive(Clone, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Command {
    /// Make an account on `server` and open it. `invite` is the server's own registration code, where it asks for one.
    Register { name: String, password: String, server: String, invite: Option<String> },
    /// Open the profile's account with its password; with `account` given (first run), bring an existing account
    /// to this computer.
    SignIn { password: String, account: Option<AccountAddress> },
    /// Say goodbye to every buddy, sign out at the server, close the vault.
    SignOut,
    /// What buddies see of me.
    SetStatus { availability: Availability, text: String },
    /// Ask the person called `name` on my server to be my buddy, with a few words (at most 200 characters).
    AddBuddy { name: String, note: String },
    /// Follow an invite link: a verified buddy in one step.
    AddByInvite { link: String },
    /// Say yes to a request.
    AcceptBuddy { buddy: String },
    /// Say no to a request; the other is not told.
    DeclineBuddy { buddy: String },
    /// Refuse everything from this person, who sees me as offline.
    BlockBuddy { buddy: String },
    /// Take a block back.
    UnblockBuddy { buddy: String },
    /// End being buddies; the conversation stays.
    RemoveBuddy { buddy: String },
    /// My own name for a buddy; empty takes it back.
    RenameBuddy { buddy: String, alias: String },
    /// I compared this safety number with them: the groups, as they were shown.
    VerifyBuddy { buddy: String, number: Vec<String> },
    /// Say something (1 to 16,000 characters), perhaps in answer to a message.
    SendMessage { buddy: String, text: String, reply_to: Option<String> },
    /// Give a message of mine another text.
    EditMessage { buddy: String, message: String, text: String },
    /// Have a message of mine forgotten by both.
    DeleteMessage { buddy: String, message: String },
    /// Put an emoji on a message, or take it off.
    React { buddy: String, message: String, emoji: String, on: bool },
    /// Take back a message that has not left this computer, or that waits in the buddy's mailbox.
    CancelMessage { buddy: String, message: String },
    /// Offer a file; what is at `path` must stay there until it has been fetched.
    SendFile { buddy: String, path: String, caption: String },
    /// Get a file that a buddy offers, or go on with it.
    FetchFile { buddy: String, message: String },
    /// Hold a file, mine or theirs, until it is fetched again.
    PauseFile { buddy: String, message: String },
    /// Give a file up; what has come of it is deleted.
    CancelFile { buddy: String, message: String },
    /// Forget everything said with a buddy, here.
    ForgetConversation { buddy: String },
    /// What buddies may know of my reading and typing.
    SetPrivacy { privacy: Privacy },
    /// Everything in this conversation has been seen.
    MarkRead { buddy: String },
    /// I am typing, or stopped.
    Typing { buddy: String, active: bool },
    /// Keep what is in the composer; empty forgets it.
    SaveDraft { buddy: String, text: String },
    /// Make a one-time invite link, good for seven days.
    CreateInvite,
    /// Change the password of the account and of this profile.
    ChangePassword { old: String, new: String },
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Passwords and texts stay out of logs.
        f.write_str("Command(..)")
    }
}

/// An account as a person names it.
#[derive(Clone, Debug, Deserialize, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct AccountAddress {
    /// The user name.
    pub name: String,
    /// The server's address, `juice://HOST[:PORT]#FINGERPRINT`.
    pub server: String,
}

/// The answer to a command that went well.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Reply {
    /// Nothing more to say.
    Done,
    /// A fresh invite: the link, and the same as a QR code (SVG path data on a square of `size` modules).
    Invite { link: String, qr_path: String, qr_size: u32, expires_ms: f64 },
}

/// Why a command was not done. The window chooses its words, and the field they stand beside, by `code`.
#[derive(Clone, Debug, Serialize, TS, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{code:?}: {message}")]
#[ts(export)]
pub struct CommandError {
    /// What kind of refusal.
    pub code: ErrorCode,
    /// A plain sentence for logs and as a last resort.
    pub message: String,
}

impl From<ProtoError> for CommandError {
    fn from(error: ProtoError) -> Self {
        let code = if error == ProtoError::WrongPassword { ErrorCode::WrongPassword } else { ErrorCode::Internal };
        Self { code, message: error.to_string() }
    }
}

/// The kinds of refusal, each with a different thing to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum ErrorCode {
    /// The name breaks the rules (RFC 8265), or is empty or over 32 characters.
    BadName,
    /// Somebody has that name on this server.
    NameTaken,
    /// Nobody has that name on this server.
    NoSuchName,
    /// The password is shorter than 8 characters.
    WeakPassword,
    /// The password does not open this account or profile.
    WrongPassword,
    /// Too many tries; wait some minutes.
    TooManyTries,
    /// The server's address can't be read.
    BadServerAddress,
    /// No server answered there.
    ServerUnreachable,
    /// What answered is not the server that the address names.
    ServerImpostor,
    /// The server wants a registration code, or refused the one given.
    InviteNeeded,
    /// The server takes no new accounts.
    RegistrationClosed,
    /// The invite link can't be read, is for another server, or has been used or has expired.
    BadInvite,
    /// That's you.
    Yourself,
    /// A request is already waiting there.
    AlreadyAsked,
    /// Already buddies.
    AlreadyBuddies,
    /// No such buddy, request or message here.
    Unknown,
    /// Their key has changed since the number was shown: compare again.
    KeyChanged,
    /// The text is empty or too long.
    BadText,
    /// Too late: it has left this computer, or has been fetched.
    TooLate,
    /// There is no such file, it can't be read, or it is a folder.
    NoSuchFile,
    /// It is no picture, or one too large to be drawn.
    ImageLimits,
    /// Sign in first.
    SignedOut,
    /// Another JUICE runs on this profile.
    ProfileInUse,
    /// The profile's files are damaged.
    ProfileCorrupt,
    /// The profile is of a newer JUICE.
    ProfileTooNew,
    /// The disk would not take it: full, or failing.
    NotSaved,
    /// Thousand buddies are the most.
    TooManyBuddies,
    /// A defect of ours.
    Internal,
}

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
}

/// What a person should see.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Event {
    /// Another screen.
    PhaseChanged {
        phase: Phase,
    },
    MeChanged {
        me: MeView,
    },
    ServerChanged {
        server: ServerState,
    },
    /// A buddy row is new or different.
    BuddyChanged {
        buddy: BuddyView,
    },
    /// A buddy row is gone.
    BuddyRemoved {
        id: String,
    },
    /// A buddy came online: door open.
    BuddyAppeared {
        id: String,
    },
    /// A buddy went offline: door closed.
    BuddyWentAway {
        id: String,
    },
    RequestArrived {
        request: RequestView,
    },
    RequestGone {
        id: String,
    },
    /// A message of mine is saved and will be sent.
    MessageQueued {
        message: MessageView,
    },
    /// A message came, and is saved.
    MessageArrived {
        message: MessageView,
    },
    /// What became of messages of mine.
    DeliveryChanged {
        buddy: String,
        messages: Vec<String>,
        delivery: Delivery,
    },
    /// A message stands otherwise: edited, deleted, with other emoji on it.
    MessageChanged {
        message: MessageView,
    },
    /// Everything said with a buddy is forgotten here.
    ConversationForgotten {
        buddy: String,
    },
    /// How far a file is, at most four times a second.
    FileChanged {
        buddy: String,
        message: String,
        file: FileView,
    },
    /// A file is being read before it is offered; `ready` ends it, well or not.
    FilePreparing {
        buddy: String,
        name: String,
        done: f64,
        size: f64,
        ready: bool,
    },
    /// Something went wrong that the person should know of.
    Notice {
        notice: Notice,
    },
    /// The window was too slow and missed events: ask for a snapshot.
    EventsLost,
}

/// What a person should be told, once, in plain words.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Notice {
    /// Something typed could not be saved; here it is again.
    NotSaved { buddy: String, text: String },
    /// A buddy's computer sent two different messages under one number; the first stays.
    Equivocation { buddy: String },
    /// Different people were shown different keys for this buddy.
    ForkedKeys { buddy: String },
    /// The buddy's key changed without the old one's word.
    KeyChanged { buddy: String },
    /// This account was opened on another computer; this one has gone offline.
    Superseded,
    /// Somebody said yes.
    Accepted { buddy: String },
}

/// The number two buddies compare.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SafetyNumberView {
    /// Twelve groups of five digits.
    pub groups: Vec<String>,
}
