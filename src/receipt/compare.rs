//! Whether a file is the output, or the input, that a receipt describes.

use super::validate::format_of;
use super::{InputEntry, Receipt};
use crate::block::{Block, SampleFormat};
use crate::decode::{DecodeOptions, Decoder, Encoding, Gaps, RawFormat, Source};
use crate::digest::{Digest, Digester};
use crate::error::Error;
use crate::evidence::EvidenceOptions;
use crate::redact::Redaction;

/// How a file compares with the output that a receipt describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileMatch {
    /// Every byte is the same.
    Identical,
    /// All samples are the same; the header, container, lossless codec or tags differ.
    SameSamples,
    /// The samples differ, or the file does not decode.
    Different,
}

impl Receipt {
    /// Compares a file with the output that the receipt describes.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TooLargeForMemory`] and [`Error::Thread`], which say nothing about the
    /// file. A file that does not decode is [`FileMatch::Different`].
    pub fn compare(&self, file: Source) -> Result<FileMatch, Error> {
        self.compare_with(file, self.options())
    }

    fn compare_with(&self, file: Source, options: DecodeOptions) -> Result<FileMatch, Error> {
        let (digest, samples) = match self.digests(file.with_options(options)) {
            Ok(digests) => digests,
            Err(error) if is_about_the_file(&error) => return Ok(FileMatch::Different),
            Err(error) => return Err(error),
        };
        let same_file = (digest.bytes, &digest.sha256) == (self.output.bytes, &self.output.sha256);
        let same_samples = match &self.output.samples_sha256 {
            Some(expected) => samples.is_some_and(|sum| sum.sha256 == *expected),
            // The samples of an Opus are not known.
            None => same_file,
        };
        Ok(match (same_samples, same_file) {
            (true, true) => FileMatch::Identical,
            (true, false) => FileMatch::SameSamples,
            // If the file is the same and its samples are not, the receipt is wrong.
            (false, _) => FileMatch::Different,
        })
    }

    /// The digests of a file and of its samples; the latter only if rate, channels and format are the
    /// output's.
    fn digests(&self, file: Source) -> Result<(Digest, Option<Digest>), Error> {
        let mut decoder = Decoder::open(file.digested(true))?;
        if self.output.samples_sha256.is_none() {
            decoder.let_pages_go();
            decoder.keep_packets(Some(Vec::new()));
        }
        let info = decoder.stream_info().clone();
        let mut block = Block::new(info.format, info.channels);
        let mut samples = Digester::new();
        while decoder.next(&mut block)? {
            samples.update(&block.stored());
        }
        let is_alike = (info.rate, info.channels, Some(info.format))
            == (self.rate(), self.channels(), self.output_format());
        let file = decoder.digests()?.pop().ok_or(Error::Empty)?;
        Ok((file, is_alike.then(|| samples.finish())))
    }

    /// Repeats the redaction from `original` and compares it with the receipt. Returns the names of
    /// the parts that differ, such as `input` or `output`; none if `original` is the receipt's input and
    /// the receipt is true.
    ///
    /// # Errors
    /// [`Error`] when the recording cannot be redacted as the receipt says.
    pub fn reproduce(&self, original: Source) -> Result<Vec<&'static str>, Error> {
        let wrong = |why: String| Error::Treatment(why);
        let (windows, treatment) =
            (self.windows().map_err(wrong)?, self.treatment().map_err(wrong)?);
        let evidence = EvidenceOptions { self_check: false, receipt: true, waveform: false };
        let options = DecodeOptions { raw: self.raw(), ..self.options() };
        let original = original.with_options(options);
        let redacted = Redaction::new(&windows, treatment).with_evidence(evidence).run(original)?;
        let Some(mut again) = Self::of(&redacted) else { return Ok(vec!["output"]) };
        again.output.self_checked = self.output.self_checked;
        // Older receipts lack this field.
        again.output.bits = again.output.bits.and(self.output.bits);
        for (again, input) in again.inputs.iter_mut().zip(&self.inputs) {
            // Older receipts lack this field.
            again.end_proven = again.end_proven.and(input.end_proven);
            // A file that was saved has no key and no URL any more.
            again.key.clone_from(&input.key);
            again.url.clone_from(&input.url);
        }
        let parts = [
            ("input", again.inputs == self.inputs),
            ("windows", again.windows == self.windows),
            ("spans", again.spans == self.spans),
            ("output", again.output == self.output),
            ("dropped", again.dropped == self.dropped),
        ];
        Ok(parts.into_iter().filter_map(|(part, same)| (!same).then_some(part)).collect())
    }

    /// The options that decode input and output as they were when the receipt was made.
    pub fn options(&self) -> DecodeOptions {
        let is_kept = self.output.container.is_some();
        let keeps = is_kept || self.output_format().is_some_and(SampleFormat::is_g711);
        let encoding = if keeps { Encoding::Same } else { Encoding::Pcm };
        let opus = self.inputs.iter().find(|input| input.codec == "opus");
        let gaps = self.inputs.iter().find_map(|input| input.gaps.as_ref()?.policy());
        DecodeOptions {
            encoding,
            md5: self.output.md5.unwrap_or(true),
            opus_rate: opus.map(|input| input.rate),
            gaps: gaps.unwrap_or(Gaps::Refuse),
            ..DecodeOptions::default()
        }
    }

    /// The format of a headerless input; `None` if the input has a header.
    pub fn raw(&self) -> Option<RawFormat> {
        let InputEntry { container, codec, rate, channels, .. } = self.inputs.first()?;
        let text = format!("{codec}:{rate}:{channels}");
        (container == "raw").then(|| text.parse().ok()).flatten()
    }

    fn output_format(&self) -> Option<SampleFormat> {
        format_of(&self.output.format).ok()
    }
}

/// Whether an error is about the content of the file: no redaction wrote it. Other errors only say that
/// the file could not be examined.
fn is_about_the_file(error: &Error) -> bool {
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

    /// A file that could not be examined is not called different.
    #[test]
    fn a_file_that_is_too_large_for_memory_is_not_called_another() {
        let windows = Windows::new([Window::from_seconds(1.0, 2.0).unwrap()]).unwrap();
        let proof = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
        let source = Source::open("fixtures/call.wav").unwrap();
        let redaction = Redaction::new(&windows, Treatment::silence()).with_evidence(proof);
        let redacted = redaction.run(source).unwrap();
        let receipt = Receipt::of(&redacted).unwrap();
        // Its index comes last, so a stream of it must be held in memory.
        let other = || Source::stream(std::fs::File::open("fixtures/call.m4a").unwrap());
        let little = DecodeOptions { memory_limit: 10_000, ..receipt.options() };
        let error = receipt.compare_with(other(), little).unwrap_err();
        assert!(matches!(error, Error::TooLargeForMemory { .. }), "{error}");
        assert_eq!(receipt.compare(other()).unwrap(), FileMatch::Different);
        let text = || Source::stream(io::Cursor::new("<html><body>Not found</body></html>"));
        assert_eq!(receipt.compare(text()).unwrap(), FileMatch::Different, "an error page");
    }
}
