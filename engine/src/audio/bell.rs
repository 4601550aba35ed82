//! The bell: plays JUICE's own sounds through the loudspeaker that was chosen, on a stream of its own.
//!
//! A thread that sleeps while nothing is to be heard. Whoever pulls it never waits: what is wanted lies in a small shared
//! place, where the newest word counts. The stream is open as long as it rings, is held until its last sample has been
//! heard, and is opened anew at the next ring where the device has gone; without a loudspeaker it rings for nobody.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    device::{Backend, DeviceChoice, Devices, Running, SpeakerChoice},
    error::AudioError,
    shared::Shared,
    speaker::{SpeakerFeed, speaker},
    tones::Tone,
};
use crate::lock::lock;

/// How much is made ahead: enough for a busy machine, and little enough that a ring which is answered ends at once.
const AHEAD: Duration = Duration::from_millis(60);
/// What is broken off fades for so long: at once to the ear, and without a click.
const FADE: Duration = Duration::from_millis(12);
/// Only a safeguard: the loudspeaker wakes the thread.
const STEP: Duration = Duration::from_millis(10);
/// A device that hasn't called for so long is gone; some take as long to start.
const STILL: Duration = Duration::from_secs(2);
/// Sound cards and servers hold this much behind the callback, and closing the stream throws it away.
const LINGER: Duration = Duration::from_millis(120);
/// Chimes that wait; more at once would be noise.
const CHIMES: usize = 3;

/// What is to be heard, how loud, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Pull {
    /// Which sound.
    pub tone: Tone,
    /// From 0 to 1, as it was made.
    pub loudness: f32,
    /// Through which loudspeaker.
    pub speaker: SpeakerChoice,
}

/// See the module. Dropping it ends the sound and waits for that, some 150 ms.
#[derive(Debug, Default)]
pub struct Bell {
    rope: Arc<Rope>,
    /// None until it is first needed.
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Rope(Mutex<Wanted>);

#[derive(Debug, Default)]
struct Wanted {
    ring: Option<Pull>,
    chimes: VecDeque<Pull>,
    end: bool,
}

impl Bell {
    /// From here on this, again and again; or nothing, at once.
    pub fn ring(&mut self, pull: Option<Pull>) {
        let is_wanted = pull.is_some();
        self.rope.lock().ring = pull;
        self.wake(is_wanted);
    }

    /// This, once. Left out while it rings, and where too many wait.
    pub fn chime(&mut self, pull: Pull) {
        {
            let mut wanted = self.rope.lock();
            if wanted.ring.is_some() || wanted.chimes.len() >= CHIMES {
                return;
            }
            wanted.chimes.push_back(pull);
        }
        self.wake(true);
    }

