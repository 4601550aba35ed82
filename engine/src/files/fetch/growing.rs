//! A part that grows: what is being written to it and made sure of, and how it is found again after a restart.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use juice_proto::view::FileTrouble;
use tokio::task::JoinHandle;

use crate::files::{
    chunks::{Chunks, SegmentRow},
    part,
};

/// A part and what is known of it.
pub(super) struct Growing {
    pub path: PathBuf,
    pub file: Arc<File>,
    pub chunks: Chunks,
    pub writing: Option<JoinHandle<Result<Vec<Hashed>, FileTrouble>>>,
    pub keeping: Option<JoinHandle<Kept>>,
    pub kept_bytes: u64,
    pub kept_at: Instant,
}

pub(super) type Hashed = (u64, [u8; 32]);
/// The rows that were to be kept, and whether they are.
pub(super) type Kept = (Vec<SegmentRow>, Result<(), FileTrouble>);

/// Where a fetch begins.
pub(super) enum Begun {
    Part { file: File, path: PathBuf, fresh: bool },
    Settled(PathBuf),
}

/// Goes on with the part that was begun, or begins one; `reach` is where what is known of it ends.
pub(super) fn begin(
    part: Option<PathBuf>,
    place: Option<PathBuf>,
    size: u64,
    reach: u64,
    downloads: &Path,
    name: &str,
) -> io::Result<Begun> {
    if let Some(path) = part {
        if let Some(file) = part::reopen(&path, reach) {
            // The name was being held for it when the program ended.
            if let Some(place) = place.filter(|place| fs::metadata(place).is_ok_and(|about| about.len() == 0)) {
                part::remove(&place);
            }
            return Ok(Begun::Part { file, path, fresh: false });
        }
        if let Some(place) = place.filter(|place| fs::metadata(place).is_ok_and(|about| about.len() == size)) {
            return Ok(Begun::Settled(place));
        }
        part::remove(&path);
    }
    let (file, path) = part::create(downloads, name)?;
    Ok(Begun::Part { file, path, fresh: true })
}

impl Growing {
    /// Waits for the save under way. Cancel-safe.
    pub async fn kept(&mut self) -> Result<(), FileTrouble> {
        let Some(keeping) = &mut self.keeping else { return Ok(()) };
        let kept = keeping.await;
        self.keeping = None;
        let (rows, kept) = kept.map_err(|_| FileTrouble::NotSaved)?;
        match kept {
            Ok(()) => self.chunks.kept(&rows),
            Err(_) => self.chunks.not_kept(&rows),
        }
        kept
    }

    /// Waits for all that is under way.
    pub async fn settled(&mut self) -> Result<(), FileTrouble> {
        let written = self.written().await;
        let kept = self.kept().await;
        written.and(kept)
    }

    /// Waits for the write under way. Cancel-safe.
    pub async fn written(&mut self) -> Result<(), FileTrouble> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        let written = writing.await;
        self.writing = None;
        for (index, hash) in written.map_err(|_| FileTrouble::NotSaved)?? {
            self.chunks.insert(index, &hash);
        }
        Ok(())
    }
}
