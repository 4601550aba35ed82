//! The roster: who I have to do with, how we stand, and which keys they are held to.

use super::{
    Messenger, Outcome, Output, Saving,
    chat::Chat,
    reach::Reach,
    record::{BuddyRecord, Change, ConversationRecord, InviteRecord, RequestRecord},
    refuse,
    session::Asking,
    show::{ms, request_view},
};
use crate::{
    device_list::{self, DeviceList, Pin},
    error::ProtoError,
    id::{AccountId, AccountKey, DeviceId},
    invite::{self, Invite, Token},
    link::{MAX_STATUS, Mood},
    name::UserName,
    presence::{Capabilities, Presence},
    request::MAX_NOTE,
    server::{Call, Contact, Pending, Relation as ServerRelation},
    sign::Signed,
    view::{Availability, ErrorCode, Event, Notice, Relation, Reply},
};

/// The most people that a roster holds.
pub const MAX_BUDDIES: usize = 1_000;

/// Someone in the roster, with all that is known of them now.
#[derive(Debug)]
pub(super) struct Buddy {
    pub record: BuddyRecord,
    /// The list that the pin names, read.
    pub list: Option<DeviceList>,
    /// A list with another account key, while the person has not decided.
    pub offered: Option<(Signed<DeviceList>, Pin)>,
    /// What the server says.
    pub presence: Option<Presence>,
    pub reach: Reach,
    pub mood: Mood,
    pub status_text: String,
    pub capabilities: Capabilities,
    pub typing: bool,
    /// The window has been told that they are here.
    pub shown_here: bool,
    pub chat: Chat,
}

impl Buddy {
    fn new(record: BuddyRecord) -> Self {
        let list = record.list.as_ref().and_then(|list| list.peek().ok());
        Self {
            record,
            list,
            offered: None,
            presence: None,
            reach: Reach::default(),
            mood: Mood::Here,
            status_text: String::new(),
            capabilities: Capabilities::default(),
            typing: false,
            shown_here: false,
            chat: Chat::default(),
        }
    }

    /// The device to talk to.
    pub fn device(&self) -> Option<DeviceId> {
        self.list.as_ref().and_then(DeviceList::current)
    }

    /// May be talked to.
    pub fn friendly(&self) -> bool {
        self.record.relation == Relation::Buddy && !self.record.key_alarm
    }
}

fn stranger(account: AccountId, name: &str, relation: Relation) -> BuddyRecord {
    BuddyRecord {
        account,
        name: name.into(),
        alias: String::new(),
        relation,
        pin: None,
        list: None,
        suite: None,
        verified: false,
        key_alarm: false,
        last_seen_ms: 0,
    }
}

fn unknown() -> crate::view::CommandError {
    refuse(ErrorCode::Unknown, "no such buddy, request or message here")
}

impl Messenger {
    pub(super) fn load_roster(&mut self, buddies: Vec<BuddyRecord>, conversations: Vec<ConversationRecord>) {
        for record in buddies {
            self.enrol(record);
        }
        for conversation in conversations {
            let Some(key) = self.buddies.get(&conversation.buddy).and_then(|buddy| buddy.record.pin) else {
                continue;
            };
            let current = crate::id::ConversationId::between(&self.me.account_key, &key.key);
            if let Some(buddy) = self.buddies.get_mut(&conversation.buddy) {
                buddy.chat = Chat::load(conversation, &current);
            }
        }
    }

    fn enrol(&mut self, record: BuddyRecord) {
        let buddy = Buddy::new(record);
        self.index(&buddy);
        let account = buddy.record.account;
        self.dirty.insert(account);
        self.buddies.insert(account, buddy);
    }

    fn index(&mut self, buddy: &Buddy) {
        for device in buddy.list.iter().flat_map(|list| &list.devices) {
            self.devices.insert(device.id, buddy.record.account);
        }
    }

    pub(super) fn keep(&mut self, account: &AccountId) {
        self.dirty.insert(*account);
        if let Some(buddy) = self.buddies.get(account) {
            let change = Change::Buddy(buddy.record.clone());
            self.note(vec![change]);
        }
    }

