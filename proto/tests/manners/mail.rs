//! The mailbox: who is away gets a letter, once and in order, and its receipt comes back; nothing is posted that should
//! not be.

use juice_proto::{
    content::kind,
    id::Millis,
    letter::KEPT,
    link::LinkBody,
    messenger::{Input, Output, record::Progress},
    prekey::Prekey,
    seal::{KemSecret, Suite},
    server::{Answer, Call, Refusal},
    sign::Signed,
    view::{Availability, Command, Delivery, ErrorCode, Event, Notice, Privacy, Relation, Reply, Waiting},
};

use crate::common::{
    disk::DiskMood,
    people::persona,
    rendezvous::pair,
    stage::{ALICE, BOB, CAROL, Stage, Who},
};

const DAY: Millis = 24 * 60 * 60 * 1000;

/// Alice is there; Bob has been, and is not any more.
fn bob_is_away() -> Stage {
    let mut stage = Stage::online(&["alice", "bob"]);
    leave(&mut stage, BOB);
    stage.log.clear();
    stage
}

fn leave(stage: &mut Stage, who: Who) {
    stage.kill(who);
    stage.cut(who);
    stage.server_misses(who);
}

fn come(stage: &mut Stage, who: Who) {
    stage.start(who);
    stage.connect(who);
}

/// The calls that somebody made without saying who they are.
fn unnamed(stage: &Stage, who: Who) -> Vec<Call> {
    let call = |output: &Output| if let Output::Mail(_, call) = output { Some(call.clone()) } else { None };
    stage.outputs(who).filter_map(call).collect()
}

fn posts(stage: &Stage, who: Who) -> usize {
    unnamed(stage, who).iter().filter(|call| matches!(call, Call::Post { .. })).count()
}

fn in_mailbox(stage: &Stage, who: Who) -> usize {
    stage.server.as_ref().expect("up").mail.of(stage.players[who].persona.identity.account)
}

fn last_delivery(stage: &Stage, who: Who) -> Option<Delivery> {
    stage.deliveries(who).pop().map(|(_, delivery)| delivery)
}

fn cancel(stage: &mut Stage, message: &str) -> u64 {
    let buddy = stage.hex(BOB);
    stage.command(ALICE, Command::CancelMessage { buddy, message: message.into() })
}

#[test]
fn who_is_away_gets_a_letter_and_its_receipt_comes_back_without_ever_meeting() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "one");
    stage.write(ALICE, BOB, "two");
    assert_eq!(in_mailbox(&stage, BOB), 0, "more may follow");
    stage.pass(2_000);
    assert_eq!((posts(&stage, ALICE), in_mailbox(&stage, BOB)), (1, 1), "both in one letter");
    assert!(matches!(last_delivery(&stage, ALICE), Some(Delivery::Posted { .. })));

    leave(&mut stage, ALICE);
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), ["one", "two"]);
    assert_eq!(in_mailbox(&stage, BOB), 0, "collected");
    stage.pass(2_000);
    assert_eq!(in_mailbox(&stage, ALICE), 1, "his receipt waits for her");
    assert!(stage.players[BOB].disk.owed.is_empty(), "and is owed no more");

    leave(&mut stage, BOB);
    stage.log.clear();
    come(&mut stage, ALICE);
    let (ids, delivery) = stage.deliveries(ALICE).pop().expect("told");
    assert!(ids.len() == 2 && matches!(delivery, Delivery::Delivered { .. }), "{delivery:?}");
    stage.pass(DAY);
    assert_eq!(in_mailbox(&stage, BOB) + in_mailbox(&stage, ALICE), 0, "nobody thanks for thanks");
}

#[test]
fn who_is_here_gets_no_letter() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.log.clear();
    stage.write(ALICE, BOB, "hello");
    stage.pass(60_000);
    assert_eq!(unnamed(&stage, ALICE), [], "a link is there");
}

