//! One stream of packets: its codec, the check of its timestamps, and the codec delay to drop. A chained
//! Ogg file has several streams, one after the other.

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
use super::keep::Wanted;
use crate::block::{Block, StreamInfo};
use crate::error::Error;
use crate::flac::StreamInfoBlock;

/// Decoder of one stream of packets. [`PacketStream::decode`] also drops the codec delay.
pub(super) struct PacketStream {
    pub(super) track: u32,
    container: Container,
    codec: Codec,
    timestamps: TimestampCheck,
    options: DecodeOptions,
    /// The frames that are decoded; `None`: all.
    pub(super) wanted: Option<Wanted>,
    /// In Hz.
    rate: u32,
    /// Frames decoded so far, including dropped ones.
    coded: u64,
    /// Frames of codec delay that are still to be dropped.
    skip: u64,
    /// Frames of codec delay.
    pub(super) delay: u64,
    /// The smallest number of frames that a complete recording has, as its guard says.
    pub(super) least: u64,
}

impl PacketStream {
    /// Opens the stream that begins at the current position of `reader`.
    ///
    /// # Errors
    /// [`Error`] when there is no audio stream, or it is not supported.
    pub(super) fn open(
        container: Container,
        reader: &dyn PacketReader,
        guard: &dyn Guard,
        options: DecodeOptions,
    ) -> Result<(Self, StreamInfo), Error> {
        let track = reader.track()?;
        let params = codec::audio_params(track)?;
        let head = opus::head(params, container == Container::Mp4)?;
        let pre_skip = |rate| head.as_ref().map(|head| head.pre_skip(rate).unwrap_or(0));
        let delay = |rate| guard.delay(track, pre_skip(rate), rate);
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
        let delay = delay(rate)?;
        let declared = guard.declared(track, rate);
        let info = StreamInfo {
            // Layers 1, 2 and 3 have their own names.
            container: if container == Container::Mpeg { name } else { container.short_name() },
            codec: name,
            rate,
            channels,
            format: codec.format(),
            bits: codec::fewer_bits(&params, codec.format()),
            frames: declared.map(|frames| frames.saturating_sub(delay)),
        };
        let stream = Self {
            track: track.id,
            container,
            codec,
            timestamps: TimestampCheck::new(guard.timestamp_kind(track), name, rate),
            options,
            wanted: None,
            rate,
            coded: 0,
            skip: delay,
            delay,
            least: guard.least(track, rate),
        };
        Ok((stream, info))
    }

    /// Opens the next stream of a chained file. An Opus stream can be decoded at several rates; it gets
    /// the rate of the previous streams, in `info`.
    ///
    /// # Errors
    /// As [`PacketStream::open`].
    pub(super) fn following(
        &self,
        reader: &dyn PacketReader,
        guard: &dyn Guard,
        info: &StreamInfo,
    ) -> Result<(Self, StreamInfo), Error> {
        let opus_rate = Some(info.rate).filter(|_| info.codec == "opus");
        Self::open(self.container, reader, guard, DecodeOptions { opus_rate, ..self.options })
    }

    /// From now on each packet must be one whole frame of FLAC. To be called before the first packet.
    pub(super) fn demand_frames(&mut self, of: StreamInfoBlock) {
        self.codec.demand_frames(of);
    }

    /// The head of an Opus.
    pub(super) fn opus_head(&self) -> Option<&opus::OpusHead> {
        if let Codec::Opus(decoder) = &self.codec { Some(decoder.head()) } else { None }
    }

    /// The next item. `read` returns the packets of the track.
    pub(super) fn next(
        &mut self,
        mut read: impl FnMut(u32) -> Result<Demuxed, PacketFault>,
    ) -> Result<Demuxed, PacketFault> {
        let track = self.track;
        match &mut self.codec {
            Codec::Parallel(decoder) => decoder.next(|| read(track), &mut self.wanted),
            _ => read(track),
        }
    }

