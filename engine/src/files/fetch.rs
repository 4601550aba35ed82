//! Getting a file: one task for each, from the first question to the last word.
//!
//! Reads sealed chunks in batches; while one batch is on its way, the one before is opened, hashed and written on a
//! blocking thread, so memory stays at a few megabytes and the stream itself holds a fast author back. What is known to
//! be here is kept every [`KEEP_BYTES`] and at the end, always after the part's data are on the disk, so a restart
//! never believes in a chunk that isn't there.

mod asked;
mod growing;

use std::{
    io,
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{AsyncRead, AsyncWrite};
use juice_proto::{
    content::FileOffer,
    file::{self, ChunkSeal, FileAnswer, FileAsk, FileRefusal, MAX_RUNS, Root},
    frame,
    messenger::record::FileStage,
    view::FileTrouble,
};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use self::{
    asked::Asked,
    growing::{Begun, Growing, Kept, begin},
};
use super::{
    chunks::{Chunks, SegmentRow},
    live::Live,
    part,
    wire::{Batch, Ended, Wire},
};
use crate::store::{LastWord, Store, StoreError, StoredFile, Transfer};

/// How much may come before it is made sure of: what a crash costs is fetched again. While more than this waits for the
/// disk, saving a message may wait for it too.
const KEEP_BYTES: u64 = 8 * 1024 * 1024;
/// How long it may take until it is made sure of.
const KEEP_EVERY: Duration = Duration::from_secs(5);
/// How long the author may take to note the last word.
const NOTED: Duration = Duration::from_secs(10);
/// How many rows of chunks are read at a time.
const ROWS: u32 = 64;

/// How a fetch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FetchEnd {
    /// It is here; kept as such. The author knows it, or does not yet.
    Whole(PathBuf, bool),
    /// Stopped from here.
    Stopped,
    /// To be gone on with when there is a way again.
    Later,
    /// The author holds it, or has too much to do.
    Refused(FileRefusal),
    /// What came is not what was asked for; to be gone on with.
    Nonsense,
    /// No more, and why.
    Failed(FileTrouble),
}

impl From<Ended> for FetchEnd {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Lost => Self::Later,
            Ended::Nonsense => Self::Nonsense,
        }
    }
}

/// A file to get.
pub(crate) struct Fetch {
    pub file: StoredFile,
    pub store: Store,
    /// The folder where it will be.
    pub downloads: PathBuf,
    pub live: Arc<Live>,
    pub stop: CancellationToken,
}

impl Fetch {
    /// Gets it over the stream that `open` gives, or makes sure of what there is of it.
    pub async fn run<S, O>(self, open: O) -> FetchEnd
    where
        S: AsyncRead + AsyncWrite + Unpin,
        O: Future<Output = Option<S>>,
    {
        let mut growing = match self.open_part().await {
            Ok(Opened::Growing(growing)) => growing,
            Ok(Opened::Settled(path)) => return self.is_whole(path).await,
            Err(trouble) => return FetchEnd::Failed(trouble),
        };
        self.live.set(growing.chunks.bytes());
        let opened = tokio::select! {
            stream = open => stream,
            () = self.stop.cancelled() => return FetchEnd::Stopped,
        };
        let Some(stream) = opened else { return FetchEnd::Later };
        let mut wire = Wire::new(stream);
        let end = tokio::select! {
            end = self.get(&mut wire, &mut growing) => end,
            () = self.stop.cancelled() => FetchEnd::Stopped,
        };
        let end = if matches!(end, FetchEnd::Whole(..)) { self.finish(&mut growing).await } else { end };
        let mut end = self.leave(growing, end).await;
        if let FetchEnd::Whole(_, told) = &mut end {
            *told = self.tell_whole(&mut wire).await;
        }
        wire.close().await;
        end
    }

    /// Asks until nothing is missing; the path of `Whole` is not known yet.
    async fn get<S: AsyncRead + AsyncWrite + Unpin>(&self, wire: &mut Wire<S>, growing: &mut Growing) -> FetchEnd {
        let seal = ChunkSeal::new(&self.file.record.offer);
        loop {
            if let Err(trouble) = self.absorb(growing).await {
                return FetchEnd::Failed(trouble);
            }
            let runs = growing.chunks.missing(MAX_RUNS);
            if runs.is_empty() {
                return FetchEnd::Whole(PathBuf::new(), false);
            }
            let want = FileAsk::Want { message: self.file.message, runs: runs.clone(), have: growing.chunks.bytes() };
            if let Err(ended) = wire.say(&want).await {
                return ended.into();
            }
            let mut asked = Asked::new(runs);
            while !asked.is_done() {
                let batch = {
                    let mut reading = pin!(wire.batch());
                    tokio::select! {
                        batch = &mut reading => batch,
                        absorbed = self.absorb(growing), if growing.writing.is_some() => match absorbed {
                            Ok(()) => reading.await,
                            Err(trouble) => return FetchEnd::Failed(trouble),
                        },
                    }
                };
                let batch = match batch {
                    Ok(batch) => batch,
                    Err(ended) => return ended.into(),
                };
                let Batch { mut bytes, frames } = batch;
                let (sealed, refused) = match asked.take(&bytes, &frames) {
                    Ok(taken) => taken,
                    Err(ended) => return ended.into(),
                };
                if let Err(trouble) = self.absorb(growing).await {
                    return FetchEnd::Failed(trouble);
                }
                let (part, seal, size) = (Arc::clone(&growing.file), seal.clone(), self.file.record.offer.size);
                growing.writing = Some(spawn_blocking(move || part::write(&part, size, &seal, &mut bytes, &sealed)));
                if let Some(refusal) = refused {
                    return FetchEnd::Refused(refusal);
                }
            }
        }
    }

