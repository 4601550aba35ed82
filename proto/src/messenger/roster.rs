//! The roster: who I have to do with, how we stand, and which keys they are held to.

mod arranged;
mod asked;
mod told;

use super::{
    Messenger, Output,
    chat::Chat,
    mail::Post,
    reach::Reach,
    record::{BuddyRecord, Change, ConversationRecord, InviteRecord, RequestRecord, TokenRecord},
    refuse,
    session::{Asking, Found},
    show::{ms, request_view},
};
use crate::{
    device_list::{self, DeviceList, Pin},
    error::ProtoError,
    id::{AccountId, DeviceId, MessageId},
    invite::{self, Invite, Token},
    link::{MAX_STATUS, Mood},
    name::UserName,
    presence::{Capabilities, Presence},
    request::MAX_NOTE,
    safety::SafetyNumber,
    server::{Call, Contact, Pending, Relation as ServerRelation},
    sign::Signed,
    view::{Availability, BuddyGroup, BuddyPlace, ErrorCode, Event, Notice, Relation, Reply},
};

/// The most people that a roster holds.
pub const MAX_BUDDIES: usize = 1_000;
/// The most requests that wait.
const MAX_REQUESTS: usize = 200;

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
    pub post: Post,
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
            post: Post::default(),
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
        place: BuddyPlace::default(),
        notes: String::new(),
        relation,
        pin: None,
        list: None,
        suite: None,
        verified: false,
        key_alarm: false,
        last_seen_ms: 0,
        my_token: None,
        their_token: None,
    }
}

fn unknown() -> crate::view::CommandError {
    refuse(ErrorCode::Unknown, "no such buddy, request or message here")
}

impl Messenger {
    pub(super) fn load_roster(
        &mut self,
        buddies: Vec<BuddyRecord>,
        conversations: Vec<ConversationRecord>,
        owed: Vec<(AccountId, MessageId)>,
    ) {
        for record in buddies {
            let never_met = record.last_seen_ms == 0;
            let account = record.account;
            self.enrol(record);
            if let Some(buddy) = self.buddies.get_mut(&account) {
                buddy.post.introduce = never_met;
            }
        }
        for (account, message) in owed {
            if let Some(buddy) = self.buddies.get_mut(&account) {
                buddy.post.owed.insert(message);
            }
        }
        for conversation in conversations {
            let Some(key) = self.buddies.get(&conversation.buddy).and_then(|buddy| buddy.record.pin) else { continue };
            let current = crate::id::ConversationId::between(&self.me.account_key, &key.key);
            if let Some(buddy) = self.buddies.get_mut(&conversation.buddy) {
                let account = conversation.buddy;
                buddy.chat = Chat::load(conversation, &current);
                self.fill_blanks(&account);
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

    /// Whose a device is: whom I dialled there, or the only one who claims it. Anyone may claim any device in a list of
    /// theirs, so a contested one is nobody's until its greeting.
    pub(super) fn account_of(&self, device: &DeviceId) -> Option<AccountId> {
        let claimed = || self.devices.get(device).filter(|claims| claims.len() == 1)?.first().copied();
        self.dials.get(device).copied().or_else(claimed)
    }

    fn index(&mut self, buddy: &Buddy) {
        for device in buddy.list.iter().flat_map(|list| &list.devices) {
            self.devices.entry(device.id).or_default().insert(buddy.record.account);
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

    /// Follows the lists of a buddy from what is pinned; says so where they contradict it.
    pub(super) fn follow_lists(&mut self, account: &AccountId, chain: &[Signed<DeviceList>]) {
        if chain.is_empty() {
            return;
        }
        let Some(buddy) = self.buddies.get(account) else { return };
        let pinned = buddy.record.pin;
        match device_list::check_chain(account, pinned.as_ref(), chain) {
            Ok((_, pin)) => {
                if pinned != Some(pin) {
                    let list = chain.last().cloned();
                    let record = BuddyRecord { pin: Some(pin), list, ..buddy.record.clone() };
                    self.replace(record);
                    // Another device of theirs knows no token of mine.
                    if let Some(buddy) = self.buddies.get_mut(account) {
                        buddy.post.introduce = true;
                    }
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
        let Ok((_, pin)) = device_list::check_chain(account, None, chain) else { return };
        let Some(buddy) = self.buddies.get_mut(account) else { return };
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
        let lawful = UserName::parse(name).is_ok_and(|lawful| lawful.as_str() == name);
        let fits = lawful && AccountId::derive(&self.me.server.key, name) == *account;
        let Some(buddy) = self.buddies.get_mut(account).filter(|buddy| fits && buddy.record.name != name) else {
            return;
        };
        buddy.record.name = name.into();
        self.keep(account);
    }

    pub(super) fn answer(&mut self, number: u64, outcome: Result<Reply, crate::view::CommandError>) {
        self.out.push_back(Output::Answer(number, outcome));
    }
}
