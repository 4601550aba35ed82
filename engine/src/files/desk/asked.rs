//! What buddies ask on streams that they open.
//!
//! Only devices that speak for a buddy now are heard at all, and each only about files of its own conversation.

use juice_proto::{
    file::{FileAnswer, FileAsk, FileRefusal, Run},
    messenger::record::FileStage,
};

use super::{Desk, Done, FIRST_WORD};
use crate::{
    files::{
        serve::Serve,
        wire::{Ended, Wire},
    },
    net::PeerStream,
    store::StoredFile,
};

impl Desk {
    pub(super) fn accept(&mut self, stream: PeerStream) {
        // The link may have come up a moment ago.
        self.relinked();
        if !self.linked.values().any(|device| *device == stream.device) {
            return tracing::debug!("a stream for files from a device that speaks for nobody");
        }
        let mut wire = Wire::new(stream);
        self.tasks.spawn(async move {
            let ask = wire.ask(FIRST_WORD).await;
            Done::Asked { wire, ask }
        });
    }

    pub(super) async fn asked(&mut self, wire: Wire<PeerStream>, ask: Result<FileAsk, Ended>) {
        let device = wire.stream().device;
        let ask = match ask {
            Ok(ask) => ask,
            Err(Ended::Lost) => return,
            Err(Ended::Nonsense) => return self.door.strike(device),
        };
        let Ok(found) = self.look_up(ask.message()).await else { return };
        // Of another's conversation is as good as not there.
        let file = found.filter(|file| self.linked.get(&file.buddy) == Some(&device));
        match (ask, file) {
            (FileAsk::Want { runs, have, .. }, Some(file)) if file.mine => {
                self.wanted_of_me(wire, file, runs, have).await
            }
            (FileAsk::Want { .. }, _) => self.answer(wire, FileAnswer::No(FileRefusal::Unknown)),
            (FileAsk::Whole(_), Some(file)) if file.mine => {
                self.is_there(file).await;
                self.answer(wire, FileAnswer::Noted);
            }
            (FileAsk::GivenUp(_), Some(file)) => {
                if !matches!(file.record.stage, FileStage::Done | FileStage::Cancelled) {
                    if file.mine {
                        self.given_up_there(file).await;
                    } else {
                        self.give_up(file, None).await;
                    }
                }
                self.answer(wire, FileAnswer::Noted);
            }
            (FileAsk::Ready(message), Some(file)) if !file.mine => {
                if let Some(wanted) = self.wanted.iter_mut().find(|wanted| wanted.file.message == message) {
                    (wanted.tries, wanted.after) = (0, tokio::time::Instant::now());
                }
                self.answer(wire, FileAnswer::Noted);
            }
            // Nothing to note any more, which they need not go on telling.
            (FileAsk::Whole(_) | FileAsk::GivenUp(_) | FileAsk::Ready(_), _) => self.answer(wire, FileAnswer::Noted),
        }
    }

    fn answer(&mut self, mut wire: Wire<PeerStream>, answer: FileAnswer<'static>) {
        self.tasks.spawn(async move {
            if wire.say(&answer).await.is_ok() {
                wire.close().await;
            }
            Done::Answered
        });
    }

    async fn wanted_of_me(&mut self, mut wire: Wire<PeerStream>, file: StoredFile, runs: Vec<Run>, have: u64) {
        let refusal = match (&file.record.stage, &file.record.path) {
            (FileStage::Paused, _) => Some(FileRefusal::Held),
            (FileStage::Cancelled, _) => Some(FileRefusal::GivenUp),
            (_, None) => Some(FileRefusal::Gone),
            // The same file again is a new start of the same transfer, not one more.
            (_, Some(_)) => {
                let again = self.moving.contains_key(&file.message);
                (!again && !self.room(true, &file.buddy)).then_some(FileRefusal::Busy)
            }
        };
        if let Some(refusal) = refusal {
            return self.answer(wire, FileAnswer::No(refusal));
        }
        let (message, device, offer) = (file.message, wire.stream().device, file.record.offer.clone());
        let (path, changed) = (file.record.path.clone().unwrap_or_default(), file.changed);
        let (run, live, stop) = self.moves(file, device, 0);
        let serve = Serve { message, offer, path, changed, live, stop };
        self.tasks.spawn(async move {
            let end = serve.run(&mut wire, runs, have).await;
            Done::Served { message, run, wire, end }
        });
    }

    /// They have it.
    pub(super) async fn is_there(&mut self, file: StoredFile) {
        let size = file.record.offer.size;
        self.becomes(file, FileStage::Done, size, Vec::new()).await;
    }

    /// They don't want it.
    pub(super) async fn given_up_there(&mut self, file: StoredFile) {
        if let Some(moving) = self.moving.get_mut(&file.message) {
            moving.file.record.stage = FileStage::Cancelled;
            moving.stop.cancel();
        }
        let done = file.record.done;
        self.becomes(file, FileStage::Cancelled, done, Vec::new()).await;
    }

    pub(super) fn note(&mut self, wire: Wire<PeerStream>) {
        self.answer(wire, FileAnswer::Noted);
    }
}
