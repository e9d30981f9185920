//! Gaps: parts in which nothing was recorded, refused, filled or closed.
//!
//! In: the position of each gap and its length. Out: blocks of silence (filled), or a clock that is
//! ahead of the frame count (closed). Errors: a gap when gaps are refused; too many or too long gaps.

use crate::block::{Block, index_of};
use crate::error::Error;
use crate::span::{Gap, Timeline, time_of};

use super::input::Gaps;

/// Maximum total length of all gaps in seconds: one day. A few bytes can declare more, and filling
/// would write silence for all of it.
const LONGEST: u64 = 24 * 60 * 60;

/// Maximum number of gaps: about seven hours of a line with silence suppression, at two gaps a second.
const MOST: usize = 50_000;

/// Frames of silence in one block.
const PIECE: u64 = 4096;

/// The gaps of one recording so far.
#[derive(Debug)]
pub(super) struct GapKeeper {
    policy: Gaps,
    all: Vec<Gap>,
    /// Frames of all gaps.
    missing: u64,
    /// Frames of silence that are still to be returned.
    silence: u64,
}

impl GapKeeper {
    pub(super) fn new(policy: Gaps) -> Self {
        Self { policy, all: Vec::new(), missing: 0, silence: 0 }
    }

    /// All gaps in order.
    pub(super) fn all(&self) -> &[Gap] {
        &self.all
    }

    /// How many frames the clock is ahead of the frame count.
    pub(super) fn ahead(&self) -> u64 {
        if self.policy == Gaps::Close { self.missing } else { 0 }
    }

    /// Mapping from the clock to an output of `frames` frames.
    pub(super) fn timeline(&self, frames: u64) -> Timeline {
        let closed = if self.policy == Gaps::Close { self.all.as_slice() } else { &[] };
        Timeline::new(frames, closed)
    }

    /// Adds a gap; one of 0 frames is ignored.
    ///
    /// # Errors
    /// [`Error::Gap`] if gaps are refused; [`Error::Damaged`] for too many or too long gaps.
    pub(super) fn add(&mut self, gap: Gap, rate: u32) -> Result<(), Error> {
        let Gap { at, frames } = gap;
        if frames == 0 {
            return Ok(());
        }
        let missing = self.missing.saturating_add(frames);
        let damaged = |reason: &str| {
            Err(Error::Damaged { frame: at, time: time_of(at, rate), reason: reason.into() })
        };
        if missing > LONGEST * u64::from(rate) {
            return damaged("more than a day is missing, by its timestamps");
        }
        if self.all.len() >= MOST {
            return damaged("it has more than 50,000 gaps");
        }
        match self.policy {
            Gaps::Refuse => {
                let (at, length) = (time_of(at, rate), time_of(frames, rate));
                return Err(Error::Gap { at, length });
            }
            Gaps::Fill => self.silence = frames,
            Gaps::Close => {}
        }
        self.missing = missing;
        self.all.push(gap);
        Ok(())
    }

    /// Fills a block with the next silence of a gap; returns false if there is none.
    pub(super) fn fill(&mut self, block: &mut Block) -> bool {
        let frames = self.silence.min(PIECE);
        self.silence -= frames;
        block.add_silence(index_of(frames));
        frames > 0
    }
}
