//! The elements of a Matroska file, checked as their bytes pass.
//!
//! In: a stream. Out: the same bytes, and a [`MatroskaStatus`] with what they declared. What can go
//! wrong: an element that is cut off, larger than its parent, unknown, or too large.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard};

use super::ebml::{CLUSTER, EbmlError, EbmlParser, ElementHandler, ElementHeader, SEGMENT, number};
use crate::decode::container::error;
use crate::decode::container::guard::Container;
use crate::decode::input::InputMonitor;
use crate::lock::lock;

/// Ids of the elements that matter (RFC 9559).
const EBML: u32 = 0x1A45_DFA3;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const SIMPLE_BLOCK: u32 = 0xA3;
const DISCARD_PADDING: u32 = 0x75A2;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_NUMBER: u32 = 0xD7;
const CODEC_DELAY: u32 = 0x56AA;
const CONTENT_ENCODINGS: u32 = 0x6D80;

/// Whether this is another element of segments and clusters. A damaged id would hide a cluster or a
/// block, so unknown ids are an error. In this order: blocks; seek head, info, cues, attachments,
/// chapters, tags; timestamp, silent tracks, position, previous size; void and CRC-32.
fn is_known(id: u32) -> bool {
    matches!(id, SIMPLE_BLOCK | BLOCK)
        || matches!(id, 0x114D_9B74 | 0x1549_A966 | 0x1C53_BB6B | 0x1941_A469 | 0x1043_A770)
        || matches!(id, 0x1254_C367 | 0xE7 | 0x5854 | 0xA7 | 0xAB | 0xEC | 0xBF)
}

/// The largest block, in bytes. Video frames have a few megabytes. Also the limit for all other
/// elements together: symphonia holds them in memory.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The most packets with padding that wait for the decoder.
const MAX_PADDINGS: usize = 1024;

/// The most tracks. Real files have a few.
const MAX_TRACKS: usize = 128;
const TRACKS_TOO_MANY: &str = "it has more than 128 tracks";

/// What the elements so far have declared. Shared by the reader and the guard.
#[derive(Debug, Clone, Default)]
pub(super) struct MatroskaStatus(Arc<Mutex<MatroskaTracks>>);

#[derive(Debug, Default)]
struct MatroskaTracks {
    /// Whether the segment declares its size.
    sized: bool,
    /// Each track with the number of its packets so far.
    packets: BTreeMap<u64, u64>,
    /// Each track with its codec delay in nanoseconds.
    delays: Vec<(u64, u64)>,
    /// Padding to drop: the track, the number of the packet in it, and nanoseconds. Negative: at
    /// the front of the packet.
    paddings: Vec<(u64, u64, i64)>,
}

impl MatroskaTracks {
    fn packets_of(&self, track: u64) -> u64 {
        self.packets.get(&track).copied().unwrap_or(0)
    }
}

impl MatroskaStatus {
    /// Whether the segment declares its size.
    pub(super) fn is_sized(&self) -> bool {
        self.lock().sized
    }

    /// The codec delay of a track, in nanoseconds.
    pub(super) fn delay(&self, track: u32) -> u64 {
        let tracks = self.lock();
        tracks.delays.iter().find(|(of, _)| *of == u64::from(track)).map_or(0, |(_, delay)| *delay)
    }

    /// The number of packets of a track so far.
    pub(super) fn packets(&self, track: u32) -> u64 {
        self.lock().packets_of(track.into())
    }

    /// The padding at the end of packet `number` of a track, in nanoseconds. Call it in the order
    /// of packets: it forgets the ones before.
    pub(super) fn padding(&self, track: u32, number: u64) -> i64 {
        let mut tracks = self.lock();
        let mut found = 0;
        tracks.paddings.retain(|&(of, at, nanos)| {
            if (of, at) == (track.into(), number) {
                found = nanos;
            }
            // Paddings of packets up to this one are not asked for again.
            at > number
        });
        found
    }

    fn lock(&self) -> MutexGuard<'_, MatroskaTracks> {
        lock(&self.0)
    }
}

/// Passes a Matroska file on and checks its elements.
pub(super) struct CheckedElements<R> {
    inner: R,
    monitor: Arc<InputMonitor>,
    parser: EbmlParser<ElementRecorder>,
    ended: bool,
}

impl<R: Read> CheckedElements<R> {
    pub(super) fn new(inner: R, monitor: &Arc<InputMonitor>) -> Self {
        Self { inner, monitor: Arc::clone(monitor), parser: EbmlParser::default(), ended: false }
    }

    pub(super) fn status(&self) -> MatroskaStatus {
        self.parser.handler.status.clone()
    }
}

