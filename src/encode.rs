//! Encode: from blocks to a file. Only this room uses hound and computes MD5.
//!
//! In: [`Block`]s of one recording. Out: a WAV of all their samples, or a FLAC or an Ogg Opus in which only
//! the packets of treated blocks are new; a [`BackgroundWriter`] writes it. Errors: a full disk, or more
//! data than a WAV can hold.

use crate::block::{Block, StreamInfo};
use crate::error::Error;
use crate::flac;
use crate::ogg::PageQueue;

mod background_writer;
mod flac_writer;
mod opus_writer;
mod wav;

pub(crate) use background_writer::BackgroundWriter;
use flac_writer::FlacWriter;
use opus_writer::OpusWriter;
pub(crate) use opus_writer::Rewritten;
use wav::WavWriter;

/// What is written.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Wav,
    Flac {
        /// What the input has before its first frame.
        head: flac::Head,
        /// Whether the MD5 of the samples is stated.
        md5: bool,
    },
    Opus {
        /// The pages of the input, as they are read.
        pages: PageQueue,
    },
}

/// What is known of a file only when it is complete.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// What a FLAC has before its first frame.
    pub(crate) head: Option<flac::Head>,
    /// Of an Opus.
    pub(crate) opus: Rewritten,
}

/// The file that is written.
pub(crate) enum Output<'a> {
    Wav(WavWriter<'a>),
    Flac(Box<FlacWriter<'a>>),
    Opus(Box<OpusWriter<'a>>),
}

impl<'a> Output<'a> {
    /// Begins the file.
    ///
    /// # Errors
    /// [`Error::TooLong`] when the recording declares more frames than a WAV can hold; [`Error::Write`];
    /// [`Error::Thread`].
    pub(crate) fn new(
        writer: &'a mut BackgroundWriter,
        info: &StreamInfo,
        target: Target,
    ) -> Result<Self, Error> {
        Ok(match target {
            Target::Wav => Self::Wav(WavWriter::new(writer, info)?),
            Target::Flac { head, md5 } => {
                Self::Flac(Box::new(FlacWriter::new(writer, info, head, md5)?))
            }
            Target::Opus { pages } => {
                Self::Opus(Box::new(OpusWriter::new(writer, pages, info.rate)))
            }
        })
    }

    /// Appends a block. `treated`: whether its samples are other ones than those of its packet. Returns how
    /// many bytes it became.
    ///
    /// # Errors
    /// [`Error::TooLong`] when the file would be too large; [`Error::Write`].
    pub(crate) fn write(&mut self, block: &Block, treated: bool) -> Result<u64, Error> {
        match self {
            Self::Wav(wav) => {
                wav.write(block)?;
                Ok(block.stored_len())
            }
            Self::Flac(flac) => flac.write(block, treated),
            Self::Opus(opus) => opus.write(block, treated),
        }
    }

    /// Completes the header. Without this call a WAV is not valid. The frames of a FLAC and the pages of an Opus
    /// can be valid without it: only who delivers after it can know that the file is complete.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn finish(self) -> Result<Written, Error> {
        match self {
            Self::Wav(wav) => wav.finish().map(|()| Written::default()),
            Self::Flac(flac) => {
                flac.finish().map(|head| Written { head: Some(head), ..Written::default() })
            }
            Self::Opus(opus) => opus.finish().map(|opus| Written { opus, head: None }),
        }
    }
}
