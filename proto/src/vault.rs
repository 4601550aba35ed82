//! The vault: a small file that a password opens, and the keys in it.
//!
//! A random key (DEK) seals the body and, by HKDF, everything else at rest. Slots wrap the DEK, each under its own
//! secret, so a password changes without re-sealing anything. Layout: magic, version, then CBOR. This module is pure
//! bytes; reading, writing and locking the file is the engine's.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{error::ProtoError, frame};

const MAGIC: &[u8; 8] = b"JUICEVLT";
const VERSION: u8 = 1;
/// The most slots a header may have.
const MAX_SLOTS: usize = 8;
/// The largest vault, in bytes.
pub const MAX_VAULT: usize = 64 * 1024;

/// How much work a guess at a password costs (Argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KdfParams {
    /// Memory, in KiB.
    #[n(0)]
    pub memory_kib: u32,
    /// Passes over it.
    #[n(1)]
    pub passes: u32,
    /// Lanes.
    #[n(2)]
    pub lanes: u32,
}

impl KdfParams {
    /// RFC 9106's second recommendation: 64 MiB, 3 passes; one lane, since lanes are not run in parallel here.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    /// Stretches a secret into `output`.
    ///
    /// # Errors
    /// `KdfParamsOutOfRange` below 8 MiB or above 1 GiB, 16 passes or 16 lanes, before anything is allocated.
    pub fn stretch(&self, secret: &[u8], salt: &[u8], output: &mut [u8]) -> Result<(), ProtoError> {
        let out_of_range = ProtoError::KdfParamsOutOfRange;
        if !(8 * 1024..=1024 * 1024).contains(&self.memory_kib)
            || !(1..=16).contains(&self.passes)
            || !(1..=16).contains(&self.lanes)
        {
            return Err(out_of_range);
        }
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(output.len())).map_err(|_| out_of_range)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(secret, salt, output)
            .map_err(|_| out_of_range)
    }
}

/// Bytes sealed under a password.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PasswordBox {
    /// The price of a guess.
    #[n(0)]
    pub kdf: KdfParams,
    #[n(1)]
    salt: ByteArray<16>,
    #[n(2)]
    nonce: ByteArray<24>,
    #[n(3)]
    sealed: ByteVec,
}

impl PasswordBox {
    /// Seals `plain` under `password`. Takes 50 to 200 ms and 64 MiB with the default price.
    ///
    /// # Errors
    /// `KdfParamsOutOfRange`.
    pub fn seal(
        plain: &[u8],
        password: &[u8],
        purpose: &str,
        kdf: KdfParams,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, ProtoError> {
        let (mut salt, mut nonce) = ([0; 16], [0; 24]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let mut key = Zeroizing::new([0; 32]);
        kdf.stretch(password, &salt, key.as_mut())?;
        let sealed = seal(&key, &nonce, plain, purpose.as_bytes());
        Ok(Self { kdf, salt: salt.into(), nonce: nonce.into(), sealed: sealed.into() })
    }

    /// Opens it.
    ///
    /// # Errors
    /// `WrongPassword` (a flipped bit looks the same), `KdfParamsOutOfRange`.
    pub fn open(&self, password: &[u8], purpose: &str) -> Result<Zeroizing<Vec<u8>>, ProtoError> {
        let mut key = Zeroizing::new([0; 32]);
        self.kdf.stretch(password, &*self.salt, key.as_mut())?;
        open(&key, &self.nonce, &self.sealed, purpose.as_bytes()).ok_or(ProtoError::WrongPassword)
    }
}

/// XChaCha20-Poly1305 with a random nonce.
pub(crate) fn seal(key: &[u8; 32], nonce: &[u8; 24], plain: &[u8], aad: &[u8]) -> Vec<u8> {
    // Sealing a few kilobytes in memory can't fail; an empty result opens as wrong.
    XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from(*nonce), Payload { msg: plain, aad }).unwrap_or_default()
}

pub(crate) fn open(key: &[u8; 32], nonce: &[u8; 24], sealed: &[u8], aad: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad })
        .ok()
        .map(Zeroizing::new)
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct File {
    #[n(0)]
    slots: Vec<PasswordBox>,
    #[n(1)]
    nonce: ByteArray<24>,
    #[n(2)]
    body: ByteVec,
}

/// The key to everything at rest.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// A key for one purpose, by HKDF-SHA256.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        // 32 bytes are always within HKDF's reach.
        let _ = Hkdf::<Sha256>::new(None, self.0.as_ref()).expand(purpose.as_bytes(), key.as_mut());
        key
    }
}

/// An open vault: its body, and what it takes to seal it again.
pub struct Vault {
    slots: Vec<PasswordBox>,
    /// The key to everything at rest.
    pub data_key: DataKey,
    /// What is kept in it.
    pub body: Zeroizing<Vec<u8>>,
}

const SLOT: &str = "juice/vault/slot/1";
const BODY: &str = "juice/vault/body/1";

