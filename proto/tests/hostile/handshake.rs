//! Hostile handshakes: greetings of others, replays, downgrades, frames out of turn.

use juice_proto::{
    device_list::Pin,
    frame,
    id::{DeviceId, ListHash},
    link::{Greeting, LinkBody, LinkFrame},
    seal::Suite,
    sign::Signed,
    view::{BuddyState, Command, Notice},
};

use crate::common::{
    people::{Persona, key_of, persona},
    raw::Raw,
    stage::{ALICE, BOB, CAROL, Stage},
};

fn alice() -> Stage {
    let mut stage = Stage::new(&["alice", "bob", "carol"]);
    stage.kill(BOB);
    stage.kill(CAROL);
    stage.log.clear();
    stage
}

/// Sends a greeting as bent by the test; whether the link is still open after it.
fn greet_with(stage: &mut Stage, as_whom: &Persona, bend: impl FnOnce(Greeting) -> Greeting) -> bool {
    let raw = Raw::dial(stage, ALICE, as_whom, Suite::X25519);
    let greeting = Signed::make(&bend(raw.greeting()), &as_whom.identity.device);
    raw.frame(stage, &LinkFrame::Greeting(Box::new(greeting)));
    stage.is_open(raw.link)
}

#[test]
fn a_strangers_greeting_is_refused() {
    let mut stage = alice();
    assert!(!greet_with(&mut stage, &persona("eve"), |greeting| greeting));
    assert!(stage.row_of(ALICE, &persona("eve").hex()).is_none(), "and leaves nothing behind");
}

#[test]
fn eve_cannot_greet_as_a_buddy_with_her_own_device() {
    let mut stage = alice();
    let (eve, bob) = (persona("eve"), persona("bob"));
    let claim =
        |greeting: Greeting| Greeting { account: bob.identity.account, list: bob.identity.list.clone(), ..greeting };
    assert!(!greet_with(&mut stage, &eve, claim), "UnknownDevice: Bob's list does not name her device");
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Offline);
}

#[test]
fn eve_cannot_greet_with_a_revoked_device() {
    let mut stage = alice();
    let (old, new) = (persona("bob"), persona("bob").moved("bob's new device"));
    Raw::meet(&mut stage, ALICE, &new);
    // Whoever stole the old device shows the newest list, which revokes it, or the old one, which is rolled back.
    let newest = |greeting: Greeting| Greeting { list: new.identity.list.clone(), ..greeting };
    assert!(!greet_with(&mut stage, &old, newest), "RevokedDevice");
    assert!(!greet_with(&mut stage, &old, |greeting| greeting), "Rollback");
}

#[test]
fn a_blocked_buddys_greeting_is_refused() {
    let mut stage = alice();
    stage.command(ALICE, Command::BlockBuddy { buddy: stage.hex(BOB) });
    assert!(!greet_with(&mut stage, &persona("bob"), |greeting| greeting));
}

#[test]
fn a_former_buddys_greeting_is_refused() {
    let mut stage = alice();
    stage.command(ALICE, Command::RemoveBuddy { buddy: stage.hex(BOB) });
    assert!(!greet_with(&mut stage, &persona("bob"), |greeting| greeting));
}

#[test]
fn a_greeting_under_another_account_key_is_refused_and_raises_no_alarm() {
    let mut stage = alice();
    let other = persona("bob").with_another_key("bob's second account");
    let swapped = |greeting: Greeting| Greeting { list: other.identity.list.clone(), ..greeting };
    assert!(!greet_with(&mut stage, &persona("bob"), swapped), "AccountKeyChanged");
    assert!(!greet_with(&mut stage, &other, |greeting| greeting), "nor with all that belongs to it");
    assert!(stage.notices(ALICE).is_empty(), "whether a key has changed is the server's to show, not a link's");
    assert!(!stage.row(ALICE, BOB).key_alarm);
    assert!(greet_with(&mut stage, &persona("bob"), |greeting| greeting), "the true one is as welcome as before");
}

#[test]
fn eve_cannot_replay_a_greeting_on_a_link_of_hers() {
    let mut stage = alice();
    let overheard = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
    let greeting = Signed::make(&overheard.greeting(), &persona("bob").identity.device);
    let eves = Raw::dial(&mut stage, ALICE, &persona("eve"), Suite::X25519);
    eves.frame(&mut stage, &LinkFrame::Greeting(Box::new(greeting)));
    assert_eq!(stage.refusals(ALICE), (1, 0), "BadSignature: the transport has proven another device");
}

#[test]
fn eve_cannot_pass_on_a_greeting_meant_for_another() {
    let mut stage = alice();
    let carol = DeviceId::new(persona("carol").identity.device.public());
    assert!(!greet_with(&mut stage, &persona("bob"), |greeting| Greeting { to: carol, ..greeting }));
    assert_eq!(stage.refusals(ALICE), (1, 0), "WrongRecipient");
}

