//! How the samples of a redacted recording are compared with the original.

use crate::block::StreamInfo;
use crate::level::step;

/// How samples are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum CompareMode {
    /// Sample by sample, for equality.
    Exact,
    /// Sample by sample, within this quantization step of the narrower format. Sounds of only a few steps
    /// are judged as in [`CompareMode::Lossy`].
    Quantized(f64),
    /// By the energy of segments, relative to the codec's noise outside the windows.
    Lossy,
}

impl CompareMode {
    pub(super) fn of(original: &StreamInfo, redacted: &StreamInfo) -> Self {
        // G.711 is lossless only if the original is in the same law.
        let is_law = ["pcm_alaw", "pcm_mulaw"].contains(&redacted.codec);
        let lossless =
            ["pcm", "flac", "alac"].iter().any(|codec| redacted.codec.starts_with(codec));
        if !lossless || is_law && original.codec != redacted.codec {
            Self::Lossy
        } else if original.format == redacted.format {
            Self::Exact
        } else {
            Self::Quantized(step(original.format).max(step(redacted.format)))
        }
    }

    /// The largest difference of two samples inside a window that counts as equal.
    pub(super) fn tolerance(self) -> f64 {
        match self {
            Self::Exact | Self::Lossy => 0.0,
            Self::Quantized(step) => step,
        }
    }

    /// How many frames away a codec spreads the sound of one frame, which is also the most that it pads
    /// at the end: the longest usual packet. 0 without a codec.
    pub(super) fn reach(self, redacted: &StreamInfo) -> u64 {
        if self != Self::Lossy {
            return 0;
        }
        match redacted.codec {
            "pcm_alaw" | "pcm_mulaw" => 0,
            "mp1" | "mp2" | "mp3" => 1152,
            // RFC 6716, section 2.1.4: 120 ms.
            "opus" => u64::from(redacted.rate) * 12 / 100,
            // AAC: 1024 frames, overlapping with 1024 more. Vorbis: libvorbis uses blocks of up to 2048.
            // ADPCM: a block of 1024 bytes holds 2041 frames.
            _ => 2048,
        }
    }
}
