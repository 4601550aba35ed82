//! The greeting on a new link: who is there, by which list, and how to seal for them.

use super::{super::*, *};

impl Messenger {
    pub(in crate::messenger) fn link_up(&mut self, id: LinkId, device: DeviceId, relayed: bool) {
        if !self.sociable() {
            return self.out.push_back(Output::Close(id));
        }
        let secret = KemSecret::random(self.suite, &mut self.rng);
        let public = secret.public();
        let account = self.account_of(&device);
        if let Some(buddy) = account.and_then(|account| self.buddies.get_mut(&account)) {
            buddy.reach.dialling = false;
        }
        let greeting = Greeting {
            account: self.me.account,
            device: self.me.device.device(),
            to: device,
            list: self.me.list.clone(),
            yours: account.and_then(|account| self.buddies.get(&account)).and_then(|buddy| buddy.record.pin),
            suite: self.suite,
            key: public.to_bytes().into(),
        };
        let greeting = Signed::make(&greeting, &self.me.device);
        let link = Link { device, account: None, relayed, secret, public, sealer: None, opener: None, up: false };
        self.links.insert(id, link);
        self.out.push_back(Output::Send(id, frame::encode(&LinkFrame::Greeting(Box::new(greeting)))));
        self.timers.set(self.now.mono + GREETING, Timer::Greeting(id));
    }

    pub(in crate::messenger) fn link_frame(&mut self, id: LinkId, bytes: &[u8]) {
        if !self.links.contains_key(&id) {
            return;
        }
        let done = match frame::decode::<LinkFrame>(bytes) {
            Ok(LinkFrame::Greeting(greeting)) => self.greeted(id, &greeting),
            Ok(LinkFrame::Key(enc)) => self.keyed(id, &enc),
            Ok(LinkFrame::Sealed(sealed)) => self.unseal(id, &sealed),
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => {}
            Err(
                ProtoError::FrameLen
                | ProtoError::Malformed
                | ProtoError::TooLong
                | ProtoError::BadSignature
                | ProtoError::BadSeal
                | ProtoError::SeqJump
                | ProtoError::WrongConversation
                | ProtoError::WrongRecipient,
            ) => {
                self.out.push_back(Output::Refuse(id));
                self.link_down(id);
            }
            // They may not know yet that we are no buddies, or be of another version.
            Err(_) => self.drop_link(id),
        }
    }

