//! OPAQUE: a new device, a new password, wrong passwords, unknown names.

use juice_proto::{
    capsule::ServerCapsule,
    opaque::{ExportKey, LoggingIn, Registering},
    server::{Answer, Call, Push, Refusal},
    sign::SecretKey,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::{
    client::Client,
    world::{Person, World, wall_ms},
};

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([9; 32])
}

async fn opaque(client: &mut Client, call: &Call) -> Vec<u8> {
    match client.call(call).await {
        Answer::Opaque(bytes) => bytes.into(),
        other => panic!("{other:?}"),
    }
}

/// A registration with a password that counts.
async fn register(client: &mut Client, person: &Person, password: &str) {
    let mut rng = rng();
    let (registering, request) = Registering::start(password, &mut rng).unwrap();
    let start = Call::RegisterStart { account: person.id, request: request.into(), code: None };
    let answer = opaque(client, &start).await;
    let (upload, export) = registering.finish(&answer, &person.id, &client.server, &mut rng).unwrap();
    let finish = Call::RegisterFinish {
        upload: upload.into(),
        list: person.signed.clone(),
        capsule: ServerCapsule::seal(&person.aik, &export, &mut rng),
        prekey: person.prekey(),
        presence: Some(person.presence()),
    };
    client.prove(&finish, &person.device).await.unwrap();
}

/// Both calls that prove a password; None where it shows on this side already.
async fn log_in(client: &mut Client, person: &Person, password: &str) -> Option<(Answer, ExportKey)> {
    let mut rng = rng();
    let (logging_in, request) = LoggingIn::start(password, &mut rng).unwrap();
    let start = Call::LoginStart { account: person.id, request: request.into() };
    let answer = opaque(client, &start).await;
    let (proof, export) = logging_in.finish(&answer, &person.id, &client.server, &mut rng).ok()?;
    let finish = Call::LoginFinish { proof: proof.into() };
    Some((client.call(&finish).await, export))
}

/// The person as they come back on a new device, with what the capsule holds.
fn on_new_device(name: &str, client: &Client, answer: Answer, export: &ExportKey) -> Person {
    let Answer::Capsule { capsule, list } = answer else {
        panic!("{answer:?}");
    };
    let mut person = Person::new(name, &client.server);
    let aik = capsule.open(export).unwrap();
    assert_eq!(aik.public(), person.aik.public());
    let (old, pin) = juice_proto::device_list::check(&person.id, None, &list).unwrap();
    person.device = SecretKey::from_seed(&[77; 32]);
    person.list = old.moved_to(&pin, person.device.device(), wall_ms()).unwrap();
    (person.signed, person.pin) = person.list.sign(&aik);
    person
}

#[tokio::test]
async fn an_account_moves_to_a_new_device_in_three_calls_and_the_old_one_is_shut_out() {
    let world = World::new().await;
    let alice = world.person("alice");
    let mut old = world.connect().await;
    register(&mut old, &alice, "correct horse").await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_bob.done(&bob.ask(&alice)).await;
    old.done(&Call::Accept { from: bob.id }).await;
    old.pushed().await;
    at_bob.pushed().await;

    let mut new = world.connect().await;
    let (answer, export) = log_in(&mut new, &alice, "correct horse").await.unwrap();
    let moved = on_new_device("alice", &new, answer, &export);
    let call = Call::MoveHere { list: moved.signed.clone(), prekey: moved.prekey(), presence: Some(moved.presence()) };
    let welcome = new.prove(&call, &moved.device).await.unwrap();
    assert_eq!(welcome.contact_count, 1);
    let calls = world.server().calls();
    for kind in ["login_start", "login_finish", "move_here"] {
        assert_eq!(calls[kind], 1, "{kind}");
    }

    assert_eq!(old.push().await, Push::Superseded);
    old.ended().await;
    let told = at_bob.pushed().await;
    assert!(
        matches!(&told[..], [Push::Contact(contact)]
            if contact.lists == [moved.signed.clone()] && contact.presence.is_some()),
        "{told:?}"
    );
    let mut again = world.connect().await;
    assert_eq!(again.prove(&alice.hello(0), &alice.device).await, Err(Refusal::RevokedDevice));
    assert_eq!(
        at_bob.call(&Call::LookUp { account: alice.id, since_version: 1 }).await,
        Answer::Account { lists: vec![moved.signed.clone()], prekey: Some(moved.prekey_as_sent(&call)) }
    );
    assert_eq!(
        at_bob.call(&Call::LookUp { account: alice.id, since_version: 0 }).await,
        Answer::Account { lists: vec![alice.signed, moved.signed.clone()], prekey: Some(moved.prekey_as_sent(&call)) },
        "oldest first"
    );
}

