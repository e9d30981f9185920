//! Sample formats.

use std::fmt;

/// Storage format of one sample, in blocks and in the WAV that sordino writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleFormat {
    /// Unsigned 8-bit integers; in memory as -128 to 127.
    U8,
    /// Signed 16-bit integers; also for ADPCM and lossy codecs, and for A-law and µ-law unless they
    /// are kept.
    S16,
    /// Signed 24-bit integers.
    S24,
    /// Signed 32-bit integers.
    S32,
    /// 32-bit floats, full scale at ±1.
    F32,
    /// A-law codes, for [`Encoding::Same`](crate::Encoding::Same).
    ALaw,
    /// µ-law codes, for [`Encoding::Same`](crate::Encoding::Same).
    MuLaw,
}

impl SampleFormat {
    /// Whether samples are A-law or µ-law codes.
    pub(crate) fn is_g711(self) -> bool {
        matches!(self, Self::ALaw | Self::MuLaw)
    }

    /// Bytes of one sample in a WAV file.
    pub fn bytes(self) -> u16 {
        match self {
            Self::U8 | Self::ALaw | Self::MuLaw => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
        }
    }

    /// The short name of the codec of a WAV with these samples, as [`StreamInfo::codec`] has it.
    ///
    /// [`StreamInfo::codec`]: crate::StreamInfo::codec
    pub fn codec(self) -> String {
        let order = if self.bytes() > 1 { "le" } else { "" };
        format!("pcm_{self}{order}")
    }
}

impl fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::S24 => "s24",
            Self::S32 => "s32",
            Self::F32 => "f32",
            Self::ALaw => "alaw",
            Self::MuLaw => "mulaw",
        })
    }
}
