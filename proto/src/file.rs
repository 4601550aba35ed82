//! How a file crosses: chunks, their seal, and what two devices say on a stream of [`PROTOCOL`].
//!
//! Whoever opens the stream says first what it is about, in a [`FileAsk`]. For [`FileAsk::Want`] the author sends the
//! chunks asked for, in order, each a [`FileAnswer::Chunk`], until they are all sent or the stream ends; then the
//! receiver may ask for more on the same stream, or say that it has it whole. The other words are answered by
//! [`FileAnswer::Noted`]. A chunk is 64 KiB of the file, the last one what is left; it is sealed with ChaCha20-Poly1305
//! under the offer's key, the nonce being its number and the associated data the root, so that it opens nowhere but in
//! its place. The root is SHA-256 over the SHA-256 of each chunk.

use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Tag, aead::AeadInOut};
use minicbor::{Decode, Encode, Encoder, bytes::ByteSlice};
use sha2::{Digest, Sha256};

use crate::{content::FileOffer, error::ProtoError, frame, id::MessageId, seal::counted};

/// The name of the stream protocol.
pub const PROTOCOL: &str = "/juice/file/1";
/// The bytes of a file in one chunk.
pub const CHUNK: usize = 64 * 1024;
/// The largest file, in bytes: 1 TiB.
pub const MAX_FILE: u64 = 1 << 40;
/// The most runs in one [`FileAsk::Want`].
pub const MAX_RUNS: usize = 512;
/// The largest thumbnail that is shown, in pixels each way.
pub const MAX_THUMBNAIL_SIDE: u16 = 1_024;

/// The length of a seal.
const TAG: usize = 16;
/// `chunk` in an array of three, the number, and the length of 64 KiB and a seal: never more than this.
const PREFIX: usize = 16;

/// Chunks that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Run {
    /// The first, counted from 0.
    #[n(0)]
    pub first: u64,
    /// How many.
    #[n(1)]
    pub count: u64,
}

/// What the side that opens a stream says, and the receiver again when it has what it asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum FileAsk {
    /// Receiver to author: these chunks of your file are missing here.
    #[n(0)]
    Want {
        /// The message that offers it.
        #[n(0)]
        message: MessageId,
        /// Every chunk that is missing, in order, as far as [`MAX_RUNS`] reach.
        #[n(1)]
        runs: Vec<Run>,
        /// How many bytes are here.
        #[n(2)]
        have: u64,
    },
    /// Receiver to author: your file is here, whole and as you said.
    #[n(1)]
    Whole(#[n(0)] MessageId),
    /// Either way: I have given it up.
    #[n(2)]
    GivenUp(#[n(0)] MessageId),
    /// Author to receiver: it can be had again.
    #[n(3)]
    Ready(#[n(0)] MessageId),
}

impl FileAsk {
    /// The message that it is about.
    pub fn message(&self) -> MessageId {
        match self {
            Self::Want { message, .. } | Self::Whole(message) | Self::GivenUp(message) | Self::Ready(message) => {
                *message
            }
        }
    }
}

/// What the side answers that accepted the stream.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum FileAnswer<'b> {
    /// A sealed chunk and its number.
    #[n(0)]
    Chunk(#[n(0)] u64, #[b(1)] &'b ByteSlice),
    /// Nothing (more) comes on this stream.
    #[n(1)]
    No(#[n(0)] FileRefusal),
    /// Heard, and saved.
    #[n(2)]
    Noted,
}

/// Why nothing comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FileRefusal {
    /// No such file was offered to you, or you are not known yet on this connection.
    #[n(0)]
    Unknown,
    /// It is not where it was, or has been changed since.
    #[n(1)]
    Gone,
    /// Its author holds it for a while.
    #[n(2)]
    Held,
    /// Its author has given it up.
    #[n(3)]
    GivenUp,
    /// Too many at once: ask again in a while.
    #[n(4)]
    Busy,
}

/// How many chunks a file of `size` bytes has.
pub fn chunks(size: u64) -> u64 {
    size.div_ceil(CHUNK as u64)
}

/// The length of chunk `index` of a file of `size` bytes; none where it has no such chunk.
pub fn chunk_length(size: u64, index: u64) -> Option<usize> {
    let start = index.checked_mul(CHUNK as u64)?;
    let left = size.checked_sub(start).filter(|left| *left > 0)?;
    Some(usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK)))
}

