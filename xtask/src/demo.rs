//! The verb `demo`: a server, Alice and Bob who are buddies already, and a window for each.
//!
//! At a screen the windows are left to whoever sits there until both are closed or Ctrl-C is
//! pressed. Without one, or when told so, a hidden screen is started, `cast` plays a short
//! conversation in the two windows, and its pictures are what remains. Everything is made afresh in
//! `target/demo` and ended again with this process.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::checkout::{Checkout, Profile};
use crate::display::{Display, somebody_watches};
use crate::failure::Failure;
use crate::process::Children;
use crate::programs::{build_window, local_server};
use crate::setup::{self, DRIVEN, WINDOW};
use crate::signals::ProcessId;
use crate::step::{note, step};

const PEOPLE: [&str; 2] = ["alice", "bob"];
/// Protects nothing but two accounts that live until the next demo.
const PASSWORD: &str = "peel the orange slowly";
/// What the server prints before the address to hand out.
const ADDRESS: &str = "address: ";
/// A server is up in well under a second; a busy machine gets more.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(200);

pub fn demo(checkout: &Checkout, children: &mut Children, headless: bool) -> Result<(), Failure> {
    let hidden = headless || !somebody_watches();
    if hidden && !cfg!(target_os = "linux") {
        return Err(Failure::new("a hidden screen can be had on Linux only"));
    }
    let mut needs = WINDOW.to_vec();
    if hidden {
        needs.extend(DRIVEN);
    }
    setup::setup(checkout, children, &needs)?;
    build_window(checkout, children)?;

    let stage = Stage::prepare(checkout)?;
    let (server, address) = step("start the server", || stage.start_server(children))?;
    note(&format!("its address is {address}"));
    step("make Alice and Bob buddies", || {
        let mut cast = stage.cast("prepare", &address);
        for person in PEOPLE {
            cast.arg("--profile").arg(stage.profile(person));
            cast.args(["--name", person]);
        }
        children.run(cast.args(["--password", PASSWORD]))
    })?;
    if hidden { play(&stage, children, &address) } else { open(&stage, children, server) }
}

/// Where a demo takes place: its folder, held by a lock so that two demos don't share it.
struct Stage<'a> {
    checkout: &'a Checkout,
    folder: PathBuf,
    _lock: File,
}

impl<'a> Stage<'a> {
    /// Takes the lock and empties the folder.
    fn prepare(checkout: &'a Checkout) -> Result<Self, Failure> {
        let folder = checkout.target.join("demo");
        let path = checkout.target.join("demo.lock");
        let lock = File::create(&path).map_err(|error| Failure::about(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new("another demo is running: end that one first"));
            }
            Err(TryLockError::Error(error)) => return Err(Failure::about(&path, &error)),
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| Failure::about(&folder, &error))?;
        }
        fs::create_dir_all(&folder).map_err(|error| Failure::about(&folder, &error))?;
        Ok(Self { checkout, folder, _lock: lock })
    }

    fn profile(&self, person: &str) -> PathBuf {
        self.folder.join(person)
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn program(&self, name: &str) -> Command {
        self.checkout.command(self.checkout.program(Profile::Debug, name))
    }

    fn start_server(&self, children: &mut Children) -> Result<(ProcessId, String), Failure> {
        let mut server = self.program("juice-rendezvous");
        server.args(local_server(&self.folder.join("server")));
        let log = self.log("server");
        children.start_and_hear("the server", &mut server, &log, ADDRESS, PATIENCE)
    }

    fn cast(&self, verb: &str, address: &str) -> Command {
        let mut cast = self.program("cast");
        cast.args([verb, "--server", address]);
        cast
    }
}

/// Two windows for whoever sits at the screen.
fn open(stage: &Stage, children: &mut Children, server: ProcessId) -> Result<(), Failure> {
    let mut windows = Vec::new();
    for person in PEOPLE {
        let mut juice = stage.program("juice");
        juice.arg("--profile").arg(stage.profile(person));
        juice.env("JUICE_UNLOCK", PASSWORD);
        juice.env("JUICE_EXIT_WHEN_CLOSED", "1");
        windows.push(children.start(person, &mut juice, &stage.log(person))?);
    }
    note("Alice's and Bob's windows are opening; close both or press Ctrl-C to end the demo");
    note(&format!("logs and profiles are in {}", stage.folder.display()));
    loop {
        thread::sleep(GLANCE);
        if children.ended(server).is_some() {
            return Err(children.silence_of(server));
        }
        let mut all_closed = true;
        for window in &windows {
            match children.ended(*window) {
                None => all_closed = false,
                Some(status) if status.success() => {}
                Some(_) => return Err(children.silence_of(*window)),
            }
        }
        if all_closed {
            note("both windows are closed");
            return Ok(());
        }
    }
}

/// A conversation on a hidden screen, and its pictures.
fn play(stage: &Stage, children: &mut Children, address: &str) -> Result<(), Failure> {
    let pictures = stage.checkout.target.join("screenshots");
    if pictures.exists() {
        fs::remove_dir_all(&pictures).map_err(|error| Failure::about(&pictures, &error))?;
    }
    fs::create_dir_all(&pictures).map_err(|error| Failure::about(&pictures, &error))?;
    let display = Display::start(stage.checkout, children)?;
    step("play a conversation in two windows", || {
        let mut cast = stage.cast("play", address);
        for person in PEOPLE {
            cast.arg("--profile").arg(stage.profile(person));
        }
        cast.arg("--screenshots").arg(&pictures);
        cast.env("JUICE_UNLOCK", PASSWORD);
        display.lend(&mut cast);
        children.run(&mut cast)
    })?;
    let taken = files_of(&pictures);
    if taken.is_empty() {
        return Err(Failure::new("the conversation was played but no picture was taken"));
    }
    println!("Screenshots:");
    for picture in taken {
        println!("  {}", picture.display());
    }
    Ok(())
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.sort();
    files
}
