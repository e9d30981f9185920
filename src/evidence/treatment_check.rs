//! The part of the self-check that does not depend on what is written: whether every frame was treated as
//! the [`Oracle`] expects.

use std::ops::Range;
use std::sync::Arc;

use super::failed;
use super::oracle::Oracle;
use super::view::BlockView;
use crate::block::StreamInfo;
use crate::error::Error;
use crate::span::time_of;
use crate::treatment::Treatment;
use crate::window::{ClockTime, Windows};

/// Compares treated blocks with what is expected.
pub(super) struct TreatmentCheck {
    oracle: Oracle,
    /// Frames that may change on some channel: windows and fades. Sorted, never touching.
    pub(super) touched: Vec<Range<u64>>,
    /// Amplitudes of the current block as decoded, if any of its frames may change.
    before: Arc<Vec<f64>>,
    /// The first frame whose treatment was wrong.
    pub(super) first_wrong: Option<u64>,
    rate: u32,
}

impl TreatmentCheck {
    pub(super) fn new(treatment: Treatment, windows: &Windows, info: &StreamInfo) -> Self {
        let oracle = Oracle::new(treatment, windows, info);
        let touched = oracle.touched();
        Self { oracle, touched, before: Arc::default(), first_wrong: None, rate: info.rate }
    }

    /// Notes a block as decoded, of which some frames may change.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        self.before = Arc::clone(view.amplitudes());
    }

    /// The first frame that is not as expected, of a run that may change, in the same block as treated.
    pub(super) fn wrong_in(&self, run: Range<u64>, view: &BlockView<'_>) -> Option<u64> {
        self.oracle.first_wrong(run, &self.before, view)
    }

    /// Notes a frame that was not treated as it must be, unless there was one before.
    pub(super) fn note(&mut self, wrong: Option<u64>) {
        self.first_wrong = self.first_wrong.or(wrong);
    }

    /// # Errors
    /// [`Error::SelfCheck`] with the first frame that was wrong.
    pub(super) fn verdict(&self) -> Result<(), Error> {
        let Some(frame) = self.first_wrong else { return Ok(()) };
        let time = ClockTime(time_of(frame, self.rate));
        Err(failed(format!("frame {frame} ({time} s) was not treated as requested")))
    }
}
