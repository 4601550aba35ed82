//! A profile backed up, and brought back elsewhere: nobody loses what was said before, meanwhile or after.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect has failed"
)]

use std::{collections::BTreeSet, time::Duration};

use juice_engine::view::{ErrorCode, Event, Phase};
use juice_tests::{Buddy, PATIENCE, Server, alice_and_bob};

const BACKUP: &str = "a password for the backup";

async fn texts(buddy: &Buddy, with: &str, mine: bool) -> BTreeSet<String> {
    let page = buddy.history(with).await;
    page.messages.into_iter().filter(|message| message.mine == mine).map(|message| message.text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_profile_goes_on_and_nobody_loses_anything() {
    let server = Server::start().await;
    let (mut alice, mut bob) = alice_and_bob(&server.address()).await;
    alice.say("bob", "before").await;
    bob.hear("before").await;
    bob.say("alice", "before, from bob").await;
    alice.hear("before, from bob").await;

    let folder = juice_tests::Folder::new("backup");
    let file = folder.path().join("alice.backup");
    let weak = alice.handle.back_up(file.clone(), "short".into()).await.unwrap_err();
    assert_eq!(weak.code, ErrorCode::WeakPassword);
    alice.handle.back_up(file.clone(), BACKUP.into()).await.expect("backs up");
    for n in 0..20 {
        alice.say("bob", &format!("meanwhile {n}")).await;
        bob.say("alice", &format!("meanwhile, from bob {n}")).await;
        alice.hear(&format!("meanwhile, from bob {n}")).await;
        bob.hear(&format!("meanwhile {n}")).await;
    }
    alice.handle.stop().await;

    let mut again = Buddy::new("alice").await;
    let wrong = again.handle.restore(file.clone(), "not the password".into()).await.unwrap_err();
    assert_eq!(wrong.code, ErrorCode::WrongPassword);
    assert!(matches!(again.snapshot().await.phase, Phase::FirstRun { .. }), "nothing of it is there");
    again.handle.restore(file.clone(), BACKUP.into()).await.expect("restores");
    assert!(matches!(again.snapshot().await.phase, Phase::Locked));
    assert!(again.handle.restore(file, BACKUP.into()).await.is_err(), "there is an account now");
    again.sign_in().await;
    // At once, perhaps before there is a link to say how far things have got.
    again.say("bob", "after").await;
    again.until_here("bob").await;
    bob.say("alice", "after, from bob").await;
    again.hear("after, from bob").await;
    bob.hear("after").await;
    again.say("bob", "and after that").await;
    bob.hear("and after that").await;

    let meanwhile = |from: &str| (0..20).map(|n| format!("meanwhile{from} {n}")).collect::<BTreeSet<_>>();
    let here = tokio::time::timeout(PATIENCE, async {
        while !texts(&again, "bob", false).await.is_superset(&meanwhile(", from bob")) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    here.await.expect("what bob said meanwhile comes again");
    let kept = texts(&bob, "alice", false).await;
    assert!(kept.is_superset(&meanwhile("")), "bob has all of it: {kept:?}");
    for text in ["before", "after", "and after that"] {
        assert!(kept.contains(text), "{text}: {kept:?}");
    }
    let events = bob.drain().await;
    let refused = events.iter().any(|event| matches!(event, Event::Notice { .. }));
    assert!(!refused, "and nothing looks like an attack: {events:?}");
}
