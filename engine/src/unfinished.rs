//! Files that come whole or not at all: written for their owner's eyes alone, beside their place, and moved into it when
//! they are on the disk.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// A file that is not whole yet; dropped, it goes.
pub(crate) struct Unfinished(PathBuf);

impl Unfinished {
    /// The one beside a place.
    pub fn of(place: &Path) -> io::Result<Self> {
        Ok(Self(beside(place)?))
    }

    /// One that has a path of its own.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it, empty. A leftover goes first: it might have other permissions.
    pub fn create(&self) -> io::Result<File> {
        remove(&self.0)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.0)
    }

    /// Moves it into a place, with all that was written to `file`. After a crash at any point there is what was there
    /// before, or this.
    pub fn take_place(self, file: &File, place: &Path) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(&self.0, place)?;
        sync_folder_of(place)
    }

    /// It is whole where it is.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already where it has taken its place.
        let _ = fs::remove_file(&self.0);
    }
}

/// Where the next version of a file is written before it takes the place of the old one.
pub(crate) fn beside(place: &Path) -> io::Result<PathBuf> {
    let mut name = place.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".unfinished");
    Ok(place.with_file_name(name))
}

/// Removes a file; one that is not there is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes a rename durable. Only Unix has, and needs, a way to say so.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}
