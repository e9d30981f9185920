//! One packet of one or more streams (RFC 7845, 3).

use super::Refusal;
use super::frames::Frames;

/// A packet that is understood to its last byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// The streams in order.
    pub(super) streams: Vec<Frames<'a>>,
}

impl<'a> Packet<'a> {
    /// # Errors
    /// The packet is not Opus, or has data in its padding. Newer encoders put a second, coarse copy of up to a
    /// second of speech there (DRED), which a decoder plays when packets before were lost.
    pub(crate) fn parse(bytes: &'a [u8], streams: u8) -> Result<Self, Refusal> {
        let mut rest = bytes;
        let mut found: Vec<Frames<'a>> = Vec::with_capacity(streams.into());
        for left in (0..streams).rev() {
            let frames;
            (frames, rest) = Frames::split(rest, left > 0)?;
            if found.first().is_some_and(|first| first.length() != frames.length()) {
                return Err("an Opus packet whose streams differ in length");
            }
            if frames.padding.iter().any(|&byte| byte != 0) {
                return Err(
                    "an Opus packet with data in its padding, which may repeat what was said,",
                );
            }
            found.push(frames);
        }
        Ok(Self { streams: found })
    }

    /// The length at 48 kHz: 120 to 5,760.
    pub(crate) fn length(&self) -> u32 {
        self.streams.first().map_or(0, Frames::length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_streams_of_a_packet_are_understood_or_it_is_refused() {
        // 20 ms with its length, then 2 × 10 ms.
        let two = [0x48, 1, 9, 0x41, 7, 8];
        let packet = Packet::parse(&two, 2).unwrap();
        assert_eq!((packet.streams.len(), packet.length()), (2, 960));
        assert!(
            Packet::parse(&[0x48, 1, 9, 0x40, 7, 8], 2).unwrap_err().contains("differ in length")
        );
        assert!(Packet::parse(&[0x48, 1, 9], 2).is_err(), "one stream is missing");
        let padded = |byte| [0x4B, 0x41, 1, 9, byte];
        assert_eq!(Packet::parse(&padded(0), 1).unwrap().length(), 960);
        assert!(Packet::parse(&padded(1), 1).unwrap_err().contains("padding"));
    }
}
