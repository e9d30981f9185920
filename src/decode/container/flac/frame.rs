//! What the header of a FLAC frame says of its format (RFC 9639, 9.1), held against that of the stream.

use crate::error::Error;

/// The format of a stream, from its first block of metadata (RFC 9639, 8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamInfo {
    rate: u32,
    channels: u8,
    bits: u8,
    /// Samples of a channel; 0 means unknown.
    pub(super) frames: u64,
}

/// Sample rates by their code.
const RATES: [u32; 12] =
    [0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/// Bits of a sample by their code.
const BITS: [u8; 8] = [0, 8, 12, 0, 16, 20, 24, 32];

impl StreamInfo {
    /// Reads it from the first bytes of a file.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        let fields: [u8; 8] = head.strip_prefix(b"fLaC")?.get(14..22)?.try_into().ok()?;
        let bits = u64::from_be_bytes(fields);
        let field = |shift: u32, mask: u64| (bits >> shift) & mask;
        Some(Self {
            rate: u32::try_from(field(44, 0xF_FFFF)).ok()?,
            channels: u8::try_from(field(41, 7)).ok()? + 1,
            bits: u8::try_from(field(36, 31)).ok()? + 1,
            frames: field(0, 0xF_FFFF_FFFF),
        })
    }

    /// The error that names what changes, if these bytes are a frame of another format.
    pub(super) fn change(self, frame: &[u8]) -> Option<Error> {
        let &[0xFF, 0xF8 | 0xF9, third, fourth, ..] = frame else { return None };
        let channels = if fourth >> 4 < 8 { (fourth >> 4) + 1 } else { 2 };
        let bits = BITS[usize::from(fourth >> 1 & 7)];
        let what = match (coded_rate(frame, third), channels, bits) {
            (Some(rate), ..) if rate != self.rate => {
                format!("sample rate, from {} to {rate} Hz,", self.rate)
            }
            (_, channels, _) if channels != self.channels => {
                format!("number of channels, from {} to {channels},", self.channels)
            }
            (.., bits) if bits != 0 && bits != self.bits => {
                format!("bit depth, from {} to {bits},", self.bits)
            }
            _ => return None,
        };
        Some(Error::Unsupported { what: format!("a FLAC that changes its {what}") })
    }
}

/// The sample rate that a frame's header declares, where it does.
fn coded_rate(frame: &[u8], third: u8) -> Option<u32> {
    let code = third & 15;
    if let Some(&rate) = RATES.get(usize::from(code)) {
        return Some(rate).filter(|&rate| rate > 0);
    }
    // After the number of the frame, of 1 to 7 bytes, and what its block size needs.
    let number = (frame.get(4)?.leading_ones() as usize).max(1);
    let size = match third >> 4 {
        6 => 1,
        7 => 2,
        _ => 0,
    };
    let at = 4 + number + size;
    let short = || Some(u32::from(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?])));
    match code {
        12 => Some(u32::from(*frame.get(at)?) * 1000),
        13 => short(),
        14 => Some(short()? * 10),
        _ => None,
    }
}

/// Whether a frame may begin like this.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF] | [0xFF, 0xF8 | 0xF9, ..])
}
