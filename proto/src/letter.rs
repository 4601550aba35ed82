//! Letters: what is said to someone who is away, sealed to their key of the day and left in their mailbox at the server.
//!
//! A letter carries the same bodies as a link. Whoever posts it shows a delivery token that its recipient gave out, and
//! nothing of itself: the server learns for which device a letter is and how large, not from whom.

use std::fmt;

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};

use crate::{
    device_list::DeviceList,
    error::ProtoError,
    frame,
    id::{AccountId, DeviceId, Millis, hash},
    link::LinkBody,
    sign::{Context, Signable, Signed},
};

/// The most bytes of bodies in one letter, so that it stays below [`MAX_SEALED`]; one body may be larger than that.
pub const MAX_BODIES: usize = 56 * 1024;
/// The largest letter, sealed, in bytes: a full body, its padding and its seal.
pub const MAX_SEALED: usize = 72 * 1024;
/// How long a letter is kept at the server.
pub const KEPT: Millis = crate::prekey::KEPT;

/// Given to one buddy, who may post letters with it until it is taken back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct DeliveryToken(#[n(0)] ByteArray<32>);

impl DeliveryToken {
    /// The token of these random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes.into())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the server keeps of it.
    pub fn hash(&self) -> TokenHash {
        ByteArray::from(hash("juice/token/1", &[self.bytes()]))
    }
}

impl fmt::Debug for DeliveryToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeliveryToken(..)")
    }
}

/// What the server keeps of a token, so that its disk lets nobody post.
pub type TokenHash = ByteArray<32>;

/// A letter's name, random, chosen by whoever posts it: posting twice is posting once, and only its poster can take it
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct LetterId(#[n(0)] ByteArray<16>);

impl LetterId {
    /// The id of these random bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes.into())
    }

    /// Stands for a letter that is not to be taken back: what is in it may be elsewhere too. None has this name.
    pub fn for_good() -> Self {
        Self::new([0; 16])
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A letter, as it is signed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Letter {
    /// Who writes.
    #[n(0)]
    pub from: AccountId,
    /// On which device.
    #[n(1)]
    pub device: DeviceId,
    /// For which device.
    #[n(2)]
    pub to: DeviceId,
    /// The writer's clock.
    #[n(3)]
    pub sent_ms: Millis,
    /// The writer's newest device list.
    #[n(4)]
    pub list: Signed<DeviceList>,
    /// The writer's name; it hashes to `from`.
    #[n(5)]
    pub name: String,
    /// What is said: [`LinkBody`]s, each by itself, so that one of tomorrow doesn't spoil the others.
    #[n(6)]
    pub bodies: Vec<ByteVec>,
}

impl Letter {
    /// What is said in it, as far as this version knows it.
    pub fn said(&self) -> impl Iterator<Item = LinkBody> {
        self.bodies.iter().filter_map(|body| frame::decode(body).ok())
    }
}

impl Signable for Letter {
    const CONTEXT: Context = Context::Letter;
}

/// Checks that `device` signed this letter, and that it is for `us`.
///
/// # Errors
/// `BadSignature`, `Malformed`, `WrongRecipient`.
pub fn check(signed: &Signed<Letter>, us: &DeviceId) -> Result<Letter, ProtoError> {
    let claimed = signed.peek()?;
    let letter = signed.open(claimed.device.bytes())?;
    if letter.to == *us { Ok(letter) } else { Err(ProtoError::WrongRecipient) }
}
