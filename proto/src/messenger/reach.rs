//! Reaching buddies: dialling, the greeting on a new link, and what a link's coming and going means.
//!
//! A buddy may have several links at once (both dialled, or one is dead and nobody knows yet). All are read; the newest
//! speaks; some seconds later the device with the lower key closes the others.

use super::{Messenger, Output, clock::Timer, roster::Buddy};
use crate::{
    content::{MAX_SEQ_JUMP, Seq},
    device_list,
    error::ProtoError,
    frame,
    id::{AccountId, DeviceId, LinkId, Millis},
    link::{Greeting, LinkBody, LinkFrame, MAX_STATUS, Mood},
    presence::Capabilities,
    seal::{KemPublic, KemSecret, LinkOpener, LinkSealer},
    server::Call,
    sign::Signed,
    view::{Availability, Event, Notice, Relation, ServerState},
};

/// How long a greeting may take.
const GREETING: Millis = 10_000;
/// How long links beside the newest are kept.
const SURPLUS: Millis = 10_000;
/// How long a buddy whose link broke counts as about to come back.
const LOST: Millis = 45_000;
/// The longest wait between two dials.
const MAX_DIAL_WAIT: Millis = 60_000;

/// How a buddy is reached.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Links that may speak, oldest first; the last one does.
    pub up: Vec<LinkId>,
    pub dialling: bool,
    /// Dials that failed in a row.
    pub attempts: u32,
    /// When the last link broke without a goodbye.
    pub lost_at: Option<Millis>,
    /// The server says they are there, but they were not found for a while.
    pub doubted: bool,
}

/// A link to a device.
pub(super) struct Link {
    pub device: DeviceId,
    account: Option<AccountId>,
    pub relayed: bool,
    secret: KemSecret,
    public: KemPublic,
    sealer: Option<LinkSealer>,
    opener: Option<LinkOpener>,
    /// Their first status has come: words may pass.
    up: bool,
}

