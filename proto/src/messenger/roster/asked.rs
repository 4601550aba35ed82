//! What a person asks of the roster: status, asking, answering, blocking, parting, naming, verifying, inviting.

use super::{super::*, *};

impl Messenger {
    pub(in crate::messenger) fn set_status(&mut self, availability: Availability, text: &str) -> Outcome {
        let hidden = |availability| availability == Availability::Invisible;
        let turned = hidden(self.availability) != hidden(availability);
        let leaving = turned && hidden(availability);
        if leaving {
            self.say_bye_to_all();
        }
        self.availability = availability;
        self.status_text = text.chars().filter(|c| !c.is_control()).take(MAX_STATUS).collect();
        self.note(vec![Change::Status(availability, self.status_text.clone())]);
        self.show_me();
        if turned {
            self.publish_presence();
            self.dirty.extend(self.buddies.keys());
            if !leaving {
                self.dial_everyone();
                self.look_for_mail();
            }
        } else {
            self.tell_status_to_all();
        }
        Ok(Some(Reply::Done))
    }

    pub(in crate::messenger) fn add_by_name(&mut self, number: u64, name: &str, note: String) -> Outcome {
        let name = UserName::parse(name).map_err(|_| refuse(ErrorCode::BadName, "not a user name"))?;
        if note.chars().count() > MAX_NOTE {
            return Err(refuse(ErrorCode::BadText, "the note is too long"));
        }
        self.look_up_to_ask(Asking { number, name, note, key: None, token: None })
    }

    pub(in crate::messenger) fn add_by_invite(&mut self, number: u64, link: &str) -> Outcome {
        let invite = Invite::parse(link).map_err(|_| refuse(ErrorCode::BadInvite, "not an invite link"))?;
        if invite.server.key != self.me.server.key {
            return Err(refuse(ErrorCode::BadInvite, "the invite is for another server"));
        }
        let asking =
            Asking { number, name: invite.name, note: String::new(), key: Some(invite.key), token: Some(invite.token) };
        self.look_up_to_ask(asking)
    }

    fn look_up_to_ask(&mut self, asking: Asking) -> Outcome {
        let account = AccountId::derive(&self.me.server.key, asking.name.as_str());
        if account == self.me.account {
            return Err(refuse(ErrorCode::Yourself, "that is you"));
        }
        match self.buddies.get(&account).map(|buddy| buddy.record.relation) {
            Some(Relation::Buddy) => {
                return Err(refuse(ErrorCode::AlreadyBuddies, "already buddies"));
            }
            Some(Relation::Asked) if asking.token.is_none() => {
                return Err(refuse(ErrorCode::AlreadyAsked, "a request is waiting already"));
            }
            None if self.buddies.len() >= MAX_BUDDIES => {
                return Err(refuse(ErrorCode::TooManyBuddies, "the roster is full"));
            }
            Some(Relation::Asked | Relation::Blocked | Relation::Former) | None => {}
        }
        // Both ask at once: the request that is here is answered instead.
        if self.requests.contains_key(&account) {
            return self.accept(asking.number, &account.to_string());
        }
        self.look_up(account, asking)
    }

    /// The server has taken a request: remember whom I asked, with the keys found for them.
    pub(in crate::messenger) fn asked(
        &mut self,
        account: AccountId,
        asking: &Asking,
        found: Found,
        delivery: Option<TokenRecord>,
    ) {
        let mut record = match self.buddies.get(&account) {
            Some(buddy) => buddy.record.clone(),
            None => stranger(account, asking.name.as_str(), Relation::Asked),
        };
        record.relation = Relation::Asked;
        record.verified |= asking.key.is_some();
        record.my_token = record.my_token.or(delivery);
        self.take_in(record, found.list, found.pin);
        if delivery.is_some() {
            self.keep_tokens(vec![account]);
        }
    }

    pub(in crate::messenger) fn replace(&mut self, record: BuddyRecord) {
        if let Some(buddy) = self.buddies.get_mut(&record.account) {
            buddy.list = record.list.as_ref().and_then(|list| list.peek().ok());
            buddy.record = record;
            let devices: Vec<_> = buddy.list.iter().flat_map(|list| &list.devices).map(|device| device.id).collect();
            let account = buddy.record.account;
            for device in devices {
                self.devices.entry(device).or_default().insert(account);
            }
        }
    }

    pub(in crate::messenger) fn accept(&mut self, number: u64, buddy: &str) -> Outcome {
        let account = AccountId::parse(buddy).map_err(|_| unknown())?;
        self.requests.contains_key(&account).then_some(()).ok_or_else(unknown)?;
        self.call_for(number, Call::Accept { from: account }, account)
    }

    /// The server knows that I said yes.
    pub(in crate::messenger) fn accepted(&mut self, account: &AccountId) {
        let Some(request) = self.requests.remove(account) else { return };
        self.admit(request, false);
    }

    /// Makes a buddy of someone who asked.
    pub(in crate::messenger) fn admit(&mut self, request: RequestRecord, verified: bool) {
        let account = request.account;
        let Ok((_, pin)) = device_list::check(&account, None, &request.list) else { return };
        let mut record = match self.buddies.get(&account) {
            Some(buddy) => buddy.record.clone(),
            None => stranger(account, &request.name, Relation::Buddy),
        };
        record.relation = Relation::Buddy;
        record.name = request.name;
        record.verified |= verified;
        record.their_token = request.delivery.or(record.their_token);
        self.take_in(record, request.list, pin);
        if let Some(buddy) = self.buddies.get_mut(&account) {
            buddy.post.introduce = true;
        }
        self.give_tokens();
        self.consider_mail(&account);
        self.note(vec![Change::ForgetRequest(account)]);
        self.tell(Event::RequestGone { id: account.to_string() });
    }

