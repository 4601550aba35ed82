//! Opens the chosen source on a thread of its own, sees whether it lives, and replaces it if not.
//!
//! Owned by the encode thread, which lets it look whenever it wakes; nothing here blocks. A camera that fails, or stands
//! still, is closed and opened anew at once, and then again every second while that doesn't work. While the chosen camera
//! isn't there the first one stands in for it; the chosen one takes over again when it is back.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    clock::MediaClock,
    error::{CameraTrouble, VideoError},
    picture::Picture,
    source::{AboutSource, CameraId, Opener, SourceChoice, Wanted},
};
use crate::{lock::lock, queue::Giver};

/// What happens to my picture that a person should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VideoEvent {
    /// Others see nothing of me, and why: told anew when the reason changes.
    CameraLost(CameraTrouble),
    /// There is a picture again, from the camera of this name.
    CameraBack(String),
    /// The camera of this name is in use: at the start, and when another replaced it.
    CameraChanged(String),
}

/// Opening may take so long: some cameras sleep.
const OPENS: Duration = Duration::from_secs(10);
/// A camera may take so long to its first picture.
const GRACE: Duration = Duration::from_secs(4);
/// And so long to each after it: the darkest room gives several a second.
const STILL: Duration = Duration::from_millis(1_500);
const AGAIN: Duration = Duration::from_secs(1);
/// How often the chosen camera is looked for while another stands in. Asking the system takes some 100 ms.
const SEEKS: Duration = Duration::from_secs(2);
/// How long a source may take to close before the next is opened all the same.
const CLOSES: Duration = Duration::from_secs(2);
/// How long the end of the corridor waits for a camera to close.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// What a source's thread and the keeper share.
#[derive(Default)]
struct Life {
    stop: AtomicBool,
    beats: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    Opening,
    Runs(AboutSource),
    Failed(VideoError),
}

struct Place {
    life: Arc<Life>,
    thread: JoinHandle<()>,
    since: Instant,
    /// Told of it.
    is_known: bool,
    beats: u64,
    beaten: Instant,
}

struct Leaving {
    thread: JoinHandle<()>,
    since: Instant,
}

/// See the module.
pub(super) struct Keeper {
    open: Opener,
    choice: SourceChoice,
    wanted: Wanted,
    clock: MediaClock,
    pictures: Arc<Giver<Arc<Picture>>>,
    events: Giver<VideoEvent>,
    place: Option<Place>,
    /// Where the chosen camera is looked for while another stands in, and since when.
    hope: Option<Place>,
    sought: Option<Instant>,
    leaving: Vec<Leaving>,
    tried: Option<Instant>,
    lost: Option<CameraTrouble>,
    last: Option<CameraId>,
}

impl Keeper {
    pub(super) fn new(
        open: Opener,
        (choice, wanted): (SourceChoice, Wanted),
        clock: MediaClock,
        pictures: Giver<Arc<Picture>>,
        events: Giver<VideoEvent>,
    ) -> Self {
        Self {
            open,
            choice,
            wanted,
            clock,
            pictures: Arc::new(pictures),
            events,
            place: None,
            hope: None,
            sought: None,
            leaving: vec![],
            tried: None,
            lost: None,
            last: None,
        }
    }

    /// Uses another source from here on.
    pub(super) fn choose(&mut self, choice: SourceChoice) {
        if choice != self.choice {
            self.choice = choice;
            self.close();
            (self.tried, self.lost) = (None, None);
        }
    }

    /// Whether there are to be no pictures.
    pub(super) fn is_off(&self) -> bool {
        self.choice == SourceChoice::Off
    }

    /// Looks after the source at `now`.
    pub(super) fn look(&mut self, now: Instant) {
        self.leaving.retain(|leaving| !leaving.thread.is_finished());
        if let Some(error) = self.place.as_mut().and_then(|place| place.failure(now)) {
            tracing::info!(%error, "no picture from the camera");
            self.close();
            self.lose(error.trouble());
        }
        self.welcome();
        let is_early = self.tried.is_some_and(|tried| now.duration_since(tried) < AGAIN);
        let is_closing = self.leaving.iter().any(|leaving| now.duration_since(leaving.since) < CLOSES);
        if self.place.is_none() && !self.is_off() && !is_early && !is_closing {
            self.tried = Some(now);
            self.place = self.start(now, true);
        }
        self.seek(now);
    }

