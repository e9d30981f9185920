//! W64, Sony's Wave64: the chunks of a WAV with GUIDs of 16 bytes as ids and with 64-bit sizes.
//!
//! In, out and what can go wrong: as in [`wav`](super::wav).

use std::io::Read;

use super::bytes::{ByteOrder, skip};
use super::error::{self, unsupported};
use super::guard::Container;
use super::pcm::AudioData;
use super::reader::Opened;
use super::riff::{after_audio, begins_a_file, not_a_chunk, second_file};
use super::wav::{FmtChunk, MAX_FMT, open_audio};
use crate::decode::input::{Leftover, PeekedSource, read_up_to};
use crate::error::Error;

/// The end of every GUID except `list`, after the four letters of the id in a WAV.
const SUFFIX: &[u8; 12] = b"\xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";

/// The end of the GUID of a list of texts, after `list`.
const LIST: &[u8; 12] = b"\x2F\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\x00\x00";

/// The bytes of a GUID and a size. The size of a chunk includes them.
const HEAD: u64 = 24;

/// The bytes of the file's own GUID, size and type.
const FORM: u64 = 40;

/// A larger size means "unknown": FFmpeg writes 2^63 - 1 into a pipe.
const MAX_SIZE: u64 = 1 << 62;

/// The largest number of skipped chunks that are listed.
const MAX_OTHERS: usize = 1000;

/// Opens a W64 file.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let mut rest = input.stream();
    let mut position = read_up_to(&mut rest, FORM)?.len() as u64;
    let (mut format, mut others) = (None, Vec::new());
    let size = loop {
        let Some(W64Chunk { name, size }) = W64Chunk::read(&mut rest)? else {
            return Err(Error::NoAudio);
        };
        position += HEAD;
        match name.as_ref().map(<[u8; 4]>::as_slice) {
            Some(b"data") => break size,
            Some(b"fmt ") if size <= MAX_FMT.into() => {
                format = Some(FmtChunk::parse(&read_up_to(&mut rest, size)?, ByteOrder::Little)?);
                skip(&mut rest, padding(size))?;
            }
            _ => skip_chunk(&mut rest, name, size, &mut others).map(drop)?,
        }
        position = position.saturating_add(size + padding(size));
    };
    monitor.left_out(others);
    let format = format.ok_or_else(|| header_error("it has no fmt chunk before data"))?;
    // As in WAV, a writer that was interrupted leaves 0.
    let extent = format.extent((1..MAX_SIZE).contains(&size).then_some(size));
    let gap = extent.rest + padding(size);
    let layout = format.layout();
    let data = AudioData::new(rest, extent.bytes, &layout, &monitor, move |rest| after(rest, gap));
    open_audio(Container::W64, &format, extent.frames, data, position, &monitor)
}

/// A chunk: its id, if the GUID is one of W64's, and the bytes of its content.
struct W64Chunk {
    name: Option<[u8; 4]>,
    size: u64,
}

impl W64Chunk {
    /// The next chunk; `None` at the end of the source.
    fn read(rest: &mut impl Read) -> Result<Option<Self>, Error> {
        let head = read_up_to(rest, HEAD)?;
        let Ok(head) = <[u8; 24]>::try_from(head) else { return Ok(None) };
        Self::parse(&head)
            .map(Some)
            .ok_or_else(|| header_error("a chunk is smaller than its own header"))
    }

    fn parse(head: &[u8; 24]) -> Option<Self> {
        let (name, size) = head.split_at(16);
        let (letters, suffix) = name.split_at(4);
        let known = suffix == SUFFIX || suffix == LIST;
        let name = known.then(|| letters.try_into().ok()).flatten();
        let size = u64::from_le_bytes(size.try_into().ok()?).checked_sub(HEAD)?;
        Some(Self { name, size })
    }
}

/// Skips a chunk and lists it in `others`. Returns whether the chunk is complete.
fn skip_chunk(
    rest: &mut impl Read,
    name: Option<[u8; 4]>,
    size: u64,
    others: &mut Vec<Leftover>,
) -> Result<bool, Error> {
    let name = name.filter(|name| name.is_ascii());
    let name = name.map_or("another chunk".into(), |n| String::from_utf8_lossy(&n).into_owned());
    if name != "fact" && others.len() < MAX_OTHERS {
        others.push(Leftover { name: name.trim_end().into(), bytes: size });
    }
    let whole = skip(rest, size)? == size;
    skip(rest, padding(size))?;
    Ok(whole)
}

/// Checks that no audio follows the audio, after `gap` bytes of padding.
fn after(rest: &mut impl Read, gap: u64) -> Result<Vec<Leftover>, Error> {
    let mut others = Vec::new();
    skip(rest, gap)?;
    loop {
        let head = read_up_to(rest, HEAD)?;
        if begins_a_file(&head) {
            return Err(second_file(Container::W64));
        }
        // An ID3v1 tag could pass for a chunk with an unknown id.
        let is_tag = head.starts_with(b"TAG");
        let chunk = <[u8; 24]>::try_from(head.as_slice()).ok().filter(|_| !is_tag);
        let chunk = chunk.and_then(|head| W64Chunk::parse(&head));
        match chunk {
            Some(W64Chunk { name: Some(name), .. }) if name == *b"data" => {
                return Err(unsupported("W64 with several data chunks"));
            }
            Some(W64Chunk { name, size }) if name.is_some() || size < MAX_SIZE => {
                // An incomplete chunk with an unknown id may be audio.
                if !skip_chunk(rest, name, size, &mut others)? && name.is_none() {
                    return Err(not_a_chunk(Container::W64));
                }
            }
            _ => {
                others.extend(after_audio(Container::W64, &head, rest)?);
                return Ok(others);
            }
        }
    }
}

/// The bytes of padding after a chunk, up to the next multiple of 8.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % 8
}

fn header_error(reason: impl Into<String>) -> Error {
    error::header(Container::W64, reason)
}
