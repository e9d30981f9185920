//! A WAV of A-law or µ-law codes, which hound does not write.
//!
//! The header is the one that every telephone system writes and reads: `fmt ` with 18 bytes, `fact`
//! with the number of frames, `data`; a byte of padding where the data is odd.

use std::io::{self, Seek, SeekFrom, Write};

use crate::block::{SampleFormat, StreamInfo};

/// Format tags in `fmt `.
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;

/// A WAV of codes in the making.
pub(super) struct CodeWriter<W> {
    output: W,
    law: u16,
    rate: u32,
    channels: u16,
    written: u32,
}

impl<W: Write + Seek> CodeWriter<W> {
    /// Begins the file with a header that counts nothing yet.
    pub(super) fn new(mut output: W, recording: &StreamInfo) -> io::Result<Self> {
        let &StreamInfo { rate, channels, format, .. } = recording;
        let law = if format == SampleFormat::ALaw { A_LAW } else { MU_LAW };
        output.write_all(&header(law, rate, channels, 0))?;
        Ok(Self { output, law, rate, channels, written: 0 })
    }

    /// Appends codes, fewer than 4 GiB in all.
    pub(super) fn write(&mut self, codes: &[u8]) -> io::Result<()> {
        let count = u32::try_from(codes.len()).ok();
        let written = count.and_then(|count| self.written.checked_add(count));
        self.written = written.ok_or(io::ErrorKind::FileTooLarge)?;
        self.output.write_all(codes)
    }

    /// Completes the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.written.is_multiple_of(2) {
            self.output.write_all(&[0])?;
        }
        self.output.seek(SeekFrom::Start(0))?;
        self.output.write_all(&header(self.law, self.rate, self.channels, self.written))
    }
}

fn header(law: u16, rate: u32, channels: u16, bytes: u32) -> Vec<u8> {
    let mut header = Vec::with_capacity(58);
    let riff = 50 + bytes + bytes % 2;
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&riff.to_le_bytes());
    header.extend_from_slice(b"WAVEfmt \x12\0\0\0");
    header.extend_from_slice(&law.to_le_bytes());
    header.extend_from_slice(&channels.to_le_bytes());
    header.extend_from_slice(&rate.to_le_bytes());
    header.extend_from_slice(&(rate * u32::from(channels)).to_le_bytes());
    header.extend_from_slice(&channels.to_le_bytes());
    header.extend_from_slice(&[8, 0, 0, 0]);
    header.extend_from_slice(b"fact\x04\0\0\0");
    header.extend_from_slice(&(bytes / u32::from(channels)).to_le_bytes());
    header.extend_from_slice(b"data");
    header.extend_from_slice(&bytes.to_le_bytes());
    header
}
