//! Frames of a window that were not treated, counted one by one.

use super::Leak;

/// A leak in the making.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) frames: u64,
    first: u64,
    last: u64,
    /// The frames in a row up to the last, and the most there were.
    row: u64,
    pub(super) longest: u64,
}

impl Count {
    pub(super) fn add(&mut self, frame: u64) {
        if self.frames == 0 {
            self.first = frame;
        }
        self.row = if self.frames > 0 && self.last + 1 == frame { self.row + 1 } else { 1 };
        self.longest = self.longest.max(self.row);
        (self.frames, self.last) = (self.frames + 1, frame);
    }

    pub(super) fn leak(self) -> Option<Leak> {
        let Self { frames, first, last, .. } = self;
        (frames > 0).then_some(Leak { frames, first, last })
    }
}
