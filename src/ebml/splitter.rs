//! A Matroska file in pieces: what stays, what goes, and the packets between.
//!
//! In: bytes in pieces of any size. Out: pieces of it, in order. What can go wrong: an element that is not known,
//! anything but one track of Opus, packets that are laced.

use std::collections::VecDeque;

use super::fate::{
    CLUSTER, CODEC_ID, CODEC_PRIVATE, DOC_TYPE, Fate, SEEK, SEEK_ID, SEGMENT, TRACK_ENTRY,
    TRACK_NUMBER, TRACK_TYPE, VIDEO, fate,
};
use super::{number, parse_header};
use crate::opus::{Head, Refusal};

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// It stays as it is.
    Kept(Vec<u8>),
    /// An element that becomes nothing.
    Blank(Vec<u8>),
    /// A packet.
    Packet(Vec<u8>),
}

/// A file, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    bytes: Vec<u8>,
    /// The number of those that are behind.
    taken: usize,
    /// The place of the next one in the file.
    at: u64,
    /// The elements around it, outermost first, each with its end if that is known.
    open: Vec<(u32, Option<u64>)>,
    /// Packets of the last block that were not given yet.
    packets: VecDeque<Vec<u8>>,
    track: Track,
    /// Whether the segment has ended.
    is_over: bool,
}

/// What the only track has said so far.
#[derive(Debug, Default)]
struct Track {
    entries: u32,
    number: Option<u64>,
    is_audio: bool,
    is_opus: bool,
    streams: u8,
    is_document: bool,
}

const SEVERAL_TRACKS: Refusal = "a WebM or Matroska with several tracks, or video,";
const CUT_OFF: Refusal = "a WebM that is cut off";
const UNKNOWN: Refusal = "a WebM with an element that is not known, or too long,";

impl Splitter {
    /// Adds the next bytes of the file.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Streams in each packet; 0 as long as it is not known.
    pub(crate) fn streams(&self) -> u8 {
        self.track.streams
    }

    /// The next piece; `None` if more bytes are needed. What follows the segment is no piece.
    ///
    /// # Errors
    /// The file is not understood.
    pub(crate) fn next(&mut self) -> Result<Option<Piece>, Refusal> {
        if let Some(packet) = self.packets.pop_front() {
            return Ok(Some(Piece::Packet(packet)));
        }
        self.close()?;
        if self.is_over {
            self.taken = self.bytes.len();
            return Ok(None);
        }
        let rest = &self.bytes[self.taken..];
        let Some(head) = parse_header(rest).map_err(|_| UNKNOWN)? else { return Ok(None) };
        // A cluster without a size ends where something begins that it cannot hold.
        while let [.., (outer, _), (inner, None)] = self.open.as_slice()
            && fate(*inner, head.id) == Fate::Refuse
            && fate(*outer, head.id) != Fate::Refuse
        {
            self.open.pop();
        }
        let parent = self.open.last().map_or(0, |&(id, _)| id);
        let fate = match (parent, head.id) {
            (TRACK_ENTRY, VIDEO) => return Err(SEVERAL_TRACKS),
            (parent, id) => fate(parent, id),
        };
        let (start, room) =
            (self.at + head.length as u64, self.open.iter().rev().find_map(|o| o.1));
        let end = head.size.map(|size| start.saturating_add(size));
        if room.is_some_and(|room| start > room || end.is_some_and(|end| end > room)) {
            return Err(UNKNOWN);
        }
        if fate == Fate::Open {
            if head.size.is_none() && ![SEGMENT, CLUSTER].contains(&head.id) {
                return Err(UNKNOWN);
            }
            self.track.begins(head.id)?;
            self.open.push((head.id, end));
            return Ok(Some(Piece::Kept(self.take(head.length))));
        }
        let size = head.size.and_then(|size| usize::try_from(size).ok()).ok_or(UNKNOWN)?;
        let Some(whole) = rest.get(..head.length + size) else { return Ok(None) };
        let content = &whole[head.length..];
        match fate {
            Fate::Keep(most) if size as u64 <= most => {
                let stays = self.track.stays(head.id, content)?;
                let whole = self.take(head.length + size);
                Ok(Some(if stays { Piece::Kept(whole) } else { Piece::Blank(whole) }))
            }
            Fate::Blank => Ok(Some(Piece::Blank(self.take(head.length + size)))),
            Fate::Packet => {
                let (before, sizes) = self.track.block(content)?;
                let whole = self.take(head.length + size);
                let (header, mut rest) = whole.split_at(head.length + before);
                for size in sizes {
                    let (packet, others) = rest.split_at(size);
                    self.packets.push_back(packet.to_vec());
                    rest = others;
                }
                Ok(Some(Piece::Kept(header.to_vec())))
            }
            _ => Err(UNKNOWN),
        }
    }

    /// No byte follows.
    ///
    /// # Errors
    /// Something is missing.
    pub(crate) fn finish(&self) -> Result<(), Refusal> {
        let is_whole = self.taken == self.bytes.len() && self.open.iter().all(|o| o.1.is_none());
        let has_segment = self.is_over || self.open.first().is_some_and(|o| o.0 == SEGMENT);
        if is_whole && has_segment && self.packets.is_empty() { Ok(()) } else { Err(CUT_OFF) }
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let taken = self.bytes[self.taken..self.taken + count].to_vec();
        self.taken += count;
        self.at += count as u64;
        taken
    }

