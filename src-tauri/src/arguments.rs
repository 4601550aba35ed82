//! What JUICE is told at its start: flags, environment, and how much to log.

use std::{io, path::PathBuf};

use clap::{Parser, Subcommand};
use juice_engine::{
    audio::{Sink, Source},
    video::Synthetic,
};
use tracing_subscriber::EnvFilter;

use crate::{ctl::Ctl, links};

/// The libraries below us name addresses at `info`.
const USUAL_LOG: &str = "error,juice=info,juice_engine=info,juice_proto=info";

/// A buddy-list messenger, peer to peer.
///
/// JUICE_LOG says how much is logged to standard error (error, warn, info, debug, trace; "info" if unset).
/// JUICE_EXIT_WHEN_CLOSED=1 makes closing the window end JUICE instead of hiding it in the tray.
#[derive(Clone, Parser)]
#[command(name = "juice", version)]
pub struct Arguments {
    /// The folder of the account to open
    #[arg(long, value_name = "DIR", global = true)]
    pub profile: Option<PathBuf>,

    /// The server's address to offer at the first start
    #[arg(long, value_name = "ADDRESS", env = "JUICE_SERVER")]
    pub server: Option<String>,

    /// Start in the tray, without a window
    #[arg(long)]
    pub hidden: bool,

    /// Be reachable on this computer alone
    #[arg(long, hide = true)]
    pub loopback_only: bool,

    /// Speak with this instead of a microphone: silence, tone:HERTZ, or a WAV file
    #[arg(long, hide = true, value_name = "SOUND")]
    pub microphone: Option<Source>,

    /// Play into this instead of a loudspeaker: nothing, or a WAV file to be made
    #[arg(long, hide = true, value_name = "SOUND")]
    pub speaker: Option<Sink>,

    /// Be seen by this instead of a camera: test, a picture that moves
    #[arg(long, hide = true, value_name = "PICTURE")]
    pub camera: Option<Synthetic>,

    /// The password, for demonstrations and tests. It stays in the environment, which everybody of the same user can
    /// read: taking it out would be unsafe once there are threads.
    #[arg(skip = password())]
    pub unlock: Option<String>,

    /// An invite to follow (juice:1:...)
    #[arg(value_name = "LINK")]
    link: Option<String>,

    #[command(subcommand)]
    pub errand: Option<Errand>,
}

/// What is done instead of running JUICE.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Errand {
    /// Tell the JUICE that is running what to do, from a desktop's keyboard settings or a script
    ///
    /// It speaks with the JUICE of the same person on the same profile, says what happened, and exits with 1 where
    /// nothing did.
    #[command(subcommand)]
    Ctl(Ctl),
}

impl Arguments {
    /// The invite to follow, if what was given is one.
    pub fn invite(&self) -> Option<String> {
        self.link.as_deref().and_then(links::invite)
    }
}

fn password() -> Option<String> {
    std::env::var("JUICE_UNLOCK").ok().filter(|password| !password.is_empty())
}

/// Logs to standard error, without colours where nobody sees them.
pub fn start_log() {
    let filter = EnvFilter::try_from_env("JUICE_LOG").unwrap_or_else(|_| EnvFilter::new(USUAL_LOG));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::control::Turn;

    #[test]
    fn the_flags_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_running_juice_is_told_what_to_do_on_its_profile() {
        for words in
            [["juice", "--profile", "x", "ctl", "talk", "toggle"], ["juice", "ctl", "talk", "toggle", "--profile", "x"]]
        {
            let arguments = Arguments::parse_from(words);
            assert_eq!(arguments.profile, Some("x".into()));
            assert!(matches!(arguments.errand, Some(Errand::Ctl(Ctl::Talk { turn: Turn::Toggle }))));
        }
        assert!(Arguments::try_parse_from(["juice", "ctl", "talk", "louder"]).is_err());
        assert!(Arguments::try_parse_from(["juice", "ctl"]).is_err());
    }

    #[test]
    fn only_an_invite_is_followed() {
        let link = |words: &[&str]| Arguments::parse_from(words).invite();
        assert_eq!(link(&["juice", "juice:1:abc"]).as_deref(), Some("juice:1:abc"));
        assert_eq!(link(&["juice", "--hidden", "https://example.org"]), None);
        assert_eq!(link(&["juice"]), None);
    }
}
