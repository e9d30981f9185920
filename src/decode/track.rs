//! From symphonia's tracks and errors to what the decoder needs of them.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::{FormatReader, Track, TrackType};

use super::ahead::Ahead;
use super::front::Hints;
use super::lead::Lead;
use super::planes::Planes;
use super::source::Options;
use super::unpack::Pcm;
use super::{names, opus, stream};
use crate::block::SampleFormat;
use crate::error::Error;

/// The longest packet that any codec here has is FLAC's, of 65,535 frames.
const MAX_PACKET: u64 = 65_536;

/// The highest sample rate in Hz, twice the highest that anything records at.
const MAX_RATE: u32 = 768_000;

/// More channels than any telephone system records: a header that asks for more is not honest.
const MAX_CHANNELS: u16 = 64;

/// How packets become samples.
pub(super) enum Codec {
    /// Taken from the packet as they are.
    Pcm(Pcm),
    /// By a decoder of our own.
    Opus(Box<opus::Decoder>),
    /// By one of symphonia's decoders.
    Planes(Box<Planes>),
    /// By several of them.
    Ahead(Box<Ahead>),
}

impl Codec {
    /// How samples are stored in the blocks.
    pub(super) fn format(&self) -> SampleFormat {
        match self {
            Self::Pcm(pcm) => pcm.format(),
            Self::Opus(_) => SampleFormat::S16,
            Self::Planes(planes) => planes.format(),
            Self::Ahead(ahead) => ahead.format(),
        }
    }
}

/// The one audio track. More than one is refused: the others would be lost without a word.
pub(super) fn the_track(reader: &dyn FormatReader) -> Result<&Track, Error> {
    let mut audio = reader.tracks().iter().filter(|t| t.track_type() == Some(TrackType::Audio));
    match (audio.next(), audio.count()) {
        (Some(track), 0) => Ok(track),
        (Some(_), more) => {
            Err(Error::Unsupported { what: format!("a recording with {} audio tracks", more + 1) })
        }
        (None, _) if reader.tracks().is_empty() => Err(Error::NoAudio),
        (None, _) => Err(Error::Unsupported { what: "a recording without a known codec".into() }),
    }
}

pub(super) fn audio_params(track: &Track) -> Result<&AudioCodecParameters, Error> {
    track.codec_params.as_ref().and_then(|params| params.audio()).ok_or(Error::NoAudio)
}

/// The same parameters; of PCM in the byte order that the file has in truth.
pub(super) fn in_order(params: &AudioCodecParameters, big_endian: bool) -> AudioCodecParameters {
    let mut params = params.clone();
    params.codec = match params.codec {
        codec if !big_endian => codec,
        CODEC_ID_PCM_S16LE => CODEC_ID_PCM_S16BE,
        CODEC_ID_PCM_S24LE => CODEC_ID_PCM_S24BE,
        CODEC_ID_PCM_S32LE => CODEC_ID_PCM_S32BE,
        CODEC_ID_PCM_F32LE => CODEC_ID_PCM_F32BE,
        CODEC_ID_PCM_F64LE => CODEC_ID_PCM_F64BE,
        codec => codec,
    };
    params
}

