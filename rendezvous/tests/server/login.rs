//! Registering, the daily login, logging out: how many calls each takes, and who can't.

use std::collections::BTreeMap;

use juice_proto::{
    server::{Answer, Call, ClientFrame, Push, Refusal},
    sign::SecretKey,
};

use crate::{
    client::Client,
    world::{Person, World, contact, wall_ms},
};

#[tokio::test]
async fn registering_takes_two_calls_a_login_one_and_a_logout_one() {
    let world = World::new().await;
    let (alice, mut client) = world.register("alice").await;
    assert_eq!(world.server().calls(), BTreeMap::from([("register_start", 1), ("register_finish", 1)]));
    client.done(&Call::Goodbye).await;
    client.ended().await;
    let (_client, welcome) = world.log_in(&alice).await;
    assert_eq!(
        world.server().calls(),
        BTreeMap::from([("register_start", 1), ("register_finish", 1), ("goodbye", 1), ("hello", 1)])
    );
    assert_eq!(welcome.contact_count, 0);
    assert_eq!(welcome.seen_from.as_deref(), Some("127.0.0.1"));
    assert!(welcome.server_ms.abs_diff(wall_ms()) < 10_000);
    assert_eq!(world.server().online(), 1);
}

#[tokio::test]
async fn eve_cannot_register_as_alice() {
    let world = World::new().await;
    let (alice, _at_alice) = world.register("alice").await;
    let mut eve = world.connect().await;
    assert_eq!(eve.refused(&alice.register_start()).await, Refusal::NameTaken);
    // Both began before either was done: the first to finish has the name.
    let bob = world.person("bob");
    let (mut first, mut second) = (world.connect().await, world.connect().await);
    for client in [&mut first, &mut second] {
        assert!(matches!(client.call(&bob.register_start()).await, Answer::Opaque(_)));
    }
    for (client, outcome) in [(first, None), (second, Some(Refusal::NameTaken))] {
        let mut client = client;
        let finished = client.prove(&bob.register_finish(), &bob.device).await;
        assert_eq!(finished.err(), outcome);
    }
}

#[tokio::test]
async fn eve_cannot_finish_a_registration_that_is_not_hers() {
    let world = World::new().await;
    let (alice, eve) = (world.person("alice"), world.person("eve"));
    let eves_key = SecretKey::from_seed(&[66; 32]);

    // Alice's own words, signed by Eve's device.
    let mut client = world.connect().await;
    client.call(&alice.register_start()).await;
    assert_eq!(client.prove(&alice.register_finish(), &eves_key).await, Err(Refusal::BadSignature));
    client.ended().await;

    // A list of Eve's account under Alice's name.
    let mut client = world.connect().await;
    client.call(&alice.register_start()).await;
    assert_eq!(client.prove(&eve.register_finish(), &eve.device).await, Err(Refusal::WrongList));

    // The finish without the start.
    let mut client = world.connect().await;
    assert_eq!(client.prove(&alice.register_finish(), &alice.device).await, Err(Refusal::NoSession));

    // A list that does not begin at version 1.
    let list = alice.list.moved_to(&alice.pin, eves_key.device(), wall_ms()).unwrap();
    let moved = Person { signed: list.sign(&alice.aik).0, device: eves_key, ..world.person("alice") };
    client.call(&alice.register_start()).await;
    assert_eq!(client.prove(&moved.register_finish(), &moved.device).await, Err(Refusal::WrongList));
    assert_eq!(world.server().online(), 0);
}

#[tokio::test]
async fn eve_cannot_log_in_with_her_own_device() {
    let world = World::new().await;
    let (alice, at_alice) = world.register("alice").await;
    drop(at_alice);
    let mut eve = world.person("alice");
    eve.device = SecretKey::from_seed(&[66; 32]);
    let mut client = world.connect().await;
    assert_eq!(client.prove(&eve.hello(0), &eve.device).await, Err(Refusal::UnknownDevice));
    let invisible = Call::Hello { account: alice.id, since_ms: 0, presence: None, prekey: None };
    assert_eq!(client.prove(&invisible, &eve.device).await, Err(Refusal::UnknownDevice));
    // With Alice's presence, which she saw as a buddy, but not Alice's key.
    assert_eq!(client.prove(&alice.hello(0), &eve.device).await, Err(Refusal::BadSignature));
    client.ended().await;
    let nobody = world.person("nobody");
    let mut client = world.connect().await;
    assert_eq!(client.prove(&nobody.hello(0), &nobody.device).await, Err(Refusal::UnknownDevice));
}

#[tokio::test]
async fn eve_cannot_replay_a_hello_on_a_connection_of_her_own() {
    let world = World::new().await;
    let (alice, at_alice) = world.register("alice").await;
    let hello = alice.hello(0);
    let overheard = ClientFrame::proven(1, &hello, &alice.device, &world.key(), &at_alice.nonce);
    let mut eve = world.connect().await;
    eve.send(&overheard).await;
    assert_eq!(eve.turned_away().await, Some(Refusal::BadSignature));
}

#[tokio::test]
async fn the_newest_connection_wins_and_the_older_is_told() {
    let world = World::new().await;
    let ((alice, mut older), (bob, mut at_bob)) = world.buddies().await;
    let (mut newer, welcome) = world.log_in(&alice).await;
    assert!(contact(&welcome, &bob.id).presence.is_some());
    assert_eq!(older.push().await, Push::Superseded);
    older.ended().await;
    assert!(newer.pushed().await.is_empty());
    assert_eq!(world.server().online(), 2);
    let told = at_bob.pushed().await;
    assert!(
        told.iter().all(|push| crate::world::seen(push, &alice.id) == Some(true)),
        "bob never saw her go: {told:?}"
    );
}

#[tokio::test]
async fn calls_of_a_session_need_a_session() {
    let world = World::new().await;
    let alice = world.person("alice");
    let mut client = world.connect().await;
    for call in [
        Call::Goodbye,
        Call::SetPresence { presence: None },
        Call::Nudge { buddy: alice.id },
        alice.ask(&alice),
        Call::LookUp { account: alice.id, since_version: 0 },
    ] {
        assert_eq!(client.refused(&call).await, Refusal::NoSession, "{call:?}");
    }
}

#[tokio::test]
async fn a_presence_from_the_past_or_the_future_is_refused() {
    let world = World::new().await;
    let (alice, mut client) = world.register("alice").await;
    let set = |presence| Call::SetPresence { presence: Some(presence) };
    let once = alice.presence();
    client.done(&set(once.clone())).await;
    assert_eq!(client.refused(&set(once)).await, Refusal::Stale, "replayed");
    let year = 365 * 24 * 60 * 60 * 1000;
    let future = set(alice.presence_for(year));
    assert_eq!(client.refused(&future).await, Refusal::Stale);
    let bob = world.person("bob");
    assert_eq!(client.refused(&set(bob.presence())).await, Refusal::BadSignature);
    client.ended().await;
}

#[tokio::test]
async fn eve_cannot_stand_in_for_the_server() {
    let world = World::new().await;
    let wrong = SecretKey::from_seed(&[66; 32]).server_key();
    let refused = crate::client::tls(world.server().socket(), wrong).await;
    assert!(refused.is_err(), "the certificate is not that key's");
    let _ = Client::connect(world.server().socket(), world.key()).await;
}
