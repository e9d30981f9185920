//! The `fmt ` chunk of WAV and W64: what the bytes of the audio mean.
//!
//! What can go wrong: fields that contradict each other, since then nobody can say where a frame
//! begins; a codec that is not decoded, refused by its name.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::super::pcm::PcmLayout;
use super::super::riff::ByteOrder;
use crate::decode::codec::{CODEC_ID_PCM_S64BE, CODEC_ID_PCM_S64LE};
use crate::decode::names;
use crate::error::Error;

/// The longest `fmt ` chunk that is read; real ones have 16 to 52 bytes.
pub(in crate::decode::container) const MAX_FMT: u32 = 4096;

pub(super) const PCM: u16 = 1;
pub(super) const MS_ADPCM: u16 = 2;
pub(super) const FLOAT: u16 = 3;
const ALAW: u16 = 6;
pub(super) const MULAW: u16 = 7;
pub(super) const IMA_ADPCM: u16 = 0x11;
/// MPEG audio of layers 1 and 2, and of layer 3.
const MPEG: u16 = 0x50;
const MP3: u16 = 0x55;
pub(super) const EXTENSIBLE: u16 = 0xFFFE;

/// What follows the tag in every `KSDATAFORMAT_SUBTYPE` GUID that is a plain format tag.
pub(super) const SUB_FORMAT: &[u8; 14] = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";

/// The coefficients of MS ADPCM that every encoder uses (Microsoft's RIFF registration of 1994).
const MS_COEFFICIENTS: [(i16, i16); 7] =
    [(256, 0), (512, -256), (0, 0), (192, 64), (240, 0), (460, -208), (392, -232)];

/// The fields of a `fmt ` chunk that matter, checked.
pub(in crate::decode::container) struct FmtChunk {
    tag: u16,
    channels: u16,
    rate: u32,
    block: u16,
    order: ByteOrder,
    /// Whether samples of four bytes declare 24 bits, under a header that leaves doubt about them.
    pub(in crate::decode::container) upper_24: bool,
    /// The samples of an ADPCM block that the header declares; 0 where it does not.
    declared: u16,
}

/// How much audio there is.
pub(in crate::decode::container) struct Extent {
    /// Bytes, where that is known: whole frames only, save in ADPCM.
    pub(in crate::decode::container) bytes: Option<u64>,
    /// Frames, where that is known.
    pub(in crate::decode::container) frames: Option<u64>,
    /// Bytes after the last whole frame.
    pub(in crate::decode::container) rest: u64,
}

