//! `juice ctl`: tells the JUICE that runs on a profile what to do, and says what came of it. No window, no engine.

use std::{path::Path, process::ExitCode};

use clap::Subcommand;

use crate::{
    control::{Control, Outcome, Turn},
    instance,
};

/// What can be said to it.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Ctl {
    /// Turn your microphone on, off, or over
    Talk {
        /// on: you are heard
        turn: Turn,
    },
    /// The same the other way round: on means that nobody hears you
    Mute {
        /// on: you are not heard
        turn: Turn,
    },
    /// Answer whoever is calling
    Answer,
    /// Decline whoever is calling
    Decline,
    /// Hang up, or give up calling
    HangUp,
    /// Bring the window up
    Show,
}

impl Ctl {
    fn control(self) -> Control {
        match self {
            Self::Talk { turn } => Control::Talk(turn),
            Self::Mute { turn: Turn::On } => Control::Talk(Turn::Off),
            Self::Mute { turn: Turn::Off } => Control::Talk(Turn::On),
            Self::Mute { turn: Turn::Toggle } => Control::Talk(Turn::Toggle),
            Self::Answer => Control::Answer,
            Self::Decline => Control::Decline,
            Self::HangUp => Control::HangUp,
            Self::Show => Control::Show,
        }
    }
}

/// Says it. Fails where it wasn't done, with the reason on standard error.
pub async fn say(profile: &Path, ctl: Ctl) -> ExitCode {
    match instance::control(profile, ctl.control()).await {
        Ok(outcome) => told(outcome),
        Err(instance::Silence::NotRunning) => failed("JUICE isn't running."),
        Err(instance::Silence::NoAnswer) => failed("JUICE is running, but it doesn't answer."),
    }
}

fn told(outcome: Outcome) -> ExitCode {
    if !outcome.is_done() {
        return failed(outcome.in_words());
    }
    println!("{}", outcome.in_words());
    ExitCode::SUCCESS
}

fn failed(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
