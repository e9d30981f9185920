//! The self-check of a WAV: compares the written file with the expected output samples.
//!
//! Outside the windows and fades (`kept`) the file must hold the decoded samples, bit for bit. Inside
//! (`touched`) it must hold the treated samples. The expected file is remembered as hashes, and the written file
//! is read back from its storage, while it is written where that can be. Errors: [`Error::SelfCheck`];
//! [`Error::ReadBack`].

use std::collections::VecDeque;
use std::hash::Hasher;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::mpsc::Receiver;

use twox_hash::XxHash3_64;

use super::read_back::ReadBack;
use super::treatment_check::TreatmentCheck;
use super::view::BlockView;
use super::{failed, wav_header};
use crate::block::{StreamInfo, index_of};
use crate::error::Error;
use crate::spool::{Follower, Spool};
use crate::treatment::Treatment;
use crate::window::Windows;

/// Bytes that are read at once.
const READ_SIZE: usize = 256 * 1024;

/// Frames in a section, which has its own hashes, so that it can be read back as soon as it is written.
const SECTION: u64 = 1 << 20;

/// The expected output of a redaction, collected block by block.
pub(super) struct WavCheck<'a> {
    info: &'a StreamInfo,
    /// Bytes of a frame.
    frame: usize,
    treatment: TreatmentCheck,
    /// Sections of which frames are to come.
    open: VecDeque<Section>,
    /// Complete sections.
    closed: u64,
    /// Finds where the samples start, and how many frames it has compared.
    read_back: ReadBack<Section, (u64, u64)>,
    /// Frames written so far.
    frames: u64,
    /// How many frames the recording's clock is ahead of the file, because gaps were closed.
    ahead: u64,
}

/// What is expected of [`SECTION`] frames; the last section may have fewer.
#[derive(Default)]
struct Section {
    frames: u64,
    /// Frames that may change, as they are numbered in the file. Sorted.
    touched: Vec<Range<u64>>,
    hashes: SectionHashes,
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
    /// `follower`: reads the file while it is written.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub(super) fn new(
        treatment: Treatment,
        windows: &Windows,
        info: &'a StreamInfo,
        follower: Option<Follower>,
    ) -> Result<Self, Error> {
        let frame = index_of(info.frame_bytes());
        let compare = move |file: &mut dyn Read, sections| compare(file, &sections, frame);
        Ok(Self {
            info,
            frame,
            treatment: TreatmentCheck::new(treatment, windows, info),
            open: VecDeque::new(),
            closed: 0,
            read_back: ReadBack::new(follower, compare)?,
            frames: 0,
            ahead: 0,
        })
    }

    /// Adds a block as decoded: hashes the frames that must not change.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        let block = view.block;
        // The clock runs ahead of the file where a block starts later than the last one ended.
        let ahead = block.first() - self.frames.min(block.first());
        self.ahead = ahead;
        self.frames += block.frames() as u64;
        let sections = index_of(self.frames.div_ceil(SECTION) - self.closed);
        self.open.resize_with(sections, Section::default);
        let mut is_touched = false;
        for (touched, run) in runs(&self.treatment.touched, block.first()..block.end(), ahead) {
            is_touched |= touched;
            let section = &mut self.open[section_of(&run, ahead) - index_of(self.closed)];
            section.frames += run.end - run.start;
            if touched {
                let (start, end) = (run.start - ahead, run.end - ahead);
                match section.touched.last_mut() {
                    Some(last) if last.end == start => last.end = end,
                    _ => section.touched.push(start..end),
                }
            } else {
                section
                    .hashes
                    .kept
                    .write(&view.stored()[byte_range(&run, block.first(), self.frame)]);
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
                let section = &mut self.open[section_of(&run, self.ahead) - index_of(self.closed)];
                let bytes = &view.stored()[byte_range(&run, block.first(), self.frame)];
                section.hashes.touched.write(bytes);
                wrong = wrong.or(self.treatment.wrong_in(run, view));
            }
        }
        self.treatment.note(wrong);
        let complete = self.open.iter().take_while(|section| section.frames == SECTION).count();
        self.open.drain(..complete).for_each(|section| self.read_back.expect(section));
        self.closed += complete as u64;
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
    pub(super) fn finish(mut self, spool: &Spool, data_start: u64, size: u64) -> Result<(), Error> {
        self.treatment.verdict()?;
        self.open.drain(..).for_each(|section| self.read_back.expect(section));
        let compared = self.read_back.finish(spool)?;
        // It was completed last.
        let mut header = vec![0; index_of(data_start)];
        let mut reader = spool.reader().map_err(Error::ReadBack)?;
        reader.read_exact(&mut header).map_err(Error::ReadBack)?;
        let is_right = wav_header::is_right(&header, self.info, self.frames, size);
        if is_right && compared == (data_start, self.frames) { Ok(()) } else { Err(wrong_header()) }
    }
}

/// Compares the sections of a file with what is expected. `frame`: bytes of a frame. Returns where the samples
/// start, and how many frames were compared.
fn compare(
    file: &mut dyn Read,
    sections: &Receiver<Section>,
    frame: usize,
) -> Result<(u64, u64), Error> {
    let start = wav_header::skip(file).map_err(unread)?.ok_or_else(wrong_header)?;
    let most = (READ_SIZE / frame).max(1);
    let mut buffer = vec![0; most * frame];
    let mut first = 0;
    for expected in sections {
        let end = first + expected.frames;
        let mut found = SectionHashes::default();
        while first < end {
            let next = end.min(first + most as u64);
            let piece = &mut buffer[..index_of(next - first) * frame];
            file.read_exact(piece).map_err(unread)?;
            for (touched, run) in runs(&expected.touched, first..next, 0) {
                let hash = if touched { &mut found.touched } else { &mut found.kept };
                hash.write(&piece[byte_range(&run, first, frame)]);
            }
            first = next;
        }
        found.compare(&expected.hashes)?;
    }
    Ok((start, first))
}

/// A file that is too short is no fault of the disk.
fn unread(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => failed("the file ends too early"),
        _ => Error::ReadBack(error),
    }
}

fn wrong_header() -> Error {
    failed("the WAV header does not describe the recording")
}

/// The bytes of a run of frames in a buffer that starts with frame `first`.
fn byte_range(run: &Range<u64>, first: u64, frame: usize) -> Range<usize> {
    let at = |place: u64| index_of(place - first) * frame;
    at(run.start)..at(run.end)
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
