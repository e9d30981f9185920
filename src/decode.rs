//! Decode: a source in, blocks out. symphonia is named here and below only.
//!
//! In: the bytes of a recording, as they arrive. Out: [`Block`]s in order. Positions are the running
//! count of frames and gaps, never a timestamp of the container.
//! What can go wrong: a format that is not known, a packet that does not decode, an end that comes too
//! early. All of them are errors: a packet left out would move every later window.
//!
//! `input` (bytes, watched) ──▶ `container` (packets, and the guard) ──▶ `codec` (samples) ──▶ blocks
//!
//! The first bytes decide the container. A container without a guard of sordino's own is not opened.

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

use container::{DecodeTotals, Guard, Opened, PacketReader};
use demuxed::Demuxed;
use fault::{PacketFault, guarded};
use format::Container;
use gaps::GapKeeper;
pub use input::{DecodeOptions, Encoding, Gaps, Leftover, RawFormat, RawFormatError, Source};
use input::{HashingReader, InputMonitor, PeekedSource, sniff};
use stream::{PacketStream, next_packet};

/// How many packets in a row may give no frames: the longest pre-skip of Opus spans 547 of its
/// shortest. A few bytes of Matroska can hold 256 that are empty.
const MAX_EMPTY: u32 = 1000;

/// A recording being decoded.
pub struct Decoder {
    recording: StreamInfo,
    monitor: Arc<InputMonitor>,
    reader: PacketReader,
    guard: Box<dyn Guard>,
    stream: PacketStream,
    hashing: Option<HashingReader>,
    gaps: GapKeeper,
    /// A packet that is decoded next, when the gap before it has been filled.
    held: Option<Packet>,
    /// Frames given so far.
    frames: u64,
    /// Where the audio begins by the container's clock, of a chained recording that has gone on.
    begins: Option<u64>,
    /// Packets in a row that gave none.
    empty: u32,
    /// The longest packet so far, in frames.
    longest: u64,
    /// The recordings that were decoded, where several are chained.
    links: u64,
    failed: bool,
}

impl Decoder {
    /// Reads the header of a recording.
    ///
    /// # Errors
    /// [`Error`] when the source cannot be read, or holds nothing that can be decoded.
    pub fn open(source: Source) -> Result<Self, Error> {
        let monitor = Arc::default();
        let opened = guarded(|| Self::read_header(source, &monitor));
        // A failure of the input explains whatever was made of it.
        monitor.check().and(opened)
    }

    fn read_header(source: Source, monitor: &Arc<InputMonitor>) -> Result<Self, Error> {
        let mut input = PeekedSource::open(source, monitor)?;
        let (hashing, options) = (input.hashing.take(), input.options);
        let container = match options.raw {
            Some(_) => Container::Raw,
            None => sniff::container(input.head())?,
        };
        let Opened { reader, guard, frames } = container::open(container, input)?;
        let (stream, mut recording) = PacketStream::open(&reader, guard.as_ref(), options)?;
        recording.frames = frames.or(recording.frames);
        let monitor = Arc::clone(monitor);
        let gaps = GapKeeper::new(options.gaps);
        let (frames, empty, longest, links, failed) = (0, 0, 0, 1, false);
        let (held, begins) = (None, None);
        Ok(Self {
            recording,
            monitor,
            reader,
            guard,
            stream,
            hashing,
            gaps,
            held,
            frames,
            begins,
            empty,
            longest,
            links,
            failed,
        })
    }

    /// What the header says.
    pub fn stream_info(&self) -> &StreamInfo {
        &self.recording
    }

    /// Frames given so far; the length of the recording, once it is complete.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The gaps so far: where nothing was recorded, by the recording's clock.
    pub fn gaps(&self) -> &[Gap] {
        self.gaps.all()
    }

    /// How the recording's clock maps to the frames given so far.
    pub fn timeline(&self) -> Timeline {
        self.gaps.timeline(self.frames)
    }

    /// Whether the file itself tells, once it is complete, that its end is the end: by a length, a count
    /// or a flag. Where it does not, a cut between two packets leaves no trace.
    pub fn end_proven(&self) -> bool {
        let declared = || self.recording.frames.is_some() || self.stream.least > 0;
        self.guard.proves_end().unwrap_or_else(declared)
    }

    /// How far from 0 the clock of the container is at the first frame, once the recording is complete.
    /// Positions count from the first frame. Less than a packet is rounding, and not told.
    pub fn begins(&self) -> Duration {
        let frames = self.begins.unwrap_or_else(|| self.stream_begins());
        time_of(frames, self.recording.rate)
    }

