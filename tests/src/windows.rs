//! The real app in real windows: a hidden screen, a session bus, and a WebDriver for each window.
//!
//! [`Stage`] brings up what is missing of a screen (Xvfb) and a session bus (dbus-daemon) and gives [`Window`]s, each an
//! app process of its own driven over WebDriver by `tauri-driver`. Linux only, as tauri-driver's WebKit is.

mod desktop;
mod driver;
mod page;
mod service;
mod shortcuts;
mod sound;
mod stage;
mod toasts;

pub use self::{
    desktop::Desktop,
    driver::{Window, app_on},
    page::id,
    shortcuts::Shortcuts,
    sound::Sound,
    stage::{Stage, can_be_driven, wait_for},
    toasts::Toasts,
};
