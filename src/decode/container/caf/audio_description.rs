//! The description of the audio in a CAF.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use crate::decode::codec::pcm_width;
use crate::decode::container::pcm::PcmLayout;
use crate::decode::names;
use crate::error::Error;

/// What the audio is (`desc`).
#[derive(Debug, Clone)]
pub(super) struct AudioDescription {
    /// The content of the chunk.
    pub(super) bytes: [u8; 32],
    /// In Hz.
    pub(super) rate: u32,
    pub(super) code: [u8; 4],
    flags: u32,
    /// 0 where they differ.
    pub(super) packet_bytes: u32,
    /// 0 where they differ.
    pub(super) packet_frames: u32,
    channels: u32,
    bits: u32,
}

impl AudioDescription {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let short = || header_error("its description is cut off");
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| short())?;
        let number = |at: usize| {
            let number = bytes.get(at..at + 4).and_then(|number| number.try_into().ok());
            number.map_or(0, u32::from_be_bytes)
        };
        let rate = f64::from_bits(u64::from(number(0)) << 32 | u64::from(number(4)));
        if rate.fract() != 0.0 || !(1.0..=f64::from(u32::MAX)).contains(&rate) {
            return Err(header_error("its sample rate is no whole number"));
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

    /// The layout of PCM and G.711; nothing for other codecs.
    ///
    /// # Errors
    /// [`Error::Foreign`] with the name of what is not read.
    pub(super) fn pcm(&self) -> Result<Option<PcmLayout>, Error> {
        let (floats, little) = (self.flags & 1 == 1, self.flags & 2 == 2);
        let codec = match (&self.code, self.bits) {
            (b"lpcm", bits) => linear(floats, little, bits),
            (b"alaw", _) => Some(CODEC_ID_PCM_ALAW),
            (b"ulaw", _) => Some(CODEC_ID_PCM_MULAW),
            (b"aac " | b"alac" | b"flac" | b"opus" | b".mp1" | b".mp2" | b".mp3", _) => {
                return Ok(None);
            }
            // symphonia's decoder of IMA ADPCM believes packet sizes that cannot be.
            _ => return Err(self.refused()),
        };
        let codec = codec.ok_or_else(|| self.refused())?;
        let width = pcm_width(codec).unwrap_or(1) as u64;
        let block_bytes = width * u64::from(self.channels);
        // 24 bits in 4 bytes, for one.
        if self.packet_frames != 1 || block_bytes != u64::from(self.packet_bytes) {
            return Err(self.refused());
        }
        let channels = u16::try_from(self.channels).unwrap_or(u16::MAX);
        if channels == 0 {
            return Err(header_error("it declares no channels"));
        }
        Ok(Some(PcmLayout { codec, rate: self.rate, channels, block_bytes, block_frames: 1 }))
    }

    fn refused(&self) -> Error {
        names::four_letters(self.code, "CAF")
    }
}

fn linear(floats: bool, little: bool, bits: u32) -> Option<AudioCodecId> {
    Some(match (floats, bits, little) {
        (false, 8, _) => CODEC_ID_PCM_S8,
        (false, 16, true) => CODEC_ID_PCM_S16LE,
        (false, 16, false) => CODEC_ID_PCM_S16BE,
        (false, 24, true) => CODEC_ID_PCM_S24LE,
        (false, 24, false) => CODEC_ID_PCM_S24BE,
        (false, 32, true) => CODEC_ID_PCM_S32LE,
        (false, 32, false) => CODEC_ID_PCM_S32BE,
        (true, 32, true) => CODEC_ID_PCM_F32LE,
        (true, 32, false) => CODEC_ID_PCM_F32BE,
        (true, 64, true) => CODEC_ID_PCM_F64LE,
        (true, 64, false) => CODEC_ID_PCM_F64BE,
        _ => return None,
    })
}

pub(super) fn header_error(reason: &str) -> Error {
    Error::Header { container: "CAF".into(), reason: reason.into() }
}
