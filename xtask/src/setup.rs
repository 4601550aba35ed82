//! Finds what a verb needs and this machine lacks, and installs it.
//!
//! Every verb calls [`setup`] first with its [`Need`]s, so the satisfied case costs a query to the
//! package database and a look at a few files. Asks before it installs anything, unless it runs as
//! root or with CI=true. Where packages don't come from apt, dnf or pacman, it says what to install
//! and leaves it at that.

mod family;
mod packages;
mod tools;

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::{Command, Stdio};

use crate::checkout::{Checkout, is_ci};
use crate::failure::Failure;
use crate::process::Children;
use crate::step::note;

/// Something that a verb can't do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A C compiler, cmake, OpenSSL's libcrypto and the system's sound: enough for the server and the engine.
    Compiler,
    /// The system's web view, to build and open windows.
    WebView,
    /// Node, npm and the modules of the user interface.
    Ui,
    /// A screen that nobody sees, with fonts, and programs that drive and photograph windows on it.
    Screen,
    /// A sound server of one's own, with devices that tests make.
    Sound,
    /// Programs that make networks of their own, to test on bad ones.
    Network,
    /// The test runner.
    Nextest,
    /// The program between WebDriver and a Tauri window.
    TauriDriver,
}

/// All that building and opening a window takes.
pub const WINDOW: [Need; 3] = [Need::Compiler, Need::WebView, Need::Ui];
/// All that driving windows without anybody there takes besides.
pub const DRIVEN: [Need; 2] = [Need::Screen, Need::TauriDriver];

/// The verb `setup`: everything that any verb on this system could need.
pub fn everything(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    let mut needs = WINDOW.to_vec();
    needs.push(Need::Nextest);
    if cfg!(target_os = "linux") {
        needs.extend(DRIVEN);
        needs.extend([Need::Sound, Need::Network]);
    }
    setup(checkout, children, &needs)?;
    note("everything is there");
    Ok(())
}

/// Sees to it that these needs are met when it returns well.
pub fn setup(checkout: &Checkout, children: &mut Children, needs: &[Need]) -> Result<(), Failure> {
    packages::install(checkout, children, needs)?;
    for need in needs {
        match need {
            Need::Compiler | Need::WebView | Need::Sound | Need::Network => {}
            Need::Screen => tools::find_web_driver()?,
            Need::Ui => tools::install_modules(checkout, children)?,
            Need::Nextest => tools::install_nextest(checkout, children)?,
            Need::TauriDriver => tools::install_tauri_driver(checkout, children)?,
        }
    }
    Ok(())
}

/// Whether the person at the terminal agrees; root and CI always do. Where nobody is there to be
/// asked, that is a failure which says what would have been done.
fn ask(question: &str) -> Result<(), Failure> {
    if is_ci() || is_root() {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::new(format!(
            "{question} There is nobody to ask: run `cargo xtask setup` at a terminal, or with CI=true"
        )));
    }
    eprint!("{question} [Y/n] ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::new(format!("can't read the answer: {error}")))?;
    if is_yes(&answer) { Ok(()) } else { Err(Failure::new("nothing installed, nothing done")) }
}

fn is_root() -> bool {
    cfg!(unix) && said_by(Command::new("id").arg("-u")).trim() == "0"
}

fn said_by(command: &mut Command) -> String {
    command
        .stderr(Stdio::null())
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

/// Enter alone agrees; the end of input doesn't.
fn is_yes(answer: &str) -> bool {
    answer.ends_with('\n') && matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_agrees_and_anything_but_yes_does_not() {
        assert!(is_yes("\n"));
        assert!(is_yes("Yes\n"));
        assert!(!is_yes("no\n"));
        assert!(!is_yes("what?\n"));
    }

    #[test]
    fn a_closed_input_is_no_agreement() {
        assert!(!is_yes(""));
    }
}
