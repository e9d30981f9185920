//! The header of a FLAC frame (RFC 9639, 9.1), and the format of the stream, which it is held against.

use symphonia::core::checksum::Crc8Ccitt;
use symphonia::core::io::Monitor;

use crate::error::Error;

/// The format of a stream, from its first block of metadata (RFC 9639, 8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamInfoBlock {
    rate: u32,
    channels: u8,
    bits: u8,
    /// Samples of a channel in a frame, where that is the same for all.
    block: u64,
    /// Samples of a channel; 0 means unknown.
    pub(super) frames: u64,
}

/// Sample rates by their code.
const RATES: [u32; 12] =
    [0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/// Bits of a sample by their code.
const BITS: [u8; 8] = [0, 8, 12, 0, 16, 20, 24, 32];

impl StreamInfoBlock {
    /// Reads it from the first bytes of a file.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        let body = head.strip_prefix(b"fLaC")?.get(4..)?;
        let fields: [u8; 8] = body.get(10..18)?.try_into().ok()?;
        let bits = u64::from_be_bytes(fields);
        let field = |shift: u32, mask: u64| (bits >> shift) & mask;
        Some(Self {
            rate: u32::try_from(field(44, 0xF_FFFF)).ok()?,
            channels: u8::try_from(field(41, 7)).ok()? + 1,
            bits: u8::try_from(field(36, 31)).ok()? + 1,
            block: u64::from(u16::from_be_bytes([*body.first()?, *body.get(1)?])),
            frames: field(0, 0xF_FFFF_FFFF),
        })
    }

    /// The error that names what changes, if these bytes begin a frame of another format.
    pub(super) fn change(self, bytes: &[u8]) -> Option<Error> {
        let frame = FrameHeader::parse(bytes)?;
        let what = match frame {
            FrameHeader { rate: Some(rate), .. } if rate != self.rate => {
                format!("sample rate, from {} to {rate} Hz,", self.rate)
            }
            FrameHeader { channels, .. } if channels != self.channels => {
                format!("number of channels, from {} to {channels},", self.channels)
            }
            FrameHeader { bits: Some(bits), .. } if bits != self.bits => {
                format!("bit depth, from {} to {bits},", self.bits)
            }
            _ => return None,
        };
        Some(Error::Unsupported { what: format!("a FLAC that changes its {what}") })
    }

    /// The number of the first sample of a frame.
    pub(super) fn start(self, frame: &FrameHeader) -> u64 {
        if frame.is_variable { frame.number } else { frame.number * self.block }
    }
}

/// What the header of a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// In Hz, where it is not that of the stream.
    rate: Option<u32>,
    channels: u8,
    bits: Option<u8>,
    /// Whether frames differ in length: then each has the number of its first sample.
    is_variable: bool,
    /// Of the frame, or of its first sample.
    number: u64,
    /// Samples of a channel.
    pub(super) frames: u32,
}

impl FrameHeader {
    /// Reads a header, whose checksum must be right.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let &[0xFF, second @ (0xF8 | 0xF9), third, fourth, first, ..] = bytes else { return None };
        let (block, rate, bits) = (third >> 4, third & 15, usize::from(fourth >> 1 & 7));
        let channels = match fourth >> 4 {
            several @ 0..8 => several + 1,
            8..11 => 2,
            _ => return None,
        };
        if block == 0 || rate == 15 || bits == 3 || fourth & 1 == 1 {
            return None;
        }
        let mut at = 5;
        let mut next = |count: usize| -> Option<u32> {
            let field = bytes.get(at..at + count)?;
            at += count;
            Some(field.iter().fold(0, |value, &byte| value << 8 | u32::from(byte)))
        };
        // Coded as UTF-8 does, of up to 36 bits.
        let mut number = match first.leading_ones() {
            0 => u64::from(first),
            ones @ 2..8 => u64::from(first & (0x7F >> ones)),
            _ => return None,
        };
        for _ in 1..first.leading_ones() {
            number = number << 6 | u64::from(next(1)? & 0x3F);
        }
        let frames = match block {
            1 => 192,
            2..6 => 144 << block,
            6 => next(1)? + 1,
            7 => next(2)? + 1,
            _ => 1 << block,
        };
        let rate = match rate {
            12 => next(1)? * 1000,
            13 => next(2)?,
            14 => next(2)? * 10,
            code => RATES[usize::from(code)],
        };
        let mut checksum = Crc8Ccitt::new(0);
        checksum.process_buf_bytes(bytes.get(..=at)?);
        (checksum.crc() == 0).then_some(Self {
            rate: Some(rate).filter(|&rate| rate > 0),
            channels,
            bits: Some(BITS[bits]).filter(|&bits| bits > 0),
            is_variable: second == 0xF9,
            number,
            frames,
        })
    }
}

/// Whether a frame may begin like this.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF] | [0xFF, 0xF8 | 0xF9, ..])
}
