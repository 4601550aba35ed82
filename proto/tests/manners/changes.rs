//! What is said about what was said: edits, deletions, emoji, answers, files; and what is forgotten, or told to nobody.

use std::path::PathBuf;

use juice_proto::{
    content::{FileOffer, MAX_THUMBNAIL, Picture, kind},
    link::LinkBody,
    messenger::{Input, record::Progress},
    sign::Signed,
    view::{Command, Delivery, ErrorCode, Event, MessageView, Privacy},
};

use crate::common::{
    people::persona,
    raw::Raw,
    stage::{ALICE, BOB, Stage, Who},
};

fn changed(stage: &Stage, who: Who) -> Vec<MessageView> {
    let changed = |event| if let Event::MessageChanged { message } = event { Some(message) } else { None };
    stage.events(who).into_iter().filter_map(changed).collect()
}

/// Alice and Bob with a link and a message of hers: its id.
fn one_line() -> (Stage, String) {
    let mut stage = Stage::linked();
    stage.write(ALICE, BOB, "tomato");
    let id = stage.queued(ALICE)[0].id.clone();
    stage.log.clear();
    (stage, id)
}

fn edit(stage: &mut Stage, message: &str, text: &str) -> u64 {
    let buddy = stage.hex(BOB);
    stage.command(ALICE, Command::EditMessage { buddy, message: message.into(), text: text.into() })
}

fn react(stage: &mut Stage, who: Who, of: Who, message: &str, on: bool) {
    let (buddy, emoji) = (stage.hex(of), "\u{1f44d}".to_owned());
    stage.command(who, Command::React { buddy, message: message.into(), emoji, on });
}

#[test]
fn an_edit_is_seen_on_both_sides() {
    let (mut stage, id) = one_line();
    let number = edit(&mut stage, &id, "potato");
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    for who in [ALICE, BOB] {
        let changed = changed(&stage, who);
        assert!(changed.len() == 1 && changed[0].id == id && changed[0].text == "potato" && changed[0].edited, "{who}");
    }
    assert!(stage.texts(BOB).is_empty() && stage.queued(ALICE).is_empty(), "it is no line of its own");
    assert_eq!(stage.row(BOB, ALICE).unread, 1);
    assert!(!stage.deliveries(ALICE).iter().any(|(ids, _)| !ids.contains(&id)), "nor has it ticks of its own");
}

#[test]
fn an_edit_is_checked_as_a_text_is() {
    let (mut stage, id) = one_line();
    for text in [String::new(), " \n".into(), "x".repeat(16_001)] {
        let number = edit(&mut stage, &id, &text);
        assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::BadText)));
    }
    let number = edit(&mut stage, "00", "x");
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::Unknown)));
}

#[test]
fn what_was_edited_while_apart_arrives_with_its_last_text() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.write(ALICE, BOB, "one");
    let id = stage.queued(ALICE)[0].id.clone();
    edit(&mut stage, &id, "two");
    edit(&mut stage, &id, "three");
    stage.link(ALICE, BOB);
    assert_eq!(stage.texts(BOB), ["one"], "as it was said");
    assert_eq!(changed(&stage, BOB).last().expect("changed").text, "three");
}

#[test]
fn a_deleted_message_is_gone_from_both_disks_but_its_place() {
    let (mut stage, id) = one_line();
    edit(&mut stage, &id, "potato");
    let buddy = stage.hex(BOB);
    stage.command(ALICE, Command::DeleteMessage { buddy, message: id.clone() });
    for who in [ALICE, BOB] {
        let view = changed(&stage, who).pop().expect("changed");
        assert!(view.deleted && view.text.is_empty() && view.body.is_empty(), "{who}");
        for row in &stage.players[who].disk.rows {
            let said = !row.message.text.is_empty() || row.message.signed.bytes().len() > 250;
            assert!(!said || row.message.kind == kind::DELETE, "{who}: {:?}", row.message.text);
        }
    }
    stage.write(ALICE, BOB, "next");
    assert_eq!(stage.texts(BOB), ["next"], "and the sequence goes on");
}

#[test]
fn what_was_deleted_before_it_arrived_is_a_place_without_words() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.write(ALICE, BOB, "oops");
    let id = stage.queued(ALICE)[0].id.clone();
    let buddy = stage.hex(BOB);
    stage.command(ALICE, Command::DeleteMessage { buddy, message: id });
    stage.kill(ALICE);
    stage.start(ALICE);
    stage.link(ALICE, BOB);
    assert!(
        changed(&stage, BOB).last().expect("changed").deleted,
        "it arrives with its deletion, even after a restart"
    );
    assert!(stage.players[ALICE].disk.rows.iter().all(|row| row.message.progress != Progress::Waiting));
}

