//! Requests, buddies, blocks.

use std::time::Duration;

use juice_proto::{
    frame,
    server::{Answer, Call, Push, Refusal, Relation},
};
use tokio::time::sleep;

use crate::world::{World, contact, is_new_buddy, seen};

#[tokio::test]
async fn a_request_is_shown_accepted_and_makes_buddies() {
    let world = World::new().await;
    let (alice, mut at_alice) = world.register("alice").await;
    let (bob, mut at_bob) = world.register("bob").await;
    let ask = alice.ask(&bob);
    at_alice.done(&ask).await;
    assert_eq!(at_alice.refused(&ask).await, Refusal::AlreadyAsked);
    let Push::Pending(pending) = at_bob.push().await else {
        panic!("no request");
    };
    assert_eq!((pending.from, &pending.list), (alice.id, &alice.signed));
    let Call::Ask { envelope, .. } = &ask else {
        panic!();
    };
    assert_eq!(pending.envelope, *envelope);

    // Not there yet, it waits; the asker sees that it does.
    let (_, welcome) = world.log_in(&alice).await;
    assert_eq!(contact(&welcome, &bob.id).relation, Relation::Asked);
    assert!(contact(&welcome, &bob.id).presence.is_none());
    let (mut at_bob, welcome) = world.log_in(&bob).await;
    assert_eq!(welcome.pending, [pending]);

    let (mut at_alice, _) = world.log_in(&alice).await;
    at_bob.done(&Call::Accept { from: alice.id }).await;
    assert!(is_new_buddy(&at_bob.push().await, &alice.id));
    assert!(is_new_buddy(&at_alice.push().await, &bob.id));
    assert_eq!(at_alice.refused(&ask).await, Refusal::AlreadyBuddies);
    assert_eq!(at_bob.refused(&Call::Accept { from: alice.id }).await, Refusal::AlreadyBuddies);
    let (_client, welcome) = world.log_in(&bob).await;
    assert!(welcome.pending.is_empty());
    assert_eq!(contact(&welcome, &alice.id).relation, Relation::Buddy);
    assert_eq!(contact(&welcome, &alice.id).lists, std::slice::from_ref(&alice.signed));
}

#[tokio::test]
async fn a_declined_request_is_gone_and_the_asker_is_not_told() {
    let world = World::new().await;
    let (alice, mut at_alice) = world.register("alice").await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_alice.done(&alice.ask(&bob)).await;
    at_bob.done(&Call::Decline { from: alice.id }).await;
    assert!(at_alice.pushed().await.is_empty());
    assert_eq!(at_alice.refused(&alice.ask(&bob)).await, Refusal::AlreadyAsked);
    assert_eq!(at_bob.refused(&Call::Accept { from: alice.id }).await, Refusal::Unknown);
    let (_client, welcome) = world.log_in(&alice).await;
    assert_eq!(contact(&welcome, &bob.id).relation, Relation::Asked);
}

#[tokio::test]
async fn requests_that_cross_make_buddies() {
    let world = World::new().await;
    let (alice, mut at_alice) = world.register("alice").await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_alice.done(&alice.ask(&bob)).await;
    at_bob.done(&bob.ask(&alice)).await;
    assert!(matches!(at_bob.push().await, Push::Pending(_)));
    assert!(is_new_buddy(&at_bob.push().await, &alice.id));
    assert!(is_new_buddy(&at_alice.push().await, &bob.id));
    let (_client, welcome) = world.log_in(&bob).await;
    assert!(welcome.pending.is_empty(), "the request is answered");
}

#[tokio::test]
async fn a_request_taken_back_is_gone_on_both_sides() {
    let world = World::new().await;
    let (alice, mut at_alice) = world.register("alice").await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_alice.done(&alice.ask(&bob)).await;
    at_alice.done(&Call::Remove { other: bob.id }).await;
    assert!(matches!(at_bob.push().await, Push::Pending(_)));
    assert_eq!(at_bob.push().await, Push::Gone(alice.id));
    assert_eq!(at_bob.refused(&Call::Accept { from: alice.id }).await, Refusal::Unknown);
    at_alice.done(&alice.ask(&bob)).await;
}

#[tokio::test]
async fn a_buddy_removed_hears_of_it_and_sees_nothing_more() {
    let world = World::new().await;
    let ((alice, mut at_alice), (bob, mut at_bob)) = world.buddies().await;
    at_alice.done(&Call::Remove { other: bob.id }).await;
    assert_eq!(at_bob.push().await, Push::Gone(alice.id));
    let presence = Some(alice.presence());
    at_alice.done(&Call::SetPresence { presence }).await;
    assert!(at_bob.pushed().await.is_empty());
    for (person, other) in [(&alice, &bob), (&bob, &alice)] {
        let (mut client, welcome) = world.log_in(person).await;
        assert_eq!(welcome.contact_count, 0);
        let nudge = Call::Nudge { buddy: other.id };
        assert_eq!(client.refused(&nudge).await, Refusal::Unknown);
    }
}

