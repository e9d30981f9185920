//! Which container a recording is in, by its first bytes.
//!
//! In: the first bytes of the format. Out: a [`Container`]. What can go wrong: the bytes are of a
//! format that is not read; then the error names it, where that can be told.

use crate::decode::container::{Container, au, w64};
use crate::error::Error;

/// The first four bytes of every Matroska file.
const EBML: [u8; 4] = [0x1A, 0x45, 0xDF, 0xA3];

/// The container that begins with these bytes.
///
/// # Errors
/// [`Error::UnknownFormat`]; [`Error::Unsupported`] with a name.
pub(in crate::decode) fn container(head: &[u8]) -> Result<Container, Error> {
    let form = head.get(8..12);
    Ok(match head {
        [b'R', b'I', b'F', b'F' | b'X', ..]
        | [b'R', b'F', b'6', b'4', ..]
        | [b'B', b'W', b'6', b'4', ..]
            if form == Some(b"WAVE") =>
        {
            Container::Wav
        }
        [b'F', b'O', b'R', b'M', ..] if matches!(form, Some(b"AIFF" | b"AIFC")) => Container::Aiff,
        _ if w64::is_w64(head) => Container::W64,
        _ if au::is_au(head) => Container::Au,
        [b'c', b'a', b'f', b'f', ..] => Container::Caf,
        [b'f', b'L', b'a', b'C', ..] => Container::Flac,
        [b'O', b'g', b'g', b'S', ..] => Container::Ogg,
        _ if head.starts_with(&EBML) => Container::Matroska,
        _ if is_mp4(head) => Container::Mp4,
        // A layer of 0 is none of MPEG audio: that is AAC.
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => Container::Adts,
        [0xFF, second, ..] if second & 0xE0 == 0xE0 && second & 0x06 != 0 => Container::Mpeg,
        _ => return Err(Error::UnknownFormat),
    })
}

/// Whether a file that begins like this is sought in: its index may lie after its audio.
pub(in crate::decode) fn is_sought_in(head: &[u8]) -> bool {
    matches!(container(head), Ok(Container::Mp4 | Container::Caf))
}

/// Whether a file that begins like this is an MP4 or QuickTime file.
fn is_mp4(head: &[u8]) -> bool {
    matches!(head.get(4..8), Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip"))
}
