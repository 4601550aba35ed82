//! Hostile claims: of messages had, of clocks, of devices and keys that are someone else's.

use juice_proto::{
    device_list::{Device, DeviceList},
    frame,
    link::{Greeting, LinkBody, LinkFrame},
    messenger::{Input, Output},
    seal::Suite,
    server::{Answer, ClientFrame, Contact, Relation, ServerFrame, SignedWelcome, Welcome},
    sign::Signed,
    view::Command,
};

use crate::common::{
    people::{START, persona, server_key},
    raw::Raw,
    stage::{ALICE, BOB, CAROL, Stage},
};

#[test]
fn eve_cannot_end_my_program_by_claiming_to_have_endless_messages_of_mine() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    let mut bob = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
    bob.greet(&mut stage);
    bob.key(&mut stage);
    let LinkBody::Status { name, mood, text, capabilities, .. } = bob.status() else { panic!() };
    bob.say(&mut stage, &LinkBody::Status { name, mood, text, capabilities, have: Some(u64::MAX) });
    stage.write(ALICE, BOB, "hello");
}

#[test]
fn a_server_cannot_end_my_program_with_its_clock() {
    for server_ms in [1 << 63, i64::MAX as u64, u64::MAX, 0] {
        let mut stage = Stage::new(&["alice", "bob"]);
        let nonce = stage.connect(ALICE);
        let call = stage
            .outputs(ALICE)
            .find_map(|o| if let Output::ServerSend(b) = o { frame::decode::<ClientFrame>(b).ok() } else { None })
            .unwrap();
        let welcome =
            SignedWelcome::make(&Welcome { server_ms, ..Welcome::default() }, &server_key(), &nonce, &call.call);
        let answer = ServerFrame::Answer(call.number, Box::new(Answer::Welcome(welcome)));
        stage.tell(ALICE, Input::ServerFrame(frame::encode(&answer)));
        stage.pass(7 * 60 * 60 * 1000);
    }
}

#[test]
fn a_burst_from_a_clock_that_is_fast_keeps_its_order() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.players[BOB].skew = 10 * 60 * 1000;
    stage.link(ALICE, BOB);
    for n in 0..20 {
        stage.write(BOB, ALICE, &format!("{n}"));
    }
    let mut shown = stage.arrived(ALICE);
    shown.sort_by(|a, b| (&a.order, &a.id).cmp(&(&b.order, &b.id)));
    let texts: Vec<_> = shown.into_iter().map(|m| m.text).collect();
    assert_eq!(texts, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn eve_cannot_talk_on_over_a_handshake_begun_before_the_block() {
    for what in 0..3 {
        let mut stage = Stage::new(&["alice", "bob"]);
        stage.kill(BOB);
        let mut bob = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
        bob.greet(&mut stage);
        bob.key(&mut stage);
        match what {
            0 => drop(stage.command(ALICE, Command::BlockBuddy { buddy: stage.hex(BOB) })),
            1 => drop(stage.command(ALICE, Command::RemoveBuddy { buddy: stage.hex(BOB) })),
            _ => {
                let other = persona("bob").with_another_key("x");
                stage.connect(ALICE);
                let call =
                    stage
                        .outputs(ALICE)
                        .find_map(|o| {
                            if let Output::ServerSend(b) = o { frame::decode::<ClientFrame>(b).ok() } else { None }
                        })
                        .unwrap();
                let nonce = stage.players[ALICE].connection.unwrap();
                let contact = Contact {
                    account: other.identity.account,
                    relation: Relation::Buddy,
                    lists: vec![other.identity.list],
                    presence: None,
                };
                let w = Welcome { contacts: vec![contact], contact_count: 1, server_ms: START, ..Welcome::default() };
                let welcome = SignedWelcome::make(&w, &server_key(), &nonce, &call.call);
                stage.tell(
                    ALICE,
                    Input::ServerFrame(frame::encode(&ServerFrame::Answer(
                        call.number,
                        Box::new(Answer::Welcome(welcome)),
                    ))),
                );
                assert!(stage.row(ALICE, BOB).key_alarm);
            }
        }
        if stage.is_open(bob.link) {
            bob.say(&mut stage, &bob.status());
        }
        if stage.is_open(bob.link) {
            let c = bob.content(&stage, 1, "you can't block me");
            bob.tell(&mut stage, &c);
        }
        assert!(stage.texts(ALICE).is_empty(), "case {what}: {:?}", stage.texts(ALICE));
    }
}

#[test]
fn eve_cannot_raise_an_alarm_about_somebody_elses_key() {
    let mut stage = Stage::new(&["alice", "bob"]);
    let eve = persona("eve");
    let raw = Raw::dial(&mut stage, ALICE, &eve, Suite::X25519);
    let account = persona("bob").identity.account;
    let (list, _) =
        DeviceList::first(account, eve.identity.account_key, eve.identity.device.device(), 1).sign(&eve.key);
    let greeting = Greeting { account, list, ..raw.greeting() };
    raw.frame(&mut stage, &LinkFrame::Greeting(Box::new(Signed::make(&greeting, &eve.identity.device))));
    assert!(!stage.row(ALICE, BOB).key_alarm, "a stranger on a link is nobody's word on Bob's key");
}

#[test]
fn eve_cannot_part_two_buddies_by_listing_the_device_of_one() {
    let mut stage = Stage::new(&["alice", "bob", "eve"]);
    let (eve, bob) = (persona("eve"), persona("bob"));
    let mut list = eve.identity.list.peek().unwrap();
    list.version = 2;
    list.previous = eve.identity.pin.hash;
    list.devices.insert(0, Device { id: bob.identity.device.device(), added_ms: 0, revoked_ms: None });
    let (list, pin) = list.sign(&eve.key);
    stage.kill(CAROL);
    let mut evil = eve;
    evil.identity.list = list;
    evil.identity.pin = pin;
    Raw::meet(&mut stage, ALICE, &evil);
    stage.log.clear();
    stage.link(ALICE, BOB);
    assert_eq!(stage.notices(BOB).len(), 0, "{:?}", stage.notices(BOB));
    stage.write(ALICE, BOB, "hi");
    assert_eq!(stage.texts(BOB), ["hi"]);
}
