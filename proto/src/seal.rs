//! Sealing: HPKE (RFC 9180, base mode) with ChaCha20-Poly1305, in two suites.
//!
//! [`Suite::XWing`] is hybrid post-quantum and what everyone uses; [`Suite::X25519`] is small. A link holds one context
//! per direction ([`LinkSealer`], [`LinkOpener`]): the KEM runs once, then only the AEAD with a counter that never
//! leaves RAM. What waits for someone who is away is a single-shot [`Envelope`]. No nonce or counter is ever stored, so
//! no crash, restored backup or cloned disk can use one twice.

use std::fmt;

use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable,
    aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305},
    kdf::HkdfSha256,
    kem::{X25519HkdfSha256, XWing},
    setup_receiver, setup_sender_with_rng,
};
use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    error::ProtoError,
    id::{DeviceId, hash},
};

/// The version of the envelope format.
const VERSION: u8 = 1;
const ENVELOPE_INFO: &[u8] = b"juice/env/1";
const LINK_INFO: &[u8] = b"juice/link/1";

/// The nonce of what is counted, under a key that is used for one thing alone: a file's chunks, one side's packets.
pub(crate) fn counted(number: u64) -> chacha20poly1305::Nonce {
    let mut nonce = [0; 12];
    for (place, byte) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
        *place = byte;
    }
    nonce.into()
}

/// A KEM with its KDF and AEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Suite {
    /// X25519 alone.
    #[n(1)]
    X25519,
    /// X25519 and ML-KEM-768 together (draft-connolly-cfrg-xwing-kem).
    #[n(2)]
    XWing,
}

/// Which key something is sealed to: the first 8 bytes of the hash of the public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct KeyId(#[n(0)] ByteArray<8>);

impl KeyId {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

/// The public half of a KEM key.
#[derive(Clone)]
pub enum KemPublic {
    /// Of the small suite.
    X25519(Box<<X25519HkdfSha256 as Kem>::PublicKey>),
    /// Of the hybrid suite.
    XWing(Box<<XWing as Kem>::PublicKey>),
}

/// The secret half of a KEM key, kept as its seed.
#[derive(Clone)]
pub struct KemSecret {
    suite: Suite,
    seed: Zeroizing<[u8; 32]>,
}

impl KemPublic {
    /// Reads a public key.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn parse(suite: Suite, bytes: &[u8]) -> Result<Self, ProtoError> {
        Ok(match suite {
            Suite::X25519 => Self::X25519(Box::new(Deserializable::from_bytes(bytes).map_err(malformed)?)),
            Suite::XWing => Self::XWing(Box::new(Deserializable::from_bytes(bytes).map_err(malformed)?)),
        })
    }

    /// Its suite.
    pub fn suite(&self) -> Suite {
        match self {
            Self::X25519(_) => Suite::X25519,
            Self::XWing(_) => Suite::XWing,
        }
    }

    /// Its bytes: 32 or 1,216.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::X25519(key) => key.to_bytes().to_vec(),
            Self::XWing(key) => key.to_bytes().to_vec(),
        }
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        let [a, b, c, d, e, f, g, h, ..] = hash("juice/key/1", &[&self.to_bytes()]);
        KeyId(ByteArray::from([a, b, c, d, e, f, g, h]))
    }
}

impl fmt::Debug for KemPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KemPublic({:?})", self.suite())
    }
}

impl KemSecret {
    /// A fresh key.
    pub fn random(suite: Suite, rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self { suite, seed }
    }

    /// The key of a stored seed.
    pub fn from_seed(suite: Suite, seed: [u8; 32]) -> Self {
        Self { suite, seed: Zeroizing::new(seed) }
    }

    /// Its suite.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Its seed, for an encrypted store.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Its public half.
    pub fn public(&self) -> KemPublic {
        match self.suite {
            Suite::X25519 => KemPublic::X25519(Box::new(X25519HkdfSha256::derive_keypair(self.seed.as_ref()).1)),
            Suite::XWing => KemPublic::XWing(Box::new(XWing::derive_keypair(self.seed.as_ref()).1)),
        }
    }
}

impl fmt::Debug for KemSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KemSecret({:?}, ..)", self.suite)
    }
}

type Sender<K> = AeadCtxS<ChaCha20Poly1305, HkdfSha256, K>;
type Receiver<K> = AeadCtxR<ChaCha20Poly1305, HkdfSha256, K>;

enum SealContext {
    X25519(Box<Sender<X25519HkdfSha256>>),
    XWing(Box<Sender<XWing>>),
}

enum OpenContext {
    X25519(Box<Receiver<X25519HkdfSha256>>),
    XWing(Box<Receiver<XWing>>),
}

