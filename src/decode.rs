//! Decode: a source in, blocks out. symphonia is named here and below only.
//!
//! In: the bytes of a recording, as they arrive. Out: [`Block`]s in order, whose positions are the
//! running count of frames, never a timestamp of the container. What can go wrong: a format that is
//! not known, a packet that does not decode, an end that comes too early. All of them are errors:
//! a packet left out would move every later window.

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
mod riff;
mod source;
mod track;
mod unpack;

use front::{End, Front};
use mpeg::Held;
pub use source::Source;
use source::Transport;
use track::{Codec, audio_params, codec_of, declared_frames, is_eof, open_error, the_track};

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
    /// Frames of codec delay that are still to be dropped.
    skip: u64,
    held: Held,
    /// Whether the container numbers its frames, and the number that comes next.
    numbered: bool,
    number: Option<i64>,
}

impl Decoder {
    /// Reads the header of a recording.
    ///
    /// # Errors
    /// [`Error`] when the source cannot be read, or holds nothing that can be decoded.
    pub fn open(source: Source) -> Result<Self, Error> {
        let front = Front::open(source)?;
        let transport = Arc::clone(&front.transport);
        let stream = MediaSourceStream::new(Box::new(front.media), Default::default());
        let reader = symphonia::default::get_probe()
            .probe(&Hint::new(), stream, Default::default(), Default::default())
            .or_else(|error| transport.check().and(Err(open_error(error))))?;
        let track = the_track(reader.as_ref())?;
        let params = audio_params(track)?;
        let (codec, codec_name) = codec_of(params)?;
        let format = codec.format(params);
        let container = reader.format_info().short_name;
        let header = |reason: &str| Error::Header {
            container: names::container(container).into(),
            reason: reason.into(),
        };
        let rate = params.sample_rate.filter(|&rate| rate > 0);
        let channels = params.channels.as_ref().map_or(0, |channels| channels.count());
        let recording = Recording {
            container,
            codec: codec_name,
            rate: rate.ok_or_else(|| header("it declares no sample rate"))?,
            channels: u16::try_from(channels)
                .ok()
                .filter(|&channels| channels > 0)
                .ok_or_else(|| header("it declares no channels"))?,
            format,
            frames: front.frames.or_else(|| {
                declared_frames(container, track).map(|n| n.saturating_sub(front.skip))
            }),
        };
        Ok(Self {
            track: track.id,
            numbered: matches!(container, "ogg" | "flac"),
            number: None,
            skip: front.skip,
            held: Held::new(container, recording.frames.is_some()),
            end: front.end,
            frames: 0,
            recording,
            reader,
            codec,
            transport,
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
    /// [`Error::Damaged`], [`Error::Truncated`], [`Error::Read`], [`Error::Unsupported`]: in each
    /// case what was given so far is not the whole recording.
    pub fn next(&mut self, block: &mut Block) -> Result<bool, Error> {
        loop {
            let packet = self.reader.next_packet();
            self.transport.check()?;
            match packet {
                Ok(Some(packet)) if packet.track_id != self.track => continue,
                Ok(Some(packet)) => self.decode(&packet, block)?,
                Ok(None) => return self.finish().map(|()| false),
                Err(error) if is_eof(&error) && self.end.is_at_eof(self.transport.received()) => {
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
        self.check_number(packet)?;
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
        self.held.trim(packet, channels, &mut block.samples);
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

    /// A number that jumps means that packets went missing.
    fn check_number(&mut self, packet: &Packet) -> Result<(), Error> {
        if !self.numbered {
            return Ok(());
        }
        let found = packet.pts.get();
        if self.number.is_some_and(|expected| expected != found) {
            return Err(self.damaged("packets are missing or out of order here"));
        }
        let length = i64::try_from(packet.block_dur().get()).unwrap_or(i64::MAX);
        self.number = Some(found.saturating_add(length));
        Ok(())
    }

    /// Whether what was decoded is everything that the container promised.
    fn finish(&mut self) -> Result<(), Error> {
        let missing = match self.recording.frames {
            Some(declared) if self.frames < declared => {
                Some(format!("its header declares {declared} frames"))
            }
            _ if !self.end.is_reached(self.transport.received()) => {
                Some("its header declares more bytes".into())
            }
            _ => self.held.cut_frame(&self.transport).map(Into::into),
        };
        match missing {
            Some(reason) => Err(self.truncated(reason)),
            None if self.frames == 0 => Err(Error::NoAudio),
            None => self.end.check_played(self.frames, &self.recording),
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
