//! The front door for WAV: reads the header tolerantly and hands on one that symphonia accepts.
//!
//! In: RIFF, RF64 or BW64 with any sizes. Out: a canonical header, then exactly the frames of the
//! `data` chunk. Telephone systems write headers with sizes of zero, of "I do not know yet", with
//! short `fmt ` chunks; the sizes of all chunks but `data` are not needed and not believed. What can
//! go wrong: a variant that cannot be decoded, refused by name; fewer bytes than `data` declares.

use std::io::{self, Read};
use std::sync::Arc;

use super::source::{Transport, read_up_to};
use crate::error::Error;
use crate::span::time_of;

/// `data` sizes that mean "unknown, read to the end": what FFmpeg and SoX write into a pipe, and
/// the zero of a writer that never came back to fill it in.
const UNKNOWN: [u64; 3] = [0xFFFF_FFFF, 0x7FFF_F000, 0];

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

/// A WAV whose header has been read, up to the first byte of its audio.
pub(super) struct Wav {
    /// The header for symphonia.
    pub(super) header: Vec<u8>,
    /// The size of the audio in bytes, where it is known; whole frames only.
    pub(super) data: Option<u64>,
    /// The number of frames, where it is known and the codec has frames of fixed size.
    pub(super) frames: Option<u64>,
    /// Bytes of `data` behind the last whole frame, and the byte that pads an odd chunk.
    rest: u64,
    frame_bytes: u64,
    rate: u32,
}

/// Reads chunks until `data`. `form` is what the first 12 bytes of the file said.
pub(super) fn open(form: &[u8], rest: &mut impl Read) -> Result<Wav, Error> {
    if form.starts_with(b"RIFX") {
        return Err(Error::Unsupported { what: "big-endian WAV (RIFX)".into() });
    }
    let (mut format, mut wide) = (None, None);
    loop {
        let (id, size) = chunk_header(rest)?.ok_or(Error::NoAudio)?;
        match &id {
            b"fmt " => {
                if size > MAX_FMT {
                    return Err(header_error("its fmt chunk is longer than any"));
                }
                format = Some(Format::parse(&chunk_body(rest, size)?)?);
            }
            b"ds64" => {
                let body = chunk_body(rest, size.min(MAX_FMT))?;
                skip(rest, u64::from(size.saturating_sub(MAX_FMT)))?;
                wide = body.get(8..16).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
            }
            b"data" => {
                let format =
                    format.ok_or_else(|| header_error("it has no fmt chunk before data"))?;
                let size = if size == u32::MAX { wide.unwrap_or(size.into()) } else { size.into() };
                return Ok(format.wav(size));
            }
            _ => skip(rest, u64::from(size) + u64::from(size % 2))?,
        }
    }
}

/// The fields of a `fmt ` chunk that matter, checked.
struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    block: u16,
    raw: Vec<u8>,
}

impl Format {
    fn parse(raw: &[u8]) -> Result<Self, Error> {
        let short = |at: usize| {
            raw.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
        };
        if raw.len() < 16 {
            return Err(header_error("its fmt chunk is too short"));
        }
        let (mut tag, channels, block, bits) = (short(0), short(2), short(12), short(14));
        let rate = u32::from(short(4)) | u32::from(short(6)) << 16;
        if tag == EXTENSIBLE {
            if raw.len() < 40 || raw[26..40] != *SUB_FORMAT {
                return Err(Error::Unsupported { what: "WAV with an unknown sub-format".into() });
            }
            tag = short(24);
        }
        if channels == 0 || rate == 0 {
            return Err(header_error("it declares no channels or no sample rate"));
        }
        let format = Self { tag, channels, rate, block, raw: raw.to_vec() };
        format.check(bits)?;
        Ok(format)
    }

