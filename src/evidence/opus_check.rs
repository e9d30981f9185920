//! The self-check of a kept Opus, in its own terms.
//!
//! The file is read back: an Ogg page by page, a Matroska as any recording is. The pages of an Ogg must be those of
//! the recording, apart from their numbers and sizes; in a Matroska every other byte must be. Every packet that is
//! not near a window must be there byte for byte, at its place, and every other one must be silence, as long as the
//! packet that it replaces. Which those are is reckoned here again, in another way than the writer does. From one
//! second before each window to one second behind, the packets are decoded, and must be zero inside.

use std::iter::repeat_n;
use std::ops::Range;

use twox_hash::XxHash3_64;

use super::oracle::{Oracle, merged};
use super::self_check::Changes;
use super::view::BlockView;
use super::{failed, webm_check};
use crate::block::{Block, Samples, StreamInfo};
use crate::error::Error;
use crate::opus::{is_silence, length};
use crate::spool::Spool;
use crate::treatment::Treatment;
use crate::window::Windows;

mod read_back;

use read_back::{FoundPacket, decode_back, read_back};

/// What must become silence in front of a touched packet: packets, and frames at 48 kHz.
const IN_FRONT: (u64, u64) = (1, 20 * 48);
/// The same behind it.
const BEHIND: (u64, u64) = (2, 40 * 48);

/// The expected output of a redaction, collected packet by packet.
pub(super) struct OpusCheck {
    /// Frames inside windows. Sorted, never touching.
    touched: Vec<Range<u64>>,
    rate: u32,
    is_matroska: bool,
    /// Of each packet of the recording.
    hashes: Vec<u64>,
    runs: Vec<Run>,
    /// The first frame of the first packet, and one past the last of the last.
    frames: Range<u64>,
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
    frames: u64,
}

impl OpusCheck {
    pub(super) fn new(treatment: Treatment, windows: &Windows, info: &StreamInfo) -> Self {
        let touched = Oracle::new(treatment, windows, info).touched();
        let (rate, is_matroska) = (info.rate, info.container == "matroska");
        Self { touched, rate, is_matroska, hashes: Vec::new(), runs: Vec::new(), frames: 0..0 }
    }

    /// Adds a packet as it was read.
    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        let block = view.block;
        let packet = block.packet().unwrap_or_default();
        if self.hashes.is_empty() {
            self.frames = block.first()..block.first();
        }
        let size = Size { length: length(packet), frames: block.end() - self.frames.end };
        self.frames.end = block.end();
        self.hashes.push(hash_of(packet));
        match self.runs.last_mut() {
            Some(run) if run.size == size => run.packets += 1,
            _ => self.runs.push(Run { packets: 1, size }),
        }
    }

    /// Reads the file of `size` bytes back.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when it is not the expected file; [`Error::ReadBack`] when it cannot be read.
    pub(super) fn finish(self, spool: &Spool, size: u64, changes: &Changes) -> Result<(), Error> {
        let mut walk = Walk {
            silent: &self.silent(),
            zones: &self.zones(),
            touched: &self.touched,
            expected: (0..).zip(self.hashes.iter().zip(self.sizes())),
            end: self.frames.start,
        };
        if self.is_matroska {
            webm_check::check(spool, size, changes)?;
            let zones = walk.zones.to_vec();
            decode_back(spool, (self.rate, zones), |block, streams| walk.block(block, streams))?;
        } else if read_back(spool, self.rate, |packet| walk.packet(packet))? != changes.outline {
            return Err(failed("a page of the written file is not that of the recording"));
        }
        if walk.expected.next().is_some() {
            return Err(failed("the written file lacks packets of the recording"));
        }
        Ok(())
    }

    /// The sizes of the packets.
    fn sizes(&self) -> impl DoubleEndedIterator<Item = Size> {
        self.runs.iter().flat_map(|run| repeat_n(run.size, run.packets))
    }

    /// The numbers of the packets that must be silence.
    fn silent(&self) -> Vec<Range<u64>> {
        let mut first = self.frames.start;
        let is_touched = |size: Size| {
            let frames = first..first + size.frames;
            first = frames.end;
            meets(&self.touched, &frames)
        };
        let touched: Vec<bool> = self.sizes().map(is_touched).collect();
        let lengths = || self.sizes().map(|size| u64::from(size.length));
        let behind = near(touched.iter().copied().zip(lengths()), BEHIND);
        let mut in_front = near(touched.iter().rev().copied().zip(lengths().rev()), IN_FRONT);
        in_front.reverse();
        let is_silent =
            behind.into_iter().zip(in_front).map(|(behind, in_front)| behind || in_front);
        let numbers = (0..).zip(is_silent).filter(|&(_, is_silent)| is_silent);
        merged(numbers.map(|(number, _)| number..number + 1).collect())
    }

    /// The frames that are decoded: from one second before each window to one second behind.
    fn zones(&self) -> Vec<Range<u64>> {
        let second = u64::from(self.rate);
        let wide = |range: &Range<u64>| {
            range.start.saturating_sub(second)..range.end.saturating_add(second)
        };
        merged(self.touched.iter().map(wide).collect())
    }
}

