//! Evidence: what is observed of a redaction while it runs.
//!
//! In: each [`Block`] before and after its treatment; at the end, the [`Spool`] and the decoder. Out:
//! [`Evidence`], as far as [`EvidenceOptions`] asked for it. Errors: the self-check fails, or the output
//! cannot be read back.

use std::io::{self, Read};
use std::thread;

use crate::block::{Block, StreamInfo};
use crate::decode::{Decoder, Leftover};
use crate::digest::{Digest, Digester, digest_of};
use crate::error::Error;
use crate::flac::Head;
use crate::ogg::Outline;
use crate::span::Spans;
use crate::spool::{Follower, Spool};
use crate::treatment::Treatment;
use crate::window::Windows;

mod view;
mod read_back;
mod self_check;
mod wav_check;
mod wav_header;
mod flac_check;
mod flac_frames;
mod flac_points;
mod opus_check;
mod treatment_check;
mod oracle;
mod meter;
mod waveform;

pub(crate) use flac_check::around;
pub use meter::SpanLevels;
use meter::SpanMeter;
pub(crate) use self_check::Kept;
use self_check::SelfCheck;
use view::BlockView;
pub use waveform::{Column, Waveform};

/// The evidence to collect. The default is the self-check alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceOptions {
    /// Read the output back and compare every frame with the expected output samples. A mismatch is
    /// an error.
    pub self_check: bool,
    /// Measure each span and digest input and output, for a [`Receipt`](crate::Receipt).
    pub receipt: bool,
    /// Keep the waveform before and after, for the HTML page of the feature `report`.
    pub waveform: bool,
}

impl EvidenceOptions {
    /// Whether every sample must be decoded for it, not only those around the windows.
    pub(crate) fn needs_all(self) -> bool {
        self.receipt || self.waveform
    }
}

impl Default for EvidenceOptions {
    fn default() -> Self {
        Self { self_check: true, receipt: false, waveform: false }
    }
}

/// What was observed of a redaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Whether the self-check ran. If it ran, it passed: a failure is an error and returns no evidence.
    pub self_checked: bool,
    /// The contents of a receipt, if they were asked for.
    pub measurements: Option<Measurements>,
    /// The waveform before and after, if it was asked for.
    pub waveform: Option<Waveform>,
}

/// Digests and levels for a receipt.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurements {
    /// Digest of each part of the input as it was received; most recordings have one.
    pub inputs: Vec<Digest>,
    /// Digest of the output.
    pub output: Digest,
    /// Digest of the output's samples as a WAV stores them; `None` for an Opus, whose samples depend on the
    /// decoder.
    pub samples: Option<Digest>,
    /// The levels of each span on each of its channels.
    pub spans: Vec<SpanLevels>,
    /// What the input holds besides audio.
    pub dropped: Vec<Leftover>,
}

/// Shows every block, before and after its treatment, to the checks and meters that [`EvidenceOptions`]
/// asked for.
pub(crate) struct Observer<'a> {
    self_check: Option<SelfCheck<'a>>,
    /// Of a kept FLAC: the digest of the samples, which a WAV is read back for.
    samples: Option<Digester>,
    /// Whether the output is a WAV.
    is_wav: bool,
    meter: Option<SpanMeter>,
    waveform: Option<Waveform>,
}

impl<'a> Observer<'a> {
    /// `follower`: reads the output while it is written, for the self-check.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub(crate) fn new(
        options: EvidenceOptions,
        treatment: Treatment,
        windows: &Windows,
        spans: &Spans,
        (info, kept): (&'a StreamInfo, Kept),
        follower: Option<Follower>,
    ) -> Result<Self, Error> {
        let self_check = || SelfCheck::new(treatment, windows, info, (kept, follower));
        Ok(Self {
            self_check: options.self_check.then(self_check).transpose()?,
            samples: (matches!(kept, Kept::Flac(_)) && options.receipt).then(Digester::new),
            is_wav: kept == Kept::Nothing,
            meter: options.receipt.then(|| SpanMeter::new(spans, info.channels)),
            waveform: options.waveform.then(|| Waveform::new(info)),
        })
    }

