//! AIFF and AIFF-C: big-endian chunks, of which `COMM` says what the samples in `SSND` are.
//!
//! What can go wrong: a compression that is not read, refused by name; `SSND` before `COMM`; fewer
//! bytes than declared; a second file after it.

use std::io::Read;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::guard::Container;
use super::pcm::{AudioData, PcmGuard, PcmLayout, PcmReader};
use super::reader::Opened;
use super::riff::{ByteOrder, RiffChunks, Trailer};
use crate::decode::input::{Input, Leftover, read_up_to};
use crate::error::Error;

/// The longest `COMM` chunk that is read: 22 bytes and a name of up to 255.
const MAX_COMM: u32 = 512;

/// Opens an AIFF.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let mut rest = input.stream();
    let form = read_up_to(&mut rest, 12)?;
    let AiffHeader { layout, frames, trailer, others } = AiffHeader::read(&form, &mut rest)?;
    monitor.left_out(others);
    let bytes = Some(frames.saturating_mul(layout.block_bytes));
    let body = AudioData::new(rest, bytes, &layout, &monitor, move |rest| trailer.read(rest));
    let guard = PcmGuard { container: Container::Aiff, upper_24: false };
    let opened = Opened::new(PcmReader::new(layout, body), guard);
    Ok(Opened { frames: Some(frames), ..opened })
}

/// An AIFF whose header has been read, up to the first byte of its audio.
struct AiffHeader {
    layout: PcmLayout,
    frames: u64,
    trailer: Trailer,
    others: Vec<Leftover>,
}

impl AiffHeader {
    fn read(form: &[u8], rest: &mut impl Read) -> Result<Self, Error> {
        let mut chunks = RiffChunks::new(rest, ByteOrder::Big);
        let mut common = None;
        loop {
            let (id, size) = chunks.next()?.ok_or(Error::NoAudio)?;
            match &id {
                b"COMM" if size <= MAX_COMM => {
                    common =
                        Some(CommonChunk::parse(&chunks.body(size)?, form.ends_with(b"AIFC"))?);
                }
                b"SSND" => {
                    let missing = || header_error("it has no COMM chunk before SSND");
                    let common = common.ok_or_else(missing)?;
                    let head = chunks.body(8)?;
                    let offset = head.first_chunk::<4>().map_or(0, |&b| u32::from_be_bytes(b));
                    chunks.skip(offset.into())?;
                    return common.aiff(u64::from(size), offset.into(), chunks.others);
                }
                b"FVER" => drop(chunks.skip(size.into())?),
                _ => drop(chunks.pass_over(id, size)?),
            }
        }
    }
}

/// The fields of a `COMM` chunk.
struct CommonChunk {
    channels: u16,
    frames: u32,
    rate: u32,
    codec: AudioCodecId,
    /// Bytes of one sample.
    width: u16,
}

impl CommonChunk {
    fn parse(body: &[u8], compressed: bool) -> Result<Self, Error> {
        let short =
            |at: usize| body.get(at..at + 2).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
        let (channels, bits) = (short(0), short(6));
        let frames = u32::from(short(2)) << 16 | u32::from(short(4));
        let rate = body.get(8..18).and_then(extended);
        let rate = rate.ok_or_else(|| header_error("its sample rate is no whole number of Hz"))?;
        if channels == 0 || rate == 0 {
            return Err(header_error("it declares no channels or no sample rate"));
        }
        let kind = if compressed { body.get(18..22) } else { Some(b"NONE".as_slice()) };
        let kind: [u8; 4] = kind.and_then(|kind| kind.try_into().ok()).unwrap_or(*b"????");
        let (codec, width) = codec(kind, bits)?;
        Ok(Self { channels, frames, rate, codec, width })
    }

