//! The words: from the composer into the store, out on a link, and back as a receipt; and the same the other way.
//!
//! For each buddy one save of mine and one of theirs is under way at a time. What comes meanwhile waits and goes into
//! the next one together, so a burst costs few syncs and a failed save leaves no hole in a sequence.

mod back;
mod cancel;
mod mine;
mod theirs;

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
};

use super::{
    clock::Timer,
    mail::Withdrawing,
    record::{Change, ConversationRecord, Fate, MessageRecord, Progress, ShownMessage},
    show::ms,
};
use crate::{
    content::{self, Body, Content, FileOffer, Hlc, MAX_EMOJI, MAX_SEQ_JUMP, MAX_TEXT, Place, Seq, kind},
    error::ProtoError,
    id::{AccountId, ConversationId, DeviceId, MessageId, Millis},
    letter::LetterId,
    link::{LinkBody, MAX_RECEIPT},
    sign::Signed,
    view::{Delivery, ErrorCode, Event, Notice, Relation, Reply},
};

/// Messages on their way to one buddy without a receipt: enough to fill a link, few enough to hold.
const WINDOW: usize = 192;
/// Messages of one buddy that wait to be saved; beyond that they are dropped and sent again later.
const MAX_ARRIVALS: usize = 256;
/// Messages in one save.
const MAX_BATCH: usize = 256;
/// The first wait for a receipt before a message is sent again; doubles up to a minute.
const FIRST_RESEND: Millis = 10_000;
const MAX_RESEND: Millis = 60_000;
/// How long a wish that has been granted is not granted again.
const WISH_AGAIN: Millis = 1_000;
/// Messages fetched from the store at once.
const MAX_FETCHED: u64 = 64;
/// The longest draft, in characters: more than a message may have, so that what is too long to send is not lost.
const MAX_DRAFT: usize = 200_000;
/// How many unread messages of mine are remembered, to be marked when the buddy has read them.
const MAX_UNREAD_THERE: usize = 1_000;

/// A message of mine that has not arrived.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub id: MessageId,
    seq: Seq,
    pub kind: u16,
    pub signed: Signed<Content>,
    /// On the link that speaks now.
    pub sent: bool,
    /// In a letter or on a link, ever: they may have it.
    pub gone: bool,
    /// On any link, ever: it can't be taken back.
    pub left: bool,
    /// Said anew already, because its number was taken.
    anew: bool,
    /// In their mailbox, with which letter, and since when.
    pub posted: Option<(LetterId, Millis)>,
}

/// Something of mine that waits to be saved: who asked, what it says, for a file where it is, and what was said in its
/// stead under a number that was taken, with the void for that place.
#[derive(Debug)]
struct Composed {
    number: u64,
    body: Body,
    path: Option<PathBuf>,
    instead: Option<(MessageId, MessageRecord)>,
}

/// A message of theirs on its way to the disk; or, where it is refused, the void that keeps its place.
#[derive(Debug)]
struct Arrival {
    record: MessageRecord,
    refused: Option<ProtoError>,
    /// In the letter that is being read.
    by_letter: bool,
}

/// A conversation.
#[derive(Debug, Default)]
pub(super) struct Chat {
    mine: (Seq, Option<MessageId>),
    theirs: BTreeMap<DeviceId, Seq>,
    hlc: Hlc,
    pub unread: u32,
    pub last_message_ms: Millis,
    last_from_them: Option<MessageId>,
    last_seen: Option<MessageId>,
    pub outbox: VecDeque<Outgoing>,
    /// In the outbox, on the link, without a receipt.
    in_flight: usize,
    resends: u32,
    unread_there: VecDeque<(MessageId, Seq)>,
    /// Said while a save was under way.
    composing: VecDeque<Composed>,
    /// In the save under way.
    staged: Vec<(Composed, MessageRecord)>,
    voiding: Option<(u64, MessageId, MessageRecord)>,
    pub withdrawing: Option<Withdrawing>,
    /// In the mailbox, and about to go on a link for the first time: that they can't be taken back is being saved.
    leaving: Vec<MessageId>,
    arrivals: VecDeque<Arrival>,
    arriving: Vec<Arrival>,
    /// The sequence number last asked for, so that it is asked for once.
    wanted: Option<Seq>,
    /// What the other side last asked for, and when.
    wish: Option<(Seq, Millis)>,
    /// The highest clock reading of each device of theirs in this run.
    their_hlc: BTreeMap<DeviceId, Hlc>,
    /// The person knows that two messages came under one number.
    equivocated: bool,
}

