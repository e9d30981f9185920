//! Tags and pictures, by name and size: what they say is shown to nobody.

use symphonia::core::meta::MetadataRevision;

use crate::decode::input::Leftover;

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
fn tag(name: &str) -> &str {
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
            Leftover { name: tag(&raw.raw.key).into(), bytes }
        }));
        all.extend(
            part.visuals
                .iter()
                .map(|visual| Leftover { name: "picture".into(), bytes: visual.data.len() as u64 }),
        );
    }
    all
}
