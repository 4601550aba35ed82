//! What the speaker gave to the room, in step with the microphone: the echo canceller's reference.
//!
//! The speaker's callback copies every sample that the device gets into a ring, the silence of an underrun too. The encode
//! thread owns what is here, and takes one block of it for each block of the microphone. The two are paired by counting and
//! not by when they come, so the delay that the canceller sees stays what it is between the devices, however unevenly
//! threads and callbacks run: a burst of one side is made up for by the next of the other.
//!
//! Nothing more waits between the two than their callbacks make, since the echo must not come before its reference: from one
//! callback through the air to the other it may take no longer than 20 ms. This backlog is left alone while it moves and
//! comes back. Where it stays off for half a second, since the devices' clocks differ or a device lost sound unseen, it is
//! set right once; where it runs dry again and again, a block more waits for as long as that goes on. What isn't there in
//! time is shown as silence, and left out when it comes.

use std::collections::VecDeque;

use super::{
    error::AudioError,
    frame::{BLOCK, RATE},
    resample::Resampler,
    speaker::Played,
};

/// Blocks after which the backlog is judged: half a second, longer than any stall that the microphone's ring bears.
const WINDOW: usize = 50;
/// So often in a window there is too little: then it isn't one stall. Or for so many blocks of it.
const OFTEN_DRY: usize = 2;
const LONG_DRY: usize = WINDOW / 2;
/// More than the backlog should be is too much from here on.
const TOO_MUCH: i64 = BLOCK as i64 * 3 / 4;
/// What may wait where callbacks are late, at most.
const MOST_CARE: i64 = 2 * BLOCK as i64;
/// Windows, ten seconds, after which less care is taken.
const CALM: usize = 20;
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

    /// Whether what goes with the microphone's next block is there, or isn't worth waiting for.
    pub(super) fn is_ready(&mut self) -> bool {
        self.read();
        self.pairing.is_ready()
    }

    /// The block that goes with the microphone's next.
    pub(super) fn take(&mut self, block: &mut [f32; BLOCK]) {
        self.read();
        self.pairing.take(block);
    }

    fn read(&mut self) {
        if let Some(speaker) = &mut self.speaker
            && let Err(error) = speaker.read(|samples| self.pairing.give(samples))
        {
            tracing::warn!(%error, "the speaker's echo is no longer taken out");
            self.change(None);
        }
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
    /// What the backlog should be: more than nothing where it has run dry of late.
    care: i64,
    /// Windows since it ran dry.
    calm: usize,
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

    /// After one block that didn't come in time, nobody waits for the next.
    fn is_ready(&self) -> bool {
        !self.has_begun || self.was_dry || self.waiting.len() >= BLOCK
    }

    fn take(&mut self, block: &mut [f32; BLOCK]) {
        block.fill(0.0);
        if !self.has_begun {
            let Some(older) = self.waiting.len().checked_sub(BLOCK) else { return };
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
        let is_often_dry = self.times_dry >= OFTEN_DRY;
        self.calm = if is_often_dry { 0 } else { self.calm + 1 };
        if is_often_dry && usual >= self.care {
            self.care = (self.care + BLOCK as i64).min(MOST_CARE);
        } else if self.calm >= CALM {
            self.care = 0;
        }
        let (too_much, too_little) = (least - self.care, self.care - usual);
        if too_much > TOO_MUCH {
            tracing::debug!(samples = too_much, "the speaker's sound is left out, so that it isn't late for its echo");
            self.shorten(usize::try_from(too_much).unwrap_or_default());
        } else if too_little > 0 && (is_often_dry || dry >= LONG_DRY) {
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
