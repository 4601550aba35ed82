//! Sound alone: Ogg Opus (RFC 7845).
//!
//! A page for each second, so what a crash leaves can be read up to its last second.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Seek, Write},
};

use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};

use super::{Clip, ClipError, FRAME, LARGEST_PACKET, LARGEST_SOUND, MOST_PIECES, Packet, RATE, pieces::Pieces};

/// Any number; it tells logical streams in one file apart, of which there is one.
const SERIAL: u32 = 1;
/// Packets on a page: a second.
const PAGE: u64 = 50;
/// The first bytes of the two headers.
const HEAD: &[u8] = b"OpusHead";
const TAGS: &[u8] = b"OpusTags";
/// Bytes of the identification header of one or two channels, at least.
const HEAD_LENGTH: usize = 19;

/// Writes a file of sound.
pub(crate) struct OggWriter {
    ogg: PacketWriter<'static, BufWriter<File>>,
    /// Packets so far.
    count: u64,
    /// One is held back, since the last has to say that it is.
    held: Option<Vec<u8>>,
}

impl OggWriter {
    /// Begins with the headers; `skip` is what comes out of a decoder before the first sample that is meant.
    ///
    /// # Errors
    /// What the disk says.
    pub fn begin(file: File, channels: u8, skip: u16) -> io::Result<Self> {
        let mut ogg = PacketWriter::new(BufWriter::new(file));
        for header in [head(channels, skip), tags()] {
            ogg.write_packet(header, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        }
        Ok(Self { ogg, count: 0, held: None })
    }

    /// Takes a packet of [`FRAME`] samples.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&mut self, packet: Vec<u8>) -> io::Result<()> {
        let Some(before) = self.held.replace(packet) else { return Ok(()) };
        let ends_page = (self.count + 1).is_multiple_of(PAGE);
        self.put(before, if ends_page { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket })?;
        if ends_page { self.ogg.inner_mut().flush() } else { Ok(()) }
    }

    /// Ends the stream; everything is with the system then, and not yet surely on the disk.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(mut self) -> io::Result<File> {
        let last = self.held.take().unwrap_or_default();
        self.put(last, PacketWriteEndInfo::EndStream)?;
        self.ogg.into_inner().into_inner().map_err(io::IntoInnerError::into_error)
    }

    fn put(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo) -> io::Result<()> {
        self.count += 1;
        self.ogg.write_packet(packet, SERIAL, end, self.count * FRAME as u64)
    }
}

/// The identification header, RFC 7845 section 5.1.
fn head(channels: u8, skip: u16) -> Vec<u8> {
    const VERSION: u8 = 1;
    const NO_GAIN: [u8; 2] = [0, 0];
    const PLAIN: u8 = 0;
    let mut head = HEAD.to_vec();
    head.extend([VERSION, channels]);
    head.extend(skip.to_le_bytes());
    head.extend(RATE.to_le_bytes());
    head.extend(NO_GAIN);
    head.push(PLAIN);
    head
}

/// The comment header, RFC 7845 section 5.2: the program's name, and nothing about anybody.
fn tags() -> Vec<u8> {
    const VENDOR: &[u8] = b"JUICE";
    let mut tags = TAGS.to_vec();
    tags.extend((VENDOR.len() as u32).to_le_bytes());
    tags.extend(VENDOR);
    tags.extend(0_u32.to_le_bytes());
    tags
}

/// Reads a file of sound, up to where it is damaged, if it is.
pub(super) fn read(mut file: &File, size: u64) -> Result<Clip, ClipError> {
    if size > LARGEST_SOUND {
        return Err(ClipError::Malformed("larger than any"));
    }
    file.rewind()?;
    let mut reader = PacketReader::new(BufReader::new(file));
    let mut next = || reader.read_packet().ok().flatten().map(|packet| packet.data);
    let head = next().filter(|head| head.starts_with(HEAD) && head.len() >= HEAD_LENGTH);
    let head = head.ok_or(ClipError::Malformed("no sound of ours"))?;
    let skip = match head.get(9..12) {
        Some([1 | 2, low, high]) => u16::from_le_bytes([*low, *high]),
        Some(_) | None => return Err(ClipError::Malformed("its channels")),
    };
    next().filter(|tags| tags.starts_with(TAGS)).ok_or(ClipError::Malformed("no comments"))?;
    let (mut bytes, mut packets, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(packet) = next().filter(|_| packets.len() < MOST_PIECES) {
        let Some(samples) = samples(&packet) else { continue };
        let (offset, length) = (bytes.len() as u64, packet.len() as u32);
        packets.push(Packet { offset, length, at, samples });
        bytes.extend(packet);
        at += u64::from(samples);
    }
    let (frames, parameters) = (Vec::new(), Vec::new());
    Ok(Clip { data: Pieces::Memory(bytes), packets, skip: skip.into(), frames, parameters })
}

/// How much sound is in a packet; none where it is no Opus.
pub(super) fn samples(packet: &[u8]) -> Option<u32> {
    const MOST: usize = 5_760;
    if packet.is_empty() || packet.len() > LARGEST_PACKET {
        return None;
    }
    let samples = opus::packet::get_nb_samples(packet, RATE).ok()?;
    (1..=MOST).contains(&samples).then_some(samples as u32)
}
