//! AU, also called SND: a header of 24 bytes, an annotation, and samples to the end.
//!
//! In: a stream. Out: packets of interleaved samples. What can go wrong: an encoding that is not
//! decoded, refused by name; fewer bytes than the header declares, or more.

use std::io::Read;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::bytes::{ByteOrder, skip};
use super::error;
use super::guard::Container;
use super::pcm::{AudioData, PcmLayout, float_codec, integer_codec};
use super::reader::Opened;
use super::riff::after_audio;
use crate::decode::input::{Leftover, PeekedSource, read_up_to};
use crate::decode::names;
use crate::error::Error;

/// The fixed part of the header: six fields of 4 bytes.
const HEADER: u32 = 24;

/// The longest annotation that is skipped, in bytes.
const MAX_ANNOTATION: u32 = 16 * 1024 * 1024;

/// Opens an AU file.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let mut rest = input.stream();
    let head = read_up_to(&mut rest, HEADER.into())?;
    let order = if head.starts_with(b"dns.") { ByteOrder::Little } else { ByteOrder::Big };
    if head.len() < 24 {
        return Err(header_error("it is shorter than 24 bytes"));
    }
    let [offset, size, encoding, rate, channels] =
        [4, 8, 12, 16, 20].map(|at| order.u32(&head, at).unwrap_or(0));
    let channels = u16::try_from(channels).unwrap_or(u16::MAX);
    let annotation = offset.checked_sub(HEADER).filter(|&bytes| bytes <= MAX_ANNOTATION);
    let annotation = annotation
        .ok_or_else(|| header_error("the offset of its audio is too small or too large"))?;
    let annotation = u64::from(annotation);
    if channels == 0 || rate == 0 {
        return Err(header_error("it declares no channels or no sample rate"));
    }
    let layout = PcmLayout::interleaved(codec(encoding, order)?, rate, channels);
    // Writers into a pipe declare 0xFFFFFFFF; writers that were interrupted leave 0.
    let bytes: Option<u64> = (!matches!(size, 0 | u32::MAX)).then_some(size.into());
    let first = read_up_to(&mut rest, annotation.min(8))?;
    let skipped = skip(&mut rest, annotation - annotation.min(8))?;
    // Most writers leave a few zeros there: those are not worth listing.
    if skipped > 0 || first.iter().any(|&byte| byte != 0) {
        let bytes = skipped + first.len() as u64;
        monitor.left_out([Leftover { name: "annotation".into(), bytes }]);
    }
    let part = bytes.unwrap_or(0) % layout.block_bytes;
    let whole = bytes.map(|bytes| bytes - part);
    let frames = whole.map(|bytes| bytes / layout.block_bytes);
    let after = move |rest: &mut Box<dyn Read + Send>| {
        read_up_to(rest, part)?;
        Ok(after_audio(Container::Au, &[], rest)?.into_iter().collect())
    };
    let data = AudioData::new(rest, whole, &layout, &monitor, after).of_whole_frames();
    Ok(Opened::pcm(layout, data, frames))
}

/// The codec of an encoding number of Sun's.
fn codec(encoding: u32, order: ByteOrder) -> Result<AudioCodecId, Error> {
    let codec = match encoding {
        1 => Some(CODEC_ID_PCM_MULAW),
        2..=5 => integer_codec(8 * (encoding - 1), order),
        6 => float_codec(32, order),
        7 => float_codec(64, order),
        27 => Some(CODEC_ID_PCM_ALAW),
        _ => None,
    };
    let name = match encoding {
        23 => "G.721".into(),
        24 => "G.722".into(),
        25 | 26 => "G.723".into(),
        other => format!("encoding {other}"),
    };
    codec.ok_or_else(|| names::not_decoded(&format!("an AU with {name}")))
}

fn header_error(reason: impl Into<String>) -> Error {
    error::header(Container::Au, reason)
}
