//! What must be known about a Matroska or WebM file besides what symphonia tells: whether it is
//! whole, and what its tracks and blocks say is to be discarded.
//!
//! symphonia reads clusters until the source does, so that it cannot tell a cut file from a whole
//! one, passes over damage, and applies neither `CodecDelay` nor `DiscardPadding`. Here every byte is
//! followed on its way, element by element. What can go wrong: an element that is larger than what
//! holds it, or that is cut off.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::source::Transport;
use crate::error::Error;

mod ebml;

use ebml::{Head, Place};

/// The first four bytes of every Matroska file.
pub(super) const MAGIC: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];

/// The ids of the elements that matter, from RFC 9559.
const EBML: u32 = 0x1A45_DFA3;
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1F43_B675;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const SIMPLE_BLOCK: u32 = 0xA3;
const DISCARD_PADDING: u32 = 0x75A2;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_NUMBER: u32 = 0xD7;
const CODEC_DELAY: u32 = 0x56AA;

/// The longest element that is not a list of others: symphonia holds each in memory. Frames of
/// video have a few megabytes.
const MAX_LEAF: u64 = 16 * 1024 * 1024;

/// How much of a leaf is looked at: the beginning of a block, or a number.
const LOOK: usize = 12;

/// What the elements that went by have said.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Said>>);

#[derive(Debug, Default)]
struct Said {
    /// Tracks with their delay in nanoseconds.
    delays: Vec<(u64, u64)>,
    /// What is to be dropped at the end of a packet: its track, its number among the packets of
    /// that track, and nanoseconds, below zero for the front.
    paddings: Vec<(u64, u64, i64)>,
}

impl Notes {
    /// The codec delay of a track, in nanoseconds.
    pub(super) fn delay(&self, track: u32) -> u64 {
        let said = self.lock();
        said.delays.iter().find(|(of, _)| *of == u64::from(track)).map_or(0, |(_, delay)| *delay)
    }

    /// What is to be dropped at the end of packet `number` of a track, in nanoseconds. Packets are
    /// asked for in order.
    pub(super) fn padding(&self, track: u32, number: u64) -> i64 {
        let mut said = self.lock();
        let mut found = 0;
        said.paddings.retain(|&(of, at, nanos)| {
            if (of, at) == (track.into(), number) {
                found = nanos;
            }
            at > number
        });
        found
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes a Matroska file on and follows its elements.
pub(super) struct Elements<R> {
    inner: R,
    transport: Arc<Transport>,
    place: Place,
    scribe: Scribe,
    ended: bool,
}

impl<R: Read> Elements<R> {
    pub(super) fn new(inner: R, transport: &Arc<Transport>) -> Self {
        let transport = Arc::clone(transport);
        let (place, scribe) = (Place::default(), Scribe::default());
        Self { inner, transport, place, scribe, ended: false }
    }

    pub(super) fn notes(&self) -> Notes {
        self.scribe.notes.clone()
    }
}

impl<R: Read> Read for Elements<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let followed = if count > 0 {
            self.place.follow(&buffer[..count], &mut self.scribe)
        } else if self.ended || buffer.is_empty() {
            Ok(())
        } else {
            self.ended = true;
            self.place.end()
        };
        if let Err(reason) = followed {
            let (container, reason) = ("Matroska".into(), reason.into());
            self.transport.fail(Error::Container { container, reason });
            return Err(io::ErrorKind::Other.into());
        }
        Ok(count)
    }
}

/// Writes down what matters of the elements.
#[derive(Default)]
struct Scribe {
    notes: Notes,
    /// Whether a segment has begun, of which there is one.
    segment: bool,
    /// The track entry at hand: its number and delay.
    entry: (u64, u64),
    /// Packets so far of each track.
    packets: Vec<(u64, u64)>,
    /// The track of the last block.
    track: u64,
    /// The padding of the group at hand.
    padding: i64,
}

impl Scribe {
    /// An element begins: whether its content is elements too.
    fn begins(&mut self, head: Head) -> Result<bool, &'static str> {
        match (head.id, head.size) {
            (SEGMENT | EBML, _) if self.segment => return Err("it holds several segments"),
            (SEGMENT, _) => self.segment = true,
            (CLUSTER, _) => {}
            (_, None) => return Err("an element has no size"),
            (TRACK_ENTRY, _) => self.entry = (0, 0),
            (BLOCK_GROUP, _) => self.padding = 0,
            (TRACKS, _) => {}
            (_, Some(size)) if size > MAX_LEAF => return Err("an element is larger than any"),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The content of an element without others in it, or its first bytes.
    fn leaf(&mut self, id: u32, content: &[u8]) -> Result<(), &'static str> {
        let number = || content.iter().take(8).fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        match id {
            TRACK_NUMBER => self.entry.0 = number(),
            CODEC_DELAY => self.entry.1 = number(),
            DISCARD_PADDING if !content.is_empty() => {
                let unused = 64 - 8 * content.len().min(8);
                self.padding = (number() << unused).cast_signed() >> unused;
            }
            BLOCK | SIMPLE_BLOCK => {
                let (track, packets) = block(content).ok_or("a block is too short")?;
                self.track = track;
                match self.packets.iter_mut().find(|(of, _)| *of == track) {
                    Some((_, count)) => *count += packets,
                    None => self.packets.push((track, packets)),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// An element that held others has ended.
    fn ends(&mut self, id: u32) {
        let mut said = self.notes.lock();
        match id {
            TRACK_ENTRY => said.delays.push(self.entry),
            BLOCK_GROUP if self.padding != 0 => {
                let count = self.packets.iter().find(|(of, _)| *of == self.track);
                let last = count.map_or(0, |(_, count)| count.saturating_sub(1));
                said.paddings.push((self.track, last, self.padding));
            }
            _ => {}
        }
    }
}

/// The track of a block, and how many packets are laced into it.
fn block(content: &[u8]) -> Option<(u64, u64)> {
    let length = content.first()?.leading_zeros() as usize + 1;
    let digits = content.get(..length).filter(|_| length <= 8)?;
    let track = digits.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    // Two bytes of time come between the track and the flags.
    let flags = content.get(length + 2)?;
    let laces = if flags & 0x06 == 0 { 0 } else { *content.get(length + 3)? };
    Some((track & !(1 << (7 * length)), u64::from(laces) + 1))
}

#[cfg(test)]
mod tests;