    fn wake(&mut self, is_needed: bool) {
        if self.thread.is_none() && is_needed {
            let rope = Arc::clone(&self.rope);
            match thread::Builder::new().name("juice-bell".to_owned()).spawn(move || rope.run()) {
                Ok(thread) => self.thread = Some(thread),
                Err(error) => tracing::warn!(%error, "nothing rings"),
            }
        }
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        *self.rope.lock() = Wanted { end: true, ..Wanted::default() };
        self.wake(false);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Rope {
    fn lock(&self) -> MutexGuard<'_, Wanted> {
        lock(&self.0)
    }

    /// The thread.
    fn run(&self) {
        loop {
            let next = {
                let mut wanted = self.lock();
                if wanted.end {
                    return;
                }
                wanted.chimes.pop_front().map(|chime| (chime, false)).or_else(|| Some((wanted.ring.clone()?, true)))
            };
            match next {
                Some((pull, true)) => self.repeat(&pull),
                Some((pull, false)) => self.once(&pull),
                None => thread::park(),
            }
        }
    }

    fn once(&self, pull: &Pull) {
        let goes_on = || !self.lock().end;
        match Line::open(&pull.speaker) {
            Ok(mut line) => {
                line.play(&line.samples(pull), goes_on);
                line.drain();
            }
            Err(error) => tracing::info!(%error, "nobody hears a chime"),
        }
    }

    /// Rings until something else is wanted.
    fn repeat(&self, pull: &Pull) {
        let goes_on = || self.lock().ring.as_ref() == Some(pull);
        let mut line: Option<Line> = None;
        while goes_on() {
            let next = Instant::now() + pull.tone.every();
            line = line.filter(Line::lives);
            if line.is_none() {
                line = Line::open(&pull.speaker).inspect_err(|error| tracing::info!(%error, "it rings unheard")).ok();
            }
            if let Some(line) = &mut line {
                line.play(&line.samples(pull), goes_on);
            }
            while goes_on() && Instant::now() < next {
                thread::park_timeout(next.saturating_duration_since(Instant::now()));
            }
        }
        line.into_iter().for_each(Line::drain);
    }
}

/// A loudspeaker that is open.
struct Line {
    feed: SpeakerFeed,
    opened: Instant,
    /// Dropped when the device is to be closed.
    _running: Running,
}

impl Line {
    fn open(choice: &SpeakerChoice) -> Result<Self, AudioError> {
        let mut devices = Devices::default();
        let found = match (devices.speaker(choice), choice) {
            (Err(_), DeviceChoice::Named(_)) => devices.speaker(&DeviceChoice::Default),
            (found, _) => found,
        }?;
        let shared = Arc::new(Shared::default());
        shared.playout.is(thread::current());
        let (callback, feed, _) = speaker(found.about().rate, &shared);
        let running = found.start(callback)?;
        Ok(Self { feed, opened: Instant::now(), _running: running })
    }

    fn samples(&self, pull: &Pull) -> Vec<f32> {
        let mut samples = pull.tone.samples(self.feed.rate);
        samples.iter_mut().for_each(|sample| *sample *= pull.loudness);
        samples
    }

    /// False once the device has failed, or never began.
    fn lives(&self) -> bool {
        let life = &self.feed.life;
        !life.failed.is_on() && (life.beats.value() > 0 || self.opened.elapsed() < STILL)
    }

    /// Plays all of it, or as long as it goes on, and a fade.
    fn play(&mut self, samples: &[f32], goes_on: impl Fn() -> bool) {
        let mut left = samples;
        let mut clock = Standstill::default();
        while !left.is_empty() && self.lives() && !clock.is(self.feed.life.beats.value()) {
            if !goes_on() {
                return self.fade(left);
            }
            let ahead = self.count(AHEAD).max(self.feed.period() * 2);
            let room = ahead.saturating_sub(self.feed.filled()).min(self.feed.ring.slots());
            let (now, later) = left.split_at(room.min(left.len()));
            let _ = self.feed.ring.push_entire_slice(now);
            left = later;
            thread::park_timeout(STEP);
        }
    }

    fn fade(&mut self, samples: &[f32]) {
        let length = self.count(FADE).min(samples.len());
        let faded = samples.iter().take(length).enumerate();
        let faded: Vec<f32> = faded.map(|(at, sample)| sample * (1.0 - at as f32 / length.max(1) as f32)).collect();
        let _ = self.feed.ring.push_entire_slice(&faded);
    }

    /// Holds the stream until what was played has been heard.
    fn drain(self) {
        let end = Instant::now() + LINGER * 2;
        while self.feed.filled() > 0 && self.lives() && Instant::now() < end {
            thread::park_timeout(STEP);
        }
        if self.lives() {
            thread::sleep(LINGER);
        }
    }

    /// How many samples last so long.
    fn count(&self, time: Duration) -> usize {
        (time.as_secs_f32() * self.feed.rate as f32) as usize
    }
}

/// Whether a device that was calling calls no more.
struct Standstill {
    beats: u64,
    since: Instant,
}

impl Default for Standstill {
    fn default() -> Self {
        Self { beats: 0, since: Instant::now() }
    }
}

impl Standstill {
    fn is(&mut self, beats: u64) -> bool {
        if beats != self.beats {
            *self = Self { beats, since: Instant::now() };
        }
        self.since.elapsed() > STILL
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::audio::{Sink, meter};

    struct Heard(PathBuf);

    impl Heard {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("juice-bell-{name}-{}.wav", std::process::id())))
        }

