//! The elements of a Matroska file, followed byte by byte on their way.
//!
//! What can go wrong: an element that is larger than what holds it, or that is cut off.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard};

use super::ebml::{CLUSTER, EbmlParser, ElementHandler, ElementHeader, SEGMENT, number};
use crate::decode::input::{InputMonitor, locked};
use crate::error::Error;

/// The ids of the elements that matter, from RFC 9559.
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

/// What else stands in segments and clusters: seek head, info, cues, attachments, chapters, tags;
/// timestamp, silent tracks, position, size of the one before; void and checksum in both. A damaged
/// id would hide a cluster or a block.
const LISTED: [u32; 14] = [
    SIMPLE_BLOCK,
    BLOCK,
    0x114D_9B74,
    0x1549_A966,
    0x1C53_BB6B,
    0x1941_A469,
    0x1043_A770,
    0x1254_C367,
    0xE7,
    0x5854,
    0xA7,
    0xAB,
    0xEC,
    0xBF,
];

/// The longest block, in bytes; frames of video have a few megabytes. Also the most that all other
/// elements may have together, for symphonia holds them in memory.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// More packets than any in a row that discard something.
const MAX_PADDINGS: usize = 1024;

/// More tracks than anyone has filled.
const MAX_TRACKS: usize = 128;
const TRACKS_TOO_MANY: &str = "it has more than 128 tracks";

/// What the elements that went by have said.
#[derive(Debug, Clone, Default)]
pub(super) struct MatroskaStatus(Arc<Mutex<MatroskaTracks>>);

#[derive(Debug, Default)]
struct MatroskaTracks {
    /// Whether the segment says how large it is.
    sized: bool,
    /// Packets so far of each track.
    packets: Vec<(u64, u64)>,
    /// MatroskaTracks with their delay in nanoseconds.
    delays: Vec<(u64, u64)>,
    /// What is to be dropped at the end of a packet: its track, its number among the packets of
    /// that track, and nanoseconds, below zero for the front.
    paddings: Vec<(u64, u64, i64)>,
}

impl MatroskaTracks {
    fn packets_of(&self, track: u64) -> u64 {
        self.packets.iter().find(|(of, _)| *of == track).map_or(0, |(_, count)| *count)
    }
}

impl MatroskaStatus {
    /// Whether the segment says how large it is.
    pub(super) fn is_sized(&self) -> bool {
        self.lock().sized
    }

    /// The codec delay of a track, in nanoseconds.
    pub(super) fn delay(&self, track: u32) -> u64 {
        let said = self.lock();
        said.delays.iter().find(|(of, _)| *of == u64::from(track)).map_or(0, |(_, delay)| *delay)
    }

    /// How many packets a track has, as far as the file has been read.
    pub(super) fn packets(&self, track: u32) -> u64 {
        self.lock().packets_of(track.into())
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

    fn lock(&self) -> MutexGuard<'_, MatroskaTracks> {
        locked(&self.0)
    }
}

/// Passes a Matroska file on and follows its elements.
pub(super) struct CheckedElements<R> {
    inner: R,
    monitor: Arc<InputMonitor>,
    place: EbmlParser,
    recorder: ElementRecorder,
    ended: bool,
}

impl<R: Read> CheckedElements<R> {
    pub(super) fn new(inner: R, monitor: &Arc<InputMonitor>) -> Self {
        let monitor = Arc::clone(monitor);
        let (place, recorder) = (EbmlParser::default(), ElementRecorder::default());
        Self { inner, monitor, place, recorder, ended: false }
    }

    pub(super) fn notes(&self) -> MatroskaStatus {
        self.recorder.notes.clone()
    }
}

impl<R: Read> Read for CheckedElements<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let followed = if count > 0 {
            self.place.follow(&buffer[..count], &mut self.recorder)
        } else if self.ended || buffer.is_empty() {
            Ok(())
        } else {
            self.ended = true;
            self.place.end()
        };
        if let Err(reason) = followed {
            let (container, reason) = ("Matroska".into(), reason.into());
            return self.monitor.failed(Error::Container { container, reason });
        }
        Ok(count)
    }
}

/// Writes down what matters of the elements.
#[derive(Default)]
struct ElementRecorder {
    notes: MatroskaStatus,
    /// Whether a segment has begun, of which there is one.
    segment: bool,
    /// The track entry at hand: its number and delay.
    entry: (u64, u64),
    /// Bytes of elements other than blocks.
    kept: u64,
    /// The track of the last block.
    track: u64,
    /// The padding of the group at hand.
    padding: i64,
}

impl ElementHandler for ElementRecorder {
    fn begins(&mut self, head: ElementHeader, in_list: bool) -> Result<bool, &'static str> {
        match (head.id, head.size) {
            (SEGMENT | EBML, _) if self.segment => return Err("it holds several segments"),
            (SEGMENT, size) => {
                self.segment = true;
                self.notes.lock().sized = size.is_some();
            }
            (CLUSTER, _) => {}
            (_, None) => return Err("an element has no size"),
            (TRACK_ENTRY, _) => self.entry = (0, 0),
            (BLOCK_GROUP, _) => self.padding = 0,
            (TRACKS, _) => {}
            (id, _) if in_list && !LISTED.contains(&id) => {
                return Err("there is an element that does not belong there");
            }
            // symphonia would hand out what is compressed or encrypted as if it were not.
            (CONTENT_ENCODINGS, _) => return Err("its tracks are compressed or encrypted"),
            (_, Some(size)) if size > MAX_BYTES => return Err("an element is larger than 16 MiB"),
            (BLOCK | SIMPLE_BLOCK, _) => return Ok(false),
            (_, Some(size)) => {
                self.kept += size;
                let few = self.kept <= MAX_BYTES;
                return if few { Ok(false) } else { Err("it holds more tags than audio") };
            }
        }
        Ok(true)
    }

    fn leaf(&mut self, id: u32, content: &[u8]) -> Result<(), &'static str> {
        let number = || number(&content[..content.len().min(8)]);
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
                let mut said = self.notes.lock();
                let known = said.packets.iter().position(|(of, _)| *of == track);
                match known {
                    Some(index) => said.packets[index].1 += packets,
                    None if said.packets.len() < MAX_TRACKS => said.packets.push((track, packets)),
                    None => return Err(TRACKS_TOO_MANY),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn ends(&mut self, id: u32) -> Result<(), &'static str> {
        let mut said = self.notes.lock();
        match id {
            TRACK_ENTRY if said.delays.len() >= MAX_TRACKS => return Err(TRACKS_TOO_MANY),
            TRACK_ENTRY => said.delays.push(self.entry),
            BLOCK_GROUP if self.padding != 0 => {
                if said.paddings.len() >= MAX_PADDINGS {
                    return Err("too many packets discard something");
                }
                let last = said.packets_of(self.track).saturating_sub(1);
                said.paddings.push((self.track, last, self.padding));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The track of a block, and how many packets are laced into it.
fn block(content: &[u8]) -> Option<(u64, u64)> {
    let length = content.first()?.leading_zeros() as usize + 1;
    let digits = content.get(..length).filter(|_| length <= 8)?;
    let track = number(digits);
    // Two bytes of time come between the track and the flags.
    let flags = content.get(length + 2)?;
    let laces = if flags & 0x06 == 0 { 0 } else { *content.get(length + 3)? };
    Some((track & !(1 << (7 * length)), u64::from(laces) + 1))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
