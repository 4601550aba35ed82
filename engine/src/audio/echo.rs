//! A peer that says everything back one second later, for the buddy who is there to try a call with. Pure.

use std::{collections::VecDeque, time::Duration};

use super::frame::VoiceFrame;

/// Long enough to have said something, short enough to wait for.
const DELAY: Duration = Duration::from_secs(1);
/// 2.5 s of frames of 10 ms; a second has 100.
const MOST_WAITING: usize = 250;

/// See the module. Time is counted from any start.
#[derive(Debug, Default)]
pub struct Echo {
    waiting: VecDeque<(Duration, VoiceFrame)>,
}

impl Echo {
    /// Takes a frame that arrived at `now`; of a flood the oldest are lost.
    pub fn hear(&mut self, frame: VoiceFrame, now: Duration) {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((now.saturating_add(DELAY), frame));
    }

    /// A frame to send at `now`, if one is due. What was lost or out of order on the way here is so on the way back.
    pub fn say(&mut self, now: Duration) -> Option<VoiceFrame> {
        if self.due()? > now {
            return None;
        }
        self.waiting.pop_front().map(|(_, frame)| frame)
    }

    /// When the next one is.
    pub fn due(&self) -> Option<Duration> {
        self.waiting.front().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u32) -> VoiceFrame {
        VoiceFrame { number, captured: number * 960, opus: vec![1, 2, 3] }
    }

    #[test]
    fn everything_comes_back_after_a_second_and_not_before() {
        let mut echo = Echo::default();
        echo.hear(frame(7), Duration::from_millis(100));
        echo.hear(frame(8), Duration::from_millis(120));
        assert_eq!(echo.say(Duration::from_millis(1_099)), None);
        assert_eq!(echo.due(), Some(Duration::from_millis(1_100)));
        assert_eq!(echo.say(Duration::from_millis(1_110)), Some(frame(7)));
        assert_eq!(echo.say(Duration::from_millis(1_110)), None);
        assert_eq!(echo.say(Duration::from_millis(1_120)), Some(frame(8)));
        assert_eq!((echo.say(Duration::MAX), echo.due()), (None, None));
    }

    #[test]
    fn a_flood_keeps_the_newest() {
        let mut echo = Echo::default();
        for number in 0..1_000 {
            echo.hear(frame(number), Duration::ZERO);
        }
        assert_eq!(echo.say(Duration::from_secs(2)), Some(frame(750)));
    }
}
