//! The findings in one window on one channel.

use super::Verdict;
use crate::span::Span;
use crate::treatment::Treatment;
use crate::window::Window;

/// The findings in one window on one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowAudit {
    /// The window.
    pub window: Window,
    /// The channel, counted from 0.
    pub channel: u16,
    /// The frames that should have been treated.
    pub span: Span,
    /// [`Verdict::Clean`], [`Verdict::Leak`] or [`Verdict::CannotTell`].
    pub verdict: Verdict,
    /// What was done to most frames.
    pub done: Done,
    /// The frames that were left open; in a lossy recording, those that sound like the original.
    pub leak: Option<Leak>,
    /// The gain at which the original is in the redacted window: the least-squares fit.
    pub gain: f64,
    /// The correlation of the original and the redacted window, from -1 to 1; 0 for silence.
    pub correlation: f64,
    /// The peak of the redacted window, full scale being 1; infinite if a sample is NaN or infinite.
    pub peak: f64,
    /// The root mean square of the redacted window, full scale being 1.
    pub rms: f64,
}

/// What was done in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Done {
    /// What sordino does with this treatment: exactly, or as exactly as a lossy codec allows.
    Exactly(Treatment),
    /// The original is there, attenuated by another tool's gain.
    Attenuated,
    /// Another sound is there instead.
    Replaced,
    /// Nothing: the original is there.
    Nothing,
    /// The window was silent before and is silent now.
    Silent,
    /// Almost silent, and nothing of the original is left. Only in lossy recordings.
    Muted,
    /// It cannot be told. Only in lossy recordings and in those with a narrower sample format.
    Unknown,
}

/// Frames of a window that were left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leak {
    /// The number of open frames.
    pub frames: u64,
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// Whether all of them are in padding, and the windows as they were asked for are treated exactly.
    /// Never in a lossy recording.
    pub padding_only: bool,
}

impl WindowAudit {
    /// Whether the original can be recovered: it is only attenuated, or was left open.
    pub fn is_recoverable(&self) -> bool {
        let kept = match self.done {
            Done::Exactly(treatment) => treatment.is_recoverable() && self.peak > 0.0,
            Done::Attenuated | Done::Nothing | Done::Unknown => true,
            Done::Replaced | Done::Silent | Done::Muted => false,
        };
        kept || self.leak.is_some()
    }
}

/// Counts frames, and the longest run of consecutive ones.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FrameCounter {
    pub(super) frames: u64,
    first: u64,
    last: u64,
    /// How many of them are inside a window as it was asked for, without padding.
    pub(super) asked: u64,
    /// The length of the current run.
    run: u64,
    pub(super) longest: u64,
}

impl FrameCounter {
    /// Adds a frame after all that were added before. `is_asked`: it is no padding.
    pub(super) fn add(&mut self, frame: u64, is_asked: bool) {
        if self.frames == 0 {
            self.first = frame;
        }
        self.run = if self.frames > 0 && self.last + 1 == frame { self.run + 1 } else { 1 };
        self.longest = self.longest.max(self.run);
        (self.frames, self.last) = (self.frames + 1, frame);
        self.asked += u64::from(is_asked);
    }

    /// The frames as a leak, if there are any.
    pub(super) fn leak(self) -> Option<Leak> {
        let Self { frames, first, last, asked, .. } = self;
        (frames > 0).then_some(Leak { frames, first, last, padding_only: asked == 0 })
    }
}
