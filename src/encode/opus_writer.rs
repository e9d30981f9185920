//! The writer of a kept Ogg Opus. In: the blocks of an Ogg Opus with their packets, and its pages. Out: the
//! same pages; the packets of treated blocks, and some around them, are silence, and all others are byte for
//! byte the input's. Of the comment header only the name of the encoder stays. Nothing is decoded. Errors: a
//! file that is not understood to its last byte; a full disk.

use std::io::Write;

use super::BackgroundWriter;
use crate::block::Block;
use crate::error::Error;
use crate::ogg::PageQueue;
use crate::opus::Refusal;

mod rewriter;

use rewriter::Rewriter;
pub(crate) use rewriter::Rewritten;

/// Writer of one Ogg Opus.
pub(crate) struct OpusWriter<'a> {
    output: &'a mut BackgroundWriter,
    pages: PageQueue,
    rewriter: Rewriter,
    /// What can be written.
    ready: Vec<u8>,
}

impl<'a> OpusWriter<'a> {
    /// `pages`: those of the input, as they are read.
    /// `rate`: of the recording, in Hz.
    pub(super) fn new(output: &'a mut BackgroundWriter, pages: PageQueue, rate: u32) -> Self {
        Self { output, pages, rewriter: Rewriter::new(rate), ready: Vec::new() }
    }

    /// Appends the packet of a block.
    pub(super) fn write(&mut self, block: &Block, treated: bool) -> Result<u64, Error> {
        self.take_pages()?;
        let Some(packet) = block.packet() else {
            return Err(Error::Write(std::io::Error::other("a block came without its packet")));
        };
        let frames = block.first()..block.end();
        self.rewriter.packet(packet, frames, treated, &mut self.ready).map_err(refused)?;
        self.flush()
    }

    /// Writes the rest.
    pub(super) fn finish(mut self) -> Result<Rewritten, Error> {
        self.take_pages()?;
        let done = self.rewriter.finish(&mut self.ready).map_err(refused)?;
        self.flush()?;
        Ok(done)
    }

    fn take_pages(&mut self) -> Result<(), Error> {
        while let Some(page) = self.pages.pop() {
            self.rewriter.page(page, &mut self.ready).map_err(refused)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<u64, Error> {
        let count = self.ready.len() as u64;
        if count > 0 {
            self.output.write_all(&self.ready).map_err(Error::Write)?;
            self.ready.clear();
        }
        Ok(count)
    }
}

fn refused(what: Refusal) -> Error {
    Error::Unsupported { what: format!("keeping {what} (use --encoding pcm)") }
}
