//! What can go wrong with sound, by what one can do about it.

use std::io;

use crate::clip::ClipError;

/// Each variant says what its reader can do.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// Plug one in, or choose another.
    #[error("no such microphone or speaker")]
    NoDevice,
    /// Allow it in the system's privacy settings.
    #[error("the system does not let JUICE use this device")]
    NotAllowed,
    /// Close the other program, or try again in a moment.
    #[error("the device is in use")]
    Busy,
    /// Choose another device.
    #[error("the device does not work: {0}")]
    Device(String),
    /// A file to play or to record to: choose another.
    #[error("sound file: {0}")]
    File(String),
    /// End another call, or the program.
    #[error("the system has no more threads or memory for sound: {0}")]
    Exhausted(#[from] io::Error),
    /// Nothing: a defect of JUICE.
    #[error("the sound library refused: {0}")]
    Library(String),
    /// Wait until someone has left.
    #[error("a call has at most {} other voices", super::VOICES)]
    TooManyVoices,
}

impl From<opus::Error> for AudioError {
    fn from(error: opus::Error) -> Self {
        Self::Library(error.to_string())
    }
}

impl From<ClipError> for AudioError {
    fn from(error: ClipError) -> Self {
        Self::File(error.to_string())
    }
}

impl From<hound::Error> for AudioError {
    fn from(error: hound::Error) -> Self {
        Self::File(error.to_string())
    }
}
