//! How fast a long history is: a profile of 1,000,000 messages, 100,000 of them in one conversation; opened, paged and
//! searched as the window does; and the memory of a real window on such a conversation, where there can be one. The last
//! line is one JSON object. An argument is another number of messages, or `window` for its memory alone.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a benchmark that can't go on has failed"
)]

mod talk;
#[cfg(target_os = "linux")]
mod window;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use juice_engine::store::{At, Store, StoreNews};
use juice_proto::{
    content,
    id::{AccountId, ConversationId},
    messenger::{
        SaveId,
        record::{Change, MessageRecord},
    },
    sign::SecretKey,
    vault::{DataKey, KdfParams, Vault},
};
use juice_tests::Folder;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::json;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use self::talk::{Speech, Talk};

/// 2025.
const NOW: u64 = 1_750_000_000_000;
const TOTAL: u64 = 1_000_000;
const BUDDIES: u64 = 50;
/// Messages in one save.
const BATCH: u64 = 1_000;
/// One in so many messages holds the rare word.
const RARE: u64 = 50_000;
/// One in so many messages is of the long conversation.
const LONG: u64 = 10;
/// What a window asks for at first.
const PAGE: u32 = 100;
const HITS: u32 = 50;
const ROUNDS: usize = 9;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    match std::env::args().nth(1).as_deref() {
        Some("window") => println!("{}", json!({ "ui_pss_mb": runtime.block_on(memory(TOTAL / LONG)) })),
        Some(total) => runtime.block_on(measure(total.parse().expect("a number, or `window`"))),
        None => runtime.block_on(measure(TOTAL)),
    }
}

async fn measure(total: u64) {
    let folder = Folder::new("history");
    let database = folder.path().join("database.sqlite");
    let key = key();
    let begun = Instant::now();
    build(&database, &key, total).await;
    let build_s = begun.elapsed().as_secs_f64();
    eprintln!("{total} messages saved and indexed in {build_s:.1} s");
    let size_mb = std::fs::metadata(&database).map_or(0, |database| database.len()) / 1_000_000;

    let (mut profile, mut open, mut page) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (store, took) = timed(opened(&database, &key)).await;
        profile.push(took);
        let (first, took) = timed(store.history(buddy(0), At::End, PAGE)).await;
        open.push(took);
        let first = first.expect("a page");
        let top = &first.messages[0].record;
        page.push(timed(store.history(buddy(0), At::Before(top.hlc, top.id), PAGE)).await.1);
        store.close().await;
    }
    let store = opened(&database, &key).await;
    let mut searched = serde_json::Map::new();
    for (name, query, within) in [
        ("rare", "zebrafinch", None),
        ("common", "the", None),
        ("common_prefix", "t", None),
        ("two_common", "the and", None),
        ("rare_within", "zebrafinch", Some(buddy(0))),
        ("common_within", "the", Some(buddy(0))),
        ("none", "quokka", None),
    ] {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..ROUNDS {
            let (hits, took) = timed(store.search(query, within, None, HITS)).await;
            found = hits.expect("a page").hits.len();
            times.push(took);
        }
        eprintln!("{name}: {found} hits, {times:?}");
        searched.insert(name.into(), json!(median(times)));
    }
    store.close().await;
    let (delete, forget, meanwhile) = forget(&database, &key).await;
    let memory = memory(total / LONG).await;
    println!(
        "{}",
        json!({
            "open_ms": median(open),
            "search_ms": searched,
            "build_s": (build_s * 10.0).round() / 10.0,
            "page_ms": median(page),
            "profile_ms": median(profile),
            "size_mb": size_mb,
            "delete_ms": delete,
            "forget_ms": forget,
            "message_while_forgetting_ms": { "p50": at(&meanwhile, 50), "p95": at(&meanwhile, 95) },
            "ui_pss_mb": memory,
        })
    );
}

/// Memory of a real window before and after such a conversation; null where no window can be driven.
#[cfg(target_os = "linux")]
async fn memory(messages: u64) -> serde_json::Value {
    let Some((before, after)) = window::memory(messages).await else { return serde_json::Value::Null };
    json!({ "before": before, "after": after })
}

#[cfg(not(target_os = "linux"))]
async fn memory(_: u64) -> serde_json::Value {
    eprintln!("no window: one can be driven on Linux only");
    serde_json::Value::Null
}

