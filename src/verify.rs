//! Verify: the leak audit of an original, what somebody made of it, and the windows between them.
//!
//! In: two [`Source`]s and [`Windows`]. Out: an [`Audit`], which says of each window and channel what
//! was done there and where it was not, and of all the rest what has changed. Both are decoded once,
//! side by side, in constant memory. What can go wrong: a recording that cannot be decoded. Lengths,
//! rates and channels that differ are findings, not errors.

use crate::block::{Block, Recording, SampleFormat, Samples, index_of};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;
use crate::level::{levels, step};
use crate::span::{Span, Spans, cut_at_end};
use crate::treatment::{Treater, Treatment};
use crate::window::Windows;

mod feed;
mod place;

use feed::Feed;
use place::Place;
pub use place::{Done, Leak, WindowAudit};

/// What an audit found.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// What the original is.
    pub original: Recording,
    /// What the redacted recording is.
    pub redacted: Recording,
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
    /// How far apart two samples may be and still be the same, full scale being 1. Not 0 where the
    /// redacted recording is lossy or has another sample format.
    pub tolerance: f64,
}

/// Samples outside every window, over all channels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Outside {
    /// How many have changed.
    pub changed: u64,
    /// The first frame in which one has.
    pub first: Option<u64>,
    /// The last.
    pub last: Option<u64>,
    /// The largest change, full scale being 1.
    pub largest: f64,
}

impl Audit {
    /// Whether rate and channels agree, so that samples could be compared at all.
    pub fn is_comparable(&self) -> bool {
        self.original.rate == self.redacted.rate && self.original.channels == self.redacted.channels
    }

    /// Whether nothing was left open and nothing else has changed.
    pub fn is_clean(&self) -> bool {
        self.is_comparable()
            && self.original_frames == self.redacted_frames
            && self.outside.changed == 0
            && self.leftovers.is_empty()
            && self.windows.iter().all(|window| window.leak.is_none())
    }

    /// Whether what was said in a window can be recovered from the redacted recording.
    pub fn is_recoverable(&self) -> bool {
        !self.is_comparable() || self.windows.iter().any(WindowAudit::is_recoverable)
    }
}

/// Audits a redaction, whoever made it. The treatment is recognised; `expected` is tried first, and
/// what is outside the windows must be as it leaves it: its fade is no change.
/// Samples may differ by `tolerance` (full scale being 1) and count as equal; without one, by nothing,
/// or by as much as a lossy codec or a narrower format needs.
///
/// # Errors
/// [`Error`] when either recording cannot be decoded, or a window does not fit the original.
///
/// ```
/// use sordino::verify::verify;
/// use sordino::{Source, Treatment, Window, Windows, redact};
///
/// let windows = Windows::new([Window::from_seconds(10.0, 15.0)?])?;
/// let call = || Source::open("fixtures/call.wav");
/// let mut redacted = Vec::new();
/// redact(call()?, &windows, Treatment::silence())?.write_to(&mut redacted)?;
///
/// let redacted = Source::stream(std::io::Cursor::new(redacted));
/// assert!(verify(call()?, redacted, &windows, None, None)?.is_clean());
/// assert!(!verify(call()?, call()?, &windows, None, None)?.is_clean());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(
    original: Source,
    redacted: Source,
    windows: &Windows,
    expected: Option<Treatment>,
    tolerance: Option<f64>,
) -> Result<Audit, Error> {
    let (mut decoder, mut other) = (Decoder::open(original)?, Feed::open(redacted)?);
    let (original, redacted) = (decoder.recording().clone(), other.decoder.recording().clone());
    let spans = Spans::new(windows, original.rate, original.channels)?;
    let tolerance = tolerance.unwrap_or_else(|| tolerance_between(&original, &redacted));
    let comparable = original.rate == redacted.rate && original.channels == redacted.channels;
    let mut walk = Walk::new(&original, windows, &spans, expected, tolerance);
    let mut block = Block::new(original.format, original.channels);
    while decoder.next(&mut block)? {
        if comparable {
            let there = other.take(block.samples().len())?;
            walk.compare(&block, there, redacted.format);
        }
    }
    let original_frames = decoder.frames();
    cut_at_end(windows, original.rate, decoder.timeline().end())?;
    let (redacted_frames, leftovers) = other.finish()?;
    let (windows, outside) = walk.finish(comparable);
    Ok(Audit {
        original,
        redacted,
        original_frames,
        redacted_frames,
        windows,
        outside,
        leftovers,
        tolerance,
    })
}

