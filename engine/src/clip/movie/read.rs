//! Finding the samples of an MP4 again. It may be a buddy's: nothing is believed that is beyond ours by much.

use std::fs::File;

use shiguredo_mp4::{
    BoxHeader, Decode,
    aux::{SampleAccessor, SampleTableAccessor},
    boxes::{HdlrBox, MoovBox, SampleEntry, StblBox, StszBox},
};

use crate::{
    clip::{Clip, ClipError, LARGEST_PACKET, MOST_PIECES, Packet, film::Frame, ogg, pieces::Pieces},
    files::part::read_at,
    video::LARGEST_FRAME,
};

/// Boxes before the tables; ours have three.
const MOST_BOXES: usize = 32;
/// The largest tables: five minutes of ours have 400 KB.
const LARGEST_TABLES: usize = 4 << 20;
/// What may be said of the pictures, one after the other: another size each time.
const MOST_ENTRIES: usize = 64;
/// Parameter sets of one of these, in bytes.
const LARGEST_PARAMETERS: usize = 1_024;

pub(in crate::clip) fn read(file: File, size: u64) -> Result<Clip, ClipError> {
    let tables = tables(&file, size)?;
    let (moov, _) = MoovBox::decode(&tables).map_err(|_| ClipError::Malformed("its tables"))?;
    let mut clip =
        Clip { data: Pieces::Disk(file), packets: Vec::new(), skip: 0, frames: Vec::new(), parameters: Vec::new() };
    for track in moov.trak_boxes {
        let media = track.mdia_box;
        let (kind, scale) = (media.hdlr_box.handler_type, u64::from(media.mdhd_box.timescale.get()));
        let table = media.minf_box.stbl_box;
        if counted(&table) > MOST_PIECES || table.stsd_box.entries.len() > MOST_ENTRIES {
            return Err(ClipError::Malformed("more than any has"));
        }
        let table = SampleTableAccessor::new(table).map_err(|_| ClipError::Malformed("its samples"))?;
        match kind {
            HdlrBox::HANDLER_TYPE_SOUN if clip.packets.is_empty() => sound(&table, size, &mut clip)?,
            HdlrBox::HANDLER_TYPE_VIDE if clip.frames.is_empty() => pictures(&table, size, scale, &mut clip)?,
            _ => {}
        }
    }
    Ok(clip)
}

/// The box of the tables, with its header.
fn tables(file: &File, size: u64) -> Result<Vec<u8>, ClipError> {
    let mut at = 0;
    for _ in 0..MOST_BOXES {
        let mut head = [0; BoxHeader::MAX_SIZE];
        let there = usize::try_from(size.saturating_sub(at)).unwrap_or(usize::MAX).min(head.len());
        let head = head.get_mut(..there).unwrap_or_default();
        read_at(file, head, at)?;
        let (header, length) = BoxHeader::decode(head).map_err(|_| ClipError::Malformed("no film of ours"))?;
        let whole = match header.box_size.get() {
            0 => size - at,
            whole => whole,
        };
        if whole < length as u64 || at.checked_add(whole).is_none_or(|end| end > size) {
            return Err(ClipError::Malformed("it is cut off"));
        }
        if header.box_type == MoovBox::TYPE {
            let whole = usize::try_from(whole).ok().filter(|whole| *whole <= LARGEST_TABLES);
            let mut tables = vec![0; whole.ok_or(ClipError::Malformed("its tables are too large"))?];
            read_at(file, &mut tables, at)?;
            return Ok(tables);
        }
        at += whole;
    }
    Err(ClipError::Malformed("it has no tables"))
}

/// How many samples it speaks of, whichever part of it one asks.
fn counted(table: &StblBox) -> usize {
    let sizes = match &table.stsz_box {
        StszBox::Variable { entry_sizes } => entry_sizes.len(),
        StszBox::Fixed { sample_count, .. } => *sample_count as usize,
    };
    let times = table.stts_box.entries.iter();
    let times = times.fold(0_usize, |sum, entry| sum.saturating_add(entry.sample_count as usize));
    sizes.max(times)
}

fn sound(table: &SampleTableAccessor<StblBox>, size: u64, clip: &mut Clip) -> Result<(), ClipError> {
    let Some(SampleEntry::Opus(opus)) = table.stbl_box().stsd_box.entries.first() else {
        return Err(ClipError::Malformed("its sound is no Opus"));
    };
    clip.skip = opus.dops_box.pre_skip.into();
    let mut at = 0;
    each(table, size, LARGEST_PACKET, |offset, length, _| {
        let packet = clip.data.read(offset, length)?;
        if let Some(samples) = ogg::samples(&packet) {
            clip.packets.push(Packet { offset, length, at, samples });
            at += u64::from(samples);
        }
        Ok(())
    })
}

fn pictures(table: &SampleTableAccessor<StblBox>, size: u64, scale: u64, clip: &mut Clip) -> Result<(), ClipError> {
    for entry in &table.stbl_box().stsd_box.entries {
        let SampleEntry::Avc1(entry) = entry else { return Err(ClipError::Malformed("its pictures are no H.264")) };
        let sets = entry.avcc_box.sps_list.iter().chain(&entry.avcc_box.pps_list);
        let parameters: Vec<u8> = sets.flat_map(|set| [0, 0, 0, 1].into_iter().chain(set.iter().copied())).collect();
        if entry.avcc_box.length_size_minus_one.get() != 3 || parameters.len() > LARGEST_PARAMETERS {
            return Err(ClipError::Malformed("what it says of its pictures"));
        }
        clip.parameters.push(parameters);
    }
    each(table, size, LARGEST_FRAME, |offset, length, sample| {
        let at = sample.timestamp().saturating_mul(1_000_000) / scale.max(1);
        let parameters = sample.chunk().sample_entry_index();
        clip.frames.push(Frame { offset, length, at, key: sample.is_sync_sample(), parameters });
        Ok(())
    })
}

/// Goes through the samples of a track with their places in the file, none of them longer than `largest`.
fn each(
    table: &SampleTableAccessor<StblBox>,
    size: u64,
    largest: usize,
    mut take: impl FnMut(u64, u32, SampleAccessor<'_, StblBox>) -> Result<(), ClipError>,
) -> Result<(), ClipError> {
    for sample in table.samples() {
        let (offset, length) = (sample.data_offset(), sample.data_size());
        if length as usize > largest || offset.checked_add(length.into()).is_none_or(|end| end > size) {
            return Err(ClipError::Malformed("a sample that is not in it"));
        }
        take(offset, length, sample)?;
    }
    Ok(())
}
