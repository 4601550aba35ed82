//! Hostile device lists and presences, by link and by server.

use juice_proto::{
    device_list::{Device, DeviceList},
    link::{Greeting, LinkFrame},
    messenger::Output,
    presence::{LEASE, MAX_ADDRESS, MAX_ADDRESSES, Presence},
    seal::Suite,
    server::{Call, Contact, Push, Relation},
    sign::Signed,
    view::{BuddyState, Notice},
};

use crate::common::{
    people::{Persona, START, key_of, persona},
    raw::Raw,
    stage::{ALICE, BOB, Stage},
};

/// Alice at the server, with Bob whom the test plays.
fn alice() -> Stage {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    stage.open_server();
    stage.connect(ALICE);
    stage.log.clear();
    stage
}

/// The server shows a list for Bob.
fn show(stage: &mut Stage, list: &Signed<DeviceList>) {
    let account = persona("bob").identity.account;
    let contact = Contact { account, relation: Relation::Buddy, lists: vec![list.clone()], presence: None };
    stage.push(ALICE, Push::Contact(contact));
}

fn pinned(stage: &Stage) -> Option<juice_proto::device_list::Pin> {
    stage.players[ALICE].disk.buddies[&persona("bob").identity.account].pin
}

fn greets(stage: &mut Stage, as_whom: &Persona) -> bool {
    let mut raw = Raw::dial(stage, ALICE, as_whom, Suite::X25519);
    raw.greet(stage);
    stage.is_open(raw.link)
}

#[test]
fn eve_cannot_roll_a_device_list_back() {
    let mut stage = alice();
    let (old, new) = (persona("bob"), persona("bob").moved("bob's new device"));
    show(&mut stage, &new.identity.list);
    assert_eq!(pinned(&stage), Some(new.identity.pin));

    show(&mut stage, &old.identity.list);

    assert_eq!(pinned(&stage), Some(new.identity.pin), "Rollback: the pin stays");
    assert!(!greets(&mut stage, &old), "the device that was left behind stays out");
    assert!(greets(&mut stage, &new));
}

#[test]
fn eve_cannot_fork_a_device_list() {
    let mut stage = alice();
    let (one, other) = (persona("bob").moved("bob's new device"), persona("bob").moved("a thief's device"));
    show(&mut stage, &one.identity.list);
    show(&mut stage, &other.identity.list);
    assert_eq!(pinned(&stage), Some(one.identity.pin), "the first stays");
    assert!(matches!(stage.notices(ALICE).as_slice(), [Notice::ForkedKeys { .. }]), "and the person is told");
    assert!(!greets(&mut stage, &other));
    assert!(greets(&mut stage, &one));
}

#[test]
fn a_gap_in_the_chain_is_asked_for_and_not_jumped() {
    let mut stage = alice();
    let bob = persona("bob");
    let third = bob.moved("second device").moved("third device");
    // A list knows only the one before it, so the third does not follow the first.
    show(&mut stage, &third.identity.list);
    assert_eq!(pinned(&stage), Some(bob.identity.pin), "ChainGap: nothing is believed");
    let asked = stage.calls(ALICE);
    let wanted = Call::LookUp { account: bob.identity.account, since_version: 1 };
    assert!(asked.contains(&wanted), "what is missing is asked for: {asked:?}");
    let account = bob.identity.account;
    let lists = vec![bob.moved("second device").identity.list, third.identity.list.clone()];
    stage.push(ALICE, Push::Contact(Contact { account, relation: Relation::Buddy, lists, presence: None }));
    assert_eq!(pinned(&stage), Some(third.identity.pin), "link by link it is followed");
}

#[test]
fn eve_cannot_list_eleven_devices() {
    let mut stage = alice();
    let bob = persona("bob");
    let mut list = bob.identity.list.peek().expect("a list");
    list.version = 2;
    list.previous = bob.identity.pin.hash;
    list.devices = (0..11)
        .map(|n| Device { id: key_of(&format!("device {n}")).device(), added_ms: n, revoked_ms: None })
        .collect();
    show(&mut stage, &list.sign(&bob.key).0);
    assert_eq!(pinned(&stage), Some(bob.identity.pin), "TooManyDevices");
}

#[test]
fn eve_cannot_sign_a_list_for_another_account() {
    let mut stage = alice();
    let (bob, eve) = (persona("bob"), persona("eve"));
    let mut list = bob.identity.list.peek().expect("a list");
    list.version = 2;
    list.previous = bob.identity.pin.hash;
    // With Bob's key in it and her signature on it.
    show(&mut stage, &Signed::make(&list, &eve.key));
    // A good list, of another account.
    show(&mut stage, &eve.identity.list);
    assert_eq!(pinned(&stage), Some(bob.identity.pin));
    assert!(!stage.row(ALICE, BOB).key_alarm, "a broken signature is no change of keys");
}

