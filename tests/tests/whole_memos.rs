//! Messages that are spoken, between whole engines: a tone in place of a voice, a test picture in place of a face.

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
    MEMO,
    audio::Source,
    video::read_stamp,
    view::{
        CallRecord, CallStage, Command, EndReason, ErrorCode, Event, FileStageView, MemoDraft, MemoPlay, MemoStage,
        MessageView,
    },
};
use juice_tests::{Buddy, Server, befriend_to_call, wav::share};
use tokio::time::sleep;

/// What everyone says, in Hz.
const VOICE: u32 = 440;

struct Pair {
    _server: Server,
    alice: Buddy,
    bob: Buddy,
}

impl Pair {
    async fn new() -> Self {
        let server = Server::start().await;
        let voice = || Source::Tone { hertz: VOICE };
        let mut alice = Buddy::seen_speaking("alice", voice()).await;
        let mut bob = Buddy::seen_speaking("bob", voice()).await;
        for buddy in [&alice, &bob] {
            buddy.sign_up(&server.address()).await.expect("registers");
            buddy.take_sound_raw().await;
        }
        befriend_to_call(&mut alice, &mut bob).await;
        Self { _server: server, alice, bob }
    }

    /// Alice speaks to Bob for so long.
    async fn record(&mut self, video: bool, ms: u32) -> MemoDraft {
        let buddy = self.alice.id_of("bob").await;
        self.alice.command(Command::RecordMemo { buddy, video }).await.expect("it is recorded");
        until_draft(&mut self.alice, |draft| draft.stage == MemoStage::Recording && draft.memo.duration_ms >= ms).await;
        self.alice.command(Command::StopMemo).await.expect("it is enough");
        until_draft(&mut self.alice, |draft| draft.stage == MemoStage::Kept).await
    }

    async fn send(&mut self) -> MessageView {
        let buddy = self.alice.id_of("bob").await;
        self.alice.command(Command::SendMemo { buddy }).await.expect("it is offered");
        memo_of(&mut self.alice).await
    }
}

async fn until_draft(buddy: &mut Buddy, fits: impl Fn(&MemoDraft) -> bool) -> MemoDraft {
    let of = |event: &Event| match event {
        Event::MemoChanged { draft } if fits(draft) => Some(draft.clone()),
        _ => None,
    };
    of(&buddy.until("a memo", |event| of(event).is_some()).await).unwrap()
}

async fn memo_of(buddy: &mut Buddy) -> MessageView {
    let of = |event: &Event| match event {
        Event::MessageQueued { message } | Event::MessageArrived { message } => {
            Some(message.clone()).filter(|message| message.file.as_ref().is_some_and(|file| file.memo.is_some()))
        }
        _ => None,
    };
    of(&buddy.until("a memo in the conversation", |event| of(event).is_some()).await).unwrap()
}

async fn until_done(buddy: &mut Buddy, id: &str) {
    let is_done = |event: &Event| matches!(event, Event::FileChanged { message, file, .. } if message == id && file.stage == FileStageView::Done);
    buddy.until("its bytes", is_done).await;
}

async fn until_played(buddy: &mut Buddy, fits: impl Fn(&MemoPlay) -> bool) -> MemoPlay {
    let of = |event: &Event| match event {
        Event::MemoPlayed { play } if fits(play) => Some(play.clone()),
        _ => None,
    };
    of(&buddy.until("it plays", |event| of(event).is_some()).await).unwrap()
}

