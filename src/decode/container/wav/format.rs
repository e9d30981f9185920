//! The `fmt ` chunk of WAV and W64: the codec and the layout of the audio.
//!
//! In: the content of the chunk. Out: [`FmtChunk`], and the [`Extent`] of the audio. What can go
//! wrong: fields that contradict each other, so that the frame size is ambiguous; a codec that is
//! not decoded, refused by name.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::super::bytes::ByteOrder;
use super::super::pcm::{PcmLayout, float_codec, integer_codec};
use crate::decode::codec::{CODEC_ID_PCM_S64BE, CODEC_ID_PCM_S64LE};
use crate::decode::container::error::{self, unsupported};
use crate::decode::container::guard::Container;
use crate::decode::names;
use crate::error::Error;

/// The longest `fmt ` chunk that is read, in bytes. Real ones have 16 to 52.
pub(in crate::decode::container) const MAX_FMT: u32 = 4096;

pub(super) const PCM: u16 = 1;
pub(super) const MS_ADPCM: u16 = 2;
pub(super) const FLOAT: u16 = 3;
const ALAW: u16 = 6;
pub(super) const MULAW: u16 = 7;
pub(super) const IMA_ADPCM: u16 = 0x11;
/// MPEG audio, layers 1 and 2. Layer 3 has a tag of its own.
const MPEG: u16 = 0x50;
const MP3: u16 = 0x55;
pub(super) const EXTENSIBLE: u16 = 0xFFFE;

/// The last 14 bytes of a `KSDATAFORMAT_SUBTYPE` GUID whose first two are a plain format tag.
pub(super) const SUB_FORMAT: &[u8; 14] = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";

/// The standard coefficients of MS ADPCM (Microsoft's RIFF registration of 1994).
const MS_COEFFICIENTS: [(i16, i16); 7] =
    [(256, 0), (512, -256), (0, 0), (192, 64), (240, 0), (460, -208), (392, -232)];

/// A `fmt ` chunk whose fields agree with each other.
pub(in crate::decode::container) struct FmtChunk {
    tag: u16,
    channels: u16,
    rate: u32,
    block: u16,
    order: ByteOrder,
    /// Whether 4-byte samples declare 24 bits under tag 1, which some writers also use for floats.
    upper_24: bool,
    /// The declared frames of an ADPCM block; 0 where the header does not tell.
    declared: u16,
}

/// The amount of audio.
pub(in crate::decode::container) struct Extent {
    /// Bytes, where known: whole frames only, except in ADPCM.
    pub(in crate::decode::container) bytes: Option<u64>,
    /// Frames, where known.
    pub(in crate::decode::container) frames: Option<u64>,
    /// Bytes after the last whole frame.
    pub(in crate::decode::container) rest: u64,
}

impl FmtChunk {
    /// Parses the content of the chunk.
    ///
    /// # Errors
    /// [`Error::Header`]; [`Error::Unsupported`] and [`Error::Foreign`] for what is not decoded.
    pub(in crate::decode::container) fn parse(raw: &[u8], order: ByteOrder) -> Result<Self, Error> {
        let short = |at: usize| order.u16(raw, at).unwrap_or(0);
        if raw.len() < 16 {
            return Err(header_error("its fmt chunk is too short"));
        }
        let (mut tag, channels, block, bits) = (short(0), short(2), short(12), short(14));
        let rate = order.u32(raw, 4).unwrap_or(0);
        if tag == EXTENSIBLE {
            if raw.len() < 40 || raw[26..40] != *SUB_FORMAT {
                return Err(unsupported("WAV with an unknown sub-format"));
            }
            tag = short(24);
        }
        if channels == 0 || rate == 0 {
            return Err(header_error("it declares no channels or no sample rate"));
        }
        // EXTENSIBLE is not ambiguous.
        let upper_24 = short(0) == PCM && bits == 24 && block == channels.saturating_mul(4);
        let declared = short(18);
        let format = Self { tag, channels, rate, block, order, upper_24, declared };
        format.check(bits)?;
        if format.is_adpcm() {
            format.check_adpcm(bits, raw)?;
        }
        Ok(format)
    }

    /// Checks that the tag is known and the frame size fits the bits of a sample. Where it does
    /// not, the place of each frame is ambiguous.
    fn check(&self, bits: u16) -> Result<(), Error> {
        let bytes = self.block / self.channels;
        let even = self.block.is_multiple_of(self.channels);
        let agrees = match self.tag {
            // Samples narrower than their bytes are in the upper bits, as in EXTENSIBLE.
            PCM if bytes == 1 => (1..=8).contains(&bits),
            PCM if bytes == 8 => bits == 64,
            PCM => (2..=4).contains(&bytes) && (9..=bytes * 8).contains(&bits),
            FLOAT => matches!((bits, bytes), (32, 4) | (64, 8)),
            ALAW | MULAW => bytes == 1,
            // Every MPEG frame has a header of its own.
            MPEG | MP3 => return Ok(()),
            MS_ADPCM | IMA_ADPCM if self.order == ByteOrder::Little => return Ok(()),
            MS_ADPCM | IMA_ADPCM => {
                return Err(unsupported("ADPCM in big-endian WAV (RIFX)"));
            }
            other => {
                return Err(names::not_decoded(&format!("a WAV with {}", names::wav_codec(other))));
            }
        };
        if even && agrees {
            return Ok(());
        }
        let (block, channels) = (self.block, self.channels);
        Err(header_error(format!(
            "{bits} bits in {channels} channels do not make frames of {block} bytes"
        )))
    }

