//! Who sent what does not parse, and who is therefore refused for a while. Owned by the Swarm's task; told the time.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use libp2p::PeerId;

/// How many parse errors block a peer.
const STRIKES: usize = 3;
/// Within how long.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// For how long.
const BLOCK: Duration = Duration::from_secs(5 * 60);
/// How many peers are remembered; the one whose last error is longest ago makes room.
const MAX_PEERS: usize = 1_024;

/// Strikes and blocks by peer.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    counted: HashMap<PeerId, Vec<Instant>>,
    blocked: HashMap<PeerId, Instant>,
}

impl Strikes {
    /// Counts a parse error; true if the peer is to be blocked.
    pub(super) fn strike(&mut self, peer: PeerId, now: Instant) -> bool {
        if self.counted.len() >= MAX_PEERS && !self.counted.contains_key(&peer) {
            let oldest = self.counted.iter().min_by_key(|(_, times)| times.last());
            if let Some(oldest) = oldest.map(|(peer, _)| *peer) {
                self.counted.remove(&oldest);
            }
        }
        let times = self.counted.entry(peer).or_default();
        times.retain(|time| now.duration_since(*time) < WINDOW);
        times.push(now);
        if times.len() < STRIKES {
            return false;
        }
        self.counted.remove(&peer);
        self.blocked.insert(peer, now + BLOCK);
        true
    }

    /// Those whose block is over.
    pub(super) fn released(&mut self, now: Instant) -> Vec<PeerId> {
        let over = |until: &Instant| *until <= now;
        let released: Vec<_> = self.blocked.iter().filter_map(|(peer, until)| over(until).then_some(*peer)).collect();
        self.blocked.retain(|_, until| !over(until));
        released
    }

    /// When the next block is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.blocked.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_parse_error_in_ten_minutes_blocks_for_five() {
        let (mut strikes, eve, start) = (Strikes::default(), PeerId::random(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!strikes.strike(eve, at(0)));
        assert!(!strikes.strike(eve, at(599)));
        assert!(!strikes.strike(eve, at(601)), "the first is forgotten after ten minutes");
        assert!(strikes.strike(eve, at(602)));
        assert_eq!(strikes.deadline(), Some(at(902)));
        assert!(strikes.released(at(901)).is_empty());
        assert_eq!(strikes.released(at(902)), vec![eve]);
        assert_eq!(strikes.deadline(), None);
    }

    #[test]
    fn eve_cannot_fill_the_memory_with_identities() {
        let (mut strikes, start) = (Strikes::default(), Instant::now());
        for number in 0..5_000 {
            strikes.strike(PeerId::random(), start + Duration::from_millis(number));
        }
        assert!(strikes.counted.len() <= MAX_PEERS);
    }
}
