//! Verify: the leak audit. Compares an original with a redacted recording, whoever made it.
//!
//! In: two [`Source`]s and [`Windows`]. Out: an [`Audit`], which says for each window and channel what
//! was done and which frames were left open, and what has changed outside the windows. Errors: a
//! recording cannot be decoded, or a window does not fit it. A difference in length, rate or channels is
//! a finding, not an error.
//!
//! If the redacted recording is lossless, samples are compared. A lossy codec changes every sample, so
//! there the energies of 20 ms segments are compared. The segments outside the windows show what the
//! codec alone does to this recording. A segment inside a window counts as muted only if the codec alone
//! rarely removes a segment of that level. If that evidence is too weak, the verdict is
//! [`Verdict::CannotTell`], which is not clean. Both recordings must be aligned to the frame: a codec
//! delay that the container does not declare makes everything a change.
//!
//! Where both are Ogg Opus, and one was made of the other packet by packet, packets are compared.
//!
//! Both are decoded once, side by side. Memory does not grow with their length: about 2 KiB for each
//! window and channel, besides the two decoders; of Ogg Opus some 40 bytes a packet more.

use std::ops::Range;

use crate::block::{Block, StreamInfo};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;
use crate::span::{Spans, cut_at_end};
use crate::treatment::Treatment;
use crate::window::Windows;

mod window_audit;
mod aligned_reader;
mod compare_mode;
mod segment;
mod codec_noise;
mod presence;
mod window_tally;
mod comparer;
mod packets;
#[cfg(test)]
mod tests;

use aligned_reader::{AlignedReader, Tail};
use comparer::Comparer;
use packets::PacketLog;
use segment::Segment;
pub use window_audit::{Done, Leak, WindowAudit};

/// The result of an audit, or of one of its windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Everything in the windows was treated, and nothing else has changed.
    Clean,
    /// It is not known whether a window was muted: the codec keeps too little of such a sound, or there
    /// is too little sound outside the windows to measure the codec.
    CannotTell,
    /// Something outside the windows has changed. Never the verdict of a window.
    Changed,
    /// Some frames in a window were left open.
    Leak,
}

/// The findings of an audit.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Container, codec, rate, channels and decoded sample format of the original.
    pub original: StreamInfo,
    /// The same of the redacted recording.
    pub redacted: StreamInfo,
    /// Frames of the original.
    pub original_frames: u64,
    /// Frames of the redacted recording.
    pub redacted_frames: u64,
    /// Each window on each of its channels.
    pub windows: Vec<WindowAudit>,
    /// Changes outside the windows.
    pub outside: OutsideChanges,
    /// What the redacted recording holds besides its audio, except the name of the tool that wrote it.
    pub leftovers: Vec<Leftover>,
    /// Silent frames that a codec appended to fill its last packet. They do not count as a change.
    pub padding: u64,
    /// The largest difference that counts as equal outside the windows, full scale being 1. It is 0 for
    /// exact samples, and `None` if changes are judged by the codec's noise.
    pub tolerance: Option<f64>,
    /// The codec's noise outside the windows relative to the original: the ratio of the two RMS values.
    /// `None` for exact samples, or if there is only silence.
    pub noise: Option<f64>,
}

/// Changed samples outside all windows, over all channels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OutsideChanges {
    /// The number of changed samples; in a lossy recording, of samples in segments that changed as no
    /// codec changes them.
    pub changed: u64,
    /// The first changed frame.
    pub first: Option<u64>,
    /// The last changed frame.
    pub last: Option<u64>,
    /// The largest difference, full scale being 1; infinite if a sample is NaN or infinite.
    pub largest: f64,
}

impl OutsideChanges {
    fn add(&mut self, samples: u64, frames: Range<u64>, largest: f64) {
        let last = frames.end.saturating_sub(1);
        self.changed += samples;
        self.first = Some(self.first.map_or(frames.start, |first| first.min(frames.start)));
        self.last = Some(self.last.map_or(last, |before| before.max(last)));
        self.largest = self.largest.max(largest);
    }

    fn add_segment(&mut self, segment: &Segment) {
        self.add(segment.frames, segment.first..segment.end(), segment.largest);
    }

    fn join(&mut self, other: &Self) {
        if let Some((first, last)) = other.first.zip(other.last) {
            self.add(other.changed, first..last + 1, other.largest);
        }
    }
}

impl Audit {
    /// Whether rate and channels agree, so that samples could be compared.
    pub fn is_comparable(&self) -> bool {
        are_comparable(&self.original, &self.redacted)
    }

    /// The worst finding: a leak, then a change, then what cannot be told.
    pub fn verdict(&self) -> Verdict {
        let any = |verdict| self.windows.iter().any(|window| window.verdict == verdict);
        let is_changed = !self.is_comparable()
            || self.original_frames + self.padding != self.redacted_frames
            || self.outside.changed > 0
            || !self.leftovers.is_empty();
        if any(Verdict::Leak) {
            Verdict::Leak
        } else if is_changed {
            Verdict::Changed
        } else if any(Verdict::CannotTell) {
            Verdict::CannotTell
        } else {
            Verdict::Clean
        }
    }

