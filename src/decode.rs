//! Decode: a source in, blocks out. symphonia is named here and below only.
//!
//! In: the bytes of a recording, as they arrive. Out: [`Block`]s in order, whose positions are the
//! running count of frames, never a timestamp of the container. What can go wrong: a format that is
//! not known, a packet that does not decode, an end that comes too early. All of them are errors:
//! a packet left out would move every later window.

use std::io;
use std::sync::Arc;

use symphonia::core::errors::Error as Symphonia;
use symphonia::core::packet::Packet;

use crate::block::{Block, Recording};
use crate::digest::Digest;
use crate::error::Error;
use crate::span::time_of;

mod fault;
mod names;
mod input;
mod codec;
mod container;
mod stream;

use container::{Container, Guard, Opened, Reader, Seen, Step};
use fault::{Fault, guarded};
pub use input::{Encoding, Leftover, Options, RawFormat, RawFormatError, Source};
use input::{HashingReader, Input, InputMonitor, sniff};
use stream::Stream;

/// How many packets in a row may give no frames: the longest pre-skip of Opus spans 547 of its
/// shortest. A few bytes of Matroska can hold 256 that are empty.
const MAX_EMPTY: u32 = 1000;

/// A recording being decoded.
pub struct Decoder {
    recording: Recording,
    monitor: Arc<InputMonitor>,
    reader: Reader,
    guard: Box<dyn Guard>,
    stream: Stream,
    hashing: Option<HashingReader>,
    /// Frames given so far: the position of the next block.
    frames: u64,
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
        let mut input = Input::open(source, monitor)?;
        let (hashing, options) = (input.hashing.take(), input.options);
        let container = match options.raw {
            Some(_) => Container::Raw,
            None => sniff::container(input.head())?,
        };
        let Opened { reader, guard, frames } = container::open(container, input)?;
        let (stream, mut recording) = Stream::open(&reader, guard.as_ref(), options)?;
        recording.frames = frames.or(recording.frames);
        let monitor = Arc::clone(monitor);
        let (frames, empty, longest, links, failed) = (0, 0, 0, 1, false);
        Ok(Self {
            recording,
            monitor,
            reader,
            guard,
            stream,
            hashing,
            frames,
            empty,
            longest,
            links,
            failed,
        })
    }

    /// What the header says.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Frames given so far; the length of the recording, once it is complete.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Bytes taken from the source so far.
    pub fn bytes_received(&self) -> u64 {
        self.monitor.received()
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
            let Self { stream, reader, guard, monitor, .. } = self;
            let step = stream.next(|track| next_packet(reader, guard.as_mut(), monitor, track));
            match step.map_err(|fault| self.fault(fault))? {
                Step::Packet(packet) => self.take(&packet, block)?,
                Step::Link => {
                    self.chain()?;
                    continue;
                }
                Step::End => return self.finish().map(|()| false),
            }
            self.frames = block.end();
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

    /// Decodes a packet into the block, less what is not to be heard of it.
    fn take(&mut self, packet: &Packet, block: &mut Block) -> Result<(), Error> {
        block.restart(self.frames);
        let decoded = self.stream.decode(packet, self.guard.as_mut(), &self.recording, block);
        let held = decoded.map_err(|fault| self.fault(fault))?;
        self.longest = self.longest.max(held);
        Ok(())
    }

    /// Goes on with the next stream of a chained Ogg file, which must be like the one before.
    fn chain(&mut self) -> Result<(), Error> {
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
        let seen = Seen {
            frames: self.frames,
            longest: self.longest,
            packets: self.stream.packets,
            links: self.links,
            track: self.stream.track,
            rate: self.recording.rate,
        };
        let verdict = self.guard.verdict(&seen);
        if let (Ok(()), true) = (&verdict, self.frames < least) {
            return Err(seen.truncated(format!("its header declares at least {least} frames")));
        }
        self.monitor.check().and(verdict)?;
        if self.frames == 0 { Err(Error::NoAudio) } else { Ok(()) }
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Damaged(reason) => self.damaged(&reason),
            Fault::Unsupported(what) => Error::Unsupported { what },
            Fault::Told(error) => error,
            Fault::Decoder(error) => self.packet_error(error),
        }
    }

    fn packet_error(&self, error: Symphonia) -> Error {
        match error {
            Symphonia::IoError(_) => self.truncated("the source ended in the middle of it".into()),
            other => self.damaged(&other.to_string()),
        }
    }

    fn damaged(&self, reason: &str) -> Error {
        let time = time_of(self.frames, self.recording.rate);
        Error::Damaged { frame: self.frames, time, reason: reason.into() }
    }

    fn truncated(&self, reason: String) -> Error {
        let time = time_of(self.frames, self.recording.rate);
        Error::Truncated { frames: self.frames, time, reason }
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

/// The next packet of this track; those between, of pictures and subtitles, are passed over.
fn next_packet(
    reader: &mut Reader,
    guard: &mut dyn Guard,
    monitor: &InputMonitor,
    track: u32,
) -> Result<Step, Fault> {
    let is_eof = |error: &Symphonia| matches!(error, Symphonia::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof);
    loop {
        let packet = reader.next_packet();
        monitor.check()?;
        match packet {
            Ok(Some(packet)) if packet.track_id != track => {}
            Ok(Some(packet)) => {
                monitor.packet();
                guard.read(&packet)?;
                return Ok(Step::Packet(packet));
            }
            Ok(None) => return Ok(Step::End),
            Err(Symphonia::ResetRequired) => return Ok(Step::Link),
            Err(error) if is_eof(&error) && guard.ends_with_source() => return Ok(Step::End),
            Err(error) => return Err(Fault::Decoder(error)),
        }
    }
}
