//! Decode: from a source to blocks. Only this room uses symphonia.
//!
//! In: the bytes of a recording, as they arrive. Out: [`Block`]s in order. Positions are the running
//! count of frames and gaps, never a timestamp of the container. Errors: an unknown format, a packet
//! that does not decode, an early end. No packet is ever skipped: that would move every later window.
//!
//! `input` (monitored bytes) ──▶ `container` (packets, and the guard) ──▶ `codec` (samples) ──▶ blocks
//!
//! A recording that arrives as several files goes this way once for each; `parts` joins their blocks.
//!
//! The first bytes decide the container. Every container has a guard, sordino's own checks.

use std::sync::Arc;
use std::time::Duration;

use symphonia::core::packet::Packet;

use crate::block::{Block, StreamInfo};
use crate::digest::Digest;
use crate::error::Error;
use crate::span::{Gap, Timeline, time_of};

mod fault;
mod format;
mod names;
mod demuxed;
mod input;
mod codec;
mod container;
mod stream;
mod gaps;
mod parts;
mod keep;

pub(crate) use codec::opus::{OpusHead, OpusPackets};
use container::{DecodeTotals, Guard, Opened, PacketReader};
use demuxed::Demuxed;
use fault::{PacketFault, catching_panics};
use format::Container;
pub use format::recording_stem;
use gaps::GapKeeper;
pub use input::{DecodeOptions, Edge, Encoding, Gaps, Leftover, RawFormat, RawFormatError, Source};
use input::{HashingReader, InputMonitor, PartSource, PeekedSource, sniff};
pub use parts::{Decoder, Part};
use stream::{PacketStream, next_packet};

/// The most packets in a row without frames. The longest Opus pre-skip (65,535 frames) spans 547 of
/// the shortest packets (2.5 ms), and a few bytes of Matroska lacing can hold 256 empty packets.
const MAX_EMPTY: u32 = 1000;

/// Decoder of one file: of a recording, or of one of its parts.
struct PartDecoder {
    info: StreamInfo,
    monitor: Arc<InputMonitor>,
    reader: Box<dyn PacketReader>,
    guard: Box<dyn Guard>,
    stream: PacketStream,
    hashing: Option<HashingReader>,
    gaps: GapKeeper,
    /// The packet to decode as soon as the gap before it has been filled.
    held: Option<Packet>,
    /// Frames returned so far.
    frames: u64,
    /// Of a chained recording after its first stream: the container's timestamp of its first frame.
    begins: Option<u64>,
    /// Packets in a row without frames.
    empty: u32,
    /// The longest packet so far, in frames.
    longest: u64,
    /// Whether blocks have their packets.
    keeps: bool,
    failed: bool,
}

impl PartDecoder {
    /// Reads the header of a recording.
    ///
    /// # Errors
    /// [`Error`] when the source cannot be read, or its format is not supported.
    fn open(source: PartSource) -> Result<Self, Error> {
        let monitor = Arc::default();
        let opened = catching_panics(|| Self::read_header(source, &monitor));
        // An input failure comes first: it is the cause of the reader's error.
        monitor.check().and(opened)
    }

    fn read_header(source: PartSource, monitor: &Arc<InputMonitor>) -> Result<Self, Error> {
        let mut input = PeekedSource::open(source, monitor)?;
        let (hashing, options) = (input.hashing.take(), input.options);
        let container = match options.raw {
            Some(_) => Container::Raw,
            None => sniff::container(input.head())?,
        };
        let Opened { reader, guard } = container::open(container, input)?;
        let (stream, info) =
            PacketStream::open(container, reader.as_ref(), guard.as_ref(), options)?;
        Ok(Self {
            info,
            monitor: Arc::clone(monitor),
            reader,
            guard,
            stream,
            hashing,
            gaps: GapKeeper::new(options.gaps),
            held: None,
            frames: 0,
            begins: None,
            empty: 0,
            longest: 0,
            keeps: false,
            failed: false,
        })
    }

    /// Container, codec, rate, channels, sample format, and the length if the container declares it.
    fn stream_info(&self) -> &StreamInfo {
        &self.info
    }

    /// Frames returned so far, silence that fills gaps included; after the end, the length of the output.
    fn frames(&self) -> u64 {
        self.frames
    }

    /// The gaps so far: parts in which nothing was recorded, by the recording's clock.
    fn gaps(&self) -> &[Gap] {
        self.gaps.all()
    }

    /// Mapping from the recording's clock to the frames returned so far.
    fn timeline(&self) -> Timeline {
        self.gaps.timeline(self.frames)
    }

    /// Whether the file proves its end, by a length, a count or a flag. If it does not, a cut between two
    /// packets cannot be detected. Final only after [`PartDecoder::next`] has returned false.
    fn end_proven(&self) -> bool {
        let declared = || self.info.frames.is_some() || self.stream.least > 0;
        self.guard.proves_end().unwrap_or_else(declared)
    }

    /// The container's timestamp of the first frame; positions count from that frame. Less than a packet
    /// counts as 0, because it is rounding. Final only after [`PartDecoder::next`] has returned false.
    fn begins(&self) -> Duration {
        let frames = self.begins.unwrap_or_else(|| self.stream_begins());
        time_of(frames, self.info.rate)
    }

    fn stream_begins(&self) -> u64 {
        self.stream.begins(self.guard.as_ref(), self.longest)
    }