fn seal_context(to: &KemPublic, info: &[u8], rng: &mut impl CryptoRng) -> Result<(Vec<u8>, SealContext), ProtoError> {
    Ok(match to {
        KemPublic::X25519(key) => {
            let (enc, context): (_, Sender<X25519HkdfSha256>) =
                setup_sender_with_rng(&OpModeS::Base, key.as_ref(), info, rng).map_err(malformed)?;
            (enc.to_bytes().to_vec(), SealContext::X25519(Box::new(context)))
        }
        KemPublic::XWing(key) => {
            let (enc, context): (_, Sender<XWing>) =
                setup_sender_with_rng(&OpModeS::Base, key.as_ref(), info, rng).map_err(malformed)?;
            (enc.to_bytes().to_vec(), SealContext::XWing(Box::new(context)))
        }
    })
}

fn open_context(secret: &KemSecret, enc: &[u8], info: &[u8]) -> Result<OpenContext, ProtoError> {
    Ok(match secret.suite {
        Suite::X25519 => {
            let (key, _) = X25519HkdfSha256::derive_keypair(secret.seed.as_ref());
            let enc = Deserializable::from_bytes(enc).map_err(malformed)?;
            OpenContext::X25519(Box::new(setup_receiver(&OpModeR::Base, &key, &enc, info).map_err(malformed)?))
        }
        Suite::XWing => {
            let (key, _) = XWing::derive_keypair(secret.seed.as_ref());
            let enc = Deserializable::from_bytes(enc).map_err(malformed)?;
            OpenContext::XWing(Box::new(setup_receiver(&OpModeR::Base, &key, &enc, info).map_err(malformed)?))
        }
    })
}

impl SealContext {
    fn seal(&mut self, plain: &[u8], aad: &[u8]) -> Result<Vec<u8>, ProtoError> {
        match self {
            Self::X25519(context) => context.seal(plain, aad),
            Self::XWing(context) => context.seal(plain, aad),
        }
        .map_err(|_| ProtoError::BadSeal)
    }
}

impl OpenContext {
    fn open(&mut self, sealed: &[u8], aad: &[u8]) -> Result<Vec<u8>, ProtoError> {
        match self {
            Self::X25519(context) => context.open(sealed, aad),
            Self::XWing(context) => context.open(sealed, aad),
        }
        .map_err(|_| ProtoError::BadSeal)
    }
}

fn malformed<E>(_: E) -> ProtoError {
    ProtoError::Malformed
}

/// What the seal is bound to besides its key: a ciphertext moved to another recipient or suite does not open.
fn bound_to(suite: Suite, key: KeyId, recipient: &DeviceId) -> Vec<u8> {
    let suite = match suite {
        Suite::X25519 => 1,
        Suite::XWing => 2,
    };
    let mut aad = vec![VERSION, suite];
    aad.extend_from_slice(key.bytes());
    aad.extend_from_slice(recipient.bytes());
    aad
}

/// The sending half of a link.
pub struct LinkSealer {
    context: SealContext,
    aad: Vec<u8>,
}

/// The receiving half of a link.
pub struct LinkOpener {
    context: OpenContext,
    aad: Vec<u8>,
}

impl LinkSealer {
    /// Opens the sending half towards `recipient`'s live key; the bytes go to the other side, once.
    ///
    /// # Errors
    /// `Malformed` for a key that is none.
    pub fn new(to: &KemPublic, recipient: &DeviceId, rng: &mut impl CryptoRng) -> Result<(Self, Vec<u8>), ProtoError> {
        let (enc, context) = seal_context(to, LINK_INFO, rng)?;
        Ok((Self { context, aad: bound_to(to.suite(), to.id(), recipient) }, enc))
    }

    /// Seals the next frame; its length is hidden in steps (see [`padded`]).
    ///
    /// # Errors
    /// `TooLong` above the largest step.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, ProtoError> {
        self.context.seal(&padded(plain)?, &self.aad)
    }
}

impl LinkOpener {
    /// Opens the receiving half with our live key and the bytes that the other side sent.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn new(secret: &KemSecret, public: &KemPublic, us: &DeviceId, enc: &[u8]) -> Result<Self, ProtoError> {
        let context = open_context(secret, enc, LINK_INFO)?;
        Ok(Self { context, aad: bound_to(secret.suite, public.id(), us) })
    }

    /// Opens the next frame. Frames open in the order in which they were sealed, each once.
    ///
    /// # Errors
    /// `BadSeal`, `Malformed`.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, ProtoError> {
        unpadded(self.context.open(sealed, &self.aad)?)
    }
}

/// Something sealed to a device's day key: single-shot, no sender on the outside.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Envelope {
    /// The format's version.
    #[n(0)]
    pub version: u8,
    /// The suite of the key.
    #[n(1)]
    pub suite: Suite,
    /// The key.
    #[n(2)]
    pub key: KeyId,
    /// The encapsulated secret.
    #[n(3)]
    pub enc: ByteVec,
    /// The padded, sealed content.
    #[n(4)]
    pub sealed: ByteVec,
}

