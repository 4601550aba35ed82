//! A whole profile, out of its folder into a backup and back.

use std::{fs, io, path::PathBuf, sync::Arc};

use juice_proto::view::{CommandError, ErrorCode};
use tokio::task::spawn_blocking;

use super::{BackupError, Parts, read, write};
use crate::{
    profile::Profile,
    store::{SCHEMA, Store},
    unfinished::Unfinished,
};

/// Backs the open profile up to a file at `path`.
pub(crate) async fn back_up(
    profile: Arc<Profile>,
    store: Store,
    path: PathBuf,
    password: String,
) -> Result<(), BackupError> {
    // The database is copied into a file that is there, so that it is its owner's from the first byte on.
    let copy = Unfinished::at(profile.snapshot());
    let copy = blocking(move || copy.create().map(|_| copy).map_err(BackupError::from)).await?;
    store.copy_to(copy.path()).await?;
    blocking(move || {
        let parts = Parts { vault: profile.vault_bytes()?, schema: *SCHEMA, database: copy.path().to_owned() };
        write(&parts, &path, &password, profile.price())
    })
    .await
}

/// Puts a backup into a profile without an account; it is locked then.
pub(crate) async fn restore(profile: Arc<Profile>, path: PathBuf, password: String) -> Result<(), BackupError> {
    blocking(move || {
        if profile.has_account() {
            return Err(BackupError::HasAccount);
        }
        profile.discard_unfinished()?;
        let copy = profile.snapshot();
        let vault = read(&path, &password, &copy, *SCHEMA)?;
        fs::rename(copy, profile.database())?;
        // The vault last: with it the account is there.
        Ok(profile.put_vault(&vault)?)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

impl From<BackupError> for CommandError {
    fn from(error: BackupError) -> Self {
        let code = match &error {
            BackupError::Damaged => ErrorCode::ProfileCorrupt,
            BackupError::WrongPassword => ErrorCode::WrongPassword,
            BackupError::TooNew => ErrorCode::ProfileTooNew,
            BackupError::HasAccount => ErrorCode::Internal,
            BackupError::File(error) if error.kind() == io::ErrorKind::NotFound => ErrorCode::NoSuchFile,
            BackupError::Store(_) | BackupError::Profile(_) | BackupError::File(_) => ErrorCode::NotSaved,
        };
        Self { code, message: error.to_string() }
    }
}