    /// Position of the next block, by the recording's clock.
    fn position(&self) -> u64 {
        self.frames + self.gaps.ahead()
    }

    /// Bytes read from the source so far.
    fn bytes_received(&self) -> u64 {
        self.monitor.received()
    }

    /// Frames of codec delay, which are dropped from the front and not counted as output.
    fn delay(&self) -> u64 {
        self.stream.delay
    }

    /// Everything besides the audio that was read so far, such as WAV chunks, tags and pictures: name
    /// and size, never the content.
    fn leftovers(&mut self) -> Vec<Leftover> {
        self.monitor.left_out_earlier(self.reader.earlier_tags());
        self.monitor.leftovers().into_iter().chain(self.reader.tags()).collect()
    }

    /// The digest of all bytes of a [`digested`](Source::digested) source. To be called once, after the
    /// end.
    ///
    /// # Errors
    /// [`Error::Read`] when the bytes after the decoded audio cannot be read.
    fn digest(&mut self) -> Result<Digest, Error> {
        let missing = || Error::Read(std::io::ErrorKind::Unsupported.into());
        self.hashing.take().ok_or_else(missing)?.finish()
    }

    /// Fills `block` with the next frames; returns false at the end of a complete recording.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Truncated`], [`Error::Read`] and others: the blocks so far are not
    /// the whole recording. After an error, every call fails.
    fn next(&mut self, block: &mut Block) -> Result<bool, Error> {
        if self.failed {
            return Err(self.damaged("it has failed before"));
        }
        let result = catching_panics(|| self.pull(block));
        self.failed = result.is_err();
        result
    }

    fn pull(&mut self, block: &mut Block) -> Result<bool, Error> {
        loop {
            block.restart(self.position());
            if !self.gaps.fill(block) {
                let Some(packet) = self.held.take() else {
                    match self.step()? {
                        Demuxed::Packet(packet) => self.hold(packet)?,
                        Demuxed::Link => self.chain()?,
                        Demuxed::End => return self.finish().map(|()| false),
                    }
                    continue;
                };
                self.take(&packet, block)?;
                if self.keeps {
                    block.keep_packet(packet.data);
                }
            }
            self.frames += block.frames() as u64;
            // A packet that is kept comes even if all its frames are cut off.
            if block.frames() > 0 || block.packet().is_some() {
                self.empty = 0;
                return Ok(true);
            }
            self.empty += 1;
            if self.empty > MAX_EMPTY {
                return Err(self.damaged("its packets hold no audio"));
            }
        }
    }

    fn step(&mut self) -> Result<Demuxed, Error> {
        let Self { stream, reader, guard, monitor, .. } = self;
        let step =
            stream.next(|track| next_packet(reader.as_mut(), guard.as_mut(), monitor, track));
        step.map_err(|fault| self.fault(fault))
    }

    /// Notes the gap before a packet, and keeps the packet until the gap has been handled.
    fn hold(&mut self, mut packet: Packet) -> Result<(), Error> {
        let gap = self.stream.gap(&mut packet, self.guard.as_mut());
        let frames = gap.map_err(|fault| self.fault(fault))?;
        self.gaps.add(Gap { at: self.position(), frames }, self.info.rate)?;
        self.check_kept(&packet, frames)?;
        self.held = Some(packet);
        Ok(())
    }

    /// Decodes a packet into the block, without codec delay and padding.
    fn take(&mut self, packet: &Packet, block: &mut Block) -> Result<(), Error> {
        let decoded = self.stream.decode(packet, self.guard.as_mut(), &self.info, block);
        let held = decoded.map_err(|fault| self.fault(fault))?;
        self.longest = self.longest.max(held);
        Ok(())
    }

    /// Continues with the next stream of a chained Ogg file, which must have the same properties.
    fn chain(&mut self) -> Result<(), Error> {
        self.check_chain()?;
        self.begins = Some(self.begins.unwrap_or_else(|| self.stream_begins()));
        self.guard.link();
        let following =
            self.stream.following(self.reader.as_ref(), self.guard.as_ref(), &self.info);
        let (stream, info) = following?;
        if info != self.info {
            let what = "a chained recording whose parts differ in codec, rate or channels".into();
            return Err(Error::Unsupported { what });
        }
        self.monitor.left_out_earlier(self.reader.earlier_tags());
        let wanted = self.stream.wanted.take();
        self.stream = stream;
        self.stream.wanted = wanted;
        Ok(())
    }

    /// Checks that all declared audio was decoded.
    fn finish(&mut self) -> Result<(), Error> {
        let least = self.info.frames.unwrap_or(self.stream.least);
        let seen = DecodeTotals {
            frames: self.frames,
            longest: self.longest,
            track: self.stream.track,
            rate: self.info.rate,
        };
        let verdict = self.guard.verdict(&seen);
        // The declared length may include the time before the first frame.
        let end = self.position().saturating_add(self.stream_begins());
        if let (Ok(()), true) = (&verdict, end < least) {
            return Err(seen.truncated(format!("its header declares at least {least} frames")));
        }
        self.monitor.check().and(verdict)?;
        if self.frames == 0 { Err(Error::NoAudio) } else { Ok(()) }
    }

    fn fault(&self, fault: PacketFault) -> Error {
        fault.at(self.position(), self.info.rate)
    }

    fn damaged(&self, reason: &str) -> Error {
        self.fault(PacketFault::Damaged(reason.into()))
    }
}
