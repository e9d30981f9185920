//! FLAC: metadata blocks, then frames.
//!
//! In: a stream. Out: packets, one frame each; the last one may be found here, because symphonia
//! misses it. What can go wrong: a change of rate, channels or bit depth; bytes that belong to no
//! frame; fewer frames than the header declares.

use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::formats::FlacReader;

use super::elementary::{self, ByteLedger, foreign, packet_at};
use super::error::damaged;
use super::guard::{Container, DecodeTotals, Guard};
use super::reader::Opened;
use super::timestamps::TimestampKind;
use crate::decode::fault::PacketFault;
use crate::decode::input::PeekedSource;
use crate::error::Error;
use crate::flac::{self, FrameHeader, Head, StreamInfoBlock, metadata_length};

mod search;

use search::FrameSearch;

/// Opens a FLAC stream.
pub(super) fn open(input: PeekedSource) -> Result<Opened, Error> {
    let info = StreamInfoBlock::parse(input.head());
    let excerpt = input.excerpt;
    let (reader, ledger) = elementary::open(Container::Flac, input, FlacReader::try_new)?;
    // The reader has read the metadata, and no packet has claimed it.
    let head = ledger.claim(|bytes, _| (0, Head::parse(bytes)));
    Ok(Opened::new(
        reader,
        FlacGuard { ledger, search: FrameSearch(info), head, excerpt, begun: false },
    ))
}

struct FlacGuard {
    ledger: ByteLedger,
    search: FrameSearch,
    head: Option<Head>,
    /// Whether the first frame may be one from the middle of the recording.
    excerpt: bool,
    /// Whether the first packet was read.
    begun: bool,
}

impl FlacGuard {
    /// The bytes before the next frame: the metadata before the first one, then none.
    fn lead(&mut self, bytes: &[u8]) -> usize {
        if std::mem::replace(&mut self.begun, true) { 0 } else { metadata_length(bytes) }
    }

    /// The error for bytes that no packet has claimed. It skips whole frames among them, and names
    /// what comes after.
    fn refusal(&self, bytes: &[u8], position: u64) -> Error {
        let at = self.search.whole_frames(bytes);
        // If nothing comes after whole frames, those are out of order.
        let at = if at == bytes.len() { 0 } else { at };
        let (rest, position) = (&bytes[at..], position + at as u64);
        self.search.change(rest).unwrap_or_else(|| foreign(Container::Flac, rest, position))
    }
}

impl Guard for FlacGuard {
    fn declared(&self, track: &Track, _: u32) -> Option<u64> {
        track.num_frames.filter(|&frames| frames > 0)
    }

    fn timestamp_kind(&self, _: &Track) -> TimestampKind {
        if self.excerpt { TimestampKind::Granules } else { TimestampKind::Frames }
    }

    /// symphonia may miss the last frame: see [`Guard::last`].
    fn ends_with_source(&self) -> bool {
        true
    }

    fn flac(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    fn read(&mut self, packet: &mut Packet) -> Result<(), PacketFault> {
        let ledger = self.ledger.clone();
        Ok(ledger.claim(|bytes, position| {
            let lead = self.lead(bytes);
            let (count, claimed) = packet_at(Container::Flac, bytes, position, &packet.data, lead);
            if claimed.is_err() {
                let rest = bytes.get(lead..).unwrap_or_default();
                return (0, Err(self.refusal(rest, position + lead as u64)));
            }
            // Leave what symphonia appended to the frame unclaimed. At the end it may be a tag.
            let Some(excess) = self.search.excess(&packet.data) else {
                let at = position + (count - packet.data.len()) as u64;
                let reason = format!("the frame at byte {at} has no end of its own");
                return (0, Err(damaged(Container::Flac, reason)));
            };
            if excess > 0 {
                packet.data = packet.data[..packet.data.len() - excess].into();
            }
            (count - excess, Ok(()))
        })?)
    }

    fn last(&mut self) -> Result<Option<Packet>, PacketFault> {
        let ledger = self.ledger.clone();
        ledger.read_all()?;
        Ok(ledger.claim(|bytes, _| {
            let lead = self.lead(bytes);
            let bytes = bytes.get(lead..).unwrap_or_default();
            let frame =
                self.search.0.zip(FrameHeader::parse(bytes)).zip(self.search.frame_length(bytes));
            let Some(((info, header), end)) = frame else { return (0, None) };
            let start = i64::try_from(info.first_sample(&header)).unwrap_or(i64::MAX);
            let duration = Duration::from(header.frames);
            let packet = Packet::new(0, Timestamp::from(start), duration, &bytes[..end]);
            (lead + end, Some(packet))
        }))
    }

    fn verdict(&mut self, seen: &DecodeTotals) -> Result<(), Error> {
        self.ledger.read_all()?;
        let change = |bytes: &[u8], _| (0, self.search.change(bytes));
        self.ledger.claim(change).map_or(Ok(()), Err)?;
        self.ledger.trailing_bytes()?.verdict(Container::Flac, seen, flac::is_header)
    }
}
