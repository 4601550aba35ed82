//! System packages: which of those that the needs stand for are missing, and installing them with the
//! system's own package manager.
//!
//! Looks by `dpkg-query`, `rpm` or `pacman`; changes the system as root or after `setup::ask` only.

use std::process::{Command, Stdio};

use super::family::{Family, debian, family, packages};
use super::{Need, ask, is_root, said_by};
use crate::checkout::{Checkout, is_installed};
use crate::failure::Failure;
use crate::process::Children;
use crate::step::{note, step};

/// Installs what is missing of the packages that these needs stand for.
pub fn install(checkout: &Checkout, children: &mut Children, needs: &[Need]) -> Result<(), Failure> {
    let family = family();
    let wanted: Vec<&str> = needs.iter().flat_map(|need| packages(*need, family)).copied().collect();
    if wanted.is_empty() {
        return explain(family, needs);
    }
    let missing = missing(family, &wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = is_root();
    note(&format!("missing packages: {}", missing.join(" ")));
    ask(&format!("Install them by {}?", manager(family)))?;
    for arguments in installation(family, &missing) {
        // sudo drops the environment, so the variable is set on its far side.
        let mut command = checkout.command(if is_root { "env" } else { "sudo" });
        if !is_root {
            command.arg("env");
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", manager(family)]).args(&arguments).stdin(Stdio::null());
        let what = match arguments.first().map(String::as_str) {
            Some("update") => "ask for the list of packages".to_owned(),
            Some(_) | None => format!("install {}", missing.join(" ")),
        };
        step(&what, || children.run(&mut command))?;
    }
    Ok(())
}

/// What to say where no package manager is ours to call. A failure only where the build can't succeed
/// without; anything else may be there under another name.
fn explain(family: Family, needs: &[Need]) -> Result<(), Failure> {
    match family {
        Family::Debian | Family::Fedora | Family::Arch => {}
        Family::OtherLinux => {
            let names: Vec<&str> = needs.iter().flat_map(|need| debian(*need)).copied().collect();
            if !names.is_empty() && !is_installed("pkg-config") {
                note("this system's packages are unknown here; Debian calls what is needed:");
                note(&names.join(" "));
            }
        }
        Family::MacOs => {
            let mut compiler = Command::new("xcode-select");
            if needs.contains(&Need::Compiler) && !succeeds(compiler.arg("-p")) {
                return Err(Failure::new("no C compiler: run `xcode-select --install`, then this again"));
            }
            if needs.contains(&Need::Compiler) && !is_installed("cmake") {
                note("CMake is missing: `brew install cmake`");
            }
        }
        Family::Windows => {
            let is_set = |name| std::env::var_os(name).is_some();
            let has_openssl = is_set("OPENSSL_DIR") || (is_set("OPENSSL_LIB_DIR") && is_set("OPENSSL_INCLUDE_DIR"));
            if needs.contains(&Need::Compiler) && !has_openssl {
                return Err(Failure::new(
                    "OpenSSL is needed for the encrypted database: install it (for example \
                     `winget install ShiningLight.OpenSSL.Dev`), set OPENSSL_DIR to its folder, and \
                     have the C++ build tools of Visual Studio; WebView2 comes with Windows 10 and 11",
                ));
            }
            if needs.contains(&Need::Compiler) && !is_installed("nasm") {
                note("NASM is missing: `winget install NASM.NASM`");
            }
            if needs.contains(&Need::Compiler) && !is_installed("cmake") {
                note("CMake is missing: `winget install Kitware.CMake`");
            }
        }
    }
    Ok(())
}

fn missing<'a>(family: Family, wanted: &[&'a str]) -> Vec<&'a str> {
    match family {
        Family::Debian => {
            let installed =
                said_by(Command::new("dpkg-query").args(["-W", "-f", "${Package} ${db:Status-Status}\n"]).args(wanted));
            not_listed(wanted, &installed)
        }
        Family::Fedora => wanted
            .iter()
            .filter(|name| !succeeds(Command::new("rpm").args(["-q", "--whatprovides", name])))
            .copied()
            .collect(),
        Family::Arch => {
            let lacking = said_by(Command::new("pacman").arg("-T").args(wanted));
            let is_lacking = |name: &&str| lacking.lines().any(|line| line.trim() == *name);
            wanted.iter().copied().filter(is_lacking).collect()
        }
        Family::OtherLinux | Family::MacOs | Family::Windows => Vec::new(),
    }
}

/// The wanted packages that `dpkg-query` doesn't list as installed.
fn not_listed<'a>(wanted: &[&'a str], listing: &str) -> Vec<&'a str> {
    let is_listed = |name: &str| listing.lines().any(|line| line.strip_prefix(name) == Some(" installed"));
    wanted.iter().copied().filter(|name| !is_listed(name)).collect()
}

fn manager(family: Family) -> &'static str {
    match family {
        Family::Debian => "apt-get",
        Family::Fedora => "dnf",
        Family::Arch => "pacman",
        Family::OtherLinux | Family::MacOs | Family::Windows => "your package manager",
    }
}

/// The package manager's arguments, one list for each time it is called.
fn installation(family: Family, names: &[&str]) -> Vec<Vec<String>> {
    // Another apt may be at work: wait for it rather than fail.
    let wait = ["-o", "DPkg::Lock::Timeout=300"];
    let calls: Vec<Vec<&str>> = match family {
        Family::Debian => {
            let update = [&["update", "-q"], &wait[..]].concat();
            let mut install = vec!["install", "-q", "-y", "--no-install-recommends"];
            install.extend(wait);
            install.extend(names);
            vec![update, install]
        }
        Family::Fedora => vec![[&["install", "-y"], names].concat()],
        // Refreshing the list without upgrading would leave a half-upgraded system.
        Family::Arch => vec![[&["-S", "--needed", "--noconfirm"], names].concat()],
        Family::OtherLinux | Family::MacOs | Family::Windows => Vec::new(),
    };
    let owned = |call: Vec<&str>| call.into_iter().map(str::to_owned).collect();
    calls.into_iter().map(owned).collect()
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_was_removed_but_left_its_settings_is_missing() {
        let listing = "cmake config-files\nnasm installed\n";
        assert_eq!(not_listed(&["cmake", "nasm"], listing), ["cmake"]);
    }

    #[test]
    fn a_package_is_not_there_because_a_longer_name_is() {
        assert_eq!(not_listed(&["dbus"], "dbus-x11 installed\n"), ["dbus"]);
    }

    #[test]
    fn apt_learns_of_the_packages_before_it_installs_them_and_waits_for_its_lock() {
        let calls = installation(Family::Debian, &["nasm"]);
        let [update, install] = calls.as_slice() else {
            panic!("two calls, not {calls:?}");
        };
        assert_eq!(update.first().map(String::as_str), Some("update"));
        assert_eq!(install.last().map(String::as_str), Some("nasm"));
        for call in &calls {
            assert!(call.iter().any(|word| word.contains("Lock::Timeout")), "{call:?}");
        }
    }
}
