//! What crosses the corridor's edge to and from the net: 10 or 20 ms of one voice, as Opus, numbered and dated.
//!
//! The encode thread gives [`VoiceFrame`]s; the net's task takes them from [`VoiceFrames`], seals and sends them.

use crate::queue::Taker;

/// Samples a second, everywhere in the corridor.
pub const RATE: u32 = 48_000;

/// Samples in 10 ms, the step in which everything is cleaned, mixed and played.
pub(super) const BLOCK: usize = 480;

/// How many frames wait for the net at most: 160 ms. More would be heard too late to be of use.
pub(super) const FRAMES_OUT: usize = 8;

/// One packet of a voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceFrame {
    /// Counts the frames that were sent, from 0, and wraps. Pauses have no numbers, so a number that is missing was lost.
    pub number: u32,
    /// When its first sample was captured: samples at 48 kHz since some start, wraps. Runs on in pauses.
    pub captured: u32,
    /// One Opus packet, RFC 6716; mono, 3 to [`LARGEST_PACKET`] bytes.
    pub opus: Vec<u8>,
}

/// The most bytes in one packet: 20 ms at 64 kbit/s are 160; the rest is for peaks of a variable rate.
pub const LARGEST_PACKET: usize = 640;

/// How much of a voice is in one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FrameLength {
    /// 10 ms less delay, for twice the packets; only where the link is good.
    Ms10,
    /// The usual one.
    #[default]
    Ms20,
}

impl FrameLength {
    /// Samples at 48 kHz.
    pub const fn samples(self) -> usize {
        match self {
            Self::Ms10 => BLOCK,
            Self::Ms20 => 2 * BLOCK,
        }
    }
}

/// My voice, frame by frame, for the net. At most 8 wait; the oldest is lost when nobody takes them in time.
#[derive(Debug)]
pub struct VoiceFrames {
    pub(super) frames: Taker<VoiceFrame>,
}

impl VoiceFrames {
    /// The next frame, or `None` once the call's audio has ended. May be cancelled.
    pub async fn next(&mut self) -> Option<VoiceFrame> {
        self.frames.take().await
    }

    /// A frame that is there already.
    pub fn try_next(&mut self) -> Option<VoiceFrame> {
        self.frames.try_take()
    }

    /// How many frames were lost since the start because they weren't taken in time.
    pub fn lost(&self) -> u64 {
        self.frames.lost()
    }
}
