//! MP4 and QuickTime.
//!
//! symphonia reads one sample description of these files and nothing else ([`sample_entry`]). SampleTables and
//! fragments are read here: symphonia holds all of them, takes quadratic time where fragments are
//! empty or tables long, needs a box that old QuickTime lacks, and knows neither `iTunSMPB` nor the
//! clock of a fragment.
//!
//! Two crates that parse boxes were looked at for this, and neither was taken. `mp4parse` 0.17 reads no
//! fragments. `mp4-atom` 0.17 builds whole tables in memory, and refuses a box that is longer than it
//! expects, which files of other programs have; it would bring a dozen crates. Neither reads the tag.
//!
//! In: a file, or a stream, which is held in memory where its index comes last or it is in
//! fragments. Out: packets with the times that the tables give. What can go wrong: a box that does
//! not fit, tables that claim what they do not hold, an edit list that does more than skip the delay.

use std::io::{Cursor, Read};
use std::sync::Arc;

use symphonia::core::formats::Track;
use symphonia::core::units::TimeBase;
use symphonia::default::formats::IsoMp4Reader;

use super::guard::{Container, DecodeTotals, Guard, PreSkip};
use super::reader::{Opened, PacketReader};
use super::timestamps::TimestampKind;
use crate::decode::codec;
use crate::decode::input::{Input, InputMonitor, Leftover, Media, ReadSeek, read_up_to};
use crate::error::Error;
use crate::span::time_of;
use crate::window;
use boxes::{BoxHeader, LONGEST, child, header_error};
use byte_source::{ByteSource, MAX_MOOV, Seekable, Sequential};
use edit_list::EditList;
use movie::MovieBox;
use reader::{FragmentCursor, Mp4Reader};
use sample_entry::SampleEntry;
use tables::{SampleCursor, TableTotals};

mod boxes;
mod byte_source;
mod sample_entry;
mod fragments;
mod movie;
mod reader;
mod tables;
mod edit_list;

/// Opens an MP4 or QuickTime file.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = Arc::clone(&input.monitor);
    let (moov, bytes) = if input.is_file() {
        sought(input.seekable()?)?
    } else {
        let limit = input.options.memory_limit;
        let mut rest = input.stream();
        match read_index(&mut rest)? {
            StreamStart::First { moov, at } => {
                (moov, ByteSource::Sequential(Sequential::new(rest, at)))
            }
            StreamStart::Later { head } => sought(Box::new(in_memory(head, rest, limit)?))?,
        }
    };
    opened(MovieBox::parse(&moov)?, bytes, monitor)
}

/// The index of something that can be sought in.
fn sought(inner: Box<dyn ReadSeek>) -> Result<(Vec<u8>, ByteSource), Error> {
    let mut file = Seekable::new(inner)?;
    Ok((file.index()?, ByteSource::Seekable(file)))
}

fn opened(movie: MovieBox, bytes: ByteSource, monitor: Arc<InputMonitor>) -> Result<Opened, Error> {
    if movie.untold > 0 {
        monitor.left_out([Leftover { name: "udta".into(), bytes: movie.untold }]);
    }
    let (sketch, track, frame) = match movie.description {
        SampleEntry::Pcm(pcm) => (None, pcm.track(movie.id), Some(pcm.frame)),
        SampleEntry::Coded => {
            let sketch = sample_entry::sketch(movie.id, movie.scale, movie.stsd, &movie.tags);
            let media = Media::seekable(Box::new(Cursor::new(sketch)))?;
            let reader = PacketReader::open(Container::Mp4, media, IsoMp4Reader::try_new)?;
            let track = reader.tracks().first().cloned().ok_or(Error::NoAudio)?;
            (Some(reader), track, None)
        }
    };
    let guard = Mp4Guard {
        scale: movie.scale,
        trim: movie.trim,
        totals: movie.totals,
        packet: movie.tables.first_duration().unwrap_or(0),
        in_fragments: movie.fragments.is_some(),
        alone: movie.alone,
    };
    let parts = movie.fragments.map(|defaults| FragmentCursor::new(defaults, movie.alone));
    let reader = Mp4Reader::new(
        track,
        sketch,
        (bytes, SampleCursor::new(movie.tables), parts),
        frame,
        monitor,
    );
    Ok(Opened::new(PacketReader::Own(Box::new(reader)), guard))
}

struct Mp4Guard {
    /// Units a second of the track.
    scale: u32,
    trim: EditList,
    totals: TableTotals,
    /// How long the first packet lasts, in units of the track.
    packet: u32,
    in_fragments: bool,
    /// Whether there is no track beside it.
    alone: bool,
}

