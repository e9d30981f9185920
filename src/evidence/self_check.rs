//! Self-check: compares the written file with what was expected, before it is delivered.
//!
//! In: each [`Block`](crate::block::Block) before and after its treatment; and the [`Spool`], which is read back
//! from its storage, at the end or behind the writer. Each treated sample must be what the [`Oracle`](super::oracle) computes
//! independently, and the file must hold it: [`WavCheck`] and [`FlacCheck`] say how. What is expected is
//! remembered as hashes. Errors: [`Error::SelfCheck`]; [`Error::ReadBack`].

use super::failed;
use super::flac_check::FlacCheck;
use super::opus_check::OpusCheck;
use super::view::BlockView;
use super::wav_check::WavCheck;
use crate::block::StreamInfo;
use crate::error::Error;
use crate::flac::{Head, StreamInfoBlock};
use crate::ogg::Outline;
use crate::spool::{Follower, Spool};
use crate::treatment::Treatment;
use crate::window::Windows;

/// The expected output of a redaction, collected block by block.
pub(super) enum SelfCheck<'a> {
    Wav(WavCheck<'a>),
    Flac(Box<FlacCheck>),
    Opus(OpusCheck),
}

/// What the output keeps of the recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kept {
    /// It is a WAV.
    Nothing,
    /// The packets of a FLAC with these properties.
    Flac(StreamInfoBlock),
    /// The packets of an Ogg Opus.
    Opus,
}

impl<'a> SelfCheck<'a> {
    /// `follower`: reads the output while it is written.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub(super) fn new(
        treatment: Treatment,
        windows: &Windows,
        info: &'a StreamInfo,
        (kept, follower): (Kept, Option<Follower>),
    ) -> Result<Self, Error> {
        Ok(match kept {
            Kept::Flac(kept) => {
                Self::Flac(Box::new(FlacCheck::new(treatment, windows, info, kept)))
            }
            Kept::Opus => Self::Opus(OpusCheck::new(treatment, windows, info, follower)?),
            Kept::Nothing => Self::Wav(WavCheck::new(treatment, windows, info, follower)?),
        })
    }

    /// Adds a block as decoded.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        match self {
            Self::Wav(wav) => wav.decoded(view),
            Self::Flac(flac) => flac.decoded(view),
            Self::Opus(opus) => opus.decoded(view),
        }
    }

    /// Adds the same block as treated.
    pub(super) fn treated(&mut self, view: &BlockView<'_>) {
        match self {
            Self::Wav(wav) => wav.treated(view),
            Self::Flac(flac) => flac.treated(view),
            // What matters is what the file is decoded to.
            Self::Opus(_) => {}
        }
    }

    /// Adds the number of bytes that the same block has in the file.
    pub(super) fn written(&mut self, bytes: u64) {
        if let Self::Flac(flac) = self {
            flac.written(bytes);
        }
    }

    /// Reads the file back: `size` bytes. The samples of a WAV start at byte `data_start`; `head` is what a
    /// FLAC has before its first frame, `outline` is that of the pages of an Opus.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when it is not the expected file; [`Error::ReadBack`] when it cannot be read.
    pub(super) fn finish(
        self,
        spool: &Spool,
        (data_start, size): (u64, u64),
        head: Option<&Head>,
        outline: &Outline,
    ) -> Result<(), Error> {
        match (self, head) {
            (Self::Wav(wav), _) => wav.finish(spool, data_start, size),
            (Self::Opus(opus), _) => opus.finish(spool, outline),
            (Self::Flac(flac), Some(head)) => flac.finish(spool, size, head),
            (Self::Flac(_), None) => Err(failed("a FLAC was not completed")),
        }
    }
}