#[test]
fn one_whom_three_dials_did_not_find_gets_a_letter() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.unreachable.extend([ALICE, BOB]);
    stage.cut(BOB);
    stage.log.clear();
    stage.write(ALICE, BOB, "can you hear me?");
    stage.pass(1_000);
    assert_eq!(posts(&stage, ALICE), 0, "it may be a short break");
    stage.pass(30_000);
    assert_eq!(posts(&stage, ALICE), 1);
    assert_eq!(stage.texts(BOB), ["can you hear me?"], "Bob is online, and only can't be reached");
    assert!(matches!(last_delivery(&stage, ALICE), Some(Delivery::Delivered { .. })), "and so is his answer");
}

#[test]
fn one_who_confirms_nothing_on_a_link_gets_a_letter_too() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.disk(BOB, DiskMood::Stalls);
    stage.write(ALICE, BOB, "slowly");
    stage.pass(60_000);
    assert_eq!(posts(&stage, ALICE), 1, "once, after it went out twice in vain");
    stage.disk(BOB, DiskMood::Works);
    stage.pass(60_000);
    assert_eq!(stage.texts(BOB), ["slowly"], "shown once");
    assert_eq!(in_mailbox(&stage, BOB), 0);
}

#[test]
fn a_posted_message_goes_on_a_link_too_and_is_shown_once() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "by both");
    stage.pass(2_000);
    stage.start(BOB);
    stage.link(ALICE, BOB);
    assert_eq!(stage.texts(BOB), ["by both"], "the link is faster than the mail");
    stage.connect(BOB);
    stage.pass(5_000);
    assert_eq!(stage.texts(BOB), ["by both"]);
    assert_eq!((stage.players[BOB].disk.rows.len(), in_mailbox(&stage, BOB)), (1, 0));
    assert_eq!(posts(&stage, BOB), 0, "its receipt went on the link");
}

#[test]
fn many_messages_go_in_few_letters_within_the_servers_patience() {
    let mut stage = bob_is_away();
    let texts: Vec<_> = (0..600).map(|n| format!("line {n} {}", "x".repeat(200))).collect();
    for text in &texts {
        stage.write(ALICE, BOB, text);
    }
    stage.pass(60_000);
    assert!((5..=20).contains(&posts(&stage, ALICE)), "{} letters", posts(&stage, ALICE));
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), texts, "all of them, in order");
}

#[test]
fn the_longest_text_fits_into_a_letter() {
    let mut stage = bob_is_away();
    let long = "\u{1f34a}".repeat(16_000);
    stage.write(ALICE, BOB, "short");
    stage.write(ALICE, BOB, &long);
    stage.write(ALICE, BOB, "short again");
    stage.pass(30_000);
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), ["short".into(), long, "short again".into()]);
}

#[test]
fn calls_without_a_name_are_as_rare_as_the_server_wants() {
    let names: Vec<_> = (0..60).map(|n| format!("friend{n}")).collect();
    let cast: Vec<_> = std::iter::once("alice").chain(names.iter().map(String::as_str)).collect();
    let mut stage = Stage::new(&cast);
    stage.open_server();
    for who in 1..cast.len() {
        stage.connect(who);
        leave(&mut stage, who);
    }
    stage.connect(ALICE);
    for who in 1..cast.len() {
        stage.write(ALICE, who, "to you all");
    }
    stage.log.clear();
    let mut last = 0;
    for minute in 0..6 {
        stage.pass(60_000);
        let calls = unnamed(&stage, ALICE).len();
        assert!(calls - last <= if minute == 0 { 70 } else { 30 }, "{} calls in minute {minute}", calls - last);
        last = calls;
    }
    assert_eq!(posts(&stage, ALICE), 60, "everyone has one in the end");
}

#[test]
fn invisible_posts_nothing_and_posts_when_it_is_over() {
    let mut stage = bob_is_away();
    let show = |stage: &mut Stage, availability| {
        stage.command(ALICE, Command::SetStatus { availability, text: String::new() });
    };
    show(&mut stage, Availability::Invisible);
    stage.write(ALICE, BOB, "not yet");
    stage.pass(DAY);
    assert_eq!(unnamed(&stage, ALICE), []);
    show(&mut stage, Availability::Here);
    stage.pass(2_000);
    assert_eq!(in_mailbox(&stage, BOB), 1);
}

