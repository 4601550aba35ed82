//! Which chunks of a file are here, and their hashes.
//!
//! A bit for each chunk is held from beginning to end (2 MiB for the largest file); hashes are held by segments of 256
//! chunks, and only until they are on the disk and the segment is full. Pure; owned by the task that fetches the file.

use std::collections::BTreeMap;

use juice_proto::file::{self, CHUNK, Run};

/// Chunks in a segment: 16 MiB of the file.
pub(crate) const SEGMENT: u64 = 256;
/// The bytes of a segment's bits.
pub(crate) const PRESENT: usize = 32;
/// The bytes of a segment's hashes.
pub(crate) const HASHES: usize = 256 * 32;

/// A segment as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentRow {
    /// Its number.
    pub segment: u64,
    /// A bit for each chunk that is here, the lowest first.
    pub present: [u8; PRESENT],
    /// Their hashes; zeros for what is missing.
    pub hashes: Box<[u8; HASHES]>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Chunks {
    size: u64,
    total: u64,
    present: Vec<u64>,
    count: u64,
    bytes: u64,
    open: BTreeMap<u64, SegmentRow>,
    /// Segments that changed since they were last taken to be kept.
    dirty: BTreeMap<u64, ()>,
}

impl Chunks {
    /// Nothing of a file of `size` bytes, at most [`file::MAX_FILE`].
    pub fn none(size: u64) -> Self {
        let total = file::chunks(size.min(file::MAX_FILE));
        let words = usize::try_from(total.div_ceil(64)).unwrap_or(0);
        Self { size, total, present: vec![0; words], count: 0, bytes: 0, open: BTreeMap::new(), dirty: BTreeMap::new() }
    }

    /// Adds what had been kept.
    pub fn load(&mut self, row: SegmentRow) {
        let first = row.segment.saturating_mul(SEGMENT);
        for place in 0..SEGMENT {
            if bit(&row.present, place) {
                self.mark(first.saturating_add(place));
            }
        }
        if !self.is_full(row.segment) {
            self.open.insert(row.segment, row);
        }
    }

    /// A chunk came. False where it is none of this file's, or was here already.
    pub fn insert(&mut self, index: u64, hash: &[u8; 32]) -> bool {
        if !self.mark(index) {
            return false;
        }
        let (segment, place) = (index / SEGMENT, index % SEGMENT);
        let row = self.open.entry(segment).or_insert_with(|| SegmentRow {
            segment,
            present: [0; PRESENT],
            hashes: Box::new([0; HASHES]),
        });
        let place = usize::try_from(place).unwrap_or(0);
        if let Some(byte) = row.present.get_mut(place / 8) {
            *byte |= 1 << (place % 8);
        }
        if let Some((hashes, _)) = row.hashes.get_mut(place * 32..).and_then(|rest| rest.split_first_chunk_mut::<32>())
        {
            *hashes = *hash;
        }
        self.dirty.insert(segment, ());
        true
    }

    fn mark(&mut self, index: u64) -> bool {
        let Some(length) = file::chunk_length(self.size, index) else { return false };
        let Some(word) = usize::try_from(index / 64).ok().and_then(|at| self.present.get_mut(at)) else { return false };
        let mask = 1 << (index % 64);
        if *word & mask != 0 {
            return false;
        }
        *word |= mask;
        self.count += 1;
        self.bytes += length as u64;
        true
    }

    /// Whether a chunk is here.
    pub fn has(&self, index: u64) -> bool {
        let word = usize::try_from(index / 64).ok().and_then(|at| self.present.get(at));
        word.is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// How many bytes are here.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All are here.
    #[cfg(test)]
    pub fn is_whole(&self) -> bool {
        self.count == self.total
    }

    /// Where the last chunk that is here ends, in bytes.
    pub fn reach(&self) -> u64 {
        let last = (0..self.present.len()).rev().find_map(|at| {
            let word = self.present.get(at).copied().unwrap_or(0);
            (word != 0).then(|| at as u64 * 64 + 63 - u64::from(word.leading_zeros()))
        });
        last.map_or(0, |index| (index * CHUNK as u64 + CHUNK as u64).min(self.size))
    }

    /// The first `limit` runs of what is missing.
    pub fn missing(&self, limit: usize) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut index = 0;
        while index < self.total {
            let word = usize::try_from(index / 64).ok().and_then(|at| self.present.get(at)).copied().unwrap_or(0);
            if index.is_multiple_of(64) && word == u64::MAX {
                index += 64;
                continue;
            }
            if word >> (index % 64) & 1 == 0 {
                let full = runs.len() == limit;
                match runs.last_mut() {
                    Some(run) if run.first + run.count == index => run.count += 1,
                    Some(_) | None if full => break,
                    Some(_) | None => runs.push(Run { first: index, count: 1 }),
                }
            }
            index += 1;
        }
        runs
    }

