//! Ogg: whole pages, none of them missing or damaged.
//!
//! symphonia skips a page whose checksum is wrong and goes on with the next; what follows would
//! land early. Here the pages of each stream must count 0, 1, 2 … and be as their writer made them.
//! Where streams are chained, the ones before must have come to their end. What can go wrong: a page
//! that is not so, or an end before every stream has come to its own.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::checksum::Crc32;
use symphonia::core::formats::Track;
use symphonia::core::io::Monitor;
use symphonia::core::packet::Packet;
use symphonia::default::formats::OggReader;

use super::guard::{Container, Guard, Padding, Seen};
use super::reader::{Opened, Reader};
use super::timestamps::Clock;
use crate::block::Block;
use crate::decode::fault::Fault;
use crate::decode::input::{Input, InputMonitor, Media, read_up_to};
use crate::error::Error;

/// The fixed part of a page's header.
const HEADER: usize = 27;
/// Flags of a page.
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// Opens an Ogg. symphonia reads it to its end in search of a codec that it knows.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    monitor.count_idle();
    let pages = Pages::new(input.stream(), &monitor);
    let links = Arc::clone(&pages.links);
    let reader = Reader::open(Container::Ogg, Media::stream(pages), OggReader::try_new)
        .map_err(|_| Error::Unsupported { what: "an Ogg without a codec that is known".into() })?;
    Ok(Opened::new(reader, OggGuard { links, padding: Padding::default() }))
}

struct OggGuard {
    /// How many recordings are chained in it, as far as it has been read.
    links: Arc<AtomicU64>,
    padding: Padding,
}

impl Guard for OggGuard {
    fn container(&self) -> Container {
        Container::Ogg
    }

    fn clock(&self, _: &Track) -> Clock {
        Clock::Frames
    }

    /// The decoders have trimmed the end.
    fn decoded(&mut self, packet: &Packet, _: u64, _: u32, block: &mut Block) -> Result<(), Fault> {
        self.padding.check(Container::Ogg, packet.trim_end.get() > 0, block)
    }

    fn link(&mut self) {
        self.padding = Padding::default();
    }

    fn verdict(&mut self, seen: &Seen) -> Result<(), Error> {
        if self.links.load(Ordering::Relaxed) > seen.links {
            return Err(seen.truncated("it is chained, and a part of it cannot be decoded"));
        }
        Ok(())
    }
}

/// Pages, checked.
struct Pages<R> {
    inner: R,
    monitor: Arc<InputMonitor>,
    links: Arc<AtomicU64>,
    page: Vec<u8>,
    given: usize,
    /// The number of the next page of each stream; nothing once its last one has come.
    next: HashMap<u32, Option<u32>>,
    /// Whether only first pages have come so far, which stand together.
    beginning: bool,
}

impl<R: Read> Pages<R> {
    fn new(inner: R, monitor: &Arc<InputMonitor>) -> Self {
        let (monitor, links) = (Arc::clone(monitor), Arc::default());
        let (page, next) = (Vec::new(), HashMap::new());
        Self { inner, monitor, links, page, given: 0, next, beginning: true }
    }

    /// Reads the next page; an empty one at the end.
    fn turn(&mut self) -> Result<(), Error> {
        self.given = 0;
        self.page.clear();
        self.fill(HEADER)?;
        if self.page.is_empty() && !self.is_over() {
            return Err(damaged("it ends before a stream in it does"));
        }
        if self.page.is_empty() || (self.is_over() && !self.page.starts_with(b"OggS")) {
            // Behind the last page of every stream anything may lie; it is no audio.
            self.page.clear();
            return Ok(());
        }
        if self.page.len() < HEADER {
            return Err(damaged("it ends inside a page"));
        }
        if !self.page.starts_with(b"OggS") {
            return Err(damaged("something that is no page lies between its pages"));
        }
        let segments = usize::from(self.page[26]);
        self.fill(HEADER + segments)?;
        let body: usize = self.page[HEADER..].iter().map(|&size| usize::from(size)).sum();
        let whole = HEADER + segments + body;
        self.fill(whole)?;
        if self.page.len() < whole {
            return Err(damaged("it ends inside a page"));
        }
        self.check()
    }

