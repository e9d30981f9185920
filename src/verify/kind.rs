//! Kind: how the samples of a redacted recording can be held against those of the original.

use crate::block::StreamInfo;
use crate::level::step;

/// How a redacted recording is compared with the original.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Sample by sample; equal means equal.
    Exact,
    /// Sample by sample, within one step of the narrower format. What is so faint that a few steps
    /// hold it is judged as with [`Kind::Lossy`].
    Rounded(f64),
    /// No sample is as it was: by what the codec does to the sound outside the windows.
    Lossy,
}

impl Kind {
    pub(super) fn of(original: &StreamInfo, redacted: &StreamInfo) -> Self {
        // Codes of G.711 are exact only beside codes of the same law.
        let is_law = ["pcm_alaw", "pcm_mulaw"].contains(&redacted.codec);
        let exact = ["pcm", "flac", "alac"].iter().any(|codec| redacted.codec.starts_with(codec));
        match (exact && (!is_law || original.codec == redacted.codec), original.format) {
            (false, _) => Self::Lossy,
            (true, format) if format == redacted.format => Self::Exact,
            (true, format) => Self::Rounded(step(format).max(step(redacted.format))),
        }
    }

    /// How far two samples inside a window may be apart and still be the same.
    pub(super) fn tolerance(self) -> f64 {
        match self {
            Self::Exact | Self::Lossy => 0.0,
            Self::Rounded(step) => step,
        }
    }

    /// How far codecs carry what happens at one frame, in frames, and so the most that they add at the
    /// end: the longest packet that is usual. 0 where nothing is carried.
    pub(super) fn reach(self, redacted: &StreamInfo) -> u64 {
        if self != Self::Lossy {
            return 0;
        }
        match redacted.codec {
            "pcm_alaw" | "pcm_mulaw" => 0,
            "mp1" | "mp2" | "mp3" => 1152,
            // RFC 6716, section 2.1.4: 120 ms.
            "opus" => u64::from(redacted.rate) * 12 / 100,
            // AAC: 1024 frames overlap with 1024 more. Vorbis: libvorbis uses blocks of up to 2048.
            // ADPCM: a block of 1024 bytes holds 2041.
            _ => 2048,
        }
    }
}
