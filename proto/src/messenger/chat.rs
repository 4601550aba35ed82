//! The words: from the composer into the store, out on a link, and back as a receipt; and the same the other way.
//!
//! For each buddy one save of mine and one of theirs is under way at a time. What comes meanwhile waits and goes into
//! the next one together, so a burst costs few syncs and a failed save leaves no hole in a sequence.

use std::collections::{BTreeMap, VecDeque};

use super::{
    Messenger, Outcome, Output, Saving,
    clock::Timer,
    record::{Change, ConversationRecord, Fate, MessageRecord, Progress},
    refuse,
    show::ms,
};
use crate::{
    content::{self, Content, Hlc, MAX_SEQ_JUMP, MAX_TEXT, Seq, kind},
    error::ProtoError,
    id::{AccountId, ConversationId, DeviceId, MessageId, Millis},
    link::{LinkBody, MAX_RECEIPT},
    sign::Signed,
    view::{Delivery, ErrorCode, Event, Notice, Relation, Reply},
};

/// Messages on their way to one buddy without a receipt: enough to fill a link, few enough to hold.
const WINDOW: usize = 64;
/// Messages of one buddy that wait to be saved; beyond that they are dropped and sent again later.
const MAX_ARRIVALS: usize = 256;
/// Messages in one save.
const MAX_BATCH: usize = 256;
/// The first wait for a receipt before a message is sent again; doubles up to a minute.
const FIRST_RESEND: Millis = 10_000;
const MAX_RESEND: Millis = 60_000;
/// The longest draft, in characters: more than a message may have, so that what is too long to send is not lost.
const MAX_DRAFT: usize = 200_000;
/// How many unread messages of mine are remembered, to be marked when the buddy has read them.
const MAX_UNREAD_THERE: usize = 1_000;

/// A message of mine that has not arrived.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub id: MessageId,
    seq: Seq,
    kind: u16,
    signed: Signed<Content>,
    /// On the link that speaks now.
    pub sent: bool,
    /// On any link, ever: it can't be taken back.
    left: bool,
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
    /// Typed while a save was under way: the command and the text.
    composing: VecDeque<(u64, String)>,
    /// In the save under way.
    staged: Vec<(u64, String, MessageRecord)>,
    voiding: Option<(u64, MessageId, MessageRecord)>,
    arrivals: VecDeque<MessageRecord>,
    arriving: Vec<MessageRecord>,
    /// The sequence number last asked for, so that it is asked for once.
    wanted: Option<Seq>,
}

impl Outgoing {
    fn of(message: &MessageRecord) -> Self {
        Self {
            id: message.id,
            seq: message.seq,
            kind: message.kind,
            signed: message.signed.clone(),
            sent: false,
            left: false,
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
            // Another run may have sent them.
            chat.outbox = stored.waiting.iter().map(Outgoing::of).map(|o| Outgoing { left: true, ..o }).collect();
            chat.unread_there = stored.unread_there.into();
        }
        chat
    }

    /// Another account key, another conversation: sequences begin at 1.
    pub fn begin_again(&mut self) {
        *self = Self { unread: self.unread, last_message_ms: self.last_message_ms, hlc: self.hlc, ..Self::default() };
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

    /// Takes a message out of the outbox.
    fn settle(&mut self, id: &MessageId) -> Option<Outgoing> {
        let at = self.outbox.iter().position(|outgoing| outgoing.id == *id)?;
        let outgoing = self.outbox.remove(at)?;
        self.in_flight -= usize::from(outgoing.sent);
        self.resends = 0;
        Some(outgoing)
    }
}

impl Messenger {
    // Mine, outwards.

