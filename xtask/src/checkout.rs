//! Where things are: the repository's root, the target folder, the built programs; and commands
//! that start in the right folder with a clean environment.
//!
//! Reads the environment and the file system, writes neither. Made once by `main` and lent out.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// This repository on this machine.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// The folder with the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// The folder that cargo builds into, wherever the user has put it.
    pub target: PathBuf,
}

/// Which of cargo's two profiles a program was built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Debug,
    Release,
}

impl Checkout {
    /// Finds the root by the manifest that cargo is running, and the target folder by this very
    /// program, which cargo has put at `TARGET/debug/xtask`: so no setting of cargo's is missed.
    pub fn find() -> Result<Self, Failure> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
        let root = Path::new(&manifest)
            .parent()
            .filter(|root| root.join("Cargo.lock").exists())
            .ok_or_else(|| Failure::new("this isn't run inside the repository"))?;
        let own =
            env::current_exe().map_err(|error| Failure::new(format!("can't find the program itself: {error}")))?;
        let target = own.parent().and_then(Path::parent).ok_or_else(|| Failure::new("can't find the target folder"))?;
        Ok(Self { root: root.to_owned(), target: target.to_owned() })
    }

    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// The path of a built program of this workspace.
    pub fn program(&self, profile: Profile, name: &str) -> PathBuf {
        let folder = match profile {
            Profile::Debug => "debug",
            Profile::Release => "release",
        };
        self.target.join(folder).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// A command that starts in the root, without what cargo told *this* program about itself:
    /// some build scripts (ring's) run again whenever those variables differ.
    pub fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(is_about_xtask) {
                command.env_remove(name);
            }
        }
        if let Some(path) = path_with_cargo_programs() {
            command.env("PATH", path);
        }
        command
    }

    /// The same cargo that runs this program.
    pub fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
    }

    /// npm, in the folder of the user interface.
    pub fn npm(&self) -> Command {
        let mut command = self.command(if cfg!(windows) { "npm.cmd" } else { "npm" });
        command.current_dir(self.ui());
        command
    }
}

fn is_about_xtask(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_")
        || variable.starts_with("CARGO_MANIFEST_")
        || matches!(variable, "CARGO" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME")
}

/// Whether a program can be started by its bare name.
pub fn is_installed(program: &str) -> bool {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    path_with_cargo_programs().is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(&name).is_file()))
}

/// `cargo install` puts programs where a distribution's own PATH doesn't look.
fn path_with_cargo_programs() -> Option<OsString> {
    let path = env::var_os("PATH")?;
    let home =
        env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")))?;
    let folder = home.join("bin");
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    if !folders.contains(&folder) {
        folders.push(folder);
    }
    env::join_paths(folders).ok()
}

/// Whether nobody is there to be asked.
pub fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_about_xtask_is_kept_from_children_but_the_users_settings_are_not() {
        assert!(is_about_xtask("CARGO_PKG_VERSION"));
        assert!(is_about_xtask("CARGO_MANIFEST_DIR"));
        assert!(!is_about_xtask("CARGO_TARGET_DIR"));
        assert!(!is_about_xtask("CARGO_HOME"));
        assert!(!is_about_xtask("CARGO_BUILD_JOBS"));
    }

    #[test]
    fn a_program_that_nobody_has_is_not_installed() {
        assert!(!is_installed("a-program-that-nobody-has"));
    }

    #[test]
    fn programs_are_looked_for_in_the_folder_of_their_profile() {
        let checkout = Checkout { root: PathBuf::from("r"), target: PathBuf::from("t") };
        let path = checkout.program(Profile::Release, "bench-message");
        assert!(path.starts_with(Path::new("t").join("release")), "{path:?}");
    }
}
