//! Tools that no system package brings in the version we want: Node and the modules of the user
//! interface, the test runner, and the program that drives windows.
//!
//! Node itself is only looked at, because everybody installs it another way; the rest is installed
//! by npm and cargo.

use std::fs;
use std::process::Command;

use super::ask;
use crate::checkout::{Checkout, is_ci, is_installed};
use crate::failure::Failure;
use crate::process::Children;
use crate::step::step;

/// The oldest Node that the user interface's build tools run on, as in `ui/package.json`.
const OLDEST_NODE: (u32, u32) = (20, 19);
/// The driver that the windows suite has been written against.
const TAURI_DRIVER: &str = "2.1.0";
/// Holds the lock file that `node_modules` was installed from: contents, because a fresh checkout
/// gives every file a new date.
const STAMP: &str = "node_modules/.installed-from";

/// Node is there and `ui/node_modules` is what the lock file says.
pub fn install_modules(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    find_node()?;
    let ui = checkout.ui();
    let lock = fs::read(ui.join("package-lock.json")).unwrap_or_default();
    let stamp = ui.join(STAMP);
    if !lock.is_empty() && fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if !ui.join("package.json").exists() {
        return Err(Failure::new("ui/package.json isn't there"));
    }
    let verb = if lock.is_empty() { "install" } else { "ci" };
    step(&format!("npm {verb}"), || {
        let mut npm = checkout.npm();
        children.run(npm.args([verb, "--no-audit", "--no-fund"]))
    })?;
    let lock = fs::read(ui.join("package-lock.json")).unwrap_or_default();
    fs::create_dir_all(ui.join("node_modules"))
        .and_then(|()| fs::write(&stamp, lock))
        .map_err(|error| Failure::about(&stamp, &error))
}

fn find_node() -> Result<(), Failure> {
    let said = Command::new("node")
        .arg("--version")
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let has_npm = Command::new(npm).arg("--version").output().is_ok_and(|output| output.status.success());
    let (major, minor) = OLDEST_NODE;
    let remedy = format!("install Node {major}.{minor} or newer, with npm (https://nodejs.org)");
    match version(&said) {
        Some(version) if version >= OLDEST_NODE && has_npm => Ok(()),
        Some(version) if version >= OLDEST_NODE => {
            Err(Failure::new("Node is there but npm isn't: install npm as well"))
        }
        Some(_) => Err(Failure::new(format!("Node {} is too old: {remedy}", said.trim()))),
        None => Err(Failure::new(format!("Node is missing: {remedy}"))),
    }
}

/// The first two numbers of what `node --version` prints, such as `v20.20.2`.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim().strip_prefix('v')?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    Some((major, minor))
}

pub fn install_nextest(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    if is_installed("cargo-nextest") {
        return Ok(());
    }
    ask("The test runner cargo-nextest is missing. Install it by cargo?")?;
    let mut cargo = installer(checkout);
    cargo.arg("cargo-nextest");
    step("install cargo-nextest", || children.run(&mut cargo))
}

pub fn install_tauri_driver(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    if is_installed("tauri-driver") {
        return Ok(());
    }
    ask("The window driver tauri-driver is missing. Install it by cargo?")?;
    let mut cargo = installer(checkout);
    cargo.args(["tauri-driver", "--version", TAURI_DRIVER]);
    step("install tauri-driver", || children.run(&mut cargo))
}

/// A system may package the driver under a name that isn't known here.
pub fn find_web_driver() -> Result<(), Failure> {
    if !cfg!(target_os = "linux") || is_installed("WebKitWebDriver") {
        return Ok(());
    }
    Err(Failure::new("WebKitWebDriver is missing: install the package that brings it"))
}

fn installer(checkout: &Checkout) -> Command {
    let mut cargo = checkout.cargo();
    // A folder of its own, gone afterwards: ours is kept and would only grow.
    cargo.args(["install", "--locked"]).env_remove("CARGO_TARGET_DIR");
    if is_ci() {
        // A machine that is thrown away waits longer for the optimiser than it gains.
        cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_read_from_what_it_says() {
        assert_eq!(version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version("v8.1.0"), Some((8, 1)));
        assert_eq!(version(""), None);
        assert_eq!(version("command not found"), None);
    }

    #[test]
    fn a_node_of_the_right_year_but_too_early_a_release_is_too_old() {
        assert!(version("v20.18.3") < Some(OLDEST_NODE));
        assert!(version("v22.0.0") > Some(OLDEST_NODE));
    }
}