        fn pull(&self, tone: Tone, loudness: f32) -> Pull {
            Pull { tone, loudness, speaker: DeviceChoice::Synthetic(Sink::File(self.0.clone())) }
        }

        fn samples(&self) -> Vec<f32> {
            let mut file = hound::WavReader::open(&self.0).expect("something was played");
            file.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / f32::from(i16::MAX)).collect()
        }
    }

    impl Drop for Heard {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    /// Which tenths of a second were not silent.
    fn loud(samples: &[f32]) -> Vec<usize> {
        let tenths = samples.chunks(4_800).enumerate();
        tenths.filter(|(_, tenth)| meter::rms(tenth) > 0.002).map(|(at, _)| at).collect()
    }

    #[test]
    fn it_rings_again_and_again_until_it_is_answered_and_then_ends_at_once() {
        let heard = Heard::new("ring");
        let mut bell = Bell::default();
        bell.ring(Some(heard.pull(Tone::Ring, 1.0)));
        thread::sleep(Duration::from_millis(3_600));
        bell.ring(None);
        drop(bell);
        let samples = heard.samples();
        let loud = loud(&samples);
        assert!(loud.iter().any(|at| *at < 3), "it begins soon: {loud:?}");
        assert!(!loud.iter().any(|at| (22..29).contains(at)), "there is a pause: {loud:?}");
        assert!(loud.iter().any(|at| (30..34).contains(at)), "it comes again: {loud:?}");
        assert!(loud.iter().all(|at| *at < 38), "it ends in the middle of a ring: {loud:?}");
        let steepest = samples.windows(2).fold(0.0, |most: f32, pair| most.max((pair[1] - pair[0]).abs()));
        assert!(steepest < 0.06, "without a click: {steepest}");
    }

    #[test]
    fn a_chime_is_heard_to_its_end_and_once() {
        let heard = Heard::new("chime");
        let mut bell = Bell::default();
        bell.chime(heard.pull(Tone::Joined, 1.0));
        thread::sleep(Duration::from_millis(1_500));
        drop(bell);
        let (heard, made) = (heard.samples(), Tone::Joined.samples(48_000));
        let energy = |samples: &[f32]| samples.iter().map(|sample| sample * sample).sum::<f32>();
        assert!((energy(&heard) / energy(&made) - 1.0).abs() < 0.05, "all of it and no more");
        assert!(heard.len() > made.len(), "the stream outlives the sound");
    }

    #[test]
    fn beside_a_talk_it_is_quieter() {
        let (aloud, beside) = (Heard::new("aloud"), Heard::new("beside"));
        let level = |heard: &Heard, loudness: f32| {
            let mut bell = Bell::default();
            bell.ring(Some(heard.pull(Tone::Ring, loudness)));
            thread::sleep(Duration::from_millis(800));
            drop(bell);
            heard.samples().into_iter().fold(0.0_f32, |most, sample| most.max(sample.abs()))
        };
        let ratio = level(&beside, 0.3) / level(&aloud, 1.0);
        assert!((0.28..0.32).contains(&ratio), "{ratio}");
    }

    #[test]
    fn without_a_loudspeaker_nothing_happens_and_it_ends_all_the_same() {
        let nowhere = Sink::File(Path::new("/nowhere/at/all.wav").into());
        let mut bell = Bell::default();
        let pull = Pull { tone: Tone::Ring, loudness: 1.0, speaker: DeviceChoice::Synthetic(nowhere) };
        bell.ring(Some(pull));
        thread::sleep(Duration::from_millis(100));
        let asked = Instant::now();
        drop(bell);
        assert!(asked.elapsed() < Duration::from_secs(1), "nobody waits for it");
    }
}