impl FmtChunk {
    /// # Errors
    /// [`Error::Header`]; [`Error::Unsupported`] and [`Error::Foreign`] for what is not decoded.
    pub(in crate::decode::container) fn parse(raw: &[u8], order: ByteOrder) -> Result<Self, Error> {
        let short = |at: usize| {
            raw.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, |b| order.short(b))
        };
        if raw.len() < 16 {
            return Err(header_error("its fmt chunk is too short"));
        }
        let (mut tag, channels, block, bits) = (short(0), short(2), short(12), short(14));
        let rate = order.long([raw[4], raw[5], raw[6], raw[7]]);
        if tag == EXTENSIBLE {
            if raw.len() < 40 || raw[26..40] != *SUB_FORMAT {
                return Err(Error::Unsupported { what: "WAV with an unknown sub-format".into() });
            }
            tag = short(24);
        }
        if channels == 0 || rate == 0 {
            return Err(header_error("it declares no channels or no sample rate"));
        }
        // EXTENSIBLE leaves no doubt.
        let upper_24 = short(0) == PCM && bits == 24 && block == channels.saturating_mul(4);
        let declared = short(18);
        let format = Self { tag, channels, rate, block, order, upper_24, declared };
        format.check(bits)?;
        if format.is_adpcm() {
            format.check_adpcm(bits, raw)?;
        }
        Ok(format)
    }

    /// Whether the tag is known, and the size of a frame agrees with the bits of a sample. Where it
    /// does not, nobody can say where a frame begins.
    fn check(&self, bits: u16) -> Result<(), Error> {
        let bytes = self.block / self.channels;
        let even = self.block.is_multiple_of(self.channels);
        let agrees = match self.tag {
            // Fewer bits than the bytes have room for are the upper ones, as in EXTENSIBLE.
            PCM if bytes == 1 => (1..=8).contains(&bits),
            PCM if bytes == 8 => bits == 64,
            PCM => (2..=4).contains(&bytes) && (9..=bytes * 8).contains(&bits),
            FLOAT => matches!((bits, bytes), (32, 4) | (64, 8)),
            ALAW | MULAW => bytes == 1,
            // Each of its frames has a header of its own, which is what counts.
            MPEG | MP3 => return Ok(()),
            MS_ADPCM | IMA_ADPCM if self.order == ByteOrder::Little => return Ok(()),
            MS_ADPCM | IMA_ADPCM => {
                return Err(Error::Unsupported { what: "ADPCM in big-endian WAV (RIFX)".into() });
            }
            other => {
                return Err(names::not_decoded(&format!("a WAV with {}", names::wav_codec(other))));
            }
        };
        if even && agrees {
            return Ok(());
        }
        let (block, channels) = (self.block, self.channels);
        Err(header_error(&format!(
            "{bits} bits in {channels} channels do not make frames of {block} bytes"
        )))
    }

    /// Whether blocks of ADPCM are as the decoder takes them.
    fn check_adpcm(&self, bits: u16, raw: &[u8]) -> Result<(), Error> {
        let refused = |what: &str| Err(Error::Unsupported { what: format!("WAV with {what}") });
        let extension = raw.get(16..18).map_or(u16::MAX, |b| u16::from_le_bytes([b[0], b[1]]));
        if raw.len() < 18 + usize::from(extension) {
            return Err(header_error("its fmt chunk ends inside its extension"));
        }
        if bits != 4 || self.channels > 2 {
            return refused("ADPCM of other than 4 bits, or more than two channels");
        }
        let layout = self.layout();
        let frames = adpcm_frames(&layout, layout.block_bytes);
        if frames == 0 || (self.declared != 0 && u64::from(self.declared) != frames) {
            return Err(header_error("its ADPCM blocks do not hold the samples that it declares"));
        }
        let pairs = raw.get(22..).unwrap_or_default().as_chunks::<4>().0;
        let pair =
            |&[a, b, c, d]: &[u8; 4]| (i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d]));
        let usual = pairs.iter().map(pair).zip(MS_COEFFICIENTS).all(|(is, usual)| is == usual);
        if self.tag == MS_ADPCM && !usual {
            return refused("MS ADPCM with coefficients of its own");
        }
        Ok(())
    }

    /// How much audio there is in so many bytes, or in all that come. The last block of ADPCM may be
    /// short. A `fact` chunk that counts fewer samples than the blocks hold is not followed: neither
    /// FFmpeg nor SoX does, and what was said in the rest of a block would be lost.
    pub(in crate::decode::container) fn extent(&self, bytes: Option<u64>) -> Extent {
        let layout = self.layout();
        let block = layout.block_bytes;
        let Some(bytes) = bytes else { return Extent { bytes: None, frames: None, rest: 0 } };
        let part = bytes % block;
        let rest = if self.is_adpcm() { 0 } else { part };
        let in_part = adpcm_frames(&layout, part);
        let in_blocks = (bytes / block).saturating_mul(layout.block_frames);
        let frames = (!self.is_mpeg()).then_some(in_blocks.saturating_add(in_part));
        Extent { bytes: Some(bytes - rest), frames, rest }
    }

    fn is_adpcm(&self) -> bool {
        matches!(self.tag, MS_ADPCM | IMA_ADPCM)
    }

    /// Whether the audio is frames of MPEG audio.
    pub(in crate::decode::container) fn is_mpeg(&self) -> bool {
        matches!(self.tag, MPEG | MP3)
    }

    pub(in crate::decode::container) fn layout(&self) -> PcmLayout {
        let block_bytes = if self.is_mpeg() { 1 } else { u64::from(self.block.max(1)) };
        let (codec, rate, channels) = (self.codec(), self.rate, self.channels);
        let layout = PcmLayout { codec, rate, channels, block_bytes, block_frames: 1 };
        let block_frames = match self.tag {
            MS_ADPCM | IMA_ADPCM => adpcm_frames(&layout, block_bytes).max(1),
            MPEG | MP3 => 0,
            _ => 1,
        };
        PcmLayout { block_frames, ..layout }
    }

    /// The codec, by tag, bytes of a sample and their order.
    fn codec(&self) -> AudioCodecId {
        let big = self.order == ByteOrder::Big;
        match (self.tag, self.block / self.channels) {
            (MS_ADPCM, _) => CODEC_ID_ADPCM_MS,
            (IMA_ADPCM, _) => CODEC_ID_ADPCM_IMA_WAV,
            (MPEG | MP3, _) => CODEC_ID_MP3,
            (ALAW, _) => CODEC_ID_PCM_ALAW,
            (MULAW, _) => CODEC_ID_PCM_MULAW,
            (FLOAT, 4) if big => CODEC_ID_PCM_F32BE,
            (FLOAT, 4) => CODEC_ID_PCM_F32LE,
            (FLOAT, _) if big => CODEC_ID_PCM_F64BE,
            (FLOAT, _) => CODEC_ID_PCM_F64LE,
            (_, 1) => CODEC_ID_PCM_U8,
            (_, 2) if big => CODEC_ID_PCM_S16BE,
            (_, 2) => CODEC_ID_PCM_S16LE,
            (_, 3) if big => CODEC_ID_PCM_S24BE,
            (_, 3) => CODEC_ID_PCM_S24LE,
            (_, 8) if big => CODEC_ID_PCM_S64BE,
            (_, 8) => CODEC_ID_PCM_S64LE,
            _ if big => CODEC_ID_PCM_S32BE,
            _ => CODEC_ID_PCM_S32LE,
        }
    }
}

/// The frames in so many bytes of an ADPCM block: what its head holds, then two a byte, those of IMA
/// in groups of eight where there are two channels. 0 for what is no ADPCM.
pub(in crate::decode::container) fn adpcm_frames(layout: &PcmLayout, bytes: u64) -> u64 {
    let (head, first) = match layout.codec {
        CODEC_ID_ADPCM_MS => (7, 2),
        CODEC_ID_ADPCM_IMA_WAV => (4, 1),
        _ => return 0,
    };
    let channels = u64::from(layout.channels);
    match bytes.checked_sub(head * channels) {
        None => 0,
        Some(rest) if layout.codec == CODEC_ID_ADPCM_MS || channels == 1 => {
            first + rest * 2 / channels
        }
        Some(rest) => first + rest / (4 * channels) * 8,
    }
}

pub(super) fn header_error(reason: &str) -> Error {
    Error::Header { container: "WAV".into(), reason: reason.into() }
}
