//! The front door for WAV: reads the header tolerantly and hands on one that symphonia accepts.
//!
//! In: RIFF, RIFX, RF64 or BW64 with any sizes. Out: a canonical header, then exactly the frames of
//! the `data` chunk ([`Body`]). Telephone systems write headers with sizes of zero, of "I do not know
//! yet", with short `fmt ` chunks and odd chunks that nobody padded; the size of the whole is not
//! needed and not believed. What can go wrong: a variant that cannot be decoded, refused by name;
//! fewer bytes than `data` declares; bytes behind it that are neither chunks nor zeros.

use std::io::Read;

use super::names;
use super::transport::Leftover;
use crate::error::Error;

mod body;
mod chunks;

pub(super) use body::Body;
use chunks::Chunks;

/// Whether a `data` size means "unknown, read to the end": the zero of a writer that never came back
/// to fill it in, and what others write into a pipe: FFmpeg 0xFFFFFFFF, SoX 0x7FFFF000, LAME
/// 0x7FFFFFFC, some either limit less a header.
fn is_unknown(size: u64) -> bool {
    matches!(size, 0 | 0x7FFF_F000..=0x8000_0000 | 0xFFFF_F000..=0xFFFF_FFFF)
}

/// The longest `fmt ` chunk that is read; real ones have 16 to 52 bytes.
const MAX_FMT: u32 = 4096;

const PCM: u16 = 1;
const MS_ADPCM: u16 = 2;
const FLOAT: u16 = 3;
const ALAW: u16 = 6;
const MULAW: u16 = 7;
const IMA_ADPCM: u16 = 0x11;
const EXTENSIBLE: u16 = 0xFFFE;

/// What follows the tag in every `KSDATAFORMAT_SUBTYPE` GUID that is a plain format tag.
const SUB_FORMAT: &[u8; 14] = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";

/// The order of the bytes in every number of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    /// RIFX.
    Big,
}

impl Order {
    fn short(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    fn long(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }
}

/// A WAV whose header has been read, up to the first byte of its audio.
pub(super) struct Wav {
    /// The header for symphonia.
    pub(super) header: Vec<u8>,
    /// The size of the audio in bytes, where it is known; whole frames only, save in ADPCM.
    pub(super) data: Option<u64>,
    /// The number of frames, where it is known and the codec has frames of fixed size.
    pub(super) frames: Option<u64>,
    /// Whether samples of several bytes begin with the highest.
    pub(super) big_endian: bool,
    /// Whether the lowest byte of every sample must be zero: 24 bits in four bytes are the upper
    /// ones, unless an old editor has put floats there under the same header.
    pub(super) upper_24: bool,
    /// Bytes of `data` behind the last whole frame.
    rest: u64,
    /// Whether `data` has an odd size, so that a byte of padding should follow.
    odd: bool,
    /// Bytes of a frame, or of a block of ADPCM.
    frame_bytes: u64,
    /// The tag and channels of ADPCM.
    adpcm: Option<(u16, u16)>,
    rate: u32,
    /// The chunks before the audio that are no part of it.
    pub(super) others: Vec<Leftover>,
}

/// Reads chunks until `data`. `form` is what the first 12 bytes of the file said.
pub(super) fn open(form: &[u8], rest: &mut impl Read) -> Result<Wav, Error> {
    let order = if form.starts_with(b"RIFX") { Order::Big } else { Order::Little };
    let mut chunks = Chunks { rest, order, odd: false, others: Vec::new() };
    let (mut format, mut wide) = (None, None);
    loop {
        let (id, size) = chunks.next()?.ok_or(Error::NoAudio)?;
        match &id {
            b"fmt " => {
                if size > MAX_FMT {
                    return Err(header_error("its fmt chunk is longer than any"));
                }
                format = Some(Format::parse(&chunks.body(size)?, order)?);
            }
            b"ds64" => {
                let body = chunks.body(size.min(MAX_FMT))?;
                chunks.skip(size.saturating_sub(MAX_FMT).into())?;
                wide = body.get(8..16).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
            }
            b"data" => {
                let format =
                    format.ok_or_else(|| header_error("it has no fmt chunk before data"))?;
                let size = if size == u32::MAX { wide.unwrap_or(size.into()) } else { size.into() };
                return Ok(Wav { others: chunks.others, ..format.wav(size) });
            }
            b"fact" => chunks.skip(size.into())?,
            _ => chunks.pass_over(id, size)?,
        }
    }
}

/// The fields of a `fmt ` chunk that matter, checked.
struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    block: u16,
    order: Order,
    upper_24: bool,
    /// The whole chunk, for ADPCM, which says more than these fields.
    raw: Vec<u8>,
}

