//! Messages: saved, sent, confirmed, in that order; lost nothing, shown nothing twice.

use juice_proto::{
    messenger::{
        Output,
        record::{Change, Progress},
    },
    view::{Command, Delivery, ErrorCode, Event, Notice, Waiting},
};

use crate::common::{
    disk::DiskMood,
    stage::{ALICE, BOB, Stage, Who},
};

/// How many frames somebody sent since the log was cleared.
fn silent(stage: &Stage, who: Who) -> bool {
    stage.sends(who) == 0
}

#[test]
fn nothing_is_sent_before_it_is_saved() {
    let mut stage = Stage::linked();
    stage.disk(ALICE, DiskMood::Stalls);

    let number = stage.write(ALICE, BOB, "hello");
    stage.pass(5_000);

    assert!(silent(&stage, ALICE), "the disk has not answered");
    assert_eq!(stage.answer(ALICE, number), None, "nor has the person an answer");
    assert!(stage.queued(ALICE).is_empty(), "nor is anything shown");

    stage.disk(ALICE, DiskMood::Works);
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    assert_eq!(stage.texts(BOB), ["hello"]);
}

#[test]
fn no_receipt_before_the_save() {
    let mut stage = Stage::linked();
    stage.disk(BOB, DiskMood::Stalls);

    stage.write(ALICE, BOB, "hello");

    assert!(silent(&stage, BOB), "no receipt for what a crash would lose");
    assert!(stage.texts(BOB).is_empty(), "and nothing is shown that a crash would lose");
    assert!(matches!(stage.deliveries(ALICE).as_slice(), [(_, Delivery::Sent { .. })]));

    stage.disk(BOB, DiskMood::Works);
    assert_eq!(stage.texts(BOB), ["hello"]);
    assert!(matches!(stage.deliveries(ALICE).last(), Some((_, Delivery::Delivered { .. }))));
}

#[test]
fn what_the_reader_could_not_save_is_sent_again_until_it_can() {
    let mut stage = Stage::linked();
    stage.disk(BOB, DiskMood::Fails);
    stage.write(ALICE, BOB, "one");
    stage.write(ALICE, BOB, "two");
    stage.pass(15_000);
    assert!(stage.texts(BOB).is_empty());
    stage.disk(BOB, DiskMood::Works);
    stage.pass(60_000);
    assert_eq!(stage.texts(BOB), ["one", "two"], "once each, in order");
}

#[test]
fn a_failed_save_is_told_and_nothing_is_sent() {
    let mut stage = Stage::linked();
    stage.disk(ALICE, DiskMood::Fails);

    let number = stage.write(ALICE, BOB, "precious words");

    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::NotSaved)));
    let notices = stage.notices(ALICE);
    assert!(
        matches!(notices.as_slice(), [Notice::NotSaved { buddy, text }]
            if *buddy == stage.hex(BOB) && text == "precious words"),
        "the words come back to the person: {notices:?}"
    );
    assert!(silent(&stage, ALICE));

    stage.disk(ALICE, DiskMood::Works);
    stage.write(ALICE, BOB, "again");
    assert_eq!(stage.texts(BOB), ["again"], "the failed one leaves no hole in the sequence");
}

#[test]
fn a_queued_message_can_be_taken_back_until_it_leaves() {
    let mut stage = Stage::new(&["alice", "bob"]);
    for text in ["one", "two", "three"] {
        stage.write(ALICE, BOB, text);
    }
    let queued = stage.queued(ALICE);
    assert!(matches!(queued[1].delivery, Some(Delivery::Queued { why: Waiting::BuddyOffline, .. })));
    let cancel = |message: &str, stage: &mut Stage| {
        let number = stage.command(ALICE, Command::CancelMessage { buddy: stage.hex(BOB), message: message.into() });
        stage.answer(ALICE, number)
    };
    assert_eq!(cancel(&queued[1].id, &mut stage), Some(Ok(())));
    assert!(
        matches!(stage.deliveries(ALICE).last(), Some((ids, Delivery::Cancelled)) if *ids == [queued[1].id.clone()])
    );

    stage.link(ALICE, BOB);
    assert_eq!(stage.texts(BOB), ["one", "three"], "what was taken back is shown to nobody, and no gap stops the rest");
    assert_eq!(cancel(&queued[2].id, &mut stage), Some(Err(ErrorCode::TooLate)), "it has left");
    stage.write(ALICE, BOB, "four");
    assert_eq!(stage.texts(BOB), ["one", "three", "four"]);
}