    /// Checks that the decoder can take these ADPCM blocks.
    fn check_adpcm(&self, bits: u16, raw: &[u8]) -> Result<(), Error> {
        let refused = |what: &str| Err(unsupported(format!("WAV with {what}")));
        let extension = ByteOrder::Little.u16(raw, 16).unwrap_or(u16::MAX);
        if raw.len() < 18 + usize::from(extension) {
            return Err(header_error("its fmt chunk ends inside its extension"));
        }
        if bits != 4 || self.channels > 2 {
            return refused("ADPCM of other than 4 bits, or more than two channels");
        }
        let layout = self.layout();
        let frames = layout.adpcm_frames(layout.block_bytes);
        if frames == 0 || (self.declared != 0 && u64::from(self.declared) != frames) {
            return Err(header_error(
                "the size of its ADPCM blocks does not fit the samples that it declares",
            ));
        }
        let pairs = raw.get(22..).unwrap_or_default().as_chunks::<4>().0;
        let usual = pairs.iter().zip(MS_COEFFICIENTS).all(|(&[a, b, c, d], usual)| {
            (i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d])) == usual
        });
        if self.tag == MS_ADPCM && !usual {
            return refused("MS ADPCM with non-standard coefficients");
        }
        Ok(())
    }

    /// The amount of audio in `bytes` bytes, or up to the end. The last block of ADPCM may be
    /// incomplete. A `fact` chunk with fewer samples than the blocks hold is ignored, as in FFmpeg
    /// and SoX: speech in the rest of the last block would be lost.
    pub(in crate::decode::container) fn extent(&self, bytes: Option<u64>) -> Extent {
        let layout = self.layout();
        let block = layout.block_bytes;
        let Some(bytes) = bytes else { return Extent { bytes: None, frames: None, rest: 0 } };
        let part = bytes % block;
        let rest = if self.is_adpcm() { 0 } else { part };
        let in_part = layout.adpcm_frames(part);
        let in_blocks = (bytes / block).saturating_mul(layout.block_frames);
        let frames = (!self.is_mpeg()).then_some(in_blocks.saturating_add(in_part));
        Extent { bytes: Some(bytes - rest), frames, rest }
    }

    fn is_adpcm(&self) -> bool {
        matches!(self.tag, MS_ADPCM | IMA_ADPCM)
    }

    /// Whether the audio is MPEG frames.
    pub(in crate::decode::container) fn is_mpeg(&self) -> bool {
        matches!(self.tag, MPEG | MP3)
    }

    pub(in crate::decode::container) fn layout(&self) -> PcmLayout {
        let block_bytes = if self.is_mpeg() { 1 } else { u64::from(self.block.max(1)) };
        let (codec, rate, channels, upper_24) =
            (self.codec(), self.rate, self.channels, self.upper_24);
        let layout = PcmLayout { codec, rate, channels, block_bytes, block_frames: 1, upper_24 };
        let block_frames = match self.tag {
            MS_ADPCM | IMA_ADPCM => layout.adpcm_frames(block_bytes).max(1),
            MPEG | MP3 => 0,
            _ => 1,
        };
        PcmLayout { block_frames, ..layout }
    }

    /// The codec, by tag, width of a sample and byte order.
    fn codec(&self) -> AudioCodecId {
        let bits = u32::from(self.block / self.channels) * 8;
        let codec = match (self.tag, bits, self.order) {
            (MS_ADPCM, ..) => Some(CODEC_ID_ADPCM_MS),
            (IMA_ADPCM, ..) => Some(CODEC_ID_ADPCM_IMA_WAV),
            (MPEG | MP3, ..) => Some(CODEC_ID_MP3),
            (ALAW, ..) => Some(CODEC_ID_PCM_ALAW),
            (MULAW, ..) => Some(CODEC_ID_PCM_MULAW),
            (FLOAT, bits, order) => float_codec(bits, order),
            // Samples of one byte are unsigned.
            (_, 8, _) => Some(CODEC_ID_PCM_U8),
            (_, 64, ByteOrder::Little) => Some(CODEC_ID_PCM_S64LE),
            (_, 64, ByteOrder::Big) => Some(CODEC_ID_PCM_S64BE),
            (_, bits, order) => integer_codec(bits, order),
        };
        // Other widths do not get past `check`.
        codec.unwrap_or(CODEC_ID_PCM_S32LE)
    }
}

impl PcmLayout {
    /// The frames in `bytes` bytes of an ADPCM block: those in the block's header, then two per byte.
    /// Stereo IMA has them in groups of eight. 0 for other codecs.
    pub(in crate::decode::container) fn adpcm_frames(&self, bytes: u64) -> u64 {
        let (head, first) = match self.codec {
            CODEC_ID_ADPCM_MS => (7, 2),
            CODEC_ID_ADPCM_IMA_WAV => (4, 1),
            _ => return 0,
        };
        let channels = u64::from(self.channels);
        match bytes.checked_sub(head * channels) {
            None => 0,
            Some(rest) if self.codec == CODEC_ID_ADPCM_MS || channels == 1 => {
                first + rest * 2 / channels
            }
            Some(rest) => first + rest / (4 * channels) * 8,
        }
    }
}

pub(super) fn header_error(reason: impl Into<String>) -> Error {
    error::header(Container::Wav, reason)
}