    /// Whether the tag is known, and the size of a frame agrees with the bits of a sample. Where it
    /// does not, nobody can say where a frame begins.
    fn check(&self, bits: u16) -> Result<(), Error> {
        let bytes = self.block / self.channels;
        let even = self.block.is_multiple_of(self.channels);
        let agrees = match self.tag {
            PCM => (1..=4).contains(&bytes) && bits.div_ceil(8) == bytes,
            FLOAT => matches!((bits, bytes), (32, 4) | (64, 8)),
            ALAW | MULAW => bytes == 1,
            MS_ADPCM | IMA_ADPCM => return Ok(()),
            other => {
                return Err(Error::Unsupported { what: format!("WAV with {}", tag_name(other)) });
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
        let data = (!UNKNOWN.contains(&size)).then(|| size - size % block);
        let fixed = !matches!(self.tag, MS_ADPCM | IMA_ADPCM);
        Wav {
            header: self.header(),
            data,
            frames: data.filter(|_| fixed).map(|bytes| bytes / block),
            rest: size % block + size % 2,
            frame_bytes: block,
            rate: self.rate,
        }
    }

    /// A header with open sizes: [`Body`] alone decides where the audio ends.
    fn header(&self) -> Vec<u8> {
        let open = u32::MAX.to_le_bytes();
        let mut fmt = self.raw.clone();
        if !matches!(self.tag, MS_ADPCM | IMA_ADPCM) {
            fmt.truncate(16);
            fmt[0..2].copy_from_slice(&self.tag.to_le_bytes());
            let bits = self.block / self.channels * 8;
            fmt[14..16].copy_from_slice(&bits.to_le_bytes());
            if matches!(self.tag, ALAW | MULAW) {
                fmt.extend_from_slice(&[0, 0]);
            }
        }
        let length = u32::try_from(fmt.len()).unwrap_or(MAX_FMT).to_le_bytes();
        [b"RIFF".as_slice(), &open, b"WAVEfmt ", &length, &fmt, b"data", &open].concat()
    }
}

fn tag_name(tag: u16) -> String {
    match tag {
        0x0031 => "GSM 6.10",
        0x0040 | 0x0045 | 0x0064 => "G.726 ADPCM",
        0x0042 | 0x0111 => "G.723.1",
        0x0050 => "MPEG layer 1 or 2",
        0x0055 => "MP3",
        0x0065 | 0x028F => "G.722",
        0x0083 => "G.729",
        0x0160..=0x0163 => "Windows Media Audio",
        0x2000 => "AC-3",
        0x674F..=0x6771 => "Vorbis",
        0x704F => "Opus",
        0xA109 => "Speex",
        0xF1AC => "FLAC",
        _ => return format!("format tag 0x{tag:04X}"),
    }
    .into()
}

/// Reads the next chunk's name and size; nothing at a clean end.
fn chunk_header(rest: &mut impl Read) -> Result<Option<([u8; 4], u32)>, Error> {
    let head = read_up_to(rest, 8)?;
    let [a, b, c, d, size @ ..] = head.as_slice() else { return Ok(None) };
    let Ok(size) = size.try_into() else { return Ok(None) };
    Ok(Some(([*a, *b, *c, *d], u32::from_le_bytes(size))))
}

/// The body of a chunk, and the byte that pads an odd one.
fn chunk_body(rest: &mut impl Read, size: u32) -> Result<Vec<u8>, Error> {
    let body = read_up_to(rest, size.into())?;
    skip(rest, u64::from(size % 2))?;
    Ok(body)
}

fn skip(rest: &mut impl Read, bytes: u64) -> Result<(), Error> {
    io::copy(&mut rest.take(bytes), &mut io::sink()).map(drop).map_err(Error::Read)
}

fn header_error(reason: &str) -> Error {
    Error::Header { container: "WAV".into(), reason: reason.into() }
}

/// The audio of a WAV, from its first frame to its last and no further.
pub(super) struct Body<R> {
    inner: R,
    transport: Arc<Transport>,
    /// Bytes still to come; `None` means up to the end of the source.
    left: Option<u64>,
    given: u64,
    rest: u64,
    frame_bytes: u64,
    rate: u32,
    done: bool,
}

impl<R: Read> Body<R> {
    pub(super) fn new(wav: &Wav, inner: R, transport: &Arc<Transport>) -> Self {
        Self {
            inner,
            transport: Arc::clone(transport),
            left: wav.data,
            given: 0,
            rest: wav.rest,
            frame_bytes: wav.frame_bytes,
            rate: wav.rate,
            done: false,
        }
    }

    /// Called once, where the audio ends or the source does.
    fn end(&mut self) {
        self.done = true;
        match self.left {
            Some(0) => {
                if let Err(error) = self.trailer() {
                    self.transport.fail(error);
                }
            }
            Some(left) => {
                let frames = self.given / self.frame_bytes;
                let declared = self.given + left;
                self.transport.fail(Error::Truncated {
                    frames,
                    time: time_of(frames, self.rate),
                    reason: format!("{} of {declared} bytes of audio are there", self.given),
                });
            }
            None => {}
        }
    }

    /// A second `data` chunk would be speech that nobody muted and nobody hears: refused.
    fn trailer(&mut self) -> Result<(), Error> {
        skip(&mut self.inner, self.rest)?;
        while let Some((id, size)) = chunk_header(&mut self.inner)? {
            if id == *b"data" {
                return Err(Error::Unsupported { what: "WAV with several data chunks".into() });
            }
            skip(&mut self.inner, u64::from(size) + u64::from(size % 2))?;
        }
        Ok(())
    }
}

impl<R: Read> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.left.map_or(buffer.len(), |left| {
            usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()))
        });
        let count = if room == 0 { 0 } else { self.inner.read(&mut buffer[..room])? };
        self.given += count as u64;
        if let Some(left) = &mut self.left {
            *left -= count as u64;
        }
        if count == 0 && !buffer.is_empty() && !self.done {
            self.end();
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
