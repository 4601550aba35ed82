//! What openh264's wrapper doesn't offer: two temporal layers, frames smaller than the pictures, and rates that change
//! without a keyframe.
//!
//! The one file with `unsafe` code: options of an encoder that the wrapper owns, each a structure that the library copies
//! before the call returns.

#![allow(unsafe_code, reason = "openh264's options are set by pointers to structures")]

use std::ffi::c_void;

use openh264::encoder::Encoder;
use openh264_sys2::{
    ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_FRAME_RATE, ENCODER_OPTION_MAX_BITRATE,
    ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, ENCODER_OPTION_TRACE_LEVEL, SEncParamExt, SPATIAL_LAYER_ALL, TagBitrateInfo,
};

use crate::video::{error::VideoError, picture::Size};

/// On every second frame none builds, and frames are of this size, at most that of the pictures. The encoder must have
/// coded a picture already; its next frame is a keyframe.
pub(super) fn arrange(encoder: &mut Encoder, size: Size) -> Result<(), VideoError> {
    let side = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
    let mut parameters = SEncParamExt::default();
    // It would say on standard error that without skipping a rate is only come near to.
    let mut quiet: i32 = 0;
    // SAFETY: the first option is set from an int, the other is read into and set from a SEncParamExt.
    unsafe {
        option(encoder, Access::Write, ENCODER_OPTION_TRACE_LEVEL, &mut quiet)?;
        option(encoder, Access::Read, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, &mut parameters)?;
        parameters.iTemporalLayerNum = 2;
        // Left to itself it leaves out a second of pictures where there is much noise; see `encode::pace::Budget`.
        parameters.bEnableFrameSkip = false;
        let [layer, ..] = &mut parameters.sSpatialLayers;
        (layer.iVideoWidth, layer.iVideoHeight) = (side(size.width()), side(size.height()));
        option(encoder, Access::Write, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, &mut parameters)
    }
}

/// Spends so many bits a second from the next frame on.
pub(super) fn set_bitrate(encoder: &mut Encoder, bits: u32) {
    let bits = i32::try_from(bits).unwrap_or(i32::MAX);
    let mut info = TagBitrateInfo { iLayer: SPATIAL_LAYER_ALL, iBitrate: bits };
    // The limit must never be below the rate, so either may have to go first; the library refuses one of the first two
    // calls, or corrects it, and the third leaves both as meant.
    for kind in [ENCODER_OPTION_MAX_BITRATE, ENCODER_OPTION_BITRATE, ENCODER_OPTION_MAX_BITRATE] {
        // SAFETY: both options are set from a SBitrateInfo.
        if let Err(error) = unsafe { option(encoder, Access::Write, kind, &mut info) } {
            tracing::trace!(%error, bits, "the encoder corrects its bitrate");
        }
    }
}

/// Expects so many frames a second from the next on.
pub(super) fn set_frame_rate(encoder: &mut Encoder, frames: u32) {
    let mut frames = frames as f32;
    // SAFETY: this option is set from a float.
    if let Err(error) = unsafe { option(encoder, Access::Write, ENCODER_OPTION_FRAME_RATE, &mut frames) } {
        tracing::debug!(%error, frames, "the encoder keeps its frame rate");
    }
}

#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

/// # Safety
/// `T` must be the type that the option's documentation in codec_app_def.h names.
unsafe fn option<T>(
    encoder: &mut Encoder,
    access: Access,
    kind: ENCODER_OPTION,
    value: &mut T,
) -> Result<(), VideoError> {
    let value: *mut c_void = std::ptr::from_mut(value).cast();
    // SAFETY: the encoder is not torn down and not reinitialised behind its wrapper's back; the pointer is to a value of
    // the option's type that outlives the call.
    let result = unsafe {
        let api = encoder.raw_api();
        match access {
            Access::Read => api.get_option(kind, value),
            Access::Write => api.set_option(kind, value),
        }
    };
    if result == 0 { Ok(()) } else { Err(VideoError::Library(format!("option {kind}: {result}"))) }
}
