//! What contents say, each kind in its own form.

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};

use super::{MAX_BODY, MAX_TEXT, kind};
use crate::{error::ProtoError, frame, id::MessageId};

/// The longest reaction, in bytes: the longest emoji of today has 35, a family with skin tones.
pub const MAX_EMOJI: usize = 64;
/// The longest name of a file, in characters.
pub const MAX_FILE_NAME: usize = 255;
/// The largest thumbnail of a picture, in bytes.
pub const MAX_THUMBNAIL: usize = 16 * 1024;
/// The most bars of a memo's waveform.
pub const MAX_WAVEFORM: usize = 64;
/// The longest memo that anybody may speak of, in milliseconds: an hour. Ours end long before.
pub const MAX_MEMO_MS: u32 = 3_600_000;

/// What a content says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing: the place of something that was taken back.
    Void,
    /// A text, perhaps in answer to a message of either side.
    Text {
        /// The text.
        text: String,
        /// What it answers.
        reply_to: Option<MessageId>,
    },
    /// Another text for a message of the same author.
    Edit {
        /// The message.
        target: MessageId,
        /// Its new text.
        text: String,
    },
    /// Forget a message of the same author.
    Delete {
        /// The message.
        target: MessageId,
    },
    /// An emoji on a message of either side.
    Reaction {
        /// The message.
        target: MessageId,
        /// The emoji.
        emoji: String,
        /// Put on, or taken off.
        on: bool,
    },
    /// A file to be had from the author.
    File(Box<FileOffer>),
    /// The author called, and this came of it.
    Call(CallTrace),
    /// Something that a newer version may know.
    Unknown(u16),
}

/// What stays of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallTrace {
    /// What came of it.
    pub outcome: CallOutcome,
    /// One of the two was seen, or meant to be.
    pub video: bool,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was talked for so many seconds.
    Talked(u32),
    /// It was not answered.
    NotAnswered,
    /// It was declined.
    Declined,
    /// The one who was called talked to somebody else.
    Busy,
}

/// A file that its author holds ready.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FileOffer {
    /// Its name, as the author has it: not to be trusted as a path.
    #[n(0)]
    pub name: String,
    /// Its size in bytes.
    #[n(1)]
    pub size: u64,
    /// The key that its chunks are sealed with.
    #[n(2)]
    pub key: ByteArray<32>,
    /// SHA-256 over the SHA-256 of each chunk, in order.
    #[n(3)]
    pub root: ByteArray<32>,
    /// For a picture: how it looks.
    #[n(4)]
    pub picture: Option<Picture>,
    /// A few words with it.
    #[n(5)]
    pub caption: String,
    /// For a memo: what it says of itself.
    #[n(6)]
    pub memo: Option<Memo>,
}

/// A message that was spoken, as its author says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Memo {
    /// How long it is, in milliseconds; up to [`MAX_MEMO_MS`].
    #[n(0)]
    pub duration_ms: u32,
    /// With pictures: H.264 and Opus in MP4. Without: Ogg Opus.
    #[n(1)]
    pub video: bool,
    /// How loud each part of it is, 0 to 255; up to [`MAX_WAVEFORM`] of them.
    #[n(2)]
    pub waveform: ByteVec,
}

/// How a picture looks before it is here.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Picture {
    /// In pixels.
    #[n(0)]
    pub width: u32,
    /// In pixels.
    #[n(1)]
    pub height: u32,
    /// A small JPEG; may be empty.
    #[n(2)]
    pub thumbnail: ByteVec,
}

