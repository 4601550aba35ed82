//! A toy disk: what the store promises, over plain lists. It works, stalls or fails as the test wants.

use std::collections::{BTreeMap, BTreeSet};

use juice_proto::{
    content::{Body, Hlc, Seq, kind},
    id::{AccountId, ConversationId, DeviceId, MessageId},
    messenger::record::{
        BuddyRecord, Change, ConversationRecord, DayKeyRecord, Fate, FileRecord, FileStage, InviteRecord, Loaded,
        MessageRecord, Progress, Quote, RequestRecord, ShownMessage,
    },
    sign::Signed,
    view::{Availability, BuddyGroup, Privacy},
};

/// What the disk does with a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskMood {
    Works,
    /// Says nothing until it works again.
    Stalls,
    Fails,
}

/// A message, and what was said about it.
#[derive(Clone, Debug)]
pub struct Row {
    /// With its newest text.
    pub message: MessageRecord,
    pub unread: bool,
    pub edited: bool,
    pub deleted: bool,
    pub reactions: Vec<(String, bool)>,
    pub file: Option<FileRecord>,
}

/// The ends of the sequences of a conversation that was forgotten.
#[derive(Clone, Debug)]
struct End {
    conversation: ConversationId,
    mine: (Seq, MessageId),
    theirs: BTreeMap<DeviceId, Seq>,
    hlc: Hlc,
    last_seen: Option<MessageId>,
}

#[derive(Default)]
pub struct Disk {
    pub rows: Vec<Row>,
    pub buddies: BTreeMap<AccountId, BuddyRecord>,
    pub requests: BTreeMap<AccountId, RequestRecord>,
    pub day_keys: Vec<DayKeyRecord>,
    pub invites: Vec<InviteRecord>,
    pub owed: BTreeSet<(AccountId, MessageId)>,
    /// Every message with a line that ever was here: whose conversation, and by whom.
    pub ever: BTreeMap<MessageId, (AccountId, bool)>,
    /// What was taken back.
    pub voided: BTreeSet<MessageId>,
    ends: BTreeMap<AccountId, End>,
    status: Option<(Availability, String)>,
    pub privacy: Privacy,
    pub groups: Vec<BuddyGroup>,
    pub since_ms: u64,
}

fn rank(progress: Progress) -> u8 {
    match progress {
        Progress::Waiting => 0,
        Progress::Delivered(_) => 1,
        Progress::Read(_) => 2,
        Progress::Refused => 3,
    }
}

impl Row {
    fn new(message: MessageRecord) -> Self {
        let file = match message.signed.peek().and_then(|content| content.read()) {
            Ok(Body::File(offer)) => Some(FileRecord { offer: *offer, stage: FileStage::Offered, done: 0, path: None }),
            _ => None,
        };
        let unread = message.is_news();
        Self { message, unread, edited: false, deleted: false, reactions: Vec::new(), file }
    }

    /// What it says is forgotten, but not before it has arrived.
    fn wipe(&mut self) {
        self.message.text.clear();
        if !self.message.mine || rank(self.message.progress) > 0 {
            self.message.signed = Signed::from_parts(Vec::new(), [0; 64]);
        }
    }
}

