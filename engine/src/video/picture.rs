//! A picture in memory: I420, the form in which everything in the corridor is, and the sizes that one may have.
//!
//! I420 is a plane of brightness (Y) of `width x height` bytes, then two of colour (U, V) of a quarter each, without
//! padding; BT.601, limited range (16 to 235), as cameras give it. Sizes are checked before anything is allocated.

use super::error::VideoError;

/// The longer side of a picture, at most: 1920.
pub const LONGEST_SIDE: u32 = 1_920;
/// The shorter side of a picture, at most: 1080.
pub const SHORTEST_SIDE: u32 = 1_080;
/// Either side, at least: one macroblock.
pub const LEAST_SIDE: u32 = 16;

/// Width and height in pixels: both even, from 16, and at most 1920x1080 or 1080x1920.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    width: u32,
    height: u32,
}

impl Size {
    /// 1280x720.
    pub const HD: Self = Self { width: 1_280, height: 720 };
    /// 1920x1080.
    pub const FULL_HD: Self = Self { width: 1_920, height: 1_080 };
    /// 640x480.
    pub const VGA: Self = Self { width: 640, height: 480 };

    /// Checks the bounds.
    ///
    /// # Errors
    /// `Absurd`.
    pub fn new(width: u32, height: u32) -> Result<Self, VideoError> {
        let (long, short) = (width.max(height), width.min(height));
        let is_even = width.is_multiple_of(2) && height.is_multiple_of(2);
        if is_even && (LEAST_SIDE..=SHORTEST_SIDE).contains(&short) && long <= LONGEST_SIDE {
            Ok(Self { width, height })
        } else {
            Err(VideoError::Absurd(format!("{width}x{height} pixels")))
        }
    }

    /// Pixels in a row.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Rows.
    pub const fn height(self) -> u32 {
        self.height
    }

    /// The largest size of the proportions of so many pixels that fits into `frame`, even, and never larger than they are.
    ///
    /// # Errors
    /// `Absurd` where a side is too short.
    pub fn fitting(width: u32, height: u32, frame: Self) -> Result<Self, VideoError> {
        if width.min(height) < LEAST_SIDE {
            return Err(VideoError::Absurd(format!("{width}x{height} pixels")));
        }
        let Self { width, height } = Self { width: width & !1, height: height & !1 }.within(frame);
        Self::new(width, height)
    }

    /// The largest size of these proportions that fits into `frame`, never larger than this one.
    #[must_use]
    pub fn within(self, frame: Self) -> Self {
        // A picture that stands is fitted into a frame that stands.
        let is_upright = self.height > self.width;
        let (most_wide, most_high) = if is_upright { (frame.height, frame.width) } else { (frame.width, frame.height) };
        if self.width <= most_wide && self.height <= most_high {
            return self;
        }
        let by_width = u64::from(self.width) * u64::from(most_high) > u64::from(self.height) * u64::from(most_wide);
        let scaled = |side: u32, of: u32, to: u32| {
            let side = u64::from(side) * u64::from(to) / u64::from(of.max(1));
            u32::try_from(side & !1).unwrap_or(LEAST_SIDE).max(LEAST_SIDE)
        };
        if by_width {
            Self { width: most_wide, height: scaled(self.height, self.width, most_wide) }
        } else {
            Self { width: scaled(self.width, self.height, most_high), height: most_high }
        }
    }

    pub(super) const fn luma(self) -> usize {
        self.width as usize * self.height as usize
    }

    /// Bytes of a whole picture.
    pub const fn bytes(self) -> usize {
        self.luma() + self.luma() / 2
    }
}

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    size: Size,
    captured: u64,
    data: Vec<u8>,
}

impl Picture {
    /// From Y, U and V in a row.
    ///
    /// # Errors
    /// `Absurd` if these aren't [`Size::bytes`].
    pub fn new(size: Size, captured: u64, data: Vec<u8>) -> Result<Self, VideoError> {
        if data.len() == size.bytes() {
            Ok(Self { size, captured, data })
        } else {
            Err(VideoError::Absurd(format!("{} bytes of {}", data.len(), size.bytes())))
        }
    }

