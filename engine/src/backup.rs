//! Backups: the whole profile in one file, under a password of its own.
//!
//! In it are the vault as it is, which goes on wanting the account's password, and a copy of the database at one moment,
//! made beside whatever the writer does. Restoring puts both into a profile without an account; nothing of it is there
//! before all of it has been read and found whole. The seal is in `sealed.rs`. Blocks: run it on a thread for that.

mod sealed;
mod whole;

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use juice_proto::{
    error::ProtoError,
    vault::{KdfParams, MAX_VAULT},
};

use self::sealed::{Opener, Sealer};
pub(crate) use self::whole::{back_up, restore};
use crate::{profile::ProfileError, store::StoreError, unfinished::Unfinished};

/// What is moved at a time.
const PIECE: usize = 64 * 1024;

/// Why a profile was not backed up or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It is no backup, has been cut short or changed: take another one.
    #[error("the backup is damaged")]
    Damaged,
    /// The password does not open it: ask again.
    #[error("wrong password")]
    WrongPassword,
    /// It is of a newer JUICE: update.
    #[error("the backup is of a newer version")]
    TooNew,
    /// There is an account in this profile already; it is left alone.
    #[error("this profile has an account already")]
    HasAccount,
    /// The database would not be copied.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The profile could not be read or written.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A file could not be read or written: disk, permissions.
    #[error("the file could not be read or written: {0}")]
    File(#[from] io::Error),
}

impl From<ProtoError> for BackupError {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "of the many things that can be wrong with bytes from elsewhere, a backup knows three"
    )]
    fn from(error: ProtoError) -> Self {
        match error {
            ProtoError::WrongPassword => Self::WrongPassword,
            ProtoError::Version => Self::TooNew,
            _ => Self::Damaged,
        }
    }
}

/// What goes into a backup.
#[derive(Debug)]
pub struct Parts {
    /// The vault's file.
    pub vault: Vec<u8>,
    /// The version of the database's schema.
    pub schema: u64,
    /// A copy of the database, of nobody else's concern.
    pub database: PathBuf,
}

/// Seals a profile's parts into a file at `path`, in place of what is there.
///
/// # Errors
/// `File`, `Damaged` for parameters out of range.
pub fn write(parts: &Parts, path: &Path, password: &str, price: KdfParams) -> Result<(), BackupError> {
    let fresh = Unfinished::of(path)?;
    let mut database = File::open(&parts.database)?;
    let size = database.metadata()?.len();
    let mut sealer = Sealer::new(BufWriter::with_capacity(PIECE, fresh.create()?), password, price)?;
    sealer.write_all(&parts.schema.to_be_bytes())?;
    sealer.write_all(&(parts.vault.len() as u64).to_be_bytes())?;
    sealer.write_all(&parts.vault)?;
    sealer.write_all(&size.to_be_bytes())?;
    let copied = io::copy(&mut database, &mut sealer)?;
    if copied != size {
        return Err(BackupError::File(io::ErrorKind::UnexpectedEof.into()));
    }
    let file = sealer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(fresh.take_place(&file, path)?)
}

/// Opens a backup, writes its database to a file at `database`, which is made, and gives the vault's bytes. The file is
/// on the disk then, and whole; where anything is wrong it is gone.
///
/// # Errors
/// `Damaged`, `WrongPassword`, `TooNew` also for a schema above `newest_schema`, `File`.
pub fn read(path: &Path, password: &str, database: &Path, newest_schema: u64) -> Result<Vec<u8>, BackupError> {
    let mut opener = Opener::new(BufReader::with_capacity(PIECE, File::open(path)?), password)?;
    if opener.number()? > newest_schema {
        return Err(BackupError::TooNew);
    }
    let size = opener.number()?;
    if size > MAX_VAULT as u64 {
        return Err(BackupError::Damaged);
    }
    let mut vault = Vec::new();
    opener.by_ref().take(size).read_to_end(&mut vault).map_err(told)?;
    let size = opener.number()?;
    let fresh = Unfinished::at(database.to_owned());
    let mut file = fresh.create()?;
    let mut left = size;
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let most = piece.len().min(usize::try_from(left).unwrap_or(PIECE));
        let room = piece.get_mut(..most).unwrap_or_default();
        let came = opener.read(room).map_err(told)?;
        if came == 0 {
            return Err(BackupError::Damaged);
        }
        file.write_all(room.get(..came).unwrap_or_default())?;
        left -= came as u64;
    }
    // The last piece says that it is the last.
    if opener.read(&mut [0]).map_err(told)? != 0 || !opener.whole() {
        return Err(BackupError::Damaged);
    }
    file.sync_all()?;
    fresh.keep();
    Ok(vault)
}

/// What reading through the seal said: the seal's own word, or the file's.
fn told(error: io::Error) -> BackupError {
    let damaged = matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof);
    if damaged { BackupError::Damaged } else { BackupError::File(error) }
}
