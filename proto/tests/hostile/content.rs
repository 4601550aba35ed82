//! Hostile words: moved, repeated, contradicting, out of range.

use juice_proto::{
    content::{Body, Content, Hlc, MAX_BODY, MAX_TEXT},
    id::MessageId,
    link::{LinkBody, MAX_RECEIPT},
    messenger::record::Progress,
    sign::Signed,
    view::{Delivery, Notice},
};

use crate::common::{
    people::{START, persona},
    raw::{Raw, confirmed, refused, said},
    stage::{ALICE, BOB, CAROL, Stage},
};

/// Alice, and Bob as a device that need not keep to the rules.
fn alice_and_raw_bob() -> (Stage, Raw) {
    let mut stage = Stage::new(&["alice", "bob", "carol"]);
    stage.kill(BOB);
    let bob = Raw::meet(&mut stage, ALICE, &persona("bob"));
    stage.log.clear();
    (stage, bob)
}

#[test]
fn an_honest_message_of_a_raw_device_arrives() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    let content = bob.content(&stage, 1, "hello");
    let id = bob.tell(&mut stage, &content);
    assert_eq!(stage.texts(ALICE), ["hello"]);
    assert_eq!(confirmed(&bob.hear(&mut stage)), [id]);
}

#[test]
fn eve_cannot_pass_on_what_was_said_to_her_as_said_to_another() {
    // Bob said something to Carol, who re-seals it to Alice.
    let (mut stage, mut carol) = {
        let mut stage = Stage::new(&["alice", "bob", "carol"]);
        stage.kill(CAROL);
        let carol = Raw::meet(&mut stage, ALICE, &persona("carol"));
        (stage, carol)
    };
    let (bob, to) = (persona("bob"), persona("carol"));
    let said = said(&bob.identity, &to.identity, 1, &Body::text("I hate Alice"));
    let conversation = said.conversation;
    carol.say(&mut stage, &LinkBody::Content(Signed::make(&said, &bob.identity.device)));
    assert!(stage.texts(ALICE).is_empty());
    assert!(!stage.is_open(carol.link), "nor does it go unpunished");

    // Nor in her own name, with the conversation that it was said in.
    let mut carol = Raw::meet(&mut stage, ALICE, &persona("carol"));
    let moved = Content { conversation, ..carol.content(&stage, 1, "I hate Alice") };
    carol.tell(&mut stage, &moved);
    assert!(stage.texts(ALICE).is_empty(), "WrongConversation");
    assert!(!stage.is_open(carol.link));
}

#[test]
fn eve_cannot_speak_as_another_account_or_device() {
    let forgeries: [fn(Content) -> Content; 2] = [
        |content| Content { author: persona("carol").identity.account, ..content },
        |content| Content { device: persona("carol").identity.device.device(), ..content },
    ];
    for (n, forge) in forgeries.into_iter().enumerate() {
        let (mut stage, mut bob) = alice_and_raw_bob();
        let forged = forge(bob.content(&stage, 1, "as Carol"));
        bob.tell(&mut stage, &forged);
        assert!(stage.texts(ALICE).is_empty(), "forgery {n}");
        assert_eq!(stage.refusals(ALICE), (1, 0), "forgery {n} counts against the device");
    }
}

#[test]
fn eve_cannot_change_a_word_of_a_signed_content() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    let signed = bob.sign(&bob.content(&stage, 1, "I owe you 10"));
    let mut bytes = signed.bytes().to_vec();
    let at = bytes.len() - 2;
    bytes[at] = b'9';
    bob.say(&mut stage, &LinkBody::Content(Signed::from_parts(bytes, *signed.signature())));
    assert!(stage.texts(ALICE).is_empty(), "BadSignature");
    assert_eq!(stage.refusals(ALICE), (1, 0));
}

#[test]
fn the_same_bytes_ten_thousand_times_are_one_row_and_receipts_only() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    let content = bob.content(&stage, 1, "again");
    for n in 0..10_000 {
        let id = bob.tell(&mut stage, &content);
        assert_eq!(confirmed(&bob.hear(&mut stage)), [id], "time {n}: confirmed, so that an honest one can stop");
    }
    assert_eq!(stage.texts(ALICE), ["again"], "shown once");
    assert_eq!(stage.players[ALICE].disk.rows.len(), 1, "kept once");
    assert_eq!(stage.row(ALICE, BOB).unread, 1);
}

