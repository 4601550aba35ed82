//! Files of a conversation in the person's own programs, and in their folder.
//!
//! What a buddy sent is never run: a program, or what starts one, is only shown where it lies. Nothing here opens by
//! itself; each call is a click.

use std::{path::Path, time::Duration};

use juice_engine::view::{CommandError, ErrorCode};

/// A file manager that has to be started first gets this long; after it the folder is opened.
const PATIENCE: Duration = Duration::from_secs(5);

/// What starts something when it is opened, on one system or another. The page has the same list, to warn.
const PROGRAMS: &[&str] = &[
    "exe",
    "msi",
    "msix",
    "bat",
    "cmd",
    "com",
    "scr",
    "pif",
    "cpl",
    "ps1",
    "psm1",
    "vbs",
    "vbe",
    "js",
    "jse",
    "mjs",
    "ws",
    "wsf",
    "wsh",
    "hta",
    "msc",
    "reg",
    "lnk",
    "inf",
    "dll",
    "jar",
    "jnlp",
    "sh",
    "bash",
    "zsh",
    "fish",
    "csh",
    "ksh",
    "run",
    "bin",
    "appimage",
    "desktop",
    "deb",
    "rpm",
    "flatpakref",
    "snap",
    "apk",
    "app",
    "command",
    "dmg",
    "pkg",
    "mpkg",
    "scpt",
    "workflow",
    "action",
    "terminal",
    "url",
    "webloc",
    "py",
    "pyw",
    "pl",
    "rb",
    "php",
    "lua",
    "xpi",
    "crx",
    "iso",
    "img",
    "vhd",
];

/// Opens a file in the program that the person has for its kind.
///
/// # Errors
/// `Unknown` for a program; `Internal` where nothing opens it.
pub fn open(path: &Path) -> Result<(), CommandError> {
    if is_program(path) {
        return Err(CommandError { code: ErrorCode::Unknown, message: "programs are not started from here".into() });
    }
    hand_over(path)
}

/// Shows a file in its folder: chosen there where the file manager can do that, else the folder alone.
///
/// # Errors
/// `NoSuchFile` where there is no folder; `Internal` where nothing opens it.
pub async fn show(path: &Path) -> Result<(), CommandError> {
    let missing = || CommandError { code: ErrorCode::NoSuchFile, message: "it is not where it was".into() };
    let folder = path.parent().filter(|folder| folder.is_dir()).ok_or_else(missing)?;
    if path.exists() && tokio::time::timeout(PATIENCE, manager::choose(path)).await.unwrap_or(false) {
        return Ok(());
    }
    hand_over(folder)
}

/// File managers choose a file when they are asked for that: freedesktop's File Manager D-Bus Interface.
#[cfg(all(unix, not(target_os = "macos")))]
mod manager {
    use std::path::Path;

    use zbus::Connection;

    const NAME: &str = "org.freedesktop.FileManager1";

    /// False where no file manager does so.
    pub async fn choose(path: &Path) -> bool {
        let Ok(address) = url::Url::from_file_path(path) else { return false };
        match asked(address.as_str()).await {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%error, "no file manager chooses a file");
                false
            }
        }
    }

    async fn asked(address: &str) -> zbus::Result<()> {
        let bus = Connection::session().await?;
        // The last argument is for start-up notification, which nobody waits for.
        let arguments = (vec![address], "");
        bus.call_method(Some(NAME), "/org/freedesktop/FileManager1", Some(NAME), "ShowItems", &arguments).await?;
        Ok(())
    }
}

#[cfg(target_os = "macos")]
mod manager {
    use std::path::Path;

    use tokio::process::Command;

    pub async fn choose(path: &Path) -> bool {
        Command::new("open").arg("-R").arg(path).status().await.is_ok_and(|status| status.success())
    }
}

#[cfg(windows)]
mod manager {
    use std::{os::windows::process::CommandExt, path::Path, process::Command};

    /// Explorer has a command line of its own kind, and no path has a quotation mark in it.
    pub async fn choose(path: &Path) -> bool {
        Command::new("explorer").raw_arg(format!("/select,\"{}\"", path.display())).spawn().is_ok()
    }
}

/// Whether opening it would start something.
fn is_program(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    PROGRAMS.contains(&ending.as_str()) || is_executable(path)
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    // Of what is not there nothing can be started.
    path.metadata().is_ok_and(|about| about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}

fn hand_over(path: &Path) -> Result<(), CommandError> {
    open::that_detached(path).map_err(|error| {
        tracing::warn!(kind = ?error.kind(), "no program took a file");
        CommandError { code: ErrorCode::Internal, message: "no program opens this file".into() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eve_cannot_have_a_program_started_by_a_click() {
        for name in ["setup.exe", "photo.jpg.EXE", "x.desktop", "run.sh", "A.scr", "site.url", "tool.AppImage"] {
            let refused = open(Path::new("/nowhere").join(name).as_path()).err().map(|error| error.code);
            assert_eq!(refused, Some(ErrorCode::Unknown), "{name}");
        }
    }

    #[test]
    fn what_is_only_looked_at_is_no_program() {
        for name in ["a.pdf", "photo.jpg", "README", "film.mp4", "exe"] {
            assert!(!is_program(Path::new("/nowhere").join(name).as_path()), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_may_be_run_is_a_program_whatever_it_is_called() {
        let shell = Path::new("/bin/sh");
        assert!(is_program(shell), "it has no ending, but the right to be run");
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_told() {
        let refused = show(Path::new("/nowhere/at/all.txt")).await.err().map(|error| error.code);
        assert_eq!(refused, Some(ErrorCode::NoSuchFile));
    }
}
