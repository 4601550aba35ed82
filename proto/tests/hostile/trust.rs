//! Trust that must not be bent: keys compared, lists rolled back, names that break the rules, old keys and new.

use juice_proto::{
    device_list::DeviceList,
    id::AccountId,
    link::LinkBody,
    messenger::{Input, Output, record::BuddyRecord},
    request::Request,
    seal::Suite,
    server::{Call, Contact, Push, Relation},
    view::{Command, Event},
};

use crate::{
    common::{
        disk::DiskMood,
        people::{Persona, key_of, persona, server_key},
        raw::{Raw, confirmed},
        stage::{ALICE, BOB, Stage},
    },
    requests::{request, send},
};

/// The server's word that someone is a buddy, with their newest list.
fn buddy_by(persona: &Persona) -> Push {
    let (account, lists) = (persona.identity.account, vec![persona.identity.list.clone()]);
    Push::Contact(Contact { account, relation: Relation::Buddy, lists, presence: None })
}

#[test]
fn a_server_cannot_change_the_key_between_the_comparing_and_the_verifying() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let real = persona("bob").with_another_key("bob's real new key");
    let forged = persona("bob").with_another_key("eve's key");
    stage.push(ALICE, buddy_by(&real));
    let compared = stage.players[ALICE].messenger.as_ref().unwrap().safety_number(&stage.hex(BOB)).unwrap().groups;
    stage.push(ALICE, buddy_by(&forged));
    stage.command(ALICE, Command::VerifyBuddy { buddy: stage.hex(BOB), number: compared });
    let record = &stage.players[ALICE].disk.buddies[&real.identity.account];
    let bad = record.verified && record.pin == Some(forged.identity.pin);
    assert!(!bad, "verified a key that nobody compared");
}

#[test]
fn eve_cannot_roll_a_list_back_by_asking_again() {
    // Bob moved to a new device; the old one is stolen. Alice removed Bob; the thief and the server ask for Bob with the old list.
    let mut stage = Stage::online(&["alice", "bob"]);
    let (old, new) = (persona("bob"), persona("bob").moved("bob's new device"));
    stage.push(ALICE, buddy_by(&new));
    stage.command(ALICE, Command::RemoveBuddy { buddy: stage.hex(BOB) });
    let request = Request { note: "lost my contacts".into(), ..request(&old, persona("alice").identity.account) };
    send(&mut stage, &old, &request, &old.identity.device);
    stage.command(ALICE, Command::AcceptBuddy { buddy: stage.hex(BOB) });
    let pin = stage.players[ALICE].disk.buddies[&old.identity.account].pin.unwrap();
    assert_eq!(pin, new.identity.pin, "Rollback: keep the pin");
}

#[test]
fn a_server_cannot_roll_a_list_back_when_i_ask_again() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let (old, new) = (persona("bob"), persona("bob").moved("bob's new device"));
    stage.push(ALICE, buddy_by(&new));
    stage.command(ALICE, Command::RemoveBuddy { buddy: stage.hex(BOB) });
    // The server still answers with the old list and the old device's prekey.
    let number = stage.command(ALICE, Command::AddBuddy { name: "bob".into(), note: String::new() });
    let pin = stage.players[ALICE].disk.buddies[&old.identity.account].pin.unwrap();
    assert_eq!(pin, new.identity.pin, "Rollback: keep the pin; answered {:?}", stage.answer(ALICE, number));
}

#[test]
fn no_day_key_is_offered_before_its_secret_is_saved() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(ALICE);
    stage.players[ALICE].disk.day_keys.clear();
    stage.disk(ALICE, DiskMood::Stalls);
    stage.start(ALICE);
    stage.connect(ALICE);
    for call in stage.calls(ALICE) {
        if let Call::Hello { prekey: Some(prekey), .. } = call {
            let made = prekey.peek().unwrap().made_ms;
            assert!(stage.players[ALICE].disk.day_keys.iter().any(|k| k.made_ms == made), "offered, not saved");
        }
    }
}

#[test]
fn the_conversation_goes_on_after_a_refused_body() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    let mut bob = Raw::meet(&mut stage, ALICE, &persona("bob"));
    let long = juice_proto::content::Content { kind: 9, body: vec![1; 65_537].into(), ..bob.content(&stage, 1, "") };
    bob.tell(&mut stage, &long);
    let next = bob.content(&stage, 2, "next");
    let id = bob.tell(&mut stage, &next);
    assert_eq!(stage.texts(ALICE), ["next"]);
    assert_eq!(confirmed(&bob.hear(&mut stage)), [id]);
}

#[test]
fn a_canonical_name_is_its_own_canonical_name() {
    // U+13EA; its small letter U+ABBA is younger than the tables that the names are checked against.
    for typed in ["\u{13ea}"] {
        if let Ok(name) = juice_proto::name::UserName::parse(typed) {
            assert_eq!(juice_proto::name::UserName::parse(name.as_str()).as_ref(), Ok(&name), "{typed:?}");
        }
    }
}

