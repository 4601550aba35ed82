//! Calls of several between whole engines: everyone hears everyone, also those who are no buddies of each other.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

use std::time::Duration;

use juice_engine::{
    audio::Source,
    view::{CallPerson, CallStage, CallView, Command, EndReason, ErrorCode, Event},
};
use juice_tests::{
    Buddy, Server, befriend,
    wav::{share, together},
};
use tokio::time::sleep;

const NAMES: [&str; 8] = ["alice", "bob", "carol", "dora", "emil", "frida", "gustav", "helga"];
const TONES: [u32; 8] = [440, 700, 1_000, 1_300, 1_600, 1_900, 2_200, 2_500];

/// Alice with buddies who don't know each other.
struct Circle {
    _server: Server,
    alice: Buddy,
    others: Vec<Buddy>,
}

impl Circle {
    async fn of(size: usize) -> Self {
        let server = Server::start().await;
        let mut people = Vec::new();
        for (name, hertz) in NAMES.into_iter().zip(TONES).take(size) {
            let buddy = Buddy::speaking(name, Source::Tone { hertz }).await;
            buddy.sign_up(&server.address()).await.expect("registers");
            buddy.take_sound_raw().await;
            people.push(buddy);
        }
        let mut alice = people.remove(0);
        for other in &mut people {
            befriend(&mut alice, other).await;
            alice.until_callable(&other.name).await;
            other.until_callable("alice").await;
        }
        Self { _server: server, alice, others: people }
    }

    /// Alice calls the first and then the others into it; they answer. Gives back her call.
    async fn gather(&mut self) -> String {
        let mut call: Option<String> = None;
        for other in &mut self.others {
            let buddy = self.alice.id_of(&other.name).await;
            let command = match call.clone() {
                None => Command::PlaceCall { buddy, video: false },
                Some(call) => Command::AddToCall { call, buddy },
            };
            self.alice.command(command).await.expect("it rings");
            let ringing = other.until_call("ringing", |call| call.stage == CallStage::Incoming).await;
            other.command(Command::AnswerCall { call: ringing.id, video: false }).await.expect("answers");
            other.until_call("talking", |call| call.stage == CallStage::Talking).await;
            let name = other.name.clone();
            let row = self.alice.id_of(&name).await;
            let talks = |call: &CallView| {
                call.people.iter().any(|person| person.buddy == row && person.stage == CallStage::Talking)
            };
            call = Some(self.alice.until_call(&name, talks).await.id);
        }
        call.expect("somebody was called")
    }
}

fn all_talk(call: &CallView, how_many: usize) -> bool {
    call.people.len() == how_many && call.people.iter().all(|person| person.stage == CallStage::Talking)
}