/// The SHA-256 of a chunk.
pub fn chunk_hash(plain: &[u8]) -> [u8; 32] {
    Sha256::digest(plain).into()
}

/// Makes a root out of the hashes of chunks, in order.
#[derive(Clone, Debug, Default)]
pub struct Root(Sha256);

impl Root {
    /// The next chunk's hash.
    pub fn add(&mut self, hash: &[u8; 32]) {
        self.0.update(hash);
    }

    /// The root.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Seals and opens the chunks of one file.
#[derive(Clone)]
pub struct ChunkSeal {
    cipher: ChaCha20Poly1305,
    root: [u8; 32],
}

impl ChunkSeal {
    /// For an offer.
    pub fn new(offer: &FileOffer) -> Self {
        Self { cipher: ChaCha20Poly1305::new(&Key::from(*offer.key)), root: *offer.root }
    }

    /// Appends chunk `index` to `out` as a whole frame with its length; `fill` writes the plain bytes of a chunk of
    /// `length` bytes into the place that it is given.
    ///
    /// # Errors
    /// What `fill` gives; then `out` is as it was. `TooLong` above [`CHUNK`].
    pub fn append<E: From<ProtoError>>(
        &self,
        out: &mut Vec<u8>,
        index: u64,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if length > CHUNK {
            return Err(ProtoError::TooLong.into());
        }
        let begin = out.len();
        let done = self.append_at(out, index, length, fill);
        if done.is_err() {
            out.truncate(begin);
        }
        done
    }

    fn append_at<E: From<ProtoError>>(
        &self,
        out: &mut Vec<u8>,
        index: u64,
        length: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut prefix = Encoder::new(Vec::with_capacity(PREFIX));
        let sealed = length + TAG;
        // Writing into a Vec can't fail.
        let _ = prefix.array(3).and_then(|e| e.u8(0)).and_then(|e| e.u64(index)).map(|e| {
            let _ = e.bytes_len(sealed as u64);
        });
        let prefix = prefix.into_writer();
        out.extend_from_slice(&frame::header(prefix.len() + sealed)?);
        out.extend_from_slice(&prefix);
        let place = out.len();
        out.resize(place + length, 0);
        let plain = out.get_mut(place..).unwrap_or_default();
        fill(plain)?;
        let tag = self.seal(index, plain)?;
        out.extend_from_slice(&tag);
        Ok(())
    }

    /// Not generic, so that it is compiled with this crate, which a debug build optimises.
    fn seal(&self, index: u64, plain: &mut [u8]) -> Result<Tag, ProtoError> {
        let sealed = self.cipher.encrypt_inout_detached(&counted(index), &self.root, plain.into());
        sealed.map_err(|_| ProtoError::TooLong)
    }

    /// Opens a sealed chunk where it lies; the plain bytes are the front of it.
    ///
    /// # Errors
    /// `BadSeal` for what was not sealed by the author for this place.
    pub fn open<'b>(&self, index: u64, sealed: &'b mut [u8]) -> Result<&'b [u8], ProtoError> {
        let length = sealed.len().checked_sub(TAG).ok_or(ProtoError::BadSeal)?;
        let (plain, tag) = sealed.split_at_mut_checked(length).ok_or(ProtoError::BadSeal)?;
        let tag = Tag::try_from(&*tag).map_err(|_| ProtoError::BadSeal)?;
        self.cipher
            .decrypt_inout_detached(&counted(index), &self.root, (&mut *plain).into(), &tag)
            .map_err(|_| ProtoError::BadSeal)?;
        Ok(plain)
    }
}

impl std::fmt::Debug for ChunkSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChunkSeal(..)")
    }
}

