//! The formats to which the API transcodes recordings.

use std::str::FromStr;

use crate::genesys::error::Error;

/// A format of the transcoded audio. The API's own default, WebM, is never left to chance: each request names
/// a format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaFormat {
    /// PCM in WAV.
    #[default]
    Wav,
    /// µ-law in WAV.
    WavUlaw,
    /// Vorbis in Ogg.
    OggVorbis,
    /// Opus in Ogg.
    OggOpus,
    /// Opus in WebM.
    Webm,
    /// MP3.
    Mp3,
}

impl MediaFormat {
    /// All formats.
    pub const ALL: [Self; 6] =
        [Self::Wav, Self::WavUlaw, Self::OggVorbis, Self::OggOpus, Self::Webm, Self::Mp3];

    /// The name for people, for example `ogg_opus`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::WavUlaw => "wav_ulaw",
            Self::OggVorbis => "ogg_vorbis",
            Self::OggOpus => "ogg_opus",
            Self::Webm => "webm",
            Self::Mp3 => "mp3",
        }
    }

    /// The value of the parameter `formatId`.
    pub(super) fn id(self) -> String {
        self.name().to_ascii_uppercase()
    }
}

impl FromStr for MediaFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::Config(format!("the API has no such format; give one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_others_are_refused() {
        for format in MediaFormat::ALL {
            assert_eq!(format.name().parse::<MediaFormat>().unwrap(), format);
            assert_eq!(format.id().parse::<MediaFormat>().unwrap(), format);
        }
        assert_eq!(MediaFormat::WavUlaw.id(), "WAV_ULAW");
        for name in ["", "flac", "NONE", "wav ulaw"] {
            assert!(matches!(name.parse::<MediaFormat>(), Err(Error::Config(_))), "{name}");
        }
    }
}
