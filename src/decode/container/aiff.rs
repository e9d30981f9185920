//! AIFF and AIFF-C: big-endian chunks. `COMM` describes the samples, `SSND` holds them.
//!
//! In: a stream. Out: packets of interleaved samples. What can go wrong: a compression type that is
//! not decoded, refused by name; `SSND` before `COMM`; fewer bytes than declared; a second file
//! after it.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::bytes::{ByteOrder, be16, be32};
use super::error::{self, unsupported};
use super::guard::Container;
use super::pcm::{AudioData, PcmLayout, integer_codec};
use super::reader::Opened;
use super::riff::{RiffChunks, Trailer};
use crate::decode::input::{PeekedSource, read_up_to};
use crate::error::Error;

/// The longest `COMM` chunk that is read, in bytes: 22, and a name of up to 255.
const MAX_COMM: u32 = 512;

/// Opens an AIFF or AIFF-C file.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let mut rest = input.stream();
    let form = read_up_to(&mut rest, 12)?;
    let mut chunks = RiffChunks::new(&mut rest, ByteOrder::Big);
    let mut common = None;
    let ((layout, frames), size, offset) = loop {
        let (id, size) = chunks.next()?.ok_or(Error::NoAudio)?;
        match &id {
            b"COMM" if size <= MAX_COMM => {
                common = Some(parse_common(&chunks.body(size)?, form.ends_with(b"AIFC"))?);
            }
            b"SSND" => {
                let missing = || header_error("it has no COMM chunk before SSND");
                let common = common.ok_or_else(missing)?;
                // An offset, which is mostly 0, and a block size, which is of no use here.
                let offset = u64::from(be32(&chunks.body(8)?, 0).unwrap_or(0));
                chunks.skip(offset)?;
                break (common, u64::from(size), offset);
            }
            b"FVER" => drop(chunks.skip(size.into())?),
            _ => drop(chunks.skip_chunk(id, size)?),
        }
    };
    // The first 8 + `offset` bytes of SSND are not audio.
    let bytes = size.saturating_sub(8 + offset);
    let held = bytes / layout.block_bytes;
    // More frames than declared would be lost silently, so both are errors.
    if frames > held || (held > frames && frames > 0) {
        let reason = format!("COMM declares {frames} frames, but SSND holds {held}");
        return Err(header_error(reason));
    }
    monitor.left_out(chunks.others);
    let (rest_bytes, odd) = (bytes % layout.block_bytes, size % 2 == 1);
    let (container, order, audio) = (Container::Aiff, ByteOrder::Big, *b"SSND");
    let trailer = Trailer { container, order, audio, rest: rest_bytes, odd };
    let bytes = Some(bytes - rest_bytes);
    let data = AudioData::new(rest, bytes, &layout, &monitor, move |rest| trailer.read(rest));
    Ok(Opened::pcm(layout, data, Some(held)))
}

/// The layout and the number of frames, by the content of a `COMM` chunk.
fn parse_common(body: &[u8], compressed: bool) -> Result<(PcmLayout, u64), Error> {
    let [channels, bits] = [0, 6].map(|at| be16(body, at).unwrap_or(0));
    let frames = be32(body, 2).unwrap_or(0).into();
    let rate = body.get(8..18).and_then(extended);
    let rate = rate.ok_or_else(|| header_error("its sample rate is not a whole number of Hz"))?;
    if channels == 0 || rate == 0 {
        return Err(header_error("it declares no channels or no sample rate"));
    }
    let kind = if compressed { body.get(18..22) } else { Some(b"NONE".as_slice()) };
    let kind: [u8; 4] = kind.and_then(|kind| kind.try_into().ok()).unwrap_or(*b"????");
    Ok((PcmLayout::interleaved(codec(kind, bits.into())?, rate, channels), frames))
}

/// The codec of a compression type. Samples of a width between two bytes are in the upper bits.
fn codec(kind: [u8; 4], bits: u32) -> Result<AudioCodecId, Error> {
    let width = bits.div_ceil(8) * 8;
    let codec = match &kind {
        b"NONE" | b"twos" => integer_codec(width, ByteOrder::Big),
        b"sowt" => integer_codec(width, ByteOrder::Little),
        b"raw " => (width == 8).then_some(CODEC_ID_PCM_U8),
        b"in24" => Some(CODEC_ID_PCM_S24BE),
        b"in32" => Some(CODEC_ID_PCM_S32BE),
        b"fl32" | b"FL32" => Some(CODEC_ID_PCM_F32BE),
        b"fl64" | b"FL64" => Some(CODEC_ID_PCM_F64BE),
        b"alaw" | b"ALAW" => Some(CODEC_ID_PCM_ALAW),
        b"ulaw" | b"ULAW" => Some(CODEC_ID_PCM_MULAW),
        _ => {
            let name = String::from_utf8_lossy(&kind).trim_end().to_owned();
            return Err(unsupported(format!("AIFF-C with the codec {name}")));
        }
    };
    codec.ok_or_else(|| header_error(format!("it declares samples of {bits} bits")))
}

/// The value of an 80-bit extended float that is a whole number below 2^32: sign and exponent in 16
/// bits, mantissa in 64.
fn extended(bytes: &[u8]) -> Option<u32> {
    let [a, b, mantissa @ ..] = <[u8; 10]>::try_from(bytes).ok()?;
    let exponent = u32::from(u16::from_be_bytes([a, b]));
    // The exponent has a bias of 16383, and the mantissa has its integer bit at the top.
    let shift = 63_u32.checked_sub(exponent.checked_sub(16_383)?)?;
    let mantissa = u64::from_be_bytes(mantissa);
    let whole = mantissa.checked_shr(shift)?;
    (whole << shift == mantissa).then(|| u32::try_from(whole).ok()).flatten()
}

fn header_error(reason: impl Into<String>) -> Error {
    error::header(Container::Aiff, reason)
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
