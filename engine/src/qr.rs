//! A link as a QR code, for a screen to draw.

use qrcode::{EcLevel, QrCode};

/// The dark modules as SVG path data, and how many modules a side has. Empty for what is too long for a code.
pub(crate) fn path(text: &str) -> (String, u32) {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else { return (String::new(), 0) };
    let width = code.width();
    let mut path = String::new();
    for (place, _) in code.to_colors().iter().enumerate().filter(|(_, colour)| **colour == qrcode::Color::Dark) {
        path.push_str(&format!("M{} {}h1v1h-1z", place % width, place / width));
    }
    (path, u32::try_from(width).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_link_becomes_a_square_with_three_corners() {
        let (path, size) = super::path("juice:1:example.org:abc:bob:def:ghi");
        assert!(size >= 21, "the smallest code has 21 modules a side");
        for corner in ["M0 0h1", &format!("M{} 0h1", size - 1), &format!("M0 {}h1", size - 1)] {
            assert!(path.contains(corner), "{corner}");
        }
    }
}
