//! Detection of HE-AAC. It is AAC at half the sample rate; fill elements, which plain decoders skip,
//! hold the data (SBR) to restore the upper half of the spectrum. symphonia would decode only the lower
//! half, at half the rate.
//!
//! The header may declare SBR, but sometimes only the packets show it. Only a full decoder can find
//! the elements of a packet. So each position that looks like an SBR fill element is tested: does the
//! packet still decode if it is cut there?

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::io::{BitReaderLtr, ReadBitsLtr};

use crate::decode::codec::Trial;

/// Number of packets that are searched. SBR is in all packets of a stream.
const PACKETS: u32 = 16;

/// Element identifiers of 3 bits (ISO/IEC 14496-3, 4.5.2.1).
const DATA: u32 = 4;
const FILL: u32 = 6;
const END: u32 = 7;

/// Audio object types (ISO/IEC 14496-3, 1.5.1.1).
const LOW_COMPLEXITY: u32 = 2;
const SBR: u32 = 5;
const PARAMETRIC_STEREO: u32 = 29;

/// Whether an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) declares SBR.
pub(in crate::decode::codec) fn is_declared(config: &[u8]) -> bool {
    let declared = || {
        let mut bits = BitReaderLtr::new(config);
        let mut next = |count| bits.read_bits_leq32(count).ok();
        let object = next(5)?;
        if object == SBR || object == PARAMETRIC_STEREO {
            return Some(true);
        }
        // Index of the sample rate; 15 means that the rate itself follows.
        if next(4)? == 15 {
            next(24)?;
        }
        // Channel configuration.
        next(4)?;
        if object != LOW_COMPLEXITY {
            return Some(false);
        }
        // GASpecificConfig: frameLengthFlag; dependsOnCoreCoder with coreCoderDelay; extensionFlag.
        next(1)?;
        if next(1)? == 1 {
            next(14)?;
        }
        next(1)?;
        // syncExtensionType, extensionAudioObjectType, sbrPresentFlag.
        Some((next(11)?, next(5)?, next(1)?) == (0x2B7, SBR, 1))
    };
    declared().unwrap_or(false)
}

/// Search for SBR in the first packets of a stream.
pub(in crate::decode::codec) struct SbrSearch {
    trial: Option<Trial>,
    /// Packets so far.
    packets: u32,
}

impl SbrSearch {
    /// For a stream with these parameters. Finds nothing if the codec is not AAC.
    pub(in crate::decode::codec) fn new(params: &AudioCodecParameters) -> Self {
        let trial = (params.codec == CODEC_ID_AAC).then(|| Trial::new(params));
        Self { trial, packets: 0 }
    }

    /// Finds nothing: others search the first packets.
    pub(in crate::decode::codec) fn none() -> Self {
        Self { trial: None, packets: 0 }
    }

    /// Whether a packet holds SBR. Only the first packets are searched.
    pub(in crate::decode::codec) fn finds(&mut self, packet: &[u8]) -> bool {
        self.packets = self.packets.saturating_add(1);
        if self.packets > PACKETS {
            self.trial = None;
        }
        self.trial.is_some()
            && (0..8 * packet.len())
                .any(|at| is_like_sbr(packet, at) && self.is_element(packet, at))
    }

    /// Whether an element begins at bit `at` of a packet. Three tests: the packet decodes with an END
    /// element at this bit, with eight and with seven zero bytes after it, and does not decode with a
    /// fill element that is cut off. Inside another element, the decoder would consume some of the
    /// zeros as data, and reject the remaining ones as the start of an invalid element, in at least one
    /// of the two lengths.
    fn is_element(&mut self, packet: &[u8], at: usize) -> bool {
        let ended = [0b1110_0000, 0, 0, 0, 0, 0, 0, 0, 0];
        let cut = [0b1101_1111, 0b1111_1110];
        self.decodes(packet, at, &ended)
            && self.decodes(packet, at, &ended[..8])
            && !self.decodes(packet, at, &cut)
    }

    /// Whether the first `at` bits of a packet, followed by `end`, decode.
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

/// Whether the bits at `at` look like a fill element with SBR, followed by another element or the end.
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
        // extension_type: EXT_SBR_DATA or EXT_SBR_DATA_CRC.
        let is_sbr = matches!(bits(packet, begin, 4)?, 0b1101 | 0b1110);
        let next = bits(packet, begin + 8 * usize::try_from(count).ok()?, 3)?;
        Some(count > 0 && is_sbr && matches!(next, DATA | FILL | END))
    };
    like().unwrap_or(false)
}

/// Up to 24 bits, beginning at bit `at`.
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
    fn sbr_is_declared_by_its_object_type_or_after_that_of_the_core() {
        // As written by fdk-aac, FFmpeg and others.
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
    fn bits_are_read_from_any_position() {
        let bytes = [0b1010_0101, 0b1100_0011, 0xFF, 0x01];
        assert_eq!(bits(&bytes, 0, 3), Some(0b101));
        assert_eq!(bits(&bytes, 6, 5), Some(0b01110));
        assert_eq!(bits(&bytes, 31, 1), Some(1));
        assert_eq!(bits(&bytes, 31, 2), None);
        assert_eq!(bits(&bytes, 40, 1), None);
    }
}
