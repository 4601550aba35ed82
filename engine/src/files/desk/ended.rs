//! What becomes of a file when its task has ended.

use juice_proto::{
    file::FileRefusal,
    id::MessageId,
    messenger::record::FileStage,
    view::{FileTrouble, Reply},
};
use tokio::time::{Duration, Instant};

use super::{Desk, Done, MAX_WAIT, Moving, Then, Wanted};
use crate::{
    files::{FilesNews, fetch::FetchEnd, lock, serve::ServeEnd, wire::Wire},
    net::PeerStream,
    store::{LastWord, StoredFile, Transfer},
};

/// The wait before the first new try; it doubles up to [`MAX_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How long one waits who was told that the author has too much to do.
const BUSY: Duration = Duration::from_secs(2);

impl Desk {
    pub(super) async fn ended(&mut self, done: Done) {
        match done {
            Done::Prepared { number, buddy, outcome } => {
                let outcome = outcome.map(|prepared| {
                    self.fresh.insert(*prepared.offer.key, prepared.changed);
                    (Box::new(prepared.offer), prepared.path)
                });
                tokio::select! {
                    _ = self.news.send(FilesNews::Prepared { number, buddy, outcome }) => {}
                    () = self.stop.cancelled() => {}
                }
            }
            Done::Fetched { message, run, end } => {
                if let Some(moving) = self.take_moving(message, run) {
                    self.fetched(moving, end).await;
                }
            }
            Done::Served { message, run, wire, end } => self.served(message, run, wire, end).await,
            Done::Asked { wire, ask } => self.asked(wire, ask).await,
            Done::Said { message, noted } => self.said(message, noted).await,
            Done::Answered => {}
        }
    }

    /// Takes out a file whose newest task ended.
    fn take_moving(&mut self, message: MessageId, run: u64) -> Option<Moving> {
        if self.moving.get(&message).is_none_or(|moving| moving.run != run) {
            return None;
        }
        lock(&self.shared.moving).remove(&message);
        self.moving.remove(&message)
    }

    async fn fetched(&mut self, moving: Moving, end: FetchEnd) {
        let Moving { mut file, live, then, tries, device, .. } = moving;
        tracing::debug!(?end, "a fetch ended");
        let done = live.done();
        (file.record.stage, file.record.done) = (FileStage::Moving, done);
        match (end, then) {
            (FetchEnd::Whole(path, _), Then::IsForgotten) => {
                // It is the person's now; only what was known of it goes.
                tracing::debug!(?path, "a file whose message is forgotten is whole");
                self.clear(file.message, None).await;
            }
            (_, Then::IsForgotten) => {
                let parts = self.store.parts(None, Some(file.message)).await.unwrap_or_default();
                for (message, part) in parts {
                    self.clear(message, part).await;
                }
            }
            (FetchEnd::Whole(path, told), then) => {
                file.record.path = Some(path);
                file.record.stage = FileStage::Done;
                self.show(&file, None);
                if !told {
                    self.words.insert(file.message, (file.buddy, LastWord::Whole));
                    self.say_word(file.message, file.buddy, LastWord::Whole);
                }
                if let Then::GoesAway(Some(answer)) = then {
                    let _ = answer.send(Err(super::ordered::too_late()));
                }
            }
            (FetchEnd::Failed(trouble @ (FileTrouble::HashMismatch | FileTrouble::SizeMismatch)), then) => {
                self.becomes(file, FileStage::Failed(trouble), 0, Vec::new()).await;
                if let Then::GoesAway(Some(answer)) = then {
                    let _ = answer.send(Ok(Reply::Done));
                }
            }
            (_, Then::GoesAway(answer)) => self.goes_away(file, answer).await,
            (FetchEnd::Refused(FileRefusal::GivenUp), _) => self.goes_away(file, None).await,
            (_, Then::Pauses) => self.becomes(file, FileStage::Paused, done, Vec::new()).await,
            (FetchEnd::Failed(trouble), Then::GoesOn) => {
                self.becomes(file, FileStage::Failed(trouble), done, Vec::new()).await;
            }
            (FetchEnd::Refused(FileRefusal::Gone | FileRefusal::Unknown), Then::GoesOn) => {
                self.becomes(file, FileStage::Failed(FileTrouble::Gone), done, Vec::new()).await;
            }
            (FetchEnd::Stopped, Then::GoesOn) => self.goes_on(file, 0, Duration::ZERO).await,
            (FetchEnd::Later, Then::GoesOn) => {
                let wait = (FIRST_WAIT * (1 << tries.min(5))).min(MAX_WAIT);
                self.goes_on(file, tries + 1, wait).await;
            }
            (FetchEnd::Refused(FileRefusal::Busy), Then::GoesOn) => self.goes_on(file, tries, BUSY).await,
            (FetchEnd::Refused(FileRefusal::Held), Then::GoesOn) => self.goes_on(file, tries, MAX_WAIT).await,
            (FetchEnd::Nonsense, Then::GoesOn) => {
                tracing::warn!("a buddy's device sends what was not asked for");
                self.door.strike(device);
                self.goes_on(file, tries + 1, MAX_WAIT).await;
            }
        }
    }

    /// Waits for its next turn, with what is known of its part by now.
    async fn goes_on(&mut self, file: StoredFile, tries: u32, wait: Duration) {
        self.show(&file, None);
        let file = self.look_up(file.message).await.ok().flatten().unwrap_or(file);
        if file.record.stage == FileStage::Moving {
            self.wanted.push(Wanted { file, tries, after: Instant::now() + wait });
        }
    }

    async fn served(&mut self, message: MessageId, run: u64, wire: Wire<PeerStream>, end: ServeEnd) {
        tracing::debug!(?end, "a stream on which a file was asked for ended");
        if end == ServeEnd::Nonsense {
            self.door.strike(wire.stream().device);
        }
        let Some(Moving { file, live, .. }) = self.take_moving(message, run) else { return };
        let done = live.done();
        let over = matches!(file.record.stage, FileStage::Paused | FileStage::Cancelled);
        match end {
            ServeEnd::Whole => {
                self.is_there(file).await;
                self.note(wire);
            }
            ServeEnd::GivenUp => {
                self.given_up_there(file).await;
                self.note(wire);
            }
            ServeEnd::Left | ServeEnd::Nonsense if over => {
                let stage = file.record.stage.clone();
                self.becomes(file, stage, done, Vec::new()).await;
            }
            ServeEnd::Left | ServeEnd::Nonsense => self.becomes(file, FileStage::Moving, done, Vec::new()).await,
            ServeEnd::Gone => {
                self.becomes(file, FileStage::Failed(FileTrouble::Gone), done, Vec::new()).await;
                wire.close().await;
            }
        }
    }

    async fn said(&mut self, message: MessageId, noted: bool) {
        self.saying.remove(&message);
        let Some((buddy, _)) = self.words.get(&message).copied().filter(|_| noted) else { return };
        self.words.remove(&message);
        let kept = self.store.keep_transfer(vec![Transfer::Word { message, buddy, word: None }]).await;
        if let Err(error) = kept {
            tracing::debug!(%error, "it will be said again");
        }
    }
}
