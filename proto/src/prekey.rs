//! Day keys: KEM keys of a device, signed by it, to which envelopes for it can be sealed while it is away.

use minicbor::{Decode, Encode, bytes::ByteVec};

use crate::{
    error::ProtoError,
    id::{DeviceId, Millis, Now},
    seal::{KemPublic, KeyId, Suite},
    sign::{Context, Signable, Signed},
};

/// How long a day key is offered.
pub const OFFERED: Millis = 24 * 60 * 60 * 1000;
/// How long its secret is kept: as long as an envelope may wait for its recipient.
pub const KEPT: Millis = 14 * 24 * 60 * 60 * 1000;
/// How far ahead of our clock a day key may begin.
const MAX_SKEW: Millis = 2 * 60 * 60 * 1000;

/// A device's key of the day.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Prekey {
    /// Whose.
    #[n(0)]
    pub device: DeviceId,
    /// The suite that the key is of.
    #[n(1)]
    pub suite: Suite,
    /// The public key.
    #[n(2)]
    pub key: ByteVec,
    /// When it was made.
    #[n(3)]
    pub made_ms: Millis,
    /// Until when its secret is kept.
    #[n(4)]
    pub kept_until_ms: Millis,
}

impl Signable for Prekey {
    const CONTEXT: Context = Context::Prekey;
}

/// The public key of a signed prekey of `device`. A key counts only inside its valid signature: the KEM itself would
/// accept even one of all zeros.
///
/// # Errors
/// `BadSignature`, `UnknownKey` for one past its time, `ClockSkew`, `Malformed`.
pub fn check(signed: &Signed<Prekey>, device: &DeviceId, now: Now) -> Result<(KeyId, KemPublic), ProtoError> {
    let prekey = signed.open(device.bytes())?;
    if prekey.device != *device {
        return Err(ProtoError::BadSignature);
    }
    if prekey.made_ms > now.wall.saturating_add(MAX_SKEW) {
        return Err(ProtoError::ClockSkew);
    }
    if prekey.kept_until_ms <= now.wall {
        return Err(ProtoError::UnknownKey);
    }
    let key = KemPublic::parse(prekey.suite, &prekey.key)?;
    Ok((key.id(), key))
}
