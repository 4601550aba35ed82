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

    pub(in crate::messenger) fn compose(
        &mut self,
        number: u64,
        buddy: &str,
        body: Body,
        path: Option<PathBuf>,
    ) -> Outcome {
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
        let has_line = kind::has_line(record.kind);
        let message = match fate {
            Some(Fate::Shown(shown)) => self.message_view(shown),
            _ if has_line => self.message_view(&ShownMessage::from(record.clone())),
            _ => return,
        };
        self.tell(match (has_line, mine) {
            (false, _) => Event::MessageChanged { message },
            (true, true) => Event::MessageQueued { message },
            (true, false) => Event::MessageArrived { message },
        });
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
        let changes = Self::for_good(chat, &chat.leaving);
        self.save(Saving::Leaving(*account), changes);
    }

    /// What lies in the mailbox of these is there for good.
    fn for_good(chat: &Chat, ids: &[MessageId]) -> Vec<Change> {
        let mut since: BTreeMap<Millis, Vec<MessageId>> = BTreeMap::new();
        for outgoing in chat.outbox.iter().filter(|outgoing| ids.contains(&outgoing.id)) {
            if let Some((_, at)) = outgoing.posted {
                since.entry(at).or_default().push(outgoing.id);
            }
        }
        since.into_iter().map(|(at, ids)| Change::Posted(ids, LetterId::for_good(), at)).collect()
    }

    /// Where the disk would not take it, it is tried again; the messages don't wait for that.
    pub(in crate::messenger) fn leaving_saved(&mut self, account: &AccountId, saved: bool) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let leaving = std::mem::take(&mut buddy.chat.leaving);
        for outgoing in buddy.chat.outbox.iter_mut().filter(|outgoing| leaving.contains(&outgoing.id)) {
            outgoing.left = true;
        }
        if !saved {
            let changes = Self::for_good(&buddy.chat, &leaving);
            self.save_later(changes);
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
}

pub(super) fn message_by_hex(hex: &str) -> Result<MessageId, CommandError> {
    MessageId::parse(hex).map_err(|_| refuse(ErrorCode::Unknown, "no such message"))
}

fn checked(text: String) -> Result<String, CommandError> {
    if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
        return Err(refuse(ErrorCode::BadText, "a message has 1 to 16,000 characters"));
    }
    Ok(text)
}
