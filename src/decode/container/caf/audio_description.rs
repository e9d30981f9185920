//! The Audio Description chunk (`desc`) of a CAF file: codec, rate, channels, and the size of a
//! packet.

use symphonia::core::codecs::audio::well_known::*;

use crate::decode::container::bytes::{ByteOrder, be32, be64};
use crate::decode::container::error;
use crate::decode::container::guard::Container;
use crate::decode::container::pcm::{PcmLayout, float_codec, integer_codec};
use crate::decode::names;
use crate::error::Error;

/// The fields of an Audio Description chunk.
#[derive(Debug, Clone)]
pub(super) struct AudioDescription {
    /// The content of the chunk.
    pub(super) bytes: [u8; 32],
    /// In Hz.
    pub(super) rate: u32,
    /// The codec, as four letters.
    code: [u8; 4],
    flags: u32,
    /// 0: packets differ in bytes.
    pub(super) packet_bytes: u32,
    /// 0: packets differ in frames.
    pub(super) packet_frames: u32,
    channels: u32,
    bits: u32,
}

impl AudioDescription {
    /// Parses the content of the chunk.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let short = || header_error("its description is cut off");
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| short())?;
        let number = |at: usize| be32(&bytes, at).unwrap_or(0);
        let rate = f64::from_bits(be64(&bytes, 0).unwrap_or(0));
        if rate.fract() != 0.0 || !(1.0..=f64::from(u32::MAX)).contains(&rate) {
            return Err(header_error("its sample rate is not a whole number of Hz"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        let rate = rate as u32;
        Ok(Self {
            bytes,
            rate,
            code: number(8).to_be_bytes(),
            flags: number(12),
            packet_bytes: number(16),
            packet_frames: number(20),
            channels: number(24),
            bits: number(28),
        })
    }

    /// The layout of PCM and G.711; `None` for other codecs.
    ///
    /// # Errors
    /// [`Error::Foreign`] with the name of a codec that is not supported.
    pub(super) fn pcm(&self) -> Result<Option<PcmLayout>, Error> {
        let (is_float, is_little) = (self.flags & 1 == 1, self.flags & 2 == 2);
        let order = if is_little { ByteOrder::Little } else { ByteOrder::Big };
        let codec = match (&self.code, self.bits) {
            (b"lpcm", bits) if is_float => float_codec(bits, order),
            (b"lpcm", bits) => integer_codec(bits, order),
            (b"alaw", _) => Some(CODEC_ID_PCM_ALAW),
            (b"ulaw", _) => Some(CODEC_ID_PCM_MULAW),
            (b"aac " | b"alac" | b"flac" | b"opus" | b".mp1" | b".mp2" | b".mp3", _) => {
                return Ok(None);
            }
            // IMA ADPCM is not left to symphonia, whose decoder trusts invalid packet sizes.
            _ => return Err(self.refused()),
        };
        let codec = codec.ok_or_else(|| self.refused())?;
        let channels = u16::try_from(self.channels).unwrap_or(u16::MAX);
        let layout = PcmLayout::interleaved(codec, self.rate, channels);
        // Padded samples, such as 24 bits in 4 bytes, are not supported.
        if self.packet_frames != 1 || layout.block_bytes != u64::from(self.packet_bytes) {
            return Err(self.refused());
        }
        if channels == 0 {
            return Err(header_error("it declares no channels"));
        }
        Ok(Some(layout))
    }

    fn refused(&self) -> Error {
        names::four_letters(self.code, "CAF")
    }
}

pub(super) fn header_error(reason: impl Into<String>) -> Error {
    error::header(Container::Caf, reason)
}
