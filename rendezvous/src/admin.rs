//! What the server's keeper does from a shell, also while the server runs: accounts, registration codes, backups.
//!
//! Works on the data folder alone. A name is hashed with the server's key, as clients do it, so names are neither stored
//! nor needed.

use std::path::{Path, PathBuf};

use juice_proto::{id::AccountId, invite::ServerAddress, name::UserName};

use crate::{
    clock,
    config::Config,
    keys,
    server::address,
    store::{DATABASE, Store, StoreError},
    visit::before,
};

/// Why the keeper's wish was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The folder holds no server's data.
    #[error("{0} holds no database of a rendezvous server; is --data right?")]
    NoServer(PathBuf),
    /// The name can be nobody's.
    #[error("'{0}' can't be a name")]
    BadName(String),
    /// Nobody is called so.
    #[error("there is no account of that name")]
    NoAccount,
    /// The backup's file is there already, or can't be made.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An account in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    /// Its id, in hex.
    pub id: String,
    /// When it was made, milliseconds since 1970.
    pub made_ms: u64,
    /// How often its devices have changed, plus 1.
    pub list_version: u64,
    /// How many it has.
    pub buddies: u64,
    /// Requests that wait for it.
    pub pending: u64,
    /// Passwords tried and not proven in the last 15 minutes.
    pub attempts: u64,
}

/// The keeper's hands.
pub struct Admin {
    config: Config,
    store: Store,
}

impl Admin {
    /// Opens the data of an existing server.
    ///
    /// # Errors
    /// `NoServer`, `Store`.
    pub async fn open(config: Config) -> Result<Self, AdminError> {
        if !config.data.join(DATABASE).exists() {
            return Err(AdminError::NoServer(config.data));
        }
        let store = Store::open(&config.data).await?;
        Ok(Self { config, store })
    }

    fn account(&self, name: &str) -> Result<AccountId, AdminError> {
        let parsed = UserName::parse(name).map_err(|_| AdminError::BadName(name.to_owned()))?;
        let key = keys::server_key(&self.config.data).map_err(StoreError::from)?;
        Ok(AccountId::derive(&key.server_key(), parsed.as_str()))
    }

    /// What there is to say about the account called `name`.
    ///
    /// # Errors
    /// `BadName`, `NoAccount`, `Store`.
    pub async fn show(&self, name: &str) -> Result<AccountFacts, AdminError> {
        let account = self.account(name)?;
        let tried_after = before(clock::wall_ms(), self.config.timing.attempts);
        let found = self.store.overview(&account, tried_after).await?;
        let found = found.ok_or(AdminError::NoAccount)?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Ok(AccountFacts {
            id: account.to_string(),
            made_ms: count(found.made_ms),
            list_version: count(found.version),
            buddies: count(found.buddies),
            pending: count(found.pending),
            attempts: count(found.attempts),
        })
    }

    /// Removes the account called `name`; a running server ends its session within a second.
    ///
    /// # Errors
    /// `BadName`, `NoAccount`, `Store`.
    pub async fn remove(&self, name: &str) -> Result<(), AdminError> {
        let account = self.account(name)?;
        if self.store.remove(&account).await? { Ok(()) } else { Err(AdminError::NoAccount) }
    }

    /// Forgets the passwords tried for the account called `name`, so that it can be tried again at once.
    ///
    /// # Errors
    /// `BadName`, `Store`.
    pub async fn reset_attempts(&self, name: &str) -> Result<(), AdminError> {
        let account = self.account(name)?;
        Ok(self.store.password_proven(&account).await?)
    }

    /// A new registration code, good for so many accounts; it is shown this once and stored as a hash.
    ///
    /// # Errors
    /// `Store`.
    pub async fn new_code(&self, uses: u32) -> Result<String, AdminError> {
        // 80 random bits: nobody guesses it.
        let mut random = [0; 10];
        getrandom::fill(&mut random).map_err(std::io::Error::from).map_err(StoreError::from)?;
        let digits = hex::encode(random);
        let code = digits.as_bytes().chunks(5).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-");
        self.store.add_code(keys::code_hash(&code), uses, clock::wall_ms()).await?;
        Ok(code)
    }

    /// Writes a copy of the database into a new file, also while the server runs.
    ///
    /// # Errors
    /// `File` if it exists or can't be made, `Store`.
    pub async fn backup(&self, to: &Path) -> Result<(), AdminError> {
        let file = |error| AdminError::File(to.to_owned(), error);
        drop(keys::create_private(to).map_err(file)?);
        let name = to.to_str().ok_or_else(|| file(std::io::Error::other("the name is not Unicode")))?;
        let copied = self.store.copy_into(name).await;
        if copied.is_err() {
            let _ = std::fs::remove_file(to);
        }
        Ok(copied?)
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await;
    }
}

/// The address to hand out of a server with this configuration; makes its key if there is none.
///
/// # Errors
/// `Store`.
pub fn server_address(config: &Config) -> Result<ServerAddress, AdminError> {
    keys::make_folder(&config.data).map_err(StoreError::from)?;
    let key = keys::server_key(&config.data).map_err(StoreError::from)?;
    Ok(address(config, config.listen, key.server_key()))
}
