//! Video calls between whole engines, with test pictures in place of cameras, whose numbers and clocks are read back
//! from what the other side sees.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use std::time::Duration;

use juice_engine::{
    MINE,
    video::{Stamp, read_stamp},
    view::{CallQuality, CallStage, Command, Event, Notice, Shows},
};
use juice_tests::{Buddy, Server, befriend, befriend_to_call};
use tokio::time::{Instant, sleep, timeout};

struct Pair {
    _server: Server,
    alice: Buddy,
    bob: Buddy,
}

impl Pair {
    /// Alice has a camera.
    async fn new() -> Self {
        let server = Server::start().await;
        let (mut alice, mut bob) = (Buddy::seen("alice").await, Buddy::seen("bob").await);
        for buddy in [&alice, &bob] {
            buddy.sign_up(&server.address()).await.expect("registers");
        }
        befriend_to_call(&mut alice, &mut bob).await;
        Self { _server: server, alice, bob }
    }

    /// Alice calls with her camera on; Bob answers, with his or without.
    async fn talk(&mut self, both: bool) -> String {
        let buddy = self.alice.id_of("bob").await;
        self.alice.command(Command::PlaceCall { buddy, video: true }).await.expect("it is placed");
        let ringing = self.bob.until_stage(CallStage::Incoming).await;
        assert_eq!(ringing.offers, Shows::Camera, "he is told before he answers");
        let answer = Command::AnswerCall { call: ringing.id.clone(), video: both };
        self.bob.command(answer).await.expect("it is answered");
        self.alice.until_stage(CallStage::Talking).await;
        self.bob.until_stage(CallStage::Talking).await;
        ringing.id
    }
}

/// What is seen of a person in so many different pictures.
async fn watch(buddy: &Buddy, person: &str, pictures: usize) -> Vec<Stamp> {
    let (mut stamps, mut after) = (Vec::new(), None);
    let seen = async {
        while stamps.len() < pictures {
            if let Some(picture) = buddy.handle.screens().next(person, after).await {
                after = Some(picture.captured());
                stamps.push(read_stamp(&picture).expect("the picture is whole"));
            }
        }
    };
    timeout(juice_tests::PATIENCE, seen).await.unwrap_or_else(|_| panic!("{} sees {person}", buddy.name));
    stamps
}

