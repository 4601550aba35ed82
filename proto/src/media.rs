//! How voice crosses: packets in datagrams or on several streams of [`PROTOCOL`], sealed with the call's keys.
//!
//! Where the way to a device carries datagrams, each packet leaves as one: a byte 0, the first eight bytes of the call's
//! id, and the packet ([`datagram()`]). What begins with another byte, or is of no call with that device, is dropped; what
//! does not parse counts against the device. Elsewhere packets take streams. Each side opens [`LANES`] to the other and says on each first which call it is for, as a [`MediaHello`] in a
//! frame. Then packets follow, each with a length of two bytes; packet n goes on lane n mod [`LANES`], so that one that is
//! lost on the way holds up only those on its own lane. A packet is its kind, its number (u64, counted from 0 for each
//! side and kind), and what is sealed: ChaCha20-Poly1305 under a key of the call, the sender and the kind, the nonce
//! being the number. Keys come by HKDF-SHA256 out of both sides' halves of the secret and never leave RAM, so no number
//! comes twice under one key; the receiver takes each number once.
//!
//! Pictures go otherwise: each has a stream of [`VIDEO_PROTOCOL`] to itself, so that one that is late delays none that is
//! newer. On it are the first eight bytes of the call's id and the packet, to the end of the stream.

mod datagram;
mod replay;
mod report;
mod video;

pub use self::{
    datagram::{CallMark, datagram, of_datagram},
    replay::Replay,
    report::{Echo, Report, VideoReport},
    video::{Layer, VideoPacket, of_video_stream, video_stream},
};

use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Tag, aead::AeadInOut};
use hkdf::Hkdf;
use minicbor::{Decode, Encode};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{error::ProtoError, id::CallId, seal::counted};

/// The name of the stream protocol.
pub const PROTOCOL: &str = "/juice/media/1";
/// The name of the protocol of streams with a picture each.
pub const VIDEO_PROTOCOL: &str = "/juice/video/1";
/// The streams that each side opens for one call.
pub const LANES: usize = 8;
/// The longest packet, in bytes: 120 ms of Opus at its highest rate and a seal.
pub const MAX_PACKET: usize = 1_500;
/// The longest packet with a picture, in bytes: a keyframe of a full screen of text takes 400,000.
pub const MAX_VIDEO_PACKET: usize = 1024 * 1024;

const TAG: usize = 16;
/// The kind and the number.
const HEAD: usize = 9;

/// The first frame on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MediaHello {
    /// The call that it is for.
    #[n(0)]
    pub call: CallId,
    /// Which of its lanes.
    #[n(1)]
    pub lane: u8,
}

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A [`VoicePacket`].
    Voice,
    /// A [`Report`].
    Report,
    /// A [`VideoPacket`].
    Video,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Voice, Self::Report, Self::Video];

    fn code(self) -> u8 {
        match self {
            Self::Voice => 0,
            Self::Report => 1,
            Self::Video => 2,
        }
    }

    fn of(self, [voice, report, video]: &[ChaCha20Poly1305; 3]) -> &ChaCha20Poly1305 {
        match self {
            Self::Voice => voice,
            Self::Report => report,
            Self::Video => video,
        }
    }
}

/// One frame of voice. Its number is the packet's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoicePacket {
    /// When it was spoken, in samples of 48 kHz from an origin of the sender's; wraps.
    pub captured: u32,
    /// Opus.
    pub opus: Vec<u8>,
}

impl VoicePacket {
    /// As it is sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.captured.to_be_bytes(), self.opus.as_slice()].concat()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProtoError> {
        match bytes.split_first_chunk() {
            Some((captured, opus)) if !opus.is_empty() => {
                Ok(Self { captured: u32::from_be_bytes(*captured), opus: opus.to_vec() })
            }
            _ => Err(ProtoError::Malformed),
        }
    }
}

/// The keys of one call, at one of its sides.
#[derive(Clone)]
pub struct MediaKeys {
    /// By kind.
    mine: [ChaCha20Poly1305; 3],
    theirs: [ChaCha20Poly1305; 3],
}

impl MediaKeys {
    /// For a side of a call: `placed` for who placed it.
    pub fn derive(call: &CallId, placed: bool, callers: &[u8; 32], callees: &[u8; 32]) -> Self {
        let secret = Zeroizing::new([callers.as_slice(), callees.as_slice()].concat());
        let hkdf = Hkdf::<Sha256>::new(Some(call.bytes()), &secret);
        let cipher = |caller: bool, kind: Kind| {
            let mut key = Zeroizing::new([0; 32]);
            let direction: &[u8] = if caller { b"juice/media/1 caller" } else { b"juice/media/1 callee" };
            // 32 bytes are never too many for SHA-256.
            let _ = hkdf.expand_multi_info(&[direction, &[kind.code()]], key.as_mut());
            ChaCha20Poly1305::new(&Key::from(*key))
        };
        Self { mine: Kind::ALL.map(|kind| cipher(placed, kind)), theirs: Kind::ALL.map(|kind| cipher(!placed, kind)) }
    }

    /// A whole packet of voice or a report, with its length. No number may be used twice with one kind.
    ///
    /// # Errors
    /// `TooLong` above [`MAX_PACKET`].
    pub fn seal(&self, kind: Kind, number: u64, plain: &[u8]) -> Result<Vec<u8>, ProtoError> {
        let length = HEAD + plain.len() + TAG;
        let short = u16::try_from(length).ok().filter(|_| length <= MAX_PACKET).ok_or(ProtoError::TooLong)?;
        self.seal_after(short.to_be_bytes().to_vec(), kind, number, plain)
    }

