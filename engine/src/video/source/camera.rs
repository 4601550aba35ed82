//! Cameras, by nokhwa: V4L2 on Linux, Media Foundation on Windows, AVFoundation on macOS.
//!
//! nokhwa says what went wrong in words only, so the kind of an error is read from the system's number in them. It may
//! panic on a driver that contradicts itself; that ends the thread of this source and nothing else.

use nokhwa::{
    Camera as Device, NokhwaError, query,
    utils::{ApiBackend, CameraIndex, CameraInfo, RequestedFormat, RequestedFormatType},
};

use super::{
    AboutSource, CameraId, VideoSource, Wanted,
    formats::{UNDERSTOOD, closest, picture},
};
use crate::video::{
    clock::MediaClock,
    error::VideoError,
    picture::{Picture, Size},
};

/// Pictures in a row that can't be read before the camera is given up: the first few of many cameras are torn.
const TORN: u32 = 20;

/// A camera that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Camera {
    /// For [`SourceChoice::Named`](super::SourceChoice::Named).
    pub id: CameraId,
    /// For people.
    pub name: String,
}

/// The cameras that are plugged in. Opens none, but may take some 100 ms.
///
/// # Errors
/// `NotAllowed`, `Gone`.
pub fn cameras() -> Result<Vec<Camera>, VideoError> {
    let listed = listed()?;
    Ok(listed.iter().map(|info| Camera { id: id_of(info.index()), name: info.human_name() }).collect())
}

fn listed() -> Result<Vec<CameraInfo>, VideoError> {
    query(ApiBackend::Auto).map_err(|error| kind(&error.to_string(), VideoError::NoCamera))
}

fn id_of(index: &CameraIndex) -> CameraId {
    CameraId(match index {
        CameraIndex::Index(number) => number.to_string(),
        CameraIndex::String(name) => name.clone(),
    })
}

/// Opens a camera in the format nearest to what is wanted; the first one if none is named.
pub(super) fn open(
    id: Option<&CameraId>,
    wanted: Wanted,
    clock: MediaClock,
) -> Result<Box<dyn VideoSource>, VideoError> {
    ask_leave()?;
    let listed = listed()?;
    let info = match id {
        None => listed.first(),
        Some(id) => listed.iter().find(|info| id_of(info.index()) == *id),
    };
    Ok(Box::new(OpenCamera::open(info.ok_or(VideoError::NoCamera)?, wanted, clock)?))
}

/// Only macOS asks the person; the answer is seen at a later try.
fn ask_leave() -> Result<(), VideoError> {
    #[cfg(target_os = "macos")]
    if !nokhwa::nokhwa_check() {
        nokhwa::nokhwa_initialize(|_| {});
        return Err(VideoError::NotAllowed);
    }
    Ok(())
}

struct OpenCamera {
    device: Device,
    about: AboutSource,
    clock: MediaClock,
}

impl OpenCamera {
    fn open(info: &CameraInfo, wanted: Wanted, clock: MediaClock) -> Result<Self, VideoError> {
        let opening = |error: NokhwaError| kind(&error.to_string(), VideoError::NoCamera);
        let any = RequestedFormat::with_formats(RequestedFormatType::None, &UNDERSTOOD);
        let mut device = Device::new(info.index().clone(), any).map_err(opening)?;
        let formats = device.compatible_camera_formats().map_err(opening)?;
        let format = closest(&formats, wanted)
            .ok_or_else(|| VideoError::Absurd(format!("{} formats, none of use", formats.len())))?;
        let exactly = RequestedFormat::with_formats(RequestedFormatType::Exact(format), &UNDERSTOOD);
        let format = device.set_camera_requset(exactly).map_err(opening)?;
        let size = Size::new(format.width(), format.height())?;
        device.open_stream().map_err(opening)?;
        tracing::debug!(%format, "a camera is open");
        let about = AboutSource { id: id_of(info.index()), name: info.human_name(), size, rate: format.frame_rate() };
        Ok(Self { device, about, clock })
    }
}

impl VideoSource for OpenCamera {
    fn about(&self) -> &AboutSource {
        &self.about
    }