    pub(super) fn buddy_by_hex(&self, hex: &str) -> Result<&Buddy, crate::view::CommandError> {
        AccountId::parse(hex).ok().and_then(|account| self.buddies.get(&account)).ok_or_else(unknown)
    }

    // What a person asks for.

    pub(super) fn set_status(&mut self, availability: Availability, text: &str) -> Outcome {
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
            }
        } else {
            self.tell_status_to_all();
        }
        Ok(Some(Reply::Done))
    }

    pub(super) fn add_by_name(&mut self, number: u64, name: &str, note: String) -> Outcome {
        let name = UserName::parse(name).map_err(|_| refuse(ErrorCode::BadName, "not a user name"))?;
        if note.chars().count() > MAX_NOTE {
            return Err(refuse(ErrorCode::BadText, "the note is too long"));
        }
        self.look_up_to_ask(Asking { number, name, note, key: None, token: None })
    }

    pub(super) fn add_by_invite(&mut self, number: u64, link: &str) -> Outcome {
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
    pub(super) fn asked(&mut self, account: AccountId, asking: &Asking, list: Signed<DeviceList>, pin: Pin) {
        let mut record = match self.buddies.get(&account) {
            Some(buddy) => buddy.record.clone(),
            None => stranger(account, asking.name.as_str(), Relation::Asked),
        };
        record.relation = Relation::Asked;
        record.pin = Some(pin);
        record.list = Some(list);
        record.verified |= asking.key.is_some();
        if self.buddies.contains_key(&account) {
            self.replace(record)
        } else {
            self.enrol(record)
        }
        self.keep(&account);
    }

    fn replace(&mut self, record: BuddyRecord) {
        if let Some(buddy) = self.buddies.get_mut(&record.account) {
            buddy.list = record.list.as_ref().and_then(|list| list.peek().ok());
            buddy.record = record;
            let devices: Vec<_> = buddy.list.iter().flat_map(|list| &list.devices).map(|device| device.id).collect();
            let account = buddy.record.account;
            self.devices.extend(devices.into_iter().map(|device| (device, account)));
        }
    }

    pub(super) fn accept(&mut self, number: u64, buddy: &str) -> Outcome {
        let account = AccountId::parse(buddy).map_err(|_| unknown())?;
        self.requests.contains_key(&account).then_some(()).ok_or_else(unknown)?;
        self.call_for(number, Call::Accept { from: account }, account)
    }

    /// The server knows that I said yes.
    pub(super) fn accepted(&mut self, account: &AccountId) {
        let Some(request) = self.requests.remove(account) else {
            return;
        };
        self.admit(request, false);
    }

    /// Makes a buddy of someone who asked.
    fn admit(&mut self, request: RequestRecord, verified: bool) {
        let account = request.account;
        let Ok((_, pin)) = device_list::check(&account, None, &request.list) else {
            return;
        };
        let mut record = match self.buddies.get(&account) {
            Some(buddy) => buddy.record.clone(),
            None => stranger(account, &request.name, Relation::Buddy),
        };
        if record.pin.is_some_and(|known| known.key != pin.key) {
            record.verified = false;
        }
        record.relation = Relation::Buddy;
        record.name = request.name;
        record.pin = Some(pin);
        record.list = Some(request.list);
        record.verified |= verified;
        record.key_alarm = false;
        let known = self.buddies.contains_key(&account);
        if known {
            self.replace(record)
        } else {
            self.enrol(record)
        }
        self.keep(&account);
        self.note(vec![Change::ForgetRequest(account)]);
        self.tell(Event::RequestGone { id: account.to_string() });
    }

    pub(super) fn decline(&mut self, number: u64, buddy: &str) -> Outcome {
        let account = AccountId::parse(buddy).map_err(|_| unknown())?;
        self.requests.contains_key(&account).then_some(()).ok_or_else(unknown)?;
        self.call_for(number, Call::Decline { from: account }, account)
    }

    pub(super) fn declined(&mut self, account: &AccountId) {
        if self.requests.remove(account).is_some() {
            self.note(vec![Change::ForgetRequest(*account)]);
            self.tell(Event::RequestGone { id: account.to_string() });
        }
    }

    /// Works without the server: it is told at the next welcome if it is not there now.
    pub(super) fn block(&mut self, buddy: &str) -> Outcome {
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

    pub(super) fn unblock(&mut self, buddy: &str) -> Outcome {
        let record = &self.buddy_by_hex(buddy)?.record;
        if record.relation != Relation::Blocked {
            return Err(unknown());
        }
        let account = record.account;
        self.part(&account, Relation::Former, Call::Unblock { other: account });
        Ok(Some(Reply::Done))
    }

    pub(super) fn remove(&mut self, buddy: &str) -> Outcome {
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
        self.keep(account);
        self.tell_server(&call);
    }

    pub(super) fn rename(&mut self, buddy: &str, alias: String) -> Outcome {
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

    /// I compared the number. Where the key had changed, this is how the new one is taken.
    pub(super) fn verify(&mut self, buddy: &str) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
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
        Ok(Some(Reply::Done))
    }

    pub(super) fn create_invite(&mut self, number: u64) -> Outcome {
        let mut token: Token = [0; 16];
        rand_core::Rng::fill_bytes(&mut self.rng, &mut token);
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

    // What the server says.

    /// Someone asks to be my buddy.
    pub(super) fn request_arrived(&mut self, pending: Pending) {
        let account = pending.from;
        if self.buddies.get(&account).is_some_and(|buddy| buddy.record.relation == Relation::Blocked) {
            return;
        }
        let Ok((request, list)) = self.open_request(pending) else {
            return;
        };
        self.invites.retain(|invite| invite.expires_ms > self.now.wall);
        let token = request.token.map(Token::from);
        let invited = token.and_then(|token| self.invites.iter().position(|invite| invite.token == token));
        let record = RequestRecord { account, name: request.name, note: request.note, arrived_ms: self.now.wall, list };
        if let Some(at) = invited {
            let invite = self.invites.swap_remove(at);
            self.note(vec![Change::ForgetInvite(invite.token)]);
            self.admit(record, true);
            self.tell(Event::Notice { notice: Notice::Accepted { buddy: account.to_string() } });
            self.tell_server(&Call::Accept { from: account });
            return;
        }
        if self.requests.get(&account).is_none_or(|known| known.note != record.note || known.list != record.list) {
            self.note(vec![Change::Request(record.clone())]);
            self.tell(Event::RequestArrived { request: request_view(&record) });
            self.requests.insert(account, record);
        }
    }

    /// The server's word on how I stand with someone.
    pub(super) fn contact_told(&mut self, contact: Contact) {
        let account = contact.account;
        let here = self.buddies.get(&account).map(|buddy| buddy.record.relation);
        match (here, contact.relation) {
            (Some(Relation::Blocked), ServerRelation::Buddy | ServerRelation::Asked) => {
                return self.tell_server(&Call::Block { other: account });
            }
            (Some(Relation::Former), ServerRelation::Buddy | ServerRelation::Asked) => {
                return self.tell_server(&Call::Remove { other: account });
            }
            (Some(Relation::Former), ServerRelation::Blocked) => {
                return self.tell_server(&Call::Unblock { other: account });
            }
            (None, ServerRelation::Buddy) => {
                if let Some(request) = self.requests.remove(&account) {
                    self.admit(request, false);
                } else {
                    self.enrol(stranger(account, "", Relation::Buddy));
                }
            }
            (None, ServerRelation::Asked) => self.enrol(stranger(account, "", Relation::Asked)),
            (None, ServerRelation::Blocked) => self.enrol(stranger(account, "", Relation::Blocked)),
            (Some(Relation::Asked), ServerRelation::Buddy) => {
                if let Some(buddy) = self.buddies.get_mut(&account) {
                    buddy.record.relation = Relation::Buddy;
                }
                self.tell(Event::Notice { notice: Notice::Accepted { buddy: account.to_string() } });
            }
            (Some(Relation::Buddy | Relation::Asked | Relation::Blocked), _) => {}
        }
        if contact.relation == ServerRelation::Buddy {
            self.follow_lists(&account, &contact.lists);
            self.presence_told(&account, contact.presence.as_ref(), true);
        }
        if here.is_none() || here == Some(Relation::Asked) {
            self.keep(&account);
        }
    }

    /// They ended it, or took their request back.
    pub(super) fn gone_told(&mut self, account: &AccountId) {
        self.declined(account);
        self.hang_up_on(account);
        if let Some(buddy) = self.buddies.get_mut(account) {
            if buddy.record.relation != Relation::Blocked {
                buddy.record.relation = Relation::Former;
                buddy.presence = None;
            }
            self.keep(account);
        }
    }

    /// Follows the lists of a buddy from what is pinned; says so where they contradict it.
    pub(super) fn follow_lists(&mut self, account: &AccountId, chain: &[Signed<DeviceList>]) {
        if chain.is_empty() {
            return;
        }
        let Some(buddy) = self.buddies.get(account) else {
            return;
        };
        let pinned = buddy.record.pin;
        match device_list::check_chain(account, pinned.as_ref(), chain) {
            Ok((_, pin)) => {
                if pinned != Some(pin) {
                    let list = chain.last().cloned();
                    let record = BuddyRecord { pin: Some(pin), list, ..buddy.record.clone() };
                    self.replace(record);
                    self.keep(account);
                }
            }
            Err(ProtoError::AccountKeyChanged) => self.key_changed(account, chain),
            Err(ProtoError::ForkedDeviceList) => {
                let notice = Notice::ForkedKeys { buddy: account.to_string() };
                self.tell(Event::Notice { notice });
            }
            Err(ProtoError::ChainGap) => {
                let since_version = pinned.map_or(0, |pin| pin.version);
                self.look_up_lists(*account, since_version);
            }
            // Older than what I have, or not theirs: nothing to learn from it.
            Err(_) => {}
        }
    }

    fn key_changed(&mut self, account: &AccountId, chain: &[Signed<DeviceList>]) {
        let Ok((_, pin)) = device_list::check_chain(account, None, chain) else {
            return;
        };
        let Some(buddy) = self.buddies.get_mut(account) else {
            return;
        };
        buddy.offered = chain.last().cloned().map(|list| (list, pin));
        if !buddy.record.key_alarm {
            buddy.record.key_alarm = true;
            buddy.record.verified = false;
            self.tell(Event::Notice { notice: Notice::KeyChanged { buddy: account.to_string() } });
            self.hang_up_on(account);
            self.keep(account);
        }
    }

    /// A buddy's name, learnt from them; it must be the one that their account is of.
    pub(super) fn name_learnt(&mut self, account: &AccountId, name: &str) {
        let fits = AccountId::derive(&self.me.server.key, name) == *account;
        let Some(buddy) = self.buddies.get_mut(account).filter(|buddy| fits && buddy.record.name != name) else {
            return;
        };
        buddy.record.name = name.into();
        self.keep(account);
    }

    /// The account key that a buddy is held to.
    pub(super) fn key_of(&self, account: &AccountId) -> Option<AccountKey> {
        Some(self.buddies.get(account)?.record.pin?.key)
    }

    /// Those whom the server no longer names ended it while I was away.
    pub(super) fn missing_from_welcome(&mut self, named: &std::collections::BTreeSet<AccountId>) {
        let missing: Vec<_> = self
            .buddies
            .values()
            .filter(|buddy| buddy.record.relation == Relation::Buddy && !named.contains(&buddy.record.account))
            .map(|buddy| buddy.record.account)
            .collect();
        missing.iter().for_each(|account| self.gone_told(account));
        // A block that the server does not know of yet.
        let blocked: Vec<_> = self
            .buddies
            .values()
            .filter(|buddy| buddy.record.relation == Relation::Blocked && !named.contains(&buddy.record.account))
            .map(|buddy| buddy.record.account)
            .collect();
        blocked.into_iter().for_each(|other| self.tell_server(&Call::Block { other }));
    }

    pub(super) fn answer(&mut self, number: u64, outcome: Result<Reply, crate::view::CommandError>) {
        self.out.push_back(Output::Answer(number, outcome));
    }
}
