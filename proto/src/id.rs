//! The identifiers, each its own type, and time as it is told to this crate.
//!
//! Ids are 32 bytes: hashes or public keys. They are shown as lower-case hex, and printed shortened, so that a log
//! names no one.

use std::fmt;

use minicbor::{Decode, Encode, bytes::ByteArray};
use sha2::{Digest, Sha256};

use crate::error::ProtoError;

macro_rules! id32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] ByteArray<32>);

        impl $name {
            /// The id of these bytes.
            pub fn new(bytes: [u8; 32]) -> Self {
                Self(ByteArray::from(bytes))
            }

            /// Its bytes.
            pub fn bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads 64 lower-case or upper-case hex digits.
            ///
            /// # Errors
            /// `Malformed` for anything else.
            pub fn parse(hex: &str) -> Result<Self, ProtoError> {
                Ok(Self::new(from_hex(hex)?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [a, b, c, ..] = *self.bytes();
                write!(f, "{}({a:02x}{b:02x}{c:02x})", stringify!($name))
            }
        }
    };
}

id32! {
    /// An account: the hash of its server's key and its name, so that the name itself need not travel.
    AccountId
}
id32! {
    /// A device: its Ed25519 public key, which is also its libp2p peer id.
    DeviceId
}
id32! {
    /// A server: its Ed25519 public key.
    ServerKey
}
id32! {
    /// An account's identity key (AIK), Ed25519, public half.
    AccountKey
}
id32! {
    /// A conversation between two accounts: the hash of both account keys, in order.
    ConversationId
}
id32! {
    /// A content: the hash of its signed bytes. The signature is outside, so an id can't be changed by re-signing.
    MessageId
}
id32! {
    /// A call: drawn at random by whoever places it.
    CallId
}
id32! {
    /// The hash of a device list.
    ListHash
}

/// A link to a device, numbered by whoever opens streams; never used twice in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u64);

/// Milliseconds since 1970 (UTC), or since an arbitrary start for [`Now::mono`].
pub type Millis = u64;

/// The time, as this crate is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Never goes back; for waiting.
    pub mono: Millis,
    /// The wall clock, UTC; for stamping. May jump.
    pub wall: Millis,
}

impl AccountId {
    /// The id of the account called `name` (already in canonical form, see [`crate::name::UserName`]) at `server`.
    pub fn derive(server: &ServerKey, name: &str) -> Self {
        Self::new(hash("juice/account/1", &[server.bytes(), name.as_bytes()]))
    }
}

impl ConversationId {
    /// The conversation of two accounts, the same from both sides.
    pub fn between(a: &AccountKey, b: &AccountKey) -> Self {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self::new(hash("juice/conversation/1", &[low.bytes(), high.bytes()]))
    }
}

/// SHA-256 over `context || 0x00 || parts`.
pub fn hash(context: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut sha = Sha256::new();
    sha.update(context.as_bytes());
    sha.update([0]);
    for part in parts {
        sha.update(part);
    }
    sha.finalize().into()
}

/// Reads exactly `N` bytes of hex.
///
/// # Errors
/// `Malformed` for another length or other characters.
pub fn from_hex<const N: usize>(hex: &str) -> Result<[u8; N], ProtoError> {
    let digits = hex.as_bytes();
    if digits.len() != N * 2 {
        return Err(ProtoError::Malformed);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| ProtoError::Malformed)?;
        if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ProtoError::Malformed);
        }
        *byte = u8::from_str_radix(pair, 16).map_err(|_| ProtoError::Malformed)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_shows() {
        let id = AccountId::new([0xab; 32]);
        assert_eq!(AccountId::parse(&id.to_string()), Ok(id));
        assert_eq!(AccountId::parse("+f"), Err(ProtoError::Malformed));
        assert_eq!(AccountId::parse(&"+f".repeat(32)), Err(ProtoError::Malformed));
    }

    #[test]
    fn a_conversation_is_the_same_from_both_sides() {
        let (a, b) = (AccountKey::new([1; 32]), AccountKey::new([2; 32]));
        assert_eq!(ConversationId::between(&a, &b), ConversationId::between(&b, &a));
    }

    #[test]
    fn a_printed_id_is_shortened() {
        assert_eq!(format!("{:?}", DeviceId::new([0xfe; 32])), "DeviceId(fefefe)");
    }
}
