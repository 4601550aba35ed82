//! Makes a picture smaller, plane by plane.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};

use super::{
    error::VideoError,
    picture::{Picture, Size},
};

/// Keeps the memory that scaling takes.
#[derive(Default)]
pub(super) struct Scaler(Resizer);

impl Scaler {
    /// The same picture in another size.
    pub(super) fn scale(&mut self, picture: &Picture, size: Size) -> Result<Picture, VideoError> {
        let mut scaled = Picture::filled(size, picture.captured(), [0; 3]);
        let from = picture.size();
        let (half, scaled_half) = ((from.width() / 2, from.height() / 2), (size.width() / 2, size.height() / 2));
        let (y, u, v) = picture.planes();
        let (to_y, to_u, to_v) = scaled.planes_mut();
        self.plane(y, (from.width(), from.height()), to_y, (size.width(), size.height()))?;
        self.plane(u, half, to_u, scaled_half)?;
        self.plane(v, half, to_v, scaled_half)?;
        Ok(scaled)
    }

    fn plane(&mut self, from: &[u8], had: (u32, u32), to: &mut [u8], has: (u32, u32)) -> Result<(), VideoError> {
        // Two taps a side where it grows, and the mean of what falls together where it shrinks.
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        let said = |error: &dyn std::fmt::Display| VideoError::Library(error.to_string());
        let from = ImageRef::new(had.0, had.1, from, PixelType::U8).map_err(|error| said(&error))?;
        let mut to = Image::from_slice_u8(has.0, has.1, to, PixelType::U8).map_err(|error| said(&error))?;
        self.0.resize(&from, &mut to, &options).map_err(|error| said(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_picture_has_its_colours_and_its_sides_where_they_were() {
        let (large, small) = (Size::new(64, 32).unwrap(), Size::new(32, 16).unwrap());
        let mut picture = Picture::filled(large, 5, [16, 100, 200]);
        for row in picture.planes_mut().0.chunks_mut(64) {
            row[32..].fill(235);
        }
        let scaled = Scaler::default().scale(&picture, small).unwrap();
        assert_eq!((scaled.size(), scaled.captured()), (small, 5));
        let (y, u, v) = scaled.planes();
        assert_eq!((y[0], y[31], y[15 * 32], y[16 * 32 - 1]), (16, 235, 16, 235));
        assert!(u.iter().all(|&u| u == 100) && v.iter().all(|&v| v == 200));
    }
}
