//! The pages of an Ogg file (RFC 3533, 6), checked as they pass.
//!
//! In: a stream. Out: the same pages, and an [`OggStatus`]. What can go wrong: a page that is
//! missing or damaged, or an end inside a page or a packet.
//!
//! One page is held back, so that it is known which is the last.

use std::collections::HashMap;
use std::io::{self, BufReader, Read};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::opus_granules::{OpusGranuleCheck, OpusPageQueue};
use crate::decode::container::error;
use crate::decode::container::guard::Container;
use crate::decode::input::InputMonitor;
use crate::error::Error;
use crate::ogg::{Next, Page, PageQueue};

/// Bytes that are read at once: several pages, which are read in pieces.
const READ_SIZE: usize = 64 * 1024;

/// What the pages so far have shown. Shared by the reader and the guard.
#[derive(Debug, Clone, Default)]
pub(super) struct OggStatus {
    /// The number of chained streams.
    pub(super) links: Arc<AtomicU64>,
    /// Whether the file has ended without the end-of-stream flag.
    pub(super) unterminated: Arc<AtomicBool>,
    /// The last granule position.
    pub(super) end: Arc<AtomicU64>,
    /// The pages of Opus streams.
    pub(super) opus_pages: OpusPageQueue,
    /// All pages, as long as somebody may keep them.
    pub(super) kept: PageQueue,
}

/// Passes an Ogg file on, page by page, each checked.
pub(super) struct CheckedPages<R> {
    inner: BufReader<R>,
    monitor: Arc<InputMonitor>,
    pub(super) status: OggStatus,
    /// The page that is being passed on; `None` before the first and at the end.
    page: Option<Page>,
    /// Bytes of it so far.
    given: usize,
    /// The page after it, once it was read; `Some(None)` at the end.
    ahead: Option<Option<Page>>,
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
            inner: BufReader::with_capacity(READ_SIZE, inner),
            monitor: Arc::clone(monitor),
            status: OggStatus { kept, ..OggStatus::default() },
            page: None,
            given: 0,
            ahead: None,
            streams: HashMap::new(),
            beginning: true,
            passed: PassedPages::default(),
        }
    }

    /// Goes to the next page; none at the end.
    fn turn(&mut self) -> Result<(), Error> {
        self.given = 0;
        self.page = match self.ahead.take() {
            Some(page) => page,
            None => self.read_page()?,
        };
        let ahead = if self.page.is_some() { self.read_page()? } else { None };
        if let Some(page) = &self.page {
            // Without the flag, the last page of the file is the last of its stream.
            let is_last = page.has(Page::LAST) || ahead.is_none();
            let passed = self.passed.page(page, is_last, &self.status.opus_pages);
            passed.map_err(damaged)?;
            if page.granule() >= 0 {
                self.status.end.store(page.granule().cast_unsigned(), Ordering::Relaxed);
            }
            self.status.kept.push(page);
        }
        self.ahead = Some(ahead);
        Ok(())
    }

    /// Reads a page and checks its place; none at the end.
    fn read_page(&mut self) -> Result<Option<Page>, Error> {
        let page = match Page::read(&mut self.inner).map_err(Error::Read)? {
            Next::Page(page) => page,
            // The source has ended before all streams have.
            Next::End if !self.is_over() => return self.end_open().map(|()| None),
            // After the last page of every stream anything may follow. It is not audio.
            Next::End => return Ok(None),
            Next::Foreign if self.is_over() => return Ok(None),
            Next::Foreign => return Err(damaged("it holds bytes that belong to no page")),
            Next::Cut => return Err(damaged("it ends inside a page")),
            Next::Damaged(number) => {
                return Err(damaged(format!(
                    "page {number} has a wrong checksum, or a version other than 0"
                )));
            }
        };
        self.check(&page)?;
        Ok(Some(page))
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

    /// Checks the place of a page among those of its stream.
    fn check(&mut self, page: &Page) -> Result<(), Error> {
        let (number, first) = (page.sequence(), page.has(Page::FIRST));
        // symphonia skips such a page.
        if page.flags() & !(Page::CONTINUED | Page::FIRST | Page::LAST) != 0 {
            return Err(damaged(format!("page {number} has unknown flags")));
        }
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
        let stream = self.streams.entry(page.serial()).or_insert_with(new);
        // Page numbers count up by one in each stream. After the last page there is none.
        if stream.next != Some(number) {
            return Err(damaged(format!("a page before page {number} is missing")));
        }
        stream.next = (!page.has(Page::LAST)).then_some(number.wrapping_add(1));
        // Header pages have granule position 0, and -1 where no packet ends.
        stream.begun |= page.granule() > 0;
        // symphonia drops half a packet.
        if page.has(Page::CONTINUED) != stream.partial && !page.lacing().is_empty() {
            return Err(damaged(format!("page {number} begins with another part of a packet")));
        }
        // A last segment of 255 bytes continues on the next page. A page without segments changes
        // nothing.
        stream.partial = page.lacing().last().map_or(stream.partial, |&size| size == 255);
        Ok(())
    }
}

impl PassedPages {
    /// Records a page that is passed on.
    fn page(
        &mut self,
        page: &Page,
        is_last: bool,
        queue: &OpusPageQueue,
    ) -> Result<(), &'static str> {
        let first = page.has(Page::FIRST);
        if first && !mem::replace(&mut self.beginning, first) {
            self.link += 1;
            self.opus.clear();
        }
        self.beginning = first;
        if first && page.body().starts_with(b"OpusHead") {
            self.opus.insert(page.serial(), OpusGranuleCheck::new(self.link));
        }
        let parts = (page.lacing(), page.body());
        match self.opus.get_mut(&page.serial()) {
            Some(opus) => opus.page(page.granule(), parts, is_last, queue),
            None => Ok(()),
        }
    }
}

impl<R: Read> Read for CheckedPages<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.page.as_ref().map_or(0, |page| page.bytes().len());
        let turned = if self.given == size { self.turn() } else { Ok(()) };
        if let Err(error) = turned {
            return self.monitor.fail_read(error);
        }
        let page = self.page.as_ref().map_or(&[][..], Page::bytes);
        let count = (&page[self.given..]).read(buffer)?;
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
        let page = Page::new(flags, 0, (serial.into(), number.into()), (&[], &[]));
        page.unwrap().bytes().to_vec()
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

    /// symphonia skips them, or a packet on them.
    #[test]
    fn a_page_that_the_reader_would_not_take_whole_is_refused() {
        let made = |flags, number: u32, lacing: &[u8], bytes: usize| {
            let page = Page::new(flags, 0, (1, number), (lacing, &vec![7; bytes]));
            page.unwrap().bytes().to_vec()
        };
        let file = |middle: u8, last: u8| {
            let open = made(middle, 1, &[3, 255], 258);
            [made(2, 0, &[3], 3), open, page(0, 1, 2), made(last, 3, &[3], 3)]
        };
        assert_eq!(read(&file(0, Page::LAST | Page::CONTINUED)), Ok(1));
        for bit in 3..8 {
            let error = read(&file(1 << bit, Page::LAST | Page::CONTINUED)).unwrap_err();
            assert!(error.contains("page 1 has unknown flags"), "{error}");
        }
        for (pages, number) in [(file(Page::CONTINUED, 5), 1), (file(0, Page::LAST), 3)] {
            let error = read(&pages).unwrap_err();
            assert!(error.contains(&format!("page {number} begins with another part")), "{error}");
        }
    }
}
