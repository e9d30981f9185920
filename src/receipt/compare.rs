//! Whether a file is the one that a receipt speaks of.

use super::Receipt;
use super::agree::format_of;
use crate::block::{Block, SampleFormat};
use crate::decode::{Decoder, Encoding, Options, Source};
use crate::digest::Digester;
use crate::error::Error;

/// A file held against a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comparison {
    /// The very file: every byte.
    File,
    /// Another file with the very samples: another header, container or lossless codec, or tags.
    Samples,
    /// Something else.
    Neither,
}

impl Receipt {
    /// Holds a file against what the receipt says of the output.
    ///
    /// # Errors
    /// [`Error`] when it cannot be read or decoded.
    pub fn compare(&self, file: Source) -> Result<Comparison, Error> {
        let keeps_codes =
            matches!(self.output_format(), Some(SampleFormat::ALaw | SampleFormat::MuLaw));
        let encoding = if keeps_codes { Encoding::Same } else { Encoding::Pcm };
        let options = Options { encoding, ..Options::default() };
        let mut decoder = Decoder::open(file.with_options(options).digested(true))?;
        let recording = decoder.recording().clone();
        let mut block = Block::new(recording.format, recording.channels);
        let mut samples = Digester::new();
        while decoder.next(&mut block)? {
            samples.update(&block.stored());
        }
        let same_kind = (recording.rate, recording.channels, Some(recording.format))
            == (self.input.rate, self.input.channels, self.output_format());
        let digest = decoder.digest()?;
        Ok(if (digest.bytes, &digest.sha256) == (self.output.bytes, &self.output.sha256) {
            Comparison::File
        } else if same_kind && samples.finish().sha256 == self.output.samples_sha256 {
            Comparison::Samples
        } else {
            Comparison::Neither
        })
    }

    /// Whether a recording is the input that the receipt speaks of: every byte.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn is_input(&self, path: &std::path::Path) -> Result<bool, Error> {
        let digest = std::fs::File::open(path).and_then(crate::digest::digest_of);
        let digest = digest.map_err(Error::Read)?;
        Ok((digest.bytes, digest.sha256) == (self.input.bytes, self.input.sha256.clone()))
    }

    fn output_format(&self) -> Option<SampleFormat> {
        format_of(&self.output.format).ok()
    }
}
