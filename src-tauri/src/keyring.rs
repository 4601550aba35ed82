//! The password of this profile in the system's keyring, for whoever wants to stay signed in on this computer.
//!
//! Nothing is kept unless asked for, and signing out forgets it. Keyrings answer over D-Bus or by a system call and
//! may first ask the person, so every question runs on a thread for such waits and has its time. Owned by the desk
//! and the commands together: cheap to clone. Where no keyring answers, everything here does nothing.

use std::{fs, path::Path, sync::Arc, time::Duration};

use juice_engine::{
    Handle,
    view::{Command, CommandError, ErrorCode, Phase, Reply},
};
use keyring_core::{CredentialStore, Entry, Error};
use tokio::{
    sync::{OnceCell, watch},
    task::spawn_blocking,
    time::timeout,
};

use crate::instance;

/// The name under which the keyring lists what is ours.
const SERVICE: &str = "chat.juice.desktop";
/// A keyring that is there answers at once, even when it has yet to be started.
const ANSWER: Duration = Duration::from_secs(2);
/// A locked keyring asks the person for its own password first.
const PERSON: Duration = Duration::from_secs(60);
/// How long a page waits for the sign-in at the start, before it shows the lock: a password is tried within a second.
const START: Duration = Duration::from_secs(3);

type Open = fn() -> Result<Store, Error>;

/// A keyring that has been found.
#[derive(Clone, Debug)]
struct Store {
    entries: Arc<CredentialStore>,
    /// What an entry is given beside its name: its title in the keyring's own window, where that can be chosen.
    attributes: &'static [(&'static str, &'static str)],
}

/// The way to the keyring, for one profile.
#[derive(Clone, Debug)]
pub struct Keyring(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    account: String,
    open: Open,
    store: OnceCell<Option<Store>>,
    started: watch::Sender<bool>,
}

/// What a command that went well means for a kept password.
#[derive(Debug, PartialEq)]
enum Consequence {
    Nothing,
    Forget,
    Replace(String),
}

impl Keyring {
    /// The keyring's place for the profile in this folder. Asks nothing yet.
    pub fn of(profile: &Path) -> Self {
        let folder = fs::canonicalize(profile).unwrap_or_else(|_| profile.to_path_buf());
        Self::with(instance::short_name(&folder), system)
    }

    fn with(account: String, open: Open) -> Self {
        Self(Arc::new(Inner { account, open, store: OnceCell::new(), started: watch::Sender::new(false) }))
    }

    /// Whether there is a keyring that answers. Looked for once.
    pub async fn is_there(&self) -> bool {
        self.store().await.is_some()
    }

    /// Keeps the password.
    ///
    /// # Errors
    /// `NotSaved` where there is no keyring, or it did not take the password.
    pub async fn remember(&self, password: String) -> Result<(), CommandError> {
        let kept = self.ask(PERSON, move |entry| entry.set_password(&password)).await;
        kept.map_err(|message| CommandError { code: ErrorCode::NotSaved, message })
    }

    /// Forgets the password, if one is kept.
    pub async fn forget(&self) {
        let forgotten = self.ask(ANSWER, |entry| match entry.delete_credential() {
            Err(Error::NoEntry) => Ok(()),
            other => other,
        });
        if let Err(reason) = forgotten.await
            && self.is_there().await
        {
            tracing::warn!(reason, "the keyring did not forget the password");
        }
    }

    /// Gives a command to the engine, and draws the consequences for what is kept.
    ///
    /// # Errors
    /// The engine's.
    pub async fn command(&self, engine: &Handle, command: Command) -> Result<Reply, CommandError> {
        let consequence = consequence_of(&command);
        let reply = engine.command(command).await?;
        match consequence {
            Consequence::Nothing => {}
            Consequence::Forget => self.forget().await,
            Consequence::Replace(password) => self.replace(password).await,
        }
        Ok(reply)
    }

    /// Opens a locked profile at the start: with the password given, else with the one that is kept.
    pub async fn open_profile(&self, engine: &Handle, given: Option<String>) {
        self.try_to_open(engine, given).await;
        self.0.started.send_replace(true);
    }

