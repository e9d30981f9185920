//! One stream of packets from the first to the last: how they decode, where they must lie, and what
//! is dropped at the front. A chained Ogg file has several, one after the other.

use std::io;

use symphonia::core::errors::Error as Symphonia;
use symphonia::core::packet::Packet;

use super::codec::{self, Codec, opus};
use super::container::timestamps::TimestampCheck;
use super::container::{Guard, PacketReader};
use super::demuxed::Demuxed;
use super::fault::PacketFault;
use super::format::Container;
use super::input::{DecodeOptions, InputMonitor};
use crate::block::{Block, Samples, StreamInfo};
use crate::error::Error;

/// A stream of packets being decoded.
pub(super) struct PacketStream {
    pub(super) track: u32,
    codec: Codec,
    timestamps: TimestampCheck,
    options: DecodeOptions,
    /// In Hz.
    rate: u32,
    /// Packets so far.
    pub(super) packets: u64,
    /// Frames decoded so far, dropped ones included.
    coded: u64,
    /// Frames of codec delay that are still to be dropped.
    skip: u64,
    /// Frames of codec delay.
    pub(super) delay: u64,
    /// How many frames there must be at least.
    pub(super) least: u64,
}

impl PacketStream {
    /// The stream that `reader` is at the beginning of, and what is known of it.
    ///
    /// # Errors
    /// [`Error`] when there is no such stream, or it is not decoded.
    pub(super) fn open(
        reader: &PacketReader,
        guard: &dyn Guard,
        options: DecodeOptions,
    ) -> Result<(Self, StreamInfo), Error> {
        let container = guard.container();
        let track = reader.track()?;
        let params = codec::audio_params(track)?;
        let head = opus::head(params, container == Container::Mp4)?;
        let pre_skip = head.as_ref().map(opus::OpusHead::pre_skip);
        let delay = |rate| guard.delay(track, pre_skip, rate);
        let params = match &head {
            Some(head) => {
                let begins = |rate| delay(rate).is_ok();
                opus::at_rate(params.clone(), head, begins, options.opus_rate)?
            }
            None => params.clone(),
        };
        let (rate, channels) = codec::rate_and_channels(container.name(), &params)?;
        let (codec, name) = match &head {
            Some(head) => (Codec::Opus(Box::new(opus::OpusDecoder::new(head, rate)?)), "opus"),
            None => codec::codec_of(&params, (rate, channels), options)?,
        };
        let skip = delay(rate)?;
        let declared = guard.declared(track, rate);
        let recording = StreamInfo {
            container: if container == Container::Mpeg { name } else { container.short_name() },
            codec: name,
            rate,
            channels,
            format: codec.format(),
            frames: declared.map(|frames| frames.saturating_sub(skip)),
        };
        let timestamps = TimestampCheck::new(guard.timestamp_kind(track), name, rate);
        let (least, track, packets, coded) = (guard.least(track, rate), track.id, 0, 0);
        let delay = skip;
        let stream =
            Self { track, codec, timestamps, options, rate, packets, coded, skip, delay, least };
        Ok((stream, recording))
    }

    /// The next stream of a chained file. Opus, which is decoded at any rate, keeps the one of the
    /// `recording` so far.
    ///
    /// # Errors
    /// As [`PacketStream::open`].
    pub(super) fn following(
        &self,
        reader: &PacketReader,
        guard: &dyn Guard,
        recording: &StreamInfo,
    ) -> Result<(Self, StreamInfo), Error> {
        let opus_rate = Some(recording.rate).filter(|_| recording.codec == "opus");
        Self::open(reader, guard, DecodeOptions { opus_rate, ..self.options })
    }

    /// What comes next. `read` gives the packets of this track.
    pub(super) fn next(
        &mut self,
        mut read: impl FnMut(u32) -> Result<Demuxed, PacketFault>,
    ) -> Result<Demuxed, PacketFault> {
        let track = self.track;
        match &mut self.codec {
            Codec::Parallel(decoder) => decoder.next(|| read(track)),
            _ => read(track),
        }
    }

    /// How many frames are missing before a packet that has come. It is to be asked once for each.
    pub(super) fn gap(
        &mut self,
        packet: &mut Packet,
        guard: &mut dyn Guard,
    ) -> Result<u64, PacketFault> {
        let noted = guard.gap(packet, self.packets, self.rate)?;
        let gap = self.timestamps.gap(packet, self.coded);
        gap.map(|gap| gap + noted).map_err(|reason| PacketFault::Damaged(reason.into()))
    }

    /// Where the audio begins by the container's clock, in frames; 0, if that is less than `longest`,
    /// the longest packet.
    pub(super) fn begins(&self, guard: &dyn Guard, longest: u64) -> u64 {
        let noted = guard.begins(self.rate);
        if noted >= longest.max(1) { noted } else { self.timestamps.begins(longest) }
    }

    /// Decodes a packet, when it has come, into an empty block. Gives the frames that it held,
    /// dropped ones included.
    pub(super) fn decode(
        &mut self,
        packet: &Packet,
        guard: &mut dyn Guard,
        recording: &StreamInfo,
        block: &mut Block,
    ) -> Result<u64, PacketFault> {
        match &mut self.codec {
            Codec::Pcm(pcm) => {
                pcm.unpack(&packet.data, recording.channels.into(), &mut block.samples);
            }
            Codec::Opus(decoder) => {
                let Samples::I16(samples) = &mut block.samples else { return Ok(0) };
                decoder
                    .decode(packet, samples)
                    .map_err(|reason| PacketFault::Damaged(reason.into()))?;
            }
            Codec::Symphonia(decoder) => decoder.decode(packet, &mut block.samples)?,
            Codec::Parallel(decoder) => decoder.decode(&mut block.samples)?,
        }
        let frames = block.frames() as u64;
        self.coded += frames;
        guard.decoded(packet, self.packets, recording.rate, block)?;
        // The codec's delay.
        self.skip -= block.drop_front(self.skip);
        self.packets += 1;
        Ok(frames)
    }
}

/// What comes where symphonia finds no more packets.
fn end(guard: &mut dyn Guard) -> Result<Demuxed, PacketFault> {
    Ok(guard.last()?.map_or(Demuxed::End, Demuxed::Packet))
}

/// The next packet of this track; those between, of pictures and subtitles, are passed over.
pub(super) fn next_packet(
    reader: &mut PacketReader,
    guard: &mut dyn Guard,
    monitor: &InputMonitor,
    track: u32,
) -> Result<Demuxed, PacketFault> {
    let is_eof = |error: &Symphonia| matches!(error, Symphonia::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof);
    loop {
        let packet = reader.next_packet();
        monitor.check()?;
        match packet {
            Ok(Some(packet)) if packet.track_id != track => {}
            Ok(Some(packet)) => {
                monitor.packet();
                guard.read(&packet)?;
                return Ok(Demuxed::Packet(packet));
            }
            Ok(None) => return end(guard),
            Err(Symphonia::ResetRequired) => return Ok(Demuxed::Link),
            Err(error) if is_eof(&error) && guard.ends_with_source() => return end(guard),
            Err(error) => return Err(PacketFault::Decoder(error)),
        }
    }
}