    /// Observes a decoded block before its treatment.
    pub(crate) fn decoded(&mut self, block: &Block) {
        let view = BlockView::new(block);
        if let Some(self_check) = &mut self.self_check {
            self_check.decoded(&view);
        }
        if let Some(meter) = &mut self.meter {
            meter.decoded(&view);
        }
        if let Some(waveform) = &mut self.waveform {
            waveform.decoded(&view);
        }
    }

    /// Observes the same block after its treatment.
    pub(crate) fn treated(&mut self, block: &Block) {
        let view = BlockView::new(block);
        if let Some(self_check) = &mut self.self_check {
            self_check.treated(&view);
        }
        if let Some(samples) = &mut self.samples {
            samples.update(view.stored());
        }
        if let Some(meter) = &mut self.meter {
            meter.treated(&view);
        }
        if let Some(waveform) = &mut self.waveform {
            waveform.treated(&view);
        }
    }

    /// Notes how many bytes the same block has in the output.
    pub(crate) fn written(&mut self, bytes: u64) {
        if let Some(self_check) = &mut self.self_check {
            self_check.written(bytes);
        }
    }

    /// Reads back the output of `size` bytes. `head`: what a FLAC has before its first frame. `outline`:
    /// that of the pages of an Opus.
    ///
    /// # Errors
    /// [`Error::SelfCheck`]; [`Error::ReadBack`] for the output; [`Error::Read`] for the rest of the
    /// input.
    pub(crate) fn finish(
        self,
        decoder: &mut Decoder,
        spool: &Spool,
        (size, head, outline): (u64, Option<Head>, &Outline),
    ) -> Result<Evidence, Error> {
        let self_checked = self.self_check.is_some();
        let data_start = data_start(decoder, size);
        if let Some(self_check) = self.self_check {
            self_check.finish(spool, (data_start, size), head.as_ref(), outline)?;
        }
        let samples = self.samples.map(Digester::finish);
        let data_start = self.is_wav.then_some(data_start);
        let measured =
            self.meter.map(|meter| measurements(meter, samples, decoder, spool, data_start));
        let measurements = measured.transpose()?;
        Ok(Evidence { self_checked, measurements, waveform: self.waveform })
    }
}

/// `samples`: the digest of the samples, if it is known. `data_start`: where they are to be read back from.
fn measurements(
    meter: SpanMeter,
    samples: Option<Digest>,
    decoder: &mut Decoder,
    spool: &Spool,
    data_start: Option<u64>,
) -> Result<Measurements, Error> {
    let data = decoder.frames() * decoder.stream_info().frame_bytes();
    let file = spool.reader();
    // SHA-256 is the slowest step here, so the two digests run in parallel.
    let (output, samples) = thread::scope(|scope| {
        let stored = move |start| digest_of(spool.reader_from(start)?.take(data));
        let digest = move || match samples {
            Some(samples) => Ok(Some(samples)),
            None => data_start.map(stored).transpose(),
        };
        let samples = thread::Builder::new().spawn_scoped(scope, digest).map_err(Error::Thread)?;
        Ok((file.and_then(digest_of), samples.join()))
    })?;
    let samples = samples.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    Ok(Measurements {
        inputs: decoder.digests()?,
        output: output.map_err(Error::ReadBack)?,
        samples: samples.map_err(Error::ReadBack)?,
        spans: meter.finish(&decoder.timeline()),
        dropped: decoder.leftovers(),
    })
}

/// Where the samples start in a WAV of `size` bytes: they end with the file, or one padding byte before
/// that if there is an odd number of G.711 codes. Our G.711 writer pads as RIFF demands; hound does not.
fn data_start(decoder: &Decoder, size: u64) -> u64 {
    let info = decoder.stream_info();
    let data = decoder.frames() * info.frame_bytes();
    let padding = if info.format.is_g711() { data % 2 } else { 0 };
    size.saturating_sub(data + padding)
}

fn failed(reason: impl Into<String>) -> Error {
    Error::SelfCheck { reason: reason.into() }
}

#[cfg(test)]
mod tests;
