//! How a call is: out of how I hear them and how they say they hear me.
//!
//! Pure. Counts come twice a second; what is said of them is about the last four seconds.

use std::collections::VecDeque;

use juice_proto::{
    media::Report,
    view::{CallQuality, CallVerdict},
};

use crate::audio::{Link, Reception};

/// Counts that are kept: four seconds and the one before.
const KEPT: usize = 9;
/// Above this share of lost frames one is hard to hear, in percent.
const LOSSY: f64 = 5.0;
/// Above this there and back, in milliseconds, people begin to talk over each other.
const SLOW: f64 = 400.0;
/// So many counts tell how steady a link is: a second and a half.
const ENOUGH: usize = 4;
/// Below these a link is wide and steady.
const GOOD_LOSS: f64 = 0.5;
const GOOD_RTT: f64 = 40.0;

/// Expected frames and those that came in time, lately.
#[derive(Clone, Debug, Default)]
struct Lately(VecDeque<(u64, u64)>);

impl Lately {
    fn add(&mut self, expected: u64, in_time: u64) {
        // A sound that began anew counts from 0 again.
        if self.0.back().is_some_and(|(before, _)| expected < *before) {
            self.0.clear();
        }
        self.0.push_back((expected, in_time));
        if self.0.len() > KEPT {
            self.0.pop_front();
        }
    }

    fn lost_percent(&self) -> f64 {
        let (Some(first), Some(last)) = (self.0.front(), self.0.back()) else { return 0.0 };
        let expected = last.0.saturating_sub(first.0);
        let in_time = last.1.saturating_sub(first.1).min(expected);
        if expected == 0 { 0.0 } else { (expected - in_time) as f64 * 100.0 / expected as f64 }
    }

    fn is_known(&self) -> bool {
        self.0.len() >= ENOUGH
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Quality {
    from_them: Lately,
    to_them: Lately,
    rtt_ms: Option<f64>,
    reception: Reception,
    /// Nothing has come for a while.
    pub silent: bool,
    /// Through the relay.
    pub relayed: bool,
    /// Bytes that left, and in how many milliseconds.
    pub sent: (u64, u64),
}

impl Quality {
    /// How I hear them now.
    pub fn heard(&mut self, reception: Reception) {
        self.reception = reception;
        self.from_them.add(reception.expected, in_time(&reception));
    }

    /// How they say they hear me, and how long there and back took.
    pub fn told(&mut self, report: &Report, rtt_ms: Option<u32>) {
        self.to_them.add(report.expected, report.in_time);
        if let Some(now) = rtt_ms.map(f64::from) {
            self.rtt_ms = Some(self.rtt_ms.map_or(now, |before| before * 0.75 + now * 0.25));
        }
    }

    /// For whoever codes my voice.
    pub fn link(&self) -> Link {
        let (loss, rtt) = (self.to_them.lost_percent(), self.rtt_ms);
        let steady = self.to_them.is_known() && loss < GOOD_LOSS;
        Link {
            loss: (loss / 100.0) as f32,
            rtt_ms: rtt.map_or(Link::default().rtt_ms, |rtt| rtt as u32),
            relayed: self.relayed,
            good: steady && rtt.is_some_and(|rtt| rtt < GOOD_RTT) && !self.relayed,
        }
    }

    /// For the window.
    pub fn view(&self, call: String) -> CallQuality {
        let (lost_from_them, lost_to_them) = (self.from_them.lost_percent(), self.to_them.lost_percent());
        let verdict = match (lost_from_them > LOSSY, lost_to_them > LOSSY) {
            _ if self.silent => CallVerdict::Silent,
            (true, true) => CallVerdict::BothAreLost,
            (true, false) => CallVerdict::TheirsIsLost,
            (false, true) => CallVerdict::MineIsLost,
            (false, false) if self.rtt_ms.is_some_and(|rtt| rtt > SLOW) => CallVerdict::Slow,
            (false, false) => CallVerdict::Good,
        };
        let (bytes, millis) = self.sent;
        CallQuality {
            call,
            verdict,
            rtt_ms: self.rtt_ms,
            lost_from_them,
            lost_to_them,
            jitter_ms: f64::from(self.reception.jitter_ms),
            delay_ms: f64::from(self.reception.delay_ms),
            kbit_s: if millis == 0 { 0.0 } else { (bytes * 8) as f64 / millis as f64 },
            relayed: self.relayed,
            from_them: None,
            to_them: None,
        }
    }
}

/// Frames that came before their turn: what was made up or patched did not.
pub(super) fn in_time(reception: &Reception) -> u64 {
    reception.expected.saturating_sub(reception.concealed + reception.recovered_by_fec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(expected: u64, in_time: u64) -> Report {
        Report { expected, in_time, ..Report::default() }
    }

    fn reception(expected: u64, concealed: u64) -> Reception {
        Reception { expected, concealed, ..Reception::default() }
    }

    #[test]
    fn it_says_whose_voice_is_lost() {
        let mut quality = Quality::default();
        for second in 0..20 {
            quality.heard(reception(second * 25, 0));
            quality.told(&report(second * 25, second * 23), Some(60));
        }
        let view = quality.view("call".into());
        assert_eq!(view.verdict, CallVerdict::MineIsLost);
        assert!((view.lost_to_them - 8.0).abs() < 0.01 && view.lost_from_them == 0.0, "{view:?}");
        assert!((view.rtt_ms.unwrap() - 60.0).abs() < 0.01);
        assert!((quality.link().loss - 0.08).abs() < 0.001 && !quality.link().good);
    }

    #[test]
    fn what_is_past_is_forgotten_in_four_seconds() {
        let mut quality = Quality::default();
        for second in 0..20 {
            quality.heard(reception(second * 25, second * 5));
        }
        assert_eq!(quality.view(String::new()).verdict, CallVerdict::TheirsIsLost);
        for second in 20..30 {
            quality.heard(reception(second * 25, 20 * 5));
            quality.told(&report(second * 25, second * 25), Some(10));
        }
        assert_eq!(quality.view(String::new()).verdict, CallVerdict::Good);
        assert!(quality.link().good);
    }

    #[test]
    fn a_link_is_good_once_two_seconds_have_shown_it() {
        let mut quality = Quality::default();
        let good: Vec<bool> = (0..6)
            .map(|half| {
                quality.told(&report(half * 25, half * 25), Some(10));
                quality.link().good
            })
            .collect();
        assert_eq!(good, [false, false, false, true, true, true]);
        quality.told(&report(150, 149), Some(10));
        assert!(!quality.link().good, "one of 125 is more than a steady link loses");
    }

    #[test]
    fn a_liar_is_believed_no_more_than_everything_lost() {
        let mut quality = Quality::default();
        for (expected, in_time) in [(0, 0), (10, u64::MAX), (5, 5), (u64::MAX, 0)] {
            quality.told(&report(expected, in_time), Some(u32::MAX));
            assert!((0.0..=100.0).contains(&quality.view(String::new()).lost_to_them));
        }
    }
}
