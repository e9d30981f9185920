//! What must be known about an MP4 before symphonia reads it: whether its index (`moov`) comes
//! before its audio, and what its edit list trims.
//!
//! symphonia reads edit lists and does not apply them. Players start at the edit's media time, so
//! the codec's priming is not heard; a window in human time would land late by 20 to 50 ms if it
//! were kept. What can go wrong: an edit list that does more than skip the priming.

use std::io::{Cursor, Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_ADPCM_IMA_QT;
use symphonia::core::formats::Track;
use symphonia::core::io::MediaSourceStream;
use symphonia::default::formats::IsoMp4Reader;

use super::guard::{Container, Guard, PreSkip, Seen};
use super::reader::{Opened, Reader};
use super::timestamps::Clock;
use crate::decode::codec;
use crate::decode::input::{Input, Media, read_up_to};
use crate::error::Error;
use crate::span::time_of;
use crate::window;

/// The largest `moov` that is read: hours of AAC need about a megabyte.
const MAX_MOOV: u64 = 64 * 1024 * 1024;

/// Opens an MP4 or QuickTime file.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let (media, trim) = if input.is_file() {
        let mut file = input.seekable()?;
        let trim = find_trim(&mut file)?;
        (Media::seekable(file)?, trim)
    } else {
        opened_stream(input)?
    };
    let reader = Reader::open(Container::Mp4, media, IsoMp4Reader::try_new)?;
    Ok(Opened::new(reader, Mp4Guard { trim }))
}

/// A stream, as a stream where its index comes first, else whole in memory.
fn opened_stream(input: Input) -> Result<(MediaSourceStream<'static>, Trim), Error> {
    let limit = input.options.memory_limit;
    let mut rest = input.stream();
    match read_index(Vec::new(), &mut rest)? {
        Index::First { head, trim } => Ok((Media::stream(Cursor::new(head).chain(rest)), trim)),
        Index::Behind { head } => {
            let mut whole = in_memory(head, rest, limit)?;
            let trim = find_trim(&mut whole)?;
            Ok((Media::seekable(Box::new(whole))?, trim))
        }
    }
}

struct Mp4Guard {
    trim: Trim,
}

impl Guard for Mp4Guard {
    fn container(&self) -> Container {
        Container::Mp4
    }

    fn refuses(&self, params: &AudioCodecParameters) -> Option<&'static str> {
        // symphonia takes 24 and 32 bit in QuickTime for little-endian; mostly they are not.
        if codec::pcm_width(params.codec).is_some_and(|width| width > 1) {
            return Some("PCM in MP4 or QuickTime");
        }
        // Its decoder believes packet sizes that cannot be.
        (params.codec == CODEC_ID_ADPCM_IMA_QT).then_some("IMA ADPCM in QuickTime")
    }

    fn delay(&self, _: &Track, pre_skip: Option<PreSkip>, rate: u32) -> Result<u64, Error> {
        let skipped = pre_skip.and_then(|pre_skip| pre_skip.frames(rate)).unwrap_or(0);
        if self.trim.scale > 0 { self.trim.frames(rate) } else { Ok(skipped) }
    }

    fn declared(&self, track: &Track, rate: u32) -> Option<u64> {
        let (frames, base) = (track.num_frames.filter(|&frames| frames > 0)?, track.time_base?);
        let scaled = u128::from(frames) * u128::from(base.numer.get()) * u128::from(rate);
        u64::try_from(scaled / u128::from(base.denom.get())).ok()
    }

    fn clock(&self, track: &Track) -> Clock {
        track.time_base.map_or(Clock::None, Clock::Index)
    }

    /// Whether an edit list plays all of what was decoded. Audio that it hides would be let out.
    fn verdict(&mut self, seen: &Seen) -> Result<(), Error> {
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
    rest.take(room + 1).read_to_end(&mut whole).map_err(Error::Read)?;
    let fits = whole.len() as u64 <= limit;
    if fits { Ok(Cursor::new(whole)) } else { Err(Error::TooLargeForMemory { limit }) }
}

/// The top-level boxes up to and including the index, as far as they could be streamed.
enum Index {
    /// The index has been read; the audio follows.
    First { head: Vec<u8>, trim: Trim },
    /// The audio comes first; this much has been read.
    Behind { head: Vec<u8> },
}

/// What the edit list of the audio track asks for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Trim {
    /// What to skip at the start, in units of `scale`.
    start: u64,
    /// Units a second of the track.
    scale: u32,
    /// The length that is played, in seconds as a fraction, where the list has an entry.
    played: Option<(u64, u32)>,
}

