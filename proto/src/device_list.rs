//! The device list: which devices speak for an account, signed by its account key and chained by hash.
//!
//! The server hands lists on and can withhold them, but can't make one. Whoever has seen an account pins its key, and
//! the version and hash of its list; a list that contradicts the pin is refused and the person told.

use minicbor::{Decode, Encode};

use crate::{
    error::ProtoError,
    id::{AccountId, AccountKey, DeviceId, ListHash, Millis, hash},
    sign::{Context, SecretKey, Signable, Signed},
};

/// The most devices in a list, revoked ones included.
pub const MAX_DEVICES: usize = 10;

/// A device as its account's list names it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Device {
    /// Its key.
    #[n(0)]
    pub id: DeviceId,
    /// When it was added.
    #[n(1)]
    pub added_ms: Millis,
    /// When it was revoked, if it was.
    #[n(2)]
    pub revoked_ms: Option<Millis>,
}

/// One version of an account's devices.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeviceList {
    /// Whose.
    #[n(0)]
    pub account: AccountId,
    /// The key that signs this list.
    #[n(1)]
    pub key: AccountKey,
    /// Counts from 1.
    #[n(2)]
    pub version: u32,
    /// The hash of the version before; zeros for version 1.
    #[n(3)]
    pub previous: ListHash,
    /// When this version was made.
    #[n(4)]
    pub made_ms: Millis,
    /// The devices.
    #[n(5)]
    pub devices: Vec<Device>,
}

impl Signable for DeviceList {
    const CONTEXT: Context = Context::DeviceList;
}

/// What a buddy remembers of an account's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Pin {
    /// The account key.
    #[n(0)]
    pub key: AccountKey,
    /// The newest version seen.
    #[n(1)]
    pub version: u32,
    /// Its hash.
    #[n(2)]
    pub hash: ListHash,
}

impl DeviceList {
    /// The first list of an account.
    pub fn first(account: AccountId, key: AccountKey, device: DeviceId, made_ms: Millis) -> Self {
        Self {
            account,
            key,
            version: 1,
            previous: ListHash::new([0; 32]),
            made_ms,
            devices: vec![Device { id: device, added_ms: made_ms, revoked_ms: None }],
        }
    }

    /// The next version, in which `device` speaks alone: one device an account, so the others are revoked.
    ///
    /// # Errors
    /// `TooManyDevices` when the list is full even after the oldest revoked devices are forgotten.
    pub fn moved_to(&self, pin: &Pin, device: DeviceId, made_ms: Millis) -> Result<Self, ProtoError> {
        let mut devices = self.devices.clone();
        devices.iter_mut().for_each(|old| old.revoked_ms = old.revoked_ms.or(Some(made_ms)));
        // A forgotten device is unknown, which is refused just as a revoked one is.
        let surplus = (devices.len() + 1).saturating_sub(MAX_DEVICES);
        devices.drain(..surplus);
        devices.push(Device { id: device, added_ms: made_ms, revoked_ms: None });
        let version = self.version.checked_add(1).ok_or(ProtoError::TooLong)?;
        Ok(Self { account: self.account, key: self.key, version, previous: pin.hash, made_ms, devices })
    }

    /// Signs this list and pins it.
    pub fn sign(&self, key: &SecretKey) -> (Signed<Self>, Pin) {
        let signed = Signed::make(self, key);
        let pin = Pin { key: self.key, version: self.version, hash: list_hash(&signed) };
        (signed, pin)
    }

    /// The device that speaks for the account: the newest one not revoked.
    pub fn current(&self) -> Option<DeviceId> {
        self.devices.iter().rev().find(|device| device.revoked_ms.is_none()).map(|device| device.id)
    }

    /// Whether `device` may speak for the account.
    ///
    /// # Errors
    /// `UnknownDevice`, `RevokedDevice`.
    pub fn admit(&self, device: &DeviceId) -> Result<(), ProtoError> {
        match self.devices.iter().find(|known| known.id == *device) {
            Some(Device { revoked_ms: None, .. }) => Ok(()),
            Some(Device { revoked_ms: Some(_), .. }) => Err(ProtoError::RevokedDevice),
            None => Err(ProtoError::UnknownDevice),
        }
    }
}

fn list_hash(list: &Signed<DeviceList>) -> ListHash {
    ListHash::new(hash(Context::DeviceList.label(), &[list.bytes()]))
}

/// Checks one list against what is pinned, and says what to pin from here on.
///
/// # Errors
/// `BadSignature`, `Malformed`, `TooManyDevices`; against a pin also `AccountKeyChanged`, `Rollback`,
/// `ForkedDeviceList`, `ChainGap`. `UnknownDevice` for a list of another account.
pub fn check(
    account: &AccountId,
    pin: Option<&Pin>,
    list: &Signed<DeviceList>,
) -> Result<(DeviceList, Pin), ProtoError> {
    let claimed = list.peek()?.key;
    let opened = list.open(claimed.bytes())?;
    if opened.account != *account {
        return Err(ProtoError::UnknownDevice);
    }
    if opened.devices.len() > MAX_DEVICES {
        return Err(ProtoError::TooManyDevices);
    }
    let fresh = Pin { key: opened.key, version: opened.version, hash: list_hash(list) };
    if let Some(pin) = pin {
        if pin.key != fresh.key {
            return Err(ProtoError::AccountKeyChanged);
        }
        if fresh.version < pin.version {
            return Err(ProtoError::Rollback);
        }
        if fresh.version == pin.version && fresh.hash != pin.hash {
            return Err(ProtoError::ForkedDeviceList);
        }
        if fresh.version > pin.version {
            if fresh.version - pin.version > 1 {
                return Err(ProtoError::ChainGap);
            }
            if opened.previous != pin.hash {
                return Err(ProtoError::ForkedDeviceList);
            }
        }
    }
    Ok((opened, fresh))
}