    /// With `SSND` of so many bytes, of which the first 8 and `offset` more are no audio.
    fn aiff(self, size: u64, offset: u64, others: Vec<Leftover>) -> Result<AiffHeader, Error> {
        let block_bytes = u64::from(self.width) * u64::from(self.channels);
        let (codec, rate, channels) = (self.codec, self.rate, self.channels);
        let layout = PcmLayout { codec, rate, channels, block_bytes, block_frames: 1 };
        let bytes = size.saturating_sub(8 + offset);
        let (held, frames) = (bytes / block_bytes, u64::from(self.frames));
        if frames > held {
            return Err(header_error(&format!(
                "it declares {frames} frames, and has room for {held}"
            )));
        }
        // More than a little padding would be audio that nobody hears.
        if held > frames && frames > 0 {
            return Err(header_error(&format!("it declares {frames} frames, and has {held}")));
        }
        let (rest, odd) = (bytes - held * block_bytes, size % 2 == 1);
        let trailer = Trailer { name: "AIFF", order: ByteOrder::Big, audio: *b"SSND", rest, odd };
        Ok(AiffHeader { layout, frames: held, trailer, others })
    }
}

/// The codec of a compression type, and the bytes of one of its samples. Fewer bits than the bytes
/// have room for are the upper ones.
fn codec(kind: [u8; 4], bits: u16) -> Result<(AudioCodecId, u16), Error> {
    let name = String::from_utf8_lossy(&kind).trim_end().to_owned();
    Ok(match (&kind, bits) {
        (b"NONE" | b"twos", 1..=8) => (CODEC_ID_PCM_S8, 1),
        (b"NONE" | b"twos", 9..=16) => (CODEC_ID_PCM_S16BE, 2),
        (b"NONE" | b"twos", 17..=24) | (b"in24", _) => (CODEC_ID_PCM_S24BE, 3),
        (b"NONE" | b"twos", 25..=32) | (b"in32", _) => (CODEC_ID_PCM_S32BE, 4),
        (b"sowt", 1..=8) => (CODEC_ID_PCM_S8, 1),
        (b"sowt", 9..=16) => (CODEC_ID_PCM_S16LE, 2),
        (b"sowt", 17..=24) => (CODEC_ID_PCM_S24LE, 3),
        (b"sowt", 25..=32) => (CODEC_ID_PCM_S32LE, 4),
        (b"raw ", 1..=8) => (CODEC_ID_PCM_U8, 1),
        (b"fl32" | b"FL32", _) => (CODEC_ID_PCM_F32BE, 4),
        (b"fl64" | b"FL64", _) => (CODEC_ID_PCM_F64BE, 8),
        (b"alaw" | b"ALAW", _) => (CODEC_ID_PCM_ALAW, 1),
        (b"ulaw" | b"ULAW", _) => (CODEC_ID_PCM_MULAW, 1),
        (b"NONE" | b"twos" | b"sowt" | b"raw ", bits) => {
            return Err(header_error(&format!("it declares samples of {bits} bits")));
        }
        _ => return Err(Error::Unsupported { what: format!("AIFF-C with the codec {name}") }),
    })
}

/// An 80-bit float that is a whole number below 2^32: sign and exponent in 16 bits, the mantissa in
/// 64.
fn extended(bytes: &[u8]) -> Option<u32> {
    let [a, b, mantissa @ ..] = <[u8; 10]>::try_from(bytes).ok()?;
    let exponent = u32::from(u16::from_be_bytes([a, b]));
    // An exponent of 16383 is a number from 1 to 2.
    let shift = 63_u32.checked_sub(exponent.checked_sub(16_383)?)?;
    let mantissa = u64::from_be_bytes(mantissa);
    let whole = mantissa.checked_shr(shift)?;
    (whole << shift == mantissa).then(|| u32::try_from(whole).ok()).flatten()
}

fn header_error(reason: &str) -> Error {
    Error::Header { container: "AIFF".into(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_rate_is_an_extended_float() {
        let rate = |exponent: u16, mantissa: u64| {
            extended(&[exponent.to_be_bytes().as_slice(), &mantissa.to_be_bytes()].concat())
        };
        assert_eq!(rate(0x400B, 0xFA00 << 48), Some(8000));
        assert_eq!(rate(0x400E, 0xAC44 << 48), Some(44_100));
        assert_eq!(rate(0x400E, 0xBB80 << 48), Some(48_000));
        assert_eq!(rate(0x3FFF, 1 << 63), Some(1));
        assert_eq!(rate(0x400B, 0xFA00_8000_0000_0000 >> 1), None, "a fraction");
        assert_eq!((rate(0, 0), rate(0x7FFF, u64::MAX)), (None, None));
        assert_eq!(extended(&[0; 9]), None);
    }
}
