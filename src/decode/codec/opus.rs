//! Opus, by the library `ropus`: symphonia reads its containers, but does not decode it.
//!
//! In: packets, and the `OpusHead` of the stream. Out: 16-bit samples in the channel order of WAV. The
//! output gain of the head is applied here, and the end is trimmed as the packets say.
//! `PacketStream` drops the pre-skip, which may be longer than a packet. Errors: a packet that is not
//! Opus.
//!
//! It is not registered as an `AudioDecoder` of symphonia, because those return planes, and `ropus`
//! returns interleaved samples, as blocks have them.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::packet::Packet;

use crate::block::Samples;
use crate::decode::fault::catching_panics;
use crate::error::Error;
use crate::opus::length;

/// Clock of every Opus stream in Hz, independent of the rate of decoding.
const CLOCK: u32 = 48_000;

/// Supported decoding rates in Hz.
const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, CLOCK];

/// Maximum number of frames in a packet: 120 ms at 48 kHz (RFC 6716, 3.2.5).
const LONGEST: usize = 5_760;

/// Maps the channel order of WAV to that of Vorbis (RFC 7845, 5.1.1.2), for 1 to 8 channels.
const WAV_ORDER: [&[usize]; 8] = [
    &[0],
    &[0, 1],
    &[0, 2, 1],
    &[0, 1, 2, 3],
    &[0, 2, 1, 3, 4],
    &[0, 2, 1, 5, 3, 4],
    &[0, 2, 1, 6, 5, 3, 4],
    &[0, 2, 1, 7, 5, 6, 3, 4],
];

/// Identification header of a stream (RFC 7845, 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OpusHead {
    channels: u8,
    /// Frames at [`CLOCK`] to drop from the front.
    pre_skip: u16,
    /// Sample rate of the encoder's input in Hz; 0 means unknown.
    rate: u32,
    /// Output gain in 1/256 dB (Q7.8).
    gain: i16,
    streams: u8,
    coupled: u8,
    /// Decoded channel for each output channel, in the order of WAV.
    mapping: Vec<u8>,
}

impl OpusHead {
    /// Parses a head. Its numbers are big-endian in MP4, else little-endian.
    fn parse(bytes: &[u8], big_endian: bool) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"OpusHead")?;
        let short = |at: usize| {
            let pair = bytes.get(at..at + 2)?.try_into().ok()?;
            Some(if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
        };
        // The 32-bit input rate, as two halves.
        let (high, low) = if big_endian { (short(4)?, short(6)?) } else { (short(6)?, short(4)?) };
        let (&channels, &family) = (bytes.get(1)?, bytes.get(10)?);
        let count = usize::from(channels);
        // Channel mapping families (RFC 7845, 5.1.1): 0 is mono or stereo, 1 has the order of Vorbis,
        // and 255 has no defined order.
        let (streams, coupled, mapping) = match family {
            0 if matches!(channels, 1 | 2) => (1, channels - 1, vec![0, 1]),
            1 | 255 => (*bytes.get(11)?, *bytes.get(12)?, bytes.get(13..13 + count)?.to_vec()),
            _ => return None,
        };
        let order = if family == 1 { WAV_ORDER.get(count.checked_sub(1)?)? } else { [].as_slice() };
        let place = |channel: usize| order.get(channel).copied().unwrap_or(channel);
        Some(Self {
            channels,
            pre_skip: short(2)?,
            rate: u32::from(high) << 16 | u32::from(low),
            gain: short(8)?.cast_signed(),
            streams,
            coupled,
            mapping: (0..count).map(|channel| mapping[place(channel)]).collect(),
        })
    }

    /// The head for a stream without one, as in some CAF files.
    fn plain(channels: u8) -> Option<Self> {
        let (pre_skip, rate, gain, mapping) = (0, 0, 0, vec![0, 1]);
        let coupled = channels.checked_sub(1).filter(|&coupled| coupled < 2)?;
        Some(Self { channels, pre_skip, rate, gain, streams: 1, coupled, mapping })
    }

    /// The streams in each packet.
    pub(crate) fn streams(&self) -> u8 {
        self.streams
    }

    /// Frames to drop from the front, at `rate` Hz; `None` if that is not a whole number.
    pub(in crate::decode) fn pre_skip(&self, rate: u32) -> Option<u64> {
        let scaled = u64::from(self.pre_skip) * u64::from(rate);
        scaled.is_multiple_of(CLOCK.into()).then(|| scaled / u64::from(CLOCK))
    }
}

/// The head of an Opus stream; `None` for other codecs. Its numbers are big-endian in MP4.
pub(in crate::decode) fn head(
    params: &AudioCodecParameters,
    big_endian: bool,
) -> Result<Option<OpusHead>, Error> {
    if params.codec != CODEC_ID_OPUS {
        return Ok(None);
    }
    let channels = params.channels.as_ref().map_or(0, Channels::count);
    let head = match params.extra_data.as_deref() {
        Some(bytes) => OpusHead::parse(bytes, big_endian),
        None => u8::try_from(channels).ok().and_then(OpusHead::plain),
    };
    let head = head.filter(|head| usize::from(head.channels) == channels);
    head.map(Some).ok_or_else(|| header_error("its channel layout is not valid"))
}

