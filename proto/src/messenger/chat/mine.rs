//! Mine, outwards: from the composer into the store, out on a link, and what became of it.

use super::{super::*, *};

impl Messenger {
    pub(in crate::messenger) fn write(
        &mut self,
        number: u64,
        buddy: &str,
        text: String,
        reply_to: Option<&str>,
    ) -> Outcome {
        let reply_to = reply_to.map(message_by_hex).transpose()?;
        self.compose(number, buddy, Body::Text { text: checked(text)?, reply_to }, None)
    }

    pub(in crate::messenger) fn edit(&mut self, number: u64, buddy: &str, message: &str, text: String) -> Outcome {
        let target = message_by_hex(message)?;
        self.compose(number, buddy, Body::Edit { target, text: checked(text)? }, None)
    }

    pub(in crate::messenger) fn delete(&mut self, number: u64, buddy: &str, message: &str) -> Outcome {
        self.compose(number, buddy, Body::Delete { target: message_by_hex(message)? }, None)
    }

    pub(in crate::messenger) fn react(
        &mut self,
        number: u64,
        buddy: &str,
        message: &str,
        emoji: String,
        on: bool,
    ) -> Outcome {
        let target = message_by_hex(message)?;
        if emoji.is_empty() || emoji.len() > MAX_EMOJI || emoji.chars().any(char::is_control) {
            return Err(refuse(ErrorCode::BadText, "not an emoji"));
        }
        self.compose(number, buddy, Body::Reaction { target, emoji, on }, None)
    }

    /// A file that is ready to be fetched from `path`.
    pub(in crate::messenger) fn offer(&mut self, number: u64, buddy: &str, offer: FileOffer, path: PathBuf) -> Outcome {
        let body = Body::File(Box::new(offer));
        if !body.fits() {
            return Err(refuse(ErrorCode::BadText, "the words with the file are too long"));
        }
        self.compose(number, buddy, body, Some(path))
    }

