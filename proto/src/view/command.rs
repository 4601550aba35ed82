//! What a person asks for, and how it is answered.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Availability, BuddyGroup, BuddyPlace, Privacy, SoundSettings, VideoSettings};
use crate::{call::Shows, error::ProtoError};

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
    /// Put a buddy into one of my groups or none, and among the favourites or not.
    PlaceBuddy { buddy: String, place: BuddyPlace },
    /// Keep this about a buddy, for myself (at most 4,000 characters); empty forgets it.
    NoteBuddy { buddy: String, notes: String },
    /// These are my groups now, in this order (at most 50); who was in one that is gone is in none.
    SetGroups { groups: Vec<BuddyGroup> },
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
    /// Record a memo for a buddy, with pictures or without; one at a time, and none in a call. What was kept for them is
    /// replaced when it is whole.
    RecordMemo { buddy: String, video: bool },
    /// It is enough: what was recorded is kept.
    StopMemo,
    /// Forget what is being recorded for a buddy, or was and waits.
    DiscardMemo { buddy: String },
    /// Send a memo that waits, as a file of mine.
    SendMemo { buddy: String },
    /// Play a memo that is here from a moment on, in milliseconds; without a message, the one that waits for this buddy.
    PlayMemo { buddy: String, message: Option<String>, from_ms: u32 },
    /// Hold what plays.
    PauseMemo,
    /// Play so fast, in percent (50 to 200), from here on.
    SetMemoPace { percent: u32 },
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
    /// Call a buddy, with the camera or without; their computer rings.
    PlaceCall {
        buddy: String,
        #[serde(default)]
        video: bool,
    },
    /// Call one more into a call that goes on.
    AddToCall { call: String, buddy: String },
    /// Let one of several go from a call that I called them into.
    RemoveFromCall { person: String },
    /// Answer a call that rings here, with the camera or without; one that is going on is held.
    AnswerCall {
        call: String,
        #[serde(default)]
        video: bool,
    },
    /// Don't answer it.
    DeclineCall { call: String },
    /// End a call, or give it up before it is answered.
    HangUp { call: String },
    /// Hold a call, or go on with it; another one that is going on is held then.
    HoldCall { call: String, on: bool },
    /// My microphone off, or on.
    Mute { on: bool },
    /// Play nothing here, and the microphone off too; or both as before.
    Deafen { on: bool },
    /// How loud they are here, in percent (0 to 200); of a call or of one person in it.
    SetVolume { call: String, percent: u32 },
    /// Record a call into my downloads, or stop; they are told.
    RecordCall { call: String, on: bool },
    /// Let everyone in a call see this, or nothing.
    ShowInCall { call: String, shows: Shows },
    /// Which camera to use; takes effect at once.
    SetVideo { settings: VideoSettings },
    /// Show me my camera without a call; off ends it.
    TestVideo { on: bool },
    /// Which devices to use and how; takes effect at once.
    SetSound { settings: SoundSettings },
    /// Record five seconds and play them back; off ends it early.
    TestSound { on: bool },
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
    /// They are not there, or can't be called.
    NotReachable,
    /// No microphone or no loudspeaker can be used.
    NoSound,
    /// No camera can be used.
    NoCamera,
    /// It is no memo, or a damaged one.
    Unplayable,
    /// There is a call with them already, or too many.
    InCall,
    /// Thousand buddies are the most.
    TooManyBuddies,
    /// A defect of ours.
    Internal,
}
