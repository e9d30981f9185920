//! Codecs: from packets to samples.
//!
//! In: the packets of one track. Out: samples, interleaved, in the format of the block. What can go
//! wrong: a codec, or a kind of it, that is not decoded.

use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::formats::Track;

use super::input::{DecodeOptions, Encoding};
use crate::block::SampleFormat;
use crate::error::Error;

mod aac;
pub(super) mod mpeg_header;
pub(super) mod opus;
mod parallel;
mod pcm;
mod preroll;
mod symphonia_decoder;
mod trial;

use parallel::ParallelDecoder;
use pcm::PcmCodec;
pub(super) use pcm::{CODEC_ID_PCM_S64BE, CODEC_ID_PCM_S64LE};
use preroll::Preroll;
use symphonia_decoder::SymphoniaDecoder;
pub(super) use trial::Trial;

/// The longest packet that any codec here has is FLAC's, of 65,535 frames.
const MAX_PACKET: u64 = 65_536;

/// The highest sample rate in Hz, twice the highest that anything records at.
const MAX_RATE: u32 = 768_000;

/// More channels than any telephone system records: a header that asks for more is not honest.
const MAX_CHANNELS: u16 = 64;

/// How packets become samples.
pub(super) enum Codec {
    /// Taken from the packet as they are.
    Pcm(PcmCodec),
    /// By the library `ropus`.
    Opus(Box<opus::OpusDecoder>),
    /// By a decoder of symphonia.
    Symphonia(Box<SymphoniaDecoder>),
    /// By several of them, on several threads.
    Parallel(Box<ParallelDecoder>),
}

impl Codec {
    /// How samples are stored in the blocks.
    pub(super) fn format(&self) -> SampleFormat {
        match self {
            Self::Pcm(pcm) => pcm.format(),
            Self::Opus(_) => SampleFormat::S16,
            Self::Symphonia(decoder) => decoder.format(),
            Self::Parallel(decoder) => decoder.format(),
        }
    }
}

/// The parameters of an audio track.
pub(super) fn audio_params(track: &Track) -> Result<&AudioCodecParameters, Error> {
    track.codec_params.as_ref().and_then(|params| params.audio()).ok_or(Error::NoAudio)
}

/// The sample rate in Hz and the number of channels.
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

/// The decoder of a codec, and its short name.
pub(super) fn codec_of(
    params: &AudioCodecParameters,
    (rate, channels): (u32, u16),
    options: DecodeOptions,
) -> Result<(Codec, &'static str), Error> {
    let pcm = PcmCodec::of(params.codec, options.encoding);
    let known = symphonia::default::get_codecs().get_audio_decoder(params.codec);
    let name = known.map_or("", |known| known.codec.info.short_name);
    let refused = |what: String| Err(Error::Unsupported { what });
    // Its decoder undoes the coupling of channels in the wrong order.
    if params.codec == CODEC_ID_VORBIS && channels > 2 {
        return refused("Vorbis with more than two channels".into());
    }
    if params.max_frames_per_packet.is_some_and(|frames| frames > MAX_PACKET) {
        return refused(format!("{name} with packets of more than {MAX_PACKET} frames"));
    }
    if let Some(pcm) = pcm {
        let name = pcm.name().unwrap_or(name);
        if pcm.narrows() && options.encoding == Encoding::Same {
            return refused(format!("keeping 64-bit samples ({name}) as they are"));
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

/// Bytes of one sample, of PCM and G.711.
pub(super) fn pcm_width(codec: AudioCodecId) -> Option<usize> {
    PcmCodec::of(codec, Encoding::Pcm).map(PcmCodec::width)
}
