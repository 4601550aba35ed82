//! Hear yourself as others would: five seconds of the microphone through the whole corridor, then played back.
//!
//! A thread of its own on a corridor of its own. What was said is kept in memory only, and gone with the test.

use std::{
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use std::sync::Arc;

use super::{
    AudioEvents, CallAudio, Ear, Setup, VoiceFrames,
    error::AudioError,
    frame::{RATE, VoiceFrame},
    keeper::AudioEvent,
    shared::Switch,
};
use crate::queue::{Giver, Taker, newest};

/// How long one speaks.
const SPEAKING: Duration = Duration::from_secs(5);
/// The meter moves ten times a second.
const TELL: Duration = Duration::from_millis(100);
const STEP: Duration = Duration::from_millis(5);
/// The last words are still on their way to the speaker.
const LINGER: Duration = Duration::from_millis(400);
/// News that waits to be read; the oldest is lost.
const NEWS: usize = 32;
/// -50 dBFS: whatever is below isn't a voice close to the microphone.
const HEARD: f32 = 0.003;

/// How a test goes.
#[derive(Clone, Debug, PartialEq)]
pub enum SelfTestNews {
    /// Speak. Ten times a second.
    Listening {
        /// How much time is left, ms.
        left_ms: u32,
        /// RMS of what would be sent, 0 to 1.
        level: f32,
    },
    /// Listen. Ten times a second.
    Playing {
        /// How much is left, ms.
        left_ms: u32,
        /// RMS of what the speaker gets, 0 to 1.
        level: f32,
    },
    /// Something about the devices.
    Device(AudioEvent),
    /// It is over.
    Finished {
        /// Whether there was anything to be heard.
        heard: bool,
    },
}

/// A test that runs; dropping it ends it.
#[derive(Debug)]
pub struct SelfTest {
    stop: Arc<Switch>,
    thread: Option<JoinHandle<()>>,
    news: Taker<SelfTestNews>,
}

impl SelfTest {
    /// Begins at once.
    pub fn start(setup: Setup) -> Result<Self, AudioError> {
        let (audio, frames, events) = CallAudio::start(Setup { muted: false, deafened: false, ..setup })?;
        let ear = audio.hear()?;
        let (giver, news) = newest(NEWS);
        let stop = Arc::new(Switch::default());
        let course = Course { audio, events, news: giver, stop: Arc::clone(&stop) };
        let thread =
            thread::Builder::new().name("juice-self-test".to_owned()).spawn(move || course.run(frames, ear))?;
        Ok(Self { stop, thread: Some(thread), news })
    }

    /// The next news, or `None` when all has been told. May be cancelled.
    pub async fn next(&mut self) -> Option<SelfTestNews> {
        self.news.take().await
    }
}

impl Drop for SelfTest {
    fn drop(&mut self) {
        self.stop.set(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Course {
    audio: CallAudio,
    events: AudioEvents,
    news: Giver<SelfTestNews>,
    stop: Arc<Switch>,
}

impl Course {
    fn run(mut self, mut frames: VoiceFrames, ear: Ear) {
        let (mut said, mut heard) = (vec![], false);
        self.during(SPEAKING, |audio, left_ms, _| {
            said.extend(std::iter::from_fn(|| frames.try_next()));
            let level = audio.levels().microphone;
            heard |= level > HEARD;
            SelfTestNews::Listening { left_ms, level }
        });
        // Otherwise the microphone would hear the speaker, and the canceller take out what is to be heard.
        self.audio.set_muted(true);
        self.play(said, ear);
        if !self.stop.is_on() {
            self.news.give(SelfTestNews::Finished { heard });
        }
    }

    fn play(&mut self, said: Vec<VoiceFrame>, mut ear: Ear) {
        let (Some(first), Some(last)) = (said.first(), said.last()) else { return };
        let start = first.captured;
        let at = move |frame: &VoiceFrame| {
            Duration::from_micros(u64::from(frame.captured.wrapping_sub(start)) * 1_000_000 / u64::from(RATE))
        };
        let whole = at(last) + LINGER;
        let mut said = said.into_iter().peekable();
        self.during(whole, |audio, left_ms, since| {
            while let Some(frame) = said.next_if(|frame| at(frame) <= since) {
                ear.push(frame);
            }
            SelfTestNews::Playing { left_ms, level: audio.levels().speaker }
        });
    }

    /// Does something every few milliseconds for so long, and tells of it ten times a second.
    fn during(&mut self, whole: Duration, mut step: impl FnMut(&CallAudio, u32, Duration) -> SelfTestNews) {
        let (began, mut told) = (Instant::now(), Duration::ZERO);
        while !self.stop.is_on() {
            let since = began.elapsed();
            let left_ms = u32::try_from(whole.saturating_sub(since).as_millis()).unwrap_or(u32::MAX);
            let news = step(&self.audio, left_ms, since);
            if since >= told {
                told = since + TELL;
                self.news.give(news);
            }
            while let Some(event) = self.events.try_next() {
                self.news.give(SelfTestNews::Device(event));
            }
            if since >= whole {
                return;
            }
            thread::sleep(STEP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{DeviceChoice, Processing, Sink, Source};

    #[tokio::test]
    async fn what_was_said_is_heard() {
        let mut test = SelfTest::start(Setup {
            microphone: DeviceChoice::Synthetic(Source::Tone { hertz: 300 }),
            speaker: DeviceChoice::Synthetic(Sink::Nothing),
            processing: Processing { echo: false, noise: false, gain: false },
            ..Setup::default()
        })
        .unwrap();
        let (mut said, mut played, mut finished) = (0.0_f32, 0.0_f32, None);
        while let Some(news) = test.next().await {
            match news {
                SelfTestNews::Listening { level, .. } => said = said.max(level),
                SelfTestNews::Playing { level, .. } => played = played.max(level),
                SelfTestNews::Device(_) => {}
                SelfTestNews::Finished { heard } => finished = Some(heard),
            }
        }
        assert_eq!(finished, Some(true));
        assert!(said > 0.1 && played > 0.1, "said {said}, played {played}");
    }
}