#[test]
fn an_invisible_reader_reads_and_owes_the_receipt() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "psst");
    stage.pass(2_000);
    stage.start(BOB);
    stage.command(BOB, Command::SetStatus { availability: Availability::Invisible, text: String::new() });
    stage.connect(BOB);
    stage.pass(DAY);
    assert_eq!(stage.texts(BOB), ["psst"]);
    assert_eq!(unnamed(&stage, BOB), [], "an invisible person leaves no trace");
    assert!(!matches!(last_delivery(&stage, ALICE), Some(Delivery::Delivered { .. })));
    stage.kill(BOB);
    stage.start(BOB);
    stage.command(BOB, Command::SetStatus { availability: Availability::Here, text: String::new() });
    stage.connect(BOB);
    assert!(
        matches!(last_delivery(&stage, ALICE), Some(Delivery::Delivered { .. })),
        "owed over a restart, paid on a link"
    );
    assert!(stage.players[BOB].disk.owed.is_empty());
}

#[test]
fn no_letter_is_collected_before_what_it_says_is_saved() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "precious");
    stage.pass(2_000);
    stage.start(BOB);
    stage.disk(BOB, DiskMood::Stalls);
    stage.connect(BOB);
    assert_eq!(in_mailbox(&stage, BOB), 1, "a crash would lose it");
    assert!(stage.texts(BOB).is_empty());
    stage.kill(BOB);
    stage.disk(BOB, DiskMood::Works);
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), ["precious"]);
    assert_eq!(in_mailbox(&stage, BOB), 0);
}

#[test]
fn a_letter_that_could_not_be_saved_is_read_again() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "again");
    stage.pass(2_000);
    leave(&mut stage, ALICE);
    stage.start(BOB);
    stage.disk(BOB, DiskMood::Fails);
    stage.connect(BOB);
    stage.pass(20_000);
    assert_eq!((stage.texts(BOB).len(), in_mailbox(&stage, BOB)), (0, 1));
    stage.disk(BOB, DiskMood::Works);
    stage.pass(20_000);
    assert_eq!((stage.texts(BOB).len(), in_mailbox(&stage, BOB)), (1, 0));
}

#[test]
fn a_posted_message_can_be_taken_back_until_it_is_fetched() {
    let mut stage = bob_is_away();
    for text in ["one", "oops", "three"] {
        stage.write(ALICE, BOB, text);
    }
    stage.pass(2_000);
    let oops = stage.queued(ALICE)[1].id.clone();
    let number = cancel(&mut stage, &oops);
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    assert!(stage.deliveries(ALICE).iter().any(|(ids, d)| *ids == [oops.clone()] && *d == Delivery::Cancelled));
    stage.pass(5_000);
    assert_eq!(in_mailbox(&stage, BOB), 1, "the others are in a letter again");
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), ["one", "three"]);
    assert!(stage.notices(BOB).is_empty());
    let three = stage.queued(ALICE)[2].id.clone();
    let number = cancel(&mut stage, &three);
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::TooLate)));
}

#[test]
fn a_message_posted_in_an_earlier_run_can_be_taken_back() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "oops");
    let oops = stage.queued(ALICE)[0].id.clone();
    stage.pass(2_000);
    stage.kill(ALICE);
    come(&mut stage, ALICE);
    let number = cancel(&mut stage, &oops);
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    stage.pass(5_000);
    come(&mut stage, BOB);
    assert!(stage.texts(BOB).is_empty());
}

#[test]
fn what_they_have_fetched_is_not_taken_back() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "said");
    stage.pass(2_000);
    let said = stage.queued(ALICE)[0].id.clone();
    let bob = stage.players[BOB].persona.identity.account;
    // Bob's device fetches it and says nothing.
    stage.server.as_mut().expect("up").mail.letters.clear();
    let number = cancel(&mut stage, &said);
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::TooLate)));
    let row = &stage.players[ALICE].disk.rows[0].message;
    assert!(row.kind == kind::TEXT && row.posted.is_some(), "it stands as it stood");
    assert_eq!(stage.server.as_ref().expect("up").mail.of(bob), 0);
}