#[test]
fn eve_cannot_say_two_things_under_one_number() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    let first = bob.content(&stage, 1, "yes");
    let second = bob.content(&stage, 1, "no");
    bob.tell(&mut stage, &first);
    bob.hear(&mut stage);

    bob.tell(&mut stage, &second);

    assert_eq!(stage.texts(ALICE), ["yes"], "the first stays");
    assert_eq!(refused(&bob.hear(&mut stage)), ["Equivocation"]);
    assert!(matches!(stage.notices(ALICE).as_slice(), [Notice::Equivocation { .. }]), "the person is told");
    assert_eq!(stage.players[ALICE].disk.rows.len(), 1);
    let next = bob.content(&stage, 2, "well");
    bob.tell(&mut stage, &next);
    assert_eq!(stage.texts(ALICE), ["yes", "well"], "the conversation goes on");
}

#[test]
fn two_things_under_one_number_in_one_save_are_told_apart_too() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    stage.disk(ALICE, crate::common::disk::DiskMood::Stalls);
    for text in ["zero", "yes", "no"] {
        let seq = if text == "zero" { 1 } else { 2 };
        let content = bob.content(&stage, seq, text);
        bob.tell(&mut stage, &content);
    }
    stage.disk(ALICE, crate::common::disk::DiskMood::Works);
    assert_eq!(stage.texts(ALICE), ["zero", "yes"]);
    assert_eq!(refused(&bob.hear(&mut stage)), ["Equivocation"]);
}

#[test]
fn eve_cannot_jump_ahead_in_her_sequence() {
    for seq in [0, 100_002, u64::MAX - 1, u64::MAX] {
        let (mut stage, mut bob) = alice_and_raw_bob();
        let content = bob.content(&stage, seq, "far away");
        bob.tell(&mut stage, &content);
        assert!(stage.texts(ALICE).is_empty(), "{seq}");
        assert_eq!(stage.refusals(ALICE), (1, 0), "SeqJump at {seq}");
        assert_eq!(stage.players[ALICE].disk.rows.len(), 0);
    }
}

#[test]
fn a_gap_is_asked_for_once_and_nothing_is_shown_out_of_order() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    for seq in [3, 4, 5, 100_000] {
        let content = bob.content(&stage, seq, &format!("{seq}"));
        bob.tell(&mut stage, &content);
    }
    assert!(stage.texts(ALICE).is_empty(), "what is missing comes first");
    let wants: Vec<_> = bob.hear(&mut stage).into_iter().filter(|body| matches!(body, LinkBody::Want(_))).collect();
    assert_eq!(wants, [LinkBody::Want(1)], "asked for once");
    for seq in 1..=3 {
        let content = bob.content(&stage, seq, &format!("{seq}"));
        bob.tell(&mut stage, &content);
    }
    assert_eq!(stage.texts(ALICE), ["1", "2", "3"]);
}

#[test]
fn a_clock_in_the_year_9999_sorts_within_two_minutes() {
    for (hlc, sent) in [(u64::MAX, u64::MAX), (253_402_300_799_000 << 16, 253_402_300_799_000), (0, 0)] {
        let (mut stage, mut bob) = alice_and_raw_bob();
        let content = Content { hlc: Hlc(hlc), sent_ms: sent, ..bob.content(&stage, 1, "from the future") };
        bob.tell(&mut stage, &content);
        let shown = &stage.arrived(ALICE)[0];
        let latest = START + 2 * 60 * 1000;
        #[allow(clippy::cast_precision_loss, reason = "milliseconds fit")]
        let shown_by = latest as f64;
        assert!(shown.sent_ms <= shown_by, "{sent} is shown as {}", shown.sent_ms);
        assert!(shown.order <= Hlc(latest << 16).as_order(), "{hlc} sorts at {}", shown.order);
        stage.write(ALICE, BOB, "an answer");
        assert!(stage.queued(ALICE)[0].order > shown.order, "an answer sorts after what it answers");
    }
}

#[test]
fn a_body_too_long_is_refused_and_not_fatal() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    let long = [
        Content { body: vec![b'x'; MAX_TEXT + 1].into(), ..bob.content(&stage, 1, "") },
        Content { kind: 999, body: vec![b'x'; MAX_BODY + 1].into(), ..bob.content(&stage, 2, "") },
    ];
    for content in long {
        bob.tell(&mut stage, &content);
        assert_eq!(refused(&bob.hear(&mut stage)), ["BodyTooLong"]);
        assert!(stage.is_open(bob.link), "the link stays");
    }
    let fine = bob.content(&stage, 3, &"é".repeat(MAX_TEXT));
    bob.tell(&mut stage, &fine);
    assert_eq!(stage.texts(ALICE).len(), 1, "the longest text is fine, and what was refused kept its place");
}

