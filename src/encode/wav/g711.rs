//! The header of WAVs of A-law or µ-law codes, which hound does not support.
//!
//! It has the form that telephone systems use: `fmt ` with 18 bytes, `fact` with the number of
//! frames, `data`. Data of odd size is padded with a byte.

use crate::block::{SampleFormat, StreamInfo};

/// Format tags in `fmt `.
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;

/// Whether samples of this format are codes.
pub(super) fn is_g711(format: SampleFormat) -> bool {
    matches!(format, SampleFormat::ALaw | SampleFormat::MuLaw)
}

/// The header for `bytes` bytes of codes.
pub(super) fn header(info: &StreamInfo, bytes: u32) -> Vec<u8> {
    let &StreamInfo { rate, channels, format, .. } = info;
    let law = if format == SampleFormat::ALaw { A_LAW } else { MU_LAW };
    [
        b"RIFF".as_slice(),
        &(50 + bytes + bytes % 2).to_le_bytes(),
        b"WAVEfmt \x12\0\0\0",
        &law.to_le_bytes(),
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &(rate * u32::from(channels)).to_le_bytes(),
        &channels.to_le_bytes(),
        &[8, 0, 0, 0],
        b"fact\x04\0\0\0",
        &(bytes / u32::from(channels)).to_le_bytes(),
        b"data",
        &bytes.to_le_bytes(),
    ]
    .concat()
}
