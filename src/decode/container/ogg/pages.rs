//! The pages of an Ogg file (RFC 3533, 6), checked as they pass.
//!
//! In: a stream. Out: the same pages, and an [`OggStatus`]. What can go wrong: a page that is
//! missing or damaged, or an end inside a page or a packet.
//!
//! One page is held back, so that it is known which is the last.

use std::collections::HashMap;
use std::io::{self, Read};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::opus_granules::{OpusGranuleCheck, OpusPageQueue};
use crate::decode::container::error;
use crate::decode::container::guard::Container;
use crate::decode::input::{InputMonitor, read_up_to};
use crate::error::Error;
use crate::ogg::{PageQueue, crc32};

/// Bytes of the fixed part of a page header.
const HEADER: usize = 27;
/// Header type flags: first page of a stream, and last page.
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// What the pages so far have shown. Shared by the reader and the guard.
#[derive(Debug, Clone, Default)]
pub(super) struct OggStatus {
    /// The number of chained streams.
    pub(super) links: Arc<AtomicU64>,
    /// Whether the file has ended without the end-of-stream flag.
    pub(super) unterminated: Arc<AtomicBool>,
    /// The pages of Opus streams.
    pub(super) opus_pages: OpusPageQueue,
    /// All pages, as long as somebody may keep them.
    pub(super) kept: PageQueue,
}

/// Passes an Ogg file on, page by page, each checked.
pub(super) struct CheckedPages<R> {
    inner: R,
    monitor: Arc<InputMonitor>,
    pub(super) status: OggStatus,
    /// The page that is being passed on.
    page: Vec<u8>,
    /// Bytes of it so far.
    given: usize,
    /// The page after it; empty at the end. `None` before the first page.
    ahead: Option<Vec<u8>>,
    /// The logical streams by serial number.
    streams: HashMap<u32, LogicalStream>,
    /// Whether only first pages of streams were read so far. They come together.
    beginning: bool,
    passed: PassedPages,
}

/// A logical stream, as far as it was read.
struct LogicalStream {
    /// The sequence number of its next page; `None` after its last one.
    next: Option<u32>,
    /// Whether a packet continues on its next page.
    partial: bool,
    /// Whether audio was read, after the headers.
    begun: bool,
}

/// The pages that were passed on.
#[derive(Default)]
struct PassedPages {
    link: u64,
    /// Whether the last page was the first of a stream.
    beginning: bool,
    /// The Opus streams by serial number.
    opus: HashMap<u32, OpusGranuleCheck>,
}

impl<R: Read> CheckedPages<R> {
    /// `kept`: gets every page that is passed on.
    pub(super) fn new(inner: R, monitor: &Arc<InputMonitor>, kept: PageQueue) -> Self {
        Self {
            inner,
            monitor: Arc::clone(monitor),
            status: OggStatus { kept, ..OggStatus::default() },
            page: Vec::new(),
            given: 0,
            ahead: None,
            streams: HashMap::new(),
            beginning: true,
            passed: PassedPages::default(),
        }
    }

    /// Goes to the next page; an empty one at the end.
    fn turn(&mut self) -> Result<(), Error> {
        self.given = 0;
        self.page = match self.ahead.take() {
            Some(page) => page,
            None => self.read_page()?,
        };
        let ahead = if self.page.is_empty() { Vec::new() } else { self.read_page()? };
        if !self.page.is_empty() {
            // Without the flag, the last page of the file is the last of its stream.
            let is_last = self.page[5] & LAST != 0 || ahead.is_empty();
            let passed = self.passed.page(&self.page, is_last, &self.status.opus_pages);
            passed.map_err(damaged)?;
            self.status.kept.push(&self.page);
        }
        self.ahead = Some(ahead);
        Ok(())
    }

    /// Reads a page and checks it; an empty one at the end.
    fn read_page(&mut self) -> Result<Vec<u8>, Error> {
        let mut page = read_up_to(&mut self.inner, HEADER as u64)?;
        // The source has ended before all streams have.
        if page.is_empty() && !self.is_over() {
            return self.end_open().map(|()| page);
        }
        if page.is_empty() || (self.is_over() && !page.starts_with(b"OggS")) {
            // After the last page of every stream anything may follow. It is not audio.
            return Ok(Vec::new());
        }
        if page.len() < HEADER {
            return Err(damaged("it ends inside a page"));
        }
        if !page.starts_with(b"OggS") {
            return Err(damaged("it holds bytes that belong to no page"));
        }
        // The segment table gives the size of the body (RFC 3533, 6).
        let segments = usize::from(page[26]);
        page.extend(read_up_to(&mut self.inner, segments as u64)?);
        let body: usize = page[HEADER..].iter().map(|&size| usize::from(size)).sum();
        page.extend(read_up_to(&mut self.inner, body as u64)?);
        if page.len() < HEADER + segments + body {
            return Err(damaged("it ends inside a page"));
        }
        self.check(&page)?;
        Ok(page)
    }

    /// Whether every stream has ended.
    fn is_over(&self) -> bool {
        self.streams.values().all(|stream| stream.next.is_none()) && !self.streams.is_empty()
    }

