//! FLAC frame headers (RFC 9639, 9.1), and the streaminfo block (8.2) that they must agree with.

use symphonia::core::checksum::Crc8Ccitt;
use symphonia::core::io::Monitor;

use crate::decode::container::error::unsupported;
use crate::error::Error;

/// The streaminfo metadata block (RFC 9639, 8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamInfoBlock {
    rate: u32,
    channels: u8,
    bits: u8,
    /// Frames (samples per channel) of a block, if all blocks have the same size.
    block_size: u64,
    /// Frames of the stream; 0: unknown.
    pub(super) frames: u64,
}

/// Sample rates in Hz by their code (RFC 9639, 9.1.2); 0: as in the streaminfo block.
const RATES: [u32; 12] =
    [0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/// Bits of a sample by their code (RFC 9639, 9.1.4); 0: as in the streaminfo block.
const BITS: [u8; 8] = [0, 8, 12, 0, 16, 20, 24, 32];

impl StreamInfoBlock {
    /// Parses the first bytes of a file.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        let body = head.strip_prefix(b"fLaC")?.get(4..)?;
        // Bytes 10 to 17: rate (20 bits), channels - 1 (3), bits - 1 (5), frames (36).
        let fields: [u8; 8] = body.get(10..18)?.try_into().ok()?;
        let bits = u64::from_be_bytes(fields);
        let field = |shift: u32, mask: u64| (bits >> shift) & mask;
        Some(Self {
            rate: u32::try_from(field(44, 0xF_FFFF)).ok()?,
            channels: u8::try_from(field(41, 7)).ok()? + 1,
            bits: u8::try_from(field(36, 31)).ok()? + 1,
            block_size: u64::from(u16::from_be_bytes([*body.first()?, *body.get(1)?])),
            frames: field(0, 0xF_FFFF_FFFF),
        })
    }

    /// The error for a frame of another format, which names the change; `None` if the format is the
    /// same or no frame begins here.
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
        Some(unsupported(format!("a FLAC that changes its {what}")))
    }

    /// The number of the first sample in a frame.
    pub(super) fn first_sample(self, frame: &FrameHeader) -> u64 {
        if frame.is_variable { frame.number } else { frame.number * self.block_size }
    }
}

/// A frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// In Hz; `None`: as in the streaminfo block.
    rate: Option<u32>,
    channels: u8,
    /// Of a sample; `None`: as in the streaminfo block.
    bits: Option<u8>,
    /// Whether blocks differ in size. `number` counts samples then, otherwise frames.
    is_variable: bool,
    /// The number of the frame, or of its first sample.
    number: u64,
    /// Frames (samples per channel) in it.
    pub(super) frames: u32,
}

impl FrameHeader {
    /// Parses a header. `None` if a field or the checksum is invalid.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let &[0xFF, second @ (0xF8 | 0xF9), third, fourth, first, ..] = bytes else { return None };
        let (block, rate, bits) = (third >> 4, third & 15, usize::from(fourth >> 1 & 7));
        // 8 to 10: stereo as left/side, side/right or mid/side (RFC 9639, 9.1.3).
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
        // A number of up to 36 bits, coded as in UTF-8 (RFC 9639, 9.1.5).
        let mut number = match first.leading_ones() {
            0 => u64::from(first),
            ones @ 2..8 => u64::from(first & (0x7F >> ones)),
            _ => return None,
        };
        for _ in 1..first.leading_ones() {
            number = number << 6 | u64::from(next(1)? & 0x3F);
        }
        // Codes 6 and 7: the size is stored after the number (RFC 9639, 9.1.6).
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
        // The CRC-8 of a header that includes its own CRC is 0.
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

/// Whether these may be the first bytes of a frame.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF] | [0xFF, 0xF8 | 0xF9, ..])
}
