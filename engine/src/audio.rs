//! The voice corridor: my microphone to frames for the net, and frames off the net to my speaker.
//!
//! [`CallAudio::start`] runs it and dropping the [`CallAudio`] ends it, every thread and device of it. Its edges are
//! [`VoiceFrames`], which the net seals and sends, and one [`Ear`] for each peer, which it gives what it has opened.
//! Inside, everything is 48 kHz, one channel, `f32` from -1 to 1, in blocks of 10 ms:
//!
//! ```text
//!  microphone's callback > ring > encode thread: clean, Opus > VoiceFrames
//!           | what was played > ring ^
//!  speaker's callback < ring < playout thread: mix < Voice: jitter, Opus < ring < Ear
//!  keeper's thread: opens devices, sees whether they live
//! ```
//!
//! It knows nothing of calls, peers or keys, and needs no async runtime.

mod adapt;
mod bell;
mod cleaner;
mod device;
mod ear;
mod echo;
mod encode;
mod encoder;
mod error;
mod frame;
mod keeper;
mod loudspeaker;
mod meter;
mod microphone;
mod playout;
mod priority;
mod recording;
mod reference;
mod resample;
mod self_test;
mod shared;
mod speaker;
#[cfg(test)]
mod tests;
mod tones;
mod voice;

use std::{
    path::Path,
    sync::{Arc, mpsc::SyncSender},
    thread::{self, JoinHandle},
    time::Instant,
};

use self::{device::Backend, encode::Encode, keeper::Keeper, playout::Playout, shared::Shared};

use crate::queue::{Taker, newest};

pub use self::{
    adapt::{Coding, Link, coding},
    bell::{Bell, Pull},
    cleaner::Processing,
    device::{
        Device, DeviceChoice, DeviceId, DeviceList, MicrophoneChoice, Sink, Source, SpeakerChoice, devices, probe,
    },
    ear::{Ear, Reception},
    echo::Echo,
    error::AudioError,
    frame::{FrameLength, LARGEST_PACKET, RATE, VoiceFrame, VoiceFrames},
    keeper::AudioEvent,
    recording::Recording,
    self_test::{SelfTest, SelfTestNews},
    tones::Tone,
};
pub(crate) use self::{
    loudspeaker::Loudspeaker,
    recording::{FileReel, PART, Reel},
    resample::Resampler,
};

/// How many other voices there may be in a call.
pub const VOICES: usize = 8;
/// Events that wait to be read; the oldest is lost when there are more.
const EVENTS: usize = 32;

/// How a call's audio begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Which microphone.
    pub microphone: MicrophoneChoice,
    /// Which speaker.
    pub speaker: SpeakerChoice,
    /// Others hear nothing of me.
    pub muted: bool,
    /// I hear nothing of others.
    pub deafened: bool,
    /// What is done to my voice.
    pub processing: Processing,
    /// How much sound is in a packet, where the link is good enough to choose.
    pub frame: FrameLength,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            microphone: DeviceChoice::Default,
            speaker: DeviceChoice::Default,
            muted: false,
            deafened: false,
            processing: Processing::default(),
            frame: FrameLength::Ms10,
        }
    }
}

/// How loud it is at the moment: RMS of 10 ms, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Levels {
    /// My voice as it is sent; 0 if muted.
    pub microphone: f32,
    /// What the speaker plays.
    pub speaker: f32,
}

/// What happens to the devices, to be shown to the person.
#[derive(Debug)]
pub struct AudioEvents {
    events: Taker<AudioEvent>,
}

impl AudioEvents {
    /// The next event, or `None` once the call's audio has ended. May be cancelled.
    pub async fn next(&mut self) -> Option<AudioEvent> {
        self.events.take().await
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<AudioEvent> {
        self.events.try_take()
    }
}

/// The sound of one call. Dropping it ends its threads, closes its devices and waits for that, some 10 ms.
#[derive(Debug)]
pub struct CallAudio {
    shared: Arc<Shared>,
    keeper: SyncSender<keeper::Order>,
    encode: SyncSender<encode::Order>,
    playout: SyncSender<playout::Order>,
    threads: Vec<JoinHandle<()>>,
    start: Instant,
    frame: FrameLength,
    /// One for each ear, and one here.
    seats: Arc<()>,
}

impl CallAudio {
    /// Starts the corridor. Doesn't wait for the devices: that they work, or don't, comes as an event.
    pub fn start(setup: Setup) -> Result<(Self, VoiceFrames, AudioEvents), AudioError> {
        Self::start_with(setup, device::Devices::default)
    }

