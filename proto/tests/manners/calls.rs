//! Calls between two messengers: ringing, talking, and what the conversation keeps.

use juice_proto::{
    call::{CallSignal, Guest, Shows},
    id::{AccountId, CallId, DeviceId},
    link::LinkBody,
    messenger::{Input, Output, Voice},
    presence::Capabilities,
    view::{CallRecord, CallStage, Command, EndReason, ErrorCode, Event},
};

use crate::common::{
    people::persona,
    raw::Raw,
    stage::{ALICE, BOB, Stage, Who},
};

fn stage() -> Stage {
    let mut stage = Stage::linked();
    for who in [ALICE, BOB] {
        stage.tell(who, Input::Capabilities(Capabilities { microphone: true, camera: false }));
    }
    stage
}

fn call(stage: &Stage, who: Who) -> Option<juice_proto::view::CallView> {
    stage.players[who].messenger.as_ref()?.views().calls.pop()
}

fn ended(stage: &Stage, who: Who) -> Vec<EndReason> {
    let events = stage.events(who);
    events
        .iter()
        .filter_map(|event| if let Event::CallEnded { reason, .. } = event { Some(*reason) } else { None })
        .collect()
}

fn voices(stage: &Stage, who: Who) -> String {
    let of = |output: &Output| match output {
        Output::Voice(Voice::Start { .. }) => Some("start"),
        Output::Voice(Voice::Stop(_)) => Some("stop"),
        Output::Voice(Voice::Pause(_, on)) => Some(if *on { "pause" } else { "on" }),
        _ => None,
    };
    stage.outputs(who).filter_map(of).collect::<Vec<_>>().join(" ")
}

fn traces(stage: &Stage, who: Who) -> Vec<(bool, CallRecord)> {
    let of = |event: &Event| match event {
        Event::MessageQueued { message } | Event::MessageArrived { message } => {
            message.call.map(|call| (message.mine, call))
        }
        _ => None,
    };
    stage.events(who).iter().filter_map(of).collect()
}

fn place(stage: &mut Stage) -> String {
    let buddy = stage.hex(BOB);
    stage.command(ALICE, Command::PlaceCall { buddy, video: false });
    call(stage, BOB).expect("it rings at Bob's").id
}

#[test]
fn one_calls_it_rings_they_talk_and_hang_up() {
    let mut stage = stage();
    let id = place(&mut stage);
    assert_eq!(call(&stage, ALICE).unwrap().stage, CallStage::Ringing);
    assert_eq!(call(&stage, BOB).unwrap().stage, CallStage::Incoming);

    stage.pass(3_000);
    stage.command(BOB, Command::AnswerCall { call: id.clone(), video: false });
    assert_eq!((voices(&stage, ALICE), voices(&stage, BOB)), ("start".into(), "start".into()));
    stage.command(BOB, Command::Mute { on: true });
    assert!(call(&stage, ALICE).unwrap().they_muted);
    stage.command(ALICE, Command::HoldCall { call: id.clone(), on: true });
    assert!(call(&stage, BOB).unwrap().held_by_them);
    stage.command(ALICE, Command::HoldCall { call: id.clone(), on: false });

    stage.pass(312_000);
    stage.command(BOB, Command::HangUp { call: id });
    for who in [ALICE, BOB] {
        assert_eq!(voices(&stage, who), "start pause on stop");
    }
    assert_eq!(
        (ended(&stage, ALICE), ended(&stage, BOB)),
        (vec![EndReason::RemoteHangUp], vec![EndReason::LocalHangUp])
    );
    let talked = CallRecord::Talked { seconds: 312, video: false };
    assert_eq!((traces(&stage, ALICE), traces(&stage, BOB)), (vec![(true, talked)], vec![(false, talked)]));
    assert_eq!(stage.row(BOB, ALICE).unread, 0, "he knows that he talked");
}

#[test]
fn one_who_is_not_answered_leaves_a_missed_call_in_the_conversation() {
    let mut stage = stage();
    place(&mut stage);
    stage.pass(44_000);
    assert!(ended(&stage, ALICE).is_empty(), "it rings for 45 seconds");
    stage.pass(2_000);
    assert_eq!((ended(&stage, ALICE), ended(&stage, BOB)), (vec![EndReason::NoAnswer], vec![EndReason::Missed]));
    assert_eq!(traces(&stage, BOB), [(false, CallRecord::NotAnswered { video: false })]);
    assert_eq!(stage.row(BOB, ALICE).unread, 1);
    assert_eq!(voices(&stage, BOB), "", "no sound was ever let through");
}

#[test]
fn a_call_in_which_somebody_was_seen_or_meant_to_be_leaves_a_video_call() {
    let mut stage = stage();
    let buddy = stage.hex(BOB);
    stage.command(ALICE, Command::PlaceCall { buddy: buddy.clone(), video: true });
    stage.pass(46_000);
    assert_eq!(traces(&stage, BOB), [(false, CallRecord::NotAnswered { video: true })]);

    stage.command(ALICE, Command::PlaceCall { buddy, video: false });
    let id = call(&stage, BOB).expect("it rings again").id;
    stage.command(BOB, Command::AnswerCall { call: id.clone(), video: true });
    stage.pass(5_000);
    let shows = Shows::Nothing;
    stage.command(BOB, Command::ShowInCall { call: id.clone(), shows });
    stage.command(BOB, Command::HangUp { call: id });
    let talked = (true, CallRecord::Talked { seconds: 5, video: true });
    assert_eq!(traces(&stage, ALICE).last(), Some(&talked), "he was seen, though not to the end");
}

