//! The writer of WAVs. In: [`Block`]s of one [`SampleFormat`]. Out: only a `fmt ` and a `data` chunk (G.711
//! also has a `fact` chunk). Errors: a full disk, or more data than a WAV can hold.

use std::io::Write;

use super::BackgroundWriter;
use crate::block::{Block, SampleFormat, Samples, StreamInfo};
use crate::error::Error;

mod g711;

/// Maximum bytes of samples in a WAV. Its sizes have 32 bits, and the RIFF size includes the headers, of
/// which hound writes at most 68 bytes.
const MAX_DATA: u64 = u32::MAX as u64 - 100;

/// Writer of one WAV.
pub(crate) struct WavWriter<'a> {
    wav: Writer<'a>,
    bytes_per_frame: u64,
    written: u64,
}

enum Writer<'a> {
    Pcm(Hound<'a>),
    G711(&'a mut BackgroundWriter, StreamInfo),
}

impl<'a> WavWriter<'a> {
    /// Writes the header of the output for a recording.
    ///
    /// # Errors
    /// [`Error::TooLong`] when the recording declares too many frames; [`Error::Write`].
    pub(super) fn new(output: &'a mut BackgroundWriter, info: &StreamInfo) -> Result<Self, Error> {
        let &StreamInfo { format, rate, channels, frames, .. } = info;
        let bytes_per_frame = info.frame_bytes();
        if frames.is_some_and(|frames| frames > MAX_DATA / bytes_per_frame.max(1)) {
            return Err(Error::TooLong);
        }
        let wav = match format {
            SampleFormat::ALaw | SampleFormat::MuLaw => {
                output.write_all(&g711::header(info, 0)).map_err(Error::Write)?;
                Writer::G711(output, info.clone())
            }
            _ => {
                let spec = hound::WavSpec {
                    channels,
                    sample_rate: rate,
                    bits_per_sample: format.bytes() * 8,
                    sample_format: match format {
                        SampleFormat::F32 => hound::SampleFormat::Float,
                        _ => hound::SampleFormat::Int,
                    },
                };
                Writer::Pcm(hound::WavWriter::new(output, spec).map_err(write_error)?)
            }
        };
        Ok(Self { wav, bytes_per_frame, written: 0 })
    }

    /// Appends a block.
    ///
    /// # Errors
    /// [`Error::TooLong`] when the file would be too large; [`Error::Write`].
    pub(super) fn write(&mut self, block: &Block) -> Result<(), Error> {
        // hound's own 32-bit counter would overflow without an error.
        self.written += block.frames() as u64 * self.bytes_per_frame;
        if self.written > MAX_DATA {
            return Err(Error::TooLong);
        }
        let wav = match &mut self.wav {
            Writer::Pcm(wav) => wav,
            Writer::G711(output, _) => {
                let Samples::U8(codes) = block.samples() else { return Ok(()) };
                return output.write_all(codes).map_err(Error::Write);
            }
        };
        let result = match (block.samples(), block.format()) {
            (Samples::I16(samples), SampleFormat::S16) => write_16(wav, samples),
            (Samples::I16(samples), _) => write_each(wav, samples),
            (Samples::I32(samples), _) => write_each(wav, samples),
            (Samples::F32(samples), _) => write_each(wav, samples),
            (Samples::U8(_), _) => Ok(()),
        };
        result.map_err(write_error)
    }

    /// Completes the header. Without this call the file is not valid, so an aborted run is detectable.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn finish(self) -> Result<(), Error> {
        match self.wav {
            Writer::Pcm(wav) => wav.finalize().map_err(write_error),
            Writer::G711(output, info) => {
                g711::finish(output, &info, self.written).map_err(Error::Write)
            }
        }
    }
}

type Hound<'a> = hound::WavWriter<&'a mut BackgroundWriter>;

/// A fast path for the most common format: one copy for each block.
fn write_16(wav: &mut Hound<'_>, samples: &[i16]) -> hound::Result<()> {
    let count = u32::try_from(samples.len()).map_err(|_| hound::Error::TooWide)?;
    let mut writer = wav.get_i16_writer(count);
    for &sample in samples {
        writer.write_sample(sample);
    }
    writer.flush()
}

fn write_each<S: hound::Sample + Copy>(wav: &mut Hound<'_>, samples: &[S]) -> hound::Result<()> {
    samples.iter().try_for_each(|&sample| wav.write_sample(sample))
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
    use crate::spool::Spool;

    fn info(frames: Option<u64>) -> StreamInfo {
        let (container, codec) = ("wave", "pcm_s16le");
        let format = SampleFormat::S16;
        StreamInfo { container, codec, rate: 8000, channels: 2, format, bits: None, frames }
    }

    #[test]
    fn more_than_a_wav_can_hold_is_refused_at_the_start_and_while_writing() {
        let mut output = BackgroundWriter::new(Spool::anonymous()).unwrap();
        let known = WavWriter::new(&mut output, &info(Some(MAX_DATA / 4 + 1))).err();
        assert!(matches!(known, Some(Error::TooLong)));
        let mut writer = WavWriter::new(&mut output, &info(None)).unwrap();
        // Pretend that almost all of it has been written.
        writer.written = MAX_DATA - 4;
        let mut block = Block::new(SampleFormat::S16, 2);
        block.samples = Samples::I16(vec![2, -3]);
        writer.write(&block).unwrap();
        assert!(matches!(writer.write(&block), Err(Error::TooLong)));
    }
}
