//! The self-check of a kept FLAC, in its own terms.
//!
//! Every frame that no window or fade touches must be in the file byte for byte, at its place; every other
//! one must have the number and the block size of the one that it replaces, and nothing else may be there.
//! That it is new, its samples show: from each such frame up to one second behind the last, the file is
//! decoded again, as any FLAC is decoded, and must hold the treated samples. In an Ogg the pages are checked
//! before, and left away then.

use std::hash::Hasher;
use std::io::Read;
use std::num::NonZeroUsize;
use std::ops::Range;

use twox_hash::XxHash3_64;

use super::failed;
use super::flac_frames::{Expected, Frames};
use super::flac_points::check_points;
use super::treatment_check::TreatmentCheck;
use super::view::BlockView;
use crate::block::{Block, StreamInfo, index_of};
use crate::decode::{DecodeOptions, Decoder, Source};
use crate::error::Error;
use crate::flac::{FrameHeader, Head, StreamInfoBlock, frame_length};
use crate::span::Span;
use crate::spool::Spool;
use crate::treatment::Treatment;
use crate::window::Windows;

/// Bytes that are read at once.
const READ_SIZE: usize = 256 * 1024;

/// The expected output of a redaction, collected packet by packet.
pub(super) struct FlacCheck {
    /// What the streaminfo block must say, as far as it is known.
    expected: StreamInfoBlock,
    treatment: TreatmentCheck,
    /// Frames that are decoded again, and how many of these ranges lie behind.
    again: Vec<Range<u64>>,
    passed: usize,
    /// What pages must hold.
    in_pages: Expected,
    /// The file after its head, in order.
    pieces: Vec<Piece>,
    /// Of the last piece.
    hash: XxHash3_64,
    /// What the last packet was, if it is not kept.
    replaced: Option<FrameHeader>,
    /// The parts of it that are decoded again.
    zones: Vec<Zone>,
    /// Frames and bytes so far.
    frames: u64,
    bytes: u64,
}

/// Consecutive packets of the file.
struct Piece {
    /// Whether they are those of the input.
    is_kept: bool,
    bytes: u64,
    /// Of kept packets; of what [`place`] says of new ones.
    hash: u64,
}

/// Consecutive packets that are decoded again.
struct Zone {
    frames: Span,
    bytes: Range<u64>,
    /// Of the samples.
    hash: XxHash3_64,
}

impl FlacCheck {
    /// `kept`: the properties of the FLAC that is kept.
    pub(super) fn new(
        treatment: Treatment,
        windows: &Windows,
        info: &StreamInfo,
        kept: StreamInfoBlock,
    ) -> Self {
        let treatment = TreatmentCheck::new(treatment, windows, info);
        Self {
            expected: StreamInfoBlock { sizes: (u32::MAX, 0), ..kept },
            again: around(&treatment.touched, info.rate),
            treatment,
            passed: 0,
            in_pages: Expected::default(),
            pieces: Vec::new(),
            hash: XxHash3_64::default(),
            replaced: None,
            zones: Vec::new(),
            frames: 0,
            bytes: 0,
        }
    }

