//! Self-check: compares the written file with what was expected, before it is delivered.
//!
//! In: each [`Block`](crate::block::Block) before and after its treatment; at the end, the [`Spool`], which is
//! read back from its storage. Each treated sample must be what the [`Oracle`](super::oracle) computes
//! independently, and the file must hold it: [`WavCheck`] and [`FlacCheck`] say how. What is expected is
//! remembered as hashes. Errors: [`Error::SelfCheck`]; [`Error::ReadBack`].

use super::failed;
use super::flac_check::FlacCheck;
use super::view::BlockView;
use super::wav_check::WavCheck;
use crate::block::StreamInfo;
use crate::error::Error;
use crate::flac::{Head, StreamInfoBlock};
use crate::spool::Spool;
use crate::treatment::Treatment;
use crate::window::Windows;

/// The expected output of a redaction, collected block by block.
pub(super) enum SelfCheck<'a> {
    Wav(WavCheck<'a>),
    Flac(Box<FlacCheck>),
}

impl<'a> SelfCheck<'a> {
    /// `kept`: the properties of the FLAC that is kept; without it the output is a WAV.
    pub(super) fn new(
        treatment: Treatment,
        windows: &Windows,
        info: &'a StreamInfo,
        kept: Option<StreamInfoBlock>,
    ) -> Self {
        match kept {
            Some(kept) => Self::Flac(Box::new(FlacCheck::new(treatment, windows, info, kept))),
            None => Self::Wav(WavCheck::new(treatment, windows, info)),
        }
    }

    /// Adds a block as decoded.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        match self {
            Self::Wav(wav) => wav.decoded(view),
            Self::Flac(flac) => flac.decoded(view),
        }
    }

    /// Adds the same block as treated.
    pub(super) fn treated(&mut self, view: &BlockView<'_>) {
        match self {
            Self::Wav(wav) => wav.treated(view),
            Self::Flac(flac) => flac.treated(view),
        }
    }

    /// Adds the number of bytes that the same block has in the file.
    pub(super) fn written(&mut self, bytes: u64) {
        if let Self::Flac(flac) = self {
            flac.written(bytes);
        }
    }

    /// Reads the file back: `size` bytes. The samples of a WAV start at byte `data_start`; `head` is what a
    /// FLAC has before its first frame.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when it is not the expected file; [`Error::ReadBack`] when it cannot be read.
    pub(super) fn finish(
        self,
        spool: &Spool,
        (data_start, size): (u64, u64),
        head: Option<&Head>,
    ) -> Result<(), Error> {
        match (self, head) {
            (Self::Wav(wav), _) => wav.finish(spool, data_start, size),
            (Self::Flac(flac), Some(head)) => flac.finish(spool, size, head),
            (Self::Flac(_), None) => Err(failed("a FLAC was not completed")),
        }
    }
}
