//! Check: what was written is held against what was meant, before anybody gets it.
//!
//! In: each [`Block`] as it was decoded and as it was treated; at the end, the [`Spool`]. Outside the
//! windows the file must hold what was decoded; inside, what the treatment makes of it, of which
//! [`Oracle`] has its own opinion. What was decoded is remembered as a hash, and the file is read back
//! from where it lies. What can go wrong: [`Error::SelfCheck`].

use std::hash::Hasher;
use std::io::Read;
use std::ops::Range;
use std::thread;

use twox_hash::XxHash3_64;

use super::header;
use super::oracle::{Oracle, Samples};
use crate::block::{Block, StreamInfo, index_of};
use crate::error::Error;
use crate::span::{Span, time_of};
use crate::spool::Spool;
use crate::treatment::Treatment;
use crate::window::{ClockTime, Windows};

/// How much of the file is read at once.
const PIECE: usize = 256 * 1024;

/// Frames that are hashed together. Sections are read back by several readers at once, because the
/// copy out of the page cache takes longer than all the rest.
const SECTION: u64 = 1 << 20;

/// How many readers.
const READERS: usize = 2;

/// What a redaction means to write.
pub(crate) struct Check<'a> {
    recording: &'a StreamInfo,
    meant: Oracle,
    /// The frames that may change: those inside a window on some channel, and fades.
    touched: Vec<Span>,
    /// The block as it was decoded, if it may change.
    decoded: Block,
    /// Of each section.
    hashes: Vec<Hashes>,
    /// The first frame that was not treated as it should have been.
    wrong: Option<u64>,
    /// Frames written so far.
    frames: u64,
    /// How far the recording's clock is ahead of the frames written, as gaps were closed.
    ahead: u64,
    /// Where on the clock it came to be so far ahead.
    closed: Vec<(u64, u64)>,
}

/// Of the frames of a section that may not change, and of those that may.
#[derive(Default)]
struct Hashes {
    kept: XxHash3_64,
    touched: XxHash3_64,
}

impl Hashes {
    fn compare(&self, meant: &Self) -> Result<(), Error> {
        let same = |a: &XxHash3_64, b: &XxHash3_64| a.finish() == b.finish();
        if !same(&self.kept, &meant.kept) {
            return Err(failed("outside the windows the file is not what was decoded".into()));
        }
        if !same(&self.touched, &meant.touched) {
            return Err(failed("inside the windows the file is not what was made".into()));
        }
        Ok(())
    }
}

impl<'a> Check<'a> {
    pub(crate) fn new(treatment: Treatment, windows: &Windows, recording: &'a StreamInfo) -> Self {
        let meant = Oracle::new(treatment, windows, recording);
        let touched = meant.touched();
        let decoded = Block::new(recording.format, recording.channels);
        let (hashes, closed) = (Vec::new(), Vec::new());
        let (wrong, frames, ahead) = (None, 0, 0);
        Self { recording, meant, touched, decoded, hashes, wrong, frames, ahead, closed }
    }

    /// Sees a block as it was decoded.
    pub(crate) fn decoded(&mut self, block: &Block) {
        // A block that begins later than the one before it has ended comes after a gap.
        let ahead = block.first() - self.frames.min(block.first());
        if ahead != self.ahead {
            self.closed.push((block.first(), ahead));
            self.ahead = ahead;
        }
        self.frames += block.frames() as u64;
        let sections = index_of(self.frames.div_ceil(SECTION));
        self.hashes.resize_with(sections, Hashes::default);
        let stored = block.stored();
        let mut changes = false;
        for (touched, run) in runs(&self.touched, block.first()..block.end(), ahead) {
            changes |= touched;
            if !touched {
                let bytes = &stored[self.place(&run, block.first())];
                self.hashes[section(&run, ahead)].kept.write(bytes);
            }
        }
        if changes {
            self.decoded.clone_from(block);
        }
    }

    /// Sees the same block as it was treated.
    pub(crate) fn treated(&mut self, block: &Block) {
        let touched: Vec<_> = runs(&self.touched, block.first()..block.end(), self.ahead)
            .filter_map(|(touched, run)| touched.then_some(run))
            .collect();
        if touched.is_empty() {
            return;
        }
        let before = Samples::of(&self.decoded);
        let after = Samples::of(block);
        for run in touched {
            let bytes = &after.stored[self.place(&run, block.first())];
            self.hashes[section(&run, self.ahead)].touched.write(bytes);
            let wrong = self.meant.first_wrong(run, &before, &after);
            self.wrong = self.wrong.or(wrong);
        }
    }

    /// The first frame that was not treated as it should have been.
    #[cfg(test)]
    pub(super) fn wrong(&self) -> Option<u64> {
        self.wrong
    }

