//! The writer of WAVs. In: [`Block`]s of one [`SampleFormat`]. Out: only a `fmt ` and a `data` chunk (G.711
//! also has a `fact` chunk). Errors: a full disk, or more data than a WAV can hold.
//!
//! hound makes the header. The bytes of the samples are those that blocks have anyway: to pass each sample through
//! hound costs more than to decode it.

use std::io::{Cursor, Seek, SeekFrom, Write};

use super::BackgroundWriter;
use crate::block::{Block, SampleFormat, StreamInfo};
use crate::error::Error;

mod g711;

/// Maximum bytes of samples in a WAV. Its sizes have 32 bits, and the RIFF size includes the headers, of
/// which hound writes at most 68 bytes.
const MAX_DATA: u32 = u32::MAX - 100;

/// Where the size of a file is in its header, which ends with that of its samples.
const RIFF_SIZE: usize = 4;
const SIZE: usize = size_of::<u32>();

/// Writer of one WAV.
pub(crate) struct WavWriter<'a> {
    output: &'a mut BackgroundWriter,
    info: StreamInfo,
    written: u64,
}

impl<'a> WavWriter<'a> {
    /// Writes a header without sizes, so that an aborted run is detectable.
    ///
    /// # Errors
    /// [`Error::TooLong`] when the recording declares too many frames; [`Error::Write`].
    pub(super) fn new(output: &'a mut BackgroundWriter, info: &StreamInfo) -> Result<Self, Error> {
        let most = u64::from(MAX_DATA) / info.frame_bytes().max(1);
        if info.frames.is_some_and(|frames| frames > most) {
            return Err(Error::TooLong);
        }
        output.write_all(&header(info, 0)?).map_err(Error::Write)?;
        Ok(Self { output, info: info.clone(), written: 0 })
    }

    /// Appends a block.
    ///
    /// # Errors
    /// [`Error::TooLong`] when the file would be too large; [`Error::Write`].
    pub(super) fn write(&mut self, block: &Block) -> Result<(), Error> {
        self.written += block.stored_len();
        if self.written > MAX_DATA.into() {
            return Err(Error::TooLong);
        }
        self.output.write_all(&block.stored()).map_err(Error::Write)
    }

    /// Completes the header. Without this call the file is not valid.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn finish(self) -> Result<(), Error> {
        let written = u32::try_from(self.written).map_err(|_| Error::TooLong)?;
        let header = header(&self.info, written)?;
        if g711::is_g711(self.info.format) && !written.is_multiple_of(2) {
            self.output.write_all(&[0]).map_err(Error::Write)?;
        }
        self.output.seek(SeekFrom::Start(0)).map_err(Error::Write)?;
        self.output.write_all(&header).map_err(Error::Write)
    }
}

/// The header of a WAV with so many bytes of samples.
fn header(info: &StreamInfo, bytes: u32) -> Result<Vec<u8>, Error> {
    if g711::is_g711(info.format) {
        return Ok(g711::header(info, bytes));
    }
    let spec = hound::WavSpec {
        channels: info.channels,
        sample_rate: info.rate,
        bits_per_sample: info.format.bytes() * 8,
        sample_format: match info.format {
            SampleFormat::F32 => hound::SampleFormat::Float,
            _ => hound::SampleFormat::Int,
        },
    };
    let mut header = Vec::new();
    let made = hound::WavWriter::new(Cursor::new(&mut header), spec);
    made.and_then(hound::WavWriter::finalize).map_err(write_error)?;
    // hound was told of no samples.
    let end = header.len() - SIZE;
    let riff = u32::try_from(header.len() - RIFF_SIZE - SIZE).unwrap_or(0) + bytes;
    header[RIFF_SIZE..RIFF_SIZE + SIZE].copy_from_slice(&riff.to_le_bytes());
    header[end..].copy_from_slice(&bytes.to_le_bytes());
    Ok(header)
}

fn write_error(error: hound::Error) -> Error {
    Error::Write(match error {
        hound::Error::IoError(error) => error,
        other => std::io::Error::other(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Samples;
    use crate::spool::Spool;

    fn info(frames: Option<u64>) -> StreamInfo {
        let (container, codec) = ("wave", "pcm_s16le");
        let format = SampleFormat::S16;
        StreamInfo { container, codec, rate: 8000, channels: 2, format, bits: None, frames }
    }

    #[test]
    fn more_than_a_wav_can_hold_is_refused_at_the_start_and_while_writing() {
        let (mut output, _) = BackgroundWriter::new(Spool::anonymous()).unwrap();
        let known = WavWriter::new(&mut output, &info(Some(u64::from(MAX_DATA) / 4 + 1))).err();
        assert!(matches!(known, Some(Error::TooLong)));
        let mut writer = WavWriter::new(&mut output, &info(None)).unwrap();
        // Pretend that almost all of it has been written.
        writer.written = u64::from(MAX_DATA) - 4;
        let mut block = Block::new(SampleFormat::S16, 2);
        block.samples = Samples::I16(vec![2, -3]);
        writer.write(&block).unwrap();
        assert!(matches!(writer.write(&block), Err(Error::TooLong)));
    }
}
