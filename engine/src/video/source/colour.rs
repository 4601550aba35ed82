//! Colours of cameras and screens made into those of our pictures: BT.601, limited range, a colour for each 2x2 pixels.
//!
//! Sizes are those of the picture that is written; of what is too short the rest stays as it was.

use crate::video::picture::Picture;

/// YUYV, four bytes for two pixels.
pub(super) fn of_yuyv(picture: &mut Picture, bytes: &[u8]) {
    let width = picture.size().width() as usize;
    let (y, u, v) = picture.planes_mut();
    for (row, line) in y.chunks_exact_mut(width).zip(bytes.chunks_exact(2 * width)) {
        for (value, [bright, _]) in row.iter_mut().zip(line.as_chunks::<2>().0) {
            *value = *bright;
        }
    }
    let colours = u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2));
    for ((us, vs), lines) in colours.zip(bytes.chunks_exact(4 * width)) {
        let (upper, lower) = lines.split_at(2 * width);
        let pairs = upper.as_chunks::<4>().0.iter().zip(lower.as_chunks::<4>().0);
        for ((u, v), ([_, u0, _, v0], [_, u1, _, v1])) in us.iter_mut().zip(vs).zip(pairs) {
            (*u, *v) = (u0.midpoint(*u1), v0.midpoint(*v1));
        }
    }
}

/// Pixels of three bytes or more, each made into brightness and two colours by `convert`.
pub(super) fn of_pixels<const BYTES: usize>(
    picture: &mut Picture,
    bytes: &[u8],
    convert: impl Fn(&[u8; BYTES]) -> [i32; 3],
) {
    let width = picture.size().width() as usize;
    let (y, u, v) = picture.planes_mut();
    let colours = u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2));
    let rows = y.chunks_exact_mut(2 * width).zip(colours).zip(bytes.chunks_exact(2 * BYTES * width));
    for ((bright, (us, vs)), lines) in rows {
        let (upper, lower) = bright.split_at_mut(width);
        let (above, below) = lines.split_at(BYTES * width);
        let squares = upper.as_chunks_mut::<2>().0.iter_mut().zip(lower.as_chunks_mut::<2>().0);
        let (above, below) = (above.as_chunks::<BYTES>().0, below.as_chunks::<BYTES>().0);
        let pixels = above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0);
        for (((u, v), ([y0, y1], [y2, y3])), ([a, b], [c, d])) in us.iter_mut().zip(vs).zip(squares).zip(pixels) {
            let (mut blue, mut red) = (0, 0);
            for (value, pixel) in [(y0, a), (y1, b), (y2, c), (y3, d)] {
                let [luma, cb, cr] = convert(pixel);
                *value = byte(luma);
                (blue, red) = (blue + cb, red + cr);
            }
            (*u, *v) = (byte((blue + 2) >> 2), byte((red + 2) >> 2));
        }
    }
}

/// Of a JPEG, whose values use all of a byte.
pub(super) fn of_full_range(&[y, cb, cr]: &[u8; 3]) -> [i32; 3] {
    let [y, cb, cr] = [y, cb, cr].map(i32::from);
    [16 + ((y * 219 + 127) / 255), 128 + (((cb - 128) * 224) / 255), 128 + (((cr - 128) * 224) / 255)]
}

/// Of a screen: blue, green, red, and a byte of nothing. BT.601 in 16 bits.
#[cfg(any(test, target_os = "linux"))]
pub(super) fn of_bgrx(&[blue, green, red, _]: &[u8; 4]) -> [i32; 3] {
    let [b, g, r] = [blue, green, red].map(i32::from);
    [
        16 + ((16_829 * r + 33_039 * g + 6_416 * b + 32_768) >> 16),
        128 + ((-9_714 * r - 19_070 * g + 28_784 * b + 32_768) >> 16),
        128 + ((28_784 * r - 24_103 * g - 4_681 * b + 32_768) >> 16),
    ]
}

fn byte(value: i32) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::picture::Size;

    #[test]
    fn a_screen_keeps_its_colours() {
        let size = Size::new(32, 16).unwrap();
        // Known values of BT.601.
        for (bgr, yuv) in [
            ([0, 0, 0], [16, 128, 128]),
            ([255, 255, 255], [235, 128, 128]),
            ([0, 0, 255], [82, 90, 240]),
            ([0, 255, 0], [145, 54, 34]),
            ([255, 0, 0], [41, 240, 110]),
        ] {
            let [b, g, r] = bgr;
            let mut picture = Picture::filled(size, 0, [0; 3]);
            of_pixels(&mut picture, &[b, g, r, 0].repeat(32 * 16), of_bgrx);
            let (y, u, v) = picture.planes();
            for (plane, meant) in [(y, yuv[0]), (u, yuv[1]), (v, yuv[2])] {
                assert!(plane.iter().all(|value| value.abs_diff(meant) <= 1), "{bgr:?}: {} for {meant}", plane[0]);
            }
        }
    }

    #[test]
    fn what_is_too_short_leaves_the_rest() {
        let mut picture = Picture::filled(Size::new(32, 16).unwrap(), 0, [7; 3]);
        of_pixels(&mut picture, &[0; 100], of_bgrx);
        of_yuyv(&mut picture, &[0; 100]);
        assert!(picture.planes().1.iter().all(|value| *value == 7));
    }
}
