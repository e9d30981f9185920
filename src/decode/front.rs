//! The front of the decoder: looks at the first bytes and decides how the rest is to be read.
//!
//! In: a [`Source`]. Out: a [`Front`], which holds what symphonia will read and what must be known
//! about the container besides, because symphonia does not tell.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::digesting::Digesting;
use super::source::{Input, Media, Source, read_up_to};
use super::transport::{Tap, Transport};
use super::{matroska, mp4, mpeg, ogg, riff};
use crate::block::Recording;
use crate::error::Error;
use crate::span::time_of;
use crate::window::Clock;

/// A source that is ready for symphonia.
pub(super) struct Front {
    pub(super) media: Media,
    pub(super) transport: Arc<Transport>,
    pub(super) end: End,
    /// Frames, where the header was read here and declares them.
    pub(super) frames: Option<u64>,
    /// Bytes of a tag before the audio.
    pub(super) leading: u64,
    pub(super) hints: Hints,
    pub(super) digesting: Option<Digesting>,
}

/// What must be known to decode a recording, and symphonia does not tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Hints {
    /// Whether PCM begins with the highest byte.
    pub(super) big_endian: bool,
    /// Whether the lowest byte of each sample must be zero.
    pub(super) upper_24: bool,
    /// What the edit list of an MP4 trims.
    pub(super) trim: mp4::Trim,
    /// What a Matroska file says is to be discarded.
    pub(super) notes: matroska::Notes,
}

/// How the end of a recording is told from the end of what arrived of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// symphonia knows.
    Known,
    /// Where the source does: [`riff::Body`] or [`matroska::Elements`] has seen to it.
    Source,
    /// An edit list plays so many seconds, given as a fraction.
    Played(u64, u32),
}

impl End {
    /// Whether an end of file that symphonia did not expect is the end all the same: it reads on
    /// until there is nothing.
    pub(super) fn is_eof(self) -> bool {
        matches!(self, Self::Source)
    }

    /// Whether an edit list plays all of what was decoded. Audio that it hides would be let out.
    /// `largest` is the length of the longest packet, of which the last is padded.
    pub(super) fn check_played(
        self,
        frames: u64,
        largest: u64,
        recording: &Recording,
    ) -> Result<(), Error> {
        let Self::Played(length, scale) = self else { return Ok(()) };
        let played = u128::from(length) * u128::from(recording.rate) / u128::from(scale);
        // The padding of the last packets, and the rounding of a coarse movie time scale.
        let slack = u128::from(recording.rate / scale.max(1)) + 2 * u128::from(largest);
        if u128::from(frames) <= played + slack {
            return Ok(());
        }
        let all = Clock(time_of(frames, recording.rate));
        Err(Error::Unsupported {
            what: format!("an MP4 whose edit list plays only a part of its {all} s"),
        })
    }
}

impl Front {
    pub(super) fn open(source: Source) -> Result<Self, Error> {
        let transport = Arc::default();
        let front = Self::read(source, &transport);
        // A failure of the transport explains whatever was made of it.
        transport.check().and(front)
    }

    fn read(source: Source, transport: &Arc<Transport>) -> Result<Self, Error> {
        let limit = source.options.memory_limit;
        let (reader, digesting): (Box<dyn Read + Send>, _) = match source.input {
            Input::File(mut file) => {
                let head = read_up_to(&mut file, 12)?;
                file.seek(SeekFrom::Start(0)).map_err(Error::Read)?;
                if head.starts_with(b"caff") || mp4::is_mp4(&head) {
                    let again = source.digested.then(|| file.try_clone()).transpose();
                    let digesting = again.map_err(Error::Read)?.map(Digesting::File);
                    return Ok(Self { digesting, ..Self::seekable(file, &head, transport)? });
                }
                if !source.digested {
                    return Self::stream(Tap::new(file, transport), transport, limit);
                }
                Digesting::passing(file)
            }
            Input::Stream(reader) if source.digested => Digesting::passing(reader),
            Input::Stream(reader) => (reader, None),
        };
        let front = Self::stream(Tap::new(reader, transport), transport, limit)?;
        Ok(Self { digesting, ..front })
    }

    /// A file whose container keeps an index that may lie behind the audio.
    fn seekable(mut file: File, head: &[u8], transport: &Arc<Transport>) -> Result<Self, Error> {
        let trim = if mp4::is_mp4(head) { mp4::find_trim(&mut file)? } else { Default::default() };
        let media = Media::seekable(Tap::new(file, transport))?;
        Ok(Self::trimmed(media, transport, trim))
    }

