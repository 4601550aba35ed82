//! Where the bytes of a clip are: on the disk, or, of a small one, in memory.

use std::{fs::File, io};

use crate::files::part::read_at;

pub(super) enum Pieces {
    Memory(Vec<u8>),
    Disk(File),
}

impl Pieces {
    /// So many bytes from a place on.
    pub fn read(&self, offset: u64, length: u32) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length as usize];
        match self {
            Self::Disk(file) => read_at(file, &mut bytes, offset)?,
            Self::Memory(all) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                let piece = all.get(from..).and_then(|rest| rest.get(..bytes.len()));
                bytes.copy_from_slice(piece.ok_or(io::ErrorKind::UnexpectedEof)?);
            }
        }
        Ok(bytes)
    }
}
