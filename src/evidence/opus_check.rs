//! The self-check of a kept Ogg Opus, in its own terms.
//!
//! The file is read back page by page, while it is written where that can be. Its pages must be those of the recording, apart from their
//! numbers and sizes. Every packet that is not near a window must be there byte for byte, at its place, and
//! every other one must be silence, as long as the packet that it replaces. Which those are is reckoned
//! here again, in another way than the writer does. From one second before each window to one second behind,
//! the packets are decoded, and must be zero inside.

use std::io::Read;
use std::iter::repeat_n;
use std::mem;
use std::ops::Range;
use std::sync::mpsc::Receiver;

use twox_hash::XxHash3_64;

use super::failed;
use super::oracle::{Oracle, merged};
use super::read_back::ReadBack;
use super::view::BlockView;
use crate::block::StreamInfo;
use crate::error::Error;
use crate::ogg::Outline;
use crate::opus::{is_silence, length};
use crate::spool::{Follower, Spool};
use crate::treatment::Treatment;
use crate::window::Windows;

mod pages;

use pages::{FoundPacket, read_pages};

/// What must become silence in front of a touched packet: packets, and frames at 48 kHz that are heard.
const IN_FRONT: (u64, u64) = (1, 20 * 48);
/// The same behind it.
const BEHIND: (u64, u64) = (2, 40 * 48);

/// Packets that are handed to the reader at once.
const BATCH: usize = 256;

/// The expected output of a redaction, collected packet by packet.
pub(super) struct OpusCheck {
    /// Frames inside windows. Sorted, never touching.
    touched: Vec<Range<u64>>,
    rate: u32,
    /// The next packets for the reader.
    batch: Vec<Expected>,
    read_back: ReadBack<Vec<Expected>, (Outline, Vec<Found>)>,
    runs: Vec<Run>,
    /// One past the last frame so far.
    end: u64,
}

/// A packet of the recording.
struct Expected {
    hash: u64,
    size: Size,
}

/// What the written file has in its place.
struct Found {
    is_same: bool,
    /// Whether it is near a window, and silence.
    is_silence: bool,
    /// Whether it was decoded, and is not zero inside a window.
    is_heard: bool,
}

/// Packets in a row that are as long as each other. Most recordings have few of them.
struct Run {
    packets: usize,
    size: Size,
}

/// The size of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    /// At 48 kHz.
    length: u32,
    /// Frames of the recording, without those that are cut off.
    frames: u32,
}

impl OpusCheck {
    /// `follower`: reads the file while it is written.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub(super) fn new(
        treatment: Treatment,
        windows: &Windows,
        info: &StreamInfo,
        follower: Option<Follower>,
    ) -> Result<Self, Error> {
        let touched = Oracle::new(treatment, windows, info).touched();
        let reader = Reader { touched: touched.clone(), zones: zones(&touched, info.rate) };
        let rate = info.rate;
        let compare = move |file: &mut dyn Read, expected: Receiver<Vec<Expected>>| {
            reader.compare(file, rate, expected.into_iter().flatten())
        };
        let read_back = ReadBack::new(follower, compare)?;
        Ok(Self { touched, rate, batch: Vec::new(), read_back, runs: Vec::new(), end: 0 })
    }

    /// Adds a packet as it was read.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        let block = view.block;
        let packet = block.packet().unwrap_or_default();
        let frames = u32::try_from(block.end() - self.end).unwrap_or(u32::MAX);
        self.end = block.end();
        let size = Size { length: length(packet), frames };
        self.batch.push(Expected { hash: hash_of(packet), size });
        if self.batch.len() == BATCH {
            self.read_back.expect(mem::replace(&mut self.batch, Vec::with_capacity(BATCH)));
        }
        match self.runs.last_mut() {
            Some(run) if run.size == size => run.packets += 1,
            _ => self.runs.push(Run { packets: 1, size }),
        }
    }

    /// Reads the file back. `outline`: that of the pages of the recording, without those of comments.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when it is not the expected file; [`Error::ReadBack`] when it cannot be read.
    pub(super) fn finish(mut self, spool: &Spool, outline: &Outline) -> Result<(), Error> {
        let silent = self.silent();
        self.read_back.expect(self.batch);
        let (pages, packets) = self.read_back.finish(spool)?;
        for (number, found) in (0..).zip(packets) {
            match meets(&silent, &(number..number + 1)) {
                true if !found.is_silence => {
                    return Err(failed("a packet near a window is not silence"));
                }
                false if !found.is_same => {
                    return Err(failed("a packet outside the windows has changed"));
                }
                // One in front of it is silent too, so no sound goes on in it.
                _ if found.is_heard => {
                    return Err(failed("a packet inside the windows is not decoded to silence"));
                }
                _ => {}
            }
        }
        if pages != *outline {
            return Err(failed("a page of the written file is not that of the recording"));
        }
        Ok(())
    }

    /// The sizes of the packets.
    fn sizes(&self) -> impl DoubleEndedIterator<Item = Size> {
        self.runs.iter().flat_map(|run| repeat_n(run.size, run.packets))
    }

    /// The numbers of the packets that must be silence.
    fn silent(&self) -> Vec<Range<u64>> {
        let mut first = 0;
        let is_touched = |size: Size| {
            let frames = first..first + u64::from(size.frames);
            first = frames.end;
            meets(&self.touched, &frames)
        };
        let touched: Vec<bool> = self.sizes().map(is_touched).collect();
        // What is cut off is silent together with what is beside it.
        let unit = 48_000 / u64::from(self.rate);
        let lengths = || self.sizes().map(|size| u64::from(size.frames) * unit);
        let behind = near(touched.iter().copied().zip(lengths()), BEHIND);
        let mut in_front = near(touched.iter().rev().copied().zip(lengths().rev()), IN_FRONT);
        in_front.reverse();
        let is_silent =
            behind.into_iter().zip(in_front).map(|(behind, in_front)| behind || in_front);
        let numbers = (0..).zip(is_silent).filter(|&(_, is_silent)| is_silent);
        merged(numbers.map(|(number, _)| number..number + 1).collect())
    }
}

