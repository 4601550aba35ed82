//! What the speaker gave to the room, in step with the microphone: the echo canceller's reference.
//!
//! The speaker's callback copies every sample that the device gets into a ring, the silence of an underrun too. The encode
//! thread owns what is here, and takes one block of it for each block of the microphone. The two are paired by counting and
//! not by when they come, so the delay that the canceller sees stays what it is between the devices, however unevenly
//! threads and callbacks run: a burst of one side is made up for by the next of the other.
//!
//! Between the two waits a backlog of one block. It is left alone while it moves and comes back. Where it stays off
//! for half a second, since the devices' clocks differ or a device lost sound unseen, it is set right once. What isn't there
//! in time is shown as silence, and left out when it comes.

use std::collections::VecDeque;

use super::{
    error::AudioError,
    frame::{BLOCK, RATE},
    resample::Resampler,
    speaker::Played,
};

/// What waits after a block was taken, so that a callback that is late by as much does no harm. Sound takes longer from
/// one callback through the air to the other, so the echo never comes before its reference.
const BACKLOG: usize = BLOCK;
/// A backlog that is never below this could make the reference later than the echo.
const LONGEST_BACKLOG: i64 = (BACKLOG + BLOCK * 3 / 2) as i64;
/// Blocks after which the backlog is judged: longer than any stall that the microphone's ring bears.
const WINDOW: usize = 50;
/// So often in a window, or for so many blocks of it, there is too little: then it isn't one stall.
const OFTEN_DRY: usize = 4;
const LONG_DRY: usize = WINDOW / 2;
/// For safety: more than a second never waits.
const MOST_WAITING: usize = RATE as usize;

/// See the module.
#[derive(Default)]
pub(super) struct Reference {
    speaker: Option<Speaker>,
    pairing: Pairing,
}

struct Speaker {
    played: Played,
    /// None where the device is at 48 kHz.
    resampler: Option<Resampler>,
    raw: Vec<f32>,
}

impl Reference {
    /// From here on of this speaker, or of none, which is silence.
    pub(super) fn change(&mut self, played: Option<Played>) {
        self.pairing = Pairing::default();
        self.speaker = played.and_then(|played| {
            Speaker::new(played)
                .inspect_err(|error| tracing::warn!(%error, "the speaker's echo can't be taken out"))
                .ok()
        });
    }

    /// What has been played so far belongs to nothing that the microphone will bring.
    pub(super) fn restart(&mut self) {
        self.pairing = Pairing::default();
        if let Some(Speaker { played, .. }) = &mut self.speaker
            && let Ok(chunk) = played.samples.read_chunk(played.samples.slots())
        {
            chunk.commit_all();
        }
    }

    /// The block that goes with the microphone's next.
    pub(super) fn take(&mut self, block: &mut [f32; BLOCK]) {
        if let Some(speaker) = &mut self.speaker
            && let Err(error) = speaker.read(|samples| self.pairing.give(samples))
        {
            tracing::warn!(%error, "the speaker's echo is no longer taken out");
            self.speaker = None;
        }
        self.pairing.take(block);
    }
}

impl Speaker {
    fn new(played: Played) -> Result<Self, AudioError> {
        let resampler = (played.rate != RATE).then(|| Resampler::giving(BLOCK, played.rate, RATE)).transpose()?;
        Ok(Self { played, resampler, raw: vec![] })
    }

    /// Hands over what has been played since, at 48 kHz.
    fn read(&mut self, mut give: impl FnMut(&[f32])) -> Result<(), AudioError> {
        loop {
            let there = self.played.samples.slots();
            let wanted = self.resampler.as_ref().map_or(there, Resampler::wanted);
            self.raw.resize(wanted, 0.0);
            if wanted == 0 || self.played.samples.pop_entire_slice(&mut self.raw).is_err() {
                return Ok(());
            }
            match &mut self.resampler {
                None => give(&self.raw),
                Some(resampler) => give(resampler.process(&self.raw)?),
            }
        }
    }
}

/// Samples of one side counted against blocks of the other. Pure.
#[derive(Default)]
struct Pairing {
    waiting: VecDeque<f32>,
    /// Samples that were shown as silence, since they had not come.
    owed: usize,
    has_begun: bool,
    /// The backlog after each block of the window so far; below 0 where samples are owed.
    backlogs: Vec<i64>,
    was_dry: bool,
    /// How often in the window it ran dry.
    times_dry: usize,
}

impl Pairing {
    fn give(&mut self, samples: &[f32]) {
        self.waiting.extend(samples);
        let late = self.owed.min(self.waiting.len());
        self.waiting.drain(..late);
        self.owed -= late;
        self.shorten(self.waiting.len().saturating_sub(MOST_WAITING));
    }

    fn take(&mut self, block: &mut [f32; BLOCK]) {
        block.fill(0.0);
        if !self.has_begun {
            let Some(older) = self.waiting.len().checked_sub(BLOCK + BACKLOG) else { return };
            self.shorten(older);
            self.has_begun = true;
        }
        let there = self.waiting.len().min(BLOCK);
        for (place, sample) in block.iter_mut().zip(self.waiting.drain(..there)) {
            *place = sample;
        }
        self.owed += BLOCK - there;
        let is_dry = there < BLOCK;
        self.times_dry += usize::from(is_dry && !self.was_dry);
        self.was_dry = is_dry;
        self.backlogs.push(self.waiting.len() as i64 - self.owed as i64);
        if self.backlogs.len() >= WINDOW {
            self.judge();
        }
    }

    /// Sets the backlog right, where a whole window says that it isn't.
    fn judge(&mut self) {
        self.backlogs.sort_unstable();
        let least = self.backlogs.first().copied().unwrap_or_default();
        let usual = self.backlogs.get(WINDOW / 4).copied().unwrap_or_default();
        let dry = self.backlogs.iter().filter(|backlog| **backlog < 0).count();
        let too_much = least - BACKLOG as i64;
        let too_little = BACKLOG as i64 - usual;
        if least > LONGEST_BACKLOG {
            tracing::debug!(samples = too_much, "the speaker's sound is left out, so that it isn't late for its echo");
            self.shorten(usize::try_from(too_much).unwrap_or_default());
        } else if too_little > 0 && (dry >= LONG_DRY || self.times_dry >= OFTEN_DRY) {
            tracing::debug!(
                samples = too_little,
                "silence is put in, where the speaker brings less than the microphone"
            );
            self.lengthen(usize::try_from(too_little).unwrap_or_default());
        }
        self.backlogs.clear();
        self.times_dry = 0;
    }

    fn shorten(&mut self, samples: usize) {
        self.waiting.drain(..samples.min(self.waiting.len()));
    }

    fn lengthen(&mut self, samples: usize) {
        let forgiven = samples.min(self.owed);
        self.owed -= forgiven;
        for _ in forgiven..samples {
            self.waiting.push_front(0.0);
        }
    }
}

#[cfg(test)]
mod tests;
