//! Sound cards, by cpal: PulseAudio's protocol where a server speaks it (PipeWire does too), else the system's own.
//!
//! Devices are asked for their configuration before they are believed in: without a sound card ALSA still names a default
//! device. The buffer is always asked for in milliseconds, since what servers choose themselves may be two seconds.

mod listing;
mod stream;

use cpal::{
    BufferSize, Host, HostId, SampleFormat, StreamConfig, SupportedBufferSize, SupportedStreamConfig,
    traits::{DeviceTrait, HostTrait},
};

pub use self::listing::{Device, DeviceList, devices, probe};
use super::{
    About, Backend, DeviceChoice, DeviceId, Input, Meant, MicrophoneChoice, Output, Running, SpeakerChoice, synthetic,
};
use crate::audio::{error::AudioError, frame::RATE, microphone::MicrophoneCallback, speaker::SpeakerCallback};

/// Callbacks a second: 10 ms of sound each.
const PERIODS: u32 = 100;

/// The devices of this system.
#[derive(Default)]
pub(in crate::audio) struct Devices {
    /// Made when it is first needed, and anew when it no longer answers.
    host: Option<Host>,
}

/// Which way the sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

impl Devices {
    fn host(&mut self) -> Result<&Host, AudioError> {
        if self.host.is_none() {
            self.host = host();
        }
        self.host.as_ref().ok_or(AudioError::NoDevice)
    }

    fn find(&mut self, id: Option<&DeviceId>, way: Way) -> Result<Found, AudioError> {
        let host = self.host()?;
        let found = match id {
            None => default(host, way).ok_or(AudioError::NoDevice),
            Some(id) => {
                let all = host.devices().map_err(|error| said(&error));
                all.and_then(|mut all| all.find(|device| name_of(device) == *id).ok_or(AudioError::NoDevice))
            }
        };
        let found = found.and_then(|device| Found::of(device, way));
        if found.is_err() {
            // It may be the server that is gone.
            self.host = None;
        }
        found
    }

    fn meant<S>(&mut self, choice: &DeviceChoice<S>, way: Way) -> Meant {
        let named = match choice {
            DeviceChoice::Synthetic(_) => return Meant::Same,
            DeviceChoice::Default => None,
            DeviceChoice::Named(id) => self.find(Some(id), way).ok(),
        };
        let found = named.or_else(|| self.find(None, way).ok());
        found.map_or(Meant::Nothing, |found| Meant::This(found.about.id))
    }
}

impl Backend for Devices {
    fn microphone(&mut self, choice: &MicrophoneChoice) -> Result<Box<dyn Input>, AudioError> {
        match choice {
            DeviceChoice::Synthetic(source) => synthetic::input(source),
            DeviceChoice::Default => Ok(Box::new(self.find(None, Way::In)?)),
            DeviceChoice::Named(id) => Ok(Box::new(self.find(Some(id), Way::In)?)),
        }
    }

    fn speaker(&mut self, choice: &SpeakerChoice) -> Result<Box<dyn Output>, AudioError> {
        match choice {
            DeviceChoice::Synthetic(sink) => synthetic::output(sink),
            DeviceChoice::Default => Ok(Box::new(self.find(None, Way::Out)?)),
            DeviceChoice::Named(id) => Ok(Box::new(self.find(Some(id), Way::Out)?)),
        }
    }

    fn present(&mut self, microphone: &MicrophoneChoice, speaker: &SpeakerChoice) -> (Meant, Meant) {
        if self.host.as_ref().is_some_and(|host| !is_best(host)) {
            self.host = None;
        }
        (self.meant(microphone, Way::In), self.meant(speaker, Way::Out))
    }
}

/// A device that answers, and how it will be run.
struct Found {
    device: cpal::Device,
    about: About,
    config: StreamConfig,
    format: SampleFormat,
}

