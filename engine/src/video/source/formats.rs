//! What cameras give, made into our pictures, and the choice of the format that takes least to do so.
//!
//! Pure. A camera is a device that may say anything: every size and length is checked against what came.

use nokhwa::utils::{CameraFormat, FrameFormat};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{Wanted, colour};
use crate::video::{
    error::VideoError,
    picture::{LONGEST_SIDE, Picture, Size},
};

/// Formats that are understood.
pub(super) const UNDERSTOOD: [FrameFormat; 3] = [FrameFormat::NV12, FrameFormat::YUYV, FrameFormat::MJPEG];

/// The format that is nearest to what is wanted: first in size, then in rate, then in what it costs to read.
pub(super) fn closest(formats: &[CameraFormat], wanted: Wanted) -> Option<CameraFormat> {
    let usable = formats.iter().filter(|format| {
        cost(format.format()).is_some() && Size::new(format.width(), format.height()).is_ok() && format.frame_rate() > 0
    });
    usable.copied().min_by_key(|format| {
        let (width, height) = (wanted.size.width(), wanted.size.height());
        let is_small = format.width() < width || format.height() < height;
        let far = format.width().abs_diff(width) + format.height().abs_diff(height);
        // Twice the rate costs the processor what half of it costs the eye.
        let slow = wanted.rate.saturating_sub(format.frame_rate());
        let fast = format.frame_rate().saturating_sub(wanted.rate);
        // Rather a quarter more pixels than a picture that stutters.
        (slow > wanted.rate / 3, is_small, far, slow * 2 + fast, cost(format.format()))
    })
}

const fn cost(format: FrameFormat) -> Option<u8> {
    match format {
        FrameFormat::NV12 => Some(0),
        FrameFormat::YUYV => Some(1),
        FrameFormat::MJPEG => Some(2),
        FrameFormat::GRAY | FrameFormat::RAWRGB | FrameFormat::RAWBGR => None,
    }
}

/// Makes a picture of what a camera gave as `format` and says to be of `size`; a JPEG says its size itself.
pub(super) fn picture(format: FrameFormat, size: Size, captured: u64, bytes: &[u8]) -> Result<Picture, VideoError> {
    match format {
        FrameFormat::NV12 => of_nv12(size, captured, bytes),
        FrameFormat::YUYV => of_yuyv(size, captured, bytes),
        FrameFormat::MJPEG => of_jpeg(captured, bytes),
        FrameFormat::GRAY | FrameFormat::RAWRGB | FrameFormat::RAWBGR => Err(VideoError::Absurd(format.to_string())),
    }
}

fn too_short(bytes: &[u8]) -> VideoError {
    VideoError::Absurd(format!("{} bytes are no whole picture", bytes.len()))
}

fn of_nv12(size: Size, captured: u64, bytes: &[u8]) -> Result<Picture, VideoError> {
    let (luma, colours) = bytes.get(..size.bytes()).ok_or_else(|| too_short(bytes))?.split_at(size.luma());
    let mut picture = Picture::filled(size, captured, [0; 3]);
    let (y, u, v) = picture.planes_mut();
    y.copy_from_slice(luma);
    for ([from_u, from_v], (u, v)) in colours.as_chunks::<2>().0.iter().zip(u.iter_mut().zip(v)) {
        (*u, *v) = (*from_u, *from_v);
    }
    Ok(picture)
}

fn of_yuyv(size: Size, captured: u64, bytes: &[u8]) -> Result<Picture, VideoError> {
    let yuy = bytes.get(..2 * size.luma()).ok_or_else(|| too_short(bytes))?;
    let mut picture = Picture::filled(size, captured, [0; 3]);
    colour::of_yuyv(&mut picture, yuy);
    Ok(picture)
}

