//! Found: what an audit says of one window on one channel.

use super::{Span, Treatment, Verdict};
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
    /// Clean, a leak, or that it cannot be told.
    pub verdict: Verdict,
    /// What was done to most of them.
    pub done: Done,
    /// Those to which it was not done; of a lossy recording, those that sound as they did.
    pub leak: Option<Leak>,
    /// How much louder or quieter the original is heard in what is left: the gain that fits best.
    pub gain: f64,
    /// How alike the original and what is left are, from -1 to 1; 0 where there is nothing.
    pub correlation: f64,
    /// The loudest sample left, full scale being 1; infinite where one is not a number.
    pub peak: f64,
    /// The root of the mean square of what is left, full scale being 1.
    pub rms: f64,
}

/// What was done in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Done {
    /// What sordino does with this treatment, exactly; in a lossy recording as exactly as its codec
    /// allows.
    Exactly(Treatment),
    /// The original is there, quieter, by a gain that another tool has chosen.
    Attenuated,
    /// Something else is there in its place.
    Replaced,
    /// Nothing: the original is there as it was.
    Nothing,
    /// There was nothing to be heard before, and there is nothing now.
    Silent,
    /// Next to nothing is left, and nothing of the original was found in it. Only of lossy recordings.
    Muted,
    /// It cannot be told. Only of lossy recordings, and of those in a narrower format.
    Unknown,
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
            Done::Attenuated | Done::Nothing | Done::Unknown => true,
            Done::Replaced | Done::Silent | Done::Muted => false,
        };
        kept || self.leak.is_some()
    }
}