#[test]
fn emoji_are_of_both_and_come_off_again() {
    let (mut stage, id) = one_line();
    react(&mut stage, BOB, ALICE, &id, true);
    react(&mut stage, ALICE, BOB, &id, true);
    for who in [ALICE, BOB] {
        let reactions = changed(&stage, who).pop().expect("changed").reactions;
        assert!(reactions.len() == 1 && reactions[0].mine && reactions[0].theirs, "{who}: {reactions:?}");
    }
    react(&mut stage, BOB, ALICE, &id, false);
    let reactions = changed(&stage, ALICE).pop().expect("changed").reactions;
    assert!(reactions[0].mine && !reactions[0].theirs);
}

#[test]
fn an_answer_shows_what_it_answers() {
    let (mut stage, id) = one_line();
    let command = Command::SendMessage { buddy: stage.hex(ALICE), text: "soup!".into(), reply_to: Some(id.clone()) };
    stage.command(BOB, command);
    let (here, there) = (stage.arrived(ALICE).pop().expect("a line"), stage.queued(BOB).pop().expect("a line"));
    for (view, mine) in [(here, true), (there, false)] {
        let quote = view.quote.expect("a quote");
        assert_eq!((quote.id, quote.text.as_str(), quote.mine), (id.clone(), "tomato", mine));
    }
}

fn offer(caption: &str, thumbnail: usize) -> Box<FileOffer> {
    let picture = Some(Picture { width: 4, height: 3, thumbnail: vec![1; thumbnail].into() });
    let (key, root) = ([1; 32].into(), [2; 32].into());
    Box::new(FileOffer { name: "cat.jpg".into(), size: 9, key, root, picture, caption: caption.into(), memo: None })
}

#[test]
fn a_file_is_a_line_with_words_and_a_picture() {
    let mut stage = Stage::linked();
    let (buddy, path) = (stage.hex(BOB), PathBuf::from("/home/alice/cat.jpg"));
    let offer = offer("my cat", 8);
    stage.tell(ALICE, Input::FileReady { number: 5, buddy, offer, path: path.clone() });
    assert_eq!(stage.answer(ALICE, 5), Some(Ok(())));
    let mine = stage.queued(ALICE).pop().expect("a line");
    let theirs = stage.arrived(BOB).pop().expect("a line");
    for view in [mine, theirs] {
        let file = view.file.expect("a file");
        assert_eq!((view.text.as_str(), file.name.as_str(), file.size), ("my cat", "cat.jpg", 9.0));
        assert_eq!(file.picture.map(|picture| (picture.width, picture.height)), Some((4, 3)));
    }
    let row = stage.players[ALICE].disk.rows[0].file.clone().expect("a file");
    assert_eq!(row.path, Some(path), "where it is stays here");
}

#[test]
fn a_file_with_too_many_words_is_refused_before_it_is_said() {
    let mut stage = Stage::linked();
    let caption = "\u{1f34a}".repeat(15_000);
    let offer = offer(&caption, MAX_THUMBNAIL);
    let buddy = stage.hex(BOB);
    stage.tell(ALICE, Input::FileReady { number: 5, buddy, offer, path: PathBuf::new() });
    assert_eq!(stage.answer(ALICE, 5), Some(Err(ErrorCode::BadText)), "the other side would not take it");
}

#[test]
fn a_forgotten_conversation_is_forgotten_here_and_goes_on() {
    let (mut stage, _) = one_line();
    stage.write(BOB, ALICE, "soup");
    let number = {
        let buddy = stage.hex(BOB);
        stage.command(ALICE, Command::ForgetConversation { buddy })
    };
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    assert!(stage.events(ALICE).iter().any(|event| matches!(event, Event::ConversationForgotten { .. })));
    assert!(stage.players[ALICE].disk.rows.is_empty());
    assert_eq!((stage.row(ALICE, BOB).unread, stage.row(ALICE, BOB).last_message_ms), (0, None));
    assert_eq!(stage.players[BOB].disk.rows.len(), 2, "his memory is his own");

    stage.kill(ALICE);
    stage.start(ALICE);
    stage.log.clear();
    stage.link(ALICE, BOB);
    stage.write(ALICE, BOB, "hello again");
    stage.write(BOB, ALICE, "hello");
    assert_eq!((stage.texts(BOB), stage.texts(ALICE)), (vec!["hello again".into()], vec!["hello".into()]));
    assert!(stage.notices(BOB).is_empty(), "no number is used twice");
}

