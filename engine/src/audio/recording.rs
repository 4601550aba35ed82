//! What is heard, in a file: a call with me on the left and the others on the right, or what I say alone.
//!
//! A thread of its own takes what the encode and playout threads leave in two rings, and never holds them up. When a
//! corridor closes, its rings are abandoned and the recording pauses; another corridor may go on with it in the same file.
//! That is written beside its place and moved there when the recording ends.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rtrb::{Consumer, Producer, RingBuffer};

use super::{ear::samples_since, error::AudioError, frame::RATE, shared::Switch};
use crate::clip::{ClipError, FRAME, OggWriter, Press};

/// What the name of a recording ends with that is not whole.
pub(crate) const PART: &str = ".part";
const RING: usize = RATE as usize;
/// So much later than it was heard a sample goes into the file: what comes in bursts is there by then.
const BEHIND: i64 = RATE as i64 / 4;
const STEP: Duration = Duration::from_millis(50);

/// Corridors that have opened since the thread last looked.
const OPENED: usize = 8;

/// A recording that runs while a corridor that it is [given](super::CallAudio::record_into) is open; it ends when it is
/// finished or dropped.
#[derive(Debug)]
pub struct Recording {
    stop: Arc<Switch>,
    rings: SyncSender<Rings>,
    thread: Option<JoinHandle<Result<(), AudioError>>>,
}

impl Recording {
    /// Begins a file of both sides of a call, in which nothing is yet.
    pub fn begin(path: &Path) -> Result<Self, AudioError> {
        let mut press = Press::stereo()?;
        let reel = FileReel::begin(path, &mut press)?;
        Self::with(press, Box::new(reel))
    }

    /// Begins to fill a reel: with both sides, where the press is for two channels, else with mine.
    pub(crate) fn with(press: Press, reel: Box<dyn Reel>) -> Result<Self, AudioError> {
        let stop = Arc::new(Switch::default());
        let (rings, opened) = sync_channel(OPENED);
        let tape = Tape { press, reel, rings: None, opened, stop: Arc::clone(&stop), written: 0 };
        let thread = thread::Builder::new().name("juice-record".to_owned()).spawn(move || tape.run())?;
        Ok(Self { stop, rings, thread: Some(thread) })
    }

    /// Takes what is left in two rings from here on. Gives what is to be filled, mine and the others'.
    pub(super) fn go_on(&self) -> (Producer<f32>, Producer<f32>) {
        let (mine_in, mine) = RingBuffer::new(RING);
        let (others_in, others) = RingBuffer::new(RING);
        if self.rings.try_send(Rings { mine, others, began: Instant::now(), before: 0 }).is_err() {
            tracing::warn!("a recording has more corridors than it can take");
        }
        (mine_in, others_in)
    }

    /// Ends it and waits until the file is in its place, some 100 ms.
    pub fn finish(mut self) -> Result<(), AudioError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), AudioError> {
        self.stop.set(true);
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(AudioError::File("the recording broke off".to_owned())),
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "the recording is incomplete");
        }
    }
}

/// What the threads of one corridor leave.
struct Rings {
    mine: Consumer<f32>,
    others: Consumer<f32>,
    began: Instant,
    /// Samples that were in the file by then.
    before: i64,
}

struct Tape {
    press: Press,
    reel: Box<dyn Reel>,
    /// None while it pauses.
    rings: Option<Rings>,
    opened: Receiver<Rings>,
    stop: Arc<Switch>,
    written: i64,
}

impl Tape {
    fn run(mut self) -> Result<(), AudioError> {
        loop {
            let ended = self.stop.is_on();
            self.follow(ended)?;
            if let Ok(rings) = self.opened.try_recv() {
                self.follow(true)?;
                self.rings = Some(Rings { before: self.written, ..rings });
            } else if ended {
                return Ok(self.reel.finish()?);
            } else {
                thread::sleep(STEP);
            }
        }
    }

