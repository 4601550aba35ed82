//! Posting: what waits for someone who is away is put into a letter, and left in their mailbox.
//!
//! A letter whose fate is unknown is posted again as it was and under its name, so that there is never more than one of
//! it, and so that it can be taken back.

use rand_core::Rng;

use super::{
    super::{Messenger, clock::Timer, record::Change, roster::Buddy, show::ms},
    Errand, GATHER, Post, Step,
};
use crate::{
    content::{Seq, kind},
    error::ProtoError,
    frame,
    id::{AccountId, MessageId, Millis},
    letter::{self, Letter, LetterId, MAX_BODIES},
    link::{LinkBody, MAX_RECEIPT},
    prekey::{self, Prekey},
    seal::Envelope,
    server::{Answer, Call, Refusal},
    sign::Signed,
    view::{Delivery, Event, Waiting},
};

/// Dials in a row that found nobody, after which the mailbox is tried.
const DIALS: u32 = 3;
/// Times that messages went out on a link without a receipt, after which the mailbox is tried too.
const RESENDS: u32 = 2;
/// The first wait after a letter was not taken; doubles up to an hour.
const FIRST_WAIT: Millis = 60_000;
const MAX_WAIT: Millis = 60 * 60 * 1000;
/// How long before it is thrown away a letter is posted anew.
const RENEWED_BEFORE: Millis = 24 * 60 * 60 * 1000;

/// A letter's insides: either messages, or courtesies.
#[derive(Debug)]
pub(super) struct Bundle {
    pub letter: LetterId,
    pub contents: Vec<MessageId>,
    bodies: Vec<LinkBody>,
    owed: Vec<MessageId>,
    refusals: usize,
    want: Option<Seq>,
    token: bool,
    read: Option<MessageId>,
}

impl Bundle {
    /// A letter as it was, of what still waits of it.
    pub fn again<'a>(
        letter: LetterId,
        ids: &[MessageId],
        outbox: impl IntoIterator<Item = &'a super::super::chat::Outgoing>,
    ) -> Self {
        let mut bundle = Self::new(letter);
        for outgoing in outbox.into_iter().filter(|outgoing| ids.contains(&outgoing.id)) {
            bundle.contents.push(outgoing.id);
            bundle.bodies.push(LinkBody::Content(outgoing.signed.clone()));
        }
        bundle
    }

    fn new(letter: LetterId) -> Self {
        Self {
            letter,
            contents: Vec::new(),
            bodies: Vec::new(),
            owed: Vec::new(),
            refusals: 0,
            want: None,
            token: false,
            read: None,
        }
    }
}

impl Post {
    /// What was wrong is not wrong any more.
    pub(super) fn forgive(&mut self) {
        (self.failures, self.not_before, self.trouble) = (0, 0, None);
    }
}

/// It is in the mailbox and will be for a while.
fn lies_there(posted: Option<(LetterId, Millis)>, wall: Millis) -> bool {
    posted.is_some_and(|(_, at)| at.saturating_add(letter::KEPT - RENEWED_BEFORE) > wall)
}

impl Messenger {
    /// Nobody is there to be told directly.
    fn away(&self, buddy: &Buddy) -> bool {
        if buddy.reach.up.is_empty() {
            buddy.presence.is_none() || buddy.reach.attempts >= DIALS
        } else {
            buddy.chat.resends() >= RESENDS
        }
    }

    /// There is something to post to a buddy, and it may be posted.
    fn wants_mail(&self, account: &AccountId) -> bool {
        let Some(buddy) = self.buddies.get(account) else { return false };
        let may = self.mail.served && self.sociable() && self.welcome_complete();
        if !may
            || !buddy.friendly()
            || buddy.record.their_token.is_none()
            || !self.away(buddy)
            || buddy.chat.is_withdrawing()
        {
            return false;
        }
        let post = &buddy.post;
        let linked = !buddy.reach.up.is_empty();
        let courtesies = !post.owed.is_empty() || !post.refusals.is_empty() || post.want.is_some();
        let introduction = post.introduce && buddy.record.my_token.is_some();
        let words = self.unposted(buddy).next().is_some();
        words || !linked && (courtesies || introduction || post.read && self.to_be_told(buddy).is_some())
    }

