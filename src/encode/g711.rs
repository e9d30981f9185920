//! Writer for WAVs of A-law or µ-law codes, which hound does not support.
//!
//! The header has the form that telephone systems use: `fmt ` with 18 bytes, `fact` with the number of
//! frames, `data`, and a byte of padding after data of odd size.

use std::io::{self, Seek, SeekFrom, Write};

use crate::block::{SampleFormat, StreamInfo};

/// Format tags in `fmt `.
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;

/// Writer of one WAV of codes.
pub(super) struct CodeWriter<W> {
    output: W,
    info: StreamInfo,
    written: u32,
}

impl<W: Write + Seek> CodeWriter<W> {
    /// Writes a header for no codes.
    pub(super) fn new(mut output: W, info: &StreamInfo) -> io::Result<Self> {
        output.write_all(&header(info, 0))?;
        Ok(Self { output, info: info.clone(), written: 0 })
    }

    /// Appends codes.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`] for more than 4 GiB in all.
    pub(super) fn write(&mut self, codes: &[u8]) -> io::Result<()> {
        let count = u32::try_from(codes.len()).ok();
        let written = count.and_then(|count| self.written.checked_add(count));
        self.written = written.ok_or(io::ErrorKind::FileTooLarge)?;
        self.output.write_all(codes)
    }

    /// Writes the padding and the final header.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.written.is_multiple_of(2) {
            self.output.write_all(&[0])?;
        }
        self.output.seek(SeekFrom::Start(0))?;
        self.output.write_all(&header(&self.info, self.written))
    }
}

/// The header for `bytes` bytes of codes.
fn header(info: &StreamInfo, bytes: u32) -> Vec<u8> {
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
