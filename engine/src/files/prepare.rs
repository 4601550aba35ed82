//! Reading a file before it is offered: its hashes, and how it looks if it is a picture.
//!
//! Blocks for as long as the disk takes; run by `spawn_blocking`, ended between two chunks when the engine stops.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant, UNIX_EPOCH},
};

use juice_proto::{
    content::{FileOffer, MAX_TEXT},
    file::{self, CHUNK, Root},
    file_name,
    view::{CommandError, ErrorCode},
};
use tokio_util::sync::CancellationToken;

use super::picture;
use crate::memo::Offered;

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// A file that is ready to be offered.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub offer: FileOffer,
    pub path: PathBuf,
    /// When it had last been written to.
    pub changed: i64,
}

/// Reads the file at `path`, which may be a memo; `tell` hears of the bytes that were read, at most four times a second.
///
/// # Errors
/// `NoSuchFile`, `BadText` for a caption that is too long, `Internal` where the system gives no randomness.
pub(crate) fn prepare(
    path: &Path,
    caption: String,
    memo: Option<Offered>,
    stop: &CancellationToken,
    mut tell: impl FnMut(u64, u64),
) -> Result<Prepared, CommandError> {
    if caption.chars().count() > MAX_TEXT {
        return Err(CommandError { code: ErrorCode::BadText, message: "the words with it are too long".into() });
    }
    let path = std::path::absolute(path).map_err(|error| no_such_file(&error))?;
    // Before it is opened: opening a pipe waits for its other end.
    if !fs::metadata(&path).map_err(|error| no_such_file(&error))?.is_file() {
        return Err(no_such_file(&"it is no file"));
    }
    let mut opened = File::open(&path).map_err(|error| no_such_file(&error))?;
    let before = opened.metadata().map_err(|error| no_such_file(&error))?;
    let size = before.len();
    if size > file::MAX_FILE {
        return Err(no_such_file(&"it is larger than 1 TiB"));
    }
    let root = read(&mut opened, size, stop, &mut tell).map_err(|error| no_such_file(&error))?;
    let after = opened.metadata().map_err(|error| no_such_file(&error))?;
    if after.len() != size || changed(&after) != changed(&before) {
        return Err(no_such_file(&"it is being written to"));
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| CommandError { code: ErrorCode::Internal, message: error.to_string() })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (memo, picture) = match memo {
        Some(Offered { memo, picture }) => (Some(memo), picture),
        None => (None, picture::look(&path)),
    };
    let offer =
        FileOffer { name: file_name::safe(&name), size, key: key.into(), root: root.into(), picture, caption, memo };
    Ok(Prepared { offer, path, changed: changed(&before) })
}

fn read(
    opened: &mut File,
    size: u64,
    stop: &CancellationToken,
    tell: &mut impl FnMut(u64, u64),
) -> io::Result<[u8; 32]> {
    let mut root = Root::default();
    let mut buffer = vec![0; CHUNK];
    let mut told = Instant::now();
    let mut done = 0;
    while let Some(length) = file::chunk_length(size, done / CHUNK as u64).filter(|_| done < size) {
        if stop.is_cancelled() {
            return Err(io::Error::other("interrupted"));
        }
        let chunk = buffer.get_mut(..length).unwrap_or_default();
        opened.read_exact(chunk)?;
        root.add(&file::chunk_hash(chunk));
        done += length as u64;
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            tell(done, size);
        }
    }
    Ok(root.finish())
}

/// When a file was last written to, in nanoseconds since 1970; 0 where the system doesn't say.
pub(crate) fn changed(about: &Metadata) -> i64 {
    let since = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

fn no_such_file(why: &dyn std::fmt::Display) -> CommandError {
    CommandError { code: ErrorCode::NoSuchFile, message: format!("the file can't be read: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, bytes: &[u8]) -> PathBuf {
        let path = std::env::temp_dir().join(format!("juice-prepare-{}-{name}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn a_file_of_any_size_gets_its_root_and_a_key_of_its_own() {
        let stop = CancellationToken::new();
        for size in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let bytes = vec![5; size];
            let path = kept(&format!("{size}.bin"), &bytes);
            let one = prepare(&path, "words".into(), None, &stop, |_, _| {}).unwrap();
            let two = prepare(&path, String::new(), None, &stop, |_, _| {}).unwrap();
            let mut root = Root::default();
            bytes.chunks(CHUNK).for_each(|chunk| root.add(&file::chunk_hash(chunk)));
            assert_eq!(*one.offer.root, root.finish(), "{size}");
            assert_eq!((one.offer.size, one.offer.caption.as_str()), (size as u64, "words"));
            assert_ne!(one.offer.key, two.offer.key, "two offers never share a key");
            assert!(one.offer.picture.is_none() && one.changed > 0);
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let stop = CancellationToken::new();
        for wrong in [std::env::temp_dir(), "/nowhere/at/all".into(), "/dev/null".into()] {
            let error = prepare(&wrong, String::new(), None, &stop, |_, _| {}).unwrap_err();
            assert_eq!(error.code, ErrorCode::NoSuchFile, "{wrong:?}");
        }
        let path = kept("caption", b"x");
        let error = prepare(&path, "x".repeat(MAX_TEXT + 1), None, &stop, |_, _| {}).unwrap_err();
        assert_eq!(error.code, ErrorCode::BadText);
        stop.cancel();
        assert_eq!(prepare(&path, String::new(), None, &stop, |_, _| {}).unwrap_err().code, ErrorCode::NoSuchFile);
        fs::remove_file(path).unwrap();
    }
}
