//! Breaks, restarts, pauses and changes of mind, between two who mean well.

use juice_proto::view::{ErrorCode, FileTrouble};

use super::*;

const ALICE: u8 = 1;
const BOB: u8 = 2;

async fn two() -> (Side, Side) {
    (Side::new(ALICE).await, Side::new(BOB).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_break_only_what_is_missing_moves() {
    let (mut alice, mut bob) = two().await;
    let bytes = noise(6_000_000);
    let (message, _) = offered(&mut alice, &mut bob, "long.bin", &bytes).await;
    let joined = Joined::new(&mut alice, &mut bob, 4_000);
    bob.fetch(ALICE, message).await;
    let before = bob.until(message, "the middle", MOVED).await;
    assert!(before.speed.unwrap() > 0.0);
    let first = joined.cut(&alice, &bob);
    let waits = bob.until_stage(message, FileStageView::Waiting).await;
    assert!(waits.done >= before.done);
    assert_eq!(bob.names(), ["long.bin.juice-part"]);
    assert_eq!(bob.row(message).await.record.done, waits.done as u64, "what is here is known on the disk");
    alice.until_stage(message, FileStageView::Waiting).await;

    for side in [&mut alice, &mut bob] {
        side.restart().await;
    }
    let joined = Joined::new(&mut alice, &mut bob, 0);
    bob.until_stage(message, FileStageView::Done).await;
    let done = alice.until_stage(message, FileStageView::Done).await;
    assert_eq!(done.done, 6_000_000.0);
    let second = joined.cut(&alice, &bob);
    let missing = 6_000_000 - waits.done as u64;
    assert!(first < 6_000_000 && second < missing + 100_000, "{second} bytes for {missing}");
    assert_eq!(fs::read(bob.downloads().join("long.bin")).unwrap(), bytes);
    assert_eq!(bob.names(), ["long.bin"]);
    assert!(bob.store.chunks(message, 0, 10).await.unwrap().is_empty(), "nothing of the transfer is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_killed_believes_only_what_is_on_the_disk() {
    let (mut alice, mut bob) = two().await;
    let bytes = noise(6_000_000);
    let (message, _) = offered(&mut alice, &mut bob, "killed.bin", &bytes).await;
    let joined = Joined::new(&mut alice, &mut bob, 3_000);
    bob.fetch(ALICE, message).await;
    bob.until(message, "the middle", MOVED).await;
    bob.crash().await;
    drop(joined);
    let row = bob.row(message).await;
    assert_eq!(row.record.done, 0, "nothing had been made sure of");
    // What the crash left in the part is worth nothing, not even where it is wrong.
    fs::write(row.part.unwrap(), b"half a page of nonsense").unwrap();
    bob.start();
    alice.restart().await;
    let _joined = Joined::new(&mut alice, &mut bob, 0);
    bob.until_stage(message, FileStageView::Done).await;
    assert_eq!(fs::read(bob.downloads().join("killed.bin")).unwrap(), bytes);
    assert_eq!(bob.names(), ["killed.bin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_cut_short_is_begun_anew() {
    let (mut alice, mut bob) = two().await;
    let bytes = noise(5_000_000);
    let (message, _) = offered(&mut alice, &mut bob, "short.bin", &bytes).await;
    let joined = Joined::new(&mut alice, &mut bob, 3_000);
    bob.fetch(ALICE, message).await;
    bob.until(message, "the middle", MOVED).await;
    joined.cut(&alice, &bob);
    bob.until_stage(message, FileStageView::Waiting).await;
    let part = bob.row(message).await.part.unwrap();
    fs::OpenOptions::new().write(true).open(&part).unwrap().set_len(100_000).unwrap();
    alice.restart().await;
    bob.restart().await;
    let _joined = Joined::new(&mut alice, &mut bob, 0);
    bob.until_stage(message, FileStageView::Done).await;
    assert_eq!(fs::read(bob.downloads().join("short.bin")).unwrap(), bytes);
    assert_eq!(bob.names(), ["short.bin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_name_and_the_row_finds_the_file_at_its_place() {
    let mut bob = Side::new(BOB).await;
    let bytes = noise(100_000);
    let message = bob.save_offer(ALICE, false, &offer_of("there.bin", &bytes), None).await;
    let place = bob.downloads().join("there.bin");
    fs::create_dir_all(bob.downloads()).unwrap();
    fs::write(&place, &bytes).unwrap();
    let (stage, done) = (FileStage::Moving, 100_000);
    let part = Some(bob.downloads().join("there.bin.juice-part"));
    let kept = vec![
        crate::store::Transfer::At { message, stage, done, path: Some(place.clone()) },
        crate::store::Transfer::Part { message, buddy: account(ALICE), part },
    ];
    bob.store.keep_transfer(kept).await.unwrap();
    bob.restart().await;
    bob.linked(ALICE, true);
    bob.until_stage(message, FileStageView::Done).await;
    assert_eq!(bob.names(), ["there.bin"], "it is not fetched again");
    assert_eq!(bob.row(message).await.record.path, Some(place));
}

#[tokio::test(flavor = "multi_thread")]
async fn either_side_holds_a_file_and_lets_it_go_on() {
    let (mut alice, mut bob) = two().await;
    let bytes = noise(5_000_000);
    let (message, _) = offered(&mut alice, &mut bob, "held.bin", &bytes).await;
    let _joined = Joined::new(&mut alice, &mut bob, 3_000);
    bob.fetch(ALICE, message).await;
    bob.until(message, "the middle", MOVED).await;
    bob.pause(ALICE, message).await;
    let held = bob.until_stage(message, FileStageView::Paused).await;
    assert!(is_paused(&bob.row(message).await) && held.done > 1_000_000.0 && held.done < 5_000_000.0);
    alice.until_stage(message, FileStageView::Waiting).await;

    alice.pause(BOB, message).await;
    alice.until_stage(message, FileStageView::Paused).await;
    bob.fetch(ALICE, message).await;
    bob.until(message, "being told to wait", |file| file.stage == FileStageView::Waiting).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(is_paused(&alice.row(message).await));
    // Nobody waits for the next try: the word comes.
    alice.fetch(BOB, message).await;
    bob.until_stage(message, FileStageView::Done).await;
    alice.until_stage(message, FileStageView::Done).await;
    assert_eq!(fs::read(bob.downloads().join("held.bin")).unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_given_up_leaves_nothing_and_the_other_hears_of_it() {
    let (mut alice, mut bob) = two().await;
    let bytes = noise(20_000_000);
    let (one, _) = offered(&mut alice, &mut bob, "one.bin", &bytes).await;
    let (two, _) = offered(&mut alice, &mut bob, "two.bin", &bytes).await;
    let (three, _) = offered(&mut alice, &mut bob, "three.bin", b"never asked for").await;
    let joined = Joined::new(&mut alice, &mut bob, 3_000);
    for message in [one, two] {
        bob.fetch(ALICE, message).await;
        bob.until(message, "the middle", MOVED).await;
    }
    bob.cancel(ALICE, one).await.unwrap();
    bob.until_stage(one, FileStageView::Cancelled).await;
    alice.until_stage(one, FileStageView::Cancelled).await;
    alice.cancel(BOB, two).await.unwrap();
    bob.until_stage(two, FileStageView::Cancelled).await;
    assert!(bob.names().is_empty(), "{:?}", bob.names());
    assert!(bob.store.chunks(one, 0, 10).await.unwrap().is_empty());
    let (buddy, message) = (account(ALICE).to_string(), one.to_string());
    let again = bob.command(Command::FetchFile { buddy, message }).await;
    assert_eq!(again.unwrap_err().code, ErrorCode::TooLate);

    // Said while the author is away, heard when they come.
    joined.cut(&alice, &bob);
    bob.cancel(ALICE, three).await.unwrap();
    alice.restart().await;
    bob.restart().await;
    let _joined = Joined::new(&mut alice, &mut bob, 0);
    alice.until_stage(three, FileStageView::Cancelled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_or_went_is_gone_until_it_is_back() {
    let (mut alice, mut bob) = two().await;
    let bytes = noise(200_000);
    let (message, path) = offered(&mut alice, &mut bob, "gone.bin", &bytes).await;
    let changed = super::super::prepare::changed(&fs::metadata(&path).unwrap());
    let mine = crate::store::Transfer::Mine { message, buddy: account(BOB), changed };
    alice.store.keep_transfer(vec![mine]).await.unwrap();
    let aside = alice.folder.0.join("aside");
    fs::rename(&path, &aside).unwrap();
    let _joined = Joined::new(&mut alice, &mut bob, 0);
    let gone = FileStageView::Failed { why: FileTrouble::Gone };
    bob.fetch(ALICE, message).await;
    bob.until_stage(message, gone.clone()).await;
    alice.until_stage(message, gone.clone()).await;

    // The same length, written to since.
    fs::write(&path, vec![1; 200_000]).unwrap();
    bob.fetch(ALICE, message).await;
    bob.until_stage(message, gone.clone()).await;
    fs::rename(&aside, &path).unwrap();
    bob.fetch(ALICE, message).await;
    bob.until_stage(message, FileStageView::Done).await;
    assert_eq!(fs::read(bob.downloads().join("gone.bin")).unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_would_not_take_it_is_tried_again_when_asked() {
    let (mut alice, mut bob) = two().await;
    let bytes = noise(300_000);
    let (message, _) = offered(&mut alice, &mut bob, "full.bin", &bytes).await;
    fs::write(bob.downloads(), b"a file where the folder should be").unwrap();
    let _joined = Joined::new(&mut alice, &mut bob, 0);
    bob.fetch(ALICE, message).await;
    bob.until_stage(message, FileStageView::Failed { why: FileTrouble::NotSaved }).await;
    fs::remove_file(bob.downloads()).unwrap();
    bob.fetch(ALICE, message).await;
    bob.until_stage(message, FileStageView::Done).await;
    assert_eq!(fs::read(bob.downloads().join("full.bin")).unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_files_of_a_buddy_move_at_once_and_all_arrive() {
    let (mut alice, mut bob) = two().await;
    let bytes = noise(1_500_000);
    let mut messages = Vec::new();
    for number in 0..7 {
        messages.push(offered(&mut alice, &mut bob, &format!("{number}.bin"), &bytes).await.0);
    }
    let _joined = Joined::new(&mut alice, &mut bob, 3_000);
    for message in &messages {
        bob.fetch(ALICE, *message).await;
    }
    let mut most = 0;
    while messages.len() > bob.names().iter().filter(|name| !name.ends_with(".juice-part")).count() {
        most = most.max(bob.names().iter().filter(|name| name.ends_with(".juice-part")).count());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(most, 3, "three at a time");
    for message in messages {
        bob.until_stage(message, FileStageView::Done).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_forgotten_takes_its_part_along() {
    let (mut alice, mut bob) = two().await;
    let bytes = noise(20_000_000);
    let (one, _) = offered(&mut alice, &mut bob, "one.bin", &bytes).await;
    let (two, _) = offered(&mut alice, &mut bob, "two.bin", &bytes).await;
    let _joined = Joined::new(&mut alice, &mut bob, 3_000);
    for message in [one, two] {
        bob.fetch(ALICE, message).await;
        bob.until(message, "the middle", MOVED).await;
    }
    bob.pause(ALICE, two).await;
    bob.until_stage(two, FileStageView::Paused).await;
    bob.files().heard(&Event::ConversationForgotten { buddy: account(ALICE).to_string() });
    let begun = std::time::Instant::now();
    // Off the disk, and then out of the database.
    while !bob.names().is_empty() || !bob.store.parts(Some(account(ALICE)), None).await.unwrap().is_empty() {
        assert!(begun.elapsed() < PATIENCE, "{:?} are still there", bob.names());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