    /// Puts a sealed packet behind what is there.
    fn seal_after(&self, mut packet: Vec<u8>, kind: Kind, number: u64, plain: &[u8]) -> Result<Vec<u8>, ProtoError> {
        packet.reserve_exact(HEAD + plain.len() + TAG);
        packet.push(kind.code());
        packet.extend_from_slice(&number.to_be_bytes());
        let sealed = packet.len();
        packet.extend_from_slice(plain);
        let inside = packet.get_mut(sealed..).unwrap_or_default();
        let tag = kind
            .of(&self.mine)
            .encrypt_inout_detached(&counted(number), &[], inside.into())
            .map_err(|_| ProtoError::TooLong)?;
        packet.extend_from_slice(&tag);
        Ok(packet)
    }

    /// What a packet (without its length) holds, and its number. Whoever calls looks whether the number is new.
    ///
    /// # Errors
    /// `Malformed`, `BadSeal`.
    pub fn open(&self, packet: &mut [u8]) -> Result<(Kind, u64, Vec<u8>), ProtoError> {
        let (head, sealed) = packet.split_at_mut_checked(HEAD).ok_or(ProtoError::Malformed)?;
        let (kind, number) = head.split_first().ok_or(ProtoError::Malformed)?;
        let kind = Kind::ALL.into_iter().find(|known| known.code() == *kind).ok_or(ProtoError::Malformed)?;
        let number = u64::from_be_bytes(number.as_ref().try_into().map_err(|_| ProtoError::Malformed)?);
        let length = sealed.len().checked_sub(TAG).ok_or(ProtoError::Malformed)?;
        let (plain, tag) = sealed.split_at_mut_checked(length).ok_or(ProtoError::Malformed)?;
        let tag = Tag::try_from(&*tag).map_err(|_| ProtoError::Malformed)?;
        kind.of(&self.theirs)
            .decrypt_inout_detached(&counted(number), &[], (&mut *plain).into(), &tag)
            .map_err(|_| ProtoError::BadSeal)?;
        Ok((kind, number, plain.to_vec()))
    }
}

impl std::fmt::Debug for MediaKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MediaKeys(..)")
    }
}

/// The length that two bytes announce, checked before anything is allocated for it.
///
/// # Errors
/// `FrameLen` below an empty packet's or above [`MAX_PACKET`].
pub fn length(header: [u8; 2]) -> Result<usize, ProtoError> {
    fitting(usize::from(u16::from_be_bytes(header)))
}

/// The length of a packet, where it can be one's.
fn fitting(length: usize) -> Result<usize, ProtoError> {
    if (HEAD + TAG..=MAX_PACKET).contains(&length) { Ok(length) } else { Err(ProtoError::FrameLen) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (MediaKeys, MediaKeys) {
        let call = CallId::new([1; 32]);
        (MediaKeys::derive(&call, true, &[2; 32], &[3; 32]), MediaKeys::derive(&call, false, &[2; 32], &[3; 32]))
    }

    #[test]
    fn a_packet_opens_at_the_other_side_alone() {
        let (alice, bob) = pair();
        let packet = alice.seal(Kind::Voice, 7, b"hello").unwrap();
        assert_eq!(length([packet[0], packet[1]]), Ok(packet.len() - 2));
        let open = |keys: &MediaKeys| keys.open(&mut packet[2..].to_vec());
        assert_eq!(open(&bob), Ok((Kind::Voice, 7, b"hello".to_vec())));
        assert_eq!(open(&alice), Err(ProtoError::BadSeal), "not even the sender opens it: each direction has its key");
        let eve = MediaKeys::derive(&CallId::new([1; 32]), false, &[2; 32], &[9; 32]);
        assert_eq!(open(&eve), Err(ProtoError::BadSeal));
        let later = MediaKeys::derive(&CallId::new([2; 32]), false, &[2; 32], &[3; 32]);
        assert_eq!(open(&later), Err(ProtoError::BadSeal), "of another call");
    }

    #[test]
    fn a_packet_bent_anywhere_is_refused() {
        let (alice, bob) = pair();
        let packet = alice.seal(Kind::Report, 7, b"hello").unwrap();
        for place in 2..packet.len() {
            let mut bent = packet[2..].to_vec();
            bent[place - 2] ^= 1;
            assert!(bob.open(&mut bent).is_err(), "byte {place}");
        }
        for cut in 0..packet.len() - 2 {
            assert!(bob.open(&mut packet[2..2 + cut].to_vec()).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn lengths_out_of_range_are_refused() {
        for wrong in [0u16, 24, 1_501, u16::MAX] {
            assert_eq!(length(wrong.to_be_bytes()), Err(ProtoError::FrameLen));
        }
        let (alice, _) = pair();
        assert_eq!(alice.seal(Kind::Voice, 0, &[0; MAX_PACKET]), Err(ProtoError::TooLong));
    }

    #[test]
    fn voice_reads_back_what_was_written() {
        let packet = VoicePacket { captured: 960, opus: vec![1, 2, 3] };
        assert_eq!(VoicePacket::parse(&packet.to_bytes()), Ok(packet));
        assert_eq!(VoicePacket::parse(&[0; 4]), Err(ProtoError::Malformed));
    }
}
