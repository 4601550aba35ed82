//! The fuzz targets as an ordinary test: over the corpus, and over bent golden bytes from fixed seeds.
//!
//! No input may panic. A failing one is printed as hex; give it to its target, or keep it in `fuzz/corpus/<target>/`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test's own helpers; it reads its corpus from the disk"
)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::{fs, path::Path, thread};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const GOLDEN: [&str; 7] = [
    include_str!("golden/calls.hex"),
    include_str!("golden/answers.hex"),
    include_str!("golden/pushes.hex"),
    include_str!("golden/links.hex"),
    include_str!("golden/signed.hex"),
    include_str!("golden/files.hex"),
    include_str!("golden/media.hex"),
];

/// Shows the input if the target panics.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("target {} panicked on {}", self.0, hex::encode(self.1));
        }
    }
}

fn run(name: &str, input: &[u8]) {
    let target = targets::ALL.iter().find(|(other, _)| *other == name).expect("a target").1;
    let _shown = Shown(name, input);
    target(input);
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).expect("readable")).collect()
}

fn golden() -> Vec<Vec<u8>> {
    let lines = GOLDEN.iter().flat_map(|text| text.lines());
    let mut seeds: Vec<_> = lines.map(|line| hex::decode(line.split_once(' ').expect("a name").1).unwrap()).collect();
    seeds.extend(include_str!("golden/links.txt").lines().map(|line| line.as_bytes().to_vec()));
    seeds
}

fn below(rng: &mut ChaCha20Rng, limit: usize) -> usize {
    usize::try_from(rng.next_u32()).expect("32 bits") % limit.max(1)
}

/// Bends a few places: bits, bytes, lengths, pieces of other inputs.
fn bent(rng: &mut ChaCha20Rng, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=below(rng, 4) {
        let at = below(rng, bytes.len());
        let end = (at + 1 + below(rng, 16)).min(bytes.len());
        match below(rng, 8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << below(rng, 8),
            1 if !bytes.is_empty() => bytes[at] = u8::try_from(below(rng, 256)).expect("a byte"),
            2 => drop(bytes.drain(at.min(end)..end)),
            3 => bytes.truncate(at),
            // The largest number that CBOR can say, in the place of a small one.
            4 if !bytes.is_empty() => drop(bytes.splice(at..=at, [0x1b, 255, 255, 255, 255, 255, 255, 255, 255])),
            5 => {
                let piece = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, piece);
            }
            6 => {
                let from = below(rng, other.len());
                let piece = other[from..(from + below(rng, 64)).min(other.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes.push(u8::try_from(below(rng, 256)).expect("a byte")),
        }
    }
    bytes
}

fn survives(name: &str, mutations: usize) {
    let own = corpus(name);
    assert!(!own.is_empty(), "{name} has a corpus");
    let golden = golden();
    for input in own.iter().chain(&golden) {
        run(name, input);
    }
    let mut rng = ChaCha20Rng::seed_from_u64(u64::try_from(mutations).expect("few"));
    for n in 0..mutations {
        // Its own kind of input half of the time, anything else the other half.
        let seeds = if n % 2 == 0 { &own } else { &golden };
        let (seed, other) = (below(&mut rng, seeds.len()), below(&mut rng, golden.len()));
        let input = bent(&mut rng, &seeds[seed], &golden[other]);
        run(name, &input);
    }
}

#[test]
fn no_bytes_panic_the_reading_of_frames() {
    survives("frame", 20_000);
}

#[test]
fn no_bytes_panic_the_hello() {
    survives("hello", 3_000);
}

#[test]
fn no_bytes_panic_the_reading_of_content() {
    survives("content", 4_000);
}

#[test]
fn no_bytes_panic_the_opening_of_envelopes() {
    survives("envelope", 1_500);
}

#[test]
fn no_bytes_panic_the_following_of_device_lists() {
    survives("device_list", 3_000);
}

#[test]
fn no_text_panics_the_reading_of_links() {
    survives("invite_link", 20_000);
}

#[test]
fn no_bytes_panic_the_opening_of_a_vault() {
    survives("vault_header", 10_000);
}

#[test]
fn no_bytes_panic_a_messenger_that_is_linked() {
    survives("messenger", 500);
}

#[test]
fn no_bytes_panic_the_reading_of_bodies() {
    survives("body", 10_000);
}

#[test]
fn no_bytes_panic_the_reading_of_letters() {
    survives("letter", 500);
}

#[test]
fn no_bytes_panic_the_offer_of_a_file() {
    survives("file_offer", 20_000);
}

#[test]
fn no_text_panics_the_drawing_of_it() {
    survives("prose", 5_000);
}

#[test]
fn every_target_is_run_and_has_a_program() {
    let mut programs: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets"))
        .expect("a folder")
        .map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    programs.sort();
    let mut names: Vec<_> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    assert_eq!(programs, names);
}
