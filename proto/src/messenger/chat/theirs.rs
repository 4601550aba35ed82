//! Theirs, inwards: checked, saved, shown, and then confirmed.

use super::{super::*, *};

impl Messenger {
    pub(in crate::messenger) fn content_arrived(
        &mut self,
        account: &AccountId,
        device: &DeviceId,
        signed: Signed<Content>,
        by_letter: bool,
    ) -> Result<(), ProtoError> {
        let (now, my_key) = (self.now, self.me.account_key);
        let Some(buddy) = self.buddies.get_mut(account) else { return Ok(()) };
        let Some(pin) = buddy.record.pin else { return Err(ProtoError::UnknownDevice) };
        let conversation = ConversationId::between(&my_key, &pin.key);
        let (content, refused) = match content::check(&signed, &conversation, account, device) {
            Ok(content) => (content, None),
            // Of the right author and place: its place is kept, so that what follows can come.
            Err(error @ ProtoError::BodyTooLong) => {
                (content::placed(&signed, &conversation, account, device)?, Some(error))
            }
            Err(error) => return Err(error),
        };
        let chat = &mut buddy.chat;
        let saved = chat.have(device).unwrap_or(0);
        let last = chat.arrivals.back().or(chat.arriving.last());
        let tail = last.filter(|last| last.record.device == *device).map_or(saved, |last| last.record.seq.max(saved));
        if content.seq > tail + 1 {
            if content.seq - tail > MAX_SEQ_JUMP {
                return Err(ProtoError::SeqJump);
            }
            if by_letter {
                buddy.post.want = Some(tail + 1);
                self.consider_mail(account);
            } else if chat.wanted != Some(tail + 1) {
                chat.wanted = Some(tail + 1);
                self.say(account, &LinkBody::Want(tail + 1));
            }
            return Ok(());
        }
        if chat.arrivals.len() >= MAX_ARRIVALS {
            return Ok(());
        }
        let body = content.read().unwrap_or(Body::Void);
        let mut record = record_of(*account, false, &content, &body, signed);
        if refused.is_some() {
            (record.kind, record.signed) = (kind::VOID, Signed::from_parts(Vec::new(), [0; 64]));
        }
        record.hlc = content.hlc.clamped(now.wall);
        if content.seq > tail {
            // A clock that is far ahead is set back, but never behind what the same device said before.
            let before = chat.their_hlc.get(device).map_or(Hlc(0), |last| Hlc(last.0.saturating_add(1)));
            record.hlc = record.hlc.max(before);
            chat.their_hlc.insert(*device, record.hlc);
        }
        record.sent_ms = content.sent_ms.min(Hlc(u64::MAX).clamped(now.wall).0 >> 16);
        chat.hlc = chat.hlc.max(record.hlc);
        chat.arrivals.push_back(Arrival { record, refused, by_letter });
        self.save_theirs(account);
        Ok(())
    }

    pub(in crate::messenger) fn save_theirs(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let chat = &mut buddy.chat;
        if !chat.arriving.is_empty() || chat.arrivals.is_empty() {
            return;
        }
        chat.arriving = chat.arrivals.drain(..).collect();
        let mut changes: Vec<_> = chat.arriving.iter().map(|arrival| Change::Message(arrival.record.clone())).collect();
        // A receipt that can't go now must go later, whatever happens.
        let owed = chat.arriving.iter().filter(|arrival| arrival.by_letter && arrival.refused.is_none());
        let owed: Vec<_> = owed.map(|arrival| arrival.record.id).collect();
        if !owed.is_empty() {
            changes.push(Change::Owe(*account, owed));
        }
        self.save(Saving::Theirs(*account), changes);
    }

