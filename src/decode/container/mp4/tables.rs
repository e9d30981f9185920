//! The sample tables (`stbl`, ISO/IEC 14496-12, 8.6.1 and 8.7): place, size and duration of each
//! packet.
//!
//! In: the content of `stbl`. Out: packets in order. What can go wrong: a table that is missing,
//! that declares more entries than it holds, or that contradicts another.
//!
//! The tables stay as they are in the file and are read once, from front to back. So memory is
//! bounded by the file, and time is linear, whatever counts the tables declare.

use super::boxes::{child, header_error, needed};
use crate::block::index_of;
use crate::decode::container::bytes::{be32, be64};
use crate::error::Error;

/// One packet (in the standard's words, a sample), or adjacent frames of PCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleBatch {
    /// The place of the first byte in the file.
    pub(super) at: u64,
    pub(super) bytes: u64,
    /// In units of the track.
    pub(super) duration: u64,
}

/// The tables of one track.
#[derive(Debug, Default)]
pub(super) struct SampleTables {
    /// `stts` (8.6.1.2): number of packets and duration of each; 8 bytes an entry.
    durations: Vec<u8>,
    /// `stsc` (8.7.4): first chunk, counted from 1; packets per chunk; sample entry; 12 bytes an
    /// entry.
    groups: Vec<u8>,
    /// `stsz` (8.7.3): the size of each packet, if they differ; 4 bytes an entry.
    sizes: Vec<u8>,
    /// The size of all packets; 0: they differ.
    size: u32,
    /// The number of packets.
    pub(super) count: u32,
    /// `stco` or `co64` (8.7.5): the place of each chunk.
    offsets: Vec<u8>,
    /// 4 or 8.
    offset_bytes: usize,
}

impl SampleTables {
    /// Parses the content of `stbl`.
    ///
    /// # Errors
    /// [`Error::Header`] where a table is missing, or declares more entries than it holds.
    pub(super) fn parse(stbl: &[u8]) -> Result<Self, Error> {
        let sizes = needed(stbl, b"stsz")?;
        let (size, count) = be32(sizes, 4).zip(be32(sizes, 8)).unwrap_or_default();
        // With one size for all there are no entries.
        let held = if size == 0 { count } else { 0 };
        // A fragmented file may have neither table.
        let offsets = match (child(stbl, b"stco")?, child(stbl, b"co64")?) {
            (Some(table), None) => Some((table, 4)),
            (None, Some(table)) => Some((table, 8)),
            (None, None) => None,
            _ => return Err(header_error("it has two tables of chunk offsets")),
        };
        let (offsets, offset_bytes) = offsets.unwrap_or((&[0; 8], 4));
        Ok(Self {
            durations: entries(needed(stbl, b"stts")?, 8)?,
            groups: entries(needed(stbl, b"stsc")?, 12)?,
            sizes: exactly(sizes, 12, held, 4)?,
            size,
            count,
            offsets: entries(offsets, offset_bytes)?,
            offset_bytes,
        })
    }

    /// For PCM: every packet is one frame of `bytes` bytes. QuickTime declares 1 for any frame
    /// size.
    pub(super) fn set_frame_bytes(&mut self, bytes: u64) {
        if self.size == 1 {
            self.size = u32::try_from(bytes).unwrap_or(u32::MAX);
        }
    }

    /// The sum of all durations, in units of the track, if it is above 0 and all packets have the
    /// same duration, except the last, which may be shorter.
    ///
    /// # Errors
    /// [`Error::Header`] where the tables contradict each other.
    pub(super) fn duration(&self) -> Result<Option<u64>, Error> {
        let runs = self.durations.as_chunks::<8>().0.iter();
        let runs = runs.map(|run| (be32(run, 0).unwrap_or(0), be32(run, 4).unwrap_or(0)));
        let (mut packets, mut duration, mut uniform, mut first) = (0u64, 0u64, true, None);
        for (count, each) in runs.filter(|&(count, _)| count > 0) {
            let usual = *first.get_or_insert(each);
            // The last packet of AAC is often cut to the length of the audio.
            let is_last = count == 1 && packets + 1 == u64::from(self.count) && each <= usual;
            uniform &= each == usual || is_last;
            packets += u64::from(count);
            let sum = duration.checked_add(u64::from(count) * u64::from(each));
            duration =
                sum.ok_or_else(|| header_error("the sum of its packet durations is too large"))?;
        }
        // `stts` and `stsz` both declare the number of packets.
        if packets != u64::from(self.count) {
            return Err(header_error("its tables declare different numbers of packets"));
        }
        Ok(Some(duration).filter(|&duration| uniform && duration > 0))
    }

