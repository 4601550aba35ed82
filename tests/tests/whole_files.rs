//! Whole buddies and their files.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test's way to say that it failed"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use juice_engine::view::{Command, CommandError, ErrorCode, Event, FileStageView, FileView, MessageView};
use juice_tests::{Buddy, Server, alice_and_bob};

/// Bytes that look like nothing.
fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

struct Pair {
    _server: Server,
    alice: Buddy,
    bob: Buddy,
}

impl Pair {
    async fn new() -> Self {
        let server = Server::start().await;
        let (alice, bob) = alice_and_bob(&server.address()).await;
        Self { _server: server, alice, bob }
    }

    /// Alice offers bytes under a name; the path, and the message as bob has it.
    async fn offer(&mut self, name: &str, bytes: &[u8]) -> (PathBuf, MessageView) {
        let path = self.alice.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        (path.clone(), offered(&mut self.alice, &mut self.bob, &path).await)
    }

    async fn fetch(&self, message: &MessageView) {
        self.bob.command(fetch(message)).await.expect("is wanted");
    }
}

async fn offered(alice: &mut Buddy, bob: &mut Buddy, path: &Path) -> MessageView {
    let buddy = alice.id_of("bob").await;
    let path = path.to_str().unwrap().to_owned();
    alice.command(Command::SendFile { buddy, path, caption: "look".into() }).await.expect("is offered");
    let event =
        bob.until("an offer", |event| matches!(event, Event::MessageArrived { message } if message.file.is_some()));
    let Event::MessageArrived { message } = event.await else { unreachable!("just matched") };
    message
}

fn fetch(message: &MessageView) -> Command {
    Command::FetchFile { buddy: message.buddy.clone(), message: message.id.clone() }
}

fn cancel(message: &MessageView) -> Command {
    Command::CancelFile { buddy: message.buddy.clone(), message: message.id.clone() }
}

/// The same message as the other side names it.
async fn as_alice_has_it(alice: &Buddy, message: &MessageView) -> MessageView {
    MessageView { buddy: alice.id_of("bob").await, ..message.clone() }
}

async fn until_file(
    buddy: &mut Buddy,
    message: &MessageView,
    what: &str,
    fits: impl Fn(&FileView) -> bool,
) -> FileView {
    let id = message.id.clone();
    let event = buddy
        .until(what, |event| matches!(event, Event::FileChanged { message, file, .. } if *message == id && fits(file)));
    match event.await {
        Event::FileChanged { file, .. } => file,
        _ => unreachable!("just matched"),
    }
}

async fn until_stage(buddy: &mut Buddy, message: &MessageView, stage: FileStageView) -> FileView {
    until_file(buddy, message, &format!("{stage:?}"), |file| file.stage == stage).await
}

async fn path_of(buddy: &Buddy, message: &MessageView) -> Result<PathBuf, CommandError> {
    buddy.handle.file_path(message.buddy.clone(), message.id.clone()).await
}

fn downloads(buddy: &Buddy) -> Vec<String> {
    let entries = fs::read_dir(buddy.folder.path().join("downloads"));
    let mut names: Vec<_> =
        entries.into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_crosses_and_both_sides_see_it() {
    let mut pair = Pair::new().await;
    let bytes = noise(3_000_001, 7);
    let (path, message) = pair.offer("report.pdf", &bytes).await;
    let file = message.file.clone().unwrap();
    assert_eq!((file.name.as_str(), file.size, message.text.as_str()), ("report.pdf", 3_000_001.0, "look"));
    assert_eq!(file.stage, FileStageView::Offered, "what is no picture waits to be asked for");
    assert_eq!(path_of(&pair.bob, &message).await.unwrap_err().code, ErrorCode::Unknown, "it is not here yet");

    pair.fetch(&message).await;
    until_stage(&mut pair.bob, &message, FileStageView::Done).await;
    let file = until_stage(&mut pair.alice, &message, FileStageView::Done).await;
    assert_eq!(file.done, 3_000_001.0);
    let there = path_of(&pair.bob, &message).await.expect("it is here");
    assert_eq!(fs::read(&there).unwrap(), bytes);
    assert_eq!(downloads(&pair.bob), ["report.pdf"], "and nothing else");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&there).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let own = as_alice_has_it(&pair.alice, &message).await;
    assert_eq!(path_of(&pair.alice, &own).await.expect("mine is where it was"), path);
    assert_eq!(pair.bob.command(cancel(&message)).await.unwrap_err().code, ErrorCode::TooLate);

    // The same again, and an empty one: nothing is overwritten.
    let (_, again) = pair.offer("report.pdf", b"").await;
    pair.fetch(&again).await;
    until_stage(&mut pair.bob, &again, FileStageView::Done).await;
    until_stage(&mut pair.alice, &again, FileStageView::Done).await;
    assert_eq!(downloads(&pair.bob), ["report (2).pdf", "report.pdf"]);
    let page = pair.bob.history("alice").await;
    assert!(page.messages.iter().all(|message| message.file.as_ref().unwrap().stage == FileStageView::Done));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_comes_by_itself_and_is_drawn_small() {
    let mut pair = Pair::new().await;
    let pasted = pair.alice.handle.paste(picture(), "../shot.png".into()).await.expect("is kept");
    assert_eq!(pasted, pair.alice.folder.path().join("sent").join("shot.png"));
    let message = offered(&mut pair.alice, &mut pair.bob, &pasted).await;
    let shown = message.file.clone().unwrap().picture.expect("a picture");
    assert_eq!((shown.width, shown.height), (64, 48));
    assert!(shown.thumbnail.starts_with("data:image/jpeg;base64,"));
    until_stage(&mut pair.bob, &message, FileStageView::Done).await;
    let small = pair.bob.handle.picture(message.buddy.clone(), message.id.clone(), 32).await.expect("is drawn");
    assert!(small.starts_with(&[0xff, 0xd8]) || small.starts_with(b"\x89PNG"));

    let (_, text) = pair.offer("letter.png", b"no picture at all").await;
    assert!(text.file.clone().unwrap().picture.is_none(), "whatever its name");
    pair.fetch(&text).await;
    until_stage(&mut pair.bob, &text, FileStageView::Done).await;
    let refused = pair.bob.handle.picture(text.buddy.clone(), text.id.clone(), 32).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ImageLimits);
}

