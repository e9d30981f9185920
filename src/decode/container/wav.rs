//! WAV: RIFF, RIFX, RF64 and BW64, whatever sizes their headers declare.
//!
//! Telephone systems write sizes of 0, placeholders for "unknown", short `fmt ` chunks and odd
//! chunks without padding. The size of the whole file is neither needed nor trusted.
//!
//! In: a stream. Out: packets of PCM or ADPCM, or MPEG frames. What can go wrong: a variant that
//! cannot be decoded, refused by name; fewer bytes than `data` declares; bytes after it that are
//! neither chunks nor zeros.

use std::io::Read;
use std::sync::Arc;

use super::bytes::{ByteOrder, field};
use super::guard::Container;
use super::mpeg;
use super::pcm::AudioData;
use super::reader::Opened;
use super::riff::{RiffChunks, Trailer};
use crate::decode::input::{InputMonitor, Leftover, PeekedSource, read_up_to};
use crate::error::Error;

mod format;

use format::{Extent, header_error};
pub(super) use format::{FmtChunk, MAX_FMT};

/// Whether a `data` size means "unknown, read to the end". A writer that was interrupted leaves 0.
/// Into a pipe FFmpeg writes 0xFFFFFFFF, SoX 0x7FFFF000, LAME 0x7FFFFFFC; some subtract a header
/// from either limit.
fn is_unknown(size: u64) -> bool {
    matches!(size, 0 | 0x7FFF_F000..=0x8000_0000 | 0xFFFF_F000..=0xFFFF_FFFF)
}

/// Opens a WAV file.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let mut rest = input.stream();
    let form = read_up_to(&mut rest, 12)?;
    let wav = WavHeader::read(&form, &mut rest)?;
    monitor.left_out(wav.others);
    let WavHeader { format, extent, trailer, position, .. } = wav;
    let layout = format.layout();
    let data =
        AudioData::new(rest, extent.bytes, &layout, &monitor, move |rest| trailer.read(rest));
    let position = form.len() as u64 + position;
    open_audio(Container::Wav, &format, extent.frames, data, position, &monitor)
}

/// Opens the audio of a WAV or W64 file, which begins at byte `position`.
pub(super) fn open_audio<R: Read + Send + 'static>(
    container: Container,
    format: &FmtChunk,
    frames: Option<u64>,
    data: AudioData<R>,
    position: u64,
    monitor: &Arc<InputMonitor>,
) -> Result<Opened, Error> {
    if format.is_mpeg() {
        return mpeg::open_stream(container, Box::new(data), position, monitor);
    }
    Ok(Opened::pcm(format.layout(), data, frames))
}

/// The chunks up to the first byte of audio.
struct WavHeader {
    format: FmtChunk,
    extent: Extent,
    trailer: Trailer,
    /// Bytes of the chunks before the audio.
    position: u64,
    /// The chunks that were skipped.
    others: Vec<Leftover>,
}

impl WavHeader {
    /// Reads chunks up to `data`. `form`: the first 12 bytes of the file.
    fn read(form: &[u8], rest: &mut impl Read) -> Result<Self, Error> {
        let order = if form.starts_with(b"RIFX") { ByteOrder::Big } else { ByteOrder::Little };
        let mut chunks = RiffChunks::new(rest, order);
        let (mut format, mut size_64) = (None, None);
        loop {
            let (id, size) = chunks.next()?.ok_or(Error::NoAudio)?;
            match &id {
                b"fmt " => {
                    if size > MAX_FMT {
                        return Err(header_error("its fmt chunk is longer than 4096 bytes"));
                    }
                    format = Some(FmtChunk::parse(&chunks.body(size)?, order)?);
                }
                b"ds64" => {
                    let body = chunks.body(size.min(MAX_FMT))?;
                    chunks.skip(size.saturating_sub(MAX_FMT).into())?;
                    // The size of the file is the first field, that of `data` the second.
                    size_64 = field(&body, 8).map(u64::from_le_bytes);
                }
                b"data" => {
                    let missing = || header_error("it has no fmt chunk before data");
                    let format = format.ok_or_else(missing)?;
                    // RF64 declares 0xFFFFFFFF here where ds64 has the size.
                    let declared = size_64.filter(|_| size == u32::MAX).unwrap_or(size.into());
                    let extent = format.extent((!is_unknown(declared)).then_some(declared));
                    let (rest, odd) = (extent.rest, declared % 2 == 1);
                    let trailer =
                        Trailer { container: Container::Wav, order, audio: *b"data", rest, odd };
                    let RiffChunks { position, others, .. } = chunks;
                    return Ok(Self { format, extent, trailer, position, others });
                }
                b"fact" => drop(chunks.skip(size.into())?),
                _ => drop(chunks.skip_chunk(id, size)?),
            }
        }
    }
}

#[cfg(test)]
mod tests;
