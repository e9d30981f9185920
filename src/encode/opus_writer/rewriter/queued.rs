//! What waits to be written.

use std::ops::Range;

use crate::ogg::Page;

/// What comes next in a stream.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    /// Its first page.
    Head,
    /// The comment header; so many pages of it were read.
    Tags {
        pages: u32,
    },
    Audio,
}

/// A page that is not written yet.
pub(super) struct Held {
    pub(super) page: Page,
    /// Its number in the output.
    pub(super) sequence: u32,
    /// Pieces of audio packets on it.
    pub(super) pieces: usize,
}

/// An audio packet of which it is not known yet what becomes of it.
pub(super) struct Waiting {
    pub(super) bytes: Vec<u8>,
    /// The number of pages that it is on.
    pub(super) pages: usize,
    /// Whether it is the first of its stream.
    pub(super) begins: bool,
    /// Its frames, once the decoder has counted them.
    pub(super) frames: Range<u64>,
}

/// What becomes of a packet.
pub(super) enum Decided {
    Kept,
    /// Silence takes its place, of which so many bytes are on pages before.
    Made {
        bytes: Vec<u8>,
        written: usize,
    },
}
