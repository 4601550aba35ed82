//! The two sides in virtual time, each as uneven as threads and devices are.

use std::sync::Arc;

use super::*;
use crate::audio::{
    cleaner::Cleaner, cleaner::Processing, encoder::tests::voice, meter, shared::Shared, speaker::speaker,
};

const BEFORE: usize = 100;
/// Samples are numbered up to this, which `f32` knows exactly, and from 1, since 0 is silence.
const NUMBERS: usize = 1 << 16;

fn moment(millis: usize) -> Duration {
    Duration::from_millis(millis as u64)
}

/// A pairing whose every sample is its own number, so that it can be told what went with what.
struct Course {
    pairing: Pairing,
    now: Instant,
    given: usize,
    taken: usize,
    /// How far apart the paired ones were lately; none where there was silence.
    apart: Vec<Option<i64>>,
}

impl Course {
    fn new() -> Self {
        Self { pairing: Pairing::default(), now: Instant::now(), given: 0, taken: 0, apart: vec![] }
    }

    /// Some time in which nothing comes.
    fn pass(&mut self, blocks: usize) {
        self.now += moment(10 * blocks);
    }

    fn give(&mut self, samples: usize) {
        let numbers: Vec<f32> =
            (self.given..self.given + samples).map(|number| (number % NUMBERS + 1) as f32).collect();
        self.pairing.give(&numbers);
        self.given += samples;
    }

    fn take(&mut self) {
        self.take_one(0);
    }

    /// As many as wait, at once.
    fn burst(&mut self, blocks: usize) {
        (0..blocks).rev().for_each(|behind| self.take_one(behind * BLOCK));
    }

    fn take_one(&mut self, behind: usize) {
        let mut block = [0.0; BLOCK];
        self.pairing.take(self.now, behind, &mut block);
        for (at, sample) in block.iter().enumerate() {
            let apart = (*sample != 0.0).then(|| {
                let behind = (self.taken + at + NUMBERS + 1 - *sample as usize) % NUMBERS;
                behind as i64 - if behind > NUMBERS / 2 { NUMBERS as i64 } else { 0 }
            });
            if self.apart.last() != Some(&apart) {
                self.apart.push(apart);
            }
        }
        self.taken += BLOCK;
    }

    fn evenly(&mut self, blocks: usize) {
        (0..blocks).for_each(|_| {
            self.pass(1);
            self.give(BLOCK);
            self.take();
        });
    }

    /// How far apart they are, and how that changed since this was last asked.
    fn changes(&mut self) -> Vec<i64> {
        let mut changes: Vec<i64> = self.apart.iter().copied().flatten().collect();
        changes.dedup();
        self.apart.clear();
        changes
    }

    fn begun() -> (Self, i64) {
        let mut course = Self::new();
        course.evenly(BEFORE);
        let changes = course.changes();
        assert_eq!(changes.len(), 1, "an even course changes nothing: {changes:?}");
        (course, changes[0])
    }
}

#[test]
fn bursts_of_either_side_are_made_up_for_by_the_other() {
    let (mut course, usual) = Course::begun();
    for _ in 0..20 {
        course.evenly(60);
        (0..5).for_each(|_| {
            course.pass(1);
            course.take();
        });
        course.give(5 * BLOCK);
        course.evenly(120);
        course.pass(5);
        course.give(5 * BLOCK);
        course.burst(5);
    }
    assert_eq!(course.changes(), [usual]);
}

#[test]
fn devices_with_long_and_odd_periods_settle() {
    for (speaker, microphone) in [(5, 1), (1, 5), (4, 3)] {
        let mut course = Course::new();
        course.pairing.most_care = ((speaker + microphone - 2) * BLOCK) as i64;
        let mut run = |blocks: usize| {
            for block in 0..blocks {
                course.pass(1);
                if block % speaker == 0 {
                    course.give(speaker * BLOCK);
                }
                if block % microphone == 0 {
                    course.burst(microphone);
                }
            }
            let silences = course.apart.iter().filter(|apart| apart.is_none()).count();
            (course.changes(), silences)
        };
        run(300);
        let (changes, silences) = run(3_000);
        assert_eq!((changes.len(), silences), (1, 0), "{speaker} and {microphone}: {changes:?}");
    }
}

#[test]
fn a_thread_that_stood_still_finds_everything_in_its_place() {
    let (mut course, usual) = Course::begun();
    // The encode thread, for 200 ms; and then the speaker's.
    course.pass(20);
    course.give(20 * BLOCK);
    course.burst(20);
    course.evenly(BEFORE);
    (0..20).for_each(|_| {
        course.pass(1);
        course.take();
    });
    course.give(20 * BLOCK);
    course.evenly(BEFORE);
    assert_eq!(course.changes(), [usual]);
}