/// A [`CallTrace`]: without pictures nothing is said of them.
#[derive(Encode, Decode)]
#[cbor(flat)]
enum WireTrace {
    #[n(0)]
    Talked(#[n(0)] u32, #[n(1)] Option<bool>),
    #[n(1)]
    NotAnswered(#[n(0)] Option<bool>),
    #[n(2)]
    Declined(#[n(0)] Option<bool>),
    #[n(3)]
    Busy(#[n(0)] Option<bool>),
}

impl From<CallTrace> for WireTrace {
    fn from(CallTrace { outcome, video }: CallTrace) -> Self {
        let video = video.then_some(true);
        match outcome {
            CallOutcome::Talked(seconds) => Self::Talked(seconds, video),
            CallOutcome::NotAnswered => Self::NotAnswered(video),
            CallOutcome::Declined => Self::Declined(video),
            CallOutcome::Busy => Self::Busy(video),
        }
    }
}

impl From<WireTrace> for CallTrace {
    fn from(wire: WireTrace) -> Self {
        let (outcome, video) = match wire {
            WireTrace::Talked(seconds, video) => (CallOutcome::Talked(seconds), video),
            WireTrace::NotAnswered(video) => (CallOutcome::NotAnswered, video),
            WireTrace::Declined(video) => (CallOutcome::Declined, video),
            WireTrace::Busy(video) => (CallOutcome::Busy, video),
        };
        Self { outcome, video: video.unwrap_or(false) }
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Words {
    #[n(0)]
    target: MessageId,
    #[n(1)]
    text: String,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Reaction {
    #[n(0)]
    target: MessageId,
    #[n(1)]
    emoji: String,
    #[n(2)]
    on: bool,
}

impl Body {
    /// A plain text.
    pub fn text(text: &str) -> Self {
        Self::Text { text: text.into(), reply_to: None }
    }

    /// The kind's number and the bytes.
    pub(super) fn encode(&self) -> (u16, Vec<u8>) {
        match self {
            Self::Void => (kind::VOID, Vec::new()),
            Self::Text { text, reply_to: None } => (kind::TEXT, text.as_bytes().to_vec()),
            Self::Text { text, reply_to: Some(target) } => {
                (kind::REPLY, frame::encode(&Words { target: *target, text: text.clone() }))
            }
            Self::Edit { target, text } => (kind::EDIT, frame::encode(&Words { target: *target, text: text.clone() })),
            Self::Delete { target } => (kind::DELETE, target.bytes().to_vec()),
            Self::Reaction { target, emoji, on } => {
                (kind::REACTION, frame::encode(&Reaction { target: *target, emoji: emoji.clone(), on: *on }))
            }
            Self::File(offer) => (kind::FILE, frame::encode(offer.as_ref())),
            Self::Call(trace) => (kind::CALL, frame::encode(&WireTrace::from(*trace))),
            Self::Unknown(kind) => (*kind, Vec::new()),
        }
    }

    /// Reads what `kind` says in `bytes`.
    ///
    /// # Errors
    /// `BodyTooLong` for more than may be said, `Malformed` for what is not of that kind.
    pub(super) fn decode(kind: u16, bytes: &[u8]) -> Result<Self, ProtoError> {
        if bytes.len() > MAX_BODY {
            return Err(ProtoError::BodyTooLong);
        }
        match kind {
            kind::VOID => Ok(Self::Void),
            kind::TEXT => {
                let text = std::str::from_utf8(bytes).map_err(|_| ProtoError::Malformed)?;
                Ok(Self::Text { text: short(text.into(), MAX_TEXT)?, reply_to: None })
            }
            kind::REPLY => {
                let Words { target, text } = frame::decode(bytes)?;
                Ok(Self::Text { text: short(text, MAX_TEXT)?, reply_to: Some(target) })
            }
            kind::EDIT => {
                let Words { target, text } = frame::decode(bytes)?;
                Ok(Self::Edit { target, text: short(text, MAX_TEXT)? })
            }
            kind::DELETE => {
                let target: [u8; 32] = bytes.try_into().map_err(|_| ProtoError::Malformed)?;
                Ok(Self::Delete { target: MessageId::new(target) })
            }
            kind::REACTION => {
                let Reaction { target, emoji, on } = frame::decode(bytes)?;
                let fits = !emoji.is_empty() && emoji.len() <= MAX_EMOJI && !emoji.chars().any(char::is_control);
                if fits { Ok(Self::Reaction { target, emoji, on }) } else { Err(ProtoError::Malformed) }
            }
            kind::FILE => {
                let offer: FileOffer = frame::decode(bytes)?;
                let thumbnail = offer.picture.as_ref().map_or(0, |picture| picture.thumbnail.len());
                let memo_fits = |memo: &Memo| memo.waveform.len() <= MAX_WAVEFORM && memo.duration_ms <= MAX_MEMO_MS;
                if offer.name.chars().count() > MAX_FILE_NAME
                    || offer.caption.chars().count() > MAX_TEXT
                    || thumbnail > MAX_THUMBNAIL
                    || !offer.memo.as_ref().is_none_or(memo_fits)
                {
                    return Err(ProtoError::BodyTooLong);
                }
                Ok(Self::File(Box::new(offer)))
            }
            kind::CALL => Ok(Self::Call(frame::decode::<WireTrace>(bytes)?.into())),
            other => Ok(Self::Unknown(other)),
        }
    }

    /// No longer than a body may be.
    pub(crate) fn fits(&self) -> bool {
        let (kind, bytes) = self.encode();
        Self::decode(kind, &bytes).is_ok()
    }

    /// The words in it that a person reads and searches for.
    pub fn words(&self) -> &str {
        match self {
            Self::Text { text, .. } | Self::Edit { text, .. } => text,
            Self::File(offer) => &offer.caption,
            Self::Reaction { emoji, .. } => emoji,
            Self::Void | Self::Delete { .. } | Self::Call(_) | Self::Unknown(_) => "",
        }
    }

    /// The message that it is about.
    pub fn target(&self) -> Option<MessageId> {
        match self {
            Self::Text { reply_to, .. } => *reply_to,
            Self::Edit { target, .. } | Self::Delete { target } | Self::Reaction { target, .. } => Some(*target),
            Self::Void | Self::File(_) | Self::Call(_) | Self::Unknown(_) => None,
        }
    }
}

fn short(text: String, limit: usize) -> Result<String, ProtoError> {
    if text.chars().count() > limit { Err(ProtoError::BodyTooLong) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_what_it_says() {
        let target = MessageId::new([7; 32]);
        let offer = FileOffer {
            name: "cat.jpg".into(),
            size: 12,
            key: [1; 32].into(),
            root: [2; 32].into(),
            picture: Some(Picture { width: 4, height: 3, thumbnail: vec![9].into() }),
            caption: "my cat".into(),
            memo: Some(Memo { duration_ms: 4_200, video: false, waveform: vec![1, 255].into() }),
        };
        for body in [
            Body::Void,
            Body::text("hello"),
            Body::Text { text: "yes".into(), reply_to: Some(target) },
            Body::Edit { target, text: "no".into() },
            Body::Delete { target },
            Body::Reaction { target, emoji: "\u{1f44d}".into(), on: true },
            Body::File(Box::new(offer)),
            Body::Call(CallTrace { outcome: CallOutcome::Talked(312), video: false }),
            Body::Call(CallTrace { outcome: CallOutcome::Talked(312), video: true }),
            Body::Call(CallTrace { outcome: CallOutcome::NotAnswered, video: true }),
            Body::Unknown(999),
        ] {
            let (kind, bytes) = body.encode();
            assert_eq!(Body::decode(kind, &bytes), Ok(body));
        }
    }

    #[test]
    fn what_is_too_long_or_no_emoji_is_refused() {
        let target = MessageId::new([7; 32]);
        for (body, error) in [
            (Body::Edit { target, text: "x".repeat(MAX_TEXT + 1) }, ProtoError::BodyTooLong),
            (Body::Reaction { target, emoji: "x".repeat(MAX_EMOJI + 1), on: true }, ProtoError::Malformed),
            (Body::Reaction { target, emoji: "\n".into(), on: true }, ProtoError::Malformed),
            (Body::Reaction { target, emoji: String::new(), on: true }, ProtoError::Malformed),
        ] {
            let (kind, bytes) = body.encode();
            assert_eq!(Body::decode(kind, &bytes), Err(error));
        }
        assert_eq!(Body::decode(kind::DELETE, &[1; 31]), Err(ProtoError::Malformed));
    }
}
