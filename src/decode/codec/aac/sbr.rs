//! HE-AAC: AAC at half the sample rate, with what restores the upper half (SBR) in fill elements that
//! plain decoders pass over. symphonia would give the lower half alone, at half the rate.
//!
//! A header may say so, or nothing but the packets. Only a decoder knows where the elements of a
//! packet begin. So each place that looks like such a fill element is tried: does the packet still
//! decode if it ends there?

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;

use crate::decode::codec::Trial;

/// How many packets at the beginning are looked into. SBR is in all packets of a stream.
const PACKETS: u32 = 16;

/// The identifiers of elements (ISO/IEC 14496-3, 4.5.2.1), of 3 bits.
const DATA: u32 = 4;
const FILL: u32 = 6;
const END: u32 = 7;

/// Object types (ISO/IEC 14496-3, 1.5.1.1).
const LOW_COMPLEXITY: u32 = 2;
const SBR: u32 = 5;
const PARAMETRIC_STEREO: u32 = 29;

/// Whether an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) declares SBR.
pub(in crate::decode::codec) fn is_declared(config: &[u8]) -> bool {
    let declared = || {
        let mut at = 0;
        let mut next = |count: usize| {
            at += count;
            bits(config, at - count, count)
        };
        let object = next(5)?;
        if object == SBR || object == PARAMETRIC_STEREO {
            return Some(true);
        }
        if next(4)? == 15 {
            next(24)?;
        }
        next(4)?;
        if object != LOW_COMPLEXITY {
            return Some(false);
        }
        // Short frames; a core and its delay; an extension, which this object does not have.
        next(1)?;
        if next(1)? == 1 {
            next(14)?;
        }
        next(1)?;
        Some((next(11)?, next(5)?, next(1)?) == (0x2B7, SBR, 1))
    };
    declared().unwrap_or(false)
}

/// Looks for SBR in the first packets of a stream.
pub(in crate::decode::codec) struct SbrSearch {
    trial: Option<Trial>,
    /// Packets so far.
    packets: u32,
}

impl SbrSearch {
    /// For a stream of these parameters. Nothing is found where they are not AAC's.
    pub(in crate::decode::codec) fn new(params: &AudioCodecParameters) -> Self {
        let trial = (params.codec == CODEC_ID_AAC).then(|| Trial::new(params));
        Self { trial, packets: 0 }
    }

    /// Whether SBR is in a packet, if it is one of the first.
    pub(in crate::decode::codec) fn finds(&mut self, packet: &[u8]) -> bool {
        self.packets = self.packets.saturating_add(1);
        if self.packets > PACKETS {
            self.trial = None;
        }
        self.trial.is_some()
            && (0..8 * packet.len())
                .any(|at| is_like_sbr(packet, at) && self.is_element(packet, at))
    }

    /// Whether an element of a packet begins at this bit: the packet decodes if its end stands there,
    /// however many zeros follow, and does not if an element stands there that is cut off. What is
    /// still to be decoded of another element would take some of the zeros; the others would begin an
    /// element that cannot follow, unless they are too few.
    fn is_element(&mut self, packet: &[u8], at: usize) -> bool {
        let ended = [0b1110_0000, 0, 0, 0, 0, 0, 0, 0, 0];
        let cut = [0b1101_1111, 0b1111_1110];
        self.decodes(packet, at, &ended)
            && self.decodes(packet, at, &ended[..8])
            && !self.decodes(packet, at, &cut)
    }

    /// Whether these bits of a packet, and then `end`, decode.
    fn decodes(&mut self, packet: &[u8], at: usize, end: &[u8]) -> bool {
        let (mut bytes, part) = (packet[..at / 8].to_vec(), at % 8);
        let mut carried = if part == 0 { 0 } else { packet[at / 8] & !(0xFF >> part) };
        for byte in end {
            let [high, low] = (u16::from(*byte) << (8 - part)).to_be_bytes();
            bytes.push(carried | high);
            carried = low;
        }
        bytes.push(carried);
        self.trial.as_mut().is_some_and(|trial| trial.decodes(&bytes))
    }
}

/// Whether the bits here would be a fill element with SBR, before another or the end.
fn is_like_sbr(packet: &[u8], at: usize) -> bool {
    let like = || {
        if bits(packet, at, 3)? != FILL {
            return Some(false);
        }
        let (mut count, mut begin) = (bits(packet, at + 3, 4)?, at + 7);
        if count == 15 {
            count = 14 + bits(packet, begin, 8)?;
            begin += 8;
        }
        let is_sbr = matches!(bits(packet, begin, 4)?, 0b1101 | 0b1110);
        let next = bits(packet, begin + 8 * usize::try_from(count).ok()?, 3)?;
        Some(count > 0 && is_sbr && matches!(next, DATA | FILL | END))
    };
    like().unwrap_or(false)
}

/// Up to 24 bits from this one on.
fn bits(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    let four = bytes.get(at / 8..)?;
    let four = [0, 1, 2, 3].map(|index| four.get(index).copied().unwrap_or(0));
    let value = u32::from_be_bytes(four) << (at % 8) >> (32 - count);
    (at + count <= 8 * bytes.len()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sbr_is_declared_by_its_object_type_or_behind_that_of_the_core() {
        // As written by fdk-aac, ffmpeg and others.
        let cases: [(&[u8], bool); 8] = [
            (&[0x2B, 0x11, 0x88, 0x00], true),
            (&[0xEB, 0x11, 0x88, 0x00], true),
            (&[0x13, 0x10, 0x56, 0xE5, 0x98], true),
            (&[0x13, 0x10, 0x56, 0xE5, 0x18], false),
            (&[0x12, 0x10, 0x56, 0xE5, 0x00], false),
            (&[0x12, 0x10], false),
            (&[0x15, 0x88], false),
            (&[], false),
        ];
        for (config, declared) in cases {
            assert_eq!(is_declared(config), declared, "{config:02x?}");
        }
    }

    #[test]
    fn bits_are_read_from_any_place() {
        let bytes = [0b1010_0101, 0b1100_0011, 0xFF, 0x01];
        assert_eq!(bits(&bytes, 0, 3), Some(0b101));
        assert_eq!(bits(&bytes, 6, 5), Some(0b01110));
        assert_eq!(bits(&bytes, 31, 1), Some(1));
        assert_eq!(bits(&bytes, 31, 2), None);
        assert_eq!(bits(&bytes, 40, 1), None);
    }
}
