//! The pages of a kept Ogg Opus, one after the other.
//!
//! In: each page as it was read, and each audio packet as the decoder counts it. Out: pages with the same
//! flags, granule positions and pieces of packets. A page on which no packet becomes silence is the same
//! byte for byte. What can go wrong: a page or packet that is not understood to its last byte.

use std::collections::VecDeque;
use std::ops::Range;

use crate::ogg::{Outline, Page, Piece, SEGMENT, lace};
use crate::opus::{Head, Packet, Plan, Refusal, bare, silence};

mod hidden;
mod queued;

use hidden::{Hidden, MOST_SHARED};
use queued::{Decided, Held, Queue, Stage};

/// Writes pages anew.
pub(super) struct Rewriter {
    stage: Stage,
    /// The number that the pages of the stream bear.
    serial: u32,
    /// The number of its next page, and how much smaller numbers are in the output.
    next: u32,
    removed: u32,
    /// Streams in each packet; 0 before the first head.
    streams: u8,
    held: VecDeque<Held>,
    /// The packet that goes on on the next page, and how many pages it is on so far.
    partial: Option<(Vec<u8>, usize)>,
    /// Packets in order, from the first on a held page: decided ones, then the others, of which the decoder
    /// has counted some.
    decided: VecDeque<Decided>,
    waiting: Queue,
    plan: Plan,
    hidden: Hidden,
    /// Whether the next packet is the first of its stream.
    begins: bool,
    done: Rewritten,
}

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Rewritten {
    /// Frames that became silence. Sorted, never touching.
    pub(crate) replaced: Vec<Range<u64>>,
    /// That of the pages of the input, without those of comment headers.
    pub(crate) outline: Outline,
}

const TOO_FULL: Refusal = "an Ogg page that is too full for silence";
const OUT_OF_ORDER: Refusal = "an Ogg with pages out of order";
const SIDE_BY_SIDE: Refusal = "an Ogg with several streams side by side";
const OTHER_PACKET: Refusal = "an Ogg whose packets can be read in two ways";
const CUT_OFF: Refusal = "an Ogg stream that ends inside a packet";

impl Rewriter {
    /// `rate`: of the recording, in Hz.
    pub(super) fn new(rate: u32) -> Self {
        Self {
            stage: Stage::Head,
            serial: 0,
            next: 0,
            removed: 0,
            streams: 0,
            held: VecDeque::new(),
            partial: None,
            decided: VecDeque::new(),
            waiting: Queue::default(),
            plan: Plan::default(),
            hidden: Hidden::new(rate),
            begins: false,
            done: Rewritten::default(),
        }
    }

    /// Adds the next page of the file. Appends what can be written to `out`.
    ///
    /// # Errors
    /// The page is not understood.
    pub(super) fn page(&mut self, page: Page, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.check_place(&page)?;
        let is_last = page.has(Page::LAST);
        match self.stage {
            Stage::Head => self.head(page)?,
            Stage::Tags { pages } => self.tags(page, pages)?,
            Stage::Audio => self.audio(page),
        }
        if is_last {
            if self.partial.is_some() || !matches!(self.stage, Stage::Audio) {
                return Err(CUT_OFF);
            }
            self.stage = Stage::Head;
        }
        self.flush(out)
    }

    /// Checks that a page is the next one of its stream.
    fn check_place(&mut self, page: &Page) -> Result<(), Refusal> {
        if page.flags() & !(Page::CONTINUED | Page::FIRST | Page::LAST) != 0 {
            return Err("an Ogg page with unknown flags");
        }
        let is_first = matches!(self.stage, Stage::Head);
        if is_first {
            (self.serial, self.next, self.removed) = (page.serial(), 0, 0);
        }
        if page.has(Page::FIRST) != is_first || page.serial() != self.serial {
            return Err(SIDE_BY_SIDE);
        }
        let is_continued = self.partial.is_some();
        let is_empty = page.lacing().is_empty();
        if page.sequence() != self.next || (page.has(Page::CONTINUED) != is_continued && !is_empty)
        {
            return Err(OUT_OF_ORDER);
        }
        self.next = self.next.wrapping_add(1);
        Ok(())
    }

    fn head(&mut self, page: Page) -> Result<(), Refusal> {
        let head = match page.pieces().collect::<Vec<_>>().as_slice() {
            [Piece { bytes, ends: true }] => Head::parse(bytes)?,
            _ => return Err("an Ogg Opus with something beside its head"),
        };
        if self.streams != 0 && self.streams != head.streams {
            return Err("a chained Ogg whose parts differ in streams");
        }
        if self.streams != 0 && u32::from(head.pre_skip) > MOST_SHARED {
            return Err(hidden::OVERLAP);
        }
        self.streams = head.streams;
        self.stage = Stage::Tags { pages: 0 };
        self.hold(page, 0);
        Ok(())
    }