#[test]
fn what_a_device_lost_unseen_is_made_up_for_once() {
    for lost in [3_usize, 12] {
        let (mut course, usual) = Course::begun();
        course.give(lost * BLOCK);
        course.evenly(BEFORE);
        assert_eq!(course.changes(), [usual, usual - (lost * BLOCK) as i64], "the microphone lost {lost} blocks");
        course.evenly(20 * BEFORE);
        assert!(course.changes().len() <= 1, "it goes on changing");
        let (mut course, usual) = Course::begun();
        (0..lost).for_each(|_| course.take());
        course.evenly(BEFORE);
        let changes = course.changes();
        assert_eq!(
            changes.last(),
            Some(&(usual + (lost * BLOCK) as i64)),
            "the speaker lost {lost} blocks: {changes:?}"
        );
        assert!(changes.len() <= 2, "{changes:?}");
    }
}

#[test]
fn clocks_that_drift_for_ten_minutes_are_followed_in_few_steps() {
    for faster in [true, false] {
        let (mut course, usual) = Course::begun();
        let mut silences = 0;
        for block in 1..60_000_usize {
            // 100 parts in a million: one sample in 10,000.
            let drifted = usize::from(block % 21 == 0);
            course.pass(1);
            course.give(if faster { BLOCK + drifted } else { BLOCK - drifted });
            course.take();
            silences += usize::from(course.pairing.is_dry);
        }
        let changes = course.changes();
        assert!(changes.len() <= 13, "{} changes in 10 minutes", changes.len());
        let drift = changes.last().unwrap() - usual;
        assert!((drift.abs() - 2_857).abs() < 3 * BLOCK as i64, "60 ms of drift are followed: {drift}");
        assert!(silences <= 6 * BEFORE, "{silences} blocks were without a reference");
    }
}

#[test]
fn another_speaker_of_another_rate_begins_anew() {
    let mut reference = Reference::default();
    let (shared, mut block) = (Arc::new(Shared::default()), [0.0; BLOCK]);
    reference.take(Instant::now(), BLOCK, 0, &mut block);
    assert_eq!(block, [0.0; BLOCK], "without a speaker there is silence");
    for rate in [48_000, 44_100, 16_000] {
        let (mut callback, mut feed, played) = speaker(rate, &shared);
        reference.change(Some(played));
        let mut level = 0.0;
        for _ in 0..30 {
            let period = (rate / 100) as usize;
            feed.ring.push_entire_slice(&vec![0.5; period]).unwrap();
            callback.fill(&mut vec![0.0; period], 1, |sample| sample);
            reference.take(Instant::now(), BLOCK, 0, &mut block);
            level = meter::rms(&block);
        }
        assert!((level - 0.5).abs() < 0.01, "{level} at {rate}");
    }
    reference.change(None);
    reference.take(Instant::now(), BLOCK, 0, &mut block);
    assert_eq!(block, [0.0; BLOCK]);
}

/// By how many dB the canceller makes an echo of 60 ms quieter, in the last of so many seconds, when the two sides come as
/// `course` has it: for each 10 ms, whether the speaker's and the microphone's thread run.
fn enhancement(seconds: usize, course: impl Fn(usize) -> (bool, bool)) -> f32 {
    let (start, said) = (Instant::now(), voice(seconds * RATE as usize));
    let (mut pairing, mut cleaner) =
        (Pairing::default(), Cleaner::new(Processing { echo: true, noise: false, gain: false }));
    let (mut given, mut taken, mut echo, mut left) = (0, 0, 0.0_f32, 0.0_f32);
    let blocks: Vec<&[f32]> = said.chunks_exact(BLOCK).collect();
    for now in 0..blocks.len() {
        let (speaker, microphone) = course(now);
        while speaker && given <= now {
            pairing.give(blocks[given]);
            given += 1;
        }
        // The last block waits for what goes with it until the next is there, as it does in the encode thread.
        while microphone && (taken < now || taken == now && pairing.is_ready()) {
            let mut played = [0.0; BLOCK];
            pairing.take(start + moment(10 * now), (now - taken) * BLOCK, &mut played);
            cleaner.play(&played);
            let mut heard = [0.0; BLOCK];
            if let Some(block) = taken.checked_sub(6) {
                heard.iter_mut().zip(blocks[block]).for_each(|(heard, said)| *heard = said * 0.5);
            }
            let is_measured = taken + 100 * (seconds / 2) > blocks.len();
            let power = |block: &[f32]| block.iter().map(|sample| sample * sample).sum::<f32>();
            echo += if is_measured { power(&heard) } else { 0.0 };
            cleaner.clean(&mut heard);
            left += if is_measured { power(&heard) } else { 0.0 };
            taken += 1;
        }
    }
    10.0 * (echo / left.max(1e-9)).log10()
}

#[test]
fn the_echo_is_taken_out_however_unevenly_the_threads_run() {
    let even = enhancement(10, |_| (true, true));
    assert!(even > 28.0, "{even} dB on an even course");
    let bursts = enhancement(10, |now| (now % 97 != 0 || now % 2 == 0, now % 37 > 4));
    assert!(bursts > 28.0, "{bursts} dB where the microphone comes in bursts of five, and the speaker late");
    let stalls = enhancement(10, |now| (true, now % 150 < 130));
    assert!(stalls > 28.0, "{stalls} dB with stalls of 200 ms");
    let missing = enhancement(10, |now| (now % 500 > 4, true));
    assert!(missing > 15.0, "{missing} dB where the speaker is 50 ms late every five seconds");
}
