//! A stream of bytes under a password: Argon2id, then XChaCha20-Poly1305 over chunks of 64 KiB.
//!
//! Layout: magic, version, the length of the header (two bytes, big-endian), the header (CBOR), chunks. The key is made
//! anew for each file by a random salt. A chunk's nonce is 15 random bytes of the file, the chunk's number, and whether
//! it is the last, so that none can be left out, moved, repeated or cut off (the STREAM construction: Hoang, Reyhanitabar,
//! Rogaway, Vizar, 2015); the header is bound to each as associated data.

use std::io::{self, Read, Write};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use juice_proto::{error::ProtoError, frame, vault::KdfParams};
use minicbor::{Decode, Encode, bytes::ByteArray};
use zeroize::Zeroizing;

use super::BackupError;

const MAGIC: &[u8; 8] = b"JUICEBAK";
const VERSION: u8 = 1;
/// The plain bytes of a chunk; only the last has fewer.
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// The longest header: forty bytes of randomness and three numbers need less.
const MAX_HEADER: usize = 256;

#[derive(Encode, Decode)]
#[cbor(map)]
struct Header {
    #[n(0)]
    kdf: KdfParams,
    #[n(1)]
    salt: ByteArray<16>,
    #[n(2)]
    nonce: ByteArray<15>,
}

/// The seal of one file.
struct Seal {
    cipher: XChaCha20Poly1305,
    nonce: [u8; 15],
    header: Vec<u8>,
    number: u64,
}

impl Seal {
    fn new(header: Header, bytes: Vec<u8>, password: &str) -> Result<Self, ProtoError> {
        let mut key = Zeroizing::new([0; 32]);
        header.kdf.stretch(password.as_bytes(), &*header.salt, key.as_mut())?;
        let key: &[u8; 32] = &key;
        Ok(Self { cipher: XChaCha20Poly1305::new(key.into()), nonce: *header.nonce, header: bytes, number: 0 })
    }

    fn nonce(&self, last: bool) -> XNonce {
        let mut nonce = [0; 24];
        let (prefix, rest) = nonce.split_at_mut(15);
        prefix.copy_from_slice(&self.nonce);
        let (number, end) = rest.split_at_mut(8);
        number.copy_from_slice(&self.number.to_be_bytes());
        end.fill(u8::from(last));
        XNonce::from(nonce)
    }

    fn seal(&mut self, chunk: &[u8], last: bool) -> io::Result<Vec<u8>> {
        let payload = Payload { msg: chunk, aad: &self.header };
        let sealed = self.cipher.encrypt(&self.nonce(last), payload).map_err(io::Error::other)?;
        self.number += 1;
        Ok(sealed)
    }

    fn open(&mut self, sealed: &[u8], last: bool) -> Option<Vec<u8>> {
        let payload = Payload { msg: sealed, aad: &self.header };
        let plain = self.cipher.decrypt(&self.nonce(last), payload).ok()?;
        self.number += 1;
        Some(plain)
    }
}

/// Seals what is written to it. Without [`Sealer::finish`] the file can't be opened.
pub(super) struct Sealer<W: Write> {
    to: W,
    seal: Seal,
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealer<W> {
    pub fn new(mut to: W, password: &str, kdf: KdfParams) -> Result<Self, BackupError> {
        let (mut salt, mut nonce) = ([0; 16], [0; 15]);
        getrandom::fill(&mut salt).map_err(io::Error::from)?;
        getrandom::fill(&mut nonce).map_err(io::Error::from)?;
        let header = Header { kdf, salt: salt.into(), nonce: nonce.into() };
        let bytes = frame::encode(&header);
        let length = u16::try_from(bytes.len()).map_err(|_| BackupError::Damaged)?;
        let seal = Seal::new(header, bytes.clone(), password)?;
        to.write_all(MAGIC)?;
        to.write_all(&[VERSION])?;
        to.write_all(&length.to_be_bytes())?;
        to.write_all(&bytes)?;
        Ok(Self { to, seal, chunk: Zeroizing::new(Vec::with_capacity(CHUNK)) })
    }

    /// Seals the last chunk, which may be empty.
    pub fn finish(mut self) -> io::Result<W> {
        let sealed = self.seal.seal(&self.chunk, true)?;
        self.to.write_all(&sealed)?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK {
            let sealed = self.seal.seal(&self.chunk, false)?;
            self.to.write_all(&sealed)?;
            self.chunk.clear();
        }
        let room = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(bytes.get(..room).unwrap_or_default());
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Gives what was sealed, chunk by chunk, each of them checked before a byte of it is given.
pub(super) struct Opener<R: Read> {
    from: R,
    seal: Seal,
    plain: Zeroizing<Vec<u8>>,
    at: usize,
    whole: bool,
}

impl<R: Read> Opener<R> {
    /// The first chunk tells whether the password is right.
    pub fn new(mut from: R, password: &str) -> Result<Self, BackupError> {
        let mut start = [0; 11];
        from.read_exact(&mut start).map_err(super::told)?;
        let [magic @ .., version, high, low] = start;
        if magic != *MAGIC {
            return Err(BackupError::Damaged);
        }
        if version != VERSION {
            return Err(if version > VERSION { BackupError::TooNew } else { BackupError::Damaged });
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > MAX_HEADER {
            return Err(BackupError::Damaged);
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes).map_err(super::told)?;
        let header: Header = frame::decode(&bytes)?;
        let seal = Seal::new(header, bytes, password)?;
        let mut opener = Self { from, seal, plain: Zeroizing::new(Vec::new()), at: 0, whole: false };
        match opener.next_chunk() {
            // Nothing tells a wrong password from a first chunk that was changed.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(BackupError::WrongPassword),
            Err(error) => Err(super::told(error)),
            Ok(()) => Ok(opener),
        }
    }

    /// The last chunk has been read.
    pub fn whole(&self) -> bool {
        self.whole
    }

    /// Eight bytes, as a number.
    pub fn number(&mut self) -> Result<u64, BackupError> {
        let mut bytes = [0; 8];
        self.read_exact(&mut bytes).map_err(super::told)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let mut sealed = Vec::with_capacity(CHUNK + TAG);
        self.from.by_ref().take((CHUNK + TAG) as u64).read_to_end(&mut sealed)?;
        let full = sealed.len() == CHUNK + TAG;
        // A full chunk may be the last, a shorter one has to be.
        let plain = if full { self.seal.open(&sealed, false) } else { None };
        let plain = match plain {
            Some(plain) => plain,
            None => {
                let plain = self.seal.open(&sealed, true).ok_or(io::ErrorKind::InvalidData)?;
                self.whole = true;
                // Nothing may follow.
                if self.from.read(&mut [0])? != 0 {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                plain
            }
        };
        (self.plain, self.at) = (Zeroizing::new(plain), 0);
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() {
            if self.whole {
                return Ok(0);
            }
            self.next_chunk()?;
        }
        let rest = self.plain.get(self.at..).unwrap_or_default();
        let given = rest.len().min(room.len());
        room.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.at += given;
        Ok(given)
    }
}
