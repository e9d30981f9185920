//! The self-check of a WAV: compares the written file with the expected output samples.
//!
//! Outside the windows and fades (`kept`) the file must hold the decoded samples, bit for bit. Inside
//! (`touched`) it must hold the treated samples. The expected file is remembered as hashes, and the written file is read back from its
//! storage. Errors: [`Error::SelfCheck`]; [`Error::ReadBack`].

use std::hash::Hasher;
use std::io::Read;
use std::ops::Range;
use std::thread;

use twox_hash::XxHash3_64;

use super::oracle::merged;
use super::treatment_check::TreatmentCheck;
use super::view::BlockView;
use super::{failed, wav_header};
use crate::block::{StreamInfo, index_of};
use crate::error::Error;
use crate::spool::Spool;
use crate::treatment::Treatment;
use crate::window::Windows;

/// Bytes that are read at once.
const READ_SIZE: usize = 256 * 1024;

/// Frames in a section, which has its own hashes. Sections are read back by several threads, because
/// the copy out of the page cache takes longer than the hashing.
const SECTION: u64 = 1 << 20;

/// Number of threads that read back.
const READERS: usize = 2;

/// The expected output of a redaction, collected block by block.
pub(super) struct WavCheck<'a> {
    info: &'a StreamInfo,
    treatment: TreatmentCheck,
    /// One entry for each section.
    hashes: Vec<SectionHashes>,
    /// Frames written so far.
    frames: u64,
    /// How many frames the recording's clock is ahead of the file, because gaps were closed.
    ahead: u64,
    /// Each change of `ahead`: the frame by the recording's clock, and the new value.
    closed: Vec<(u64, u64)>,
}

/// Hashes of one section.
#[derive(Default)]
struct SectionHashes {
    /// Of the frames that must not change: those outside windows and fades.
    kept: XxHash3_64,
    /// Of the frames that may change.
    touched: XxHash3_64,
}

impl SectionHashes {
    fn compare(&self, expected: &Self) -> Result<(), Error> {
        let same = |a: &XxHash3_64, b: &XxHash3_64| a.finish() == b.finish();
        if !same(&self.kept, &expected.kept) {
            return Err(failed("outside the windows, the file differs from the decoded samples"));
        }
        if !same(&self.touched, &expected.touched) {
            return Err(failed("inside the windows, the file differs from the treated samples"));
        }
        Ok(())
    }
}

impl<'a> WavCheck<'a> {
    pub(super) fn new(treatment: Treatment, windows: &Windows, info: &'a StreamInfo) -> Self {
        Self {
            info,
            treatment: TreatmentCheck::new(treatment, windows, info),
            hashes: Vec::new(),
            frames: 0,
            ahead: 0,
            closed: Vec::new(),
        }
    }

