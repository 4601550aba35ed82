//! A loudspeaker of one's own, beside any call: for the bell, and for what is played to the person.
//!
//! Whoever opens it feeds it, from a thread that may sleep; dropping it closes the device, and what the device holds is
//! not heard any more.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    device::{Backend, DeviceChoice, Devices, Running, SpeakerChoice},
    error::AudioError,
    shared::Shared,
    speaker::{SpeakerFeed, speaker},
};

/// How much is made ahead: enough for a busy machine, and little enough that what is broken off ends at once.
const AHEAD: Duration = Duration::from_millis(60);
/// What is broken off fades for so long: at once to the ear, and without a click.
const FADE: Duration = Duration::from_millis(12);
/// Only a safeguard: the loudspeaker wakes the thread.
const STEP: Duration = Duration::from_millis(10);
/// A device that hasn't called for so long is gone; some take as long to start.
const STILL: Duration = Duration::from_secs(2);
/// Sound cards and servers hold this much behind the callback, and closing the stream throws it away.
const LINGER: Duration = Duration::from_millis(120);

/// See the module.
pub(crate) struct Loudspeaker {
    feed: SpeakerFeed,
    /// When the device last called, and how often it had by then.
    called: (Instant, u64),
    /// Dropped when the device is to be closed.
    _running: Running,
}

impl Loudspeaker {
    /// Opens it, or the system's own where the one that was named is gone. Its thread is the one that calls this.
    ///
    /// # Errors
    /// `NoDevice`, `NotAllowed`, `Busy`, `Device`.
    pub fn open(choice: &SpeakerChoice) -> Result<Self, AudioError> {
        let mut devices = Devices::default();
        let found = match (devices.speaker(choice), choice) {
            (Err(_), DeviceChoice::Named(_)) => devices.speaker(&DeviceChoice::Default),
            (found, _) => found,
        }?;
        let shared = Arc::new(Shared::default());
        shared.playout.is(thread::current());
        let (callback, feed, _) = speaker(found.about().rate, &shared);
        let running = found.start(callback)?;
        Ok(Self { feed, called: (Instant::now(), 0), _running: running })
    }

    /// Samples a second that it takes.
    pub fn rate(&self) -> u32 {
        self.feed.rate
    }

    /// False once the device has failed, or never began.
    pub fn lives(&self) -> bool {
        let life = &self.feed.life;
        !life.failed.is_on() && (life.beats.value() > 0 || self.called.0.elapsed() < STILL)
    }

    /// False also where it has called for a while and does so no more.
    pub fn goes_on(&mut self) -> bool {
        let beats = self.feed.life.beats.value();
        if beats != self.called.1 {
            self.called = (Instant::now(), beats);
        }
        self.lives() && self.called.0.elapsed() < STILL
    }

    /// How many samples should be given to it now.
    pub fn room(&self) -> usize {
        let ahead = self.count(AHEAD).max(self.feed.period() * 2);
        ahead.saturating_sub(self.feed.filled()).min(self.feed.ring.slots())
    }

    /// Takes samples; what there is no room for is lost.
    pub fn give(&mut self, samples: &[f32]) {
        let fit = samples.get(..self.feed.ring.slots().min(samples.len())).unwrap_or_default();
        let _ = self.feed.ring.push_entire_slice(fit);
    }

    /// Samples that were given and not taken by the device.
    pub fn waiting(&self) -> usize {
        self.feed.filled()
    }

    /// Sleeps until it may take more, a moment at most.
    pub fn wait(&self) {
        thread::park_timeout(STEP);
    }

    /// Plays all of it, or as long as it goes on, and a fade.
    pub fn play(&mut self, samples: &[f32], goes_on: impl Fn() -> bool) {
        let mut left = samples;
        while !left.is_empty() && self.goes_on() {
            if !goes_on() {
                return self.fade(left);
            }
            let (now, later) = left.split_at(self.room().min(left.len()));
            self.give(now);
            left = later;
            self.wait();
        }
    }

    fn fade(&mut self, samples: &[f32]) {
        let length = self.count(FADE).min(samples.len());
        let faded = samples.iter().take(length).enumerate();
        let faded: Vec<f32> = faded.map(|(at, sample)| sample * (1.0 - at as f32 / length.max(1) as f32)).collect();
        self.give(&faded);
    }

    /// Holds the stream until what was played has been heard.
    pub fn drain(self) {
        let end = Instant::now() + LINGER * 2;
        while self.feed.filled() > 0 && self.lives() && Instant::now() < end {
            self.wait();
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
