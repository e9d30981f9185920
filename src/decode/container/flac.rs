//! FLAC: blocks of metadata, then frames. What can go wrong: frames that are not like the first, bytes
//! that belong to no frame, fewer samples than the header declares.

use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::formats::FlacReader;

use super::elementary::{self, ByteLedger, foreign, packet_at};
use super::guard::{Container, DecodeTotals, Guard};
use super::reader::Opened;
use super::timestamps::TimestampKind;
use crate::decode::codec;
use crate::decode::fault::Fault;
use crate::decode::input::Input;
use crate::error::Error;

mod frame;
mod search;

use frame::{FrameHeader, StreamInfoBlock};
use search::FrameSearch;

/// Opens a FLAC stream.
pub(super) fn open(input: Input) -> Result<Opened, Error> {
    let info = StreamInfoBlock::parse(input.head());
    let (reader, account) = elementary::open(Container::Flac, input, FlacReader::try_new)?;
    let search = FrameSearch::new(info, codec::audio_params(reader.track()?)?);
    Ok(Opened::new(reader, FlacGuard { account, info, search, begun: false }))
}

struct FlacGuard {
    account: ByteLedger,
    info: Option<StreamInfoBlock>,
    search: FrameSearch,
    begun: bool,
}

impl FlacGuard {
    /// The length of what stands before the next frame.
    fn lead(&mut self, bytes: &[u8]) -> usize {
        if std::mem::replace(&mut self.begun, true) { 0 } else { metadata(bytes) }
    }

    /// The error for bytes that no packet has claimed. Whole frames among them are no reason: what
    /// follows them is.
    fn refusal(&mut self, bytes: &[u8], position: u64) -> Error {
        let at = self.search.ends(bytes);
        // Nothing follows frames that are out of order.
        let at = if at == bytes.len() { 0 } else { at };
        let (rest, position) = (&bytes[at..], position + at as u64);
        self.search.change(rest).unwrap_or_else(|| foreign(Container::Flac, rest, position))
    }
}

impl Guard for FlacGuard {
    fn container(&self) -> Container {
        Container::Flac
    }

    fn declared(&self, track: &Track, _: u32) -> Option<u64> {
        track.num_frames.filter(|&frames| frames > 0)
    }

    fn timestamp_kind(&self, _: &Track) -> TimestampKind {
        TimestampKind::Frames
    }

    /// symphonia may not find the last frame: see [`Guard::last`].
    fn ends_with_source(&self) -> bool {
        true
    }

    fn read(&mut self, packet: &Packet) -> Result<(), Fault> {
        let account = self.account.clone();
        Ok(account.claim(|bytes, position| {
            let lead = self.lead(bytes);
            let (count, claimed) = packet_at(Container::Flac, bytes, position, &packet.data, lead);
            if claimed.is_err() {
                let rest = bytes.get(lead..).unwrap_or_default();
                return (0, Err(self.refusal(rest, position + lead as u64)));
            }
            // What else is in the packet belongs to nothing, unless it stands at the end.
            (count - self.search.after(&packet.data), Ok(()))
        })?)
    }

    fn last(&mut self) -> Result<Option<Packet>, Fault> {
        let account = self.account.clone();
        account.read_all()?;
        Ok(account.claim(|bytes, _| {
            let lead = self.lead(bytes);
            let bytes = bytes.get(lead..).unwrap_or_default();
            let frame = self.info.zip(FrameHeader::parse(bytes)).zip(self.search.end(bytes));
            let Some(((info, header), end)) = frame else { return (0, None) };
            let start = i64::try_from(info.start(&header)).unwrap_or(i64::MAX);
            let duration = Duration::from(header.frames);
            let packet = Packet::new(0, Timestamp::from(start), duration, &bytes[..end]);
            (lead + end, Some(packet))
        }))
    }

    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        self.account.read_all()?;
        let change = |bytes: &[u8], _| (0, self.search.change(bytes));
        self.account.claim(change).map_or(Ok(()), Err)?;
        self.account.rest()?.verdict(Container::Flac, seen, frame::is_header)
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
