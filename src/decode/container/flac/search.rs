//! Where a FLAC frame ends. Its header does not say so, and symphonia takes what follows, up to the
//! next header that it believes, for a part of the frame: bytes at the end of the file, or frames of
//! another format. The checksum of a frame stays right when zeros or whole frames are added to it.

use symphonia::core::checksum::Crc16Ansi;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::io::Monitor;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::frame::{Header, StreamInfo};
use crate::error::Error;

/// The bytes of the checksum at the end of a frame.
const CHECKSUM: usize = 2;

/// Finds the ends of frames.
pub(super) struct FrameSearch {
    info: Option<StreamInfo>,
    /// Tells whether bytes that have the right checksum are a frame.
    decoder: Option<Box<dyn AudioDecoder>>,
}

impl FrameSearch {
    /// For a stream of this format.
    pub(super) fn new(info: Option<StreamInfo>, params: Option<&AudioCodecParameters>) -> Self {
        let decoder = params.and_then(|params| {
            symphonia::default::get_codecs().make_audio_decoder(params, &Default::default()).ok()
        });
        Self { info, decoder }
    }

    /// The length of the frame that bytes begin with, if it is whole and of the stream's format.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        if Header::parse(bytes).is_none() || self.change(bytes).is_some() {
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
            self.decodes(&bytes[..data]) && !self.decodes(&bytes[..data - 1])
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
        let mut syncs = packet.windows(2).enumerate().skip(1);
        let is_frame = |(at, pair): (usize, &[u8])| {
            matches!(pair, [0xFF, 0xF8 | 0xF9]) && Header::parse(&packet[at..]).is_some()
        };
        let has_more = packet.ends_with(&[0]) || syncs.any(is_frame);
        let end = if has_more { self.end(packet) } else { None };
        end.map_or(0, |end| packet.len() - end)
    }

    fn decodes(&mut self, frame: &[u8]) -> bool {
        let packet = Packet::new(0, Timestamp::ZERO, Duration::from(0_u32), frame);
        self.decoder.as_mut().is_some_and(|decoder| decoder.decode(&packet).is_ok())
    }
}