impl<R: Read> Read for CheckedElements<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let checked = if count > 0 {
            self.parser.parse(&buffer[..count])
        } else if self.ended || buffer.is_empty() {
            Ok(())
        } else {
            self.ended = true;
            self.parser.end()
        };
        if let Err(reason) = checked {
            return self.monitor.fail_read(error::damaged(Container::Matroska, reason));
        }
        Ok(count)
    }
}

/// Records what matters of the elements in a [`MatroskaStatus`].
#[derive(Default)]
struct ElementRecorder {
    status: MatroskaStatus,
    /// Whether the segment has begun. There is one in a file.
    segment: bool,
    /// The current track entry: its number and its codec delay.
    entry: (u64, u64),
    /// Bytes of all elements except blocks.
    kept: u64,
    /// The track of the last block.
    track: u64,
    /// The padding of the current block group.
    padding: i64,
}

impl ElementHandler for ElementRecorder {
    fn begins(&mut self, head: ElementHeader, in_list: bool) -> Result<bool, EbmlError> {
        match (head.id, head.size) {
            // A second header or segment begins a second file, which symphonia would not decode.
            (SEGMENT | EBML, _) if self.segment => return Err("it holds several segments"),
            (SEGMENT, size) => {
                self.segment = true;
                self.status.lock().sized = size.is_some();
            }
            (CLUSTER, _) => {}
            // Only a segment and its clusters may have no size, in live recordings.
            (_, None) => return Err("an element has no size"),
            (TRACK_ENTRY, _) => self.entry = (0, 0),
            (BLOCK_GROUP, _) => self.padding = 0,
            (TRACKS, _) => {}
            // A damaged id would make symphonia skip a cluster or a block.
            (id, _) if in_list && !is_known(id) => {
                return Err("a segment or cluster holds an unknown element");
            }
            // symphonia ignores ContentEncodings: it would hand out compressed or encrypted bytes
            // as packets.
            (CONTENT_ENCODINGS, _) => return Err("its tracks are compressed or encrypted"),
            (_, Some(size)) if size > MAX_BYTES => return Err("an element is larger than 16 MiB"),
            // Blocks count apart: they are not held in memory.
            (BLOCK | SIMPLE_BLOCK, _) => return Ok(false),
            (_, Some(size)) => {
                self.kept += size;
                if self.kept > MAX_BYTES {
                    return Err("its elements other than blocks are larger than 16 MiB");
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn leaf(&mut self, id: u32, content: &[u8]) -> Result<(), EbmlError> {
        let number = || number(&content[..content.len().min(8)]);
        match id {
            TRACK_NUMBER => self.entry.0 = number(),
            CODEC_DELAY => self.entry.1 = number(),
            DISCARD_PADDING if !content.is_empty() => {
                // Extends the sign of a number of 1 to 8 bytes.
                let unused = 64 - 8 * content.len().min(8);
                self.padding = (number() << unused).cast_signed() >> unused;
            }
            BLOCK | SIMPLE_BLOCK => {
                let (track, packets) = block(content).ok_or("a block is too short")?;
                self.track = track;
                let mut tracks = self.status.lock();
                if tracks.packets.len() >= MAX_TRACKS && !tracks.packets.contains_key(&track) {
                    return Err(TRACKS_TOO_MANY);
                }
                *tracks.packets.entry(track).or_default() += packets;
            }
            _ => {}
        }
        Ok(())
    }

    fn ends(&mut self, id: u32) -> Result<(), EbmlError> {
        let mut tracks = self.status.lock();
        match id {
            TRACK_ENTRY if tracks.delays.len() >= MAX_TRACKS => return Err(TRACKS_TOO_MANY),
            TRACK_ENTRY => tracks.delays.push(self.entry),
            BLOCK_GROUP if self.padding != 0 => {
                if tracks.paddings.len() >= MAX_PADDINGS {
                    return Err("too many packets have padding");
                }
                // DiscardPadding belongs to the last packet of the block in its group.
                let last = tracks.packets_of(self.track).saturating_sub(1);
                tracks.paddings.push((self.track, last, self.padding));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The track of a block, and the number of packets laced into it (RFC 9559, 10.3).
fn block(content: &[u8]) -> Option<(u64, u64)> {
    let length = content.first()?.leading_zeros() as usize + 1;
    let digits = content.get(..length).filter(|_| length <= 8)?;
    let track = number(digits);
    // Track number, timestamp of 2 bytes, flags, and with lacing the number of packets less 1.
    let flags = content.get(length + 2)?;
    let laces = if flags & 0x06 == 0 { 0 } else { *content.get(length + 3)? };
    Some((track & !(1 << (7 * length)), u64::from(laces) + 1))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
