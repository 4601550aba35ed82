//! Authors who lie, receivers who ask for what is not theirs, and strangers.

use juice_proto::{
    file::{FileAnswer, FileAsk, FileRefusal, Run},
    frame,
    view::FileTrouble,
};

use super::*;
use crate::files::wire::IDLE;

const EVE: u8 = 66;
const BOB: u8 = 2;

/// Bob is offered something by eve, and asks for it; what eve answers is up to the test.
async fn asked(offer: &FileOffer) -> (Side, MessageId) {
    let mut bob = Side::new(BOB).await;
    let message = bob.save_offer(EVE, false, offer, None).await;
    bob.linked(EVE, true);
    bob.fetch(EVE, message).await;
    (bob, message)
}

/// What eve has to say to the first question ends in this, and leaves nothing behind.
async fn ends(offer: &FileOffer, said: &[Vec<u8>], trouble: FileTrouble) {
    let (mut bob, message) = asked(offer).await;
    let mut eve = bob.answer_by_hand().await;
    let ask = eve.ask(IDLE).await.unwrap();
    assert!(matches!(ask, FileAsk::Want { have: 0, .. }), "{ask:?}");
    for frame in said {
        // Bob may have gone by now.
        let _ = eve.write(frame, |_| {}).await;
    }
    bob.until_stage(message, FileStageView::Failed { why: trouble }).await;
    assert!(bob.names().is_empty(), "what came is deleted: {:?}", bob.names());
    assert!(bob.store.chunks(message, 0, 1).await.unwrap().is_empty());
    assert_eq!(bob.row(message).await.record.done, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn eve_cannot_lie_about_the_size() {
    let bytes = noise(CHUNK);
    let said = |offer: &FileOffer| vec![chunk_frame(offer, 0, &bytes)];
    let small = FileOffer { size: 10, ..offer_of("small.bin", &bytes) };
    ends(&small, &said(&small), FileTrouble::SizeMismatch).await;
    let large = FileOffer { size: 2 * CHUNK as u64, ..offer_of("large.bin", &bytes) };
    ends(&large, &[chunk_frame(&large, 0, &bytes[..100])], FileTrouble::SizeMismatch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eve_cannot_say_what_no_disk_holds() {
    for size in [file::MAX_FILE + 1, u64::MAX >> 1] {
        let (mut bob, message) = asked(&FileOffer { size, ..offer_of("vast.bin", b"x") }).await;
        bob.until_stage(message, FileStageView::Failed { why: FileTrouble::SizeMismatch }).await;
        assert!(bob.names().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eve_cannot_give_another_file_than_she_offered() {
    let bytes = noise(CHUNK + 10);
    let offer = offer_of("other.bin", &bytes);
    let mut other = bytes.clone();
    other[CHUNK + 3] ^= 1;
    let said = [chunk_frame(&offer, 0, &other[..CHUNK]), chunk_frame(&offer, 1, &other[CHUNK..])];
    ends(&offer, &said, FileTrouble::HashMismatch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eve_cannot_give_garbage_for_chunks() {
    let bytes = noise(CHUNK);
    let offer = offer_of("garbage.bin", &bytes);
    let mut garbage = chunk_frame(&offer, 0, &bytes);
    let last = garbage.len() - 1;
    garbage[last] ^= 1;
    ends(&offer, &[garbage], FileTrouble::HashMismatch).await;
    let other = FileOffer { key: [8; 32].into(), ..offer.clone() };
    ends(&offer, &[chunk_frame(&other, 0, &bytes)], FileTrouble::HashMismatch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eve_cannot_give_what_was_not_asked_for() {
    let bytes = noise(3 * CHUNK);
    let offer = offer_of("unasked.bin", &bytes);
    let chunk = |index: usize| chunk_frame(&offer, index as u64, &bytes[index * CHUNK..(index + 1) * CHUNK]);
    let word = |answer: &FileAnswer<'_>| {
        let body = frame::encode(answer);
        [frame::header(body.len()).unwrap().to_vec(), body].concat()
    };
    for wrong in [
        vec![chunk(1)],
        vec![chunk(0), chunk(0)],
        vec![word(&FileAnswer::Noted)],
        vec![vec![0, 0, 0, 0]],
        vec![vec![255; 100]],
        vec![vec![0, 0, 0, 2, 0x83, 0]],
    ] {
        let (mut bob, message) = asked(&offer).await;
        let mut eve = bob.answer_by_hand().await;
        eve.ask(IDLE).await.unwrap();
        for frame in &wrong {
            let _ = eve.write(frame, |_| {}).await;
        }
        let waits = bob.until_stage(message, FileStageView::Waiting).await;
        assert!(waits.done <= CHUNK as f64, "only what is right is kept");
        assert!(eve.one().await.is_err(), "and the stream is closed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eve_cannot_choose_where_a_file_goes() {
    for (name, kept) in
        [("../../x", "x"), ("CON", "_CON"), ("/etc/cron.d/x", "x"), ("photo\u{202e}gpj.exe", "photogpj.exe")]
    {
        let offer = offer_of(name, b"hello");
        let (mut bob, message) = asked(&offer).await;
        let mut eve = bob.answer_by_hand().await;
        eve.ask(IDLE).await.unwrap();
        eve.write(&chunk_frame(&offer, 0, b"hello"), |_| {}).await.unwrap();
        assert_eq!(eve.ask(IDLE).await, Ok(FileAsk::Whole(message)));
        eve.say(&FileAnswer::Noted).await.unwrap();
        bob.until_stage(message, FileStageView::Done).await;
        assert_eq!(bob.names(), [kept]);
        assert_eq!(bob.row(message).await.record.path, Some(bob.downloads().join(kept)));
    }
}

/// Alice, who offered a file to bob; her end of a stream that someone opens, and what she says to it.
async fn says(alice: &Side, from: u8, ask: &FileAsk) -> Option<FileAnswer<'static>> {
    let mut wire = alice.open_by_hand(device(from).device()).await;
    wire.say(ask).await.ok()?;
    let answer = wire.one().await.ok()?;
    match frame::decode::<FileAnswer<'_>>(&answer).unwrap() {
        FileAnswer::Chunk(..) => panic!("bytes for the wrong one"),
        FileAnswer::No(refusal) => Some(FileAnswer::No(refusal)),
        FileAnswer::Noted => Some(FileAnswer::Noted),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eve_cannot_have_what_was_offered_to_bob() {
    let mut alice = Side::new(1).await;
    let path = alice.folder.0.join("secret.bin");
    fs::write(&path, noise(100_000)).unwrap();
    let offer = offer_of("secret.bin", &noise(100_000));
    let message = alice.save_offer(BOB, true, &offer, Some(&path)).await;
    let want = FileAsk::Want { message, runs: vec![Run { first: 0, count: 2 }], have: 0 };
    // A stranger is not even answered, nor is bob while he has no link.
    for stranger in [EVE, BOB] {
        assert_eq!(says(&alice, stranger, &want).await, None);
    }
    // Another buddy, with a link of her own.
    alice.linked(BOB, true);
    alice.linked(EVE, true);
    assert_eq!(says(&alice, EVE, &want).await, Some(FileAnswer::No(FileRefusal::Unknown)));
    for word in [FileAsk::Whole(message), FileAsk::GivenUp(message), FileAsk::Ready(message)] {
        assert_eq!(says(&alice, EVE, &word).await, Some(FileAnswer::Noted));
        assert_eq!(alice.row(message).await.record.stage, FileStage::Offered, "{word:?} of hers changes nothing");
    }
    // Blocked a moment ago.
    alice.linked(BOB, false);
    assert_eq!(says(&alice, BOB, &want).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greedy_buddy_gets_three_streams_and_no_chunk_that_there_is_not() {
    let mut alice = Side::new(1).await;
    let bytes = noise(8 * 1024 * 1024);
    let path = alice.folder.0.join("file.bin");
    fs::write(&path, &bytes).unwrap();
    let mut messages = Vec::new();
    for number in 0..4 {
        messages.push(alice.save_offer(BOB, true, &offer_of(&format!("{number}"), &bytes), Some(&path)).await);
    }
    alice.linked(BOB, true);
    let mut held = Vec::new();
    for message in &messages[..3] {
        let mut wire = alice.open_by_hand(device(BOB).device()).await;
        // As much as is never read, so that the stream stays.
        let want = FileAsk::Want { message: *message, runs: vec![Run { first: 0, count: 128 }], have: 0 };
        wire.say(&want).await.unwrap();
        held.push(wire);
        alice.until_stage(*message, FileStageView::Moving).await;
    }
    let want = FileAsk::Want { message: messages[3], runs: vec![Run { first: 0, count: 1 }], have: 0 };
    assert_eq!(says(&alice, BOB, &want).await, Some(FileAnswer::No(FileRefusal::Busy)));
    held.clear();
    for runs in [
        vec![Run { first: 128, count: 1 }],
        vec![Run { first: 0, count: u64::MAX }],
        vec![Run { first: u64::MAX, count: 2 }],
        vec![Run { first: 5, count: 1 }, Run { first: 2, count: 1 }],
        vec![Run { first: 5, count: 0 }],
    ] {
        // Until the three have noticed that they are alone.
        loop {
            let want = FileAsk::Want { message: messages[3], runs: runs.clone(), have: 0 };
            match says(&alice, BOB, &want).await {
                Some(FileAnswer::No(FileRefusal::Busy)) => tokio::time::sleep(Duration::from_millis(20)).await,
                other => break assert_eq!(other, None, "{runs:?} closes the stream"),
            }
        }
    }
}
