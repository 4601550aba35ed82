//! The capsule: the account key, wrapped so that only the password brings it back.
//!
//! The server keeps one under OPAQUE's export key, for a new device; each device keeps one under its own Argon2id slot
//! ([`crate::vault::PasswordBox`]). The key itself is in RAM only for the moment of signing a device list.

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    error::ProtoError,
    id::hash,
    opaque::ExportKey,
    sign::SecretKey,
    vault::{self, KdfParams, PasswordBox},
};

const PURPOSE: &str = "juice/capsule/1";

/// The account key under OPAQUE's export key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ServerCapsule {
    #[n(0)]
    nonce: ByteArray<24>,
    #[n(1)]
    sealed: ByteVec,
}

fn wrapping_key(export: &ExportKey) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(hash(PURPOSE, &[export.as_ref()]))
}

impl ServerCapsule {
    /// Wraps.
    pub fn seal(key: &SecretKey, export: &ExportKey, rng: &mut impl CryptoRng) -> Self {
        let mut nonce = [0; 24];
        rng.fill_bytes(&mut nonce);
        let sealed = vault::seal(&wrapping_key(export), &nonce, key.seed().as_ref(), PURPOSE.as_bytes());
        Self { nonce: nonce.into(), sealed: sealed.into() }
    }

    /// Unwraps.
    ///
    /// # Errors
    /// `WrongPassword`.
    pub fn open(&self, export: &ExportKey) -> Result<SecretKey, ProtoError> {
        let seed = vault::open(&wrapping_key(export), &self.nonce, &self.sealed, PURPOSE.as_bytes());
        from_seed(&seed.ok_or(ProtoError::WrongPassword)?)
    }
}

/// Wraps the account key for this device.
///
/// # Errors
/// `KdfParamsOutOfRange`.
pub fn seal_here(
    key: &SecretKey,
    password: &str,
    kdf: KdfParams,
    rng: &mut impl CryptoRng,
) -> Result<PasswordBox, ProtoError> {
    PasswordBox::seal(key.seed().as_ref(), password.as_bytes(), PURPOSE, kdf, rng)
}

/// Unwraps the account key on this device.
///
/// # Errors
/// `WrongPassword`, `KdfParamsOutOfRange`.
pub fn open_here(capsule: &PasswordBox, password: &str) -> Result<SecretKey, ProtoError> {
    from_seed(&capsule.open(password.as_bytes(), PURPOSE)?)
}

fn from_seed(seed: &[u8]) -> Result<SecretKey, ProtoError> {
    let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).map_err(|_| ProtoError::Corrupt)?);
    Ok(SecretKey::from_seed(&seed))
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn the_account_key_comes_back_with_the_right_secret_alone() {
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        let key = SecretKey::from_seed(&[8; 32]);
        let capsule = ServerCapsule::seal(&key, &Zeroizing::new([1; 64]), &mut rng);
        assert_eq!(capsule.open(&Zeroizing::new([1; 64])).unwrap().public(), key.public());
        assert_eq!(capsule.open(&Zeroizing::new([2; 64])).err(), Some(ProtoError::WrongPassword));

        let cheap = KdfParams { memory_kib: 8 * 1024, passes: 1, lanes: 1 };
        let here = seal_here(&key, "password", cheap, &mut rng).unwrap();
        assert_eq!(open_here(&here, "password").unwrap().public(), key.public());
        assert_eq!(open_here(&here, "passw0rd").err(), Some(ProtoError::WrongPassword));
    }
}