    /// Adds a block as decoded: hashes the frames that must not change.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        let block = view.block;
        // The clock runs ahead of the file where a block starts later than the last one ended.
        let ahead = block.first() - self.frames.min(block.first());
        if ahead != self.ahead {
            self.closed.push((block.first(), ahead));
            self.ahead = ahead;
        }
        self.frames += block.frames() as u64;
        let sections = index_of(self.frames.div_ceil(SECTION));
        self.hashes.resize_with(sections, SectionHashes::default);
        let mut is_touched = false;
        for (touched, run) in runs(&self.treatment.touched, block.first()..block.end(), ahead) {
            is_touched |= touched;
            if !touched {
                let bytes = &view.stored()[self.byte_range(&run, block.first())];
                self.hashes[section_of(&run, ahead)].kept.write(bytes);
            }
        }
        if is_touched {
            self.treatment.decoded(view);
        }
    }

    /// Adds the same block as treated: hashes the other frames, and checks their treatment.
    pub(super) fn treated(&mut self, view: &BlockView<'_>) {
        let block = view.block;
        let mut wrong = None;
        for (touched, run) in runs(&self.treatment.touched, block.first()..block.end(), self.ahead)
        {
            if touched {
                let bytes = &view.stored()[self.byte_range(&run, block.first())];
                self.hashes[section_of(&run, self.ahead)].touched.write(bytes);
                wrong = wrong.or(self.treatment.wrong_in(run, view));
            }
        }
        self.treatment.note(wrong);
    }

    /// The first frame whose treatment was wrong.
    #[cfg(test)]
    pub(super) fn first_wrong(&self) -> Option<u64> {
        self.treatment.first_wrong
    }

    /// Reads the file back: `size` bytes, the samples starting at byte `data_start`.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when it is not the expected file; [`Error::ReadBack`] when it cannot be read.
    pub(super) fn finish(self, spool: &Spool, data_start: u64, size: u64) -> Result<(), Error> {
        self.treatment.verdict()?;
        let mut reader = spool.reader().map_err(Error::ReadBack)?;
        let mut header = vec![0; index_of(data_start)];
        reader.read_exact(&mut header).map_err(Error::ReadBack)?;
        if !wav_header::is_right(&header, self.info, self.frames, size) {
            return Err(failed("the WAV header does not describe the recording"));
        }
        let touched = self.touched_in_file();
        let each = self.hashes.len().div_ceil(READERS).max(1);
        thread::scope(|scope| {
            let parts = self.hashes.chunks(each).zip((0_u64..).step_by(each));
            let readers = parts.map(|(expected, section)| {
                let (check, touched) = (&self, touched.as_slice());
                let first = section * SECTION;
                let read = move || check.read(spool, data_start, first, (touched, expected));
                thread::Builder::new().spawn_scoped(scope, read).map_err(Error::Thread)
            });
            // Collected, so that all of them run before the first is joined.
            let readers: Vec<_> = readers.collect::<Result<_, _>>()?;
            let join = |reader: thread::ScopedJoinHandle<'_, _>| {
                reader.join().unwrap_or_else(|_| Err(failed("a reading thread panicked")))
            };
            readers.into_iter().try_for_each(join)
        })
    }

    /// The touched frames as they are numbered in the file: less the closed gaps before them.
    fn touched_in_file(&self) -> Vec<Range<u64>> {
        let mut closed = self.closed.iter().copied().peekable();
        let mut ahead = 0;
        // Called with ascending frames, because touched ranges are sorted and do not overlap.
        let mut in_file = |frame: u64| {
            while let Some((_, next)) = closed.next_if(|(from, _)| *from <= frame) {
                ahead = next;
            }
            // A frame inside a closed gap maps to the place of the gap.
            let gap = closed.peek().map_or(u64::MAX, |(from, next)| from - next);
            frame.saturating_sub(ahead).min(gap)
        };
        let moved =
            self.treatment.touched.iter().map(|range| in_file(range.start)..in_file(range.end));
        merged(moved.filter(|range| !range.is_empty()).collect())
    }

    /// Reads sections from frame `first` on and compares their hashes with the expected ones.
    fn read(
        &self,
        spool: &Spool,
        data_start: u64,
        mut first: u64,
        (touched, expected): (&[Range<u64>], &[SectionHashes]),
    ) -> Result<(), Error> {
        let start = data_start + first * self.info.frame_bytes();
        let mut reader = spool.reader_from(start).map_err(Error::ReadBack)?;
        let frame_bytes = index_of(self.info.frame_bytes());
        let most = (READ_SIZE / frame_bytes).max(1);
        let mut buffer = vec![0; most * frame_bytes];
        for expected in expected {
            let mut found = SectionHashes::default();
            let end = self.frames.min((first / SECTION + 1) * SECTION);
            while first < end {
                let next = end.min(first + most as u64);
                let length = index_of(next - first) * frame_bytes;
                reader.read_exact(&mut buffer[..length]).map_err(Error::ReadBack)?;
                for (touched, run) in runs(touched, first..next, 0) {
                    let hash = if touched { &mut found.touched } else { &mut found.kept };
                    hash.write(&buffer[self.byte_range(&run, first)]);
                }
                first = next;
            }
            found.compare(expected)?;
        }
        Ok(())
    }

    /// The bytes of a run of frames in a buffer that starts with frame `first`.
    fn byte_range(&self, run: &Range<u64>, first: u64) -> Range<usize> {
        let at = |frame: u64| index_of((frame - first) * self.info.frame_bytes());
        at(run.start)..at(run.end)
    }
}

/// The section of a run whose clock is `ahead` frames ahead of the file.
fn section_of(run: &Range<u64>, ahead: u64) -> usize {
    index_of((run.start - ahead) / SECTION)
}

/// Splits `frames` at the borders of touched ranges and of sections. Yields whether a run is touched,
/// and the run. Sections count frames of the file, which the clock is `ahead` of.
fn runs(
    touched: &[Range<u64>],
    frames: Range<u64>,
    ahead: u64,
) -> impl Iterator<Item = (bool, Range<u64>)> {
    let Range { start: mut at, end } = frames;
    let mut rest = &touched[touched.partition_point(|range| range.end <= at)..];
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let end = end.min(((at - ahead) / SECTION + 1) * SECTION + ahead);
        let (inside, until) = match rest {
            [range, others @ ..] if range.start <= at => {
                if range.end <= end {
                    rest = others;
                }
                (true, range.end.min(end))
            }
            [range, ..] => (false, range.start.min(end)),
            [] => (false, end),
        };
        let run = at..until;
        at = until;
        Some((inside, run))
    })
}