    fn stream(
        mut tap: Tap<impl Read + Send + 'static>,
        transport: &Arc<Transport>,
        limit: u64,
    ) -> Result<Self, Error> {
        let head = read_up_to(&mut tap, 12)?;
        if head.is_empty() {
            return Err(Error::Empty);
        }
        let is_wave = matches!(head.get(..4), Some(b"RIFF" | b"RIFX" | b"RF64" | b"BW64"));
        if is_wave && head.get(8..) == Some(b"WAVE") {
            let mut wav = riff::open(&head, &mut tap)?;
            wav.others.drain(..).for_each(|other| transport.left_out(other));
            let body = riff::Body::new(&wav, tap, transport);
            let media = Media::stream(wav.header, body);
            let (big_endian, upper_24) = (wav.big_endian, wav.upper_24);
            let hints = Hints { big_endian, upper_24, ..Hints::default() };
            let front = Self::whole(media, transport, End::Source);
            return Ok(Self { frames: wav.frames, hints, ..front });
        }
        if mp4::is_mp4(&head) {
            return match mp4::open(head, &mut tap)? {
                mp4::Index::First { head, trim } => {
                    Ok(Self::trimmed(Media::stream(head, tap), transport, trim))
                }
                mp4::Index::Behind { head } => {
                    let mut whole = in_memory(head, tap, limit)?;
                    let trim = mp4::find_trim(&mut whole)?;
                    Ok(Self::trimmed(Media::seekable(whole)?, transport, trim))
                }
            };
        }
        if head.starts_with(b"caff") {
            let whole = in_memory(head, tap, limit)?;
            let media = Media::seekable(whole)?;
            return Ok(Self::trimmed(media, transport, Default::default()));
        }
        if head.starts_with(b"OggS") {
            transport.count_idle();
            let media = Media::stream(Vec::new(), ogg::Pages::new(head, tap, transport));
            return Ok(Self::whole(media, transport, End::Known));
        }
        if head.starts_with(&matroska::MAGIC) {
            let whole = Cursor::new(head).chain(tap);
            let elements = matroska::Elements::new(whole, transport);
            let hints = Hints { notes: elements.notes(), ..Hints::default() };
            let media = Media::stream(Vec::new(), elements);
            return Ok(Self { hints, ..Self::whole(media, transport, End::Source) });
        }
        transport.keep_tail();
        let (head, leading) = tags(head, &mut tap)?;
        transport.count_idle();
        Ok(Self { leading, ..Self::whole(Media::stream(head, tap), transport, End::Known) })
    }

    fn whole(media: Media, transport: &Arc<Transport>, end: End) -> Self {
        let transport = Arc::clone(transport);
        let hints = Hints::default();
        Self { media, transport, end, frames: None, leading: 0, hints, digesting: None }
    }

    fn trimmed(media: Media, transport: &Arc<Transport>, trim: mp4::Trim) -> Self {
        let end = trim.played.map_or(End::Known, |(length, scale)| End::Played(length, scale));
        let hints = Hints { trim, ..Hints::default() };
        Self { hints, ..Self::whole(media, transport, end) }
    }
}

/// The longest tag that is read, in bytes: room for a large picture.
const MAX_TAG: u64 = 16 * 1024 * 1024;

/// What stands before the audio of an MP3: reads on behind any ID3v2 tags, and gives how many bytes
/// they and the tag in the first frame take.
fn tags(mut head: Vec<u8>, rest: &mut impl Read) -> Result<(Vec<u8>, u64), Error> {
    let mut at = 0;
    loop {
        let length = mpeg::id3_length(&head[at..]);
        let end = at as u64 + length;
        if end > MAX_TAG {
            return Err(Error::Unsupported { what: "a tag of more than 16 MiB".into() });
        }
        at = usize::try_from(end).unwrap_or(usize::MAX);
        let wanted = end + mpeg::TAG_FRAME;
        head.extend(read_up_to(rest, wanted.saturating_sub(head.len() as u64))?);
        if length == 0 || at > head.len() {
            let frame = head.get(at..).unwrap_or_default();
            let leading = end + mpeg::tag_frame(frame);
            return Ok((head, leading));
        }
    }
}

/// The rest of a stream, held whole, because its container must be sought in.
fn in_memory(head: Vec<u8>, rest: impl Read, limit: u64) -> Result<Cursor<Vec<u8>>, Error> {
    let mut whole = head;
    let room = limit.saturating_sub(whole.len() as u64);
    rest.take(room + 1).read_to_end(&mut whole).map_err(Error::Read)?;
    if whole.len() as u64 > limit {
        return Err(Error::TooLargeForMemory { limit });
    }
    Ok(Cursor::new(whole))
}
