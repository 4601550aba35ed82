//! One JUICE per profile: a second start brings up the first one's window, hands over its link, and ends.
//!
//! The first one listens on a socket that belongs to the profile (a named pipe on Windows) for one line and answers
//! `ok`. Who is first is decided by the engine's lock on the profile and not here, so the socket is bound only by
//! whoever holds that lock, and one that a crash left behind is simply replaced.

#[cfg(unix)]
#[path = "instance/unix.rs"]
mod door;
#[cfg(windows)]
#[path = "instance/windows.rs"]
mod door;

use std::{path::Path, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    time::timeout,
};

use crate::{
    desk::{Ask, Desk},
    events::WindowNews,
    links,
};

pub use door::{Address, listen};

/// The other side is a program on this computer that has nothing else to do.
const PATIENCE: Duration = Duration::from_secs(3);
/// No line is longer; a link has 512 bytes at most.
const LONGEST: u64 = 1_024;
const SHOW: &str = "show";
const FOLLOW: &str = "follow ";
const OK: &str = "ok";

/// Asks the JUICE that runs on this profile to come up and follow `invite`. Says whether there was one.
pub async fn hand_over(profile: &Path, invite: Option<&str>) -> bool {
    let Some(address) = door::address(profile) else { return false };
    let line = invite.map_or_else(|| SHOW.to_owned(), |link| format!("{FOLLOW}{link}"));
    let ask = async {
        let stream = door::knock(&address).await.ok()?;
        let mut stream = BufReader::new(stream);
        stream.write_all(format!("{line}\n").as_bytes()).await.ok()?;
        read_line(&mut stream).await
    };
    timeout(PATIENCE, ask).await.ok().flatten().as_deref() == Some(OK)
}

/// Where the JUICE on this profile listens; none where no place for it can be found.
pub fn address(profile: &Path) -> Option<Address> {
    door::address(profile)
}

/// Hears out one visitor.
async fn receive(stream: impl AsyncRead + AsyncWrite + Unpin, desk: &Desk) {
    let mut stream = BufReader::new(stream);
    let hear = async {
        let line = read_line(&mut stream).await?;
        desk.tell(understood(&line)?);
        stream.write_all(format!("{OK}\n").as_bytes()).await.ok()?;
        stream.flush().await.ok()
    };
    if !matches!(timeout(PATIENCE, hear).await, Ok(Some(()))) {
        tracing::debug!("a second start said nothing that could be understood");
    }
}

async fn read_line(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<String> {
    let mut line = String::new();
    stream.take(LONGEST).read_line(&mut line).await.ok()?;
    Some(line.strip_suffix('\n')?.to_owned())
}

fn understood(line: &str) -> Option<Ask> {
    if line == SHOW {
        return Some(Ask::Show(None));
    }
    let link = links::invite(line.strip_prefix(FOLLOW)?)?;
    Some(Ask::Show(Some(WindowNews::FollowInvite { link })))
}

/// A short name for a profile's folder (FNV-1a, 64 bits): the same at every start and in every version.
pub fn short_name(profile: &Path) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in profile.as_os_str().as_encoded_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("juice-{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_has_a_name_of_its_own_that_never_changes() {
        assert_eq!(short_name(Path::new("/home/alice/juice")), short_name(Path::new("/home/alice/juice")));
        assert_ne!(short_name(Path::new("/home/alice/juice")), short_name(Path::new("/home/alice/juice2")));
        assert_eq!(short_name(Path::new("a")), "juice-af63dc4c8601ec8c", "as FNV-1a is published");
    }

    #[test]
    fn a_line_says_to_show_the_window_or_to_follow_an_invite_and_nothing_else() {
        assert!(matches!(understood("show"), Some(Ask::Show(None))));
        let followed = understood("follow juice:1:abc");
        assert!(matches!(followed, Some(Ask::Show(Some(WindowNews::FollowInvite { link }))) if link == "juice:1:abc"));
        for line in ["", "quit", "follow", "follow https://example.org", "follow juice:1:", "show me"] {
            assert!(understood(line).is_none(), "{line} says nothing");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_second_start_hands_its_link_to_the_first() {
        let profile = std::env::temp_dir().join(format!("juice-instance-{}", std::process::id()));
        std::fs::create_dir_all(&profile).expect("a folder for the test");
        assert!(!hand_over(&profile, None).await, "nobody is there yet");

        let (desk, mut asks) = Desk::new();
        let address = address(&profile).expect("there is a place");
        // As a crash leaves it behind.
        drop(std::os::unix::net::UnixListener::bind(&address).expect("the socket is made"));
        assert!(!hand_over(&profile, None).await, "nobody answers at a socket left behind");
        let listening = tokio::spawn(listen(address, desk));

        while !hand_over(&profile, Some("juice:1:abc")).await {
            tokio::task::yield_now().await;
        }
        assert!(matches!(asks.recv().await, Some(Ask::Show(Some(WindowNews::FollowInvite { .. })))));
        listening.abort();
        std::fs::remove_dir_all(profile).expect("the folder goes");
    }
}
