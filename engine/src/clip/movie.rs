//! Sound with pictures: H.264 and Opus in MP4.
//!
//! Samples go to the disk as they come; the tables that find them again are written at the end, so what a crash leaves
//! can't be played. The boxes are shiguredo_mp4's, in both directions.

mod read;

use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    num::{NonZeroU16, NonZeroU32},
};

use shiguredo_mp4::{
    FixedPointNumber, TrackKind,
    bitstream::h264::{H264SampleEntryConfig, LengthSize, annexb_to_length_prefixed, build_avc1_box_from_annexb},
    boxes::{AudioSampleEntryFields, Avc1Box, DopsBox, OpusBox, SampleEntry},
    mux::{Mp4FileMuxer, MuxError, Sample},
};

pub(super) use self::read::read;
use super::{ClipError, FRAME, RATE};
use crate::video::CodedFrame;

/// Time of pictures: microseconds would not leave room for an hour in 32 bits.
const TICKS: u32 = 90_000;
/// H.264's kinds of units that are kept apart from the pictures, in the tables.
const SEQUENCE: u8 = 7;
const PARAMETERS: u8 = 8;

/// Writes a file of sound and pictures.
pub(crate) struct MovieWriter {
    file: BufWriter<File>,
    muxer: Mp4FileMuxer,
    position: u64,
    /// What is said of the sound, until it has been.
    sound: Option<SampleEntry>,
    /// What was last said of the pictures.
    pictures: Option<Avc1Box>,
    /// A picture whose duration is not known yet, and when it is seen.
    held: Option<(u64, CodedFrame)>,
    /// Ticks that the pictures have come to.
    ticks: u64,
}

impl MovieWriter {
    /// Begins; `skip` as for [`super::OggWriter`].
    ///
    /// # Errors
    /// `Io`, `Library`.
    pub fn begin(file: File, skip: u16) -> Result<Self, ClipError> {
        let muxer = Mp4FileMuxer::new()?;
        let mut file = BufWriter::new(file);
        let initial = muxer.initial_boxes_bytes();
        file.write_all(initial)?;
        let position = initial.len() as u64;
        let (sound, pictures, held) = (Some(opus(skip)), None, None);
        Ok(Self { file, muxer, position, sound, pictures, held, ticks: 0 })
    }

    /// Takes a packet of [`FRAME`] samples of one channel.
    ///
    /// # Errors
    /// `Io`, `Library`.
    pub fn sound(&mut self, packet: &[u8]) -> Result<(), ClipError> {
        let entry = self.sound.take();
        self.put(packet, |sample| Sample {
            sample_entry: entry,
            timescale: ticks(RATE),
            duration: FRAME as u32,
            ..sample
        })
    }

    /// Takes a picture that is seen `at` microseconds after the beginning. The first must be a keyframe; it is seen from
    /// the beginning on.
    ///
    /// # Errors
    /// `Io`, `Library`.
    pub fn picture(&mut self, at: u64, frame: CodedFrame) -> Result<(), ClipError> {
        if let Some((_, before)) = self.held.replace((at, frame)) {
            self.release(before, at)?;
        }
        Ok(())
    }

    /// Writes the tables; everything is with the system then, and not yet surely on the disk. `end`, in microseconds, is
    /// when the last picture goes.
    ///
    /// # Errors
    /// `Io`, `Library`.
    pub fn finish(mut self, end: u64) -> Result<File, ClipError> {
        if let Some((at, last)) = self.held.take() {
            self.release(last, end.max(at))?;
        }
        for (offset, bytes) in self.muxer.finalize()?.offset_and_bytes_pairs() {
            self.file.seek(SeekFrom::Start(offset))?;
            self.file.write_all(bytes)?;
        }
        Ok(self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }

    /// Writes a picture that is seen until then.
    fn release(&mut self, frame: CodedFrame, until: u64) -> Result<(), ClipError> {
        let until = until * u64::from(TICKS) / 1_000_000;
        let duration = u32::try_from(until.saturating_sub(self.ticks)).unwrap_or(u32::MAX).max(1);
        self.ticks += u64::from(duration);
        let entry = if frame.key { self.announce(&frame.data)? } else { None };
        let bytes = annexb_to_length_prefixed(&without_parameters(&frame.data), LengthSize::FourBytes)?;
        self.put(&bytes, |sample| Sample {
            track_kind: TrackKind::Video,
            sample_entry: entry,
            keyframe: frame.key,
            timescale: ticks(TICKS),
            duration,
            ..sample
        })
    }

    /// What is to be said of the pictures from this keyframe on, where it is something new.
    fn announce(&mut self, data: &[u8]) -> Result<Option<SampleEntry>, ClipError> {
        let config = H264SampleEntryConfig { length_size: LengthSize::FourBytes };
        let entry = build_avc1_box_from_annexb(data, &config)?;
        if self.pictures.as_ref() == Some(&entry) {
            return Ok(None);
        }
        self.pictures = Some(entry.clone());
        Ok(Some(SampleEntry::Avc1(entry)))
    }

    fn put(&mut self, bytes: &[u8], say: impl FnOnce(Sample) -> Sample) -> Result<(), ClipError> {
        let sample = say(Sample {
            track_kind: TrackKind::Audio,
            sample_entry: None,
            keyframe: true,
            timescale: ticks(RATE),
            duration: 0,
            composition_time_offset: None,
            data_offset: self.position,
            data_size: bytes.len(),
        });
        self.file.write_all(bytes)?;
        self.position += bytes.len() as u64;
        Ok(self.muxer.append_sample(&sample)?)
    }
}

fn ticks(rate: u32) -> NonZeroU32 {
    NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN)
}

fn opus(skip: u16) -> SampleEntry {
    const BITS: u16 = 16;
    let audio = AudioSampleEntryFields {
        data_reference_index: NonZeroU16::MIN,
        channelcount: 1,
        samplesize: BITS,
        samplerate: FixedPointNumber::new(RATE as u16, 0),
    };
    let dops_box = DopsBox { output_channel_count: 1, pre_skip: skip, input_sample_rate: RATE, output_gain: 0 };
    SampleEntry::Opus(OpusBox { audio, dops_box, unknown_boxes: Vec::new() })
}

/// An access unit without its parameter sets, which the tables have.
fn without_parameters(data: &[u8]) -> Vec<u8> {
    const START: [u8; 4] = [0, 0, 0, 1];
    let units = crate::video::units(data);
    let kept = units.filter(|unit| !matches!(unit.first().map(|head| head & 0x1F), Some(SEQUENCE | PARAMETERS) | None));
    kept.flat_map(|unit| START.iter().chain(unit).copied().collect::<Vec<u8>>()).collect()
}

impl From<MuxError> for ClipError {
    fn from(error: MuxError) -> Self {
        Self::Library(error.to_string())
    }
}

impl From<shiguredo_mp4::Error> for ClipError {
    fn from(error: shiguredo_mp4::Error) -> Self {
        Self::Library(error.to_string())
    }
}
