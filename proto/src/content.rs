//! Content: what one person says to another, signed once, the same on every road and in every store.
//!
//! A content knows its author, its conversation and its place in the author's sequence, so it can't be moved to other
//! people, left out or reordered unnoticed. Its id is the hash of its bytes.

mod body;

pub use self::body::{
    Body, CallOutcome, CallTrace, FileOffer, MAX_EMOJI, MAX_FILE_NAME, MAX_MEMO_MS, MAX_THUMBNAIL, MAX_WAVEFORM, Memo,
    Picture,
};

use minicbor::{Decode, Encode, bytes::ByteVec};

use crate::{
    error::ProtoError,
    id::{AccountId, ConversationId, DeviceId, MessageId, Millis, hash},
    sign::{Context, Signable, Signed},
};

/// The longest body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// The longest text, in characters: four bytes each at most, and so within a body.
pub const MAX_TEXT: usize = 16_000;
/// How far a sequence number may be ahead of the last one.
pub const MAX_SEQ_JUMP: u64 = 100_000;
/// The version of the format.
const VERSION: u8 = 1;

/// A position in an author's sequence, from 1, without gaps per device and conversation.
pub type Seq = u64;

/// Hybrid logical clock: 48 bits of milliseconds, 16 bits of counter (Kulkarni et al. 2014).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Hlc(#[n(0)] pub u64);

/// How far ahead of the receiver's clock a message may sort.
const MAX_AHEAD: Millis = 2 * 60 * 1000;

impl Hlc {
    /// The next reading after `self` at wall time `wall`.
    #[must_use]
    pub fn tick(self, wall: Millis) -> Self {
        Self((wall << 16).max(self.0.saturating_add(1)))
    }

    /// A received reading, not later than two minutes after our own clock.
    #[must_use]
    pub fn clamped(self, wall: Millis) -> Self {
        Self(self.0.min(wall.saturating_add(MAX_AHEAD) << 16))
    }

    /// As messages are ordered in the window: 16 hex digits.
    pub fn as_order(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The kinds of content. Unknown ones are kept and shown as needing a newer version.
pub mod kind {
    /// Nothing: keeps the place of a message that was taken back before it left. Shown to nobody.
    pub const VOID: u16 = 0;
    /// UTF-8 text.
    pub const TEXT: u16 = 1;
    /// Another text for a message of the same author.
    pub const EDIT: u16 = 2;
    /// A message of the same author is to be forgotten by both.
    pub const DELETE: u16 = 3;
    /// An emoji put on a message, or taken off.
    pub const REACTION: u16 = 4;
    /// A text that answers a message.
    pub const REPLY: u16 = 5;
    /// A file to be had from the author.
    pub const FILE: u16 = 6;
    /// The trace of a call that the author placed.
    pub const CALL: u16 = 7;

    /// It has a line of its own in the conversation: it is neither nothing nor about another. Unknown kinds have.
    pub fn has_line(kind: u16) -> bool {
        !matches!(kind, VOID | EDIT | DELETE | REACTION)
    }

    /// This version can show the line that it has.
    pub fn can_be_shown(kind: u16) -> bool {
        matches!(kind, TEXT | REPLY | FILE | CALL)
    }
}

/// One content, as it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Content {
    /// The format's version.
    #[n(0)]
    pub version: u8,
    /// The conversation.
    #[n(1)]
    pub conversation: ConversationId,
    /// The author.
    #[n(2)]
    pub author: AccountId,
    /// The author's device.
    #[n(3)]
    pub device: DeviceId,
    /// The place in this device's sequence in this conversation.
    #[n(4)]
    pub seq: Seq,
    /// The id of the content before it in that sequence; zeros for the first.
    #[n(5)]
    pub previous: MessageId,
    /// Where it sorts.
    #[n(6)]
    pub hlc: Hlc,
    /// The author's wall clock.
    #[n(7)]
    pub sent_ms: Millis,
    /// One of [`kind`].
    #[n(8)]
    pub kind: u16,
    /// What it says.
    #[n(9)]
    pub body: ByteVec,
}

impl Signable for Content {
    const CONTEXT: Context = Context::Content;
}

/// The id of a signed content.
pub fn id(content: &Signed<Content>) -> MessageId {
    MessageId::new(hash(Context::Content.label(), &[content.bytes()]))
}

impl Content {
    /// What `body` says, in its place.
    pub fn new(place: Place, body: &Body) -> Self {
        let Place { conversation, author, device, seq, previous, hlc, sent_ms } = place;
        let (kind, body) = body.encode();
        Self { version: VERSION, conversation, author, device, seq, previous, hlc, sent_ms, kind, body: body.into() }
    }

    /// The same place in the sequence, with nothing in it.
    #[must_use]
    pub fn void(&self) -> Self {
        Self { kind: kind::VOID, body: Vec::new().into(), ..self.clone() }
    }

