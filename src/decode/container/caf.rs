//! CAF: chunks with 64-bit sizes, of which the packet table may lie after the audio.
//!
//! symphonia reads the description of a codec, and nothing else: of a packet table it would hold 32
//! bytes for each that the file has, and it knows neither 8-bit PCM nor audio of unknown size. PCM
//! and G.711 are cut into packets as in WAV, other codecs by their packet table.
//!
//! In: a file, or a stream, which is held in memory. Out: packets; the frames that the table calls
//! priming and remainder are dropped. What can go wrong: a chunk that is cut off, a second recording
//! in the same file, a table that does not fit the audio.

use std::io::{Read, SeekFrom};
use std::sync::Arc;

use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;

use super::guard::{Container, DecodeTotals, Guard, Padding, PreSkip};
use super::pcm::{AudioData, PcmGuard, PcmLayout, PcmReader};
use super::reader::{Opened, PacketReader};
use crate::block::Block;
use crate::decode::fault::Fault;
use crate::decode::input::{Input, InputMonitor, ReadSeek};
use crate::error::Error;
use chunks::CafChunks;
use packets::{AudioEnd, CafReader};

mod chunks;
mod audio_description;
mod packets;

/// Opens a CAF.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = Arc::clone(&input.monitor);
    let mut file = input.seekable()?;
    let chunks = CafChunks::read(&mut file)?;
    file.seek(SeekFrom::Start(chunks.data.0)).map_err(Error::Read)?;
    monitor.left_out(chunks.others.iter().cloned());
    match chunks.description.pcm()? {
        Some(layout) => pcm(&chunks, layout, file, &monitor),
        None => coded(chunks, file, monitor),
    }
}

/// PCM and G.711.
fn pcm(
    chunks: &CafChunks,
    layout: PcmLayout,
    file: Box<dyn ReadSeek>,
    monitor: &Arc<InputMonitor>,
) -> Result<Opened, Error> {
    let trims = |table: &packets::PacketTable| table.priming > 0 || table.remainder > 0;
    if chunks.table.as_ref().is_some_and(trims) {
        return Err(Error::Unsupported { what: "PCM in CAF that is to be trimmed".into() });
    }
    let bytes = chunks.data.1;
    let frames = bytes / layout.block_bytes;
    let body = AudioData::new(file.take(bytes), Some(bytes), &layout, monitor, |_| Ok(Vec::new()));
    let guard = PcmGuard { container: Container::Caf, upper_24: false };
    let opened = Opened::new(PcmReader::new(layout, body), guard);
    Ok(Opened { frames: Some(frames), ..opened })
}

/// Every other codec.
fn coded(
    chunks: CafChunks,
    file: Box<dyn ReadSeek>,
    monitor: Arc<InputMonitor>,
) -> Result<Opened, Error> {
    let CafChunks { description, data, cookie, table, .. } = chunks;
    let mut track = packets::track(&description, &cookie)?;
    let table = table.unwrap_or_default();
    track.with_delay(table.priming);
    let guard = CafGuard {
        end: table.end(&description, data.1)?,
        rate: description.rate,
        coded: 0,
        padding: Padding::default(),
    };
    let reader = CafReader::new(track, file, (description, table, data.1), monitor)?;
    Ok(Opened::new(PacketReader::Own(Box::new(reader)), guard))
}

struct CafGuard {
    /// Where the audio ends, in frames of the description's rate from the first packet on, where the
    /// table calls what follows a remainder. Then the number of frames is known too.
    end: Option<AudioEnd>,
    /// In Hz.
    rate: u32,
    /// Frames so far, priming included.
    coded: u64,
    padding: Padding,
}

impl CafGuard {
    /// Frames of the description's rate as frames at `rate` Hz. A frame that is heard in part stays.
    fn frames(&self, frames: u64, rate: u32) -> u64 {
        let scaled = u128::from(frames) * u128::from(rate);
        u64::try_from(scaled.div_ceil(u128::from(self.rate.max(1)))).unwrap_or(u64::MAX)
    }
}

impl Guard for CafGuard {
    fn container(&self) -> Container {
        Container::Caf
    }

    /// The priming that a CAF declares.
    fn delay(&self, track: &Track, pre_skip: Option<PreSkip>, rate: u32) -> Result<u64, Error> {
        let skipped =
            pre_skip.and_then(|pre_skip| pre_skip.frames(rate)).filter(|&frames| frames > 0);
        Ok(skipped.unwrap_or_else(|| self.frames(track.delay.unwrap_or(0).into(), rate)))
    }

    fn declared(&self, _: &Track, rate: u32) -> Option<u64> {
        self.end.map(|end| self.frames(end.audio, rate))
    }

    /// Its table lists every packet.
    fn proves_end(&self) -> Option<bool> {
        Some(true)
    }

    fn decoded(&mut self, _: &Packet, _: u64, rate: u32, block: &mut Block) -> Result<(), Fault> {
        self.coded += block.frames() as u64;
        let Some(end) = self.end else { return Ok(()) };
        let over = self.coded.saturating_sub(self.frames(end.audio, rate));
        block.drop_back(over.min(block.frames() as u64));
        self.padding.check(Container::Caf, over > 0, block)
    }

    /// Whether the packets had the frames that the table counts, by which the end was cut.
    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        match self.end {
            Some(end) if self.coded != self.frames(end.all, seen.rate) => {
                let (container, counted) = ("CAF".into(), self.coded);
                let reason =
                    format!("its packets have {counted} frames where its table counts {}", end.all);
                Err(Error::Container { container, reason })
            }
            _ => Ok(()),
        }
    }
}
