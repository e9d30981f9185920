//! The self-check of a kept FLAC, in its own terms.
//!
//! Every frame that no window or fade touches must be in the file byte for byte, at its place; every other
//! one must have the number and the block size of the one that it replaces, and nothing else may be there.
//! That it is new, its samples show: from each such frame up to one second behind the last, the file is
//! decoded again, as any FLAC is decoded, and must hold the treated samples.

use std::hash::Hasher;
use std::io::Read;
use std::num::NonZeroUsize;
use std::ops::Range;

use twox_hash::XxHash3_64;

use super::failed;
use super::flac_points::check_points;
use super::treatment_check::TreatmentCheck;
use super::view::BlockView;
use crate::block::{Block, StreamInfo, index_of};
use crate::decode::{DecodeOptions, Decoder, Source};
use crate::error::Error;
use crate::flac::{FrameHeader, Head, StreamInfoBlock};
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
    /// The file after its head, in order.
    pieces: Vec<Piece>,
    /// Of the last piece, if it is one of kept packets.
    hash: XxHash3_64,
    /// The parts of it that are decoded again.
    zones: Vec<Zone>,
    /// Frames and bytes so far.
    frames: u64,
    bytes: u64,
}

/// A piece of the file.
enum Piece {
    /// Packets of the input.
    Kept { bytes: u64, hash: u64 },
    /// A new packet, with the number and the block size of this header.
    Made { bytes: u64, replaced: Option<FrameHeader> },
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
            pieces: Vec::new(),
            hash: XxHash3_64::default(),
            zones: Vec::new(),
            frames: 0,
            bytes: 0,
        }
    }

    /// Adds a packet as decoded.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        let (block, packet) = (view.block, view.block.packet().unwrap_or_default());
        self.frames += block.frames() as u64;
        if self.runs(block).next().is_some() {
            let replaced = FrameHeader::parse(packet);
            self.pieces.push(Piece::Made { bytes: 0, replaced });
            // What was not decoded cannot have been treated.
            self.treatment.note(Some(block.first()).filter(|_| !block.is_decoded()));
            self.treatment.decoded(view);
            return;
        }
        if !matches!(self.pieces.last(), Some(Piece::Kept { .. })) {
            self.hash = XxHash3_64::default();
            self.pieces.push(Piece::Kept { bytes: 0, hash: 0 });
        }
        self.hash.write(packet);
        if let Some(Piece::Kept { bytes, hash }) = self.pieces.last_mut() {
            *bytes += packet.len() as u64;
            *hash = self.hash.finish();
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
        let size = u32::try_from(count).unwrap_or(u32::MAX);
        let (least, most) = &mut self.expected.sizes;
        (*least, *most) = ((*least).min(size), (*most).max(size));
        if let Some(Piece::Made { bytes, .. }) = self.pieces.last_mut() {
            *bytes = count;
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
    pub(super) fn finish(self, spool: &Spool, size: u64, head: &Head) -> Result<(), Error> {
        self.treatment.verdict()?;
        // The MD5 of other samples than the checked ones would show in no frame, and harm none.
        let expected = StreamInfoBlock { frames: self.frames, md5: head.info.md5, ..self.expected };
        let begin = size.saturating_sub(self.bytes);
        let mut reader = spool.reader().map_err(Error::ReadBack)?;
        let mut bytes = vec![0; index_of(begin)];
        reader.read_exact(&mut bytes).map_err(Error::ReadBack)?;
        let is_written = Head::parse(&bytes).as_ref() == Some(head) && head.bytes() == bytes;
        if !is_written || head.info != expected {
            return Err(failed("the metadata of the FLAC does not describe the recording"));
        }
        self.pieces.iter().try_for_each(|piece| piece.check(&mut reader, &head.info))?;
        check_points(head, |offset| spool.reader_from(begin + offset))?;
        self.zones.iter().try_for_each(|zone| zone.check(spool, begin, head))
    }
}

/// The ranges that are decoded again around those that may change: from the frame before up to one second
/// behind. Sorted, never touching.
pub(crate) fn around(touched: &[Range<u64>], rate: u32) -> Vec<Range<u64>> {
    let wide =
        |range: &Range<u64>| range.start.saturating_sub(1)..range.end.saturating_add(rate.into());
    super::oracle::merged(touched.iter().map(wide).collect())
}

impl Piece {
    /// Reads the piece, and compares it with what was expected.
    fn check(&self, reader: &mut impl Read, info: &StreamInfoBlock) -> Result<(), Error> {
        match self {
            Self::Kept { bytes, hash } => {
                let mut found = XxHash3_64::default();
                let mut buffer = vec![0; READ_SIZE];
                let mut left = *bytes;
                while left > 0 {
                    let part = &mut buffer[..READ_SIZE.min(index_of(left))];
                    reader.read_exact(part).map_err(Error::ReadBack)?;
                    found.write(part);
                    left -= part.len() as u64;
                }
                if found.finish() == *hash {
                    return Ok(());
                }
                Err(failed("a frame outside the windows differs from that of the recording"))
            }
            Self::Made { bytes, replaced } => {
                let mut frame = vec![0; index_of(*bytes)];
                reader.read_exact(&mut frame).map_err(Error::ReadBack)?;
                let found = FrameHeader::parse(&frame).filter(|_| info.change(&frame).is_none());
                let place =
                    |header: FrameHeader| (header.is_variable, header.number, header.frames);
                if found.is_some() && found.map(place) == replaced.map(place) {
                    return Ok(());
                }
                Err(failed("a frame inside the windows has another number or size"))
            }
        }
    }
}

impl Zone {
    /// Decodes the packets again, as any FLAC is decoded, and compares the samples.
    fn check(&self, spool: &Spool, begin: u64, head: &Head) -> Result<(), Error> {
        let info = StreamInfoBlock { frames: 0, md5: [0; 16], ..head.info };
        let head = Head { info, points: Vec::new() }.bytes();
        let bytes = spool.reader_from(begin + self.bytes.start).map_err(Error::ReadBack)?;
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
