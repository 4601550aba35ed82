//! What the messenger keeps on disk: the rows, the changes to them, and what it loads at start.

use std::path::PathBuf;

use crate::{
    content::{Body, CallOutcome, CallTrace, Content, FileOffer, Hlc, Seq, kind},
    device_list::{DeviceList, Pin},
    id::{AccountId, ConversationId, DeviceId, MessageId, Millis},
    invite::Token,
    letter::{DeliveryToken, LetterId},
    seal::{KemSecret, KeyId, Suite},
    sign::Signed,
    view::{Availability, BuddyGroup, BuddyPlace, FileTrouble, Privacy, Relation},
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
    /// Where they stand in my list.
    pub place: BuddyPlace,
    /// What I noted about them; may be empty.
    pub notes: String,
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
    /// With which they may post letters to me.
    pub my_token: Option<TokenRecord>,
    /// With which I may post letters to them.
    pub their_token: Option<TokenRecord>,
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
    /// With which I may post letters to them once I have said yes.
    pub delivery: Option<TokenRecord>,
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
    /// The message that this one answers, changes or is put on.
    pub target: Option<MessageId>,
    /// The signed content; empty where it has been forgotten.
    pub signed: Signed<Content>,
    /// For mine: what became of it.
    pub progress: Progress,
    /// For mine that wait: the letter in the buddy's mailbox that it went with, and since when.
    pub posted: Option<(LetterId, Millis)>,
}

impl MessageRecord {
    /// What came of the call of which it is the trace. What a newer version says of it is shown as not answered.
    pub fn call(&self) -> Option<CallTrace> {
        (self.kind == kind::CALL).then(|| match self.signed.peek().and_then(|content| content.read()) {
            Ok(Body::Call(trace)) => trace,
            Ok(_) | Err(_) => CallTrace { outcome: CallOutcome::NotAnswered, video: false },
        })
    }

    /// Theirs that I don't know of until I see it: a line, but not the trace of a call that I talked in or declined.
    pub fn is_news(&self) -> bool {
        let outcome = self.call().map(|call| call.outcome);
        let known = matches!(outcome, Some(CallOutcome::Talked(_) | CallOutcome::Declined));
        !self.mine && kind::has_line(self.kind) && !known
    }
}

/// A message as it stands after all that was said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownMessage {
    /// Itself, with its newest text.
    pub record: MessageRecord,
    /// It has had another text.
    pub edited: bool,
    /// Its author had it forgotten; its text is empty.
    pub deleted: bool,
    /// The emoji on it, oldest first; by me or by them.
    pub reactions: Vec<(String, bool)>,
    /// What it answers, as far as it is known here.
    pub quote: Option<Quote>,
    /// For a file: how far it is.
    pub file: Option<FileRecord>,
}

impl From<MessageRecord> for ShownMessage {
    /// One that nothing was said about.
    fn from(record: MessageRecord) -> Self {
        Self { record, edited: false, deleted: false, reactions: Vec::new(), quote: None, file: None }
    }
}

/// A message that another one answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    /// Which.
    pub id: MessageId,
    /// By me.
    pub mine: bool,
    /// Its newest text, at most 200 characters of it; empty where it was deleted.
    pub text: String,
}

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// What its author offered.
    pub offer: FileOffer,
    /// What it is doing, as far as that outlives a restart.
    pub stage: FileStage,
    /// Bytes that are here, or that they are known to have.
    pub done: u64,
    /// Where it is on this computer: mine, or theirs once it is whole.
    pub path: Option<PathBuf>,
}

/// What a file is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileStage {
    /// Offered: theirs has not been asked for, mine has not been fetched.
    Offered,
    /// Wanted: moving whenever both are there.
    Moving,
    /// Held by a person.
    Paused,
    /// Whole.
    Done,
    /// No more: given up by a person.
    Cancelled,
    /// No more: for a reason that is one of the names in [`crate::view::FileTrouble`].
    Failed(FileTrouble),
}

/// A delivery token and its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// The secret.
    pub token: DeliveryToken,
    /// When it was made, by its maker's clock; a newer one replaces it.
    pub made_ms: Millis,
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
    /// conflict (same author and place, another id), in which cases nothing is changed. A place that was forgotten is
    /// known. One that is about another (an edit, a deletion, a reaction) changes that one with it, where that one is of
    /// the same buddy and, but for a reaction, of the same author; its fate then shows the other as it has become. An
    /// answer's fate, and a file's, shows itself.
    Message(MessageRecord),
    /// The file of a message of mine is there; its fate shows the message.
    FileAt(MessageId, PathBuf),
    /// What became of messages of mine. A lesser progress never replaces a greater one.
    Progress(Vec<MessageId>, Progress),
    /// Replace a message of mine that never left by its void.
    Void {
        /// The id of what is taken back.
        old: MessageId,
        /// What takes its place in the sequence.
        new: MessageRecord,
    },
    /// Messages of mine that wait went into the buddy's mailbox with a letter; with [`LetterId::for_good`] where they
    /// can't be taken back.
    Posted(Vec<MessageId>, LetterId, Millis),
    /// They are in no mailbox any more.
    NotPosted(Vec<MessageId>),
    /// Receipts for these messages of a buddy have still to go.
    Owe(AccountId, Vec<MessageId>),
    /// They have gone.
    Paid(Vec<MessageId>),
    /// Forget everything said with a buddy but what still waits to go, and the ends of the sequences.
    ForgetConversation(AccountId),
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
    /// What I tell buddies of my reading and typing.
    Privacy(Privacy),
    /// My groups, all of them, in order.
    Groups(Vec<BuddyGroup>),
    /// The server's time of the last welcome.
    Since(Millis),
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// Made.
    Done,
    /// Made; and this message stands otherwise, or is to be shown with more than itself.
    Shown(Box<ShownMessage>),
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
    /// The sending time of the newest message that has a line; 0 for none.
    pub last_message_ms: Millis,
    /// The newest message of theirs (by clock) that has a line and has been seen.
    pub last_seen: Option<MessageId>,
    /// Mine that are waiting, of every kind, by sequence number.
    pub waiting: Vec<MessageRecord>,
    /// Mine that have a line, arrived and are not known to be read: the newest 1,000, by sequence number.
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
    /// What I tell of my reading and typing.
    pub privacy: Privacy,
    /// My groups, in order.
    pub groups: Vec<BuddyGroup>,
    /// Receipts that have still to go.
    pub owed: Vec<(AccountId, MessageId)>,
    /// The server's time of the last welcome; 0 for none.
    pub since_ms: Millis,
}