fn play(message: &MessageView, from_ms: u32) -> Command {
    Command::PlayMemo { buddy: message.buddy.clone(), message: Some(message.id.clone()), from_ms }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_declined_becomes_a_message_that_comes_when_the_other_is_back() {
    let mut pair = Pair::new().await;
    let buddy = pair.alice.id_of("bob").await;
    pair.alice.command(Command::PlaceCall { buddy: buddy.clone(), video: true }).await.expect("it is placed");
    let call = pair.bob.until_stage(CallStage::Incoming).await.id;
    let busy = pair.alice.command(Command::RecordMemo { buddy, video: false }).await;
    assert_eq!(busy.unwrap_err().code, ErrorCode::InCall, "one thing after the other");
    pair.bob.command(Command::DeclineCall { call }).await.expect("it is declined");
    assert_eq!(pair.alice.until_call_ended().await, EndReason::Declined);
    let traced = |event: &Event| {
        let call = match event {
            Event::MessageArrived { message } => message.call,
            _ => None,
        };
        call == Some(CallRecord::Declined { video: true })
    };
    pair.bob.until("the trace of a video call", traced).await;

    let kept = pair.record(true, 2_500).await;
    assert!(kept.memo.video && kept.memo.duration_ms >= 2_300, "{kept:?}");
    pair.bob.leave(&mut pair.alice).await;
    let sent = pair.send().await;
    let file = sent.file.clone().unwrap();
    assert_eq!(file.stage, FileStageView::Offered);
    assert!(file.picture.is_some_and(|picture| picture.thumbnail.starts_with("data:image/jpeg")));
    assert!(pair.alice.snapshot().await.memos.is_empty(), "nothing waits to be sent any more");

    pair.bob.sign_in().await;
    let arrived = memo_of(&mut pair.bob).await;
    assert_eq!(arrived.id, sent.id);
    let memo = arrived.file.clone().unwrap().memo.unwrap();
    assert_eq!(memo, sent.file.clone().unwrap().memo.unwrap());
    until_done(&mut pair.bob, &arrived.id).await;

    pair.bob.command(play(&arrived, 0)).await.expect("it plays");
    until_played(&mut pair.bob, |play| play.runs && play.position_ms > 800).await;
    let picture = pair.bob.handle.screens().next(MEMO, None).await.expect("it is seen");
    assert!(read_stamp(&picture).is_some(), "the test picture, and nothing else");
    let end = until_played(&mut pair.bob, |play| !play.runs).await;
    assert_eq!(end.position_ms, end.duration_ms, "to its end");
    sleep(Duration::from_millis(400)).await;
    let heard = share(&pair.bob.heard().with_extension("memo.wav"), VOICE);
    assert!(heard > 0.5, "alice is heard: {heard}");
    // Mine can be listened to as well.
    let own = MessageView { buddy: pair.alice.id_of("bob").await, ..sent };
    pair.alice.command(play(&own, 1_000)).await.expect("it plays here too");
    until_played(&mut pair.alice, |play| play.runs && play.position_ms > 1_200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_message_outlives_a_restart_and_what_is_no_memo_is_not_played() {
    let mut pair = Pair::new().await;
    let kept = pair.record(false, 1_500).await;
    pair.alice.restart().await;
    let waits = until_draft(&mut pair.alice, |draft| draft.stage == MemoStage::Kept).await;
    assert_eq!((waits.buddy, waits.memo), (kept.buddy, kept.memo.clone()));
    pair.alice.until_here("bob").await;
    let sent = pair.send().await;
    let arrived = memo_of(&mut pair.bob).await;
    assert_eq!(arrived.file.as_ref().unwrap().memo, Some(kept.memo));
    assert!(arrived.file.as_ref().unwrap().picture.is_none());
    until_done(&mut pair.bob, &arrived.id).await;
    pair.bob.command(play(&arrived, 0)).await.expect("it plays");
    until_played(&mut pair.bob, |play| play.runs).await;

    let path = pair.alice.folder.path().join("notes.txt");
    std::fs::write(&path, b"no memo at all").unwrap();
    let (buddy, path) = (sent.buddy, path.to_str().unwrap().to_owned());
    pair.alice.command(Command::SendFile { buddy, path, caption: String::new() }).await.expect("is offered");
    let of = |event: &Event| match event {
        Event::MessageQueued { message } if message.file.is_some() => Some(message.clone()),
        _ => None,
    };
    let notes = of(&pair.alice.until("the notes", |event| of(event).is_some()).await).unwrap();
    let refused = pair.alice.command(play(&notes, 0)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Unplayable);
}
