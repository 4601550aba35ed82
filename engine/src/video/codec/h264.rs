//! H.264 by openh264: constrained baseline, one thread, real-time rate control.
//!
//! An encoder or a decoder is made anew for each size, so nothing of the one before is left in it.

use openh264::{
    OpenH264API, Timestamp,
    decoder::{Decoder as Library, DecoderConfig, Flush},
    encoder::{
        BitRate, Complexity, Encoder as LibraryEncoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod,
        RateControlMode, UsageType, VuiConfig,
    },
    formats::YUVSource,
};

use super::{
    CodedFrame, Decoder, Encoder, Hint, Layer, Rate,
    access_unit::{self, AccessUnit},
    raw,
};
use crate::video::{
    error::{DecodeError, VideoError},
    picture::{Picture, Size},
};

/// See the module.
pub struct H264Encoder {
    /// For pictures of the first size and frames of the second.
    open: Option<(LibraryEncoder, (Size, Size))>,
    rate: Rate,
    hint: Hint,
    key_is_due: bool,
    number: u32,
    /// The last base frame.
    base: u32,
}

impl H264Encoder {
    /// Opens with the first picture, whose size says what is needed.
    pub const fn new(hint: Hint, rate: Rate) -> Self {
        Self { open: None, rate, hint, key_is_due: false, number: 0, base: 0 }
    }

    fn open(&self, picture: &Picture, size: Size) -> Result<LibraryEncoder, VideoError> {
        let usage = match self.hint {
            Hint::Camera => UsageType::CameraVideoRealTime,
            Hint::Screen => UsageType::ScreenContentRealTime,
        };
        let config = EncoderConfig::new()
            .bitrate(BitRate::from_bps(self.rate.bits))
            .max_frame_rate(FrameRate::from_hz(self.rate.frames as f32))
            .rate_control_mode(RateControlMode::Bitrate)
            .usage_type(usage)
            // The library has neither for screens, and says so on standard error if they are asked for.
            .adaptive_quantization(self.hint == Hint::Camera)
            .background_detection(self.hint == Hint::Camera)
            .complexity(Complexity::Low)
            // Two threads gain nothing at these sizes.
            .num_threads(1)
            // Keyframes come when they are asked for, and when the scene changes.
            .intra_frame_period(IntraFramePeriod::from_num_frames(0))
            .vui(VuiConfig::bt601());
        let mut encoder = LibraryEncoder::with_api_config(OpenH264API::from_source(), config)?;
        // Layers and sizes can't be chosen before a first frame, which goes nowhere.
        encoder.encode_at(&Planes(picture), time(picture))?;
        raw::arrange(&mut encoder, size)?;
        Ok(encoder)
    }
}

const fn time(picture: &Picture) -> Timestamp {
    Timestamp::from_millis(picture.captured() / 1_000)
}

impl Encoder for H264Encoder {
    fn encode(&mut self, picture: &Picture, size: Size) -> Result<Option<CodedFrame>, VideoError> {
        let sizes = (picture.size(), size);
        let mut opened = match self.open.take() {
            Some((encoder, of)) if of == sizes => encoder,
            Some(_) | None => self.open(picture, size)?,
        };
        if self.key_is_due {
            opened.force_intra_frame();
        }
        let coded = opened.encode_at(&Planes(picture), time(picture))?;
        let key = match coded.frame_type() {
            FrameType::IDR => true,
            FrameType::I | FrameType::P | FrameType::IPMixed => false,
            FrameType::Skip | FrameType::Invalid => {
                self.open = Some((opened, sizes));
                return Ok(None);
            }
        };
        let data = coded.to_vec();
        self.open = Some((opened, sizes));
        let layer = if access_unit::is_reference(&data) { Layer::Base } else { Layer::Droppable };
        let number = self.number;
        let follows = if key { number } else { self.base };
        self.number = number.wrapping_add(1);
        if layer == Layer::Base {
            self.base = number;
        }
        self.key_is_due &= !key;
        let (width, height) = (size.width() as u16, size.height() as u16);
        Ok(Some(CodedFrame { number, follows, key, layer, captured: picture.captured(), width, height, data }))
    }