#[test]
fn what_is_being_taken_back_does_not_leave() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.write(ALICE, BOB, "oops");
    let message = stage.queued(ALICE)[0].id.clone();
    stage.disk(ALICE, DiskMood::Stalls);
    stage.command(ALICE, Command::CancelMessage { buddy: stage.hex(BOB), message });
    stage.link(ALICE, BOB);
    assert!(stage.texts(BOB).is_empty(), "its void is being saved: neither may leave");
    stage.disk(ALICE, DiskMood::Works);
    assert!(stage.texts(BOB).is_empty(), "taken back");
    stage.write(ALICE, BOB, "better");
    assert_eq!(stage.texts(BOB), ["better"]);
}

#[test]
fn a_restart_resends_what_had_no_receipt_and_it_is_shown_once() {
    let mut stage = Stage::linked();
    let alices = stage.links(ALICE)[0];
    // Bob saves and shows it, but his receipt is lost with the link.
    stage.disk(BOB, DiskMood::Stalls);
    stage.write(ALICE, BOB, "once");
    stage.stick(alices);
    stage.disk(BOB, DiskMood::Works);
    assert_eq!(stage.texts(BOB), ["once"]);
    assert!(!matches!(stage.deliveries(ALICE).last(), Some((_, Delivery::Delivered { .. }))), "the receipt is lost");

    stage.kill(ALICE);
    stage.cut(ALICE);
    stage.start(ALICE);
    stage.log.clear();
    stage.link(ALICE, BOB);

    assert!(stage.texts(BOB).is_empty(), "it comes again and is not shown again");
    assert!(matches!(stage.deliveries(ALICE).last(), Some((_, Delivery::Delivered { .. }))), "now it is confirmed");
    assert_eq!(stage.players[BOB].disk.rows.len(), 1, "one row");
    stage.write(ALICE, BOB, "next");
    assert_eq!(stage.texts(BOB), ["next"], "and the sequence goes on");
}

#[test]
fn a_reader_that_crashed_before_its_save_gets_it_again() {
    let mut stage = Stage::linked();
    stage.disk(BOB, DiskMood::Stalls);
    stage.write(ALICE, BOB, "hello");
    stage.kill(BOB);
    stage.cut(BOB);
    stage.disk(BOB, DiskMood::Works);
    stage.start(BOB);
    stage.link(ALICE, BOB);
    assert_eq!(stage.texts(BOB), ["hello"]);
}

#[test]
fn a_profile_restored_from_an_old_copy_uses_no_number_twice() {
    let mut stage = Stage::linked();
    stage.write(ALICE, BOB, "one");
    let backup = stage.players[ALICE].disk.rows.clone();
    stage.write(ALICE, BOB, "two");
    stage.kill(ALICE);
    stage.cut(ALICE);
    stage.players[ALICE].disk.rows = backup;
    stage.start(ALICE);
    stage.link(ALICE, BOB);

    stage.write(ALICE, BOB, "three");

    assert_eq!(stage.texts(BOB), ["one", "two", "three"]);
    assert!(stage.notices(BOB).is_empty(), "an honest old copy is no equivocation");
}