    /// Whether it is certain that everything was treated and nothing else has changed.
    pub fn is_clean(&self) -> bool {
        self.verdict() == Verdict::Clean
    }

    /// Whether the original can be recovered in some window of the redacted recording, or in all of it
    /// because there is no window.
    pub fn is_recoverable(&self) -> bool {
        !self.is_comparable()
            || self.windows.is_empty()
            || self.windows.iter().any(WindowAudit::is_recoverable)
    }

    /// Whether frames were left open in padding alone: as they were asked for, before they were widened,
    /// all windows are treated.
    pub fn is_padding_only(&self) -> bool {
        let is_muted = |window: &WindowAudit| match window.leak {
            Some(leak) => leak.padding_only,
            None => window.verdict == Verdict::Clean,
        };
        self.verdict() == Verdict::Leak && self.windows.iter().all(is_muted)
    }
}

/// Whether samples of these two can be compared one by one.
fn are_comparable(original: &StreamInfo, redacted: &StreamInfo) -> bool {
    (original.rate, original.channels) == (redacted.rate, redacted.channels)
}

/// What an audit expects of the redacted recording. The default recognises the treatment and derives the
/// tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VerifyOptions {
    /// The treatment to try first. Its fade does not count as a change outside the windows.
    pub treatment: Option<Treatment>,
    /// The largest difference that counts as equal outside the windows, full scale being 1. By default
    /// it is 0, one step of the narrower sample format, or what the codec's noise allows. It does not apply
    /// inside the windows.
    pub tolerance: Option<f64>,
}

/// Audits a redacted recording.
///
/// # Errors
/// [`Error`] when either recording cannot be decoded, or a window does not fit the original.
///
/// ```
/// use sordino::{Source, Treatment, VerifyOptions, Window, Windows, redact, verify};
///
/// let windows = Windows::new([Window::from_seconds(10.0, 15.0)?])?;
/// let call = || Source::open("fixtures/call.wav");
/// let mut redacted = Vec::new();
/// redact(call()?, &windows, Treatment::silence())?.write_to(&mut redacted)?;
///
/// let redacted = Source::stream(std::io::Cursor::new(redacted));
/// let options = VerifyOptions::default();
/// assert!(verify(call()?, redacted, &windows, options)?.is_clean());
/// assert!(!verify(call()?, call()?, &windows, options)?.is_clean());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(
    original: Source,
    redacted: Source,
    windows: &Windows,
    options: VerifyOptions,
) -> Result<Audit, Error> {
    let are_told = packets::are_told(&original) && packets::are_told(&redacted);
    let (mut decoder, mut reader) = (Decoder::open(original)?, AlignedReader::open(redacted)?);
    let original = decoder.stream_info().clone();
    let redacted = reader.decoder.stream_info().clone();
    let by_packet = are_told && packets::apply_to(&original, &redacted);
    let mut log = by_packet.then(|| PacketLog::of(&mut decoder)).flatten();
    reader.log = by_packet.then(|| PacketLog::of(&mut reader.decoder)).flatten();
    let spans = Spans::new(windows, original.rate, original.channels)?;
    let asked = Spans::new(&windows.bare(), original.rate, original.channels)?;
    let mut comparer = are_comparable(&original, &redacted)
        .then(|| Comparer::new((&original, &redacted), windows, (&spans, &asked), options));
    let mut block = Block::new(original.format, original.channels);
    while decoder.next(&mut block)? {
        if let Some(log) = &mut log {
            log.add(&block, &decoder);
        }
        if let Some(comparer) = &mut comparer {
            comparer.compare(&block, reader.take(block.samples().len())?, redacted.format);
        }
    }
    let original_frames = decoder.frames();
    cut_at_end(windows, original.rate, decoder.timeline().end())?;
    let tail = reader.finish()?;
    let mut audit = Audit {
        original,
        original_frames,
        redacted_frames: tail.frames,
        windows: Vec::new(),
        outside: OutsideChanges::default(),
        padding: comparer
            .as_ref()
            .map_or(0, |comparer| padding(comparer, &tail, original_frames, &redacted)),
        leftovers: tail.leftovers,
        tolerance: None,
        noise: None,
        redacted,
    };
    if let Some(comparer) = comparer {
        comparer.finish(&mut audit);
    }
    if let Some((log, of_redacted)) = log.zip(tail.log) {
        log.judge(&of_redacted, &mut audit);
    }
    Ok(audit)
}

/// How many of the frames after the end of the original are codec padding: all of them, if they fit in
/// one packet and are at least 20 dB below the peak of the original; otherwise none.
fn padding(comparer: &Comparer<'_>, tail: &Tail, frames: u64, redacted: &StreamInfo) -> u64 {
    let more = tail.frames.saturating_sub(frames);
    let is_padding = more <= comparer.mode.reach(redacted) && tail.peak <= 0.1 * comparer.peak;
    if is_padding { more } else { 0 }
}
