//! The header of a WAV, field by field, as strictly as no reader reads it.

use crate::block::{SampleFormat, StreamInfo};

const EXTENSIBLE: u16 = 0xFFFE;

/// What follows the format tag in the name of an extensible format.
const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// Whether a header says exactly what is there: a recording of so many frames, in a file of so many
/// bytes.
pub(super) fn is_right(header: &[u8], recording: &StreamInfo, frames: u64, bytes: u64) -> bool {
    tells(header, recording, frames, bytes).is_some_and(|all| all)
}

/// `None` where it is too short.
fn tells(header: &[u8], recording: &StreamInfo, frames: u64, bytes: u64) -> Option<bool> {
    let part = |at: usize, length: usize| header.get(at..at + length);
    let word = |at| Some(u16::from_le_bytes(part(at, 2)?.try_into().ok()?));
    let long = |at| Some(u64::from(u32::from_le_bytes(part(at, 4)?.try_into().ok()?)));
    let frame = recording.frame_bytes();
    let bits = recording.format.bytes() * 8;
    let tag = match recording.format {
        SampleFormat::F32 => 3,
        SampleFormat::ALaw => 6,
        SampleFormat::MuLaw => 7,
        _ => 1,
    };
    let format = long(16)?;
    let named = match (format, word(20)?) {
        (40, EXTENSIBLE) => {
            (word(36)?, word(38)?, word(44)?) == (22, bits, tag) && part(46, 14)? == GUID_TAIL
        }
        (18, plain) => plain == tag && word(36)? == 0,
        (16, plain) => plain == tag,
        _ => false,
    };
    let mut next = 20 + usize::try_from(format).ok()?;
    let mut counted = true;
    if part(next, 4)? == b"fact" {
        counted = (long(next + 4)?, long(next + 8)?) == (4, frames);
        next += 12;
    }
    Some(
        part(0, 4)? == b"RIFF"
            && long(4)? + 8 == bytes
            && part(8, 8)? == b"WAVEfmt "
            && named
            && word(22)? == recording.channels
            && long(24)? == u64::from(recording.rate)
            && long(28)? == u64::from(recording.rate) * frame
            && (u64::from(word(32)?), word(34)?) == (frame, bits)
            && counted
            && part(next, 4)? == b"data"
            && long(next + 4)? == frames * frame
            && next + 8 == header.len(),
    )
}