impl Messenger {
    pub(super) fn link_up(&mut self, id: LinkId, device: DeviceId, relayed: bool) {
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

    pub(super) fn link_frame(&mut self, id: LinkId, bytes: &[u8]) {
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
        Ok(())
    }

    fn status_body(&self, have: Option<u64>) -> LinkBody {
        LinkBody::Status {
            name: self.me.name.as_str().into(),
            mood: match self.availability {
                Availability::Here | Availability::Invisible => Mood::Here,
                Availability::Away => Mood::Away,
                Availability::Busy => Mood::Busy,
            },
            text: self.status_text.clone(),
            capabilities: self.capabilities,
            have,
        }
    }

    fn status_told(&mut self, account: &AccountId, name: &str, mood: Mood, text: &str, capabilities: Capabilities) {
        self.name_learnt(account, name);
        if let Some(buddy) = self.buddies.get_mut(account) {
            buddy.mood = mood;
            buddy.status_text = text.chars().filter(|c| !c.is_control()).take(MAX_STATUS).collect();
            buddy.capabilities = capabilities;
            self.dirty.insert(*account);
        }
    }

    pub(super) fn tell_status_to_all(&mut self) {
        let status = self.status_body(None);
        let speaking: Vec<_> = self.buddies.values().filter_map(|buddy| buddy.reach.up.last().copied()).collect();
        speaking.into_iter().for_each(|link| self.seal(link, &status));
    }

    /// Seals and sends on one link. A link that can't seal is of no use.
    pub(super) fn seal(&mut self, id: LinkId, body: &LinkBody) {
        let sealed =
            self.links.get_mut(&id).and_then(|link| link.sealer.as_mut()).map(|s| s.seal(&frame::encode(body)));
        match sealed {
            Some(Ok(sealed)) => self.out.push_back(Output::Send(id, frame::encode(&LinkFrame::Sealed(sealed.into())))),
            Some(Err(_)) => self.drop_link(id),
            None => {}
        }
    }

    /// Sends to a buddy on the link that speaks; false where there is none.
    pub(super) fn say(&mut self, account: &AccountId, body: &LinkBody) -> bool {
        let link = self.buddies.get(account).and_then(|buddy| buddy.reach.up.last().copied());
        link.map(|link| self.seal(link, body)).is_some()
    }

    pub(super) fn link_down(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        // A link that was refused in its greeting belongs to nobody; but I may have dialled it.
        let account = link.account.or_else(|| self.account_of(&link.device));
        let Some(account) = account else { return };
        let Some(buddy) = self.buddies.get_mut(&account) else { return };
        buddy.reach.dialling = false;
        let spoke = buddy.reach.up.last() == Some(&id);
        buddy.reach.up.retain(|other| *other != id);
        if spoke {
            buddy.chat.link_changed();
        }
        if !buddy.reach.up.is_empty() {
            self.pump(&account);
            return;
        }
        if spoke {
            buddy.typing = false;
            buddy.record.last_seen_ms = self.now.wall;
            buddy.reach.lost_at = Some(self.now.mono);
            self.timers.reset(self.now.mono + LOST, Timer::Lost(account));
            self.keep(&account);
        } else {
            buddy.reach.attempts = buddy.reach.attempts.saturating_add(1);
        }
        self.consider_mail(&account);
        self.redial(&account);
    }

    /// Dials again after a while: soon where a link just broke, the lower device first so that both don't at once.
    fn redial(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get(account) else { return };
        let Some(device) = buddy.device() else { return };
        let attempts = buddy.reach.attempts;
        let step = if attempts == 0 {
            if self.me.device.device() < device { 50 } else { 1_000 }
        } else {
            (500 << attempts.min(7)).min(MAX_DIAL_WAIT)
        };
        let wait = step + self.jitter(step);
        self.timers.reset(self.now.mono + wait, Timer::Dial(*account));
    }

    /// Dials a buddy who is said to be there and has no link.
    pub(super) fn dial(&mut self, account: &AccountId) {
        if !self.sociable() {
            return;
        }
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        if !buddy.friendly() || buddy.reach.dialling || !buddy.reach.up.is_empty() {
            return;
        }
        let (Some(device), Some(presence)) = (buddy.device(), &buddy.presence) else { return };
        buddy.reach.dialling = true;
        self.dials.insert(device, *account);
        let relay = presence.behind_nat || buddy.reach.attempts > 0;
        self.out.push_back(Output::Dial { device, addresses: presence.addresses.clone(), relay });
        if relay {
            self.tell_server(&Call::Nudge { buddy: *account });
        }
    }

    pub(super) fn dial_everyone(&mut self) {
        let everyone: Vec<_> = self.buddies.keys().copied().collect();
        everyone.iter().for_each(|account| self.dial(account));
    }

    pub(super) fn dial_failed(&mut self, device: &DeviceId) {
        let Some(account) = self.account_of(device) else { return };
        let Some(buddy) = self.buddies.get_mut(&account) else { return };
        buddy.reach.dialling = false;
        buddy.reach.attempts = buddy.reach.attempts.saturating_add(1);
        self.consider_mail(&account);
        self.redial(&account);
    }

    pub(super) fn greeting_overdue(&mut self, id: LinkId) {
        if self.links.get(&id).is_some_and(|link| !link.up) {
            self.drop_link(id);
        }
    }

    /// Closes a link by our own will.
    pub(super) fn drop_link(&mut self, id: LinkId) {
        if self.links.contains_key(&id) {
            self.out.push_back(Output::Close(id));
            self.link_down(id);
        }
    }

    pub(super) fn close_surplus(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get(account) else { return };
        if buddy.device().is_none_or(|device| device < self.me.device.device()) {
            return;
        }
        let surplus: Vec<_> = buddy.reach.up.iter().rev().skip(1).copied().collect();
        surplus.into_iter().for_each(|link| self.drop_link(link));
    }

    pub(super) fn lost_for_good(&mut self, account: &AccountId) {
        let now = self.now.mono;
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        if buddy.reach.lost_at.is_some_and(|at| at + LOST <= now) {
            buddy.reach.lost_at = None;
            buddy.reach.doubted = true;
            self.dirty.insert(*account);
        }
    }

    /// They are leaving: offline at once, without the wait for a broken link.
    fn said_bye(&mut self, account: &AccountId) -> Result<(), ProtoError> {
        let Some(buddy) = self.buddies.get_mut(account) else { return Ok(()) };
        buddy.presence = None;
        self.part_ways(account);
        self.consider_mail(account);
        Ok(())
    }

    /// Says goodbye to one and closes.
    pub(super) fn hang_up_on(&mut self, account: &AccountId) {
        if self.say(account, &LinkBody::Bye) {
            self.part_ways(account);
        }
        let half_open: Vec<_> =
            self.links.iter().filter(|(_, link)| link.account == Some(*account)).map(|(id, _)| *id).collect();
        half_open.into_iter().for_each(|link| self.drop_link(link));
    }

    fn part_ways(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        buddy.record.last_seen_ms = self.now.wall;
        for link in std::mem::take(&mut buddy.reach.up) {
            self.links.remove(&link);
            self.out.push_back(Output::Close(link));
        }
        if let Some(buddy) = self.buddies.get_mut(account) {
            buddy.reach.lost_at = None;
            buddy.typing = false;
            buddy.chat.link_changed();
        }
        self.keep(account);
    }

    pub(super) fn say_bye_to_all(&mut self) {
        let linked: Vec<_> = self
            .buddies
            .values()
            .filter(|buddy| !buddy.reach.up.is_empty())
            .map(|buddy| buddy.record.account)
            .collect();
        linked.iter().for_each(|account| self.hang_up_on(account));
        let rest: Vec<_> = self.links.keys().copied().collect();
        rest.into_iter().for_each(|link| self.drop_link(link));
    }

    /// Whatever was up before the sleep is not to be trusted: begin again.
    pub(super) fn woke(&mut self) {
        let links: Vec<_> = self.links.keys().copied().collect();
        links.into_iter().for_each(|link| self.drop_link(link));
        for buddy in self.buddies.values_mut() {
            buddy.reach.attempts = 0;
        }
        if self.server_state != ServerState::Superseded && !self.leaving {
            self.out.push_back(Output::ServerClose { again: true });
        }
        self.dial_everyone();
    }

    pub(super) fn typing_told(&mut self, account: &AccountId, active: bool) -> Result<(), ProtoError> {
        const ENDS: Millis = 8_000;
        // Who keeps their own typing to themselves is not shown the others'.
        if let Some(buddy) = self.buddies.get_mut(account).filter(|_| self.privacy.typing) {
            buddy.typing = active && buddy.record.relation == Relation::Buddy;
            self.dirty.insert(*account);
            self.timers.reset(self.now.mono + ENDS, Timer::TypingEnds(*account));
        }
        Ok(())
    }

    pub(super) fn typing_ends(&mut self, account: &AccountId) {
        if let Some(buddy) = self.buddies.get_mut(account).filter(|buddy| buddy.typing) {
            buddy.typing = false;
            self.dirty.insert(*account);
        }
    }
}