/// The frames that are decoded: from one second before each window to one second behind.
fn zones(touched: &[Range<u64>], rate: u32) -> Vec<Range<u64>> {
    let second = u64::from(rate);
    let wide =
        |range: &Range<u64>| range.start.saturating_sub(second)..range.end.saturating_add(second);
    merged(touched.iter().map(wide).collect())
}

/// Compares the written file with the packets of the recording.
struct Reader {
    /// As in [`OpusCheck`].
    touched: Vec<Range<u64>>,
    /// Frames that are decoded. Sorted, never touching.
    zones: Vec<Range<u64>>,
}

impl Reader {
    /// Reads the file to its end. Returns the outline of its pages, and what each packet is.
    fn compare(
        &self,
        file: &mut dyn Read,
        rate: u32,
        mut expected: impl Iterator<Item = Expected>,
    ) -> Result<(Outline, Vec<Found>), Error> {
        let (mut packets, mut end) = (Vec::new(), 0);
        let outline = read_pages(file, rate, |packet| {
            let Some(expected) = expected.next() else {
                return Err(failed("the written file has more packets than the recording"));
            };
            if length(packet.bytes) != expected.size.length {
                return Err(failed("a packet of the written file is not at its place"));
            }
            let is_same = hash_of(packet.bytes) == expected.hash;
            let frames = end..end + u64::from(expected.size.frames);
            end = frames.end;
            packets.push(self.found(packet, &frames, is_same)?);
            Ok(())
        })?;
        if expected.next().is_some() {
            return Err(failed("the written file lacks packets of the recording"));
        }
        Ok((outline, packets))
    }

    /// Examines a packet with these frames. Far from all windows it need not be silence.
    fn found(
        &self,
        packet: FoundPacket<'_>,
        frames: &Range<u64>,
        is_same: bool,
    ) -> Result<Found, Error> {
        // A packet of which nothing is heard goes with the frame after it.
        if !meets(&self.zones, &(frames.start..frames.end.max(frames.start + 1))) {
            packet.decoder.leave_out();
            return Ok(Found { is_same, is_silence: false, is_heard: false });
        }
        let undecoded = |error| failed(format!("a packet cannot be decoded: {error}"));
        let samples = packet.decoder.decode(packet.bytes).map_err(undecoded)?;
        let is_heard = meets(&self.touched, frames) && samples.iter().any(|&sample| sample != 0);
        let is_silence = is_silence(packet.bytes, packet.streams);
        Ok(Found { is_same, is_silence, is_heard })
    }
}

/// Whether `frames`, or the place between two of them where they are none, are in one of the ranges, which are
/// sorted and do not touch.
fn meets(ranges: &[Range<u64>], frames: &Range<u64>) -> bool {
    let from = ranges.partition_point(|range| range.end <= frames.start);
    ranges.get(from).is_some_and(|range| range.start < frames.end)
}

/// Of packets in a row, touched or not, each with what is heard of it: which are touched, or come after one that is, with
/// fewer than so many packets or frames between.
fn near(packets: impl Iterator<Item = (bool, u64)>, (least, frames): (u64, u64)) -> Vec<bool> {
    let mut since = None;
    let mut is_near = |(touched, length): (bool, u64)| {
        if touched {
            since = Some((0, 0));
            return true;
        }
        let Some((packets, covered)) = &mut since else { return false };
        let is_near = *packets < least || *covered < frames;
        *packets += 1;
        *covered += length;
        is_near
    };
    packets.map(&mut is_near).collect()
}

fn hash_of(packet: &[u8]) -> u64 {
    XxHash3_64::oneshot(packet)
}

#[cfg(test)]
mod tests;
