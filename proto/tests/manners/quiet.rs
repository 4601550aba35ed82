//! What is kept quiet: being invisible, being superseded, and what the server hears and how often.

use juice_proto::{
    messenger::{Input, Output},
    presence::LEASE,
    server::{Call, Push},
    view::{Availability, BuddyState, Command, Notice, ServerState},
};

use crate::common::stage::{ALICE, BOB, Stage, Who};

fn show_as(stage: &mut Stage, who: Who, availability: Availability) {
    stage.command(who, Command::SetStatus { availability, text: String::new() });
}

/// What of a person's doings somebody else could see: dials, frames, presences and nudges.
fn traces(stage: &Stage, who: Who) -> Vec<String> {
    let link =
        stage.outputs(who).filter(|output| matches!(output, Output::Dial { .. } | Output::Send(..) | Output::Reserve));
    let links = link.map(|output| format!("{output:?}"));
    let calls = stage.calls(who).into_iter().filter_map(|call| match call {
        Call::Hello { presence, .. } | Call::SetPresence { presence } => presence.map(|_| "a presence".to_owned()),
        Call::Nudge { .. } => Some("a nudge".to_owned()),
        _ => None,
    });
    links.chain(calls).collect()
}

#[test]
fn invisible_sends_nothing_to_anyone() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.open_server();
    show_as(&mut stage, ALICE, Availability::Invisible);
    stage.connect(BOB);
    stage.connect(ALICE);
    let alice = stage.hex(ALICE);
    let everything = [
        Command::SendMessage { buddy: stage.hex(BOB), text: "later".into(), reply_to: None },
        Command::Typing { buddy: stage.hex(BOB), active: true },
        Command::MarkRead { buddy: stage.hex(BOB) },
        Command::RenameBuddy { buddy: stage.hex(BOB), alias: "Bobby".into() },
        Command::SetStatus { availability: Availability::Invisible, text: "shh".into() },
    ];
    for command in everything {
        stage.command(ALICE, command);
    }
    stage.tell(ALICE, Input::Addresses(vec!["/ip4/192.0.2.9/tcp/1".into()], true));
    stage.tell(ALICE, Input::Capabilities(juice_proto::presence::Capabilities { microphone: true, camera: false }));
    stage.link(BOB, ALICE);
    stage.tell(ALICE, Input::Woke);
    stage.connect(ALICE);
    stage.pass(LEASE);

    assert_eq!(traces(&stage, ALICE), Vec::<String>::new(), "an invisible person leaves no trace");
    assert_eq!(stage.row(BOB, ALICE).state, BuddyState::Offline);

    // To Bob it is as if she had never come: what he sent and was shown is what it is with an account that is offline.
    let mut without = Stage::new(&["alice", "bob"]);
    without.open_server();
    without.kill(ALICE);
    without.connect(BOB);
    let of_alice = |stage: &Stage| {
        let row = stage.row_of(BOB, &alice).expect("a row");
        (row.state, row.last_seen_ms, row.status_text, row.can_voice, stage.appeared(BOB))
    };
    assert_eq!(of_alice(&stage), of_alice(&without));
}

#[test]
fn turning_invisible_is_a_goodbye_and_turning_back_is_an_arrival() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.log.clear();
    show_as(&mut stage, ALICE, Availability::Invisible);
    assert_eq!(stage.row(BOB, ALICE).state, BuddyState::Offline, "at once");
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Here, "the server's word is enough to see others");
    stage.write(ALICE, BOB, "kept back");
    stage.pass(60_000);
    assert!(stage.texts(BOB).is_empty(), "an invisible person sends nothing");

    show_as(&mut stage, ALICE, Availability::Here);
    assert_eq!(stage.row(BOB, ALICE).state, BuddyState::Here);
    assert_eq!(stage.texts(BOB), ["kept back"]);
}

#[test]
fn away_and_busy_and_a_status_line_reach_those_who_are_linked() {
    let mut stage = Stage::linked();
    let text = "back\u{7} at six".to_owned();
    stage.command(ALICE, Command::SetStatus { availability: Availability::Away, text });
    let row = stage.row(BOB, ALICE);
    assert_eq!((row.state, row.status_text.as_str()), (BuddyState::Away, "back at six"), "without controls");
    show_as(&mut stage, ALICE, Availability::Busy);
    assert_eq!(stage.row(BOB, ALICE).state, BuddyState::Busy);
}