/// Nothing new is to be seen.
async fn sees_nothing(buddy: &Buddy, person: &str) -> bool {
    let last = buddy.handle.screens().next(person, None).await.map(|picture| picture.captured());
    buddy.handle.screens().next(person, last).await.is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_called_with_video_sees_the_caller_move() {
    let mut pair = Pair::new().await;
    assert!(pair.alice.row("bob").await.can_video, "presence says that he has a camera");
    let call = pair.talk(false).await;
    pair.bob.until_call("her camera", |call| call.people[0].shows == Shows::Camera).await;
    let stamps = watch(&pair.bob, &call, 60).await;
    assert!(stamps.windows(2).all(|two| two[0].number < two[1].number), "it moves, and never back");
    let mut ages: Vec<_> = stamps.iter().skip(20).map(|stamp| stamp.age_ms()).collect();
    ages.sort_by(f64::total_cmp);
    assert!(ages[0] >= 0.0 && ages[ages.len() / 2] < 1_000.0, "it is of this moment: {ages:?}");
    watch(&pair.alice, MINE, 3).await;
    assert!(pair.alice.handle.screens().next(&call, None).await.is_none(), "he shows nothing");

    let moves = |quality: &CallQuality| quality.from_them.is_some_and(|video| video.fps > 1.0);
    let is_seen = |event: &Event| matches!(event, Event::CallQualityChanged { quality } if moves(quality));
    pair.bob.until("how it is seen", is_seen).await;

    // He turns his on; she turns hers off.
    let camera = Command::ShowInCall { call: call.clone(), shows: Shows::Camera };
    pair.bob.command(camera).await.expect("is shown");
    pair.alice.until_call("his camera", |call| call.people[0].shows == Shows::Camera).await;
    watch(&pair.alice, &call, 10).await;
    let nothing = Command::ShowInCall { call: call.clone(), shows: Shows::Nothing };
    pair.alice.command(nothing).await.expect("is shown no more");
    pair.bob.until_call("her camera off", |call| call.people[0].shows == Shows::Nothing).await;
    sleep(Duration::from_secs(1)).await;
    assert!(sees_nothing(&pair.bob, &call).await, "nothing more of her");
    assert!(pair.alice.handle.screens().next(MINE, None).await.is_none(), "her camera is closed");
    watch(&pair.alice, &call, 3).await;

    // On again, it begins where no number comes twice.
    let camera = Command::ShowInCall { call: call.clone(), shows: Shows::Camera };
    pair.alice.command(camera).await.expect("is shown");
    watch(&pair.bob, &call, 10).await;
    pair.alice.command(Command::HangUp { call: call.clone() }).await.expect("hangs up");
    pair.bob.until_call_ended().await;
    sleep(Duration::from_millis(300)).await;
    for (who, screen) in [(&pair.alice, MINE), (&pair.bob, MINE), (&pair.alice, &call), (&pair.bob, &call)] {
        assert!(who.handle.screens().next(screen, None).await.is_none(), "nothing is seen after the end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_call_is_not_seen_and_goes_on() {
    let mut pair = Pair::new().await;
    let call = pair.talk(true).await;
    watch(&pair.bob, &call, 5).await;
    watch(&pair.alice, &call, 5).await;
    pair.alice.command(Command::HoldCall { call: call.clone(), on: true }).await.expect("is held");
    pair.bob.until_call("the hold", |call| call.held_by_them).await;
    sleep(Duration::from_secs(1)).await;
    assert!(sees_nothing(&pair.bob, &call).await && sees_nothing(&pair.alice, &call).await);
    assert!(pair.alice.handle.screens().next(MINE, None).await.is_none(), "the camera's light is off");
    pair.alice.command(Command::HoldCall { call: call.clone(), on: false }).await.expect("goes on");
    watch(&pair.bob, &call, 5).await;
    watch(&pair.alice, &call, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_looks_at_oneself_before_a_call() {
    let alice = Buddy::seen("alice").await;
    let server = Server::start().await;
    alice.sign_up(&server.address()).await.expect("registers");
    assert_eq!(alice.handle.video_devices().await.cameras.len(), 1);
    alice.command(Command::TestVideo { on: true }).await.expect("opens");
    watch(&alice, MINE, 5).await;
    alice.command(Command::TestVideo { on: false }).await.expect("closes");
    let closed = Instant::now();
    while alice.handle.screens().next(MINE, None).await.is_some() {
        assert!(closed.elapsed() < juice_tests::PATIENCE, "it is closed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_camera_the_others_are_told_that_there_is_nothing_to_see() {
    let server = Server::start().await;
    let (mut alice, mut bob) = (Buddy::seen("alice").await, Buddy::register("bob", &server.address()).await);
    alice.sign_up(&server.address()).await.expect("registers");
    befriend(&mut alice, &mut bob).await;
    alice.until_callable("bob").await;
    if !bob.handle.video_devices().await.cameras.is_empty() {
        // Only where the machine has none can it be seen what happens then.
        return;
    }
    assert!(!alice.row("bob").await.can_video);
    let buddy = alice.id_of("bob").await;
    alice.command(Command::PlaceCall { buddy, video: false }).await.expect("it is placed");
    let call = bob.until_stage(CallStage::Incoming).await.id;
    bob.command(Command::AnswerCall { call: call.clone(), video: true }).await.expect("it is answered");
    bob.until("the reason", |event| matches!(event, Event::Notice { notice: Notice::NoPicture { .. } })).await;
    bob.until_call("nothing shown", |call| call.shows == Shows::Nothing && call.stage == CallStage::Talking).await;
    alice.until_call("nothing shown", |call| call.people[0].shows == Shows::Nothing).await;
}
