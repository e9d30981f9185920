//! The chunks of a CAF.

use std::io::{Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::packets::Table;
use crate::decode::container::pcm::Layout;
use crate::decode::input::{Leftover, ReadSeek, read_up_to};
use crate::decode::names;
use crate::error::Error;

/// The largest packet table that is read, in bytes. Hours of speech need about a megabyte.
const MAX_TABLE: u64 = 64 * 1024 * 1024;

/// The largest description of a codec, in bytes.
const MAX_COOKIE: u64 = 1024 * 1024;

/// What the chunks of a CAF say.
pub(super) struct Chunks {
    pub(super) description: Description,
    /// Where the audio begins, and its bytes.
    pub(super) data: (u64, u64),
    /// The codec's own description.
    pub(super) cookie: Vec<u8>,
    pub(super) table: Option<Table>,
    /// What is dropped.
    pub(super) others: Vec<Leftover>,
}

/// What the audio is (`desc`).
#[derive(Debug, Clone)]
pub(super) struct Description {
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

impl Chunks {
    /// Goes over all chunks, which must be whole.
    ///
    /// # Errors
    /// [`Error::Header`] where a chunk is cut off, missing or there twice.
    pub(super) fn read(file: &mut Box<dyn ReadSeek>) -> Result<Self, Error> {
        let length = file.seek(SeekFrom::End(0)).map_err(Error::Read)?;
        file.seek(SeekFrom::Start(0)).map_err(Error::Read)?;
        if read_up_to(file, 8)?.get(..6) != Some(b"caff\0\x01") {
            return Err(header_error("its version is unknown"));
        }
        let (mut description, mut data, mut cookie, mut table) = (None, None, None, None);
        let (mut at, mut others) = (8, Vec::new());
        while at < length {
            file.seek(SeekFrom::Start(at)).map_err(Error::Read)?;
            let (kind, size) = header(&read_up_to(file, 12)?)?;
            // Only audio may be of unknown size, and then it is the last.
            let size = if kind == *b"data" && size == u64::MAX { length - at - 12 } else { size };
            let end = (at + 12).checked_add(size).filter(|&end| end <= length);
            let end = end.ok_or_else(|| header_error("it is cut off inside a chunk"))?;
            let twice = match &kind {
                b"desc" => {
                    description.replace(Description::parse(&read_up_to(file, 32)?)?).is_some()
                }
                b"data" => data.replace((at + 16, size.saturating_sub(4))).is_some(),
                b"kuki" => cookie.replace(limited(file, size, MAX_COOKIE)?).is_some(),
                b"pakt" => table.replace(limited(file, size, MAX_TABLE)?).is_some(),
                b"chan" | b"free" => false,
                _ => {
                    // Thousands of them say no more than a few do.
                    let name = kind.escape_ascii().to_string();
                    if others.len() < 100 {
                        others.push(Leftover { name, bytes: size });
                    }
                    false
                }
            };
            if twice {
                let kind = kind.escape_ascii();
                return Err(header_error(&format!("two chunks \"{kind}\" lie where one should")));
            }
            at = end;
        }
        let missing = |name: &str| header_error(&format!("its chunk \"{name}\" is missing"));
        Ok(Self {
            description: description.ok_or_else(|| missing("desc"))?,
            data: data.ok_or_else(|| missing("data"))?,
            cookie: cookie.unwrap_or_default(),
            table: table.map(Table::parse).transpose()?,
            others,
        })
    }
}

/// The kind and size of the chunk that begins with these bytes.
fn header(head: &[u8]) -> Result<([u8; 4], u64), Error> {
    let parts = head.split_first_chunk::<4>().and_then(|(kind, size)| {
        let size = i64::from_be_bytes(size.try_into().ok()?);
        Some((*kind, size))
    });
    match parts {
        Some((kind, _)) if kind == *b"caff" => {
            Err(header_error("it is two recordings in one file"))
        }
        Some((kind, -1)) if kind == *b"data" => Ok((kind, u64::MAX)),
        Some((kind, size)) => {
            let size = u64::try_from(size);
            Ok((kind, size.map_err(|_| header_error("a chunk has a size below 0"))?))
        }
        None => Err(header_error("it is cut off inside a chunk")),
    }
}

fn limited(file: &mut impl Read, size: u64, limit: u64) -> Result<Vec<u8>, Error> {
    if size > limit {
        return Err(header_error(&format!("a table of {size} bytes is too large")));
    }
    read_up_to(file, size)
}

impl Description {
    fn parse(bytes: &[u8]) -> Result<Self, Error> {
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
    pub(super) fn pcm(&self) -> Result<Option<Layout>, Error> {
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
        let width = crate::decode::codec::pcm_width(codec).unwrap_or(1) as u64;
        let block_bytes = width * u64::from(self.channels);
        // 24 bits in 4 bytes, for one.
        if self.packet_frames != 1 || block_bytes != u64::from(self.packet_bytes) {
            return Err(self.refused());
        }
        let channels = u16::try_from(self.channels).unwrap_or(u16::MAX);
        if channels == 0 {
            return Err(header_error("it declares no channels"));
        }
        Ok(Some(Layout { codec, rate: self.rate, channels, block_bytes, block_frames: 1 }))
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
