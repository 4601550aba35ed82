//! What is seen in calls: cameras, screens, and how pictures come.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A camera.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Camera {
    /// To choose it by.
    pub id: String,
    pub name: String,
}

/// A monitor, or a window of another program, that can be shown to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ScreenView {
    /// To choose it by.
    pub id: String,
    /// A monitor's name and size, or a window's title.
    pub name: String,
    pub is_window: bool,
    /// Pixels, as it is now.
    pub width: u32,
    pub height: u32,
}

/// A part of a monitor, in its pixels from the upper left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ScreenArea {
    pub x: u32,
    pub y: u32,
    /// At least 64, as the height; an odd last column or row is left out.
    pub width: u32,
    pub height: u32,
}

/// Why monitors can't be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum ScreenTrouble {
    /// This is a Wayland session, in which at most windows of X11 programs can be read.
    Wayland,
    /// JUICE can't on this system.
    System,
}

/// What there is to be seen by, and what is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct VideoDevices {
    pub cameras: Vec<Camera>,
    /// Monitors, the main one first, then windows; none where the system's screen can't be shown.
    pub screens: Vec<ScreenView>,
    /// Why there is no monitor among them; none where there is one.
    pub screen_trouble: Option<ScreenTrouble>,
    pub settings: VideoSettings,
}

/// How I am seen. What a kept one doesn't say is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export)]
pub struct VideoSettings {
    /// A camera's id; none is the first there is.
    pub camera: Option<String>,
    /// The id of what is shown as my screen; none is the main monitor. Nothing else is shown where it is gone.
    pub screen: Option<String>,
    /// What part of that monitor; none is all of it.
    pub area: Option<ScreenArea>,
}

/// Why there is no picture of mine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum CameraTrouble {
    /// There is none.
    None,
    /// Another program has it.
    Busy,
    /// The system does not let JUICE use it.
    Refused,
    /// It was unplugged.
    Gone,
    /// It gives no pictures that can be used.
    Broken,
}

/// How the pictures of one person in a call come, or how mine leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct VideoQuality {
    pub width: u32,
    pub height: u32,
    /// Pictures a second.
    pub fps: f64,
    pub kbit_s: f64,
}
