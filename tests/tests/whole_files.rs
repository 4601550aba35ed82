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
    time::Duration,
};

use juice_engine::view::{Command, CommandError, ErrorCode, Event, FileStageView, FileTrouble, FileView, MessageView};
use juice_tests::{Buddy, Server, befriend};

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
        let mut alice = Buddy::register("alice", &server.address()).await;
        let mut bob = Buddy::register("bob", &server.address()).await;
        befriend(&mut alice, &mut bob).await;
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

fn pause(message: &MessageView) -> Command {
    Command::PauseFile { buddy: message.buddy.clone(), message: message.id.clone() }
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
