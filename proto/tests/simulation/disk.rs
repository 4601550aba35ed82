//! A disk in memory: the store's rules without SQL, and what a crash leaves of it.

use std::collections::BTreeMap;

use juice_proto::{
    content::Hlc,
    id::{AccountId, MessageId},
    messenger::record::{
        BuddyRecord, Change, ConversationRecord, DayKeyRecord, Fate, InviteRecord, Loaded, MessageRecord, Progress,
        RequestRecord,
    },
    view::Availability,
};

#[derive(Default)]
pub struct Disk {
    pub messages: BTreeMap<MessageId, (MessageRecord, bool)>,
    buddies: BTreeMap<AccountId, BuddyRecord>,
    requests: BTreeMap<AccountId, RequestRecord>,
    day_keys: Vec<DayKeyRecord>,
    invites: Vec<InviteRecord>,
    status: Option<(Availability, String)>,
    since_ms: u64,
}

fn rank(progress: Progress) -> u8 {
    match progress {
        Progress::Waiting => 0,
        Progress::Delivered(_) => 1,
        Progress::Read(_) => 2,
        Progress::Refused | Progress::Cancelled => 3,
    }
}

impl Disk {
    pub fn make(&mut self, change: Change) -> Fate {
        match change {
            Change::Buddy(record) => drop(self.buddies.insert(record.account, record)),
            Change::Request(record) => drop(self.requests.insert(record.account, record)),
            Change::ForgetRequest(account) => drop(self.requests.remove(&account)),
            Change::Message(message) => return self.insert(message),
            Change::Progress(ids, progress) => {
                for id in ids {
                    match self.messages.get_mut(&id) {
                        Some((message, _)) if rank(progress) > rank(message.progress) => message.progress = progress,
                        Some(_) | None => {}
                    }
                }
            }
            Change::Void { old, new } => {
                self.messages.remove(&old);
                self.messages.insert(new.id, (new, false));
            }
            Change::Seen(buddy) => {
                self.messages.values_mut().filter(|(m, _)| m.buddy == buddy).for_each(|(_, unread)| *unread = false);
            }
            Change::Draft(..) => {}
            Change::DayKey(key) => self.day_keys.push(key),
            Change::DropDayKeys { made_before_ms } => self.day_keys.retain(|key| key.made_ms >= made_before_ms),
            Change::Invite(invite) => self.invites.push(invite),
            Change::ForgetInvite(token) => self.invites.retain(|invite| invite.token != token),
            Change::Status(availability, text) => self.status = Some((availability, text)),
            Change::Since(since_ms) => self.since_ms = since_ms,
        }
        Fate::Done
    }

    fn insert(&mut self, message: MessageRecord) -> Fate {
        if self.messages.contains_key(&message.id) {
            return Fate::Known;
        }
        let place = (message.conversation, message.device, message.seq);
        if self.messages.values().any(|(m, _)| (m.conversation, m.device, m.seq) == place) {
            return Fate::Conflict;
        }
        let unread = !message.mine;
        self.messages.insert(message.id, (message, unread));
        Fate::Done
    }

    pub fn load(&self) -> Loaded {
        let conversations = self.buddies.keys().filter_map(|buddy| self.conversation(*buddy)).collect();
        Loaded {
            buddies: self.buddies.values().cloned().collect(),
            requests: self.requests.values().cloned().collect(),
            conversations,
            day_keys: self.day_keys.clone(),
            invites: self.invites.clone(),
            status: self.status.clone(),
            since_ms: self.since_ms,
        }
    }

    fn conversation(&self, buddy: AccountId) -> Option<ConversationRecord> {
        let mut messages: Vec<_> = self.messages.values().filter(|(message, _)| message.buddy == buddy).collect();
        messages.sort_by_key(|(message, _)| (message.seq, message.id));
        let newest = messages.iter().max_by_key(|(message, _)| message.hlc)?;
        let mine = messages.iter().filter(|(message, _)| message.mine);
        let theirs = messages.iter().filter(|(message, _)| !message.mine);
        let mut tails = BTreeMap::new();
        for (message, _) in theirs.clone() {
            let tail = tails.entry(message.device).or_insert(0);
            *tail = message.seq.max(*tail);
        }
        let last = mine.clone().next_back();
        Some(ConversationRecord {
            buddy,
            conversation: newest.0.conversation,
            mine: last.map_or((0, MessageId::new([0; 32])), |(message, _)| (message.seq, message.id)),
            theirs: tails.into_iter().collect(),
            hlc: messages.iter().map(|(message, _)| message.hlc).max().unwrap_or(Hlc(0)),
            unread: u32::try_from(messages.iter().filter(|(_, unread)| *unread).count()).expect("few"),
            last_message_ms: newest.0.sent_ms,
            last_seen: theirs.filter(|(_, unread)| !unread).max_by_key(|(m, _)| m.hlc).map(|(m, _)| m.id),
            waiting: mine.clone().filter(|(m, _)| rank(m.progress) == 0).map(|(m, _)| m.clone()).collect(),
            unread_there: mine.filter(|(m, _)| rank(m.progress) == 1).map(|(m, _)| (m.id, m.seq)).collect(),
        })
    }

    /// My messages from a sequence number on.
    pub fn fetch(&self, buddy: AccountId, from: u64) -> Vec<MessageRecord> {
        let mut found: Vec<_> = self
            .messages
            .values()
            .filter(|(message, _)| message.buddy == buddy && message.mine && message.seq >= from)
            .map(|(message, _)| message.clone())
            .collect();
        found.sort_by_key(|message| message.seq);
        found.truncate(64);
        found
    }

    pub fn befriend(&mut self, record: BuddyRecord) {
        self.buddies.insert(record.account, record);
    }
}
