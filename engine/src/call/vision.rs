//! Which camera and screen calls show, as the person chose; kept beside the profile, since both are this computer's.

use std::{path::PathBuf, str::FromStr};

use juice_proto::{
    call::Shows,
    view::{Camera, CameraTrouble, ScreenView, VideoDevices, VideoSettings},
};

use super::kept;
use crate::video::{self, CameraId, Hint, ScreenId, ScreenKind, Setup, Size, SourceChoice, Synthetic, Wanted};

/// Text that is made smaller can't be read, and no plan of a link has more pictures of a screen a second.
const SCREEN: Wanted = Wanted { size: Size::FULL_HD, rate: 15 };

/// See the module.
#[derive(Clone, Debug)]
pub struct Vision {
    file: PathBuf,
    settings: VideoSettings,
    /// Something else than a camera to be seen by.
    synthetic: Option<Synthetic>,
}

impl Vision {
    /// With the settings that are in `file`, or the usual ones.
    pub(crate) fn load(file: PathBuf, synthetic: Option<Synthetic>) -> Self {
        Self { settings: kept::load(&file), file, synthetic }
    }

    /// As it is kept now, which an open profile may have changed.
    pub(crate) fn anew(&self) -> Self {
        Self::load(self.file.clone(), self.synthetic.clone())
    }

    /// Takes other settings and keeps them.
    pub(crate) fn set(&mut self, settings: VideoSettings) -> std::io::Result<()> {
        self.settings = settings;
        kept::keep(&self.file, &self.settings)
    }

    /// What shows the camera, or the screen; none where there is nothing to show.
    pub(crate) fn setup(&self, shows: Shows) -> Option<Setup> {
        Some(match shows {
            Shows::Nothing => return None,
            Shows::Camera => Setup { source: self.camera(), hint: Hint::Camera, ..Setup::default() },
            Shows::Screen => Setup { source: self.screen(), hint: Hint::Screen, wanted: SCREEN, ..Setup::default() },
        })
    }

    fn screen(&self) -> SourceChoice {
        SourceChoice::Screen(self.settings.screen.clone().map(ScreenId))
    }

    fn camera(&self) -> SourceChoice {
        match (&self.synthetic, &self.settings.camera) {
            (Some(synthetic), _) => SourceChoice::Synthetic(synthetic.clone()),
            (None, Some(id)) => SourceChoice::Named(CameraId(id.clone())),
            (None, None) => SourceChoice::Camera,
        }
    }

    /// Whether there is anything to be seen by. Asks the system, which takes a moment.
    pub(crate) fn can_see(&self) -> bool {
        self.synthetic.is_some() || video::cameras().is_ok_and(|cameras| !cameras.is_empty())
    }

    /// What there is. Asks the system, which takes a moment.
    pub(crate) fn devices(&self) -> VideoDevices {
        let cameras = match self.synthetic {
            Some(_) => vec![Camera { id: "made".into(), name: "Test picture".into() }],
            None => {
                let found = video::cameras().unwrap_or_default();
                found.into_iter().map(|camera| Camera { id: camera.id.0, name: camera.name }).collect()
            }
        };
        let found = video::screens().unwrap_or_else(|error| {
            tracing::debug!(%error, "no screen can be shown");
            vec![]
        });
        let shown = |screen: video::ScreenChoice| {
            let is_window = screen.kind == ScreenKind::Window;
            ScreenView { id: screen.id.0, name: screen.name, is_window }
        };
        let screens = found.into_iter().map(shown).collect();
        VideoDevices { cameras, screens, settings: self.settings.clone() }
    }
}

impl FromStr for Synthetic {
    type Err = UnknownSynthetic;

    /// `test` or `test:WIDTHxHEIGHT`: the moving test picture; else the path of a Y4M file.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let Some(rest) = word.strip_prefix("test") else { return Ok(Self::File(word.into())) };
        let Some(size) = rest.strip_prefix(':') else { return Ok(Self::TestPicture(None)) };
        let sides = size.split_once('x').and_then(|(width, height)| width.parse().ok().zip(height.parse().ok()));
        let size = sides.and_then(|(width, height)| Size::new(width, height).ok()).ok_or(UnknownSynthetic)?;
        Ok(Self::TestPicture(Some(size)))
    }
}

/// What was named is no synthetic camera.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a synthetic camera is test, test:WIDTHxHEIGHT, or a file; both sides even, at most 1920x1080")]
pub struct UnknownSynthetic;

/// What to tell a person of a camera that gives no picture.
pub(super) fn trouble(trouble: video::CameraTrouble) -> CameraTrouble {
    match trouble {
        video::CameraTrouble::None => CameraTrouble::None,
        video::CameraTrouble::Busy => CameraTrouble::Busy,
        video::CameraTrouble::Gone => CameraTrouble::Gone,
        video::CameraTrouble::Refused => CameraTrouble::Refused,
        video::CameraTrouble::Absurd => CameraTrouble::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_is_the_one_that_was_chosen_also_where_the_camera_is_made() {
        let mut vision = Vision::load(PathBuf::from("none"), Some(Synthetic::TestPicture(None)));
        let source = |vision: &Vision, shows| vision.setup(shows).map(|setup| setup.source);
        assert_eq!(source(&vision, Shows::Screen), Some(SourceChoice::Screen(None)));
        vision.settings.screen = Some("monitor:DP-1".to_owned());
        let chosen = SourceChoice::Screen(Some(ScreenId("monitor:DP-1".to_owned())));
        assert_eq!(source(&vision, Shows::Screen), Some(chosen));
        assert_eq!(source(&vision, Shows::Camera), Some(SourceChoice::Synthetic(Synthetic::TestPicture(None))));
        assert_eq!(source(&vision, Shows::Nothing), None);
    }
}
