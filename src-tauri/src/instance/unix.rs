//! The profile's door on Linux and macOS: a Unix socket in the profile's folder, which only its owner can enter.
//!
//! A socket's path may have about a hundred bytes. A profile that lies deeper has its socket in the run-time folder
//! of the session, and where there is none, none: a public folder would let others of this computer stand in.

use std::{
    env, fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::net::{UnixListener, UnixStream};

use super::{receive, short_name};
use crate::desk::Desk;

/// A path that a socket can have.
pub type Address = PathBuf;

/// macOS allows 104 bytes with the closing zero, Linux 108.
const LONGEST: usize = 100;

pub fn address(profile: &Path) -> Option<Address> {
    // The same folder by another way is the same profile.
    let profile = fs::canonicalize(profile).ok()?;
    choose(&profile, env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from))
}

fn choose(profile: &Path, runtime: Option<PathBuf>) -> Option<Address> {
    let fits = |path: &PathBuf| path.as_os_str().as_bytes().len() <= LONGEST;
    let near = Some(profile.join("window.sock")).filter(fits);
    near.or_else(|| runtime.map(|folder| folder.join(short_name(profile)).with_extension("sock")).filter(fits))
}

pub async fn knock(address: &Address) -> io::Result<UnixStream> {
    UnixStream::connect(address).await
}

/// Hears every later start on this profile, until it is dropped. To be called by whoever holds the profile's lock.
pub async fn listen(address: Address, desk: Desk) {
    // What is there is of one that has ended: it would hold the lock otherwise.
    if let Err(error) = fs::remove_file(&address)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the socket of an earlier start stays");
    }
    let listener = match UnixListener::bind(&address) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, "a second start will not find this window");
            return;
        }
    };
    let _tidy = Tidy(address);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => receive(stream, &desk).await,
            Err(error) => {
                tracing::warn!(%error, "a second start was not heard");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Takes the socket away at the end.
struct Tidy(Address);

impl Drop for Tidy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "the socket stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_lies_in_the_profile_if_its_path_is_short_enough() {
        let runtime = Some(PathBuf::from("/run/user/1000"));
        assert_eq!(choose(Path::new("/home/a/juice"), runtime), Some(PathBuf::from("/home/a/juice/window.sock")));
    }

    #[test]
    fn the_socket_of_a_deep_profile_lies_in_the_folder_of_the_session_or_nowhere() {
        let deep = PathBuf::from(format!("/home/{}", "a".repeat(120)));
        let other = PathBuf::from(format!("/home/{}", "b".repeat(120)));
        let runtime = || Some(PathBuf::from("/run/user/1000"));
        assert!(choose(&deep, runtime()).is_some_and(|path| path.starts_with("/run/user/1000")));
        assert_ne!(choose(&deep, runtime()), choose(&other, runtime()));
        assert_eq!(choose(&deep, None), None, "never in a folder that others can write to");
    }
}
