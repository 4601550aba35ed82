//! Pictures on their way, each in a stream of its own.

use super::{CallMark, HEAD, Kind, MAX_VIDEO_PACKET, MediaKeys, TAG};
use crate::{error::ProtoError, id::CallId};

/// Flags, time, the way back, width and height.
const INTRO: usize = 15;
const KEY: u8 = 1;
const DROPPABLE: u8 = 2;

/// What else a picture needs to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Nothing.
    Key,
    /// An earlier one.
    Base,
    /// The same; and none needs it.
    Droppable,
}

/// One coded picture. Its number is the packet's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoPacket {
    /// When it was taken, in microseconds of a clock of the sender's.
    pub captured_us: u64,
    /// What else it needs.
    pub layer: Layer,
    /// By how much its number is higher than that of the picture that it builds on.
    pub back: u16,
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
    /// H.264, as Annex B has it.
    pub data: Vec<u8>,
}

impl VideoPacket {
    fn to_bytes(&self) -> Vec<u8> {
        let flags = match self.layer {
            Layer::Key => KEY,
            Layer::Base => 0,
            Layer::Droppable => DROPPABLE,
        };
        let small = [self.back, self.width, self.height].map(u16::to_be_bytes).concat();
        [&[flags], self.captured_us.to_be_bytes().as_slice(), &small, &self.data].concat()
    }

    /// Reads what is in a packet of [`Kind::Video`].
    ///
    /// # Errors
    /// `Malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProtoError> {
        let ([flags, c0, c1, c2, c3, c4, c5, c6, c7, b0, b1, w0, w1, h0, h1], data) =
            bytes.split_first_chunk::<INTRO>().ok_or(ProtoError::Malformed)?;
        let layer = match *flags {
            KEY => Layer::Key,
            0 => Layer::Base,
            DROPPABLE => Layer::Droppable,
            _ => return Err(ProtoError::Malformed),
        };
        if data.is_empty() {
            return Err(ProtoError::Malformed);
        }
        Ok(Self {
            captured_us: u64::from_be_bytes([*c0, *c1, *c2, *c3, *c4, *c5, *c6, *c7]),
            layer,
            back: u16::from_be_bytes([*b0, *b1]),
            width: u16::from_be_bytes([*w0, *w1]),
            height: u16::from_be_bytes([*h0, *h1]),
            data: data.to_vec(),
        })
    }
}

/// All that is on the stream of a picture. No number may be used twice.
///
/// # Errors
/// `TooLong` above [`MAX_VIDEO_PACKET`].
pub fn video_stream(
    keys: &MediaKeys,
    call: &CallId,
    number: u64,
    picture: &VideoPacket,
) -> Result<Vec<u8>, ProtoError> {
    let plain = picture.to_bytes();
    if HEAD + plain.len() + TAG > MAX_VIDEO_PACKET {
        return Err(ProtoError::TooLong);
    }
    keys.seal_after(CallMark::of(call).0.to_vec(), Kind::Video, number, &plain)
}

/// The call and the packet of a picture's whole stream, for [`MediaKeys::open`].
///
/// # Errors
/// `FrameLen` where the packet is shorter than an empty one or longer than [`MAX_VIDEO_PACKET`].
pub fn of_video_stream(stream: &mut [u8]) -> Result<(CallMark, &mut [u8]), ProtoError> {
    let (mark, packet) = stream.split_first_chunk_mut().ok_or(ProtoError::FrameLen)?;
    if (HEAD + TAG..=MAX_VIDEO_PACKET).contains(&packet.len()) {
        Ok((CallMark(*mark), packet))
    } else {
        Err(ProtoError::FrameLen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(size: usize) -> VideoPacket {
        VideoPacket { captured_us: 960, layer: Layer::Key, back: 0, width: 640, height: 480, data: vec![7; size] }
    }

    #[test]
    fn a_picture_crosses_whole_and_to_the_other_side_alone() {
        let call = CallId::new([1; 32]);
        let keys = |placed| MediaKeys::derive(&call, placed, &[2; 32], &[3; 32]);
        let mut stream = video_stream(&keys(true), &call, 9, &picture(30_000)).unwrap();
        assert!(super::super::datagram(&call, &[]).starts_with(&[0]), "a datagram begins otherwise");
        let (mark, packet) = of_video_stream(&mut stream).unwrap();
        assert!(mark.is_of(&call));
        assert_eq!(keys(true).open(&mut packet.to_vec()), Err(ProtoError::BadSeal));
        let (kind, number, plain) = keys(false).open(packet).unwrap();
        assert_eq!((kind, number, VideoPacket::parse(&plain)), (Kind::Video, 9, Ok(picture(30_000))));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let call = CallId::new([1; 32]);
        let keys = MediaKeys::derive(&call, true, &[2; 32], &[3; 32]);
        assert_eq!(video_stream(&keys, &call, 0, &picture(MAX_VIDEO_PACKET)), Err(ProtoError::TooLong));
        for short in 0..32 {
            assert_eq!(of_video_stream(&mut vec![0; short]).err(), Some(ProtoError::FrameLen), "{short}");
        }
        assert_eq!(of_video_stream(&mut vec![0; MAX_VIDEO_PACKET + 9]).err(), Some(ProtoError::FrameLen));
        let mut bytes = picture(4).to_bytes();
        assert!(VideoPacket::parse(&bytes[..INTRO]).is_err(), "of nothing");
        bytes[0] = 3;
        assert!(VideoPacket::parse(&bytes).is_err(), "of an unknown layer");
    }
}