    pub(super) fn write(&mut self, number: u64, buddy: &str, text: String) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
            return Err(refuse(ErrorCode::BadText, "a message has 1 to 16,000 characters"));
        }
        let Some(buddy) = self.buddies.get_mut(&account) else {
            return Ok(None);
        };
        if buddy.record.relation != Relation::Buddy {
            return Err(refuse(ErrorCode::Unknown, "not a buddy"));
        }
        buddy.chat.composing.push_back((number, text));
        self.save_mine(&account);
        Ok(None)
    }

    fn save_mine(&mut self, account: &AccountId) {
        let (now, me) = (self.now, self.me.clone());
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        let Some(pin) = buddy.record.pin else { return };
        let chat = &mut buddy.chat;
        if !chat.staged.is_empty() || chat.composing.is_empty() || chat.voiding.is_some() {
            return;
        }
        let conversation = ConversationId::between(&me.account_key, &pin.key);
        let (mut seq, mut previous) = chat.mine;
        let batch = chat.composing.len().min(MAX_BATCH);
        for (number, text) in chat.composing.drain(..batch) {
            seq += 1;
            chat.hlc = chat.hlc.tick(now.wall);
            let before = previous.unwrap_or(MessageId::new([0; 32]));
            let device = me.device.device();
            let content = Content::text(conversation, me.account, device, seq, before, chat.hlc, now.wall, &text);
            let signed = Signed::make(&content, &me.device);
            let record = record_of(*account, true, &content, signed);
            previous = Some(record.id);
            chat.staged.push((number, text, record));
        }
        let changes = chat.staged.iter().map(|(_, _, record)| Change::Message(record.clone())).collect();
        self.save(Saving::Mine(*account), changes);
    }

    pub(super) fn mine_saved(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        let chat = &mut buddy.chat;
        let staged = std::mem::take(&mut chat.staged);
        for (_, _, record) in &staged {
            chat.mine = (record.seq, Some(record.id));
            chat.last_message_ms = record.sent_ms;
            chat.outbox.push_back(Outgoing::of(record));
        }
        for (number, _, record) in staged {
            let message = self.message_view(&record);
            self.tell(Event::MessageQueued { message });
            self.answer(number, Ok(Reply::Done));
        }
        self.dirty.insert(*account);
        self.pump(account);
        self.save_mine(account);
    }

    pub(super) fn mine_not_saved(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        for (number, text, _) in std::mem::take(&mut buddy.chat.staged) {
            let notice = Notice::NotSaved { buddy: account.to_string(), text };
            self.tell(Event::Notice { notice });
            self.answer(number, Err(refuse(ErrorCode::NotSaved, "the disk would not take it")));
        }
        self.save_mine(account);
    }

    /// Sends what may go: in order, within the window.
    pub(super) fn pump(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        let Some(link) = buddy.reach.up.last().copied() else {
            return;
        };
        let chat = &mut buddy.chat;
        let voiding = chat.voiding.as_ref().map(|(_, old, _)| *old);
        let mut going = Vec::new();
        for outgoing in &mut chat.outbox {
            if voiding == Some(outgoing.id) || chat.in_flight >= WINDOW {
                break;
            }
            if !outgoing.sent {
                outgoing.sent = true;
                outgoing.left = true;
                chat.in_flight += 1;
                going.push((outgoing.id, outgoing.kind, LinkBody::Content(outgoing.signed.clone())));
            }
        }
        if going.is_empty() {
            return;
        }
        let wait = (FIRST_RESEND << chat.resends.min(3)).min(MAX_RESEND);
        let route = self.buddies.get(account).and_then(|buddy| self.route(buddy));
        self.timers.reset(self.now.mono + wait, Timer::Resend(*account));
        let shown: Vec<_> =
            going.iter().filter(|(_, kind, _)| *kind != kind::VOID).map(|(id, _, _)| id.to_string()).collect();
        for (_, _, body) in &going {
            self.seal(link, body);
        }
        if let Some(route) = route.filter(|_| !shown.is_empty()) {
            let delivery = Delivery::Sent { route };
            self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages: shown, delivery });
        }
    }

    /// No receipt for a while although the link is up: the other side could not save, or lost it. Again, all of it.
    pub(super) fn resend(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        if buddy.chat.in_flight == 0 || buddy.reach.up.is_empty() {
            return;
        }
        buddy.chat.resends += 1;
        buddy.chat.link_changed();
        self.pump(account);
    }

    /// A link speaks: what the other side has decides what still has to go.
    pub(super) fn greet_with_words(&mut self, account: &AccountId, have: Option<Seq>) {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        let chat = &mut buddy.chat;
        // More than I ever wrote: this profile is an older copy of itself. Numbers that are taken are not used again.
        if let Some(have) = have.filter(|have| *have > chat.mine.0) {
            chat.mine = (have, None);
        }
        if let Some(seen) = chat.last_seen {
            let at = self.now.wall;
            self.say(account, &LinkBody::Read(seen, at));
        }
        self.pump(account);
    }

    pub(super) fn delivered(&mut self, account: &AccountId, ids: &[MessageId]) -> Result<(), ProtoError> {
        if ids.len() > MAX_RECEIPT {
            return Err(ProtoError::TooLong);
        }
        let at = self.now.wall;
        let Some(buddy) = self.buddies.get_mut(account) else {
            return Ok(());
        };
        let mut settled = Vec::new();
        let mut shown = Vec::new();
        for id in ids {
            let Some(outgoing) = buddy.chat.settle(id) else {
                continue;
            };
            settled.push(outgoing.id);
            if outgoing.kind != kind::VOID {
                shown.push(outgoing.id.to_string());
                buddy.chat.unread_there.push_back((outgoing.id, outgoing.seq));
            }
        }
        let surplus = buddy.chat.unread_there.len().saturating_sub(MAX_UNREAD_THERE);
        buddy.chat.unread_there.drain(..surplus);
        if !settled.is_empty() {
            self.note(vec![Change::Progress(settled, Progress::Delivered(at))]);
            if !shown.is_empty() {
                let delivery = Delivery::Delivered { at_ms: ms(at) };
                self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages: shown, delivery });
            }
            self.pump(account);
        }
        Ok(())
    }

    pub(super) fn read_there(&mut self, account: &AccountId, message: &MessageId) -> Result<(), ProtoError> {
        let at = self.now.wall;
        let Some(buddy) = self.buddies.get_mut(account) else {
            return Ok(());
        };
        let unread = &mut buddy.chat.unread_there;
        let Some(place) = unread.iter().position(|(id, _)| id == message) else {
            return Ok(());
        };
        let read: Vec<_> = unread.drain(..=place).map(|(id, _)| id).collect();
        let messages = read.iter().map(ToString::to_string).collect();
        self.note(vec![Change::Progress(read, Progress::Read(at))]);
        let delivery = Delivery::Read { at_ms: ms(at) };
        self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages, delivery });
        Ok(())
    }

    pub(super) fn refused_there(
        &mut self,
        account: &AccountId,
        message: &MessageId,
        code: String,
    ) -> Result<(), ProtoError> {
        if code.len() > 64 {
            return Err(ProtoError::TooLong);
        }
        let settled = self.buddies.get_mut(account).and_then(|buddy| buddy.chat.settle(message));
        if let Some(outgoing) = settled {
            self.note(vec![Change::Progress(vec![outgoing.id], Progress::Refused)]);
            let messages = vec![outgoing.id.to_string()];
            let delivery = Delivery::Refused { code };
            self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages, delivery });
            self.pump(account);
        }
        Ok(())
    }

    /// They miss messages from `seq` on: out of the outbox, or out of the store where they had been delivered once.
    pub(super) fn wanted(&mut self, account: &AccountId, seq: Seq) -> Result<(), ProtoError> {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return Ok(());
        };
        let chat = &mut buddy.chat;
        if seq == 0 || seq > chat.mine.0 {
            return Ok(());
        }
        chat.link_changed();
        if chat.outbox.front().is_some_and(|first| first.seq <= seq) {
            self.pump(account);
        } else {
            self.out.push_back(Output::Fetch(*account, seq));
        }
        Ok(())
    }

    pub(super) fn fetched(&mut self, account: &AccountId, messages: Vec<MessageRecord>) {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        let chat = &mut buddy.chat;
        for message in messages.iter().rev() {
            if chat.outbox.iter().all(|outgoing| outgoing.id != message.id) {
                let place = chat.outbox.partition_point(|outgoing| outgoing.seq < message.seq);
                chat.outbox.insert(place, Outgoing { left: true, ..Outgoing::of(message) });
            }
        }
        chat.link_changed();
        self.pump(account);
    }

    pub(super) fn cancel(&mut self, number: u64, buddy: &str, message: &str) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let too_late = || refuse(ErrorCode::TooLate, "it has left this computer");
        let unknown = || refuse(ErrorCode::Unknown, "no such message");
        let id = MessageId::parse(message).map_err(|_| unknown())?;
        let device = self.me.device.clone();
        let Some(buddy) = self.buddies.get_mut(&account) else {
            return Err(unknown());
        };
        let chat = &mut buddy.chat;
        let outgoing = chat.outbox.iter().find(|outgoing| outgoing.id == id).ok_or_else(too_late)?;
        if outgoing.left || chat.voiding.is_some() || !chat.staged.is_empty() {
            return Err(too_late());
        }
        let content = outgoing.signed.peek().map_err(|_| unknown())?.void();
        let signed = Signed::make(&content, &device);
        let new = record_of(account, true, &content, signed);
        chat.voiding = Some((number, id, new.clone()));
        self.save(Saving::Void(account), vec![Change::Void { old: id, new }]);
        Ok(None)
    }

    pub(super) fn void_saved(&mut self, account: &AccountId, saved: bool) {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        let Some((number, old, new)) = buddy.chat.voiding.take() else {
            return;
        };
        if saved {
            if let Some(outgoing) = buddy.chat.outbox.iter_mut().find(|outgoing| outgoing.id == old) {
                *outgoing = Outgoing::of(&new);
            }
            if buddy.chat.mine.1 == Some(old) {
                buddy.chat.mine.1 = Some(new.id);
            }
            let (messages, delivery) = (vec![old.to_string()], Delivery::Cancelled);
            self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages, delivery });
            self.answer(number, Ok(Reply::Done));
        } else {
            self.answer(number, Err(refuse(ErrorCode::NotSaved, "the disk would not take it")));
        }
        self.save_mine(account);
        self.pump(account);
    }

    // Theirs, inwards.

    pub(super) fn content_arrived(
        &mut self,
        account: &AccountId,
        device: &DeviceId,
        signed: Signed<Content>,
    ) -> Result<(), ProtoError> {
        let (now, my_key) = (self.now, self.me.account_key);
        let Some(buddy) = self.buddies.get_mut(account) else {
            return Ok(());
        };
        let Some(pin) = buddy.record.pin else {
            return Err(ProtoError::UnknownDevice);
        };
        let conversation = ConversationId::between(&my_key, &pin.key);
        let content = match content::check(&signed, &conversation, account, device) {
            Ok(content) => content,
            Err(error @ ProtoError::BodyTooLong) => {
                let refusal = LinkBody::Refused(content::id(&signed), format!("{error:?}"));
                self.say(account, &refusal);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let chat = &mut buddy.chat;
        let saved = chat.have(device).unwrap_or(0);
        let last = chat.arrivals.back().or(chat.arriving.last());
        let tail = last.filter(|last| last.device == *device).map_or(saved, |last| last.seq.max(saved));
        if content.seq > tail + 1 {
            if content.seq - tail > MAX_SEQ_JUMP {
                return Err(ProtoError::SeqJump);
            }
            if chat.wanted != Some(tail + 1) {
                chat.wanted = Some(tail + 1);
                self.say(account, &LinkBody::Want(tail + 1));
            }
            return Ok(());
        }
        if chat.arrivals.len() >= MAX_ARRIVALS {
            return Ok(());
        }
        let mut record = record_of(*account, false, &content, signed);
        record.hlc = content.hlc.clamped(now.wall);
        record.sent_ms = content.sent_ms.min(Hlc(u64::MAX).clamped(now.wall).0 >> 16);
        chat.hlc = chat.hlc.max(record.hlc);
        chat.arrivals.push_back(record);
        self.save_theirs(account);
        Ok(())
    }

    fn save_theirs(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        let chat = &mut buddy.chat;
        if !chat.arriving.is_empty() || chat.arrivals.is_empty() {
            return;
        }
        chat.arriving = chat.arrivals.drain(..).collect();
        let changes = chat.arriving.iter().cloned().map(Change::Message).collect();
        self.save(Saving::Theirs(*account), changes);
    }

    pub(super) fn theirs_saved(&mut self, account: &AccountId, fates: &[Fate]) {
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        let chat = &mut buddy.chat;
        let arriving = std::mem::take(&mut chat.arriving);
        let mut receipt = Vec::new();
        let mut refused = Vec::new();
        let mut arrived = Vec::new();
        for (record, fate) in arriving.into_iter().zip(fates) {
            match fate {
                Fate::Done => {
                    let tail = chat.theirs.entry(record.device).or_default();
                    *tail = (*tail).max(record.seq);
                    receipt.push(record.id);
                    if record.kind != kind::VOID {
                        chat.unread += 1;
                        chat.last_message_ms = record.sent_ms;
                        chat.last_from_them = Some(record.id);
                        arrived.push(record);
                    }
                }
                Fate::Known => receipt.push(record.id),
                Fate::Conflict => refused.push(record.id),
            }
        }
        if chat.wanted.is_some_and(|wanted| chat.theirs.values().any(|tail| *tail >= wanted)) {
            chat.wanted = None;
        }
        if !arrived.is_empty() {
            buddy.typing = false;
            self.dirty.insert(*account);
        }
        for record in &arrived {
            let message = self.message_view(record);
            self.tell(Event::MessageArrived { message });
        }
        for ids in receipt.chunks(MAX_RECEIPT) {
            self.say(account, &LinkBody::Delivered(ids.to_vec()));
        }
        for id in refused {
            self.say(account, &LinkBody::Refused(id, format!("{:?}", ProtoError::Equivocation)));
            self.tell(Event::Notice { notice: Notice::Equivocation { buddy: account.to_string() } });
        }
        self.save_theirs(account);
    }

    /// Nothing is confirmed; they send it again.
    pub(super) fn theirs_not_saved(&mut self, account: &AccountId) {
        if let Some(buddy) = self.buddies.get_mut(account) {
            buddy.chat.arriving.clear();
            buddy.chat.arrivals.clear();
            buddy.chat.wanted = None;
        }
    }

    pub(super) fn mark_read(&mut self, buddy: &str) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let at = self.now.wall;
        let Some(buddy) = self.buddies.get_mut(&account) else {
            return Ok(None);
        };
        if buddy.chat.unread > 0 {
            buddy.chat.unread = 0;
            buddy.chat.last_seen = buddy.chat.last_from_them;
            let seen = buddy.chat.last_seen;
            self.dirty.insert(account);
            self.note(vec![Change::Seen(account)]);
            if let Some(seen) = seen {
                self.say(&account, &LinkBody::Read(seen, at));
            }
        }
        Ok(Some(Reply::Done))
    }

    pub(super) fn typing(&mut self, buddy: &str, active: bool) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        self.say(&account, &LinkBody::Typing(active));
        Ok(Some(Reply::Done))
    }

    pub(super) fn save_draft(&mut self, number: u64, buddy: &str, text: String) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let text = text.chars().take(MAX_DRAFT).collect();
        self.save(Saving::Command(number, Box::new(Reply::Done)), vec![Change::Draft(account, text)]);
        Ok(None)
    }
}

fn record_of(buddy: AccountId, mine: bool, content: &Content, signed: Signed<Content>) -> MessageRecord {
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
        text: content.as_text().unwrap_or_default().into(),
        signed,
        progress: Progress::Waiting,
    }
}