#[test]
fn taking_back_without_the_server_says_so_and_leaves_everything() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "stays");
    stage.pass(2_000);
    let stays = stage.queued(ALICE)[0].id.clone();
    let server = stage.server.take();
    let number = cancel(&mut stage, &stays);
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::ServerUnreachable)));
    stage.server = server;
    stage.pass(120_000);
    assert_eq!(in_mailbox(&stage, BOB), 1, "one letter, under its old name");
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), ["stays"]);
}

#[test]
fn what_goes_on_a_link_is_not_taken_back_from_the_mailbox() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "said");
    stage.pass(2_000);
    let said = stage.queued(ALICE)[0].id.clone();
    stage.start(BOB);
    stage.disk(BOB, DiskMood::Stalls);
    stage.link(ALICE, BOB);
    let number = cancel(&mut stage, &said);
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::TooLate)));
    stage.kill(ALICE);
    come(&mut stage, ALICE);
    let number = cancel(&mut stage, &said);
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::TooLate)), "nor after a restart");
}

#[test]
fn a_full_mailbox_is_said_and_tried_again() {
    let mut stage = bob_is_away();
    stage.server.as_mut().expect("up").mail.room = 0;
    stage.write(ALICE, BOB, "no room");
    stage.pass(2_000);
    let Some(Delivery::Queued { why: Waiting::MailboxFull, next_try_ms: Some(next) }) = last_delivery(&stage, ALICE)
    else {
        panic!("{:?}", last_delivery(&stage, ALICE));
    };
    assert!(next > 0.0);
    stage.pass(60 * 60 * 1000);
    assert!((3..=9).contains(&posts(&stage, ALICE)), "with growing waits: {}", posts(&stage, ALICE));
    stage.server.as_mut().expect("up").mail.room = 10;
    stage.pass(2 * 60 * 60 * 1000);
    assert!(matches!(last_delivery(&stage, ALICE), Some(Delivery::Posted { .. })));
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), ["no room"]);
}

#[test]
fn one_who_never_gave_a_token_has_no_mailbox_and_gives_one_at_the_next_link() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.open_server();
    for (who, other) in [(ALICE, BOB), (BOB, ALICE)] {
        stage.kill(who);
        let account = stage.players[other].persona.identity.account;
        let row = stage.players[who].disk.buddies.get_mut(&account).expect("a row");
        (row.my_token, row.their_token) = (None, None);
    }
    stage.server.as_mut().expect("up").mail.tokens.clear();
    come(&mut stage, ALICE);
    stage.write(ALICE, BOB, "where are you?");
    let waiting = stage.queued(ALICE)[0].delivery.clone();
    assert!(matches!(waiting, Some(Delivery::Queued { why: Waiting::NoMailbox, .. })), "{waiting:?}");
    stage.pass(60_000);
    assert_eq!(unnamed(&stage, ALICE), []);
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), ["where are you?"]);
    leave(&mut stage, BOB);
    stage.write(ALICE, BOB, "gone again");
    stage.pass(2_000);
    assert_eq!(in_mailbox(&stage, BOB), 1, "the link brought his token");
}

#[test]
fn a_letter_that_was_never_fetched_is_posted_anew_before_it_is_thrown_away() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "patience");
    for _ in 0..40 {
        stage.pass(DAY);
        // There always is a key of the day to seal to.
        let bob = &stage.players[BOB].persona.identity;
        let made_ms = stage.now(BOB).wall;
        let prekey = Prekey {
            device: bob.device.device(),
            suite: Suite::X25519,
            key: KemSecret::from_seed(Suite::X25519, [3; 32]).public().to_bytes().into(),
            made_ms,
            kept_until_ms: made_ms + KEPT,
        };
        let (account, prekey) = (bob.account, Signed::make(&prekey, &bob.device));
        stage.server.as_mut().expect("up").prekeys.insert(account, prekey);
    }
    assert!((3..=5).contains(&posts(&stage, ALICE)), "every 13 days: {}", posts(&stage, ALICE));
    assert!(in_mailbox(&stage, BOB) == 1, "one at a time");
}

