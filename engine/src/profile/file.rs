//! The profile's way with files: for the owner's eyes alone, and whole or not at all.

use std::{
    fs::DirBuilder,
    io::{self, Write},
    path::Path,
};

use crate::unfinished::Unfinished;

/// Makes a folder that only its owner can look into. One that is there already is left as its owner wanted it.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Puts `bytes` in the place of a file. After a crash at any point the file is the old one or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = Unfinished::of(path)?;
    let mut file = fresh.create()?;
    file.write_all(bytes)?;
    fresh.take_place(&file, path)
}
