//! One peer's voice: from packets that come when they like to 10 ms of sound whenever the speaker wants them.
//!
//! Owned by the playout thread, one for each peer. Pure but for libopus: the caller tells the time, in samples at 48 kHz,
//! so tests run hours of bad network in a moment. What is lost is made good from the redundancy in the next packet, else
//! concealed; the delay follows the network's jitter, by splices in the sound.

mod arrivals;
mod buffer;
mod pace;
mod sound;
#[cfg(test)]
mod tests;

use opus::{Channels, Decoder};

use self::{
    arrivals::{Arrivals, MS},
    buffer::{Buffer, Fate, Packet},
    pace::{Change, Pace},
    sound::Sound,
};
use super::{
    ear::Reception,
    error::AudioError,
    frame::{BLOCK, RATE, VoiceFrame},
    meter,
};

/// Concealment sounds like a machine after this: 5 frames of 20 ms.
const LONGEST_CONCEALED: i64 = 100 * MS;
/// -50 dBFS: what follows such sound is a pause, which is filled with its noise for as long as it takes.
const PAUSE: f32 = 0.003;
/// Sound that begins after silence fades in over 5 ms.
const FADE: usize = 240;
/// A delay that is so much too long isn't worked off but cut off, to the half of it.
const TOO_LONG: i64 = 1_000 * MS;
/// Each step adds sound or comes closer to the next packet, so there are few of them; this is for safety.
const MOST_STEPS: usize = 64;
/// 60 ms.
const LONGEST_FRAME: usize = 2_880;
/// Packets after a loss for which the next is waited for, since it has the lost one's copy.
const LOSS_IS_REMEMBERED: u32 = 500;
/// Added each time that a packet is there just too late.
const CAUTION: i64 = 5 * MS;
const MOST_CAUTION: i64 = 20 * MS;
/// 15 s, in blocks.
const CALM: u32 = 1_500;

/// See the module.
pub(super) struct Voice {
    decoder: Decoder,
    buffer: Buffer,
    arrivals: Arrivals,
    pace: Pace,
    sound: Sound,
    decoded: Vec<f32>,
    /// The number whose turn is next; none before the first is played.
    turn: Option<i64>,
    /// The peer's sample that is decoded next.
    position: i64,
    /// Samples of the last packet.
    frame: i64,
    /// Concealed without knowing what for: nothing was there.
    owed: i64,
    /// Concealed since the last packet.
    concealing: i64,
    /// Lost, and made good from the redundancy of the next, whose turn it is.
    recovered: i64,
    was_quiet: bool,
    fade_in: bool,
    loss_remembered: u32,
    /// More delay than the network asks for, since this machine's callbacks are late; in samples.
    caution: i64,
    /// How long the quickest frames have to wait, in samples.
    wait: i64,
    /// Blocks until there is less of it.
    calm: u32,
    reception: Reception,
}

impl Voice {
    pub(super) fn new() -> Result<Self, AudioError> {
        Ok(Self {
            decoder: Decoder::new(RATE, Channels::Mono)?,
            buffer: Buffer::default(),
            arrivals: Arrivals::default(),
            pace: Pace::default(),
            sound: Sound::default(),
            decoded: vec![0.0; LONGEST_FRAME],
            turn: None,
            position: 0,
            frame: 20 * MS,
            owed: 0,
            concealing: 0,
            recovered: 0,
            was_quiet: true,
            fade_in: true,
            loss_remembered: 0,
            caution: 0,
            wait: 0,
            calm: 0,
            reception: Reception::default(),
        })
    }

    /// Takes a frame that arrived at `now`.
    pub(super) fn arrive(&mut self, frame: VoiceFrame, now: i64) {
        match self.buffer.insert(frame, self.turn) {
            Fate::Waits(end) => {
                self.reception.received += 1;
                self.arrivals.note(end, now);
            }
            Fate::Late(end) => {
                self.reception.received += 1;
                self.reception.late += 1;
                self.arrivals.note(end, now);
            }
            Fate::BeganAnew(end) => {
                self.reception.received += 1;
                (self.turn, self.owed) = (None, 0);
                (self.arrivals, self.pace) = (Arrivals::default(), Pace::default());
                self.arrivals.note(end, now);
            }
            Fate::Duplicate => self.reception.duplicates += 1,
            Fate::Refused => self.reception.refused += 1,
        }
    }

    /// Fills the next 10 ms, which are heard from `now` on.
    pub(super) fn play(&mut self, now: i64, block: &mut [f32; BLOCK]) {
        if self.turn.is_none() && !self.begins(now) {
            block.fill(0.0);
            return;
        }
        self.be_calmer();
        self.keep_pace(now);
        for _ in 0..MOST_STEPS {
            if self.sound.len() >= BLOCK {
                break;
            }
            self.step(now);
        }
        if !self.sound.pop(block) {
            block.fill(0.0);
        }
    }