    fn read(&mut self) -> Result<Picture, VideoError> {
        let mut torn = 0;
        loop {
            let taken = self.device.frame().map_err(|error| {
                let said = error.to_string();
                kind(&said, VideoError::Gone(said.clone()))
            })?;
            let captured = self.clock.micros();
            match picture(taken.source_frame_format(), self.about.size, captured, taken.buffer()) {
                Ok(picture) => return Ok(picture),
                Err(error) if torn >= TORN => return Err(error),
                Err(error) => {
                    tracing::trace!(%error, "a torn picture");
                    torn += 1;
                }
            }
        }
    }
}

impl Drop for OpenCamera {
    fn drop(&mut self) {
        if let Err(error) = self.device.stop_stream() {
            tracing::debug!(%error, "a camera doesn't stop");
        }
    }
}

/// The kind of error that words stand for. `absent` is what a device that isn't there means at this moment.
fn kind(said: &str, absent: VideoError) -> VideoError {
    // Linux: errno(3), as the standard library prints it. Windows: HRESULT, of the system and of mferror.h.
    const KINDS: [(&str, Kind); 13] = [
        ("os error 2)", Kind::Absent),
        ("os error 6)", Kind::Absent),
        ("os error 19)", Kind::Absent),
        ("os error 1)", Kind::Refused),
        ("os error 13)", Kind::Refused),
        ("os error 16)", Kind::Busy),
        ("0x80070005", Kind::Refused),
        ("0x800700AA", Kind::Busy),
        ("0xC00D3704", Kind::Busy),
        ("0xC00D3EA3", Kind::Busy),
        ("0xC00D3EA2", Kind::Absent),
        ("0xC00D36D5", Kind::Absent),
        ("Failed to Fufill", Kind::Absurd),
    ];
    match KINDS.iter().find(|(sign, _)| said.contains(sign)).map(|(_, kind)| kind) {
        Some(Kind::Absent) => absent,
        Some(Kind::Refused) => VideoError::NotAllowed,
        Some(Kind::Busy) => VideoError::Busy,
        Some(Kind::Absurd) => VideoError::Absurd(said.to_owned()),
        None => VideoError::Gone(said.to_owned()),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Absent,
    Refused,
    Busy,
    Absurd,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::error::CameraTrouble;

    #[test]
    fn what_a_camera_says_is_told_apart() {
        let rows = [
            ("Could not open device 0: V4L2 Error: No such file or directory (os error 2)", CameraTrouble::None),
            ("Could not open device 0: V4L2 Error: Permission denied (os error 13)", CameraTrouble::Refused),
            ("Could not open device stream: Device or resource busy (os error 16)", CameraTrouble::Busy),
            ("Could not initialize MSMF: (0xC00D3704)", CameraTrouble::Busy),
            ("Could not get device property CameraFormat: Failed to Fufill", CameraTrouble::Absurd),
            ("Could not open device stream: Input/output error (os error 5)", CameraTrouble::Gone),
        ];
        for (said, meant) in rows {
            assert_eq!(kind(said, VideoError::NoCamera).trouble(), meant, "{said}");
        }
        let unplugged = "Could not capture frame: No such device (os error 19)";
        assert_eq!(kind(unplugged, VideoError::Gone(String::new())).trouble(), CameraTrouble::Gone);
    }

    /// Goes through the system's own interface; says what a machine without a camera can say of it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_camera_that_isnt_there_is_missing_and_nothing_else() {
        let wanted = Wanted { size: Size::VGA, rate: 30 };
        let id = CameraId("97".to_owned());
        let listed = cameras().unwrap();
        assert!(!listed.iter().any(|camera| camera.id == id), "{listed:?}");
        assert_eq!(
            open(Some(&id), wanted, MediaClock::default()).err().map(|e| e.trouble()),
            Some(CameraTrouble::None)
        );
        // Past the list, so that the driver itself is asked.
        let info = CameraInfo::new("none", "", "", CameraIndex::Index(97));
        let opened = OpenCamera::open(&info, wanted, MediaClock::default());
        assert_eq!(opened.err().map(|error| error.trouble()), Some(CameraTrouble::None));
        if listed.is_empty() {
            let opened = open(None, wanted, MediaClock::default());
            assert_eq!(opened.err().map(|error| error.trouble()), Some(CameraTrouble::None));
        }
    }
}
