//! The audit of an Ogg Opus that was redacted packet by packet: its packets are compared, not its sound.
//!
//! In: the packets of both recordings. Out: verdicts that need no estimate. At least half of the packets must
//! be the same, or silence; otherwise the recording was encoded anew, and this does not apply.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::{Audit, Done, Leak, OutsideChanges, Verdict};
use crate::block::{Block, StreamInfo};
use crate::decode::{Decoder, Gaps, Source};
use crate::opus::{is_silence, length};
use crate::treatment::Treatment;

/// Around a window this many packets may be silent, or packets of which so many frames at 48 kHz are heard.
const NEAR: (usize, u64) = (2, 40 * 48);

/// The clock of Opus in Hz.
const CLOCK: u32 = 48_000;

/// Whether both are Ogg Opus, whose packets can be compared.
pub(super) fn apply_to(original: &StreamInfo, redacted: &StreamInfo) -> bool {
    let is_opus = |info: &StreamInfo| (info.container, info.codec) == ("ogg", "opus");
    is_opus(original) && is_opus(redacted)
}

/// Whether gaps of a source are an error. Others have no packets.
pub(super) fn are_told(source: &Source) -> bool {
    source.options().gaps == Gaps::Refuse
}

/// A packet of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packet {
    first: u64,
    end: u64,
    /// At 48 kHz.
    length: u32,
    hash: u64,
    /// Of the head of its stream, which says how it sounds.
    head: u64,
    is_silent: bool,
    /// Whether it may carry a copy of the packet before: SILK alone does.
    may_copy: bool,
}

impl Packet {
    /// The frames that are heard; one beside it if none is.
    fn heard(&self) -> Range<u64> {
        if self.first < self.end {
            self.first..self.end
        } else {
            self.first.saturating_sub(1)..self.first.max(1)
        }
    }
}

/// The packets of one recording.
#[derive(Debug)]
pub(super) struct PacketLog {
    streams: u8,
    packets: Vec<Packet>,
}

impl PacketLog {
    /// Asks a decoder for packets; `None` if it has none.
    pub(super) fn of(decoder: &mut Decoder) -> Option<Self> {
        let streams = decoder.opus_head()?.streams();
        decoder.let_pages_go();
        decoder.keep_packets(None);
        Some(Self { streams, packets: Vec::new() })
    }

    /// Adds the packet of a block that came from this decoder.
    pub(super) fn add(&mut self, block: &Block, decoder: &Decoder) {
        let Some(packet) = block.packet() else { return };
        let mut hasher = DefaultHasher::new();
        hasher.write(packet);
        let mut head = DefaultHasher::new();
        decoder.opus_head().hash(&mut head);
        self.packets.push(Packet {
            first: block.first(),
            end: block.end(),
            length: length(packet),
            hash: hasher.finish(),
            head: head.finish(),
            is_silent: is_silence(packet, self.streams),
            // In several streams any may be SILK.
            may_copy: self.streams > 1 || packet.first().is_some_and(|toc| toc >> 3 < 16),
        });
    }

    /// Whether `redacted` has the same packets, except for some that are silence or have changed.
    fn matches(&self, redacted: &Self) -> bool {
        let (all, others) = (&self.packets, &redacted.packets);
        let is_placed = |(one, other): (&Packet, &Packet)| {
            (one.first, one.end, one.length) == (other.first, other.end, other.length)
        };
        let is_kept = |(one, other): &(&Packet, &Packet)| one.hash == other.hash || other.is_silent;
        all.len() == others.len()
            && all.iter().zip(others).all(is_placed)
            && all.iter().zip(others).filter(is_kept).count() * 2 >= all.len()
    }

    /// Replaces estimates in an audit by what the packets say.
    pub(super) fn judge(&self, redacted: &Self, audit: &mut Audit) {
        if !self.matches(redacted) {
            return;
        }
        let mut touched = vec![false; self.packets.len()];
        for window in &mut audit.windows {
            let from = self.packets.partition_point(|packet| packet.end <= window.span.first);
            let end = self.packets.partition_point(|packet| packet.first < window.span.end);
            touched[from..end].fill(true);
            let mut open = redacted.packets[from..end].iter().filter(|packet| !packet.is_silent);
            let last = redacted.packets[from..end].last();
            // What is behind may hold the end of the window once more.
            let behind = redacted.packets.get(end).filter(|p| !p.is_silent && p.may_copy);
            let inside = |packet: &Packet| {
                let heard = packet.heard();
                heard.start.max(window.span.first)..heard.end.min(window.span.end)
            };
            let mut all = open.by_ref().chain(behind.and(last)).map(inside);
            window.leak = all.next().map(|first| {
                let (mut frames, mut until) = (first.end - first.start, first.end);
                for more in all {
                    frames += more.end.saturating_sub(more.start.max(until));
                    until = until.max(more.end);
                }
                Leak { frames, first: first.start, last: until - 1, padding_only: false }
            });
            (window.verdict, window.done) = match window.leak {
                None => (Verdict::Clean, Done::Exactly(Treatment::silence())),
                Some(_) => (Verdict::Leak, window.done),
            };
        }
        let largest = audit.outside.largest;
        audit.outside = OutsideChanges::default();
        let near = self.near(&touched, audit.original.rate);
        let channels = u64::from(audit.original.channels);
        for (index, (one, other)) in self.packets.iter().zip(&redacted.packets).enumerate() {
            let may_differ = touched[index] || (near[index] && other.is_silent);
            let sounds_else = one.head != other.head && !touched[index];
            if sounds_else || (one.hash != other.hash && !may_differ) {
                let heard = one.heard();
                audit.outside.add((heard.end - heard.start) * channels, heard, largest);
            }
        }
        (audit.tolerance, audit.noise) = (Some(0.0), None);
    }

    /// Which packets are so near to a touched one that they may be silent.
    fn near(&self, touched: &[bool], rate: u32) -> Vec<bool> {
        let heard = |packet: &Packet| (packet.end - packet.first) * u64::from(CLOCK / rate.max(1));
        let run = |order: &mut dyn Iterator<Item = usize>, near: &mut Vec<bool>| {
            let mut since = None;
            for index in order {
                match &mut since {
                    _ if touched[index] => since = Some((0, 0)),
                    None => {}
                    Some((packets, frames)) => {
                        near[index] |= *packets < NEAR.0 || *frames < NEAR.1;
                        *packets += 1;
                        *frames += heard(&self.packets[index]);
                    }
                }
            }
        };
        let mut near = vec![false; touched.len()];
        run(&mut (0..touched.len()), &mut near);
        run(&mut (0..touched.len()).rev(), &mut near);
        near
    }
}
