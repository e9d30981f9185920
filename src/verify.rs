//! Verify: the leak audit of an original, what somebody made of it, and the windows between them.
//!
//! In: two [`Source`]s and [`Windows`]. Out: an [`Audit`], which says of each window and channel what
//! was done there and where it was not, and of all the rest what has changed. What can go wrong: a
//! recording that cannot be decoded. Lengths, rates and channels that differ are findings, not errors.
//!
//! Where the redacted recording holds samples exactly, samples are compared. A lossy codec leaves none
//! as it was, so there the sound is compared, in pieces of 20 ms: what the codec does to it is measured
//! outside the windows of the same file, and says what may be concluded inside. A piece that has gone
//! was muted if, at its level, nothing goes that was left alone. What cannot be told is said to be so,
//! and is never clean. The two must lie at the same frames: a codec's delay that the container does
//! not tell makes everything a change.
//!
//! Both are decoded once, side by side. Memory does not grow with the length of the recordings: about
//! 2 KiB for each window and channel, besides what the two decoders hold.

use std::ops::Range;

use crate::block::{Block, StreamInfo};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;
use crate::span::{Span, Spans, cut_at_end};
use crate::treatment::Treatment;
use crate::window::Windows;

mod count;
mod aligned_reader;
mod found;
mod kind;
mod noise;
mod piece;
mod window_tally;
mod sound;
#[cfg(test)]
mod tests;
mod walk;

use aligned_reader::{AlignedReader, Rest};
pub use found::{Done, Leak, WindowAudit};
use piece::Piece;
use walk::{Found, Walk};

/// What an audit comes to, or what was found in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing was left open, and nothing else has changed.
    Clean,
    /// It may have been muted or not: the codec leaves too little of such a sound to tell, or there is
    /// too little outside the windows to measure it by.
    CannotTell,
    /// Something besides the windows has changed. Never of a window.
    Changed,
    /// Something was left open.
    Leak,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// What the original is.
    pub original: StreamInfo,
    /// What the redacted recording is.
    pub redacted: StreamInfo,
    /// Frames of the original.
    pub original_frames: u64,
    /// Frames of the redacted recording.
    pub redacted_frames: u64,
    /// Each window on each of its channels.
    pub windows: Vec<WindowAudit>,
    /// What has changed outside the windows.
    pub outside: Outside,
    /// What the redacted recording holds besides its audio, save the name of the tool that wrote it.
    pub leftovers: Vec<Leftover>,
    /// Frames that a codec has added to fill its last packet: silent, and no change of the length.
    pub padding: u64,
    /// How far apart two samples outside the windows may be and still be the same, full scale being 1.
    /// 0 where samples are exact; none where the codec's noise says what has changed.
    pub tolerance: Option<f64>,
    /// How loud what the codec has changed outside the windows is beside the sound: the ratio of the
    /// roots of the mean squares. None where samples are exact, or nothing was heard there.
    pub noise: Option<f64>,
}

/// Samples outside every window, over all channels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Outside {
    /// How many have changed; in a lossy recording, how many lie where the sound has changed as no
    /// codec changes it.
    pub changed: u64,
    /// The first frame in which one has.
    pub first: Option<u64>,
    /// The last.
    pub last: Option<u64>,
    /// The largest change, full scale being 1; infinite where a sample is not a number.
    pub largest: f64,
}

impl Outside {
    /// So many samples in these frames.
    fn add(&mut self, samples: u64, frames: Range<u64>, largest: f64) {
        let last = frames.end.saturating_sub(1);
        self.changed += samples;
        self.first = Some(self.first.map_or(frames.start, |first| first.min(frames.start)));
        self.last = Some(self.last.map_or(last, |before| before.max(last)));
        self.largest = self.largest.max(largest);
    }

    fn add_piece(&mut self, piece: &Piece) {
        self.add(piece.frames, piece.first..piece.end(), piece.largest);
    }

    fn join(&mut self, other: &Self) {
        if let Some((first, last)) = other.first.zip(other.last) {
            self.add(other.changed, first..last + 1, other.largest);
        }
    }
}

impl Audit {
    /// Whether rate and channels agree, so that samples could be compared at all.
    pub fn is_comparable(&self) -> bool {
        self.original.rate == self.redacted.rate && self.original.channels == self.redacted.channels
    }

    /// What it comes to; a leak before a change, a change before what cannot be told.
    pub fn verdict(&self) -> Verdict {
        let some = |verdict| self.windows.iter().any(|window| window.verdict == verdict);
        let is_changed = !self.is_comparable()
            || self.original_frames + self.padding != self.redacted_frames
            || self.outside.changed > 0
            || !self.leftovers.is_empty();
        match (some(Verdict::Leak), is_changed, some(Verdict::CannotTell)) {
            (true, _, _) => Verdict::Leak,
            (false, true, _) => Verdict::Changed,
            (false, false, true) => Verdict::CannotTell,
            (false, false, false) => Verdict::Clean,
        }
    }

    /// Whether it is certain that nothing was left open and nothing else has changed.
    pub fn is_clean(&self) -> bool {
        self.verdict() == Verdict::Clean
    }

    /// Whether what was said in a window can be recovered from the redacted recording.
    pub fn is_recoverable(&self) -> bool {
        !self.is_comparable() || self.windows.iter().any(WindowAudit::is_recoverable)
    }
}

/// What an audit expects of the redacted recording. The default expects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VerifyOptions {
    /// The treatment to try first. Its fade is no change outside the windows. Without one, the treatment
    /// is recognised.
    pub treatment: Option<Treatment>,
    /// The largest difference of two samples outside the windows that counts as equal, full scale
    /// being 1. Without one: 0, a step of a narrower format, or what the codec's noise allows. It does
    /// not apply inside the windows.
    pub tolerance: Option<f64>,
}

/// Audits a redaction, whoever made it.
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
    let (mut decoder, mut other) = (Decoder::open(original)?, AlignedReader::open(redacted)?);
    let (original, redacted) = (decoder.stream_info().clone(), other.decoder.stream_info().clone());
    let spans = Spans::new(windows, original.rate, original.channels)?;
    let comparable = original.rate == redacted.rate && original.channels == redacted.channels;
    let mut walk = Walk::new((&original, &redacted), windows, &spans, options);
    let mut block = Block::new(original.format, original.channels);
    while decoder.next(&mut block)? {
        if comparable {
            let there = other.take(block.samples().len())?;
            walk.compare(&block, there, redacted.format);
        }
    }
    let original_frames = decoder.frames();
    cut_at_end(windows, original.rate, decoder.timeline().end())?;
    let rest = other.finish()?;
    let padding = if comparable { padding(&walk, &rest, original_frames, &redacted) } else { 0 };
    let found = if comparable { walk.finish() } else { Found::default() };
    Ok(Audit {
        original,
        redacted,
        original_frames,
        redacted_frames: rest.frames,
        windows: found.windows,
        outside: found.outside,
        leftovers: rest.leftovers,
        padding,
        tolerance: found.tolerance,
        noise: found.noise,
    })
}

/// How many of the frames behind the end of the original are a codec's padding: all, if they fit into
/// one packet and are at least 20 dB below the loudest sample, or none.
fn padding(walk: &Walk<'_>, rest: &Rest, frames: u64, redacted: &StreamInfo) -> u64 {
    let more = rest.frames.saturating_sub(frames);
    let is_padding = more <= walk.kind.reach(redacted) && rest.peak <= 0.1 * walk.peak;
    if is_padding { more } else { 0 }
}