#[test]
fn read_receipts_mark_everything_before() {
    let mut stage = Stage::linked();
    for text in ["one", "two", "three"] {
        stage.write(ALICE, BOB, text);
    }
    assert_eq!(stage.row(BOB, ALICE).unread, 3);

    stage.command(BOB, Command::MarkRead { buddy: stage.hex(ALICE) });

    assert_eq!(stage.row(BOB, ALICE).unread, 0);
    let (ids, delivery) = stage.deliveries(ALICE).pop().expect("told");
    assert!(matches!(delivery, Delivery::Read { .. }));
    assert_eq!(ids.len(), 3, "seeing the last is seeing all before it");
    assert!(stage.players[ALICE].disk.rows.iter().all(|row| matches!(row.message.progress, Progress::Read(_))));
}

#[test]
fn reading_while_apart_is_told_at_the_next_link() {
    let mut stage = Stage::linked();
    stage.write(ALICE, BOB, "one");
    stage.cut(ALICE);
    stage.command(BOB, Command::MarkRead { buddy: stage.hex(ALICE) });
    stage.kill(BOB);
    stage.start(BOB);
    stage.log.clear();
    stage.link(BOB, ALICE);
    assert!(matches!(stage.deliveries(ALICE).last(), Some((_, Delivery::Read { .. }))), "even after a restart");
}

#[test]
fn typing_ends_by_itself() {
    let mut stage = Stage::linked();
    stage.command(ALICE, Command::Typing { buddy: stage.hex(BOB), active: true });
    assert!(stage.row(BOB, ALICE).typing);
    stage.pass(7_900);
    assert!(stage.row(BOB, ALICE).typing);
    stage.pass(200);
    assert!(!stage.row(BOB, ALICE).typing, "nobody types for ever");
}

#[test]
fn typing_ends_with_the_message_and_with_the_link() {
    let mut stage = Stage::linked();
    let typing = |stage: &mut Stage| stage.command(ALICE, Command::Typing { buddy: stage.hex(BOB), active: true });
    typing(&mut stage);
    stage.write(ALICE, BOB, "here it is");
    assert!(!stage.row(BOB, ALICE).typing);
    typing(&mut stage);
    stage.cut(ALICE);
    assert!(!stage.row(BOB, ALICE).typing);
}

#[test]
fn a_burst_of_hundreds_is_processed_in_order() {
    let mut stage = Stage::linked();
    stage.disk(ALICE, DiskMood::Stalls);
    let texts: Vec<_> = (0..700).map(|n| format!("line {n}")).collect();
    for text in &texts {
        stage.write(ALICE, BOB, text);
    }
    stage.disk(ALICE, DiskMood::Works);

    assert_eq!(stage.texts(BOB), texts);
    let order: Vec<_> = stage.arrived(BOB).into_iter().map(|message| message.order).collect();
    assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "and sorts as it was written");
    let saves = stage.outputs(ALICE).filter(
        |output| matches!(output, Output::Save(_, changes) if matches!(changes.first(), Some(Change::Message(_)))),
    );
    assert!(saves.count() <= 5, "hundreds of messages cost a handful of syncs");
}

#[test]
fn an_old_conversation_is_not_unread_again_after_a_restart() {
    let mut stage = Stage::linked();
    stage.write(ALICE, BOB, "seen");
    stage.command(BOB, Command::MarkRead { buddy: stage.hex(ALICE) });
    stage.write(ALICE, BOB, "unseen");
    stage.kill(BOB);
    stage.start(BOB);
    assert_eq!(stage.row(BOB, ALICE).unread, 1);
}

#[test]
fn a_text_is_checked_before_anything_happens() {
    let mut stage = Stage::linked();
    for (text, wanted) in [("", false), ("  \n ", false), (&"x".repeat(16_001), false), (&"é".repeat(16_000), true)] {
        let number = stage.write(ALICE, BOB, text);
        let wanted = if wanted { Ok(()) } else { Err(ErrorCode::BadText) };
        assert_eq!(stage.answer(ALICE, number), Some(wanted), "{} characters", text.chars().count());
    }
    assert_eq!(stage.texts(BOB).len(), 1);
    assert!(!stage.events(ALICE).iter().any(|event| matches!(event, Event::Notice { .. })));
}