    /// Whether every stream has come to its end.
    fn is_over(&self) -> bool {
        self.next.values().all(Option::is_none) && !self.next.is_empty()
    }

    fn fill(&mut self, count: usize) -> Result<(), Error> {
        let missing = count.saturating_sub(self.page.len());
        self.page.extend(read_up_to(&mut self.inner, missing as u64)?);
        Ok(())
    }

    fn check(&mut self) -> Result<(), Error> {
        let word = |at: usize| {
            self.page[at..at + 4].iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
        };
        let (serial, number, sum) = (word(14), word(18), word(22));
        let mut crc = Crc32::new(0);
        crc.process_buf_bytes(&self.page[..22]);
        crc.process_buf_bytes(&[0; 4]);
        crc.process_buf_bytes(&self.page[26..]);
        if crc.crc() != sum {
            return Err(damaged(&format!("page {number} has a wrong checksum")));
        }
        let first = self.page[5] & FIRST != 0;
        if first && !self.beginning {
            if !self.is_over() {
                return Err(damaged("a stream begins before the one before it has ended"));
            }
            self.next.clear();
        }
        if first && (!self.beginning || self.next.is_empty()) {
            self.links.fetch_add(1, Ordering::Relaxed);
        }
        self.beginning = first;
        let expected = self.next.get(&serial).copied().unwrap_or(Some(0));
        if expected != Some(number) {
            return Err(damaged(&format!("a page before page {number} is missing")));
        }
        let last = self.page[5] & LAST != 0;
        self.next.insert(serial, (!last).then_some(number.wrapping_add(1)));
        Ok(())
    }
}

impl<R: Read> Read for Pages<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let turned = if self.given == self.page.len() { self.turn() } else { Ok(()) };
        if let Err(error) = turned {
            return self.monitor.failed(error);
        }
        let count = buffer.len().min(self.page.len() - self.given);
        buffer[..count].copy_from_slice(&self.page[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

fn damaged(reason: &str) -> Error {
    Error::Container { container: "Ogg".into(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page without a packet.
    fn page(flags: u8, serial: u8, number: u8) -> Vec<u8> {
        let mut page = [b"OggS\0", [flags].as_slice(), &[0; 8]].concat();
        page.extend([serial, 0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut crc = Crc32::new(0);
        crc.process_buf_bytes(&page);
        page[22..26].copy_from_slice(&crc.crc().to_le_bytes());
        page
    }

    fn read(pages: &[Vec<u8>]) -> Result<u64, String> {
        let (monitor, bytes) = (Arc::default(), pages.concat());
        let mut reader = Pages::new(bytes.as_slice(), &monitor);
        drop(io::copy(&mut reader, &mut io::sink()));
        let links = reader.links.load(Ordering::Relaxed);
        monitor.check().map(|()| links).map_err(|error| error.to_string())
    }

    #[test]
    fn every_stream_must_come_to_its_end_before_another_begins() {
        let (one, two) = ([page(2, 1, 0), page(4, 1, 1)], [page(2, 2, 0), page(4, 2, 1)]);
        assert_eq!(read(&one), Ok(1));
        assert_eq!(read(&[one.concat(), two.concat()]), Ok(2));
        assert_eq!(read(&[one.concat(), one.concat()]), Ok(2), "the same serial number");
        assert_eq!(read(&[one[0].clone(), two[0].clone(), one[1].clone(), two[1].clone()]), Ok(1));
        assert_eq!(read(&[one.concat(), vec![0; 99]]), Ok(1), "what lies behind is no page");
        for (pages, reason) in [
            (vec![one[0].clone()], "ends before a stream in it does"),
            (vec![one.concat(), two[0].clone()], "ends before a stream in it does"),
            (vec![one[0].clone(), one[1][..20].to_vec()], "ends inside a page"),
            (vec![one[0].clone(), page(0, 1, 1), two.concat()], "the one before it has ended"),
            (vec![one[0].clone(), page(4, 1, 2)], "a page before page 2 is missing"),
        ] {
            let error = read(&pages).unwrap_err();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}
