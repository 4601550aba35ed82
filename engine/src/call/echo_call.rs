//! A call with nobody: what one says comes back a second later, through all that a real call goes through but the net.
//!
//! It lives here alone; no buddy and no server hears of it. Dropping it ends it and tells the window.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use juice_proto::{
    id::CallId,
    view::{CallStage, CallView, EndReason, Event, SoundLevels},
};
use tokio::{
    sync::mpsc,
    task::{JoinSet, spawn_blocking},
    time::{interval, sleep_until},
};

use super::{CallNews, ECHO, LEVELS, meter};
use crate::{
    audio::{AudioError, CallAudio, Ear, Echo, Setup, VoiceFrames},
    clock::wall,
};

/// See the module.
pub(super) struct EchoCall {
    view: CallView,
    news: mpsc::Sender<CallNews>,
    audio: Option<Arc<CallAudio>>,
    _tasks: JoinSet<()>,
}

impl EchoCall {
    pub fn start(setup: Setup, news: mpsc::Sender<CallNews>) -> Result<Self, AudioError> {
        let (muted, deafened) = (setup.muted, setup.deafened);
        let (audio, frames, _) = CallAudio::start(setup)?;
        let ear = audio.hear()?;
        let mut tasks = JoinSet::new();
        let audio = Arc::new(audio);
        tasks.spawn(say_back(frames, ear, Arc::downgrade(&audio), news.clone()));
        let mut id = [0; 32];
        // Only this computer ever sees it.
        let _ = getrandom::fill(&mut id);
        let view = CallView {
            id: CallId::new(id).to_string(),
            buddy: ECHO.into(),
            mine: true,
            stage: CallStage::Talking,
            talking_since_ms: Some(wall() as f64),
            muted,
            deafened,
            held: false,
            held_by_them: false,
            they_muted: false,
            they_record: false,
            recording: false,
            volume: 100,
        };
        let call = Self { view, news, audio: Some(audio), _tasks: tasks };
        call.show();
        Ok(call)
    }

    pub fn is(&self, call: &str) -> bool {
        self.view.id == call
    }

    pub fn view(&self) -> CallView {
        self.view.clone()
    }

    pub fn mute(&mut self, on: bool) {
        self.view.muted = on;
        self.audio.iter().for_each(|audio| audio.set_muted(on));
        self.show();
    }

    pub fn deafen(&mut self, on: bool) {
        self.view.deafened = on;
        self.audio.iter().for_each(|audio| audio.set_deafened(on));
        self.show();
    }

    fn show(&self) {
        self.tell(Event::CallChanged { call: self.view() });
    }

    fn tell(&self, event: Event) {
        let _ = self.news.try_send(CallNews::Tell(Box::new(event)));
    }
}

impl Drop for EchoCall {
    fn drop(&mut self) {
        let reason = EndReason::LocalHangUp;
        self.tell(Event::CallEnded { call: self.view.id.clone(), buddy: ECHO.into(), reason });
        let audio = self.audio.take();
        // Its threads end within some 10 ms, for which nobody waits.
        spawn_blocking(move || drop(audio));
    }
}

async fn say_back(mut frames: VoiceFrames, mut ear: Ear, audio: Weak<CallAudio>, news: mpsc::Sender<CallNews>) {
    let (begun, mut echo, mut ticks) = (Instant::now(), Echo::default(), interval(LEVELS));
    loop {
        let due = begun + echo.due().unwrap_or(Duration::MAX / 4).min(Duration::from_secs(3_600) + begun.elapsed());
        tokio::select! {
            frame = frames.next() => match frame {
                Some(frame) => echo.hear(frame, begun.elapsed()),
                None => return,
            },
            () = sleep_until(due.into()) => {
                while let Some(frame) = echo.say(begun.elapsed()) {
                    ear.push(frame);
                }
            }
            _ = ticks.tick() => {
                let microphone = audio.upgrade().map_or(0.0, |audio| meter(audio.levels().microphone));
                let levels = SoundLevels { microphone, they_speak: ear.is_speaking(), speaking_muted: false };
                let _ = news.try_send(CallNews::Tell(Box::new(Event::SoundLevelsChanged { levels })));
            }
        }
    }
}
