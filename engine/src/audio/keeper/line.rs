//! One device's place: what is open in it, whether that lives, and when it is tried again. Pure but for what opens it.

use std::time::{Duration, Instant};

use super::Opened;
use crate::audio::{
    device::{About, Meant},
    error::AudioError,
};

/// Some devices take as long to start calling.
const GRACE: Duration = Duration::from_secs(3);
/// A device that hasn't called for so long stands still. The longest period of any is far below.
const STILL: Duration = Duration::from_millis(600);
const AGAIN: Duration = Duration::from_millis(500);

/// What came of looking after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    None,
    /// It can't be had, and wasn't told so far.
    Lost,
    /// It was lost and is there again, of this name.
    Back(String),
    /// Opened, and it is another one than before.
    Changed(String),
}

/// See the module.
#[derive(Default)]
pub(super) struct Line {
    open: Option<Place>,
    last: Option<About>,
    lost: bool,
    tried: Option<Instant>,
}

struct Place {
    device: Opened,
    opened: Instant,
    beats: u64,
    beaten: Instant,
}

impl Line {
    /// Closes what is open, so that the next look opens it anew.
    pub(super) fn close(&mut self) {
        self.open = None;
        self.tried = None;
    }

    /// Closes what is open if it isn't the device that is meant.
    pub(super) fn compare(&mut self, meant: &Meant) {
        let Some(place) = &self.open else { return };
        let is_right = match meant {
            Meant::Same => true,
            Meant::Nothing => false,
            Meant::This(id) => *id == place.device.about.id,
        };
        if !is_right {
            self.close();
        }
    }

    /// Looks after it at `now`.
    pub(super) fn keep(&mut self, now: Instant, open: impl FnOnce() -> Result<Opened, AudioError>) -> News {
        if self.open.as_mut().is_some_and(|place| !place.lives(now)) {
            tracing::info!("a sound device stopped");
            self.close();
        }
        let is_too_early = self.tried.is_some_and(|tried| now.duration_since(tried) < AGAIN);
        if self.open.is_some() || is_too_early {
            return News::None;
        }
        self.tried = Some(now);
        match open() {
            Ok(device) => self.opened(device, now),
            Err(error) => {
                tracing::debug!(%error, "a sound device can't be opened");
                if std::mem::replace(&mut self.lost, true) { News::None } else { News::Lost }
            }
        }
    }

    fn opened(&mut self, device: Opened, now: Instant) -> News {
        let about = device.about.clone();
        self.open = Some(Place { device, opened: now, beats: 0, beaten: now });
        let is_same = self.last.as_ref().is_some_and(|last| last.id == about.id);
        let name = about.name.clone();
        self.last = Some(about);
        match (std::mem::replace(&mut self.lost, false), is_same) {
            (true, _) => News::Back(name),
            (false, true) => News::None,
            (false, false) => News::Changed(name),
        }
    }
}

impl Place {
    fn lives(&mut self, now: Instant) -> bool {
        if self.device.life.failed.is_on() {
            return false;
        }
        let beats = self.device.life.beats.value();
        if beats != self.beats {
            (self.beats, self.beaten) = (beats, now);
        }
        let patience = if beats == 0 { GRACE } else { STILL };
        now.duration_since(self.beaten.max(self.opened)) < patience
    }
}
