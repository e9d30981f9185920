//! W64, Sony's Wave64: the chunks of a WAV under names of 16 bytes, with sizes of 64 bits.
//!
//! What can go wrong: what can go wrong in a WAV.

use std::io::Read;

use super::guard::Container;
use super::pcm::AudioData;
use super::reader::Opened;
use super::riff::{ByteOrder, after_audio, begins_a_file, not_a_chunk, second_file};
use super::wav::{FmtChunk, MAX_FMT, open_body};
use crate::decode::input::{Input, Leftover, read_up_to};
use crate::error::Error;

/// What every name ends with, after the four letters that a WAV would have, save those below.
const SUFFIX: &[u8; 12] = b"\xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";

/// What the name of a list of texts ends with, after `list`.
const LIST: &[u8; 12] = b"\x2F\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\x00\x00";

/// The bytes of a chunk's name and size, which the size counts too.
const HEAD: u64 = 24;

/// The bytes of the file's own name, size and kind.
const FORM: u64 = 40;

/// A size above this was not filled in: FFmpeg writes 2^63 - 1 into a pipe.
const MAX_SIZE: u64 = 1 << 62;

/// How many chunks beside the audio are noted.
const MAX_OTHERS: usize = 1000;

/// Opens a W64.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
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
            _ => pass_over(&mut rest, name, size, &mut others).map(drop)?,
        }
        position = position.saturating_add(size + padding(size));
    };
    monitor.left_out(others);
    let format = format.ok_or_else(|| header_error("it has no fmt chunk before data"))?;
    // As in WAV, nothing stands for what a writer never came back to fill in.
    let extent = format.extent((1..MAX_SIZE).contains(&size).then_some(size));
    let gap = extent.rest + padding(size);
    let layout = format.layout();
    let body = AudioData::new(rest, extent.bytes, &layout, &monitor, move |rest| after(rest, gap));
    open_body(Container::W64, &format, extent.frames, body, position, &monitor)
}

/// A chunk's name, where it is one of those that belong here, and the bytes of its content.
struct W64Chunk {
    name: Option<[u8; 4]>,
    size: u64,
}

impl W64Chunk {
    /// The next one; nothing at the end.
    fn read(rest: &mut impl Read) -> Result<Option<Self>, Error> {
        let head = read_up_to(rest, HEAD)?;
        let Ok(head) = <[u8; 24]>::try_from(head) else { return Ok(None) };
        Self::parse(&head).map(Some).ok_or_else(|| header_error("a chunk is shorter than its head"))
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

/// Passes over a chunk and notes it. Whether it is all there.
fn pass_over(
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
    let whole = skip(rest, size)?;
    skip(rest, padding(size))?;
    Ok(whole)
}

/// Looks for audio after the audio, behind so many bytes of padding.
fn after(rest: &mut impl Read, gap: u64) -> Result<Vec<Leftover>, Error> {
    let mut others = Vec::new();
    skip(rest, gap)?;
    loop {
        let head = read_up_to(rest, HEAD)?;
        if begins_a_file(&head) {
            return Err(second_file("W64"));
        }
        let is_tag = head.starts_with(b"TAG");
        let chunk = <[u8; 24]>::try_from(head.as_slice()).ok().filter(|_| !is_tag);
        let chunk = chunk.and_then(|head| W64Chunk::parse(&head));
        match chunk {
            Some(W64Chunk { name: Some(name), .. }) if name == *b"data" => {
                return Err(Error::Unsupported { what: "W64 with several data chunks".into() });
            }
            Some(W64Chunk { name, size }) if name.is_some() || size < MAX_SIZE => {
                if !pass_over(rest, name, size, &mut others)? && name.is_none() {
                    return Err(not_a_chunk("W64"));
                }
            }
            _ => {
                others.extend(after_audio("W64", &head, rest)?);
                return Ok(others);
            }
        }
    }
}

/// The bytes after a chunk up to the next multiple of 8.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % 8
}

fn skip(rest: &mut impl Read, bytes: u64) -> Result<bool, Error> {
    let skipped = std::io::copy(&mut rest.take(bytes), &mut std::io::sink());
    skipped.map(|count| count == bytes).map_err(Error::Read)
}

fn header_error(reason: &str) -> Error {
    Error::Header { container: "W64".into(), reason: reason.into() }
}