impl Disk {
    pub fn make(&mut self, change: Change) -> Fate {
        match change {
            Change::Buddy(record) => drop(self.buddies.insert(record.account, record)),
            Change::Request(record) => drop(self.requests.insert(record.account, record)),
            Change::ForgetRequest(account) => drop(self.requests.remove(&account)),
            Change::Message(message) => return self.insert(message),
            Change::FileAt(id, path) => {
                let Some(file) = self.row_mut(id).and_then(|row| row.file.as_mut()) else { return Fate::Done };
                file.path = Some(path);
                return self.shown(id).map_or(Fate::Done, |shown| Fate::Shown(Box::new(shown)));
            }
            Change::Progress(ids, progress) => self.progress(&ids, progress),
            Change::Void { old, new } => {
                self.ever.remove(&old);
                self.voided.insert(old);
                if let Some(row) = self.row_mut(old) {
                    *row = Row::new(new);
                }
            }
            Change::Posted(ids, letter, at) => {
                ids.into_iter().for_each(|id| self.post(id, Some((letter, at))));
            }
            Change::NotPosted(ids) => ids.into_iter().for_each(|id| self.post(id, None)),
            Change::Owe(buddy, ids) => self.owed.extend(ids.into_iter().map(|id| (buddy, id))),
            Change::Paid(ids) => self.owed.retain(|(_, id)| !ids.contains(id)),
            Change::ForgetConversation(buddy) => self.forget(buddy),
            Change::Seen(buddy) => self.rows.iter_mut().for_each(|row| row.unread &= row.message.buddy != buddy),
            Change::Draft(..) => {}
            Change::DayKey(key) => self.day_keys.push(key),
            Change::DropDayKeys { made_before_ms } => self.day_keys.retain(|key| key.made_ms >= made_before_ms),
            Change::Invite(invite) => self.invites.push(invite),
            Change::ForgetInvite(token) => self.invites.retain(|invite| invite.token != token),
            Change::Status(availability, text) => self.status = Some((availability, text)),
            Change::Privacy(privacy) => self.privacy = privacy,
            Change::Groups(groups) => self.groups = groups,
            Change::Since(since_ms) => self.since_ms = since_ms,
        }
        Fate::Done
    }

    pub fn row(&self, id: MessageId) -> Option<&Row> {
        self.rows.iter().find(|row| row.message.id == id)
    }

