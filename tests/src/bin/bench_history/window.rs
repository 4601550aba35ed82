//! A real window on a long conversation: how much memory it takes when it has been read far up and searched.
//!
//! Alice has made buddies with Bob the usual way; what they said is put into her store beside her engine, and then the
//! app is opened on her profile, on a screen that nobody sees.

use std::{fs, path::Path, thread, time::Duration};

use juice_engine::store::{Store, StoreNews};
use juice_proto::{
    id::AccountId,
    messenger::{SaveId, record::Change},
    sign::SecretKey,
    vault::{DataKey, Vault},
};
use juice_tests::{
    Buddy, PASSWORD, Server, befriend,
    server::program,
    windows::{Stage, Window, id, wait_for},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    BATCH, NOW,
    talk::{Speech, Talk},
};

/// How often the reader goes up a page, and how often from hit to older hit.
const PAGES: usize = 100;
const HITS: usize = 30;
/// Until what was freed is given back and drawn is drawn.
const SETTLING: Duration = Duration::from_secs(5);

/// Memory (PSS) of the app and its web process in MB, before the conversation and after it; none where there is nothing
/// to drive a window with.
pub async fn memory(messages: u64) -> Option<(f64, f64)> {
    let missing = if !program("juice").exists() {
        "the app is not built beside this program"
    } else if !juice_tests::windows::can_be_driven() {
        "Xvfb, dbus-daemon, WebKitWebDriver or tauri-driver is missing"
    } else {
        ""
    };
    if !missing.is_empty() {
        eprintln!("no window: {missing}");
        return None;
    }
    let server = Server::start().await;
    let alice = profile(&server.address(), messages).await;
    let address = server.address();
    let measuring = tokio::task::spawn_blocking(move || {
        let memory = read_and_search(alice.folder.path(), &address);
        drop(alice);
        memory
    });
    Some(measuring.await.expect("the window can be driven"))
}

/// Alice, gone again, with a long conversation on her disk.
async fn profile(server: &str, messages: u64) -> Buddy {
    let mut alice = Buddy::register("alice", server).await;
    let mut bob = Buddy::register("bob", server).await;
    befriend(&mut alice, &mut bob).await;
    alice.say("bob", "Hello Bob").await;
    bob.hear("Hello Bob").await;
    let me = account(&bob.id_of("alice").await);
    alice.handle.stop().await;
    bob.handle.stop().await;
    let bytes = fs::read(alice.folder.path().join("vault")).expect("there is an account");
    let vault = Vault::open(&bytes, PASSWORD).expect("it is the password");
    fill(&alice.folder.path().join("database.sqlite"), &vault.data_key, me, messages).await;
    alice
}

fn account(id: &str) -> AccountId {
    let bytes = hex::decode(id).ok().and_then(|bytes| bytes.try_into().ok());
    AccountId::new(bytes.expect("32 bytes in hexadecimal"))
}

async fn fill(database: &Path, key: &DataKey, me: AccountId, messages: u64) {
    let (answers, mut news) = mpsc::channel(64);
    let (store, loaded) = Store::open(database, key, answers).await.expect("a database");
    let begun = loaded.conversations.first().expect("they have talked");
    let talk = Talk { me, buddy: begun.buddy, conversation: begun.conversation };
    let devices = [SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32])];
    let (speech, mut rng) = (Speech::new(), ChaCha20Rng::from_seed([3; 32]));
    let mut seqs = [0; 2];
    let mut changes = Vec::new();
    for n in 0..messages {
        let mine = rng.next_u32().is_multiple_of(2);
        let seq = &mut seqs[usize::from(mine)];
        *seq += 1;
        let at = NOW - (messages - n) * 61_007;
        let text = speech.say(&mut rng);
        changes.push(Change::Message(talk.message(&devices[usize::from(mine)], mine, *seq, at, &text)));
        if changes.len() as u64 == BATCH || n + 1 == messages {
            changes.push(Change::Seen(talk.buddy));
            store.save(SaveId(n), std::mem::take(&mut changes)).expect("there is room in the queue");
            assert!(matches!(news.recv().await, Some(StoreNews::Saved(..))), "they are saved");
        }
    }
    // A search waits until all of it is in the index.
    store.search("hello", None, None, 1).await.expect("a page");
    store.close().await;
}

fn read_and_search(profile: &Path, server: &str) -> (f64, f64) {
    let stage = Stage::open("1400x1000");
    let home = profile.display().to_string();
    let environment = [("LANG", "en_GB.UTF-8"), ("HOME", home.as_str())];
    let window = Window::open(&stage, profile, &["--server", server], &environment);
    window.unlock();
    window.wait(&Window::row("bob"));
    let before = settled(&window, profile, "before");

    window.open_chat("bob");
    window.wait(&id("message"));
    for page in 0..PAGES {
        let first = oldest(&window);
        // The wheel does not go through a driver; this is where it would lead.
        window.run("document.querySelector(arguments[0]).scrollTop = 0", &json!([id("messages")]));
        wait_for(&format!("page {page}"), || oldest(&window) != first);
    }
    window.type_into(&id("composer"), "\u{e009}f\u{e000}");
    window.type_into(&id("find"), "the");
    window.wait(&id("hit"));
    for _ in 0..HITS {
        window.type_into(&id("find"), "\u{e007}");
    }
    window.type_into(&id("find"), " and");
    window.wait(&id("hit"));
    let after = settled(&window, profile, "after");
    (before, after)
}

/// What the oldest message that is drawn says it is.
fn oldest(window: &Window) -> serde_json::Value {
    window.run("return document.querySelector('[data-testid=\"message\"]')?.dataset.id", &json!([]))
}

fn settled(window: &Window, profile: &Path, when: &str) -> f64 {
    thread::sleep(SETTLING);
    let (app, page) = window.memory(profile);
    eprintln!("{when} the conversation: app {app:.1} MB, its web process {page:.1} MB");
    ((app + page) * 10.0).round() / 10.0
}