impl Envelope {
    /// Seals `plain` to a day key of `recipient`.
    ///
    /// # Errors
    /// `TooLong`, `Malformed` for a key that is none.
    pub fn seal(
        plain: &[u8],
        to: &KemPublic,
        recipient: &DeviceId,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, ProtoError> {
        let (enc, mut context) = seal_context(to, ENVELOPE_INFO, rng)?;
        let sealed = context.seal(&padded(plain)?, &bound_to(to.suite(), to.id(), recipient))?;
        Ok(Self { version: VERSION, suite: to.suite(), key: to.id(), enc: enc.into(), sealed: sealed.into() })
    }

    /// Opens it with the secret that its `key` names.
    ///
    /// # Errors
    /// `Version`, `UnknownKey` when `secret` is another key, `WrongRecipient` when it was sealed for another device,
    /// `Malformed`.
    pub fn open(&self, secret: &KemSecret, us: &DeviceId) -> Result<Vec<u8>, ProtoError> {
        if self.version != VERSION {
            return Err(ProtoError::Version);
        }
        let public = secret.public();
        if self.suite != secret.suite || self.key != public.id() {
            return Err(ProtoError::UnknownKey);
        }
        let mut context = open_context(secret, &self.enc, ENVELOPE_INFO)?;
        let plain =
            context.open(&self.sealed, &bound_to(self.suite, self.key, us)).map_err(|_| ProtoError::WrongRecipient)?;
        unpadded(plain)
    }
}

/// The lengths that are seen from outside, in bytes: powers of two from 256 to 64 Ki, and one above that for a full
/// body with its frame.
const STEPS: [usize; 10] =
    [256, 512, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16, (1 << 16) + (1 << 12)];

/// Pads to the next step: the bytes, 0x80, zeros (ISO/IEC 7816-4).
fn padded(plain: &[u8]) -> Result<Vec<u8>, ProtoError> {
    let step = STEPS.into_iter().find(|step| *step > plain.len()).ok_or(ProtoError::TooLong)?;
    let mut padded = Vec::with_capacity(step);
    padded.extend_from_slice(plain);
    padded.push(0x80);
    padded.resize(step, 0);
    Ok(padded)
}

fn unpadded(mut padded: Vec<u8>) -> Result<Vec<u8>, ProtoError> {
    let end = padded.iter().rposition(|byte| *byte != 0).ok_or(ProtoError::Malformed)?;
    if padded.get(end) != Some(&0x80) {
        return Err(ProtoError::Malformed);
    }
    padded.truncate(end);
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    const SUITES: [Suite; 2] = [Suite::X25519, Suite::XWing];

    fn device(seed: u8) -> DeviceId {
        DeviceId::new([seed; 32])
    }

    #[test]
    fn a_link_opens_its_frames_once_and_in_order() {
        for suite in SUITES {
            let mut rng = ChaCha20Rng::from_seed([1; 32]);
            let secret = KemSecret::random(suite, &mut rng);
            let (mut sealer, enc) = LinkSealer::new(&secret.public(), &device(2), &mut rng).unwrap();
            let mut opener = LinkOpener::new(&secret, &secret.public(), &device(2), &enc).unwrap();
            let (one, two) = (sealer.seal(b"one").unwrap(), sealer.seal(b"two").unwrap());
            assert_eq!(one.len(), 256 + 16, "short frames all look alike");
            assert_eq!(opener.open(&two), Err(ProtoError::BadSeal), "out of order");
            assert_eq!(opener.open(&one).unwrap(), b"one");
            assert_eq!(opener.open(&one), Err(ProtoError::BadSeal), "twice");
            assert_eq!(opener.open(&two).unwrap(), b"two");
        }
    }

    #[test]
    fn eve_cannot_open_or_redirect_an_envelope() {
        for suite in SUITES {
            let mut rng = ChaCha20Rng::from_seed([1; 32]);
            let secret = KemSecret::random(suite, &mut rng);
            let envelope = Envelope::seal(b"for bob", &secret.public(), &device(2), &mut rng).unwrap();
            assert_eq!(envelope.open(&secret, &device(2)).unwrap(), b"for bob");
            assert_eq!(envelope.open(&secret, &device(3)), Err(ProtoError::WrongRecipient));
            let eve = KemSecret::random(suite, &mut rng);
            assert_eq!(envelope.open(&eve, &device(2)), Err(ProtoError::UnknownKey));
            let mut bent = envelope.clone();
            if let Some(byte) = bent.sealed.first_mut() {
                *byte ^= 1;
            }
            assert_eq!(bent.open(&secret, &device(2)), Err(ProtoError::WrongRecipient));
        }
    }

    #[test]
    fn a_full_body_fits_and_more_does_not() {
        assert_eq!(padded(&[0; 65_536]).unwrap().len(), 65_536 + 4_096);
        assert_eq!(unpadded(padded(&[0; 65_536]).unwrap()).unwrap(), vec![0; 65_536]);
        assert_eq!(padded(&vec![0; 70_000]), Err(ProtoError::TooLong));
        assert_eq!(unpadded(vec![0; 256]), Err(ProtoError::Malformed));
    }
}
