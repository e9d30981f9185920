//! What an AAC packet has to hold: all the channels.
//!
//! symphonia's decoder takes any elements for a whole packet, none at all too. A channel that is not
//! among them keeps what the packet before put there. That could be what was said inside a window,
//! heard again behind it.

use symphonia::core::io::{BitReaderLtr, ReadBitsLtr};

use super::stale::Stale;

/// Watches the packets of one stream.
#[derive(Debug, Default)]
pub(super) struct Channels {
    stale: Stale,
}

impl Channels {
    /// Whether a packet lacks a channel. `samples` are what was decoded from it, interleaved.
    ///
    /// One or two channels are in one element, which stands first. Where there are more, the others
    /// are behind what only a decoder can pass over: then the samples must have changed.
    pub(super) fn lacks_one(&mut self, packet: &[u8], samples: &[f32], channels: u16) -> bool {
        match first_element(packet) {
            Some(first) if first == channels => false,
            Some(_) => self.stale.follow(packet, samples, channels.into()),
            None => true,
        }
    }
}

/// How many channels are in the first element that has any (ISO/IEC 14496-3, 4.4.2.1).
fn first_element(packet: &[u8]) -> Option<u16> {
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
}
