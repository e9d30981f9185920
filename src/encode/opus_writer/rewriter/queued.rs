//! What waits to be written.

use std::collections::VecDeque;
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
    size: usize,
    /// The number of pages that it is on.
    pub(super) pages: usize,
    /// Whether it is the first of its stream.
    begins: bool,
    /// Its frames, once the decoder has counted them.
    pub(super) frames: Range<u64>,
}

/// Bytes of packets that were taken and still lie in the list.
const MOST_TAKEN: usize = 16 * 1024;

/// The packets that wait, in order. Their bytes lie in one list: most of them are short, and an hour has 180,000.
#[derive(Default)]
pub(super) struct Queue {
    packets: VecDeque<Waiting>,
    bytes: Vec<u8>,
    /// Where the bytes of the first packet are, and those of the first that the decoder has not counted.
    first: usize,
    next: usize,
    counted: usize,
}

impl Queue {
    /// Adds a packet of two pieces, which is on so many pages. `begins`: whether it is the first of its stream.
    pub(super) fn push(&mut self, pieces: [&[u8]; 2], pages: usize, begins: bool) {
        if self.first > MOST_TAKEN {
            self.bytes.drain(..self.first);
            self.next -= self.first;
            self.first = 0;
        }
        let before = self.bytes.len();
        pieces.iter().for_each(|piece| self.bytes.extend_from_slice(piece));
        let size = self.bytes.len() - before;
        self.packets.push_back(Waiting { size, pages, begins, frames: 0..0 });
    }

    /// Counts the next packet, which has these frames. Returns whether it is the first of its stream; none if
    /// it is another packet.
    pub(super) fn count(&mut self, packet: &[u8], frames: &Range<u64>) -> Option<bool> {
        let waiting = self.packets.get_mut(self.counted)?;
        let bytes = self.next..self.next + waiting.size;
        if self.bytes[bytes.clone()] != *packet {
            return None;
        }
        self.next = bytes.end;
        self.counted += 1;
        waiting.frames = frames.clone();
        Some(waiting.begins)
    }

    /// Takes the first packet that is counted, with its bytes.
    pub(super) fn pop(&mut self) -> Option<(Waiting, &[u8])> {
        self.counted = self.counted.checked_sub(1)?;
        let packet = self.packets.pop_front()?;
        let bytes = self.first..self.first + packet.size;
        self.first = bytes.end;
        Some((packet, &self.bytes[bytes]))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }
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
