//! Piece: 20 ms of one channel, of the original and of what was made of it, in a few sums.

use crate::span::Span;

/// How many pieces a second has. Short enough for a leak of 60 ms to fill two of them, long enough
/// for two sounds not to be alike by chance.
const A_SECOND: u64 = 50;

/// Levels are counted in steps of 3 dB, from -120 dB up.
pub(super) const LEVELS: usize = 41;

/// The frames of a piece at this rate.
pub(super) fn length(rate: u32) -> u64 {
    (u64::from(rate) / A_SECOND).max(1)
}

/// What a piece looks like beside the original. The bounds were measured on speech as MP3, Vorbis, Opus
/// and AAC: what was left open stays below half of the difference of [`Look::Other`], and what was
/// muted comes no nearer than 0.87 of the original's energy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// There was nothing in the original.
    Silent,
    /// The difference has at most half the energy of the original: it is there.
    Kept,
    /// At least 10 dB quieter.
    Gone,
    /// The difference has four times the energy of the original, or more.
    Louder,
    /// The difference is about as loud as the original.
    Other,
    /// None of these: half there, or there below something else, or upside down.
    Unclear,
}

/// Sums over consecutive frames of one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Piece {
    pub(super) first: u64,
    pub(super) frames: u64,
    /// The energy of the original, of what there is now, of their product and their difference.
    pub(super) before: f64,
    pub(super) after: f64,
    pub(super) both: f64,
    pub(super) apart: f64,
    /// The largest difference of two samples.
    pub(super) largest: f64,
}

impl Piece {
    pub(super) fn starting(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// One frame. What is no number has no energy; it is counted elsewhere.
    pub(super) fn add(&mut self, was: f64, is: f64) {
        self.frames += 1;
        if was.is_finite() && is.is_finite() {
            self.before += was * was;
            self.after += is * is;
            self.both += was * is;
            self.apart += (was - is) * (was - is);
            self.largest = self.largest.max((was - is).abs());
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.frames += other.frames;
        self.before += other.before;
        self.after += other.after;
        self.both += other.both;
        self.apart += other.apart;
        self.largest = self.largest.max(other.largest);
    }

    pub(super) fn end(&self) -> u64 {
        self.first + self.frames
    }

    /// How much of the original is in what there is now.
    pub(super) fn gain(&self) -> f64 {
        if self.before > 0.0 { self.both / self.before } else { 0.0 }
    }

    /// How alike the two are, from -1 to 1.
    pub(super) fn correlation(&self) -> f64 {
        let energy = (self.before * self.after).sqrt();
        if energy > 0.0 { self.both / energy } else { 0.0 }
    }

    pub(super) fn look(&self) -> Look {
        let holds = self.correlation().abs() >= 0.5 && self.gain().abs() >= 0.5;
        match self.apart {
            _ if self.before <= 0.0 => Look::Silent,
            apart if apart <= 0.5 * self.before => Look::Kept,
            _ if self.after < 0.1 * self.before => Look::Gone,
            _ if holds => Look::Unclear,
            apart if apart >= 4.0 * self.before => Look::Louder,
            apart if apart >= 0.8 * self.before => Look::Other,
            _ => Look::Unclear,
        }
    }

    /// Such an energy over as many frames, for each of them.
    #[expect(clippy::cast_precision_loss, reason = "a mean; 2^52 frames are 17,000 years")]
    pub(super) fn mean(&self, energy: f64) -> f64 {
        energy / self.frames.max(1) as f64
    }

    /// The level of such an energy over as many frames.
    #[expect(clippy::cast_precision_loss, reason = "there are 41 levels")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
    pub(super) fn level(&self, energy: f64) -> usize {
        let decibel = 10.0 * self.mean(energy).max(1e-30).log10();
        ((decibel + 120.0) / 3.0).clamp(0.0, (LEVELS - 1) as f64) as usize
    }
}

/// The energy of a frame in the middle of such a level.
pub(super) fn energy_at(level: usize) -> f64 {
    let level = u32::try_from(level).unwrap_or(u32::MAX);
    10f64.powf((f64::from(level) * 3.0 + 1.5 - 120.0) / 10.0)
}

/// The pieces of a span, all about as long: where the next one begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cuts {
    span: Span,
    count: u64,
    next: u64,
}

impl Cuts {
    pub(super) fn new(span: Span, rate: u32) -> Self {
        let count = ((span.frames() + length(rate) / 2) / length(rate)).max(1);
        Self { span, count, next: 1 }
    }

    /// Whether a piece begins at this frame, which is past the first. Frames come in order.
    pub(super) fn begins(&mut self, frame: u64) -> bool {
        let wide = u128::from(self.span.frames()) * u128::from(self.next) / u128::from(self.count);
        let begins = u128::from(frame - self.span.first) >= wide && self.next < self.count;
        self.next += u64::from(begins);
        begins
    }
}