    /// How it has gone so far.
    pub(super) fn reception(&self) -> Reception {
        Reception {
            expected: self.buffer.expected(),
            jitter_ms: self.arrivals.jitter() as f32 / MS as f32,
            delay_ms: self.pace.delay(self.wait) as f32 / MS as f32,
            frame_ms: self.frame as f32 / MS as f32,
            ..self.reception
        }
    }

    /// A packet came a moment after its turn: the speaker asks less evenly than the network's jitter explains.
    fn be_careful(&mut self) {
        self.caution = (self.caution + CAUTION).min(MOST_CAUTION);
        self.calm = CALM;
    }

    /// Without another such moment, caution goes as slowly as it can be heard to go: not at all.
    fn be_calmer(&mut self) {
        if self.caution == 0 {
            return;
        }
        self.calm = self.calm.saturating_sub(1);
        if self.calm == 0 {
            self.caution = (self.caution - CAUTION).max(0);
            self.calm = CALM;
        }
    }

    /// The redundancy for a lost packet comes with the next, one frame later; it is waited for where packets get lost.
    fn ahead(&self) -> i64 {
        self.caution + if self.loss_remembered > 0 { self.frame } else { 0 }
    }

    /// The peer's sample that should be heard at `now`, of frames of so many samples of which one begins at `grid`. The
    /// frame that it belongs to is here, and is played from its beginning: to play from anywhere else in it would
    /// make all that follow wait as long again, since the next one must be here when this one is over.
    fn ideal(&self, now: i64, grid: i64, samples: i64) -> i64 {
        let here = self.arrivals.here(now, self.ahead());
        here - (here - grid).rem_euclid(BLOCK as i64) - samples
    }

    /// Whether it is time for the first packet.
    fn begins(&mut self, now: i64) -> bool {
        let Some(head) = self.buffer.head() else { return false };
        let (number, captured, samples) = (head.number, head.captured, head.samples);
        if self.ideal(now, captured, samples) < captured {
            return false;
        }
        self.frame = samples;
        (self.turn, self.position, self.fade_in) = (Some(number), captured, true);
        true
    }

    /// Compares what is about to be heard with what should be, and shortens or lengthens the sound.
    fn keep_pace(&mut self, now: i64) {
        if self.concealing > 0 || self.buffer.head().is_none() && self.sound.len() == 0 {
            return;
        }
        let ideal = self.ideal(now, self.position, self.frame);
        let behind = ideal - (self.position - self.sound.len() as i64);
        self.wait = self.arrivals.waits(now, ideal + self.frame);
        if behind > TOO_LONG {
            self.cut_off(now);
            return;
        }
        match self.pace.decide(behind) {
            Change::None => {}
            Change::Shorten(most, care) => {
                self.decode_ahead(now, Sound::wanted_to_shorten(most));
                let removed = self.sound.shorten(most, care);
                self.pace.did(-(removed as i64));
            }
            Change::Lengthen(most, care) => {
                self.decode_ahead(now, Sound::WANTED_TO_LENGTHEN);
                let added = self.sound.lengthen(most, care);
                self.pace.did(added as i64);
            }
        }
    }

    /// Decodes what is there anyway, so that a splice has something to choose from.
    fn decode_ahead(&mut self, now: i64, wanted: usize) {
        for _ in 0..MOST_STEPS {
            if self.sound.len() >= wanted || !self.is_next_here() {
                return;
            }
            self.step(now);
        }
    }

    fn is_next_here(&self) -> bool {
        self.buffer.head().is_some_and(|head| Some(head.number) == self.turn && head.captured <= self.position)
    }

    /// After a stall of more than a second the oldest of what came is given up.
    fn cut_off(&mut self, now: i64) {
        let from = self.ideal(now, self.position, self.frame) - TOO_LONG / 2;
        while self.buffer.head().is_some_and(|head| head.captured < from) {
            self.buffer.take();
            self.reception.late += 1;
        }
        if let Some(head) = self.buffer.head() {
            (self.turn, self.position, self.fade_in) = (Some(head.number), head.captured, true);
            self.owed = 0;
            self.pace = Pace::default();
        }
    }

    /// Adds some sound, or comes closer to adding some.
    fn step(&mut self, now: i64) {
        let Some((number, captured, samples)) =
            self.buffer.head().map(|head| (head.number, head.captured, head.samples))
        else {
            // Lost, late, or a pause: what comes next will tell.
            self.conceal(BLOCK as i64);
            self.owed += BLOCK as i64;
            return;
        };
        let missing = number - self.turn.unwrap_or(number);
        let gap = captured - self.position;
        if missing > 0 && self.owed > 0 {
            // What was concealed stands for what is missing.
            self.position += self.owed.min(gap.max(0));
            self.owed = 0;
        } else if gap <= 0 {
            self.lose(missing);
            self.decode();
        } else if missing > 0 && gap <= LONGEST_CONCEALED {
            self.make_good(gap, samples);
        } else {
            self.pause(now, captured, missing);
        }
    }

