//! The header of a frame (RFC 9639, 9.1).

use super::checksum::crc8;

/// Sample rates in Hz by their code (RFC 9639, 9.1.2); 0: as in the streaminfo block.
const RATES: [u32; 12] =
    [0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/// Bits of a sample by their code (RFC 9639, 9.1.4); 0: as in the streaminfo block.
const BITS: [u8; 8] = [0, 8, 12, 0, 16, 20, 24, 32];

/// A frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// In Hz; `None`: as in the streaminfo block.
    pub(crate) rate: Option<u32>,
    pub(crate) channels: u8,
    /// Of a sample; `None`: as in the streaminfo block.
    pub(crate) bits: Option<u8>,
    /// Whether blocks differ in size. `number` counts samples then, otherwise frames.
    pub(crate) is_variable: bool,
    /// The number of the frame, or of its first sample.
    pub(crate) number: u64,
    /// Frames (samples per channel) in it.
    pub(crate) frames: u32,
    /// Bytes of the header, its checksum included.
    pub(crate) length: usize,
}

impl FrameHeader {
    /// Parses a header. `None` if a field or the checksum is invalid.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
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
        (crc8(bytes.get(..=at)?) == 0).then_some(Self {
            rate: Some(rate).filter(|&rate| rate > 0),
            channels,
            bits: Some(BITS[bits]).filter(|&bits| bits > 0),
            is_variable: second == 0xF9,
            number,
            frames,
            length: at + 1,
        })
    }
}

/// Whether these may be the first bytes of a frame.
pub(crate) fn is_header(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF] | [0xFF, 0xF8 | 0xF9, ..])
}