/// Deletes a message, and forgets the long conversation while messages come in another: how long each took, and, sorted, each of those
/// while what was forgotten is deleted.
async fn forget(database: &Path, key: &DataKey) -> (f64, f64, Vec<f64>) {
    let (answers, mut news) = mpsc::channel(64);
    let (store, loaded) = Store::open(database, key, answers).await.expect("a database");
    let other = loaded.conversations.iter().find(|it| it.buddy == buddy(1)).expect("there are others");
    let device = SecretKey::from_seed(&[1; 32]);
    let mut seq = other.theirs.iter().find(|(theirs, _)| *theirs == device.device()).map_or(0, |(_, seq)| *seq);
    let newest = store.history(buddy(0), At::End, PAGE).await.expect("a page").messages;
    let theirs = newest.iter().rev().find(|shown| !shown.record.mine).expect("they say half of it");
    let mut of_it = message(&device, 0, false, u64::from(u32::MAX), NOW * 2, "");
    (of_it.kind, of_it.target) = (content::kind::DELETE, Some(theirs.record.id));
    let delete = timed(saved(&store, &mut news, vec![Change::Message(of_it)])).await.1;
    let forgotten = vec![Change::ForgetConversation(buddy(0))];
    let forget = timed(saved(&store, &mut news, forgotten)).await.1;
    let mut meanwhile = Vec::new();
    while meanwhile.len() < 500 {
        seq += 1;
        let message = message(&device, 1, false, seq, NOW * 2 + seq, "not to be kept waiting");
        meanwhile.push(timed(saved(&store, &mut news, vec![Change::Message(message)])).await.1);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    meanwhile.sort_by(f64::total_cmp);
    store.close().await;
    (delete, forget, meanwhile)
}

async fn saved(store: &Store, news: &mut mpsc::Receiver<StoreNews>, changes: Vec<Change>) {
    store.save(SaveId(0), changes).expect("there is room in the queue");
    match news.recv().await {
        Some(StoreNews::Saved(..)) => {}
        other => panic!("{other:?}"),
    }
}

/// Every tenth message is of the first conversation.
async fn build(database: &Path, key: &DataKey, total: u64) {
    let (answers, mut news) = mpsc::channel(64);
    let (store, _) = Store::open(database, key, answers).await.expect("a database");
    let speech = Speech::new();
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let devices = [SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32])];
    let mut seqs = vec![[0u64; 2]; BUDDIES as usize];
    let mut changes = Vec::new();
    for n in 0..total {
        let to = if n % LONG == 0 { 0 } else { 1 + u64::from(rng.next_u32()) % (BUDDIES - 1) };
        let mine = rng.next_u32().is_multiple_of(2);
        let seq = &mut seqs[to as usize][usize::from(mine)];
        *seq += 1;
        let mut text = speech.say(&mut rng);
        if n % RARE == RARE / 2 {
            text.push_str(" zebrafinch");
        }
        if n + 1 == total {
            text.push_str(" wombat");
        }
        // About a minute apart: two years of talk.
        let at = NOW + n * 61_007;
        changes.push(Change::Message(message(&devices[usize::from(mine)], to, mine, *seq, at, &text)));
        if changes.len() as u64 == BATCH || n + 1 == total {
            store.save(SaveId(n), std::mem::take(&mut changes)).expect("there is room in the queue");
            match news.recv().await {
                Some(StoreNews::Saved(..)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    // It has been read.
    let seen = (0..BUDDIES).map(|to| Change::Seen(buddy(to))).collect();
    store.save(SaveId(total), seen).expect("there is room in the queue");
    news.recv().await.expect("an answer");
    // The oldest go into the index first.
    while store.search("wombat", None, None, 1).await.expect("a page").hits.is_empty() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    store.close().await;
}

fn buddy(number: u64) -> AccountId {
    AccountId::new([number as u8 + 1; 32])
}

fn message(device: &SecretKey, to: u64, mine: bool, seq: u64, at: u64, text: &str) -> MessageRecord {
    let (me, buddy) = (AccountId::new([0; 32]), buddy(to));
    let talk = Talk { me, buddy, conversation: ConversationId::new([to as u8 + 1; 32]) };
    talk.message(device, mine, seq, at, text)
}

async fn opened(database: &Path, key: &DataKey) -> Store {
    let (answers, _) = mpsc::channel(1);
    Store::open(database, key, answers).await.expect("it opens").0
}

fn key() -> DataKey {
    let cheap = KdfParams { memory_kib: 8 * 1024, passes: 1, lanes: 1 };
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    Vault::new(Zeroizing::new(Vec::new()), "password", cheap, &mut rng).expect("a vault").data_key
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, f64) {
    let begun = Instant::now();
    let done = work.await;
    (done, (begun.elapsed().as_secs_f64() * 100_000.0).round() / 100.0)
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