    /// Writes what should be in the file by now; all that there is where nothing more of this corridor comes.
    fn follow(&mut self, is_last: bool) -> Result<(), AudioError> {
        let Some(Rings { mine, others, began, before }) = &self.rings else { return Ok(()) };
        let is_last = is_last || mine.is_abandoned() && others.is_abandoned();
        let until = before + samples_since(*began) - if is_last { 0 } else { BEHIND };
        while self.written + FRAME as i64 <= until {
            self.frame()?;
        }
        if is_last {
            self.rings = None;
        }
        Ok(())
    }

    /// By the clock, not by what is there: a microphone that is away leaves silence, and neither side runs ahead.
    fn frame(&mut self) -> Result<(), AudioError> {
        let (mut mine, mut others) = ([0.0; FRAME], [0.0; FRAME]);
        if let Some(rings) = &mut self.rings {
            take(&mut rings.mine, &mut mine);
            take(&mut rings.others, &mut others);
        }
        self.written += FRAME as i64;
        let packet = if self.press.channels() == 1 {
            self.press.press(&mine)?
        } else {
            let stereo: Vec<f32> = mine.iter().zip(&others).flat_map(|(mine, others)| [*mine, *others]).collect();
            self.press.press(&stereo)?
        };
        Ok(self.reel.wind(packet)?)
    }
}

/// Fills `frame` as far as there is anything. What waits too long is left out, so that a clock that runs fast doesn't
/// put one side later and later.
fn take(ring: &mut Consumer<f32>, frame: &mut [f32; FRAME]) {
    let most = usize::try_from(BEHIND * 2).unwrap_or_default();
    let surplus = ring.slots().saturating_sub(most);
    if surplus > 0
        && let Ok(chunk) = ring.read_chunk(surplus)
    {
        chunk.commit_all();
    }
    let there = ring.slots().min(FRAME);
    if let Some(part) = frame.get_mut(..there) {
        let _ = ring.pop_entire_slice(part);
    }
}

/// Where the packets of a recording go.
pub(crate) trait Reel: Send {
    /// Takes 20 ms.
    ///
    /// # Errors
    /// What the disk says.
    fn wind(&mut self, packet: Vec<u8>) -> Result<(), ClipError>;

    /// There are no more.
    ///
    /// # Errors
    /// What the disk says.
    fn finish(self: Box<Self>) -> Result<(), ClipError>;
}

/// A file of sound that is moved to its place when it is whole.
pub(crate) struct FileReel {
    place: PathBuf,
    beside: PathBuf,
    ogg: OggWriter,
}

impl FileReel {
    /// Begins the file beside its place.
    ///
    /// # Errors
    /// What the disk says.
    pub fn begin(place: &Path, press: &mut Press) -> Result<Self, ClipError> {
        let mut beside = place.as_os_str().to_owned();
        beside.push(PART);
        let beside = PathBuf::from(beside);
        let ogg = OggWriter::begin(File::create(&beside)?, press.channels(), press.look_ahead()?)?;
        Ok(Self { place: place.to_owned(), beside, ogg })
    }
}

impl Reel for FileReel {
    fn wind(&mut self, packet: Vec<u8>) -> Result<(), ClipError> {
        Ok(self.ogg.write(packet)?)
    }

    fn finish(self: Box<Self>) -> Result<(), ClipError> {
        self.ogg.finish()?.sync_all()?;
        Ok(std::fs::rename(&self.beside, &self.place)?)
    }
}

#[cfg(test)]
mod tests {
    use opus::Channels;

    use super::*;
    use crate::audio::{CallAudio, DeviceChoice, Processing, Setup, Sink, Source, meter};

    /// Both channels of a recording.
    fn read(path: &Path) -> (Vec<f32>, Vec<f32>) {
        let mut reader = ogg::PacketReader::new(File::open(path).unwrap());
        let mut decoder = opus::Decoder::new(RATE, Channels::Stereo).unwrap();
        let head = reader.read_packet_expected().unwrap().data;
        assert!(head.starts_with(b"OpusHead") && head.len() == 19);
        assert!(reader.read_packet_expected().unwrap().data.starts_with(b"OpusTags"));
        let (mut left, mut right, mut sound) = (vec![], vec![], [0.0; 2 * 5_760]);
        let mut last = false;
        while let Some(packet) = reader.read_packet().unwrap() {
            let length = decoder.decode_float(&packet.data, &mut sound, false).unwrap();
            for frame in sound[..2 * length].chunks_exact(2) {
                left.push(frame[0]);
                right.push(frame[1]);
            }
            last = packet.last_in_stream();
        }
        assert!(last, "the file has no end");
        (left, right)
    }

