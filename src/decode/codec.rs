//! Codecs: from packets to samples.
//!
//! In: the packets of one track. Out: interleaved samples in the format of the block. Errors: an
//! unsupported codec or codec profile.

use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::formats::Track;

use super::input::{DecodeOptions, Encoding};
use crate::block::SampleFormat;
use crate::error::Error;
use crate::flac::StreamInfoBlock;

mod aac;
pub(super) mod mpeg_header;
pub(super) mod opus;
mod parallel;
mod pcm;
mod preroll;
mod symphonia_decoder;
mod trial;
mod worker;

use parallel::ParallelDecoder;
use pcm::PcmCodec;
pub(super) use pcm::{CODEC_ID_PCM_S64BE, CODEC_ID_PCM_S64LE};
use preroll::Preroll;
use symphonia_decoder::SymphoniaDecoder;
pub(super) use trial::Trial;

/// Maximum number of frames in a packet. FLAC has the longest packets, with up to 65,535 frames.
const MAX_PACKET: u64 = 65_536;

/// Maximum sample rate in Hz: twice the highest rate of audio hardware.
const MAX_RATE: u32 = 768_000;

/// Maximum number of channels, more than telephone systems record. A small file could declare 65,535.
pub(super) const MAX_CHANNELS: u16 = 64;

/// Converter from packets to samples.
pub(super) enum Codec {
    /// Copies samples from packets.
    Pcm(PcmCodec),
    /// The library `ropus`.
    Opus(Box<opus::OpusDecoder>),
    /// A decoder of symphonia.
    Symphonia(Box<SymphoniaDecoder>),
    /// Several decoders of symphonia, on several threads.
    Parallel(Box<ParallelDecoder>),
}

impl Codec {
    /// From now on each packet must be one whole frame of FLAC. To be called before the first packet.
    pub(super) fn demand_frames(&mut self, of: StreamInfoBlock) {
        match self {
            Self::Symphonia(decoder) => decoder.demand_frames(of),
            Self::Parallel(decoder) => decoder.demand_frames(of),
            Self::Pcm(_) | Self::Opus(_) => {}
        }
    }

    /// Sample format of the blocks.
    pub(super) fn format(&self) -> SampleFormat {
        match self {
            Self::Pcm(pcm) => pcm.format(),
            Self::Opus(_) => SampleFormat::S16,
            Self::Symphonia(decoder) => decoder.format(),
            Self::Parallel(decoder) => decoder.format(),
        }
    }
}

/// Codec parameters of an audio track.
pub(super) fn audio_params(track: &Track) -> Result<&AudioCodecParameters, Error> {
    track.codec_params.as_ref().and_then(|params| params.audio()).ok_or(Error::NoAudio)
}

/// Sample rate in Hz and number of channels, within sordino's limits.
pub(super) fn rate_and_channels(
    container: &str,
    params: &AudioCodecParameters,
) -> Result<(u32, u16), Error> {
    let header = |reason: &str| {
        let container = container.to_owned();
        Error::Header { container, reason: reason.into() }
    };
    let refused = |what: String| Err(Error::Unsupported { what });
    let rate = params.sample_rate.unwrap_or(0);
    let channels = params.channels.as_ref().map_or(0, |channels| channels.count());
    match (rate, u16::try_from(channels).unwrap_or(u16::MAX)) {
        (0, _) => Err(header("it declares no sample rate")),
        (_, 0) => Err(header("it declares no channels")),
        _ if rate > MAX_RATE => refused(format!("a sample rate of {rate} Hz")),
        (_, channels) if channels > MAX_CHANNELS => {
            refused(format!("a recording with {channels} channels"))
        }
        (rate, channels) => Ok((rate, channels)),
    }
}

/// Creates the decoder for a codec; also returns the short name of the codec.
pub(super) fn codec_of(
    params: &AudioCodecParameters,
    (rate, channels): (u32, u16),
    options: DecodeOptions,
) -> Result<(Codec, &'static str), Error> {
    let pcm = PcmCodec::of(params.codec, options.encoding);
    let known = symphonia::default::get_codecs().get_audio_decoder(params.codec);
    let name = known.map_or("", |known| known.codec.info.short_name);
    let refused = |what: String| Err(Error::Unsupported { what });
    // symphonia's Vorbis decoder inverts the channel couplings in the wrong order: the last must be
    // first (Vorbis I, 4.3.5).
    if params.codec == CODEC_ID_VORBIS && channels > 2 {
        return refused("Vorbis with more than two channels".into());
    }
    if params.max_frames_per_packet.is_some_and(|frames| frames > MAX_PACKET) {
        return refused(format!("{name} with packets of more than {MAX_PACKET} frames"));
    }
    if let Some(pcm) = pcm {
        let name = pcm.name().unwrap_or(name);
        if pcm.narrows() && options.encoding == Encoding::Same {
            let reason = format!(
                "samples of 64 bits ({name}) cannot be kept as they are; use --encoding pcm, which makes a WAV of 32 bits"
            );
            return Err(Error::Format { reason });
        }
        return Ok((Codec::Pcm(pcm), name));
    }
    let decoder = SymphoniaDecoder::new(params, rate, channels)?;
    let preroll = Preroll::of(params.codec, rate).map(|preroll| (preroll, options.threads()));
    let codec = match preroll {
        Some((preroll, threads @ 2..)) => {
            Codec::Parallel(Box::new(ParallelDecoder::new(decoder, preroll, threads)))
        }
        _ => Codec::Symphonia(Box::new(decoder)),
    };
    Ok((codec, name))
}

/// Bits of a sample, if they are fewer than this format has.
pub(super) fn fewer_bits(params: &AudioCodecParameters, format: SampleFormat) -> Option<u16> {
    let bits = params.bits_per_sample.filter(|_| params.codec == CODEC_ID_FLAC);
    let bits = u16::try_from(bits?).ok()?;
    (bits < format.bytes() * 8).then_some(bits)
}

/// Bytes of one sample of PCM or G.711; `None` for other codecs.
pub(super) fn pcm_width(codec: AudioCodecId) -> Option<usize> {
    PcmCodec::of(codec, Encoding::Pcm).map(PcmCodec::width)
}
