//! Whether files are those that a receipt speaks of.

use super::validate::format_of;
use super::{GapsEntry, Input, Receipt};
use crate::block::{Block, SampleFormat};
use crate::decode::{DecodeOptions, Decoder, Encoding, Gaps, RawFormat, Source};
use crate::digest::{Digest, Digester};
use crate::error::Error;
use crate::evidence::EvidenceOptions;
use crate::redact::Redaction;

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
    /// [`Error::Read`] when it cannot be read, [`Error::TooLargeForMemory`] when it cannot be held,
    /// [`Error::Thread`]: then nothing is known of it. What does not decode is
    /// [`Comparison::Neither`].
    pub fn compare(&self, file: Source) -> Result<Comparison, Error> {
        self.compare_with(file, self.options())
    }

    fn compare_with(&self, file: Source, options: DecodeOptions) -> Result<Comparison, Error> {
        let (digest, samples) = match self.digests(file.with_options(options)) {
            Ok(digests) => digests,
            Err(error) if is_of_the_file(&error) => return Ok(Comparison::Neither),
            Err(error) => return Err(error),
        };
        let same_samples = samples.is_some_and(|sum| sum.sha256 == self.output.samples_sha256);
        let same_file = (digest.bytes, &digest.sha256) == (self.output.bytes, &self.output.sha256);
        Ok(match (same_samples, same_file) {
            (true, true) => Comparison::File,
            (true, false) => Comparison::Samples,
            // The same file with other samples than the receipt says: then the receipt is wrong.
            (false, _) => Comparison::Neither,
        })
    }

    /// The digest of a file, decoded as its options say, and that of its samples, if they are of the output's kind.
    fn digests(&self, file: Source) -> Result<(Digest, Option<Digest>), Error> {
        let mut decoder = Decoder::open(file.digested(true))?;
        let recording = decoder.stream_info().clone();
        let mut block = Block::new(recording.format, recording.channels);
        let mut samples = Digester::new();
        while decoder.next(&mut block)? {
            samples.update(&block.stored());
        }
        let is_alike = (recording.rate, recording.channels, Some(recording.format))
            == (self.input.rate, self.input.channels, self.output_format());
        Ok((decoder.digest()?, is_alike.then(|| samples.finish())))
    }

    /// Makes the redaction again, from a recording, and holds it against the receipt: gives the name
    /// of each part that has come out otherwise, such as `input` or `output`. None, if this is the
    /// original and the receipt tells the truth.
    ///
    /// # Errors
    /// [`Error`] when the recording cannot be redacted so.
    pub fn reproduce(&self, original: Source) -> Result<Vec<&'static str>, Error> {
        let wrong = |why: String| Error::Treatment(why);
        let (windows, treatment) =
            (self.windows().map_err(wrong)?, self.treatment().map_err(wrong)?);
        let proof = EvidenceOptions { self_check: false, receipt: true, waveform: false };
        let options = DecodeOptions { raw: self.raw(), ..self.options() };
        let original = original.with_options(options);
        let redacted = Redaction::new(&windows, treatment).with_evidence(proof).run(original)?;
        let Some(mut again) = Self::of(&redacted) else { return Ok(vec!["output"]) };
        again.output.self_checked = self.output.self_checked;
        // Receipts of old do not say it.
        again.input.end_proven = again.input.end_proven.and(self.input.end_proven);
        let parts = [
            ("input", again.input == self.input),
            ("windows", again.windows == self.windows),
            ("spans", again.spans == self.spans),
            ("output", again.output == self.output),
            ("dropped", again.dropped == self.dropped),
        ];
        Ok(parts.into_iter().filter_map(|(part, same)| (!same).then_some(part)).collect())
    }

    /// How original and output are decoded, so that both are as they were when this was made.
    pub fn options(&self) -> DecodeOptions {
        let keeps = self.output_format().is_some_and(SampleFormat::is_g711);
        let encoding = if keeps { Encoding::Same } else { Encoding::Pcm };
        let opus_rate = (self.input.codec == "opus").then_some(self.input.rate);
        let gaps = self.input.gaps.as_ref().and_then(GapsEntry::policy).unwrap_or(Gaps::Refuse);
        DecodeOptions { encoding, opus_rate, gaps, ..DecodeOptions::default() }
    }

    /// What the original holds, where it has no header that could say it.
    pub fn raw(&self) -> Option<RawFormat> {
        let Input { container, codec, rate, channels, .. } = &self.input;
        let text = format!("{codec}:{rate}:{channels}");
        (container == "raw").then(|| text.parse().ok()).flatten()
    }

    fn output_format(&self) -> Option<SampleFormat> {
        format_of(&self.output.format).ok()
    }
}

/// Whether an error says something about the file itself: it is not what a redaction wrote. Any other
/// says only that it could not be looked at.
fn is_of_the_file(error: &Error) -> bool {
    matches!(
        error,
        Error::Empty
            | Error::NoAudio
            | Error::UnknownFormat
            | Error::Foreign { .. }
            | Error::Unsupported { .. }
            | Error::Header { .. }
            | Error::Container { .. }
            | Error::Damaged { .. }
            | Error::Truncated { .. }
            | Error::Gap { .. }
    )
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::treatment::Treatment;
    use crate::window::{Window, Windows};

    /// Nothing is known of a file that could not be looked at.
    #[test]
    fn a_file_that_is_too_large_for_memory_is_not_called_another() {
        let windows = Windows::new([Window::from_seconds(1.0, 2.0).unwrap()]).unwrap();
        let proof = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
        let source = Source::open("fixtures/call.wav").unwrap();
        let redaction = Redaction::new(&windows, Treatment::silence()).with_evidence(proof);
        let redacted = redaction.run(source).unwrap();
        let receipt = Receipt::of(&redacted).unwrap();
        // Its index is last, so that as a stream it must be held.
        let other = || Source::stream(std::fs::File::open("fixtures/call.m4a").unwrap());
        let little = DecodeOptions { memory_limit: 10_000, ..receipt.options() };
        let error = receipt.compare_with(other(), little).unwrap_err();
        assert!(matches!(error, Error::TooLargeForMemory { .. }), "{error}");
        assert_eq!(receipt.compare(other()).unwrap(), Comparison::Neither);
        let text = || Source::stream(io::Cursor::new("<html><body>Not found</body></html>"));
        assert_eq!(receipt.compare(text()).unwrap(), Comparison::Neither, "an error page");
    }
}
