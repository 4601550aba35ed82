//! What the person asks, and what the driver hears of messages.

use std::time::Instant as Moment;

use juice_proto::{
    file::FileAsk,
    id::{AccountId, MessageId},
    messenger::record::FileStage,
    view::{CommandError, ErrorCode, Event, FileTrouble, Reply},
};
use tokio::task::spawn_blocking;

use super::{Answer, Desk, Done, Order, Then, Verb};
use crate::{
    files::{FilesNews, part, prepare::prepare, unknown},
    memo::Offered,
    store::{LastWord, StoredFile, Transfer},
};

impl Desk {
    pub(super) async fn obey(&mut self, order: Order) {
        match order {
            Order::Prepare { number, buddy, path, caption, memo } => {
                self.prepare(number, buddy, path, caption, memo.map(|memo| *memo));
            }
            Order::Act { verb, buddy, message, answer } => self.act(verb, buddy, message, answer).await,
            Order::Mine(message) => self.is_mine(message).await,
            Order::FetchUnasked(message) => {
                if let Ok(Some(file)) = self.look_up(message).await
                    && !file.mine
                    && file.record.stage == FileStage::Offered
                {
                    self.wish(file).await;
                }
            }
            Order::Forget(message) => self.forget(None, Some(message)).await,
            Order::ForgetAll(buddy) => self.forget(Some(buddy), None).await,
        }
    }

    fn prepare(
        &mut self,
        number: u64,
        buddy: String,
        path: std::path::PathBuf,
        caption: String,
        memo: Option<Offered>,
    ) {
        let (stop, news, places) = (self.stop.clone(), self.news.clone(), std::sync::Arc::clone(&self.reading));
        self.tasks.spawn(async move {
            let place = places.acquire_owned().await;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (whom, called, telling) = (buddy.clone(), name.clone(), news.clone());
            let begun = Moment::now();
            let work = spawn_blocking(move || {
                let _place = place;
                let mut last = (0, 0);
                let outcome = prepare(&path, caption, memo, &stop, |done, size| {
                    last = (done, size);
                    let (buddy, name) = (whom.clone(), called.clone());
                    let (done, size) = (super::super::number(done), super::super::number(size));
                    let event = Event::FilePreparing { buddy, name, done, size, ready: false };
                    let _ = telling.try_send(FilesNews::Tell(Box::new(event)));
                });
                (outcome, last)
            });
            let (outcome, (_, size)) = match work.await {
                Ok(done) => done,
                Err(_) => (Err(interrupted()), (0, 0)),
            };
            if size > 0 {
                let size = super::super::number(size);
                let event = Event::FilePreparing { buddy: buddy.clone(), name, done: size, size, ready: true };
                let _ = news.send(FilesNews::Tell(Box::new(event))).await;
            }
            tracing::debug!(took = ?begun.elapsed(), "a file was read to be offered");
            Done::Prepared { number, buddy, outcome }
        });
    }

    pub(super) async fn look_up(&self, message: MessageId) -> Result<Option<StoredFile>, CommandError> {
        self.store.file(message).await.map_err(|error| {
            tracing::warn!(%error, "a file's row can't be read");
            CommandError { code: ErrorCode::NotSaved, message: format!("the disk: {error}") }
        })
    }

    /// It is saved, so it has a row; when it had been written to is kept beside it.
    async fn is_mine(&mut self, message: MessageId) {
        let Ok(Some(file)) = self.look_up(message).await else { return };
        let Some(changed) = self.fresh.remove(&*file.record.offer.key) else { return };
        let kept = self.store.keep_transfer(vec![Transfer::Mine { message, buddy: file.buddy, changed }]);
        if let Err(error) = kept.await {
            tracing::warn!(%error, "how a file was when it was read could not be saved");
        }
    }

    async fn act(&mut self, verb: Verb, buddy: AccountId, message: MessageId, answer: Answer) {
        let file = match self.look_up(message).await {
            Ok(Some(file)) if file.buddy == buddy => file,
            Ok(Some(_) | None) => return drop(answer.send(Err(unknown()))),
            Err(error) => return drop(answer.send(Err(error))),
        };
        if matches!(file.record.stage, FileStage::Done | FileStage::Cancelled) {
            return drop(answer.send(Err(too_late())));
        }
        match (verb, file.mine) {
            (Verb::Fetch, false) => {
                self.wish(file).await;
                let _ = answer.send(Ok(Reply::Done));
            }
            (Verb::Pause, false) => {
                self.pause(file).await;
                let _ = answer.send(Ok(Reply::Done));
            }
            (Verb::Cancel, false) => self.give_up(file, Some(answer)).await,
            (verb, true) => {
                self.act_on_mine(verb, file).await;
                let _ = answer.send(Ok(Reply::Done));
            }
        }
    }

