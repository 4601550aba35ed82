//! Devices without hardware: a tone, a file or silence to hear, a file or nothing to play to.
//!
//! Each runs on a thread of its own that calls every 10 ms, by deadlines that don't drift, as a sound card would.

use std::{
    fs::File,
    io::{BufReader, BufWriter},
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::{About, DeviceId, Input, Output, Running, Sink, Source};
use crate::audio::{
    error::AudioError,
    frame::{BLOCK, RATE},
    microphone::MicrophoneCallback,
    shared::Switch,
    speaker::SpeakerCallback,
};

const PERIOD: Duration = Duration::from_millis(10);
/// After a sleep of the system there is no use in catching up.
const TOO_LATE: Duration = Duration::from_millis(200);
/// -12 dBFS.
const TONE_AMPLITUDE: f32 = 0.25;

fn about(name: &str) -> About {
    About { id: DeviceId(format!("synthetic:{name}")), name: name.to_owned(), rate: RATE }
}

/// A microphone that hears `source`.
pub(super) fn input(source: &Source) -> Result<Box<dyn Input>, AudioError> {
    let (name, sound, path): (_, Box<dyn Iterator<Item = f32> + Send>, _) = match source {
        Source::Tone { hertz } => ("tone", Box::new(tone(*hertz).into_iter().cycle()), None),
        Source::File(path) => ("file", Box::new(Tape::open(path)?), Some(path.clone())),
        Source::Silence => ("silence", Box::new(std::iter::repeat(0.0)), None),
    };
    Ok(Box::new(Played { about: about(name), sound, path }))
}

/// A speaker that plays to `sink`.
pub(super) fn output(sink: &Sink) -> Result<Box<dyn Output>, AudioError> {
    let (name, file, path) = match sink {
        Sink::File(path) => {
            let form =
                WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };
            ("file", Some(WavWriter::create(path, form)?), Some(path.clone()))
        }
        Sink::Nothing => ("nothing", None, None),
    };
    Ok(Box::new(Kept { about: about(name), file, path }))
}

/// One second, so whole periods of any whole frequency.
fn tone(hertz: u32) -> Vec<f32> {
    let step = f64::from(hertz) * std::f64::consts::TAU / f64::from(RATE);
    (0..RATE).map(|at| (f64::from(at) * step).sin() as f32 * TONE_AMPLITUDE).collect()
}

/// A file over and over, read as it is played: to read it first would hold up the beginning of a call.
struct Tape {
    reader: WavReader<BufReader<File>>,
    form: WavSpec,
}

impl Tape {
    fn open(path: &Path) -> Result<Self, AudioError> {
        let reader = WavReader::open(path)?;
        let form = reader.spec();
        if form.sample_rate != RATE {
            return Err(AudioError::File(format!("{} Hz where {RATE} are wanted", form.sample_rate)));
        }
        if reader.duration() == 0 {
            return Err(AudioError::File("it is empty".to_owned()));
        }
        Ok(Self { reader, form })
    }

    fn sample(&mut self) -> Option<f32> {
        match self.form.sample_format {
            SampleFormat::Float => self.reader.samples::<f32>().next()?.ok(),
            SampleFormat::Int => {
                let scale = 1.0 / f64::from(self.form.bits_per_sample.saturating_sub(1).min(31)).exp2();
                self.reader.samples::<i32>().next()?.ok().map(|sample| (f64::from(sample) * scale) as f32)
            }
        }
    }

    /// The channels of one moment, mixed.
    fn moment(&mut self) -> Option<f32> {
        let channels = self.form.channels.max(1);
        (0..channels).map(|_| self.sample()).sum::<Option<f32>>().map(|sum| sum / f32::from(channels))
    }
}

impl Iterator for Tape {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        self.moment().or_else(|| {
            self.reader.seek(0).ok()?;
            self.moment()
        })
    }
}

struct Played {
    about: About,
    /// For ever.
    sound: Box<dyn Iterator<Item = f32> + Send>,
    path: Option<PathBuf>,
}

impl Input for Played {
    fn about(&self) -> &About {
        &self.about
    }

    fn start(self: Box<Self>, mut callback: MicrophoneCallback) -> Result<Running, AudioError> {
        let Self { mut sound, path, .. } = *self;
        let mut block = [0.0; BLOCK];
        Ok(Box::new(Clock::start("juice-tone", path, move |_| {
            for (place, sample) in block.iter_mut().zip(&mut sound) {
                *place = sample;
            }
            callback.take(&block, 1, |sample| sample);
        })?))
    }
}

struct Kept {
    about: About,
    file: Option<WavWriter<BufWriter<File>>>,
    path: Option<PathBuf>,
}

impl Output for Kept {
    fn about(&self) -> &About {
        &self.about
    }

    fn start(self: Box<Self>, mut callback: SpeakerCallback) -> Result<Running, AudioError> {
        let Self { mut file, path, .. } = *self;
        Ok(Box::new(Clock::start("juice-sink", path, move |last| {
            let mut block = [0.0; BLOCK];
            callback.fill(&mut block, 1, |sample| sample);
            let written = file.as_mut().map_or(Ok(()), |file| {
                block.iter().try_for_each(|sample| file.write_sample((sample * f32::from(i16::MAX)) as i16))
            });
            if let Err(error) = written {
                tracing::warn!(%error, "the sound file is given up");
                file = None;
            }
            if last
                && let Some(file) = file.take()
                && let Err(error) = file.finalize()
            {
                tracing::warn!(%error, "the sound file is incomplete");
            }
        })?))
    }
}

/// A thread that calls every 10 ms, and once more, with `true`, when it is dropped.
struct Clock {
    stop: Arc<Switch>,
    thread: Option<JoinHandle<()>>,
}

impl Clock {
    fn start(
        name: &str,
        path: Option<PathBuf>,
        mut tick: impl FnMut(bool) + Send + 'static,
    ) -> Result<Self, AudioError> {
        let stop = Arc::new(Switch::default());
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut deadline = Instant::now();
            // By this a benchmark knows when the first sample of a file was.
            tracing::trace!(?path, "a synthetic device begins");
            while !stopped.is_on() {
                tick(false);
                deadline += PERIOD;
                let now = Instant::now();
                if now > deadline + TOO_LATE {
                    deadline = now;
                }
                thread::sleep(deadline.saturating_duration_since(now));
            }
            tick(true);
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.stop.set(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
