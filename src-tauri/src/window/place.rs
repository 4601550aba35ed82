//! Where the window stood and how it was dressed, kept in a small file of the profile from one day to the next.
//!
//! The file is ours but may be damaged or from another screen: every number is checked, and a place that is on no
//! screen is forgotten. Lengths are logical pixels.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

/// The window at its first start.
const USUAL: (f64, f64) = (960.0, 680.0);
/// Below this the page has no room.
pub const SMALLEST: (f64, f64) = (320.0, 420.0);
/// No window is larger; a damaged file might say so.
const LARGEST: f64 = 16_000.0;
/// As much of the window's top edge must be on a screen for the person to get hold of it.
const GRIP: f64 = 80.0;
const FILE: &str = "window.json";

/// What a window remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub width: f64,
    pub height: f64,
    /// The left upper corner, where the system tells.
    pub at: Option<(f64, f64)>,
    pub maximized: bool,
}

/// A screen's place.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// What is remembered of a profile's window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    pub place: Place,
    /// How the page was dressed last: dark, light, or as the system says.
    pub dark: Option<bool>,
    /// The person has been told that closing hides the window.
    pub told_of_hiding: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { width: USUAL.0, height: USUAL.1, at: None, maximized: false }
    }
}

impl Place {
    /// Where to put the window's corner on these screens; none where it would be out of reach.
    pub fn on(&self, screens: &[Area]) -> Option<(f64, f64)> {
        let (x, y) = self.at?;
        let reachable = screens.iter().any(|screen| {
            let from_left = x + self.width - screen.left;
            let from_right = screen.left + screen.width - x;
            let from_bottom = screen.top + screen.height - y;
            from_left >= GRIP && from_right >= GRIP && y >= screen.top && from_bottom >= GRIP
        });
        reachable.then_some((x, y))
    }

    fn sane(self) -> Self {
        let within = |length: f64, least: f64, usual: f64| {
            if length.is_finite() { length.clamp(least, LARGEST) } else { usual }
        };
        Self {
            width: within(self.width, SMALLEST.0, USUAL.0),
            height: within(self.height, SMALLEST.1, USUAL.1),
            at: self.at.filter(|(x, y)| x.is_finite() && y.is_finite()),
            maximized: self.maximized,
        }
    }
}

impl Memory {
    /// What the profile remembers; the usual where it remembers nothing that can be read.
    pub fn load(profile: &Path) -> Self {
        let read = fs::read(profile.join(FILE)).ok();
        let memory: Self = read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { place: memory.place.sane(), ..memory }
    }

    /// Keeps it for the next start.
    ///
    /// # Errors
    /// The disk's.
    pub fn save(&self, profile: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec(self)?;
        let fresh = profile.join("window.json.new");
        fs::write(&fresh, bytes)?;
        fs::rename(fresh, profile.join(FILE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: Area = Area { left: 0.0, top: 0.0, width: 1280.0, height: 800.0 };

    fn at(x: f64, y: f64) -> Place {
        Place { at: Some((x, y)), ..Place::default() }
    }

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("juice-place-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the test");
        folder
    }

    #[test]
    fn a_window_comes_back_to_where_it_stood() {
        assert_eq!(at(100.0, 50.0).on(&[SCREEN]), Some((100.0, 50.0)));
        assert_eq!(at(-800.0, 50.0).on(&[SCREEN]), Some((-800.0, 50.0)), "it may hang over the edge");
    }

    #[test]
    fn a_window_whose_screen_is_gone_is_not_put_out_of_reach() {
        for place in [at(1500.0, 50.0), at(100.0, -300.0), at(100.0, 790.0), at(-950.0, 50.0), Place::default()] {
            assert_eq!(place.on(&[SCREEN]), None, "{place:?}");
        }
        assert_eq!(at(100.0, 50.0).on(&[]), None);
    }

    #[test]
    fn what_is_saved_is_remembered() {
        let profile = folder("saved");
        let memory = Memory { place: at(10.0, 20.0), dark: Some(true), told_of_hiding: true };
        memory.save(&profile).expect("the disk takes it");
        assert_eq!(Memory::load(&profile), memory);
        fs::remove_dir_all(profile).expect("the folder goes");
    }

    #[test]
    fn a_damaged_or_foolish_file_does_no_harm() {
        let profile = folder("damaged");
        assert_eq!(Memory::load(&profile), Memory::default(), "there is no file yet");
        for (text, width) in [
            ("", 960.0),
            ("{\"place\":3}", 960.0),
            (r#"{"place":{"width":1e9,"height":-1,"at":null,"maximized":false}}"#, 16_000.0),
        ] {
            fs::write(profile.join(FILE), text).expect("the disk takes it");
            assert_eq!(Memory::load(&profile).place.width, width, "{text}");
        }
        fs::remove_dir_all(profile).expect("the folder goes");
    }
}
