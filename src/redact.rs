//! Redact: all steps from source to output in one function.
//!
//! In: a [`Source`], [`Windows`], a [`Treatment`]. Out: a [`Redacted`], which only this module makes and
//! which alone can be persisted or uploaded. Errors: every [`Error`]; no output is left then.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use crate::block::{Block, StreamInfo};
use crate::decode::{Decoder, Gaps, Part, Source};
use crate::encode::{BackgroundWriter, Encoder};
use crate::error::Error;
use crate::evidence::{Evidence, EvidenceOptions, Observer};
use crate::span::{Gap, Span, Spans, Timeline, check_without_length, cut_at_end, time_of};
use crate::spool::{Draft, Spool};
use crate::treatment::{Treater, Treatment};
use crate::window::{Window, Windows};

/// The largest plausible ratio of output to input bytes, except for digital silence.
const MOST_FROM_A_BYTE: u64 = 32;

/// A redacted recording: a complete WAV in which every window has been treated.
#[derive(Debug)]
pub struct Redacted {
    spool: Spool,
    bytes: u64,
    summary: Summary,
    evidence: Evidence,
}

/// What a redaction did.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Container, codec, rate and channels of the input, and the sample format of the output.
    pub stream_info: StreamInfo,
    /// Frames in the output: the decoded ones, and the silence in gaps and after shorter parts.
    pub frames: u64,
    /// Frames that were treated on at least one channel.
    pub frames_treated: u64,
    /// The requested windows; iterating yields them padded, sorted and merged.
    pub windows: Windows,
    /// Merged windows that ran past the end and were cut there.
    pub cut: Vec<Window>,
    /// Merged windows that lie wholly in closed gaps, so that they held no frame to treat.
    pub vanished: Vec<Window>,
    /// What was done to the gaps.
    pub gaps_policy: Gaps,
    /// The gaps of all parts by the recording's clock, which windows refer to.
    pub gaps: Vec<Gap>,
    /// The files of the recording: one, unless the source was [joined](Source::join).
    pub parts: Vec<Part>,
    /// Whether every file proves its end by a length, a count or a flag. If not, a cut between two
    /// packets leaves no trace.
    pub end_proven: bool,
    /// The container's timestamp of the first frame, often 0. Windows count from that frame.
    pub begins: Duration,
    /// What was done inside the windows.
    pub treatment: Treatment,
}

/// The progress of a redaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read from the source.
    pub bytes: u64,
    /// Frames of the output so far.
    pub frames: u64,
}

/// Redacts a recording: treats every frame that a window touches, and changes no other frame except in a
/// [fade](Treatment::with_fade). [`Redaction`] does the same with options.
///
/// # Errors
/// [`Error`] when the recording is damaged, cut off or not supported, or a window does not fit it.
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

