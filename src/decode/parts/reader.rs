//! One part, read as far as the others are.

use crate::block::Block;
use crate::decode::PartDecoder;
use crate::decode::input::PartSource;
use crate::error::Error;

/// The decoder of one part, with the frames that wait for those of other parts.
pub(super) struct PartReader {
    pub(super) key: Option<String>,
    pub(super) decoder: PartDecoder,
    block: Block,
    /// How many frames of the block were returned.
    taken: usize,
    pub(super) ended: bool,
}

impl PartReader {
    pub(super) fn open(part: PartSource) -> Result<Self, Error> {
        let key = part.key.clone();
        let decoder = PartDecoder::open(part)?;
        let info = decoder.stream_info();
        let block = Block::new(info.format, info.channels);
        Ok(Self { key, decoder, block, taken: 0, ended: false })
    }

    pub(super) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    /// How many frames wait; `None` after the end.
    pub(super) fn waiting(&self) -> Option<usize> {
        (!self.ended).then(|| self.block.frames() - self.taken)
    }

    /// Decodes the next block if no frame waits.
    pub(super) fn refill(&mut self) -> Result<(), Error> {
        if self.waiting() == Some(0) {
            self.ended = !self.decoder.next(&mut self.block)?;
            self.taken = 0;
            // A gap that is closed in one channel alone would move it against the others.
            if self.decoder.timeline().end() > self.decoder.frames() {
                let what = "closing a gap in one of several parts".into();
                return Err(Error::Unsupported { what });
            }
        }
        Ok(())
    }

    /// Copies the next frames to a channel of `block`, which has `frames` frames. After the end it does
    /// nothing, so what was there stays.
    pub(super) fn copy(&mut self, frames: usize, channel: usize, block: &mut Block) {
        if !self.ended {
            block.set_channel(channel, &self.block, self.taken);
            self.taken += frames;
        }
    }
}
