//! What a receiver tells the sender about how its voice arrives, twice a second.

use minicbor::{Decode, Encode};

use crate::call::{Side, not};

/// How the other's voice arrives here. Counts are since the call's sound began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Report {
    /// Frames that should have come.
    #[n(0)]
    pub expected: u64,
    /// Frames that came in time to be played.
    #[n(1)]
    pub in_time: u64,
    /// How unevenly they come, in milliseconds.
    #[n(2)]
    pub jitter_ms: u32,
    /// How long they wait before they are played, in milliseconds.
    #[n(3)]
    pub delay_ms: u32,
    /// When this was said, in milliseconds of a clock of the sayer's; wraps.
    #[n(4)]
    pub said_ms: u32,
    /// The last report that came from the other side.
    #[n(5)]
    pub echo: Option<Echo>,
    /// How the sayer's side of the call is; between those who have no link this is how it is told.
    #[cbor(n(6), default, skip_if = "silent")]
    pub side: Side,
    /// The sayer leaves the call.
    #[cbor(n(7), default, skip_if = "not")]
    pub leaves: bool,
    /// How the other's pictures arrive; none where none have come.
    #[n(8)]
    pub video: Option<VideoReport>,
}

/// How the other's pictures arrive. Counts are since the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct VideoReport {
    /// Pictures that should have come, as their numbers say.
    #[n(0)]
    pub expected: u64,
    /// Pictures that came.
    #[n(1)]
    pub came: u64,
    /// Bytes of them.
    #[n(2)]
    pub bytes: u64,
    /// How much longer than the fastest of the last seconds the last ones took, in milliseconds.
    #[n(3)]
    pub queued_ms: u32,
    /// Nothing after the picture of this number can be shown until a keyframe comes.
    #[n(4)]
    pub stuck_after: Option<u64>,
}

fn silent(side: &Side) -> bool {
    *side == Side::default()
}

/// An answered report, by which the other side knows how long there and back takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Echo {
    /// Its `said_ms`.
    #[n(0)]
    pub said_ms: u32,
    /// How long ago it came, in milliseconds.
    #[n(1)]
    pub held_ms: u32,
}

impl Echo {
    /// There and back, in milliseconds, at `now_ms` of the clock that said it; none where it can't be.
    pub fn round_trip_ms(&self, now_ms: u32) -> Option<u32> {
        let since = now_ms.wrapping_sub(self.said_ms);
        since.checked_sub(self.held_ms).filter(|round_trip| *round_trip < 60_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_there_and_back_is_without_the_wait() {
        assert_eq!(Echo { said_ms: 100, held_ms: 30 }.round_trip_ms(190), Some(60));
        assert_eq!(Echo { said_ms: u32::MAX - 9, held_ms: 5 }.round_trip_ms(10), Some(15), "the clock wrapped");
        assert_eq!(Echo { said_ms: 100, held_ms: 300 }.round_trip_ms(190), None, "said by a liar");
        assert_eq!(Echo { said_ms: 200, held_ms: 0 }.round_trip_ms(100), None, "from the future");
    }
}
