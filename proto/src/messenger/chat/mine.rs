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
        self.compose(number, buddy, Body::File(Box::new(offer)), Some(path))
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
        buddy.chat.composing.push_back(Composed { number, body, path });
        self.save_mine(&account);
        Ok(None)
    }

    pub(in crate::messenger) fn save_mine(&mut self, account: &AccountId) {
        let (now, me) = (self.now, self.me.clone());
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some(pin) = buddy.record.pin else { return };
        let chat = &mut buddy.chat;
        if !chat.staged.is_empty() || chat.composing.is_empty() || chat.voiding.is_some() {
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
            chat.staged.push((composed, record));
        }
        self.save(Saving::Mine(*account), changes);
    }

    pub(in crate::messenger) fn mine_saved(&mut self, account: &AccountId, fates: &[Fate]) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let chat = &mut buddy.chat;
        let staged = std::mem::take(&mut chat.staged);
        for (_, record) in &staged {
            chat.mine = (record.seq, Some(record.id));
            chat.outbox.push_back(Outgoing::of(record));
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
            self.tell_saved(&record, fate, true);
            self.answer(composed.number, Ok(Reply::Done));
        }
        self.dirty.insert(*account);
        self.pump(account);
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
        self.save_mine(account);
    }

    /// Sends what may go: in order, within the window.
    pub(in crate::messenger) fn pump(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some(link) = buddy.reach.up.last().copied() else { return };
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
            going.iter().filter(|(_, kind, _)| kind::has_line(*kind)).map(|(id, _, _)| id.to_string()).collect();
        for (_, _, body) in &going {
            self.seal(link, body);
        }
        if let Some(route) = route.filter(|_| !shown.is_empty()) {
            let delivery = Delivery::Sent { route };
            self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages: shown, delivery });
        }
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
    }

    /// A link speaks: what the other side has decides what still has to go.
    pub(in crate::messenger) fn greet_with_words(&mut self, account: &AccountId, have: Option<Seq>) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let chat = &mut buddy.chat;
        chat.wish = None;
        // More than I ever wrote: this profile is an older copy of itself. Numbers that are taken are not used again.
        if let Some(have) = have.filter(|have| *have > chat.mine.0) {
            chat.mine = (have, None);
        }
        if let Some(seen) = chat.last_seen.filter(|_| self.privacy.read_receipts) {
            let at = self.now.wall;
            self.say(account, &LinkBody::Read(seen, at));
        }
        self.pump(account);
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
        } else {
            self.out.push_back(Output::Fetch(*account, seq));
        }
        Ok(())
    }

    pub(in crate::messenger) fn fetched(&mut self, account: &AccountId, messages: Vec<MessageRecord>) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
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

    pub(in crate::messenger) fn cancel(&mut self, number: u64, buddy: &str, message: &str) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let too_late = || refuse(ErrorCode::TooLate, "it has left this computer");
        let unknown = || refuse(ErrorCode::Unknown, "no such message");
        let id = message_by_hex(message)?;
        let device = self.me.device.clone();
        let Some(buddy) = self.buddies.get_mut(&account) else { return Err(unknown()) };
        let chat = &mut buddy.chat;
        let outgoing = chat.outbox.iter().find(|outgoing| outgoing.id == id).ok_or_else(too_late)?;
        if outgoing.left || chat.voiding.is_some() || !chat.staged.is_empty() {
            return Err(too_late());
        }
        let content = outgoing.signed.peek().map_err(|_| unknown())?.void();
        let signed = Signed::make(&content, &device);
        let new = record_of(account, true, &content, &Body::Void, signed);
        chat.voiding = Some((number, id, new.clone()));
        self.save(Saving::Void(account), vec![Change::Void { old: id, new }]);
        Ok(None)
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