/// Parameters for decoding at `wanted` Hz; without it, at the encoder's input rate if possible, else at
/// 48 kHz. `begins` returns whether the recording begins on a frame boundary at a given rate.
///
/// # Errors
/// [`Error::Unsupported`] for a rate that Opus does not have, or at which the recording would begin
/// between two frames.
pub(in crate::decode) fn at_rate(
    mut params: AudioCodecParameters,
    head: &OpusHead,
    begins: impl Fn(u32) -> bool,
    wanted: Option<u32>,
) -> Result<AudioCodecParameters, Error> {
    let fits = |rate: &u32| head.pre_skip(*rate).is_some() && begins(*rate);
    let rate = match wanted {
        Some(rate) if !RATES.contains(&rate) => {
            return Err(Error::Unsupported { what: format!("Opus at {rate} Hz") });
        }
        Some(rate) if !fits(&rate) => {
            let what =
                format!("at {rate} Hz this Opus recording, which begins between two frames,");
            return Err(Error::Unsupported { what });
        }
        Some(rate) => rate,
        None => Some(head.rate).filter(|rate| RATES.contains(rate) && fits(rate)).unwrap_or(CLOCK),
    };
    params.with_sample_rate(rate);
    Ok(params)
}

/// Decoder of one Opus stream.
pub(in crate::decode) struct OpusDecoder {
    inner: ropus::OpusMSDecoder,
    channels: usize,
    /// In Hz.
    rate: u32,
    head: OpusHead,
    /// Whether the packet before was left out.
    is_stale: bool,
}

impl OpusDecoder {
    /// # Errors
    /// [`Error::Header`] when the stream counts of the head are not valid.
    pub(in crate::decode) fn new(head: &OpusHead, rate: u32) -> Result<Self, Error> {
        let (channels, streams, coupled) = (head.channels, head.streams, head.coupled);
        let rate_hz = i32::try_from(rate).unwrap_or(0);
        let inner = ropus::OpusMSDecoder::new(
            rate_hz,
            channels.into(),
            streams.into(),
            coupled.into(),
            &head.mapping,
        );
        let mut inner = inner.map_err(|_| header_error("its streams do not make its channels"))?;
        inner.set_gain(head.gain.into());
        Ok(Self { inner, channels: channels.into(), rate, head: head.clone(), is_stale: false })
    }

    /// The number of frames of a packet, without those that are trimmed.
    pub(in crate::decode) fn frames(&self, packet: &Packet) -> Result<u64, &'static str> {
        let length = u64::from(length(&packet.data));
        if length == 0 || packet.block_dur().get() != length {
            return Err("an Opus packet has no certain length");
        }
        let scaled = |frames| frames * u64::from(self.rate) / u64::from(CLOCK);
        Ok(scaled(length).saturating_sub(scaled(packet.trim_end.get())))
    }

    pub(in crate::decode) fn head(&self) -> &OpusHead {
        &self.head
    }

    /// Notes that the next packet is not decoded. What comes after it is decoded as from the start.
    pub(in crate::decode) fn leave_out(&mut self) {
        self.is_stale = true;
    }

    /// Replaces the content of `samples` with the frames of a packet, interleaved.
    pub(in crate::decode) fn decode(
        &mut self,
        packet: &Packet,
        samples: &mut Samples,
    ) -> Result<(), &'static str> {
        let Samples::I16(samples) = samples else { return Err("samples of another format") };
        self.decode_all(&packet.data, samples)?;
        // Rounds down, so a frame of which only a part is trimmed stays.
        let trimmed = packet.trim_end.get() * u64::from(self.rate) / u64::from(CLOCK);
        let trimmed = usize::try_from(trimmed).unwrap_or(usize::MAX).saturating_mul(self.channels);
        samples.truncate(samples.len().saturating_sub(trimmed));
        Ok(())
    }

    /// The same with all frames of the packet.
    fn decode_all(&mut self, packet: &[u8], samples: &mut Vec<i16>) -> Result<(), &'static str> {
        if std::mem::take(&mut self.is_stale) {
            self.inner.reset();
        }
        // For an empty packet the library would conceal the loss with invented audio.
        let length = i32::try_from(packet.len()).unwrap_or(0);
        if length == 0 {
            return Err("an Opus packet is empty");
        }
        samples.resize(LONGEST * self.channels, 0);
        let room = i32::try_from(LONGEST).unwrap_or(i32::MAX);
        let decoded = self.inner.decode(Some(packet), length, samples, room, false);
        let frames = decoded.ok().and_then(|frames| usize::try_from(frames).ok());
        samples.truncate(frames.ok_or("a packet is not Opus")? * self.channels);
        Ok(())
    }
}

/// Decodes packets of one Ogg Opus stream for somebody who has read them: no gap, delay or padding is known
/// here.
pub(crate) struct OpusPackets {
    decoder: OpusDecoder,
    samples: Vec<i16>,
}

impl OpusPackets {
    /// `head`: the first packet of the stream. `rate`: in Hz, one that Opus has.
    ///
    /// # Errors
    /// [`Error::Header`] when it is no head.
    pub(crate) fn new(head: &[u8], rate: u32) -> Result<Self, Error> {
        let head = OpusHead::parse(head, false).ok_or_else(|| header_error("it is not valid"))?;
        let decoder = catching_panics(|| OpusDecoder::new(&head, rate))?;
        Ok(Self { decoder, samples: Vec::new() })
    }

    /// Notes that the next packet is not decoded. What comes after it is decoded as from the start.
    pub(crate) fn leave_out(&mut self) {
        self.decoder.leave_out();
    }

    /// The samples of the next packet, interleaved.
    ///
    /// # Errors
    /// [`Error::Container`] when it is not Opus.
    pub(crate) fn decode(&mut self, packet: &[u8]) -> Result<&[i16], Error> {
        let refused = |reason: &str| {
            let (container, reason) = ("Opus".into(), reason.into());
            Error::Container { container, reason }
        };
        catching_panics(|| self.decoder.decode_all(packet, &mut self.samples).map_err(refused))?;
        Ok(&self.samples)
    }
}

fn header_error(reason: &str) -> Error {
    Error::Header { container: "Opus".into(), reason: reason.into() }
}
