//! Mine, as the other side has it: what arrived, what was read or refused, and what they want again.

use super::{super::*, *};

impl Messenger {
    /// A link speaks: what the other side has decides what still has to go.
    pub(in crate::messenger) fn greet_with_words(&mut self, account: &AccountId, have: Option<Seq>) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let chat = &mut buddy.chat;
        chat.wish = None;
        // More than I ever wrote: this profile is an older copy of itself. Numbers that are taken are not used again, and
        // what was given one of them here, since the copy was brought back, is said anew.
        if let Some(have) = have {
            if have > chat.mine.0 {
                chat.mine = (have, None);
            }
            let taken = chat.outbox.iter().filter(|outgoing| !outgoing.gone && outgoing.seq <= have);
            let taken: Vec<_> = taken.map(|outgoing| outgoing.id).collect();
            for id in taken {
                self.say_anew(account, &id);
            }
            self.fetch_missed(account, have);
        }
        let seen = self.buddies.get(account).and_then(|buddy| buddy.chat.last_seen);
        if let Some(seen) = seen.filter(|_| self.privacy.read_receipts) {
            let at = self.now.wall;
            self.say(account, &LinkBody::Read(seen, at));
            self.told_of(account, seen);
        }
        self.introduce_myself(account);
        self.pay_receipts(account);
        self.let_go_of_held(account);
        self.pump(account);
    }

    /// Says something again under a number that is free, in place of what has one that is taken; false where that can't be.
    fn say_anew(&mut self, account: &AccountId, id: &MessageId) -> bool {
        let device = self.me.device.clone();
        let Some(buddy) = self.buddies.get_mut(account) else { return false };
        let Some(outgoing) = buddy.chat.outbox.iter().find(|outgoing| outgoing.id == *id) else { return false };
        // Whoever refuses it again has another reason.
        let Some(content) = outgoing.signed.peek().ok().filter(|_| !outgoing.anew) else { return false };
        let body = match content.read() {
            Ok(
                body @ (Body::Text { .. }
                | Body::Edit { .. }
                | Body::Delete { .. }
                | Body::Reaction { .. }
                | Body::Call(_)),
            ) => body,
            // Where the file is, is not known here.
            Ok(Body::File(_) | Body::Void | Body::Unknown(_)) | Err(_) => return false,
        };
        let void = content.void();
        let new = record_of(*account, true, &void, &Body::Void, Signed::make(&void, &device));
        let new = MessageRecord { progress: Progress::Refused, ..new };
        buddy.chat.settle(id);
        buddy.chat.composing.push_back(Composed { number: 0, body, path: None, instead: Some((*id, new)) });
        self.save_mine(account);
        true
    }

    /// They have less than has arrived there once: they are an older copy of themselves. It goes again, the first of it
    /// at once, the rest as they ask.
    fn fetch_missed(&mut self, account: &AccountId, have: Seq) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let chat = &mut buddy.chat;
        let next = have.saturating_add(1);
        if next <= chat.mine.0 && chat.outbox.front().is_none_or(|first| first.seq > next) && chat.staged.is_empty() {
            chat.wish = Some((next, self.now.mono));
            self.out.push_back(Output::Fetch(*account, next));
        }
    }

    pub(in crate::messenger) fn delivered(&mut self, account: &AccountId, ids: &[MessageId]) -> Result<(), ProtoError> {
        if ids.len() > MAX_RECEIPT {
            return Err(ProtoError::TooLong);
        }
        let at = self.now.wall;
        let Some(buddy) = self.buddies.get_mut(account) else { return Ok(()) };
        let mut settled = Vec::new();
        let mut shown = Vec::new();
        for id in ids {
            let Some(outgoing) = buddy.chat.settle(id) else { continue };
            settled.push(outgoing.id);
            if kind::has_line(outgoing.kind) {
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

    pub(in crate::messenger) fn read_there(
        &mut self,
        account: &AccountId,
        message: &MessageId,
    ) -> Result<(), ProtoError> {
        let at = self.now.wall;
        let Some(buddy) = self.buddies.get_mut(account) else { return Ok(()) };
        let unread = &mut buddy.chat.unread_there;
        let Some(place) = unread.iter().position(|(id, _)| id == message) else { return Ok(()) };
        // Who keeps their own reading to themselves is not shown the others'.
        if !self.privacy.read_receipts {
            return Ok(());
        }
        let read: Vec<_> = unread.drain(..=place).map(|(id, _)| id).collect();
        let messages = read.iter().map(ToString::to_string).collect();
        self.note(vec![Change::Progress(read, Progress::Read(at))]);
        let delivery = Delivery::Read { at_ms: ms(at) };
        self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages, delivery });
        Ok(())
    }

    pub(in crate::messenger) fn refused_there(
        &mut self,
        account: &AccountId,
        message: &MessageId,
        code: String,
    ) -> Result<(), ProtoError> {
        if code.len() > 64 {
            return Err(ProtoError::TooLong);
        }
        // Another copy of this profile has used the number.
        if code == format!("{:?}", ProtoError::Equivocation) && self.say_anew(account, message) {
            return Ok(());
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
    pub(in crate::messenger) fn wanted(&mut self, account: &AccountId, seq: Seq) -> Result<(), ProtoError> {
        let Some(buddy) = self.buddies.get_mut(account) else { return Ok(()) };
        let now = self.now.mono;
        let chat = &mut buddy.chat;
        let again = chat.wish.is_some_and(|(last, at)| seq <= last && now < at + WISH_AGAIN);
        if seq == 0 || seq > chat.mine.0 || again {
            return Ok(());
        }
        chat.wish = Some((seq, now));
        chat.link_changed();
        if chat.outbox.front().is_some_and(|first| first.seq <= seq) {
            self.pump(account);
            self.consider_mail(account);
        } else {
            self.out.push_back(Output::Fetch(*account, seq));
        }
        Ok(())
    }

    /// The same, said in a letter: what was posted did not do, and is posted again.
    pub(in crate::messenger) fn wanted_by_letter(
        &mut self,
        account: &AccountId,
        seq: Seq,
        written_ms: Millis,
    ) -> Result<(), ProtoError> {
        let Some(buddy) = self.buddies.get_mut(account) else { return Ok(()) };
        if !buddy.post.wish_is_new(written_ms) {
            return Ok(());
        }
        let mut again = Vec::new();
        for outgoing in buddy.chat.outbox.iter_mut().filter(|outgoing| outgoing.seq >= seq && outgoing.posted.is_some())
        {
            outgoing.posted = None;
            outgoing.left = true;
            again.push(outgoing.id);
        }
        if !again.is_empty() {
            self.note(vec![Change::NotPosted(again)]);
        }
        self.wanted(account, seq)
    }

    /// What they want again. In the place of what has been forgotten here stands nothing, so that they don't wait for it.
    pub(in crate::messenger) fn fetched(&mut self, account: &AccountId, messages: Vec<MessageRecord>) {
        let Some(buddy) = self.buddies.get(account) else { return };
        let first = messages.first().map(|message| message.seq);
        let Some(from) = buddy.chat.wish.map(|(seq, _)| seq).or(first) else { return };
        let last = buddy.chat.mine.0.min(from.saturating_add(MAX_FETCHED - 1));
        let mut stored: BTreeMap<_, _> = messages.into_iter().map(|message| (message.seq, message)).collect();
        let missing = |seq: &Seq| buddy.chat.outbox.iter().all(|outgoing| outgoing.seq != *seq);
        let wanted: Vec<_> = (from..=last).filter(missing).collect();
        let voids = wanted.into_iter().filter_map(|seq| {
            let kept = stored.remove(&seq).filter(|message| !message.signed.bytes().is_empty());
            kept.or_else(|| self.nothing_at(account, seq))
        });
        let outgoing: Vec<_> =
            voids.map(|message| Outgoing { left: true, gone: true, ..Outgoing::of(&message) }).collect();
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        for outgoing in outgoing {
            let place = buddy.chat.outbox.partition_point(|other| other.seq < outgoing.seq);
            buddy.chat.outbox.insert(place, outgoing);
        }
        buddy.chat.link_changed();
        self.pump(account);
        self.consider_mail(account);
    }

    /// Whatever waits and has been forgotten all the same goes as nothing, since what follows it must come.
    pub(in crate::messenger) fn fill_blanks(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get(account) else { return };
        let blank = buddy.chat.outbox.iter().enumerate().filter(|(_, outgoing)| outgoing.signed.bytes().is_empty());
        let blank: Vec<_> = blank.map(|(place, outgoing)| (place, outgoing.seq)).collect();
        for (place, seq) in blank {
            let void = self.nothing_at(account, seq);
            let outbox = self.buddies.get_mut(account).map(|buddy| &mut buddy.chat.outbox);
            if let (Some(new), Some(outgoing)) = (void, outbox.and_then(|outbox| outbox.get_mut(place))) {
                let old = outgoing.id;
                *outgoing = Outgoing { left: true, gone: true, ..Outgoing::of(&new) };
                self.note(vec![Change::Void { old, new }]);
            }
        }
    }

    /// A void in a place of my sequence; always the same one.
    pub(in crate::messenger) fn nothing_at(&self, account: &AccountId, seq: Seq) -> Option<MessageRecord> {
        let pin = self.buddies.get(account)?.record.pin?;
        let place = Place {
            conversation: ConversationId::between(&self.me.account_key, &pin.key),
            author: self.me.account,
            device: self.me.device.device(),
            seq,
            previous: MessageId::new([0; 32]),
            hlc: Hlc(0),
            sent_ms: 0,
        };
        let content = Content::new(place, &Body::Void);
        let signed = Signed::make(&content, &self.me.device);
        Some(record_of(*account, true, &content, &Body::Void, signed))
    }
}
