//! Signatures: Ed25519 over `context || 0x00 || bytes`, the context from a closed list.
//!
//! A signature made for one purpose is worthless for another. Verification is strict (no small-order keys, no
//! non-canonical forms) and is of the bytes received, never of a re-serialisation.

use std::{fmt, marker::PhantomData};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use zeroize::Zeroizing;

use crate::{
    error::ProtoError,
    frame,
    id::{AccountKey, DeviceId, ServerKey},
};

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// A device list, by the account key.
    DeviceList,
    /// A content, by the author's device.
    Content,
    /// A day key, by its device.
    Prekey,
    /// A presence, by its device.
    Presence,
    /// A buddy request, by the asker's device.
    Request,
    /// The greeting on a link, by its device.
    Link,
    /// The first frame to a server, by the device.
    Hello,
    /// The server's answer to a challenge in the upgrade, by the server key.
    Server,
    /// The server's welcome, by the server key.
    Welcome,
    /// A letter, by its writer's device.
    Letter,
}

impl Context {
    /// The bytes that stand before what is signed.
    pub const fn label(self) -> &'static str {
        match self {
            Self::DeviceList => "juice/devlist/1",
            Self::Content => "juice/content/1",
            Self::Prekey => "juice/prekey/1",
            Self::Presence => "juice/presence/1",
            Self::Request => "juice/request/1",
            Self::Link => "juice/link/1",
            Self::Hello => "juice/hello/1",
            Self::Server => "juice/server/1",
            Self::Welcome => "juice/welcome/1",
            Self::Letter => "juice/letter/1",
        }
    }
}

fn message(context: Context, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = context.label().as_bytes().to_vec();
    message.push(0);
    parts.iter().for_each(|part| message.extend_from_slice(part));
    message
}

/// A signing key, wiped when dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of this seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Its seed, for a vault.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// Its public half.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Its public half, as a device.
    pub fn device(&self) -> DeviceId {
        DeviceId::new(self.public())
    }

    /// Its public half, as an account key.
    pub fn account_key(&self) -> AccountKey {
        AccountKey::new(self.public())
    }

    /// Its public half, as a server key.
    pub fn server_key(&self) -> ServerKey {
        ServerKey::new(self.public())
    }

    /// Signs the concatenation of `parts`; all but the last must be of fixed length.
    pub fn sign(&self, context: Context, parts: &[&[u8]]) -> [u8; 64] {
        self.0.sign(&message(context, parts)).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Checks a signature over the concatenation of `parts`.
///
/// # Errors
/// `BadSignature`, also for small-order keys and non-canonical forms.
pub fn verify(context: Context, key: &[u8; 32], parts: &[&[u8]], signature: &[u8; 64]) -> Result<(), ProtoError> {
    let key = VerifyingKey::from_bytes(key).map_err(|_| ProtoError::BadSignature)?;
    if key.is_weak() {
        return Err(ProtoError::BadSignature);
    }
    key.verify_strict(&message(context, parts), &Signature::from_bytes(signature)).map_err(|_| ProtoError::BadSignature)
}

/// A value that is signed as a whole.
pub trait Signable: Encode<()> + for<'b> Decode<'b, ()> {
    /// What its signature is for.
    const CONTEXT: Context;
}

/// A value with its signature, kept as the bytes that were signed.
#[derive(Encode, Decode)]
#[cbor(array)]
pub struct Signed<T> {
    #[n(0)]
    bytes: ByteVec,
    #[n(1)]
    signature: ByteArray<64>,
    #[cbor(skip)]
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Signed<T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), signature: self.signature, value: PhantomData }
    }
}

impl<T> PartialEq for Signed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes && self.signature == other.signature
    }
}

impl<T> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({} bytes)", self.bytes.len())
    }
}

impl<T: Signable> Signed<T> {
    /// Signs a value.
    pub fn make(value: &T, key: &SecretKey) -> Self {
        let bytes = frame::encode(value);
        let signature = key.sign(T::CONTEXT, &[&bytes]);
        Self::from_parts(bytes, signature)
    }

    /// Puts received or stored parts together; nothing is checked.
    pub fn from_parts(bytes: Vec<u8>, signature: [u8; 64]) -> Self {
        Self { bytes: bytes.into(), signature: signature.into(), value: PhantomData }
    }

    /// The signed bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature.
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The value, if `key` signed it.
    ///
    /// # Errors
    /// `BadSignature`, `Malformed`.
    pub fn open(&self, key: &[u8; 32]) -> Result<T, ProtoError> {
        verify(T::CONTEXT, key, &[&self.bytes], &self.signature)?;
        frame::decode(&self.bytes)
    }

    /// The value, not yet believed: to find out whose signature to check.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn peek(&self) -> Result<T, ProtoError> {
        frame::decode(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eve_cannot_use_a_signature_for_another_purpose() {
        let key = SecretKey::from_seed(&[7; 32]);
        let signature = key.sign(Context::Prekey, &[b"bytes"]);
        assert_eq!(verify(Context::Prekey, &key.public(), &[b"bytes"], &signature), Ok(()));
        assert_eq!(verify(Context::Presence, &key.public(), &[b"bytes"], &signature), Err(ProtoError::BadSignature));
    }

    #[test]
    fn eve_cannot_sign_with_a_small_order_key() {
        // The identity point: every message verifies under it unless weak keys are refused.
        let mut weak = [0; 32];
        weak[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert_eq!(verify(Context::Content, &weak, &[b"anything"], &signature), Err(ProtoError::BadSignature));
    }

    #[test]
    fn eve_cannot_change_a_signature_by_adding_the_group_order_to_its_scalar() {
        let key = SecretKey::from_seed(&[7; 32]);
        let mut signature = key.sign(Context::Content, &[b"bytes"]);
        // ℓ, little-endian (RFC 8032, section 5.1).
        let order: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let mut carry = 0u16;
        for (byte, add) in signature[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = (sum & 0xff) as u8;
            carry = sum >> 8;
        }
        assert_eq!(verify(Context::Content, &key.public(), &[b"bytes"], &signature), Err(ProtoError::BadSignature));
    }
}
