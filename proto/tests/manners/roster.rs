//! Who is who: the welcome's pages, blocks, removals, invites among friends.

use juice_proto::{
    messenger::{Input, Output},
    server::{Answer, Call, ClientFrame, Push, ServerFrame, SignedWelcome, Welcome},
    view::{BuddyState, Command, ErrorCode, Event, Notice, Relation, Reply},
};

use crate::common::{
    people::{persona, server_key},
    rendezvous::{Rendezvous, pair},
    stage::{ALICE, BOB, CAROL, Stage},
};

/// Answers Alice's hello by hand.
fn welcome(stage: &mut Stage, welcome: &Welcome) {
    let nonce = stage.connect(ALICE);
    let hello = stage.outputs(ALICE).filter_map(|output| match output {
        Output::ServerSend(bytes) => juice_proto::frame::decode::<ClientFrame>(bytes).ok(),
        _ => None,
    });
    let hello = hello.last().expect("a hello");
    let signed = SignedWelcome::make(welcome, &server_key(), &nonce, &hello.call);
    let answer = ServerFrame::Answer(hello.number, Box::new(Answer::Welcome(signed)));
    stage.tell(ALICE, Input::ServerFrame(Rendezvous::bytes(&answer)));
}

#[test]
fn welcome_pages_are_gathered_and_missing_contacts_are_former() {
    let people = ["alice", "bob", "carol", "dave"];
    let mut stage = Stage::new(&people);
    let all = Rendezvous::new(&people.map(persona));
    let contact = |name: &str| all.contact(persona(name).identity.account);
    let relation = |stage: &Stage, name: &str| stage.row_of(ALICE, &persona(name).hex()).expect("a row").relation;
    let first = Welcome { server_ms: 77, contacts: vec![contact("bob")], contact_count: 2, ..Welcome::default() };

    welcome(&mut stage, &first);
    assert_eq!(relation(&stage, "dave"), Relation::Buddy, "there is another page to come");
    assert_eq!(stage.players[ALICE].disk.since_ms, 0, "nor is the welcome over on disk");
    stage.push(ALICE, Push::Contacts(vec![contact("carol")]));

    assert_eq!(relation(&stage, "bob"), Relation::Buddy);
    assert_eq!(relation(&stage, "carol"), Relation::Buddy);
    assert_eq!(relation(&stage, "dave"), Relation::Former, "whom the server names no more has ended it");
    assert_eq!(stage.players[ALICE].disk.since_ms, 77);
}

#[test]
fn blocking_works_without_the_server_and_is_told_later() {
    let mut stage = Stage::linked();
    let bob = stage.players[BOB].persona.identity.account;

    let number = stage.command(ALICE, Command::BlockBuddy { buddy: stage.hex(BOB) });

    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    assert!(stage.links(ALICE).is_empty(), "no link is left");
    stage.link(BOB, ALICE);
    stage.write(BOB, ALICE, "let me in");
    assert!(stage.texts(ALICE).is_empty());
    assert!(stage.links(ALICE).is_empty(), "and none is taken");
    let number = stage.write(ALICE, BOB, "no");
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::Unknown)));

    stage.kill(ALICE);
    stage.start(ALICE);
    stage.open_server();
    stage.log.clear();
    stage.connect(ALICE);
    assert!(stage.calls(ALICE).contains(&Call::Block { other: bob }), "the server learns of it at the next welcome");
    assert_eq!(stage.row(ALICE, BOB).relation, Relation::Blocked);
}

#[test]
fn the_blocked_one_sees_an_offline_buddy() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.command(ALICE, Command::BlockBuddy { buddy: stage.hex(BOB) });
    stage.pass(60_000);
    assert_eq!(stage.row(BOB, ALICE).state, BuddyState::Offline);
    let number = stage.command(ALICE, Command::UnblockBuddy { buddy: stage.hex(BOB) });
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    assert_eq!(stage.row(ALICE, BOB).relation, Relation::Former, "unblocking is not befriending");
}

#[test]
fn a_removed_buddy_is_told_to_the_server_and_the_conversation_stays() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.write(ALICE, BOB, "farewell");
    stage.log.clear();
    stage.command(ALICE, Command::RemoveBuddy { buddy: stage.hex(BOB) });
    let bob = stage.players[BOB].persona.identity.account;
    let calls = stage.calls(ALICE);
    assert!(
        matches!(calls.as_slice(), [Call::Remove { other }, Call::SetTokens { remove, .. }] if *other == bob && remove.len() == 1)
    );
    assert_eq!(stage.row(ALICE, BOB).relation, Relation::Former);
    assert_eq!(stage.players[ALICE].disk.rows.len(), 1, "words are not thrown away");
}

