//! Clips: sound, or sound with pictures, in a file that others can play too. Written as it is made, read back piece by
//! piece.
//!
//! Sound alone is Ogg Opus (RFC 7845, in `ogg`); with pictures it is H.264 and Opus in MP4 (ISO 14496-12, -14 and -15, in
//! `movie`). Everything here blocks, and knows nothing of devices, messages or windows. What is read may be a buddy's, so
//! sizes, counts and durations are bounded before anything is allocated for them; a [`Clip`] that was opened has an index
//! of some 100 bytes for each second, and reads the rest when it is wanted.

mod film;
mod movie;
mod ogg;
mod pieces;
mod press;
mod sound;
#[cfg(test)]
mod tests;
mod waveform;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::Duration,
};

pub(crate) use self::{film::Film, movie::MovieWriter, ogg::OggWriter, press::Press, sound::Sound, waveform::waveform};
use self::{film::Frame, pieces::Pieces};

/// Samples in a packet of ours: 20 ms.
pub(crate) const FRAME: usize = 960;
/// Samples a second, always.
const RATE: u32 = 48_000;
/// The largest packet of Opus that anybody makes: three frames of 1,275 bytes, and some.
const LARGEST_PACKET: usize = 4_000;
/// The largest file of sound that is read: it is held in memory. Five minutes of ours have 1.3 MB.
const LARGEST_SOUND: u64 = 16 << 20;
/// The longest clip that is played.
const LONGEST: Duration = Duration::from_secs(900);
/// Packets, or pictures, in a clip: of the longest, 60 a second.
const MOST_PIECES: usize = 54_000;

/// Why a clip can't be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClipError {
    /// The disk would not: full, or failing, or the file is gone.
    #[error("the file of a clip: {0}")]
    Io(#[from] io::Error),
    /// It is none of ours, damaged, or larger than what is played.
    #[error("no clip that can be played: {0}")]
    Malformed(&'static str),
    /// A defect of ours.
    #[error("the library refused: {0}")]
    Library(String),
}

/// A clip that was opened.
pub(crate) struct Clip {
    data: Pieces,
    packets: Vec<Packet>,
    /// Samples at the beginning that are not to be heard.
    skip: u64,
    frames: Vec<Frame>,
    /// For each keyframe that does not bring its own: the parameter sets, in Annex B's form.
    parameters: Vec<Vec<u8>>,
}

/// One packet of Opus.
#[derive(Clone, Copy, Debug)]
struct Packet {
    offset: u64,
    length: u32,
    /// The place of its first sample, counted with what is skipped.
    at: u64,
    samples: u32,
}

impl Clip {
    /// Looks through a file; what it is, its first bytes say.
    ///
    /// # Errors
    /// `Io`, `Malformed`.
    pub fn open(path: &Path) -> Result<Self, ClipError> {
        let mut file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(ClipError::Malformed("no file"));
        }
        let mut head = [0; 4];
        file.read_exact(&mut head).map_err(|_| ClipError::Malformed("empty"))?;
        let clip = if head == *b"OggS" { ogg::read(&file, about.len())? } else { movie::read(file, about.len())? };
        if clip.packets.is_empty() {
            return Err(ClipError::Malformed("nothing is in it"));
        }
        if clip.duration() > LONGEST {
            return Err(ClipError::Malformed("its duration"));
        }
        Ok(clip)
    }

    /// How long it is heard.
    pub fn duration(&self) -> Duration {
        let end = self.packets.last().map_or(0, |last| last.at + u64::from(last.samples));
        Duration::from_micros(end.saturating_sub(self.skip) * 1_000_000 / u64::from(RATE))
    }

    /// There is something to see.
    pub fn has_pictures(&self) -> bool {
        !self.frames.is_empty()
    }
}
