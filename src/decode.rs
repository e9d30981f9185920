//! Decode: a source in, blocks out. symphonia is named here and below only.
//!
//! In: the bytes of a recording, as they arrive. Out: [`Block`]s in order, whose positions are the
//! running count of frames, never a timestamp of the container. What can go wrong: a format that is
//! not known, a packet that does not decode, an end that comes too early. All of them are errors:
//! a packet left out would move every later window.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;

use crate::block::{Block, Recording};
use crate::digest::Digest;
use crate::error::Error;
use crate::span::time_of;

mod aac;
mod ahead;
mod container;
mod digesting;
mod front;
mod lead;
mod matroska;
mod mp4;
mod mpeg;
mod names;
mod ogg;
mod opus;
mod place;
mod planes;
mod riff;
mod source;
mod stream;
mod track;
mod transport;
mod unpack;

use container::{Container, Step};
use digesting::Digesting;
use front::Front;
use mpeg::Bare;
pub use source::{Encoding, Options, Source};
use stream::{Fault, Stream};
pub use transport::Leftover;

/// How many packets in a row may give no frames: the longest pre-skip of Opus spans 547 of its
/// shortest. A few bytes of Matroska can hold 256 that are empty.
const MAX_EMPTY: u32 = 1000;

/// A recording being decoded.
pub struct Decoder {
    recording: Recording,
    container: Container,
    stream: Stream,
    /// Frames given so far: the position of the next block.
    frames: u64,
    /// Packets in a row that gave none.
    empty: u32,
    /// The longest packet so far, in frames.
    largest: u64,
    /// The frames that there must be.
    least: u64,
    /// The recordings that were decoded, where several are chained.
    links: u64,
    bare: Bare,
    digesting: Option<Digesting>,
    failed: bool,
}

impl Decoder {
    /// Reads the header of a recording.
    ///
    /// # Errors
    /// [`Error`] when the source cannot be read, or holds nothing that can be decoded.
    pub fn open(source: Source) -> Result<Self, Error> {
        let options = source.options;
        let front = Front::open(source)?;
        let transport = Arc::clone(&front.transport);
        let opened = guarded(|| Self::probe(front, options));
        // A failure of the transport explains whatever was made of it.
        transport.check().and(opened)
    }

    fn probe(front: Front, options: Options) -> Result<Self, Error> {
        let Front { media, transport, end, frames, leading, hints, digesting } = front;
        let media = MediaSourceStream::new(Box::new(media), Default::default());
        let reader = symphonia::default::get_probe()
            .probe(&Hint::new(), media, Default::default(), Default::default())
            .map_err(|error| track::open_error(error, transport.links() > 0))?;
        let container = reader.format_info().short_name;
        if container == "wave" && !end.is_eof() {
            return Err(Error::Unsupported { what: "a WAV behind other bytes".into() });
        }
        let (stream, mut recording) = Stream::open(reader.as_ref(), hints, options)?;
        recording.frames = frames.or(recording.frames);
        let rate = recording.rate;
        Ok(Self {
            bare: Bare::new(container, track::coded_frames(reader.as_ref()), leading),
            least: recording.frames.unwrap_or_else(|| track::least_frames(reader.as_ref(), rate)),
            frames: 0,
            links: 1,
            empty: 0,
            largest: 0,
            digesting,
            failed: false,
            recording,
            stream,
            container: Container { reader, transport, end },
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
        self.container.transport.received()
    }

    /// What the recording holds besides its audio, as far as it has been read: chunks of a WAV, tags
    /// and pictures of others. By name and size: what they say is nobody's business here.
    pub fn leftovers(&mut self) -> Vec<Leftover> {
        let mut all = self.container.transport.leftovers();
        if let Some(revision) = self.container.reader.metadata().skip_to_latest() {
            let tracks = revision.per_track.iter().map(|track| &track.metadata);
            for part in std::iter::once(&revision.media).chain(tracks) {
                let tags = part.tags.iter().map(|tag| {
                    let bytes = tag.raw.value.to_string().len() as u64;
                    Leftover { name: names::tag(&tag.raw.key).into(), bytes }
                });
                let picture = |bytes: u64| Leftover { name: "picture".into(), bytes };
                all.extend(tags);
                all.extend(part.visuals.iter().map(|visual| picture(visual.data.len() as u64)));
            }
        }
        all
    }

    /// The digest of all the bytes that the source gives, from one that is to be
    /// [`digested`](Source::digested); once, when the recording is complete.
    ///
    /// # Errors
    /// [`Error::Read`] when what the decoder did not want cannot be read.
    pub(crate) fn digest(&mut self) -> Result<Digest, Error> {
        let missing = || Error::Read(std::io::ErrorKind::Unsupported.into());
        self.digesting.take().ok_or_else(missing)?.finish()
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
            let step = self.stream.next(&mut self.container);
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
        let decoded = self.stream.decode(packet, &self.recording, block);
        let held = decoded.map_err(|fault| self.fault(fault))?;
        self.largest = self.largest.max(held);
        block.drop_back(self.container.transport.past_limit(block.end()));
        self.bare.follow(packet, block.channels(), &mut block.samples);
        Ok(())
    }

    /// Goes on with the next stream of a chained Ogg file, which must be like the one before.
    fn chain(&mut self) -> Result<(), Error> {
        let (stream, recording) =
            self.stream.following(self.container.reader.as_ref(), &self.recording)?;
        if recording != self.recording {
            let what = "a chained recording whose parts differ in codec, rate or channels".into();
            return Err(Error::Unsupported { what });
        }
        // symphonia keeps the tags of every part.
        while self.container.reader.metadata().pop().is_some() {}
        self.stream = stream;
        self.links += 1;
        Ok(())
    }

    /// Whether what was decoded is everything that the container promised.
    fn finish(&mut self) -> Result<(), Error> {
        let missing = if self.frames < self.least {
            Some(format!("its header declares at least {} frames", self.least))
        } else if self.stream.lacks_packets() {
            Some("some of its blocks cannot be read".into())
        } else if self.container.transport.links() > self.links {
            Some("it is chained, and a part of it cannot be decoded".into())
        } else {
            self.bare.missing(&self.container.transport)
        };
        match missing {
            Some(reason) => Err(self.truncated(reason)),
            None if self.frames == 0 => Err(Error::NoAudio),
            None => self.container.end.check_played(self.frames, self.largest, &self.recording),
        }
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

/// The boundary to symphonia: a panic there is an error here. What it left behind is not used again.
fn guarded<T, E: From<Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(gave_up().into()))
}

fn gave_up() -> Error {
    let (container, reason) = ("recording".into(), "a decoder gave up on it".into());
    Error::Container { container, reason }
}
