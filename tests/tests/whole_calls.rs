//! Calls between whole engines, with tones in place of microphones and files in place of loudspeakers.

#![allow(
    clippy::cast_precision_loss,
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
    view::{
        Availability, CallRecord, CallStage, CallVerdict, Command, EndReason, ErrorCode, Event, MessageView,
        SoundSettings, SoundTest,
    },
};
use juice_tests::{
    Buddy, Server, befriend_to_call,
    wav::{best_share, share},
};
use tokio::time::sleep;

const ALICES: u32 = 440;
const BOBS: u32 = 1_000;

struct Pair {
    _server: Server,
    alice: Buddy,
    bob: Buddy,
}

impl Pair {
    async fn new() -> Self {
        let server = Server::start().await;
        let mut people = Vec::new();
        for (name, hertz) in [("alice", ALICES), ("bob", BOBS)] {
            let buddy = Buddy::speaking(name, Source::Tone { hertz }).await;
            buddy.sign_up(&server.address()).await.expect("registers");
            buddy.take_sound_raw().await;
            people.push(buddy);
        }
        let (mut bob, mut alice) = (people.pop().unwrap(), people.pop().unwrap());
        befriend_to_call(&mut alice, &mut bob).await;
        Self { _server: server, alice, bob }
    }

    async fn place(&mut self) -> String {
        let buddy = self.alice.id_of("bob").await;
        self.alice.command(Command::PlaceCall { buddy, video: false }).await.expect("it is placed");
        self.alice.until_stage(CallStage::Ringing).await;
        self.bob.until_stage(CallStage::Incoming).await.id
    }

    async fn talk(&mut self) -> String {
        let call = self.place().await;
        self.bob.command(Command::AnswerCall { call: call.clone(), video: false }).await.expect("it is answered");
        self.alice.until_stage(CallStage::Talking).await;
        self.bob.until_stage(CallStage::Talking).await;
        call
    }
}

