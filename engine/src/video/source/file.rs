//! A camera without hardware that plays a file of frames, over and over: YUV4MPEG2, as `ffmpeg -i any.mp4 -pix_fmt yuv420p
//! some.y4m` writes it.
//!
//! One line says the size and rate; then each frame is a line that begins with `FRAME`, and its Y, U and V.

use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{AboutSource, CameraId, VideoSource};
use crate::video::{
    clock::MediaClock,
    error::VideoError,
    picture::{Picture, Size},
};

/// 8 bits, 4:2:0; they differ in where a colour is meant to be, by less than a pixel.
const COLOURS: [&str; 4] = ["420", "420jpeg", "420mpeg2", "420paldv"];
/// The longest line in bytes; theirs have some 60.
const LONGEST_LINE: u64 = 512;
/// After a sleep of the system there is no use in catching up.
const TOO_LATE: Duration = Duration::from_millis(200);

/// See the module.
pub(super) struct Frames {
    about: AboutSource,
    clock: MediaClock,
    file: BufReader<File>,
    /// Where the first frame begins.
    first: u64,
    due: Instant,
}

fn said(error: &std::io::Error) -> VideoError {
    VideoError::File(error.to_string())
}

fn wrong(what: &str) -> VideoError {
    VideoError::File(format!("{what} isn't what YUV4MPEG2 has"))
}

impl Frames {
    /// # Errors
    /// `File`, `Absurd`.
    pub(super) fn open(path: &Path, clock: MediaClock) -> Result<Self, VideoError> {
        let mut file = BufReader::new(File::open(path).map_err(|error| said(&error))?);
        let (size, rate) = heading(&line(&mut file)?)?;
        let first = file.stream_position().map_err(|error| said(&error))?;
        let name = path.display().to_string();
        let about = AboutSource { id: CameraId(format!("synthetic:{name}")), name, size, rate };
        Ok(Self { about, clock, file, first, due: Instant::now() })
    }

    /// The next frame's bytes; none at the end.
    fn frame(&mut self) -> Result<Option<Vec<u8>>, VideoError> {
        let heading = line(&mut self.file)?;
        if heading.is_empty() {
            return Ok(None);
        }
        if !heading.starts_with("FRAME") {
            return Err(wrong("a frame's line"));
        }
        let mut data = vec![0; self.about.size.bytes()];
        match self.file.read_exact(&mut data) {
            Ok(()) => Ok(Some(data)),
            // A file that is cut off ends with its last whole frame.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(said(&error)),
        }
    }
}

impl VideoSource for Frames {
    fn about(&self) -> &AboutSource {
        &self.about
    }

    fn read(&mut self) -> Result<Picture, VideoError> {
        let data = match self.frame()? {
            Some(data) => data,
            None => {
                self.file.seek(SeekFrom::Start(self.first)).map_err(|error| said(&error))?;
                self.frame()?.ok_or_else(|| wrong("a file without frames"))?
            }
        };
        let now = Instant::now();
        if now > self.due + TOO_LATE {
            self.due = now;
        }
        thread::sleep(self.due.saturating_duration_since(now));
        self.due += Duration::from_secs(1) / self.about.rate;
        Picture::new(self.about.size, self.clock.micros(), data)
    }
}

fn line(file: &mut BufReader<File>) -> Result<String, VideoError> {
    let mut line = vec![];
    file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|error| said(&error))?;
    match line.pop() {
        None => Ok(String::new()),
        Some(b'\n') => String::from_utf8(line).map_err(|_| wrong("a line")),
        Some(_) => Err(wrong("a line")),
    }
}

/// `YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg`.
fn heading(line: &str) -> Result<(Size, u32), VideoError> {
    let mut words = line.split(' ');
    if words.next() != Some("YUV4MPEG2") {
        return Err(wrong("the first line"));
    }
    let (mut width, mut height, mut rate) = (0, 0, 30);
    for word in words {
        let mut letters = word.chars();
        match (letters.next(), letters.as_str()) {
            (Some('W'), number) => width = number.parse().map_err(|_| wrong("the width"))?,
            (Some('H'), number) => height = number.parse().map_err(|_| wrong("the height"))?,
            (Some('F'), ratio) => rate = whole(ratio).ok_or_else(|| wrong("the rate"))?,
            (Some('C'), colours) if !COLOURS.contains(&colours) => {
                return Err(VideoError::Absurd(format!("colours as {colours}")));
            }
            _ => {}
        }
    }
    Ok((Size::new(width, height)?, rate))
}

/// A ratio such as `30000:1001`, rounded, from 1 to 60.
fn whole(ratio: &str) -> Option<u32> {
    let (above, below) = ratio.split_once(':')?;
    let (above, below): (u64, u64) = (above.parse().ok()?, below.parse().ok()?);
    let rate = above.checked_add(below / 2)?.checked_div(below)?;
    u32::try_from(rate).ok().filter(|rate| (1..=60).contains(rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("juice-video-{}-{name}.y4m", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn open(name: &str, bytes: &[u8]) -> Result<Frames, VideoError> {
        let path = file(name, bytes);
        let opened = Frames::open(&path, MediaClock::default());
        std::fs::remove_file(path).unwrap();
        opened
    }

    #[test]
    fn a_file_is_played_over_and_over() {
        let frame = |y: u8| [b"FRAME\n".to_vec(), vec![y; 256], vec![128; 128]].concat();
        let heading = b"YUV4MPEG2 W16 H16 F60000:1001 Ip A1:1 C420jpeg\n".to_vec();
        // The last frame is cut off.
        let bytes = [heading, frame(1), frame(2), frame(3)[..200].to_vec()].concat();
        let mut frames = open("whole", &bytes).unwrap();
        assert_eq!((frames.about().size, frames.about().rate), (Size::new(16, 16).unwrap(), 60));
        let seen: Vec<u8> = (0..5).map(|_| frames.read().unwrap().planes().0[0]).collect();
        assert_eq!(seen, [1, 2, 1, 2, 1]);
    }

    #[test]
    fn what_is_no_file_of_frames_is_refused() {
        let rows: [&[u8]; 9] = [
            b"",
            b"RIFF",
            &[b'Y'; 5_000],
            b"YUV4MPEG2\n",
            b"YUV4MPEG2 W16384 H16384 F30:1\n",
            b"YUV4MPEG2 W16 H-16 F30:1\n",
            b"YUV4MPEG2 W16 H16 F30:0\n",
            b"YUV4MPEG2 W16 H16 F30:1 C444\n",
            b"YUV4MPEG2 W16 H16 F30:1 C420p10\n",
        ];
        for (at, bytes) in rows.into_iter().enumerate() {
            assert!(open(&format!("bad-{at}"), bytes).is_err(), "{at}");
        }
        assert!(matches!(open("empty", b"YUV4MPEG2 W16 H16 F30:1\n").unwrap().read(), Err(VideoError::File(_))));
        assert!(Frames::open(Path::new("/nowhere.y4m"), MediaClock::default()).is_err());
    }
}
