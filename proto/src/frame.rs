//! Frames: how bytes are cut on every stream, and how values become bytes.
//!
//! On a stream a frame is its length (u32, big-endian) and that many bytes; on the server's WebSocket a binary message
//! is a frame. Inside, CBOR with numbered fields: a newer version adds numbers, an older one skips them.

use minicbor::{Decode, Encode};

use crate::error::ProtoError;

/// The longest frame, in bytes: a 64 KiB body with its signature, padding and seal, and room to spare.
pub const MAX_FRAME: usize = 96 * 1024;

/// The bytes of a value.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    // Writing into a Vec can't fail.
    let _ = minicbor::encode(value, &mut bytes);
    bytes
}

/// The value of bytes; trailing bytes are refused, so that a value has one length.
///
/// # Errors
/// `FrameLen` above [`MAX_FRAME`], `Malformed` for what does not parse.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, ProtoError> {
    if bytes.len() > MAX_FRAME {
        return Err(ProtoError::FrameLen);
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().map_err(|_| ProtoError::Malformed)?;
    if decoder.position() != bytes.len() {
        return Err(ProtoError::Malformed);
    }
    Ok(value)
}

/// The value of bytes, or none where they hold a variant that only a newer version knows.
///
/// # Errors
/// As [`decode`].
pub fn decode_known<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<Option<T>, ProtoError> {
    let unknown = minicbor::decode::<T>(bytes).is_err_and(|error| error.is_unknown_variant());
    if unknown && bytes.len() <= MAX_FRAME { Ok(None) } else { decode(bytes).map(Some) }
}

/// The header of a frame of `length` bytes.
///
/// # Errors
/// `FrameLen` for 0 or above [`MAX_FRAME`].
pub fn header(length: usize) -> Result<[u8; 4], ProtoError> {
    match u32::try_from(length) {
        Ok(short) if length > 0 && length <= MAX_FRAME => Ok(short.to_be_bytes()),
        Ok(_) | Err(_) => Err(ProtoError::FrameLen),
    }
}

/// The length that a header announces, checked before anything is allocated for it.
///
/// # Errors
/// `FrameLen` for 0 or above [`MAX_FRAME`].
pub fn length(header: [u8; 4]) -> Result<usize, ProtoError> {
    let length = usize::try_from(u32::from_be_bytes(header)).map_err(|_| ProtoError::FrameLen)?;
    if length == 0 || length > MAX_FRAME { Err(ProtoError::FrameLen) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_out_of_range_are_refused_before_anything_is_allocated() {
        for wrong in [0u32, 96 * 1024 + 1, u32::MAX] {
            assert_eq!(length(wrong.to_be_bytes()), Err(ProtoError::FrameLen), "length {wrong}");
        }
        assert_eq!(length((96u32 * 1024).to_be_bytes()), Ok(MAX_FRAME));
        assert_eq!(header(0), Err(ProtoError::FrameLen));
    }

    #[test]
    fn trailing_bytes_are_refused() {
        let mut bytes = encode(&7u32);
        bytes.push(0);
        assert_eq!(decode::<u32>(&bytes), Err(ProtoError::Malformed));
    }

    #[test]
    fn a_hostile_array_length_allocates_nothing() {
        // An array that announces 2^63 elements.
        assert_eq!(decode::<Vec<u64>>(&[0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0]), Err(ProtoError::Malformed));
    }
}