    /// What is to be kept: the segments that changed. Those that are full are let go with [`Self::kept`].
    pub fn take_changed(&mut self) -> Vec<SegmentRow> {
        let changed = std::mem::take(&mut self.dirty);
        changed.keys().filter_map(|segment| self.open.get(segment).cloned()).collect()
    }

    /// These are on the disk.
    pub fn kept(&mut self, rows: &[SegmentRow]) {
        for row in rows {
            if self.is_full(row.segment) && !self.dirty.contains_key(&row.segment) {
                self.open.remove(&row.segment);
            }
        }
    }

    /// These could not be kept: they are still to be.
    pub fn not_kept(&mut self, rows: &[SegmentRow]) {
        self.dirty.extend(rows.iter().map(|row| (row.segment, ())));
    }

    /// How many segments there are.
    pub fn segments(&self) -> u64 {
        self.total.div_ceil(SEGMENT)
    }

    /// How many chunks a segment has.
    pub fn chunks_of(&self, segment: u64) -> u64 {
        self.total.saturating_sub(segment.saturating_mul(SEGMENT)).min(SEGMENT)
    }

    /// A segment that is held here; one that is not has been kept.
    pub fn held(&self, segment: u64) -> Option<&SegmentRow> {
        self.open.get(&segment)
    }

    fn is_full(&self, segment: u64) -> bool {
        let first = segment.saturating_mul(SEGMENT);
        (0..self.chunks_of(segment)).all(|place| self.has(first.saturating_add(place)))
    }
}

fn bit(bits: &[u8], place: u64) -> bool {
    let byte = usize::try_from(place / 8).ok().and_then(|at| bits.get(at));
    byte.is_some_and(|byte| byte >> (place % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = CHUNK as u64 * 600 + 5;

    #[test]
    fn what_is_missing_is_told_in_runs() {
        let mut chunks = Chunks::none(SIZE);
        assert_eq!(chunks.missing(10), vec![Run { first: 0, count: 601 }]);
        for index in (0..100).chain(102..600) {
            assert!(chunks.insert(index, &[1; 32]));
        }
        assert_eq!(chunks.missing(10), vec![Run { first: 100, count: 2 }, Run { first: 600, count: 1 }]);
        assert_eq!(chunks.missing(1), vec![Run { first: 100, count: 2 }]);
        assert_eq!(chunks.bytes(), 598 * CHUNK as u64);
        assert_eq!(chunks.reach(), 600 * CHUNK as u64);
        for index in [100, 101, 600] {
            chunks.insert(index, &[1; 32]);
        }
        assert!(chunks.is_whole() && chunks.bytes() == SIZE && chunks.reach() == SIZE);
        assert!(chunks.missing(10).is_empty());
    }

    #[test]
    fn what_is_no_chunk_or_came_twice_is_refused() {
        let mut chunks = Chunks::none(SIZE);
        assert!(chunks.insert(600, &[1; 32]));
        assert!(!chunks.insert(600, &[2; 32]), "twice");
        assert!(!chunks.insert(601, &[1; 32]) && !chunks.insert(u64::MAX, &[1; 32]));
    }

    #[test]
    fn a_restart_knows_what_had_been_kept_and_no_more() {
        let mut chunks = Chunks::none(SIZE);
        for index in 0..300 {
            chunks.insert(index, &[u8::try_from(index % 251).unwrap(); 32]);
        }
        let rows = chunks.take_changed();
        assert_eq!(rows.len(), 2);
        chunks.kept(&rows);
        assert!(chunks.held(0).is_none() && chunks.held(1).is_some(), "a full segment that is kept is let go");
        chunks.insert(300, &[9; 32]);

        let mut again = Chunks::none(SIZE);
        rows.into_iter().for_each(|row| again.load(row));
        assert_eq!(again.missing(10), vec![Run { first: 300, count: 301 }]);
        again.insert(300, &[9; 32]);
        let row = again.take_changed().pop().unwrap();
        assert_eq!(row.hashes[43 * 32], 48, "what was there before is kept with what is new");
    }

    #[test]
    fn rows_of_nonsense_do_no_harm() {
        let mut chunks = Chunks::none(10);
        chunks.load(SegmentRow { segment: u64::MAX, present: [255; PRESENT], hashes: Box::new([0; HASHES]) });
        assert_eq!(chunks.bytes(), 0);
        let empty = Chunks::none(0);
        assert!(empty.is_whole() && empty.missing(5).is_empty() && empty.reach() == 0);
        let vast = Chunks::none(u64::MAX);
        assert!(vast.present.len() * 64 <= 1 << 25, "no more than the largest file is held for");
    }
}