#[test]
fn a_replayed_greeting_opens_nothing_without_its_live_key() {
    let mut stage = alice();
    let first = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
    let recorded = Signed::make(&first.greeting(), &persona("bob").identity.device);
    // Somebody with Bob's transport but not his live key says the recorded greeting again.
    let mut again = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
    again.frame(&mut stage, &LinkFrame::Greeting(Box::new(recorded)));
    let enc = again.open_sealer(&mut stage).expect("Alice greets");
    again.frame(&mut stage, &LinkFrame::Key(enc.into()));
    stage.write(ALICE, BOB, "secret");
    assert!(stage.is_open(again.link), "it is Bob's own greeting");
    let LinkFrame::Key(enc) = stage.hear(again.link).expect("Alice's key") else { panic!("the key comes first") };
    let LinkFrame::Sealed(sealed) = stage.hear(again.link).expect("Alice's status") else { panic!("then words") };
    let us = persona("bob").identity.device.device();
    let mut opener =
        juice_proto::seal::LinkOpener::new(&again.secret, &again.secret.public(), &us, &enc).expect("well formed");
    assert!(opener.open(&sealed).is_err(), "sealed to the recorded key, whose secret is gone");
}

#[test]
fn eve_cannot_make_a_buddy_use_a_weaker_suite_than_before() {
    let mut stage = alice();
    let bob = persona("bob");
    let mut strong = Raw::dial(&mut stage, ALICE, &bob, Suite::XWing);
    strong.greet(&mut stage);
    strong.key(&mut stage);
    strong.say(&mut stage, &strong.status());
    assert!(stage.is_open(strong.link));
    assert_eq!(stage.players[ALICE].disk.buddies[&bob.identity.account].suite, Some(Suite::XWing));

    assert!(!greet_with(&mut stage, &bob, |greeting| greeting), "SuiteDowngrade");
    stage.kill(ALICE);
    stage.start(ALICE);
    assert!(!greet_with(&mut stage, &bob, |greeting| greeting), "nor after a restart");
}

#[test]
fn a_kem_key_that_is_none_is_refused() {
    for key in [vec![], vec![0; 31], vec![0; 1_216]] {
        let mut stage = alice();
        let bent = |greeting: Greeting| Greeting { key: key.clone().into(), ..greeting };
        assert!(!greet_with(&mut stage, &persona("bob"), bent), "{} bytes", key.len());
    }
}

#[test]
fn a_server_that_shows_different_lists_to_different_people_is_caught() {
    let mut stage = alice();
    let mine = stage.players[ALICE].persona.identity.pin;
    let forked = Pin { hash: ListHash::new([9; 32]), ..mine };
    assert!(!greet_with(&mut stage, &persona("bob"), |greeting| Greeting { yours: Some(forked), ..greeting }));
    assert!(matches!(stage.notices(ALICE).as_slice(), [Notice::ForkedKeys { .. }]), "the person is told");
    let replaced = Pin { key: key_of("eve's account").account_key(), ..mine };
    assert!(!greet_with(&mut stage, &persona("bob"), |greeting| Greeting { yours: Some(replaced), ..greeting }));
    assert!(greet_with(&mut stage, &persona("bob"), |greeting| Greeting { yours: Some(mine), ..greeting }));
}

#[test]
fn frames_out_of_turn_close_the_link() {
    let (key, sealed) = (LinkFrame::Key(vec![1; 32].into()), LinkFrame::Sealed(vec![1; 272].into()));
    for (name, frame) in [("Key before Greeting", key), ("Sealed before Greeting", sealed.clone())] {
        let mut stage = alice();
        let raw = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
        raw.frame(&mut stage, &frame);
        assert_eq!(stage.refusals(ALICE), (1, 0), "{name}");
    }
    let mut stage = alice();
    let mut raw = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
    raw.greet(&mut stage);
    raw.frame(&mut stage, &sealed);
    assert_eq!(stage.refusals(ALICE), (1, 0), "Sealed before Key");

    let mut stage = alice();
    let mut raw = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
    raw.greet(&mut stage);
    raw.greet(&mut stage);
    assert_eq!(stage.refusals(ALICE), (1, 0), "two Greetings");

    let mut stage = alice();
    let mut raw = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
    raw.greet(&mut stage);
    let enc = raw.open_sealer(&mut stage).expect("a greeting");
    raw.frame(&mut stage, &LinkFrame::Key(enc.clone().into()));
    raw.frame(&mut stage, &LinkFrame::Key(enc.into()));
    assert_eq!(stage.refusals(ALICE), (1, 0), "two Keys");
}