    /// The other side says who it is: believe it only as far as its device, its list and my pin agree.
    fn greeted(&mut self, id: LinkId, signed: &Signed<Greeting>) -> Result<(), ProtoError> {
        let link = self.links.get(&id).filter(|link| link.sealer.is_none()).ok_or(ProtoError::Malformed)?;
        let device = link.device;
        let greeting = signed.open(device.bytes())?;
        if greeting.device != device || greeting.to != self.me.device.device() {
            return Err(ProtoError::WrongRecipient);
        }
        let account = greeting.account;
        let buddy = self.buddies.get(&account).filter(|buddy| buddy.friendly()).ok_or(ProtoError::UnknownDevice)?;
        let pin = buddy.record.pin;
        if buddy.record.suite.is_some_and(|seen| greeting.suite < seen) {
            return Err(ProtoError::SuiteDowngrade);
        }
        match device_list::check(&account, pin.as_ref(), &greeting.list) {
            Ok((list, _)) => list.admit(&device)?,
            // Signed by the key that is pinned, and so worth following. Another key is only the server's to show.
            Err(error @ (ProtoError::ForkedDeviceList | ProtoError::ChainGap)) => {
                self.follow_lists(&account, std::slice::from_ref(&greeting.list));
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        if let Some(mine) = greeting.yours
            && (mine.version == self.me.pin.version && mine.hash != self.me.pin.hash || mine.key != self.me.pin.key)
        {
            self.tell(Event::Notice { notice: Notice::ForkedKeys { buddy: account.to_string() } });
            return Err(ProtoError::ForkedDeviceList);
        }
        self.follow_lists(&account, std::slice::from_ref(&greeting.list));
        let suite_is_news = self.buddies.get(&account).is_some_and(|buddy| buddy.record.suite != Some(greeting.suite));
        if let Some(buddy) = self.buddies.get_mut(&account).filter(|_| suite_is_news) {
            buddy.record.suite = Some(greeting.suite);
            self.keep(&account);
        }
        let key = KemPublic::parse(greeting.suite, &greeting.key)?;
        let (sealer, enc) = LinkSealer::new(&key, &device, &mut self.rng)?;
        if let Some(link) = self.links.get_mut(&id) {
            link.account = Some(account);
            link.sealer = Some(sealer);
        }
        self.out.push_back(Output::Send(id, frame::encode(&LinkFrame::Key(enc.into()))));
        let have = self.buddies.get(&account).and_then(|buddy| buddy.chat.have(&device));
        let status = self.status_body(have);
        self.seal(id, &status);
        Ok(())
    }

    fn keyed(&mut self, id: LinkId, enc: &[u8]) -> Result<(), ProtoError> {
        let us = self.me.device.device();
        let link = self.links.get_mut(&id).ok_or(ProtoError::Malformed)?;
        if link.opener.is_some() || link.sealer.is_none() {
            return Err(ProtoError::Malformed);
        }
        link.opener = Some(LinkOpener::new(&link.secret, &link.public, &us, enc)?);
        Ok(())
    }

    fn unseal(&mut self, id: LinkId, sealed: &[u8]) -> Result<(), ProtoError> {
        let link = self.links.get_mut(&id).ok_or(ProtoError::Malformed)?;
        let (Some(opener), Some(account)) = (&mut link.opener, link.account) else { return Err(ProtoError::Malformed) };
        let Some(body) = frame::decode_known::<LinkBody>(&opener.open(sealed)?)? else { return Ok(()) };
        let (device, up) = (link.device, link.up);
        // They may have been blocked, removed or doubted since they were greeted.
        if !self.buddies.get(&account).is_some_and(Buddy::friendly) {
            return Err(ProtoError::UnknownDevice);
        }
        match body {
            LinkBody::Status { name, mood, text, capabilities, have } => {
                self.status_told(&account, &name, mood, &text, capabilities);
                if up { Ok(()) } else { self.speaks(id, account, have) }
            }
            _ if !up => Err(ProtoError::Malformed),
            LinkBody::Content(content) => self.content_arrived(&account, &device, content, false),
            LinkBody::Delivered(ids) => self.delivered(&account, &ids),
            LinkBody::Read(message, _) => self.read_there(&account, &message),
            LinkBody::Refused(message, code) => self.refused_there(&account, &message, code),
            LinkBody::Want(seq) => self.wanted(&account, seq),
            LinkBody::Typing(active) => self.typing_told(&account, active),
            LinkBody::Token { token, made_ms } => {
                self.token_told(&account, token, made_ms);
                Ok(())
            }
            LinkBody::Call(call, signal) => self.call_told(account, device, call, signal),
            LinkBody::Bye => self.said_bye(&account),
        }
    }

    /// A link may speak from now on, and is the one that does.
    fn speaks(&mut self, id: LinkId, account: AccountId, have: Option<Seq>) -> Result<(), ProtoError> {
        let mine = self.buddies.get(&account).map_or(0, |buddy| buddy.chat.written());
        if have.is_some_and(|have| have > mine.saturating_add(MAX_SEQ_JUMP)) {
            return Err(ProtoError::SeqJump);
        }
        if let Some(link) = self.links.get_mut(&id) {
            link.up = true;
        }
        let now = self.now;
        let Some(buddy) = self.buddies.get_mut(&account) else { return Ok(()) };
        buddy.reach.up.push(id);
        buddy.reach.attempts = 0;
        buddy.reach.lost_at = None;
        buddy.reach.doubted = false;
        buddy.record.last_seen_ms = now.wall;
        buddy.chat.link_changed();
        if buddy.reach.up.len() > 1 {
            self.timers.reset(now.mono + SURPLUS, Timer::Surplus(account));
        }
        self.dirty.insert(account);
        self.greet_with_words(&account, have);
        self.calls.link_up(now, &account);
        Ok(())
    }

    pub(in crate::messenger) fn greeting_overdue(&mut self, id: LinkId) {
        if self.links.get(&id).is_some_and(|link| !link.up) {
            self.drop_link(id);
        }
    }
}
