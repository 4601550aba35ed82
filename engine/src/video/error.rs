//! What can go wrong with pictures, by what one can do about it.

use std::io;

/// Each variant says what its reader can do.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// Plug one in, or choose another.
    #[error("no such camera")]
    NoCamera,
    /// Close the other program, or try again in a moment.
    #[error("the camera is in use")]
    Busy,
    /// Plug it in again; it is tried until it works.
    #[error("the camera was unplugged, or stopped: {0}")]
    Gone(String),
    /// Allow it in the system's privacy settings.
    #[error("the system does not let JUICE use this camera")]
    NotAllowed,
    /// Choose another camera: this one's pictures are of no size or kind that can be used.
    #[error("pictures that can't be used: {0}")]
    Absurd(String),
    /// End another call, or the program.
    #[error("the system has no more threads or memory for video: {0}")]
    Exhausted(#[from] io::Error),
    /// A file of frames to play: choose another.
    #[error("file of frames: {0}")]
    File(String),
    /// Nothing: a defect of JUICE.
    #[error("the video library refused: {0}")]
    Library(String),
    /// Wait until someone has left.
    #[error("a call has at most {} other pictures", super::EYES)]
    TooManyEyes,
}

impl VideoError {
    /// What to tell a person of a camera that doesn't work.
    pub const fn trouble(&self) -> CameraTrouble {
        match self {
            Self::NoCamera | Self::File(_) => CameraTrouble::None,
            Self::Busy => CameraTrouble::Busy,
            Self::NotAllowed => CameraTrouble::Refused,
            Self::Absurd(_) => CameraTrouble::Absurd,
            Self::Gone(_) | Self::Exhausted(_) | Self::Library(_) | Self::TooManyEyes => CameraTrouble::Gone,
        }
    }
}

impl From<openh264::Error> for VideoError {
    fn from(error: openh264::Error) -> Self {
        Self::Library(error.to_string())
    }
}

/// Why there is no picture of mine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameraTrouble {
    /// There is no camera, or not the chosen one.
    None,
    /// Another program has it.
    Busy,
    /// It was unplugged, or stands still.
    Gone,
    /// The system doesn't let this program use it.
    Refused,
    /// Its pictures are of no size or kind that can be used.
    Absurd,
}

/// Why a coded frame gave no picture. After each, nothing but a keyframe is decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Ask for a keyframe.
    #[error("what this frame builds on is missing")]
    NeedsKeyframe,
    /// Ask for a keyframe; the sender may be hostile.
    #[error("no frame of ours: {0}")]
    Malformed(&'static str),
    /// Ask for a keyframe.
    #[error("the decoder refused: {0}")]
    Refused(String),
}
