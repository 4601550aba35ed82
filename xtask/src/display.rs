//! A screen and a message bus that nobody sees, for windows that nobody watches.
//!
//! Started for the headless demo and for the windows suite, on Linux only. Both are children like
//! any other and end with them. The bus is private, so that toasts, trays and single-instance names
//! of the tests never meet those of whoever sits at this machine.

use std::env;
use std::process::Command;
use std::time::Duration;

use crate::checkout::Checkout;
use crate::failure::Failure;
use crate::process::Children;
use crate::step::step;

/// Both are up in a few tenths of a second; a busy machine gets more.
const PATIENCE: Duration = Duration::from_secs(30);
/// Room for two windows side by side at their ordinary size.
const SCREEN: &str = "2560x1440x24";

/// How to reach the hidden screen and its bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Display {
    screen: String,
    bus: String,
}

impl Display {
    /// Starts an Xvfb on whatever number is free and a bus beside it.
    pub fn start(checkout: &Checkout, children: &mut Children) -> Result<Self, Failure> {
        step("start a screen that nobody sees", || {
            let logs = checkout.target.join("xtask");
            let mut server = checkout.command("Xvfb");
            // It picks the number itself and tells it when clients may come: nothing to race for.
            server.args(["-displayfd", "1", "-screen", "0", SCREEN]);
            server.args(["-nolisten", "tcp", "-noreset"]);
            let log = logs.join("xvfb.log");
            let (_, number) = children.start_and_hear("Xvfb", &mut server, &log, "", PATIENCE)?;

            let mut daemon = checkout.command("dbus-daemon");
            daemon.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
            let screen = format!(":{number}");
            daemon.env("DISPLAY", &screen).env_remove("WAYLAND_DISPLAY");
            let log = logs.join("dbus.log");
            let (_, bus) = children.start_and_hear("dbus-daemon", &mut daemon, &log, "", PATIENCE)?;
            Ok(Self { screen, bus })
        })
    }

    /// Lets a command's windows appear here.
    pub fn lend(&self, command: &mut Command) {
        command
            .env("DISPLAY", &self.screen)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("GDK_BACKEND", "x11")
            .env_remove("WAYLAND_DISPLAY");
    }
}

/// Whether a person could see a window that is opened here.
pub fn somebody_watches() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
