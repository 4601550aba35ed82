//! Hostile edits, deletions, reactions and files: of others' words, of nothing, and beyond all bounds.

use juice_proto::{
    content::{Body, Content, FileOffer, MAX_MEMO_MS, MAX_TEXT, MAX_THUMBNAIL, MAX_WAVEFORM, Memo, Picture, kind},
    id::MessageId,
    link::LinkBody,
    view::{Command, Event, MessageView},
};

use crate::common::{
    people::persona,
    raw::{Raw, confirmed, refused},
    stage::{ALICE, BOB, Stage},
};

/// Alice with a message of hers and one of Bob's, who need not keep to the rules: their ids.
fn two_lines() -> (Stage, Raw, MessageId, MessageId) {
    let mut stage = Stage::new(&["alice", "bob", "carol"]);
    stage.kill(BOB);
    let mut bob = Raw::meet(&mut stage, ALICE, &persona("bob"));
    stage.write(ALICE, BOB, "mine");
    let hers = MessageId::parse(&stage.queued(ALICE)[0].id).expect("an id");
    let content = bob.content(&stage, 1, "his");
    let his = bob.tell(&mut stage, &content);
    bob.hear(&mut stage);
    stage.log.clear();
    (stage, bob, hers, his)
}

fn changed(stage: &Stage) -> Vec<MessageView> {
    let changed = |event| if let Event::MessageChanged { message } = event { Some(message) } else { None };
    stage.events(ALICE).into_iter().filter_map(changed).collect()
}

fn edit(target: MessageId, text: &str) -> Body {
    Body::Edit { target, text: text.into() }
}

fn react(target: MessageId, emoji: &str) -> Body {
    Body::Reaction { target, emoji: emoji.into(), on: true }
}

#[test]
fn an_honest_edit_changes_the_authors_own_message() {
    let (mut stage, mut bob, _, his) = two_lines();
    let content = bob.saying(&stage, 2, &edit(his, "better"));
    let id = bob.tell(&mut stage, &content);
    assert_eq!(confirmed(&bob.hear(&mut stage)), [id]);
    let changed = changed(&stage);
    assert!(changed.len() == 1 && changed[0].text == "better" && changed[0].edited && !changed[0].mine);
    assert!(stage.texts(ALICE).is_empty(), "it is no line of its own");
}

#[test]
fn eve_cannot_edit_or_delete_what_another_said() {
    let (mut stage, mut bob, hers, _) = two_lines();
    for (seq, body) in (2..).zip([edit(hers, "I owe you 100"), Body::Delete { target: hers }]) {
        let content = bob.saying(&stage, seq, &body);
        let id = bob.tell(&mut stage, &content);
        assert_eq!(confirmed(&bob.hear(&mut stage)), [id], "taken, so that the sequence goes on");
    }
    assert!(changed(&stage).is_empty());
    let row = stage.players[ALICE].disk.row(hers).expect("hers");
    assert!(row.message.text == "mine" && !row.edited && !row.deleted);
}

#[test]
fn eve_cannot_reach_into_another_conversation() {
    let (mut stage, mut bob, ..) = two_lines();
    stage.write(ALICE, 2, "for Carol");
    let for_carol = stage.players[ALICE].disk.rows.last().expect("a row").message.id;
    for (seq, body) in (2..).zip([edit(for_carol, "x"), Body::Delete { target: for_carol }, react(for_carol, "x")]) {
        let content = bob.saying(&stage, seq, &body);
        bob.tell(&mut stage, &content);
    }
    assert!(changed(&stage).is_empty());
    let row = stage.players[ALICE].disk.row(for_carol).expect("a row");
    assert!(row.reactions.is_empty() && row.message.text == "for Carol");
}

