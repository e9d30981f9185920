//! WAV: RIFF, RIFX, RF64 or BW64 with any sizes.
//!
//! Telephone systems write headers with sizes of zero, of "I do not know yet", with short `fmt `
//! chunks and odd chunks that nobody padded. The size of the whole is not needed and not believed.
//! What can go wrong: a variant that cannot be decoded, refused by name; fewer bytes than `data`
//! declares; bytes after it that are neither chunks nor zeros.

use std::io::Read;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::guard::Container;
use super::pcm::{Body, Layout, PcmGuard, PcmReader};
use super::reader::Opened;
use super::riff::{Chunks, Order, Trailer};
use crate::decode::input::Leftover;
use crate::decode::input::{Input, read_up_to};
use crate::decode::names;
use crate::error::Error;

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

/// The coefficients of MS ADPCM that every encoder uses (Microsoft's RIFF registration of 1994).
const MS_COEFFICIENTS: [(i16, i16); 7] =
    [(256, 0), (512, -256), (0, 0), (192, 64), (240, 0), (460, -208), (392, -232)];

/// Opens a WAV.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let mut rest = input.stream();
    let form = read_up_to(&mut rest, 12)?;
    let wav = Wav::read(&form, &mut rest)?;
    monitor.left_out(wav.others);
    let Wav { layout, data, frames, trailer, upper_24, .. } = wav;
    let body = Body::new(rest, data, &layout, &monitor, move |rest| trailer.read(rest));
    let reader = PcmReader::with_parts(layout, body, adpcm_frames);
    let guard = PcmGuard { container: Container::Wav, upper_24 };
    Ok(Opened { frames, ..Opened::new(reader, guard) })
}

/// A WAV whose header has been read, up to the first byte of its audio.
struct Wav {
    layout: Layout,
    /// The size of the audio in bytes, where it is known; whole frames only, save in ADPCM.
    data: Option<u64>,
    /// The number of frames, where it is known.
    frames: Option<u64>,
    upper_24: bool,
    trailer: Trailer,
    /// The chunks before the audio that are no part of it.
    others: Vec<Leftover>,
}

impl Wav {
    /// Reads chunks until `data`. `form` is what the first 12 bytes of the file said.
    fn read(form: &[u8], rest: &mut impl Read) -> Result<Self, Error> {
        let order = if form.starts_with(b"RIFX") { Order::Big } else { Order::Little };
        let mut chunks = Chunks::new(rest, order);
        let (mut format, mut wide) = (None, None);
        loop {
            let (id, size) = chunks.next()?.ok_or(Error::NoAudio)?;
            match &id {
                b"fmt " => {
                    if size > MAX_FMT {
                        return Err(header_error("its fmt chunk is longer than 4096 bytes"));
                    }
                    format = Some(Format::parse(&chunks.body(size)?, order)?);
                }
                b"ds64" => {
                    let body = chunks.body(size.min(MAX_FMT))?;
                    chunks.skip(size.saturating_sub(MAX_FMT).into())?;
                    wide = body.get(8..16).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
                }
                b"data" => {
                    let missing = || header_error("it has no fmt chunk before data");
                    let size =
                        if size == u32::MAX { wide.unwrap_or(size.into()) } else { size.into() };
                    let others = chunks.others;
                    return Ok(Wav { others, ..format.ok_or_else(missing)?.wav(size) });
                }
                b"fact" => chunks.skip(size.into())?,
                _ => chunks.pass_over(id, size)?,
            }
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
    /// The samples of an ADPCM block that the header declares; 0 where it does not.
    declared: u16,
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

    fn wav(&self, size: u64) -> Wav {
        let layout = self.layout();
        let block = layout.block_bytes;
        // The last block of ADPCM may be short.
        let part = if self.is_adpcm() { 0 } else { size % block };
        let data = (!is_unknown(size)).then_some(size - part);
        let frames = data.map(|bytes| {
            (bytes / block * layout.block_frames) + adpcm_frames(&layout, bytes % block)
        });
        let (order, odd) = (self.order, size % 2 == 1);
        let trailer = Trailer { name: "WAV", order, audio: *b"data", rest: part, odd };
        Wav { layout, data, frames, upper_24: self.upper_24, trailer, others: Vec::new() }
    }

    fn is_adpcm(&self) -> bool {
        matches!(self.tag, MS_ADPCM | IMA_ADPCM)
    }

    fn layout(&self) -> Layout {
        let block_bytes = u64::from(self.block.max(1));
        let (codec, rate, channels) = (self.codec(), self.rate, self.channels);
        let layout = Layout { codec, rate, channels, block_bytes, block_frames: 1 };
        let block_frames =
            if self.is_adpcm() { adpcm_frames(&layout, block_bytes).max(1) } else { 1 };
        Layout { block_frames, ..layout }
    }

    /// The codec, by tag, bytes of a sample and their order.
    fn codec(&self) -> AudioCodecId {
        let big = self.order == Order::Big;
        match (self.tag, self.block / self.channels) {
            (MS_ADPCM, _) => CODEC_ID_ADPCM_MS,
            (IMA_ADPCM, _) => CODEC_ID_ADPCM_IMA_WAV,
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
            _ if big => CODEC_ID_PCM_S32BE,
            _ => CODEC_ID_PCM_S32LE,
        }
    }
}

/// The frames in so many bytes of an ADPCM block: what its head holds, then two a byte, those of IMA
/// in groups of eight where there are two channels. 0 for what is no ADPCM.
fn adpcm_frames(layout: &Layout, bytes: u64) -> u64 {
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

fn header_error(reason: &str) -> Error {
    Error::Header { container: "WAV".into(), reason: reason.into() }
}

#[cfg(test)]
mod tests;
