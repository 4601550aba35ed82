//! The real app in real windows, from the first screen to the last: what a person sees and does.
//!
//! Linux only, as the driver of its web view is. Pictures of every screen go to `target/screenshots`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test's way to say that it failed"
)]
#![cfg(target_os = "linux")]

mod calls;
mod devices;
mod meeting;
mod memos;
mod outside;
mod text;
mod video;

use std::path::{Path, PathBuf};

use juice_tests::{
    Folder, Puppet, ServerProcess,
    windows::{Desktop, Sound, Stage, Window},
};

fn pictures() -> PathBuf {
    juice_tests::server::program("x").ancestors().nth(2).expect("target").join("screenshots")
}

/// A screen as it is now, light and dark.
fn picture(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.theme(theme);
        window.picture(&pictures().join(format!("{name}-{theme}.png")));
    }
    window.theme("light");
}

/// No sound card is looked for.
const SOUND: [&str; 4] = ["--microphone", "tone:440", "--speaker", "nothing"];

struct Scene {
    stage: Stage,
    server: ServerProcess,
    folders: Vec<Folder>,
    environment: Vec<(&'static str, &'static str)>,
}

impl Scene {
    fn set(names: &[&str]) -> Self {
        let folders: Vec<_> = ["server"].iter().chain(names).copied().map(Folder::new).collect();
        let server = ServerProcess::start(folders[0].path(), "127.0.0.1:0");
        Self { stage: Stage::open("1400x1000"), server, folders, environment: Vec::new() }
    }

    /// A desktop, for the windows that are opened from here on.
    fn desktop(&mut self) -> Desktop {
        self.environment.push(Desktop::ENVIRONMENT);
        Desktop::watch(&self.stage)
    }

    fn window(&self, number: usize) -> Window {
        self.window_hearing(number, &SOUND, &[])
    }

    /// One that speaks and hears with the devices of a sound server.
    fn window_with(&self, number: usize, sound: &Sound) -> Window {
        self.window_hearing(number, &[], &sound.environment())
    }

    /// One that is told what to speak and hear with.
    fn window_hearing(&self, number: usize, devices: &[&str], around: &[(&str, String)]) -> Window {
        let folder = self.folders[number + 1].path();
        let home = folder.display().to_string();
        let mut environment = vec![("LANG", "en_GB.UTF-8"), ("HOME", home.as_str())];
        environment.extend(&self.environment);
        environment.extend(around.iter().map(|(name, value)| (*name, value.as_str())));
        let server = ["--server", self.server.address()];
        Window::open(&self.stage, folder, &[&server[..], devices].concat(), &environment)
    }

    /// Somebody without a window, who asks to be a buddy of one who has one.
    fn puppet(&self, number: usize, name: &str, buddy: &str) -> Puppet {
        let mut puppet = Puppet::start(self.folders[number + 1].path());
        puppet.register(name, self.server.address());
        puppet.done(&serde_json::json!({ "type": "addBuddy", "name": buddy, "note": "hi" }));
        puppet
    }

    /// The folder of a person's profile, which is their home too.
    fn home(&self, number: usize) -> &Path {
        self.folders[number + 1].path()
    }

    /// Two windows, of Alice and Bob, who are buddies and have each other's conversation open.
    fn buddies(&self) -> (Window, Window) {
        let (alice, bob) = (self.window(0), self.window(1));
        self.befriend(&alice, &bob);
        (alice, bob)
    }

    /// Lets two new windows be of Alice and Bob, as `buddies` does.
    fn befriend(&self, alice: &Window, bob: &Window) {
        alice.register("alice");
        bob.register("bob");
        alice.add_buddy("bob", "hi");
        bob.accept_request();
        alice.wait_state("bob", "here");
        bob.wait_state("alice", "here");
        alice.open_chat("bob");
        bob.open_chat("alice");
    }
}
