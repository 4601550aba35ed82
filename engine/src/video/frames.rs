//! My frames on their way to the net: a short queue that never breaks what it holds without saying so.
//!
//! The encode thread puts in, the net's task takes out. When the net is slow, frames that nothing builds on go first. Where
//! a base frame would have to go, all that waits goes with it, nothing but a keyframe is let in after it, and the encode
//! thread is told that one is due.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::codec::{CodedFrame, Layer};
use crate::queue::{Giver, Taker, newest};

/// Frames that wait at most: a quarter of a second.
const BOUND: usize = 8;
/// From here on no more pictures are coded: one that isn't coded costs nothing.
const BACKLOG: usize = 3;
/// A frame that has waited for so many microseconds is worth less than a keyframe of this moment.
const STALE: u64 = 400_000;

/// Makes the two ends.
pub(super) fn frames() -> (FramesGiver, VideoFrames) {
    let (giver, taker) = newest(BOUND);
    let dropped = Arc::new(AtomicU64::new(0));
    (FramesGiver { giver, dropped: Arc::clone(&dropped), is_broken: false }, VideoFrames { frames: taker, dropped })
}

/// The encode thread's end.
pub(super) struct FramesGiver {
    giver: Giver<CodedFrame>,
    dropped: Arc<AtomicU64>,
    /// A base frame was dropped, and no keyframe has come since.
    is_broken: bool,
}

impl FramesGiver {
    /// Puts a frame in. False: a keyframe is due.
    pub(super) fn give(&mut self, frame: CodedFrame) -> bool {
        if self.is_broken && !frame.key {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let dropped = self.giver.arrange(|waiting| put(waiting, frame));
        self.dropped.fetch_add(dropped.frames, Ordering::Relaxed);
        self.is_broken = dropped.broke;
        !dropped.broke
    }

    /// Whether there is room for what was captured at `now`, and anybody who takes it. What has waited for too long is
    /// dropped.
    pub(super) fn has_room(&mut self, now: u64) -> bool {
        let is_broken = &mut self.is_broken;
        let (dropped, has_room) = self.giver.arrange(|waiting| {
            let is_stale = waiting.front().is_some_and(|oldest| now.saturating_sub(oldest.captured) > STALE);
            let dropped = if is_stale { clear(waiting, is_broken) } else { 0 };
            (dropped, waiting.len() < BACKLOG)
        });
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
        has_room && !self.giver.is_deserted()
    }

    /// Whether a keyframe is due since frames were dropped here.
    pub(super) const fn is_broken(&self) -> bool {
        self.is_broken
    }
}

struct Dropped {
    frames: u64,
    broke: bool,
}

fn put(waiting: &mut VecDeque<CodedFrame>, frame: CodedFrame) -> Dropped {
    let before = waiting.len();
    if frame.key {
        // Nothing before it matters to whoever can begin here.
        waiting.clear();
    } else if before >= BOUND {
        if let Some(at) = waiting.iter().position(|frame| frame.layer == Layer::Droppable) {
            waiting.remove(at);
        } else if frame.layer == Layer::Droppable {
            return Dropped { frames: 1, broke: false };
        } else {
            waiting.clear();
            return Dropped { frames: before as u64 + 1, broke: true };
        }
    }
    let frames = (before - waiting.len()) as u64;
    waiting.push_back(frame);
    Dropped { frames, broke: false }
}

fn clear(waiting: &mut VecDeque<CodedFrame>, is_broken: &mut bool) -> u64 {
    *is_broken |= waiting.iter().any(|frame| frame.layer == Layer::Base);
    let dropped = waiting.len() as u64;
    waiting.clear();
    dropped
}

/// My pictures, frame by frame, for the net. At most 8 wait. Once this is dropped nothing is coded; previews go on.
#[derive(Debug)]
pub struct VideoFrames {
    frames: Taker<CodedFrame>,
    dropped: Arc<AtomicU64>,
}

impl VideoFrames {
    /// The next frame, or `None` once the call's video has ended. May be cancelled.
    pub async fn next(&mut self) -> Option<CodedFrame> {
        self.frames.take().await
    }

    /// A frame that is there already.
    pub fn try_next(&mut self) -> Option<CodedFrame> {
        self.frames.try_take()
    }

    /// How many frames were dropped since the start because they weren't taken in time.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u32, kind: char) -> CodedFrame {
        let layer = if kind == 'd' { Layer::Droppable } else { Layer::Base };
        let captured = u64::from(number) * 33_000;
        CodedFrame {
            number,
            follows: number,
            key: kind == 'k',
            layer,
            captured,
            width: 640,
            height: 480,
            data: vec![1],
        }
    }

    fn numbers(frames: &mut VideoFrames) -> Vec<u32> {
        std::iter::from_fn(|| frames.try_next()).map(|frame| frame.number).collect()
    }

    #[test]
    fn a_full_queue_drops_what_nothing_builds_on() {
        let (mut giver, mut frames) = frames();
        for number in 0..12 {
            let kind = if number == 0 { 'k' } else { ['b', 'd'][number as usize % 2] };
            assert!(giver.give(frame(number, kind)));
        }
        let kept = numbers(&mut frames);
        assert_eq!(kept.len(), BOUND);
        assert!((0..12).step_by(2).all(|base| kept.contains(&base)), "{kept:?}");
        assert_eq!(frames.dropped(), 4);
    }

    #[test]
    fn a_base_frame_is_never_dropped_in_silence() {
        let (mut giver, mut frames) = frames();
        assert!((0..8).all(|number| giver.give(frame(number, if number == 0 { 'k' } else { 'b' }))));
        assert!(!giver.give(frame(8, 'b')), "a keyframe is due");
        assert!(giver.is_broken());
        assert!(!giver.give(frame(9, 'b')), "still");
        assert!(giver.give(frame(10, 'k')));
        assert!(giver.give(frame(11, 'd')) && !giver.is_broken());
        assert_eq!(numbers(&mut frames), [10, 11]);
        assert_eq!(frames.dropped(), 10);
    }

    #[test]
    fn a_net_that_stands_still_gets_a_keyframe_of_the_moment_and_nothing_old() {
        let (mut giver, mut frames) = frames();
        assert!(giver.has_room(0));
        for number in 0..3 {
            giver.give(frame(number, if number == 0 { 'k' } else { 'b' }));
        }
        assert!(!giver.has_room(99_000), "a backlog");
        assert!(giver.has_room(999_000) && giver.is_broken());
        assert_eq!((numbers(&mut frames), frames.dropped()), (vec![], 3));
    }

    #[test]
    fn a_keyframe_goes_before_whatever_waits() {
        let (mut giver, mut frames) = frames();
        for (number, kind) in [(0, 'k'), (1, 'd'), (2, 'b'), (3, 'k')] {
            giver.give(frame(number, kind));
        }
        assert_eq!(numbers(&mut frames), [3]);
    }
}
