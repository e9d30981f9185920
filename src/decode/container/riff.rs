//! RiffChunks: a name, a size, and so many bytes. WAV and AIFF are made of them.

use std::io::{self, Read};

use super::guard::Container;
use crate::decode::input::{Leftover, read_up_to, sniff};
use crate::error::Error;

/// The longest list of texts that is looked into, in bytes.
const MAX_LIST: u32 = 64 * 1024;

/// How many chunks beside the audio are noted.
const MAX_OTHERS: usize = 1000;

/// The length of an ID3v1 tag, which begins with `TAG`.
const ID3V1: u64 = 128;

/// RiffChunks that stand after the audio in files that people have. The last one may be shorter than it
/// says: it holds no audio.
const KNOWN: [&[u8; 4]; 34] = [
    b"LIST", b"fact", b"PEAK", b"cue ", b"smpl", b"inst", b"plst", b"labl", b"note", b"bext",
    b"iXML", b"_PMX", b"axml", b"chna", b"umid", b"cart", b"id3 ", b"ID3 ", b"JUNK", b"junk",
    b"PAD ", b"FLLR", b"acid", b"DISP", b"MARK", b"INST", b"COMT", b"NAME", b"AUTH", b"ANNO",
    b"(c) ", b"APPL", b"MIDI", b"CHAN",
];

/// The order of the bytes in every number of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    /// RIFX and AIFF.
    Big,
}

impl ByteOrder {
    pub(super) fn short(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn long(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }
}

/// RiffChunks, one after the other.
pub(super) struct RiffChunks<'a, R> {
    rest: &'a mut R,
    order: ByteOrder,
    /// Whether the chunk before had an odd size: then a zero should follow, and may be missing.
    odd: bool,
    /// Bytes read so far.
    pub(super) position: u64,
    /// What has been passed over.
    pub(super) others: Vec<Leftover>,
}

impl<'a, R: Read> RiffChunks<'a, R> {
    pub(super) fn new(rest: &'a mut R, order: ByteOrder) -> Self {
        Self { rest, order, odd: false, position: 0, others: Vec::new() }
    }

    /// The name and size of the next chunk; nothing at a clean end.
    pub(super) fn next(&mut self) -> Result<Option<([u8; 4], u32)>, Error> {
        let mut head = Vec::new();
        if self.odd {
            head = self.read(1)?;
            // A name begins with a letter; anything else is padding.
            head.retain(u8::is_ascii_graphic);
        }
        let missing = 8 - head.len() as u64;
        head.extend(self.read(missing)?);
        let Ok([a, b, c, d, size @ ..]) = <[u8; 8]>::try_from(head) else { return Ok(None) };
        let size = self.order.long(size);
        self.odd = size % 2 == 1;
        Ok(Some(([a, b, c, d], size)))
    }

    fn read(&mut self, bytes: u64) -> Result<Vec<u8>, Error> {
        let read = read_up_to(self.rest, bytes)?;
        self.position += read.len() as u64;
        Ok(read)
    }

    /// The content of a chunk.
    pub(super) fn body(&mut self, size: u32) -> Result<Vec<u8>, Error> {
        self.read(size.into())
    }

    /// Passes over a chunk that is no part of the audio, and notes it; a list of texts by each. Whether
    /// all of it is there.
    pub(super) fn pass_over(&mut self, id: [u8; 4], size: u32) -> Result<bool, Error> {
        let name = |id: &[u8]| String::from_utf8_lossy(id).trim_end().to_owned();
        if self.others.len() >= MAX_OTHERS {
            return self.skip(size.into());
        }
        if id != *b"LIST" || size > MAX_LIST {
            self.others.push(Leftover { name: name(&id), bytes: size.into() });
            return self.skip(size.into());
        }
        let list = self.body(size)?;
        let mut rest = list.get(4..).unwrap_or_default();
        while let Some((head, content)) = rest.split_at_checked(8) {
            let size = self.order.long([head[4], head[5], head[6], head[7]]);
            let name = format!("LIST {}", name(&head[..4]));
            self.others.push(Leftover { name, bytes: size.into() });
            let length = usize::try_from(size).unwrap_or(usize::MAX);
            rest = content.get(length.saturating_add(length % 2)..).unwrap_or_default();
        }
        Ok(list.len() as u64 == u64::from(size))
    }

