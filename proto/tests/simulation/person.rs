//! One person: a messenger that may be running, its disk, and what its window has been shown.

use std::collections::{BTreeMap, VecDeque};

use juice_proto::{
    device_list::DeviceList,
    id::{AccountId, LinkId, Now, hash},
    invite::ServerAddress,
    letter::DeliveryToken,
    messenger::{
        Identity, Messenger, SaveId,
        record::{BuddyRecord, Change, TokenRecord},
    },
    name::UserName,
    seal::Suite,
    sign::SecretKey,
    view::{BuddyPlace, MessageView, Relation},
};

use crate::disk::Disk;

pub struct Person {
    pub identity: Identity,
    pub disk: Disk,
    /// None while it is not running.
    pub messenger: Option<Messenger>,
    /// Counts the runs, so that news for a dead run is thrown away.
    pub run: u64,
    /// Saves that the disk has not answered, oldest first.
    pub saving: VecDeque<(SaveId, Vec<Change>)>,
    /// Links that this run knows.
    pub links: BTreeMap<LinkId, u64>,
    /// The number of the connection to the server, and its nonce.
    pub server: Option<(u64, [u8; 32])>,
    /// Everything shown as arrived, over all runs.
    pub arrived: Vec<MessageView>,
    /// Everything shown as queued, over all runs.
    pub queued: Vec<MessageView>,
    /// Doors: +1 for someone who came, by id.
    pub doors: BTreeMap<String, i32>,
}

/// The keys of the `n`th person.
pub fn identity(n: u8, server: &SecretKey) -> Identity {
    let key = SecretKey::from_seed(&[100 + n; 32]);
    let device = SecretKey::from_seed(&[200 + n; 32]);
    let name = UserName::parse(&format!("person{n}")).expect("a name");
    let server = ServerAddress { host: "test".into(), port: 1, key: server.server_key() };
    let account = AccountId::derive(&server.key, name.as_str());
    let (list, pin) = DeviceList::first(account, key.account_key(), device.device(), 1).sign(&key);
    Identity { account, name, server, device, account_key: key.account_key(), list, pin }
}

/// The token that someone gave to someone else before the world began.
fn token(of: &Identity, to: &Identity) -> TokenRecord {
    let parts = [of.account.bytes().as_slice(), to.account.bytes()];
    TokenRecord { token: DeliveryToken::new(hash("test/token", &parts)), made_ms: 1 }
}

/// How someone has a buddy on disk, whom they have `met` or not.
pub fn befriended(me: &Identity, other: &Identity, met: bool) -> BuddyRecord {
    BuddyRecord {
        account: other.account,
        name: other.name.as_str().into(),
        alias: String::new(),
        place: BuddyPlace::default(),
        notes: String::new(),
        relation: Relation::Buddy,
        pin: Some(other.pin),
        list: Some(other.list.clone()),
        suite: None,
        verified: false,
        key_alarm: false,
        last_seen_ms: u64::from(met),
        my_token: met.then(|| token(me, other)),
        their_token: met.then(|| token(other, me)),
    }
}

impl Person {
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            disk: Disk::default(),
            messenger: None,
            run: 0,
            saving: VecDeque::new(),
            links: BTreeMap::new(),
            server: None,
            arrived: Vec::new(),
            queued: Vec::new(),
            doors: BTreeMap::new(),
        }
    }

    pub fn start(&mut self, suite: Suite, seed: [u8; 32], now: Now) {
        self.run += 1;
        self.messenger = Some(Messenger::new(self.identity.clone(), self.disk.load(), suite, seed, now));
    }

    /// Dies between any write and its acknowledgement: some of the saves under way, oldest first, are on the disk.
    pub fn crash(&mut self, survive: usize) {
        self.messenger = None;
        self.links.clear();
        self.server = None;
        self.doors.clear();
        for (_, changes) in std::mem::take(&mut self.saving).into_iter().take(survive) {
            for change in changes {
                self.disk.make(change);
            }
        }
    }
}