    fn compose(&mut self, number: u64, buddy: &str, body: Body, path: Option<PathBuf>) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let Some(buddy) = self.buddies.get_mut(&account) else { return Ok(None) };
        if buddy.record.relation != Relation::Buddy {
            return Err(refuse(ErrorCode::Unknown, "not a buddy"));
        }
        if buddy.record.pin.is_none() {
            return Err(refuse(ErrorCode::Unknown, "their key is not known yet"));
        }
        buddy.chat.composing.push_back(Composed { number, body, path, instead: None });
        self.save_mine(&account);
        Ok(None)
    }

    pub(in crate::messenger) fn save_mine(&mut self, account: &AccountId) {
        let (now, me) = (self.now, self.me.clone());
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some(pin) = buddy.record.pin else { return };
        let chat = &mut buddy.chat;
        let void_first = chat.withdrawing.as_ref().is_some_and(|withdrawing| withdrawing.taken);
        if !chat.is_still() || chat.composing.is_empty() || void_first {
            return;
        }
        let conversation = ConversationId::between(&me.account_key, &pin.key);
        let (mut seq, mut previous) = chat.mine;
        let batch = chat.composing.len().min(MAX_BATCH);
        let mut changes = Vec::with_capacity(batch);
        for composed in chat.composing.drain(..batch) {
            seq += 1;
            chat.hlc = chat.hlc.tick(now.wall);
            let place = Place {
                conversation,
                author: me.account,
                device: me.device.device(),
                seq,
                previous: previous.unwrap_or(MessageId::new([0; 32])),
                hlc: chat.hlc,
                sent_ms: now.wall,
            };
            let content = Content::new(place, &composed.body);
            let signed = Signed::make(&content, &me.device);
            let record = record_of(*account, true, &content, &composed.body, signed);
            previous = Some(record.id);
            changes.push(Change::Message(record.clone()));
            changes.extend(composed.path.clone().map(|path| Change::FileAt(record.id, path)));
            changes.extend(composed.instead.clone().map(|(old, new)| Change::Void { old, new }));
            chat.staged.push((composed, record));
        }
        self.save(Saving::Mine(*account), changes);
    }

    pub(in crate::messenger) fn mine_saved(&mut self, account: &AccountId, fates: &[Fate]) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let chat = &mut buddy.chat;
        let staged = std::mem::take(&mut chat.staged);
        for (composed, record) in &staged {
            // They may have told of more meanwhile.
            if record.seq > chat.mine.0 {
                chat.mine = (record.seq, Some(record.id));
            }
            chat.outbox.push_back(Outgoing { anew: composed.instead.is_some(), ..Outgoing::of(record) });
            if kind::has_line(record.kind) {
                chat.last_message_ms = record.sent_ms;
            }
        }
        let mut fates = fates.iter();
        for (composed, record) in staged {
            let mut fate = fates.next();
            // The place of a file has a fate of its own, and it is the one that knows the file.
            if composed.path.is_some() {
                fate = fates.next();
            }
            if let Some((old, _)) = &composed.instead {
                fates.next();
                let (messages, delivery) = (vec![old.to_string()], Delivery::Cancelled);
                self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages, delivery });
            }
            self.tell_saved(&record, fate, true);
            self.answer(composed.number, Ok(Reply::Done));
        }
        self.dirty.insert(*account);
        self.pump(account);
        self.consider_mail(account);
        self.void_withdrawn(account);
        self.save_mine(account);
    }

    /// Shows what has been saved: a line of its own, or another line that it changed.
    pub(super) fn tell_saved(&mut self, record: &MessageRecord, fate: Option<&Fate>, mine: bool) {
        let shown = if let Some(Fate::Shown(shown)) = fate { Some(shown.as_ref().clone()) } else { None };
        if !kind::has_line(record.kind) {
            if let Some(shown) = shown {
                let message = self.message_view(&shown);
                self.tell(Event::MessageChanged { message });
            }
            return;
        }
        let message = self.message_view(&shown.unwrap_or_else(|| ShownMessage::from(record.clone())));
        self.tell(if mine { Event::MessageQueued { message } } else { Event::MessageArrived { message } });
    }

    pub(in crate::messenger) fn mine_not_saved(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        for (Composed { number, body, .. }, _) in std::mem::take(&mut buddy.chat.staged) {
            let notice = Notice::NotSaved { buddy: account.to_string(), text: body.words().into() };
            self.tell(Event::Notice { notice });
            self.answer(number, Err(refuse(ErrorCode::NotSaved, "the disk would not take it")));
        }
        self.void_withdrawn(account);
        self.save_mine(account);
    }

    /// Sends what may go: in order, within the window.
    pub(in crate::messenger) fn pump(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some(link) = buddy.reach.up.last().copied() else { return };
        let chat = &mut buddy.chat;
        let held = chat.held();
        let mut going = Vec::new();
        let mut posted = false;
        for outgoing in &mut chat.outbox {
            if held == Some(outgoing.id) || chat.in_flight >= WINDOW {
                break;
            }
            if outgoing.posted.is_some() && !outgoing.left {
                posted = true;
                break;
            }
            if !outgoing.sent {
                outgoing.sent = true;
                (outgoing.left, outgoing.gone) = (true, true);
                chat.in_flight += 1;
                going.push((outgoing.id, outgoing.kind, LinkBody::Content(outgoing.signed.clone())));
            }
        }
        let wait = (FIRST_RESEND << chat.resends.min(3)).min(MAX_RESEND);
        if posted {
            self.let_go(account);
        }
        if going.is_empty() {
            return;
        }
        let route = self.buddies.get(account).and_then(|buddy| self.route(buddy));
        self.timers.reset(self.now.mono + wait, Timer::Resend(*account));
        let shown: Vec<_> =
            going.iter().filter(|(_, kind, _)| kind::has_line(*kind)).map(|(id, _, _)| id.to_string()).collect();
        for (_, _, body) in &going {
            self.seal(link, body);
        }
        if let Some(route) = route.filter(|_| !shown.is_empty()) {
            let delivery = Delivery::Sent { route };
            self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages: shown, delivery });
        }
    }

    /// What lies in the mailbox goes on a link too, and can't be taken back after that: which is saved first.
    fn let_go(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account).filter(|buddy| buddy.chat.leaving.is_empty()) else { return };
        let chat = &mut buddy.chat;
        let posted = chat.outbox.iter().filter(|outgoing| outgoing.posted.is_some() && !outgoing.left);
        chat.leaving = posted.map(|outgoing| outgoing.id).collect();
        let changes = vec![Change::NotPosted(chat.leaving.clone())];
        self.save(Saving::Leaving(*account), changes);
    }

    /// Where the disk would not take it, it is tried again; the messages don't wait for that.
    pub(in crate::messenger) fn leaving_saved(&mut self, account: &AccountId, saved: bool) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let leaving = std::mem::take(&mut buddy.chat.leaving);
        for outgoing in buddy.chat.outbox.iter_mut().filter(|outgoing| leaving.contains(&outgoing.id)) {
            outgoing.left = true;
        }
        if !saved {
            self.save_later(vec![Change::NotPosted(leaving)]);
        }
        self.pump(account);
    }

    /// No receipt for a while although the link is up: the other side could not save, or lost it. Again, all of it.
    pub(in crate::messenger) fn resend(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        if buddy.chat.in_flight == 0 || buddy.reach.up.is_empty() {
            return;
        }
        buddy.chat.resends += 1;
        buddy.chat.link_changed();
        self.pump(account);
        self.consider_mail(account);
    }

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
            Ok(body @ (Body::Text { .. } | Body::Edit { .. } | Body::Delete { .. } | Body::Reaction { .. })) => body,
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

    pub(in crate::messenger) fn cancel(&mut self, number: u64, buddy: &str, message: &str) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let too_late = || refuse(ErrorCode::TooLate, "it has left this computer");
        let id = message_by_hex(message)?;
        let Some(buddy) = self.buddies.get(&account) else { return Err(too_late()) };
        let chat = &buddy.chat;
        let outgoing = chat.outbox.iter().find(|outgoing| outgoing.id == id).ok_or_else(too_late)?;
        if outgoing.left || chat.held().is_some() || chat.leaving.contains(&id) {
            return Err(too_late());
        }
        if self.letter_of(&account, &id).is_some() {
            return self.withdraw(number, &account, id);
        }
        if !chat.staged.is_empty() || !self.take_back(number, &account, &id) {
            return Err(too_late());
        }
        Ok(None)
    }

    /// Puts a void into a message's place; false where it is not there any more.
    pub(in crate::messenger) fn take_back(&mut self, number: u64, account: &AccountId, id: &MessageId) -> bool {
        let device = self.me.device.clone();
        let Some(buddy) = self.buddies.get_mut(account) else { return false };
        let Some(outgoing) = buddy.chat.outbox.iter().find(|outgoing| outgoing.id == *id) else { return false };
        let Ok(content) = outgoing.signed.peek().map(|content| content.void()) else { return false };
        let signed = Signed::make(&content, &device);
        let new = record_of(*account, true, &content, &Body::Void, signed);
        buddy.chat.voiding = Some((number, *id, new.clone()));
        self.save(Saving::Void(*account), vec![Change::Void { old: *id, new }]);
        true
    }

    pub(in crate::messenger) fn void_saved(&mut self, account: &AccountId, saved: bool) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some((number, old, new)) = buddy.chat.voiding.take() else { return };
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
        self.consider_mail(account);
    }
}

fn message_by_hex(hex: &str) -> Result<MessageId, CommandError> {
    MessageId::parse(hex).map_err(|_| refuse(ErrorCode::Unknown, "no such message"))
}

fn checked(text: String) -> Result<String, CommandError> {
    if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
        return Err(refuse(ErrorCode::BadText, "a message has 1 to 16,000 characters"));
    }
    Ok(text)
}
