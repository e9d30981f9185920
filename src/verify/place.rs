//! One window on one channel: what was done there, and where it was not.

use super::{Span, Treatment};
use crate::window::Window;

/// What was found in one window on one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowAudit {
    /// The window.
    pub window: Window,
    /// The channel, counted from 0.
    pub channel: u16,
    /// The frames that should have been treated.
    pub span: Span,
    /// What was done to most of them.
    pub done: Done,
    /// Those to which it was not done.
    pub leak: Option<Leak>,
    /// How much louder or quieter the original is heard in what is left: the gain that fits best.
    pub gain: f64,
    /// How alike the original and what is left are, from -1 to 1; 0 where there is nothing.
    pub correlation: f64,
    /// The loudest sample left, full scale being 1.
    pub peak: f64,
    /// The root of the mean square of what is left, full scale being 1.
    pub rms: f64,
}

/// What was done in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Done {
    /// Exactly what sordino does with this treatment.
    Exactly(Treatment),
    /// The original is there, quieter, by a gain that another tool has chosen.
    Attenuated,
    /// Something else is there in its place.
    Replaced,
    /// Nothing: the original is there as it was.
    Nothing,
    /// There was nothing to be heard before, and there is nothing now.
    Silent,
}

/// Frames of a window that were not treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leak {
    /// How many.
    pub frames: u64,
    /// The first of them.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl WindowAudit {
    /// Whether what was said can be made out of what is left: it is only quieter, or was left open.
    pub fn is_recoverable(&self) -> bool {
        let kept = match self.done {
            Done::Exactly(treatment) => treatment.is_recoverable() && self.peak > 0.0,
            Done::Attenuated | Done::Nothing => true,
            Done::Replaced | Done::Silent => false,
        };
        kept || self.leak.is_some()
    }
}

/// Samples that are alike by chance come alone. Where something else is in the place of the original,
/// only so many in a row are the original.
const CHANCE: u64 = 8;

/// What is left must be so alike to the original to pass for it at another volume.
const ALIKE: f64 = 0.95;

/// A leak in the making.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    frames: u64,
    first: u64,
    last: u64,
    /// The frames in a row up to the last, and the most there were.
    row: u64,
    longest: u64,
}

impl Count {
    fn add(&mut self, frame: u64) {
        if self.frames == 0 {
            self.first = frame;
        }
        self.row = if self.frames > 0 && self.last + 1 == frame { self.row + 1 } else { 1 };
        self.longest = self.longest.max(self.row);
        (self.frames, self.last) = (self.frames + 1, frame);
    }

    fn leak(self) -> Option<Leak> {
        let Self { frames, first, last, .. } = self;
        (frames > 0).then_some(Leak { frames, first, last })
    }
}

/// A window on one channel, being walked through.
pub(super) struct Place {
    window: Window,
    pub(super) span: Span,
    channel: u16,
    frames: u64,
    /// Frames that were heard in the original.
    heard: u64,
    /// Frames that are as they were, of those that were heard.
    kept: Count,
    /// Frames that are not as each treatment would have made them.
    misses: Vec<(Treatment, Count)>,
    sums: (f64, f64, f64),
    peak: f64,
}

impl Place {
    pub(super) fn new(window: &Window, span: Span, channel: u16, treatments: &[Treatment]) -> Self {
        let misses = treatments.iter().map(|&treatment| (treatment, Count::default())).collect();
        Self {
            window: window.clone(),
            span,
            channel,
            frames: 0,
            heard: 0,
            kept: Count::default(),
            misses,
            sums: (0.0, 0.0, 0.0),
            peak: 0.0,
        }
    }

    pub(super) fn channel(&self) -> usize {
        self.channel.into()
    }

    /// One frame: what was there, what is there, and what each treatment would have put there.
    pub(super) fn see(
        &mut self,
        frame: u64,
        was: f64,
        is: f64,
        meant: impl Iterator<Item = f64>,
        tolerance: f64,
    ) {
        self.frames += 1;
        if was.abs() > 2.0 * tolerance {
            self.heard += 1;
            if (was - is).abs() <= tolerance {
                self.kept.add(frame);
            }
        }
        for ((_, misses), meant) in self.misses.iter_mut().zip(meant) {
            if (meant - is).abs() > tolerance {
                misses.add(frame);
            }
        }
        let (before, after, both) = self.sums;
        self.sums = (before + was * was, after + is * is, both + was * is);
        self.peak = self.peak.max(is.abs());
    }

    #[expect(clippy::cast_precision_loss, reason = "a mean; 2^52 frames are 17,000 years")]
    pub(super) fn judge(self) -> WindowAudit {
        let (before, after, both) = self.sums;
        let gain = if before > 0.0 { both / before } else { 0.0 };
        let energy = (before * after).sqrt();
        let correlation = if energy > 0.0 { both / energy } else { 0.0 };
        let best = self.misses.iter().min_by_key(|(_, misses)| misses.frames);
        let exact = best.filter(|(_, misses)| misses.frames * 2 < self.frames.max(1));
        let (done, leak) = match exact {
            _ if self.heard == 0 && self.peak == 0.0 => (Done::Silent, None),
            Some(&(treatment, misses)) => (Done::Exactly(treatment), misses.leak()),
            None if self.kept.frames * 2 > self.heard => (Done::Nothing, self.kept.leak()),
            None if correlation.abs() > ALIKE => (Done::Attenuated, self.kept.leak()),
            None if self.kept.longest < CHANCE => (Done::Replaced, None),
            None => (Done::Replaced, self.kept.leak()),
        };
        let rms = (after / self.frames.max(1) as f64).sqrt();
        let (window, channel, span, peak) = (self.window, self.channel, self.span, self.peak);
        WindowAudit { window, channel, span, done, leak, gain, correlation, peak, rms }
    }
}