fn of_jpeg(captured: u64, bytes: &[u8]) -> Result<Picture, VideoError> {
    let absurd = |error: &dyn std::fmt::Display| VideoError::Absurd(error.to_string());
    let longest = LONGEST_SIDE as usize;
    let options = DecoderOptions::default()
        .set_max_width(longest)
        .set_max_height(longest)
        .jpeg_set_out_colorspace(ColorSpace::YCbCr);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| absurd(&error))?;
    let info = decoder.info().ok_or_else(|| too_short(bytes))?;
    let size = Size::new(u32::from(info.width), u32::from(info.height))?;
    let mut pixels = vec![0; 3 * size.luma()];
    if decoder.output_buffer_size() != Some(pixels.len()) {
        return Err(too_short(bytes));
    }
    decoder.decode_into(&mut pixels).map_err(|error| absurd(&error))?;
    let mut picture = Picture::filled(size, captured, [0; 3]);
    colour::of_pixels(&mut picture, &pixels, colour::of_full_range);
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

    use super::*;

    fn wanted(width: u32, height: u32, rate: u32) -> Wanted {
        Wanted { size: Size::new(width, height).unwrap(), rate }
    }

    fn format(width: u32, height: u32, format: FrameFormat, rate: u32) -> CameraFormat {
        CameraFormat::new_from(width, height, format, rate)
    }

    #[test]
    fn a_usual_camera_gives_what_is_wanted_in_the_form_that_can_be_had_fast_enough() {
        // Over USB 2, uncompressed 720p comes at 10 pictures a second.
        let formats = [
            format(640, 480, FrameFormat::YUYV, 30),
            format(640, 480, FrameFormat::MJPEG, 30),
            format(1_280, 720, FrameFormat::YUYV, 10),
            format(1_280, 720, FrameFormat::MJPEG, 30),
            format(3_840, 2_160, FrameFormat::MJPEG, 30),
        ];
        assert_eq!(closest(&formats, wanted(640, 480, 30)), Some(formats[0]));
        assert_eq!(closest(&formats, wanted(1_280, 720, 30)), Some(formats[3]));
        assert_eq!(closest(&formats, wanted(480, 360, 30)), Some(formats[0]), "the next larger one");
        assert_eq!(closest(&formats, wanted(1_280, 720, 12)), Some(formats[2]), "no JPEG where it isn't needed");
        assert_eq!(closest(&formats, wanted(1_920, 1_080, 30)), Some(formats[3]), "never more than 1080p");
    }

    #[test]
    fn absurd_formats_are_never_chosen() {
        let absurd = [
            format(16_384, 16_384, FrameFormat::YUYV, 30),
            format(0, 0, FrameFormat::MJPEG, 30),
            format(641, 480, FrameFormat::NV12, 30),
            format(640, 480, FrameFormat::YUYV, 0),
            format(640, 480, FrameFormat::GRAY, 30),
        ];
        assert_eq!(closest(&absurd, wanted(640, 480, 30)), None);
        assert_eq!(closest(&[], wanted(640, 480, 30)), None);
    }

    #[test]
    fn each_format_keeps_its_colours() {
        let size = Size::new(64, 32).unwrap();
        let yuyv: Vec<u8> = [100, 90, 100, 170].repeat(size.luma() / 2);
        let nv12: Vec<u8> = [vec![100; size.luma()], [90, 170].repeat(size.luma() / 4)].concat();
        // The same colour: BT.601, limited range.
        let rgb = [165, 78, 21].repeat(size.luma());
        let mut jpeg = vec![];
        JpegEncoder::new_with_quality(&mut jpeg, 95).encode(&rgb, 64, 32, ExtendedColorType::Rgb8).unwrap();
        for (form, bytes) in [(FrameFormat::YUYV, yuyv), (FrameFormat::NV12, nv12), (FrameFormat::MJPEG, jpeg)] {
            let picture = picture(form, size, 9, &bytes).unwrap();
            let (y, u, v) = picture.planes();
            assert_eq!((picture.size(), picture.captured()), (size, 9), "{form}");
            for (plane, meant) in [(y, 100_u8), (u, 90), (v, 170)] {
                assert!(plane.iter().all(|value| value.abs_diff(meant) <= 3), "{form}: {:?} for {meant}", plane[0]);
            }
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let size = Size::VGA;
        for form in [FrameFormat::NV12, FrameFormat::YUYV, FrameFormat::MJPEG, FrameFormat::GRAY] {
            for bytes in [vec![], vec![0xFF; 100], vec![0xD8; size.luma()]] {
                assert!(matches!(picture(form, size, 0, &bytes), Err(VideoError::Absurd(_))), "{form}");
            }
        }
    }

    #[test]
    fn a_jpeg_of_absurd_size_is_refused_by_its_header() {
        let mut jpeg = vec![];
        JpegEncoder::new(&mut jpeg).encode(&[128; 3 * 64 * 32], 64, 32, ExtendedColorType::Rgb8).unwrap();
        let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
        for (width, height) in [(16_384_u16, 16_384_u16), (65_535, 2), (0, 0), (33, 64)] {
            jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
            jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
            assert!(matches!(of_jpeg(0, &jpeg), Err(VideoError::Absurd(_))), "{width}x{height}");
        }
    }
}
