//! Pictures: what is known of one before it is here, and one made small enough to be drawn.
//!
//! Everything here blocks and may cost 300 MB for a moment: call it from `spawn_blocking`, behind [`decoding`]. What is
//! decoded is told by its bytes, not by its name: PNG, JPEG, GIF (its first frame) and WebP. The size that the header
//! tells is checked before anything is allocated for it.

use std::{
    fs::File,
    io::{BufReader, Cursor},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder, imageops::FilterType,
};
use juice_proto::content::Picture;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::spawn_blocking,
};

use crate::video;

/// The most pixels of a picture.
const MAX_PIXELS: u64 = 50_000_000;
/// The most bytes that it may have decoded: 50 megapixels of four bytes, and what the decoder needs.
const MAX_DECODED: u64 = 256 * 1024 * 1024;
/// The largest file that is looked at: some decoders hold all of it.
const MAX_FILE: u64 = 64 * 1024 * 1024;
/// The longest side of a thumbnail and its JPEG quality: the first of these that fits into [`THUMBNAIL`].
const THUMBNAILS: [(u32, u8); 5] = [(320, 70), (320, 50), (240, 50), (160, 50), (96, 40)];
/// The largest thumbnail, in bytes; the wire takes some more.
const THUMBNAIL: usize = 12 * 1024;
/// The longest side that [`shown`] gives.
const MAX_SIDE: u32 = 4_096;
/// The JPEG quality of what is shown.
const SHOWN: u8 = 88;

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PictureError {
    /// The file can't be read.
    Unreadable,
    /// It is of another kind, damaged, or larger than what is decoded.
    Limits,
}

/// A place to decode in: two at a time.
pub(crate) async fn decoding() -> Option<SemaphorePermit<'static>> {
    static PLACES: Semaphore = Semaphore::const_new(2);
    PLACES.acquire().await.ok()
}

/// A small picture of a file on this computer as a `data:` address, before it is sent; empty where it is none that can
/// be shown.
pub async fn thumbnail(path: PathBuf) -> String {
    let _place = decoding().await;
    let looked = spawn_blocking(move || look(&path)).await;
    match looked {
        Ok(Some(picture)) if !picture.thumbnail.is_empty() => {
            format!("data:image/jpeg;base64,{}", STANDARD.encode(picture.thumbnail.as_slice()))
        }
        Ok(_) | Err(_) => String::new(),
    }
}

/// How a picture looks; none where the file is no picture that others would show.
pub(crate) fn look(path: &Path) -> Option<Picture> {
    Some(likeness(&decode(path).ok()?))
}

/// How a frame of a film looks.
pub(crate) fn of_frame(frame: &video::Picture) -> Option<Picture> {
    let (width, height) = (frame.size().width(), frame.size().height());
    let (lumas, us, vs) = frame.planes();
    let image = image::RgbImage::from_fn(width, height, |x, y| {
        let at = |plane: &[u8], at: u32, usual: u8| i32::from(plane.get(at as usize).copied().unwrap_or(usual));
        let half = y / 2 * (width / 2) + x / 2;
        let (luma, u, v) = (at(lumas, y * width + x, 16) - 16, at(us, half, 128) - 128, at(vs, half, 128) - 128);
        // BT.601, limited range, in 256ths.
        let colour = |sum: i32| ((298 * luma + sum + 128) >> 8).clamp(0, 255) as u8;
        image::Rgb([colour(409 * v), colour(-100 * u - 208 * v), colour(516 * u)])
    });
    (!lumas.is_empty()).then(|| likeness(&image.into()))
}

fn likeness(image: &DynamicImage) -> Picture {
    let thumbnail = THUMBNAILS.iter().find_map(|(side, quality)| {
        let small = image.thumbnail((*side).min(image.width()), (*side).min(image.height()));
        jpeg(&small, *quality).filter(|jpeg| jpeg.len() <= THUMBNAIL)
    });
    Picture { width: image.width(), height: image.height(), thumbnail: thumbnail.unwrap_or_default().into() }
}

