//! RIFF and IFF chunks (an id, a size, content), of which WAV and AIFF consist; and the check of
//! what follows the audio in a file.
//!
//! In: a stream at the first chunk, or after the audio. Out: ids, sizes and content; the names of
//! chunks that are skipped. What can go wrong: more audio after the audio, a second file, bytes
//! that belong to no chunk.

use std::io::Read;

use super::bytes::{ByteOrder, skip};
use super::error::{self, unsupported};
use super::guard::Container;
use super::tags;
use crate::block::index_of;
use crate::decode::input::{Leftover, read_up_to, sniff};
use crate::error::Error;

/// The largest `LIST` chunk whose parts are listed one by one, in bytes.
const MAX_LIST: u32 = 64 * 1024;

/// The largest number of skipped chunks that are listed.
const MAX_OTHERS: usize = 1000;

/// Chunks that programs write after the audio. The last one may be shorter than its size says: it
/// holds no audio.
const KNOWN: [&[u8; 4]; 34] = [
    b"LIST", b"fact", b"PEAK", b"cue ", b"smpl", b"inst", b"plst", b"labl", b"note", b"bext",
    b"iXML", b"_PMX", b"axml", b"chna", b"umid", b"cart", b"id3 ", b"ID3 ", b"JUNK", b"junk",
    b"PAD ", b"FLLR", b"acid", b"DISP", b"MARK", b"INST", b"COMT", b"NAME", b"AUTH", b"ANNO",
    b"(c) ", b"APPL", b"MIDI", b"CHAN",
];

/// Reads chunks, one after the other.
pub(super) struct RiffChunks<'a, R> {
    rest: &'a mut R,
    order: ByteOrder,
    /// Whether the chunk before has an odd size: a padding byte should follow, but may be missing.
    odd: bool,
    /// Bytes read so far.
    pub(super) position: u64,
    /// The chunks that were skipped.
    pub(super) others: Vec<Leftover>,
}

impl<'a, R: Read> RiffChunks<'a, R> {
    pub(super) fn new(rest: &'a mut R, order: ByteOrder) -> Self {
        Self { rest, order, odd: false, position: 0, others: Vec::new() }
    }

    /// The id and size of the next chunk; `None` at the end of the source.
    pub(super) fn next(&mut self) -> Result<Option<([u8; 4], u32)>, Error> {
        let mut head = Vec::new();
        if self.odd {
            head = self.read(1)?;
            // An id begins with a letter. Any other byte is the padding.
            head.retain(u8::is_ascii_graphic);
        }
        let missing = 8 - head.len() as u64;
        head.extend(self.read(missing)?);
        let size = self.order.u32(&head, 4);
        let Some((id, size)) = head.first_chunk().copied().zip(size) else { return Ok(None) };
        self.odd = size % 2 == 1;
        Ok(Some((id, size)))
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

    /// Skips a chunk without audio and lists it in `others`; of a `LIST`, each part. Returns
    /// whether the chunk is complete.
    pub(super) fn skip_chunk(&mut self, id: [u8; 4], size: u32) -> Result<bool, Error> {
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
        // Parts are padded to an even size, like chunks.
        while let Some((head, content)) = rest.split_at_checked(8) {
            let size = self.order.u32(head, 4).unwrap_or(0);
            let name = format!("LIST {}", name(&head[..4]));
            self.others.push(Leftover { name, bytes: size.into() });
            let length = index_of(size.into());
            rest = content.get(length.saturating_add(length % 2)..).unwrap_or_default();
        }
        Ok(list.len() as u64 == u64::from(size))
    }

    /// Skips bytes. Returns whether they are all there.
    pub(super) fn skip(&mut self, bytes: u64) -> Result<bool, Error> {
        let count = skip(self.rest, bytes)?;
        self.position += count;
        Ok(count == bytes)
    }
}

/// The check of what follows the audio of a WAV or AIFF file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trailer {
    pub(super) container: Container,
    pub(super) order: ByteOrder,
    /// The id of the chunk that holds the audio.
    pub(super) audio: [u8; 4],
    /// Bytes of that chunk after the last whole frame.
    pub(super) rest: u64,
    /// Whether that chunk has an odd size, so that a padding byte should follow.
    pub(super) odd: bool,
}