impl Trim {
    /// The start in frames at `rate` Hz.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where it lies between two frames.
    fn frames(self, rate: u32) -> Result<u64, Error> {
        let (start, scale) = (u128::from(self.start) * u128::from(rate), self.scale.max(1));
        if start % u128::from(scale) != 0 {
            let what = "an MP4 whose edit list begins between two frames".into();
            return Err(Error::Unsupported { what });
        }
        Ok(u64::try_from(start / u128::from(scale)).unwrap_or(u64::MAX))
    }
}

/// Reads top-level boxes of a stream until the index or the audio. `head` is what was read before.
fn read_index(head: Vec<u8>, rest: &mut impl Read) -> Result<Index, Error> {
    let mut head = head;
    let mut at = 0;
    loop {
        let missing = (at + 16_usize).saturating_sub(head.len());
        head.extend(read_up_to(rest, missing as u64)?);
        let Some((kind, size)) = box_header(&head[at..]) else {
            return Err(header_error("it ends before its index (moov)"));
        };
        if kind == *b"mdat" || kind == *b"moof" {
            return Ok(Index::Behind { head });
        }
        if size > MAX_MOOV || head.len() as u64 > MAX_MOOV {
            return Err(header_error("its index is larger than 64 MiB"));
        }
        let end = at + usize::try_from(size).map_err(|_| header_error("a box is too large"))?;
        head.extend(read_up_to(rest, end.saturating_sub(head.len()) as u64)?);
        if head.len() < end {
            return Err(header_error("it ends inside a box"));
        }
        if kind == *b"moov" {
            let trim = trim_of(&head[at..end])?;
            // Only a file that is there to its end shows whether its last fragment is whole.
            let fragmented = child(&head[at..end], b"mvex").is_some();
            return Ok(if fragmented {
                Index::Behind { head }
            } else {
                Index::First { head, trim }
            });
        }
        at = end;
    }
}

/// Looks for the index of a file that can be sought in, and whether its boxes are whole.
fn find_trim(file: &mut (impl Read + Seek)) -> Result<Trim, Error> {
    let length = file.seek(SeekFrom::End(0)).map_err(Error::Read)?;
    let (mut at, mut trim, mut fragment) = (0, None, None);
    while at < length {
        file.seek(SeekFrom::Start(at)).map_err(Error::Read)?;
        let head = read_up_to(file, 24)?;
        let Some((kind, size)) = box_header(&head) else {
            return Err(header_error("something that is no box lies between its boxes"));
        };
        if kind == *b"moof" {
            let number = be32(&head, 20).filter(|_| head.get(12..16) == Some(b"mfhd"));
            if number.is_none() || fragment.is_some_and(|before: u32| Some(before + 1) != number) {
                return Err(header_error("a fragment is missing"));
            }
            fragment = number.filter(|&number| number < u32::MAX);
        }
        if kind == *b"moov" {
            if size > MAX_MOOV {
                return Err(header_error("its index is larger than 64 MiB"));
            }
            file.seek(SeekFrom::Start(at)).map_err(Error::Read)?;
            trim = Some(trim_of(&read_up_to(file, size)?)?);
        }
        at = if size == TO_THE_END { length } else { at.saturating_add(size) };
    }
    match trim {
        _ if at > length => Err(header_error("it is cut off inside a box")),
        Some(trim) => Ok(trim),
        None => Err(header_error("it has no index (moov); perhaps it was cut off")),
    }
}

/// The size of a box that goes on to the end of the file.
const TO_THE_END: u64 = u64::MAX;

/// The kind and whole size of the box at the start of `bytes`.
fn box_header(bytes: &[u8]) -> Option<([u8; 4], u64)> {
    let size = be32(bytes, 0)?;
    let kind = bytes.get(4..8)?.try_into().ok()?;
    let size = match size {
        0 => TO_THE_END,
        1 => be64(bytes, 8)?,
        size => size.into(),
    };
    (size >= 8).then_some((kind, size))
}

/// The content of each box of `kind` directly inside `parent`, whose own header is 8 bytes.
fn children<'a>(parent: &'a [u8], kind: &'a [u8; 4]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = parent.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (kind, size) = box_header(rest)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
        let (this, later) = rest.split_at(size);
        rest = later;
        Some((kind, this))
    })
    .filter_map(move |(found, this)| (found == *kind).then_some(this))
}

fn child<'a>(parent: &'a [u8], kind: &'a [u8; 4]) -> Option<&'a [u8]> {
    children(parent, kind).next()
}

