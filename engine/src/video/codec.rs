//! Coding pictures and reading them back: what the corridor asks of any codec, and the frame that crosses the net.
//!
//! The one codec is H.264 by openh264, in `h264`. What comes from a peer is looked through in `access_unit` before the
//! library sees it.

mod access_unit;
mod h264;
mod raw;

#[cfg(test)]
pub(super) use self::access_unit::tests as access_unit_tests;
pub(crate) use self::access_unit::units;
pub use self::h264::{H264Decoder, H264Encoder};
use super::{
    error::{DecodeError, VideoError},
    picture::{Picture, Size},
};

/// The most bytes in one frame: a keyframe of 1080p screen text has some 400 kB.
pub const LARGEST_FRAME: usize = 1 << 20;

/// What kind of picture it is, by which the encoder chooses its tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hint {
    /// Faces, rooms: movement matters most.
    #[default]
    Camera,
    /// Text, windows: sharpness matters most.
    Screen,
}

/// Whether later frames build on a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// They do: losing it takes a keyframe.
    Base,
    /// None does: it may be left out anywhere.
    Droppable,
}

/// One picture, coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodedFrame {
    /// Counts the frames of this sender, from 0, and wraps.
    pub number: u32,
    /// The number of the frame that it builds on; its own if it is a keyframe.
    pub follows: u32,
    /// Whether decoding can begin with it.
    pub key: bool,
    /// Whether others build on it.
    pub layer: Layer,
    /// When the picture was taken: microseconds on the sender's [`MediaClock`](super::MediaClock).
    pub captured: u64,
    /// Pixels in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// One access unit of H.264 in Annex B's byte stream, with its parameter sets if it is a keyframe; up to
    /// [`LARGEST_FRAME`].
    pub data: Vec<u8>,
}

impl CodedFrame {
    /// A frame of a file in which none is missing, as far as its own bytes tell: `number` in it, after `base`, the last that
    /// others build on, in `size` where it is no keyframe, which brings its own.
    ///
    /// # Errors
    /// `Malformed`, `NeedsKeyframe` where there is no size yet.
    pub(crate) fn stored(
        data: Vec<u8>,
        captured: u64,
        number: u32,
        base: u32,
        size: Option<Size>,
    ) -> Result<Self, DecodeError> {
        let announced = access_unit::look(&data)?.size;
        let size = announced.or(size).ok_or(DecodeError::NeedsKeyframe)?;
        let (key, layer) = match (announced, access_unit::is_reference(&data)) {
            (Some(_), _) => (true, Layer::Base),
            (None, true) => (false, Layer::Base),
            (None, false) => (false, Layer::Droppable),
        };
        let follows = if key { number } else { base };
        let (width, height) = (size.width() as u16, size.height() as u16);
        Ok(Self { number, follows, key, layer, captured, width, height, data })
    }

    /// What may go on: sizes and lengths within their bounds. Nothing more is known of the data.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn check(&self) -> Result<Size, DecodeError> {
        if self.data.is_empty() || self.data.len() > LARGEST_FRAME {
            return Err(DecodeError::Malformed("its length"));
        }
        if self.key && (self.layer != Layer::Base || self.follows != self.number) {
            return Err(DecodeError::Malformed("a keyframe that builds on others"));
        }
        Size::new(u32::from(self.width), u32::from(self.height)).map_err(|_| DecodeError::Malformed("its size"))
    }
}

/// How much an encoder may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bits a second.
    pub bits: u32,
    /// Pictures a second that will be given.
    pub frames: u32,
}

/// Codes pictures in the order in which they were taken.
pub trait Encoder: Send {
    /// Codes a picture, made smaller to `size`; none if the rate says to leave it out. Where the picture or the size is
    /// another than before, it becomes a keyframe.
    ///
    /// # Errors
    /// `Library`; the next picture begins with a keyframe.
    fn encode(&mut self, picture: &Picture, size: Size) -> Result<Option<CodedFrame>, VideoError>;

    /// Spends so much from the next picture on, without a keyframe.
    fn set_rate(&mut self, rate: Rate);

    /// Makes the next frame a keyframe.
    fn request_keyframe(&mut self);

    /// Another kind of picture comes; the next frame is a keyframe.
    fn set_hint(&mut self, hint: Hint);
}

/// Reads frames in the order of their numbers. Never gives a picture that builds on something it doesn't have.
pub trait Decoder: Send {
    /// The picture of a frame.
    ///
    /// # Errors
    /// After each, `NeedsKeyframe` until there is one.
    fn decode(&mut self, frame: &CodedFrame) -> Result<Picture, DecodeError>;

    /// Whether only a keyframe helps.
    fn needs_keyframe(&self) -> bool;
}