impl Found {
    fn of(device: cpal::Device, way: Way) -> Result<Self, AudioError> {
        let config = match way {
            Way::In => device.default_input_config(),
            Way::Out => device.default_output_config(),
        };
        let config = config.map_err(|error| said(&error))?;
        let id = name_of(&device);
        let is_converted = is_server(&id);
        // A server mixes and converts for all; a device of its own is taken as it is, since other programs use it too.
        let rate = if is_converted { RATE } else { config.sample_rate() };
        let format = if is_converted { SampleFormat::F32 } else { config.sample_format() };
        let channels = if is_converted { 1 } else { config.channels() };
        let config = StreamConfig { channels, sample_rate: rate, buffer_size: buffer(&config, rate) };
        let name = device.description().map(|description| description.name().to_owned()).unwrap_or_default();
        let name = if name.is_empty() { id.0.clone() } else { name };
        Ok(Self { device, about: About { id, name, rate }, config, format })
    }
}

impl Input for Found {
    fn about(&self) -> &About {
        &self.about
    }

    fn start(self: Box<Self>, callback: MicrophoneCallback) -> Result<Running, AudioError> {
        stream::input(&self.device, self.config, self.format, callback)
    }
}

impl Output for Found {
    fn about(&self) -> &About {
        &self.about
    }

    fn start(self: Box<Self>, callback: SpeakerCallback) -> Result<Running, AudioError> {
        stream::output(&self.device, self.config, self.format, callback)
    }
}

/// 10 ms, or what the device has that is nearest to it.
fn buffer(config: &SupportedStreamConfig, rate: u32) -> BufferSize {
    let wanted = rate / PERIODS;
    let frames = match *config.buffer_size() {
        SupportedBufferSize::Range { min, max } if min <= max => wanted.clamp(min, max),
        SupportedBufferSize::Range { .. } | SupportedBufferSize::Unknown => wanted,
    };
    BufferSize::Fixed(frames)
}

/// The best host there is at this moment.
/// None where there is neither a sound server nor a card: ALSA, asked all the same, prints a page of its own to standard
/// error, and offers a device that discards everything.
fn host() -> Option<Host> {
    #[cfg(target_os = "linux")]
    {
        if let Ok(host) = cpal::host_from_id(HostId::PulseAudio) {
            return Some(host);
        }
        if !std::fs::read_to_string("/proc/asound/cards").is_ok_and(|cards| cards.contains('[')) {
            return None;
        }
    }
    Some(cpal::default_host())
}

/// False where a sound server has come up since.
fn is_best(host: &Host) -> bool {
    #[cfg(target_os = "linux")]
    {
        host.id() == HostId::PulseAudio || !cpal::available_hosts().contains(&HostId::PulseAudio)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _: HostId = host.id();
        true
    }
}

fn default(host: &Host, way: Way) -> Option<cpal::Device> {
    let device = match way {
        Way::In => host.default_input_device(),
        Way::Out => host.default_output_device(),
    };
    // Where there is no microphone, PulseAudio offers what the speaker plays.
    device.filter(|device| way == Way::Out || !is_monitor(&name_of(device)))
}

fn is_monitor(id: &DeviceId) -> bool {
    is_server(id) && id.0.ends_with(".monitor")
}

fn is_server(id: &DeviceId) -> bool {
    id.0.starts_with("pulseaudio:")
}

fn name_of(device: &cpal::Device) -> DeviceId {
    DeviceId(device.id().map(|id| id.to_string()).unwrap_or_default())
}

fn said(error: &cpal::Error) -> AudioError {
    use cpal::ErrorKind::{DeviceBusy, DeviceNotAvailable, HostUnavailable, PermissionDenied};
    // Others' enum, which may grow.
    #[expect(clippy::wildcard_enum_match_arm)]
    match error.kind() {
        DeviceNotAvailable | HostUnavailable => AudioError::NoDevice,
        PermissionDenied => AudioError::NotAllowed,
        DeviceBusy => AudioError::Busy,
        _ => AudioError::Device(error.to_string()),
    }
}
