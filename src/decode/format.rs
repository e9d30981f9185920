//! The supported containers and their names.

/// A supported container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decode) enum Container {
    Wav,
    /// Sony's Wave64.
    W64,
    Aiff,
    /// Also called SND.
    Au,
    /// Headerless audio, in a format that the caller gives.
    Raw,
    Caf,
    Flac,
    /// MPEG audio, layers 1 to 3.
    Mpeg,
    /// AAC frames, each with a header, without a container around them.
    Adts,
    Ogg,
    /// MP4 and QuickTime.
    Mp4,
    /// Matroska and WebM.
    Matroska,
}

impl Container {
    /// The usual name, for messages.
    pub(in crate::decode) fn name(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::W64 => "W64",
            Self::Au => "AU",
            Self::Raw => "headerless audio",
            Self::Aiff => "AIFF",
            Self::Caf => "CAF",
            Self::Flac => "FLAC",
            Self::Mpeg => "MPEG audio",
            Self::Adts => "ADTS",
            Self::Ogg => "Ogg",
            Self::Mp4 => "MP4",
            Self::Matroska => "Matroska",
        }
    }

    /// The short name, for receipts and JSON.
    pub(in crate::decode) fn short_name(self) -> &'static str {
        match self {
            Self::Wav => "wave",
            Self::W64 => "w64",
            Self::Au => "au",
            Self::Raw => "raw",
            Self::Aiff => "aiff",
            Self::Caf => "caf",
            Self::Flac => "flac",
            Self::Mpeg => "mp3",
            Self::Adts => "aac",
            Self::Ogg => "ogg",
            Self::Mp4 => "isomp4",
            Self::Matroska => "matroska",
        }
    }
}
