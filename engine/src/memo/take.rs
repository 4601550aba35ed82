//! One recording of a memo: a thread that opens microphone and camera, says that one may speak, and writes.
//!
//! The sound goes through all that a call's goes through, but for the canceller: nothing plays meanwhile. Dropping a
//! [`Take`] ends it and waits until what was recorded is kept, some 100 ms.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use juice_proto::{
    call::Shows,
    view::{Event, MAX_TAKE_MS, MemoDraft, MemoStage, MemoTrouble, MemoView, SoundLevels},
};
use tokio::{runtime::Handle, sync::mpsc};

use super::{
    MemoNews,
    drafts::{self, Draft, Drafts},
    tell,
};
use crate::{
    audio::{
        AudioEvent, AudioEvents, Bell, CallAudio, DeviceChoice, FileReel, Processing, Pull, Recording, Reel, Setup,
        Sink, Tone, VoiceFrames,
    },
    call::{Equipment, MINE, Screens, meter},
    clip::{ClipError, MovieWriter, Press},
    lock::lock,
    video::{self, CallVideo, MediaClock, Size, VideoEvent, VideoEvents, VideoFrames, Wanted},
};

const STEP: Duration = Duration::from_millis(10);
/// The meter moves ten times a second.
const TELL: Duration = Duration::from_millis(100);
/// Some devices take as long to open.
const PATIENCE: Duration = Duration::from_secs(6);
/// The tone, and its way to the loudspeaker and back into the microphone.
const TONE: Duration = Duration::from_millis(450);
/// One can begin to look at it as often, in pictures that are recorded.
const KEYFRAMES: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_millis(MAX_TAKE_MS as u64);

/// A recording that runs.
pub(super) struct Take {
    stop: Arc<AtomicBool>,
    discard: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Take {
    /// Begins at once. Must be called on the runtime.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(material: Material) -> std::io::Result<Self> {
        let (stop, discard, runtime) = (Arc::clone(&material.stop), Arc::clone(&material.discard), Handle::current());
        let thread = thread::Builder::new().name("juice-memo".to_owned()).spawn(move || {
            let _on = runtime.enter();
            material.run();
        })?;
        Ok(Self { stop, discard, thread: Some(thread) })
    }

    /// It is enough.
    pub fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    /// It is enough, and nothing of it is kept.
    pub fn discard(&self) {
        self.discard.store(true, Relaxed);
        self.stop();
    }
}

impl Drop for Take {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a take is made of.
pub(super) struct Material {
    buddy: String,
    drafts: Drafts,
    sound: Setup,
    tone: Option<Pull>,
    video: bool,
    /// Until the camera is open.
    film: Option<video::Setup>,
    clock: MediaClock,
    screens: Screens,
    stop: Arc<AtomicBool>,
    discard: Arc<AtomicBool>,
    news: mpsc::Sender<MemoNews>,
}

/// What is open while it is recorded.
struct Open {
    audio: CallAudio,
    voice: VoiceFrames,
    news: AudioEvents,
    film: Option<(CallVideo, VideoFrames, VideoEvents)>,
}

impl Material {
    /// For a buddy, with pictures or without.
    pub fn new(buddy: String, video: bool, with: &Equipment, drafts: &Drafts, news: mpsc::Sender<MemoNews>) -> Self {
        let sound = with.sound.setup(false, false);
        let sound = Setup {
            speaker: DeviceChoice::Synthetic(Sink::Nothing),
            processing: Processing { echo: false, ..sound.processing },
            ..sound
        };
        let tone =
            with.sound.settings.sounds.then(|| Pull { tone: Tone::Speak, loudness: 1.0, speaker: with.sound.bell() });
        let clock = MediaClock::default();
        let wanted = Wanted { size: Size::VGA, rate: 30 };
        let film = with.vision.setup(Shows::Camera).filter(|_| video);
        let film = film.map(|setup| video::Setup { wanted, clock, ..setup });
        let (drafts, screens) = (drafts.clone(), with.screens.clone());
        Self {
            buddy,
            drafts,
            sound,
            tone,
            video,
            film,
            clock,
            screens,
            stop: Arc::default(),
            discard: Arc::default(),
            news,
        }
    }

