//! Stub.
use super::*;
/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// To choose it by.
    pub id: DeviceId,
    /// For people.
    pub name: String,
    /// Whether the system uses it where nobody chose.
    pub is_default: bool,
}
/// All devices of this system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceList {
    /// What can be spoken into.
    pub microphones: Vec<Device>,
    /// What can be heard from.
    pub speakers: Vec<Device>,
}
/// Lists the microphones and speakers that are plugged in and work.
pub fn devices() -> DeviceList {
    DeviceList::default()
}
/// Whether this system has a microphone that works.
pub fn probe() -> bool {
    false
}
#[derive(Default)]
pub(in crate::audio) struct Devices {}
impl Backend for Devices {
    fn microphone(&mut self, choice: &MicrophoneChoice) -> Result<Box<dyn Input>, AudioError> {
        match choice {
            DeviceChoice::Synthetic(source) => synthetic::input(source),
            DeviceChoice::Default | DeviceChoice::Named(_) => Err(AudioError::NoDevice),
        }
    }
    fn speaker(&mut self, choice: &SpeakerChoice) -> Result<Box<dyn Output>, AudioError> {
        match choice {
            DeviceChoice::Synthetic(sink) => synthetic::output(sink),
            DeviceChoice::Default | DeviceChoice::Named(_) => Err(AudioError::NoDevice),
        }
    }
    fn present(&mut self, _: &MicrophoneChoice, _: &SpeakerChoice) -> (Option<About>, Option<About>) {
        (None, None)
    }
}
