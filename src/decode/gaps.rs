//! Gaps: parts in which nothing was recorded, and what becomes of them.
//!
//! In: where the frames so far end, and how many are missing. Out: blocks of silence, or a clock that
//! runs ahead of the frames. What can go wrong: a gap where none is allowed, or more than anybody
//! has recorded.

use crate::block::{Block, index_of};
use crate::error::Error;
use crate::span::{Gap, Timeline, time_of};

use super::input::Gaps;

/// The longest gaps of a recording together, in seconds: a day. A few bytes can claim more, and
/// silence would be written for all of it.
const LONGEST: u64 = 24 * 60 * 60;

/// The most gaps. Who speaks little on a line that leaves out silence makes about two a second.
const MOST: usize = 50_000;

/// How many frames of silence are given at once.
const PIECE: u64 = 4096;

/// The gaps of one recording so far.
#[derive(Debug)]
pub(super) struct GapKeeper {
    policy: Gaps,
    all: Vec<Gap>,
    /// Frames of all gaps.
    missing: u64,
    /// Frames of silence still to be given.
    silence: u64,
}

impl GapKeeper {
    pub(super) fn new(policy: Gaps) -> Self {
        Self { policy, all: Vec::new(), missing: 0, silence: 0 }
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> &[Gap] {
        &self.all
    }

    /// How far the clock is ahead of the frames that were given.
    pub(super) fn ahead(&self) -> u64 {
        if self.policy == Gaps::Close { self.missing } else { 0 }
    }

    /// How the clock maps to so many frames of output.
    pub(super) fn timeline(&self, frames: u64) -> Timeline {
        let closed = if self.policy == Gaps::Close { self.all.as_slice() } else { &[] };
        Timeline::new(frames, closed)
    }

    /// A gap of `frames` frames has been met, `at` frames by the clock.
    ///
    /// # Errors
    /// [`Error::Gap`] where none is allowed; [`Error::Damaged`] for more than can be meant.
    pub(super) fn meet(&mut self, at: u64, frames: u64, rate: u32) -> Result<(), Error> {
        if frames == 0 {
            return Ok(());
        }
        let missing = self.missing.saturating_add(frames);
        let damaged = |reason: &str| {
            Err(Error::Damaged { frame: at, time: time_of(at, rate), reason: reason.into() })
        };
        if missing > LONGEST * u64::from(rate) {
            return damaged("more than a day is missing, by its clock");
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
        self.all.push(Gap { at, frames });
        Ok(())
    }

    /// Fills a block with silence, if there is some to be given.
    pub(super) fn fill(&mut self, block: &mut Block) -> bool {
        let frames = self.silence.min(PIECE);
        self.silence -= frames;
        block.add_silence(index_of(frames));
        frames > 0
    }
}
