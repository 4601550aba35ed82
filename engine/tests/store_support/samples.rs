//! People, messages and a store in a folder of its own, for the tests of the store.

#![allow(dead_code, reason = "each test file compiles this anew and uses what it needs")]

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use juice_engine::store::{At, Store, StoreError, StoreNews};
use juice_proto::{
    content::{self, Body, Content, Hlc, Place},
    device_list::DeviceList,
    id::{AccountId, AccountKey, ConversationId, MessageId},
    messenger::{
        SaveId,
        record::{BuddyRecord, Change, Fate, Loaded, MessageRecord, Progress},
    },
    seal::Suite,
    sign::{SecretKey, Signed},
    vault::{DataKey, KdfParams, Vault},
    view::{BuddyPlace, Relation},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// A cheap price, since the password is not what is tested.
pub const CHEAP: KdfParams = KdfParams { memory_kib: 8 * 1024, passes: 1, lanes: 1 };
/// The time in these tests: 2026.
pub const NOW: u64 = 1_780_000_000_000;

/// How long what is done while nothing else is to be done may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The key of a profile, the same for the same number.
pub fn data_key(number: u8) -> DataKey {
    let mut rng = ChaCha20Rng::from_seed([number; 32]);
    Vault::new(Zeroizing::new(Vec::new()), "password", CHEAP, &mut rng).unwrap().data_key
}

/// A folder that goes with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let folder = std::env::temp_dir().join(format!("juice-store-{}", hex::encode(random)));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("database.sqlite")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A store with the receiver of its news.
pub struct Open {
    pub store: Store,
    pub loaded: Loaded,
    database: PathBuf,
    news: mpsc::Receiver<StoreNews>,
    saves: u64,
}

impl Open {
    pub async fn at(folder: &Folder) -> Self {
        Self::with_key(&folder.database(), 1).await.unwrap()
    }

    pub async fn with_key(database: &Path, key: u8) -> Result<Self, StoreError> {
        let (answers, news) = mpsc::channel(2_048);
        let (store, loaded) = Store::open(database, &data_key(key), answers).await?;
        Ok(Self { store, loaded, database: database.to_owned(), news, saves: 0 })
    }

    pub fn begin_save(&mut self, changes: Vec<Change>) -> SaveId {
        self.saves += 1;
        self.store.save(SaveId(self.saves), changes).unwrap();
        SaveId(self.saves)
    }

    pub async fn news(&mut self) -> StoreNews {
        self.news.recv().await.expect("the store lives")
    }

    /// Saves and waits for the fates.
    pub async fn save(&mut self, changes: Vec<Change>) -> Vec<Fate> {
        let id = self.begin_save(changes);
        match self.news().await {
            StoreNews::Saved(saved, fates) if saved == id => fates,
            other => panic!("saved, in order: {other:?}"),
        }
    }

    pub async fn save_one(&mut self, change: Change) -> Fate {
        let mut fates = self.save(vec![change]).await;
        assert_eq!(fates.len(), 1, "one fate for one change");
        fates.remove(0)
    }

    /// The newest messages of a conversation, of which nothing was said.
    pub async fn newest(&self, buddy: AccountId, limit: u32) -> Vec<MessageRecord> {
        let page = self.store.history(buddy, At::End, limit).await.unwrap();
        page.messages.into_iter().map(|shown| shown.record).collect()
    }

    /// Waits until what has been forgotten is deleted.
    pub async fn until_swept(&self) {
        let begun = Instant::now();
        while count(&self.database, "conversations WHERE forgotten = 1").await > 0 {
            assert!(begun.elapsed() < PATIENCE, "it is swept some time");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How many rows a table has.
    pub async fn rows(&self, table: &'static str) -> i64 {
        count(&self.database, table).await
    }

    pub async fn fetch(&mut self, buddy: AccountId, from: u64) -> Vec<MessageRecord> {
        self.store.fetch(buddy, from).unwrap();
        match self.news().await {
            StoreNews::Fetched(of, messages) if of == buddy => messages,
            other => panic!("fetched: {other:?}"),
        }
    }

    /// Closes the store and opens it again.
    pub async fn again(self, folder: &Folder) -> Self {
        self.store.close().await;
        Self::at(folder).await
    }
}

/// The database beside the store, with its key.
pub async fn raw(database: &Path) -> SqliteConnection {
    let key = hex::encode(data_key(1).derive("juice/database/1"));
    SqliteConnectOptions::new().filename(database).pragma("key", format!("\"x'{key}'\"")).connect().await.unwrap()
}

async fn count(database: &Path, of: &str) -> i64 {
    let mut raw = raw(database).await;
    let statement = AssertSqlSafe(format!("SELECT COUNT(*) FROM {of}"));
    let count = sqlx::query_scalar(statement).fetch_one(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    count
}

/// Someone with keys.
pub struct Person {
    pub account: AccountId,
    pub key: SecretKey,
    pub device: SecretKey,
}

impl Person {
    pub fn new(number: u8) -> Self {
        Self {
            account: AccountId::new([number; 32]),
            key: SecretKey::from_seed(&[number; 32]),
            device: SecretKey::from_seed(&[number ^ 0x80; 32]),
        }
    }

    pub fn list(&self) -> DeviceList {
        DeviceList::first(self.account, self.key.account_key(), self.device.device(), NOW)
    }

    pub fn record(&self, name: &str) -> BuddyRecord {
        let (list, pin) = self.list().sign(&self.key);
        BuddyRecord {
            account: self.account,
            name: name.into(),
            alias: "the neighbour".into(),
            place: BuddyPlace { group: Some(7), favourite: true },
            notes: "likes oranges\nand lemons".into(),
            relation: Relation::Buddy,
            pin: Some(pin),
            list: Some(list),
            suite: Some(Suite::XWing),
            verified: true,
            key_alarm: false,
            last_seen_ms: NOW,
            my_token: None,
            their_token: None,
        }
    }
}

/// Alice, whose store it is, and Bob.
pub struct Pair {
    pub alice: Person,
    pub bob: Person,
    pub conversation: ConversationId,
}

impl Pair {
    pub fn new() -> Self {
        Self::with(2)
    }

    /// Alice and somebody else.
    pub fn with(number: u8) -> Self {
        let (alice, bob) = (Person::new(1), Person::new(number));
        let key = |person: &Person| -> AccountKey { person.key.account_key() };
        let conversation = ConversationId::between(&key(&alice), &key(&bob));
        Self { alice, bob, conversation }
    }

    /// A message of Alice's.
    pub fn mine(&self, seq: u64, text: &str) -> MessageRecord {
        self.message(&self.alice, true, seq, clock(seq), text)
    }

    /// A message of Bob's.
    pub fn theirs(&self, seq: u64, text: &str) -> MessageRecord {
        self.message(&self.bob, false, seq, clock(seq), text)
    }

    pub fn message(&self, author: &Person, mine: bool, seq: u64, hlc: Hlc, text: &str) -> MessageRecord {
        self.says(author, mine, seq, hlc, &Body::text(text))
    }

    /// Anything that Alice says.
    pub fn i_say(&self, seq: u64, body: &Body) -> MessageRecord {
        self.says(&self.alice, true, seq, clock(seq), body)
    }

    /// Anything that Bob says.
    pub fn they_say(&self, seq: u64, body: &Body) -> MessageRecord {
        self.says(&self.bob, false, seq, clock(seq), body)
    }

    pub fn says(&self, author: &Person, mine: bool, seq: u64, hlc: Hlc, body: &Body) -> MessageRecord {
        let place = Place {
            conversation: self.conversation,
            author: author.account,
            device: author.device.device(),
            seq,
            previous: MessageId::new([0; 32]),
            hlc,
            sent_ms: NOW + seq,
        };
        self.record(&Content::new(place, body), &author.device, mine)
    }

    /// The void in the place of a message of Alice's.
    pub fn void_of(&self, message: &MessageRecord) -> MessageRecord {
        let void = message.signed.peek().unwrap().void();
        self.record(&void, &self.alice.device, true)
    }

    fn record(&self, content: &Content, device: &SecretKey, mine: bool) -> MessageRecord {
        let signed = Signed::make(content, device);
        let body = content.read().unwrap();
        MessageRecord {
            id: content::id(&signed),
            buddy: self.bob.account,
            conversation: self.conversation,
            mine,
            device: device.device(),
            seq: content.seq,
            hlc: content.hlc,
            sent_ms: content.sent_ms,
            kind: content.kind,
            text: body.words().into(),
            target: body.target(),
            signed,
            progress: Progress::Waiting,
            posted: None,
        }
    }
}

/// The clock reading of the `n`th thing that happens.
pub fn clock(n: u64) -> Hlc {
    Hlc((NOW + n) << 16)
}