async fn trace(buddy: &mut Buddy) -> (bool, CallRecord) {
    let of = |event: &Event| match event {
        Event::MessageQueued { message } | Event::MessageArrived { message } => Some(message.clone()),
        _ => None,
    };
    let event = buddy.until("its trace", |event| of(event).is_some_and(|message| message.call.is_some())).await;
    let MessageView { mine, call, .. } = of(&event).unwrap();
    (mine, call.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_talk_and_each_hears_the_other_alone() {
    let mut pair = Pair::new().await;
    let call = pair.talk().await;
    sleep(Duration::from_secs(3)).await;
    let quality = pair
        .alice
        .until("how it is", |event| matches!(event, Event::CallQualityChanged { quality } if quality.rtt_ms.is_some()))
        .await;
    let Event::CallQualityChanged { quality } = quality else { unreachable!("just matched") };
    assert_ne!(quality.verdict, CallVerdict::Silent, "{quality:?}");
    assert!(quality.kbit_s > 5.0, "{quality:?}");

    pair.bob.command(Command::HangUp { call }).await.expect("hangs up");
    assert_eq!(pair.bob.until_call_ended().await, EndReason::LocalHangUp);
    assert_eq!(pair.alice.until_call_ended().await, EndReason::RemoteHangUp);
    // The file is whole when the device is closed.
    sleep(Duration::from_millis(500)).await;
    for (buddy, theirs, own) in [(&pair.alice, BOBS, ALICES), (&pair.bob, ALICES, BOBS)] {
        let (heard, itself) = (share(&buddy.heard(), theirs), share(&buddy.heard(), own));
        assert!(heard > 0.5 && itself < 0.05, "{} heard {heard} of the other and {itself} of themselves", buddy.name);
    }
    for (buddy, mine) in [(&mut pair.alice, true), (&mut pair.bob, false)] {
        let (author, record) = trace(buddy).await;
        assert!(author == mine && matches!(record, CallRecord::Talked { seconds: 3..=20, video: false }), "{record:?}");
    }
}

/// The loudest sample of where it rang, once it has been silent for a moment; none where nothing rang.
async fn rung(buddy: &Buddy) -> Option<f64> {
    sleep(Duration::from_millis(700)).await;
    let (_, samples) = buddy.rung().exists().then(|| juice_tests::wav::read(&buddy.rung()))?;
    Some(samples.iter().fold(0.0, |most: f64, sample| most.max(sample.abs())))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_heard_to_ring_on_both_sides_until_it_is_answered() {
    let mut pair = Pair::new().await;
    let call = pair.place().await;
    sleep(Duration::from_secs(1)).await;
    pair.bob.command(Command::AnswerCall { call: call.clone(), video: false }).await.expect("it is answered");
    pair.alice.until_stage(CallStage::Talking).await;
    let (rings, rings_back) = (rung(&pair.bob).await.unwrap(), rung(&pair.alice).await.unwrap());
    assert!((0.2..0.6).contains(&rings), "bob hears it ring: {rings}");
    assert!(rings_back > 0.03 && rings_back < rings / 2.0, "alice hears it softly: {rings_back}");
    let (seconds, same) = (juice_tests::wav::read(&pair.bob.rung()).1.len(), rung(&pair.bob).await);
    assert!(seconds < 3 * 48_000, "it ended with the answer, after {seconds} samples");
    assert_eq!(same, Some(rings), "and rings no more");
    pair.bob.command(Command::HangUp { call }).await.expect("hangs up");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_busy_or_wants_no_sounds_hears_no_ring() {
    let mut pair = Pair::new().await;
    let status = |availability| Command::SetStatus { availability, text: String::new() };
    pair.bob.command(status(Availability::Busy)).await.expect("is told");
    let call = pair.place().await;
    assert_eq!(rung(&pair.bob).await, None, "busy");
    pair.bob.command(Command::DeclineCall { call }).await.expect("declines");
    pair.alice.until_call_ended().await;

    pair.bob.command(status(Availability::Here)).await.expect("is told");
    let quiet = SoundSettings { sounds: false, ..pair.bob.handle.sound_devices().await.settings };
    pair.bob.command(Command::SetSound { settings: quiet.clone() }).await.expect("is kept");
    let call = pair.place().await;
    assert_eq!(rung(&pair.bob).await, None, "no sounds");
    let settings = SoundSettings { sounds: true, ..quiet };
    pair.bob.command(Command::SetSound { settings }).await.expect("is kept");
    assert!(rung(&pair.bob).await.is_some(), "from then on it rings");
    pair.bob.command(Command::DeclineCall { call }).await.expect("declines");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_talks_by_a_key_is_muted_until_it_is_held() {
    let mut pair = Pair::new().await;
    let by_key = SoundSettings { push_to_talk: true, ..pair.bob.handle.sound_devices().await.settings };
    pair.bob.command(Command::SetSound { settings: by_key.clone() }).await.expect("is kept");
    let told = |event: &Event| matches!(event, Event::SoundDevicesChanged { devices } if devices.settings == by_key);
    pair.bob.until("the settings", told).await;
    let call = pair.place().await;
    pair.bob.command(Command::AnswerCall { call: call.clone(), video: false }).await.expect("it is answered");
    assert!(pair.bob.until_stage(CallStage::Talking).await.muted);
    pair.bob.command(Command::Mute { on: false }).await.expect("the key is held");
    pair.bob.until("the voice", |event| matches!(event, Event::CallChanged { call } if !call.muted)).await;
    pair.bob.command(Command::Mute { on: true }).await.expect("it is let go");
    pair.bob.until("silence", |event| matches!(event, Event::CallChanged { call } if call.muted)).await;
    let settings = SoundSettings { push_to_talk: false, ..by_key };
    pair.bob.command(Command::SetSound { settings }).await.expect("is kept");
    pair.bob.until("the voice", |event| matches!(event, Event::CallChanged { call } if !call.muted)).await;
    pair.bob.command(Command::HangUp { call }).await.expect("hangs up");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_muted_is_not_heard_and_the_other_is_told() {
    let mut pair = Pair::new().await;
    let call = pair.talk().await;
    pair.alice.command(Command::Mute { on: true }).await.expect("mutes");
    pair.bob.until("the mute", |event| matches!(event, Event::CallChanged { call } if call.they_muted)).await;
    sleep(Duration::from_secs(2)).await;
    pair.bob.command(Command::HangUp { call }).await.expect("hangs up");
    pair.alice.until_call_ended().await;
    sleep(Duration::from_millis(500)).await;
    assert!(share(&pair.bob.heard(), ALICES) < 0.01, "bob's last second is silent");
    assert!(share(&pair.alice.heard(), BOBS) > 0.5, "alice went on hearing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_declined_cancelled_or_refused_in_words() {
    let mut pair = Pair::new().await;
    let call = pair.place().await;
    pair.bob.command(Command::DeclineCall { call: call.clone() }).await.expect("declines");
    assert_eq!(
        (pair.alice.until_call_ended().await, pair.bob.until_call_ended().await),
        (EndReason::Declined, EndReason::DeclinedByMe)
    );
    assert_eq!(trace(&mut pair.bob).await, (false, CallRecord::Declined { video: false }));

    let again = pair.place().await;
    assert_ne!(again, call);
    let buddy = pair.alice.id_of("bob").await;
    let twice = pair.alice.command(Command::PlaceCall { buddy, video: false }).await.expect_err("one at a time");
    assert_eq!(twice.code, ErrorCode::InCall);
    pair.alice.command(Command::HangUp { call: again }).await.expect("gives up");
    assert_eq!(
        (pair.alice.until_call_ended().await, pair.bob.until_call_ended().await),
        (EndReason::Cancelled, EndReason::Missed)
    );
    assert_eq!(trace(&mut pair.bob).await.1, CallRecord::NotAnswered { video: false });

    pair.bob.leave(&mut pair.alice).await;
    let buddy = pair.alice.id_of("bob").await;
    let gone = pair.alice.command(Command::PlaceCall { buddy, video: false }).await.expect_err("nobody is there");
    assert_eq!(gone.code, ErrorCode::NotReachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_who_call_each_other_at_once_talk() {
    let mut pair = Pair::new().await;
    let (to_bob, to_alice) = (pair.alice.id_of("bob").await, pair.bob.id_of("alice").await);
    let (one, other) = tokio::join!(
        pair.alice.command(Command::PlaceCall { buddy: to_bob, video: false }),
        pair.bob.command(Command::PlaceCall { buddy: to_alice, video: false }),
    );
    // Whoever heard of the other's call first is told so; both answer to nobody's surprise.
    assert!(one.is_ok() || other.is_ok());
    if one.is_ok() && other.is_ok() {
        let (here, there) =
            (pair.alice.until_stage(CallStage::Talking).await, pair.bob.until_stage(CallStage::Talking).await);
        assert_eq!(here.id, there.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_call_is_silent_and_goes_on() {
    let mut pair = Pair::new().await;
    let call = pair.talk().await;
    pair.alice.command(Command::HoldCall { call: call.clone(), on: true }).await.expect("holds");
    pair.bob.until("the hold", |event| matches!(event, Event::CallChanged { call } if call.held_by_them)).await;
    sleep(Duration::from_secs(1)).await;
    pair.alice.command(Command::HoldCall { call: call.clone(), on: false }).await.expect("goes on");
    pair.bob.until("the end of it", |event| matches!(event, Event::CallChanged { call } if !call.held_by_them)).await;
    sleep(Duration::from_secs(2)).await;
    pair.bob.command(Command::HangUp { call }).await.expect("hangs up");
    pair.alice.until_call_ended().await;
    sleep(Duration::from_millis(500)).await;
    assert!(share(&pair.bob.heard(), ALICES) > 0.5, "bob hears alice again");
    assert!(share(&pair.alice.heard(), BOBS) > 0.5, "alice hears bob again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_echo_says_it_back_and_nobody_else_hears_of_it() {
    let mut pair = Pair::new().await;
    pair.alice.command(Command::PlaceCall { buddy: "echo".into(), video: false }).await.expect("it is always there");
    let call = pair.alice.until_stage(CallStage::Talking).await;
    assert_eq!(pair.alice.snapshot().await.calls, std::slice::from_ref(&call));
    sleep(Duration::from_secs(3)).await;
    pair.alice.command(Command::HangUp { call: call.id }).await.expect("hangs up");
    assert_eq!(pair.alice.until_call_ended().await, EndReason::LocalHangUp);
    sleep(Duration::from_millis(500)).await;
    assert!(share(&pair.alice.heard(), ALICES) > 0.5, "she hears herself");
    let told = pair.bob.drain().await;
    assert!(!told.iter().any(|event| matches!(event, Event::CallChanged { .. })), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_the_devices_records_and_plays_back() {
    let mut pair = Pair::new().await;
    pair.alice.command(Command::TestSound { on: true }).await.expect("begins");
    for step in [SoundTest::Recording, SoundTest::Playing, SoundTest::Done] {
        let is = |event: &Event| matches!(event, Event::SoundTestChanged { test } if *test == step);
        pair.alice.until(&format!("{step:?}"), is).await;
    }
    sleep(Duration::from_millis(500)).await;
    assert!(best_share(&pair.alice.heard(), ALICES) > 0.5, "she hears herself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_call_is_a_file_and_the_other_side_is_told() {
    let mut pair = Pair::new().await;
    let call = pair.talk().await;
    pair.alice.command(Command::RecordCall { call: call.clone(), on: true }).await.expect("records");
    pair.bob.until("the notice", |event| matches!(event, Event::CallChanged { call } if call.they_record)).await;
    sleep(Duration::from_secs(2)).await;
    pair.bob.command(Command::HangUp { call }).await.expect("hangs up");
    let event = pair.alice.until("the file", |event| matches!(event, Event::CallRecorded { .. })).await;
    let Event::CallRecorded { name, .. } = event else { unreachable!("just matched") };
    let bytes = std::fs::read(pair.alice.profile().join("downloads").join(&name)).expect("it is there");
    assert!(bytes.starts_with(b"OggS") && bytes.len() > 5_000, "{name}: {} bytes", bytes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_chosen_for_sound_outlives_signing_out() {
    let server = Server::start().await;
    let alice = Buddy::register("alice", &server.address()).await;
    let chosen = SoundSettings { noise_suppression: false, push_to_talk: true, ..SoundSettings::default() };
    alice.command(Command::SetSound { settings: chosen.clone() }).await.expect("is kept");
    alice.sign_out().await;
    assert_eq!(alice.handle.sound_devices().await.settings, chosen);
    alice.sign_in().await;
    assert_eq!(alice.handle.sound_devices().await.settings, chosen);
}