/// A picture with its longest side at most `longest_side`, as PNG where something shines through it, else as JPEG.
pub(crate) fn shown(path: &Path, longest_side: u32) -> Result<Vec<u8>, PictureError> {
    let image = decode(path)?;
    let side = longest_side.clamp(1, MAX_SIDE);
    let longest = image.width().max(image.height());
    let image = match longest {
        fits if fits <= side => image,
        // The filter is worth its time only where the eye can tell.
        large if large / 2 >= side => image.thumbnail(side, side),
        _ => image.resize(side, side, FilterType::CatmullRom),
    };
    if image.color().has_alpha() {
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png).map_err(|_| PictureError::Limits)?;
        Ok(png.into_inner())
    } else {
        jpeg(&image, SHOWN).ok_or(PictureError::Limits)
    }
}

fn decode(path: &Path) -> Result<DynamicImage, PictureError> {
    let file = File::open(path).map_err(|_| PictureError::Unreadable)?;
    let about = file.metadata().map_err(|_| PictureError::Unreadable)?;
    if !about.is_file() || about.len() > MAX_FILE {
        return Err(PictureError::Limits);
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODED);
    let mut reader =
        ImageReader::new(BufReader::new(file)).with_guessed_format().map_err(|_| PictureError::Unreadable)?;
    let ours = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP];
    if !reader.format().is_some_and(|format| ours.contains(&format)) {
        return Err(PictureError::Limits);
    }
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| PictureError::Limits)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > MAX_PIXELS || decoder.total_bytes() > MAX_DECODED {
        return Err(PictureError::Limits);
    }
    let orientation = decoder.orientation().map_err(|_| PictureError::Limits)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| PictureError::Limits)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn jpeg(image: &DynamicImage, quality: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let opaque = if image.color().has_alpha() { on_white(image) } else { image.to_rgb8() };
    opaque.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality)).ok()?;
    Some(bytes)
}

