//! AU, also called SND: 24 bytes of header, a text, and samples to the end.
//!
//! What can go wrong: an encoding that is not decoded, refused by its name; fewer bytes than the
//! header declares, or more.

use std::io::{self, Read};

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::guard::Container;
use super::pcm::{AudioData, PcmGuard, PcmLayout, PcmReader};
use super::reader::Opened;
use super::riff::{ByteOrder, after_audio};
use crate::decode::codec::pcm_width;
use crate::decode::input::{Input, Leftover, read_up_to};
use crate::decode::names;
use crate::error::Error;

/// The fields before the text: six of four bytes each.
const HEAD: u32 = 24;

/// The longest text before the audio that is passed over.
const MAX_TEXT: u32 = 16 * 1024 * 1024;

/// Opens an AU.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let mut rest = input.stream();
    let head = read_up_to(&mut rest, HEAD.into())?;
    let AuHeader { layout, text, bytes } = AuHeader::parse(&head)?;
    let mut texts = rest.by_ref().take(text);
    let first = read_up_to(&mut texts, 8)?;
    let skipped = io::copy(&mut texts, &mut io::sink()).map_err(Error::Read)?;
    // Most writers put nothing but a few zeros there.
    if skipped > 0 || first.iter().any(|&byte| byte != 0) {
        let bytes = skipped + first.len() as u64;
        monitor.left_out([Leftover { name: "annotation".into(), bytes }]);
    }
    let part = bytes.unwrap_or(0) % layout.block_bytes;
    let whole = bytes.map(|bytes| bytes - part);
    let frames = whole.map(|bytes| bytes / layout.block_bytes);
    let after = move |rest: &mut Box<dyn Read + Send>| {
        read_up_to(rest, part)?;
        Ok(after_audio("AU", &[], rest)?.into_iter().collect())
    };
    let body = AudioData::new(rest, whole, &layout, &monitor, after).of_whole_frames();
    let guard = PcmGuard { container: Container::Au, upper_24: false };
    Ok(Opened { frames, ..Opened::new(PcmReader::new(layout, body), guard) })
}

/// The header of an AU.
struct AuHeader {
    layout: PcmLayout,
    /// Bytes of text before the audio.
    text: u64,
    /// Bytes of audio, where that is known.
    bytes: Option<u64>,
}

impl AuHeader {
    fn parse(head: &[u8]) -> Result<Self, Error> {
        let order = if head.starts_with(b"dns.") { ByteOrder::Little } else { ByteOrder::Big };
        let (fields, _) = head.as_chunks::<4>();
        let Ok([_, offset, size, encoding, rate, channels]) = <[[u8; 4]; 6]>::try_from(fields)
        else {
            return Err(header_error("it is shorter than 24 bytes"));
        };
        let [offset, size, encoding, rate] = [offset, size, encoding, rate].map(|f| order.long(f));
        let channels = u16::try_from(order.long(channels)).unwrap_or(u16::MAX);
        let text = offset.checked_sub(HEAD).filter(|&text| text <= MAX_TEXT);
        let text = text.ok_or_else(|| header_error("its audio begins where it cannot"))?;
        if channels == 0 || rate == 0 {
            return Err(header_error("it declares no channels or no sample rate"));
        }
        let codec = codec(encoding, order)?;
        let width = pcm_width(codec).unwrap_or(1) as u64;
        let block_bytes = width * u64::from(channels);
        let layout = PcmLayout { codec, rate, channels, block_bytes, block_frames: 1 };
        // Writers into a pipe leave the size open; others never come back to fill it in.
        let bytes = (!matches!(size, 0 | u32::MAX)).then_some(size.into());
        Ok(Self { layout, text: text.into(), bytes })
    }
}

/// The codec of an encoding, as Sun numbered them.
fn codec(encoding: u32, order: ByteOrder) -> Result<AudioCodecId, Error> {
    let of = |big, little| if order == ByteOrder::Big { big } else { little };
    let refused = |name: &str| Err(names::not_decoded(&format!("an AU with {name}")));
    Ok(match encoding {
        1 => CODEC_ID_PCM_MULAW,
        2 => CODEC_ID_PCM_S8,
        3 => of(CODEC_ID_PCM_S16BE, CODEC_ID_PCM_S16LE),
        4 => of(CODEC_ID_PCM_S24BE, CODEC_ID_PCM_S24LE),
        5 => of(CODEC_ID_PCM_S32BE, CODEC_ID_PCM_S32LE),
        6 => of(CODEC_ID_PCM_F32BE, CODEC_ID_PCM_F32LE),
        7 => of(CODEC_ID_PCM_F64BE, CODEC_ID_PCM_F64LE),
        27 => CODEC_ID_PCM_ALAW,
        23 => return refused("G.721"),
        24 => return refused("G.722"),
        25 | 26 => return refused("G.723"),
        other => return refused(&format!("encoding {other}")),
    })
}

fn header_error(reason: &str) -> Error {
    Error::Header { container: "AU".into(), reason: reason.into() }
}
