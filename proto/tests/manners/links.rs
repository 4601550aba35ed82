//! Coming and going: dials, links that break, goodbyes.

use juice_proto::{
    link::LinkFrame,
    messenger::{Input, Output},
    server::Call,
    view::{BuddyState, Command, ServerState},
};

use crate::common::stage::{ALICE, BOB, CAROL, Stage};

#[test]
fn the_newcomer_dials_those_who_are_here() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.open_server();
    stage.connect(BOB);
    assert_eq!(stage.dials(BOB), 0, "nobody else is there");

    stage.connect(ALICE);

    assert_eq!((stage.dials(ALICE), stage.dials(BOB)), (1, 0), "who arrives dials; who is there waits for it");
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Here);
    assert_eq!(stage.row(BOB, ALICE).state, BuddyState::Here);
}

#[test]
fn one_who_is_there_dials_a_newcomer_that_does_not_come_by_itself() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.open_server();
    stage.connect(BOB);
    stage.unreachable.insert(BOB);
    stage.connect(ALICE);
    assert_eq!(stage.row(BOB, ALICE).state, BuddyState::Connecting);

    stage.pass(5_000);

    assert!(stage.dials(BOB) >= 1, "Alice can't reach Bob, so Bob tries after three seconds");
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Here);
}

#[test]
fn one_who_comes_later_is_learnt_from_its_own_dial_without_a_server_call() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.open_server();
    stage.connect(ALICE);
    stage.log.clear();

    // Bob's presence never gets through; his link does.
    stage.link(BOB, ALICE);

    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Here);
    assert_eq!(stage.appeared(ALICE), 1);
    assert!(stage.calls(ALICE).is_empty(), "the link says it all: {:?}", stage.calls(ALICE));
}

#[test]
fn simultaneous_dials_end_as_one_logical_session() {
    let mut stage = Stage::linked();
    stage.link(BOB, ALICE);
    assert_eq!((stage.links(ALICE).len(), stage.links(BOB).len()), (2, 2), "both links are kept for a while");
    let (lower, upper) = if stage.device(ALICE) < stage.device(BOB) { (ALICE, BOB) } else { (BOB, ALICE) };

    stage.pass(9_000);
    assert_eq!(stage.links(ALICE).len(), 2, "the surplus is closed after ten seconds, not before");
    stage.write(ALICE, BOB, "meanwhile");
    stage.pass(2_000);

    assert_eq!((stage.links(ALICE).len(), stage.links(BOB).len()), (1, 1), "one link is enough");
    assert_eq!((stage.refusals(lower).1, stage.refusals(upper).1), (1, 0), "only the lower device closes");
    assert_eq!((stage.appeared(ALICE), stage.appeared(BOB)), (0, 0), "the second link is no second arrival");
    assert_eq!((stage.went_away(ALICE), stage.went_away(BOB)), (0, 0), "closing the surplus is no departure");
    stage.write(BOB, ALICE, "and after");
    assert_eq!((stage.texts(BOB), stage.texts(ALICE)), (vec!["meanwhile".into()], vec!["and after".into()]));
}

#[test]
fn a_door_opens_once_however_many_links_there_are() {
    let mut stage = Stage::new(&["alice", "bob"]);
    for _ in 0..4 {
        stage.link(ALICE, BOB);
    }
    assert_eq!((stage.appeared(ALICE), stage.appeared(BOB)), (1, 1));
    stage.pass(11_000);
    assert_eq!(stage.links(BOB).len(), 1, "the surplus is closed");
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Here);
}

#[test]
fn a_killed_peer_is_reconnecting_then_offline_after_45_seconds() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.log.clear();
    stage.kill(BOB);
    stage.cut(BOB);
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Reconnecting);

    stage.pass(44_900);
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Reconnecting);
    assert_eq!(stage.went_away(ALICE), 0, "a short break closes no door");
    assert!(stage.dials(ALICE) > 2, "it is tried again meanwhile");

    stage.pass(200);
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Offline);
    assert_eq!(stage.went_away(ALICE), 1);
}

#[test]
fn a_peer_that_comes_back_in_time_was_never_gone() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.log.clear();
    stage.cut(BOB);
    stage.pass(3_000);
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Here);
    assert_eq!((stage.appeared(ALICE), stage.went_away(ALICE)), (0, 0), "no door moves for a blink");
}

