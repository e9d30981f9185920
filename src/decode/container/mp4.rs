//! MP4 (ISO/IEC 14496-12) and QuickTime.
//!
//! In: a file, or a stream, which is held in memory if its index (`moov`) comes last or it consists
//! of fragments. Out: packets with the timestamps of the sample tables. What can go wrong: a box
//! that is larger than its parent, tables that declare more than they hold, an edit list that does
//! more than skip the codec delay.
//!
//! The way of a file: [`ByteSource`] finds `moov`, [`MovieBox::parse`] reads it, [`Mp4Reader`]
//! hands out packets by [`tables`] and [`fragments`], [`Mp4Guard`] checks them. [`edit_list`]
//! parses the edit list: [`EditList::delay`] gives the frames to drop at the front, which
//! `PacketStream::decode` drops, and [`EditList::check_end`] checks that no audio is hidden at the
//! end.
//!
//! Of symphonia only the parser of the sample entry is used ([`sample_entry`]). It holds all tables
//! and fragments in memory, takes quadratic time for empty fragments and long tables, requires a
//! box that old QuickTime files lack, and reads neither `iTunSMPB` nor the decode time of a
//! fragment.
//!
//! Two box parsers were considered and rejected. `mp4parse` 0.17 does not read fragments.
//! `mp4-atom` 0.17 builds whole tables in memory, rejects boxes that are longer than it expects, as
//! some programs write them, and brings a dozen crates. Neither reads `iTunSMPB`.

use std::io::{Cursor, Read};
use std::sync::Arc;

use symphonia::core::formats::Track;
use symphonia::core::io::MediaSourceStream;
use symphonia::core::units::TimeBase;
use symphonia::default::formats::IsoMp4Reader;

use super::guard::{Container, DecodeTotals, Guard, rescale};
use super::reader::{Opened, open_symphonia};
use super::timestamps::TimestampKind;
use crate::block::index_of;
use crate::decode::codec;
use crate::decode::input::{InputMonitor, Leftover, PeekedSource, ReadSeek, in_memory, read_up_to};
use crate::error::Error;
use boxes::{BoxHeader, MAX_HEADER, child, header_error};
use byte_source::{ByteSource, MAX_MOOV, MOOV_TOO_LARGE, Seekable, Sequential};
use edit_list::EditList;
use fragments::FragmentCursor;
use movie::MovieBox;
use reader::Mp4Reader;
use tables::SampleCursor;

mod boxes;
mod byte_source;
mod edit_list;
mod fragments;
mod movie;
mod reader;
mod sample_entry;
mod tables;

/// Opens an MP4 or QuickTime file.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let monitor = Arc::clone(&input.monitor);
    let (moov, source) = if input.is_file() {
        seekable(input.seekable()?)?
    } else {
        let limit = input.options.memory_limit;
        let mut rest = input.stream();
        match read_start(&mut rest)? {
            StreamStart::Moov { moov, end } => {
                (moov, ByteSource::Sequential(Sequential::new(rest, end)))
            }
            StreamStart::NotStreamable { head } => seekable(in_memory(head, rest, limit)?)?,
        }
    };
    open_movie(MovieBox::parse(&moov)?, source, &monitor)
}

/// The `moov` of a seekable source, and the source.
fn seekable(inner: Box<dyn ReadSeek>) -> Result<(Vec<u8>, ByteSource), Error> {
    let mut file = Seekable::new(inner)?;
    Ok((file.find_moov()?, ByteSource::Seekable(file)))
}

fn open_movie(
    movie: MovieBox,
    source: ByteSource,
    monitor: &InputMonitor,
) -> Result<Opened, Error> {
    if movie.unread_tags > 0 {
        monitor.left_out([Leftover { name: "udta".into(), bytes: movie.unread_tags }]);
    }
    let (symphonia, track, frame_bytes) = match movie.pcm {
        Some(layout) => (None, layout.track(movie.id), Some(layout.block_bytes)),
        None => {
            let minimal =
                sample_entry::minimal_movie(movie.id, movie.timescale, movie.stsd, &movie.tags);
            let media = MediaSourceStream::new(Box::new(Cursor::new(minimal)), Default::default());
            let reader = open_symphonia(Container::Mp4, media, IsoMp4Reader::try_new)?;
            let track = reader.tracks().first().cloned().ok_or(Error::NoAudio)?;
            (Some(reader), track, None)
        }
    };
    let guard = Mp4Guard {
        timescale: movie.timescale,
        edit_list: movie.edit_list,
        duration: movie.duration,
        first_duration: movie.tables.first_duration().unwrap_or(0),
        in_fragments: movie.track_extends.is_some(),
        only_track: movie.only_track,
    };
    let only_track = movie.only_track;
    let fragments = movie.track_extends.map(|extends| FragmentCursor::new(extends, only_track));
    let samples = (source, SampleCursor::new(movie.tables), fragments);
    let reader = Mp4Reader::new(track, symphonia, samples, frame_bytes);
    Ok(Opened::new(reader, guard))
}