/// The packets of the written file against those of the recording.
struct Walk<'a, I> {
    /// The numbers of the packets that must be silence.
    silent: &'a [Range<u64>],
    /// Frames that are decoded, and those that must be zero.
    zones: &'a [Range<u64>],
    touched: &'a [Range<u64>],
    /// The number, the hash and the size of each packet that is to come.
    expected: I,
    /// One past the last frame so far.
    end: u64,
}

impl<'a, I: Iterator<Item = (u64, (&'a u64, Size))>> Walk<'a, I> {
    /// Compares the next packet, and returns its frames.
    fn next(&mut self, packet: &[u8], streams: u8) -> Result<Range<u64>, Error> {
        let Some((number, (&hash, size))) = self.expected.next() else {
            return Err(failed("the written file has more packets than the recording"));
        };
        if length(packet) != size.length {
            return Err(failed("a packet of the written file is not at its place"));
        }
        match meets(self.silent, &(number..number + 1)) {
            true if !is_silence(packet, streams) => {
                return Err(failed("a packet near a window is not silence"));
            }
            false if hash_of(packet) != hash => {
                return Err(failed("a packet outside the windows has changed"));
            }
            _ => {}
        }
        let frames = self.end..self.end + size.frames;
        self.end = frames.end;
        Ok(frames)
    }

    /// Checks a packet of an Ogg, and decodes it if it is in one of the zones.
    fn packet(&mut self, packet: FoundPacket<'_>) -> Result<(), Error> {
        let frames = self.next(packet.bytes, packet.streams)?;
        // A packet of which nothing is heard goes with the frame after it.
        if !meets(self.zones, &(frames.start..frames.end.max(frames.start + 1))) {
            packet.decoder.leave_out();
            return Ok(());
        }
        let undecoded = |error| failed(format!("a packet cannot be decoded: {error}"));
        let samples = packet.decoder.decode(packet.bytes).map_err(undecoded)?;
        self.check_sound(&frames, Some(samples))
    }

    /// Checks a packet of a Matroska with its samples, if it was decoded.
    fn block(&mut self, block: &Block, streams: u8) -> Result<(), Error> {
        let frames = self.next(block.packet().unwrap_or_default(), streams)?;
        if frames != (block.first()..block.end()) {
            return Err(failed("a packet of the written file is not at its place"));
        }
        match block.samples() {
            Samples::I16(samples) if block.is_decoded() => self.check_sound(&frames, Some(samples)),
            _ => self.check_sound(&frames, None),
        }
    }

    /// Checks that a packet that a window touches is zero. The one in front of it is silent too, so no sound
    /// goes on in it.
    fn check_sound(&self, frames: &Range<u64>, samples: Option<&[i16]>) -> Result<(), Error> {
        let is_zero = samples.is_some_and(|samples| samples.iter().all(|&sample| sample == 0));
        if meets(self.touched, frames) && !is_zero {
            return Err(failed("a packet inside the windows is not decoded to silence"));
        }
        Ok(())
    }
}

/// Whether `frames`, if they are any, meet one of the ranges, which are sorted and do not touch.
fn meets(ranges: &[Range<u64>], frames: &Range<u64>) -> bool {
    let from = ranges.partition_point(|range| range.end <= frames.start);
    ranges.get(from).is_some_and(|range| range.start < frames.end) && !frames.is_empty()
}

/// Of packets in a row, touched or not, each with its length: which are touched, or come after one that is, with
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
