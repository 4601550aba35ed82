//! Giving a file of mine: one task for each stream on which a buddy asks for one.
//!
//! Reads and seals a batch on a blocking thread while the one before is being written, so memory stays at two megabytes
//! a stream; a reader who is slow holds it back by not reading. The file must be what it was when it was offered:
//! length and time of writing are looked at before every batch.

use std::{fs::File, io, path::PathBuf, sync::Arc, time::Duration};

use futures::{AsyncRead, AsyncWrite};
use juice_proto::{
    content::FileOffer,
    error::ProtoError,
    file::{self, CHUNK, ChunkSeal, FileAnswer, FileAsk, FileRefusal, MAX_RUNS, Run},
    id::MessageId,
};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::{
    live::Live,
    part,
    prepare::changed,
    wire::{Ended, Wire},
};

/// Chunks read, sealed and written together: a megabyte.
const TOGETHER: usize = 16;
/// How long the receiver may take after the last chunk to say how it was: it waits for its disk.
const NEXT_WORD: Duration = Duration::from_secs(120);

/// How a stream on which something was asked for ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServeEnd {
    /// They have it whole, and wait for that to be noted.
    Whole,
    /// They have given it up.
    GivenUp,
    /// They went, or were sent away; they may come again.
    Left,
    /// It is not what was offered any more.
    Gone,
    /// What they said does not parse.
    Nonsense,
}

/// A file to give.
pub(crate) struct Serve {
    pub message: MessageId,
    pub offer: FileOffer,
    pub path: PathBuf,
    /// When it had last been written to; 0 for unknown.
    pub changed: i64,
    pub live: Arc<Live>,
    pub stop: CancellationToken,
}

/// Why a batch could not be read.
enum Unread {
    Gone,
    Io,
}

impl From<io::Error> for Unread {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

impl From<ProtoError> for Unread {
    fn from(_: ProtoError) -> Self {
        Self::Io
    }
}

impl Serve {
    /// Gives what was asked for first, and then what is asked for next, until they have it or go.
    pub async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        wire: &mut Wire<S>,
        runs: Vec<Run>,
        have: u64,
    ) -> ServeEnd {
        let end = tokio::select! {
            end = self.give(wire, runs, have) => end,
            () = self.stop.cancelled() => Ok(ServeEnd::Left),
        };
        // Only here is it sure that what was said before ended with a whole frame. Who is stopped amid one asks again.
        if end == Ok(ServeEnd::Gone) {
            let _ = wire.say(&FileAnswer::No(FileRefusal::Gone)).await;
        }
        match end {
            Ok(end) => end,
            Err(Ended::Lost) => ServeEnd::Left,
            Err(Ended::Nonsense) => ServeEnd::Nonsense,
        }
    }

    async fn give<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        wire: &mut Wire<S>,
        mut runs: Vec<Run>,
        mut have: u64,
    ) -> Result<ServeEnd, Ended> {
        let seal = ChunkSeal::new(&self.offer);
        let Some(file) = self.open().await else { return Ok(ServeEnd::Gone) };
        loop {
            self.check(&runs)?;
            self.live.set(have.min(self.offer.size));
            let mut indexes = runs.into_iter().flat_map(|run| run.first..run.first.saturating_add(run.count));
            let mut next = spawn_batch(self, &file, &seal, indexes.by_ref().take(TOGETHER).collect());
            loop {
                let batch = match next.await.unwrap_or(Err(Unread::Io)) {
                    Ok(batch) => batch,
                    Err(Unread::Gone | Unread::Io) => return Ok(ServeEnd::Gone),
                };
                if batch.is_empty() {
                    break;
                }
                next = spawn_batch(self, &file, &seal, indexes.by_ref().take(TOGETHER).collect());
                wire.write(&batch, |sent| self.live.add(sent as u64)).await?;
            }
            match wire.ask(NEXT_WORD).await? {
                FileAsk::Want { message, runs: more, have: here } if message == self.message => {
                    (runs, have) = (more, here);
                }
                FileAsk::Whole(message) if message == self.message => return Ok(ServeEnd::Whole),
                FileAsk::GivenUp(message) if message == self.message => return Ok(ServeEnd::GivenUp),
                FileAsk::Want { .. } | FileAsk::Whole(_) | FileAsk::GivenUp(_) | FileAsk::Ready(_) => {
                    return Err(Ended::Nonsense);
                }
            }
        }
    }

    /// Only chunks that there are, in order.
    fn check(&self, runs: &[Run]) -> Result<(), Ended> {
        let total = file::chunks(self.offer.size);
        let mut reached = 0;
        for run in runs {
            let end = run.first.checked_add(run.count).ok_or(Ended::Nonsense)?;
            if run.count == 0 || run.first < reached || end > total {
                return Err(Ended::Nonsense);
            }
            reached = end;
        }
        if runs.len() > MAX_RUNS { Err(Ended::Nonsense) } else { Ok(()) }
    }

    async fn open(&self) -> Option<Arc<File>> {
        let (path, size, changed) = (self.path.clone(), self.offer.size, self.changed);
        let opened = spawn_blocking(move || {
            // Before it is opened: opening a pipe waits for its other end.
            let about = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
            let file = File::open(&path).ok().filter(|_| about.len() == size)?;
            same(&file, size, changed).then(|| Arc::new(file))
        });
        opened.await.ok().flatten()
    }
}

fn spawn_batch(
    serve: &Serve,
    file: &Arc<File>,
    seal: &ChunkSeal,
    indexes: Vec<u64>,
) -> tokio::task::JoinHandle<Result<Vec<u8>, Unread>> {
    let (file, seal, size, changed) = (Arc::clone(file), seal.clone(), serve.offer.size, serve.changed);
    spawn_blocking(move || {
        let mut batch = Vec::with_capacity(indexes.len() * (CHUNK + 64));
        for index in &indexes {
            let length = file::chunk_length(size, *index).ok_or(Unread::Io)?;
            let offset = index * CHUNK as u64;
            seal.append(&mut batch, *index, length, |plain| part::read_at(&file, plain, offset).map_err(Unread::from))?;
        }
        // After reading: what was read before a change is what was offered.
        if same(&file, size, changed) { Ok(batch) } else { Err(Unread::Gone) }
    })
}

/// Whether a file is as it was when it was offered.
fn same(file: &File, size: u64, then: i64) -> bool {
    file.metadata().is_ok_and(|about| about.len() == size && (then == 0 || changed(&about) == then))
}
