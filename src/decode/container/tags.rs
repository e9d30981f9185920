//! Tags and pictures, by name and size: what they say is shown to nobody.

use std::io::Cursor;

use symphonia::core::meta::{MetadataReader, MetadataRevision};
use symphonia::default::meta::Id3v2Reader;

use crate::decode::input::{Leftover, Media, id3_length};

/// The length of an ID3v1 tag, and of the extended one that may stand before it.
const ID3V1: usize = 128;
const ID3V1_EXTENDED: usize = 227;

/// Tags that many programs write.
const USUAL_TAGS: [&str; 24] = [
    "ALBUM",
    "ALBUMARTIST",
    "ALBUM_ARTIST",
    "ARTIST",
    "COMMENT",
    "COMPOSER",
    "COPYRIGHT",
    "CREATION_TIME",
    "DATE",
    "DATE_RECORDED",
    "DESCRIPTION",
    "DISCNUMBER",
    "DURATION",
    "ENCODED_BY",
    "ENCODER",
    "ENCODER_OPTIONS",
    "GENRE",
    "LANGUAGE",
    "ORGANIZATION",
    "PERFORMER",
    "SYNOPSIS",
    "TITLE",
    "TRACKNUMBER",
    "VERSION",
];

/// A tag's name, if it is one that many programs write, or a code of four letters. Of others the name
/// itself may say what nobody should know.
fn shown(name: &str) -> &str {
    // Matroska says in front of it what it is for.
    let last = name.rsplit(['@', '/']).next().unwrap_or(name);
    let usual = |name: &str| USUAL_TAGS.iter().any(|usual| usual.eq_ignore_ascii_case(name));
    let is_code = |name: &str| name.chars().count() <= 4;
    match (is_code(name) || usual(name), is_code(last) || usual(last)) {
        (true, _) => name,
        (false, true) => last,
        (false, false) => "another tag",
    }
}

/// The tags and pictures of a recording, by name and size: what they say is shown to nobody.
pub(super) fn leftovers(revision: &MetadataRevision) -> Vec<Leftover> {
    let tracks = revision.per_track.iter().map(|track| &track.metadata);
    let mut all = Vec::new();
    for part in std::iter::once(&revision.media).chain(tracks) {
        all.extend(part.tags.iter().map(|raw| {
            let bytes = raw.raw.value.to_string().len() as u64;
            Leftover { name: shown(&raw.raw.key).into(), bytes }
        }));
        all.extend(
            part.visuals
                .iter()
                .map(|visual| Leftover { name: "picture".into(), bytes: visual.data.len() as u64 }),
        );
    }
    all
}

/// The tags in what stands before a stream, by name and size.
pub(super) fn id3_leftovers(before: &[u8]) -> Vec<Leftover> {
    if id3_length(before) == 0 {
        return Vec::new();
    }
    let media = Media::stream(Cursor::new(before.to_vec()));
    let read = Id3v2Reader::try_new(media, Default::default()).and_then(|mut tag| tag.read_all());
    match read {
        Ok(tag) => leftovers(&tag.revision),
        Err(_) => vec![Leftover { name: "ID3v2".into(), bytes: before.len() as u64 }],
    }
}

/// The length of a tag that `bytes` begin with, and its kind: ID3, APE or Lyrics3. Tags that stand
/// after the audio are no part of it.
pub(super) fn tag(bytes: &[u8]) -> Option<(usize, &'static str)> {
    match bytes {
        [b'T', b'A', b'G', b'+', ..] => Some((ID3V1_EXTENDED, "ID3v1")),
        [b'T', b'A', b'G', ..] => Some((ID3V1, "ID3v1")),
        [b'I', b'D', b'3', ..] => Some((usize::try_from(id3_length(bytes)).ok()?, "ID3v2")),
        _ if bytes.starts_with(b"LYRICSBEGIN") => {
            let end = [b"LYRICS200".as_slice(), b"LYRICSEND"];
            let end = end.iter().find_map(|end| bytes.windows(9).position(|at| at == *end))?;
            Some((end + 9, "Lyrics3"))
        }
        _ => Some((ape(bytes)?, "APE")),
    }
}

/// The length of an APE tag that `bytes` begin with: a header, items, a footer; one of them may stand
/// alone. The size that both give leaves out the header.
fn ape(bytes: &[u8]) -> Option<usize> {
    const ID: &[u8] = b"APETAGEX";
    const LENGTH: usize = 32;
    let at = bytes.windows(ID.len()).position(|at| at == ID)?;
    let long = |field: usize| {
        let four = bytes.get(at + field..at + field + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(four)).ok()
    };
    let (size, is_header) = (long(12)?, long(20)? & 0x2000_0000 != 0);
    match (at, is_header) {
        (0, true) => LENGTH.checked_add(size),
        _ => Some(at + LENGTH).filter(|&end| !is_header && end == size),
    }
}
