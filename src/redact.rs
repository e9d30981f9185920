//! Redact: the steps in one readable function.
//!
//! In: a [`Source`], [`Windows`], a [`Treatment`]. Out: a [`Redacted`], which can be made nowhere
//! else and is the only thing that can be persisted. What can go wrong: everything in [`Error`];
//! then nothing is left behind.

use std::io::{self, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use crate::block::{Block, StreamInfo};
use crate::decode::{Decoder, Gaps, Source};
use crate::encode::{BackgroundWriter, Encoder};
use crate::error::Error;
use crate::evidence::{Evidence, EvidenceOptions, Observer};
use crate::span::{Gap, Span, Spans, Timeline, check_without_length, cut_at_end};
use crate::spool::{Draft, Spool, SpoolReader};
use crate::treatment::{Treater, Treatment};
use crate::window::{Window, Windows};

/// Bytes of output for a byte of input, of anything but silence.
const MOST_FROM_A_BYTE: u64 = 32;

/// A recording in which every window has been treated, complete and valid.
#[derive(Debug)]
pub struct Redacted {
    spool: Spool,
    bytes: u64,
    summary: Summary,
    evidence: Evidence,
}

/// What was done, in numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// What the input was.
    pub stream_info: StreamInfo,
    /// Frames in the output, which are all that were decoded, and the silence that gaps were filled
    /// with.
    pub frames: u64,
    /// Frames that were treated on at least one channel.
    pub frames_treated: u64,
    /// The windows, merged.
    pub windows: Windows,
    /// Those of the merged windows, padding and all, that run over the end and were cut there.
    pub cut: Vec<Window>,
    /// Windows that lie wholly in gaps that were closed: nothing was there, and nothing was treated.
    pub vanished: Vec<Window>,
    /// What became of gaps.
    pub gaps_policy: Gaps,
    /// The gaps, by the recording's clock, which windows are meant by.
    pub gaps: Vec<Gap>,
    /// Whether the file itself tells that its end is the end, by a length, a count or a flag. Where it
    /// does not, a cut between two packets leaves no trace.
    pub end_proven: bool,
    /// How far from 0 the clock of the container is at the first frame. Windows count from the first
    /// frame.
    pub begins: Duration,
    /// What was done inside the windows.
    pub treatment: Treatment,
}

/// How far a redaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes taken from the source.
    pub bytes: u64,
    /// Frames redacted.
    pub frames: u64,
}

/// Redacts a recording: treats every frame that a window touches, and no other.
///
/// # Errors
/// [`Error`] when the recording is not whole, does not decode, or a window does not fit it.
///
/// ```
/// use sordino::{Source, Treatment, Window, Windows, redact};
///
/// let windows = Windows::new([
///     Window::from_seconds(10.0, 15.0)?.labelled("card number"),
///     Window::from_seconds(30.5, 35.2)?.labelled("security code"),
/// ])?;
/// let redacted = redact(Source::open("fixtures/call.wav")?, &windows, Treatment::silence())?;
/// assert_eq!(redacted.summary().windows.len(), 2);
///
/// let folder = tempfile::tempdir()?;
/// redacted.persist(&folder.path().join("redacted.wav"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn redact(source: Source, windows: &Windows, treatment: Treatment) -> Result<Redacted, Error> {
    Redaction::new(windows, treatment).run(source)
}

/// A redaction with options: which evidence to collect, where the output is spooled, and a progress
/// callback.
///
/// ```
/// use std::ops::ControlFlow;
/// use sordino::{EvidenceOptions, Receipt, Redaction, Source, Treatment, Window, Windows};
///
/// let windows = Windows::new([Window::from_seconds(10.0, 15.0)?])?;
/// let evidence = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
/// let redaction = Redaction::new(&windows, Treatment::silence()).with_evidence(evidence);
/// let redacted = redaction.run_watched(Source::open("fixtures/call.wav")?, |progress| {
///     println!("{} frames", progress.frames);
///     ControlFlow::Continue(())
/// })?;
/// println!("{}", Receipt::of(&redacted).expect("it was asked for").to_json());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is redacted until it is run"]
pub struct Redaction<'a> {
    windows: &'a Windows,
    treatment: Treatment,
    evidence: EvidenceOptions,
    spool: Spool,
}

impl<'a> Redaction<'a> {
    /// A redaction with the default [`EvidenceOptions`] and an [anonymous](Spool::anonymous) spool.
    pub fn new(windows: &'a Windows, treatment: Treatment) -> Self {
        let (evidence, spool) = (EvidenceOptions::default(), Spool::anonymous());
        Self { windows, treatment, evidence, spool }
    }

    /// Selects the evidence to collect.
    pub fn with_evidence(self, evidence: EvidenceOptions) -> Self {
        Self { evidence, ..self }
    }

    /// Writes the output into this spool.
    pub fn with_spool(self, spool: Spool) -> Self {
        Self { spool, ..self }
    }

    /// Redacts the source.
    ///
    /// # Errors
    /// As [`redact`].
    pub fn run(self, source: Source) -> Result<Redacted, Error> {
        self.run_watched(source, |_| ControlFlow::Continue(()))
    }

