//! The player: one memo at a time, through the loudspeaker that calls use; its pictures go where a call's go.
//!
//! A thread that sleeps while nothing plays. The loudspeaker is what time is: a picture is shown when the sound of its
//! moment is heard. What is wished for is taken in between two steps of 10 ms.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use juice_proto::view::{CommandError, ErrorCode, Event, MemoPlay, Reply};
use tokio::{runtime::Handle, sync::mpsc};

use super::{Answer, MEMO, MemoNews, pace::Pace, tell};
use crate::{
    audio::{AudioError, Loudspeaker, RATE, Resampler, SpeakerChoice},
    call::{Screens, Shown},
    clip::{Clip, ClipError, FRAME, Film, Sound},
    video::{PictureGiver, pictures},
};

/// Wishes that wait for the thread, which takes one in 10 ms.
const WISHES: usize = 16;
const TELL: Duration = Duration::from_millis(100);
/// How fast things play until somebody wants it otherwise, in percent.
const USUAL: u32 = 100;
/// Its last picture stays so long, for a window that is slow.
const STAYS: Duration = Duration::from_millis(300);

/// What is wished for.
pub(super) enum Wish {
    /// This, from a moment on, in place of what plays.
    Play {
        clip: Box<Clip>,
        what: (String, Option<String>),
        from_ms: u32,
        speaker: SpeakerChoice,
        answer: Answer,
    },
    Pause,
    /// Percent.
    Pace(u32),
}

/// See the module. Dropping it ends the sound.
pub(super) struct Player {
    wishes: Option<SyncSender<Wish>>,
    thread: Option<JoinHandle<()>>,
}

impl Player {
    /// Must be called on the runtime.
    pub fn new(screens: Screens, news: mpsc::Sender<MemoNews>) -> Self {
        let (wishes, taken) = sync_channel(WISHES);
        let runtime = Handle::current();
        let spawned = thread::Builder::new().name("juice-player".to_owned()).spawn(move || {
            let _on = runtime.enter();
            Desk { wishes: taken, screens, news, percent: USUAL }.run();
        });
        let thread = spawned.inspect_err(|error| tracing::warn!(%error, "nothing can be played")).ok();
        Self { wishes: Some(wishes), thread }
    }

    /// The way to it.
    pub fn wishes(&self) -> Option<SyncSender<Wish>> {
        self.wishes.clone()
    }