    /// Theirs is wanted from now on.
    pub(super) async fn wish(&mut self, file: StoredFile) {
        if let Some(moving) = self.moving.get_mut(&file.message) {
            // Being stopped, perhaps: then it goes on.
            if matches!(moving.then, Then::Pauses) {
                moving.then = Then::GoesOn;
            }
        }
        if file.record.stage == FileStage::Moving {
            if !self.moving.contains_key(&file.message) {
                self.want(file);
            }
            return;
        }
        let anew =
            matches!(file.record.stage, FileStage::Failed(FileTrouble::HashMismatch | FileTrouble::SizeMismatch));
        let done = if anew { 0 } else { file.record.done };
        let mut wanted = file.clone();
        (wanted.record.stage, wanted.record.done) = (FileStage::Moving, done);
        self.becomes(file, FileStage::Moving, done, Vec::new()).await;
        if !self.moving.contains_key(&wanted.message) {
            // Its part may be younger than this row.
            let fresh = self.look_up(wanted.message).await.ok().flatten().unwrap_or(wanted);
            self.want(fresh);
        }
    }

    async fn pause(&mut self, file: StoredFile) {
        self.wanted.retain(|wanted| wanted.file.message != file.message);
        match self.moving.get_mut(&file.message) {
            Some(moving) => {
                moving.then = Then::Pauses;
                moving.stop.cancel();
            }
            None => {
                let done = file.record.done;
                self.becomes(file, FileStage::Paused, done, Vec::new()).await;
            }
        }
    }

    /// Theirs is given up: by me, who waits for the answer, or by its author.
    pub(super) async fn give_up(&mut self, file: StoredFile, answer: Option<Answer>) {
        self.wanted.retain(|wanted| wanted.file.message != file.message);
        match self.moving.get_mut(&file.message) {
            Some(moving) => {
                moving.then = Then::GoesAway(answer);
                moving.stop.cancel();
            }
            None => self.goes_away(file, answer).await,
        }
    }

    /// Nothing writes to its part any more.
    pub(super) async fn goes_away(&mut self, file: StoredFile, answer: Option<Answer>) {
        let (message, buddy) = (file.message, file.buddy);
        // The row that was read when it began to move did not know its part yet.
        let part = self.look_up(message).await.ok().flatten().and_then(|now| now.part);
        if let Some(part) = part {
            let _ = spawn_blocking(move || part::remove(&part)).await;
        }
        let word = answer.is_some().then_some(LastWord::GivenUp);
        let also = vec![
            Transfer::DropChunks(message),
            Transfer::Part { message, buddy, part: None },
            Transfer::Word { message, buddy, word },
        ];
        self.becomes(file, FileStage::Cancelled, 0, also).await;
        if let Some(word) = word {
            self.words.insert(message, (buddy, word));
            self.say_word(message, buddy, word);
        }
        if let Some(answer) = answer {
            let _ = answer.send(Ok(Reply::Done));
        }
    }

    async fn act_on_mine(&mut self, verb: Verb, file: StoredFile) {
        let (message, buddy, done) = (file.message, file.buddy, file.record.done);
        let stage = match verb {
            Verb::Fetch if matches!(file.record.stage, FileStage::Offered | FileStage::Moving) => return,
            Verb::Fetch if done == 0 => FileStage::Offered,
            Verb::Fetch => FileStage::Moving,
            Verb::Pause => FileStage::Paused,
            Verb::Cancel => FileStage::Cancelled,
        };
        // Those who ask while it is held or given up are told so.
        if let Some(moving) = self.moving.get_mut(&message).filter(|_| verb != Verb::Fetch) {
            moving.file.record.stage = stage.clone();
            moving.stop.cancel();
        }
        self.becomes(file, stage, done, Vec::new()).await;
        match verb {
            Verb::Fetch => drop(self.say(&buddy, FileAsk::Ready(message))),
            Verb::Cancel => drop(self.say(&buddy, FileAsk::GivenUp(message))),
            Verb::Pause => {}
        }
    }

    /// What moves for a message, or for all of a buddy's, stops; parts go.
    async fn forget(&mut self, buddy: Option<AccountId>, message: Option<MessageId>) {
        let meant = |file: &StoredFile| Some(file.buddy) == buddy || Some(file.message) == message;
        self.wanted.retain(|wanted| !meant(&wanted.file));
        for moving in self.moving.values_mut().filter(|moving| meant(&moving.file)) {
            moving.then = Then::IsForgotten;
            moving.stop.cancel();
        }
        let parts = match self.store.parts(buddy, message).await {
            Ok(parts) => parts,
            Err(error) => return tracing::warn!(%error, "the parts of forgotten files can't be found"),
        };
        for (message, part) in parts {
            self.words.remove(&message);
            // Those that move are cleared away when they have stopped.
            if !self.moving.contains_key(&message) {
                self.clear(message, part).await;
            }
        }
    }

    pub(super) async fn clear(&self, message: MessageId, part: Option<std::path::PathBuf>) {
        if let Some(part) = part {
            let _ = spawn_blocking(move || part::remove(&part)).await;
        }
        if let Err(error) = self.store.keep_transfer(vec![Transfer::Forget(message)]).await {
            tracing::warn!(%error, "a forgotten transfer is still remembered");
        }
    }
}

pub(super) fn too_late() -> CommandError {
    CommandError { code: ErrorCode::TooLate, message: "it is whole, or has been given up".into() }
}

fn interrupted() -> CommandError {
    CommandError { code: ErrorCode::Internal, message: "interrupted".into() }
}