    fn start_with<B: Backend>(
        setup: Setup,
        backend: impl FnOnce() -> B + Send + 'static,
    ) -> Result<(Self, VoiceFrames, AudioEvents), AudioError> {
        let shared = Arc::new(Shared::default());
        shared.muted.set(setup.muted);
        shared.deafened.set(setup.deafened);
        let start = Instant::now();
        let (keeper, keeper_orders) = std::sync::mpsc::sync_channel(keeper::ORDERS);
        let (encode, encode_orders) = std::sync::mpsc::sync_channel(encode::ORDERS);
        let (playout, playout_orders) = std::sync::mpsc::sync_channel(playout::ORDERS);
        let (giver, frames) = newest(frame::FRAMES_OUT);
        let (events_giver, events) = newest(EVENTS);
        let coding = coding(Link::default(), setup.frame);
        let encoder = Encode::new(Arc::clone(&shared), encode_orders, giver, coding, setup.processing)?;
        let player = Playout::new(Arc::clone(&shared), playout_orders, start);
        let mut audio = Self {
            shared: Arc::clone(&shared),
            keeper,
            encode: encode.clone(),
            playout: playout.clone(),
            threads: vec![],
            start,
            frame: setup.frame,
            seats: Arc::new(()),
        };
        audio.spawn("juice-encode", move || encoder.run())?;
        audio.spawn("juice-playout", move || player.run())?;
        let (microphone, speaker) = (setup.microphone, setup.speaker);
        audio.spawn("juice-devices", move || {
            let (backend, orders, events) = (backend(), keeper_orders, events_giver);
            Keeper { shared, backend, orders, encode, playout, events, microphone, speaker }.run();
        })?;
        Ok((audio, VoiceFrames { frames }, AudioEvents { events }))
    }

    fn spawn(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), AudioError> {
        self.threads.push(thread::Builder::new().name(name.to_owned()).spawn(body)?);
        Ok(())
    }

    /// Adds a peer's voice to what is heard, until the ear is dropped; at most [`VOICES`].
    pub fn hear(&self) -> Result<Ear, AudioError> {
        if Arc::strong_count(&self.seats) > VOICES {
            return Err(AudioError::TooManyVoices);
        }
        let (ear, inbox) = ear::ear(self.start, Arc::clone(&self.seats));
        let seat = Box::new(playout::Seat::new(inbox)?);
        // The thread lives as long as this value does.
        let _ = self.playout.send(playout::Order::Hear(seat));
        self.shared.playout.wake();
        Ok(ear)
    }

    /// From the moment this returns, nothing that the microphone hears goes anywhere.
    pub fn set_muted(&self, muted: bool) {
        self.shared.muted_speech.set(false);
        self.shared.muted.set(muted);
    }

    /// Whether others hear nothing of me.
    pub fn is_muted(&self) -> bool {
        self.shared.muted.is_on()
    }

    /// Stops playing others, who are received all the same.
    pub fn set_deafened(&self, deafened: bool) {
        self.shared.deafened.set(deafened);
    }

    /// Uses another microphone from here on.
    pub fn use_microphone(&self, choice: MicrophoneChoice) {
        let _ = self.keeper.send(keeper::Order::Microphone(choice));
        self.shared.keeper.wake();
    }

    /// Uses another speaker from here on.
    pub fn use_speaker(&self, choice: SpeakerChoice) {
        let _ = self.keeper.send(keeper::Order::Speaker(choice));
        self.shared.keeper.wake();
    }

    /// Changes what is done to my voice; the echo canceller learns the room anew.
    pub fn set_processing(&self, processing: Processing) {
        let _ = self.encode.send(encode::Order::Clean(processing));
        self.shared.encoder.wake();
    }

    /// Codes my voice for a link of this kind from here on. Cheap; call it with every report.
    pub fn adapt(&self, link: Link) {
        let _ = self.encode.send(encode::Order::Adapt(coding(link, self.frame)));
        self.shared.encoder.wake();
    }

    /// Records the call from here on into a new Ogg Opus file: me on the left, the others on the right. One at a time:
    /// the one before pauses.
    pub fn record(&self, path: &Path) -> Result<Recording, AudioError> {
        let recording = Recording::begin(path)?;
        self.record_into(&recording);
        Ok(recording)
    }

    /// Goes on with a recording, which is this one's until the call's audio ends.
    pub fn record_into(&self, recording: &Recording) {
        let (mine, others) = recording.go_on();
        let _ = self.encode.send(encode::Order::Record(mine));
        let _ = self.playout.send(playout::Order::Record(others));
    }

    /// How loud it is at the moment.
    pub fn levels(&self) -> Levels {
        Levels { microphone: self.shared.microphone_level.value(), speaker: self.shared.speaker_level.value() }
    }
}

impl Drop for CallAudio {
    fn drop(&mut self) {
        self.shared.end();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
