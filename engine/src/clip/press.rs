//! Makes packets of Opus for files: a steady good quality, nothing against losses, since a file has none.

use opus::{Application, Bitrate, Channels, Encoder};

use super::{ClipError, FRAME, LARGEST_PACKET, RATE};

/// See the module.
pub(crate) struct Press {
    encoder: Encoder,
    channels: Channels,
    packet: Vec<u8>,
}

impl Press {
    /// Of one voice, 32 kbit/s: clean speech, and a megabyte for four minutes.
    ///
    /// # Errors
    /// `Library`.
    pub fn mono() -> Result<Self, ClipError> {
        Self::new(Channels::Mono, Application::Voip, 32_000)
    }

    /// Of two voices side by side, with the quality of a good call.
    ///
    /// # Errors
    /// `Library`.
    pub fn stereo() -> Result<Self, ClipError> {
        Self::new(Channels::Stereo, Application::Audio, 64_000)
    }

    fn new(channels: Channels, application: Application, bits: i32) -> Result<Self, ClipError> {
        let mut encoder = Encoder::new(RATE, channels, application)?;
        encoder.set_bitrate(Bitrate::Bits(bits))?;
        Ok(Self { encoder, channels, packet: vec![0; LARGEST_PACKET] })
    }

    /// 1 or 2.
    pub fn channels(&self) -> u8 {
        if self.channels == Channels::Stereo { 2 } else { 1 }
    }

    /// Samples that come out before the first that went in.
    ///
    /// # Errors
    /// `Library`.
    pub fn look_ahead(&mut self) -> Result<u16, ClipError> {
        Ok(u16::try_from(self.encoder.get_lookahead()?).unwrap_or_default())
    }

    /// Makes a packet of [`FRAME`] samples of each channel, interleaved.
    ///
    /// # Errors
    /// `Library`.
    pub fn press(&mut self, samples: &[f32]) -> Result<Vec<u8>, ClipError> {
        debug_assert_eq!(samples.len(), FRAME * usize::from(self.channels()));
        let length = self.encoder.encode_float(samples, &mut self.packet)?;
        Ok(self.packet.get(..length).unwrap_or_default().to_vec())
    }
}

impl From<opus::Error> for ClipError {
    fn from(error: opus::Error) -> Self {
        Self::Library(error.to_string())
    }
}
