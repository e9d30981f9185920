//! Writer for WAVs of A-law or µ-law codes, which hound does not support.
//!
//! The header has the form that telephone systems use: `fmt ` with 18 bytes, `fact` with the number of
//! frames, `data`, and a byte of padding after data of odd size.

use std::io::{self, Seek, SeekFrom, Write};

use crate::block::{SampleFormat, StreamInfo};
use crate::encode::BackgroundWriter;

/// Format tags in `fmt `.
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;

/// Writes the padding after `bytes` bytes of codes, and the final header.
pub(super) fn finish(
    output: &mut BackgroundWriter,
    info: &StreamInfo,
    bytes: u64,
) -> io::Result<()> {
    let bytes = u32::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
    if !bytes.is_multiple_of(2) {
        output.write_all(&[0])?;
    }
    output.seek(SeekFrom::Start(0))?;
    output.write_all(&header(info, bytes))
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