    fn stream_begins(&self) -> u64 {
        self.stream.begins(self.guard.as_ref(), self.longest)
    }

    /// The position of the next block.
    fn position(&self) -> u64 {
        self.frames + self.gaps.ahead()
    }

    /// Bytes taken from the source so far.
    pub fn bytes_received(&self) -> u64 {
        self.monitor.received()
    }

    /// Frames of codec delay that are dropped from the front.
    pub fn delay(&self) -> u64 {
        self.stream.delay
    }

    /// What the recording holds besides its audio, as far as it has been read: chunks of a WAV, tags
    /// and pictures of others. By name and size: what they say is nobody's business here.
    pub fn leftovers(&mut self) -> Vec<Leftover> {
        let mut all = self.monitor.leftovers();
        all.extend(self.reader.tags());
        all
    }

    /// The digest of all the bytes that the source gives, from one that is to be
    /// [`digested`](Source::digested); once, when the recording is complete.
    ///
    /// # Errors
    /// [`Error::Read`] when what the decoder did not want cannot be read.
    pub(crate) fn digest(&mut self) -> Result<Digest, Error> {
        let missing = || Error::Read(std::io::ErrorKind::Unsupported.into());
        self.hashing.take().ok_or_else(missing)?.finish()
    }

    /// Fills `block` with the next frames; false when the recording is complete.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Truncated`], [`Error::Read`] and others: in each case what was
    /// given so far is not the whole recording. After an error there is nothing but errors.
    pub fn next(&mut self, block: &mut Block) -> Result<bool, Error> {
        if self.failed {
            return Err(self.damaged("it has failed before"));
        }
        let result = guarded(|| self.pull(block));
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
            }
            self.frames += block.frames() as u64;
            if block.frames() > 0 {
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
        let step = stream.next(|track| next_packet(reader, guard.as_mut(), monitor, track));
        step.map_err(|fault| self.fault(fault))
    }

    /// A packet has come: it is decoded when what is missing before it has been dealt with.
    fn hold(&mut self, mut packet: Packet) -> Result<(), Error> {
        let gap = self.stream.gap(&mut packet, self.guard.as_mut());
        let gap = gap.map_err(|fault| self.fault(fault))?;
        self.gaps.meet(self.position(), gap, self.recording.rate)?;
        self.held = Some(packet);
        Ok(())
    }

    /// Decodes a packet into the block, less what is not to be heard of it.
    fn take(&mut self, packet: &Packet, block: &mut Block) -> Result<(), Error> {
        let decoded = self.stream.decode(packet, self.guard.as_mut(), &self.recording, block);
        let held = decoded.map_err(|fault| self.fault(fault))?;
        self.longest = self.longest.max(held);
        Ok(())
    }

    /// Goes on with the next stream of a chained Ogg file, which must be like the one before.
    fn chain(&mut self) -> Result<(), Error> {
        self.begins = Some(self.begins.unwrap_or_else(|| self.stream_begins()));
        self.guard.link();
        let following = self.stream.following(&self.reader, self.guard.as_ref(), &self.recording);
        let (stream, recording) = following?;
        if recording != self.recording {
            let what = "a chained recording whose parts differ in codec, rate or channels".into();
            return Err(Error::Unsupported { what });
        }
        self.reader.forget_tags();
        self.stream = stream;
        self.links += 1;
        Ok(())
    }

    /// Whether what was decoded is everything that the container promised.
    fn finish(&mut self) -> Result<(), Error> {
        let least = self.recording.frames.unwrap_or(self.stream.least);
        let seen = DecodeTotals {
            frames: self.frames,
            longest: self.longest,
            packets: self.stream.packets,
            links: self.links,
            track: self.stream.track,
            rate: self.recording.rate,
        };
        let verdict = self.guard.verdict(&seen);
        // The declared length may count from 0 of the clock.
        let end = self.position().saturating_add(self.stream_begins());
        if let (Ok(()), true) = (&verdict, end < least) {
            return Err(seen.truncated(format!("its header declares at least {least} frames")));
        }
        self.monitor.check().and(verdict)?;
        if self.frames == 0 { Err(Error::NoAudio) } else { Ok(()) }
    }

    fn fault(&self, fault: PacketFault) -> Error {
        fault.at(self.position(), self.recording.rate)
    }

    fn damaged(&self, reason: &str) -> Error {
        self.fault(PacketFault::Damaged(reason.into()))
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("recording", &self.recording)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}
