//! The writer of a kept Opus. In: the blocks of an Ogg Opus with their packets, and its pages; or those of a WebM,
//! and its bytes. Out: the same pages or bytes; the packets of treated blocks, and some around them, are silence, and
//! all others are byte for byte the input's. Of the comment header only the name of the encoder stays, of a WebM
//! what a player needs. Nothing is decoded. Errors: a file that is not understood to its last byte; a full disk.

use std::io::Write;
use std::ops::Range;

use super::BackgroundWriter;
use crate::block::Block;
use crate::error::Error;
use crate::ogg::{ByteQueue, Outline, PageQueue};
use crate::opus::Refusal;

mod elements;
mod rewriter;

use elements::ElementRewriter;
use rewriter::Rewriter;

/// The most frames at 48 kHz in a row that are cut off at an end. What encoders need there is less; what somebody
/// has cut off is still in the file, and no window can name it.
const MOST_HIDDEN: u32 = 120 * 48;

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Rewritten {
    /// Frames that became silence. Sorted, never touching.
    pub(crate) replaced: Vec<Range<u64>>,
    /// That of the pages of an Ogg, without those of comment headers.
    pub(crate) outline: Outline,
    /// Bytes of a WebM that are other ones than in the input. Sorted.
    pub(crate) changed: Vec<Range<u64>>,
    /// The hash of a whole WebM.
    pub(crate) hash: u64,
}

impl Rewritten {
    /// Notes that frames became silence, in order.
    fn add(&mut self, frames: Range<u64>) {
        match self.replaced.last_mut() {
            Some(last) if last.end >= frames.start => last.end = last.end.max(frames.end),
            _ if frames.is_empty() => {}
            _ => self.replaced.push(frames),
        }
    }
}

/// What makes the new file, and what is to come of the old one.
enum Work {
    Ogg(Rewriter, PageQueue),
    Webm(ElementRewriter, ByteQueue),
}

/// Writer of one Opus.
pub(crate) struct OpusWriter<'a> {
    output: &'a mut BackgroundWriter,
    work: Work,
    /// What can be written.
    ready: Vec<u8>,
}

impl<'a> OpusWriter<'a> {
    /// `pages`: those of the input, as they are read.
    pub(super) fn in_ogg(output: &'a mut BackgroundWriter, pages: PageQueue) -> Self {
        Self { output, work: Work::Ogg(Rewriter::new(), pages), ready: Vec::new() }
    }

    /// `bytes`: those of the input, as they are read.
    pub(super) fn in_matroska(output: &'a mut BackgroundWriter, bytes: ByteQueue) -> Self {
        let work = Work::Webm(ElementRewriter::default(), bytes);
        Self { output, work, ready: Vec::new() }
    }

    /// Appends the packet of a block.
    pub(super) fn write(&mut self, block: &Block, treated: bool) -> Result<u64, Error> {
        self.take_input()?;
        let Some(packet) = block.packet() else {
            return Err(Error::Write(std::io::Error::other("a block came without its packet")));
        };
        let frames = block.first()..block.end();
        // What is cut off is in no window.
        let touched = treated && !frames.is_empty();
        let done = match &mut self.work {
            Work::Ogg(ogg, _) => ogg.packet(packet, frames, touched, &mut self.ready),
            Work::Webm(webm, _) => webm.packet(packet, frames, touched, &mut self.ready),
        };
        done.map_err(refused)?;
        self.flush()
    }

    /// Writes the rest.
    pub(super) fn finish(mut self) -> Result<Rewritten, Error> {
        self.take_input()?;
        let Self { output, work, mut ready } = self;
        let done = match work {
            Work::Ogg(ogg, _) => ogg.finish(&mut ready),
            Work::Webm(webm, _) => webm.finish(&mut ready),
        };
        let done = done.map_err(refused)?;
        output.write_all(&ready).map_err(Error::Write)?;
        Ok(done)
    }

    fn take_input(&mut self) -> Result<(), Error> {
        let Self { work, ready, .. } = self;
        let done = match work {
            Work::Ogg(ogg, pages) => pages.take().try_for_each(|page| ogg.page(page, ready)),
            Work::Webm(webm, bytes) => bytes.take().try_for_each(|bytes| webm.add(&bytes, ready)),
        };
        done.map_err(refused)
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