    fn set_rate(&mut self, rate: Rate) {
        if let Some((encoder, _)) = &mut self.open {
            if rate.frames != self.rate.frames {
                raw::set_frame_rate(encoder, rate.frames);
            }
            if rate.bits != self.rate.bits {
                raw::set_bitrate(encoder, rate.bits);
            }
        }
        self.rate = rate;
    }

    fn request_keyframe(&mut self) {
        self.key_is_due = true;
    }

    fn set_hint(&mut self, hint: Hint) {
        if hint != self.hint {
            (self.hint, self.open) = (hint, None);
        }
    }
}

/// A picture as the library reads it.
struct Planes<'a>(&'a Picture);

impl YUVSource for Planes<'_> {
    fn dimensions(&self) -> (usize, usize) {
        (self.0.size().width() as usize, self.0.size().height() as usize)
    }

    fn strides(&self) -> (usize, usize, usize) {
        let width = self.0.size().width() as usize;
        (width, width / 2, width / 2)
    }

    fn y(&self) -> &[u8] {
        self.0.planes().0
    }

    fn u(&self) -> &[u8] {
        self.0.planes().1
    }

    fn v(&self) -> &[u8] {
        self.0.planes().2
    }
}

/// See the module. Holds a few pictures of the peer's size: at 1080p some 15 MB.
#[derive(Default)]
pub struct H264Decoder {
    /// None until a keyframe, and after an error.
    open: Option<(Library, Size)>,
    /// The last base frame that was decoded.
    base: u32,
}

impl H264Decoder {
    fn try_decode(&mut self, frame: &CodedFrame) -> Result<Picture, DecodeError> {
        let size = frame.check()?;
        let AccessUnit { size: announced } = access_unit::look(&frame.data)?;
        match announced {
            Some(announced) if frame.key && announced == size => {}
            Some(_) => return Err(DecodeError::Malformed("it isn't what it says to be")),
            None if frame.key => return Err(DecodeError::Malformed("a keyframe without parameters")),
            None => {}
        }
        let (mut library, of) = match self.open.take() {
            Some((library, of)) if of == size => (library, of),
            Some(_) | None if frame.key => (open()?, size),
            Some(_) | None => return Err(DecodeError::NeedsKeyframe),
        };
        if !frame.key && frame.follows != self.base {
            return Err(DecodeError::NeedsKeyframe);
        }
        let decoded = library.decode(&frame.data).map_err(|error| DecodeError::Refused(error.to_string()))?;
        let picture = decoded.as_ref().map_or_else(
            || Err(DecodeError::Refused("no picture".to_owned())),
            |decoded| copied(decoded, size, frame.captured),
        );
        let picture = picture?;
        self.open = Some((library, of));
        if frame.layer == Layer::Base {
            self.base = frame.number;
        }
        Ok(picture)
    }
}

fn open() -> Result<Library, DecodeError> {
    let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
    Library::with_api_config(OpenH264API::from_source(), config)
        .map_err(|error| DecodeError::Refused(error.to_string()))
}

/// Without the padding that the library has in each row.
fn copied(decoded: &impl YUVSource, size: Size, captured: u64) -> Result<Picture, DecodeError> {
    let (width, height) = (size.width() as usize, size.height() as usize);
    if decoded.dimensions() != (width, height) {
        return Err(DecodeError::Malformed("its picture has another size"));
    }
    let (of_y, of_u, of_v) = decoded.strides();
    let mut data = Vec::with_capacity(size.bytes());
    let planes = [
        (decoded.y(), of_y, width, height),
        (decoded.u(), of_u, width / 2, height / 2),
        (decoded.v(), of_v, width / 2, height / 2),
    ];
    for (plane, stride, width, height) in planes {
        for row in plane.chunks(stride.max(1)).take(height) {
            data.extend_from_slice(row.get(..width).unwrap_or_default());
        }
    }
    Picture::new(size, captured, data).map_err(|_| DecodeError::Malformed("its picture is incomplete"))
}

impl Decoder for H264Decoder {
    fn decode(&mut self, frame: &CodedFrame) -> Result<Picture, DecodeError> {
        let result = self.try_decode(frame);
        if result.is_err() {
            // Nobody knows what state the library's decoder is in.
            self.open = None;
        }
        result
    }

    fn needs_keyframe(&self) -> bool {
        self.open.is_none()
    }
}
