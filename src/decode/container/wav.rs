//! WAV: RIFF, RIFX, RF64 or BW64 with any sizes.
//!
//! Telephone systems write headers with sizes of zero, of "I do not know yet", with short `fmt `
//! chunks and odd chunks that nobody padded. The size of the whole is not needed and not believed.
//! What can go wrong: a variant that cannot be decoded, refused by name; fewer bytes than `data`
//! declares; bytes after it that are neither chunks nor zeros.

use std::io::Read;
use std::sync::Arc;

use super::guard::Container;
use super::mpeg;
use super::pcm::{AudioData, PcmGuard, PcmReader};
use super::reader::Opened;
use super::riff::{ByteOrder, RiffChunks, Trailer};
use crate::decode::input::{Input, InputMonitor, Leftover, read_up_to};
use crate::error::Error;

mod format;

use format::{Extent, adpcm_frames, header_error};
pub(super) use format::{FmtChunk, MAX_FMT};

/// Whether a `data` size means "unknown, read to the end": the zero of a writer that never came back
/// to fill it in, and what others write into a pipe: FFmpeg 0xFFFFFFFF, SoX 0x7FFFF000, LAME
/// 0x7FFFFFFC, some either limit less a header.
fn is_unknown(size: u64) -> bool {
    matches!(size, 0 | 0x7FFF_F000..=0x8000_0000 | 0xFFFF_F000..=0xFFFF_FFFF)
}

/// Opens a WAV.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let mut rest = input.stream();
    let form = read_up_to(&mut rest, 12)?;
    let wav = WavHeader::read(&form, &mut rest)?;
    monitor.left_out(wav.others);
    let WavHeader { format, extent, trailer, position, .. } = wav;
    let layout = format.layout();
    let body =
        AudioData::new(rest, extent.bytes, &layout, &monitor, move |rest| trailer.read(rest));
    let position = form.len() as u64 + position;
    open_body(Container::Wav, &format, extent.frames, body, position, &monitor)
}

/// Opens the audio of a WAV or W64, which begins at byte `position` of the recording.
pub(super) fn open_body<R: Read + Send + 'static>(
    container: Container,
    format: &FmtChunk,
    frames: Option<u64>,
    body: AudioData<R>,
    position: u64,
    monitor: &Arc<InputMonitor>,
) -> Result<Opened, Error> {
    if format.is_mpeg() {
        return mpeg::open_stream(container, Box::new(body), position, monitor);
    }
    let reader = PcmReader::with_parts(format.layout(), body, adpcm_frames);
    let guard = PcmGuard { container, upper_24: format.upper_24 };
    Ok(Opened { frames, ..Opened::new(reader, guard) })
}

/// A WAV whose header has been read, up to the first byte of its audio.
struct WavHeader {
    format: FmtChunk,
    extent: Extent,
    trailer: Trailer,
    /// Bytes of its chunks before the audio.
    position: u64,
    /// The chunks before the audio that are no part of it.
    others: Vec<Leftover>,
}

impl WavHeader {
    /// Reads chunks until `data`. `form` is what the first 12 bytes of the file said.
    fn read(form: &[u8], rest: &mut impl Read) -> Result<Self, Error> {
        let order = if form.starts_with(b"RIFX") { ByteOrder::Big } else { ByteOrder::Little };
        let mut chunks = RiffChunks::new(rest, order);
        let (mut format, mut wide) = (None, None);
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
                    wide = body.get(8..16).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
                }
                b"data" => {
                    let missing = || header_error("it has no fmt chunk before data");
                    let format = format.ok_or_else(missing)?;
                    let size =
                        if size == u32::MAX { wide.unwrap_or(size.into()) } else { size.into() };
                    let extent = format.extent((!is_unknown(size)).then_some(size));
                    let (rest, odd) = (extent.rest, size % 2 == 1);
                    let trailer = Trailer { name: "WAV", order, audio: *b"data", rest, odd };
                    let RiffChunks { position, others, .. } = chunks;
                    return Ok(Self { format, extent, trailer, position, others });
                }
                b"fact" => drop(chunks.skip(size.into())?),
                _ => drop(chunks.pass_over(id, size)?),
            }
        }
    }
}

#[cfg(test)]
mod tests;
