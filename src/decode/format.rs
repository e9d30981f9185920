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

/// Endings of the names of recordings: of the containers that are read, of headerless audio, and of formats
/// that are refused, so that no recording is overlooked.
const ENDINGS: [&str; 44] = [
    "3g2", "3gp", "aac", "adts", "aif", "aifc", "aiff", "al", "alaw", "amr", "au", "caf", "flac",
    "g722", "g723", "g726", "g729", "gsm", "m4a", "m4b", "mka", "mkv", "mov", "mp1", "mp2", "mp3",
    "mp4", "mpga", "oga", "ogg", "opus", "pcm", "raw", "rf64", "sln", "snd", "ul", "ulaw", "vox",
    "w64", "wav", "wave", "webm", "wma",
];

/// The name of a recording without its ending; `None` if the ending, in whatever case, is that of no
/// recording, or there is nothing before it.
#[must_use]
pub fn recording_stem(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    let is_known = ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    (is_known && !stem.is_empty() && !stem.ends_with('/')).then_some(stem)
}