/// What shines through shows white, as on paper.
fn on_white(image: &DynamicImage) -> image::RgbImage {
    let rgba = image.to_rgba8();
    let (width, height) = rgba.dimensions();
    let mut rgb = image::RgbImage::new(width, height);
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, a] = from.0.map(u32::from);
        let mix = |colour: u32| u8::try_from((colour * a + 255 * (255 - a)) / 255).unwrap_or(u8::MAX);
        to.0 = [mix(r), mix(g), mix(b)];
    }
    rgb
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use juice_proto::{content::MAX_THUMBNAIL, file::is_thumbnail};

    use super::*;

    struct Kept(PathBuf);

    impl Kept {
        fn new(name: &str, bytes: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("juice-picture-{}-{name}", std::process::id()));
            std::fs::write(&path, bytes).unwrap();
            Self(path)
        }
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn noise(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut seed = 1u32;
        let image = image::RgbImage::from_fn(width, height, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([(seed >> 24) as u8, (seed >> 16) as u8, (seed >> 8) as u8])
        });
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(image).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A PNG that says what it likes of its size; its checksums are right.
    fn png(width: u32, height: u32, colour: u8, zeros: usize) -> Vec<u8> {
        fn crc(bytes: &[u8]) -> u32 {
            !bytes.iter().fold(!0u32, |crc, byte| {
                (0..8)
                    .fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
            })
        }
        fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
            let mut body = name.to_vec();
            body.extend_from_slice(data);
            out.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            out.extend(&body);
            out.extend(crc(&body).to_be_bytes());
        }
        let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
        header.extend([8, colour, 0, 0, 0]);
        // Stored blocks of zeros: deflate without compressing.
        let mut stream = vec![0x78, 0x01];
        let mut left = zeros;
        while left > 0 {
            let length = u16::try_from(left.min(65_535)).unwrap();
            left -= usize::from(length);
            stream.push(u8::from(left == 0));
            stream.extend(length.to_le_bytes());
            stream.extend((!length).to_le_bytes());
            stream.extend(vec![0; usize::from(length)]);
        }
        let mut out = vec![0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
        chunk(&mut out, b"IHDR", &header);
        chunk(&mut out, b"IDAT", &stream);
        chunk(&mut out, b"IEND", &[]);
        out
    }

    #[test]
    fn a_picture_is_told_by_its_bytes_and_has_a_thumbnail_that_fits() {
        for (name, format) in [
            ("a.txt", ImageFormat::Png),
            ("b", ImageFormat::Jpeg),
            ("c.exe", ImageFormat::Gif),
            ("d", ImageFormat::WebP),
        ] {
            let kept = Kept::new(name, &noise(600, 400, format));
            let picture = look(&kept.0).unwrap();
            assert_eq!((picture.width, picture.height), (600, 400), "{format:?}");
            assert!(
                !picture.thumbnail.is_empty() && picture.thumbnail.len() <= MAX_THUMBNAIL,
                "noise is hard to press"
            );
            assert!(is_thumbnail(&picture.thumbnail));
            let shown = shown(&kept.0, 100).unwrap();
            let small = image::load_from_memory(&shown).unwrap();
            assert_eq!((small.width(), small.height()), (100, 67));
        }
    }

    #[test]
    fn what_is_seen_through_stays_so_and_a_small_picture_is_not_blown_up() {
        let image = image::RgbaImage::from_pixel(20, 10, image::Rgba([9, 9, 9, 0]));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(image).write_to(&mut bytes, ImageFormat::Png).unwrap();
        let kept = Kept::new("clear.png", &bytes.into_inner());
        let shown = image::load_from_memory(&shown(&kept.0, 1_000).unwrap()).unwrap();
        assert_eq!((shown.width(), shown.height()), (20, 10));
        assert_eq!(shown.to_rgba8().get_pixel(3, 3).0[3], 0);
        let thumbnail = image::load_from_memory(&look(&kept.0).unwrap().thumbnail).unwrap().to_rgb8();
        assert!(thumbnail.get_pixel(3, 3).0.iter().all(|colour| *colour > 250), "white, not black");
    }

    #[test]
    fn a_billion_pixels_a_bomb_and_an_svg_are_not_drawn() {
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><script>alert(1)</script></svg>";
        for (name, bytes) in [
            ("vast.png", png(31_623, 31_623, 2, 1_000)),
            ("wide.png", png(u32::MAX >> 1, 1, 0, 1_000)),
            ("deep.png", png(7_000, 7_000, 6, 1_000)[..60].to_vec()),
            ("none.png", png(0, 0, 2, 10)),
            ("picture.svg", svg.to_vec()),
            ("picture.png", svg.to_vec()),
            ("text.png", b"hello".to_vec()),
            ("empty.png", Vec::new()),
        ] {
            let kept = Kept::new(name, &bytes);
            let before = resident();
            assert_eq!(shown(&kept.0, 100), Err(PictureError::Limits), "{name}");
            assert!(look(&kept.0).is_none(), "{name}");
            assert!(resident() < before + 300_000_000, "{name} took memory that its header had no right to");
        }
        assert_eq!(shown(Path::new("/nowhere/at/all"), 10), Err(PictureError::Unreadable));
    }

    #[test]
    fn a_png_whose_data_are_more_than_its_header_says_costs_no_more_than_its_header() {
        // 100 MB of pixels behind a header that says 10 by 10.
        let kept = Kept::new("bomb.png", &png(10, 10, 2, 20_000_000));
        let before = resident();
        let _ = shown(&kept.0, 100);
        assert!(resident() < before + 60_000_000, "what the header does not speak of is not unpacked");
    }

    /// Bytes of this process in memory; 0 where the system doesn't tell.
    fn resident() -> u64 {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).map_or(0, |pages| pages * 4_096)
    }
}
