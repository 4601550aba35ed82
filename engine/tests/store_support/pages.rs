//! The pages of a database's files as they are under their seal: SQLCipher 4 with a raw key. A page of 4,096 bytes ends in
//! 16 bytes of initialisation vector and 64 of authentication; the first one begins with a salt of 16 in the clear.

#![allow(dead_code, reason = "each test file compiles this anew and uses what it needs")]

use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::NoPadding};

use crate::samples::{Folder, data_key};

const PAGE: usize = 4_096;
const RESERVED: usize = 80;

/// Which of some words are on any page of the database or its log, also on pages and in places that are free.
pub fn holding<'a>(folder: &Folder, words: &[&'a str]) -> Vec<&'a str> {
    let mut plain = Vec::new();
    let database = std::fs::read(folder.database()).unwrap();
    for (number, page) in database.chunks_exact(PAGE).enumerate() {
        plain.extend(open(page, if number == 0 { 16 } else { 0 }));
    }
    let log = std::fs::read(folder.path().join("database.sqlite-wal")).unwrap_or_default();
    // A header of 32 bytes; then pages, each after a header of 24 that begins with its number.
    for frame in log.get(32..).unwrap_or_default().chunks_exact(24 + PAGE) {
        plain.extend(open(&frame[24..], if frame[..4] == [0, 0, 0, 1] { 16 } else { 0 }));
    }
    assert!(plain.windows(12).any(|bytes| bytes == b"CREATE TABLE"), "the key fits: the schema can be read");
    // An index keeps only what a word does not share with the one before it: look for its middle.
    let middle = |word: &str| word.as_bytes()[3..word.len() - 1].to_vec();
    words.iter().copied().filter(|word| plain.windows(word.len() - 4).any(|bytes| bytes == middle(word))).collect()
}

fn open(page: &[u8], salt: usize) -> Vec<u8> {
    let key = data_key(1).derive("juice/database/1");
    let sealed = &page[salt..PAGE - RESERVED];
    let vector = &page[PAGE - RESERVED..PAGE - RESERVED + 16];
    let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(key.as_ref(), vector).unwrap();
    let mut plain = sealed.to_vec();
    cipher.decrypt_padded::<NoPadding>(&mut plain).unwrap();
    plain
}