    /// What of the outbox is not in the mailbox.
    fn unposted<'a>(&self, buddy: &'a Buddy) -> impl Iterator<Item = &'a super::super::chat::Outgoing> {
        let wall = self.now.wall;
        let held = buddy.chat.held();
        let waiting = buddy.chat.outbox.iter().take_while(move |outgoing| held != Some(outgoing.id));
        waiting.filter(move |outgoing| !lies_there(outgoing.posted, wall))
    }

    /// Something about a buddy changed: perhaps there is a letter to write, after a while for more to come.
    pub(in crate::messenger) fn consider_mail(&mut self, account: &AccountId) {
        if !self.wants_mail(account) || self.mail.errands.contains(&Errand::Post(*account)) {
            return;
        }
        let not_before = self.buddies.get(account).map_or(0, |buddy| buddy.post.not_before);
        self.timers.set((self.now.mono + GATHER).max(not_before), Timer::Post(*account));
    }

    pub(in crate::messenger) fn look_for_mail(&mut self) {
        let everyone: Vec<_> = self.buddies.keys().copied().collect();
        everyone.iter().for_each(|account| self.consider_mail(account));
    }

    /// Long enough was waited for more.
    pub(in crate::messenger) fn post_now(&mut self, account: &AccountId) {
        self.mail.send_on(Errand::Post(*account));
        self.run_mail();
    }

    pub(super) fn begin_posting(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get(account).filter(|_| self.wants_mail(account)) else { return };
        let Some(token) = buddy.record.their_token.map(|record| record.token) else { return };
        let since_version = buddy.record.pin.map_or(0, |pin| pin.version);
        let old = self.unposted(buddy).find_map(|outgoing| outgoing.posted);
        if let Some((letter, _)) = old {
            return self.call_unnamed(Call::Withdraw { token, letter }, Step::Renew(*account, letter));
        }
        self.call_unnamed(Call::LookUpToPost { token, since_version }, Step::LookUp(*account));
    }

    /// A letter that was there for long is gone: what was in it is posted anew.
    pub(super) fn renewed(&mut self, account: &AccountId, letter: LetterId) {
        let ids = self.letter_lost(account, letter);
        self.note(vec![Change::NotPosted(ids)]);
        self.mail.send_on(Errand::Post(*account));
    }

    /// Nothing of the outbox is in this letter any more; what was.
    pub(super) fn letter_lost(&mut self, account: &AccountId, letter: LetterId) -> Vec<MessageId> {
        let Some(buddy) = self.buddies.get_mut(account) else { return Vec::new() };
        let in_it = buddy.chat.outbox.iter_mut().filter(|outgoing| outgoing.posted.is_some_and(|(l, _)| l == letter));
        in_it.map(|outgoing| (outgoing.posted.take(), outgoing.id).1).collect()
    }

    pub(super) fn looked_up(&mut self, account: &AccountId, answer: Answer) {
        let Answer::Account { lists, prekey } = answer else {
            return self.not_taken(account, Waiting::NoMailbox);
        };
        self.follow_lists(account, &lists);
        if !self.wants_mail(account) {
            return;
        }
        self.fill_bundle(account);
        match self.sealed_letter(account, prekey.as_ref()) {
            Ok(call) => self.call_unnamed(call, Step::Post(*account)),
            // Their key of the day is none that may be used: perhaps there is another one later.
            Err(_) => self.not_taken(account, Waiting::NoMailbox),
        }
    }

    /// Makes the next letter's insides; unless there is a letter whose fate is unknown.
    fn fill_bundle(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get(account) else { return };
        let old = buddy.post.bundle.as_ref();
        let still_waits = |bundle: &Bundle| buddy.chat.outbox.iter().any(|o| bundle.contents.contains(&o.id));
        if old.is_some_and(still_waits) {
            return;
        }
        let mut name = [0; 16];
        self.rng.fill_bytes(&mut name);
        let letter = LetterId::new(name);
        let Some(buddy) = self.buddies.get(account) else { return };
        let words = self.words(buddy, letter);
        let bundle = if words.contents.is_empty() { self.courtesies(buddy, letter) } else { words };
        if let Some(buddy) = self.buddies.get_mut(account) {
            for outgoing in buddy.chat.outbox.iter_mut().filter(|outgoing| bundle.contents.contains(&outgoing.id)) {
                outgoing.gone = true;
            }
            buddy.post.bundle = Some(bundle);
        }
    }

    /// As many messages as fit into a letter, oldest first. Nothing else is with them, since they may be taken back; and
    /// what can't be is not among those.
    fn words(&self, buddy: &Buddy, letter: LetterId) -> Bundle {
        let mut bundle = Bundle::new(letter);
        let mut size = 0;
        let left = self.unposted(buddy).next().is_some_and(|first| first.left);
        for outgoing in self.unposted(buddy).take_while(|outgoing| outgoing.left == left) {
            let body = LinkBody::Content(outgoing.signed.clone());
            size += frame::encode(&body).len();
            // One alone may be larger.
            if size > MAX_BODIES && !bundle.contents.is_empty() {
                break;
            }
            bundle.contents.push(outgoing.id);
            bundle.bodies.push(body);
        }
        bundle
    }

    /// Receipts, and how to write to me.
    fn courtesies(&self, buddy: &Buddy, letter: LetterId) -> Bundle {
        let post = &buddy.post;
        let token = buddy.record.my_token.filter(|_| post.introduce);
        let mut bundle = Bundle::new(letter);
        bundle.owed = post.owed.iter().copied().take(MAX_RECEIPT).collect();
        bundle.read = self.to_be_told(buddy);
        (bundle.refusals, bundle.want, bundle.token) = (post.refusals.len(), post.want, token.is_some());
        let bodies = &mut bundle.bodies;
        bodies.extend(token.map(|mine| LinkBody::Token { token: mine.token, made_ms: mine.made_ms }));
        if !bundle.owed.is_empty() {
            bodies.push(LinkBody::Delivered(bundle.owed.clone()));
        }
        bodies.extend(bundle.read.map(|seen| LinkBody::Read(seen, self.now.wall)));
        bodies.extend(post.refusals.iter().map(|(id, code)| LinkBody::Refused(*id, code.clone())));
        bodies.extend(post.want.map(LinkBody::Want));
        bundle
    }

    /// What they wrote and I have seen, where they have not been told in this run and may know.
    fn to_be_told(&self, buddy: &Buddy) -> Option<MessageId> {
        let seen = buddy.chat.last_seen().filter(|_| self.privacy.read_receipts)?;
        (buddy.post.told_of != Some(seen)).then_some(seen)
    }

    /// The call that posts the bundle, sealed for the device that is theirs by the lists that I follow.
    fn sealed_letter(&mut self, account: &AccountId, key: Option<&Signed<Prekey>>) -> Result<Call, ProtoError> {
        let now = self.server_now();
        let buddy = self.buddies.get_mut(account).ok_or(ProtoError::UnknownDevice)?;
        let to = buddy.device().ok_or(ProtoError::UnknownDevice)?;
        let (_, key) = prekey::check(key.ok_or(ProtoError::UnknownKey)?, &to, now)?;
        if buddy.record.suite.is_some_and(|seen| key.suite() < seen) {
            return Err(ProtoError::SuiteDowngrade);
        }
        let token = buddy.record.their_token.ok_or(ProtoError::UnknownKey)?.token;
        let bundle = buddy.post.bundle.as_ref().ok_or(ProtoError::Malformed)?;
        let letter = Letter {
            from: self.me.account,
            device: self.me.device.device(),
            to,
            sent_ms: self.now.wall,
            list: self.me.list.clone(),
            name: self.me.name.as_str().into(),
            bodies: bundle.bodies.iter().map(|body| frame::encode(body).into()).collect(),
        };
        let plain = frame::encode(&Signed::make(&letter, &self.me.device));
        let envelope = Envelope::seal(&plain, &key, &to, &mut self.rng)?;
        Ok(Call::Post { token, letter: bundle.letter, envelope })
    }

    pub(super) fn posted(&mut self, account: &AccountId, answer: &Answer) {
        match answer {
            Answer::Done => self.lies_in_mailbox(account),
            Answer::Refused(Refusal::MailboxFull) => {
                self.drop_bundle(account);
                self.not_taken(account, Waiting::MailboxFull);
            }
            Answer::Refused(_)
            | Answer::Opaque(_)
            | Answer::Welcome(_)
            | Answer::Capsule { .. }
            | Answer::Account { .. } => {
                self.drop_bundle(account);
                self.not_taken(account, Waiting::NoMailbox);
            }
        }
    }

    /// It may be in the mailbox, and may be fetched before it is posted again.
    pub(super) fn doubt_letter(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some(bundle) = &buddy.post.bundle else { return };
        for outgoing in buddy.chat.outbox.iter_mut().filter(|outgoing| bundle.contents.contains(&outgoing.id)) {
            outgoing.left = true;
        }
    }

    /// It is surely not in the mailbox.
    pub(super) fn drop_bundle(&mut self, account: &AccountId) {
        if let Some(buddy) = self.buddies.get_mut(account) {
            buddy.post.bundle = None;
        }
    }

    fn lies_in_mailbox(&mut self, account: &AccountId) {
        let wall = self.now.wall;
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some(bundle) = buddy.post.bundle.take() else { return };
        let post = &mut buddy.post;
        post.forgive();
        post.owed.retain(|id| !bundle.owed.contains(id));
        post.refusals.drain(..bundle.refusals.min(post.refusals.len()));
        let asked = bundle.want.is_some();
        post.want = post.want.filter(|want| Some(*want) != bundle.want);
        post.introduce &= !bundle.token;
        post.told_of = bundle.read.or(post.told_of);
        post.read &= bundle.read.is_none();
        let (mut posted, mut for_good) = (Vec::new(), Vec::new());
        let mut shown = Vec::new();
        for outgoing in buddy.chat.outbox.iter_mut().filter(|outgoing| bundle.contents.contains(&outgoing.id)) {
            outgoing.posted = Some((bundle.letter, wall));
            if outgoing.left { &mut for_good } else { &mut posted }.push(outgoing.id);
            if kind::has_line(outgoing.kind) && !outgoing.sent {
                shown.push(outgoing.id.to_string());
            }
        }
        let mut changes = Vec::new();
        if !posted.is_empty() {
            changes.push(Change::Posted(posted, bundle.letter, wall));
        }
        if !for_good.is_empty() {
            changes.push(Change::Posted(for_good, LetterId::for_good(), wall));
        }
        if !bundle.owed.is_empty() {
            changes.push(Change::Paid(bundle.owed));
        }
        if !changes.is_empty() {
            self.note(changes);
        }
        if !shown.is_empty() {
            let delivery = Delivery::Posted { at_ms: ms(wall) };
            self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages: shown, delivery });
        }
        if asked {
            self.let_go_of_held(account);
        }
        if self.wants_mail(account) {
            self.mail.send_on(Errand::Post(*account));
        }
    }

    /// The letter was not taken; the messages go on waiting, and are tried directly all the same.
    fn not_taken(&mut self, account: &AccountId, why: Waiting) {
        let wait = self.buddies.get(account).map_or(FIRST_WAIT, |buddy| FIRST_WAIT << buddy.post.failures.min(6));
        let wait = wait.min(MAX_WAIT);
        let again = self.now.mono + wait + self.jitter(wait / 4);
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let post = &mut buddy.post;
        post.failures += 1;
        post.not_before = again;
        post.trouble = Some(why);
        self.timers.reset(again, Timer::Post(*account));
        let Some(buddy) = self.buddies.get(account) else { return };
        let lines = self.unposted(buddy).filter(|outgoing| kind::has_line(outgoing.kind) && !outgoing.sent);
        let messages: Vec<_> = lines.map(|outgoing| outgoing.id.to_string()).collect();
        if !messages.is_empty() {
            let delivery = self.queued(buddy);
            self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages, delivery });
        }
    }

    /// The messages of which it is still so that they lie in a letter, where the disk would not take that when it was new.
    pub(in crate::messenger) fn still_posted(
        &self,
        ids: Vec<MessageId>,
        letter: LetterId,
        at: Millis,
    ) -> Option<Change> {
        let mut outboxes: Vec<_> = self.buddies.values().flat_map(|buddy| &buddy.chat.outbox).collect();
        let for_good = letter == LetterId::for_good();
        outboxes.retain(|outgoing| {
            outgoing.posted.is_some_and(|(in_it, since)| since == at && (for_good && outgoing.left || in_it == letter))
        });
        let ids: Vec<_> = ids.into_iter().filter(|id| outboxes.iter().any(|outgoing| outgoing.id == *id)).collect();
        (!ids.is_empty()).then_some(Change::Posted(ids, letter, at))
    }
}
