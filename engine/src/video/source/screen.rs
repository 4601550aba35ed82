//! The screen as a source: a monitor, a part of one, or one window, with the pointer in it.
//!
//! Read where there is an X11 display; the work is in `x11`, on the thread that reads the source. What isn't there yet:
//! Windows, macOS, and Wayland, which wants the ScreenCast portal with PipeWire. There nothing is listed and opening says
//! `NoCamera`. Under Xwayland the windows of X11 programs can be shown, but no monitor: the server has no picture of one.
//!
//! Nothing else is ever shown in place of what was chosen: where that is gone, the source ends.

#[cfg(target_os = "linux")]
mod x11;

use super::{VideoSource, Wanted};
use crate::video::{
    clock::MediaClock,
    error::VideoError,
    picture::{Picture, Size},
};

/// A part of a monitor with a shorter side would be hard to find again.
pub const LEAST_PART: u32 = 64;

/// A monitor by its name, or a window for as long as it is open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScreenId(pub String);

/// What kind of thing is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenKind {
    /// All that is on one monitor.
    Monitor,
    /// One window alone, whatever lies above it.
    Window,
}

/// A part of a monitor, in pixels from its upper left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenPart {
    /// From the left edge.
    pub x: u32,
    /// From the upper edge.
    pub y: u32,
    /// At least [`LEAST_PART`]; an odd last column is left out.
    pub width: u32,
    /// At least [`LEAST_PART`]; an odd last row is left out.
    pub height: u32,
}

/// A monitor or a window that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenChoice {
    /// For [`SourceChoice::Screen`](super::SourceChoice::Screen).
    pub id: ScreenId,
    /// For people: a monitor's name and size in pixels, or a window's title.
    pub name: String,
    /// Which of them.
    pub kind: ScreenKind,
    /// Width and height in pixels.
    pub pixels: (u16, u16),
}

/// What can be shown: monitors, the main one first, then the windows of other programs. Takes some milliseconds.
///
/// # Errors
/// `NoCamera` where there is no display that can be read, `NotAllowed`, `Gone`.
pub fn screens() -> Result<Vec<ScreenChoice>, VideoError> {
    #[cfg(target_os = "linux")]
    return x11::screens(None);
    #[cfg(not(target_os = "linux"))]
    Err(VideoError::NoCamera)
}

/// What is to be seen there now, for whoever chooses; fitted into `most`. Takes some 10 ms.
///
/// # Errors
/// As when it is opened: `NoCamera`, `NotAllowed`, `Absurd`, `Gone`.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "nothing can be looked at"))]
pub fn glance(id: &ScreenId, most: Size) -> Result<Picture, VideoError> {
    #[cfg(target_os = "linux")]
    return x11::glance(None, id, most);
    #[cfg(not(target_os = "linux"))]
    Err(VideoError::NoCamera)
}

/// Opens what was chosen, or the main monitor; all of it, or a part of a monitor.
///
/// # Errors
/// `NoCamera` where there is no display that can be read, or not what was chosen; `NotAllowed`, `Absurd`, `Gone`.
#[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "nothing can be opened"))]
pub(super) fn open(
    id: Option<&ScreenId>,
    part: Option<ScreenPart>,
    wanted: Wanted,
    clock: MediaClock,
) -> Result<Box<dyn VideoSource>, VideoError> {
    #[cfg(target_os = "linux")]
    return Ok(Box::new(x11::Screen::open(None, (id, part), wanted, clock)?));
    #[cfg(not(target_os = "linux"))]
    Err(VideoError::NoCamera)
}