/// A JPEG whose header says that it has at most [`MAX_THUMBNAIL_SIDE`] pixels each way: what is not may cost whoever
/// draws it gigabytes. (ITU-T T.81, B.1.1.4 and B.2.2)
pub fn is_thumbnail(jpeg: &[u8]) -> bool {
    let Some(mut rest) = jpeg.strip_prefix(&[0xff, 0xd8]) else { return false };
    loop {
        let Some((&[0xff, marker], after)) = rest.split_first_chunk::<2>() else { return false };
        if marker == 0xff {
            // A fill byte.
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let Some((length, _)) = after.split_first_chunk::<2>() else { return false };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some(segment) = after.get(2..length) else { return false };
        match marker {
            // The frame headers; the numbers between them are tables.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let [_, h1, h0, w1, w0, ..] = *segment else { return false };
                let fits = |side: u16| (1..=MAX_THUMBNAIL_SIDE).contains(&side);
                return fits(u16::from_be_bytes([h1, h0])) && fits(u16::from_be_bytes([w1, w0]));
            }
            // Pixels, or the end, before any frame header.
            0xd8..=0xda => return false,
            _ => rest = after.get(length..).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Picture;

    fn offer(key: u8, root: u8) -> FileOffer {
        let picture = None::<Picture>;
        let (name, caption) = ("x".into(), String::new());
        FileOffer { name, size: 100_000, key: [key; 32].into(), root: [root; 32].into(), picture, caption, memo: None }
    }

    fn sealed(seal: &ChunkSeal, index: u64, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let fill = |place: &mut [u8]| -> Result<(), ProtoError> {
            place.copy_from_slice(plain);
            Ok(())
        };
        seal.append(&mut out, index, plain.len(), fill).unwrap();
        let length = frame::length(out[..4].try_into().unwrap()).unwrap();
        assert_eq!(length + 4, out.len());
        let FileAnswer::Chunk(number, bytes) = frame::decode(&out[4..]).unwrap() else { panic!("a chunk") };
        assert_eq!(number, index);
        bytes.to_vec()
    }

    #[test]
    fn a_chunk_opens_in_its_place_and_file_alone() {
        let seal = ChunkSeal::new(&offer(1, 2));
        let plain = vec![7; CHUNK];
        let bytes = sealed(&seal, 5, &plain);
        assert_eq!(seal.open(5, &mut bytes.clone()), Ok(plain.as_slice()));
        assert_eq!(seal.open(6, &mut bytes.clone()), Err(ProtoError::BadSeal), "another place");
        for other in [offer(9, 2), offer(1, 9)] {
            assert_eq!(ChunkSeal::new(&other).open(5, &mut bytes.clone()), Err(ProtoError::BadSeal));
        }
        let mut bent = bytes;
        bent[100] ^= 1;
        assert_eq!(seal.open(5, &mut bent), Err(ProtoError::BadSeal));
        assert_eq!(seal.open(5, &mut [0; 3]), Err(ProtoError::BadSeal));
    }

    #[test]
    fn the_last_chunk_is_what_is_left() {
        let whole = CHUNK as u64;
        assert_eq!((chunks(0), chunks(1), chunks(whole), chunks(whole + 1)), (0, 1, 1, 2));
        assert_eq!(chunk_length(whole + 1, 0), Some(CHUNK));
        assert_eq!(chunk_length(whole + 1, 1), Some(1));
        assert_eq!(chunk_length(whole, 1), None);
        assert_eq!(chunk_length(0, 0), None);
        assert_eq!(chunk_length(u64::MAX, u64::MAX), None);
    }

    #[test]
    fn a_failed_read_leaves_nothing_behind() {
        let mut out = vec![1, 2, 3];
        let done = ChunkSeal::new(&offer(1, 2)).append(&mut out, 0, 10, |_| Err(ProtoError::Corrupt));
        assert_eq!((done, out), (Err(ProtoError::Corrupt), vec![1, 2, 3]));
    }

    #[test]
    fn a_thumbnail_that_would_cost_gigabytes_is_none() {
        let jpeg = |height: u16, width: u16| {
            let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
            let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff];
            bytes.extend([0xff, 0xc0, 0, 11, 8, h1, h0, w1, w0, 1, 1, 0x11, 0, 0xff, 0xda]);
            bytes
        };
        assert!(is_thumbnail(&jpeg(320, 240)));
        for wrong in [jpeg(65_535, 65_535), jpeg(0, 10), jpeg(10, 2_000), Vec::new(), vec![0xff, 0xd8, 0xff, 0xd9]] {
            assert!(!is_thumbnail(&wrong), "{wrong:?}");
        }
        assert!(!is_thumbnail(b"<svg/>"));
        assert!(!is_thumbnail(&[0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xc0]), "a length below its own two bytes");
    }
}