impl Format {
    fn parse(raw: &[u8], order: Order) -> Result<Self, Error> {
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
        // Past an extension that ends behind the chunk, symphonia would look for another `fmt `.
        let adpcm = matches!(tag, MS_ADPCM | IMA_ADPCM) && order == Order::Little;
        let extended = 18 + usize::from(short(16));
        if adpcm && raw.len() < extended {
            return Err(header_error("its fmt chunk ends inside its extension"));
        }
        let raw = raw[..if adpcm { extended } else { 16 }].to_vec();
        let format = Self { tag, channels, rate, block, order, upper_24, raw };
        format.check(bits)?;
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
            PCM => (2..=4).contains(&bytes) && (9..=bytes * 8).contains(&bits),
            FLOAT => matches!((bits, bytes), (32, 4) | (64, 8)),
            ALAW | MULAW => bytes == 1,
            MS_ADPCM | IMA_ADPCM if self.order == Order::Little => return Ok(()),
            MS_ADPCM | IMA_ADPCM => {
                return Err(Error::Unsupported { what: "ADPCM in big-endian WAV (RIFX)".into() });
            }
            other => {
                return Err(Error::Unsupported {
                    what: format!("WAV with {}", names::wav_codec(other)),
                });
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

    fn wav(&self, size: u64) -> Wav {
        let block = u64::from(self.block.max(1));
        // The last block of ADPCM may be short.
        let part = if self.is_adpcm() { 0 } else { size % block };
        let data = (!is_unknown(size)).then_some(size - part);
        Wav {
            header: self.header(),
            data,
            frames: data.filter(|_| !self.is_adpcm()).map(|bytes| bytes / block),
            big_endian: self.order == Order::Big,
            upper_24: self.upper_24,
            rest: part,
            adpcm: self.is_adpcm().then_some((self.tag, self.channels)),
            odd: size % 2 == 1,
            frame_bytes: block,
            rate: self.rate,
            others: Vec::new(),
        }
    }

    fn is_adpcm(&self) -> bool {
        matches!(self.tag, MS_ADPCM | IMA_ADPCM)
    }

    /// A little-endian header with open sizes: [`Body`] alone decides where the audio ends.
    fn header(&self) -> Vec<u8> {
        let open = u32::MAX.to_le_bytes();
        let mut fmt = self.raw.clone();
        if !self.is_adpcm() {
            fmt.clear();
            for short in [self.tag, self.channels] {
                fmt.extend_from_slice(&short.to_le_bytes());
            }
            for long in [self.rate, self.rate.wrapping_mul(self.block.into())] {
                fmt.extend_from_slice(&long.to_le_bytes());
            }
            for short in [self.block, self.block / self.channels * 8] {
                fmt.extend_from_slice(&short.to_le_bytes());
            }
            if matches!(self.tag, ALAW | MULAW) {
                fmt.extend_from_slice(&[0, 0]);
            }
        }
        let length = u32::try_from(fmt.len()).unwrap_or(MAX_FMT).to_le_bytes();
        [b"RIFF".as_slice(), &open, b"WAVEfmt ", &length, &fmt, b"data", &open].concat()
    }
}

/// The frames in so many bytes of a block: what its head holds, then two a byte, those of IMA in
/// groups of eight.
fn adpcm_frames((tag, channels): (u16, u16), bytes: u64) -> u64 {
    let channels = u64::from(channels);
    let (head, first) = if tag == MS_ADPCM { (7, 2) } else { (4, 1) };
    match bytes.checked_sub(head * channels) {
        None => 0,
        Some(rest) if tag == MS_ADPCM => first + rest * 2 / channels,
        Some(rest) => first + rest / (4 * channels) * 8,
    }
}

fn header_error(reason: &str) -> Error {
    Error::Header { container: "WAV".into(), reason: reason.into() }
}

#[cfg(test)]
mod tests;
