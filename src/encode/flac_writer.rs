//! The writer of a kept FLAC. In: the blocks of a FLAC with their packets, one frame each. Out: the same
//! frames in the same order; those of treated blocks are encoded anew, with the same number and block
//! size, and all others are byte for byte the input's. Nothing else of the input is written: the metadata
//! is the streaminfo block and, if the input has one, the seek table, both with new numbers. A FLAC in an Ogg
//! gets new pages.
//! Errors: a full disk.

use std::io::{Seek, SeekFrom, Write};

use super::BackgroundWriter;
use crate::block::{Block, StreamInfo};
use crate::error::Error;
use crate::flac::{FrameHeader, Head, SeekPoint};

mod bits;
mod frame;
mod md5;
mod native;
mod pages;
mod rice;

use md5::Md5Thread;
use native::Native;
use pages::Pages;

/// Writer of one FLAC.
pub(crate) struct FlacWriter<'a> {
    output: &'a mut BackgroundWriter,
    head: Head,
    /// Of a FLAC in an Ogg.
    pages: Option<Pages>,
    native: Native,
    md5: Option<Md5Thread>,
    /// Samples of the frame in work, one list for each channel.
    channels: Vec<Vec<i32>>,
    /// Bytes after the head so far.
    bytes: u64,
    frames: u64,
    /// How many points of the seek table have their place.
    placed: usize,
}

impl<'a> FlacWriter<'a> {
    pub(super) fn new(
        output: &'a mut BackgroundWriter,
        info: &StreamInfo,
        mut head: Head,
        md5: bool,
    ) -> Result<Self, Error> {
        head.info.sizes = (u32::MAX, 0);
        head.info.md5 = [0; 16];
        // The numbers come at the end; the length stays.
        output.write_all(&head.bytes()).map_err(Error::Write)?;
        let native = Native::of(info.format, head.info.bits);
        Ok(Self {
            output,
            pages: head.serial.map(Pages::new),
            native,
            md5: md5.then(Md5Thread::new).transpose()?,
            channels: vec![Vec::new(); head.info.channels.into()],
            head,
            bytes: 0,
            frames: 0,
            placed: 0,
        })
    }

    /// Appends the frame of a block, and returns its size in bytes, without what pages add.
    pub(super) fn write(&mut self, block: &Block, treated: bool) -> Result<u64, Error> {
        let parsed = block.packet().and_then(|packet| Some((packet, FrameHeader::parse(packet)?)));
        let Some((packet, header)) = parsed else {
            return Err(Error::Write(std::io::Error::other("a block came without its frame")));
        };
        if (treated || self.md5.is_some()) && !block.is_decoded() {
            // Its samples are not known, so that it cannot be written as anything but the original.
            let reason = format!("frame {} was to be treated, and was not decoded", block.first());
            return Err(Error::SelfCheck { reason });
        }
        if let Some(md5) = &mut self.md5 {
            md5.update(&self.native.bytes(block))?;
        }
        let encoded = treated.then(|| {
            self.native.split(block, &mut self.channels);
            frame::encode(packet, &header, &self.channels, self.head.info.bits.into())
        });
        let bytes = encoded.as_deref().unwrap_or(packet);
        self.note(&header, bytes.len());
        let written = match &mut self.pages {
            Some(pages) => pages.add(bytes, self.frames, self.output),
            None => self.output.write_all(bytes),
        };
        written.map_err(Error::Write)?;
        Ok(bytes.len() as u64)
    }

    /// Notes a frame of `length` bytes in the numbers of the head.
    fn note(&mut self, header: &FrameHeader, length: usize) {
        let first = self.head.info.first_sample(header);
        let end = first + u64::from(header.frames);
        // Of the points inside this frame the first gets its place, and others, or points out of order,
        // get none.
        let points = &mut self.head.points[self.placed..];
        let passed = points.iter().take_while(|point| point.sample < end).count();
        let place = SeekPoint {
            sample: first,
            offset: self.bytes,
            frames: u16::try_from(header.frames).unwrap_or(u16::MAX),
        };
        let mut inside = points[..passed].iter_mut().filter(|point| point.sample >= first);
        let found = inside.next().map(|point| *point = place).is_some();
        let is_place = |point: &SeekPoint| found && *point == place;
        points[..passed].iter_mut().filter(|point| !is_place(point)).for_each(|point| {
            *point = SeekPoint::PLACEHOLDER;
        });
        self.placed += passed;
        let (least, most) = &mut self.head.info.sizes;
        let size = u32::try_from(length).unwrap_or(u32::MAX);
        (*least, *most) = ((*least).min(size), (*most).max(size));
        self.bytes += length as u64;
        self.frames += u64::from(header.frames);
    }

    /// Completes the head, and returns it.
    pub(super) fn finish(mut self) -> Result<Head, Error> {
        // Points past the end have no frame. Placeholders come last (RFC 9639, 8.5).
        self.head.points[self.placed..].fill(SeekPoint::PLACEHOLDER);
        self.head.points.sort_by_key(|point| point.sample);
        // There are 36 bits; 0 means that the number is not known.
        self.head.info.frames = if self.frames >> 36 == 0 { self.frames } else { 0 };
        // There are 24 bits.
        let (least, most) = self.head.info.sizes;
        self.head.info.sizes = if most >> 24 == 0 { (least, most) } else { (0, 0) };
        if let Some(pages) = self.pages {
            pages.finish(self.output).map_err(Error::Write)?;
        }
        if let Some(md5) = self.md5 {
            self.head.info.md5 = md5.finish()?;
        }
        let head = self.head.bytes();
        let done = self.output.seek(SeekFrom::Start(0)).and_then(|_| self.output.write_all(&head));
        done.map_err(Error::Write)?;
        Ok(self.head)
    }
}
