//! Files of a conversation in the person's own programs, and in their folder.
//!
//! What a buddy sent is never run: a program, or what starts one, is only shown where it lies. Nothing here opens by
//! itself; each call is a click.

use std::path::Path;

use juice_engine::view::{CommandError, ErrorCode};

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

/// Opens the folder in which a file lies.
///
/// # Errors
/// `NoSuchFile` where there is none; `Internal` where nothing opens it.
pub fn show(path: &Path) -> Result<(), CommandError> {
    let missing = || CommandError { code: ErrorCode::NoSuchFile, message: "it is not where it was".into() };
    let folder = path.parent().filter(|folder| folder.is_dir()).ok_or_else(missing)?;
    hand_over(folder)
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

    #[test]
    fn a_folder_that_is_gone_is_told() {
        let refused = show(Path::new("/nowhere/at/all.txt")).err().map(|error| error.code);
        assert_eq!(refused, Some(ErrorCode::NoSuchFile));
    }
}