#[test]
fn a_server_cannot_change_a_buddys_key_silently() {
    let mut stage = alice();
    let forged = persona("bob").with_another_key("the server's idea of bob");
    show(&mut stage, &forged.identity.list);
    let row = stage.row(ALICE, BOB);
    assert!(row.key_alarm && !row.verified);
    assert_eq!(pinned(&stage), Some(persona("bob").identity.pin), "the pin stays until the person decides");
    assert!(matches!(stage.notices(ALICE).as_slice(), [Notice::KeyChanged { .. }]));
    show(&mut stage, &forged.identity.list);
    assert_eq!(stage.notices(ALICE).len(), 1, "told once, not at every push");
}

#[test]
fn a_list_without_a_device_that_may_speak_opens_nothing() {
    let mut stage = alice();
    let bob = persona("bob");
    let mut list = bob.identity.list.peek().expect("a list");
    list.version = 2;
    list.previous = bob.identity.pin.hash;
    list.devices.iter_mut().for_each(|device| device.revoked_ms = Some(1));
    let (signed, _) = list.sign(&bob.key);
    let raw = Raw::dial(&mut stage, ALICE, &bob, Suite::X25519);
    let greeting = Greeting { list: signed, ..raw.greeting() };
    raw.frame(&mut stage, &LinkFrame::Greeting(Box::new(Signed::make(&greeting, &bob.identity.device))));
    assert!(!stage.is_open(raw.link), "RevokedDevice");
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Offline);
}

// Presence.

fn presence(of: &Persona) -> Presence {
    Presence {
        device: of.identity.device.device(),
        capabilities: Default::default(),
        addresses: vec!["/ip4/192.0.2.2/udp/1/quic-v1".into()],
        sequence: START,
        expires_ms: START + LEASE,
        behind_nat: false,
    }
}

fn believes(presence: &Presence, signed_by: &Persona) -> bool {
    let mut stage = alice();
    stage.unreachable.insert(BOB);
    let bob = persona("bob");
    let signed = Signed::make(presence, &signed_by.identity.device);
    stage.push(ALICE, Push::Presence(bob.identity.account, Some(signed)));
    stage.pass(10_000);
    stage.dials(ALICE) > 0
}

#[test]
fn eve_cannot_make_a_presence_for_another() {
    let (bob, eve) = (persona("bob"), persona("eve"));
    assert!(believes(&presence(&bob), &bob), "Bob's own word counts");
    assert!(!believes(&presence(&bob), &eve), "BadSignature: signed by Eve");
    assert!(!believes(&presence(&eve), &bob), "BadSignature: of Eve's device");
    assert!(!believes(&presence(&eve), &eve), "BadSignature: Eve's whole");
    let moved = bob.moved("bob's new device");
    assert!(!believes(&presence(&moved), &moved), "a device that no list names");
}

#[test]
fn a_presence_out_of_its_time_does_not_count() {
    let bob = persona("bob");
    let good = presence(&bob);
    let cases = [
        ("expired", Presence { expires_ms: START - 1, ..good.clone() }),
        ("of the year 9999", Presence { sequence: u64::MAX, ..good.clone() }),
        ("good for ever", Presence { expires_ms: u64::MAX, ..good.clone() }),
        ("with seventeen addresses", Presence { addresses: vec![String::new(); MAX_ADDRESSES + 1], ..good.clone() }),
        ("with an endless address", Presence { addresses: vec!["x".repeat(MAX_ADDRESS + 1)], ..good }),
    ];
    for (name, presence) in cases {
        assert!(!believes(&presence, &bob), "a presence {name}");
    }
}

#[test]
fn a_server_cannot_bring_back_an_older_presence() {
    let mut stage = alice();
    stage.unreachable.insert(BOB);
    let bob = persona("bob");
    let signed = |sequence, address: &str| {
        let presence = Presence { sequence, addresses: vec![address.into()], ..presence(&bob) };
        Some(Signed::make(&presence, &bob.identity.device))
    };
    stage.push(ALICE, Push::Presence(bob.identity.account, signed(START + 5, "new")));
    stage.push(ALICE, Push::Presence(bob.identity.account, signed(START + 1, "old")));
    stage.pass(60_000);
    let dialled: Vec<_> = stage
        .outputs(ALICE)
        .filter_map(|o| if let Output::Dial { addresses, .. } = o { Some(addresses.clone()) } else { None })
        .collect();
    assert!(!dialled.is_empty());
    assert!(dialled.iter().all(|addresses| addresses == &["new"]), "StalePresence: {dialled:?}");
}

#[test]
fn news_of_people_i_don_t_know_change_nothing() {
    let mut stage = alice();
    let eve = persona("eve");
    let signed = Signed::make(&presence(&eve), &eve.identity.device);
    stage.push(ALICE, Push::Presence(eve.identity.account, Some(signed)));
    stage.push(ALICE, Push::Gone(eve.identity.account));
    stage.pass(10_000);
    assert_eq!(stage.dials(ALICE), 0);
    let views = stage.players[ALICE].messenger.as_ref().expect("running").views();
    assert_eq!(views.buddies.len(), 1);
}
