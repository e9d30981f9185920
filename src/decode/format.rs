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
        self.names().0
    }

    /// The short name, for receipts and JSON.
    pub(in crate::decode) fn short_name(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Wav => ("WAV", "wave"),
            Self::W64 => ("W64", "w64"),
            Self::Aiff => ("AIFF", "aiff"),
            Self::Au => ("AU", "au"),
            Self::Raw => ("headerless audio", "raw"),
            Self::Caf => ("CAF", "caf"),
            Self::Flac => ("FLAC", "flac"),
            Self::Mpeg => ("MPEG audio", "mp3"),
            Self::Adts => ("ADTS", "aac"),
            Self::Ogg => ("Ogg", "ogg"),
            Self::Mp4 => ("MP4", "isomp4"),
            Self::Matroska => ("Matroska", "matroska"),
        }
    }
}
