//! FLAC: blocks of metadata, then frames. What can go wrong: frames that are not like the first, bytes
//! that belong to no frame, fewer samples than the header declares.

use std::io::Read;

use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::default::formats::FlacReader;

use super::elementary::{
    Account, ElementaryStream, id3_leftovers, kind, packet_at, tags, unclaimed,
};
use super::guard::{Container, Guard, Seen};
use super::reader::{Opened, Reader};
use super::timestamps::Clock;
use crate::decode::fault::Fault;
use crate::decode::input::{Input, Media};
use crate::error::Error;

mod frame;

use frame::StreamInfo;

/// Opens a FLAC stream.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let monitor = input.monitor.clone();
    let before = input.before().len() as u64;
    monitor.left_out(id3_leftovers(input.before()));
    let info = StreamInfo::parse(input.head());
    let stream: Box<dyn Read + Send> = input.stream();
    let (stream, account) = ElementaryStream::new(stream, before, &monitor);
    monitor.count_idle();
    let reader = Reader::open(Container::Flac, Media::stream(stream), FlacReader::try_new)?;
    Ok(Opened::new(reader, FlacGuard { account, info, begun: false }))
}

struct FlacGuard {
    account: Account,
    info: Option<StreamInfo>,
    begun: bool,
}

impl Guard for FlacGuard {
    fn container(&self) -> Container {
        Container::Flac
    }

    fn declared(&self, track: &Track, _: u32) -> Option<u64> {
        track.num_frames.filter(|&frames| frames > 0)
    }

    fn clock(&self, _: &Track) -> Clock {
        Clock::Frames
    }

    fn read(&mut self, packet: &Packet) -> Result<(), Fault> {
        let first = !std::mem::replace(&mut self.begun, true);
        let info = self.info;
        let claim = |bytes: &[u8], position| {
            let lead = if first { metadata(bytes) } else { 0 };
            let (count, claimed) = packet_at(bytes, position, &packet.data, lead, foreign);
            let change = || info.and_then(|info| info.change(bytes.get(lead..)?));
            (count, claimed.map_err(|error| change().unwrap_or(error)))
        };
        Ok(self.account.claim(claim)?)
    }

    fn verdict(&mut self, seen: &Seen) -> Result<(), Error> {
        let (rest, position) = self.account.rest()?;
        if let Some(change) = self.info.and_then(|info| info.change(&rest)) {
            return Err(change);
        }
        let at = tags(&rest);
        self.account.left_out(&rest[..at]);
        let (rest, position) = (&rest[at..], position + at as u64);
        let all_there = self.info.is_some_and(|info| info.frames > 0 && info.frames <= seen.frames);
        if rest.is_empty() || all_there {
            return Ok(());
        }
        if frame::is_header(rest) {
            return Err(seen.truncated("its last frame is not whole"));
        }
        Err(foreign(rest, position))
    }
}

/// The length of the signature and the blocks of metadata (RFC 9639, 8).
fn metadata(bytes: &[u8]) -> usize {
    let mut at = 4;
    while let Some(&[kind, a, b, c]) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        at += 4 + (usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c));
        if kind & 0x80 != 0 {
            return at;
        }
    }
    bytes.len()
}

/// The error for bytes that belong to no frame.
fn foreign(bytes: &[u8], position: u64) -> Error {
    unclaimed("FLAC", bytes, position, kind)
}