    /// The duration of the first packet.
    pub(super) fn first_duration(&self) -> Option<u32> {
        be32(&self.durations, 4)
    }

    /// The place of a chunk, counted from 0.
    fn offset(&self, chunk: u32) -> Option<u64> {
        let at = index_of(chunk.into()).checked_mul(self.offset_bytes)?;
        if self.offset_bytes == 8 {
            be64(&self.offsets, at)
        } else {
            be32(&self.offsets, at).map(u64::from)
        }
    }
}

/// The entries of a table, whose number comes after its version and flags.
fn entries(table: &[u8], width: usize) -> Result<Vec<u8>, Error> {
    exactly(table, 8, be32(table, 4).unwrap_or(0), width)
}

/// The `count` entries of `width` bytes from byte `from` on.
fn exactly(table: &[u8], from: usize, count: u32, width: usize) -> Result<Vec<u8>, Error> {
    let short = || header_error(format!("a table declares {count} entries, but is too short"));
    let length = index_of(count.into()).checked_mul(width);
    let end = length.and_then(|length| length.checked_add(from)).ok_or_else(short)?;
    table.get(from..end).map(<[u8]>::to_vec).ok_or_else(short)
}

/// A pass over the tables, from the first packet to the last.
#[derive(Debug, Default)]
pub(super) struct SampleCursor {
    tables: SampleTables,
    /// The next packet.
    packet: u32,
    /// Packets left in the current entry of `stts`, and their duration.
    run: (u32, u32),
    /// The place of the next entry in `stts`.
    next_run: usize,
    /// The next chunk, and the entry of `stsc` that holds for it.
    chunk: u32,
    group: usize,
    /// Packets left in the current chunk.
    left: u32,
    /// The place of the next packet in the file.
    at: u64,
}

impl SampleCursor {
    pub(super) fn new(tables: SampleTables) -> Self {
        Self { tables, ..Self::default() }
    }

    /// The next packet; or up to `batch` adjacent ones, if all packets have the same size.
    ///
    /// # Errors
    /// [`Error::Header`] where a table ends before it.
    pub(super) fn next(&mut self, batch: u32) -> Result<Option<SampleBatch>, Error> {
        if self.packet >= self.tables.count {
            return Ok(None);
        }
        let missing = || header_error("its tables do not locate all packets");
        self.begin().ok_or_else(missing)?;
        // Only packets of one size can be read together. They must be in the same run and chunk.
        let (size, count) = match self.tables.size {
            0 => {
                let at = index_of(self.packet.into()).checked_mul(4);
                (at.and_then(|at| be32(&self.tables.sizes, at)).ok_or_else(missing)?, 1)
            }
            size => (size, batch.min(self.left).min(self.run.0).min(self.rest())),
        };
        let bytes = u64::from(size) * u64::from(count);
        let sample =
            SampleBatch { at: self.at, bytes, duration: u64::from(self.run.1) * u64::from(count) };
        self.at = self.at.checked_add(bytes).ok_or_else(missing)?;
        self.packet += count;
        self.left -= count;
        self.run.0 -= count;
        Ok(Some(sample))
    }

    fn rest(&self) -> u32 {
        self.tables.count - self.packet
    }

    /// Goes to the run and the chunk of the next packet.
    fn begin(&mut self) -> Option<()> {
        while self.run.0 == 0 {
            let at = self.next_run;
            self.run =
                be32(&self.tables.durations, at).zip(be32(&self.tables.durations, at + 4))?;
            self.next_run += 8;
        }
        while self.left == 0 {
            let first = |group: usize| be32(&self.tables.groups, group * 12);
            // `stsc` counts chunks from 1. An entry holds up to the first chunk of the next one.
            while first(self.group + 1).is_some_and(|first| first <= self.chunk + 1) {
                self.group += 1;
            }
            // Entries must begin with chunk 1, and count up.
            first(self.group).filter(|&first| first > 0 && first <= self.chunk + 1)?;
            self.left = be32(&self.tables.groups, self.group * 12 + 4)?;
            self.at = self.tables.offset(self.chunk)?;
            self.chunk = self.chunk.checked_add(1)?;
        }
        Some(())
    }
}