#[tokio::test]
async fn the_blocked_see_someone_offline_and_are_not_heard() {
    let world = World::new().await;
    let ((alice, mut at_alice), (bob, mut at_bob)) = world.buddies().await;
    at_alice.done(&Call::Block { other: bob.id }).await;
    assert_eq!(seen(&at_bob.push().await, &alice.id), Some(false));

    // Nothing that Alice does shows.
    let presence = Some(alice.presence());
    at_alice.done(&Call::SetPresence { presence }).await;
    let (mut at_alice_again, welcome) = world.log_in(&alice).await;
    assert_eq!(contact(&welcome, &bob.id).relation, Relation::Blocked);
    assert!(contact(&welcome, &bob.id).presence.is_none());
    assert!(contact(&welcome, &bob.id).lists.is_empty());
    assert!(at_bob.pushed().await.is_empty());

    // Bob's side looks as it would if she were away.
    let (mut at_bob, welcome) = world.log_in(&bob).await;
    assert_eq!(contact(&welcome, &alice.id).relation, Relation::Buddy);
    assert!(contact(&welcome, &alice.id).presence.is_none());
    at_bob.done(&Call::Nudge { buddy: alice.id }).await;
    assert_eq!(at_bob.refused(&bob.ask(&alice)).await, Refusal::AlreadyBuddies);
    assert!(at_alice_again.pushed().await.is_empty(), "she hears nothing");

    at_alice_again.done(&Call::Unblock { other: bob.id }).await;
    assert!(is_new_buddy(&at_bob.push().await, &alice.id));
    assert!(is_new_buddy(&at_alice_again.push().await, &bob.id));
}

#[tokio::test]
async fn a_request_from_the_blocked_seems_to_be_sent_and_goes_nowhere() {
    let world = World::new().await;
    let (alice, mut at_alice) = world.register("alice").await;
    let (eve, mut at_eve) = world.register("eve").await;
    at_eve.done(&eve.ask(&alice)).await;
    assert!(matches!(at_alice.push().await, Push::Pending(_)));
    at_alice.done(&Call::Block { other: eve.id }).await;
    assert!(at_eve.pushed().await.is_empty());
    at_eve.done(&Call::Remove { other: alice.id }).await;
    at_eve.done(&eve.ask(&alice)).await;
    assert_eq!(at_eve.refused(&eve.ask(&alice)).await, Refusal::AlreadyAsked);
    assert!(at_alice.pushed().await.is_empty());
    let (mut at_alice, welcome) = world.log_in(&alice).await;
    assert!(welcome.pending.is_empty());
    let (_client, welcome) = world.log_in(&eve).await;
    assert_eq!(contact(&welcome, &alice.id).relation, Relation::Asked);
    at_alice.done(&Call::Unblock { other: eve.id }).await;
    let unblock = Call::Unblock { other: eve.id };
    assert_eq!(at_alice.refused(&unblock).await, Refusal::Unknown);
}

#[tokio::test]
async fn a_block_takes_back_a_request_of_mine() {
    let world = World::new().await;
    let (alice, mut at_alice) = world.register("alice").await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_alice.done(&alice.ask(&bob)).await;
    at_alice.done(&Call::Block { other: bob.id }).await;
    assert!(matches!(at_bob.push().await, Push::Pending(_)));
    assert_eq!(at_bob.push().await, Push::Gone(alice.id));
    assert_eq!(at_alice.refused(&alice.ask(&bob)).await, Refusal::Unknown, "unblock first");
}

#[tokio::test]
async fn a_nudge_reaches_a_buddy_alone() {
    let world = World::new().await;
    let ((alice, mut at_alice), (bob, mut at_bob)) = world.buddies().await;
    at_alice.done(&Call::Nudge { buddy: bob.id }).await;
    assert_eq!(at_bob.push().await, Push::Nudged(alice.id));
    let (_, mut at_eve) = world.register("eve").await;
    let nudge = Call::Nudge { buddy: bob.id };
    assert_eq!(at_eve.refused(&nudge).await, Refusal::Unknown);
    assert!(at_bob.pushed().await.is_empty());
}

