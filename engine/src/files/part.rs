//! A file that grows: its part on the disk, and how it becomes whole.
//!
//! `NAME.juice-part` lies beside the place where the file will be, for its owner alone. Everything here blocks; the
//! fetching task runs it by `spawn_blocking`. Nothing that is there is ever overwritten: where a name is taken the next
//! free one of `name (2).ext`, `name (3).ext` ... is used.

use std::{
    fs::{self, File, OpenOptions},
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use juice_proto::{
    file::{self, CHUNK, ChunkSeal},
    file_name,
    view::FileTrouble,
};

use crate::unfinished::sync_folder_of;

/// The ending of a file that is not whole.
const PART: &str = ".juice-part";
/// The most names that are tried before giving up.
const MAX_NAMES: u32 = 10_000;
/// The longest name that file systems take, in bytes.
const MAX_NAME: usize = 255;

/// Makes an empty part for a file of this name; its path.
pub(crate) fn create(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    create_as(folder, name, PART)
}

/// Makes an empty file of this name with `ending` behind it, for its owner alone; its path.
pub(crate) fn create_as(folder: &Path, name: &str, ending: &str) -> io::Result<(File, PathBuf)> {
    make_folder(folder)?;
    free_name(name, ending, |name| {
        let path = folder.join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        // Never to be run, whatever it is.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map(|file| (file, path))
    })
}

/// Opens a part that was begun; none where it is gone, or shorter than what is known to be in it.
pub(crate) fn reopen(path: &Path, reach: u64) -> Option<File> {
    let about = fs::symlink_metadata(path).ok()?;
    if !about.is_file() || about.len() < reach {
        return None;
    }
    OpenOptions::new().read(true).write(true).open(path).ok()
}

/// Gives a part that is whole and on the disk its name; where it is then. `settled` hears of the place before anything
/// is there.
pub(crate) fn settle(part: &Path, name: &str, mut settled: impl FnMut(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
    let folder = part.parent().ok_or(io::ErrorKind::NotFound)?;
    let place = free_name(name, "", |name| {
        let path = folder.join(name);
        // An empty file holds the name, so that nothing that comes in between is overwritten.
        OpenOptions::new().write(true).create_new(true).open(&path).map(|_| path)
    })?;
    let done = settled(&place).and_then(|()| fs::rename(part, &place));
    if let Err(error) = done {
        // It is empty, and ours.
        let _ = fs::remove_file(&place);
        return Err(error);
    }
    // So that the new name outlives a power cut; it is there all the same where that can't be had.
    let _ = sync_folder_of(&place);
    Ok(place)
}

/// Deletes a part; one that is gone already is no error.
pub(crate) fn remove(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, "a part stays on the disk"),
    }
}

/// A sealed chunk among the bytes of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub index: u64,
    pub place: Range<usize>,
}

/// Opens the chunks of a batch, writes each to its place, and tells their hashes.
///
/// # Errors
/// `HashMismatch` for a seal that does not open, `SizeMismatch` for a chunk of another length, `NotSaved`.
pub(crate) fn write(
    part: &File,
    size: u64,
    seal: &ChunkSeal,
    bytes: &mut [u8],
    chunks: &[Sealed],
) -> Result<Vec<(u64, [u8; 32])>, FileTrouble> {
    let mut hashes = Vec::with_capacity(chunks.len());
    for Sealed { index, place } in chunks {
        let sealed = bytes.get_mut(place.clone()).unwrap_or_default();
        let plain = seal.open(*index, sealed).map_err(|_| FileTrouble::HashMismatch)?;
        if file::chunk_length(size, *index) != Some(plain.len()) {
            return Err(FileTrouble::SizeMismatch);
        }
        write_at(part, plain, index * CHUNK as u64).map_err(|error| {
            tracing::warn!(%error, "a file can't be written");
            FileTrouble::NotSaved
        })?;
        hashes.push((*index, file::chunk_hash(plain)));
    }
    Ok(hashes)
}

#[cfg(unix)]
fn write_at(part: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(part, bytes, offset)
}

#[cfg(windows)]
fn write_at(part: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(part, bytes, offset)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = bytes.get(written..).unwrap_or_default();
        offset += written as u64;
    }
    Ok(())
}

