//! Encode: blocks in, a WAV file out. hound is named here only.
//!
//! In: [`Block`]s of one [`SampleFormat`]. Out: a WAV with a `fmt ` and a `data` chunk and nothing
//! else (G.711 has its `fact`), written [`BackgroundWriter`] the work. What can go wrong: a full disk, or more
//! than a WAV can hold.

use crate::block::{Block, SampleFormat, Samples, StreamInfo};
use crate::error::Error;

mod background_writer;
mod g711;

pub(crate) use background_writer::BackgroundWriter;
use g711::CodeWriter;

/// The most bytes of samples that a WAV can hold: sizes are 32 bits, and the RIFF size counts the
/// headers too, of which hound writes at most 68 bytes.
const MAX_DATA: u64 = u32::MAX as u64 - 100;

/// A WAV file in the making.
pub(crate) struct Encoder<'a> {
    wav: Writer<'a>,
    bytes_per_frame: u64,
    written: u64,
}

enum Writer<'a> {
    Pcm(Hound<'a>),
    G711(CodeWriter<&'a mut BackgroundWriter>),
}

impl<'a> Encoder<'a> {
    /// Begins the file for a recording.
    ///
    /// # Errors
    /// [`Error::TooLong`] when the recording declares more than fits; [`Error::Write`].
    pub(crate) fn new(
        output: &'a mut BackgroundWriter,
        recording: &StreamInfo,
    ) -> Result<Self, Error> {
        let &StreamInfo { format, rate, channels, frames, .. } = recording;
        let bytes_per_frame = recording.frame_bytes();
        if frames.is_some_and(|frames| frames > MAX_DATA / bytes_per_frame.max(1)) {
            return Err(Error::TooLong);
        }
        let wav = match format {
            SampleFormat::ALaw | SampleFormat::MuLaw => {
                Writer::G711(CodeWriter::new(output, recording).map_err(Error::Write)?)
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
    /// [`Error::TooLong`] when the file cannot take it; [`Error::Write`].
    pub(crate) fn write(&mut self, block: &Block) -> Result<(), Error> {
        // hound's own counter is 32 bits and would wrap in silence.
        self.written += block.frames() as u64 * self.bytes_per_frame;
        if self.written > MAX_DATA {
            return Err(Error::TooLong);
        }
        let wav = match &mut self.wav {
            Writer::Pcm(wav) => wav,
            Writer::G711(wav) => {
                let Samples::U8(codes) = block.samples() else { return Ok(()) };
                return wav.write(codes).map_err(Error::Write);
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

    /// Completes the header. Without this the file is not valid, on purpose.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.wav {
            Writer::Pcm(wav) => wav.finalize().map_err(write_error),
            Writer::G711(wav) => wav.finish().map_err(Error::Write),
        }
    }
}

type Hound<'a> = hound::WavWriter<&'a mut BackgroundWriter>;

/// The fast way for the usual width: one copy a block.
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

    fn recording(frames: Option<u64>) -> StreamInfo {
        let (container, codec) = ("wave", "pcm_s16le");
        let format = SampleFormat::S16;
        StreamInfo { container, codec, rate: 8000, channels: 2, format, frames }
    }

    #[test]
    fn more_than_a_wav_can_hold_is_refused_before_and_on_the_way() {
        let mut output = BackgroundWriter::new(Spool::anonymous()).unwrap();
        let known = Encoder::new(&mut output, &recording(Some(MAX_DATA / 4 + 1))).err();
        assert!(matches!(known, Some(Error::TooLong)));
        let mut encoder = Encoder::new(&mut output, &recording(None)).unwrap();
        // As if so much had been written before.
        encoder.written = MAX_DATA - 4;
        let mut block = Block::new(SampleFormat::S16, 2);
        block.samples = Samples::I16(vec![2, -3]);
        encoder.write(&block).unwrap();
        assert!(matches!(encoder.write(&block), Err(Error::TooLong)));
    }
}
