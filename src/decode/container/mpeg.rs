//! MPEG audio, layers 1 to 3: frames that follow each other without a container.
//!
//! An Xing or Info tag may count the frames of an MP3 and name the encoder's delay and padding, which
//! are dropped. Where more frames come than it counts, several files have been joined, and only the
//! first delay is dropped. What can go wrong: bytes between or after the frames that are no audio; a
//! last frame that is cut off.

use std::io::Read;
use std::sync::Arc;

use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::default::formats::MpaReader;

use super::elementary::{
    self, Account, ElementaryStream, id3_leftovers, packet_at, tags, unclaimed,
};
use super::guard::{Container, Guard, Seen};
use super::reader::{Opened, Reader};
use crate::block::{Block, Samples, index_of};
use crate::decode::codec::mpeg_header::{has_mixed_blocks, tag_frame};
use crate::decode::fault::Fault;
use crate::decode::input::{Input, InputMonitor, Media};
use crate::error::Error;

/// How many zeros may follow the last frame, in bytes.
const MAX_ZEROS: usize = 8 * 1024;

/// Opens a stream of MPEG audio.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let before = input.before().len() as u64;
    monitor.left_out(id3_leftovers(input.before()));
    open_stream(Container::Mpeg, input.stream(), before, &monitor)
}

/// Opens MPEG audio that lies in `container`, from byte `position` of the recording on.
pub(super) fn open_stream(
    container: Container,
    stream: Box<dyn Read + Send>,
    position: u64,
    monitor: &Arc<InputMonitor>,
) -> Result<Opened, Error> {
    let (stream, account) = ElementaryStream::new(stream, position, monitor);
    monitor.count_idle();
    let reader = Reader::open(Container::Mpeg, Media::stream(stream), MpaReader::try_new)?;
    let reader = Reader::from(reader);
    let track = reader.track()?;
    let is_layer_3 = track
        .codec_params
        .as_ref()
        .and_then(|params| params.audio())
        .is_some_and(|params| params.codec == CODEC_ID_MP3);
    let counted = counted(track);
    let (coded, packets, padding) = (0, 0, Vec::new());
    let guard = MpegGuard { container, account, is_layer_3, counted, coded, packets, padding };
    Ok(Opened::new(reader, guard))
}

/// The frames that a tag counts, delay and padding included.
fn counted(track: &Track) -> Option<u64> {
    let around = [track.delay, track.padding].map(|frames| u64::from(frames.unwrap_or(0)));
    track.num_frames.filter(|&frames| frames > 0)?.checked_add(around[0] + around[1])
}

struct MpegGuard {
    container: Container,
    account: Account,
    is_layer_3: bool,
    /// The frames that a tag counts, until more come.
    counted: Option<u64>,
    /// Frames decoded so far, delay and padding included.
    coded: u64,
    packets: u64,
    /// The padding that was dropped: it stays, if anything follows.
    padding: Vec<i16>,
}

impl Guard for MpegGuard {
    fn container(&self) -> Container {
        self.container
    }

    fn least(&self, track: &Track, _: u32) -> u64 {
        track.num_frames.unwrap_or(0)
    }

    fn read(&mut self, packet: &Packet) -> Result<(), Fault> {
        if self.is_layer_3 && has_mixed_blocks(&packet.data) {
            return Err(Fault::Unsupported("an MP3 with mixed blocks".into()));
        }
        let first = self.packets == 0;
        self.packets += 1;
        let lead = |bytes: &[u8]| {
            let zeros = |bytes: &[u8]| bytes.iter().take_while(|&&byte| byte == 0).count();
            let tag = zeros(bytes);
            let after = tag + index_of(tag_frame(bytes.get(tag..).unwrap_or_default()));
            after + zeros(bytes.get(after..).unwrap_or_default())
        };
        let claim = |bytes: &[u8], position| {
            packet_at(bytes, position, &packet.data, if first { lead(bytes) } else { 0 }, foreign)
        };
        Ok(self.account.claim(claim)?)
    }

    fn decoded(&mut self, packet: &Packet, _: u64, _: u32, block: &mut Block) -> Result<(), Fault> {
        let channels = block.channels();
        let Samples::I16(samples) = &mut block.samples else { return Ok(()) };
        if self.counted.is_some_and(|counted| self.coded >= counted) {
            self.counted = None;
            samples.splice(..0, self.padding.drain(..));
        }
        self.coded += (samples.len() / channels) as u64;
        let count = |frames: u64| index_of(frames).saturating_mul(channels).min(samples.len());
        let (start, end) = (count(packet.trim_start.get()), count(packet.trim_end.get()));
        // Without a count symphonia would trim everything.
        if self.counted.is_some() {
            self.padding.extend(samples.drain(samples.len() - end..));
        }
        samples.drain(..start.min(samples.len()));
        Ok(())
    }

    fn verdict(&mut self, seen: &Seen) -> Result<(), Error> {
        let (rest, position) = self.account.rest()?;
        let all_there = self.counted.is_some_and(|counted| self.coded >= counted);
        let at = tags(&rest);
        self.account.left_out(&rest[..at]);
        let (rest, position) = (&rest[at..], position + at as u64);
        let zeros = rest.iter().take_while(|&&byte| byte == 0).count();
        if all_there || (zeros == rest.len() && zeros <= MAX_ZEROS) {
            return Ok(());
        }
        match rest {
            [0xFF, second, ..] if second & 0xE0 == 0xE0 => {
                Err(seen.truncated("its last frame is not whole"))
            }
            [0xFF] => Err(seen.truncated("its last frame is not whole")),
            _ => Err(foreign(rest, position)),
        }
    }
}

/// What bytes are that belong to no frame.
fn kind(bytes: &[u8]) -> &'static str {
    if tag_frame(bytes) > 0 {
        "the Xing tag of a second file (joined files?)"
    } else {
        elementary::kind(bytes)
    }
}

/// The error for bytes that belong to no frame.
fn foreign(bytes: &[u8], position: u64) -> Error {
    unclaimed("MPEG audio", bytes, position, kind)
}
