//! MPEG audio, layers 1 to 3: frames one after the other, without a container.
//!
//! A Xing or Info tag may count the frames of an MP3 and give the encoder's delay and padding,
//! which are dropped. If more frames follow than it counts, several files were joined: only the
//! first delay is dropped.
//!
//! In: a stream, perhaps from the `data` chunk of a WAV. Out: packets. What can go wrong: bytes
//! between or after the frames that are not audio; an incomplete last frame; free format and mixed
//! blocks, which symphonia does not decode.

use std::io::Read;
use std::sync::Arc;

use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::default::formats::MpaReader;

use super::elementary::{self, ByteLedger, packet_at};
use super::error::unsupported;
use super::guard::{Container, DecodeTotals, Guard};
use super::reader::{Opened, PacketReader};
use crate::block::{Block, Samples, index_of};
use crate::decode::codec::audio_params;
use crate::decode::codec::mpeg_header::{has_mixed_blocks, is_free_format, tag_frame};
use crate::decode::fault::PacketFault;
use crate::decode::input::{InputMonitor, PeekedSource};
use crate::error::Error;

/// Opens a stream of MPEG audio.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    if is_free_format(input.head()) {
        return Err(unsupported("MPEG audio in free format"));
    }
    let (reader, ledger) = elementary::open(Container::Mpeg, input, MpaReader::try_new)?;
    with_guard(reader, ledger)
}

/// Opens MPEG audio inside `container`, from byte `position` of the file on.
pub(super) fn open_stream(
    container: Container,
    stream: Box<dyn Read + Send>,
    position: u64,
    monitor: &Arc<InputMonitor>,
) -> Result<Opened, Error> {
    let (reader, ledger) =
        elementary::open_stream(container, stream, position, monitor, MpaReader::try_new)?;
    with_guard(reader, ledger)
}

/// The reader with its guard, which claims the bytes of each packet in `ledger`.
fn with_guard(reader: Box<dyn FormatReader>, ledger: ByteLedger) -> Result<Opened, Error> {
    let track = reader.track()?;
    let is_layer_3 = audio_params(track).is_ok_and(|params| params.codec == CODEC_ID_MP3);
    let counted = counted(track);
    let (coded, packets, padding) = (0, 0, Vec::new());
    let guard = MpegGuard { ledger, is_layer_3, counted, coded, packets, padding };
    Ok(Opened::new(reader, guard))
}

/// The number of frames that the tag declares, delay and padding included.
fn counted(track: &Track) -> Option<u64> {
    let trimmed = [track.delay, track.padding].map(|frames| u64::from(frames.unwrap_or(0)));
    track.num_frames.filter(|&frames| frames > 0)?.checked_add(trimmed[0] + trimmed[1])
}

struct MpegGuard {
    ledger: ByteLedger,
    is_layer_3: bool,
    /// The number of frames that the tag declares; `None` as soon as more come.
    counted: Option<u64>,
    /// Frames decoded so far, delay and padding included.
    coded: u64,
    packets: u64,
    /// The padding that was dropped. It is put back if more frames follow.
    padding: Vec<i16>,
}

impl Guard for MpegGuard {
    fn delay(&self, track: &Track, _: Option<u64>, _: u32) -> Result<u64, Error> {
        Ok(track.delay.unwrap_or(0).into())
    }

    fn least(&self, track: &Track, _: u32) -> u64 {
        track.num_frames.unwrap_or(0)
    }

    fn read(&mut self, packet: &mut Packet) -> Result<(), PacketFault> {
        let first = self.packets == 0;
        self.packets += 1;
        let lead = |bytes: &[u8]| {
            // Before the first packet: zeros, the frame with the Xing tag, zeros again.
            let zeros = |bytes: &[u8]| bytes.iter().take_while(|&&byte| byte == 0).count();
            let tag = zeros(bytes);
            let after = tag + index_of(tag_frame(bytes.get(tag..).unwrap_or_default()));
            after + zeros(bytes.get(after..).unwrap_or_default())
        };
        let claim = |bytes: &[u8], position| {
            let lead = if first { lead(bytes) } else { 0 };
            packet_at(Container::Mpeg, bytes, position, &packet.data, lead)
        };
        self.ledger.claim(claim)?;
        if self.is_layer_3 && has_mixed_blocks(&packet.data) {
            return Err(unsupported("an MP3 with mixed blocks").into());
        }
        Ok(())
    }

    fn decoded(&mut self, packet: &Packet, _: u32, block: &mut Block) -> Result<(), PacketFault> {
        let channels = block.channels();
        let Samples::I16(samples) = &mut block.samples else { return Ok(()) };
        // More frames than the tag declares: a second file was joined, and the padding before it is
        // heard.
        if self.counted.is_some_and(|counted| self.coded >= counted) {
            self.counted = None;
            samples.splice(..0, self.padding.drain(..));
        }
        self.coded += (samples.len() / channels) as u64;
        // With a tag that counts no frames, symphonia would trim every frame.
        if self.counted.is_some() {
            let end = index_of(packet.trim_end.get()).saturating_mul(channels);
            let kept = samples.len().saturating_sub(end);
            self.padding.extend(samples.drain(kept..));
        }
        Ok(())
    }

    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        let rest = self.ledger.trailing_bytes()?;
        if self.counted.is_some_and(|counted| self.coded >= counted) {
            return Ok(());
        }
        // A frame begins with 11 bits that are set.
        let is_frame = |rest: &[u8]| matches!(rest, [0xFF, second, ..] if second & 0xE0 == 0xE0);
        rest.verdict(Container::Mpeg, seen, is_frame)
    }
}