    /// What it says.
    ///
    /// # Errors
    /// `BodyTooLong`, `Malformed`.
    pub fn read(&self) -> Result<Body, ProtoError> {
        Body::decode(self.kind, &self.body)
    }
}

/// Where a content belongs: whose it is, and its place in the author's sequence.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The conversation.
    pub conversation: ConversationId,
    /// The author.
    pub author: AccountId,
    /// The author's device.
    pub device: DeviceId,
    /// The place in this device's sequence in this conversation.
    pub seq: Seq,
    /// The id of the content before it in that sequence; zeros for the first.
    pub previous: MessageId,
    /// Where it sorts.
    pub hlc: Hlc,
    /// The author's wall clock.
    pub sent_ms: Millis,
}

/// Checks whose a content is and where it belongs, but not what it says.
///
/// # Errors
/// `Malformed`, `BadSignature`, `Version`, `WrongConversation` for another conversation or author, `SeqJump` for the
/// sequence number 0.
pub fn placed(
    signed: &Signed<Content>,
    conversation: &ConversationId,
    author: &AccountId,
    device: &DeviceId,
) -> Result<Content, ProtoError> {
    let content = signed.open(device.bytes())?;
    if content.version != VERSION {
        return Err(ProtoError::Version);
    }
    if content.conversation != *conversation || content.author != *author || content.device != *device {
        return Err(ProtoError::WrongConversation);
    }
    if content.seq == 0 {
        return Err(ProtoError::SeqJump);
    }
    Ok(content)
}

/// Checks a content that `author`'s `device` sent in `conversation`.
///
/// # Errors
/// As [`placed`]; `BodyTooLong`, `Malformed` for a body that is not of its kind.
pub fn check(
    signed: &Signed<Content>,
    conversation: &ConversationId,
    author: &AccountId,
    device: &DeviceId,
) -> Result<Content, ProtoError> {
    let content = placed(signed, conversation, author, device)?;
    content.read()?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::AccountKey, sign::SecretKey};

    fn content(device: DeviceId) -> Content {
        let conversation = ConversationId::between(&AccountKey::new([1; 32]), &AccountKey::new([2; 32]));
        let (author, previous) = (AccountId::new([3; 32]), MessageId::new([0; 32]));
        let place = Place { conversation, author, device, seq: 1, previous, hlc: Hlc(5), sent_ms: 6 };
        Content::new(place, &Body::text("hello"))
    }

    #[test]
    fn eve_cannot_move_a_content_to_another_conversation_or_author() {
        let key = SecretKey::from_seed(&[4; 32]);
        let content = content(key.device());
        let signed = Signed::make(&content, &key);
        let verdict = |conversation: &_, author: &_, device: &_| check(&signed, conversation, author, device).map(drop);
        let here = content.conversation;
        assert_eq!(verdict(&here, &content.author, &content.device), Ok(()));
        let elsewhere = ConversationId::new([9; 32]);
        assert_eq!(verdict(&elsewhere, &content.author, &content.device), Err(ProtoError::WrongConversation));
        assert_eq!(verdict(&here, &AccountId::new([8; 32]), &content.device), Err(ProtoError::WrongConversation));
        let eve = SecretKey::from_seed(&[66; 32]).device();
        assert_eq!(verdict(&here, &content.author, &eve), Err(ProtoError::BadSignature));
    }

    #[test]
    fn bodies_and_numbers_out_of_range_are_refused() {
        let key = SecretKey::from_seed(&[4; 32]);
        let good = content(key.device());
        let verdict = |content: &Content| {
            check(&Signed::make(content, &key), &good.conversation, &good.author, &good.device).map(drop)
        };
        assert_eq!(
            verdict(&Content { body: vec![b'x'; MAX_BODY + 1].into(), ..good.clone() }),
            Err(ProtoError::BodyTooLong)
        );
        assert_eq!(
            verdict(&Content { body: vec![b'x'; MAX_TEXT + 1].into(), ..good.clone() }),
            Err(ProtoError::BodyTooLong)
        );
        assert_eq!(verdict(&Content { body: vec![0xff].into(), ..good.clone() }), Err(ProtoError::Malformed));
        assert_eq!(verdict(&Content { seq: 0, ..good.clone() }), Err(ProtoError::SeqJump));
        assert_eq!(verdict(&Content { version: 2, ..good.clone() }), Err(ProtoError::Version));
        assert_eq!(verdict(&Content { kind: 999, body: vec![0xff].into(), ..good.clone() }), Ok(()), "kept for later");
    }

    #[test]
    fn the_clock_never_goes_back_and_never_runs_away() {
        let hlc = Hlc::default().tick(1_000).tick(500).tick(500);
        assert!(hlc > Hlc::default().tick(1_000));
        assert_eq!(Hlc(u64::MAX).clamped(1_000), Hlc((1_000 + MAX_AHEAD) << 16), "year 9999 sorts in two minutes");
        assert_eq!(Hlc(u64::MAX).tick(0), Hlc(u64::MAX));
    }
}