impl Person {
    fn prekey_as_sent(&self, call: &Call) -> juice_proto::sign::Signed<juice_proto::prekey::Prekey> {
        match call {
            Call::MoveHere { prekey, .. } => prekey.clone(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn eve_cannot_move_an_account_without_its_password_and_its_key() {
    let world = World::new().await;
    let alice = world.person("alice");
    let mut at_alice = world.connect().await;
    register(&mut at_alice, &alice, "correct horse").await;

    let eves_device = SecretKey::from_seed(&[66; 32]);
    let mut eve = world.person("alice");
    eve.list = alice.list.moved_to(&alice.pin, eves_device.device(), wall_ms()).unwrap();
    eve.device = eves_device;
    let call = |person: &Person| Call::MoveHere {
        list: person.signed.clone(),
        prekey: person.prekey(),
        presence: Some(person.presence()),
    };
    // Even with the account key, without the password.
    (eve.signed, _) = eve.list.sign(&alice.aik);
    let mut client = world.connect().await;
    assert_eq!(client.prove(&call(&eve), &eve.device).await, Err(Refusal::NoSession));
    // With the password, without the account key; and with a list that does not follow.
    log_in(&mut client, &alice, "correct horse").await.unwrap();
    let other = SecretKey::from_seed(&[67; 32]);
    let mut forged = eve.list.clone();
    forged.key = other.account_key();
    (eve.signed, _) = forged.sign(&other);
    assert_eq!(client.prove(&call(&eve), &eve.device).await, Err(Refusal::WrongList));
    assert_eq!(client.prove(&call(&alice), &alice.device).await, Err(Refusal::WrongList), "the same version again");
    assert!(at_alice.pushed().await.is_empty(), "alice is undisturbed");
}

#[tokio::test]
async fn an_unknown_name_looks_like_a_wrong_password() {
    let world = World::new().await;
    let (alice, nobody) = (world.person("alice"), world.person("nobody"));
    let mut client = world.connect().await;
    register(&mut client, &alice, "correct horse").await;

    let mut sizes = Vec::new();
    for person in [&alice, &nobody] {
        let mut client = world.connect().await;
        assert!(log_in(&mut client, person, "wrong").await.is_none());
        sizes.push(client.last_frame);
        // A guess at the proof is refused alike.
        let guess = Call::LoginFinish { proof: vec![7; 64].into() };
        assert_eq!(client.refused(&guess).await, Refusal::WrongPassword);
        assert_eq!(client.refused(&guess).await, Refusal::NoSession, "one try each");
    }
    assert_eq!(sizes[0], sizes[1], "the answers are of one size");
}

#[tokio::test]
async fn five_unproven_passwords_are_enough_for_a_while_and_a_proven_one_clears_the_count() {
    let world = World::new().await;
    let (alice, nobody) = (world.person("alice"), world.person("nobody"));
    let mut client = world.connect().await;
    register(&mut client, &alice, "correct horse").await;
    let (_, request) = LoggingIn::start("wrong", &mut rng()).unwrap();
    let start = |person: &Person| Call::LoginStart { account: person.id, request: request.clone().into() };
    for _ in 0..4 {
        let mut client = world.connect().await;
        opaque(&mut client, &start(&alice)).await;
    }
    let mut client = world.connect().await;
    log_in(&mut client, &alice, "correct horse").await.unwrap();
    for person in [&alice, &nobody] {
        let mut client = world.connect().await;
        for _ in 0..5 {
            opaque(&mut client, &start(person)).await;
        }
        let Refusal::SlowDown(seconds) = client.refused(&start(person)).await else {
            panic!("not slowed down");
        };
        assert!((800..=900).contains(&seconds), "{seconds} s");
    }
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_replaces_it() {
    let world = World::new().await;
    let alice = world.person("alice");
    let mut client = world.connect().await;
    register(&mut client, &alice, "old").await;

    let mut rng = rng();
    let (registering, request) = Registering::start("new", &mut rng).unwrap();
    let start = Call::PasswordStart { request: request.into() };
    assert_eq!(client.refused(&start).await, Refusal::NoSession);
    assert!(log_in(&mut client, &alice, "old").await.is_some());
    let answer = opaque(&mut client, &start).await;
    let (upload, export) = registering.finish(&answer, &alice.id, &client.server, &mut rng).unwrap();
    let finish =
        Call::PasswordFinish { upload: upload.into(), capsule: ServerCapsule::seal(&alice.aik, &export, &mut rng) };
    client.done(&finish).await;
    assert_eq!(client.refused(&finish).await, Refusal::NoSession, "once");

    let mut other = world.connect().await;
    assert!(log_in(&mut other, &alice, "old").await.is_none());
    let (answer, export) = log_in(&mut other, &alice, "new").await.unwrap();
    on_new_device("alice", &other, answer, &export);
}

#[tokio::test]
async fn opaque_garbage_is_a_bad_request() {
    let world = World::new().await;
    let alice = world.person("alice");
    for call in [
        Call::RegisterStart { account: alice.id, request: vec![0xff; 32].into(), code: None },
        Call::LoginStart { account: alice.id, request: vec![1, 2, 3].into() },
    ] {
        let mut client = world.connect().await;
        assert_eq!(client.refused(&call).await, Refusal::BadRequest);
        client.ended().await;
    }
}