#[test]
fn changes_of_what_is_not_there_change_nothing_and_show_nothing() {
    let (mut stage, mut bob, ..) = two_lines();
    let nobody = MessageId::new([0xee; 32]);
    let bodies = [
        edit(nobody, "x"),
        Body::Delete { target: nobody },
        react(nobody, "x"),
        Body::Text { text: "about nothing".into(), reply_to: Some(nobody) },
    ];
    for (seq, body) in (2..).zip(bodies) {
        let content = bob.saying(&stage, seq, &body);
        bob.tell(&mut stage, &content);
    }
    assert!(changed(&stage).is_empty());
    let arrived = stage.arrived(ALICE);
    assert!(arrived.len() == 1 && arrived[0].quote.is_none(), "an answer to what is not here is a line without it");
}

#[test]
fn an_edit_of_an_edit_a_void_or_a_deleted_message_has_no_effect() {
    let (mut stage, mut bob, _, his) = two_lines();
    let content = bob.saying(&stage, 2, &edit(his, "once"));
    let first = bob.tell(&mut stage, &content);
    let content = bob.saying(&stage, 3, &edit(first, "of an edit"));
    bob.tell(&mut stage, &content);
    let content = bob.saying(&stage, 4, &Body::Delete { target: his });
    bob.tell(&mut stage, &content);
    let seen = changed(&stage).len();
    for (seq, body) in (5..).zip([edit(his, "from the grave"), react(his, "x"), Body::Delete { target: his }]) {
        let content = bob.saying(&stage, seq, &body);
        bob.tell(&mut stage, &content);
    }
    assert_eq!((seen, changed(&stage).len()), (2, 2));
    let row = stage.players[ALICE].disk.row(his).expect("his");
    assert!(
        row.deleted && row.message.text.is_empty() && row.message.signed.bytes().is_empty(),
        "nothing is left of it"
    );
}

#[test]
fn garbage_for_emoji_texts_and_targets_is_refused() {
    let garbage: [(&str, u16, Vec<u8>); 8] = [
        ("no emoji", kind::REACTION, vec![0x83, 0x40, 0x60, 0xf5]),
        ("half a target", kind::DELETE, vec![1; 31]),
        ("a target and more", kind::DELETE, vec![1; 33]),
        ("nothing", kind::EDIT, Vec::new()),
        ("an array without end", kind::REPLY, vec![0x9f]),
        ("2^63 elements", kind::FILE, vec![0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("not CBOR", kind::FILE, vec![0xff; 16]),
        ("no UTF-8", kind::TEXT, vec![0xc3, 0x28]),
    ];
    for (what, kind, body) in garbage {
        let (mut stage, mut bob, ..) = two_lines();
        let content = Content { kind, body: body.into(), ..bob.content(&stage, 2, "") };
        bob.tell(&mut stage, &content);
        assert_eq!(stage.refusals(ALICE), (1, 0), "{what}: Malformed");
        assert_eq!(stage.players[ALICE].disk.rows.len(), 2, "{what}");
    }
}

#[test]
fn reactions_that_are_no_emoji_or_too_long_are_refused() {
    for emoji in ["", "\n", "\u{0}", &"x".repeat(65), "a\u{7f}"] {
        let (mut stage, mut bob, hers, _) = two_lines();
        let content = bob.saying(&stage, 2, &react(hers, emoji));
        bob.tell(&mut stage, &content);
        assert_eq!(stage.refusals(ALICE), (1, 0), "{emoji:?}");
        let number = {
            let message = hers.to_string();
            stage.command(ALICE, Command::React { buddy: stage.hex(BOB), message, emoji: emoji.into(), on: true })
        };
        assert!(stage.answer(ALICE, number).expect("an answer").is_err(), "nor does this side say so: {emoji:?}");
    }
}

#[test]
fn ten_thousand_reactions_are_one_emoji_each() {
    let (mut stage, mut bob, hers, _) = two_lines();
    for seq in 2..2_002 {
        let content = bob.saying(&stage, seq, &react(hers, "\u{1f44d}"));
        bob.tell(&mut stage, &content);
    }
    assert_eq!(changed(&stage).last().expect("changed").reactions.len(), 1);
}

fn offer() -> FileOffer {
    FileOffer {
        name: "cat.jpg".into(),
        size: 9,
        key: [1; 32].into(),
        root: [2; 32].into(),
        picture: None,
        caption: "my cat".into(),
        memo: None,
    }
}

#[test]
fn a_file_offer_is_shown_with_a_name_that_is_safe_to_save_under() {
    let (mut stage, mut bob, ..) = two_lines();
    let names = ["../../etc/passwd", "C:\\Windows\\con", "x\u{202e}gpj.exe", "a\0b\n", "..", "", "  . "];
    let shown = ["passwd", "_con", "xgpj.exe", "ab", "file", "file", "file"];
    for (seq, name) in (2..).zip(names) {
        let body = Body::File(Box::new(FileOffer { name: name.into(), size: u64::MAX, ..offer() }));
        let content = bob.saying(&stage, seq, &body);
        bob.tell(&mut stage, &content);
    }
    let files: Vec<_> = stage.arrived(ALICE).into_iter().map(|message| message.file.expect("a file")).collect();
    assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), shown);
    assert!(files.iter().all(|file| file.size > 1e19 && file.done == 0.0), "an absurd size is shown and costs nothing");
}