    /// Closes the elements that end here.
    fn close(&mut self) -> Result<(), Refusal> {
        let at = self.at;
        let ended = self.open.iter().position(|o| o.1.is_some_and(|end| at >= end));
        let Some(level) = ended else { return Ok(()) };
        self.is_over = self.open[level].0 == SEGMENT;
        self.open.truncate(level);
        Ok(())
    }
}

impl Track {
    fn begins(&mut self, id: u32) -> Result<(), Refusal> {
        self.entries += u32::from(id == TRACK_ENTRY);
        let is_one = self.number.is_some() && self.is_audio && self.is_opus && self.streams > 0;
        match id {
            _ if self.entries > 1 => Err(SEVERAL_TRACKS),
            SEGMENT if !self.is_document => Err("another document than WebM or Matroska"),
            CLUSTER if !is_one => Err("a WebM with another track than one of Opus"),
            _ => Ok(()),
        }
    }

    /// Notes an element that may stay, and returns whether it does.
    fn stays(&mut self, id: u32, content: &[u8]) -> Result<bool, Refusal> {
        match id {
            DOC_TYPE => self.is_document = content == b"webm" || content == b"matroska",
            TRACK_NUMBER => self.number = Some(number(content)),
            TRACK_TYPE => self.is_audio = number(content) == 2,
            CODEC_ID => self.is_opus = content == b"A_OPUS",
            CODEC_PRIVATE => self.streams = Head::parse(content)?.streams,
            SEEK => return Ok(!shows_to_nothing(content)),
            _ => {}
        }
        Ok(true)
    }

    /// The bytes of a block before its packets, and the size of each of these: all of the rest.
    fn block(&self, content: &[u8]) -> Result<(usize, Vec<usize>), Refusal> {
        let length = content.first().ok_or(CUT_OFF)?.leading_zeros() as usize + 1;
        let digits = content.get(..length).filter(|_| length <= 8).ok_or(UNKNOWN)?;
        let track = number(digits) & !(1 << (7 * length));
        if Some(track) != self.number {
            return Err(SEVERAL_TRACKS);
        }
        // Two bytes of time, and flags.
        let flags = content.get(length + 2).ok_or(CUT_OFF)?;
        let before = length + 3;
        let (laces, sizes) = laces(flags & 0x06, &content[before..]).ok_or(UNKNOWN)?;
        Ok((before + laces, sizes))
    }
}

/// The bytes before the packets of a block (RFC 9559, 10.3), and the size of each; `None` if they are not right.
fn laces(kind: u8, bytes: &[u8]) -> Option<(usize, Vec<usize>)> {
    let Some((&more, mut rest)) = bytes.split_first().filter(|_| kind != 0) else {
        return (kind == 0).then(|| (0, vec![bytes.len()]));
    };
    let more = usize::from(more);
    let mut sizes = Vec::new();
    match kind {
        0x02 => {
            for _ in 0..more {
                // Bytes that are added up, to the first that is less than 255.
                let whole = rest.iter().take_while(|&&byte| byte == 255).count();
                sizes.push(whole * 255 + usize::from(*rest.get(whole)?));
                rest = &rest[whole + 1..];
            }
        }
        0x06 => {
            for _ in 0..more {
                let length = rest.first()?.leading_zeros() as usize + 1;
                let (digits, others) = rest.split_at_checked(length).filter(|_| length <= 4)?;
                rest = others;
                let value = usize::try_from(number(digits)).ok()? & ((1 << (7 * length)) - 1);
                // After the first size, differences, counted from the middle.
                let middle = (1 << (7 * length - 1)) - 1;
                sizes.push(match sizes.last() {
                    None => value,
                    Some(last) => (last + value).checked_sub(middle)?,
                });
            }
        }
        _ => {
            let size = rest.len() / (more + 1);
            if size * (more + 1) != rest.len() {
                return None;
            }
            sizes.resize(more, size);
        }
    }
    sizes.push(rest.len().checked_sub(sizes.iter().sum())?);
    Some((bytes.len() - rest.len(), sizes))
}

/// Whether an entry of the seek head shows to an element that becomes nothing.
fn shows_to_nothing(content: &[u8]) -> bool {
    let mut rest = content;
    while let Ok(Some(head)) = parse_header(rest) {
        let end =
            head.size.and_then(|size| usize::try_from(size).ok()).map(|size| head.length + size);
        let Some(whole) = end.and_then(|end| rest.get(..end)) else { return true };
        if head.id == SEEK_ID {
            let id = u32::try_from(number(&whole[head.length..])).unwrap_or(0);
            return fate(SEGMENT, id) != Fate::Open;
        }
        rest = &rest[whole.len()..];
    }
    true
}

/// An element of nothing with this length, at least 2.
pub(crate) fn void(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    bytes[0] = 0xEC;
    match u8::try_from(length - 2) {
        Ok(size @ ..=126) => bytes[1] = 0x80 | size,
        _ => {
            bytes[1..9].copy_from_slice(&(length as u64 - 9).to_be_bytes());
            bytes[1] = 1;
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