    pub(in crate::messenger) fn theirs_saved(&mut self, account: &AccountId, fates: &[Fate]) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let chat = &mut buddy.chat;
        let arriving = std::mem::take(&mut chat.arriving);
        let mut receipt = Vec::new();
        let mut refused = Vec::new();
        let mut conflict = false;
        let mut arrived = Vec::new();
        let mut not_owed = Vec::new();
        for (Arrival { record, refused: why, by_letter }, fate) in arriving.into_iter().zip(fates) {
            let id = record.id;
            match fate {
                Fate::Done | Fate::Shown(_) => {
                    let tail = chat.theirs.entry(record.device).or_default();
                    *tail = (*tail).max(record.seq);
                    if kind::has_line(record.kind) {
                        chat.unread += u32::from(record.is_news());
                        chat.last_message_ms = record.sent_ms;
                        chat.last_from_them = Some(record.id);
                    }
                    arrived.push((record, fate));
                }
                Fate::Known => {}
                // They have forgotten what they said there; the first stays, and nobody says anything else.
                Fate::Conflict if record.kind == kind::VOID && why.is_none() => {}
                Fate::Conflict => {
                    conflict |= !std::mem::replace(&mut chat.equivocated, true);
                    not_owed.extend(by_letter.then_some(id));
                    refused.push((id, ProtoError::Equivocation, by_letter));
                    continue;
                }
            }
            match why {
                Some(error) => refused.push((id, error, by_letter)),
                None if by_letter => drop(buddy.post.owed.insert(id)),
                None => receipt.push(id),
            }
        }
        if chat.wanted.is_some_and(|wanted| chat.theirs.values().any(|tail| *tail >= wanted)) {
            chat.wanted = None;
        }
        let filled = buddy.post.want.take_if(|wanted| chat.theirs.values().any(|tail| tail >= wanted)).is_some();
        if !arrived.is_empty() {
            buddy.typing = false;
            self.dirty.insert(*account);
        }
        for (record, fate) in arrived {
            self.tell_saved(&record, Some(fate), false);
        }
        for ids in receipt.chunks(MAX_RECEIPT) {
            self.say(account, &LinkBody::Delivered(ids.to_vec()));
        }
        for (id, error, by_letter) in refused {
            let code = format!("{error:?}");
            if !self.say(account, &LinkBody::Refused(id, code.clone())) && by_letter {
                self.refuse_by_letter(account, id, code);
            }
        }
        if !not_owed.is_empty() {
            self.note(vec![Change::Paid(not_owed)]);
        }
        self.pay_receipts(account);
        if conflict {
            self.tell(Event::Notice { notice: Notice::Equivocation { buddy: account.to_string() } });
        }
        if filled {
            self.read_held(account);
        }
        self.letter_saved(account, true);
        self.save_theirs(account);
    }

    /// Nothing is confirmed; they send it again.
    pub(in crate::messenger) fn theirs_not_saved(&mut self, account: &AccountId) {
        if let Some(buddy) = self.buddies.get_mut(account) {
            buddy.chat.arriving.clear();
            buddy.chat.arrivals.clear();
            buddy.chat.their_hlc.clear();
            buddy.chat.wanted = None;
        }
        self.letter_saved(account, false);
    }

    pub(in crate::messenger) fn mark_read(&mut self, buddy: &str) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let at = self.now.wall;
        let Some(buddy) = self.buddies.get_mut(&account) else { return Ok(None) };
        if buddy.chat.unread > 0 {
            buddy.chat.unread = 0;
            buddy.chat.last_seen = buddy.chat.last_from_them;
            let seen = buddy.chat.last_seen;
            self.dirty.insert(account);
            self.note(vec![Change::Seen(account)]);
            if let Some(seen) = seen.filter(|_| self.privacy.read_receipts) {
                if self.say(&account, &LinkBody::Read(seen, at)) {
                    self.told_of(&account, seen);
                } else if let Some(buddy) = self.buddies.get_mut(&account) {
                    buddy.post.read = true;
                    self.consider_mail(&account);
                }
            }
        }
        Ok(Some(Reply::Done))
    }

    /// They know that I have seen this.
    pub(super) fn told_of(&mut self, account: &AccountId, seen: MessageId) {
        if let Some(buddy) = self.buddies.get_mut(account) {
            buddy.post.told_of = Some(seen);
            buddy.post.read = false;
        }
    }

    pub(in crate::messenger) fn typing(&mut self, buddy: &str, active: bool) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        if self.privacy.typing {
            self.say(&account, &LinkBody::Typing(active));
        }
        Ok(Some(Reply::Done))
    }

    pub(in crate::messenger) fn save_draft(&mut self, number: u64, buddy: &str, text: String) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let text = text.chars().take(MAX_DRAFT).collect();
        self.save(Saving::Command(number, Box::new(Reply::Done)), vec![Change::Draft(account, text)]);
        Ok(None)
    }

    /// The conversation is forgotten here; what still waits to go goes all the same.
    pub(in crate::messenger) fn forget_conversation(&mut self, number: u64, buddy: &str) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        if let Some(buddy) = self.buddies.get_mut(&account) {
            buddy.chat.unread = 0;
            buddy.chat.last_message_ms = 0;
            self.dirty.insert(account);
        }
        self.save(Saving::Forgetting(number, account), vec![Change::ForgetConversation(account)]);
        Ok(None)
    }

    pub(in crate::messenger) fn set_privacy(&mut self, number: u64, privacy: Privacy) -> Outcome {
        if self.privacy.typing && !privacy.typing {
            let linked: Vec<_> = self.buddies.keys().copied().collect();
            linked.iter().for_each(|account| {
                self.say(account, &LinkBody::Typing(false));
            });
        }
        self.privacy = privacy;
        self.show_me();
        self.save(Saving::Command(number, Box::new(Reply::Done)), vec![Change::Privacy(privacy)]);
        Ok(None)
    }
}