    /// Takes in what has been written, and makes sure of it now and then. Cancel-safe.
    async fn absorb(&self, growing: &mut Growing) -> Result<(), FileTrouble> {
        growing.written().await?;
        self.live.set(growing.chunks.bytes());
        if growing.keeping.as_ref().is_some_and(JoinHandle::is_finished) {
            growing.kept().await?;
        }
        let bytes = growing.chunks.bytes();
        let due = bytes - growing.kept_bytes >= KEEP_BYTES
            || (growing.kept_at.elapsed() >= KEEP_EVERY && bytes > growing.kept_bytes);
        if due {
            // The disk is slower than what comes: that waits.
            growing.kept().await?;
            growing.keeping = Some(tokio::spawn(self.keep(growing)));
        }
        Ok(())
    }

    /// Makes sure of what is here.
    fn keep(&self, growing: &mut Growing) -> impl Future<Output = Kept> + use<> {
        let (part, store, message) = (Arc::clone(&growing.file), self.store.clone(), self.file.message);
        let (rows, done) = (growing.chunks.take_changed(), growing.chunks.bytes());
        (growing.kept_bytes, growing.kept_at) = (done, Instant::now());
        async move {
            let kept = match spawn_blocking(move || part.sync_data()).await {
                Ok(Ok(())) => store.keep_transfer(vec![Transfer::Chunks { message, done, rows: rows.clone() }]).await,
                Ok(Err(error)) => Err(StoreError::Database(error.into())),
                Err(_) => Err(StoreError::Closed),
            };
            let kept = kept.map_err(|error| {
                tracing::warn!(%error, "what came of a file could not be made sure of");
                FileTrouble::NotSaved
            });
            (rows, kept)
        }
    }

    /// Whatever happened, what is here is made sure of; what can't be had goes.
    async fn leave(&self, mut growing: Growing, end: FetchEnd) -> FetchEnd {
        match end {
            FetchEnd::Whole(..) => end,
            FetchEnd::Failed(FileTrouble::HashMismatch | FileTrouble::SizeMismatch) => {
                let _ = growing.settled().await;
                self.discard(growing.path).await;
                end
            }
            FetchEnd::Stopped
            | FetchEnd::Later
            | FetchEnd::Refused(_)
            | FetchEnd::Nonsense
            | FetchEnd::Failed(FileTrouble::Gone | FileTrouble::NotSaved) => {
                let settled = match growing.settled().await {
                    Ok(()) => {
                        let (_, kept) = self.keep(&mut growing).await;
                        self.live.set(growing.chunks.bytes());
                        kept
                    }
                    Err(trouble) => Err(trouble),
                };
                match settled {
                    Err(FileTrouble::HashMismatch | FileTrouble::SizeMismatch) => {
                        self.discard(growing.path).await;
                        FetchEnd::Failed(FileTrouble::HashMismatch)
                    }
                    Err(trouble) if end != FetchEnd::Stopped => FetchEnd::Failed(trouble),
                    Ok(()) | Err(_) => end,
                }
            }
        }
    }

    async fn discard(&self, path: PathBuf) {
        let message = self.file.message;
        let _ = spawn_blocking(move || part::remove(&path)).await;
        let gone = vec![Transfer::Forget(message)];
        if let Err(error) = self.store.keep_transfer(gone).await {
            tracing::warn!(%error, "the end of a transfer could not be saved");
        }
        self.live.set(0);
    }