    /// Fills a gap that packets have left: the last frame of it from the redundancy of the next packet.
    fn make_good(&mut self, gap: i64, samples: i64) {
        if gap > samples {
            self.conceal((gap - samples).min(samples));
            self.position += (gap - samples).min(samples);
            return;
        }
        let Some(head) = self.buffer.head() else { return };
        let length = usize::try_from(samples).unwrap_or_default().min(self.decoded.len());
        let has_copy = has_copy(&head.opus);
        let room = self.decoded.get_mut(..length).unwrap_or_default();
        if has_copy && self.decoder.decode_float(&head.opus, room, true).is_ok() {
            self.recovered = 1;
            let skipped = length.saturating_sub(usize::try_from(gap).unwrap_or_default());
            self.add(skipped, length);
        } else {
            self.conceal(gap);
        }
        self.position += gap;
    }

    /// The peer said nothing for a while, so there is time: the next words are heard when it is their turn.
    fn pause(&mut self, now: i64, captured: i64, missing: i64) {
        let wait = captured - self.ideal(now, captured, self.frame) - self.sound.len() as i64;
        if wait <= 0 {
            self.lose(missing);
            (self.position, self.turn) = (captured, self.buffer.head().map(|head| head.number));
            self.owed = 0;
        } else {
            self.conceal(wait.min(BLOCK as i64));
        }
    }

    /// So many packets never came, or too late.
    fn lose(&mut self, missing: i64) {
        let recovered = std::mem::take(&mut self.recovered).min(missing);
        if missing > 0 {
            self.reception.recovered_by_fec += u64::try_from(recovered).unwrap_or_default();
            self.reception.concealed += u64::try_from(missing - recovered).unwrap_or_default();
            self.loss_remembered = LOSS_IS_REMEMBERED;
        }
    }

    /// The next packet's turn.
    fn decode(&mut self) {
        let Some(Packet { number, captured, samples, opus }) = self.buffer.take() else { return };
        self.turn = Some(number + 1);
        if self.owed > 0 {
            self.be_careful();
        }
        self.loss_remembered = self.loss_remembered.saturating_sub(1);
        let length = usize::try_from(samples).unwrap_or_default().min(self.decoded.len());
        let decoded = self.decoder.decode_float(&opus, self.decoded.get_mut(..length).unwrap_or_default(), false);
        match decoded {
            Ok(length) => {
                let overlap = usize::try_from(self.position - captured).unwrap_or_default().min(length);
                self.was_quiet = meter::rms(self.decoded.get(..length).unwrap_or_default()) < PAUSE;
                (self.owed, self.concealing) = (0, 0);
                self.add(overlap, length);
            }
            Err(_) => {
                // It looked like Opus and wasn't.
                self.reception.refused += 1;
                self.conceal(samples);
            }
        }
        self.frame = samples;
        self.position = self.position.max(captured + samples);
    }

    /// Adds what a decoder makes of nothing: the voice as it was, or the noise of a pause; silence after a while.
    fn conceal(&mut self, samples: i64) {
        let length = usize::try_from(samples).unwrap_or_default().min(self.decoded.len());
        self.concealing += samples;
        let goes_on = self.was_quiet || self.concealing <= LONGEST_CONCEALED;
        // libopus conceals in steps of 2.5 ms.
        let whole = length.next_multiple_of(120);
        let concealed = goes_on
            && whole <= LONGEST_FRAME
            && self.decoded.get_mut(..whole).is_some_and(|room| self.decoder.decode_float(&[], room, false).is_ok());
        if concealed {
            self.add(0, length);
        } else {
            if let Some(room) = self.decoded.get_mut(..length) {
                room.fill(0.0);
            }
            self.fade_in = true;
            self.sound.push(self.decoded.get(..length).unwrap_or_default());
        }
    }

    /// Puts decoded sound with the rest.
    fn add(&mut self, from: usize, to: usize) {
        let Some(sound) = self.decoded.get_mut(from..to) else { return };
        for sample in sound.iter_mut() {
            // Of packets that are no voice, a decoder makes anything.
            *sample = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        if self.fade_in {
            self.fade_in = false;
            for (at, sample) in sound.iter_mut().take(FADE).enumerate() {
                *sample *= at as f32 / FADE as f32;
            }
        }
        self.sound.push(sound);
    }
}

/// Whether a packet of one frame carries a copy of the frame before: the second bit of SILK's header says so
/// (RFC 6716, sections 3.1 and 4.2.3).
fn has_copy(opus: &[u8]) -> bool {
    const CELT_ONLY: u8 = 0x80;
    const SEVERAL_FRAMES: u8 = 0x03;
    const COPY: u8 = 0x40;
    matches!(opus, [toc, silk, ..] if toc & (CELT_ONLY | SEVERAL_FRAMES) == 0 && silk & COPY != 0)
}
