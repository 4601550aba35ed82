//! How a voice is coded on a given link: a pure table from what is known of the link to what the encoder is told.
//!
//! The rates are those that were measured with libopus 1.6 on speech, by wide-band PESQ. 32 kbit/s is clean, and the least
//! at which it makes redundant copies against any loss: below 27.5 kbit/s it makes none for 5 % and less. At 10 % lost, 32
//! kbit/s come to 3.0 and 48 to 3.3. A reliable stream that stalls at every loss wants as few bytes as speech can do with.

use super::frame::FrameLength;

/// What the net knows of the way to the listeners; of several, the worst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Share of frames that were lost or came too late, 0 to 1, as the listener reports it, smoothed over some seconds.
    pub loss: f32,
    /// Round trip in ms.
    pub rtt_ms: u32,
    /// Goes through a relay or over TCP, where whatever is lost holds up what follows.
    pub relayed: bool,
    /// Wide and steady: a local network, or a direct way that has shown no loss.
    pub good: bool,
}

impl Default for Link {
    /// What is assumed until something is known.
    fn default() -> Self {
        Self { loss: 0.0, rtt_ms: 100, relayed: false, good: false }
    }
}

/// What the encoder is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    /// Bits a second, 12,000 to 64,000, without headers.
    pub bitrate: u32,
    /// Whether each packet carries a coarse copy of the one before (RFC 6716, section 2.1.7).
    pub redundancy: bool,
    /// How much loss to prepare for, in percent, 0 to 30.
    pub loss_percent: u8,
    /// Sound in a packet.
    pub frame: FrameLength,
}

/// Below this, redundancy costs more quality than the loss does.
const WORTH_REDUNDANCY: f32 = 0.01;
/// From here on, the redundant copies want bits of their own, unless a queue on the way says that there are none.
const WORTH_BITS: f32 = 0.03;
/// There and back in ms, from which on a direct way is taken to have a queue.
const QUEUED: u32 = 400;
/// From here on a relayed way is taken to be congested, and not only unlucky.
const CONGESTED: f32 = 0.10;
/// libopus gains nothing from being told more.
const MOST_LOSS_PERCENT: f32 = 30.0;

/// Chooses the coding for a link; `asked` is the frame length that the person prefers.
pub fn coding(link: Link, asked: FrameLength) -> Coding {
    // A report is a peer's word: whatever isn't a share counts as none or all.
    let loss = if link.loss.is_finite() { link.loss.clamp(0.0, 1.0) } else { 0.0 };
    let bitrate = match (link.relayed, link.good) {
        (true, _) if loss >= CONGESTED || link.rtt_ms >= 600 => 12_000,
        (true, _) if loss >= WORTH_BITS => 16_000,
        (true, _) => 24_000,
        (false, true) if loss < WORTH_REDUNDANCY => 64_000,
        (false, true) => 40_000,
        (false, false) if loss >= WORTH_BITS && link.rtt_ms < QUEUED => 48_000,
        (false, false) => 32_000,
    };
    let redundancy = loss >= WORTH_REDUNDANCY;
    let loss_percent = if redundancy { (loss * 100.0).ceil().min(MOST_LOSS_PERCENT) as u8 } else { 0 };
    let frame = if link.good && !link.relayed && loss < WORTH_BITS { asked } else { FrameLength::Ms20 };
    Coding { bitrate, redundancy, loss_percent, frame }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> impl Iterator<Item = Link> {
        let losses = [-1.0, 0.0, 0.005, 0.01, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 7.0, f32::NAN, f32::INFINITY];
        losses.into_iter().flat_map(|loss| {
            [(false, false), (false, true), (true, false), (true, true)]
                .into_iter()
                .flat_map(move |(relayed, good)| [0, 60, 400, 5_000].map(|rtt_ms| Link { loss, rtt_ms, relayed, good }))
        })
    }

    #[test]
    fn every_link_gets_a_coding_within_bounds() {
        for link in links() {
            let coding = coding(link, FrameLength::Ms10);
            assert!((12_000..=64_000).contains(&coding.bitrate), "{link:?} {coding:?}");
            assert!(coding.loss_percent <= 30, "{link:?} {coding:?}");
            assert_eq!(coding.redundancy, coding.loss_percent > 0, "redundancy without loss costs quality: {link:?}");
        }
    }

    #[test]
    fn a_relayed_link_gets_at_most_24_kbit() {
        for link in links().filter(|link| link.relayed) {
            assert!(coding(link, FrameLength::Ms10).bitrate <= 24_000, "{link:?}");
        }
    }

    #[test]
    fn loss_on_a_direct_link_is_met_with_redundancy_and_bits_for_it() {
        let lossy = coding(Link { loss: 0.1, ..Link::default() }, FrameLength::Ms20);
        assert_eq!(lossy, Coding { bitrate: 48_000, redundancy: true, loss_percent: 10, frame: FrameLength::Ms20 });
        let queued = coding(Link { loss: 0.1, rtt_ms: 500, ..Link::default() }, FrameLength::Ms20);
        assert_eq!(queued.bitrate, 32_000, "more bits would make the queue longer");
    }

    #[test]
    fn short_frames_are_for_good_links_and_only_when_asked_for() {
        let good = Link { good: true, ..Link::default() };
        assert_eq!(coding(good, FrameLength::Ms10).frame, FrameLength::Ms10);
        assert_eq!(coding(good, FrameLength::Ms20).frame, FrameLength::Ms20);
        assert_eq!(coding(Link { loss: 0.05, ..good }, FrameLength::Ms10).frame, FrameLength::Ms20);
        assert_eq!(coding(Link::default(), FrameLength::Ms10).frame, FrameLength::Ms20);
        assert_eq!(coding(Link { relayed: true, ..good }, FrameLength::Ms10).frame, FrameLength::Ms20);
    }
}
