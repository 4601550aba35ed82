//! A call with nobody: what one says comes back a second later, through all that a real call goes through but the net.
//!
//! It lives here alone; no buddy and no server hears of it. Dropping it ends it and tells the window.

use std::{
    sync::{Arc, Weak},
    time::Instant,
};

use juice_proto::{
    id::{CallId, Millis},
    view::{CallStage, CallView, EndReason, Event, SoundLevels},
};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{interval, sleep_until},
};

use super::{CallNews, ECHO, LEVELS, close, meter};
use crate::{
    audio::{AudioError, CallAudio, Ear, Echo, Setup, VoiceFrames},
    clock::wall,
};

/// See the module.
pub(super) struct EchoCall {
    id: String,
    since_ms: Millis,
    news: mpsc::Sender<CallNews>,
    /// Until it is dropped.
    audio: Option<Arc<CallAudio>>,
    _tasks: JoinSet<()>,
}

impl EchoCall {
    pub fn start(setup: Setup, news: mpsc::Sender<CallNews>) -> Result<Self, AudioError> {
        let (audio, frames, _) = CallAudio::start(setup)?;
        let ear = audio.hear()?;
        let mut tasks = JoinSet::new();
        let audio = Arc::new(audio);
        let mut id = [0; 32];
        // Only this computer ever sees it.
        let _ = getrandom::fill(&mut id);
        let id = CallId::new(id).to_string();
        tasks.spawn(say_back(id.clone(), frames, ear, Arc::downgrade(&audio), news.clone()));
        Ok(Self { id, since_ms: wall(), news, audio: Some(audio), _tasks: tasks })
    }

    pub fn is(&self, call: &str) -> bool {
        self.id == call
    }

    pub fn view(&self, muted: bool, deafened: bool) -> CallView {
        let since = Some(self.since_ms as f64);
        CallView { talking_since_ms: since, muted, deafened, ..CallView::with_one(&self.id, ECHO, CallStage::Talking) }
    }

    /// Does something with the corridor.
    pub fn with_audio(&self, act: impl FnOnce(&CallAudio)) {
        if let Some(audio) = &self.audio {
            act(audio);
        }
    }
}

impl Drop for EchoCall {
    fn drop(&mut self) {
        let (call, reason) = (self.id.clone(), EndReason::LocalHangUp);
        CallNews::show(&self.news, Event::CallEnded { call, buddy: ECHO.into(), reason });
        close(self.audio.take());
    }
}

async fn say_back(
    id: String,
    mut frames: VoiceFrames,
    mut ear: Ear,
    audio: Weak<CallAudio>,
    news: mpsc::Sender<CallNews>,
) {
    let (begun, mut echo, mut ticks) = (Instant::now(), Echo::default(), interval(LEVELS));
    loop {
        let due = echo.due();
        tokio::select! {
            frame = frames.next() => match frame {
                Some(frame) => echo.hear(frame, begun.elapsed()),
                None => return,
            },
            () = sleep_until((begun + due.unwrap_or_default()).into()), if due.is_some() => {
                while let Some(frame) = echo.say(begun.elapsed()) {
                    ear.push(frame);
                }
            }
            _ = ticks.tick() => {
                let microphone = audio.upgrade().map_or(0.0, |audio| meter(audio.levels().microphone));
                let speaking = Some(id.clone()).filter(|_| ear.is_speaking()).into_iter().collect();
                let levels = SoundLevels { microphone, speaking, speaking_muted: false };
                CallNews::show(&news, Event::SoundLevelsChanged { levels });
            }
        }
    }
}
