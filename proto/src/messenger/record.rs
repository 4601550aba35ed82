//! What the messenger keeps on disk: the rows, the changes to them, and what it loads at start.

use crate::{
    content::{Content, Hlc, Seq},
    device_list::{DeviceList, Pin},
    id::{AccountId, ConversationId, DeviceId, MessageId, Millis},
    invite::Token,
    seal::{KemSecret, KeyId, Suite},
    sign::Signed,
    view::{Availability, Relation},
};

/// A buddy, or someone who was or may become one.
#[derive(Clone, Debug, PartialEq)]
pub struct BuddyRecord {
    /// Who.
    pub account: AccountId,
    /// Their user name; empty until it is learnt.
    pub name: String,
    /// My own name for them; may be empty.
    pub alias: String,
    /// How we stand.
    pub relation: Relation,
    /// The key and list that I hold them to.
    pub pin: Option<Pin>,
    /// The list that `pin` names.
    pub list: Option<Signed<DeviceList>>,
    /// The strongest suite seen; a weaker one is refused.
    pub suite: Option<Suite>,
    /// I know their key is theirs.
    pub verified: bool,
    /// The server or a link showed another account key.
    pub key_alarm: bool,
    /// When they were last seen; 0 for never.
    pub last_seen_ms: Millis,
}

/// Someone who waits for my answer.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRecord {
    /// Who.
    pub account: AccountId,
    /// Their user name.
    pub name: String,
    /// Their words.
    pub note: String,
    /// When it came.
    pub arrived_ms: Millis,
    /// Their list.
    pub list: Signed<DeviceList>,
}

/// What became of a message of mine, as far as it outlives a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not known to have arrived.
    Waiting,
    /// Saved at the other side.
    Delivered(Millis),
    /// Seen at the other side.
    Read(Millis),
    /// Refused by the other side.
    Refused,
    /// Taken back before it left: shown to nobody, kept for its place in the sequence.
    Cancelled,
}

/// A message, mine or theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRecord {
    /// Its id.
    pub id: MessageId,
    /// Whose conversation.
    pub buddy: AccountId,
    /// The same, as content names it.
    pub conversation: ConversationId,
    /// By me.
    pub mine: bool,
    /// The author's device.
    pub device: DeviceId,
    /// Its place in the author's sequence.
    pub seq: Seq,
    /// Where it sorts.
    pub hlc: Hlc,
    /// The author's clock, clamped as `hlc` is.
    pub sent_ms: Millis,
    /// One of [`crate::content::kind`].
    pub kind: u16,
    /// What is shown and searched.
    pub text: String,
    /// The signed content.
    pub signed: Signed<Content>,
    /// For mine: what became of it.
    pub progress: Progress,
}

/// A change to make durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Insert or replace a buddy.
    Buddy(BuddyRecord),
    /// Insert or replace a request.
    Request(RequestRecord),
    /// Forget a request.
    ForgetRequest(AccountId),
    /// Insert a message. Theirs: unread; its fate says whether it is new, known (same author, place and id) or in
    /// conflict (same author and place, another id), in which cases nothing is changed.
    Message(MessageRecord),
    /// What became of messages of mine. A lesser progress never replaces a greater one.
    Progress(Vec<MessageId>, Progress),
    /// Replace a message of mine that never left by its void.
    Void {
        /// The id of what is taken back.
        old: MessageId,
        /// What takes its place in the sequence.
        new: MessageRecord,
    },
    /// Everything from this buddy has been seen.
    Seen(AccountId),
    /// What is in the composer; empty forgets it.
    Draft(AccountId, String),
    /// A key of the day.
    DayKey(DayKeyRecord),
    /// Destroy day keys that were made before.
    DropDayKeys {
        /// The time.
        made_before_ms: Millis,
    },
    /// An invite given out.
    Invite(InviteRecord),
    /// An invite used or expired.
    ForgetInvite(Token),
    /// How I say I am.
    Status(Availability, String),
    /// The server's time of the last welcome.
    Since(Millis),
}

/// What became of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Made.
    Done,
    /// A message that was there already.
    Known,
    /// A message whose place another one holds.
    Conflict,
}

/// A key of the day, with its secret.
#[derive(Clone, Debug)]
pub struct DayKeyRecord {
    /// Its id.
    pub id: KeyId,
    /// The secret.
    pub secret: KemSecret,
    /// When it was made.
    pub made_ms: Millis,
}

impl PartialEq for DayKeyRecord {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.made_ms == other.made_ms
    }
}

/// An invite that I gave out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteRecord {
    /// Its secret.
    pub token: Token,
    /// Until when it is good.
    pub expires_ms: Millis,
}

/// Where a conversation stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationRecord {
    /// Whose.
    pub buddy: AccountId,
    /// The conversation that the newest message is of; the tails below are of this one alone.
    pub conversation: ConversationId,
    /// The last message of this device, by sequence number: 0 and zeros for none.
    pub mine: (Seq, MessageId),
    /// The last saved message of each device of theirs.
    pub theirs: Vec<(DeviceId, Seq)>,
    /// The highest clock reading.
    pub hlc: Hlc,
    /// Theirs that are unread.
    pub unread: u32,
    /// The sending time of the newest message; 0 for none.
    pub last_message_ms: Millis,
    /// The newest message of theirs (by clock) that has been seen.
    pub last_seen: Option<MessageId>,
    /// Mine that are waiting, by sequence number.
    pub waiting: Vec<MessageRecord>,
    /// Mine that arrived and are not known to be read: the newest 1,000, by sequence number.
    pub unread_there: Vec<(MessageId, Seq)>,
}

/// All that the messenger needs to begin.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Everyone.
    pub buddies: Vec<BuddyRecord>,
    /// Everyone who waits.
    pub requests: Vec<RequestRecord>,
    /// Conversations that have messages.
    pub conversations: Vec<ConversationRecord>,
    /// Day keys that are kept.
    pub day_keys: Vec<DayKeyRecord>,
    /// Invites given out.
    pub invites: Vec<InviteRecord>,
    /// How I said I am.
    pub status: Option<(Availability, String)>,
    /// The server's time of the last welcome; 0 for none.
    pub since_ms: Millis,
}