    /// Keeps someone with a list that came with a request. What was pinned before goes on to count: an older list of
    /// theirs changes nothing, and another key is an alarm until the person has compared it.
    fn take_in(&mut self, mut record: BuddyRecord, list: Signed<DeviceList>, pin: Pin) {
        let account = record.account;
        let mut offered = None;
        match record.pin {
            Some(known) if known.key != pin.key => {
                record.key_alarm = true;
                record.verified = false;
                offered = Some((list, pin));
            }
            Some(known) if known.version >= pin.version => {}
            Some(_) | None => {
                record.pin = Some(pin);
                record.list = Some(list);
            }
        }
        if self.buddies.contains_key(&account) {
            self.replace(record)
        } else {
            self.enrol(record)
        }
        if let Some(buddy) = self.buddies.get_mut(&account) {
            buddy.offered = offered;
        }
        self.keep(&account);
    }

    pub(in crate::messenger) fn decline(&mut self, number: u64, buddy: &str) -> Outcome {
        let account = AccountId::parse(buddy).map_err(|_| unknown())?;
        self.requests.contains_key(&account).then_some(()).ok_or_else(unknown)?;
        self.call_for(number, Call::Decline { from: account }, account)
    }

    pub(in crate::messenger) fn declined(&mut self, account: &AccountId) {
        if self.requests.remove(account).is_some() {
            self.note(vec![Change::ForgetRequest(*account)]);
            self.tell(Event::RequestGone { id: account.to_string() });
        }
    }

    /// Works without the server: it is told at the next welcome if it is not there now.
    pub(in crate::messenger) fn block(&mut self, buddy: &str) -> Outcome {
        let account = AccountId::parse(buddy).map_err(|_| unknown())?;
        if !self.buddies.contains_key(&account) {
            let request = self.requests.get(&account).ok_or_else(unknown)?;
            let mut record = stranger(account, &request.name, Relation::Blocked);
            record.list = Some(request.list.clone());
            self.enrol(record);
        }
        self.declined(&account);
        self.part(&account, Relation::Blocked, Call::Block { other: account });
        Ok(Some(Reply::Done))
    }

    pub(in crate::messenger) fn unblock(&mut self, buddy: &str) -> Outcome {
        let record = &self.buddy_by_hex(buddy)?.record;
        if record.relation != Relation::Blocked {
            return Err(unknown());
        }
        let account = record.account;
        self.part(&account, Relation::Former, Call::Unblock { other: account });
        Ok(Some(Reply::Done))
    }

    pub(in crate::messenger) fn remove(&mut self, buddy: &str) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        self.part(&account, Relation::Former, Call::Remove { other: account });
        Ok(Some(Reply::Done))
    }

    fn part(&mut self, account: &AccountId, relation: Relation, call: Call) {
        self.hang_up_on(account);
        if let Some(buddy) = self.buddies.get_mut(account) {
            buddy.record.relation = relation;
            buddy.presence = None;
        }
        self.end_mail(account);
        self.keep(account);
        self.tell_server(&call);
        self.revoke_tokens();
    }

    pub(in crate::messenger) fn rename(&mut self, buddy: &str, alias: String) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        if alias.chars().count() > 64 || alias.chars().any(char::is_control) {
            return Err(refuse(ErrorCode::BadText, "the name is too long"));
        }
        if let Some(buddy) = self.buddies.get_mut(&account) {
            buddy.record.alias = alias.trim().into();
        }
        self.keep(&account);
        Ok(Some(Reply::Done))
    }

    /// I compared this very number. Where the key had changed, this is how the new one is taken.
    pub(in crate::messenger) fn verify(&mut self, buddy: &str, number: &[String]) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let shown = self.safety_number(buddy).ok_or_else(unknown)?;
        if !SafetyNumber(shown.groups).same(&SafetyNumber(number.to_vec())) {
            return Err(refuse(ErrorCode::KeyChanged, "the key has changed since that number was shown"));
        }
        if let Some(buddy) = self.buddies.get_mut(&account)
            && let Some((list, pin)) = buddy.offered.take()
        {
            buddy.chat.begin_again();
            let record = BuddyRecord { pin: Some(pin), list: Some(list), suite: None, ..buddy.record.clone() };
            self.replace(record);
        }
        if let Some(buddy) = self.buddies.get_mut(&account) {
            buddy.record.key_alarm = false;
            buddy.record.verified = true;
        }
        self.keep(&account);
        self.dial(&account);
        self.consider_mail(&account);
        Ok(Some(Reply::Done))
    }

    pub(in crate::messenger) fn create_invite(&mut self, number: u64) -> Outcome {
        let mut token: Token = [0; 16];
        self.rng.fill_bytes(&mut token);
        let expires_ms = self.now.wall + invite::VALID;
        let record = InviteRecord { token, expires_ms };
        let invite =
            Invite { server: self.me.server.clone(), name: self.me.name.clone(), key: self.me.account_key, token };
        self.invites.push(record.clone());
        // The QR code is drawn by whoever shows it.
        let reply =
            Reply::Invite { link: invite.to_string(), qr_path: String::new(), qr_size: 0, expires_ms: ms(expires_ms) };
        self.save(Saving::Command(number, Box::new(reply)), vec![Change::Invite(record)]);
        Ok(None)
    }
}
