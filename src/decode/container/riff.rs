//! Chunks: a name, a size, and so many bytes. WAV and AIFF are made of them.

use std::io::{self, Read};

use crate::decode::input::{Leftover, read_up_to};
use crate::error::Error;

/// The longest list of texts that is looked into, in bytes.
const MAX_LIST: u32 = 64 * 1024;

/// How many chunks beside the audio are noted.
const MAX_OTHERS: usize = 1000;

/// The length of an ID3v1 tag, which begins with `TAG`.
const ID3V1: u64 = 128;

/// The order of the bytes in every number of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    /// RIFX and AIFF.
    Big,
}

impl Order {
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

/// Chunks, one after the other.
pub(super) struct Chunks<'a, R> {
    rest: &'a mut R,
    order: Order,
    /// Whether the chunk before had an odd size: then a zero should follow, and may be missing.
    odd: bool,
    /// What has been passed over.
    pub(super) others: Vec<Leftover>,
}

impl<'a, R: Read> Chunks<'a, R> {
    pub(super) fn new(rest: &'a mut R, order: Order) -> Self {
        Self { rest, order, odd: false, others: Vec::new() }
    }

    /// The name and size of the next chunk; nothing at a clean end.
    pub(super) fn next(&mut self) -> Result<Option<([u8; 4], u32)>, Error> {
        let mut head = Vec::new();
        if self.odd {
            head = read_up_to(self.rest, 1)?;
            // A name begins with a letter; anything else is padding.
            head.retain(u8::is_ascii_graphic);
        }
        head.extend(read_up_to(self.rest, 8 - head.len() as u64)?);
        let Ok([a, b, c, d, size @ ..]) = <[u8; 8]>::try_from(head) else { return Ok(None) };
        let size = self.order.long(size);
        self.odd = size % 2 == 1;
        Ok(Some(([a, b, c, d], size)))
    }

    /// The content of a chunk.
    pub(super) fn body(&mut self, size: u32) -> Result<Vec<u8>, Error> {
        read_up_to(self.rest, size.into())
    }

    /// Passes over a chunk that is no part of the audio, and notes it; a list of texts by each.
    pub(super) fn pass_over(&mut self, id: [u8; 4], size: u32) -> Result<(), Error> {
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
        Ok(())
    }

    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), Error> {
        let mut skipped = self.rest.take(bytes);
        io::copy(&mut skipped, &mut io::sink()).map(drop).map_err(Error::Read)
    }
}

/// What follows the audio of a WAV or AIFF file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trailer {
    /// The name of the container, for errors.
    pub(super) name: &'static str,
    pub(super) order: Order,
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
        let mut chunks = Chunks::new(inner, self.order);
        chunks.skip(self.rest)?;
        chunks.odd = self.odd;
        while let Some((id, size)) = chunks.next()? {
            if id == self.audio {
                let audio = String::from_utf8_lossy(&self.audio).trim_end().to_owned();
                let what = format!("{} with several {audio} chunks", self.name);
                return Err(Error::Unsupported { what });
            }
            if matches!(&id, b"RIFF" | b"RIFX" | b"RF64" | b"BW64" | b"FORM") {
                let what = format!("{} with a second file after it", self.name);
                return Err(Error::Unsupported { what });
            }
            if id.starts_with(b"TAG") {
                chunks.skip(ID3V1 - 8)?;
                chunks.others.push(Leftover { name: "ID3v1".into(), bytes: ID3V1 });
                self.zeros(chunks.rest)?;
                break;
            }
            if !id.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                if id != [0; 4] || size != 0 {
                    return Err(self.no_chunk());
                }
                self.zeros(chunks.rest)?;
                break;
            }
            chunks.pass_over(id, size)?;
        }
        Ok(chunks.others)
    }

    /// Reads on to the end of the source; there may be nothing but padding.
    fn zeros(self, inner: &mut impl Read) -> Result<(), Error> {
        let mut buffer = [0; 4096];
        loop {
            let count = inner.read(&mut buffer).map_err(Error::Read)?;
            if buffer[..count].iter().any(|&byte| byte != 0) {
                return Err(self.no_chunk());
            }
            if count == 0 {
                return Ok(());
            }
        }
    }

    fn no_chunk(self) -> Error {
        let reason = "what follows its audio is no chunk; perhaps its header counts too few bytes";
        Error::Container { container: self.name.into(), reason: reason.into() }
    }
}
