//! Frames put back into order, and what to do about those that don't come. Pure; times are microseconds of any clock.
//!
//! A frame can be decoded when the one that it builds on was the last base frame. What nothing builds on is never waited
//! for; a base frame is, for a while, since it is sent again if it was lost. A keyframe ends all waiting.

use crate::video::codec::{CodedFrame, Layer};

/// Frames that are kept at most: a second.
const MOST_FRAMES: usize = 32;
/// And bytes of them.
const MOST_BYTES: usize = 4 << 20;
/// A keyframe so far behind the newest isn't late: its sender began anew.
const BEGAN_ANEW: u32 = 300;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// In the order of their numbers, each with when it arrived.
    waiting: Vec<(u64, CodedFrame)>,
    bytes: usize,
    /// The last frame that was given out, and the last base frame.
    last: Option<(u32, u32)>,
    /// The first and newest numbers, and how many arrived.
    seen: Option<(u32, u32, u64)>,
    /// Of frames that are over: none of ours were in them.
    missing: u64,
    unusable: u64,
    /// Since when nothing but a keyframe helps.
    broken: Option<u64>,
}

const fn is_newer(number: u32, than: u32) -> bool {
    number.wrapping_sub(than).cast_signed() > 0
}

impl Order {
    /// Takes a frame that arrived at `now`.
    pub(super) fn insert(&mut self, frame: CodedFrame, now: u64) {
        if frame.key
            && self
                .last
                .is_some_and(|(last, _)| last.wrapping_sub(frame.number).cast_signed() > BEGAN_ANEW.cast_signed())
        {
            self.begin_anew();
        }
        self.count(frame.number);
        let is_late = self.last.is_some_and(|(last, _)| !is_newer(frame.number, last));
        let place = self.waiting.partition_point(|(_, waiting)| is_newer(frame.number, waiting.number));
        let is_double = self.waiting.get(place).is_some_and(|(_, waiting)| waiting.number == frame.number);
        if is_late || is_double {
            self.unusable += 1;
            return;
        }
        if self.last.is_none() && self.broken.is_none() {
            self.broken = Some(now);
        }
        self.bytes += frame.data.len();
        self.waiting.insert(place, (now, frame));
        while self.waiting.len() > MOST_FRAMES || self.bytes > MOST_BYTES {
            self.drop_first(1);
        }
    }

    /// The next frame that can be decoded.
    pub(super) fn next(&mut self) -> Option<CodedFrame> {
        if let Some(key) = self.waiting.iter().rposition(|(_, frame)| frame.key) {
            self.drop_first(key);
            return self.give(0);
        }
        if self.broken.is_some() {
            return None;
        }
        let (_, base) = self.last?;
        let at = self.waiting.iter().position(|(_, frame)| frame.follows == base)?;
        // What is before it builds on a base frame that is over, or is nothing that anyone waits for.
        self.drop_first(at);
        self.give(0)
    }

    fn give(&mut self, at: usize) -> Option<CodedFrame> {
        if at >= self.waiting.len() {
            return None;
        }
        let (_, frame) = self.waiting.remove(at);
        self.bytes -= frame.data.len();
        let base = match (frame.layer, self.last) {
            (Layer::Droppable, Some((_, base))) => base,
            (Layer::Droppable, None) | (Layer::Base, _) => frame.number,
        };
        self.last = Some((frame.number, base));
        if frame.key {
            self.broken = None;
        }
        Some(frame)
    }

    fn drop_first(&mut self, count: usize) {
        for (_, frame) in self.waiting.drain(..count.min(self.waiting.len())) {
            self.bytes -= frame.data.len();
            self.unusable += 1;
        }
    }

    /// The last frame that was given out couldn't be decoded.
    pub(super) fn break_off(&mut self, now: u64) {
        self.broken = Some(now);
    }

    fn begin_anew(&mut self) {
        self.missing = self.missing();
        self.drop_first(self.waiting.len());
        (self.last, self.seen) = (None, None);
    }

    fn count(&mut self, number: u32) {
        self.seen = Some(match self.seen {
            None => (number, number, 1),
            Some((first, newest, count)) => {
                let first = if is_newer(first, number) { number } else { first };
                let newest = if is_newer(number, newest) { number } else { newest };
                (first, newest, count + 1)
            }
        });
    }

    /// Since when nothing could be decoded although something is there, or something was lost.
    pub(super) fn stuck_since(&self) -> Option<u64> {
        let waits = self.waiting.iter().map(|(arrived, _)| *arrived).min();
        match (self.broken, waits) {
            (Some(broken), _) => Some(broken),
            (None, waits) => waits,
        }
    }

    /// Whether what is missing can't be made good by anything but a keyframe, however long one waits.
    pub(super) const fn is_broken(&self) -> bool {
        self.broken.is_some() && self.last.is_some()
    }

    /// Frames that were sent and didn't arrive.
    pub(super) fn missing(&self) -> u64 {
        let of_these = self
            .seen
            .map_or(0, |(first, newest, count)| (u64::from(newest.wrapping_sub(first)) + 1).saturating_sub(count));
        self.missing.saturating_add(of_these)
    }