/// What samples may differ by where the second recording cannot hold those of the first: 20 dB below
/// full scale for a lossy codec, one step of the narrower format for others.
fn tolerance_between(original: &Recording, redacted: &Recording) -> f64 {
    let exact = ["pcm", "flac", "alac"].iter().any(|codec| redacted.codec.starts_with(codec));
    match (exact, original.format == redacted.format) {
        (true, true) => 0.0,
        (true, false) => step(original.format).max(step(redacted.format)),
        (false, _) => 0.1,
    }
}

/// A treatment that may have been applied, and what it makes of the original.
struct Candidate<'a> {
    treatment: Treatment,
    treater: Treater<'a>,
    block: Block,
}

struct Walk<'a> {
    candidates: Vec<Candidate<'a>>,
    /// Sorted by their first frame.
    places: Vec<Place>,
    /// How many of the places lie wholly behind the last block.
    passed: usize,
    outside: Outside,
    tolerance: f64,
    channels: usize,
    /// Whether the first candidate was asked for, and changes frames outside the windows.
    fades: bool,
}

impl<'a> Walk<'a> {
    fn new(
        original: &Recording,
        windows: &Windows,
        spans: &'a Spans,
        expected: Option<Treatment>,
        tolerance: f64,
    ) -> Self {
        // Where what was said was faint, a gain leaves nothing either: that is silence.
        let usual = [Treatment::silence(), Treatment::default()];
        let tone = Treatment::tone(1000).ok();
        let mut candidates: Vec<Candidate<'a>> = Vec::new();
        for treatment in expected.into_iter().chain(usual).chain(tone) {
            let known = candidates.iter().any(|candidate| candidate.treatment == treatment);
            // A tone may be too high for the recording.
            if let (false, Ok(treater)) = (known, Treater::new(treatment, spans)) {
                let block = Block::new(original.format, original.channels);
                candidates.push(Candidate { treatment, treater, block });
            }
        }
        let channels = usize::from(original.channels);
        let treatments: Vec<_> = candidates.iter().map(|candidate| candidate.treatment).collect();
        let places = windows.iter().flat_map(|window| {
            let span = Span::of(window, original.rate);
            let all = 0..original.channels;
            let treatments = treatments.clone();
            all.filter(|&channel| window.channel().is_none_or(|only| only == channel))
                .map(move |channel| Place::new(window, span, channel, &treatments))
        });
        let mut places: Vec<_> = places.collect();
        places.sort_by_key(|place| place.span.first);
        let outside = Outside::default();
        let first = candidates.first().map(|candidate| candidate.treatment);
        let fades = first == expected && expected.is_some_and(|asked| !asked.fade().is_zero());
        Self { candidates, places, passed: 0, outside, tolerance, channels, fades }
    }

    /// Compares a block of the original with the same frames of the other.
    fn compare(&mut self, block: &Block, there: &Samples, format: SampleFormat) {
        let is_past = |place: &&Place| place.span.end <= block.first();
        self.passed += self.places[self.passed..].iter().take_while(is_past).count();
        let rest = &mut self.places[self.passed..];
        let near = rest.iter().take_while(|place| place.span.first < block.end()).count();
        if near == 0 && !self.fades && block.samples() == there {
            return;
        }
        let (before, after) = (levels(block.samples(), block.format()), levels(there, format));
        let mut inside = vec![false; before.len()];
        let expected: Vec<_> = self
            .candidates
            .iter_mut()
            .map(|candidate| {
                candidate.block.clone_from(block);
                candidate.treater.apply(&mut candidate.block);
                levels(candidate.block.samples(), block.format())
            })
            .collect();
        for place in &mut rest[..near] {
            // Of those that are near, a short one may be over.
            let frames = place.span.first.max(block.first())..place.span.end.min(block.end());
            for frame in frames {
                let index = index_of(frame - block.first()) * self.channels + place.channel();
                inside[index] = true;
                let Some(&is) = after.get(index) else { continue };
                let meant = expected.iter().map(|levels| levels[index]);
                place.see(frame, before[index], is, meant, self.tolerance);
            }
        }
        // The candidate that was asked for comes first.
        let outside = if self.fades { &expected[0] } else { &before };
        for (index, (&was, &is)) in outside.iter().zip(&after).enumerate() {
            if !inside[index] && (was - is).abs() > self.tolerance {
                let frame = block.first() + (index / self.channels) as u64;
                self.outside.changed += 1;
                self.outside.first.get_or_insert(frame);
                self.outside.last = Some(frame);
                self.outside.largest = self.outside.largest.max((was - is).abs());
            }
        }
    }

    fn finish(self, comparable: bool) -> (Vec<WindowAudit>, Outside) {
        let audits = self.places.into_iter().filter(|_| comparable).map(Place::judge);
        (audits.collect(), self.outside)
    }
}
