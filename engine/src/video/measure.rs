//! How fast this machine codes: for benchmarks, and for whoever wants to know whether 720p is a good idea.

use std::time::{Duration, Instant};

use super::{
    codec::{Decoder, Encoder, H264Decoder, H264Encoder, Hint, Rate},
    error::VideoError,
    picture::{Picture, Size},
    source::test_picture,
    stamp::read_stamp,
};

/// What coding takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Codec {
    /// Milliseconds of a picture, the mean, without the first ones.
    pub encode_ms: f64,
    /// The same of decoding.
    pub decode_ms: f64,
    /// What the frames came to, at 30 a second.
    pub kbit_s: f64,
    /// Bytes of the first keyframe.
    pub key_bytes: usize,
    /// Frames that came of so many pictures.
    pub frames: usize,
    /// Of which the stamp was read back.
    pub read: usize,
}

/// Codes and decodes so many test pictures at 30 a second, as fast as it goes, on the caller's thread.
///
/// # Errors
/// `Library`.
pub fn measure(size: Size, bits: u32, pictures: u16) -> Result<Codec, VideoError> {
    let draw = test_picture(size);
    let mut encoder = H264Encoder::new(Hint::Camera, Rate { bits, frames: 30 });
    let mut decoder = H264Decoder::default();
    let (mut codec, mut bytes) = (Codec::default(), 0);
    let (mut encoding, mut decoding) = (Duration::ZERO, Duration::ZERO);
    for number in 0..pictures {
        let picture: Picture = draw(number, u64::from(number) * 1_000_000 / 30)?;
        let began = Instant::now();
        let coded = encoder.encode(&picture, size)?;
        // The first one opens the encoder, which happens once.
        encoding += if number == 0 { Duration::ZERO } else { began.elapsed() };
        let Some(frame) = coded else { continue };
        (codec.frames, bytes) = (codec.frames + 1, bytes + frame.data.len());
        if codec.key_bytes == 0 {
            codec.key_bytes = frame.data.len();
        }
        let began = Instant::now();
        let decoded = decoder.decode(&frame).map_err(|error| VideoError::Library(error.to_string()))?;
        decoding += if frame.key { Duration::ZERO } else { began.elapsed() };
        codec.read += usize::from(read_stamp(&decoded).is_some_and(|stamp| stamp.number == number));
    }
    codec.encode_ms = encoding.as_secs_f64() * 1_000.0 / f64::from(pictures.saturating_sub(1).max(1));
    codec.decode_ms = decoding.as_secs_f64() * 1_000.0 / (codec.frames.saturating_sub(1).max(1)) as f64;
    codec.kbit_s = bytes as f64 * 8.0 * 30.0 / f64::from(pictures.max(1)) / 1_000.0;
    Ok(codec)
}