#[test]
fn what_waits_to_go_goes_though_the_conversation_was_forgotten() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.write(ALICE, BOB, "still to be said");
    let buddy = stage.hex(BOB);
    stage.command(ALICE, Command::ForgetConversation { buddy });
    stage.kill(ALICE);
    stage.start(ALICE);
    stage.link(ALICE, BOB);
    assert_eq!(stage.texts(BOB), ["still to be said"]);
}

#[test]
fn a_place_without_words_in_the_outbox_goes_as_nothing() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.write(ALICE, BOB, "lost");
    stage.write(ALICE, BOB, "kept");
    stage.kill(ALICE);
    stage.players[ALICE].disk.rows[0].message.signed = Signed::from_parts(Vec::new(), [0; 64]);
    stage.start(ALICE);
    stage.link(ALICE, BOB);
    assert_eq!(stage.texts(BOB), ["kept"], "what follows it comes");
    assert!(stage.players[ALICE].disk.rows.iter().all(|row| row.message.progress != Progress::Waiting));
}

#[test]
fn a_wish_for_what_was_forgotten_is_answered_with_nothing_and_never_loops() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    let bob = persona("bob");
    let mut raw = Raw::meet(&mut stage, ALICE, &bob);
    for n in 0..150 {
        stage.write(ALICE, BOB, &format!("{n}"));
    }
    let said: Vec<_> = stage.players[ALICE].disk.rows.iter().map(|row| row.message.id).collect();
    said.chunks(100).for_each(|ids| raw.say(&mut stage, &LinkBody::Delivered(ids.to_vec())));
    let buddy = stage.hex(BOB);
    stage.command(ALICE, Command::ForgetConversation { buddy });
    stage.write(ALICE, BOB, "the only one left");
    raw.hear(&mut stage);

    // Bob has lost his disk.
    let mut have = 0;
    for round in 0..10 {
        stage.pass(2_000);
        raw.say(&mut stage, &LinkBody::Want(have + 1));
        let contents: Vec<_> = raw
            .hear(&mut stage)
            .into_iter()
            .filter_map(|body| if let LinkBody::Content(content) = body { Some(content) } else { None })
            .collect();
        let news: Vec<_> = contents.iter().map(|signed| signed.peek().expect("a content")).collect();
        for content in &news {
            assert_eq!(content.kind == kind::VOID, content.seq <= 150, "{}", content.seq);
            have += u64::from(content.seq == have + 1);
        }
        let ids = contents.iter().map(juice_proto::content::id).collect();
        raw.say(&mut stage, &LinkBody::Delivered(ids));
        if have == 151 {
            assert!(round <= 4, "64 at a time");
            return;
        }
    }
    panic!("after ten wishes only {have}");
}

#[test]
fn who_keeps_their_reading_to_themselves_tells_nobody_and_is_told_nothing() {
    for private in [ALICE, BOB] {
        let mut stage = Stage::linked();
        let privacy = Privacy { read_receipts: false, typing: true };
        stage.command(private, Command::SetPrivacy { privacy });
        stage.write(ALICE, BOB, "seen?");
        stage.command(BOB, Command::MarkRead { buddy: stage.hex(ALICE) });
        stage.cut(BOB);
        stage.link(ALICE, BOB);
        let read = stage.deliveries(ALICE).iter().any(|(_, delivery)| matches!(delivery, Delivery::Read { .. }));
        assert!(!read, "{private}");
        assert_eq!(stage.row(BOB, ALICE).unread, 0, "his own window knows");
    }
}

#[test]
fn who_keeps_their_typing_to_themselves_tells_nobody_and_is_told_nothing() {
    for private in [ALICE, BOB] {
        let mut stage = Stage::linked();
        let privacy = Privacy { read_receipts: true, typing: false };
        stage.command(private, Command::SetPrivacy { privacy });
        stage.command(ALICE, Command::Typing { buddy: stage.hex(BOB), active: true });
        assert!(!stage.row(BOB, ALICE).typing, "{private}");
    }
}

#[test]
fn typing_ends_for_the_other_when_it_becomes_private() {
    let mut stage = Stage::linked();
    stage.command(ALICE, Command::Typing { buddy: stage.hex(BOB), active: true });
    stage.command(ALICE, Command::SetPrivacy { privacy: Privacy { read_receipts: true, typing: false } });
    assert!(!stage.row(BOB, ALICE).typing);
}

#[test]
fn privacy_is_remembered() {
    let mut stage = Stage::linked();
    let privacy = Privacy { read_receipts: false, typing: false };
    stage.command(ALICE, Command::SetPrivacy { privacy });
    stage.kill(ALICE);
    stage.start(ALICE);
    let me = stage.players[ALICE].messenger.as_ref().expect("running").views().me;
    assert_eq!(me.privacy, privacy);
}
