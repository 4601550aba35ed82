//! Where pictures come from: which source a person chose, and what the corridor asks of any of them.
//!
//! A [`VideoSource`] is opened, read and closed on one thread of its own, which the keeper starts; reading may block, so
//! a camera that stands still holds up nobody. Cameras are in `camera`, monitors and windows in `screen`; the moving test
//! picture and files of frames, for tests and for people without a camera, in `synthetic` and `file`.

mod camera;
mod colour;
mod file;
mod formats;
mod screen;
mod synthetic;

use std::{path::PathBuf, sync::Arc};

#[cfg(test)]
pub(super) use self::synthetic::PATCHES;
use super::{
    clock::MediaClock,
    error::VideoError,
    picture::{Picture, Size},
};

pub use self::{
    camera::{Camera, cameras},
    screen::{ScreenChoice, ScreenId, ScreenKind, ScreenPart, glance, screens},
};

/// A camera as this system names it, for as long as it is plugged in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CameraId(pub String);

/// Which source to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SourceChoice {
    /// None: others see nothing of me, and no camera is open.
    #[default]
    Off,
    /// The first camera that the system names.
    Camera,
    /// This one; the keeper takes the first one while it isn't there.
    Named(CameraId),
    /// This monitor or window, and nothing else where it is gone; the main monitor if none is named. All of it, or a part.
    Screen(Option<ScreenId>, Option<ScreenPart>),
    /// None of the system's.
    Synthetic(Synthetic),
}

/// What a synthetic camera sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Synthetic {
    /// A moving picture with a [`Stamp`](super::Stamp), in this size or the one that is wanted, at the rate that is wanted.
    TestPicture(Option<Size>),
    /// A file of frames, YUV4MPEG2 with 4:2:0, over and over, in its own size and at its own rate.
    File(PathBuf),
}

/// What is asked of a source; it gives what it has that is nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Pixels.
    pub size: Size,
    /// Pictures a second, 1 to 60.
    pub rate: u32,
}

/// What is known of a source that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AboutSource {
    /// As the system names it.
    pub id: CameraId,
    /// For people.
    pub name: String,
    /// Pixels of its pictures.
    pub size: Size,
    /// Pictures a second, as far as it says.
    pub rate: u32,
}

/// An open source. Dropping it closes the device, and its light goes off.
pub trait VideoSource {
    /// What it is.
    fn about(&self) -> &AboutSource;

    /// The next picture. Blocks until there is one.
    ///
    /// # Errors
    /// After any error the source is closed and opened anew: `Gone`, `Absurd`.
    fn read(&mut self) -> Result<Picture, VideoError>;
}

/// Draws the test picture of any number, taken at any moment.
pub(crate) fn test_picture(size: Size) -> impl Fn(u16, u64) -> Result<Picture, VideoError> {
    let walls = synthetic::walls(size);
    move |number, captured| synthetic::draw(&walls, number, captured)
}

/// Opens a source; called on the thread that reads it.
pub(super) type Opener =
    Arc<dyn Fn(&SourceChoice, Wanted, MediaClock) -> Result<Box<dyn VideoSource>, VideoError> + Send + Sync>;

/// The sources of this system.
pub(super) fn opener() -> Opener {
    Arc::new(|choice, wanted, clock| match choice {
        SourceChoice::Off => Err(VideoError::NoCamera),
        SourceChoice::Synthetic(Synthetic::TestPicture(size)) => {
            let wanted = Wanted { size: size.unwrap_or(wanted.size), ..wanted };
            Ok(Box::new(synthetic::TestPicture::new(wanted, clock)))
        }
        SourceChoice::Synthetic(Synthetic::File(path)) => Ok(Box::new(file::Frames::open(path, clock)?)),
        SourceChoice::Screen(id, part) => screen::open(id.as_ref(), *part, wanted, clock),
        SourceChoice::Camera => camera::open(None, wanted, clock),
        SourceChoice::Named(id) => camera::open(Some(id), wanted, clock),
    })
}
