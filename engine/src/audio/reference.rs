//! What the speaker gave to the room, in step with the microphone: the echo canceller's reference.
//!
//! The speaker's callback copies every sample that the device gets into a ring, the silence of an underrun too. The encode
//! thread owns what is here, and takes one block of it for each block of the microphone. The two are paired by counting and
//! not by when they come, so the delay that the canceller sees stays what it is between the devices, however unevenly
//! threads and callbacks run: a burst of one side is made up for by the next of the other.
//!
//! Nothing more waits between the two than their callbacks make, since the echo must not come before its reference: from one
//! callback through the air to the other it may take no longer than 20 ms. This backlog is left alone while it moves and
//! comes back at once. What isn't there in time is shown as silence, and left out when it comes. Where the backlog stays
//! off, since the devices' clocks differ or a device lost sound unseen, it is set right once: so soon that the canceller
//! doesn't look for the echo elsewhere. Where it runs dry again and again since devices take much at once, more waits.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    error::AudioError,
    frame::{BLOCK, RATE},
    resample::Resampler,
    speaker::Played,
};

/// From here on, more waits than should.
const TOO_MUCH: i64 = BLOCK as i64 * 3 / 4;
/// For so long, by the clock: a microphone's burst after a stall is over in a moment.
const FULL: Duration = Duration::from_millis(150);
/// So many blocks that didn't come in time, less those that did, are more than a stall.
const DRY: usize = 50;
/// What is put in at least, so that clocks which drift apart need no more at once.
const DRIFTED: i64 = BLOCK as i64 / 2;
/// What runs dry again within this time needs care, a block more each time.
const OFTEN: Duration = Duration::from_secs(1);
/// After so long without running dry, no more care is taken.
const CALM: Duration = Duration::from_secs(10);
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
    /// The microphone brings `period` samples at once, and `behind` of them are still to come after the block.
    pub(super) fn take(&mut self, now: Instant, period: usize, behind: usize, block: &mut [f32; BLOCK]) {
        self.read();
        let theirs = self.speaker.as_ref().map_or(0, Speaker::period);
        self.pairing.most_care = (period.max(BLOCK) + theirs.max(BLOCK) - 2 * BLOCK) as i64;
        self.pairing.take(now, behind, block);
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

    /// What the device takes at once, in samples at 48 kHz.
    fn period(&self) -> usize {
        at_48_khz(self.played.life.period(), self.played.rate)
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
    /// As much as devices take at once beyond a block: the sound is on its way for as long, and longer. With more,
    /// an echo might come before its reference.
    most_care: i64,
    /// Since when too much has been waiting without a break, and the least of it.
    full: Option<(Instant, i64)>,
    /// The last block didn't come in time.
    is_dry: bool,
    /// How many didn't of late, less those that did.
    dry: usize,
    /// When it ran dry last.
    ran_dry: Option<Instant>,
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
        !self.has_begun || self.is_dry || self.waiting.len() >= BLOCK
    }

    fn take(&mut self, now: Instant, behind: usize, block: &mut [f32; BLOCK]) {
        block.fill(0.0);
        if !self.has_begun {
            let Some(older) = self.waiting.len().checked_sub(BLOCK + behind) else { return };
            self.shorten(older);
            self.has_begun = true;
        }
        let there = self.waiting.len().min(BLOCK);
        for (place, sample) in block.iter_mut().zip(self.waiting.drain(..there)) {
            *place = sample;
        }
        self.owed += BLOCK - there;
        let backlog = self.waiting.len() as i64 - self.owed as i64 - behind as i64;
        let was_dry = std::mem::replace(&mut self.is_dry, there < BLOCK);
        if self.is_dry {
            self.dry += 1;
            self.run_dry(now, was_dry, backlog);
        } else {
            self.dry = self.dry.saturating_sub(1);
            self.look_whether_full(now, backlog);
        }
    }

    fn run_dry(&mut self, now: Instant, was_dry: bool, backlog: i64) {
        self.full = None;
        let before = if was_dry { None } else { self.ran_dry.replace(now) };
        if self.care < self.most_care && before.is_some_and(|before| lasts(before, now) < OFTEN) {
            tracing::debug!("devices take much at once: more of the speaker's sound waits for the microphone");
            self.care += BLOCK as i64;
            self.lengthen(BLOCK);
        } else if self.dry >= DRY {
            let missing = (self.care - backlog).max(DRIFTED);
            tracing::debug!(missing, "silence is put in, where the speaker brought less than the microphone");
            self.lengthen(usize::try_from(missing).unwrap_or_default());
            self.dry = 0;
        }
    }

    fn look_whether_full(&mut self, now: Instant, backlog: i64) {
        if self.ran_dry.is_some_and(|ran_dry| lasts(ran_dry, now) >= CALM) {
            self.care = 0;
        }
        if backlog - self.care <= TOO_MUCH {
            self.full = None;
            return;
        }
        let (since, least) = self.full.unwrap_or((now, backlog));
        let least = least.min(backlog);
        self.full = Some((since, least));
        if lasts(since, now) >= FULL {
            let excess = least - self.care;
            tracing::debug!(excess, "the speaker's sound is left out, so that it isn't late for its echo");
            self.shorten(usize::try_from(excess).unwrap_or_default());
            self.full = None;
        }
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

/// What samples at `rate` come to.
pub(super) fn at_48_khz(samples: usize, rate: u32) -> usize {
    samples * RATE as usize / rate.max(1) as usize
}

fn lasts(since: Instant, now: Instant) -> Duration {
    now.saturating_duration_since(since)
}

#[cfg(test)]
mod tests;
