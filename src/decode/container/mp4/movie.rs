//! The index of an MP4 (`moov`): its only audio track and its tags.
//!
//! In: the content of `moov`. Out: a [`MovieBox`]. What can go wrong: no audio track or several, a
//! missing box, tables that contradict each other.

use super::boxes::{BoxType, child, children, header_error, needed};
use super::edit_list::{EditList, itunes_delay};
use super::fragments::TrackExtends;
use super::sample_entry;
use super::tables::SampleTables;
use crate::decode::container::bytes::be32;
use crate::decode::container::error::unsupported;
use crate::decode::container::pcm::PcmLayout;
use crate::error::Error;

/// The most bytes of tags that are read: symphonia needs up to 25 times as much memory for them.
/// More are listed as one leftover.
const MAX_TAGS: usize = 2 * 1024 * 1024;

/// The movie box.
pub(super) struct MovieBox<'a> {
    /// The id of the audio track.
    pub(super) id: u32,
    /// Whether the file has no other track.
    pub(super) only_track: bool,
    /// Units per second of the track's timestamps.
    pub(super) timescale: u32,
    /// The content of `stsd`.
    pub(super) stsd: &'a [u8],
    /// The layout of PCM and G.711.
    pub(super) pcm: Option<PcmLayout>,
    pub(super) tables: SampleTables,
    /// The sum of all durations in the tables, if they are [uniform](SampleTables::duration).
    pub(super) duration: Option<u64>,
    pub(super) edit_list: EditList,
    /// The defaults for fragments, if the movie has fragments.
    pub(super) track_extends: Option<TrackExtends>,
    /// The content of each `udta`, for symphonia's tag parser.
    pub(super) tags: Vec<&'a [u8]>,
    /// Bytes of tags that are not read: more than 2 MiB, or in a file with PCM, for which symphonia
    /// is not used.
    pub(super) unread_tags: u64,
}

impl<'a> MovieBox<'a> {
    /// Parses the content of `moov`.
    ///
    /// # Errors
    /// [`Error::Header`]; [`Error::NoAudio`]; [`Error::Unsupported`] for several audio tracks and
    /// for other things that are not supported.
    pub(super) fn parse(moov: &'a [u8]) -> Result<Self, Error> {
        if child(moov, b"cmov")?.is_some() {
            return Err(unsupported("a QuickTime file with a compressed index (cmov)"));
        }
        let trak = audio_track(moov)?;
        let mdia = needed(trak, b"mdia")?;
        let timescale = versioned(needed(mdia, b"mdhd")?).filter(|&timescale| timescale > 0);
        let timescale = timescale.ok_or_else(|| header_error("its track has no timescale"))?;
        let stbl = needed(needed(mdia, b"minf")?, b"stbl")?;
        let stsd = needed(stbl, b"stsd")?;
        let pcm = sample_entry::parse(stsd, timescale)?;
        let mut tables = SampleTables::parse(stbl)?;
        if let Some(layout) = &pcm {
            tables.set_frame_bytes(layout.block_bytes);
        }
        let id = versioned(needed(trak, b"tkhd")?);
        let id = id.ok_or_else(|| header_error("its track has no id"))?;
        let mvex = child(moov, b"mvex")?;
        let track_extends = mvex.map(|mvex| TrackExtends::parse(mvex, id)).transpose()?;
        let movie_timescale = versioned(needed(moov, b"mvhd")?).unwrap_or(0);
        let (tags, track_tags) = (all(moov, b"udta"), all(trak, b"udta"));
        let mut edit_list = EditList::parse(trak, timescale, movie_timescale)?;
        edit_list.tag =
            tags.iter().chain(&track_tags).filter_map(|udta| itunes_delay(udta)).next_back();
        let bytes = tags.iter().map(|udta| udta.len()).sum::<usize>();
        let reads = bytes <= MAX_TAGS && pcm.is_none();
        Ok(Self {
            id,
            only_track: all(moov, b"trak").len() == 1,
            timescale,
            stsd,
            pcm,
            duration: tables.duration()?,
            tables,
            edit_list,
            track_extends,
            unread_tags: if reads { 0 } else { bytes as u64 },
            tags: if reads { tags } else { Vec::new() },
        })
    }
}

/// The contents of all boxes of a type directly inside `content`.
fn all<'a>(content: &'a [u8], kind: &BoxType) -> Vec<&'a [u8]> {
    let boxes = children(content).flatten().filter(|child| child.0 == *kind);
    boxes.map(|(_, content)| content).collect()
}

/// The only audio track. Several are an error: all but one would be lost silently.
fn audio_track(moov: &[u8]) -> Result<&[u8], Error> {
    let mut audio = Vec::new();
    for child in children(moov) {
        let (kind, trak) = child?;
        if kind == *b"trak" && handler(trak)? == Some(b"soun") {
            audio.push(trak);
        }
    }
    match audio.as_slice() {
        [] => Err(Error::NoAudio),
        [trak] => Ok(trak),
        several => Err(unsupported(format!("a recording with {} audio tracks", several.len()))),
    }
}

/// The type of a track (`hdlr`, 8.4.3).
fn handler(trak: &[u8]) -> Result<Option<&[u8]>, Error> {
    let hdlr = child(needed(trak, b"mdia")?, b"hdlr")?;
    Ok(hdlr.and_then(|hdlr| hdlr.get(8..12)))
}

/// The field after the creation and modification times, which have 32 bits each, or 64 in version
/// 1: the timescale in `mvhd` (8.2.2) and `mdhd` (8.4.2), the track id in `tkhd` (8.3.2).
fn versioned(header: &[u8]) -> Option<u32> {
    be32(header, if header.first() == Some(&1) { 20 } else { 12 })
}