    /// The number of missing frames before `packet`. To be called once for each packet.
    pub(super) fn gap(
        &mut self,
        packet: &mut Packet,
        guard: &mut dyn Guard,
    ) -> Result<u64, PacketFault> {
        let noted = guard.gap(packet, self.rate)?;
        let gap = self.timestamps.gap(packet, self.coded);
        gap.map(|gap| gap + noted).map_err(|reason| PacketFault::Damaged(reason.into()))
    }

    /// The container's timestamp of the first frame, in frames; 0 if it is less than `longest`, the
    /// longest packet, because that is rounding.
    pub(super) fn begins(&self, guard: &dyn Guard, longest: u64) -> u64 {
        let noted = guard.begins(self.rate);
        if noted >= longest.max(1) { noted } else { self.timestamps.begins(longest) }
    }

    /// Decodes a packet into an empty block, and returns its number of frames before codec delay and
    /// padding were dropped.
    pub(super) fn decode(
        &mut self,
        packet: &Packet,
        guard: &mut dyn Guard,
        info: &StreamInfo,
        block: &mut Block,
    ) -> Result<u64, PacketFault> {
        if let Codec::Symphonia(decoder) = &self.codec {
            decoder.check_frame(packet)?;
        }
        match &mut self.codec {
            Codec::Parallel(decoder) => decoder.decode(&mut block.samples)?,
            Codec::Opus(decoder) if self.wanted.is_some() => {
                let frames = decoder.frames(packet).map_err(damaged)?;
                // A packet of which nothing is heard counts as the frame after it.
                let heard = frames.saturating_sub(self.skip).max(1);
                let first = block.first();
                if self.wanted.as_mut().is_some_and(|w| w.meets_at(first..first + heard)) {
                    decoder.decode(packet, &mut block.samples).map_err(damaged)?;
                } else {
                    decoder.leave_out();
                    block.leave_undecoded(frames);
                }
            }
            _ if !Wanted::takes(&mut self.wanted, packet) => {}
            Codec::Pcm(pcm) => {
                pcm.unpack(&packet.data, info.channels.into(), &mut block.samples);
            }
            Codec::Opus(decoder) => {
                decoder.decode(packet, &mut block.samples).map_err(damaged)?;
            }
            Codec::Symphonia(decoder) => decoder.decode(packet, &mut block.samples)?,
        }
        // A frame of FLAC that was decoded is never empty.
        let is_flac = !matches!(self.codec, Codec::Opus(_));
        if is_flac && self.wanted.is_some() && block.frames() == 0 {
            block.leave_undecoded(packet.dur.get());
        }
        let frames = block.frames() as u64;
        self.coded += frames;
        guard.decoded(packet, info.rate, block)?;
        self.skip -= block.drop_front(self.skip);
        Ok(frames)
    }
}

fn damaged(reason: &str) -> PacketFault {
    PacketFault::Damaged(reason.into())
}

/// The item after symphonia's last packet.
fn end(guard: &mut dyn Guard) -> Result<Demuxed, PacketFault> {
    Ok(guard.last()?.map_or(Demuxed::End, Demuxed::Packet))
}

/// The next packet of a track. Packets of other tracks, such as video, are skipped.
pub(super) fn next_packet(
    reader: &mut dyn PacketReader,
    guard: &mut dyn Guard,
    monitor: &InputMonitor,
    track: u32,
) -> Result<Demuxed, PacketFault> {
    let is_eof = |fault: &PacketFault| matches!(fault, PacketFault::Decoder(Symphonia::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof);
    loop {
        let packet = reader.packet();
        monitor.check()?;
        match packet {
            Ok(Some(packet)) if packet.track_id != track => {}
            Ok(Some(mut packet)) => {
                monitor.packet();
                guard.read(&mut packet)?;
                return Ok(Demuxed::Packet(packet));
            }
            Ok(None) => return end(guard),
            Err(PacketFault::Decoder(Symphonia::ResetRequired)) => return Ok(Demuxed::Link),
            Err(fault) if is_eof(&fault) && guard.ends_with_source() => return end(guard),
            // An early end of the source, to which the decoder adds the position.
            Err(PacketFault::Complete(Error::Read(error))) => {
                return Err(PacketFault::Decoder(Symphonia::IoError(error)));
            }
            Err(fault) => return Err(fault),
        }
    }
}
