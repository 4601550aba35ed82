//! What a person can choose from, and whether there is anything to call with.

use cpal::traits::{DeviceTrait, HostTrait};

use super::{Found, Way, default, host, is_monitor, name_of};
use crate::audio::device::DeviceId;

/// A microphone or a speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// To choose it by.
    pub id: DeviceId,
    /// For people.
    pub name: String,
    /// Whether the system uses it where nobody chose.
    pub is_default: bool,
}

/// What there is on this system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceList {
    /// What can be spoken into.
    pub microphones: Vec<Device>,
    /// What can be heard from.
    pub speakers: Vec<Device>,
}

/// Lists the microphones and speakers that are plugged in and work. Asks the system, so it may take some 100 ms: not on
/// an async task.
pub fn devices() -> DeviceList {
    DeviceList { microphones: list(Way::In), speakers: list(Way::Out) }
}

/// Whether there is a microphone that works. As slow as [`devices`].
pub fn probe() -> bool {
    host().and_then(|host| default(&host, Way::In)).is_some_and(|device| Found::of(device, Way::In).is_ok())
}

fn list(way: Way) -> Vec<Device> {
    let Some(host) = host() else { return vec![] };
    let usual = default(&host, way).map(|device| name_of(&device));
    let Ok(all) = host.devices() else { return vec![] };
    all.filter(|device| match way {
        Way::In => device.supports_input() && !is_monitor(&name_of(device)),
        Way::Out => device.supports_output(),
    })
    .filter_map(|device| Found::of(device, way).ok())
    .map(|found| Device {
        is_default: usual.as_ref() == Some(&found.about.id),
        id: found.about.id,
        name: found.about.name,
    })
    .collect()
}