    #[test]
    fn a_recording_has_me_on_the_left_and_silence_while_muted() {
        let path = std::env::temp_dir().join(format!("juice-recording-{}.opus", std::process::id()));
        let (audio, _frames, _events) = CallAudio::start(Setup {
            microphone: DeviceChoice::Synthetic(Source::Tone { hertz: 440 }),
            speaker: DeviceChoice::Synthetic(Sink::Nothing),
            processing: Processing { echo: false, noise: false, gain: false },
            ..Setup::default()
        })
        .unwrap();
        let recording = audio.record(&path).unwrap();
        thread::sleep(Duration::from_millis(1_000));
        audio.set_muted(true);
        thread::sleep(Duration::from_millis(1_000));
        assert!(!path.exists(), "it is in its place before it is complete");
        recording.finish().unwrap();
        let (left, right) = read(&path);
        std::fs::remove_file(&path).unwrap();
        let seconds = left.len() as f32 / RATE as f32;
        assert!((1.9..4.0).contains(&seconds), "{seconds} s");
        assert!(meter::rms(&left[14_400..33_600]) > 0.1, "I can't be heard");
        let end = left.len();
        assert!(meter::rms(&left[end - 24_000..end - 4_800]) < 1e-3, "a muted microphone was recorded");
        assert!(meter::rms(&right) < 1e-3, "the others' side has my voice");
    }

    #[test]
    fn a_recording_goes_on_in_the_same_file_with_the_next_corridor() {
        let path = std::env::temp_dir().join(format!("juice-recording-on-{}.opus", std::process::id()));
        let setup = |hertz| Setup {
            microphone: DeviceChoice::Synthetic(Source::Tone { hertz }),
            speaker: DeviceChoice::Synthetic(Sink::Nothing),
            processing: Processing { echo: false, noise: false, gain: false },
            ..Setup::default()
        };
        let recording = Recording::begin(&path).unwrap();
        for hertz in [440, 600] {
            let (audio, _frames, _events) = CallAudio::start(setup(hertz)).unwrap();
            audio.record_into(&recording);
            thread::sleep(Duration::from_millis(800));
            drop(audio);
            // Held: of this time nothing is in the file.
            thread::sleep(Duration::from_millis(1_500));
        }
        recording.finish().unwrap();
        let (left, _) = read(&path);
        std::fs::remove_file(&path).unwrap();
        let seconds = left.len() as f32 / RATE as f32;
        assert!((1.4..2.9).contains(&seconds), "{seconds} s of 1.6, and 3 of silence");
        let crossings = |part: &[f32]| part.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
        let (first, second) = (&left[14_400..24_000], &left[left.len() - 24_000..left.len() - 14_400]);
        assert!(crossings(first) < 100 && crossings(second) > 100, "first the one, then the other");
        assert!(crossings(first) > 70, "the first can't be heard");
    }

    #[test]
    fn the_end_of_a_call_completes_its_recording() {
        let path = std::env::temp_dir().join(format!("juice-recording-end-{}.opus", std::process::id()));
        let setup = Setup {
            microphone: DeviceChoice::Synthetic(Source::Silence),
            speaker: DeviceChoice::Synthetic(Sink::Nothing),
            ..Setup::default()
        };
        let (audio, _frames, _events) = CallAudio::start(setup).unwrap();
        let recording = audio.record(&path).unwrap();
        thread::sleep(Duration::from_millis(300));
        drop(audio);
        drop(recording);
        assert!(path.exists());
        std::fs::remove_file(&path).unwrap();
    }
}