    /// A comment header is one packet, which ends its last page (RFC 7845, 3). The output has one page of it.
    fn tags(&mut self, page: Page, pages: u32) -> Result<(), Refusal> {
        let (mut bytes, count) = self.partial.take().unwrap_or_default();
        let mut ends = false;
        for piece in page.pieces() {
            if ends {
                return Err("an Ogg Opus with something beside its comment header");
            }
            bytes.extend_from_slice(piece.bytes);
            ends = piece.ends;
        }
        if !ends {
            self.stage = Stage::Tags { pages: pages + 1 };
            self.partial = Some((bytes, count + 1)).filter(|(bytes, _)| !bytes.is_empty());
            return Ok(());
        }
        let (tags, mut lacing, mut body) = (bare(&bytes)?, Vec::new(), Vec::new());
        lace(Piece { bytes: &tags, ends }, &mut lacing, &mut body);
        let flags = page.flags() & !Page::CONTINUED;
        self.removed = pages;
        let sequence = page.sequence() - pages;
        (self.stage, self.begins) = (Stage::Audio, true);
        let page = page.with(flags, sequence, &lacing, &body).ok_or(TOO_FULL)?;
        self.held.push_back(Held { page, sequence, pieces: 0 });
        Ok(())
    }

    fn audio(&mut self, page: Page) {
        let mut count = 0;
        for piece in page.pieces() {
            count += 1;
            let (mut bytes, pages) = self.partial.take().unwrap_or_default();
            if piece.ends {
                let begins = std::mem::take(&mut self.begins);
                self.waiting.push([&bytes, piece.bytes], pages + 1, begins);
            } else {
                bytes.extend_from_slice(piece.bytes);
                self.partial = Some((bytes, pages + 1));
            }
        }
        self.hold(page, count);
    }

    fn hold(&mut self, page: Page, pieces: usize) {
        self.done.outline.add(&page);
        let sequence = page.sequence().wrapping_sub(self.removed);
        self.held.push_back(Held { page, sequence, pieces });
    }

    /// Adds the next audio packet as the decoder has read it: the frames that it is decoded to, and whether
    /// a span touches them. Appends what can be written to `out`.
    ///
    /// # Errors
    /// The packet is not understood, or is not the one that the pages hold.
    pub(super) fn packet(
        &mut self,
        packet: &[u8],
        frames: Range<u64>,
        touched: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let length = Packet::parse(packet, self.streams)?.length();
        let begins = self.waiting.count(packet, &frames).ok_or(OTHER_PACKET)?;
        let heard = self.hidden.add(length, frames.end - frames.start, begins)?;
        self.plan.add(heard, touched);
        self.decide()?;
        self.flush(out)
    }

    /// No page and no packet follows. Appends the rest to `out`.
    ///
    /// # Errors
    /// Something is left that was not understood.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<Rewritten, Refusal> {
        self.plan.end();
        self.decide()?;
        self.flush(out)?;
        if self.partial.is_some() || matches!(self.stage, Stage::Tags { .. }) {
            return Err(CUT_OFF);
        }
        if !self.waiting.is_empty() || !self.held.is_empty() {
            return Err(OTHER_PACKET);
        }
        Ok(std::mem::take(&mut self.done))
    }

    fn decide(&mut self) -> Result<(), Refusal> {
        while let Some(replaced) = self.plan.next() {
            let (packet, bytes) = self.waiting.pop().ok_or(OTHER_PACKET)?;
            if !replaced {
                self.decided.push_back(Decided::Kept);
                continue;
            }
            // On each page but its last one it fills a segment.
            let least = (packet.pages - 1) * SEGMENT;
            let bytes = silence(bytes, self.streams, least)?;
            self.decided.push_back(Decided::Made { bytes, written: 0 });
            let frames = packet.frames;
            match self.done.replaced.last_mut() {
                Some(last) if last.end >= frames.start => last.end = last.end.max(frames.end),
                _ if frames.is_empty() => {}
                _ => self.done.replaced.push(frames),
            }
        }
        Ok(())
    }

    /// Writes the pages whose packets are all decided.
    fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        while self.held.front().is_some_and(|held| held.pieces <= self.decided.len()) {
            let Some(Held { page, sequence, pieces }) = self.held.pop_front() else { break };
            let mut on_page = self.decided.iter().take(pieces);
            if on_page.any(|packet| matches!(packet, Decided::Made { .. })) {
                out.extend_from_slice(self.remade(&page, sequence)?.bytes());
                continue;
            }
            if pieces > 0 {
                let ended = page.pieces().filter(|piece| piece.ends).count();
                self.decided.drain(..ended);
            }
            if sequence == page.sequence() {
                out.extend_from_slice(page.bytes());
            } else {
                let made = page.with(page.flags(), sequence, page.lacing(), page.body());
                out.extend_from_slice(made.ok_or(TOO_FULL)?.bytes());
            }
        }
        Ok(())
    }

    /// The page with silence in place of its packets, as was decided.
    fn remade(&mut self, page: &Page, sequence: u32) -> Result<Page, Refusal> {
        let (mut lacing, mut body) = (Vec::new(), Vec::new());
        for piece in page.pieces() {
            let bytes = match self.decided.front_mut().ok_or(OTHER_PACKET)? {
                Decided::Kept => piece.bytes,
                Decided::Made { bytes, written } => {
                    let rest = &bytes[*written..];
                    *written += SEGMENT;
                    if piece.ends { rest } else { &rest[..SEGMENT] }
                }
            };
            if !lace(Piece { bytes, ends: piece.ends }, &mut lacing, &mut body) {
                return Err(TOO_FULL);
            }
            if piece.ends {
                self.decided.pop_front();
            }
        }
        page.with(page.flags(), sequence, &lacing, &body).ok_or(TOO_FULL)
    }
}

#[cfg(test)]
mod tests;