#[test]
fn a_name_that_breaks_the_rules_is_not_shown() {
    let mut stage = Stage::new(&["alice", "bob"]);
    let evil_name = "\u{202e}bob\n".to_owned() + &"x".repeat(5_000);
    let mut eve = persona("eve");
    let account = AccountId::derive(&server_key().server_key(), &evil_name);
    eve.identity.account = account;
    let (list, pin) =
        DeviceList::first(account, eve.identity.account_key, eve.identity.device.device(), 1).sign(&eve.key);
    eve.identity.list = list;
    eve.identity.pin = pin;
    stage.kill(ALICE);
    let record = BuddyRecord { name: String::new(), ..eve.record() };
    stage.players[ALICE].disk.buddies.insert(account, record);
    stage.start(ALICE);
    let mut raw = Raw::dial(&mut stage, ALICE, &eve, Suite::X25519);
    raw.greet(&mut stage);
    raw.key(&mut stage);
    let LinkBody::Status { mood, text, capabilities, have, .. } = raw.status() else { panic!() };
    raw.say(&mut stage, &LinkBody::Status { name: evil_name.clone(), mood, text, capabilities, have });
    assert_ne!(stage.row_of(ALICE, &account.to_string()).unwrap().name, evil_name);
}

#[test]
fn a_friend_readmitted_with_another_key_begins_at_one() {
    let mut stage = Stage::online(&["alice", "bob"]);
    for n in 0..3 {
        stage.write(ALICE, BOB, &format!("{n}"));
    }
    stage.cut(BOB);
    stage.kill(BOB);
    stage.write(ALICE, BOB, "waiting under the old key");
    let mut other = persona("bob").with_another_key("bob's second account");
    other.identity.device = key_of("second device");
    let (list, pin) =
        DeviceList::first(other.identity.account, other.identity.account_key, other.identity.device.device(), 2)
            .sign(&other.key);
    other.identity.list = list;
    other.identity.pin = pin;
    stage.push(ALICE, Push::Gone(other.identity.account));
    let request = Request { note: "new start".into(), ..request(&other, persona("alice").identity.account) };
    send(&mut stage, &other, &request, &other.identity.device);
    stage.command(ALICE, Command::AcceptBuddy { buddy: stage.hex(BOB) });
    assert!(stage.row(ALICE, BOB).key_alarm, "another key is never silent");
    let number = stage.players[ALICE].messenger.as_ref().unwrap().safety_number(&stage.hex(BOB)).unwrap().groups;
    stage.command(ALICE, Command::VerifyBuddy { buddy: stage.hex(BOB), number });
    let mut bob = Raw::meet(&mut stage, ALICE, &other);
    stage.write(ALICE, BOB, "hello again");
    let contents: Vec<_> = bob
        .hear(&mut stage)
        .into_iter()
        .filter_map(|b| if let LinkBody::Content(c) = b { Some(c.peek().unwrap()) } else { None })
        .collect();
    let conversation = bob.content(&stage, 1, "").conversation;
    for content in &contents {
        assert_eq!(content.conversation, conversation, "nothing of the old conversation goes to the new key");
    }
    assert_eq!(contents.first().map(|c| c.seq), Some(1));
}

#[test]
fn an_endless_answer_to_wants_is_bounded() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    let mut bob = Raw::meet(&mut stage, ALICE, &persona("bob"));
    for n in 0..64 {
        stage.write(ALICE, BOB, &format!("{n}"));
    }
    bob.hear(&mut stage);
    stage.log.clear();
    for _ in 0..1000 {
        bob.say(&mut stage, &LinkBody::Want(1));
    }
    let sent = stage.sends(ALICE);
    assert!(sent < 1000, "1,000 little wishes brought {sent} frames");
}

#[test]
fn an_equivocating_buddy_is_told_of_once() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    let mut bob = Raw::meet(&mut stage, ALICE, &persona("bob"));
    for n in 0..100 {
        let c = bob.content(&stage, 1, &format!("{n}"));
        bob.tell(&mut stage, &c);
    }
    assert!(stage.notices(ALICE).len() < 10, "{} notices", stage.notices(ALICE).len());
}

#[test]
fn a_body_of_tomorrow_does_not_cost_the_link() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    let mut bob = Raw::meet(&mut stage, ALICE, &persona("bob"));
    let bytes = bob.sealed(&[0x82, 0x18, 0x63, 0x01]);
    stage.inject(bob.link, bytes);
    assert!(stage.is_open(bob.link));
}

#[test]
fn a_push_of_tomorrow_does_not_cost_the_connection() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.log.clear();
    // ServerFrame::Push([1, [99, 1]])
    stage.tell(ALICE, Input::ServerFrame(vec![0x82, 0x01, 0x82, 0x18, 0x63, 0x01]));
    assert!(!stage.outputs(ALICE).any(|o| matches!(o, Output::ServerClose { .. })));
}

#[test]
fn a_request_from_a_buddy_is_not_shown() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let old = persona("bob");
    let request = Request { note: "x".into(), ..request(&old, persona("alice").identity.account) };
    send(&mut stage, &old, &request, &old.identity.device);
    assert!(!stage.events(ALICE).iter().any(|e| matches!(e, Event::RequestArrived { .. })));
}

#[test]
fn a_signed_out_messenger_says_signed_out_once() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.command(ALICE, Command::SignOut);
    stage.tell(ALICE, Input::ServerDown { attempt: 1 });
    assert_eq!(stage.outputs(ALICE).filter(|o| matches!(o, Output::SignedOut)).count(), 1);
}

#[test]
fn a_message_written_while_the_buddy_has_no_key_yet_is_answered() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(ALICE);
    let bob = persona("bob");
    stage.players[ALICE]
        .disk
        .buddies
        .insert(bob.identity.account, BuddyRecord { pin: None, list: None, ..bob.record() });
    stage.start(ALICE);
    let number = stage.write(ALICE, BOB, "hello");
    assert!(stage.answer(ALICE, number).is_some(), "no answer, ever");
}