#[test]
fn a_file_offer_beyond_its_bounds_is_refused_and_keeps_its_place() {
    let long = |n| "x".repeat(n);
    let picture = |bytes| Picture { width: u32::MAX, height: u32::MAX, thumbnail: vec![0xff; bytes].into() };
    let memo = |duration_ms, bars| Memo { duration_ms, video: true, waveform: vec![9; bars].into() };
    let offers = [
        FileOffer { name: long(256), ..offer() },
        FileOffer { caption: long(MAX_TEXT + 1), ..offer() },
        FileOffer { picture: Some(picture(MAX_THUMBNAIL + 1)), ..offer() },
        FileOffer { memo: Some(memo(1_000, MAX_WAVEFORM + 1)), ..offer() },
        FileOffer { memo: Some(memo(MAX_MEMO_MS + 1, 3)), ..offer() },
    ];
    let (mut stage, mut bob, ..) = two_lines();
    for (seq, offer) in (2..).zip(offers) {
        let content = bob.saying(&stage, seq, &Body::File(Box::new(offer)));
        bob.tell(&mut stage, &content);
        assert_eq!(refused(&bob.hear(&mut stage)), ["BodyTooLong"], "{seq}");
    }
    let fine = memo(MAX_MEMO_MS, MAX_WAVEFORM);
    let fine = FileOffer { picture: Some(picture(MAX_THUMBNAIL)), memo: Some(fine), ..offer() };
    let content = bob.saying(&stage, 7, &Body::File(Box::new(fine)));
    bob.tell(&mut stage, &content);
    assert_eq!(stage.arrived(ALICE).len(), 1);
}

#[test]
fn words_that_would_be_alive_elsewhere_are_letters_in_every_kind() {
    let (mut stage, mut bob, _, his) = two_lines();
    let alive = "<img src=x onerror=alert(1)> [x](javascript:alert(1))";
    let bodies = [
        edit(his, alive),
        Body::Text { text: alive.into(), reply_to: Some(his) },
        Body::File(Box::new(FileOffer { caption: alive.into(), ..offer() })),
    ];
    for (seq, body) in (2..).zip(bodies) {
        let content = bob.saying(&stage, seq, &body);
        bob.tell(&mut stage, &content);
    }
    let views: Vec<_> = changed(&stage).into_iter().chain(stage.arrived(ALICE)).collect();
    assert_eq!(views.len(), 3);
    assert!(views.iter().all(|view| !format!("{:?}", view.body).contains("Link") && view.text == alive));
}

#[test]
fn changes_that_come_again_do_nothing_again() {
    let (mut stage, mut bob, _, his) = two_lines();
    let content = bob.saying(&stage, 2, &edit(his, "better"));
    for _ in 0..100 {
        bob.tell(&mut stage, &content);
    }
    assert_eq!(changed(&stage).len(), 1);
    assert_eq!(bob.hear(&mut stage).iter().filter(|body| matches!(body, LinkBody::Delivered(_))).count(), 100);
}