    /// As it is shown.
    pub fn stands(&self, stage: MemoStage, duration_ms: u32) -> MemoDraft {
        let memo = MemoView { video: self.video, duration_ms, waveform: Vec::new() };
        MemoDraft { buddy: self.buddy.clone(), stage, memo, thumbnail: String::new() }
    }

    /// The thread.
    fn run(mut self) {
        let (kept, trouble) = match self.record() {
            Ok((path, trouble)) => (path.and_then(|path| Draft::look(&self.buddy, &path)), trouble),
            Err(trouble) => (None, Some(trouble)),
        };
        let ended = MemoNews::Ended { buddy: self.buddy, kept, trouble };
        // Where nobody listens any more the next to open the profile finds it.
        let _ = self.news.blocking_send(ended);
    }

    /// Where it is kept, and what ended it too early.
    fn record(&mut self) -> Result<(Option<PathBuf>, Option<MemoTrouble>), MemoTrouble> {
        let not_saved = |error: &dyn std::fmt::Display| {
            tracing::warn!(%error, "a memo is not recorded");
            MemoTrouble::NotSaved
        };
        let take = self.drafts.take(&self.buddy, self.video).map_err(|error| not_saved(&error))?;
        let Some(mut open) = self.open()? else { return Ok((None, None)) };
        let outcome = self.write(&mut open, &take);
        drop(open);
        if self.discard.load(Relaxed) {
            drafts::remove(&take);
            return Ok((None, None));
        }
        let trouble = outcome.map_err(|error| not_saved(&error))?;
        let path = self.drafts.keep(&self.buddy, &take, self.video).map_err(|error| not_saved(&error))?;
        Ok((Some(path), trouble))
    }

    /// Opens the devices, and says that one may speak. None where it was thought better of.
    fn open(&mut self) -> Result<Option<Open>, MemoTrouble> {
        let (audio, voice, news) = CallAudio::start(self.sound.clone()).map_err(|error| {
            tracing::warn!(%error, "no microphone for a memo");
            MemoTrouble::NoSound
        })?;
        let film = self.film.take().map(CallVideo::start).transpose().map_err(|_| MemoTrouble::NoCamera)?;
        let mut open = Open { audio, voice, news, film };
        let began = Instant::now();
        let (mut hears, mut sees) = (false, open.film.is_none());
        while !hears || !sees {
            if self.stop.load(Relaxed) {
                return Ok(None);
            }
            hears |= open.hears(began.elapsed() > PATIENCE)?;
            sees |= open.sees(began.elapsed() > PATIENCE)?;
            thread::sleep(STEP);
        }
        if let Some(tone) = self.tone.take() {
            let mut bell = Bell::default();
            bell.chime(tone);
            thread::sleep(TONE);
        }
        Ok(Some(open))
    }

    /// Records until it is enough; what ended it, if it was not the person or the clock.
    fn write(&self, open: &mut Open, take: &std::path::Path) -> Result<Option<MemoTrouble>, ClipError> {
        let mut press = Press::mono()?;
        let movie = match &open.film {
            Some(_) => {
                let file = std::fs::File::create(take)?;
                Some(Arc::new(Mutex::new(Some(MovieWriter::begin(file, press.look_ahead()?)?))))
            }
            None => None,
        };
        let reel: Box<dyn Reel> = match &movie {
            Some(movie) => Box::new(MovieReel(Arc::clone(movie))),
            None => Box::new(FileReel::begin(take, &mut press)?),
        };
        let shown = open.film.as_ref().map(|(film, ..)| self.screens.show(MINE.into(), film.preview()));
        let failed = |error: crate::audio::AudioError| ClipError::Library(error.to_string());
        let recording = Recording::with(press, reel).map_err(failed)?;
        open.audio.record_into(&recording);
        let trouble = self.follow(open, movie.as_deref())?;
        let _ = self.news.try_send(MemoNews::Stands(self.stands(MemoStage::Ending, 0)));
        recording.finish().map_err(failed)?;
        drop(shown);
        if let Some(movie) = movie.and_then(|movie| lock(&movie).take()) {
            movie.finish(0)?.sync_all()?;
        }
        Ok(trouble)
    }

