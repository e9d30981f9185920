//! Finds the end of a FLAC frame, which its header does not give.
//!
//! To symphonia, everything up to the next header that it accepts is part of the frame: also bytes
//! at the end of the file, or frames of another format. The CRC-16 of the frame does not show where
//! the frame ends: it stays correct when zeros or whole frames are appended.

use symphonia::core::checksum::Crc16Ansi;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::io::Monitor;

use crate::decode::codec::Trial;
use crate::decode::container::error::unsupported;
use crate::error::Error;
use crate::flac::{FrameHeader, StreamInfoBlock};

/// Bytes of the CRC-16 at the end of a frame.
const CHECKSUM: usize = 2;

/// Bytes that are searched at once for the first byte of a header.
const PIECE: usize = 64;

/// Finds the ends of frames.
pub(super) struct FrameSearch {
    pub(super) info: Option<StreamInfoBlock>,
    /// Decodes bytes with a correct checksum, to see whether they are a frame.
    trial: Trial,
}

impl FrameSearch {
    /// A search in a stream of this format.
    pub(super) fn new(info: Option<StreamInfoBlock>, params: &AudioCodecParameters) -> Self {
        Self { info, trial: Trial::new(params) }
    }

    /// The length of the frame at the beginning of `bytes`, if it is complete and of the stream's
    /// format.
    pub(super) fn frame_length(&mut self, bytes: &[u8]) -> Option<usize> {
        if FrameHeader::parse(bytes).is_none() || self.change(bytes).is_some() {
            return None;
        }
        let mut checksum = Crc16Ansi::new(0);
        let mut ends = (1..=bytes.len()).filter(|&end| {
            checksum.process_byte(bytes[end - 1]);
            checksum.crc() == 0
        });
        // Several ends may have a correct checksum. At the right one the frame decodes without its
        // checksum, but not with one byte less.
        ends.find(|&end| {
            let data = end.saturating_sub(CHECKSUM);
            data > 0
                && self.trial.decodes(&bytes[..data])
                && !self.trial.decodes(&bytes[..data - 1])
        })
    }

    /// The error for a frame of another format, which names the change; `None` if the format is the same
    /// or no frame begins here.
    pub(super) fn change(&self, bytes: &[u8]) -> Option<Error> {
        let what = self.info?.change(bytes)?;
        Some(unsupported(format!("a FLAC that changes its {what}")))
    }

    /// The total length of the complete frames at the beginning of `bytes`.
    pub(super) fn whole_frames(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(length) = bytes.get(at..).and_then(|rest| self.frame_length(rest)) {
            at += length;
        }
        at
    }

    /// The number of bytes after the first frame of a packet; `None` if there seem to be some, and the frame
    /// has no end.
    pub(super) fn excess(&mut self, packet: &[u8]) -> Option<usize> {
        // Skip pieces without 0xFF quickly: every header begins with it.
        let pieces = packet.chunks(PIECE).enumerate().filter(|(_, piece)| piece.contains(&0xFF));
        let places =
            pieces.flat_map(|(number, piece)| (0..piece.len()).map(move |at| number * PIECE + at));
        let mut places = places.filter(|&at| at > 0 && packet[at] == 0xFF);
        let has_more =
            packet.ends_with(&[0]) || places.any(|at| FrameHeader::parse(&packet[at..]).is_some());
        if has_more { self.frame_length(packet).map(|end| packet.len() - end) } else { Some(0) }
    }
}
