//! The index of an MP4 (`moov`): its one audio track, and what it says of the whole.

use super::boxes::{be32, child, children, header_error, needed};
use super::edit_list::{EditList, tagged_delay};
use super::fragments::TrackExtends;
use super::sample_entry::SampleEntry;
use super::tables::{SampleTables, TableTotals};
use crate::error::Error;

/// Tags of more bytes are not read, only told as one: symphonia would make up to 25 times as much of them.
const MAX_TAGS: usize = 2 * 1024 * 1024;

/// What an index says.
pub(super) struct MovieBox<'a> {
    pub(super) id: u32,
    /// Whether there is no track beside it.
    pub(super) alone: bool,
    /// Units a second of the track.
    pub(super) scale: u32,
    /// The content of the sample description.
    pub(super) stsd: &'a [u8],
    pub(super) description: SampleEntry,
    pub(super) tables: SampleTables,
    pub(super) totals: TableTotals,
    pub(super) trim: EditList,
    /// What its fragments need, where it has them.
    pub(super) fragments: Option<TrackExtends>,
    /// The tags.
    pub(super) tags: Vec<&'a [u8]>,
    /// ByteSource of tags that are not read: too many of them, or beside PCM, which symphonia never sees.
    pub(super) untold: u64,
}

impl<'a> MovieBox<'a> {
    /// Reads the content of a `moov`.
    ///
    /// # Errors
    /// [`Error::Header`]; [`Error::NoAudio`]; [`Error::Unsupported`] for more than one audio track, and
    /// what else is not read.
    pub(super) fn parse(moov: &'a [u8]) -> Result<Self, Error> {
        if child(moov, b"cmov")?.is_some() {
            return Err(Error::Unsupported { what: "a QuickTime file with a packed index".into() });
        }
        let trak = audio_track(moov)?;
        let mdia = needed(trak, b"mdia")?;
        let scale = scale_of(needed(mdia, b"mdhd")?).filter(|&scale| scale > 0);
        let scale = scale.ok_or_else(|| header_error("its track has no time scale"))?;
        let stbl = needed(needed(mdia, b"minf")?, b"stbl")?;
        let stsd = needed(stbl, b"stsd")?;
        let description = SampleEntry::parse(stsd, scale)?;
        let mut tables = SampleTables::parse(stbl)?;
        if let SampleEntry::Pcm(pcm) = &description {
            tables.set_frame_bytes(pcm.frame);
        }
        let id = track_id(needed(trak, b"tkhd")?);
        let id = id.ok_or_else(|| header_error("its track has no number"))?;
        let mvex = child(moov, b"mvex")?;
        let fragments = mvex.map(|mvex| TrackExtends::of(mvex, id)).transpose()?;
        let movie_scale = scale_of(needed(moov, b"mvhd")?).unwrap_or(0);
        let udta = |inside| children(inside).flatten().filter(|(kind, _)| kind == b"udta");
        let all: Vec<_> = udta(moov).map(|(_, content)| content).collect();
        let of_track: Vec<_> = udta(trak).map(|(_, content)| content).collect();
        let mut trim = EditList::of(trak, scale, movie_scale)?;
        trim.tag = all.iter().chain(&of_track).filter_map(|udta| tagged_delay(udta)).next_back();
        let fits = all.iter().map(|udta| udta.len()).sum::<usize>() <= MAX_TAGS;
        let reads = fits && matches!(description, SampleEntry::Coded);
        let (tags, untold) = if reads { (all, Vec::new()) } else { (Vec::new(), all) };
        let tracks = children(moov).flatten().filter(|(kind, _)| kind == b"trak");
        Ok(Self {
            id,
            alone: tracks.count() == 1,
            scale,
            stsd,
            description,
            totals: tables.totals()?,
            tables,
            trim,
            fragments,
            tags,
            untold: untold.iter().map(|udta| udta.len() as u64).sum(),
        })
    }
}

/// The one track of audio. More than one is refused: the others would be lost without a word.
fn audio_track(moov: &[u8]) -> Result<&[u8], Error> {
    let mut found = None;
    let mut count = 0;
    for child in children(moov) {
        let (kind, trak) = child?;
        if kind == *b"trak" && handler(trak)? == Some(b"soun") {
            found = Some(trak);
            count += 1;
        }
    }
    if count > 1 {
        let what = format!("a recording with {count} audio tracks");
        return Err(Error::Unsupported { what });
    }
    found.ok_or(Error::NoAudio)
}

/// What kind of track this is.
fn handler(trak: &[u8]) -> Result<Option<&[u8]>, Error> {
    let hdlr = child(needed(trak, b"mdia")?, b"hdlr")?;
    Ok(hdlr.and_then(|hdlr| hdlr.get(8..12)))
}

/// Units a second, of an `mvhd` or `mdhd`.
fn scale_of(header: &[u8]) -> Option<u32> {
    be32(header, if header.first() == Some(&1) { 20 } else { 12 })
}

/// The number of a track, of a `tkhd`.
fn track_id(header: &[u8]) -> Option<u32> {
    be32(header, if header.first() == Some(&1) { 20 } else { 12 })
}
