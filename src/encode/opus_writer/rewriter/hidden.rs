//! What no player plays: frames that are cut off at the ends of streams.
//!
//! In: packets in order. Out: how much of each is heard. What can go wrong: more is hidden than encoders need.

use crate::opus::Refusal;

/// The most frames at 48 kHz in a row that are cut off. What encoders need is less; what somebody has cut off is
/// still in the file, and no window can name it.
const MOST_HIDDEN: u32 = 120 * 48;

/// The most frames at 48 kHz that are cut off at the end of a stream that another one follows, and at the front of
/// that. They may repeat what is heard beside them. What becomes silence around a window reaches so far.
pub(super) const MOST_SHARED: u32 = 20 * 48;

pub(super) const OVERLAP: Refusal = "a chained Ogg whose parts may overlap";

/// Counts what is not heard.
pub(super) struct Hidden {
    /// Frames at 48 kHz in a frame of the recording.
    unit: u64,
    /// Frames at 48 kHz that are not heard, since the last packet of which everything is.
    run: u32,
}

impl Hidden {
    /// `rate`: of the recording, in Hz.
    pub(super) fn new(rate: u32) -> Self {
        Self { unit: u64::from(48_000 / rate.max(1)), run: 0 }
    }

    /// Adds the next packet: its length at 48 kHz, and its frames in the recording. `begins`: whether it is the
    /// first of its stream. Returns how many frames at 48 kHz are heard.
    ///
    /// # Errors
    /// Too much is hidden.
    pub(super) fn add(&mut self, length: u32, frames: u64, begins: bool) -> Result<u32, Refusal> {
        if begins && self.run > MOST_SHARED {
            return Err(OVERLAP);
        }
        let heard = u32::try_from(frames * self.unit).unwrap_or(u32::MAX).min(length);
        let unheard = length - heard;
        self.run = if unheard == 0 { 0 } else { self.run + unheard };
        if self.run > MOST_HIDDEN {
            return Err("an Ogg Opus with more than 120 ms that no player plays");
        }
        Ok(heard)
    }
}