fn named<'a>(call: &'a CallView, name: &str) -> Option<&'a CallPerson> {
    call.people.iter().find(|person| person.name.as_deref() == Some(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_several_hears_all_the_others_and_they_talk_on_without_the_host() {
    let mut circle = Circle::of(4).await;
    let call = circle.gather().await;
    for other in &mut circle.others {
        other.until_call("everyone", |call| all_talk(call, 3)).await;
    }
    sleep(Duration::from_secs(3)).await;

    // Bob, whom Carol knows by Alice alone, mutes; she sees it, and who it is.
    circle.others[0].command(Command::Mute { on: true }).await.expect("mutes");
    circle.others[1].until_call("the mute", |call| named(call, "bob").is_some_and(|bob| bob.muted)).await;
    circle.others[0].command(Command::Mute { on: false }).await.expect("unmutes");

    // Dora leaves; it goes on.
    let doras = circle.others[2].snapshot().await.calls[0].id.clone();
    circle.others[2].command(Command::HangUp { call: doras }).await.expect("leaves");
    for who in [&mut circle.others[1], &mut circle.alice] {
        who.until("dora's leaving", |event| matches!(event, Event::CallLeft { .. })).await;
    }

    // Alice leaves; Bob and Carol talk on.
    circle.alice.command(Command::HangUp { call }).await.expect("leaves");
    assert_eq!(circle.alice.until_call_ended().await, EndReason::LocalHangUp);
    let alone_with_bob = |call: &CallView| call.people.len() == 1 && named(call, "bob").is_some();
    let rest = circle.others[1].until_call("alice's leaving", alone_with_bob).await;
    assert!(!rest.can_add, "nobody hosts it any more");
    sleep(Duration::from_secs(3)).await;
    let bobs = circle.others[0].snapshot().await.calls[0].id.clone();
    circle.others[0].command(Command::HangUp { call: bobs }).await.expect("hangs up");
    assert_eq!(circle.others[1].until_call_ended().await, EndReason::RemoteHangUp, "she is told with the sound");

    sleep(Duration::from_millis(500)).await;
    let [bob, carol, dora] = circle.others.as_slice() else { panic!("three") };
    for (who, hears) in [
        (&circle.alice, [TONES[1], TONES[2], TONES[3]]),
        (bob, [TONES[0], TONES[2], TONES[3]]),
        (carol, [TONES[0], TONES[1], TONES[3]]),
        (dora, [TONES[0], TONES[1], TONES[2]]),
    ] {
        assert!(together(&who.heard(), &hears, 0.15), "{} hears three at once", who.name);
    }
    assert!(share(&bob.heard(), TONES[2]) > 0.5, "at last Carol alone");
    assert!(share(&bob.heard(), TONES[0]) < 0.05, "and nothing of Alice, who has left");
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_talk_and_a_ninth_has_no_place() {
    let mut circle = Circle::of(8).await;
    let call = circle.gather().await;
    for other in &mut circle.others {
        other.until_call("everyone", |call| all_talk(call, 7)).await;
    }
    sleep(Duration::from_secs(3)).await;
    let ninth = circle.alice.id_of("helga").await;
    let full = circle.alice.command(Command::AddToCall { call: call.clone(), buddy: ninth }).await;
    assert_eq!(full.map(drop).expect_err("is full").code, ErrorCode::InCall);
    circle.alice.command(Command::HangUp { call }).await.expect("leaves");
    let (last, others) = circle.others.split_last_mut().expect("seven");
    for other in others {
        let call = other.snapshot().await.calls[0].id.clone();
        other.command(Command::HangUp { call }).await.expect("leaves");
    }
    assert_eq!(last.until_call_ended().await, EndReason::RemoteHangUp, "nobody is left");
    sleep(Duration::from_secs(1)).await;
    for (at, who) in std::iter::once(&circle.alice).chain(&circle.others).enumerate() {
        let others: Vec<_> = TONES.iter().enumerate().filter(|(of, _)| *of != at).map(|(_, tone)| *tone).collect();
        assert!(together(&who.heard(), &others, 0.05), "{} hears seven at once", who.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_come_is_told_and_the_rest_talk_on() {
    let mut circle = Circle::of(3).await;
    let carols = circle.others.pop().expect("carol");
    let call = circle.gather().await;
    circle.others.push(carols);
    let carol = circle.alice.id_of("carol").await;

    circle.alice.command(Command::AddToCall { call: call.clone(), buddy: carol.clone() }).await.expect("it rings");
    let ringing = circle.others[1].until_call("ringing", |call| call.stage == CallStage::Incoming).await;
    assert_eq!(ringing.with, ["bob"], "she is told who is there");
    circle.others[1].command(Command::DeclineCall { call: ringing.id }).await.expect("declines");
    assert_eq!(circle.others[1].until_call_ended().await, EndReason::DeclinedByMe);
    let event = circle.alice.until("her no", |event| matches!(event, Event::CallLeft { .. })).await;
    let Event::CallLeft { call: of, buddy, reason, .. } = event else { unreachable!("just matched") };
    assert_eq!((of, buddy, reason), (call.clone(), carol.clone(), EndReason::Declined));
    assert!(circle.alice.snapshot().await.calls[0].stage == CallStage::Talking, "with Bob it goes on");

    // Asked again she comes, and is let go.
    circle.alice.command(Command::AddToCall { call: call.clone(), buddy: carol.clone() }).await.expect("it rings");
    let ringing = circle.others[1].until_call("ringing", |call| call.stage == CallStage::Incoming).await;
    circle.others[1].command(Command::AnswerCall { call: ringing.id, video: false }).await.expect("answers");
    circle.others[0].until_call("carol", |call| named(call, "carol").is_some()).await;
    let here = circle.alice.until_call("carol", |call| all_talk(call, 2)).await;
    let person = here.people.iter().find(|person| person.buddy == carol).expect("she is in it").id.clone();
    circle.alice.command(Command::RemoveFromCall { person }).await.expect("is let go");
    assert_eq!(circle.others[1].until_call_ended().await, EndReason::RemoteHangUp);
    circle.others[0].until("her going", |event| matches!(event, Event::CallLeft { .. })).await;
    circle.alice.command(Command::HangUp { call }).await.expect("hangs up");
    assert_eq!(circle.others[0].until_call_ended().await, EndReason::RemoteHangUp);
}
