//! Check that an AAC packet holds all channels.
//!
//! symphonia's decoder accepts a packet with too few elements, or none. A channel without an element
//! keeps the samples of the previous packet. So speech from inside a window could be repeated after it.

use bits::Bits;

mod bands;
mod bits;
mod books;
pub(super) mod noise;
pub(super) mod sbr;
mod walk;

/// Distance in frames between two compared samples: a prime, and small against the 1024 frames of a
/// packet.
const STEP: usize = 61;

/// Channel check for the packets of one stream.
#[derive(Debug, Default)]
pub(super) struct ChannelCheck {
    /// The previous packet.
    packet: Vec<u8>,
    /// Bits of some of its samples, for each channel.
    seen: Vec<Vec<u32>>,
}

impl ChannelCheck {
    /// Whether one of `channels` channels is missing in a packet. `samples` returns its decoded
    /// samples, interleaved.
    ///
    /// One or two channels are in the first audio element. With more channels, finding the later
    /// elements would need a full decoder; then the samples of each channel must differ from those of
    /// the previous packet.
    pub(super) fn is_incomplete(
        &mut self,
        packet: &[u8],
        samples: impl FnOnce() -> Vec<f32>,
        channels: usize,
    ) -> bool {
        match first_element(&mut Bits::new(packet)) {
            Some(first) if first == channels => false,
            Some(_) => self.repeats(packet, &samples(), channels),
            None => true,
        }
    }

    /// Whether a channel repeats the samples of the previous packet. Constant samples and identical
    /// packets do not count.
    fn repeats(&mut self, packet: &[u8], samples: &[f32], channels: usize) -> bool {
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

/// Number of channels in the first audio element, whose identifier is then the last one read (ISO/IEC
/// 14496-3, 4.4.2.1).
fn first_element(bits: &mut Bits) -> Option<usize> {
    loop {
        // symphonia looks for no element there, and leaves the samples of the packet before.
        if bits.left() <= 3 {
            return None;
        }
        match bits.take(3)? {
            // SCE or LFE.
            0 | 3 => return Some(1),
            // CPE.
            1 => return Some(2),
            // DSE: instance tag (4 bits), byte alignment flag, length.
            4 => {
                let is_aligned = bits.take(5)? & 1 == 1;
                let mut bytes = bits.take(8)?;
                if bytes == 255 {
                    bytes += bits.take(8)?;
                }
                if is_aligned {
                    bits.align();
                }
                bits.skip(8 * bytes);
            }
            // FIL; with the escape value 15, the length is 14 plus the next byte.
            6 => {
                let mut bytes = bits.take(4)?;
                if bytes == 15 {
                    bytes = 14 + bits.take(8)?;
                }
                bits.skip(8 * bytes);
            }
            // END, or an element that symphonia does not decode.
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes from groups of bits, padded with zeros.
    fn packet(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
        bits.chunks(8)
            .map(|byte| byte.iter().zip(0..).map(|(bit, at)| bit << (7 - at)).sum())
            .collect()
    }

    #[test]
    fn the_first_element_is_found_after_data_and_fill_elements() {
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
            (format!("110 1111 00000000 {} 001", ones(14)), Some(2)),
            (format!("100 0000 0 00000001 {} 000", ones(1)), Some(1)),
            (format!("110 0000 100 0000 1 00000001 0 {} 001", ones(1)), Some(2)),
            (format!("100 0000 0 11111111 00000001 {} 011", ones(256)), Some(1)),
            (format!("100 0000 0 00001000 {}", ones(7)), None),
        ];
        for (bits, channels) in cases {
            assert_eq!(first_element(&mut Bits::new(&packet(&bits))), channels, "{bits}");
        }
        // Three bits are left, where symphonia finds none.
        for last in [0, 1] {
            assert_eq!(first_element(&mut Bits::new(&[0xC1, 0x83, last])), None);
        }
    }

    #[test]
    fn a_repeated_channel_is_found_unless_it_is_constant_or_the_packet_is_the_same() {
        let frames = |left: f32, right: f32| {
            let frame = |n: u16| [left * f32::from(n), right * f32::from(n)];
            (0..1024).flat_map(frame).collect::<Vec<f32>>()
        };
        let mut seen = ChannelCheck::default();
        let mut stays = |byte, left, right| seen.repeats(&[byte], &frames(left, right), 2);
        assert!(!stays(1, 0.1, 0.2), "the first packet");
        assert!(!stays(2, 0.3, 0.4));
        assert!(stays(3, 0.5, 0.4), "the right channel");
        assert!(stays(4, 0.5, 0.1), "the left channel");
        assert!(!stays(4, 0.5, 0.1), "the same packet again");
        assert!(!stays(5, 0.0, 0.3));
        assert!(!stays(6, 0.0, 0.2), "a silent channel");
    }
}
