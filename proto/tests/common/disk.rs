//! A toy disk: what the store promises, over plain lists. It works, stalls or fails as the test wants.

use std::collections::BTreeMap;

use juice_proto::{
    content::{Hlc, kind},
    id::{AccountId, MessageId},
    messenger::record::{
        BuddyRecord, Change, ConversationRecord, DayKeyRecord, Fate, InviteRecord, Loaded, MessageRecord, Progress,
        RequestRecord,
    },
    view::Availability,
};

/// What the disk does with a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskMood {
    Works,
    /// Says nothing until it works again.
    Stalls,
    Fails,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub message: MessageRecord,
    pub unread: bool,
}

#[derive(Default)]
pub struct Disk {
    pub rows: Vec<Row>,
    pub buddies: BTreeMap<AccountId, BuddyRecord>,
    pub requests: BTreeMap<AccountId, RequestRecord>,
    pub day_keys: Vec<DayKeyRecord>,
    pub invites: Vec<InviteRecord>,
    status: Option<(Availability, String)>,
    pub since_ms: u64,
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
            Change::Progress(ids, progress) => self.progress(&ids, progress),
            Change::Void { old, new } => {
                self.rows.retain(|row| row.message.id != old);
                self.rows.push(Row { message: new, unread: false });
            }
            Change::Seen(buddy) => self.rows.iter_mut().for_each(|row| row.unread &= row.message.buddy != buddy),
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

    fn progress(&mut self, ids: &[MessageId], progress: Progress) {
        let named = self.rows.iter_mut().map(|row| &mut row.message).filter(|message| ids.contains(&message.id));
        for message in named.filter(|message| rank(message.progress) < rank(progress)) {
            message.progress = progress;
        }
    }

    fn insert(&mut self, message: MessageRecord) -> Fate {
        if self.rows.iter().any(|row| row.message.id == message.id) {
            return Fate::Known;
        }
        let place = |message: &MessageRecord| (message.conversation, message.device, message.seq);
        if self.rows.iter().any(|row| place(&row.message) == place(&message)) {
            return Fate::Conflict;
        }
        let unread = !message.mine && message.kind != kind::VOID;
        self.rows.push(Row { message, unread });
        Fate::Done
    }

    /// Mine to a buddy from a sequence number on, in order.
    pub fn fetch(&self, buddy: AccountId, from: u64) -> Vec<MessageRecord> {
        let mine = self.rows.iter().map(|row| &row.message).filter(|message| message.mine);
        let mut found: Vec<_> = mine.filter(|message| message.buddy == buddy && message.seq >= from).cloned().collect();
        found.sort_by_key(|message| message.seq);
        found.truncate(64);
        found
    }

    pub fn load(&self) -> Loaded {
        Loaded {
            buddies: self.buddies.values().cloned().collect(),
            requests: self.requests.values().cloned().collect(),
            conversations: self.buddies.keys().filter_map(|buddy| self.conversation(*buddy)).collect(),
            day_keys: self.day_keys.clone(),
            invites: self.invites.clone(),
            status: self.status.clone(),
            since_ms: self.since_ms,
        }
    }

    fn conversation(&self, buddy: AccountId) -> Option<ConversationRecord> {
        let mut rows: Vec<_> = self.rows.iter().filter(|row| row.message.buddy == buddy).collect();
        rows.sort_by_key(|row| row.message.seq);
        let newest = rows.iter().max_by_key(|row| row.message.hlc)?;
        let mine: Vec<_> = rows.iter().map(|row| &row.message).filter(|message| message.mine).collect();
        let mut tails = BTreeMap::new();
        for row in rows.iter().filter(|row| !row.message.mine) {
            tails.insert(row.message.device, row.message.seq);
        }
        let seen = rows.iter().filter(|row| !row.message.mine && !row.unread);
        let at = |wanted: u8| mine.iter().filter(move |message| rank(message.progress) == wanted);
        Some(ConversationRecord {
            buddy,
            conversation: newest.message.conversation,
            mine: mine.last().map_or((0, MessageId::new([0; 32])), |last| (last.seq, last.id)),
            theirs: tails.into_iter().collect(),
            hlc: rows.iter().map(|row| row.message.hlc).max().unwrap_or(Hlc(0)),
            unread: u32::try_from(rows.iter().filter(|row| row.unread).count()).expect("few"),
            last_message_ms: newest.message.sent_ms,
            last_seen: seen.max_by_key(|row| row.message.hlc).map(|row| row.message.id),
            waiting: at(0).map(|message| (*message).clone()).collect(),
            unread_there: at(1).map(|message| (message.id, message.seq)).collect(),
        })
    }
}
