//! Settings of devices, which are this computer's: one small file each, beside the profile.

use std::{
    io::{self, Write},
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use crate::unfinished::Unfinished;

/// What is in a file, or the usual.
pub(super) fn load<T: DeserializeOwned + Default>(file: &Path) -> T {
    std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Puts it in the place of what is there, whole or not at all.
pub(super) fn keep<T: Serialize>(file: &Path, settings: &T) -> io::Result<()> {
    let bytes = serde_json::to_vec_pretty(settings).map_err(io::Error::other)?;
    let fresh = Unfinished::of(file)?;
    let mut unfinished = fresh.create()?;
    unfinished.write_all(&bytes)?;
    fresh.take_place(&unfinished, file)
}