/// Checks a chain of lists, oldest first, against what is pinned; lists older than the pin are passed over.
///
/// # Errors
/// As [`check`]; `Malformed` for an empty chain, `Rollback` where all of it is older than the pin.
pub fn check_chain(
    account: &AccountId,
    pin: Option<&Pin>,
    chain: &[Signed<DeviceList>],
) -> Result<(DeviceList, Pin), ProtoError> {
    let mut newest: Option<(DeviceList, Pin)> = None;
    let mut passed_over = false;
    for list in chain {
        let known = newest.as_ref().map(|(_, pin)| pin).or(pin);
        match check(account, known, list) {
            Ok(checked) => newest = Some(checked),
            Err(ProtoError::Rollback) if newest.is_none() => passed_over = true,
            Err(other) => return Err(other),
        }
    }
    newest.ok_or(if passed_over { ProtoError::Rollback } else { ProtoError::Malformed })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Account {
        key: SecretKey,
        id: AccountId,
    }

    fn alice() -> Account {
        Account { key: SecretKey::from_seed(&[1; 32]), id: AccountId::new([9; 32]) }
    }

    fn device(seed: u8) -> DeviceId {
        SecretKey::from_seed(&[seed; 32]).device()
    }

    #[test]
    fn a_list_is_followed_version_by_version() {
        let alice = alice();
        let one = DeviceList::first(alice.id, alice.key.account_key(), device(2), 1_000);
        let (signed_one, pin_one) = one.sign(&alice.key);
        let two = one.moved_to(&pin_one, device(3), 2_000).unwrap();
        let (signed_two, pin_two) = two.sign(&alice.key);

        assert_eq!(check(&alice.id, None, &signed_one).unwrap().1, pin_one);
        let (list, pin) = check(&alice.id, Some(&pin_one), &signed_two).unwrap();
        assert_eq!(pin, pin_two);
        assert_eq!(list.current(), Some(device(3)));
        assert_eq!(list.admit(&device(2)), Err(ProtoError::RevokedDevice));
        assert_eq!(list.admit(&device(4)), Err(ProtoError::UnknownDevice));
        assert_eq!(check_chain(&alice.id, Some(&pin_one), &[signed_one, signed_two]).unwrap().1, pin_two);
    }

    #[test]
    fn eve_cannot_roll_back_fork_or_replace_a_list() {
        let alice = alice();
        let one = DeviceList::first(alice.id, alice.key.account_key(), device(2), 1_000);
        let (signed_one, pin_one) = one.sign(&alice.key);
        let two = one.moved_to(&pin_one, device(3), 2_000).unwrap();
        let (_, pin_two) = two.sign(&alice.key);
        assert_eq!(check(&alice.id, Some(&pin_two), &signed_one).unwrap_err(), ProtoError::Rollback);

        let (forked, _) = one.moved_to(&pin_one, device(4), 2_000).unwrap().sign(&alice.key);
        assert_eq!(check(&alice.id, Some(&pin_two), &forked).unwrap_err(), ProtoError::ForkedDeviceList);

        let mut gap = two;
        gap.version = 4;
        assert_eq!(check(&alice.id, Some(&pin_two), &gap.sign(&alice.key).0).unwrap_err(), ProtoError::ChainGap);

        let eve = SecretKey::from_seed(&[66; 32]);
        let (stolen, _) = DeviceList::first(alice.id, eve.account_key(), device(5), 3_000).sign(&eve);
        assert_eq!(check(&alice.id, Some(&pin_one), &stolen).unwrap_err(), ProtoError::AccountKeyChanged);

        let (not_hers, _) = DeviceList::first(alice.id, alice.key.account_key(), device(5), 3_000).sign(&eve);
        assert_eq!(check(&alice.id, None, &not_hers).unwrap_err(), ProtoError::BadSignature);
    }

    #[test]
    fn eleven_devices_are_too_many() {
        let alice = alice();
        let mut list = DeviceList::first(alice.id, alice.key.account_key(), device(2), 1_000);
        list.devices = (0..11).map(|n| Device { id: device(n), added_ms: 0, revoked_ms: None }).collect();
        assert_eq!(check(&alice.id, None, &list.sign(&alice.key).0).unwrap_err(), ProtoError::TooManyDevices);
    }

    #[test]
    fn an_account_can_move_more_often_than_a_list_is_long() {
        let alice = alice();
        let mut list = DeviceList::first(alice.id, alice.key.account_key(), device(1), 0);
        let mut pin = list.sign(&alice.key).1;
        for n in 2..40 {
            list = list.moved_to(&pin, device(n), u64::from(n)).unwrap();
            let (signed, next) = list.sign(&alice.key);
            assert_eq!(check(&alice.id, Some(&pin), &signed).unwrap().1, next);
            pin = next;
        }
        assert_eq!(list.current(), Some(device(39)));
    }
}
