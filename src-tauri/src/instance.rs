//! One JUICE per profile: a second start brings up the first one's window, hands over its link, and ends; `juice ctl`
//! tells it what to do.
//!
//! The first one listens on a socket that belongs to the profile (a named pipe on Windows) for one line, and answers
//! with `ok`, or with what came of a wish. Only programs of the same person get in. Who is first is decided by the engine's lock on the profile and not here, so the socket is bound only by
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
    sync::oneshot,
    time::timeout,
};

use crate::{
    control::{Control, Outcome},
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
const CONTROL: &str = "ctl ";
const OK: &str = "ok";

/// What one visitor wants.
#[derive(Debug)]
enum Visit {
    Ask(Ask),
    Control(Control),
}

/// Why nothing was heard of a wish.
#[derive(Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nobody is there.
    NotRunning,
    /// Somebody is, and says nothing that can be understood.
    NoAnswer,
}

/// Asks the JUICE that runs on this profile to come up and follow `invite`. Says whether there was one.
pub async fn hand_over(profile: &Path, invite: Option<&str>) -> bool {
    let Some(address) = door::address(profile) else { return false };
    let line = invite.map_or_else(|| SHOW.to_owned(), |link| format!("{FOLLOW}{link}"));
    say(&address, &line).await.is_ok_and(|answer| answer == OK)
}

/// Tells the JUICE that runs on this profile what to do, and gives back what came of it.
///
/// # Errors
/// See [`Silence`].
pub async fn control(profile: &Path, control: Control) -> Result<Outcome, Silence> {
    let address = door::address(profile).ok_or(Silence::NotRunning)?;
    let answer = say(&address, &format!("{CONTROL}{}", control.line())).await?;
    Outcome::read(&answer).ok_or(Silence::NoAnswer)
}

/// Says one line, and hears one.
async fn say(address: &Address, line: &str) -> Result<String, Silence> {
    let ask = async {
        let stream = door::knock(address).await.map_err(|_| Silence::NotRunning)?;
        let mut stream = BufReader::new(stream);
        stream.write_all(format!("{line}\n").as_bytes()).await.map_err(|_| Silence::NoAnswer)?;
        read_line(&mut stream).await.ok_or(Silence::NoAnswer)
    };
    timeout(PATIENCE, ask).await.unwrap_or(Err(Silence::NoAnswer))
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
        let answer = match understood(&line)? {
            Visit::Ask(ask) => {
                desk.tell(ask);
                OK
            }
            Visit::Control(control) => {
                let (answer, outcome) = oneshot::channel();
                desk.tell(Ask::Control(control, answer));
                outcome.await.ok()?.line()
            }
        };
        stream.write_all(format!("{answer}\n").as_bytes()).await.ok()?;
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

fn understood(line: &str) -> Option<Visit> {
    if line == SHOW {
        return Some(Visit::Ask(Ask::Show(None)));
    }
    if let Some(wish) = line.strip_prefix(CONTROL) {
        return Control::read(wish).map(Visit::Control);
    }
    let link = links::invite(line.strip_prefix(FOLLOW)?)?;
    Some(Visit::Ask(Ask::Show(Some(WindowNews::FollowInvite { link }))))
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
    fn a_line_says_to_show_the_window_to_follow_an_invite_or_what_to_do_and_nothing_else() {
        assert!(matches!(understood("show"), Some(Visit::Ask(Ask::Show(None)))));
        let Some(Visit::Ask(Ask::Show(Some(WindowNews::FollowInvite { link })))) = understood("follow juice:1:abc")
        else {
            panic!("an invite is followed");
        };
        assert_eq!(link, "juice:1:abc");
        assert!(matches!(understood("ctl hang-up"), Some(Visit::Control(Control::HangUp))));
        for line in
            ["", "quit", "follow", "follow https://example.org", "follow juice:1:", "show me", "ctl", "ctl quit"]
        {
            assert!(understood(line).is_none(), "{line} says nothing");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_second_start_hands_its_link_to_the_first_and_wishes_are_answered() {
        let profile = std::env::temp_dir().join(format!("juice-instance-{}", std::process::id()));
        std::fs::create_dir_all(&profile).expect("a folder for the test");
        assert!(!hand_over(&profile, None).await, "nobody is there yet");
        assert_eq!(control(&profile, Control::Show).await, Err(Silence::NotRunning));

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

        let asked = tokio::spawn({
            let profile = profile.clone();
            async move { control(&profile, Control::HangUp).await }
        });
        let Some(Ask::Control(Control::HangUp, answer)) = asks.recv().await else { panic!("the desk is asked") };
        answer.send(Outcome::NoCall).expect("somebody waits");
        assert_eq!(asked.await.expect("it ends"), Ok(Outcome::NoCall));
        listening.abort();
        std::fs::remove_dir_all(profile).expect("the folder goes");
    }
}