struct Mp4Guard {
    /// Units per second of the track's timestamps.
    timescale: u32,
    edit_list: EditList,
    /// As the tables declare it, in units of the track.
    duration: Option<u64>,
    /// The duration of the first packet, in units of the track.
    first_duration: u32,
    in_fragments: bool,
    /// Whether the file has no other track.
    only_track: bool,
}

impl Guard for Mp4Guard {
    fn delay(&self, _: &Track, pre_skip: Option<u64>, rate: u32) -> Result<u64, Error> {
        let packet = rescale(self.first_duration.into(), self.timescale, rate);
        self.edit_list.delay(rate, packet, pre_skip.unwrap_or(0))
    }

    /// The duration in the tables, if packets last as long as they have frames. Browsers, and
    /// copies from other containers, have rounded durations instead. Fragments declare nothing in
    /// advance.
    fn declared(&self, track: &Track, rate: u32) -> Option<u64> {
        let params = codec::audio_params(track).ok()?;
        let counts_frames = params.sample_rate == Some(self.timescale);
        let exact = self.duration.filter(|_| counts_frames && !self.in_fragments);
        exact.map(|duration| rescale(duration, self.timescale, rate))
    }

    fn timestamp_kind(&self, _: &Track) -> TimestampKind {
        let base = TimeBase::try_from_recip(self.timescale);
        base.map_or(TimestampKind::None, |base| match self.in_fragments {
            true => TimestampKind::Live { base, only_track: self.only_track },
            false => TimestampKind::Index(base),
        })
    }

    /// Tables list every packet. After a fragment another one may have been cut off.
    fn proves_end(&self) -> Option<bool> {
        Some(!self.in_fragments)
    }

    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        self.edit_list.check_end(seen)
    }
}

/// The beginning of a stream.
enum StreamStart {
    /// The content of `moov`, which ends at byte `end`. The audio follows.
    Moov { moov: Vec<u8>, end: u64 },
    /// The audio comes first, or is in fragments. `head`: the bytes read so far.
    NotStreamable { head: Vec<u8> },
}

/// Reads boxes of a stream up to `moov` or the audio.
fn read_start(rest: &mut impl Read) -> Result<StreamStart, Error> {
    let mut head = Vec::new();
    let mut at = 0;
    loop {
        let missing = (at as u64 + MAX_HEADER).saturating_sub(head.len() as u64);
        head.extend(read_up_to(rest, missing)?);
        let Some(header) = BoxHeader::parse(&head[at..]) else {
            return Err(header_error("it ends before its index (moov)"));
        };
        if matches!(&header.kind, b"mdat" | b"moof") {
            return Ok(StreamStart::NotStreamable { head });
        }
        // Boxes before `moov` are held in memory too.
        if header.size > MAX_MOOV || head.len() as u64 > MAX_MOOV {
            return Err(header_error(MOOV_TOO_LARGE));
        }
        let end = at.saturating_add(index_of(header.size));
        head.extend(read_up_to(rest, end.saturating_sub(head.len()) as u64)?);
        if head.len() < end {
            return Err(header_error("it ends inside a box"));
        }
        if header.kind == *b"moov" {
            let content = at + index_of(header.length);
            // Whether the last fragment is complete shows only when the whole file is there.
            let in_fragments = child(&head[content..end], b"mvex")?.is_some();
            // A `moov` of 8 bytes: the 16 bytes read for its header reach into the next box.
            if in_fragments || head.len() > end {
                return Ok(StreamStart::NotStreamable { head });
            }
            return Ok(StreamStart::Moov { moov: head.split_off(content), end: end as u64 });
        }
        at = end;
    }
}