#[test]
fn a_key_of_the_day_that_is_gone_costs_a_letter_and_no_message() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "sealed in vain");
    stage.pass(2_000);
    stage.players[BOB].disk.day_keys.clear();
    leave(&mut stage, ALICE);
    come(&mut stage, BOB);
    assert!(stage.texts(BOB).is_empty());
    assert_eq!(in_mailbox(&stage, BOB), 0, "what nobody can read is not kept");
    leave(&mut stage, BOB);
    come(&mut stage, ALICE);
    stage.pass(KEPT);
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), ["sealed in vain"], "its writer still had it");
}

#[test]
fn a_lost_letter_is_asked_for_by_letter() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "lost");
    stage.pass(2_000);
    stage.server.as_mut().expect("up").mail.letters.clear();
    stage.write(ALICE, BOB, "next");
    stage.pass(4_000);
    leave(&mut stage, ALICE);
    come(&mut stage, BOB);
    assert!(stage.texts(BOB).is_empty(), "what is missing comes first");
    stage.pass(4_000);
    leave(&mut stage, BOB);
    come(&mut stage, ALICE);
    stage.pass(4_000);
    leave(&mut stage, ALICE);
    come(&mut stage, BOB);
    assert_eq!(stage.texts(BOB), ["lost", "next"], "without ever meeting");
}

#[test]
fn a_server_that_does_not_answer_gets_no_second_letter() {
    let mut stage = bob_is_away();
    stage.write(ALICE, BOB, "once");
    stage.pass(1_400);
    // The letter is posted, and the answer is lost.
    stage.lose_answers = 1;
    stage.pass(1_000);
    stage.pass(120_000);
    assert_eq!(in_mailbox(&stage, BOB), 1, "the same letter under the same name");
    assert!(posts(&stage, ALICE) >= 2);
    assert!(matches!(last_delivery(&stage, ALICE), Some(Delivery::Posted { .. })));
}

#[test]
fn reading_is_told_by_letter_where_it_may_be_told() {
    for told in [true, false] {
        let mut stage = bob_is_away();
        stage.write(ALICE, BOB, "read me");
        stage.pass(2_000);
        leave(&mut stage, ALICE);
        come(&mut stage, BOB);
        stage.command(BOB, Command::SetPrivacy { privacy: Privacy { read_receipts: told, typing: true } });
        stage.command(BOB, Command::MarkRead { buddy: stage.hex(ALICE) });
        stage.pass(4_000);
        leave(&mut stage, BOB);
        come(&mut stage, ALICE);
        let progress = stage.players[ALICE].disk.rows[0].message.progress;
        assert_eq!(matches!(progress, Progress::Read(_)), told, "{progress:?}");
        assert!(!matches!(progress, Progress::Waiting), "that it arrived is told in any case");
    }
}

/// Alice and Carol don't know each other; all are at the server.
fn strangers() -> Stage {
    let mut stage = Stage::new(&["alice", "bob", "carol"]);
    let (alice, carol) = (persona("alice").identity.account, persona("carol").identity.account);
    for who in [ALICE, CAROL] {
        stage.kill(who);
    }
    stage.players[ALICE].disk.buddies.remove(&carol);
    stage.players[CAROL].disk.buddies.remove(&alice);
    stage.open_server();
    stage.server.as_mut().expect("up").apart.insert(pair(alice, carol));
    stage
}

