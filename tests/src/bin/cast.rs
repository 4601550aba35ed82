//! The cast of the demo: makes Alice and Bob buddies, and plays a short conversation in their windows.

#![allow(clippy::expect_used, reason = "a play that can't go on has failed")]

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::{Parser, Subcommand};
use juice_engine::{
    Config, Engine, Events, Handle,
    audio::{Sink, Source},
    view::{Command, Event},
};
use juice_tests::windows::{Stage, Window};
use tokio::time::{Duration, timeout};

/// The cast of the demo.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Make an account for each, and make them buddies.
    Prepare {
        /// The server's address.
        #[arg(long)]
        server: String,
        /// Whose profile folder; as many as names.
        #[arg(long)]
        profile: Vec<PathBuf>,
        /// Whose name.
        #[arg(long)]
        name: Vec<String>,
        /// The password of all.
        #[arg(long)]
        password: String,
    },
    /// Play a conversation in two windows and take pictures.
    Play {
        /// The server's address.
        #[arg(long)]
        server: String,
        /// Alice's profile, then Bob's.
        #[arg(long)]
        profile: Vec<PathBuf>,
        /// Where the pictures go.
        #[arg(long)]
        screenshots: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    juice_engine::forget_tls_secrets_file();
    match Arguments::parse().verb {
        Verb::Prepare { server, profile, name, password } => {
            ensure!(profile.len() == name.len() && !name.is_empty(), "as many --profile as --name");
            tokio::runtime::Runtime::new()?.block_on(prepare(&server, &profile, &name, &password))
        }
        Verb::Play { profile, screenshots, .. } => match profile.as_slice() {
            [alice, bob] => play(alice, bob, &screenshots),
            _ => bail!("two --profile, please"),
        },
    }
}

struct Actor {
    handle: Handle,
    events: Events,
}

impl Actor {
    async fn until(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> anyhow::Result<Event> {
        let waiting = async {
            loop {
                let event = self.events.next().await.context("the engine ended")?;
                if fits(&event) {
                    return Ok(event);
                }
            }
        };
        timeout(Duration::from_secs(30), waiting).await.with_context(|| format!("{what} did not happen"))?
    }
}

async fn prepare(server: &str, profiles: &[PathBuf], names: &[String], password: &str) -> anyhow::Result<()> {
    let mut cast = Vec::new();
    for (profile, name) in profiles.iter().zip(names) {
        let downloads = Some(profile.join("downloads"));
        let config = Config {
            profile: profile.clone(),
            server: None,
            loopback_only: true,
            downloads,
            source: Some(Source::Silence),
            sink: Some(Sink::Nothing),
            camera: None,
        };
        let (handle, events) = Engine::start(config).await?;
        let (name, password, server) = (name.clone(), password.to_owned(), server.to_owned());
        handle.command(Command::Register { name, password, server, invite: None }).await?;
        cast.push(Actor { handle, events });
    }
    let Some((first, others)) = cast.split_first_mut() else { return Ok(()) };
    for (other, name) in others.iter_mut().zip(names.iter().skip(1)) {
        let note = "It's me!".to_owned();
        first.handle.command(Command::AddBuddy { name: name.clone(), note }).await?;
        let event = other.until("the request", |event| matches!(event, Event::RequestArrived { .. })).await?;
        let Event::RequestArrived { request } = event else { bail!("just matched") };
        other.handle.command(Command::AcceptBuddy { buddy: request.id }).await?;
        first.until("the link", |event| matches!(event, Event::BuddyAppeared { .. })).await?;
    }
    for actor in &cast {
        actor.handle.stop().await;
    }
    Ok(())
}

/// Who says what.
const SCRIPT: [(bool, &str); 8] = [
    (true, "Good morning! Is the kettle on?"),
    (false, "Just boiled. You're up early 🍊"),
    (true, "The market opens at eight, and I want the first oranges."),
    (false, "Bring some for me? The juicy ones from the corner stall."),
    (true, "Of course.\nAnything else while I'm there?"),
    (false, "A bunch of mint. And tell Carla hello!"),
    (true, "Will do. Back by nine."),
    (false, "See you then 👋"),
];

fn play(alice: &Path, bob: &Path, pictures: &Path) -> anyhow::Result<()> {
    let stage = Stage::open("2000x900");
    let unlock = [("JUICE_UNLOCK", std::env::var("JUICE_UNLOCK").context("JUICE_UNLOCK has the password")?)];
    let unlock: Vec<_> = unlock.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let windows = [Window::open(&stage, alice, &[], &unlock), Window::open(&stage, bob, &[], &unlock)];
    let [alice, bob] = &windows;
    alice.wait_state("bob", "here");
    bob.wait_state("alice", "here");
    alice.open_chat("bob");
    bob.open_chat("alice");
    for (by_alice, line) in SCRIPT {
        let (speaker, listener) = if by_alice { (alice, bob) } else { (bob, alice) };
        let first = line.lines().next().unwrap_or_default();
        speaker.say_lines(line);
        listener.wait_message(first, false);
        speaker.wait_message(first, true);
    }
    alice.wait_delivery("Will do. Back by nine.", "read");
    for (window, name) in [(alice, "alice"), (bob, "bob")] {
        for theme in ["light", "dark"] {
            window.theme(theme);
            window.picture(&pictures.join(format!("demo-{name}-{theme}.png")));
        }
    }
    Ok(())
}