#[test]
fn words_before_the_status_close_the_link() {
    let mut stage = alice();
    let mut raw = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
    raw.greet(&mut stage);
    raw.key(&mut stage);
    let content = raw.content(&stage, 1, "too early");
    raw.tell(&mut stage, &content);
    assert_eq!(stage.refusals(ALICE), (1, 0));
    assert!(stage.texts(ALICE).is_empty());
}

#[test]
fn a_handshake_that_is_not_finished_in_ten_seconds_is_closed() {
    for steps in 0..3 {
        let mut stage = alice();
        let mut raw = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
        if steps > 0 {
            raw.greet(&mut stage);
        }
        if steps > 1 {
            raw.key(&mut stage);
        }
        stage.pass(9_900);
        assert!(stage.is_open(raw.link), "{steps} steps: a slow network is no crime");
        stage.pass(200);
        assert!(!stage.is_open(raw.link), "{steps} steps: but there is an end to it");
        assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Offline);
    }
}

#[test]
fn a_sealed_frame_replayed_reordered_or_bent_closes_only_its_link() {
    type Bend = fn(&mut Stage, &mut Raw);
    let bends: [(&str, Bend); 4] = [
        ("replayed", |stage, raw| {
            let bytes = raw.sealed(&frame::encode(&LinkBody::Typing(true)));
            stage.inject(raw.link, bytes.clone());
            assert!(stage.is_open(raw.link), "the first is fine");
            stage.inject(raw.link, bytes);
        }),
        ("reordered", |stage, raw| {
            raw.sealed(&frame::encode(&LinkBody::Typing(true)));
            let second = raw.sealed(&frame::encode(&LinkBody::Typing(false)));
            stage.inject(raw.link, second);
        }),
        ("bent", |stage, raw| {
            let mut bytes = raw.sealed(&frame::encode(&LinkBody::Typing(true)));
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            stage.inject(raw.link, bytes);
        }),
        ("cut short", |stage, raw| {
            let mut bytes = raw.sealed(&frame::encode(&LinkBody::Typing(true)));
            bytes.pop();
            stage.inject(raw.link, bytes);
        }),
    ];
    for (name, bend) in bends {
        let mut stage = alice();
        let mut carol = Raw::meet(&mut stage, ALICE, &persona("carol"));
        let mut other = Raw::meet(&mut stage, ALICE, &persona("bob"));
        let mut victim = Raw::meet(&mut stage, ALICE, &persona("bob"));
        bend(&mut stage, &mut victim);
        assert!(!stage.is_open(victim.link), "{name}: the stream is out of step for good");
        assert!(stage.is_open(other.link) && stage.is_open(carol.link), "{name}: other links go on");
        for (n, raw) in [&mut other, &mut carol].into_iter().enumerate() {
            let content = raw.content(&stage, 1, "still fine");
            raw.tell(&mut stage, &content);
            assert_eq!(stage.texts(ALICE).len(), n + 1, "{name}: and carry words");
        }
    }
}

#[test]
fn a_link_takes_nothing_that_was_sealed_for_another() {
    let mut stage = alice();
    let mut one = Raw::meet(&mut stage, ALICE, &persona("bob"));
    let two = Raw::meet(&mut stage, ALICE, &persona("bob"));
    let bytes = one.sealed(&frame::encode(&LinkBody::Bye));
    stage.inject(two.link, bytes);
    assert!(!stage.is_open(two.link) && stage.is_open(one.link), "BadSeal on the link it came on");
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Here, "and no goodbye was heard");
}

#[test]
fn a_status_line_of_controls_and_excess_is_cut_to_size() {
    let mut stage = alice();
    let mut bob = Raw::meet(&mut stage, ALICE, &persona("bob"));
    let text = format!("\u{1b}[31m\n{}", "y".repeat(60_000));
    let LinkBody::Status { name, mood, capabilities, have, .. } = bob.status() else { panic!("a status") };
    bob.say(&mut stage, &LinkBody::Status { name, mood, capabilities, have, text });
    let shown = stage.row(ALICE, BOB).status_text;
    assert_eq!(shown.chars().count(), 140);
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
}

#[test]
fn eve_cannot_take_another_name() {
    let mut stage = alice();
    let mut bob = Raw::meet(&mut stage, ALICE, &persona("bob"));
    let LinkBody::Status { mood, capabilities, have, text, .. } = bob.status() else { panic!("a status") };
    for name in ["carol", "Bob", "bob ", "b\u{43e}b", ""] {
        let text = text.clone();
        bob.say(&mut stage, &LinkBody::Status { name: name.into(), mood, capabilities, have, text });
        assert_eq!(stage.row(ALICE, BOB).name, "bob", "{name:?} is not the name that the account is of");
    }
}