    /// Redacts the source and calls `watch` with the progress after every block.
    ///
    /// # Errors
    /// As [`redact`]; [`Error::Interrupted`] when `watch` breaks.
    pub fn run_watched(
        self,
        source: Source,
        mut watch: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Redacted, Error> {
        let Self { windows, treatment, evidence, spool } = self;
        let (length, gaps_policy) = (source.length(), source.gaps());
        let mut decoder = Decoder::open(source.digested(evidence.receipt))?;
        let recording = decoder.stream_info().clone();
        let spans = Spans::new(windows, recording.rate, recording.channels)?;
        if let Some(frames) = recording.frames {
            // Gaps may make it longer by its clock.
            if gaps_policy == Gaps::Refuse {
                cut_at_end(windows, recording.rate, frames)?;
            }
            // A header may claim anything; a recording that makes more of its bytes is only slower.
            let most = length.unwrap_or(0).saturating_mul(MOST_FROM_A_BYTE);
            spool.reserve(frames.saturating_mul(recording.frame_bytes()).min(most));
        } else {
            check_without_length(windows)?;
        }
        let mut treater = Treater::new(treatment, &spans)?;
        let mut observer = Observer::new(evidence, treatment, windows, &spans, &recording);
        let mut output = BackgroundWriter::new(spool)?;
        let mut encoder = Encoder::new(&mut output, &recording)?;
        let mut block = Block::new(recording.format, recording.channels);
        while decoder.next(&mut block)? {
            observer.decoded(&block);
            treater.apply(&mut block);
            observer.treated(&block);
            encoder.write(&block)?;
            let progress = Progress { bytes: decoder.bytes_received(), frames: decoder.frames() };
            if watch(progress).is_break() {
                return Err(Error::Interrupted);
            }
        }
        encoder.finish()?;
        let mut spool = output.into_spool().map_err(Error::Write)?;
        let bytes = spool.seek(SeekFrom::End(0)).map_err(Error::Write)?;
        let timeline = decoder.timeline();
        let cut = cut_at_end(windows, recording.rate, timeline.end())?;
        let evidence = observer.finish(&mut decoder, &spool, bytes)?;
        let summary = Summary {
            frames: decoder.frames(),
            frames_treated: spans.frames_inside(&timeline),
            vanished: vanished(windows, recording.rate, &timeline),
            windows: windows.clone(),
            cut,
            treatment,
            gaps_policy,
            gaps: decoder.gaps().to_vec(),
            end_proven: decoder.end_proven(),
            begins: decoder.begins(),
            stream_info: recording,
        };
        Ok(Redacted { spool, bytes, summary, evidence })
    }
}

/// The windows of which nothing is left in the output: they lie wholly in gaps that were closed.
pub(crate) fn vanished(windows: &Windows, rate: u32, timeline: &Timeline) -> Vec<Window> {
    let is_gone = |window: &&Window| timeline.span(Span::covering(window, rate)).is_none();
    windows.iter().filter(is_gone).cloned().collect()
}

impl Summary {
    /// How the recording's clock maps to the output.
    pub fn timeline(&self) -> Timeline {
        let closed = if self.gaps_policy == Gaps::Close { self.gaps.as_slice() } else { &[] };
        Timeline::new(self.frames, closed)
    }
}

impl Redacted {
    /// What was done.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// What was seen of it.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The size of the WAV in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The WAV from its first byte, for one reader of its own.
    pub(crate) fn reader(&self) -> io::Result<SpoolReader> {
        self.spool.reader()
    }

    /// Puts the WAV at `path`: complete, durable and in one step. A file that is there is left
    /// alone.
    ///
    /// # Errors
    /// [`Error::Persist`] when there is a file already, or the path cannot be written.
    pub fn persist(self, path: &Path) -> Result<Summary, Error> {
        self.spool.persist(path, false).map(|()| self.summary)
    }

    /// Like [`Redacted::persist`], in place of a file that is there. A symbolic link is replaced, not
    /// followed.
    ///
    /// # Errors
    /// [`Error::Persist`] when the path cannot be written. Then what was there is there still.
    pub fn persist_over(self, path: &Path) -> Result<Summary, Error> {
        self.spool.persist(path, true).map(|()| self.summary)
    }

    /// Puts a copy of the WAV at `path`, as [`Redacted::persist`] does, and keeps this one.
    ///
    /// # Errors
    /// [`Error::Persist`], [`Error::ReadBack`].
    pub fn persist_copy(&self, path: &Path, overwrite: bool) -> Result<(), Error> {
        self.draft(path, overwrite)?.put()
    }

    /// A copy of the WAV beside `path`, hidden, to be put there later.
    ///
    /// # Errors
    /// [`Error::Persist`], [`Error::ReadBack`].
    pub fn draft(&self, path: &Path, overwrite: bool) -> Result<Draft, Error> {
        Ok(Draft::of(self.spool.copy_beside(path)?, path, overwrite))
    }

    /// Like [`Redacted::write_to`], and keeps this one.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::ReadBack`].
    pub fn write_out(&self, output: &mut impl Write) -> Result<(), Error> {
        self.spool.copy_to(output, Error::Write)?;
        output.flush().map_err(Error::Write)
    }

    /// Writes the WAV to `output`, which need not be seekable.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::ReadBack`].
    pub fn write_to(self, output: &mut impl Write) -> Result<Summary, Error> {
        self.write_out(output)?;
        Ok(self.summary)
    }
}
