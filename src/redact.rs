//! Redact: all steps from source to output in one function.
//!
//! In: a [`Source`], [`Windows`], a [`Treatment`]. Out: a [`Redacted`], which only this module makes and
//! which alone can be persisted or uploaded. Errors: every [`Error`]; no output is left then.

use std::io::{Seek, SeekFrom};
use std::ops::{ControlFlow, Range};

use crate::block::{Block, StreamInfo};
use crate::decode::{DecodeOptions, Decoder, Gaps, Source};
use crate::encode::{BackgroundWriter, Output, Target, Written};
use crate::error::Error;
use crate::evidence::{self, EvidenceOptions, Kept, Observer};
use crate::span::{Spans, check_without_length, cut_at_end};
use crate::spool::Spool;
use crate::treatment::{Treater, Treatment};
use crate::window::Windows;

mod format;
mod redacted;
mod summary;

pub use format::OutputFormat;
pub use redacted::Redacted;
pub use summary::Summary;
pub(crate) use summary::vanished;

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
    formats: &'static [OutputFormat],
}

impl<'a> Redaction<'a> {
    /// A redaction with the default [`EvidenceOptions`] and an [anonymous](Spool::anonymous) spool.
    pub fn new(windows: &'a Windows, treatment: Treatment) -> Self {
        let (evidence, spool) = (EvidenceOptions::default(), Spool::anonymous());
        Self { windows, treatment, evidence, spool, formats: &[] }
    }

    /// Sets the evidence to collect.
    pub fn with_evidence(self, evidence: EvidenceOptions) -> Self {
        Self { evidence, ..self }
    }

    /// Sets the spool that receives the output.
    pub fn with_spool(self, spool: Spool) -> Self {
        Self { spool, ..self }
    }

    /// Sets what kinds of file the output may be; none of them means any. If [`DecodeOptions::encoding`]
    /// makes another one of this recording, that is an error. See [`OutputFormat::named`].
    ///
    /// [`DecodeOptions::encoding`]: crate::DecodeOptions::encoding
    pub fn with_formats(self, formats: &'static [OutputFormat]) -> Self {
        Self { formats, ..self }
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
        let Self { windows, treatment, evidence, spool, formats } = self;
        let (length, options) = (source.length(), source.options());
        let mut decoder = Decoder::open(source.digested(evidence.receipt))?;
        let info = decoder.stream_info().clone();
        let (output, target) = format::choose(&decoder, options, formats, (windows, treatment))?;
        let spans = Spans::new(windows, info.rate, info.channels)?;
        check_length(windows, &info, options.gaps)?;
        spool.reserve(output.likely_bytes(&info, length));
        let mut treater = Treater::new(treatment, &spans)?.with_bits(info.bits);
        let (mut writer, follower) = BackgroundWriter::new(spool)?;
        let kept = (&info, kept(&target));
        let mut observer = Observer::new(evidence, treatment, windows, &spans, kept, follower)?;
        keep_packets(&mut decoder, output, (options, evidence), &spans.touched(treatment.fade()));
        let mut encoder = Output::new(&mut writer, &info, target)?;
        let mut block = Block::new(info.format, info.channels);
        while decoder.next(&mut block)? {
            observer.decoded(&block);
            let treated = treater.apply(&mut block);
            observer.treated(&block);
            let bytes = encoder.write(&block, treated)?;
            observer.written(bytes);
            let progress = Progress { bytes: decoder.bytes_received(), frames: decoder.frames() };
            if watch(progress).is_break() {
                return Err(Error::Interrupted);
            }
        }
        let Written { head, opus } = encoder.finish()?;
        let mut spool = writer.into_spool().map_err(Error::Write)?;
        let bytes = spool.seek(SeekFrom::End(0)).map_err(Error::Write)?;
        let replaced = opus.replaced;
        let summary =
            Summary::of(&decoder, (windows, &spans), treatment, (options, output, replaced))?;
        let evidence = observer.finish(&mut decoder, &spool, (bytes, head, &opus.outline))?;
        Ok(Redacted { spool, bytes, summary, evidence })
    }
}

/// What the output keeps of the recording.
fn kept(target: &Target) -> Kept {
    match target {
        Target::Wav => Kept::Nothing,
        Target::Flac { head, .. } => Kept::Flac(head.info),
        Target::Opus { .. } => Kept::Opus,
    }
}

/// Asks for packets where the output keeps them, decoded only where that is needed. `touched`: the frames that
/// may change.
fn keep_packets(
    decoder: &mut Decoder,
    output: OutputFormat,
    (options, evidence): (DecodeOptions, EvidenceOptions),
    touched: &[Range<u64>],
) {
    let rate = decoder.stream_info().rate;
    let needs_all = evidence.needs_all();
    let decoded = match output {
        OutputFormat::Wav => return,
        OutputFormat::Flac | OutputFormat::OggFlac => {
            (!needs_all && !options.md5).then(|| evidence::around(touched, rate))
        }
        OutputFormat::Opus => (!needs_all).then(Vec::new),
    };
    decoder.keep_packets(decoded);
}

/// Checks that no window begins after the end, as far as the recording declares one.
fn check_length(windows: &Windows, info: &StreamInfo, gaps: Gaps) -> Result<(), Error> {
    match info.frames {
        None => check_without_length(windows),
        // Gaps may extend the recording's clock past the declared frames.
        Some(frames) if gaps == Gaps::Refuse => cut_at_end(windows, info.rate, frames).map(drop),
        Some(_) => Ok(()),
    }
}
