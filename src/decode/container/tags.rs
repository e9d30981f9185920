//! Tags and pictures, by name and size. Their content is never shown: it may be what must be
//! redacted.
//!
//! In: what symphonia read of the tags, or the bytes around an elementary stream. Out:
//! [`Leftover`]s, and the length of a tag.

use std::io::Cursor;

use symphonia::core::formats::FormatReader;
use symphonia::core::meta::{MetadataReader, MetadataRevision};
use symphonia::default::meta::Id3v2Reader;

use super::bytes::ByteOrder;
use crate::decode::input::{Leftover, id3_length, media_stream};

/// The length of an ID3v1 tag in bytes. It begins with `TAG`.
pub(super) const ID3V1: usize = 128;

/// The length of an extended ID3v1 tag, which stands before the other one, in bytes.
const ID3V1_EXTENDED: usize = 227;

/// Names of common tags.
const USUAL_TAGS: &str = "ALBUM ALBUMARTIST ALBUM_ARTIST ARTIST COMMENT COMPOSER COPYRIGHT \
    CREATION_TIME DATE DATE_RECORDED DESCRIPTION DISCNUMBER DURATION ENCODED_BY ENCODER \
    ENCODER_OPTIONS GENRE LANGUAGE ORGANIZATION PERFORMER SYNOPSIS TITLE TRACKNUMBER VERSION";

/// A tag's name, if it is a common one or a code of four letters. The name of any other tag may
/// itself be confidential.
fn shown(name: &str) -> &str {
    // Matroska puts the target of the tag before its name.
    let last = name.rsplit(['@', '/']).next().unwrap_or(name);
    let usual = |name: &str| USUAL_TAGS.split(' ').any(|usual| usual.eq_ignore_ascii_case(name));
    let is_code = |name: &str| name.chars().count() <= 4;
    match (is_code(name) || usual(name), is_code(last) || usual(last)) {
        (true, _) => name,
        (false, true) => last,
        (false, false) => "another tag",
    }
}

/// The latest tags and pictures that a reader of symphonia has read.
pub(super) fn leftovers_of(reader: &mut dyn FormatReader) -> Vec<Leftover> {
    reader.metadata().skip_to_latest().map(leftovers).unwrap_or_default()
}

/// Takes those that it has read before.
pub(super) fn earlier_of(reader: &mut dyn FormatReader) -> Vec<Leftover> {
    let mut metadata = reader.metadata();
    std::iter::from_fn(|| metadata.pop()).flat_map(|revision| leftovers(&revision)).collect()
}

/// The tags and pictures in symphonia's metadata, by name and size.
fn leftovers(revision: &MetadataRevision) -> Vec<Leftover> {
    let tracks = revision.per_track.iter().map(|track| &track.metadata);
    let mut all = Vec::new();
    for part in std::iter::once(&revision.media).chain(tracks) {
        all.extend(part.tags.iter().map(|tag| {
            let bytes = tag.raw.value.to_string().len() as u64;
            Leftover { name: shown(&tag.raw.key).into(), bytes }
        }));
        let picture = |bytes: usize| Leftover { name: "picture".into(), bytes: bytes as u64 };
        all.extend(part.visuals.iter().map(|visual| picture(visual.data.len())));
    }
    all
}

/// The ID3v2 tags in the bytes before a stream, by name and size.
pub(super) fn id3_leftovers(before: &[u8]) -> Vec<Leftover> {
    if id3_length(before) == 0 {
        return Vec::new();
    }
    let media = media_stream(Cursor::new(before.to_vec()));
    let read = Id3v2Reader::try_new(media, Default::default()).and_then(|mut tag| tag.read_all());
    match read {
        Ok(tag) => leftovers(&tag.revision),
        Err(_) => vec![Leftover { name: "ID3v2".into(), bytes: before.len() as u64 }],
    }
}

/// The length and the kind of the tag that `bytes` begin with: ID3, APE or Lyrics3.
pub(super) fn tag(bytes: &[u8]) -> Option<(usize, &'static str)> {
    match bytes {
        [b'T', b'A', b'G', b'+', ..] => Some((ID3V1_EXTENDED, "ID3v1")),
        [b'T', b'A', b'G', ..] => Some((ID3V1, "ID3v1")),
        [b'I', b'D', b'3', ..] => Some((usize::try_from(id3_length(bytes)).ok()?, "ID3v2")),
        _ if bytes.starts_with(b"LYRICSBEGIN") => {
            // Version 2 ends with LYRICS200, version 1 with LYRICSEND.
            let end = [b"LYRICS200".as_slice(), b"LYRICSEND"];
            let end = end.iter().find_map(|end| bytes.windows(9).position(|at| at == *end))?;
            Some((end + 9, "Lyrics3"))
        }
        _ => Some((ape_length(bytes)?, "APE")),
    }
}

/// The length of the APE tag that `bytes` begin with: header, items, footer. Header or footer may
/// be missing.
fn ape_length(bytes: &[u8]) -> Option<usize> {
    const ID: &[u8] = b"APETAGEX";
    const LENGTH: usize = 32;
    const IS_HEADER: u32 = 0x2000_0000;
    let at = bytes.windows(ID.len()).position(|at| at == ID)?;
    let field = |offset: usize| ByteOrder::Little.u32(bytes, at + offset);
    // The size in both counts the items and the footer, not the header.
    let (size, is_header) = (usize::try_from(field(12)?).ok()?, field(20)? & IS_HEADER != 0);
    match (at, is_header) {
        (0, true) => LENGTH.checked_add(size),
        _ => Some(at + LENGTH).filter(|&end| !is_header && end == size),
    }
}
