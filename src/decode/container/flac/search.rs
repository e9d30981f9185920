//! Where a FLAC frame ends. Its header does not say so, and symphonia takes what follows, up to the
//! next header that it believes, for a part of the frame: bytes at the end of the file, or frames of
//! another format. The checksum of a frame stays right when zeros or whole frames are added to it.

use symphonia::core::checksum::Crc16Ansi;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::io::Monitor;

use super::frame::{FrameHeader, StreamInfoBlock};
use crate::decode::codec::Trial;
use crate::error::Error;

/// The bytes of the checksum at the end of a frame.
const CHECKSUM: usize = 2;

/// How many bytes are looked at together.
const PIECE: usize = 64;

/// Finds the ends of frames.
pub(super) struct FrameSearch {
    info: Option<StreamInfoBlock>,
    /// Tells whether bytes that have the right checksum are a frame.
    trial: Trial,
}

impl FrameSearch {
    /// For a stream of this format.
    pub(super) fn new(info: Option<StreamInfoBlock>, params: &AudioCodecParameters) -> Self {
        Self { info, trial: Trial::new(params) }
    }

    /// The length of the frame that bytes begin with, if it is whole and of the stream's format.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        if FrameHeader::parse(bytes).is_none() || self.change(bytes).is_some() {
            return None;
        }
        let mut checksum = Crc16Ansi::new(0);
        let mut ends = (1..=bytes.len()).filter(|&end| {
            checksum.process_byte(bytes[end - 1]);
            checksum.crc() == 0
        });
        // A frame decodes without its checksum, and with one byte less it does not.
        ends.find(|&end| {
            let data = end.saturating_sub(CHECKSUM);
            data > 0
                && self.trial.decodes(&bytes[..data])
                && !self.trial.decodes(&bytes[..data - 1])
        })
    }

    /// The error that names what changes, if bytes begin a frame of another format.
    pub(super) fn change(&self, bytes: &[u8]) -> Option<Error> {
        self.info?.change(bytes)
    }

    /// The length of all the whole frames that bytes begin with.
    pub(super) fn ends(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(length) = bytes.get(at..).and_then(|rest| self.end(rest)) {
            at += length;
        }
        at
    }

    /// How many bytes follow the first frame of a packet.
    pub(super) fn after(&mut self, packet: &[u8]) -> usize {
        // Pieces without the first byte of a header are passed over quickly.
        let pieces = packet.chunks(PIECE).enumerate().filter(|(_, piece)| piece.contains(&0xFF));
        let places =
            pieces.flat_map(|(number, piece)| (0..piece.len()).map(move |at| number * PIECE + at));
        let mut places = places.filter(|&at| at > 0 && packet[at] == 0xFF);
        let has_more =
            packet.ends_with(&[0]) || places.any(|at| FrameHeader::parse(&packet[at..]).is_some());
        let end = if has_more { self.end(packet) } else { None };
        end.map_or(0, |end| packet.len() - end)
    }
}
