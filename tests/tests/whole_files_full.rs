//! A file for which the disk has no room: it stops, says why, and goes on from there when there is room again.
//!
//! The disk is a small one in memory, which takes root to mount; without it there is nothing to try.
#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test's way to say that it failed"
)]

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use juice_engine::view::{Command as Wish, Event, FileStageView, FileTrouble, FileView};
use juice_tests::{Buddy, Server, befriend};

const MB: usize = 1024 * 1024;
const DISK: usize = 32 * MB;
/// What lies on the disk already; it leaves less than the file takes.
const BALLAST: usize = 20 * MB;
const FILE: usize = 24 * MB;

/// A disk of its own at a folder, until this is dropped.
struct Disk(PathBuf);

impl Disk {
    /// Why not, where it can't be had.
    fn mount(at: &Path) -> Result<Self, String> {
        if fs::metadata("/proc/self").map_or(1, |me| me.uid()) != 0 {
            return Err("only root can mount a disk".into());
        }
        fs::create_dir_all(at).unwrap();
        let size = format!("size={DISK},mode=0700");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        match done {
            Ok(done) if done.status.success() => Ok(Self(at.to_owned())),
            Ok(done) => Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("other things")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: an engine may not have closed its files yet.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

async fn until(bob: &mut Buddy, id: &str, stage: FileStageView) -> FileView {
    let what = format!("{stage:?}");
    let event = bob.until(
        &what,
        |event| matches!(event, Event::FileChanged { message, file, .. } if message == id && file.stage == stage),
    );
    match event.await {
        Event::FileChanged { file, .. } => file,
        _ => unreachable!("just matched"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_fills_the_disk_says_so_and_goes_on_when_there_is_room() {
    let server = Server::start().await;
    let mut alice = Buddy::register("alice", &server.address()).await;
    let mut bob = Buddy::register("bob", &server.address()).await;
    let downloads = bob.folder.path().join("downloads");
    let disk = match Disk::mount(&downloads) {
        Ok(disk) => disk,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    befriend(&mut alice, &mut bob).await;
    fs::write(disk.ballast(), vec![1; BALLAST]).unwrap();
    let film = alice.folder.path().join("film.bin");
    let bytes: Vec<u8> = (0..FILE).map(|n| ((n * 31 + (n >> 9)) & 255) as u8).collect();
    fs::write(&film, &bytes).unwrap();
    let buddy = alice.id_of("bob").await;
    let offer = Wish::SendFile { buddy, path: film.to_str().unwrap().into(), caption: "look".into() };
    alice.command(offer).await.expect("is offered");
    let offered =
        bob.until("an offer", |event| matches!(event, Event::MessageArrived { message } if message.file.is_some()));
    let Event::MessageArrived { message } = offered.await else { unreachable!("just matched") };
    let fetch = || Wish::FetchFile { buddy: message.buddy.clone(), message: message.id.clone() };

    bob.command(fetch()).await.expect("is wanted");
    let full = FileStageView::Failed { why: FileTrouble::NotSaved };
    let file = until(&mut bob, &message.id, full.clone()).await;
    assert!(file.done <= (DISK - BALLAST) as f64, "no more is said to be here than there was room for: {}", file.done);
    let refused = fs::write(downloads.join("one more"), vec![1; MB]).expect_err("the disk is full");
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    let _ = fs::remove_file(downloads.join("one more"));
    let page = bob.history("alice").await;
    let shown = page.messages.iter().find(|shown| shown.id == message.id).and_then(|shown| shown.file.clone());
    assert_eq!(shown.map(|file| file.stage), Some(full.clone()), "whoever looks later reads it too");

    // Words go on meanwhile: they lie elsewhere.
    alice.say("bob", "Has it come?").await;
    bob.hear("Has it come?").await;

    // Without room it is the same again, and nothing is lost.
    bob.drain().await;
    bob.command(fetch()).await.expect("is tried again");
    let again = until(&mut bob, &message.id, full).await;
    assert!(again.done >= file.done, "what had come is still here: {} of {}", again.done, file.done);

    fs::remove_file(disk.ballast()).unwrap();
    bob.drain().await;
    bob.command(fetch()).await.expect("goes on");
    let event = bob.until("how far it is", |event| {
        matches!(event, Event::FileChanged { message: id, file, .. }
            if *id == message.id && !matches!(file.stage, FileStageView::Failed { .. }))
    });
    let Event::FileChanged { file: first, .. } = event.await else { unreachable!("just matched") };
    assert!(first.done >= again.done, "it goes on and does not begin anew: {} after {}", first.done, again.done);
    if first.stage != FileStageView::Done {
        until(&mut bob, &message.id, FileStageView::Done).await;
    }
    let there = bob.handle.file_path(message.buddy.clone(), message.id.clone()).await.expect("it is here");
    assert_eq!(there, downloads.join("film.bin"));
    assert!(fs::read(there).unwrap() == bytes, "every byte is the one that was sent");
    let names: Vec<_> = fs::read_dir(&downloads).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["film.bin"], "and nothing else");
    // The engine lets go of its disk before the disk goes.
    bob.handle.stop().await;
    drop(disk);
}
