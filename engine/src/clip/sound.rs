//! The sound of a clip, from any moment on, as samples of one channel.

use opus::{Channels, Decoder};

use super::{Clip, ClipError, RATE};

/// A decoder has to run for so long before what it says is right (RFC 7845, section 4.6): 80 ms.
const LEAD: u64 = 3_840;
/// The most that a packet holds: 120 ms.
const MOST: usize = 5_760;

/// Reads a clip's sound in order.
pub(crate) struct Sound {
    decoder: Decoder,
    /// The packet that comes next.
    next: usize,
    /// Samples before this one are left out.
    from: u64,
}

impl Sound {
    /// From so many samples on, counted from where it can be heard.
    ///
    /// # Errors
    /// `Library`.
    pub fn from(clip: &Clip, sample: u64) -> Result<Self, ClipError> {
        let from = sample + clip.skip;
        let lead = from.saturating_sub(LEAD);
        let next = clip.packets.partition_point(|packet| packet.at + u64::from(packet.samples) <= lead);
        // A decoder for one channel mixes two.
        Ok(Self { decoder: Decoder::new(RATE, Channels::Mono)?, next, from })
    }

    /// The next samples; none at the end. What can't be read or decoded is silent.
    pub fn next(&mut self, clip: &Clip) -> Option<Vec<f32>> {
        loop {
            let packet = clip.packets.get(self.next)?;
            self.next += 1;
            let mut samples = vec![0.0; MOST];
            let read = clip.data.read(packet.offset, packet.length).ok();
            let decoded = read.and_then(|bytes| self.decoder.decode_float(&bytes, &mut samples, false).ok());
            if decoded != Some(packet.samples as usize) {
                samples.fill(0.0);
            }
            samples.truncate(packet.samples as usize);
            let early = usize::try_from(self.from.saturating_sub(packet.at)).unwrap_or(usize::MAX).min(samples.len());
            samples.drain(..early);
            if !samples.is_empty() {
                samples.iter_mut().for_each(|sample| *sample = if sample.is_finite() { *sample } else { 0.0 });
                return Some(samples);
            }
        }
    }
}
