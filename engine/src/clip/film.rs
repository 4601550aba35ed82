//! The pictures of a clip, from any moment on.

use std::time::Duration;

use shiguredo_mp4::bitstream::h264::{LengthSize, length_prefixed_to_annexb};

use super::Clip;
use crate::video::{CodedFrame, Decoder, H264Decoder, LARGEST_FRAME, Layer, Picture, Size};

/// One coded picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub offset: u64,
    pub length: u32,
    /// When it is to be seen, in microseconds.
    pub at: u64,
    /// Decoding can begin with it, together with these of the clip's parameter sets.
    pub key: bool,
    pub parameters: usize,
}

/// Reads a clip's pictures in order.
pub(crate) struct Film {
    decoder: H264Decoder,
    /// The frame that comes next.
    next: usize,
    /// The last that others build on.
    base: u32,
    size: Option<Size>,
}

impl Film {
    /// From a moment on: from the keyframe before it.
    pub fn from(clip: &Clip, moment: Duration) -> Self {
        let micros = moment.as_micros() as u64;
        let reached = clip.frames.partition_point(|frame| frame.at <= micros);
        let next = clip.frames.iter().take(reached.max(1)).rposition(|frame| frame.key).unwrap_or(0);
        Self { decoder: H264Decoder::default(), next, base: 0, size: None }
    }

    /// The newest picture that is to be seen by a moment, where there is one that was not given yet. What can't be decoded
    /// is left out.
    pub fn until(&mut self, clip: &Clip, moment: Duration) -> Option<Picture> {
        let micros = moment.as_micros() as u64;
        let mut newest = None;
        while let Some(frame) = clip.frames.get(self.next).filter(|frame| frame.at <= micros) {
            match self.decode(clip, *frame) {
                Some(picture) => newest = Some(picture),
                None => tracing::debug!(number = self.next, "a picture of a clip is left out"),
            }
            self.next += 1;
        }
        newest
    }

    fn decode(&mut self, clip: &Clip, frame: Frame) -> Option<Picture> {
        if !frame.key && self.decoder.needs_keyframe() {
            return None;
        }
        let bytes = clip.data.read(frame.offset, frame.length).ok()?;
        let mut data = length_prefixed_to_annexb(&bytes, LengthSize::FourBytes).ok()?;
        if frame.key {
            let parameters = clip.parameters.get(frame.parameters)?;
            data.splice(0..0, parameters.iter().copied());
        }
        if data.len() > LARGEST_FRAME {
            return None;
        }
        let number = self.next as u32;
        let coded = CodedFrame::stored(data, frame.at, number, self.base, self.size).ok()?;
        self.size = coded.check().ok();
        if coded.layer == Layer::Base {
            self.base = number;
        }
        self.decoder.decode(&coded).ok()
    }
}