/// Fills `into` from a file at `offset`.
#[cfg(unix)]
pub(crate) fn read_at(from: &File, into: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(from, into, offset)
}

/// Fills `into` from a file at `offset`.
#[cfg(windows)]
pub(crate) fn read_at(from: &File, into: &mut [u8], mut offset: u64) -> io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let read = std::os::windows::fs::FileExt::seek_read(from, rest, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        offset += read as u64;
    }
    Ok(())
}

/// Makes what `make` makes under the first of `name`, `name (2)` ... that is free, with `ending` behind it.
fn free_name<T>(name: &str, ending: &str, mut make: impl FnMut(&str) -> io::Result<T>) -> io::Result<T> {
    let name = file_name::safe(name);
    for number in 1..=MAX_NAMES {
        match make(&format!("{}{ending}", numbered(&name, number, MAX_NAME - ending.len()))) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `name.ext` as `name (2).ext`, in at most `room` bytes.
fn numbered(name: &str, number: u32, room: usize) -> String {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 16 => (stem, format!(".{ending}")),
        Some(_) | None => (name, String::new()),
    };
    let number = if number == 1 { String::new() } else { format!(" ({number})") };
    let mut room = room.saturating_sub(ending.len() + number.len());
    let stem: String = stem
        .chars()
        .take_while(|c| {
            let fits = c.len_utf8() <= room;
            room = room.saturating_sub(c.len_utf8());
            fits
        })
        .collect();
    format!("{stem}{number}{ending}")
}

fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("juice-part-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let mut names: Vec<_> =
                fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn nothing_that_is_there_is_overwritten() {
        let folder = Folder::new("over");
        for content in ["one", "two", "three"] {
            let (_, part) = create(&folder.0, "cat.tar.gz").unwrap();
            fs::write(&part, content).unwrap();
            let mut told = PathBuf::new();
            let place = settle(&part, "cat.tar.gz", |place| {
                told = place.to_owned();
                Ok(())
            })
            .unwrap();
            assert_eq!(place, told);
            assert_eq!(fs::read_to_string(place).unwrap(), content);
        }
        assert_eq!(folder.names(), ["cat.tar (2).gz", "cat.tar (3).gz", "cat.tar.gz"]);
    }

    #[test]
    fn two_parts_of_one_name_grow_beside_each_other() {
        let folder = Folder::new("beside");
        let (_, one) = create(&folder.0, "x.bin").unwrap();
        let (_, two) = create(&folder.0, "x.bin").unwrap();
        assert_ne!(one, two);
        assert_eq!(folder.names(), ["x (2).bin.juice-part", "x.bin.juice-part"]);
        remove(&one);
        remove(&one);
        assert_eq!(folder.names(), ["x (2).bin.juice-part"]);
    }

    #[test]
    fn eve_cannot_leave_the_folder_or_make_a_program() {
        let folder = Folder::new("eve");
        for (name, kept) in [
            ("../../x", "x.juice-part"),
            ("..\\..\\y", "y.juice-part"),
            ("CON", "_CON.juice-part"),
            ("/etc/passwd", "passwd.juice-part"),
            (".bashrc", "bashrc.juice-part"),
        ] {
            let (_, path) = create(&folder.0, name).unwrap();
            assert_eq!(path, folder.0.join(kept));
        }
        let long = "\u{fc}".repeat(300) + ".exe";
        let (_, path) = create(&folder.0, &long).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.len() <= MAX_NAME && name.ends_with(".exe.juice-part"), "{name}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let place = settle(&path, &long, |_| Ok(())).unwrap();
            assert_eq!(fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_part_that_is_gone_or_too_short_is_begun_anew() {
        let folder = Folder::new("short");
        let (_, part) = create(&folder.0, "x").unwrap();
        fs::write(&part, [0; 10]).unwrap();
        assert!(reopen(&part, 10).is_some());
        assert!(reopen(&part, 11).is_none());
        remove(&part);
        assert!(reopen(&part, 0).is_none());
        #[cfg(unix)]
        {
            let target = folder.0.join("target");
            fs::write(&target, [0; 10]).unwrap();
            std::os::unix::fs::symlink(&target, &part).unwrap();
            assert!(reopen(&part, 0).is_none(), "a link in its place leads nowhere");
        }
    }
}
