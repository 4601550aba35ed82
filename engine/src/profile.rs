//! A profile: the folder of one account on one computer.
//!
//! It holds `vault` (the keys, under the password), `database.sqlite` (everything else, under the vault's key) and `lock`.
//! Whoever holds a [`Profile`] is the only process on it. Everything here blocks, opening and sealing for about 0.1 s of
//! Argon2 with 64 MiB: call it from `spawn_blocking`. The bytes of the vault are `juice_proto::vault`'s; what this module
//! adds is the file system and the shape of the keys.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
};

use juice_proto::{
    error::ProtoError,
    vault::{DataKey, KdfParams, MAX_VAULT, Vault},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use zeroize::Zeroizing;

use crate::unfinished;

pub(crate) use file::make_private_folder;
pub use keys::Keys;

mod file;
mod keys;

const VAULT: &str = "vault";
const DATABASE: &str = "database.sqlite";
const LOCK: &str = "lock";
const SENT: &str = "sent";
const MEMOS: &str = "memos";
/// A copy of the database on its way into a backup or out of one.
const SNAPSHOT: &str = "snapshot.unfinished";

/// Why a profile could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Another process has it open: end that one, or use another folder.
    #[error("another JUICE runs on this profile")]
    InUse,
    /// There is no account in it: register or sign in first.
    #[error("no account in this profile")]
    NoAccount,
    /// There is an account in it already; it is left alone.
    #[error("this profile has an account already")]
    HasAccount,
    /// The password does not open the vault: ask again.
    #[error("wrong password")]
    WrongPassword,
    /// The vault is damaged: bring back a copy, or sign in anew in another folder.
    #[error("the vault is damaged")]
    Corrupt,
    /// The vault is of a newer JUICE: update. Nothing was changed.
    #[error("the vault is of a newer version")]
    TooNew,
    /// The vault asks for more work than any honest one.
    #[error("key derivation parameters out of range")]
    KdfParamsOutOfRange,
    /// The file system would not: disk, permissions.
    #[error("profile: {0}")]
    Io(#[from] io::Error),
}

impl From<ProtoError> for ProfileError {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "of the many things that can be wrong with bytes from elsewhere, a vault knows four"
    )]
    fn from(error: ProtoError) -> Self {
        match error {
            ProtoError::WrongPassword => Self::WrongPassword,
            ProtoError::Version => Self::TooNew,
            ProtoError::KdfParamsOutOfRange => Self::KdfParamsOutOfRange,
            _ => Self::Corrupt,
        }
    }
}

/// A profile that is ours until this is dropped.
pub struct Profile {
    folder: PathBuf,
    price: KdfParams,
    // The lock lives as long as this file is open.
    _lock: File,
}

