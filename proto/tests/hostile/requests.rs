//! Hostile requests and invites.

use juice_proto::{
    frame,
    id::AccountId,
    messenger::Output,
    request::Request,
    seal::{Envelope, KemPublic},
    server::{Call, Pending, Push},
    sign::{SecretKey, Signed},
    view::{Command, Event, Relation, Reply, RequestView},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::common::{
    disk::DiskMood,
    people::{Persona, START, key_of, persona},
    stage::{ALICE, Stage},
};

/// Alice, online; Eve and Mallory are registered and no buddies.
fn alice() -> Stage {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.log.clear();
    stage
}

/// What someone asks of someone.
pub fn request(from: &Persona, to: AccountId) -> Request {
    let identity = &from.identity;
    Request {
        from: identity.account,
        name: identity.name.as_str().into(),
        to,
        note: "hello".into(),
        token: None,
        asked_ms: START,
        delivery: None,
    }
}

/// Seals a request for Alice and lets the server hand it over as coming from `from`.
pub fn send(stage: &mut Stage, from: &Persona, request: &Request, signer: &SecretKey) {
    let envelope = sealed(stage, request, signer);
    let pending = Pending { from: from.identity.account, list: from.identity.list.clone(), envelope };
    stage.push(ALICE, Push::Pending(pending));
}

pub fn sealed(stage: &Stage, request: &Request, signer: &SecretKey) -> Envelope {
    let key = stage.players[ALICE].disk.day_keys[0].secret.public();
    let plain = frame::encode(&Signed::make(request, signer));
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    Envelope::seal(&plain, &key, &stage.device(ALICE), &mut rng).expect("short")
}

fn asked(stage: &Stage) -> Vec<RequestView> {
    let arrived = |event| if let Event::RequestArrived { request } = event { Some(request) } else { None };
    stage.events(ALICE).into_iter().filter_map(arrived).collect()
}

#[test]
fn an_honest_request_is_shown_once() {
    let mut stage = alice();
    let (eve, me) = (persona("eve"), persona("alice").identity.account);
    for _ in 0..3 {
        send(&mut stage, &eve, &request(&eve, me), &eve.identity.device);
    }
    assert_eq!(asked(&stage).len(), 1, "the same request again is no news");
    assert_eq!(asked(&stage)[0].name, "eve");
}

#[test]
fn eve_cannot_ask_with_a_wrong_name_signer_or_recipient() {
    let (eve, mallory, me) = (persona("eve"), persona("mallory"), persona("alice").identity.account);
    let good = request(&eve, me);
    let cases = [
        ("another's name", Request { name: "bob".into(), ..good.clone() }, &eve.identity.device),
        ("a name in other letters", Request { name: "Eve".into(), ..good.clone() }, &eve.identity.device),
        ("another's signature", good.clone(), &mallory.identity.device),
        ("her account key's signature", good.clone(), &eve.key),
        ("another's account", request(&mallory, me), &eve.identity.device),
        ("for somebody else", Request { to: mallory.identity.account, ..good.clone() }, &eve.identity.device),
        ("an endless note", Request { note: "x".repeat(201), ..good }, &eve.identity.device),
    ];
    for (name, request, signer) in cases {
        let mut stage = alice();
        send(&mut stage, &eve, &request, signer);
        assert!(asked(&stage).is_empty(), "{name}");
        assert!(stage.players[ALICE].disk.requests.is_empty(), "{name}");
    }
}

#[test]
fn eve_cannot_pass_on_a_request_as_her_own() {
    let mut stage = alice();
    let (eve, mallory, me) = (persona("eve"), persona("mallory"), persona("alice").identity.account);
    let envelope = sealed(&stage, &request(&mallory, me), &mallory.identity.device);
    let pending = Pending { from: eve.identity.account, list: eve.identity.list, envelope };
    stage.push(ALICE, Push::Pending(pending));
    assert!(asked(&stage).is_empty());
}

#[test]
fn a_request_sealed_for_another_device_or_key_is_not_read() {
    let stage = alice();
    let (eve, me) = (persona("eve"), persona("alice").identity.account);
    let key = stage.players[ALICE].disk.day_keys[0].secret.public();
    let plain = frame::encode(&Signed::make(&request(&eve, me), &eve.identity.device));
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let other = juice_proto::seal::KemSecret::from_seed(juice_proto::seal::Suite::X25519, [8; 32]).public();
    let cases = [
        ("another device", Envelope::seal(&plain, &key, &key_of("another").device(), &mut rng).expect("short")),
        ("a destroyed key", Envelope::seal(&plain, &other, &stage.device(ALICE), &mut rng).expect("short")),
        ("no signature at all", {
            let plain = frame::encode(&request(&eve, me));
            Envelope::seal(&plain, &key, &stage.device(ALICE), &mut rng).expect("short")
        }),
    ];
    for (name, envelope) in cases {
        let mut stage = alice();
        let pending = Pending { from: eve.identity.account, list: eve.identity.list.clone(), envelope };
        stage.push(ALICE, Push::Pending(pending));
        assert!(asked(&stage).is_empty(), "{name}");
    }
}

#[test]
fn eve_cannot_ask_with_a_revoked_device() {
    let mut stage = alice();
    let (old, new, me) = (persona("eve"), persona("eve").moved("eve's new device"), persona("alice").identity.account);
    let envelope = sealed(&stage, &request(&old, me), &old.identity.device);
    let pending = Pending { from: new.identity.account, list: new.identity.list, envelope };
    stage.push(ALICE, Push::Pending(pending));
    assert!(asked(&stage).is_empty());
}

#[test]
fn the_blocked_can_ask_as_often_as_they_like() {
    let mut stage = alice();
    let (bob, me) = (persona("bob"), persona("alice").identity.account);
    stage.command(ALICE, Command::BlockBuddy { buddy: bob.hex() });
    send(&mut stage, &bob, &request(&bob, me), &bob.identity.device);
    assert!(asked(&stage).is_empty(), "and nobody is bothered");
}

#[test]
fn a_stranger_who_asked_can_be_blocked() {
    let mut stage = alice();
    let (eve, me) = (persona("eve"), persona("alice").identity.account);
    send(&mut stage, &eve, &request(&eve, me), &eve.identity.device);
    stage.command(ALICE, Command::BlockBuddy { buddy: eve.hex() });
    assert_eq!(stage.row_of(ALICE, &eve.hex()).expect("a row").relation, Relation::Blocked);
    assert!(stage.calls(ALICE).contains(&Call::Block { other: eve.identity.account }));
    let asked_before = asked(&stage).len();
    let again = Request { note: "please".into(), ..request(&eve, me) };
    send(&mut stage, &eve, &again, &eve.identity.device);
    assert_eq!(asked(&stage).len(), asked_before);
}

/// Alice gives an invite out; its token.
fn invite(stage: &mut Stage) -> [u8; 16] {
    stage.command(ALICE, Command::CreateInvite);
    let link = stage.outputs(ALICE).find_map(|output| match output {
        Output::Answer(_, Ok(Reply::Invite { link, .. })) => Some(link.clone()),
        _ => None,
    });
    juice_proto::invite::Invite::parse(&link.expect("a link")).expect("our own link").token
}

#[test]
fn an_invite_is_good_once() {
    let mut stage = alice();
    let token = invite(&mut stage);
    let me = persona("alice").identity.account;
    let ask = |stage: &mut Stage, name: &str| {
        let who = persona(name);
        let request = Request { token: Some(token.into()), ..request(&who, me) };
        send(stage, &who, &request, &who.identity.device);
        stage.row_of(ALICE, &who.hex())
    };
    let first = ask(&mut stage, "eve").expect("a row");
    assert_eq!((first.relation, first.verified), (Relation::Buddy, true), "who has the link is in");
    assert!(ask(&mut stage, "mallory").is_none(), "the second is not");
    assert_eq!(asked(&stage).len(), 1, "but may ask like anybody else");
    assert!(stage.players[ALICE].disk.invites.is_empty(), "nor is it good again after a restart");
}

#[test]
fn an_invite_made_before_a_restart_is_good_after_it() {
    let mut stage = alice();
    let token = invite(&mut stage);
    stage.kill(ALICE);
    stage.start(ALICE);
    stage.connect(ALICE);
    let (eve, me) = (persona("eve"), persona("alice").identity.account);
    send(&mut stage, &eve, &Request { token: Some(token.into()), ..request(&eve, me) }, &eve.identity.device);
    assert!(stage.row_of(ALICE, &eve.hex()).expect("a row").verified);
}

#[test]
fn an_expired_or_invented_invite_is_an_ordinary_request() {
    let mut stage = alice();
    let token = invite(&mut stage);
    let (eve, me) = (persona("eve"), persona("alice").identity.account);
    let invented = Request { token: Some([0xee; 16].into()), note: "one".into(), ..request(&eve, me) };
    send(&mut stage, &eve, &invented, &eve.identity.device);
    assert!(stage.row_of(ALICE, &eve.hex()).is_none());
    assert_eq!(asked(&stage).len(), 1);

    stage.pass(juice_proto::invite::VALID + 1);
    let late = Request { token: Some(token.into()), note: "two".into(), ..request(&eve, me) };
    send(&mut stage, &eve, &late, &eve.identity.device);
    assert!(stage.row_of(ALICE, &eve.hex()).is_none(), "seven days are over");
    assert_eq!(asked(&stage).len(), 2);
}

#[test]
fn an_invite_that_could_not_be_saved_is_not_given_out() {
    let mut stage = alice();
    stage.disk(ALICE, DiskMood::Fails);
    let number = stage.command(ALICE, Command::CreateInvite);
    assert_eq!(stage.answer(ALICE, number), Some(Err(juice_proto::view::ErrorCode::NotSaved)));
}

#[test]
fn a_request_that_comes_before_the_day_key_is_saved_is_not_lost() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(ALICE);
    stage.players[ALICE].disk.day_keys.clear();
    stage.disk(ALICE, DiskMood::Stalls);
    stage.open_server();
    stage.start(ALICE);
    stage.connect(ALICE);
    let prekey = stage.players[ALICE].messenger.as_mut().expect("running").first_prekey().expect("one in the making");
    let public = prekey.peek().expect("a key");
    let key = KemPublic::parse(public.suite, &public.key).expect("a key");
    let eve = persona("eve");
    let request = request(&eve, persona("alice").identity.account);
    let plain = frame::encode(&Signed::make(&request, &eve.identity.device));
    let envelope =
        Envelope::seal(&plain, &key, &stage.device(ALICE), &mut ChaCha20Rng::seed_from_u64(1)).expect("seals");
    stage.push(ALICE, Push::Pending(Pending { from: eve.identity.account, list: eve.identity.list, envelope }));
    assert!(stage.events(ALICE).iter().any(|event| matches!(event, Event::RequestArrived { .. })));
}
