//! What is seen in calls: cameras, and how pictures come.

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

/// What there is to be seen by, and what is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct VideoDevices {
    pub cameras: Vec<Camera>,
    pub settings: VideoSettings,
}

/// How I am seen. What a kept one doesn't say is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export)]
pub struct VideoSettings {
    /// A camera's id; none is the first there is.
    pub camera: Option<String>,
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
