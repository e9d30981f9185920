//! The audio of a recording in the sandbox.

use axum::body::Bytes;

/// Bytes of a download that are sent at once.
const PIECE: u64 = 64 * 1024;

#[derive(Debug, Clone)]
pub(super) enum Audio {
    Bytes(Bytes),
    /// A WAV header and this many bytes of samples, generated while they are sent.
    Made(u64),
}

impl Audio {
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Made(bytes) => 44 + bytes,
        }
    }

    /// The media type of a recording that sordino writes, by its first bytes.
    pub(super) fn content_type(&self) -> &'static str {
        match self {
            Self::Bytes(bytes) if bytes.starts_with(b"fLaC") => "audio/flac",
            Self::Bytes(bytes) if bytes.starts_with(b"OggS") => "audio/ogg",
            _ => "audio/wav",
        }
    }

    /// The piece at offset `at`; `None` at the end.
    pub(super) fn piece(&self, at: u64) -> Option<Bytes> {
        let end = (at + PIECE).min(self.length());
        let count = usize::try_from(end.checked_sub(at)?).ok().filter(|count| *count > 0)?;
        Some(match self {
            Self::Bytes(bytes) => {
                let at = usize::try_from(at).ok()?;
                bytes.slice(at..at + count)
            }
            Self::Made(bytes) if at == 0 => {
                let mut piece = Vec::from(wav_header(*bytes));
                piece.resize(count, 0x2A);
                piece.into()
            }
            Self::Made(_) => vec![0x2A; count].into(),
        })
    }
}

/// The header of a WAV with this many bytes of samples at 8 kHz, stereo, 16 bits.
pub fn wav_header(bytes: u64) -> [u8; 44] {
    let size = u32::try_from(bytes).unwrap_or(u32::MAX);
    // 8000 frames and 32000 bytes a second, 4 bytes a frame; both sizes follow.
    let mut header = *b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1F\0\0\0\x7D\0\0\x04\0\x10\0data\0\0\0\0";
    header[4..8].copy_from_slice(&size.saturating_add(36).to_le_bytes());
    header[40..].copy_from_slice(&size.to_le_bytes());
    header
}

/// A WAV of interleaved samples with 16 bits.
pub(super) fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let bytes = samples.len() as u64 * 2;
    let mut wav = Vec::from(wav_header(bytes));
    wav[22..24].copy_from_slice(&channels.to_le_bytes());
    wav[24..28].copy_from_slice(&rate.to_le_bytes());
    wav[28..32].copy_from_slice(&(rate * u32::from(channels) * 2).to_le_bytes());
    wav[32..34].copy_from_slice(&(channels * 2).to_le_bytes());
    wav.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    wav
}
