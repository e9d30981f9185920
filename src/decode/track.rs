//! From symphonia's tracks and errors to what the decoder needs of them.

use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::{FormatReader, Track, TrackType};

use super::unpack::{self, Copier, Pcm};
use super::{mpeg, names};
use crate::block::SampleFormat;
use crate::error::Error;

/// How packets become samples.
pub(super) enum Codec {
    /// Taken from the packet as they are.
    Pcm(Pcm),
    /// By one of symphonia's decoders.
    Other { decoder: Box<dyn AudioDecoder>, copier: Copier },
}

impl Codec {
    /// How samples are stored in the blocks.
    pub(super) fn format(&self, params: &AudioCodecParameters) -> SampleFormat {
        match self {
            Self::Pcm(pcm) => pcm.format(),
            Self::Other { .. } => unpack::decoded_format(params),
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
        (None, _) => Err(Error::NoAudio),
    }
}

pub(super) fn audio_params(track: &Track) -> Result<&AudioCodecParameters, Error> {
    track.codec_params.as_ref().and_then(|params| params.audio()).ok_or(Error::NoAudio)
}

pub(super) fn codec_of(params: &AudioCodecParameters) -> Result<(Codec, &'static str), Error> {
    let known = symphonia::default::get_codecs().get_audio_decoder(params.codec);
    let name = known.map_or("", |known| known.codec.info.short_name);
    if let Some(pcm) = Pcm::of(params.codec) {
        return Ok((Codec::Pcm(pcm), name));
    }
    // MPEG is trimmed by `Held`: symphonia would believe a header that counts too few frames.
    let options = AudioDecoderOptions::default().gapless(!mpeg::is_mpeg(params.codec));
    let decoder =
        symphonia::default::get_codecs().make_audio_decoder(params, &options).map_err(|error| {
            match error {
                Symphonia::Unsupported(_) if known.is_none() => {
                    Error::Unsupported { what: names::codec(params.codec) }
                }
                other => Error::Unsupported { what: format!("this kind of {name} ({other})") },
            }
        })?;
    Ok((Codec::Other { decoder, copier: Copier::default() }, name))
}

/// The length that the container declares, where its word can be taken for it.
pub(super) fn declared_frames(container: &str, track: &Track) -> Option<u64> {
    // CAF counts the padding of compressed packets; Matroska and ADTS count nothing.
    let counts = matches!(container, "aiff" | "flac" | "isomp4" | "mp1" | "mp2" | "mp3");
    track.num_frames.filter(|&frames| counts && frames > 0)
}

pub(super) fn is_eof(error: &Symphonia) -> bool {
    matches!(error, Symphonia::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
}

pub(super) fn open_error(error: Symphonia) -> Error {
    match error {
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