#[test]
fn dials_to_one_who_is_not_found_become_rarer_but_never_stop() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.unreachable.extend([ALICE, BOB]);
    stage.cut(BOB);
    stage.pass(60_000);
    stage.log.clear();
    stage.pass(600_000);
    let dials = stage.dials(ALICE);
    assert!((5..=12).contains(&dials), "about one a minute: {dials} in ten minutes");
}

#[test]
fn a_goodbye_is_offline_at_once() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.log.clear();

    stage.command(BOB, Command::SignOut);

    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Offline);
    assert_eq!(stage.went_away(ALICE), 1, "the door closes at once");
    stage.pass(60_000);
    assert_eq!(stage.dials(ALICE), 0, "nobody is looked for who said goodbye");
}

#[test]
fn a_goodbye_counts_for_links_that_are_still_greeting() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let device = stage.device(BOB);
    let half_open = stage.raw_link(ALICE, device);
    assert!(stage.is_open(half_open));

    stage.command(BOB, Command::SignOut);

    assert!(!stage.is_open(half_open), "it would come up only to be missed");
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Offline);
}

#[test]
fn logout_says_bye_to_every_link_and_the_server() {
    let mut stage = Stage::online(&["alice", "bob", "carol"]);
    stage.link(ALICE, BOB);
    assert_eq!(stage.links(ALICE).len(), 3, "two links to Bob, one to Carol");
    stage.log.clear();

    stage.command(ALICE, Command::SignOut);

    assert!(stage.links(ALICE).is_empty(), "every link is closed");
    for other in [BOB, CAROL] {
        assert_eq!(stage.row(other, ALICE).state, BuddyState::Offline, "{other} has heard the goodbye");
    }
    assert_eq!(stage.calls(ALICE), vec![Call::Goodbye]);
    let out: Vec<_> = stage.outputs(ALICE).collect();
    assert!(matches!(out.last(), Some(Output::SignedOut)), "only then is it over: {:?}", out.last());
}

#[test]
fn logout_ends_without_a_server_too() {
    let mut stage = Stage::linked();
    stage.command(ALICE, Command::SignOut);
    assert!(stage.outputs(ALICE).any(|output| matches!(output, Output::SignedOut)));
}

#[test]
fn a_machine_that_slept_begins_again() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let old = stage.links(ALICE);
    stage.log.clear();

    stage.tell(ALICE, Input::Woke);

    assert!(old.iter().all(|link| !stage.is_open(*link)), "whatever was up before the sleep is dropped");
    assert!(stage.outputs(ALICE).any(|output| matches!(output, Output::ServerClose { again: true })));
    stage.pass(3_000);
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Here, "within three seconds they are linked again");
    let greetings = stage.outputs(ALICE).filter(|output| match output {
        Output::Send(_, bytes) => matches!(juice_proto::frame::decode(bytes), Ok(LinkFrame::Greeting(_))),
        _ => false,
    });
    assert!(greetings.count() >= 1, "with new live keys");
}

#[test]
fn messages_go_on_while_the_server_is_down() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.server_dies();
    assert!(stage.events(ALICE).iter().any(|event| matches!(
        event,
        juice_proto::view::Event::ServerChanged { server: ServerState::Connecting { .. } }
    )));

    stage.write(ALICE, BOB, "still here?");
    stage.write(BOB, ALICE, "still here.");
    stage.cut(BOB);
    stage.pass(3_000);
    stage.write(ALICE, BOB, "and again");

    assert_eq!(stage.texts(BOB), ["still here?", "and again"], "even a broken link is mended without the server");
    assert_eq!(stage.texts(ALICE), ["still here."]);
}

#[test]
fn a_stalled_buddy_does_not_delay_another() {
    let mut stage = Stage::new(&["alice", "bob", "carol"]);
    let [to_bob, _] = stage.link(ALICE, BOB);
    stage.link(ALICE, CAROL);
    stage.stick(to_bob);
    for n in 0..300 {
        stage.write(ALICE, BOB, &format!("to bob {n}"));
    }

    stage.write(ALICE, CAROL, "to carol");

    assert_eq!(stage.texts(CAROL), ["to carol"], "at once, whatever waits for Bob");
    let words = stage.outputs(ALICE).filter(|o| matches!(o, Output::Send(link, _) if *link == to_bob)).count();
    assert!(words <= 4 + 192, "no more than a window goes to who confirms nothing: {words}");

    stage.unstick(to_bob);
    assert_eq!(stage.texts(BOB).len(), 300, "and when Bob is back he gets them all");
}