    fn follow(
        &self,
        open: &mut Open,
        movie: Option<&Mutex<Option<MovieWriter>>>,
    ) -> Result<Option<MemoTrouble>, ClipError> {
        let (began, zero) = (Instant::now(), self.clock.micros());
        let (mut told, mut keyframe, mut has_key) = (Duration::ZERO, Duration::ZERO, false);
        while !self.stop.load(Relaxed) && began.elapsed() < LONGEST {
            let since = began.elapsed();
            while open.voice.try_next().is_some() {}
            while let Some(event) = open.news.try_next() {
                if matches!(event, AudioEvent::MicrophoneLost) {
                    return Ok(Some(MemoTrouble::NoSound));
                }
            }
            if let Some((film, frames, _)) = &mut open.film {
                if since >= keyframe {
                    keyframe = since + KEYFRAMES;
                    film.request_keyframe();
                }
                while let Some(frame) = frames.try_next() {
                    let at = frame.captured.checked_sub(zero);
                    has_key |= frame.key && at.is_some();
                    if let (Some(at), Some(movie), true) = (at, movie, has_key) {
                        lock(movie).as_mut().map(|movie| movie.picture(at, frame)).transpose()?;
                    }
                }
            }
            if since >= told {
                told = since + TELL;
                self.tell(open, since);
            }
            thread::sleep(STEP);
        }
        Ok(None)
    }

    fn tell(&self, open: &Open, since: Duration) {
        let levels = SoundLevels {
            microphone: meter(open.audio.levels().microphone),
            speaking: Vec::new(),
            speaking_muted: false,
        };
        tell(&self.news, Event::SoundLevelsChanged { levels });
        let stands = self.stands(MemoStage::Recording, u32::try_from(since.as_millis()).unwrap_or(u32::MAX));
        let _ = self.news.try_send(MemoNews::Stands(stands));
    }
}

impl Open {
    /// Whether the microphone works; an error where it is hopeless.
    fn hears(&mut self, is_late: bool) -> Result<bool, MemoTrouble> {
        while let Some(event) = self.news.try_next() {
            match event {
                AudioEvent::MicrophoneChanged(_) | AudioEvent::MicrophoneBack(_) => return Ok(true),
                AudioEvent::MicrophoneLost => return Err(MemoTrouble::NoSound),
                AudioEvent::SpeakerLost
                | AudioEvent::SpeakerBack(_)
                | AudioEvent::SpeakerChanged(_)
                | AudioEvent::SpeakingWhileMuted(_) => {}
            }
        }
        if is_late { Err(MemoTrouble::NoSound) } else { Ok(false) }
    }

    /// Whether the camera does.
    fn sees(&mut self, is_late: bool) -> Result<bool, MemoTrouble> {
        let Some((_, frames, news)) = &mut self.film else { return Ok(true) };
        if frames.try_next().is_some() {
            return Ok(true);
        }
        while let Some(event) = news.try_next() {
            if matches!(event, VideoEvent::CameraLost(_)) {
                return Err(MemoTrouble::NoCamera);
            }
        }
        if is_late { Err(MemoTrouble::NoCamera) } else { Ok(false) }
    }
}

/// The sound of a film that is recorded.
struct MovieReel(Arc<Mutex<Option<MovieWriter>>>);

impl Reel for MovieReel {
    fn wind(&mut self, packet: Vec<u8>) -> Result<(), ClipError> {
        lock(&self.0).as_mut().map_or(Ok(()), |movie| movie.sound(&packet))
    }

    fn finish(self: Box<Self>) -> Result<(), ClipError> {
        Ok(())
    }
}
