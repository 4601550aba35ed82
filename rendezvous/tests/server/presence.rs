//! Who sees whom, and when.

use std::time::Duration;

use juice_proto::server::{Call, Push};
use tokio::time::sleep;

use crate::world::{World, contact, seen};

#[tokio::test]
async fn presence_goes_to_buddies_alone() {
    let world = World::new().await;
    let ((alice, mut at_alice), (_bob, mut at_bob)) = world.buddies().await;
    let (_eve, mut at_eve) = world.register("eve").await;
    let presence = alice.presence();
    at_alice.done(&Call::SetPresence { presence: Some(presence.clone()) }).await;
    assert_eq!(at_bob.push().await, Push::Presence(alice.id, Some(presence)));
    at_alice.done(&Call::SetPresence { presence: None }).await;
    assert_eq!(seen(&at_bob.push().await, &alice.id), Some(false));
    at_alice.done(&Call::SetPresence { presence: None }).await;
    at_alice.done(&Call::Goodbye).await;
    assert!(at_bob.pushed().await.is_empty(), "the invisible go without a word");
    assert!(at_eve.pushed().await.is_empty());
}

#[tokio::test]
async fn a_buddy_who_comes_is_seen_by_who_is_there_and_sees_them() {
    let world = World::new().await;
    let ((alice, mut at_alice), (bob, mut at_bob)) = world.buddies().await;
    at_alice.done(&Call::Goodbye).await;
    assert_eq!(seen(&at_bob.push().await, &alice.id), Some(false));
    let (_client, welcome) = world.log_in(&alice).await;
    assert!(contact(&welcome, &bob.id).presence.is_some());
    assert_eq!(seen(&at_bob.push().await, &alice.id), Some(true));
}

#[tokio::test]
async fn a_broken_socket_is_forgiven_for_the_grace_and_then_presence_is_none() {
    let grace = Duration::from_millis(300);
    let world = World::with(|config| config.timing.grace = grace).await;
    let ((alice, at_alice), (_bob, mut at_bob)) = world.buddies().await;
    drop(at_alice);
    let (at_alice, _) = world.log_in(&alice).await;
    sleep(grace * 2).await;
    let told: Vec<_> = at_bob.pushed().await.iter().map(|push| seen(push, &alice.id)).collect();
    assert_eq!(told, [Some(true)], "she was never away");
    drop(at_alice);
    assert_eq!(seen(&at_bob.push().await, &alice.id), Some(false));
    assert_eq!(world.server().online(), 1);
}

#[tokio::test]
async fn a_presence_that_is_not_renewed_ends() {
    let world = World::new().await;
    let ((alice, mut at_alice), (_bob, mut at_bob)) = world.buddies().await;
    let presence = Some(alice.presence_for(300));
    at_alice.done(&Call::SetPresence { presence }).await;
    assert_eq!(seen(&at_bob.push().await, &alice.id), Some(true));
    assert_eq!(seen(&at_bob.push().await, &alice.id), Some(false));
    assert_eq!(world.server().online(), 2, "the session itself goes on");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_and_holds_nobody_up() {
    let world = World::with(|config| {
        config.timing.handshake = Duration::from_millis(500);
    })
    .await;
    let ((_alice, mut at_alice), (bob, _stalled)) = world.buddies().await;
    // Far more than the queue and the system's buffers hold.
    for _ in 0..40_000 {
        at_alice.done(&Call::Nudge { buddy: bob.id }).await;
        if world.server().online() == 1 {
            return;
        }
    }
    panic!("the stalled client is still there");
}
