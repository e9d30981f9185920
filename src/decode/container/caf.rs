//! CAF: chunks with 64-bit sizes. The packet table may come after the audio.
//!
//! Of symphonia only the parser of the codec description is used: it would hold 32 bytes per packet
//! of the packet table, and reads neither 8-bit PCM nor audio of unknown size. PCM and G.711 are
//! cut into packets as in WAV, other codecs by the packet table.
//!
//! In: a file, or a stream, which is held in memory. Out: packets, without the priming and
//! remainder frames that the packet table declares. What can go wrong: a chunk that is cut off, a
//! second recording in the file, a packet table that does not fit the audio.

use std::io::{Read, SeekFrom};
use std::sync::Arc;

use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;

use super::error::{self, unsupported};
use super::guard::{Container, DecodeTotals, Guard, Padding};
use super::pcm::{AudioData, PcmLayout};
use super::reader::Opened;
use crate::block::Block;
use crate::decode::fault::PacketFault;
use crate::decode::input::{InputMonitor, PeekedSource, ReadSeek};
use crate::error::Error;
use chunks::CafChunks;
use packets::{AudioEnd, CafReader};

mod chunks;
mod audio_description;
mod packets;

/// Opens a CAF file.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let monitor = Arc::clone(&input.monitor);
    let mut file = input.seekable()?;
    let chunks = CafChunks::read(&mut file)?;
    file.seek(SeekFrom::Start(chunks.data_start)).map_err(Error::Read)?;
    monitor.left_out(chunks.others.iter().cloned());
    match chunks.description.pcm()? {
        Some(layout) => open_pcm(&chunks, layout, file, &monitor),
        None => open_packets(chunks, file),
    }
}

/// Opens PCM and G.711.
fn open_pcm(
    chunks: &CafChunks,
    layout: PcmLayout,
    file: Box<dyn ReadSeek>,
    monitor: &Arc<InputMonitor>,
) -> Result<Opened, Error> {
    if chunks.table.as_ref().is_some_and(|table| table.priming > 0 || table.remainder > 0) {
        return Err(unsupported("PCM in CAF with priming or remainder frames"));
    }
    let bytes = chunks.data_bytes;
    let frames = bytes / layout.block_bytes;
    let data = AudioData::new(file.take(bytes), Some(bytes), &layout, monitor, |_| Ok(Vec::new()));
    Ok(Opened::pcm(layout, data, Some(frames)))
}

/// Opens every other codec.
fn open_packets(chunks: CafChunks, file: Box<dyn ReadSeek>) -> Result<Opened, Error> {
    let CafChunks { description, data_bytes, cookie, table, .. } = chunks;
    let mut track = packets::track(&description, &cookie)?;
    let table = table.unwrap_or_default();
    track.with_delay(table.priming);
    let guard = CafGuard {
        end: table.end(&description, data_bytes)?,
        rate: description.rate,
        coded: 0,
        padding: Padding::default(),
    };
    let reader = CafReader::new(track, file, (description, table, data_bytes))?;
    Ok(Opened::new(reader, guard))
}

struct CafGuard {
    /// Where the audio ends, if the packet table declares a remainder. The number of frames is
    /// known only then.
    end: Option<AudioEnd>,
    /// Of the description, in Hz.
    rate: u32,
    /// Frames so far, priming included.
    coded: u64,
    padding: Padding,
}

impl CafGuard {
    /// Converts frames at the description's rate to frames at `rate` Hz. Rounded up: a frame that
    /// is heard in part stays.
    fn frames(&self, frames: u64, rate: u32) -> u64 {
        let scaled = u128::from(frames) * u128::from(rate);
        u64::try_from(scaled.div_ceil(u128::from(self.rate.max(1)))).unwrap_or(u64::MAX)
    }
}

impl Guard for CafGuard {
    /// The pre-skip of Opus, or else the priming frames of the packet table.
    fn delay(&self, track: &Track, pre_skip: Option<u64>, rate: u32) -> Result<u64, Error> {
        // CAF may declare the delay of Opus too. It is dropped once.
        let skipped = pre_skip.filter(|&frames| frames > 0);
        Ok(skipped.unwrap_or_else(|| self.frames(track.delay.unwrap_or(0).into(), rate)))
    }

    fn declared(&self, _: &Track, rate: u32) -> Option<u64> {
        self.end.map(|end| self.frames(end.valid, rate))
    }

    /// The packet table lists every packet.
    fn proves_end(&self) -> Option<bool> {
        Some(true)
    }

    fn decoded(&mut self, _: &Packet, rate: u32, block: &mut Block) -> Result<(), PacketFault> {
        self.coded += block.frames() as u64;
        let Some(end) = self.end else { return Ok(()) };
        // What lies after the valid frames is the remainder.
        let over = self.coded.saturating_sub(self.frames(end.valid, rate));
        block.drop_back(over.min(block.frames() as u64));
        self.padding.check(Container::Caf, over > 0, block)
    }

    /// Checks that the packets held as many frames as the table counts: the remainder was cut by
    /// that.
    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        match self.end {
            Some(end) if self.coded != self.frames(end.coded, seen.rate) => {
                let (counted, expected) = (self.coded, end.coded);
                let reason =
                    format!("its packets hold {counted} frames, but its table counts {expected}");
                Err(error::damaged(Container::Caf, reason))
            }
            _ => Ok(()),
        }
    }
}