    fn row_mut(&mut self, id: MessageId) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.message.id == id)
    }

    fn post(&mut self, id: MessageId, posted: Option<(juice_proto::letter::LetterId, u64)>) {
        if let Some(row) = self.row_mut(id) {
            row.message.posted = posted;
        }
    }

    fn progress(&mut self, ids: &[MessageId], progress: Progress) {
        let gone: BTreeSet<_> = self.rows.iter().filter(|row| row.deleted).map(|row| row.message.id).collect();
        for row in self.rows.iter_mut().filter(|row| ids.contains(&row.message.id)) {
            if rank(row.message.progress) < rank(progress) {
                row.message.progress = progress;
            }
            let of_one_gone = row.message.kind == kind::EDIT && row.message.target.is_some_and(|id| gone.contains(&id));
            if row.deleted || of_one_gone {
                row.wipe();
            }
        }
    }

    fn insert(&mut self, message: MessageRecord) -> Fate {
        if self.row(message.id).is_some() {
            return Fate::Known;
        }
        let place = |message: &MessageRecord| (message.conversation, message.device, message.seq);
        if self.rows.iter().any(|row| place(&row.message) == place(&message)) {
            return Fate::Conflict;
        }
        let end = self.ends.get(&message.buddy).filter(|end| end.conversation == message.conversation);
        let forgotten = end.and_then(|end| end.theirs.get(&message.device)).is_some_and(|end| message.seq <= *end);
        if forgotten && !message.mine {
            return Fate::Known;
        }
        let (id, kind) = (message.id, message.kind);
        let changed = self.apply(&message);
        if kind::has_line(kind) {
            self.ever.insert(id, (message.buddy, message.mine));
        }
        self.rows.push(Row::new(message));
        let shown = if matches!(kind, kind::REPLY | kind::FILE) { Some(id) } else { changed };
        shown.and_then(|id| self.shown(id)).map_or(Fate::Done, |shown| Fate::Shown(Box::new(shown)))
    }

    /// What a message does to another; which one that is.
    fn apply(&mut self, message: &MessageRecord) -> Option<MessageId> {
        let body = message.signed.peek().and_then(|content| content.read()).ok()?;
        let target = body.target()?;
        let row = self.row_mut(target).filter(|row| row.message.buddy == message.buddy && !row.deleted)?;
        let own = row.message.mine == message.mine && kind::has_line(row.message.kind);
        match body {
            Body::Edit { text, .. } if own => {
                row.message.text = text;
                row.edited = true;
            }
            Body::Delete { .. } if own => {
                row.deleted = true;
                row.reactions.clear();
                row.file = None;
                row.wipe();
                let edits = |row: &&mut Row| row.message.kind == kind::EDIT && row.message.target == Some(target);
                self.rows.iter_mut().filter(edits).for_each(Row::wipe);
            }
            Body::Reaction { emoji, on, .. } if kind::has_line(row.message.kind) => {
                row.reactions.retain(|reaction| *reaction != (emoji.clone(), message.mine));
                if on {
                    row.reactions.push((emoji, message.mine));
                }
            }
            _ => return None,
        }
        Some(target)
    }

    /// A message with all that was said about it.
    pub fn shown(&self, id: MessageId) -> Option<ShownMessage> {
        let row = self.row(id)?;
        let quoted = row.message.target.filter(|_| row.message.kind == kind::REPLY).and_then(|id| self.row(id));
        let quote = quoted.map(|row| Quote {
            id: row.message.id,
            mine: row.message.mine,
            text: row.message.text.chars().take(200).collect(),
        });
        Some(ShownMessage {
            record: row.message.clone(),
            edited: row.edited,
            deleted: row.deleted,
            reactions: row.reactions.clone(),
            quote,
            file: row.file.clone(),
        })
    }

    fn forget(&mut self, buddy: AccountId) {
        let Some(now) = self.conversation(buddy) else { return };
        let theirs = now.theirs.into_iter().collect();
        let end =
            End { conversation: now.conversation, mine: now.mine, theirs, hlc: now.hlc, last_seen: now.last_seen };
        self.ends.insert(buddy, end);
        let stays = |row: &Row| row.message.mine && rank(row.message.progress) == 0;
        self.rows.retain(|row| row.message.buddy != buddy || stays(row));
    }

    /// Mine to a buddy from a sequence number on, in order.
    pub fn fetch(&self, buddy: AccountId, from: Seq) -> Vec<MessageRecord> {
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
            privacy: self.privacy,
            groups: self.groups.clone(),
            owed: self.owed.iter().copied().collect(),
            since_ms: self.since_ms,
        }
    }

    fn conversation(&self, buddy: AccountId) -> Option<ConversationRecord> {
        let mut rows: Vec<_> = self.rows.iter().filter(|row| row.message.buddy == buddy).collect();
        rows.sort_by_key(|row| (row.message.seq, row.message.id));
        let end = self.ends.get(&buddy);
        let newest = rows.iter().map(|row| (row.message.hlc, row.message.conversation)).max_by_key(|(hlc, _)| *hlc);
        let conversation = newest.map(|(_, conversation)| conversation).or(end.map(|end| end.conversation))?;
        let end = end.filter(|end| end.conversation == conversation);
        let mine: Vec<_> = rows.iter().map(|row| &row.message).filter(|message| message.mine).collect();
        let mut theirs = end.map(|end| end.theirs.clone()).unwrap_or_default();
        for message in rows.iter().map(|row| &row.message).filter(|message| !message.mine) {
            let tail = theirs.entry(message.device).or_default();
            *tail = message.seq.max(*tail);
        }
        let last = mine.last().map(|last| (last.seq, last.id));
        let lines = || rows.iter().filter(|row| kind::has_line(row.message.kind));
        let seen = lines().filter(|row| row.message.is_news() && !row.unread).max_by_key(|row| row.message.hlc);
        let read = |message: &&&MessageRecord| kind::has_line(message.kind) && rank(message.progress) == 1;
        Some(ConversationRecord {
            buddy,
            conversation,
            mine: last.into_iter().chain(end.map(|end| end.mine)).max().unwrap_or((0, MessageId::new([0; 32]))),
            theirs: theirs.into_iter().collect(),
            hlc: newest.map(|(hlc, _)| hlc).into_iter().chain(end.map(|end| end.hlc)).max().unwrap_or(Hlc(0)),
            unread: u32::try_from(rows.iter().filter(|row| row.unread).count()).expect("few"),
            last_message_ms: lines().max_by_key(|row| row.message.hlc).map_or(0, |row| row.message.sent_ms),
            last_seen: seen.map(|row| row.message.id).or(end.and_then(|end| end.last_seen)),
            waiting: mine.iter().filter(|m| rank(m.progress) == 0).map(|m| (*m).clone()).collect(),
            unread_there: mine.iter().filter(read).map(|message| (message.id, message.seq)).collect(),
        })
    }
}