/// A redaction with options: the evidence to collect, the spool for the output, a progress callback.
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
#[must_use = "a redaction does nothing until it is run"]
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

    /// Sets the evidence to collect.
    pub fn with_evidence(self, evidence: EvidenceOptions) -> Self {
        Self { evidence, ..self }
    }

    /// Sets the spool that receives the output.
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

    /// Redacts the source. Calls `watch` after every block, and stops when it returns
    /// [`ControlFlow::Break`].
    ///
    /// # Errors
    /// As [`redact`]; [`Error::Interrupted`] when `watch` returns `Break`.
    pub fn run_watched(
        self,
        source: Source,
        mut watch: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Redacted, Error> {
        let Self { windows, treatment, evidence, spool } = self;
        let (length, gaps_policy) = (source.length(), source.gaps());
        let mut decoder = Decoder::open(source.digested(evidence.receipt))?;
        let info = decoder.stream_info().clone();
        let spans = Spans::new(windows, info.rate, info.channels)?;
        if let Some(frames) = info.frames {
            // Gaps may extend the recording's clock past the declared frames.
            if gaps_policy == Gaps::Refuse {
                cut_at_end(windows, info.rate, frames)?;
            }
            // The declared length may be a lie. Reserving too little only costs speed.
            let most = length.unwrap_or(0).saturating_mul(MOST_FROM_A_BYTE);
            spool.reserve(frames.saturating_mul(info.frame_bytes()).min(most));
        } else {
            check_without_length(windows)?;
        }
        let mut treater = Treater::new(treatment, &spans)?;
        let mut observer = Observer::new(evidence, treatment, windows, &spans, &info);
        let mut output = BackgroundWriter::new(spool)?;
        let mut encoder = Encoder::new(&mut output, &info)?;
        let mut block = Block::new(info.format, info.channels);
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
        let windows = windows.for_length(time_of(timeline.end(), info.rate));
        let cut = cut_at_end(&windows, info.rate, timeline.end())?;
        let evidence = observer.finish(&mut decoder, &spool, bytes)?;
        let summary = Summary {
            frames: decoder.frames(),
            frames_treated: spans.frames_inside(&timeline),
            vanished: vanished(&windows, info.rate, &timeline),
            windows,
            cut,
            treatment,
            gaps_policy,
            gaps: decoder.gaps(),
            parts: decoder.parts(),
            end_proven: decoder.end_proven(),
            begins: decoder.begins(),
            stream_info: info,
        };
        Ok(Redacted { spool, bytes, summary, evidence })
    }
}

/// The windows that lie wholly in closed gaps.
pub(crate) fn vanished(windows: &Windows, rate: u32, timeline: &Timeline) -> Vec<Window> {
    let is_vanished = |window: &&Window| timeline.span(Span::covering(window, rate)).is_none();
    windows.iter().filter(is_vanished).cloned().collect()
}

impl Summary {
    /// The map from the recording's clock, which windows refer to, to frames of the output.
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

    /// The evidence that was collected.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// The size of the WAV in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A new reader of the WAV, from its first byte.
    ///
    /// # Errors
    /// An I/O error when the temporary file cannot be opened.
    pub fn reader(&self) -> io::Result<impl Read + Send + use<>> {
        self.spool.reader()
    }

    /// Moves the WAV to `path`, durably and in one step. An existing file stays as it is.
    ///
    /// # Errors
    /// [`Error::Persist`] when a file exists already, or the path cannot be written.
    pub fn persist(self, path: &Path) -> Result<Summary, Error> {
        self.spool.persist(path, false).map(|()| self.summary)
    }

    /// Like [`Redacted::persist`], but replaces an existing file. A symbolic link is replaced, not
    /// followed.
    ///
    /// # Errors
    /// [`Error::Persist`] when the path cannot be written. An existing file stays as it is then.
    pub fn persist_over(self, path: &Path) -> Result<Summary, Error> {
        self.spool.persist(path, true).map(|()| self.summary)
    }

    /// Copies the WAV to `path`, as [`Redacted::persist`] moves it.
    ///
    /// # Errors
    /// [`Error::Persist`], [`Error::ReadBack`].
    pub fn persist_copy(&self, path: &Path, overwrite: bool) -> Result<(), Error> {
        self.draft(path, overwrite)?.put()
    }

    /// Copies the WAV to a hidden file beside `path`, to be moved there later.
    ///
    /// # Errors
    /// [`Error::Persist`], [`Error::ReadBack`].
    pub fn draft(&self, path: &Path, overwrite: bool) -> Result<Draft, Error> {
        Ok(Draft::of(self.spool.copy_beside(path)?, path, overwrite))
    }

    /// Writes the WAV to `output`, which need not be seekable.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::ReadBack`].
    pub fn write_out(&self, output: &mut impl Write) -> Result<(), Error> {
        self.spool.copy_to(output, Error::Write)?;
        output.flush().map_err(Error::Write)
    }

    /// Like [`Redacted::write_out`], but consumes the redacted recording and returns its summary.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::ReadBack`].
    pub fn write_to(self, output: &mut impl Write) -> Result<Summary, Error> {
        self.write_out(output)?;
        Ok(self.summary)
    }
}
