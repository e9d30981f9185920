//! The second recording in step with the first.

use crate::block::{Block, Samples};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;
use crate::level::amplitudes;

/// Tags that name the tool which wrote a file: every encoder leaves one.
const TOOLS: [&str; 5] = ["ISFT", "ENCODER", "encoder", "TSSE", "\u{a9}too"];

/// A tag of Matroska in which FFmpeg writes the length, as `00:00:38.007000000`, and so many bytes.
const LENGTH: (&str, u64) = ("DURATION", 18);

/// The second recording, in pieces as long as the blocks of the first.
pub(super) struct AlignedReader {
    pub(super) decoder: Decoder,
    block: Block,
    /// What has been decoded and not been taken.
    waiting: Samples,
    taken: Samples,
}

impl AlignedReader {
    pub(super) fn open(source: Source) -> Result<Self, Error> {
        let decoder = Decoder::open(source)?;
        let recording = decoder.stream_info();
        let block = Block::new(recording.format, recording.channels);
        let (waiting, taken) = (block.samples().clone(), block.samples().clone());
        Ok(Self { decoder, block, waiting, taken })
    }

    /// The next `count` samples; fewer at the end.
    pub(super) fn take(&mut self, count: usize) -> Result<&Samples, Error> {
        while self.waiting.len() < count && self.decoder.next(&mut self.block)? {
            let all = self.block.samples.len();
            self.block.samples.move_front(all, &mut self.waiting);
        }
        self.taken.clear();
        self.waiting.move_front(count, &mut self.taken);
        Ok(&self.taken)
    }

    /// Decodes the rest.
    pub(super) fn finish(mut self) -> Result<Rest, Error> {
        let format = self.decoder.stream_info().format;
        let loudest = |peak: f64, samples: &Samples| {
            amplitudes(samples, format).iter().fold(peak, |peak, level| {
                if level.is_finite() { peak.max(level.abs()) } else { f64::INFINITY }
            })
        };
        let mut peak = loudest(0.0, &self.waiting);
        while self.decoder.next(&mut self.block)? {
            peak = loudest(peak, self.block.samples());
        }
        let mut leftovers = self.decoder.leftovers();
        leftovers.retain(|leftover| {
            let is_length = leftover.name == LENGTH.0 && leftover.bytes <= LENGTH.1;
            !is_length && !TOOLS.iter().any(|tool| leftover.name.ends_with(tool))
        });
        Ok(Rest { frames: self.decoder.frames(), leftovers, peak })
    }
}

/// What there was when all was decoded.
pub(super) struct Rest {
    /// The frames of the whole recording.
    pub(super) frames: u64,
    /// What it holds besides.
    pub(super) leftovers: Vec<Leftover>,
    /// The loudest sample that was not taken.
    pub(super) peak: f64,
}
