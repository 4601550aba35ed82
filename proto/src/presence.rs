//! Presence: a device's own signed word that it is there, what it can do, and where it can be reached.
//!
//! The server keeps it in memory and hands it to buddies; it can hide a presence, not make one. What a person says of
//! themselves (away, a status line) is not in it: that goes to buddies directly.

use minicbor::{Decode, Encode};

use crate::{
    error::ProtoError,
    id::{DeviceId, Millis, Now},
    sign::{Context, Signable, Signed},
};

/// The most addresses in a presence, and the longest address.
pub const MAX_ADDRESSES: usize = 16;
/// The longest address, in bytes.
pub const MAX_ADDRESS: usize = 256;
/// How far ahead of our clock a presence may be stamped.
const MAX_SKEW: Millis = 2 * 60 * 60 * 1000;
/// How long a presence counts: clients renew at half of it.
pub const LEASE: Millis = 6 * 60 * 60 * 1000;

/// What a device can do in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Capabilities {
    /// A microphone is there.
    #[n(0)]
    pub microphone: bool,
    /// A camera is there.
    #[n(1)]
    pub camera: bool,
}

/// "I am here."
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Presence {
    /// Who.
    #[n(0)]
    pub device: DeviceId,
    /// What it can do.
    #[n(1)]
    pub capabilities: Capabilities,
    /// Where, as multiaddresses without the peer id.
    #[n(2)]
    pub addresses: Vec<String>,
    /// Grows with every presence of this device: its wall clock in milliseconds, at least one more than the last.
    #[n(3)]
    pub sequence: u64,
    /// Until when it counts.
    #[n(4)]
    pub expires_ms: Millis,
    /// The device found that nobody can dial it: reach it through the relay.
    #[n(5)]
    pub behind_nat: bool,
}

impl Signable for Presence {
    const CONTEXT: Context = Context::Presence;
}

/// Not too many addresses, and none too long.
pub fn addresses_fit(addresses: &[String]) -> bool {
    addresses.len() <= MAX_ADDRESSES && addresses.iter().all(|address| address.len() <= MAX_ADDRESS)
}

/// Checks a presence of `device`, of which the last one seen had the sequence `last`.
///
/// # Errors
/// `BadSignature` (also for another device's), `StalePresence` for an expired one or one not newer than `last`,
/// `ClockSkew` for one from the future, `TooLong` for more or longer addresses than allowed.
pub fn check(
    signed: &Signed<Presence>,
    device: &DeviceId,
    last: Option<u64>,
    now: Now,
) -> Result<Presence, ProtoError> {
    let presence = signed.open(device.bytes())?;
    if presence.device != *device {
        return Err(ProtoError::BadSignature);
    }
    if !addresses_fit(&presence.addresses) {
        return Err(ProtoError::TooLong);
    }
    if presence.expires_ms <= now.wall || last.is_some_and(|last| presence.sequence <= last) {
        return Err(ProtoError::StalePresence);
    }
    let horizon = now.wall.saturating_add(MAX_SKEW);
    if presence.sequence > horizon || presence.expires_ms > horizon.saturating_add(LEASE) {
        return Err(ProtoError::ClockSkew);
    }
    Ok(presence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::SecretKey;

    const NOW: Now = Now { mono: 0, wall: 1_700_000_000_000 };

    fn presence(device: DeviceId) -> Presence {
        Presence {
            device,
            capabilities: Capabilities::default(),
            addresses: vec!["/ip4/127.0.0.1/udp/4001/quic-v1".into()],
            sequence: NOW.wall,
            expires_ms: NOW.wall + LEASE,
            behind_nat: false,
        }
    }

    #[test]
    fn only_a_fresh_presence_of_the_device_itself_counts() {
        let key = SecretKey::from_seed(&[3; 32]);
        let good = presence(key.device());
        let verdict = |presence: &Presence, last| check(&Signed::make(presence, &key), &key.device(), last, NOW);
        assert_eq!(verdict(&good, None), Ok(good.clone()));
        assert_eq!(verdict(&good, Some(good.sequence)), Err(ProtoError::StalePresence));
        assert_eq!(verdict(&Presence { expires_ms: NOW.wall, ..good.clone() }, None), Err(ProtoError::StalePresence));
        assert_eq!(verdict(&Presence { sequence: u64::MAX, ..good.clone() }, None), Err(ProtoError::ClockSkew));
        assert_eq!(verdict(&Presence { expires_ms: u64::MAX, ..good.clone() }, None), Err(ProtoError::ClockSkew));
        assert_eq!(verdict(&Presence { addresses: vec![String::new(); 17], ..good }, None), Err(ProtoError::TooLong));
        assert_eq!(
            verdict(&presence(SecretKey::from_seed(&[4; 32]).device()), None),
            Err(ProtoError::BadSignature),
            "eve's presence under bob's signature"
        );
        let other = SecretKey::from_seed(&[4; 32]);
        assert_eq!(check(&Signed::make(&good, &other), &key.device(), None, NOW), Err(ProtoError::BadSignature));
    }
}
