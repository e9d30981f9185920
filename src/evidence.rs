//! Evidence: what is seen of a redaction while it is made.
//!
//! In: each [`Block`] before and after its treatment; at the end, the [`Spool`] and the decoder. Out:
//! [`Evidence`], as much as the [`EvidenceOptions`] that was asked for needs. What can go wrong: the
//! self-check, or reading back.

use std::io::{self, Read};
use std::thread;

use crate::block::{Block, StreamInfo};
use crate::decode::{Decoder, Leftover};
use crate::digest::{Digest, digest_of};
use crate::error::Error;
use crate::span::Spans;
use crate::spool::Spool;
use crate::treatment::Treatment;
use crate::window::Windows;

mod check;
mod header;
mod oracle;
mod measure;
mod waveform;

use check::Check;
use measure::Meter;
pub use measure::{Loudness, Measured};
pub use waveform::{Column, Waveform};

/// What is to be proven of a redaction. At first, the self-check alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceOptions {
    /// Read back what was written, and hold every frame against what was meant; a mismatch is an
    /// error.
    pub self_check: bool,
    /// Measure each span, and digest input and output, for a [`Receipt`](crate::Receipt).
    pub receipt: bool,
    /// Keep the waveform before and after, for a page.
    pub waveform: bool,
}

impl Default for EvidenceOptions {
    fn default() -> Self {
        Self { self_check: true, receipt: false, waveform: false }
    }
}

/// What was seen of a redaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Whether the result was read back and is what was meant.
    pub self_checked: bool,
    /// What a receipt wants to know.
    pub figures: Option<Figures>,
    /// The waveform before and after.
    pub waveform: Option<Waveform>,
}

/// What a receipt wants to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The input, as it was received.
    pub input: Digest,
    /// The output.
    pub output: Digest,
    /// The samples of the output, as a WAV stores them.
    pub samples: Digest,
    /// Each span on each of its channels, before and after.
    pub spans: Vec<Measured>,
    /// What the input held besides audio.
    pub dropped: Vec<Leftover>,
}

/// Sees every block.
pub(crate) struct Observer<'a> {
    check: Option<Check<'a>>,
    meter: Option<Meter>,
    waveform: Option<Waveform>,
}

impl<'a> Observer<'a> {
    pub(crate) fn new(
        proof: EvidenceOptions,
        treatment: Treatment,
        windows: &Windows,
        spans: &Spans,
        recording: &'a StreamInfo,
    ) -> Self {
        Self {
            check: proof.self_check.then(|| Check::new(treatment, windows, recording)),
            meter: proof.receipt.then(|| Meter::new(spans, recording.channels)),
            waveform: proof.waveform.then(|| Waveform::new(recording)),
        }
    }

    /// Sees a block as it was decoded.
    pub(crate) fn decoded(&mut self, block: &Block) {
        if let Some(check) = &mut self.check {
            check.decoded(block);
        }
        if let Some(meter) = &mut self.meter {
            meter.decoded(block);
        }
        if let Some(waveform) = &mut self.waveform {
            waveform.decoded(block);
        }
    }

    /// Sees the same block as it was treated.
    pub(crate) fn treated(&mut self, block: &Block) {
        if let Some(check) = &mut self.check {
            check.treated(block);
        }
        if let Some(meter) = &mut self.meter {
            meter.treated(block);
        }
        if let Some(waveform) = &mut self.waveform {
            waveform.treated(block);
        }
    }

    /// Reads back what was written: so many bytes.
    ///
    /// # Errors
    /// [`Error::SelfCheck`]; [`Error::ReadBack`] when it cannot be; [`Error::Read`] when the
    /// rest of the input cannot be.
    pub(crate) fn finish(
        self,
        decoder: &mut Decoder,
        spool: &Spool,
        bytes: u64,
    ) -> Result<Evidence, Error> {
        let self_checked = self.check.is_some();
        let begin = data_begins(decoder, bytes);
        if let Some(check) = self.check {
            check.finish(spool, begin, bytes)?;
        }
        let figures = match self.meter {
            Some(meter) => Some(figures(meter, decoder, spool, begin)?),
            None => None,
        };
        Ok(Evidence { self_checked, figures, waveform: self.waveform })
    }
}

fn figures(
    meter: Meter,
    decoder: &mut Decoder,
    spool: &Spool,
    begin: u64,
) -> Result<Figures, Error> {
    let data = decoder.frames() * decoder.stream_info().frame_bytes();
    let (file, samples) = (spool.reader(), spool.reader_from(begin));
    // SHA-256 is the slowest of all this, and there is another core.
    let (output, samples) = thread::scope(|scope| {
        let digest = || digest_of(samples?.take(data));
        let samples = thread::Builder::new().spawn_scoped(scope, digest).map_err(Error::Thread)?;
        Ok((file.and_then(digest_of), samples.join()))
    })?;
    let samples = samples.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    Ok(Figures {
        input: decoder.digest()?,
        output: output.map_err(Error::ReadBack)?,
        samples: samples.map_err(Error::ReadBack)?,
        spans: meter.finish(&decoder.timeline()),
        dropped: decoder.leftovers(),
    })
}

/// Where the samples begin in a WAV of so many bytes. They end with the file; behind an odd number of
/// codes of G.711 there is a byte of padding, which hound does not write.
fn data_begins(decoder: &Decoder, bytes: u64) -> u64 {
    let recording = decoder.stream_info();
    let data = decoder.frames() * recording.frame_bytes();
    let padding = if recording.format.is_g711() { data % 2 } else { 0 };
    bytes.saturating_sub(data + padding)
}

#[cfg(test)]
mod tests;
