//! One stream of packets from the first to the last: how they decode, where they must lie, and what
//! is dropped at either end. A chained Ogg file has several, one after the other.

use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use super::container::{Container, Step};
use super::front::Hints;
use super::place::Place;
use super::source::Options;
use super::track::{self, Codec};
use super::{names, opus, unpack};
use crate::block::{Block, Recording, Samples};
use crate::error::Error;

/// A stream of packets being decoded.
pub(super) struct Stream {
    track: u32,
    codec: Codec,
    place: Place,
    hints: Hints,
    options: Options,
    /// Packets so far.
    packets: u64,
    /// Frames decoded so far, dropped ones included.
    coded: u64,
    /// Frames of codec delay that are still to be dropped.
    skip: u64,
    /// Whether something was dropped from the end: then nothing may follow.
    ended: bool,
}

/// Why a packet is not what it should be.
pub(super) enum Fault {
    Damaged(String),
    Unsupported(String),
    /// symphonia's own word.
    Decoder(Symphonia),
    /// What needs no more to be said.
    Told(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl Stream {
    /// The stream that `reader` is at the beginning of, and what is known of it.
    pub(super) fn open(
        reader: &dyn FormatReader,
        hints: Hints,
        options: Options,
    ) -> Result<(Self, Recording), Error> {
        let container = reader.format_info().short_name;
        let track = track::the_track(reader)?;
        let params = track::in_order(track::audio_params(track)?, hints.big_endian);
        let head = opus::head(container, &params)?;
        let params = match &head {
            Some(head) => opus::at_rate(params, head, hints.trim, options.opus_rate)?,
            None => params,
        };
        let (rate, channels) = track::rate_and_channels(container, &params)?;
        let (codec, name) = match &head {
            Some(head) => (Codec::Opus(Box::new(opus::Decoder::new(head, rate)?)), "opus"),
            None => track::codec_of(container, &params, (rate, channels), options)?,
        };
        let skip = track::delay(container, track, &hints, head.as_ref(), rate)?;
        let declared = track::declared_frames(container, track, rate);
        let recording = Recording {
            container,
            codec: name,
            rate,
            channels,
            format: codec.format(),
            frames: declared.map(|frames| frames.saturating_sub(skip)),
        };
        let place = Place::new(container, name, track.time_base, rate);
        let track = track.id;
        let (packets, coded, ended) = (0, 0, false);
        let stream = Self { track, codec, place, hints, options, packets, coded, skip, ended };
        Ok((stream, recording))
    }

    /// The stream behind this one in a chained file. Opus, which is decoded at any rate, keeps the
    /// one of the `recording` so far.
    pub(super) fn following(
        &self,
        reader: &dyn FormatReader,
        recording: &Recording,
    ) -> Result<(Self, Recording), Error> {
        let opus_rate = Some(recording.rate).filter(|_| recording.codec == "opus");
        Self::open(reader, self.hints.clone(), Options { opus_rate, ..self.options })
    }

    /// What comes next in the container.
    pub(super) fn next(&mut self, container: &mut Container) -> Result<Step, Fault> {
        match &mut self.codec {
            Codec::Ahead(ahead) => ahead.next(|| container.next(self.track)),
            _ => container.next(self.track),
        }
    }

    /// Whether there were more packets than have been decoded: symphonia passes over blocks that it
    /// cannot take apart.
    pub(super) fn lacks_packets(&self) -> bool {
        self.packets < self.hints.notes.packets(self.track)
    }

    /// Decodes a packet, when it has come, into an empty block. Gives the frames that it held,
    /// dropped ones included.
    pub(super) fn decode(
        &mut self,
        packet: &Packet,
        recording: &Recording,
        block: &mut Block,
    ) -> Result<u64, Fault> {
        let misplaced = self.place.check(packet, self.coded);
        misplaced.map_err(|reason| Fault::Damaged(reason.into()))?;
        match &mut self.codec {
            Codec::Pcm(pcm) => {
                let channels = usize::from(recording.channels);
                pcm.unpack(&packet.data, channels, &mut block.samples);
                if self.hints.upper_24 && !unpack::is_upper_24(&block.samples) {
                    let what = "24-bit WAV whose 4-byte samples use all bits (floats?)";
                    return Err(Fault::Unsupported(what.into()));
                }
            }
            Codec::Opus(decoder) => {
                let Samples::I16(samples) = &mut block.samples else { return Ok(0) };
                decoder.decode(packet, samples).map_err(|reason| Fault::Damaged(reason.into()))?;
            }
            Codec::Planes(planes) => planes.decode(packet, &mut block.samples)?,
            Codec::Ahead(ahead) => ahead.decode(&mut block.samples)?,
        }
        let frames = block.frames() as u64;
        self.coded += frames;
        self.drop_end(packet, recording, block)?;
        // The codec's delay.
        self.skip -= block.drop_front(self.skip);
        self.packets += 1;
        Ok(frames)
    }

    /// Drops what the container says was only added to fill the last packets. In Ogg the decoders
    /// have seen to it. Nothing may follow what was dropped: it would be heard too early.
    fn drop_end(
        &mut self,
        packet: &Packet,
        recording: &Recording,
        block: &mut Block,
    ) -> Result<(), Fault> {
        let nanos = self.hints.notes.padding(self.track, self.packets);
        if nanos < 0 {
            let what = "a Matroska recording that discards the front of a packet";
            return Err(Fault::Unsupported(what.into()));
        }
        block.drop_back(frames_of(nanos.unsigned_abs(), recording.rate));
        if self.ended && block.frames() > 0 {
            let container = names::container(recording.container);
            let what = format!("a {container} recording with padding between its packets");
            return Err(Fault::Unsupported(what));
        }
        let in_ogg = recording.container == "ogg" && packet.trim_end.get() > 0;
        self.ended = self.ended || nanos > 0 || in_ogg;
        Ok(())
    }
}

/// A time in frames, to the nearest.
pub(super) fn frames_of(nanos: u64, rate: u32) -> u64 {
    let frames = (u128::from(nanos) * u128::from(rate) + 500_000_000) / 1_000_000_000;
    u64::try_from(frames).unwrap_or(u64::MAX)
}