impl Profile {
    /// Takes the profile in `folder`, which is made, for its owner alone, where it is missing.
    ///
    /// # Errors
    /// `InUse`, `Io`.
    pub fn open(folder: &Path) -> Result<Self, ProfileError> {
        make_private_folder(folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ProfileError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        Ok(Self { folder: folder.to_owned(), price: KdfParams::DEFAULT, _lock: lock })
    }

    /// Where a person's profile is when nothing else is said. `None` where the system names no home.
    pub fn default_dir() -> Option<PathBuf> {
        directories::ProjectDirs::from("", "", "juice").map(|directories| directories.data_local_dir().to_owned())
    }

    /// The same profile, whose vault is from here on sealed at another price for a guess.
    #[must_use]
    pub fn at_price(mut self, price: KdfParams) -> Self {
        self.price = price;
        self
    }

    /// Where the database belongs.
    pub fn database(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// The folder of what is sent from here: pasted, or spoken.
    pub fn sent(&self) -> PathBuf {
        self.folder.join(SENT)
    }

    /// The folder of memos that are not sent.
    pub fn memos(&self) -> PathBuf {
        self.folder.join(MEMOS)
    }

    /// Whether there is an account to unlock.
    pub fn has_account(&self) -> bool {
        self.vault().exists()
    }

    /// Seals the keys of a new account under its password. The database of an account that was here before is gone.
    ///
    /// # Errors
    /// `HasAccount`, `KdfParamsOutOfRange`, `Io`.
    pub fn create(&self, keys: &Keys, password: &str) -> Result<DataKey, ProfileError> {
        if self.has_account() {
            return Err(ProfileError::HasAccount);
        }
        self.discard_unfinished()?;
        let mut rng = rng()?;
        let vault = Vault::new(keys.to_bytes(), password, self.price, &mut rng)?;
        file::replace(&self.vault(), &vault.to_bytes(&mut rng))?;
        Ok(vault.data_key)
    }

    /// Opens the vault.
    ///
    /// # Errors
    /// `NoAccount`, `WrongPassword`, `Corrupt`, `TooNew`, `KdfParamsOutOfRange`, `Io`.
    pub fn unlock(&self, password: &str) -> Result<(Keys, DataKey), ProfileError> {
        let vault = self.open_vault(password)?;
        Ok((Keys::from_bytes(&vault.body)?, vault.data_key))
    }

    /// Puts the vault under another password; `keys` bring the capsule that the new password opens. The data key, and
    /// so the database, stay as they are. At any moment, also if the computer dies, one of the two passwords opens it.
    ///
    /// # Errors
    /// As [`Self::unlock`], for the old password.
    pub fn change_password(&self, old: &str, new: &str, keys: &Keys) -> Result<(), ProfileError> {
        let mut vault = self.open_vault(old)?;
        let mut rng = rng()?;
        vault.body = keys.to_bytes();
        vault.change_password(new, self.price, &mut rng)?;
        Ok(file::replace(&self.vault(), &vault.to_bytes(&mut rng))?)
    }

    /// Keeps other keys under the same password.
    ///
    /// # Errors
    /// As [`Self::unlock`].
    pub fn rewrite(&self, keys: &Keys, password: &str) -> Result<(), ProfileError> {
        let mut vault = self.open_vault(password)?;
        vault.body = keys.to_bytes();
        Ok(file::replace(&self.vault(), &vault.to_bytes(&mut rng()?))?)
    }

    /// Clears away what a crash left: a half-written vault, and, where there is no account, the database of one that
    /// was never finished or was removed, whose key nobody has.
    ///
    /// # Errors
    /// `Io`.
    pub fn discard_unfinished(&self) -> Result<(), ProfileError> {
        unfinished::remove(&unfinished::beside(&self.vault())?)?;
        unfinished::remove(&self.snapshot())?;
        if !self.has_account() {
            for ending in ["", "-wal", "-shm", "-journal"] {
                unfinished::remove(&self.folder.join(format!("{DATABASE}{ending}")))?;
            }
        }
        Ok(())
    }

    /// Forgets the account and all that was kept with it. The database must be closed.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove_account(&self) -> Result<(), ProfileError> {
        // The vault first: without it the rest is noise.
        unfinished::remove(&self.vault())?;
        self.discard_unfinished()
    }

    /// The vault's file as it is.
    pub(crate) fn vault_bytes(&self) -> Result<Vec<u8>, ProfileError> {
        Ok(std::fs::read(self.vault())?)
    }

    /// Puts a vault from a backup where there is none.
    pub(crate) fn put_vault(&self, bytes: &[u8]) -> Result<(), ProfileError> {
        if self.has_account() { Err(ProfileError::HasAccount) } else { Ok(file::replace(&self.vault(), bytes)?) }
    }

    /// Where a copy of the database is made or checked.
    pub(crate) fn snapshot(&self) -> PathBuf {
        self.folder.join(SNAPSHOT)
    }

    /// What a guess at a password costs.
    pub(crate) fn price(&self) -> KdfParams {
        self.price
    }

    fn vault(&self) -> PathBuf {
        self.folder.join(VAULT)
    }

    fn open_vault(&self, password: &str) -> Result<Vault, ProfileError> {
        let file = match File::open(self.vault()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ProfileError::NoAccount);
            }
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::new();
        // One byte more than the most tells a file that is too long from the longest.
        file.take(MAX_VAULT as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Vault::open(&bytes, password)?)
    }
}

fn rng() -> Result<ChaCha20Rng, ProfileError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).map_err(io::Error::from)?;
    Ok(ChaCha20Rng::from_seed(*seed))
}
