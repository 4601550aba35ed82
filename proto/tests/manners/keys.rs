//! Keys over time: keys of the day, and a buddy whose account key changes.

use juice_proto::{
    messenger::Output,
    messenger::record::Change,
    prekey::{KEPT, OFFERED},
    server::{Call, Contact, Push, Relation},
    view::{BuddyState, Command, Delivery, Notice, Waiting},
};

use crate::common::{
    people::persona,
    raw::Raw,
    stage::{ALICE, BOB, Stage},
};

const HOUR: u64 = 60 * 60 * 1000;

#[test]
fn the_day_key_changes_every_day_and_old_secrets_are_destroyed() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let account = stage.players[ALICE].persona.identity.account;
    let first = stage.players[ALICE].disk.day_keys[0].clone();
    let offered = |stage: &Stage| stage.server.as_ref().expect("up").prekeys[&account].peek().expect("a prekey");
    assert_eq!(offered(&stage).made_ms, first.made_ms);

    stage.pass(OFFERED + HOUR);
    assert!(offered(&stage).made_ms > first.made_ms, "another day, another key");
    let told = stage.calls(ALICE).iter().filter(|call| matches!(call, Call::SetPrekey { .. })).count();
    assert_eq!(told, 1, "said to the server once");

    stage.pass(KEPT);
    let keys = &stage.players[ALICE].disk.day_keys;
    assert!(keys.iter().all(|key| key.id != first.id), "its secret is gone when no envelope can need it any more");
    assert!((13..=16).contains(&keys.len()), "one for each day an envelope may wait: {}", keys.len());
    let dropped = stage.outputs(ALICE).filter(|output| {
        matches!(output, Output::Save(_, changes) if changes.iter().any(|c| matches!(c, Change::DropDayKeys { .. })))
    });
    assert!(dropped.count() >= 14, "destroyed on disk too");
}

#[test]
fn a_restart_makes_no_new_day_key() {
    let mut stage = Stage::new(&["alice", "bob"]);
    assert_eq!(stage.players[ALICE].disk.day_keys.len(), 1);
    stage.kill(ALICE);
    stage.start(ALICE);
    assert_eq!(stage.players[ALICE].disk.day_keys.len(), 1, "today's is there already");
}

/// Alice is shown a list for Bob that another account key signs.
fn another_key_for_bob(stage: &mut Stage) -> crate::common::people::Persona {
    let other = stage.players[BOB].persona.with_another_key("bob's second account");
    let contact = Contact {
        account: other.identity.account,
        relation: Relation::Buddy,
        lists: vec![other.identity.list.clone()],
        presence: None,
    };
    stage.push(ALICE, Push::Contact(contact));
    other
}

#[test]
fn key_change_alarm_holds_messages_until_verified() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let before = stage.players[ALICE].messenger.as_ref().expect("running").safety_number(&stage.hex(BOB)).expect("one");
    stage.log.clear();
    let other = another_key_for_bob(&mut stage);

    assert!(matches!(stage.notices(ALICE).as_slice(), [Notice::KeyChanged { .. }]), "never silently");
    let row = stage.row(ALICE, BOB);
    assert!(row.key_alarm && !row.verified && row.state == BuddyState::Offline, "nothing is believed: {row:?}");
    stage.write(ALICE, BOB, "is it you?");
    let queued = stage.queued(ALICE);
    assert!(
        matches!(queued[0].delivery, Some(Delivery::Queued { why: Waiting::KeyAlarm, .. })),
        "{:?}",
        queued[0].delivery
    );
    stage.pass(120_000);
    assert_eq!(stage.dials(ALICE), 0, "nobody is dialled in doubt");
    assert!(stage.texts(BOB).is_empty(), "and nothing said");
    let after = stage.players[ALICE].messenger.as_ref().expect("running").safety_number(&stage.hex(BOB)).expect("one");
    assert_ne!(before.groups, after.groups, "the number to compare is of the new key");

    stage.command(ALICE, Command::VerifyBuddy { buddy: stage.hex(BOB), number: after.groups });
    let row = stage.row(ALICE, BOB);
    assert!(!row.key_alarm && row.verified, "the person has decided");
    let mut bob = Raw::meet(&mut stage, ALICE, &other);
    stage.write(ALICE, BOB, "so it is");
    let said = bob.hear(&mut stage);
    let contents = said.iter().filter(|body| matches!(body, juice_proto::link::LinkBody::Content(_))).count();
    assert_eq!(contents, 1, "what was written for the old key is not said to the new one: {said:?}");
}

#[test]
fn an_alarm_outlives_a_restart() {
    let mut stage = Stage::online(&["alice", "bob"]);
    another_key_for_bob(&mut stage);
    stage.kill(ALICE);
    stage.start(ALICE);
    assert!(stage.row(ALICE, BOB).key_alarm);
    stage.log.clear();
    stage.link(BOB, ALICE);
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Offline, "not even the old key is talked to");
}

#[test]
fn a_buddy_that_moved_to_another_device_is_followed_silently() {
    let mut stage = Stage::linked();
    stage.cut(BOB);
    let moved = persona("bob").moved("bob's new device");
    stage.log.clear();

    let mut bob = Raw::meet(&mut stage, ALICE, &moved);
    let hello = bob.content(&stage, 1, "new phone");
    bob.tell(&mut stage, &hello);

    assert_eq!(stage.texts(ALICE), ["new phone"]);
    assert!(stage.notices(ALICE).is_empty(), "the old key has signed it: nothing to worry about");
    assert!(!stage.row(ALICE, BOB).key_alarm);
}