    /// Passes over so many bytes. Whether they are all there.
    pub(super) fn skip(&mut self, bytes: u64) -> Result<bool, Error> {
        let mut skipped = self.rest.take(bytes);
        let count = io::copy(&mut skipped, &mut io::sink()).map_err(Error::Read)?;
        self.position += count;
        Ok(count == bytes)
    }
}

/// What follows the audio of a WAV or AIFF file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trailer {
    /// The name of the container, for errors.
    pub(super) name: &'static str,
    pub(super) order: ByteOrder,
    /// The name of the chunk that holds the audio.
    pub(super) audio: [u8; 4],
    /// Bytes of that chunk after the last whole frame.
    pub(super) rest: u64,
    /// Whether that chunk has an odd size, so that a byte of padding should follow.
    pub(super) odd: bool,
}

impl Trailer {
    /// Looks for audio after the audio, which would be lost without a word: a second chunk of it, a
    /// second file, or bytes that no chunk holds, as a writer leaves who counts wrongly. Gives the
    /// chunks that are passed over.
    pub(super) fn read(self, inner: &mut impl Read) -> Result<Vec<Leftover>, Error> {
        let mut chunks = RiffChunks::new(inner, self.order);
        chunks.skip(self.rest)?;
        chunks.odd = self.odd;
        while let Some((id, size)) = chunks.next()? {
            if id == self.audio {
                let audio = String::from_utf8_lossy(&self.audio).trim_end().to_owned();
                let what = format!("{} with several {audio} chunks", self.name);
                return Err(Error::Unsupported { what });
            }
            let size_bytes = match self.order {
                ByteOrder::Little => size.to_le_bytes(),
                ByteOrder::Big => size.to_be_bytes(),
            };
            let head = [id, size_bytes].concat();
            if begins_a_file(&head) {
                return Err(second_file(self.name));
            }
            if id.starts_with(b"TAG") || !id.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                chunks.others.extend(after_audio(self.name, &head, chunks.rest)?);
                break;
            }
            // What runs past the end and is nothing that anybody writes there may be anything.
            if !chunks.pass_over(id, size)? && !KNOWN.contains(&&id) {
                return Err(not_a_chunk(self.name));
            }
        }
        Ok(chunks.others)
    }
}

/// What may follow the audio of any file: zeros, or an ID3v1 tag and zeros. `head` are the first bytes
/// of it, which were read already.
///
/// # Errors
/// [`Error::Container`] for anything else; [`Error::Unsupported`] for a second file.
pub(super) fn after_audio(
    name: &'static str,
    head: &[u8],
    inner: &mut impl Read,
) -> Result<Option<Leftover>, Error> {
    let mut inner = head.chain(inner);
    let head = read_up_to(&mut inner, ID3V1)?;
    if begins_a_file(&head) {
        return Err(second_file(name));
    }
    let is_tag = head.starts_with(b"TAG");
    if !is_tag && head.iter().any(|&byte| byte != 0) {
        return Err(not_a_chunk(name));
    }
    let mut buffer = [0; 4096];
    loop {
        let count = inner.read(&mut buffer).map_err(Error::Read)?;
        if buffer[..count].iter().any(|&byte| byte != 0) {
            return Err(not_a_chunk(name));
        }
        if count == 0 {
            return Ok(is_tag.then(|| Leftover { name: "ID3v1".into(), bytes: ID3V1 }));
        }
    }
}

/// Whether another file begins here. The frames of MPEG audio look too much like samples.
pub(super) fn begins_a_file(head: &[u8]) -> bool {
    // The rest of the head may not have been read.
    let forms = [b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM"];
    forms.iter().any(|form| head.starts_with(*form))
        || head.starts_with(b"riff\x2E\x91\xCF\x11")
        || matches!(sniff::container(head), Ok(other) if !matches!(other, Container::Mpeg | Container::Adts))
}

/// The error for one file after another.
pub(super) fn second_file(name: &str) -> Error {
    let what = format!("{name} with a second file after it (joined with cat?)");
    Error::Unsupported { what }
}

/// The error for bytes after the audio that belong to nothing.
pub(super) fn not_a_chunk(name: &str) -> Error {
    let reason = "what follows its audio is no chunk; perhaps its header counts too few bytes";
    Error::Container { container: name.into(), reason: reason.into() }
}