impl Trailer {
    /// Checks that no audio follows, which would be lost silently. Returns the chunks that are
    /// skipped.
    ///
    /// # Errors
    /// A second chunk of audio, a second file, or bytes outside every chunk: a writer with a wrong
    /// size leaves those.
    pub(super) fn read(self, inner: &mut impl Read) -> Result<Vec<Leftover>, Error> {
        let mut chunks = RiffChunks::new(inner, self.order);
        chunks.skip(self.rest)?;
        chunks.odd = self.odd;
        while let Some((id, size)) = chunks.next()? {
            if id == self.audio {
                let audio = String::from_utf8_lossy(&self.audio).trim_end().to_owned();
                return Err(unsupported(format!(
                    "{} with several {audio} chunks",
                    self.container.name()
                )));
            }
            let size_bytes = match self.order {
                ByteOrder::Little => size.to_le_bytes(),
                ByteOrder::Big => size.to_be_bytes(),
            };
            let head = [id, size_bytes].concat();
            if begins_a_file(&head) {
                return Err(second_file(self.container));
            }
            // An ID3v1 tag, zeros, or bytes that are no chunk.
            if id.starts_with(b"TAG") || !id.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                chunks.others.extend(after_audio(self.container, &head, chunks.rest)?);
                break;
            }
            // An incomplete chunk with an unknown id may be audio whose first bytes look like
            // letters.
            if !chunks.skip_chunk(id, size)? && !KNOWN.contains(&&id) {
                return Err(not_a_chunk(self.container));
            }
        }
        Ok(chunks.others)
    }
}

/// Checks that nothing but zeros, or an ID3v1 tag and zeros, follows. `head`: the first bytes of
/// it, which have been read already.
///
/// # Errors
/// [`Error::Container`] for anything else; [`Error::Unsupported`] for a second file.
pub(super) fn after_audio(
    container: Container,
    head: &[u8],
    inner: &mut impl Read,
) -> Result<Option<Leftover>, Error> {
    // All zeros up to the end are padding; a single other byte may be audio.
    let mut inner = head.chain(inner);
    let head = read_up_to(&mut inner, tags::ID3V1 as u64)?;
    if begins_a_file(&head) {
        return Err(second_file(container));
    }
    let is_tag = head.starts_with(b"TAG");
    if !is_tag && head.iter().any(|&byte| byte != 0) {
        return Err(not_a_chunk(container));
    }
    let mut buffer = [0; 4096];
    loop {
        let count = inner.read(&mut buffer).map_err(Error::Read)?;
        if buffer[..count].iter().any(|&byte| byte != 0) {
            return Err(not_a_chunk(container));
        }
        if count == 0 {
            let bytes = tags::ID3V1 as u64;
            return Ok(is_tag.then(|| Leftover { name: "ID3v1".into(), bytes }));
        }
    }
}

/// Whether another file begins here. MPEG frames do not count: samples look like them too often.
pub(super) fn begins_a_file(head: &[u8]) -> bool {
    // Forms by their first four bytes: `head` may end before the type, which sniffing needs.
    let forms = [b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM"];
    forms.iter().any(|form| head.starts_with(*form))
        || head.starts_with(b"riff\x2E\x91\xCF\x11")
        || matches!(sniff::container(head), Ok(other) if !matches!(other, Container::Mpeg | Container::Adts))
}

/// The error for a second file after the first.
pub(super) fn second_file(container: Container) -> Error {
    let name = container.name();
    unsupported(format!("{name} with a second file after it (joined with cat?)"))
}

/// The error for bytes after the audio that belong to no chunk.
pub(super) fn not_a_chunk(container: Container) -> Error {
    let reason =
        "the bytes after its audio belong to no chunk; perhaps the size in its header is too small";
    error::damaged(container, reason)
}