    /// Never waits; what is wished for by nobody's hand is lost.
    pub fn wish(&self, wish: Wish) {
        let Some(wishes) = &self.wishes else { return };
        if wishes.try_send(wish).is_err() {
            tracing::warn!("the player does not keep up");
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.wishes = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's belongings.
struct Desk {
    wishes: Receiver<Wish>,
    screens: Screens,
    news: mpsc::Sender<MemoNews>,
    percent: u32,
}

/// Why it plays no more.
enum End {
    /// To its end, by a wish, or since no loudspeaker works any more.
    Stopped,
    /// Something else is to play.
    Another(Wish),
    /// Nobody wishes for anything any more.
    Gone,
}

impl Desk {
    fn run(mut self) {
        let mut next = self.wishes.recv().ok();
        while let Some(wish) = next.take() {
            let end = match wish {
                Wish::Play { clip, what, from_ms, speaker, answer } => {
                    self.play(&clip, what, from_ms, &speaker, answer)
                }
                Wish::Pause => End::Stopped,
                Wish::Pace(percent) => {
                    self.percent = percent;
                    End::Stopped
                }
            };
            next = match end {
                End::Stopped => self.wishes.recv().ok(),
                End::Another(wish) => Some(wish),
                End::Gone => None,
            };
        }
    }

    fn play(
        &mut self,
        clip: &Clip,
        (buddy, message): (String, Option<String>),
        from_ms: u32,
        speaker: &SpeakerChoice,
        answer: Answer,
    ) -> End {
        let duration_ms = u32::try_from(clip.duration().as_millis()).unwrap_or(u32::MAX);
        // What is over begins anew.
        let from_ms = if from_ms + 50 >= duration_ms { 0 } else { from_ms };
        let opened = Loudspeaker::open(speaker).map_err(|error| refused(ErrorCode::NoSound, &error));
        let course = opened.and_then(|speaker| {
            let from = Duration::from_millis(from_ms.into());
            Course::begin(clip, from, speaker, self.percent).map_err(|error| refused(ErrorCode::Unplayable, &error))
        });
        let mut course = match course {
            Ok(course) => course,
            Err(error) => {
                let _ = answer.send(Err(error));
                return End::Stopped;
            }
        };
        let _ = answer.send(Ok(Reply::Done));
        let shown = clip.has_pictures().then(|| {
            let (giver, pictures) = pictures();
            (giver, self.screens.show(MEMO.into(), pictures))
        });
        let play = MemoPlay { buddy, message, position_ms: from_ms, duration_ms, runs: true, percent: self.percent };
        let (end, position) = self.follow(clip, &mut course, shown.as_ref(), &play);
        let position_ms = position.map_or(duration_ms, |at| at.min(duration_ms));
        let play = MemoPlay { position_ms, runs: false, percent: self.percent, ..play };
        tell(&self.news, Event::MemoPlayed { play });
        match (&end, shown) {
            (End::Stopped, Some(shown)) => self.linger(end, shown),
            (_, shown) => {
                drop(shown);
                end
            }
        }
    }

    /// Plays until it ends; with where it stopped, if not at its end.
    fn follow(
        &mut self,
        clip: &Clip,
        course: &mut Course,
        shown: Option<&(PictureGiver, Shown)>,
        play: &MemoPlay,
    ) -> (End, Option<u32>) {
        let mut told = None;
        loop {
            let at = course.position();
            let position_ms = u32::try_from(at.as_millis()).unwrap_or(u32::MAX);
            match self.wishes.try_recv() {
                Ok(Wish::Pause) => return (End::Stopped, Some(position_ms)),
                Ok(Wish::Pace(percent)) => {
                    self.percent = percent;
                    course.set_pace(percent);
                }
                Ok(wish) => return (End::Another(wish), Some(position_ms)),
                Err(TryRecvError::Disconnected) => return (End::Gone, Some(position_ms)),
                Err(TryRecvError::Empty) => {}
            }
            if let Some((giver, _)) = shown
                && let Some(picture) = course.film.until(clip, at)
            {
                giver.give(picture);
            }
            if told.is_none_or(|told: Instant| told.elapsed() >= TELL) {
                told = Some(Instant::now());
                let play = MemoPlay { position_ms, percent: self.percent, ..play.clone() };
                tell(&self.news, Event::MemoPlayed { play });
            }
            if course.feed(clip) {
                return (End::Stopped, None);
            }
            if !course.speaker.goes_on() {
                tracing::info!("the loudspeaker is gone, a memo is held");
                return (End::Stopped, Some(position_ms));
            }
            course.speaker.wait();
        }
    }

    /// Holds the last picture for a moment, unless something else is wished for.
    fn linger(&self, end: End, _shown: (PictureGiver, Shown)) -> End {
        match self.wishes.recv_timeout(STAYS) {
            Ok(wish) => End::Another(wish),
            Err(RecvTimeoutError::Timeout) => end,
            Err(RecvTimeoutError::Disconnected) => End::Gone,
        }
    }
}

/// A clip on its way to the loudspeaker.
struct Course {
    sound: Sound,
    film: Film,
    speaker: Loudspeaker,
    pace: Pace,
    percent: u32,
    /// Only where the loudspeaker has another rate.
    resampler: Option<Resampler>,
    /// Samples for the resampler, and for the loudspeaker.
    raw: Vec<f32>,
    ready: Vec<f32>,
    /// Samples of the clip that were read so far, from its beginning.
    read: u64,
    is_over: bool,
}

impl Course {
    fn begin(clip: &Clip, from: Duration, speaker: Loudspeaker, percent: u32) -> Result<Self, ClipError> {
        let read = (from.as_micros() * u128::from(RATE) / 1_000_000) as u64;
        let library = |error: AudioError| ClipError::Library(error.to_string());
        let resampler = (speaker.rate() != RATE).then(|| Resampler::taking(FRAME, RATE, speaker.rate()));
        Ok(Self {
            sound: Sound::from(clip, read)?,
            film: Film::from(clip, from),
            pace: Pace::new(percent),
            percent,
            resampler: resampler.transpose().map_err(library)?,
            raw: Vec::new(),
            ready: Vec::new(),
            read,
            is_over: false,
            speaker,
        })
    }

    fn set_pace(&mut self, percent: u32) {
        (self.pace, self.percent) = (Pace::new(percent), percent);
    }

    /// The moment of the clip that is heard.
    fn position(&self) -> Duration {
        let waiting =
            (self.ready.len() + self.speaker.waiting()) as u64 * u64::from(RATE) / u64::from(self.speaker.rate());
        let waiting = (waiting + self.raw.len() as u64) * u64::from(self.percent) / 100 + self.pace.held() as u64;
        Duration::from_micros(self.read.saturating_sub(waiting) * 1_000_000 / u64::from(RATE))
    }

    /// Gives the loudspeaker what it has room for. True once all has been heard.
    fn feed(&mut self, clip: &Clip) -> bool {
        let room = self.speaker.room();
        while self.ready.len() < room && !self.is_over {
            self.read_on(clip);
        }
        let give = room.min(self.ready.len());
        self.speaker.give(self.ready.get(..give).unwrap_or_default());
        self.ready.drain(..give);
        self.is_over && self.ready.is_empty() && self.speaker.waiting() == 0
    }

    fn read_on(&mut self, clip: &Clip) {
        let Some(samples) = self.sound.next(clip) else {
            self.is_over = true;
            return;
        };
        self.read += samples.len() as u64;
        let samples = self.pace.go(samples);
        let Some(resampler) = &mut self.resampler else { return self.ready.extend(samples) };
        self.raw.extend(samples);
        while self.raw.len() >= resampler.wanted() {
            let taken: Vec<f32> = self.raw.drain(..resampler.wanted()).collect();
            match resampler.process(&taken) {
                Ok(made) => self.ready.extend(made),
                Err(error) => tracing::warn!(%error, "20 ms of a memo are lost"),
            }
        }
    }
}

fn refused(code: ErrorCode, error: &dyn std::fmt::Display) -> CommandError {
    CommandError { code, message: error.to_string() }
}
