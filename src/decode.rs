//! Decode: a source in, blocks out. symphonia is named here and below only.
//!
//! In: the bytes of a recording, as they arrive. Out: [`Block`]s in order, whose positions are the
//! running count of frames, never a timestamp of the container. What can go wrong: a format that is
//! not known, a packet that does not decode, an end that comes too early. All of them are errors:
//! a packet left out would move every later window.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;

use crate::block::{Block, Recording};
use crate::error::Error;
use crate::span::time_of;

mod front;
mod matroska;
mod mp4;
mod mpeg;
mod names;
mod ogg;
mod place;
mod riff;
mod source;
mod track;
mod unpack;

use front::{End, Front};
use mpeg::Bare;
use place::Place;
use source::Transport;
pub use source::{Encoding, Options, Source};
use track::Codec;

/// A recording being decoded.
pub struct Decoder {
    recording: Recording,
    reader: Box<dyn FormatReader>,
    track: u32,
    codec: Codec,
    transport: Arc<Transport>,
    end: End,
    /// Frames given so far: the position of the next block.
    frames: u64,
    /// Frames decoded so far, trimmed ones included.
    coded: u64,
    /// Frames of codec delay that are still to be dropped.
    skip: u64,
    /// The longest packet so far, in frames.
    largest: u64,
    /// The frames that there must be.
    least: u64,
    bare: Bare,
    place: Place,
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
        let Front { media, transport, end, frames, big_endian, trim, leading } = front;
        let stream = MediaSourceStream::new(Box::new(media), Default::default());
        let reader = symphonia::default::get_probe()
            .probe(&Hint::new(), stream, Default::default(), Default::default())
            .map_err(track::open_error)?;
        let container = reader.format_info().short_name;
        if container == "wave" && !matches!(end, End::Wav) {
            return Err(Error::Unsupported { what: "a WAV behind other bytes".into() });
        }
        let track = track::the_track(reader.as_ref())?;
        let params = track::audio_params(track)?;
        let params = &track::in_order(params, big_endian);
        let (codec, name) = track::codec_of(container, params, options.encoding)?;
        let (rate, channels) = track::rate_and_channels(container, params)?;
        let skip = trim.frames(rate)? + track::caf_delay(container, track);
        let declared = track::declared_frames(container, track);
        let recording = Recording {
            container,
            codec: name,
            rate,
            channels,
            format: codec.format(params),
            frames: frames.or_else(|| declared.map(|frames| frames.saturating_sub(skip))),
        };
        Ok(Self {
            track: track.id,
            place: Place::new(container, name, track.time_base, rate),
            bare: Bare::new(container, recording.frames.is_some(), leading),
            least: recording.frames.unwrap_or_else(|| track::least_frames(reader.as_ref(), rate)),
            frames: 0,
            coded: 0,
            largest: 0,
            failed: false,
            recording,
            reader,
            codec,
            transport,
            end,
            skip,
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
        self.transport.received()
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
            let packet = self.reader.next_packet();
            self.transport.check()?;
            match packet {
                Ok(Some(packet)) if packet.track_id != self.track => continue,
                Ok(Some(packet)) => self.decode(&packet, block)?,
                Ok(None) => return self.finish().map(|()| false),
                Err(error)
                    if track::is_eof(&error) && self.end.is_at_eof(self.transport.received()) =>
                {
                    return self.finish().map(|()| false);
                }
                Err(error) => return Err(self.packet_error(error)),
            }
            self.frames = block.end();
            if block.frames() > 0 {
                return Ok(true);
            }
        }
    }

    fn decode(&mut self, packet: &Packet, block: &mut Block) -> Result<(), Error> {
        let misplaced = self.place.check(packet, self.coded);
        misplaced.map_err(|reason| self.damaged(reason))?;
        block.restart(self.frames);
        let (rate, channels) = (self.recording.rate, usize::from(self.recording.channels));
        match &mut self.codec {
            Codec::Pcm(pcm) => pcm.unpack(&packet.data, channels, &mut block.samples),
            Codec::Other { decoder, copier } => {
                let decoded = match decoder.decode(packet) {
                    Ok(decoded) => decoded,
                    Err(error) => return Err(self.packet_error(error)),
                };
                let spec = decoded.spec();
                if spec.rate() != rate || spec.channels().count() != channels {
                    let (rate, channels) = (spec.rate(), spec.channels().count());
                    let what = format!(
                        "a recording that turns out to have {channels} channels at {rate} Hz"
                    );
                    return Err(Error::Unsupported { what });
                }
                copier.copy(&decoded, self.recording.format, &mut block.samples);
            }
        }
        let frames = block.frames() as u64;
        self.coded += frames;
        self.largest = self.largest.max(frames);
        self.bare.follow(packet, channels, &mut block.samples)?;
        self.skip_delay(channels, block);
        Ok(())
    }

    /// Drops the codec delay that an edit list names.
    fn skip_delay(&mut self, channels: usize, block: &mut Block) {
        if self.skip > 0 {
            let frames = usize::try_from(self.skip).unwrap_or(usize::MAX).min(block.frames());
            self.skip -= frames as u64;
            mpeg::drop_front(&mut block.samples, frames * channels);
        }
    }

    /// Whether what was decoded is everything that the container promised.
    fn finish(&mut self) -> Result<(), Error> {
        let missing = if self.frames < self.least {
            Some(format!("its header declares at least {} frames", self.least))
        } else if !self.end.is_reached(self.transport.received()) {
            Some("its header declares more bytes".into())
        } else {
            self.bare.missing(&self.transport)
        };
        match missing {
            Some(reason) => Err(self.truncated(reason)),
            None if self.frames == 0 => Err(Error::NoAudio),
            None => self.end.check_played(self.frames, self.largest, &self.recording),
        }
    }

    fn packet_error(&self, error: Symphonia) -> Error {
        match error {
            Symphonia::IoError(_) => self.truncated("the source ended in the middle of it".into()),
            Symphonia::ResetRequired => Error::Unsupported {
                what: format!("a chained {} recording", names::container(self.recording.container)),
            },
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
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let (container, reason) = ("recording".into(), "a decoder gave up on it".into());
        Err(Error::Container { container, reason })
    })
}