    /// All of one colour.
    pub fn filled(size: Size, captured: u64, [y, u, v]: [u8; 3]) -> Self {
        let mut picture = Self { size, captured, data: vec![y; size.bytes()] };
        let (_, us, vs) = picture.planes_mut();
        us.fill(u);
        vs.fill(v);
        picture
    }

    /// Pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// When it was taken: microseconds on its camera's [`MediaClock`](super::MediaClock).
    pub const fn captured(&self) -> u64 {
        self.captured
    }

    /// Y, U and V in a row.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Y, U and V; a row of Y has `width` bytes, one of the others half.
    pub fn planes(&self) -> (&[u8], &[u8], &[u8]) {
        let (y, rest) = self.data.split_at_checked(self.size.luma()).unwrap_or_default();
        let (u, v) = rest.split_at_checked(rest.len() / 2).unwrap_or_default();
        (y, u, v)
    }

    pub(super) fn planes_mut(&mut self) -> (&mut [u8], &mut [u8], &mut [u8]) {
        let (y, rest) = self.data.split_at_mut_checked(self.size.luma()).unwrap_or_default();
        let (u, v) = rest.split_at_mut_checked(rest.len() / 2).unwrap_or_default();
        (y, u, v)
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{}, {} us)", self.size.width, self.size.height, self.captured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_out_of_bounds_are_refused_before_anything_is_allocated() {
        let absurd = [(16_384, 16_384), (16_384, 16), (1_921, 1_080), (1_920, 1_082), (0, 0), (640, 481), (8, 8)];
        for (width, height) in absurd.into_iter().chain([(u32::MAX, u32::MAX), (1_200, 1_200)]) {
            assert!(matches!(Size::new(width, height), Err(VideoError::Absurd(_))), "{width}x{height}");
        }
        for (width, height) in [(16, 16), (640, 480), (1_920, 1_080), (1_080, 1_920)] {
            assert!(Size::new(width, height).is_ok(), "{width}x{height}");
        }
    }

    #[test]
    fn a_picture_has_the_bytes_of_its_size() {
        let size = Size::new(32, 16).unwrap();
        assert_eq!(size.bytes(), 768);
        assert!(Picture::new(size, 0, vec![0; 767]).is_err());
        let picture = Picture::filled(size, 0, [1, 2, 3]);
        let (y, u, v) = picture.planes();
        assert_eq!((y.len(), u.len(), v.len()), (512, 128, 128));
        assert_eq!((y[0], u[0], v[0]), (1, 2, 3));
    }

    #[test]
    fn a_picture_keeps_its_proportions_and_is_never_made_larger() {
        let size = |width, height| Size::new(width, height).unwrap();
        assert_eq!(size(1_280, 720).within(size(640, 480)), size(640, 360));
        assert_eq!(size(640, 480).within(size(1_280, 720)), size(640, 480));
        assert_eq!(size(640, 480).within(size(480, 360)), size(480, 360));
        assert_eq!(size(720, 1_280).within(size(640, 480)), size(360, 640));
        assert_eq!(size(1_920, 16).within(size(320, 240)), size(320, 16), "never thinner than a macroblock");
        for ((width, height), fitted) in [
            ((2_560, 1_440), size(1_920, 1_080)),
            ((1_440, 2_560), size(1_080, 1_920)),
            ((1_200, 1_200), size(1_080, 1_080)),
            ((801, 601), size(800, 600)),
            ((16_384, 30), size(1_920, 16)),
        ] {
            assert_eq!(Size::fitting(width, height, Size::FULL_HD).unwrap(), fitted, "{width}x{height}");
        }
        assert!(Size::fitting(400, 15, Size::FULL_HD).is_err(), "too thin to be coded");
    }
}
