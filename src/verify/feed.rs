//! The second recording in step with the first.

use crate::block::{Block, Samples};
use crate::decode::{Decoder, Leftover, Source};
use crate::error::Error;

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
