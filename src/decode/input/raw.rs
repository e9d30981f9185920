//! The format of headerless audio, which the caller gives.

use std::fmt;
use std::str::FromStr;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;
use thiserror::Error;

/// Names of the formats, as in FFmpeg.
const NAMES: [(&str, AudioCodecId); 15] = [
    ("s8", CODEC_ID_PCM_S8),
    ("u8", CODEC_ID_PCM_U8),
    ("s16le", CODEC_ID_PCM_S16LE),
    ("s16be", CODEC_ID_PCM_S16BE),
    ("s24le", CODEC_ID_PCM_S24LE),
    ("s24be", CODEC_ID_PCM_S24BE),
    ("s32le", CODEC_ID_PCM_S32LE),
    ("s32be", CODEC_ID_PCM_S32BE),
    ("f32le", CODEC_ID_PCM_F32LE),
    ("f32be", CODEC_ID_PCM_F32BE),
    ("f64le", CODEC_ID_PCM_F64LE),
    ("f64be", CODEC_ID_PCM_F64BE),
    ("mulaw", CODEC_ID_PCM_MULAW),
    ("ulaw", CODEC_ID_PCM_MULAW),
    ("alaw", CODEC_ID_PCM_ALAW),
];

/// Format of headerless audio: sample format, sample rate in Hz and number of interleaved channels. Its
/// text form is `FORMAT:RATE:CHANNELS`.
///
/// ```
/// use sordino::{DecodeOptions, RawFormat};
///
/// let raw: RawFormat = "mulaw:8000:1".parse()?;
/// let options = DecodeOptions { raw: Some(raw), ..DecodeOptions::default() };
/// assert!("mulaw".parse::<RawFormat>().is_err());
/// # Ok::<(), sordino::decode::RawFormatError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawFormat {
    pub(in crate::decode) codec: AudioCodecId,
    /// In Hz.
    pub(in crate::decode) rate: u32,
    pub(in crate::decode) channels: u16,
}

/// Why a text is not a [`RawFormat`].
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RawFormatError {
    /// The text does not have three parts.
    #[error("write FORMAT:RATE:CHANNELS, such as mulaw:8000:1")]
    Shape,
    /// The first part is not a known format.
    #[error(
        "`{0}` is not a format; give one of s8, u8, s16le, s16be, s24le, s24be, s32le, s32be, f32le, f32be, f64le, f64be, mulaw, alaw"
    )]
    Format(String),
    /// The second part is not a positive number.
    #[error("`{0}` is not a sample rate; write it in Hz, such as 8000")]
    Rate(String),
    /// The third part is not a positive number.
    #[error("`{0}` is not a number of channels; write it such as 1 for mono")]
    Channels(String),
}

impl FromStr for RawFormat {
    type Err = RawFormatError;

    /// Parses `FORMAT:RATE:CHANNELS`. The format may have the prefix `pcm_`, as in receipts.
    fn from_str(text: &str) -> Result<Self, RawFormatError> {
        let parts: Vec<&str> = text.split(':').collect();
        let [format, rate, channels] = parts[..] else { return Err(RawFormatError::Shape) };
        let name = format.strip_prefix("pcm_").unwrap_or(format);
        let known = NAMES.iter().find(|known| known.0 == name);
        let &(_, codec) = known.ok_or_else(|| RawFormatError::Format(format.into()))?;
        let number = rate.parse().ok().filter(|&rate: &u32| rate > 0);
        let rate = number.ok_or_else(|| RawFormatError::Rate(rate.into()))?;
        let number = channels.parse().ok().filter(|&channels: &u16| channels > 0);
        let channels = number.ok_or_else(|| RawFormatError::Channels(channels.into()))?;
        Ok(Self { codec, rate, channels })
    }
}

impl fmt::Display for RawFormat {
    /// The text that it is parsed from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { codec, rate, channels } = self;
        let known = NAMES.iter().find(|known| known.1 == *codec);
        let name = known.map_or("unknown", |known| known.0);
        write!(f, "{name}:{rate}:{channels}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_format_has_three_valid_parts() {
        let read = |text: &str| text.parse::<RawFormat>();
        let mulaw = RawFormat { codec: CODEC_ID_PCM_MULAW, rate: 8000, channels: 2 };
        for text in ["mulaw:8000:2", "ulaw:8000:2", "pcm_mulaw:8000:2"] {
            assert_eq!(read(text), Ok(mulaw), "{text}");
        }
        for (name, codec) in NAMES {
            let expected = RawFormat { codec, rate: 16_000, channels: 1 };
            assert_eq!(read(&format!("{name}:16000:1")), Ok(expected), "{name}");
            assert_eq!(read(&expected.to_string()), Ok(expected), "{expected}");
        }
        for text in ["", "mulaw", "mulaw:8000", "mulaw:8000:1:1"] {
            assert_eq!(read(text), Err(RawFormatError::Shape), "{text}");
        }
        assert_eq!(read("s16:8000:1"), Err(RawFormatError::Format("s16".into())));
        for rate in ["0", "8k", "-1", ""] {
            assert_eq!(read(&format!("u8:{rate}:1")), Err(RawFormatError::Rate(rate.into())));
        }
        for channels in ["0", "mono", "65536"] {
            let expected = Err(RawFormatError::Channels(channels.into()));
            assert_eq!(read(&format!("u8:8000:{channels}")), expected);
        }
    }
}
