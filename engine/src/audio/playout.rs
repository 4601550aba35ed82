//! The playout thread: everybody's voices, mixed, into the speaker's ring.
//!
//! The speaker's callbacks set the pace. Each wakes the thread, which mixes for the next: as late as this machine allows, so
//! that whatever comes in the meantime is heard. Only where there is no speaker does a timer set it, so that voices go on
//! being received.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use rtrb::Producer;

use super::{
    ear::{Inbox, samples_since},
    error::AudioError,
    frame::{BLOCK, RATE},
    meter::{self, SpeechMeter},
    priority,
    resample::Resampler,
    shared::Shared,
    speaker::SpeakerFeed,
    voice::Voice,
};

/// What the playout thread is told.
pub(super) enum Order {
    /// From here on this speaker, or none.
    Speaker(Option<SpeakerFeed>),
    /// One more voice.
    Hear(Box<Seat>),
    /// Each block of the others' voices goes here too, if there is room.
    Record(Producer<f32>),
}

/// Orders wait here; who gives them waits when it is full, which takes a thread that stands still.
pub(super) const ORDERS: usize = 16;
/// Only a safeguard: the speaker wakes the thread.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);
/// A speaker that hasn't called for so long doesn't set the pace.
const SILENT_SPEAKER: Duration = Duration::from_millis(200);
const PERIOD: Duration = Duration::from_millis(10);
/// How long before the speaker's next call it is mixed. Where that was too late, twice as long before, up to right after
/// the last call; and less again when it has gone well for a while.
const LEAST_LEAD: Duration = Duration::from_millis(3);
const MOST_LEAD: Duration = Duration::from_millis(48);
const LESS_LEAD: Duration = Duration::from_millis(1);
const WELL: Duration = Duration::from_secs(20);
/// Above this a sum of voices is bent rather than cut: -3 dBFS.
const KNEE: f32 = 0.7;

/// A voice, and where its frames come from.
pub(super) struct Seat {
    inbox: Inbox,
    voice: Voice,
    speech: SpeechMeter,
}

impl Seat {
    pub(super) fn new(inbox: Inbox) -> Result<Self, AudioError> {
        Ok(Self { inbox, voice: Voice::new()?, speech: SpeechMeter::new(RATE) })
    }

    /// Fills 10 ms, heard from `now` on.
    fn play(&mut self, now: i64, block: &mut [f32; BLOCK]) {
        while let Ok((arrived, frame)) = self.inbox.frames.pop() {
            self.voice.arrive(frame, arrived);
        }
        self.voice.play(now, block);
        let status = &self.inbox.status;
        status.is_speaking.set(self.speech.judge(meter::rms(block)));
        status.set_reception(self.voice.reception());
    }
}

/// The thread's belongings.
pub(super) struct Playout {
    shared: Arc<Shared>,
    orders: Receiver<Order>,
    start: Instant,
    seats: Vec<Seat>,
    speaker: Option<Speaker>,
    record: Option<Producer<f32>>,
    /// When the next block is due where no speaker asks for it.
    due: Instant,
}

struct Speaker {
    feed: SpeakerFeed,
    resampler: Option<Resampler>,
    beats: u64,
    called: Instant,
    lead: Lead,
}

/// How long before the speaker's next call it is mixed.
struct Lead {
    length: Duration,
    /// Samples that were missing so far.
    underruns: u64,
    /// When it was changed last.
    since: Instant,
}

impl Playout {
    pub(super) fn new(shared: Arc<Shared>, orders: Receiver<Order>, start: Instant) -> Self {
        Self { shared, orders, start, seats: vec![], speaker: None, record: None, due: start }
    }

    /// Runs until the corridor ends.
    pub(super) fn run(mut self) {
        priority::hurry();
        self.shared.playout.is(thread::current());
        while !self.shared.stop.is_on() {
            if !self.obey() {
                return;
            }
            let underruns = self.shared.underruns.value();
            let sleep = match self.speaker.as_mut().and_then(|speaker| speaker.spare_time(underruns)) {
                Some(Duration::ZERO) => {
                    self.fill();
                    self.due = Instant::now() + PERIOD;
                    LONGEST_SLEEP
                }
                Some(spare) => spare,
                None => self.go_on(),
            };
            thread::park_timeout(sleep);
        }
    }

    /// False when nobody is left to give orders.
    fn obey(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Speaker(feed)) => self.change(feed),
                Ok(Order::Hear(seat)) => self.seats.push(*seat),
                Ok(Order::Record(record)) => self.record = Some(record),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn change(&mut self, feed: Option<SpeakerFeed>) {
        self.speaker = feed.and_then(|feed| {
            let resampler = (feed.rate != RATE).then(|| Resampler::taking(BLOCK, RATE, feed.rate)).transpose();
            match resampler {
                Ok(resampler) => Some(Speaker { feed, resampler, beats: 0, called: Instant::now(), lead: Lead::new() }),
                Err(error) => {
                    tracing::warn!(%error, "the speaker can't be used");
                    None
                }
            }
        });
    }

    /// Fills the ring until the speaker's next call is provided for.
    fn fill(&mut self) {
        loop {
            let Some(speaker) = &self.speaker else { return };
            let filled = speaker.feed.filled();
            if filled >= speaker.feed.period() {
                return;
            }
            let ahead = filled as i64 * i64::from(RATE) / i64::from(speaker.feed.rate.max(1));
            let block = self.mix(samples_since(self.start) + ahead);
            let Some(speaker) = &mut self.speaker else { return };
            if !speaker.push(&block) {
                return;
            }
        }
    }