#[test]
fn a_call_survives_a_link_that_breaks_and_ends_when_none_comes_back() {
    let mut stage = stage();
    let id = place(&mut stage);
    stage.command(BOB, Command::AnswerCall { call: id, video: false });
    stage.unreachable.extend([ALICE, BOB]);
    stage.cut(ALICE);
    assert_eq!(call(&stage, ALICE).unwrap().stage, CallStage::Reconnecting);
    stage.pass(10_000);
    stage.link(ALICE, BOB);
    assert_eq!(call(&stage, BOB).unwrap().stage, CallStage::Connecting, "on again; nothing has been heard yet");
    stage.cut(ALICE);
    stage.pass(21_000);
    for who in [ALICE, BOB] {
        assert_eq!(ended(&stage, who), [EndReason::ConnectionLost]);
        assert_eq!(voices(&stage, who), "start stop");
    }
}

fn guest(pair: u8) -> Guest {
    Guest {
        pair: CallId::new([pair; 32]),
        first: true,
        secret: [24; 32].into(),
        account: AccountId::new([25; 32]),
        device: DeviceId::new([26; 32]),
        name: "carol".into(),
        addresses: vec!["/ip4/192.0.2.1/udp/4001/quic-v1".into()],
    }
}

/// Bob's computer says in the call with Alice who else is in it.
fn introduce(stage: &mut Stage, id: &str, guests: Vec<Guest>) {
    let call = CallId::parse(id).expect("hex");
    let mut bob = Raw::meet(stage, ALICE, &persona("bob"));
    bob.say(stage, &LinkBody::Call(call, CallSignal::Guests(guests)));
}

#[test]
fn whom_a_caller_introduces_is_dialled_and_heard_beside_him() {
    let mut stage = stage();
    let id = place(&mut stage);
    stage.command(BOB, Command::AnswerCall { call: id.clone(), video: false });
    introduce(&mut stage, &id, vec![guest(30)]);
    let dialled = |output: &Output| match output {
        Output::Dial { device, addresses, .. } => *device == guest(30).device && *addresses == guest(30).addresses,
        _ => false,
    };
    assert!(stage.outputs(ALICE).any(dialled), "she need not be a buddy");
    assert_eq!(voices(&stage, ALICE), "start start");
    let names: Vec<_> = call(&stage, ALICE).unwrap().people.into_iter().map(|person| person.name).collect();
    assert_eq!(names, [None, Some("carol".into())]);
    stage.command(ALICE, Command::HoldCall { call: id.clone(), on: true });
    assert_eq!(voices(&stage, ALICE), "start start pause pause");

    introduce(&mut stage, &id, Vec::new());
    assert_eq!(voices(&stage, ALICE), "start start pause pause stop");
    introduce(&mut stage, &id, vec![guest(30)]);
    assert_eq!(voices(&stage, ALICE), "start start pause pause stop", "what has sounded once never does again");
}

#[test]
fn nobody_is_introduced_by_a_stranger_to_the_call_or_in_crowds() {
    let mut stage = stage();
    let id = place(&mut stage);
    introduce(&mut stage, &id, vec![guest(30)]);
    assert_eq!(voices(&stage, ALICE), "", "not before it is answered");
    stage.command(BOB, Command::AnswerCall { call: id.clone(), video: false });
    introduce(&mut stage, &CallId::new([99; 32]).to_string(), vec![guest(30)]);
    assert_eq!(voices(&stage, ALICE), "start", "not in a call that there isn't");
    introduce(&mut stage, &id, vec![guest(30), guest(30)]);
    assert_eq!(voices(&stage, ALICE), "start start", "nobody twice");

    for crowd in [
        (30..38).map(guest).collect(),
        vec![Guest { name: "x".repeat(33), ..guest(30) }],
        vec![Guest { addresses: vec!["/ip4/192.0.2.1".into(); 17], ..guest(30) }],
    ] {
        let refused = stage.refusals(ALICE).0;
        introduce(&mut stage, &id, crowd);
        assert!(stage.refusals(ALICE).0 > refused, "no honest device says so much");
    }
}

#[test]
fn nobody_is_called_who_is_not_there_or_cant_hear() {
    let mut stage = Stage::linked();
    let buddy = stage.hex(BOB);
    let refused = |stage: &mut Stage| {
        let number = stage.command(ALICE, Command::PlaceCall { buddy: buddy.clone(), video: false });
        stage.answer(ALICE, number).expect("an answer").expect_err("refused")
    };
    assert_eq!(refused(&mut stage), ErrorCode::NotReachable, "no microphone there");
    stage.tell(BOB, Input::Capabilities(Capabilities { microphone: true, camera: false }));
    assert_eq!(refused(&mut stage), ErrorCode::NoSound, "none here");
    stage.command(BOB, Command::SignOut);
    assert_eq!(refused(&mut stage), ErrorCode::NotReachable, "gone");
}

#[test]
fn a_goodbye_ends_the_call() {
    let mut stage = stage();
    let id = place(&mut stage);
    stage.command(BOB, Command::AnswerCall { call: id, video: false });
    stage.command(BOB, Command::SignOut);
    assert_eq!(ended(&stage, ALICE), [EndReason::RemoteHangUp]);
    assert_eq!((voices(&stage, ALICE), voices(&stage, BOB)), ("start stop".into(), "start stop".into()));
}