    /// Checks an end of the source without the end-of-stream flag, which some recorders never set.
    /// If a packet continues, something is missing.
    fn end_open(&self) -> Result<(), Error> {
        let open = || self.streams.values().filter(|stream| stream.next.is_some());
        if self.streams.is_empty() || open().any(|stream| !stream.begun) {
            return Err(damaged("it ends before a stream in it does"));
        }
        // A cut at the end of a page leaves no other trace.
        if open().any(|stream| stream.partial) {
            return Err(damaged("it ends inside a packet"));
        }
        self.status.unterminated.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Checks the checksum of a page, and its place among those of its stream.
    fn check(&mut self, page: &[u8]) -> Result<(), Error> {
        let (serial, number, sum) = (word(page, 14), word(page, 18), word(page, 22));
        // The checksum counts as 0 in its own computation (RFC 3533, 6).
        let crc = crc32(crc32(crc32(0, &page[..22]), &[0; 4]), &page[26..]);
        if crc != sum {
            return Err(damaged(format!("page {number} has a wrong checksum")));
        }
        let first = page[5] & FIRST != 0;
        // First pages of streams that run side by side come together. Another one begins the next
        // link of a chain (RFC 3533, 4).
        if first && !self.beginning {
            if !self.is_over() {
                return Err(damaged("a stream begins before the previous one has ended"));
            }
            self.streams.clear();
        }
        if first && (!self.beginning || self.streams.is_empty()) {
            self.status.links.fetch_add(1, Ordering::Relaxed);
        }
        self.beginning = first;
        let new = || LogicalStream { next: Some(0), partial: false, begun: false };
        let stream = self.streams.entry(serial).or_insert_with(new);
        // Page numbers count up by one in each stream. After the last page there is none.
        if stream.next != Some(number) {
            return Err(damaged(format!("a page before page {number} is missing")));
        }
        stream.next = (page[5] & LAST == 0).then_some(number.wrapping_add(1));
        // Header pages have granule position 0, and -1 where no packet ends.
        stream.begun |= granule(page) > 0;
        // A last segment of 255 bytes continues on the next page. A page without segments changes
        // nothing.
        stream.partial = parts(page).0.last().map_or(stream.partial, |&size| size == 255);
        Ok(())
    }
}

impl PassedPages {
    /// Records a page that is passed on.
    fn page(
        &mut self,
        page: &[u8],
        is_last: bool,
        queue: &OpusPageQueue,
    ) -> Result<(), &'static str> {
        let first = page[5] & FIRST != 0;
        if first && !mem::replace(&mut self.beginning, first) {
            self.link += 1;
            self.opus.clear();
        }
        self.beginning = first;
        let (segments, body) = parts(page);
        if first && body.starts_with(b"OpusHead") {
            self.opus.insert(word(page, 14), OpusGranuleCheck::new(self.link));
        }
        match self.opus.get_mut(&word(page, 14)) {
            Some(opus) => opus.page(granule(page), (segments, body), is_last, queue),
            None => Ok(()),
        }
    }
}

/// The segment table of a page, and its body.
fn parts(page: &[u8]) -> (&[u8], &[u8]) {
    page[HEADER..].split_at(usize::from(page[26]))
}

fn word(page: &[u8], at: usize) -> u32 {
    page[at..at + 4].iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

fn granule(page: &[u8]) -> i64 {
    let (low, high) = (word(page, 6), word(page, 10));
    (u64::from(high) << 32 | u64::from(low)).cast_signed()
}

impl<R: Read> Read for CheckedPages<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let turned = if self.given == self.page.len() { self.turn() } else { Ok(()) };
        if let Err(error) = turned {
            return self.monitor.fail_read(error);
        }
        let count = buffer.len().min(self.page.len() - self.given);
        buffer[..count].copy_from_slice(&self.page[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

fn damaged(reason: impl Into<String>) -> Error {
    error::damaged(Container::Ogg, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page without a packet.
    fn page(flags: u8, serial: u8, number: u8) -> Vec<u8> {
        let mut page = [b"OggS\0", [flags].as_slice(), &[0; 8]].concat();
        page.extend([serial, 0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, 0]);
        let sum = crc32(0, &page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    }

    fn read(pages: &[Vec<u8>]) -> Result<u64, String> {
        let (monitor, bytes) = (Arc::default(), pages.concat());
        let mut reader = CheckedPages::new(bytes.as_slice(), &monitor, PageQueue::default());
        drop(io::copy(&mut reader, &mut io::sink()));
        let links = reader.status.links.load(Ordering::Relaxed);
        monitor.check().map(|()| links).map_err(|error| error.to_string())
    }

    #[test]
    fn every_stream_must_come_to_its_end_before_another_begins() {
        let (one, two) = ([page(2, 1, 0), page(4, 1, 1)], [page(2, 2, 0), page(4, 2, 1)]);
        assert_eq!(read(&one), Ok(1));
        assert_eq!(read(&[one.concat(), two.concat()]), Ok(2));
        assert_eq!(read(&[one.concat(), one.concat()]), Ok(2), "the same serial number");
        assert_eq!(read(&[one[0].clone(), two[0].clone(), one[1].clone(), two[1].clone()]), Ok(1));
        assert_eq!(read(&[one.concat(), vec![0; 99]]), Ok(1), "bytes after the last page");
        for (pages, reason) in [
            (vec![one[0].clone()], "ends before a stream in it does"),
            (vec![one.concat(), two[0].clone()], "ends before a stream in it does"),
            (vec![one[0].clone(), one[1][..20].to_vec()], "ends inside a page"),
            (vec![one[0].clone(), page(0, 1, 1), two.concat()], "the previous one has ended"),
            (vec![one[0].clone(), page(4, 1, 2)], "a page before page 2 is missing"),
        ] {
            let error = read(&pages).unwrap_err();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}
