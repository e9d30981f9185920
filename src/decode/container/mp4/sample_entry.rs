//! The sample entry (`stsd`, ISO/IEC 14496-12, 8.5.2): codec, rate and channels of a track.
//!
//! In: the content of `stsd`. Out: the layout of PCM. What can go wrong: no entry or several; a
//! codec that is not supported, refused by name.
//!
//! PCM and G.711 are parsed here: QuickTime has the byte order in several places, and symphonia
//! reads none of them. For other codecs symphonia parses a [`minimal_movie`] with this entry and no
//! packets, so that no table in the real file can mislead it.

use symphonia::core::codecs::audio::well_known::*;

use super::boxes::{BoxType, boxed, children, first_child, header_error};
use crate::decode::container::bytes::{ByteOrder, be16, be32, be64};
use crate::decode::container::error::unsupported;
use crate::decode::container::pcm::{PcmLayout, float_codec, integer_codec};
use crate::decode::names;
use crate::error::Error;

/// The codecs whose entries symphonia parses.
const CODED: [&BoxType; 5] = [b"mp4a", b"alac", b"fLaC", b"Opus", b".mp3"];

/// Parses the content of `stsd`: the layout of PCM and G.711; `None` for one of [`CODED`].
/// `timescale`: the sample rate, if the entry has no room for it.
///
/// # Errors
/// [`Error::Foreign`] with the name of a codec that is not supported.
pub(super) fn parse(stsd: &[u8], timescale: u32) -> Result<Option<PcmLayout>, Error> {
    let (count, list) = be32(stsd, 4).zip(stsd.get(8..)).unwrap_or_default();
    let first = children(list).next().transpose()?;
    let Some((code, entry)) = first.filter(|_| count > 0) else {
        return Err(header_error("it does not declare a codec"));
    };
    if count > 1 {
        return Err(unsupported("an MP4 that changes its codec"));
    }
    if CODED.contains(&&code) {
        return Ok(None);
    }
    let layout = pcm(code, entry, timescale);
    layout.map(Some).ok_or_else(|| names::four_letters(code, "MP4"))
}

/// The layout of PCM; `None` for a kind that is not supported.
fn pcm(code: BoxType, entry: &[u8], timescale: u32) -> Option<PcmLayout> {
    // The fields of version 1 and 2 are QuickTime's.
    let version = be16(entry, 8)?;
    let (mut channels, mut bits) = (be16(entry, 16)?, u32::from(be16(entry, 18)?));
    // 16.16 fixed point.
    let mut rate = Some(be32(entry, 24)?).filter(|rate| rate & 0xFFFF == 0)? >> 16;
    let mut flags = 0;
    if version == 2 {
        channels = u16::try_from(be32(entry, 40)?).ok()?;
        rate = whole_rate(f64::from_bits(be64(entry, 32)?))?;
        (bits, flags) = (be32(entry, 48)?, be32(entry, 52)?);
    }
    let inside = entry.get(match version {
        0 => 28..,
        1 => 44..,
        2 => 64..,
        _ => return None,
    })?;
    let order = |is_little| if is_little { ByteOrder::Little } else { ByteOrder::Big };
    // QuickTime: `enda` says 1 for little-endian.
    let wave = first_child(inside, b"wave").unwrap_or(inside);
    let enda = order(first_child(wave, b"enda").and_then(|enda| be16(enda, 0)) == Some(1));
    // MP4: `pcmC` has flags, of which the lowest means little-endian, and the bits of a sample.
    let pcmc = first_child(inside, b"pcmC").and_then(|pcmc| pcmc.get(4..6));
    let codec = match (&code, bits, pcmc) {
        (b"raw ", 8, _) => CODEC_ID_PCM_U8,
        (b"sowt", 8 | 16, _) => integer_codec(bits, ByteOrder::Little)?,
        (b"twos", 8 | 16, _) => integer_codec(bits, ByteOrder::Big)?,
        (b"in24", ..) => integer_codec(24, enda)?,
        (b"in32", ..) => integer_codec(32, enda)?,
        (b"fl32", ..) => float_codec(32, enda)?,
        (b"fl64", ..) => float_codec(64, enda)?,
        (b"ulaw", ..) => CODEC_ID_PCM_MULAW,
        (b"alaw", ..) => CODEC_ID_PCM_ALAW,
        (b"ipcm", _, Some(&[flags, bits])) => integer_codec(bits.into(), order(flags & 1 == 1))?,
        (b"fpcm", _, Some(&[flags, bits])) => float_codec(bits.into(), order(flags & 1 == 1))?,
        // Core Audio's flags: float, big-endian, signed, packed.
        (b"lpcm", bits, _) if version == 2 => match flags & 0xF {
            0x9 => float_codec(bits, ByteOrder::Little)?,
            0xB => float_codec(bits, ByteOrder::Big)?,
            0xC => integer_codec(bits, ByteOrder::Little)?,
            0xE => integer_codec(bits, ByteOrder::Big)?,
            _ => return None,
        },
        _ => return None,
    };
    let rate = if rate == 0 { timescale } else { rate };
    Some(PcmLayout::interleaved(codec, rate, channels)).filter(|layout| layout.block_bytes > 0)
}

/// The rate in Hz, if it is a whole number.
fn whole_rate(rate: f64) -> Option<u32> {
    let fits = rate.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&rate);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    fits.then_some(rate as u32)
}

/// A movie with one track and no packets, for symphonia's parser: the sample entry and the tags.
pub(super) fn minimal_movie(id: u32, timescale: u32, stsd: &[u8], tags: &[&[u8]]) -> Vec<u8> {
    let (zero, scale, id) = ([0; 4], timescale.to_be_bytes(), id.to_be_bytes());
    let table = |kind| boxed(kind, &[&zero, &zero]);
    let header = |kind| boxed(kind, &[&[0; 12], &scale, &[0; 80]]);
    let tables = [
        boxed(b"stsd", &[stsd]),
        table(b"stts"),
        table(b"stsc"),
        table(b"stco"),
        boxed(b"stsz", &[&zero, &zero, &zero]),
    ];
    let minf = boxed(b"minf", &[&boxed(b"stbl", &[&tables.concat()])]);
    let hdlr = boxed(b"hdlr", &[&[0; 8], b"soun", &[0; 12]]);
    let mdia = boxed(b"mdia", &[&header(b"mdhd"), &hdlr, &minf]);
    let tkhd = boxed(b"tkhd", &[&[0; 12], &id, &[0; 68]]);
    let tags: Vec<_> = tags.iter().flat_map(|udta| boxed(b"udta", &[udta])).collect();
    let moov = boxed(b"moov", &[&header(b"mvhd"), &boxed(b"trak", &[&tkhd, &mdia]), &tags]);
    let ftyp = boxed(b"ftyp", &[b"M4A ", &zero]);
    [ftyp, moov, boxed(b"mdat", &[])].concat()
}