#[test]
fn two_who_never_meet_become_buddies_and_write_to_each_other() {
    let mut stage = strangers();
    come(&mut stage, CAROL);
    leave(&mut stage, CAROL);
    come(&mut stage, ALICE);
    let number = stage.command(ALICE, Command::AddBuddy { name: "carol".into(), note: "it's me".into() });
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    leave(&mut stage, ALICE);

    come(&mut stage, CAROL);
    let number = stage.command(CAROL, Command::AcceptBuddy { buddy: stage.hex(ALICE) });
    assert_eq!(stage.answer(CAROL, number), Some(Ok(())));
    stage.write(CAROL, ALICE, "hello Alice");
    stage.pass(5_000);
    leave(&mut stage, CAROL);

    stage.log.clear();
    come(&mut stage, ALICE);
    assert_eq!(stage.row(ALICE, CAROL).relation, Relation::Buddy);
    assert_eq!(stage.texts(ALICE), ["hello Alice"]);
    stage.write(ALICE, CAROL, "hello Carol");
    stage.pass(5_000);
    leave(&mut stage, ALICE);

    come(&mut stage, CAROL);
    assert_eq!(stage.texts(CAROL), ["hello Carol"], "Carol's token came by letter");
    assert_eq!((stage.dials(ALICE), stage.links(CAROL).len()), (0, 0), "they have never met");
}

#[test]
fn an_acceptance_alone_brings_the_token_even_after_a_restart() {
    let mut stage = strangers();
    come(&mut stage, CAROL);
    leave(&mut stage, CAROL);
    come(&mut stage, ALICE);
    stage.command(ALICE, Command::AddBuddy { name: "carol".into(), note: String::new() });
    leave(&mut stage, ALICE);
    come(&mut stage, CAROL);
    stage.command(CAROL, Command::AcceptBuddy { buddy: stage.hex(ALICE) });
    // Before the letter is written.
    leave(&mut stage, CAROL);
    come(&mut stage, CAROL);
    stage.pass(5_000);
    leave(&mut stage, CAROL);
    come(&mut stage, ALICE);
    stage.write(ALICE, CAROL, "there you are");
    stage.pass(5_000);
    leave(&mut stage, ALICE);
    come(&mut stage, CAROL);
    assert_eq!(stage.texts(CAROL), ["there you are"]);
}

#[test]
fn who_is_blocked_or_removed_can_post_no_more() {
    for removed in [true, false] {
        let mut stage = Stage::online(&["alice", "bob"]);
        leave(&mut stage, ALICE);
        stage.start(ALICE);
        let bob = stage.hex(BOB);
        // Even where the server can't be told at once.
        let command = if removed { Command::RemoveBuddy { buddy: bob } } else { Command::BlockBuddy { buddy: bob } };
        stage.command(ALICE, command);
        stage.connect(ALICE);
        let alice = stage.players[ALICE].persona.identity.account;
        assert_eq!(stage.server.as_ref().expect("up").mail.tokens_of(alice), 0, "his token is worth nothing");
        let row = &stage.players[ALICE].disk.buddies[&stage.players[BOB].persona.identity.account];
        assert_eq!((row.my_token, row.their_token), (None, None));
    }
}

#[test]
fn a_server_with_other_tokens_gets_all_of_them() {
    let mut stage = Stage::online(&["alice", "bob", "carol"]);
    let alice = stage.players[ALICE].persona.identity.account;
    leave(&mut stage, ALICE);
    stage.server.as_mut().expect("up").mail.tokens.clear();
    come(&mut stage, ALICE);
    assert_eq!(stage.server.as_ref().expect("up").mail.tokens_of(alice), 2);
    leave(&mut stage, ALICE);
    stage.log.clear();
    come(&mut stage, ALICE);
    let calls = stage.calls(ALICE);
    assert!(!calls.iter().any(|call| matches!(call, Call::SetTokens { .. })), "a login is one call again: {calls:?}");
}

#[test]
fn a_server_without_mailboxes_is_asked_for_none() {
    let mut stage = Stage::new(&["alice", "bob"]);
    let welcome = juice_proto::server::Welcome { server_ms: stage.now(ALICE).wall, ..Default::default() };
    stage.players[ALICE].connection = Some([1; 32]);
    stage.tell(ALICE, Input::ServerUp { nonce: [1; 32], welcome: Some((welcome, 2)) });
    stage.write(ALICE, BOB, "hello?");
    stage.pass(60_000);
    assert_eq!((unnamed(&stage, ALICE), stage.calls(ALICE)), (Vec::new(), Vec::new()));
}

