//! Finds the end of a FLAC frame, which its header does not give.
//!
//! To symphonia, everything up to the next header that it accepts is part of the frame: also bytes
//! at the end of the file, or frames of another format. The CRC-16 of the frame does not show where
//! the frame ends: it stays correct when zeros or whole frames are appended.

use crate::decode::container::error::unsupported;
use crate::error::Error;
use crate::flac::{self, FrameHeader, StreamInfoBlock, crc16};

/// Bytes that are searched at once for the first byte of a header.
const PIECE: usize = 64;

/// Finds the ends of frames, in a stream of this format.
pub(super) struct FrameSearch(pub(super) Option<StreamInfoBlock>);

impl FrameSearch {
    /// The length of the frame at the beginning of `bytes`, if it is complete and of the stream's
    /// format.
    pub(super) fn frame_length(&self, bytes: &[u8]) -> Option<usize> {
        let info = self.0.filter(|info| info.change(bytes).is_none())?;
        flac::frame_length(bytes, &info).filter(|&end| crc16(&bytes[..end]) == 0)
    }

    /// The error for a frame of another format, which names the change; `None` if the format is the same
    /// or no frame begins here.
    pub(super) fn change(&self, bytes: &[u8]) -> Option<Error> {
        let what = self.0?.change(bytes)?;
        Some(unsupported(format!("a FLAC that changes its {what}")))
    }

    /// The total length of the complete frames at the beginning of `bytes`.
    pub(super) fn whole_frames(&self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(length) = bytes.get(at..).and_then(|rest| self.frame_length(rest)) {
            at += length;
        }
        at
    }

    /// The number of bytes after the first frame of a packet; `None` if there seem to be some, and the frame
    /// has no end.
    pub(super) fn excess(&self, packet: &[u8]) -> Option<usize> {
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
