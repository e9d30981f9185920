//! Encode: from blocks to a file. Only this room uses hound and computes MD5.
//!
//! In: [`Block`]s of one recording. Out: a WAV of all their samples, or a FLAC in which only the packets of
//! treated blocks are new; a [`BackgroundWriter`] writes it. Errors: a full disk, or more data than a
//! WAV can hold.

use crate::block::{Block, StreamInfo};
use crate::error::Error;
use crate::flac;

mod background_writer;
mod flac_writer;
mod wav;

pub(crate) use background_writer::BackgroundWriter;
use flac_writer::FlacWriter;
use wav::WavWriter;

/// What is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    Wav,
    Flac {
        /// What the input has before its first frame.
        head: flac::Head,
        /// Whether the MD5 of the samples is stated.
        md5: bool,
    },
}

impl Target {
    /// The properties of the FLAC that is kept.
    pub(crate) fn kept(&self) -> Option<flac::StreamInfoBlock> {
        match self {
            Self::Wav => None,
            Self::Flac { head, .. } => Some(head.info),
        }
    }
}

/// The file that is written.
pub(crate) enum Output<'a> {
    Wav(WavWriter<'a>),
    Flac(Box<FlacWriter<'a>>),
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
        }
    }

    /// Completes the header. Without this call the file is not valid, so an aborted run is detectable.
    /// Returns what a FLAC has before its first frame.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn finish(self) -> Result<Option<flac::Head>, Error> {
        match self {
            Self::Wav(wav) => wav.finish().map(|()| None),
            Self::Flac(flac) => flac.finish().map(Some),
        }
    }
}
