//! The bytes of a kept Opus in WebM, one after the other.
//!
//! In: the bytes as they were read, and each audio packet as the decoder counts it. Out: as many bytes, each at its
//! place. A packet of silence has the size of the one that it replaces, so that no size and no index changes; what
//! could say anything is an element of nothing. What can go wrong: an element or packet that is not understood, or
//! has no room for silence.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

use super::{MOST_HIDDEN, Rewritten};
use crate::ebml::{Piece, Splitter, void};
use crate::opus::{Packet, Plan, Refusal, silence_of};

/// Writes a file anew.
#[derive(Default)]
pub(super) struct ElementRewriter {
    splitter: Splitter,
    /// What is not written yet, and the place of its first byte.
    held: VecDeque<Held>,
    written: u64,
    /// Packets that are not decided, in order. The decoder has counted some of them.
    waiting: VecDeque<Waiting>,
    counted: usize,
    /// Packets that are held, as they are written, and whether they are new.
    decided: VecDeque<(Vec<u8>, bool)>,
    plan: Plan,
    /// Frames at 48 kHz in a row of which none is heard.
    hidden: u32,
    hash: DefaultHasher,
    done: Rewritten,
}

enum Held {
    Kept(Vec<u8>),
    /// So many bytes.
    Blank(usize),
    Packet,
}

struct Waiting {
    bytes: Vec<u8>,
    frames: Range<u64>,
}

const OTHER_PACKET: Refusal = "a WebM whose packets can be read in two ways";

impl ElementRewriter {
    /// Adds the next bytes of the file. Appends what can be written to `out`.
    ///
    /// # Errors
    /// The file is not understood.
    pub(super) fn add(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.splitter.add(bytes);
        while let Some(piece) = self.splitter.next()? {
            self.held.push_back(match piece {
                Piece::Kept(bytes) => Held::Kept(bytes),
                Piece::Blank(bytes) => Held::Blank(bytes.len()),
                Piece::Packet(bytes) => {
                    self.waiting.push_back(Waiting { bytes, frames: 0..0 });
                    Held::Packet
                }
            });
        }
        self.flush(out);
        Ok(())
    }

    /// Adds the next audio packet as the decoder has read it: the frames that it is decoded to, and whether
    /// a span touches them. Appends what can be written to `out`.
    ///
    /// # Errors
    /// The packet is not understood, has no room for silence, or is not the one that the file holds.
    pub(super) fn packet(
        &mut self,
        packet: &[u8],
        frames: Range<u64>,
        touched: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let waiting = self.waiting.get_mut(self.counted).ok_or(OTHER_PACKET)?;
        if waiting.bytes != packet {
            return Err(OTHER_PACKET);
        }
        let length = Packet::parse(packet, self.splitter.streams())?.length();
        self.hidden = if frames.is_empty() { self.hidden + length } else { 0 };
        if self.hidden > MOST_HIDDEN {
            return Err("an Opus in WebM with more than 120 ms that no player plays");
        }
        waiting.frames = frames;
        self.counted += 1;
        self.plan.add(length, touched);
        self.decide()?;
        self.flush(out);
        Ok(())
    }

    /// No byte and no packet follows. Appends the rest to `out`.
    ///
    /// # Errors
    /// Something is left that was not understood.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<Rewritten, Refusal> {
        self.plan.end();
        self.decide()?;
        self.flush(out);
        self.splitter.finish()?;
        if !self.waiting.is_empty() || !self.held.is_empty() {
            return Err(OTHER_PACKET);
        }
        self.done.hash = self.hash.finish();
        Ok(self.done)
    }

    fn decide(&mut self) -> Result<(), Refusal> {
        while let Some(replaced) = self.plan.next() {
            let Waiting { bytes, frames } = self.waiting.pop_front().ok_or(OTHER_PACKET)?;
            self.counted -= 1;
            if replaced {
                let made = silence_of(&bytes, self.splitter.streams(), bytes.len())?;
                self.decided.push_back((made, true));
                self.done.add(frames);
            } else {
                self.decided.push_back((bytes, false));
            }
        }
        Ok(())
    }

    /// Writes what comes before the first packet that is not decided.
    fn flush(&mut self, out: &mut Vec<u8>) {
        while let Some(held) = self.held.pop_front() {
            let (bytes, is_new) = match held {
                Held::Kept(bytes) => (bytes, false),
                Held::Blank(length) => (void(length), true),
                Held::Packet => match self.decided.pop_front() {
                    Some(decided) => decided,
                    None => return self.held.push_front(held),
                },
            };
            let end = self.written + bytes.len() as u64;
            if is_new {
                self.done.changed.push(self.written..end);
            }
            self.hash.write(&bytes);
            self.written = end;
            out.extend_from_slice(&bytes);
        }
    }
}
