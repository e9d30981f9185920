//! Strict check of every field of a written WAV header, independent of the code that writes it.

use std::io::{self, Read};

use crate::block::{SampleFormat, StreamInfo};

/// The format tag `WAVE_FORMAT_EXTENSIBLE`; the real tag starts the GUID of the subformat.
const EXTENSIBLE: u16 = 0xFFFE;

/// The rest of that GUID, the same for all formats: `xxxx0000-0000-0010-8000-00AA00389B71`.
const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// Whether a header describes exactly this recording: `frames` frames in a file of `size` bytes.
pub(super) fn is_right(header: &[u8], info: &StreamInfo, frames: u64, size: u64) -> bool {
    check(header, info, frames, size) == Some(true)
}

/// The most bytes of a header.
const MOST: u64 = 100;

/// Reads a header, whose numbers may be missing yet, up to the first sample. Returns how many bytes it has;
/// none if it does not come to an end.
pub(super) fn skip(file: &mut dyn Read) -> io::Result<Option<u64>> {
    let mut riff = [0; 12];
    file.read_exact(&mut riff)?;
    let mut length = 12;
    while length < MOST {
        let mut chunk = [0; 8];
        file.read_exact(&mut chunk)?;
        length += 8;
        let [b0, b1, b2, b3, size @ ..] = chunk;
        if [b0, b1, b2, b3] == *b"data" {
            return Ok(Some(length));
        }
        let size = u64::from(u32::from_le_bytes(size)).min(MOST);
        length += io::copy(&mut file.take(size), &mut io::sink())?;
    }
    Ok(None)
}

/// `None` if the header is too short.
fn check(header: &[u8], info: &StreamInfo, frames: u64, size: u64) -> Option<bool> {
    let bytes = |at: usize, length: usize| header.get(at..at + length);
    let u16_at = |at| Some(u16::from_le_bytes(bytes(at, 2)?.try_into().ok()?));
    let u32_at = |at| Some(u64::from(u32::from_le_bytes(bytes(at, 4)?.try_into().ok()?)));
    let frame = info.frame_bytes();
    let bits = info.format.bytes() * 8;
    let tag = match info.format {
        SampleFormat::F32 => 3,
        SampleFormat::ALaw => 6,
        SampleFormat::MuLaw => 7,
        _ => 1,
    };
    // The length of `fmt ` tells its layout: 16 plain, 18 with an empty extension, 40 extensible.
    let format_length = u32_at(16)?;
    let is_format = match (format_length, u16_at(20)?) {
        (40, EXTENSIBLE) => {
            (u16_at(36)?, u16_at(38)?, u16_at(44)?) == (22, bits, tag)
                && bytes(46, 14)? == GUID_TAIL
        }
        (18, plain) => plain == tag && u16_at(36)? == 0,
        (16, plain) => plain == tag,
        _ => false,
    };
    let mut data = 20 + usize::try_from(format_length).ok()?;
    let mut is_fact = true;
    if bytes(data, 4)? == b"fact" {
        is_fact = (u32_at(data + 4)?, u32_at(data + 8)?) == (4, frames);
        data += 12;
    }
    Some(
        bytes(0, 4)? == b"RIFF"
            && u32_at(4)? + 8 == size
            && bytes(8, 8)? == b"WAVEfmt "
            && is_format
            && u16_at(22)? == info.channels
            && u32_at(24)? == u64::from(info.rate)
            && u32_at(28)? == u64::from(info.rate) * frame
            && (u64::from(u16_at(32)?), u16_at(34)?) == (frame, bits)
            && is_fact
            && bytes(data, 4)? == b"data"
            && u32_at(data + 4)? == frames * frame
            && data + 8 == header.len(),
    )
}