    /// Waits until the attempt at the start is over, or takes too long.
    pub async fn started(&self) {
        let mut started = self.0.started.subscribe();
        // The sender lives as long as this keyring.
        let _ = timeout(START, started.wait_for(|over| *over)).await;
    }

    async fn try_to_open(&self, engine: &Handle, given: Option<String>) {
        if engine.snapshot().await.phase != Phase::Locked {
            return;
        }
        let kept = given.is_none();
        let Some(password) = (if kept { self.recall().await } else { given }) else { return };
        // The person may have been quicker than the keyring.
        if engine.snapshot().await.phase != Phase::Locked {
            return;
        }
        match engine.command(Command::SignIn { password, account: None }).await {
            Ok(_) => {}
            Err(error) if kept && error.code == ErrorCode::WrongPassword => {
                tracing::info!("the kept password does not fit and is forgotten");
                self.forget().await;
            }
            Err(error) => tracing::warn!(code = ?error.code, kept, "the profile did not open at the start"),
        }
    }

    async fn recall(&self) -> Option<String> {
        self.ask(PERSON, |entry| entry.get_password()).await.ok()
    }

    async fn replace(&self, password: String) {
        let replaced = self.ask(ANSWER, move |entry| match entry.get_password() {
            Ok(_) => entry.set_password(&password),
            Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        });
        if let Err(reason) = replaced.await
            && self.is_there().await
        {
            tracing::warn!(reason, "the keyring did not take the new password");
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        question: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, String> {
        let Some(store) = self.store().await else { return Err("there is no keyring".into()) };
        let account = self.0.account.clone();
        let asking = spawn_blocking(move || {
            let attributes = store.attributes.iter().copied().collect();
            question(&store.entries.build(SERVICE, &account, Some(&attributes))?)
        });
        match timeout(patience, asking).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(in_words(&error)),
            Ok(Err(_)) => Err("the keyring's thread ended".into()),
            Err(_) => Err("the keyring does not answer".into()),
        }
    }

    async fn store(&self) -> Option<Store> {
        let open = self.0.open;
        let find = async {
            match timeout(ANSWER, spawn_blocking(open)).await {
                Ok(Ok(Ok(store))) => Some(store),
                Ok(Ok(Err(error))) => {
                    tracing::debug!(reason = in_words(&error), "there is no keyring here");
                    None
                }
                Ok(Err(_)) | Err(_) => {
                    tracing::info!("the keyring does not answer and is left alone");
                    None
                }
            }
        };
        self.0.store.get_or_init(|| find).await.clone()
    }
}

fn consequence_of(command: &Command) -> Consequence {
    match command {
        Command::SignOut => Consequence::Forget,
        Command::ChangePassword { new, .. } => Consequence::Replace(new.clone()),
        Command::Register { .. }
        | Command::SignIn { .. }
        | Command::SetStatus { .. }
        | Command::AddBuddy { .. }
        | Command::AddByInvite { .. }
        | Command::AcceptBuddy { .. }
        | Command::DeclineBuddy { .. }
        | Command::BlockBuddy { .. }
        | Command::UnblockBuddy { .. }
        | Command::RemoveBuddy { .. }
        | Command::RenameBuddy { .. }
        | Command::PlaceBuddy { .. }
        | Command::NoteBuddy { .. }
        | Command::SetGroups { .. }
        | Command::VerifyBuddy { .. }
        | Command::SendMessage { .. }
        | Command::EditMessage { .. }
        | Command::DeleteMessage { .. }
        | Command::React { .. }
        | Command::CancelMessage { .. }
        | Command::SendFile { .. }
        | Command::FetchFile { .. }
        | Command::PauseFile { .. }
        | Command::CancelFile { .. }
        | Command::ForgetConversation { .. }
        | Command::SetPrivacy { .. }
        | Command::MarkRead { .. }
        | Command::Typing { .. }
        | Command::SaveDraft { .. }
        | Command::PlaceCall { .. }
        | Command::AddToCall { .. }
        | Command::RemoveFromCall { .. }
        | Command::AnswerCall { .. }
        | Command::DeclineCall { .. }
        | Command::HangUp { .. }
        | Command::HoldCall { .. }
        | Command::Mute { .. }
        | Command::Deafen { .. }
        | Command::SetVolume { .. }
        | Command::RecordCall { .. }
        | Command::ShowInCall { .. }
        | Command::SetVideo { .. }
        | Command::TestVideo { .. }
        | Command::SetSound { .. }
        | Command::TestSound { .. }
        | Command::CreateInvite
        | Command::RecordMemo { .. }
        | Command::StopMemo
        | Command::DiscardMemo { .. }
        | Command::SendMemo { .. }
        | Command::PlayMemo { .. }
        | Command::PauseMemo
        | Command::SetMemoPace { .. } => Consequence::Nothing,
    }
}

/// An error as it may be logged: some of them carry the secret itself.
#[allow(clippy::wildcard_enum_match_arm, reason = "the library's enum grows, and its own words are used there")]
fn in_words(error: &Error) -> String {
    match error {
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "what is kept can't be read".into(),
        other => other.to_string(),
    }
}

#[cfg(target_os = "linux")]
fn system() -> Result<Store, Error> {
    Ok(Store { entries: zbus_secret_service_keyring_store::Store::new()?, attributes: &[("label", "JUICE")] })
}

#[cfg(target_os = "macos")]
fn system() -> Result<Store, Error> {
    Ok(Store { entries: apple_native_keyring_store::keychain::Store::new()?, attributes: &[] })
}

#[cfg(target_os = "windows")]
fn system() -> Result<Store, Error> {
    Ok(Store { entries: windows_native_keyring_store::Store::new()?, attributes: &[] })
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
fn system() -> Result<Store, Error> {
    Err(Error::NoDefaultStore)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn working() -> Keyring {
        let open = || Ok(Store { entries: keyring_core::mock::Store::new()?, attributes: &[] });
        Keyring::with("a profile".into(), open)
    }

    #[tokio::test]
    async fn a_password_is_kept_until_it_is_forgotten() {
        let keyring = working();
        assert!(keyring.is_there().await);
        assert_eq!(keyring.recall().await, None, "nothing is kept unasked");
        keyring.remember("four orange words".into()).await.expect("the keyring takes it");
        assert_eq!(keyring.recall().await.as_deref(), Some("four orange words"));
        keyring.forget().await;
        assert_eq!(keyring.recall().await, None);
        keyring.forget().await;
    }

    #[tokio::test]
    async fn a_changed_password_replaces_a_kept_one_and_is_not_kept_else() {
        let keyring = working();
        keyring.replace("new".into()).await;
        assert_eq!(keyring.recall().await, None, "nobody asked to keep it");
        keyring.remember("old".into()).await.expect("the keyring takes it");
        keyring.replace("new".into()).await;
        assert_eq!(keyring.recall().await.as_deref(), Some("new"));
    }

    #[test]
    fn signing_out_forgets_and_changing_the_password_replaces() {
        assert_eq!(consequence_of(&Command::SignOut), Consequence::Forget);
        let change = Command::ChangePassword { old: "old".into(), new: "new".into() };
        assert_eq!(consequence_of(&change), Consequence::Replace("new".into()));
        assert_eq!(consequence_of(&Command::CreateInvite), Consequence::Nothing);
    }

    #[tokio::test]
    async fn without_a_keyring_nothing_is_kept_and_that_is_said() {
        let keyring = Keyring::with("a profile".into(), || Err(Error::NoDefaultStore));
        assert!(!keyring.is_there().await);
        assert!(keyring.remember("four orange words".into()).await.is_err());
        assert_eq!(keyring.recall().await, None);
        keyring.forget().await;
    }

    #[tokio::test]
    async fn a_keyring_that_hangs_is_left_alone() {
        let keyring = Keyring::with("a profile".into(), || {
            std::thread::sleep(ANSWER * 2);
            Err(Error::NoDefaultStore)
        });
        let asked = std::time::Instant::now();
        assert!(!keyring.is_there().await);
        assert!(!keyring.is_there().await, "it is not asked again");
        assert!(asked.elapsed() < ANSWER * 2, "the window does not wait for it");
    }
}