/// Alice and Carol, who don't know each other, and Bob, who knows both; all online.
fn strangers() -> Stage {
    let mut stage = Stage::new(&["alice", "bob", "carol"]);
    let (alice, carol) = (persona("alice").identity.account, persona("carol").identity.account);
    stage.players[ALICE].disk.buddies.remove(&carol);
    stage.players[CAROL].disk.buddies.remove(&alice);
    for who in [ALICE, CAROL] {
        stage.kill(who);
        stage.start(who);
    }
    stage.open_server();
    stage.server.as_mut().expect("up").apart.insert(pair(alice, carol));
    for who in 0..3 {
        stage.connect(who);
    }
    stage.log.clear();
    stage
}

#[test]
fn asking_by_name_and_saying_yes_makes_buddies() {
    let mut stage = strangers();
    let number = stage.command(ALICE, Command::AddBuddy { name: " Carol ".into(), note: "it's me".into() });
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    assert_eq!(stage.row(ALICE, CAROL).relation, Relation::Asked);
    let request = stage.events(CAROL).into_iter().find_map(|event| match event {
        Event::RequestArrived { request } => Some(request),
        _ => None,
    });
    let request = request.expect("Carol is asked");
    assert_eq!((request.name.as_str(), request.note.as_str()), ("alice", "it's me"));

    let number = stage.command(CAROL, Command::AcceptBuddy { buddy: request.id });

    assert_eq!(stage.answer(CAROL, number), Some(Ok(())));
    stage.pass(5_000);
    for (who, of) in [(ALICE, CAROL), (CAROL, ALICE)] {
        let row = stage.row(who, of);
        assert_eq!((row.relation, row.state, row.verified), (Relation::Buddy, BuddyState::Here, false), "{who}");
    }
    assert!(stage.notices(ALICE).iter().any(|notice| matches!(notice, Notice::Accepted { .. })));
}

#[test]
fn an_invite_makes_verified_buddies_in_one_step() {
    let mut stage = strangers();
    stage.command(CAROL, Command::CreateInvite);
    let link = stage.outputs(CAROL).find_map(|output| match output {
        Output::Answer(_, Ok(Reply::Invite { link, .. })) => Some(link.clone()),
        _ => None,
    });
    let number = stage.command(ALICE, Command::AddByInvite { link: link.expect("a link") });
    assert_eq!(stage.answer(ALICE, number), Some(Ok(())));
    stage.pass(5_000);
    for (who, of) in [(ALICE, CAROL), (CAROL, ALICE)] {
        let row = stage.row(who, of);
        assert_eq!((row.relation, row.state, row.verified), (Relation::Buddy, BuddyState::Here, true), "{who}");
    }
    assert!(stage.players[CAROL].disk.invites.is_empty(), "the invite is used up");
}

#[test]
fn commands_without_a_server_say_so() {
    let mut stage = Stage::new(&["alice", "bob"]);
    let number = stage.command(ALICE, Command::AddBuddy { name: "zoe".into(), note: String::new() });
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::ServerUnreachable)));

    // And a server that goes away in the middle leaves nobody waiting.
    stage.players[ALICE].connection = None;
    welcome(&mut stage, &Welcome { contact_count: 9, ..Welcome::default() });
    let number = stage.command(ALICE, Command::AddBuddy { name: "zoe".into(), note: String::new() });
    assert_eq!(stage.answer(ALICE, number), None);
    stage.tell(ALICE, Input::ServerDown { attempt: 1 });
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::ServerUnreachable)));
}

#[test]
fn nonsense_is_refused_with_a_code() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let bob = stage.hex(BOB);
    let cases = [
        (Command::AddBuddy { name: "two words".into(), note: String::new() }, ErrorCode::BadName),
        (Command::AddBuddy { name: "Alice".into(), note: String::new() }, ErrorCode::Yourself),
        (Command::AddBuddy { name: "BOB".into(), note: String::new() }, ErrorCode::AlreadyBuddies),
        (Command::AddBuddy { name: "zoe".into(), note: "x".repeat(201) }, ErrorCode::BadText),
        (Command::AddBuddy { name: "nobody".into(), note: String::new() }, ErrorCode::NoSuchName),
        (Command::AddByInvite { link: "http://example.org".into() }, ErrorCode::BadInvite),
        (Command::AcceptBuddy { buddy: bob.clone() }, ErrorCode::Unknown),
        (Command::UnblockBuddy { buddy: bob.clone() }, ErrorCode::Unknown),
        (Command::RenameBuddy { buddy: bob.clone(), alias: "a\nb".into() }, ErrorCode::BadText),
        (Command::SendMessage { buddy: "zz".into(), text: "hi".into(), reply_to: None }, ErrorCode::Unknown),
        (Command::CancelMessage { buddy: bob, message: "00".into() }, ErrorCode::Unknown),
    ];
    for (n, (command, code)) in cases.into_iter().enumerate() {
        let number = stage.command(ALICE, command);
        assert_eq!(stage.answer(ALICE, number), Some(Err(code)), "case {n}");
    }
}
