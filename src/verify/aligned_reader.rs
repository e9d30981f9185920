//! Reads the redacted recording in step with the blocks of the original.

use super::packets::PacketLog;
use crate::block::{Block, Samples};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;
use crate::level::amplitudes;

/// Tags with the name of the encoder, which every encoder writes.
const ENCODER_TAGS: [&str; 5] = ["ISFT", "ENCODER", "encoder", "TSSE", "\u{a9}too"];

/// The Matroska tag in which FFmpeg writes the length, and its largest size: `00:00:38.007000000`.
const LENGTH_TAG: (&str, u64) = ("DURATION", 18);

/// The redacted recording, in pieces as long as the blocks of the original.
pub(super) struct AlignedReader {
    pub(super) decoder: Decoder,
    block: Block,
    /// Samples that were decoded and not yet taken.
    pending: Samples,
    taken: Samples,
    /// The packets, if they are compared.
    pub(super) log: Option<PacketLog>,
}

/// The end of the redacted recording.
pub(super) struct Tail {
    /// The frames of the whole recording.
    pub(super) frames: u64,
    /// What the recording holds besides audio.
    pub(super) leftovers: Vec<Leftover>,
    /// The peak of the samples after the end of the original.
    pub(super) peak: f64,
    /// The packets, if they are compared.
    pub(super) log: Option<PacketLog>,
}

impl AlignedReader {
    pub(super) fn open(source: Source) -> Result<Self, Error> {
        let decoder = Decoder::open(source)?;
        let info = decoder.stream_info();
        let block = Block::new(info.format, info.channels);
        let (pending, taken) = (block.samples().clone(), block.samples().clone());
        Ok(Self { decoder, block, pending, taken, log: None })
    }

    /// The next `count` samples; fewer at the end.
    pub(super) fn take(&mut self, count: usize) -> Result<&Samples, Error> {
        while self.pending.len() < count && self.decoder.next(&mut self.block)? {
            self.note();
            let all = self.block.samples.len();
            self.block.samples.move_front(all, &mut self.pending);
        }
        self.taken.clear();
        self.pending.move_front(count, &mut self.taken);
        Ok(&self.taken)
    }

    fn note(&mut self) {
        if let Some(log) = &mut self.log {
            log.add(&self.block, &self.decoder);
        }
    }

    /// Decodes the rest.
    pub(super) fn finish(mut self) -> Result<Tail, Error> {
        let format = self.decoder.stream_info().format;
        let peak_of = |samples: &Samples| {
            let finite = |level: f64| if level.is_finite() { level.abs() } else { f64::INFINITY };
            amplitudes(samples, format).into_iter().map(finite).fold(0.0, f64::max)
        };
        let mut peak = peak_of(&self.pending);
        while self.decoder.next(&mut self.block)? {
            self.note();
            peak = peak.max(peak_of(self.block.samples()));
        }
        let mut leftovers = self.decoder.leftovers();
        leftovers.retain(|leftover| {
            let is_length = leftover.name == LENGTH_TAG.0 && leftover.bytes <= LENGTH_TAG.1;
            !is_length && !ENCODER_TAGS.iter().any(|tag| leftover.name.ends_with(tag))
        });
        Ok(Tail { frames: self.decoder.frames(), leftovers, peak, log: self.log })
    }
}
