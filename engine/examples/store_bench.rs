//! How fast the store is on this machine, in figures.
//!
//! `cargo run --release -p juice-engine --example store_bench -- [MESSAGES]` makes a database of that many messages
//! (100,000 unless told) in a temporary folder and prints what saving, paging and opening it takes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a measurement that fails may stop"
)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use juice_engine::store::{At, Store, StoreNews};
use juice_proto::{
    content::{self, Body, Content, Hlc, Place},
    id::{AccountId, ConversationId, MessageId},
    messenger::{
        SaveId,
        record::{Change, MessageRecord, Progress},
    },
    sign::{SecretKey, Signed},
    vault::{DataKey, KdfParams, Vault},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

const NOW: u64 = 1_780_000_000_000;
/// Buddies among whom the messages are spread.
const BUDDIES: u64 = 20;
const OPEN: &str = "open=";

fn message(device: &SecretKey, buddy: u8, mine: bool, seq: u64) -> MessageRecord {
    let conversation = ConversationId::new([buddy; 32]);
    let place = Place {
        conversation,
        author: AccountId::new([u8::from(mine); 32]),
        device: device.device(),
        seq,
        previous: MessageId::new([0; 32]),
        hlc: Hlc((NOW + seq) << 16),
        sent_ms: NOW + seq,
    };
    let text = "Shall we meet at seven, as always, or is it too late for you?";
    let content = Content::new(place, &Body::text(text));
    // Signing is not what is measured.
    let signed = Signed::from_parts(juice_proto::frame::encode(&content), [0; 64]);
    MessageRecord {
        id: content::id(&signed),
        buddy: AccountId::new([buddy; 32]),
        conversation,
        mine,
        device: device.device(),
        seq,
        hlc: content.hlc,
        sent_ms: content.sent_ms,
        kind: content.kind,
        text: text.into(),
        target: None,
        signed,
        progress: Progress::Waiting,
        posted: None,
    }
}

struct Bench {
    store: Store,
    news: mpsc::Receiver<StoreNews>,
    saves: u64,
}

impl Bench {
    async fn open(path: &Path, key: &DataKey) -> (Self, Duration) {
        let (answers, news) = mpsc::channel(1_024);
        let begun = Instant::now();
        let (store, loaded) = Store::open(path, key, answers).await.unwrap();
        let took = begun.elapsed();
        drop(loaded);
        let saves = 0;
        (Self { store, news, saves }, took)
    }

    fn begin(&mut self, changes: Vec<Change>) -> bool {
        let begun = self.store.save(SaveId(self.saves + 1), changes).is_ok();
        self.saves += u64::from(begun);
        begun
    }

    async fn answered(&mut self) {
        match self.news.recv().await {
            Some(StoreNews::Saved(..)) => {}
            other => panic!("{other:?}"),
        }
    }

    /// Saves one change each, at most `window` under way.
    async fn burst(&mut self, changes: Vec<Change>, window: usize) -> Duration {
        let begun = Instant::now();
        let mut under_way = 0;
        for change in changes {
            assert!(self.begin(vec![change]), "room for {under_way}");
            under_way += 1;
            if under_way == window {
                self.answered().await;
                under_way -= 1;
            }
        }
        for _ in 0..under_way {
            self.answered().await;
        }
        begun.elapsed()
    }
}

fn rate(count: usize, took: Duration) -> String {
    format!("{:.0} a second", count as f64 / took.as_secs_f64())
}

fn main() {
    let argument = std::env::args().nth(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // The measurement itself starts this, to see a process that only opens.
    if let Some(path) = argument.as_ref().and_then(|path| path.strip_prefix(OPEN)) {
        return runtime.block_on(reopen(Path::new(path)));
    }
    let count: u64 = argument.map_or(100_000, |count| count.parse().unwrap());
    let folder = std::env::temp_dir().join(format!("juice-store-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let database = folder.join("database.sqlite");
    runtime.block_on(measure(&database, count));
    std::process::Command::new(std::env::current_exe().unwrap())
        .arg(format!("{OPEN}{}", database.display()))
        .status()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

fn key() -> DataKey {
    let cheap = KdfParams { memory_kib: 8 * 1024, passes: 1, lanes: 1 };
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let vault = Vault::new(Zeroizing::new(Vec::new()), "password", cheap, &mut rng).unwrap();
    vault.data_key
}

async fn reopen(path: &Path) {
    let key = key();
    println!("memory before        {}", memory());
    let (bench, took) = Bench::open(path, &key).await;
    println!("open again           {took:?}");
    println!("memory open          {}", memory());
    let buddy = AccountId::new([1; 32]);
    bench.store.history(buddy, At::End, 50).await.unwrap();
    println!("memory, one page     {}", memory());
    bench.store.close().await;
}

async fn measure(path: &Path, count: u64) {
    let key = key();
    let (me, them) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
    let (mut bench, took) = Bench::open(path, &key).await;
    println!("open a new one       {took:?}");

    // All in one conversation, as an argument goes; then spread, to make the big database.
    let burst: Vec<_> = (1..=20_000).map(|seq| message(&me, 1, true, seq)).collect();
    let ids: Vec<_> = burst.iter().map(|message| message.id).collect();
    let changes: Vec<_> = burst.into_iter().map(Change::Message).collect();
    let took = bench.burst(changes, 512).await;
    println!("20,000 of mine       {took:?}, {}", rate(20_000, took));
    let arrived = ids.iter().map(|id| Change::Progress(vec![*id], Progress::Delivered(NOW)));
    let took = bench.burst(arrived.collect(), 512).await;
    println!("20,000 receipts      {took:?}, {}", rate(20_000, took));
    let read = ids.chunks(64).map(|ids| Change::Progress(ids.to_vec(), Progress::Read(NOW)));
    let took = bench.burst(read.collect(), 16).await;
    println!("20,000 read, by 64   {took:?}, {}", rate(20_000, took));

    let mut single = Vec::new();
    for seq in 20_001..=20_300 {
        let change = Change::Message(message(&me, 1, true, seq));
        single.push(bench.burst(vec![change], 1).await);
    }
    single.sort();
    println!("one alone, durable   p50 {:?}, p95 {:?}", single[150], single[285]);
    let begun = Instant::now();
    for n in 0..count / 1_000 {
        let buddy = 2 + (n % BUDDIES) as u8;
        let first = n / BUDDIES * 1_000 + 1;
        let changes = (first..first + 1_000).map(|seq| Change::Message(message(&them, buddy, false, seq)));
        assert!(bench.begin(changes.collect()), "one at a time");
        bench.answered().await;
    }
    let took = begun.elapsed();
    println!("{count} of theirs, 1,000 a save {took:?}, {}", rate(count as usize, took));
    let begun = Instant::now();
    let seen = (0..BUDDIES).map(|n| Change::Seen(AccountId::new([2 + n as u8; 32])));
    bench.begin(seen.collect());
    bench.answered().await;
    println!("all of them seen     {:?}", begun.elapsed());

    let buddy = AccountId::new([1; 32]);
    let mut at = At::End;
    let mut pages = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        let page = bench.store.history(buddy, at, 50).await.unwrap();
        pages.push(begun.elapsed());
        at = page.messages.first().map_or(At::End, |shown| At::Before(shown.record.hlc, shown.record.id));
    }
    let first = pages[0];
    pages.sort();
    println!("page of 50           first {first:?}, p50 {:?}, max {:?}", pages[25], pages[49]);
    let begun = Instant::now();
    bench.store.close().await;
    println!("close                {:?}", begun.elapsed());
    println!("size                 {} MB", std::fs::metadata(path).unwrap().len() / 1_000_000);
}

/// Proportional set size of this process.
fn memory() -> String {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let pss = rollup.lines().find(|line| line.starts_with("Pss:"));
    pss.unwrap_or("not known here").replace("Pss:", "").trim().to_owned()
}
