//! The sample tables of a track: where each packet lies, how long it is, and how long it lasts.
//!
//! The tables stay as they lie in the file, and are read once, from front to back: memory is what
//! the file itself takes, and time is linear, whatever counts the tables claim.

use super::boxes::{be32, be64, child, header_error, needed};
use crate::error::Error;

/// One packet, or for PCM several frames that lie one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleBatch {
    /// Its place in the file.
    pub(super) at: u64,
    pub(super) bytes: u64,
    /// In units of the track.
    pub(super) duration: u64,
}

/// The tables of one track.
#[derive(Debug, Default)]
pub(super) struct SampleTables {
    /// Of `stts`: counts and durations, 8 bytes each.
    durations: Vec<u8>,
    /// Of `stsc`: the first chunk, counted from 1, its number of samples, and a description; 12 bytes.
    groups: Vec<u8>,
    /// Of `stsz`: 4 bytes each, where they differ.
    sizes: Vec<u8>,
    /// The one size of all samples, or 0.
    size: u32,
    /// How many samples there are.
    pub(super) count: u32,
    /// Of `stco` or `co64`.
    offsets: Vec<u8>,
    offset_bytes: usize,
}

/// What the tables say all together.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct TableTotals {
    /// In units of the track.
    pub(super) duration: u64,
    pub(super) bytes: u64,
    /// Whether all packets last equally long, but the last, which may be shorter.
    pub(super) even: bool,
}

impl SampleTables {
    /// Reads an `stbl`.
    ///
    /// # Errors
    /// [`Error::Header`] where a table is missing, or claims more entries than it holds.
    pub(super) fn parse(stbl: &[u8]) -> Result<Self, Error> {
        let sizes = needed(stbl, b"stsz")?;
        let (size, count) = be32(sizes, 4).zip(be32(sizes, 8)).unwrap_or_default();
        let held = if size == 0 { count } else { 0 };
        let offsets = match (child(stbl, b"stco")?, child(stbl, b"co64")?) {
            (Some(table), None) => Some((table, 4)),
            (None, Some(table)) => Some((table, 8)),
            (None, None) => None,
            _ => return Err(header_error("it has two tables of places")),
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

    /// For PCM: every sample is one frame of so many bytes. QuickTime writes 1 for any size.
    pub(super) fn set_frame_bytes(&mut self, bytes: u32) {
        if self.size == 1 {
            self.size = bytes;
        }
    }

    /// What all samples take, and how long they last.
    ///
    /// # Errors
    /// [`Error::Header`] where the tables disagree.
    pub(super) fn totals(&self) -> Result<TableTotals, Error> {
        let runs = self.durations.as_chunks::<8>().0.iter();
        let runs = runs.map(|run| (be32(run, 0).unwrap_or(0), be32(run, 4).unwrap_or(0)));
        let (mut samples, mut duration, mut even, mut first) = (0u64, 0u64, true, None);
        for (count, each) in runs.filter(|&(count, _)| count > 0) {
            let usual = *first.get_or_insert(each);
            let is_last = count == 1 && samples + 1 == u64::from(self.count) && each <= usual;
            even &= each == usual || is_last;
            samples += u64::from(count);
            let long = duration.checked_add(u64::from(count) * u64::from(each));
            duration = long.ok_or_else(|| header_error("its packets last too long"))?;
        }
        if samples != u64::from(self.count) {
            return Err(header_error("its tables do not speak of the same number of packets"));
        }
        let sizes = self.sizes.as_chunks::<4>().0.iter();
        let bytes = if self.size == 0 {
            sizes.map(|size| u64::from(u32::from_be_bytes(*size))).sum()
        } else {
            u64::from(self.size) * samples
        };
        Ok(TableTotals { duration, bytes, even })
    }

    /// The duration of the first packet.
    pub(super) fn first_duration(&self) -> Option<u32> {
        be32(&self.durations, 4)
    }

    fn offset(&self, chunk: u32) -> Option<u64> {
        let at = usize::try_from(chunk).ok()?.checked_mul(self.offset_bytes)?;
        if self.offset_bytes == 8 {
            be64(&self.offsets, at)
        } else {
            be32(&self.offsets, at).map(u64::from)
        }
    }
}

/// The entries of a table whose count stands behind its version.
fn entries(table: &[u8], width: usize) -> Result<Vec<u8>, Error> {
    exactly(table, 8, be32(table, 4).unwrap_or(0), width)
}

fn exactly(table: &[u8], from: usize, count: u32, width: usize) -> Result<Vec<u8>, Error> {
    let short = || header_error(&format!("a table claims {count} entries and is too short"));
    let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(width));
    let end = length.and_then(|length| length.checked_add(from)).ok_or_else(short)?;
    table.get(from..end).map(<[u8]>::to_vec).ok_or_else(short)
}

/// Goes through the tables, from the first sample to the last.
#[derive(Debug, Default)]
pub(super) struct SampleCursor {
    tables: SampleTables,
    /// The next sample.
    sample: u32,
    /// Samples left in the run of equal durations, and their duration.
    run: (u32, u32),
    /// The next run.
    next_run: usize,
    /// The next chunk, and the group that it is in.
    chunk: u32,
    group: usize,
    /// Samples left in the chunk at hand.
    left: u32,
    /// Where the next sample lies.
    at: u64,
}

impl SampleCursor {
    pub(super) fn new(tables: SampleTables) -> Self {
        Self { tables, ..Self::default() }
    }

    /// The next sample; up to `batch` at once where they have one size and lie one after the other.
    ///
    /// # Errors
    /// [`Error::Header`] where the tables end before it.
    pub(super) fn next(&mut self, batch: u32) -> Result<Option<SampleBatch>, Error> {
        if self.sample >= self.tables.count {
            return Ok(None);
        }
        let missing = || header_error("its tables do not tell where all packets lie");
        self.begin().ok_or_else(missing)?;
        let (size, count) = match self.tables.size {
            0 => {
                let at = usize::try_from(self.sample).ok().and_then(|sample| sample.checked_mul(4));
                (at.and_then(|at| be32(&self.tables.sizes, at)).ok_or_else(missing)?, 1)
            }
            size => (size, batch.min(self.left).min(self.run.0).min(self.rest())),
        };
        let bytes = u64::from(size) * u64::from(count);
        let sample =
            SampleBatch { at: self.at, bytes, duration: u64::from(self.run.1) * u64::from(count) };
        self.at = self.at.checked_add(bytes).ok_or_else(missing)?;
        self.sample += count;
        self.left -= count;
        self.run.0 -= count;
        Ok(Some(sample))
    }

    fn rest(&self) -> u32 {
        self.tables.count - self.sample
    }

    /// Goes to the run and the chunk that the next sample is in.
    fn begin(&mut self) -> Option<()> {
        while self.run.0 == 0 {
            let at = self.next_run;
            self.run =
                be32(&self.tables.durations, at).zip(be32(&self.tables.durations, at + 4))?;
            self.next_run += 8;
        }
        while self.left == 0 {
            let first = |group: usize| be32(&self.tables.groups, group * 12);
            // Chunks are counted from 1 there.
            while first(self.group + 1).is_some_and(|first| first <= self.chunk + 1) {
                self.group += 1;
            }
            first(self.group).filter(|&first| first > 0 && first <= self.chunk + 1)?;
            self.left = be32(&self.tables.groups, self.group * 12 + 4)?;
            self.at = self.tables.offset(self.chunk)?;
            self.chunk = self.chunk.checked_add(1)?;
        }
        Some(())
    }
}