/// What the edit list of the first audio track trims.
fn trim_of(moov: &[u8]) -> Result<Trim, Error> {
    let movie_scale = child(moov, b"mvhd").and_then(|mvhd| {
        let at = if mvhd.get(8) == Some(&1) { 28 } else { 20 };
        be32(mvhd, at)
    });
    let is_audio = |trak: &&[u8]| {
        let handler = child(trak, b"mdia").and_then(|mdia| child(mdia, b"hdlr"));
        handler.and_then(|hdlr| hdlr.get(16..20)) == Some(b"soun")
    };
    let Some(track) = children(moov, b"trak").find(is_audio) else { return Ok(Trim::default()) };
    let list = child(track, b"edts").and_then(|edts| child(edts, b"elst"));
    let Some(list) = list else { return Ok(Trim::default()) };
    let scale = child(track, b"mdia").and_then(|mdia| child(mdia, b"mdhd")).and_then(|mdhd| {
        let at = if mdhd.get(8) == Some(&1) { 28 } else { 20 };
        be32(mdhd, at)
    });
    let (version, count) = (list.get(8).copied().unwrap_or(0), be32(list, 12).unwrap_or(0));
    let edit = if version == 1 {
        be64(list, 16).zip(be64(list, 24))
    } else {
        // -1 as 32 bits stays negative as 64.
        let time = be32(list, 20).map(|time| i64::from(time.cast_signed()).cast_unsigned());
        be32(list, 16).map(u64::from).zip(time)
    };
    let normal_speed = be32(list, if version == 1 { 32 } else { 24 }) == Some(0x1_0000);
    match (count, edit, movie_scale.zip(scale)) {
        (0, ..) => Ok(Trim::default()),
        (1, Some((length, start)), Some((movie, scale)))
            if normal_speed && start <= i64::MAX.cast_unsigned() =>
        {
            let played = (length > 0 && movie > 0).then_some((length, movie));
            Ok(Trim { start, scale, played })
        }
        _ => Err(Error::Unsupported {
            what: "an MP4 whose edit list does more than skip the codec's delay".into(),
        }),
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes)
}

fn header_error(reason: &str) -> Error {
    Error::Header { container: "MP4".into(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(content.len() + 8).unwrap();
        [&size.to_be_bytes(), kind.as_slice(), content].concat()
    }

    /// A movie at 1000 units a second with one audio track and these edits.
    fn moov(edits: &[(u32, i32)]) -> Vec<u8> {
        let mut mvhd = vec![0; 12];
        mvhd.extend_from_slice(&1000u32.to_be_bytes());
        let hdlr = [[0; 8].as_slice(), b"soun"].concat();
        let mut elst = vec![0; 4];
        elst.extend_from_slice(&u32::try_from(edits.len()).unwrap().to_be_bytes());
        for (length, time) in edits {
            elst.extend_from_slice(&length.to_be_bytes());
            elst.extend_from_slice(&time.to_be_bytes());
            elst.extend_from_slice(&[0, 1, 0, 0]);
        }
        let mut mdhd = vec![0; 12];
        mdhd.extend_from_slice(&8000u32.to_be_bytes());
        let mdia = [boxed(b"mdhd", &mdhd), boxed(b"hdlr", &hdlr)].concat();
        let trak = [boxed(b"edts", &boxed(b"elst", &elst)), boxed(b"mdia", &mdia)].concat();
        boxed(b"moov", &[boxed(b"mvhd", &mvhd), boxed(b"trak", &trak)].concat())
    }

    #[test]
    fn the_edit_list_tells_the_priming() {
        let trim = trim_of(&moov(&[(12_345, 1024)])).unwrap();
        assert_eq!(trim, Trim { start: 1024, scale: 8000, played: Some((12_345, 1000)) });
        assert_eq!(trim_of(&moov(&[])).unwrap(), Trim::default());
        assert!(trim_of(&moov(&[(100, -1), (12_345, 1024)])).is_err());
        assert!(trim_of(&moov(&[(100, -1)])).is_err());
    }

    #[test]
    fn a_stream_tells_whether_its_index_comes_first() {
        let index = [boxed(b"ftyp", b"M4A "), boxed(b"free", &[0; 40]), moov(&[(9, 7)])].concat();
        let audio = boxed(b"mdat", &[0; 100]);
        let whole = [index.clone(), audio.clone()].concat();
        let (head, mut rest) = whole.split_at(12);
        let Index::First { head, trim } = read_index(head.to_vec(), &mut rest).unwrap() else {
            panic!("the index is first");
        };
        assert_eq!((head, trim.start), (index.clone(), 7));
        assert_eq!(rest, audio);
        let mut behind = [audio, index.clone()].concat();
        assert!(matches!(read_index(Vec::new(), &mut behind.as_slice()), Ok(Index::Behind { .. })));
        assert_eq!(find_trim(&mut std::io::Cursor::new(&mut behind)).unwrap().start, 7);
        assert!(read_index(Vec::new(), &mut &index[..index.len() - 1]).is_err());
    }
}