    /// Looks for the chosen camera while another stands in for it; found, it takes that one's place.
    fn seek(&mut self, now: Instant) {
        let SourceChoice::Named(chosen) = &self.choice else { return };
        let stands_in = self.place.as_ref().is_some_and(|place| place.is_known) && self.last.as_ref() != Some(chosen);
        if !stands_in {
            return;
        }
        let has_failed = self.hope.as_mut().is_some_and(|hope| hope.failure(now).is_some());
        match &self.hope {
            Some(hope) if hope.beats() > 0 => {
                let found = self.hope.take();
                self.close();
                // It is told of as one that is back, which it is.
                self.lost = Some(CameraTrouble::Gone);
                self.place = found;
            }
            Some(_) if has_failed => self.despair(),
            Some(_) => {}
            None if self.sought.is_none_or(|sought| now.duration_since(sought) >= SEEKS) => {
                self.sought = Some(now);
                self.hope = self.start(now, false);
            }
            None => {}
        }
    }

    /// Tells once of a source that runs and has given a picture.
    fn welcome(&mut self) {
        let Some(place) = self.place.as_mut().filter(|place| !place.is_known && place.beats > 0) else { return };
        let state = lock(&place.life.state);
        let State::Runs(about) = &*state else { return };
        place.is_known = true;
        let is_same = self.last.replace(about.id.clone()).is_some_and(|last| last == about.id);
        match (self.lost.take(), is_same) {
            (Some(_), _) => self.events.give(VideoEvent::CameraBack(about.name.clone())),
            (None, false) => self.events.give(VideoEvent::CameraChanged(about.name.clone())),
            (None, true) => {}
        }
    }

    fn lose(&mut self, trouble: CameraTrouble) {
        if self.lost.replace(trouble) != Some(trouble) {
            self.events.give(VideoEvent::CameraLost(trouble));
        }
    }

    fn close(&mut self) {
        self.despair();
        let place = self.place.take();
        self.leaving.extend(place.map(Place::leave));
    }

    fn despair(&mut self) {
        let hope = self.hope.take();
        self.leaving.extend(hope.map(Place::leave));
    }

    /// `may_be_another`: where the chosen camera isn't there, the first one will do.
    fn start(&mut self, now: Instant, may_be_another: bool) -> Option<Place> {
        let life = Arc::new(Life::default());
        let (of_thread, open, choice) = (Arc::clone(&life), Arc::clone(&self.open), self.choice.clone());
        let (wanted, clock, pictures) = (self.wanted, self.clock, Arc::clone(&self.pictures));
        let started = thread::Builder::new().name("juice-camera".to_owned()).spawn(move || {
            let opened = match (open(&choice, wanted, clock), &choice) {
                (Err(VideoError::NoCamera), SourceChoice::Named(_)) if may_be_another => {
                    open(&SourceChoice::Camera, wanted, clock)
                }
                (opened, _) => opened,
            };
            let result = opened.and_then(|mut source| {
                of_thread.set(State::Runs(source.about().clone()));
                while !of_thread.stop.load(Ordering::Relaxed) {
                    let picture = source.read()?;
                    // A source that was told to go while it waited for this must not be seen after the next one.
                    if !of_thread.stop.load(Ordering::Relaxed) {
                        pictures.give(Arc::new(picture));
                        of_thread.beats.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(())
            });
            if let Err(error) = result {
                of_thread.set(State::Failed(error));
            }
        });
        match started {
            Ok(thread) => Some(Place { life, thread, since: now, is_known: false, beats: 0, beaten: now }),
            Err(error) => {
                self.lose(VideoError::Exhausted(error).trouble());
                None
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.close();
        let began = Instant::now();
        for Leaving { thread, .. } in self.leaving.drain(..) {
            while !thread.is_finished() && began.elapsed() < LAST_PATIENCE {
                thread::sleep(Duration::from_millis(2));
            }
            // A driver that never answers keeps its thread; it would keep whoever waits for it too.
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
    }
}

impl Life {
    fn set(&self, state: State) {
        *lock(&self.state) = state;
    }
}

impl Place {
    /// How many pictures it has given.
    fn beats(&self) -> u64 {
        self.life.beats.load(Ordering::Relaxed)
    }

    fn leave(self) -> Leaving {
        self.life.stop.store(true, Ordering::Relaxed);
        Leaving { thread: self.thread, since: Instant::now() }
    }

    /// Why it is of no use any more.
    fn failure(&mut self, now: Instant) -> Option<VideoError> {
        let beats = self.beats();
        if beats != self.beats {
            (self.beats, self.beaten) = (beats, now);
        }
        let mut state = lock(&self.life.state);
        let patience = match &*state {
            State::Failed(_) => match std::mem::take(&mut *state) {
                State::Failed(error) => return Some(error),
                State::Opening | State::Runs(_) => return None,
            },
            State::Opening | State::Runs(_) if self.thread.is_finished() => {
                return Some(VideoError::Gone("its driver broke".to_owned()));
            }
            State::Opening => OPENS,
            State::Runs(_) if beats == 0 => OPENS + GRACE,
            State::Runs(_) => STILL,
        };
        let since = if beats == 0 { self.since } else { self.beaten };
        (now.duration_since(since) > patience).then(|| VideoError::Gone("it stands still".to_owned()))
    }
}