impl Outgoing {
    fn of(message: &MessageRecord) -> Self {
        Self {
            id: message.id,
            seq: message.seq,
            kind: message.kind,
            signed: message.signed.clone(),
            sent: false,
            gone: false,
            left: false,
            anew: false,
            posted: message.posted,
        }
    }
}

impl Chat {
    /// What was stored; of a conversation under another account key nothing counts on.
    pub fn load(stored: ConversationRecord, current: &ConversationId) -> Self {
        let mut chat =
            Self { unread: stored.unread, last_message_ms: stored.last_message_ms, hlc: stored.hlc, ..Self::default() };
        if stored.conversation == *current {
            chat.mine = (stored.mine.0, Some(stored.mine.1));
            chat.theirs = stored.theirs.into_iter().collect();
            chat.last_seen = stored.last_seen;
            chat.last_from_them = stored.last_seen;
            // Another run may have sent what is in no mailbox.
            let for_good = |(letter, _)| letter == LetterId::for_good();
            let outgoing = stored.waiting.iter().map(Outgoing::of);
            chat.outbox = outgoing.map(|o| Outgoing { left: o.posted.is_none_or(for_good), gone: true, ..o }).collect();
            chat.unread_there = stored.unread_there.into();
        }
        chat
    }

    /// Another account key, another conversation: sequences begin at 1.
    pub fn begin_again(&mut self) {
        *self = Self { unread: self.unread, last_message_ms: self.last_message_ms, hlc: self.hlc, ..Self::default() };
    }

    /// The last sequence number that I used.
    pub fn written(&self) -> Seq {
        self.mine.0
    }

    /// The last message of a device that is saved here.
    pub fn have(&self, device: &DeviceId) -> Option<Seq> {
        self.theirs.get(device).copied()
    }

    /// Another link speaks, or none: what had no receipt goes again.
    pub fn link_changed(&mut self) {
        self.outbox.iter_mut().for_each(|outgoing| outgoing.sent = false);
        self.in_flight = 0;
        self.wanted = None;
    }

    /// The message behind which the outbox waits, since a person wants it back.
    pub fn held(&self) -> Option<MessageId> {
        let voiding = self.voiding.as_ref().map(|(_, old, _)| *old);
        voiding.or(self.withdrawing.as_ref().map(|withdrawing| withdrawing.id))
    }

    pub fn is_withdrawing(&self) -> bool {
        self.withdrawing.is_some()
    }

    /// No save of mine is under way.
    pub fn is_still(&self) -> bool {
        self.voiding.is_none() && self.staged.is_empty()
    }

    /// How often messages went out on this link again without a receipt.
    pub fn resends(&self) -> u32 {
        self.resends
    }

    /// The newest of theirs that has been seen.
    pub fn last_seen(&self) -> Option<MessageId> {
        self.last_seen
    }

    /// So many more of theirs can wait to be saved.
    pub fn has_room_for(&self, more: usize) -> bool {
        self.arrivals.is_empty() || self.arrivals.len() + more <= MAX_ARRIVALS
    }

    /// Something out of the letter that is being read is on its way to the disk.
    pub fn saves_letter(&self) -> bool {
        self.arrivals.iter().chain(&self.arriving).any(|arrival| arrival.by_letter)
    }

    /// Takes a message out of the outbox.
    fn settle(&mut self, id: &MessageId) -> Option<Outgoing> {
        let at = self.outbox.iter().position(|outgoing| outgoing.id == *id)?;
        let outgoing = self.outbox.remove(at)?;
        self.in_flight -= usize::from(outgoing.sent);
        self.resends = 0;
        Some(outgoing)
    }
}

fn record_of(buddy: AccountId, mine: bool, content: &Content, body: &Body, signed: Signed<Content>) -> MessageRecord {
    MessageRecord {
        id: content::id(&signed),
        buddy,
        conversation: content.conversation,
        mine,
        device: content.device,
        seq: content.seq,
        hlc: content.hlc,
        sent_ms: content.sent_ms,
        kind: content.kind,
        text: body.words().into(),
        target: body.target(),
        signed,
        progress: Progress::Waiting,
        posted: None,
    }
}
