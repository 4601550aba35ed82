//! Which camera and screen calls show, as the person chose; kept beside the profile, since both are this computer's.

use std::{path::PathBuf, str::FromStr};

use juice_proto::{
    call::Shows,
    view::{Camera, CameraTrouble, ScreenArea, ScreenTrouble, ScreenView, VideoDevices, VideoSettings},
};

use super::kept;
use crate::video::{
    self, CameraId, Hint, ScreenId, ScreenKind, ScreenPart, Setup, Size, SourceChoice, Synthetic, Wanted,
};

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
        let part = |ScreenArea { x, y, width, height }| ScreenPart { x, y, width, height };
        SourceChoice::Screen(self.settings.screen.clone().map(ScreenId), self.settings.area.map(part))
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
            let (width, height) = screen.pixels;
            ScreenView { id: screen.id.0, name: screen.name, is_window, width: width.into(), height: height.into() }
        };
        let screens: Vec<_> = found.into_iter().map(shown).collect();
        let screen_trouble = screen_trouble(&screens, is_wayland());
        VideoDevices { cameras, screens, screen_trouble, settings: self.settings.clone() }
    }
}

fn screen_trouble(screens: &[ScreenView], is_wayland: bool) -> Option<ScreenTrouble> {
    let has_monitor = screens.iter().any(|screen| !screen.is_window);
    let why = if is_wayland { ScreenTrouble::Wayland } else { ScreenTrouble::System };
    (!has_monitor).then_some(why)
}

/// As the session says of itself (systemd's pam_systemd(8), and libwayland).
fn is_wayland() -> bool {
    let said = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    said("XDG_SESSION_TYPE").is_some_and(|kind| kind == "wayland") || said("WAYLAND_DISPLAY").is_some()
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
        assert_eq!(source(&vision, Shows::Screen), Some(SourceChoice::Screen(None, None)));
        vision.settings.screen = Some("monitor:DP-1".to_owned());
        let chosen = SourceChoice::Screen(Some(ScreenId("monitor:DP-1".to_owned())), None);
        assert_eq!(source(&vision, Shows::Screen), Some(chosen));
        vision.settings.area = Some(ScreenArea { x: 1, y: 2, width: 64, height: 80 });
        let part = ScreenPart { x: 1, y: 2, width: 64, height: 80 };
        let chosen = SourceChoice::Screen(Some(ScreenId("monitor:DP-1".to_owned())), Some(part));
        assert_eq!(source(&vision, Shows::Screen), Some(chosen));
        assert_eq!(source(&vision, Shows::Camera), Some(SourceChoice::Synthetic(Synthetic::TestPicture(None))));
        assert_eq!(source(&vision, Shows::Nothing), None);
    }

    #[test]
    fn why_no_monitor_can_be_shown_is_said_and_nothing_where_one_can() {
        let screen =
            |is_window| ScreenView { id: String::new(), name: String::new(), is_window, width: 640, height: 480 };
        assert_eq!(screen_trouble(&[screen(true), screen(false)], true), None);
        assert_eq!(screen_trouble(&[screen(true)], true), Some(ScreenTrouble::Wayland), "a window of XWayland");
        assert_eq!(screen_trouble(&[], true), Some(ScreenTrouble::Wayland));
        assert_eq!(screen_trouble(&[], false), Some(ScreenTrouble::System));
    }
}
