//! The keeper's thread: opens the chosen microphone and speaker, sees whether they live, and replaces them if not.
//!
//! Everything slow about devices happens here and nowhere else. A device that fails, stands still, or is no longer the
//! one that was meant (another was plugged in, the default changed, the system slept) is opened anew at once; while that
//! doesn't work, again every half second.

mod line;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TryRecvError},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use self::line::{Line, News};
use super::{
    device::{About, Backend, DeviceChoice, MicrophoneChoice, Running, SpeakerChoice},
    encode,
    error::AudioError,
    microphone::microphone,
    playout,
    shared::{Life, Shared},
    speaker::speaker,
};
use crate::queue::Giver;

/// What happens to sound that a person should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioEvent {
    /// There is none that works; others can't hear me.
    MicrophoneLost,
    /// There is one again, of this name.
    MicrophoneBack(String),
    /// This one is in use: at the start, and when another replaced it.
    MicrophoneChanged(String),
    /// There is none that works; I can't hear others.
    SpeakerLost,
    /// There is one again, of this name.
    SpeakerBack(String),
    /// This one is in use: at the start, and when another replaced it.
    SpeakerChanged(String),
    /// I speak, and my microphone is muted; or I have stopped.
    SpeakingWhileMuted(bool),
}

/// What the keeper is told.
pub(super) enum Order {
    Microphone(MicrophoneChoice),
    Speaker(SpeakerChoice),
}

/// Orders wait here; who gives them waits when it is full.
pub(super) const ORDERS: usize = 16;
const STEP: Duration = Duration::from_millis(100);
/// How often the system is asked which devices there are.
const LOOK: Duration = Duration::from_secs(1);
/// The clocks differ by this much only if the system slept, or somebody set one of them.
const SLEPT: Duration = Duration::from_secs(2);

/// The thread's belongings.
pub(super) struct Keeper<B> {
    pub shared: Arc<Shared>,
    pub backend: B,
    pub orders: Receiver<Order>,
    pub encode: SyncSender<encode::Order>,
    pub playout: SyncSender<playout::Order>,
    pub events: Giver<AudioEvent>,
    pub microphone: MicrophoneChoice,
    pub speaker: SpeakerChoice,
}

/// A device that was opened.
struct Opened {
    about: About,
    life: Arc<Life>,
    /// Dropped when the device is to be closed.
    _running: Running,
}

impl<B: Backend> Keeper<B> {
    /// Runs until the corridor ends.
    pub(super) fn run(mut self) {
        self.shared.keeper.is(thread::current());
        let (mut microphone, mut speaker) = (Line::default(), Line::default());
        let (mut looked, mut clocks, mut muted_speech) = (Instant::now(), Clocks::now(), false);
        while !self.shared.stop.is_on() {
            if !self.obey(&mut microphone, &mut speaker) {
                break;
            }
            if clocks.jumped() {
                tracing::info!("the system slept: the sound devices are opened anew");
                microphone.close();
                speaker.close();
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                let (meant, also_meant) = self.backend.present(&self.microphone, &self.speaker);
                microphone.compare(&meant);
                speaker.compare(&also_meant);
            }
            self.keep_microphone(&mut microphone);
            self.keep_speaker(&mut speaker);
            let speaks = self.shared.muted.is_on() && self.shared.muted_speech.is_on();
            if speaks != muted_speech {
                muted_speech = speaks;
                self.events.give(AudioEvent::SpeakingWhileMuted(speaks));
            }
            thread::park_timeout(STEP);
        }
    }

    /// False when nobody is left to give orders.
    fn obey(&mut self, microphone: &mut Line, speaker: &mut Line) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Microphone(choice)) => {
                    self.microphone = choice;
                    microphone.close();
                }
                Ok(Order::Speaker(choice)) => {
                    self.speaker = choice;
                    speaker.close();
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn keep_microphone(&mut self, line: &mut Line) {
        match line.keep(Instant::now(), || self.open_microphone()) {
            News::None => {}
            News::Lost => {
                let _ = self.encode.send(encode::Order::Microphone(None));
                self.events.give(AudioEvent::MicrophoneLost);
            }
            News::Back(name) => self.events.give(AudioEvent::MicrophoneBack(name)),
            News::Changed(name) => self.events.give(AudioEvent::MicrophoneChanged(name)),
        }
    }

    fn keep_speaker(&mut self, line: &mut Line) {
        match line.keep(Instant::now(), || self.open_speaker()) {
            News::None => {}
            News::Lost => {
                let _ = self.playout.send(playout::Order::Speaker(None));
                let _ = self.encode.send(encode::Order::Speaker(None));
                self.events.give(AudioEvent::SpeakerLost);
            }
            News::Back(name) => self.events.give(AudioEvent::SpeakerBack(name)),
            News::Changed(name) => self.events.give(AudioEvent::SpeakerChanged(name)),
        }
    }

    fn open_microphone(&mut self) -> Result<Opened, AudioError> {
        let found = match (self.backend.microphone(&self.microphone), &self.microphone) {
            (Err(_), DeviceChoice::Named(_)) => self.backend.microphone(&DeviceChoice::Default),
            (found, _) => found,
        }?;
        let about = found.about().clone();
        let (callback, feed) = microphone(about.rate, &self.shared);
        let life = Arc::clone(&feed.life);
        let running = found.start(callback)?;
        let _ = self.encode.send(encode::Order::Microphone(Some(feed)));
        self.shared.encoder.wake();
        Ok(Opened { about, life, _running: running })
    }

    fn open_speaker(&mut self) -> Result<Opened, AudioError> {
        let found = match (self.backend.speaker(&self.speaker), &self.speaker) {
            (Err(_), DeviceChoice::Named(_)) => self.backend.speaker(&DeviceChoice::Default),
            (found, _) => found,
        }?;
        let about = found.about().clone();
        let (callback, feed, played) = speaker(about.rate, &self.shared);
        let life = Arc::clone(&feed.life);
        let running = found.start(callback)?;
        let _ = self.playout.send(playout::Order::Speaker(Some(feed)));
        self.shared.playout.wake();
        let _ = self.encode.send(encode::Order::Speaker(Some(played)));
        self.shared.encoder.wake();
        Ok(Opened { about, life, _running: running })
    }
}

/// The clock that stands still while the system sleeps and the one that doesn't; on some systems neither does, and then
/// the keeper's own step tells.
struct Clocks {
    steady: Instant,
    wall: SystemTime,
}

impl Clocks {
    fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    fn jumped(&mut self) -> bool {
        let now = Self::now();
        let steady = now.steady.duration_since(self.steady);
        // A clock that was set back says nothing.
        let wall = now.wall.duration_since(self.wall).unwrap_or_default();
        *self = now;
        steady > SLEPT || wall.saturating_sub(steady) > SLEPT
    }
}