    /// Frames that arrived for nothing.
    pub(super) const fn unusable(&self) -> u64 {
        self.unusable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `k3` is a keyframe, `b4` a base frame on 2, `d5` one on 4 that nothing builds on: base frames are even.
    fn frame(name: &str) -> CodedFrame {
        let number: u32 = name[1..].parse().unwrap();
        let follows = match &name[..1] {
            "k" => number,
            "b" => number - 2,
            _ => number - 1,
        };
        let layer = if name.starts_with('d') { Layer::Droppable } else { Layer::Base };
        let (key, captured, width, height) = (name.starts_with('k'), 0, 640, 480);
        CodedFrame { number, follows, key, layer, captured, width, height, data: vec![0; 100] }
    }

    /// Gives what can be decoded after each arrival.
    fn decoded(order: &mut Order, arrivals: &str) -> Vec<u32> {
        let mut numbers = vec![];
        for (at, name) in arrivals.split(' ').enumerate() {
            order.insert(frame(name), at as u64);
            numbers.extend(std::iter::from_fn(|| order.next()).map(|frame| frame.number));
        }
        numbers
    }

    #[test]
    fn frames_out_of_order_are_decoded_in_order() {
        let mut order = Order::default();
        assert_eq!(decoded(&mut order, "k0 d1 b4 d5 b2 d3 b6"), [0, 1, 2, 4, 5, 6]);
        assert_eq!((order.missing(), order.unusable(), order.stuck_since()), (0, 1, None), "3 came after its turn");
    }

    #[test]
    fn what_nothing_builds_on_is_not_waited_for() {
        let mut order = Order::default();
        assert_eq!(decoded(&mut order, "k0 b2 b4 d5 b6"), [0, 2, 4, 5, 6]);
        assert_eq!((order.missing(), order.stuck_since(), order.is_broken()), (2, None, false));
    }

    #[test]
    fn a_base_frame_is_waited_for_and_a_keyframe_ends_it() {
        let mut order = Order::default();
        assert_eq!(decoded(&mut order, "k0 d1 b4 d5 b6"), [0, 1]);
        assert_eq!(order.stuck_since(), Some(2));
        assert_eq!(decoded(&mut order, "k8 d9 b10"), [8, 9, 10]);
        assert_eq!((order.stuck_since(), order.unusable()), (None, 3));
    }

    #[test]
    fn nothing_is_decoded_before_the_first_keyframe_or_after_an_error() {
        let mut order = Order::default();
        assert_eq!(decoded(&mut order, "b2 d3 b4"), [0_u32; 0]);
        assert_eq!(order.stuck_since(), Some(0));
        assert_eq!(decoded(&mut order, "k6"), [6]);
        order.break_off(9);
        assert_eq!(decoded(&mut order, "d7 b8"), [0_u32; 0]);
        assert!(order.is_broken());
        assert_eq!(decoded(&mut order, "k10 d11"), [10, 11]);
        assert!(!order.is_broken());
    }

    #[test]
    fn a_frame_that_comes_twice_or_late_is_decoded_once() {
        let mut order = Order::default();
        assert_eq!(decoded(&mut order, "k0 d1 k0 d1 b2 b2 b2 d1"), [0, 1, 2]);
        assert_eq!(order.unusable(), 5);
    }

    #[test]
    fn a_sender_that_begins_anew_is_followed_and_a_late_keyframe_is_not() {
        let mut order = Order::default();
        assert_eq!(decoded(&mut order, "k1000 b1002 k900 b1004"), [1_000, 1_002, 1_004]);
        assert_eq!(decoded(&mut order, "k0 b2"), [0, 2]);
    }

    #[test]
    fn numbers_wrap() {
        let mut order = Order::default();
        let at = |number: u32, key| CodedFrame {
            number,
            follows: if key { number } else { number.wrapping_sub(1) },
            key,
            ..frame("b2")
        };
        let mut numbers = vec![];
        for (number, key) in [(u32::MAX - 1, true), (u32::MAX, false), (1, false), (0, false)] {
            order.insert(at(number, key), 0);
            numbers.extend(std::iter::from_fn(|| order.next()).map(|frame| frame.number));
        }
        assert_eq!(numbers, [u32::MAX - 1, u32::MAX, 0, 1]);
    }

    #[test]
    fn what_is_kept_is_bounded_in_frames_and_bytes() {
        let mut order = Order::default();
        decoded(&mut order, "k0");
        for number in 2..10_000 {
            order.insert(CodedFrame { follows: 77_777, data: vec![0; 1 << 18], ..frame(&format!("b{number}")) }, 0);
            assert!(order.next().is_none());
            assert!(order.waiting.len() <= MOST_FRAMES && order.bytes <= MOST_BYTES);
        }
    }

    #[test]
    fn any_numbers_are_borne() {
        let mut order = Order::default();
        let mut seed = 1_u32;
        for at in 0..20_000_u64 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let layer = if seed & 64 == 0 { Layer::Base } else { Layer::Droppable };
            let key = seed & 0x700 == 0;
            order.insert(CodedFrame { number: seed, follows: seed.rotate_left(9), key, layer, ..frame("b2") }, at);
            while order.next().is_some() {}
            let _ = (order.missing(), order.stuck_since());
        }
    }
}