impl Vault {
    /// A new vault under a password.
    ///
    /// # Errors
    /// `KdfParamsOutOfRange`.
    pub fn new(
        body: Zeroizing<Vec<u8>>,
        password: &str,
        kdf: KdfParams,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, ProtoError> {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(key.as_mut());
        let slot = PasswordBox::seal(key.as_ref(), password.as_bytes(), SLOT, kdf, rng)?;
        Ok(Self { slots: vec![slot], data_key: DataKey(key), body })
    }

    /// Puts the vault under another password.
    ///
    /// # Errors
    /// `KdfParamsOutOfRange`.
    pub fn change_password(
        &mut self,
        password: &str,
        kdf: KdfParams,
        rng: &mut impl CryptoRng,
    ) -> Result<(), ProtoError> {
        self.slots = vec![PasswordBox::seal(self.data_key.0.as_ref(), password.as_bytes(), SLOT, kdf, rng)?];
        Ok(())
    }

    /// The bytes of the file.
    pub fn to_bytes(&self, rng: &mut impl CryptoRng) -> Vec<u8> {
        let mut nonce = [0; 24];
        rng.fill_bytes(&mut nonce);
        let body = seal(&self.data_key.derive(BODY), &nonce, &self.body, BODY.as_bytes());
        let file = File { slots: self.slots.clone(), nonce: nonce.into(), body: body.into() };
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(frame::encode(&file));
        bytes
    }

    /// Opens the bytes of a file with its password.
    ///
    /// # Errors
    /// `WrongPassword`, `Corrupt`, `Version` for a newer vault, `KdfParamsOutOfRange` before allocating.
    pub fn open(bytes: &[u8], password: &str) -> Result<Self, ProtoError> {
        let file = parse(bytes)?;
        let mut failure = ProtoError::Corrupt;
        for slot in &file.slots {
            match slot.open(password.as_bytes(), SLOT) {
                Ok(key) => {
                    let key = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| ProtoError::Corrupt)?;
                    let data_key = DataKey(Zeroizing::new(key));
                    let body = open(&data_key.derive(BODY), &file.nonce, &file.body, BODY.as_bytes())
                        .ok_or(ProtoError::Corrupt)?;
                    return Ok(Self { slots: file.slots, data_key, body });
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Reads a file's header.
fn parse(bytes: &[u8]) -> Result<File, ProtoError> {
    if bytes.len() > MAX_VAULT {
        return Err(ProtoError::Corrupt);
    }
    let rest = bytes.strip_prefix(MAGIC).ok_or(ProtoError::Corrupt)?;
    let (version, rest) = rest.split_first().ok_or(ProtoError::Corrupt)?;
    if *version != VERSION {
        return Err(if *version > VERSION { ProtoError::Version } else { ProtoError::Corrupt });
    }
    let file: File = frame::decode(rest).map_err(|_| ProtoError::Corrupt)?;
    if file.slots.is_empty() || file.slots.len() > MAX_SLOTS {
        return Err(ProtoError::Corrupt);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    const CHEAP: KdfParams = KdfParams { memory_kib: 8 * 1024, passes: 1, lanes: 1 };

    fn vault() -> (Vec<u8>, ChaCha20Rng) {
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        let vault = Vault::new(Zeroizing::new(b"keys".to_vec()), "password", CHEAP, &mut rng).unwrap();
        (vault.to_bytes(&mut rng), rng)
    }

    #[test]
    fn a_vault_opens_with_its_password_alone() {
        let (bytes, mut rng) = vault();
        let mut vault = Vault::open(&bytes, "password").unwrap();
        assert_eq!(vault.body.as_slice(), b"keys");
        assert_eq!(Vault::open(&bytes, "Password").err(), Some(ProtoError::WrongPassword));
        let key = vault.data_key.derive("database");
        vault.change_password("another", CHEAP, &mut rng).unwrap();
        let bytes = vault.to_bytes(&mut rng);
        assert_eq!(Vault::open(&bytes, "password").err(), Some(ProtoError::WrongPassword));
        assert_eq!(Vault::open(&bytes, "another").unwrap().data_key.derive("database"), key);
    }

    #[test]
    fn a_flipped_byte_anywhere_is_noticed() {
        let (bytes, _) = vault();
        for at in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[at] ^= 0x10;
            let error = Vault::open(&bent, "password").err();
            assert!(
                matches!(
                    error,
                    Some(
                        ProtoError::WrongPassword
                            | ProtoError::Corrupt
                            | ProtoError::Version
                            | ProtoError::KdfParamsOutOfRange
                    )
                ),
                "byte {at}: {error:?}"
            );
        }
    }

    #[test]
    fn a_header_asking_for_four_tebibytes_is_refused_before_allocating() {
        let huge = KdfParams { memory_kib: u32::MAX, passes: 1, lanes: 1 };
        assert_eq!(huge.stretch(b"", b"saltsalt", &mut [0; 32]), Err(ProtoError::KdfParamsOutOfRange));
        let (bytes, mut rng) = vault();
        let mut vault = Vault::open(&bytes, "password").unwrap();
        vault.slots[0].kdf = huge;
        assert_eq!(Vault::open(&vault.to_bytes(&mut rng), "password").err(), Some(ProtoError::KdfParamsOutOfRange));
    }

    #[test]
    fn a_newer_vault_is_left_alone() {
        let (mut bytes, _) = vault();
        bytes[8] = VERSION + 1;
        assert_eq!(Vault::open(&bytes, "password").err(), Some(ProtoError::Version));
    }
}