impl Mp4Guard {
    /// Units of the track as frames at `rate` Hz.
    fn frames(&self, units: u64, rate: u32) -> u64 {
        let frames = u128::from(units) * u128::from(rate) / u128::from(self.scale.max(1));
        u64::try_from(frames).unwrap_or(u64::MAX)
    }
}

impl Guard for Mp4Guard {
    fn container(&self) -> Container {
        Container::Mp4
    }

    fn delay(&self, _: &Track, pre_skip: Option<PreSkip>, rate: u32) -> Result<u64, Error> {
        let own = pre_skip.and_then(|pre_skip| pre_skip.frames(rate)).unwrap_or(0);
        self.trim.delay(rate, self.frames(self.packet.into(), rate), own)
    }

    /// What its tables say, where packets last as long as they have frames. Those of a browser or of
    /// a copy from another container last as long as a clock said, about. Fragments tell nothing
    /// before they come.
    fn declared(&self, track: &Track, rate: u32) -> Option<u64> {
        let params = codec::audio_params(track).ok()?;
        let exact = self.totals.even && !self.in_fragments && self.totals.duration > 0;
        let counts_frames = params.sample_rate == Some(self.scale);
        (exact && counts_frames).then(|| self.frames(self.totals.duration, rate))
    }

    fn timestamp_kind(&self, _: &Track) -> TimestampKind {
        let base = TimeBase::try_from_recip(self.scale);
        base.map_or(TimestampKind::None, |base| match self.in_fragments {
            true => TimestampKind::Live { base, alone: self.alone },
            false => TimestampKind::Index(base),
        })
    }

    /// An index lists every packet; after a fragment another may have been cut away.
    fn proves_end(&self) -> Option<bool> {
        Some(!self.in_fragments)
    }

    /// Whether an edit list plays all of what was decoded. Audio that it hides would be let out.
    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        let Some((length, scale)) = self.trim.played else { return Ok(()) };
        let played = u128::from(length) * u128::from(seen.rate) / u128::from(scale);
        // The padding of the last packets, and the rounding of a coarse movie time scale.
        let slack = u128::from(seen.rate / scale.max(1)) + 2 * u128::from(seen.longest);
        if u128::from(seen.frames) <= played + slack {
            return Ok(());
        }
        let all = window::Clock(time_of(seen.frames, seen.rate));
        Err(Error::Unsupported {
            what: format!("an MP4 whose edit list plays only a part of its {all} s"),
        })
    }
}

/// The rest of a stream, held whole, because its index comes last.
fn in_memory(head: Vec<u8>, rest: impl Read, limit: u64) -> Result<Cursor<Vec<u8>>, Error> {
    let mut whole = head;
    let room = limit.saturating_sub(whole.len() as u64);
    rest.take(room.saturating_add(1)).read_to_end(&mut whole).map_err(Error::Read)?;
    let fits = whole.len() as u64 <= limit;
    if fits { Ok(Cursor::new(whole)) } else { Err(Error::TooLargeForMemory { limit }) }
}

/// The boxes of a stream up to and including the index, as far as they could be streamed.
enum StreamStart {
    /// The content of the index; the audio follows, at this place.
    First { moov: Vec<u8>, at: u64 },
    /// The audio comes first, or lies in fragments; this much has been read.
    Later { head: Vec<u8> },
}

/// Reads boxes of a stream until the index or the audio.
fn read_index(rest: &mut impl Read) -> Result<StreamStart, Error> {
    let mut head = Vec::new();
    let mut at = 0;
    loop {
        let missing = (at as u64 + LONGEST).saturating_sub(head.len() as u64);
        head.extend(read_up_to(rest, missing)?);
        let Some(header) = BoxHeader::parse(&head[at..]) else {
            return Err(header_error("it ends before its index (moov)"));
        };
        if matches!(&header.kind, b"mdat" | b"moof") {
            return Ok(StreamStart::Later { head });
        }
        if header.size > MAX_MOOV || head.len() as u64 > MAX_MOOV {
            return Err(header_error("its index is larger than 64 MiB"));
        }
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        let end = at.saturating_add(size);
        head.extend(read_up_to(rest, end.saturating_sub(head.len()) as u64)?);
        if head.len() < end {
            return Err(header_error("it ends inside a box"));
        }
        if header.kind == *b"moov" {
            let content = at + usize::try_from(header.length).unwrap_or(0);
            // Only a file that is there to its end shows whether its last fragment is whole.
            let in_fragments = child(&head[content..end], b"mvex")?.is_some();
            // A header of 8 bytes was asked for as one of 16.
            if in_fragments || head.len() > end {
                return Ok(StreamStart::Later { head });
            }
            return Ok(StreamStart::First { moov: head.split_off(content), at: end as u64 });
        }
        at = end;
    }
}
