//! The second recording in step with the first, and samples of any format on one scale.

use crate::block::{Block, SampleFormat, Samples};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;
use crate::g711::Law;

/// Tags that name the tool which wrote a file: every encoder leaves one.
const TOOLS: [&str; 5] = ["ISFT", "ENCODER", "encoder", "TSSE", "\u{a9}too"];

/// The second recording, in pieces as long as the blocks of the first.
pub(super) struct Feed {
    pub(super) decoder: Decoder,
    block: Block,
    /// What has been decoded and not been taken.
    waiting: Samples,
    taken: Samples,
}

impl Feed {
    pub(super) fn open(source: Source) -> Result<Self, Error> {
        let decoder = Decoder::open(source)?;
        let recording = decoder.recording();
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

    /// Decodes the rest: how many frames there were, and what there was besides.
    pub(super) fn finish(mut self) -> Result<(u64, Vec<Leftover>), Error> {
        while self.decoder.next(&mut self.block)? {}
        let mut leftovers = self.decoder.leftovers();
        leftovers.retain(|leftover| !TOOLS.iter().any(|tool| leftover.name.ends_with(tool)));
        Ok((self.decoder.frames(), leftovers))
    }
}

/// Samples with full scale at ±1.
pub(super) fn levels(samples: &Samples, format: SampleFormat) -> Vec<f64> {
    let scaled = |full: f64| 1.0 / full;
    match samples {
        Samples::U8(codes) => {
            let law = if format == SampleFormat::ALaw { Law::A } else { Law::Mu };
            let table = law.table();
            codes.iter().map(|&code| f64::from(table[usize::from(code)]) / 32_768.0).collect()
        }
        Samples::I16(all) => {
            let scale = scaled(if format == SampleFormat::U8 { 128.0 } else { 32_768.0 });
            all.iter().map(|&sample| f64::from(sample) * scale).collect()
        }
        Samples::I32(all) => {
            let wide = format == SampleFormat::S32;
            let scale = scaled(if wide { 2_147_483_648.0 } else { 8_388_608.0 });
            all.iter().map(|&sample| f64::from(sample) * scale).collect()
        }
        Samples::F32(all) => all.iter().map(|&sample| f64::from(sample)).collect(),
    }
}