    /// Checks the root and gives the file its name.
    async fn finish(&self, growing: &mut Growing) -> FetchEnd {
        match self.root(growing).await {
            Ok(root) if root == *self.file.record.offer.root => {}
            Ok(_) => return FetchEnd::Failed(FileTrouble::HashMismatch),
            Err(error) => {
                tracing::warn!(%error, "the hashes of a file can't be read");
                return FetchEnd::Failed(FileTrouble::NotSaved);
            }
        }
        let (part, path) = (Arc::clone(&growing.file), growing.path.clone());
        let (name, store) = (self.file.record.offer.name.clone(), self.store.clone());
        let (message, done) = (self.file.message, self.file.record.offer.size);
        let runtime = tokio::runtime::Handle::current();
        let settled = spawn_blocking(move || {
            part.sync_all()?;
            // Where it is going to be is known before it is there: a crash in between finds it.
            part::settle(&path, &name, |place| {
                let at = Transfer::At { message, stage: FileStage::Moving, done, path: Some(place.to_owned()) };
                runtime.block_on(store.keep_transfer(vec![at])).map_err(io::Error::other)
            })
        });
        match settled.await {
            Ok(Ok(path)) => self.is_whole(path).await,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a file that is whole can't be given its name");
                FetchEnd::Failed(FileTrouble::NotSaved)
            }
            Err(_) => FetchEnd::Failed(FileTrouble::NotSaved),
        }
    }

    async fn is_whole(&self, path: PathBuf) -> FetchEnd {
        let (message, buddy) = (self.file.message, self.file.buddy);
        let (stage, done) = (FileStage::Done, self.file.record.offer.size);
        let kept = self.store.keep_transfer(vec![
            Transfer::At { message, stage, done, path: Some(path.clone()) },
            Transfer::DropChunks(message),
            Transfer::Part { message, buddy, part: None },
            Transfer::Word { message, buddy, word: Some(LastWord::Whole) },
        ]);
        self.live.set(done);
        match kept.await {
            Ok(()) => FetchEnd::Whole(path, false),
            // It is found at its place the next time.
            Err(_) => FetchEnd::Failed(FileTrouble::NotSaved),
        }
    }

    async fn tell_whole<S: AsyncRead + AsyncWrite + Unpin>(&self, wire: &mut Wire<S>) -> bool {
        let told = async {
            wire.say(&FileAsk::Whole(self.file.message)).await?;
            let answer = wire.one().await?;
            Ok::<_, Ended>(frame::decode::<FileAnswer<'_>>(&answer)? == FileAnswer::Noted)
        };
        let noted = timeout(NOTED, told).await.is_ok_and(|told| told == Ok(true));
        let (message, buddy) = (self.file.message, self.file.buddy);
        noted && self.store.keep_transfer(vec![Transfer::Word { message, buddy, word: None }]).await.is_ok()
    }

    async fn root(&self, growing: &Growing) -> Result<[u8; 32], StoreError> {
        let chunks = &growing.chunks;
        let mut root = Root::default();
        let mut kept = Vec::new().into_iter().peekable();
        for segment in 0..chunks.segments() {
            let row = match chunks.held(segment) {
                Some(row) => row.clone(),
                None => {
                    while kept.next_if(|row: &SegmentRow| row.segment < segment).is_some() {}
                    if kept.peek().is_none() {
                        kept = self.store.chunks(self.file.message, segment, ROWS).await?.into_iter().peekable();
                    }
                    kept.next().filter(|row| row.segment == segment).ok_or(StoreError::Corrupt)?
                }
            };
            let count = usize::try_from(chunks.chunks_of(segment)).unwrap_or(0);
            for hash in row.hashes.as_chunks::<32>().0.iter().take(count) {
                root.add(hash);
            }
        }
        Ok(root.finish())
    }

    async fn open_part(&self) -> Result<Opened, FileTrouble> {
        let StoredFile { record, part, message, buddy, .. } = &self.file;
        let FileOffer { size, name, .. } = &record.offer;
        if *size > file::MAX_FILE {
            return Err(FileTrouble::SizeMismatch);
        }
        let unread = |error: StoreError| {
            tracing::warn!(%error, "what is known of a part can't be read");
            FileTrouble::NotSaved
        };
        let mut chunks = Chunks::none(*size);
        let mut from = 0;
        loop {
            let rows = self.store.chunks(*message, from, ROWS).await.map_err(unread)?;
            let Some(last) = rows.last() else { break };
            from = last.segment.saturating_add(1);
            rows.into_iter().for_each(|row| chunks.load(row));
        }
        let (part, place, size, reach) = (part.clone(), record.path.clone(), *size, chunks.reach());
        let (downloads, name) = (self.downloads.clone(), name.clone());
        let begun = spawn_blocking(move || begin(part, place, size, reach, &downloads, &name));
        let begun = begun.await.map_err(|_| FileTrouble::NotSaved)?.map_err(|error| {
            tracing::warn!(%error, "no part can be made in the downloads folder");
            FileTrouble::NotSaved
        })?;
        let (file, path, fresh) = match begun {
            Begun::Settled(path) => return Ok(Opened::Settled(path)),
            Begun::Part { file, path, fresh } => (file, path, fresh),
        };
        if fresh {
            chunks = Chunks::none(size);
            let (message, buddy) = (*message, *buddy);
            let part = Some(path.clone());
            let anew = vec![Transfer::DropChunks(message), Transfer::Part { message, buddy, part }];
            self.store.keep_transfer(anew).await.map_err(|error| {
                part::remove(&path);
                unread(error)
            })?;
        }
        let kept_bytes = chunks.bytes();
        let (file, kept_at) = (Arc::new(file), Instant::now());
        Ok(Opened::Growing(Growing { path, file, chunks, writing: None, keeping: None, kept_bytes, kept_at }))
    }
}

enum Opened {
    Growing(Growing),
    /// A crash came after it had its name.
    Settled(PathBuf),
}
