//! The generator of noise in symphonia's decoder. It is never reset, and packets with noise draw numbers
//! from it. So the decoder of a later packet must first draw as many numbers as the packets before.
//!
//! The generator is private, but the decoder draws while it reads, before it notices that a packet is
//! broken. So numbers are drawn by packets of noise that break off. The packets after them undo what else
//! they leave behind.

use std::mem;

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::bands::Bands;
use super::walk::{Traces, Walker};
use crate::decode::fault::gave_up;
use crate::error::Error;

/// Which packets a decoder needs before the next batch, and how many numbers it must have drawn.
pub(in crate::decode::codec) struct NoiseTrack {
    walker: Walker,
    /// Numbers that the packets before the batch draw.
    drawn: u64,
    /// The packets before the batch that it may depend on, the last one first.
    recent: Vec<(Packet, Traces)>,
    /// Traces of the packets in the batch.
    batch: Vec<Traces>,
    is_lost: bool,
}

/// What a decoder is fed with before a batch.
#[derive(Default)]
pub(in crate::decode::codec) struct Lead {
    /// Packets whose samples are dropped.
    pub(in crate::decode::codec) packets: Vec<Packet>,
    /// Numbers drawn before these packets, and up to the end of the batch, since the beginning of the
    /// stream.
    pub(in crate::decode::codec) drawn: u64,
    pub(in crate::decode::codec) drawn_after: u64,
}

impl NoiseTrack {
    /// For a stream at this sample rate in Hz.
    pub(in crate::decode::codec) fn new(rate: u32, channels: u16) -> Self {
        let walker = Walker::new(rate, channels.into());
        Self { walker, drawn: 0, recent: Vec::new(), batch: Vec::new(), is_lost: false }
    }

    /// Whether only the decoder of the last batch can decode the next one.
    pub(in crate::decode::codec) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Notes the next packet of the batch. If the track is lost then, the batch must end.
    ///
    /// Pulses lose it too, because the packets that they depend on may be far back.
    pub(in crate::decode::codec) fn note(&mut self, packet: &Packet) {
        let traces = self.walker.walk(&packet.data);
        self.is_lost = traces.is_none_or(|traces| traces.has_pulses);
        self.batch.push(traces.unwrap_or_default());
    }

    /// The lead of the batch that was noted. `backwards` are its packets, the last one first. What is noted
    /// from now on belongs to the next batch.
    pub(in crate::decode::codec) fn lead<'a>(
        &mut self,
        backwards: impl Iterator<Item = &'a Packet>,
    ) -> Lead {
        // The packet before the batch overlaps with it.
        let count = if self.is_lost { self.recent.len() } else { self.recent.len().min(1) };
        let lead = &self.recent[..count];
        let draws: u64 = lead.iter().map(|(_, traces)| traces.draws).sum();
        let packets = lead.iter().rev().map(|(packet, _)| packet.clone()).collect();
        let drawn = self.drawn - draws;
        self.drawn += self.batch.iter().map(|traces| traces.draws).sum::<u64>();

        let mut bands = [0; 2];
        let batch = backwards.zip(self.batch.drain(..).rev()).enumerate();
        let last = batch
            .filter(|(at, (_, traces))| sets_more(&mut bands, traces) || *at == 0)
            .map(|(_, (packet, traces))| (packet.clone(), traces))
            .collect();
        let mut before = mem::replace(&mut self.recent, last);
        before.retain(|(_, traces)| sets_more(&mut bands, traces));
        self.recent.append(&mut before);
        Lead { packets, drawn, drawn_after: self.drawn }
    }
}

/// Whether a packet sets scale factors that no later packet sets. `bands` are those of later packets.
fn sets_more(bands: &mut [usize; 2], traces: &Traces) -> bool {
    let most = [0, 1].map(|channel| bands[channel].max(traces.bands[channel]));
    mem::replace(bands, most) != most
}

/// Draws numbers from the generator of a decoder. Their count is a multiple of four, as all bands are.
///
/// # Errors
/// [`Error::Container`] if the decoder accepts what it should not: then nothing is known about it.
pub(in crate::decode::codec) fn draw(
    decoder: &mut dyn AudioDecoder,
    rate: u32,
    channels: u16,
    count: u64,
) -> Result<(), Error> {
    let short = Bands::at(rate).short;
    let (most, whole) = noise(short, channels, u64::MAX);
    let (drawn, rest) = noise(short, channels, count % most);
    let mut fails = |packet: &[u8]| {
        let packet = Packet::new(0, Timestamp::ZERO, Duration::from(0_u32), packet);
        decoder.decode(&packet).is_err()
    };
    let all_fail = (0..count / most).all(|_| fails(&whole)) && fails(&rest);
    if all_fail && drawn == count % most { Ok(()) } else { Err(gave_up()) }
}

/// How many numbers a packet draws, at most `count`, and the packet. It breaks off.
///
/// It has eight short windows. The first one has no noise: its scale factors, which are kept, become
/// those of a new decoder.
fn noise(offsets: &[usize], channels: u16, count: u64) -> (u64, Vec<u8>) {
    let widths: Vec<u64> = offsets.windows(2).map(|pair| (pair[1] - pair[0]) as u64).collect();
    let mut left = count;
    let mut noisy = vec![[false; 8]; widths.len()];
    // The widest ones first, so that the narrow ones can make up the rest.
    for (band, width) in widths.iter().enumerate().rev() {
        for is_noisy in &mut noisy[band][1..] {
            *is_noisy = *width <= left;
            left -= if *is_noisy { *width } else { 0 };
        }
    }
    let mut bits = String::from(if channels == 1 { "000" } else { "001" });
    // Instance tag, in a pair no common windows, global gain, eight short windows of the first shape.
    bits += if channels == 1 { "0000" } else { "00000" };
    bits += &format!("01100100 0 10 0 {:04b} 0000000", widths.len());
    // Sections of one band, with codebook 13 or 0.
    for window in 0..8 {
        for band in &noisy {
            bits += if band[window] { "1101 001" } else { "0000 001" };
        }
    }
    // Scale factors: the first in nine bits, the others the same.
    let factors = noisy.iter().flatten().filter(|is_noisy| **is_noisy).count();
    if factors > 0 {
        bits += "100000000";
        bits += &"0".repeat(factors - 1);
    }
    // No pulses, filters and gain control. A wrong bit in the second channel, or a coupling channel.
    bits += "000";
    bits += if channels == 1 { "010 00000" } else { "00000000 1" };
    (count - left, bytes(&bits))
}

/// Bytes from text with a digit for each bit, filled up with zeros.
fn bytes(bits: &str) -> Vec<u8> {
    let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
    let byte = |bits: &[u8]| bits.iter().zip(0..).map(|(bit, at)| bit << (7 - at)).sum();
    bits.chunks(8).map(byte).collect()
}

#[cfg(test)]
mod tests;