#[test]
fn edits_deletions_and_reactions_come_by_letter_too() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.write(ALICE, BOB, "tomato");
    stage.write(ALICE, BOB, "secret");
    stage.write(BOB, ALICE, "soup");
    let (mine, theirs) = (stage.queued(ALICE), stage.arrived(ALICE)[0].id.clone());
    leave(&mut stage, BOB);
    let bob = stage.hex(BOB);
    stage.command(
        ALICE,
        Command::EditMessage { buddy: bob.clone(), message: mine[0].id.clone(), text: "potato".into() },
    );
    stage.command(ALICE, Command::DeleteMessage { buddy: bob.clone(), message: mine[1].id.clone() });
    stage.command(ALICE, Command::React { buddy: bob, message: theirs, emoji: "\u{1f44d}".into(), on: true });
    stage.pass(2_000);
    leave(&mut stage, ALICE);
    stage.log.clear();
    come(&mut stage, BOB);
    let changed: Vec<_> = stage
        .events(BOB)
        .into_iter()
        .filter_map(|event| if let Event::MessageChanged { message } = event { Some(message) } else { None })
        .collect();
    assert_eq!(changed.len(), 3);
    assert!(changed[0].text == "potato" && changed[0].edited);
    assert!(changed[1].text.is_empty() && changed[1].deleted);
    assert!(changed[2].reactions[0].theirs && !changed[2].reactions[0].mine);
    assert!(stage.texts(BOB).is_empty(), "none of them is a new line");
    assert_eq!(stage.row(BOB, ALICE).unread, 2, "nor unread: those are the two lines that there were");
}

#[test]
fn an_invite_brings_the_token_with_it() {
    let mut stage = strangers();
    come(&mut stage, CAROL);
    stage.command(CAROL, Command::CreateInvite);
    let link = stage.outputs(CAROL).find_map(|output| match output {
        Output::Answer(_, Ok(Reply::Invite { link, .. })) => Some(link.clone()),
        _ => None,
    });
    leave(&mut stage, CAROL);
    come(&mut stage, ALICE);
    stage.command(ALICE, Command::AddByInvite { link: link.expect("a link") });
    leave(&mut stage, ALICE);
    come(&mut stage, CAROL);
    assert!(stage.notices(CAROL).iter().any(|notice| matches!(notice, Notice::Accepted { .. })));
    stage.write(CAROL, ALICE, "welcome");
    stage.pass(5_000);
    leave(&mut stage, CAROL);
    come(&mut stage, ALICE);
    assert_eq!(stage.texts(ALICE), ["welcome"]);
}

#[test]
fn a_server_that_wants_it_slower_gets_it_slower() {
    let mut stage = bob_is_away();
    stage.mail_answer = Some(Answer::Refused(Refusal::SlowDown(30)));
    stage.write(ALICE, BOB, "hurry");
    stage.pass(20_000);
    assert_eq!(unnamed(&stage, ALICE).len(), 1);
    stage.mail_answer = None;
    stage.pass(20_000);
    assert_eq!(in_mailbox(&stage, BOB), 1);
}

#[test]
fn what_is_waiting_says_when_it_is_tried_again() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.unreachable.extend([ALICE, BOB]);
    stage.cut(BOB);
    stage.pass(100);
    stage.log.clear();
    stage.write(ALICE, BOB, "soon?");
    let delivery = stage.queued(ALICE)[0].delivery.clone();
    let Some(Delivery::Queued { why: Waiting::Connecting, next_try_ms: Some(next) }) = delivery else {
        panic!("{delivery:?}");
    };
    #[allow(clippy::cast_precision_loss, reason = "milliseconds fit")]
    let now = stage.now(ALICE).wall as f64;
    assert!((now..now + 60_000.0).contains(&next), "{next} is soon after {now}");
}

#[test]
fn a_token_goes_on_every_link_and_nothing_else_is_said_for_it() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    let mut bob = crate::common::raw::Raw::meet(&mut stage, ALICE, &persona("bob"));
    let said = bob.hear(&mut stage);
    assert_eq!(said.iter().filter(|body| matches!(body, LinkBody::Token { .. })).count(), 1);
}
