//! How much may be on its way at once: Cubic (RFC 9438), but never less than what speech and a picture want.
//!
//! Cubic takes every lost packet for a sign of congestion, so where a tenth is lost by radio it allows next to nothing, and
//! voice waits for its turn. Voice and pictures follow the other side's reports instead; the floor lets them. quinn's BBR
//! would do so too, but files were slower with it where nothing is lost.

use std::{any::Any, sync::Arc, time::Instant};

use quinn::congestion::{Controller, ControllerFactory, CubicConfig};
use quinn_proto::RttEstimator;

/// Bytes: 2.4 Mbit/s over 160 ms. A queue that they fill makes the way longer, and so themselves slower.
const FLOOR: u64 = 48 * 1024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct FlooredConfig(Arc<CubicConfig>);

impl ControllerFactory for FlooredConfig {
    fn build(self: Arc<Self>, now: Instant, mtu: u16) -> Box<dyn Controller> {
        Box::new(Floored(Arc::clone(&self.0).build(now, mtu)))
    }
}

struct Floored(Box<dyn Controller>);

impl Controller for Floored {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        self.0.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, app_limited: bool, rtt: &RttEstimator) {
        self.0.on_ack(now, sent, bytes, app_limited, rtt);
    }

    fn on_end_acks(&mut self, now: Instant, in_flight: u64, app_limited: bool, largest: Option<u64>) {
        self.0.on_end_acks(now, in_flight, app_limited, largest);
    }

    fn on_congestion_event(&mut self, now: Instant, sent: Instant, is_persistent_congestion: bool, lost_bytes: u64) {
        self.0.on_congestion_event(now, sent, is_persistent_congestion, lost_bytes);
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.0.on_mtu_update(new_mtu);
    }

    fn window(&self) -> u64 {
        self.0.window().max(FLOOR)
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Self(self.0.clone_box()))
    }

    fn initial_window(&self) -> u64 {
        self.0.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn whatever_is_lost_speech_and_a_picture_may_go() {
        let mut now = Instant::now();
        let mut floored = Arc::new(FlooredConfig::default()).build(now, 1_200);
        let mut cubic = Arc::new(CubicConfig::default()).build(now, 1_200);
        for _ in 0..100 {
            now += Duration::from_millis(200);
            for controller in [&mut floored, &mut cubic] {
                controller.on_congestion_event(now, now, false, 1_200);
            }
        }
        assert!(cubic.window() < 4_000, "Cubic alone allows {}", cubic.window());
        assert_eq!(floored.window(), FLOOR);
        assert_eq!(floored.clone_box().window(), FLOOR);
    }
}
