//! Segments: 20 ms of one channel, original and redacted, reduced to a few energy sums. The unit of
//! comparison for lossy recordings, as in segmental SNR.

use crate::span::Span;

/// Segments a second. Short enough that a leak of 60 ms fills two of them, long enough that two sounds
/// do not correlate by chance.
const PER_SECOND: u64 = 50;

/// Levels are counted in steps of 3 dB, from -120 dBFS to 0.
pub(super) const LEVELS: usize = 41;

/// The frames of a segment at this rate.
pub(super) fn segment_length(rate: u32) -> u64 {
    (u64::from(rate) / PER_SECOND).max(1)
}

/// What was done to a segment. The thresholds were measured on speech in MP3, Vorbis, Opus and AAC. In open
/// segments the residual stays below half of the threshold of [`SegmentClass::Replaced`]; in muted ones it
/// is at least 0.87 of the original's energy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SegmentClass {
    /// The original is digital silence.
    Silent,
    /// The original is there: the residual has at most half its energy.
    Kept,
    /// At least 10 dB quieter than the original.
    Removed,
    /// The residual has at least four times the energy of the original.
    Louder,
    /// The residual has about the energy of the original.
    Replaced,
    /// None of these: the original is attenuated, masked by another sound, or inverted.
    Unclear,
}

/// Sums over consecutive frames of one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) frames: u64,
    /// The energy of the original.
    pub(super) before: f64,
    /// The energy of the redacted recording.
    pub(super) after: f64,
    /// The sum of the products of the two.
    pub(super) cross: f64,
    /// The energy of their difference.
    pub(super) residual: f64,
    /// The largest difference of two samples.
    pub(super) largest: f64,
}

impl Segment {
    pub(super) fn starting(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// Adds a frame. NaN and infinities add no energy; [`WindowTally`](super::window_tally::WindowTally)
    /// counts them.
    pub(super) fn add(&mut self, was: f64, is: f64) {
        self.frames += 1;
        if was.is_finite() && is.is_finite() {
            self.before += was * was;
            self.after += is * is;
            self.cross += was * is;
            self.residual += (was - is) * (was - is);
            self.largest = self.largest.max((was - is).abs());
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.frames += other.frames;
        self.before += other.before;
        self.after += other.after;
        self.cross += other.cross;
        self.residual += other.residual;
        self.largest = self.largest.max(other.largest);
    }

    pub(super) fn end(&self) -> u64 {
        self.first + self.frames
    }

    /// The gain at which the original is in the redacted segment: the least-squares fit.
    pub(super) fn gain(&self) -> f64 {
        if self.before > 0.0 { self.cross / self.before } else { 0.0 }
    }

    /// The normalized correlation, from -1 to 1.
    pub(super) fn correlation(&self) -> f64 {
        let energy = (self.before * self.after).sqrt();
        if energy > 0.0 { self.cross / energy } else { 0.0 }
    }

    pub(super) fn class(&self) -> SegmentClass {
        let holds_original = self.correlation().abs() >= 0.5 && self.gain().abs() >= 0.5;
        match self.residual {
            _ if self.before <= 0.0 => SegmentClass::Silent,
            residual if residual <= 0.5 * self.before => SegmentClass::Kept,
            _ if self.after < 0.1 * self.before => SegmentClass::Removed,
            _ if holds_original => SegmentClass::Unclear,
            residual if residual >= 4.0 * self.before => SegmentClass::Louder,
            residual if residual >= 0.8 * self.before => SegmentClass::Replaced,
            _ => SegmentClass::Unclear,
        }
    }

    /// The mean of an energy of this segment for each frame.
    #[expect(clippy::cast_precision_loss, reason = "a mean; 2^52 frames are 17,000 years")]
    pub(super) fn mean(&self, energy: f64) -> f64 {
        energy / self.frames.max(1) as f64
    }

    /// The level of an energy of this segment, in steps of 3 dB.
    pub(super) fn level(&self, energy: f64) -> usize {
        level_of(self.mean(energy))
    }
}

/// The level of a mean energy, in steps of 3 dB.
#[expect(clippy::cast_precision_loss, reason = "there are 41 levels")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
pub(super) fn level_of(mean: f64) -> usize {
    let decibels = 10.0 * mean.max(1e-30).log10();
    ((decibels + 120.0) / 3.0).clamp(0.0, (LEVELS - 1) as f64) as usize
}

/// The mean energy in the middle of a level.
pub(super) fn energy_at(level: usize) -> f64 {
    let level = u32::try_from(level).unwrap_or(u32::MAX);
    10f64.powf((f64::from(level) * 3.0 + 1.5 - 120.0) / 10.0)
}

/// Divides a span into segments of nearly equal length.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SegmentBounds {
    first: u64,
    frames: u64,
    /// How many segments there are, and the next one to start.
    count: u64,
    next: u64,
}

impl SegmentBounds {
    pub(super) fn new(span: Span, rate: u32) -> Self {
        let length = segment_length(rate);
        let count = ((span.frames() + length / 2) / length).max(1);
        Self { first: span.first, frames: span.frames(), count, next: 1 }
    }

    /// Whether a segment other than the first starts at this frame. Frames must come in order.
    pub(super) fn starts_at(&mut self, frame: u64) -> bool {
        let bound = u128::from(self.frames) * u128::from(self.next) / u128::from(self.count);
        let starts = u128::from(frame - self.first) >= bound && self.next < self.count;
        self.next += u64::from(starts);
        starts
    }
}