#[tokio::test]
async fn who_does_not_exist_can_neither_be_found_nor_asked() {
    let world = World::new().await;
    let (alice, mut at_alice) = world.register("alice").await;
    let nobody = world.person("nobody");
    for call in [
        Call::LookUp { account: nobody.id, since_version: 0 },
        alice.ask(&nobody),
        Call::Block { other: nobody.id },
        Call::Remove { other: nobody.id },
    ] {
        assert_eq!(at_alice.refused(&call).await, Refusal::Unknown, "{call:?}");
    }
    let myself = alice.ask(&alice);
    assert_eq!(at_alice.refused(&myself).await, Refusal::Unknown);
    let (bob, _at_bob) = world.register("bob").await;
    let look_up = |since_version| Call::LookUp { account: bob.id, since_version };
    let Answer::Account { lists, prekey } = at_alice.call(&look_up(0)).await else {
        panic!("no account");
    };
    assert_eq!((lists, prekey.is_some()), (vec![bob.signed.clone()], true));
    let Answer::Account { lists, .. } = at_alice.call(&look_up(1)).await else {
        panic!("no account");
    };
    assert!(lists.is_empty(), "nothing newer");
}

#[tokio::test]
async fn another_day_key_is_found_at_once_by_who_has_looked_up_the_last() {
    let world = World::new().await;
    let (_alice, mut at_alice) = world.register("alice").await;
    let (bob, mut at_bob) = world.register("bob").await;
    let look_up = Call::LookUp { account: bob.id, since_version: 0 };
    let first = at_alice.call(&look_up).await;
    assert_eq!(at_alice.call(&look_up).await, first, "nothing has changed");
    // A key made in the same millisecond would be the same.
    sleep(Duration::from_millis(2)).await;
    let next = bob.prekey();
    at_bob.done(&Call::SetPrekey { prekey: next.clone() }).await;
    let now = Answer::Account { lists: vec![bob.signed.clone()], prekey: Some(next) };
    assert_ne!(first, now);
    assert_eq!(at_alice.call(&look_up).await, now, "what was read before is not kept");
}

#[tokio::test]
async fn only_lists_changed_since_the_last_welcome_are_sent_again() {
    let world = World::with(|config| config.timing.overlap = Duration::ZERO).await;
    let ((alice, _at_alice), (bob, _at_bob)) = world.buddies().await;
    // What is stored in the very millisecond of a welcome is sent again.
    sleep(Duration::from_millis(2)).await;
    let (_client, welcome) = world.log_in(&alice).await;
    assert_eq!(contact(&welcome, &bob.id).lists.len(), 1);
    let mut client = world.connect().await;
    let again = alice.hello(welcome.server_ms);
    let welcome = client.prove(&again, &alice.device).await.unwrap();
    assert!(contact(&welcome, &bob.id).lists.is_empty());
    assert!(contact(&welcome, &bob.id).presence.is_some(), "always");
}

#[tokio::test]
async fn a_thousand_contacts_come_in_pages_and_one_more_is_too_many() {
    let world = World::new().await;
    let (alice, mut at_alice) = world.register("alice").await;
    let mut ids = Vec::new();
    for n in 0..1000 {
        let (friend, mut client) = world.register(&format!("friend{n}")).await;
        at_alice.done(&alice.ask(&friend)).await;
        client.done(&Call::Accept { from: alice.id }).await;
        client.done(&Call::Goodbye).await;
        ids.push(friend.id);
        at_alice.pushed().await;
    }
    let (eve, mut at_eve) = world.register("eve").await;
    assert_eq!(at_alice.refused(&alice.ask(&eve)).await, Refusal::TooManyBuddies);
    at_eve.done(&eve.ask(&alice)).await;
    assert_eq!(at_alice.refused(&Call::Accept { from: eve.id }).await, Refusal::TooManyBuddies);

    let (mut client, welcome) = world.log_in(&alice).await;
    assert_eq!(welcome.contact_count, 1000);
    assert!(client.last_frame <= 64 * 1024, "{} bytes", client.last_frame);
    let mut seen: Vec<_> = welcome.contacts.iter().map(|c| c.account).collect();
    let mut requests = welcome.pending.len();
    for push in client.pushed().await {
        assert!(frame::encode(&push).len() <= 64 * 1024);
        match push {
            Push::Contacts(page) => seen.extend(page.iter().map(|c| c.account)),
            Push::Pending(_) => requests += 1,
            other => panic!("{other:?}"),
        }
    }
    seen.sort_unstable();
    ids.sort_unstable();
    assert_eq!(seen, ids, "all of them, each once");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn only_so_many_requests_wait() {
    let world = World::with(|config| config.limits.pending = 2).await;
    let (alice, mut at_alice) = world.register("alice").await;
    for (n, allowed) in [true, true, false].into_iter().enumerate() {
        let (asker, mut client) = world.register(&format!("asker{n}")).await;
        match client.call(&asker.ask(&alice)).await {
            Answer::Done => assert!(allowed),
            other => assert_eq!(other, Answer::Refused(Refusal::TooManyBuddies)),
        }
    }
    assert_eq!(at_alice.pushed().await.len(), 2);
}
