//! Microphones and speakers: which one a person chose, and what the corridor asks of any of them.
//!
//! A [`Backend`] opens devices and is owned by the keeper's thread; what it opens calls a callback on a thread of its own
//! until it is dropped. Sound cards are in `hardware`; tones, files and silence, for tests and for people without a
//! sound card, in `synthetic`.

mod hardware;
mod synthetic;

use std::{any::Any, path::PathBuf};

use super::{error::AudioError, microphone::MicrophoneCallback, speaker::SpeakerCallback};

pub(super) use self::hardware::Devices;
pub use self::hardware::{Device, DeviceList, devices, probe};

/// A device as this system names it, for as long as it is plugged in and mostly beyond: `pulseaudio:mic`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId(pub String);

/// Which device to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChoice<Synthetic> {
    /// Whatever the system uses, and its successor when that changes.
    Default,
    /// This one while it is there, and the default one while it isn't.
    Named(DeviceId),
    /// None of the system's.
    Synthetic(Synthetic),
}

/// Which microphone to use.
pub type MicrophoneChoice = DeviceChoice<Source>;
/// Which speaker to use.
pub type SpeakerChoice = DeviceChoice<Sink>;

/// What a synthetic microphone hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A sine at a quarter of full scale.
    Tone {
        /// Its frequency in Hz, below 24,000.
        hertz: u32,
    },
    /// A WAV file of 48 kHz, over and over; several channels are mixed to one.
    File(PathBuf),
    /// Nothing.
    Silence,
}

/// Where a synthetic speaker plays to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// A new WAV file, 48 kHz mono, 16 bits; complete when the speaker is closed.
    File(PathBuf),
    /// Nowhere.
    Nothing,
}

/// Opens devices. Lives on the keeper's thread.
pub(super) trait Backend {
    /// Finds a microphone; a named one that isn't there is an error.
    fn microphone(&mut self, choice: &MicrophoneChoice) -> Result<Box<dyn Input>, AudioError>;
    /// Finds a speaker; a named one that isn't there is an error.
    fn speaker(&mut self, choice: &SpeakerChoice) -> Result<Box<dyn Output>, AudioError>;
    /// Which microphone and speaker the choices mean at this moment.
    fn present(&mut self, microphone: &MicrophoneChoice, speaker: &SpeakerChoice) -> (Meant, Meant);
}

/// What a choice stands for at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// The one that was opened: it can't be unplugged.
    Same,
    /// None that works. A sound server may have moved a stream to anything it has, even to what the speaker plays.
    Nothing,
    /// This one.
    This(DeviceId),
}

/// What is known of a device before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub id: DeviceId,
    /// For people.
    pub name: String,
    /// Samples a second.
    pub rate: u32,
}

/// A microphone that was found and isn't running.
pub(super) trait Input {
    fn about(&self) -> &About;
    /// Runs it, until what is returned is dropped.
    fn start(self: Box<Self>, callback: MicrophoneCallback) -> Result<Running, AudioError>;
}

/// A speaker that was found and isn't running.
pub(super) trait Output {
    fn about(&self) -> &About;
    /// Runs it, until what is returned is dropped.
    fn start(self: Box<Self>, callback: SpeakerCallback) -> Result<Running, AudioError>;
}

/// A device that runs; dropping it closes it, and its callback is never called again.
pub(super) type Running = Box<dyn Any>;