    /// Adds a packet as decoded.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        let (block, packet) = (view.block, view.block.packet().unwrap_or_default());
        self.frames += block.frames() as u64;
        let is_kept = self.runs(block).next().is_none();
        if self.pieces.last().is_none_or(|last| last.is_kept != is_kept) {
            self.hash = XxHash3_64::default();
            self.pieces.push(Piece { is_kept, bytes: 0, hash: 0 });
        }
        if is_kept {
            self.add(packet, packet.len() as u64);
            return;
        }
        self.replaced = FrameHeader::parse(packet);
        // What was not decoded cannot have been treated.
        let is_lost = !block.is_decoded() || self.replaced.is_none();
        self.treatment.note(Some(block.first()).filter(|_| is_lost));
        self.treatment.decoded(view);
    }

    /// Adds a packet of `length` bytes to the last piece.
    fn add(&mut self, hashed: &[u8], length: u64) {
        self.hash.write(hashed);
        if let Some(last) = self.pieces.last_mut() {
            last.bytes += length;
            last.hash = self.hash.finish();
        }
    }

    /// Adds the same packet as treated.
    pub(super) fn treated(&mut self, view: &BlockView<'_>) {
        let block = view.block;
        if !block.is_decoded() {
            return;
        }
        let wrong = self.runs(block).find_map(|run| self.treatment.wrong_in(run, view));
        self.treatment.note(wrong);
        let rest = &self.again[self.passed..];
        self.passed += rest.iter().take_while(|range| range.end <= block.first()).count();
        if self.again.get(self.passed).is_some_and(|range| range.start < block.end()) {
            let zone = match self.zones.last_mut() {
                Some(last) if last.frames.end == block.first() => last,
                _ => {
                    let (frames, bytes) =
                        (Span { first: block.first(), end: block.first() }, self.bytes..self.bytes);
                    self.zones.push(Zone { frames, bytes, hash: XxHash3_64::default() });
                    let last = self.zones.len() - 1;
                    &mut self.zones[last]
                }
            };
            zone.frames.end = block.end();
            zone.hash.write(view.stored());
        }
    }

    /// Adds the number of bytes that the same packet has in the file.
    pub(super) fn written(&mut self, count: u64) {
        self.bytes += count;
        self.in_pages.add(count);
        let size = u32::try_from(count).unwrap_or(u32::MAX);
        let (least, most) = &mut self.expected.sizes;
        (*least, *most) = ((*least).min(size), (*most).max(size));
        if let Some(replaced) = self.replaced.take() {
            self.add(place(&replaced, count).as_flattened(), count);
        }
        if let Some(zone) = self.zones.last_mut().filter(|zone| zone.frames.end == self.frames) {
            zone.bytes.end = self.bytes;
        }
    }

    /// The runs of frames in a block that may change.
    fn runs(&self, block: &Block) -> impl Iterator<Item = Range<u64>> + use<'_> {
        let (first, end) = (block.first(), block.end());
        let touched = &self.treatment.touched;
        let from = touched.partition_point(|range| range.end <= first);
        let met = touched[from..].iter().take_while(move |range| range.start < end);
        met.map(move |range| range.start.max(first)..range.end.min(end))
    }

    /// Reads the file back: `size` bytes, of which `head` come before the first frame.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when it is not the expected file; [`Error::ReadBack`] when it cannot be read.
    pub(super) fn finish(mut self, spool: &Spool, size: u64, head: &Head) -> Result<(), Error> {
        self.treatment.verdict()?;
        // The MD5 of other samples than the checked ones would show in no frame, and harm none.
        let expected = StreamInfoBlock { frames: self.frames, md5: head.info.md5, ..self.expected };
        let begin = head.bytes();
        let mut bytes = vec![0; begin.len()];
        let mut reader = spool.reader().map_err(Error::ReadBack)?;
        reader.read_exact(&mut bytes).map_err(Error::ReadBack)?;
        let is_written = Head::parse(&bytes).as_ref() == Some(head) && begin == bytes;
        if !is_written || head.info != expected {
            return Err(failed("the metadata of the FLAC does not describe the recording"));
        }
        self.in_pages.samples = self.frames;
        let begin = begin.len() as u64;
        let frames = match head.serial {
            Some(serial) => Frames::of_pages(spool, begin, serial, &self.in_pages)?,
            None => Frames::of_file(spool, begin, size),
        };
        let all = self.pieces.iter().map(|piece| piece.bytes).sum::<u64>();
        if (all, frames.bytes) != (self.bytes, self.bytes) {
            return Err(failed("there is more in the file than frames"));
        }
        let mut reader = frames.from(0).map_err(Error::ReadBack)?;
        self.pieces.iter().try_for_each(|piece| piece.check(&mut reader, &head.info))?;
        check_points(head, |offset| frames.from(offset))?;
        self.zones.iter().try_for_each(|zone| zone.check(&frames, head))
    }
}