#[test]
fn a_kind_of_tomorrow_is_kept_and_shown_without_words() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    let content = Content { kind: 4_242, body: vec![0xff, 0xfe].into(), ..bob.content(&stage, 1, "") };
    let id = bob.tell(&mut stage, &content);
    assert_eq!(confirmed(&bob.hear(&mut stage)), [id]);
    assert_eq!(stage.texts(ALICE), [""]);
    assert_eq!(stage.players[ALICE].disk.rows[0].message.kind, 4_242);
}

#[test]
fn strange_text_passes_through_unchanged() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    let zalgo = format!("a{}", "\u{301}".repeat(MAX_TEXT - 1));
    let texts = ["<img src=x onerror=alert(1)>", "javascript:alert(1)", "\u{202e}txt.exe", &zalgo, "nul \0 here"];
    for (seq, text) in (1..).zip(texts) {
        let content = bob.content(&stage, seq, text);
        bob.tell(&mut stage, &content);
    }
    assert_eq!(stage.texts(ALICE), texts, "it is text and nothing else; the window shows it inert");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    let content = Content { body: vec![0xff].into(), ..bob.content(&stage, 1, "") };
    bob.tell(&mut stage, &content);
    assert_eq!(stage.refusals(ALICE), (1, 0), "Malformed");
    assert!(stage.players[ALICE].disk.rows.is_empty());
}

#[test]
fn a_receipt_of_too_many_ids_closes_the_link() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    stage.write(ALICE, BOB, "hello");
    bob.say(&mut stage, &LinkBody::Delivered(vec![MessageId::new([1; 32]); MAX_RECEIPT]));
    assert!(stage.is_open(bob.link), "as many as allowed are fine, known or not");
    bob.say(&mut stage, &LinkBody::Delivered(vec![MessageId::new([1; 32]); MAX_RECEIPT + 1]));
    assert_eq!(stage.refusals(ALICE), (1, 0), "TooLong");
}

#[test]
fn a_refusal_with_an_endless_code_closes_the_link() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    bob.say(&mut stage, &LinkBody::Refused(MessageId::new([1; 32]), "x".repeat(65)));
    assert_eq!(stage.refusals(ALICE), (1, 0), "TooLong");
}

#[test]
fn eve_cannot_confirm_or_refuse_what_was_said_to_another() {
    let mut stage = Stage::new(&["alice", "bob", "carol"]);
    stage.kill(CAROL);
    stage.write(ALICE, BOB, "for bob");
    let id = stage.players[ALICE].disk.rows[0].message.id;
    let mut carol = Raw::meet(&mut stage, ALICE, &persona("carol"));
    for body in [
        LinkBody::Delivered(vec![id]),
        LinkBody::Read(id, u64::MAX),
        LinkBody::Refused(id, "Equivocation".into()),
        LinkBody::Want(1),
    ] {
        carol.say(&mut stage, &body);
    }
    assert_eq!(stage.players[ALICE].disk.rows[0].message.progress, Progress::Waiting);
    assert!(stage.deliveries(ALICE).is_empty(), "nothing is claimed to the person");
    let said = carol.hear(&mut stage);
    assert!(!said.iter().any(|body| matches!(body, LinkBody::Content(_))), "nor is it sent to Carol: {said:?}");
    stage.link(ALICE, BOB);
    assert_eq!(stage.texts(BOB), ["for bob"]);
}

#[test]
fn wishes_for_what_was_never_said_are_ignored() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    stage.write(ALICE, BOB, "one");
    bob.hear(&mut stage);
    for seq in [0, 2, u64::MAX] {
        bob.say(&mut stage, &LinkBody::Want(seq));
    }
    assert!(bob.hear(&mut stage).is_empty(), "nothing is sent again for it");
    assert!(stage.is_open(bob.link));
    bob.say(&mut stage, &LinkBody::Want(1));
    assert_eq!(bob.hear(&mut stage).len(), 1, "what was said is said again");
}

#[test]
fn a_receipt_counts_once() {
    let (mut stage, mut bob) = alice_and_raw_bob();
    stage.write(ALICE, BOB, "one");
    let id = stage.players[ALICE].disk.rows[0].message.id;
    bob.say(&mut stage, &LinkBody::Delivered(vec![id; 10]));
    bob.say(&mut stage, &LinkBody::Refused(id, "Equivocation".into()));
    let deliveries: Vec<_> = stage.deliveries(ALICE).into_iter().map(|(_, delivery)| delivery).collect();
    assert!(matches!(deliveries.as_slice(), [Delivery::Sent { .. }, Delivery::Delivered { .. }]), "{deliveries:?}");
    for n in 0..300 {
        stage.write(ALICE, BOB, &format!("{n}"));
    }
    let contents = bob.hear(&mut stage).into_iter().filter(|body| matches!(body, LinkBody::Content(_))).count();
    assert_eq!(contents, 1 + 192, "a window full, not more, after the repeated receipt");
}
