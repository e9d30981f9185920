//! What an AAC packet has to hold: all the channels.
//!
//! symphonia's decoder takes any elements for a whole packet, none at all too. A channel that is not
//! among them keeps what the packet before put there. That could be what was said inside a window,
//! heard again behind it.

use symphonia::core::io::{BitReaderLtr, ReadBitsLtr};

pub(super) mod sbr;

/// The distance in frames of the places that are looked at: a prime, and a small part of the 1024
/// frames of a packet.
const STEP: usize = 61;

/// Watches the packets of one stream.
#[derive(Debug, Default)]
pub(super) struct Channels {
    /// The packet before.
    packet: Vec<u8>,
    /// Its samples in a few places, as bits, channel by channel.
    seen: Vec<Vec<u32>>,
}

impl Channels {
    /// Whether a packet lacks one of so many channels. `samples` are what was decoded from it,
    /// interleaved.
    ///
    /// One or two channels are in one element, which stands first. Where there are more, the others
    /// are behind what only a decoder can pass over: then the samples must have changed.
    pub(super) fn lack(&mut self, packet: &[u8], samples: &[f32], channels: usize) -> bool {
        match first_element(packet) {
            Some(first) if first == channels => false,
            Some(_) => self.stay(packet, samples, channels),
            None => true,
        }
    }

    /// Whether one of the channels is that of the packet before. What stays at one level may be, and
    /// what equal packets give.
    fn stay(&mut self, packet: &[u8], samples: &[f32], channels: usize) -> bool {
        let places = |channel: usize| {
            let places = samples.iter().skip(channel).step_by(channels * STEP);
            places.map(|sample| sample.to_bits()).collect()
        };
        let now: Vec<Vec<u32>> = (0..channels).map(places).collect();
        let is_level = |seen: &[u32]| seen.iter().all(|bits| *bits == seen[0]);
        let mut pairs = now.iter().zip(&self.seen);
        let stays =
            self.packet != packet && pairs.any(|(now, before)| now == before && !is_level(now));
        packet.clone_into(&mut self.packet);
        self.seen = now;
        stays
    }
}

/// How many channels are in the first element that has any (ISO/IEC 14496-3, 4.4.2.1).
fn first_element(packet: &[u8]) -> Option<usize> {
    let mut bits = BitReaderLtr::new(packet);
    loop {
        match bits.read_bits_leq32(3).ok()? {
            // A single channel, or one for low frequencies.
            0 | 3 => return Some(1),
            1 => return Some(2),
            // Data: a tag, whether it is aligned to bytes, and its length.
            4 => {
                let is_aligned = bits.read_bits_leq32(5).ok()? & 1 == 1;
                let mut bytes = bits.read_bits_leq32(8).ok()?;
                if bytes == 255 {
                    bytes += bits.read_bits_leq32(8).ok()?;
                }
                if is_aligned {
                    bits.realign();
                }
                bits.ignore_bits(8 * bytes).ok()?;
            }
            // Filling.
            6 => {
                let mut bytes = bits.read_bits_leq32(4).ok()?;
                if bytes == 15 {
                    bytes += bits.read_bits_leq32(8).ok()? - 1;
                }
                bits.ignore_bits(8 * bytes).ok()?;
            }
            // The end, or what symphonia does not decode.
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes from bits in groups, filled up with zeros.
    fn packet(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        bits.chunks(8)
            .map(|byte| byte.iter().zip(0..).map(|(bit, at)| bit << (7 - at)).sum())
            .collect()
    }

    #[test]
    fn the_first_element_is_found_behind_data_and_filling() {
        let ones = |count: usize| "1".repeat(8 * count);
        let cases = [
            ("000 0000".into(), Some(1)),
            ("001 0000".into(), Some(2)),
            ("011 0000".into(), Some(1)),
            ("111".into(), None),
            (String::new(), None),
            (format!("110 0010 {} 001", ones(2)), Some(2)),
            (format!("110 1111 00000010 {} 001", ones(16)), Some(2)),
            (format!("110 1111 00000001 {} 111", ones(15)), None),
            (format!("100 0000 0 00000001 {} 000", ones(1)), Some(1)),
            (format!("110 0000 100 0000 1 00000001 0 {} 001", ones(1)), Some(2)),
            (format!("100 0000 0 11111111 00000001 {} 011", ones(256)), Some(1)),
            (format!("100 0000 0 00001000 {}", ones(7)), None),
        ];
        for (bits, channels) in cases {
            assert_eq!(first_element(&packet(&bits)), channels, "{bits}");
        }
    }

    #[test]
    fn a_channel_that_stays_is_seen_unless_it_is_level_or_the_packet_is_the_same() {
        let frames = |left: f32, right: f32| {
            let frame = |n: u16| [left * f32::from(n), right * f32::from(n)];
            (0..1024).flat_map(frame).collect::<Vec<f32>>()
        };
        let mut seen = Channels::default();
        let mut stays = |byte, left, right| seen.stay(&[byte], &frames(left, right), 2);
        assert!(!stays(1, 0.1, 0.2), "nothing was before");
        assert!(!stays(2, 0.3, 0.4));
        assert!(stays(3, 0.5, 0.4), "the right channel");
        assert!(stays(4, 0.5, 0.1), "the left channel");
        assert!(!stays(4, 0.5, 0.1), "the same packet again");
        assert!(!stays(5, 0.0, 0.3));
        assert!(!stays(6, 0.0, 0.2), "one that is silent");
    }
}