/// The sample rate in Hz and the number of channels.
pub(super) fn rate_and_channels(
    container: &str,
    params: &AudioCodecParameters,
) -> Result<(u32, u16), Error> {
    let header = |reason: &str| {
        let container = names::container(container).into();
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

/// Frames to drop from the front: what the container says of it, or else the head of Opus.
pub(super) fn delay(
    container: &str,
    track: &Track,
    hints: &Hints,
    head: Option<&opus::Head>,
    rate: u32,
) -> Result<u64, Error> {
    let pre_skip = head.map_or(0, |head| head.pre_skip(rate).unwrap_or(0));
    Ok(match container {
        "isomp4" if hints.trim.scale > 0 => hints.trim.frames(rate)?,
        // The priming that a CAF declares; symphonia does not drop it.
        "caf" if pre_skip == 0 => track.delay.unwrap_or(0).into(),
        "matroska" if head.is_none() => stream::frames_of(hints.notes.delay(track.id), rate),
        _ => pre_skip,
    })
}

pub(super) fn codec_of(
    container: &str,
    params: &AudioCodecParameters,
    (rate, channels): (u32, u16),
    options: Options,
) -> Result<(Codec, &'static str), Error> {
    let pcm = Pcm::of(params.codec, options.encoding);
    let known = symphonia::default::get_codecs().get_audio_decoder(params.codec);
    let name = known.map_or("", |known| known.codec.info.short_name);
    let refused = |what: String| Err(Error::Unsupported { what });
    match params.codec {
        // symphonia takes 24 and 32 bit in QuickTime for little-endian; mostly they are not.
        _ if container == "isomp4" && pcm.is_some_and(|pcm| pcm.width() > 1) => {
            return refused("PCM in MP4 or QuickTime".into());
        }
        // Its decoder believes packet sizes that cannot be.
        CODEC_ID_ADPCM_IMA_QT => return refused("IMA ADPCM in CAF or QuickTime".into()),
        // Its decoder undoes the coupling of channels in the wrong order.
        CODEC_ID_VORBIS if params.channels.as_ref().is_some_and(|all| all.count() > 2) => {
            return refused("Vorbis with more than two channels".into());
        }
        _ => {}
    }
    if params.max_frames_per_packet.is_some_and(|frames| frames > MAX_PACKET) {
        return refused(format!("{name} with packets of more than {MAX_PACKET} frames"));
    }
    if let Some(pcm) = pcm {
        return Ok((Codec::Pcm(pcm), name));
    }
    let planes = Planes::new(params, rate, channels)?;
    let codec = match Lead::of(params.codec, rate).map(|lead| (lead, options.threads())) {
        Some((lead, threads @ 2..)) => Codec::Ahead(Box::new(Ahead::new(planes, lead, threads))),
        _ => Codec::Planes(Box::new(planes)),
    };
    Ok((codec, name))
}

/// The length that the container declares, where its word can be taken for it.
pub(super) fn declared_frames(container: &str, track: &Track, rate: u32) -> Option<u64> {
    // CAF counts the padding of compressed packets; AIFF repeats the size of its data; what an MP3
    // counts may be the first of several.
    let frames = track.num_frames.filter(|&frames| frames > 0)?;
    match (container, track.time_base) {
        ("flac", _) => Some(frames),
        ("isomp4", Some(base)) => {
            let scaled = u128::from(frames) * u128::from(base.numer.get()) * u128::from(rate);
            u64::try_from(scaled / u128::from(base.denom.get())).ok()
        }
        _ => None,
    }
}

/// The length that a container declares, with the delay and padding of the codec.
pub(super) fn coded_frames(reader: &dyn FormatReader) -> Option<u64> {
    let track = the_track(reader).ok()?;
    let around = [track.delay, track.padding].map(|frames| u64::from(frames.unwrap_or(0)));
    track.num_frames.filter(|&frames| frames > 0)?.checked_add(around[0] + around[1])
}

/// The frames that there must be at least: what the tag of an MP3 counts, or an AIFF; the duration of a Matroska
/// file, less a tenth of a second for rounding, padding and delay.
pub(super) fn least_frames(reader: &dyn FormatReader, rate: u32) -> u64 {
    match (reader.format_info().short_name, the_track(reader)) {
        // With a picture beside it, the duration is that of the longer.
        ("matroska", _) if reader.tracks().len() == 1 => {}
        ("aiff" | "mp1" | "mp2" | "mp3", Ok(track)) => return track.num_frames.unwrap_or(0),
        _ => return 0,
    }
    let info = reader.media_info();
    let (Some(duration), Some(base)) = (info.duration, info.time_base) else { return 0 };
    let ticks = u128::from(duration.get()) * u128::from(base.numer.get()) * u128::from(rate);
    let frames = ticks / u128::from(base.denom.get());
    u64::try_from(frames).unwrap_or(u64::MAX).saturating_sub(u64::from(rate) / 10)
}

pub(super) fn is_eof(error: &Symphonia) -> bool {
    matches!(error, Symphonia::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
}

/// Why symphonia could not begin. It reads an Ogg to its end in search of a codec that it knows.
pub(super) fn open_error(error: Symphonia, in_ogg: bool) -> Error {
    match error {
        Symphonia::IoError(_) if in_ogg => {
            Error::Unsupported { what: "an Ogg without a codec that is known".into() }
        }
        Symphonia::IoError(_) => Error::Header {
            container: "recording's".into(),
            reason: "the source ended in the middle of it".into(),
        },
        Symphonia::Unsupported(reason) if reason.contains("no suitable format reader") => {
            Error::UnknownFormat
        }
        other => Error::Header { container: "recording's".into(), reason: other.to_string() },
    }
}