/// The ranges that are decoded again around those that may change: from the frame before up to one second
/// behind. Sorted, never touching.
pub(crate) fn around(touched: &[Range<u64>], rate: u32) -> Vec<Range<u64>> {
    let wide =
        |range: &Range<u64>| range.start.saturating_sub(1)..range.end.saturating_add(rate.into());
    super::oracle::merged(touched.iter().map(wide).collect())
}

/// The length of a new packet in bytes, and what it must have of the one that it replaces.
fn place(header: &FrameHeader, length: u64) -> [[u8; 8]; 3] {
    let size = u64::from(header.frames) << 1 | u64::from(header.is_variable);
    [length, header.number, size].map(u64::to_be_bytes)
}

impl Piece {
    /// Reads the piece, and compares it with what was expected.
    fn check(&self, reader: &mut impl Read, info: &StreamInfoBlock) -> Result<(), Error> {
        if self.is_kept { self.check_kept(reader) } else { self.check_made(reader, info) }
    }

    fn check_kept(&self, reader: &mut impl Read) -> Result<(), Error> {
        let mut found = XxHash3_64::default();
        let mut buffer = vec![0; READ_SIZE];
        let mut left = self.bytes;
        while left > 0 {
            let part = &mut buffer[..READ_SIZE.min(index_of(left))];
            reader.read_exact(part).map_err(Error::ReadBack)?;
            found.write(part);
            left -= part.len() as u64;
        }
        if found.finish() == self.hash {
            return Ok(());
        }
        Err(failed("a frame outside the windows differs from that of the recording"))
    }

    fn check_made(&self, reader: &mut impl Read, info: &StreamInfoBlock) -> Result<(), Error> {
        let wrong = || failed("a frame inside the windows has another number or size");
        let mut found = XxHash3_64::default();
        // Packets that were read and not checked, and the bytes that are not read.
        let (mut buffer, mut left) = (Vec::new(), self.bytes);
        while left > 0 || !buffer.is_empty() {
            // A packet that does not fit needs more.
            let begin = buffer.len();
            let more = READ_SIZE.max(begin).min(index_of(left));
            buffer.resize(begin + more, 0);
            reader.read_exact(&mut buffer[begin..]).map_err(Error::ReadBack)?;
            left -= more as u64;
            let mut at = 0;
            while let Some(length) = frame_length(&buffer[at..], info) {
                let packet = &buffer[at..at + length];
                let header = FrameHeader::parse(packet).filter(|_| info.change(packet).is_none());
                found.write(place(&header.ok_or_else(wrong)?, length as u64).as_flattened());
                at += length;
            }
            // No packet is larger than the largest.
            if at == 0 && (left == 0 || buffer.len() >= index_of(info.sizes.1.into())) {
                return Err(wrong());
            }
            buffer.drain(..at);
        }
        if found.finish() == self.hash { Ok(()) } else { Err(wrong()) }
    }
}

impl Zone {
    /// Decodes the packets again, as any FLAC is decoded, and compares the samples.
    fn check(&self, frames: &Frames<'_>, head: &Head) -> Result<(), Error> {
        let info = StreamInfoBlock { frames: 0, md5: [0; 16], ..head.info };
        let head = Head { info, points: Vec::new(), serial: None }.bytes();
        let bytes = frames.from(self.bytes.start).map_err(Error::ReadBack)?;
        let bytes = bytes.take(self.bytes.end - self.bytes.start);
        let source = Source::stream(std::io::Cursor::new(head).chain(bytes)).excerpt();
        let options = DecodeOptions { threads: NonZeroUsize::new(1), ..DecodeOptions::default() };
        let undecodable = |error: Error| failed(format!("a new frame does not decode: {error}"));
        let mut decoder = Decoder::open(source.with_options(options)).map_err(undecodable)?;
        let info = decoder.stream_info();
        let mut block = Block::new(info.format, info.channels);
        let mut found = XxHash3_64::default();
        while decoder.next(&mut block).map_err(undecodable)? {
            found.write(&block.stored());
        }
        if decoder.frames() == self.frames.frames() && found.finish() == self.hash.finish() {
            return Ok(());
        }
        Err(failed("the samples of a new frame differ from the treated ones"))
    }
}

#[cfg(test)]
mod tests;