#[test]
fn login_is_one_call() {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.open_server();
    stage.connect(BOB);

    stage.connect(ALICE);

    let calls = stage.calls(ALICE);
    assert!(matches!(calls.as_slice(), [Call::Hello { presence: Some(_), prekey: Some(_), .. }]), "{calls:?}");
    assert_eq!(stage.row(ALICE, BOB).state, BuddyState::Here, "and everything is ready");
    stage.pass(60_000);
    assert_eq!(stage.calls(ALICE).len(), 1, "no polling, no heartbeats");
}

#[test]
fn a_welcome_that_came_with_registering_needs_no_further_call() {
    let mut stage = Stage::new(&["alice", "bob"]);
    let welcome = juice_proto::server::Welcome { server_ms: stage.now(ALICE).wall, ..Default::default() };
    stage.players[ALICE].connection = Some([1; 32]);
    stage.tell(ALICE, Input::ServerUp { nonce: [1; 32], welcome: Some((welcome, 2)) });
    assert!(stage.calls(ALICE).is_empty());
    stage.command(ALICE, Command::AddBuddy { name: "zoe".into(), note: String::new() });
    let sent = stage.outputs(ALICE).find_map(|output| match output {
        Output::ServerSend(bytes) => juice_proto::frame::decode::<juice_proto::server::ClientFrame>(bytes).ok(),
        _ => None,
    });
    assert_eq!(sent.expect("a call").number, 3, "calls go on counting where registering stopped");
}

#[test]
fn presence_is_renewed_before_it_expires() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let account = stage.players[ALICE].persona.identity.account;
    let mut last = 0;
    for hour in 0..24 {
        let server = stage.server.as_ref().expect("up");
        let presence = server.presences[&account].peek().expect("a presence");
        assert!(presence.expires_ms > stage.now(ALICE).wall, "hour {hour}: it has not expired");
        assert!(presence.sequence >= last, "hour {hour}: and never goes back");
        last = presence.sequence;
        stage.pass(60 * 60 * 1000);
    }
    let renewals = stage.calls(ALICE).iter().filter(|call| matches!(call, Call::SetPresence { .. })).count();
    assert!((4..=9).contains(&renewals), "at half of its lease, not all the time: {renewals} a day");
}

#[test]
fn superseded_stays_away() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.log.clear();

    stage.push(ALICE, Push::Superseded);

    assert!(stage.links(ALICE).is_empty(), "this account is somewhere else now");
    assert!(matches!(stage.notices(ALICE).as_slice(), [Notice::Superseded]), "the person is told, once");
    let closes: Vec<_> = stage
        .outputs(ALICE)
        .filter_map(|o| if let Output::ServerClose { again } = o { Some(*again) } else { None })
        .collect();
    assert_eq!(closes, [false], "and does not come back by itself");

    stage.log.clear();
    stage.tell(ALICE, Input::ServerDown { attempt: 1 });
    stage.tell(ALICE, Input::Woke);
    stage.link(BOB, ALICE);
    show_as(&mut stage, ALICE, Availability::Away);
    stage.pass(LEASE * 2);
    assert_eq!(traces(&stage, ALICE), Vec::<String>::new(), "not after a sleep, a dial from outside, or half a day");
    assert!(stage.calls(ALICE).is_empty());
    let views = stage.players[ALICE].messenger.as_ref().expect("running").views();
    assert_eq!(views.server, ServerState::Superseded);
}

#[test]
fn a_revoked_device_is_superseded_at_its_hello() {
    use juice_proto::server::{Answer, Refusal, ServerFrame};
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.connect(ALICE);
    let no = ServerFrame::Answer(1, Box::new(Answer::Refused(Refusal::RevokedDevice)));
    stage.tell(ALICE, Input::ServerFrame(juice_proto::frame::encode(&no)));
    assert!(matches!(stage.notices(ALICE).as_slice(), [Notice::Superseded]));
    assert!(stage.outputs(ALICE).any(|output| matches!(output, Output::ServerClose { again: false })));
}