    /// Without a speaker: what is due by the clock, heard by nobody. Says how long until the next.
    fn go_on(&mut self) -> Duration {
        let now = Instant::now();
        if now > self.due + LONGEST_SLEEP * 4 {
            self.due = now;
        }
        while self.due <= now {
            self.mix(samples_since(self.start));
            self.due += PERIOD;
        }
        self.due.saturating_duration_since(now)
    }

    /// Makes the next 10 ms of everybody.
    fn mix(&mut self, now: i64) -> [f32; BLOCK] {
        let (mut sum, mut one) = ([0.0; BLOCK], [0.0; BLOCK]);
        self.seats.retain(|seat| !seat.inbox.frames.is_abandoned());
        for seat in &mut self.seats {
            seat.play(now, &mut one);
            let volume = seat.inbox.status.volume.value();
            for (all, voice) in sum.iter_mut().zip(&one) {
                *all += voice * volume;
            }
        }
        for sample in &mut sum {
            *sample = bend(*sample);
        }
        self.record.take_if(|record| record.is_abandoned());
        if let Some(record) = &mut self.record {
            let _ = record.push_entire_slice(&sum);
        }
        if self.shared.deafened.is_on() {
            sum.fill(0.0);
        }
        let is_heard = !self.shared.deafened.is_on();
        self.shared.others_speak.set(is_heard && self.seats.iter().any(|seat| seat.inbox.status.is_speaking.is_on()));
        self.shared.speaker_level.set(meter::rms(&sum));
        sum
    }
}

impl Speaker {
    fn sets_the_pace(&mut self) -> bool {
        let beats = self.feed.life.beats.value();
        let now = Instant::now();
        if beats != self.beats {
            (self.beats, self.called) = (beats, now);
        }
        now.duration_since(self.called) < SILENT_SPEAKER
    }

    /// How long there is nothing to be mixed yet; none where the speaker doesn't set the pace.
    fn spare_time(&mut self, underruns: u64) -> Option<Duration> {
        if !self.sets_the_pace() {
            return None;
        }
        let now = Instant::now();
        let lead = self.lead.learn(now, underruns);
        if self.feed.filled() >= self.feed.period() {
            return Some(LONGEST_SLEEP);
        }
        Some(self.feed.next_call().saturating_duration_since(now + lead))
    }

    /// False if it can't take it.
    fn push(&mut self, block: &[f32; BLOCK]) -> bool {
        let samples = match &mut self.resampler {
            None => block.as_slice(),
            Some(resampler) => match resampler.process(block) {
                Ok(samples) => samples,
                Err(error) => {
                    tracing::warn!(%error, "10 ms are not played");
                    return false;
                }
            },
        };
        self.feed.ring.push_entire_slice(samples).is_ok()
    }
}

impl Lead {
    fn new() -> Self {
        Self { length: LEAST_LEAD, underruns: u64::MAX, since: Instant::now() }
    }

    /// Told at each look how many samples have been missing so far.
    fn learn(&mut self, now: Instant, underruns: u64) -> Duration {
        let was_late = underruns > self.underruns;
        self.underruns = underruns;
        if was_late {
            (self.length, self.since) = ((self.length * 2).min(MOST_LEAD), now);
        } else if now.saturating_duration_since(self.since) >= WELL {
            (self.length, self.since) = (self.length.saturating_sub(LESS_LEAD).max(LEAST_LEAD), now);
        }
        self.length
    }
}

/// Leaves what is quiet as it is and brings what is loud below 1 without an edge.
fn bend(sample: f32) -> f32 {
    let over = sample.abs() - KNEE;
    if over <= 0.0 {
        return sample;
    }
    let room = 1.0 - KNEE;
    sample.signum() * (KNEE + room * over / (over + room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_too_late_is_done_sooner_and_after_a_while_as_late_as_before() {
        let (mut lead, start) = (Lead::new(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!(lead.learn(at(1), 480), LEAST_LEAD, "what was missing before says nothing");
        assert_eq!(lead.learn(at(2), 960), LEAST_LEAD * 2);
        assert_eq!(lead.learn(at(3), 961), LEAST_LEAD * 4);
        assert_eq!(lead.learn(at(4), 961), LEAST_LEAD * 4);
        assert_eq!(lead.learn(at(25), 961), LEAST_LEAD * 4 - LESS_LEAD);
        assert_eq!(lead.learn(at(26), 961), LEAST_LEAD * 4 - LESS_LEAD);
        for again in 0..20 {
            lead.learn(at(50 + again), 1_000 + again);
        }
        assert_eq!(lead.length, MOST_LEAD);
        for step in 0..100 {
            lead.learn(at(100 + 21 * step), 2_000);
        }
        assert_eq!(lead.length, LEAST_LEAD);
    }

    #[test]
    fn eight_loud_voices_stay_below_full_scale_and_in_order() {
        let bent: Vec<f32> = (0..80).map(|step| bend(step as f32 / 10.0)).collect();
        assert!(bent.windows(2).all(|pair| pair[0] < pair[1]), "louder is louder");
        assert!(bent.iter().all(|sample| *sample < 1.0));
        assert_eq!(bend(-0.5), -0.5);
        assert!(bend(-3.0) > -1.0);
    }
}