    /// Reads the file back: so many bytes, whose samples begin at byte `begin`.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when it is not what was meant; [`Error::ReadBack`] when it cannot be read.
    pub(crate) fn finish(self, spool: &Spool, begin: u64, bytes: u64) -> Result<(), Error> {
        if let Some(frame) = self.wrong {
            let time = ClockTime(time_of(frame, self.recording.rate));
            return Err(failed(format!("frame {frame} ({time} s) was not treated as asked")));
        }
        let mut reader = spool.reader().map_err(Error::ReadBack)?;
        let mut header = vec![0; index_of(begin)];
        reader.read_exact(&mut header).map_err(Error::ReadBack)?;
        if !header::is_right(&header, self.recording, self.frames, bytes) {
            return Err(failed("its header says something else".into()));
        }
        let touched = self.written();
        let each = self.hashes.len().div_ceil(READERS).max(1);
        thread::scope(|scope| {
            let parts = self.hashes.chunks(each).zip((0_u64..).step_by(each));
            let readers = parts.map(|(meant, first)| {
                let (check, touched) = (&self, touched.as_slice());
                let read = move || check.read(spool, begin, first * SECTION, (touched, meant));
                thread::Builder::new().spawn_scoped(scope, read).map_err(Error::Thread)
            });
            // All of them begin before the first is waited for.
            let readers: Vec<_> = readers.collect::<Result<_, _>>()?;
            let ended = |reader: thread::ScopedJoinHandle<'_, _>| {
                reader.join().unwrap_or_else(|_| Err(failed("a reader gave up".into())))
            };
            readers.into_iter().try_for_each(ended)
        })
    }

    /// The frames that may change, as they are numbered in the file: less the gaps that were closed
    /// before them.
    fn written(&self) -> Vec<Span> {
        let mut closed = self.closed.iter().copied().peekable();
        let mut ahead = 0;
        // Instants come in order: spans are sorted, and do not touch.
        let mut place = |at: u64| {
            while let Some((_, then)) = closed.next_if(|(from, _)| *from <= at) {
                ahead = then;
            }
            // Inside a gap is where the gap is.
            let next = closed.peek().map_or(u64::MAX, |(from, then)| from - then);
            at.saturating_sub(ahead).min(next)
        };
        let moved =
            self.touched.iter().map(|span| Span { first: place(span.first), end: place(span.end) });
        let left: Vec<_> = moved.filter(|span| span.first < span.end).collect();
        left.into_iter().fold(Vec::new(), |mut joined: Vec<Span>, span| {
            match joined.last_mut() {
                Some(last) if span.first <= last.end => last.end = last.end.max(span.end),
                _ => joined.push(span),
            }
            joined
        })
    }

    /// Reads sections from frame `first` on, and holds them against what was meant.
    fn read(
        &self,
        spool: &Spool,
        begin: u64,
        first: u64,
        (touched, meant): (&[Span], &[Hashes]),
    ) -> Result<(), Error> {
        let bytes = self.frame_bytes();
        let place = begin + first * self.recording.frame_bytes();
        let mut reader = spool.reader_from(place).map_err(Error::ReadBack)?;
        let most = (PIECE / bytes).max(1);
        let mut piece = vec![0; most * bytes];
        let mut first = first;
        for meant in meant {
            let mut found = Hashes::default();
            let end = self.frames.min((first / SECTION + 1) * SECTION);
            while first < end {
                let next = end.min(first + most as u64);
                let length = index_of(next - first) * bytes;
                reader.read_exact(&mut piece[..length]).map_err(Error::ReadBack)?;
                for (touched, run) in runs(touched, first..next, 0) {
                    let hash = if touched { &mut found.touched } else { &mut found.kept };
                    hash.write(&piece[self.place(&run, first)]);
                }
                first = next;
            }
            found.compare(meant)?;
        }
        Ok(())
    }

    fn frame_bytes(&self) -> usize {
        index_of(self.recording.frame_bytes())
    }

    /// The bytes of a run of frames within a piece that begins at `first`.
    fn place(&self, run: &Range<u64>, first: u64) -> Range<usize> {
        let at = |frame: u64| index_of(frame - first) * self.frame_bytes();
        at(run.start)..at(run.end)
    }
}

/// The section that a run lies in, by a clock that is so far ahead of the file.
fn section(run: &Range<u64>, ahead: u64) -> usize {
    index_of((run.start - ahead) / SECTION)
}

/// Splits frames into runs that lie inside a span, and outside; none reaches into another section of
/// the file, of which these frames are so far ahead.
fn runs(
    spans: &[Span],
    frames: Range<u64>,
    ahead: u64,
) -> impl Iterator<Item = (bool, Range<u64>)> {
    let Range { start: mut at, end } = frames;
    let mut rest = &spans[spans.partition_point(|span| span.end <= at)..];
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let end = end.min(((at - ahead) / SECTION + 1) * SECTION + ahead);
        let (inside, until) = match rest {
            [span, others @ ..] if span.first <= at => {
                if span.end <= end {
                    rest = others;
                }
                (true, span.end.min(end))
            }
            [span, ..] => (false, span.first.min(end)),
            [] => (false, end),
        };
        let run = at..until;
        at = until;
        Some((inside, run))
    })
}

fn failed(reason: String) -> Error {
    Error::SelfCheck { reason }
}