/// A PNG of 64 by 48, stored without pressing.
fn picture() -> Vec<u8> {
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
        })
    }
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8; 4], data: &[u8]| {
        let body = [name.as_slice(), data].concat();
        out.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(&body);
        out.extend(crc(&body).to_be_bytes());
    };
    let lines: Vec<u8> = (0..48u8).flat_map(|y| std::iter::once(0).chain((0..64u8).map(move |x| x * 2 + y))).collect();
    let length = u16::try_from(lines.len()).unwrap();
    let (low, high) = lines.iter().fold((1u32, 0u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    let mut stream = vec![0x78, 0x01, 1];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(&lines);
    stream.extend((high << 16 | low).to_be_bytes());
    chunk(b"IHDR", &[0, 0, 0, 64, 0, 0, 0, 48, 8, 0, 0, 0, 0]);
    chunk(b"IDAT", &stream);
    chunk(b"IEND", &[]);
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_sent_is_refused_with_its_reason() {
    let pair = Pair::new().await;
    let send = |buddy: String, path: &Path| {
        let path = path.to_str().unwrap().to_owned();
        pair.alice.command(Command::SendFile { buddy, path, caption: String::new() })
    };
    let bob = pair.alice.id_of("bob").await;
    for wrong in [pair.alice.folder.path(), Path::new("/nowhere/at/all")] {
        assert_eq!(send(bob.clone(), wrong).await.unwrap_err().code, ErrorCode::NoSuchFile, "{wrong:?}");
    }
    let path = pair.alice.folder.path().join("x");
    fs::write(&path, b"x").unwrap();
    assert_eq!(send("ff".repeat(32), &path).await.unwrap_err().code, ErrorCode::Unknown);
    let unknown = Command::FetchFile { buddy: bob, message: "ee".repeat(32) };
    assert_eq!(pair.alice.command(unknown).await.unwrap_err().code, ErrorCode::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_waits_for_an_author_who_is_away_and_moves_when_they_come() {
    let mut pair = Pair::new().await;
    let bytes = noise(2_000_000, 3);
    let (_, message) = pair.offer("later.bin", &bytes).await;
    pair.alice.sign_out().await;
    pair.bob.until("alice's going", |event| matches!(event, Event::BuddyWentAway { .. })).await;
    pair.fetch(&message).await;
    until_stage(&mut pair.bob, &message, FileStageView::Waiting).await;
    pair.bob.restart().await;
    pair.alice.sign_in().await;
    until_stage(&mut pair.bob, &message, FileStageView::Done).await;
    until_stage(&mut pair.alice, &message, FileStageView::Done).await;
    assert_eq!(fs::read(path_of(&pair.bob, &message).await.unwrap()).unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_stay_quick_while_a_file_moves() {
    let mut pair = Pair::new().await;
    let bytes = noise(120_000_000, 5);
    let (_, message) = pair.offer("large.bin", &bytes).await;
    pair.fetch(&message).await;
    until_file(&mut pair.bob, &message, "moving", |file| file.stage == FileStageView::Moving).await;
    let moving = std::time::Instant::now();
    let mut times = Vec::new();
    for round in 0.. {
        let (ping, pong) = (format!("ping {round}"), format!("pong {round}"));
        let begun = std::time::Instant::now();
        pair.alice.say("bob", &ping).await;
        pair.bob.hear(&ping).await;
        pair.bob.say("alice", &pong).await;
        pair.alice.hear(&pong).await;
        let time = begun.elapsed();
        let done =
            |event: &Event| matches!(event, Event::FileChanged { file, .. } if file.stage == FileStageView::Done);
        if pair.bob.drain().await.iter().any(done) {
            break;
        }
        pair.alice.drain().await;
        times.push(time);
    }
    times.sort();
    assert!(times.len() > 3, "only {} round trips while the file moved", times.len());
    // Messages do not wait for the file, however slow the machine is; `bench file` measures how long on a quiet one.
    let (median, whole) = (times[times.len() / 2], moving.elapsed());
    assert!(median < whole / 8, "{median:?} for a message there and back, while the file took {whole:?}");
}
