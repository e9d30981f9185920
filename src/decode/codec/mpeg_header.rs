//! MPEG audio frame headers (layers 1 to 3): the fields that symphonia does not expose.
//!
//! Byte 1 of a header holds the version (bits 4 and 3: 3 is MPEG-1, 2 MPEG-2, 0 MPEG-2.5), the layer
//! (bits 2 and 1: 1 is layer 3) and the protection bit (0: a CRC of two bytes follows the header). Byte
//! 3 begins with the channel mode (3 is mono). ISO/IEC 11172-3, 2.4.1.3.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};

/// Whether a codec is MPEG audio.
pub(in crate::decode) fn is_mpeg(codec: AudioCodecId) -> bool {
    matches!(codec, CODEC_ID_MP1 | CODEC_ID_MP2 | CODEC_ID_MP3)
}

/// Bytes of side information in a layer 3 frame (ISO/IEC 11172-3, 2.4.1.7). `fourth` is byte 3 of the
/// header.
fn side_information(is_mpeg_1: bool, fourth: u8) -> usize {
    let mono = fourth >> 6 == 3;
    match (is_mpeg_1, mono) {
        (true, false) => 32,
        (true, true) | (false, false) => 17,
        (false, true) => 9,
    }
}

/// Bytes of main data in a layer 3 frame.
pub(in crate::decode) fn main_data(frame: &[u8]) -> usize {
    let [_, second, _, fourth, ..] = *frame else { return 0 };
    let checksum = if second & 1 == 0 { 2 } else { 0 };
    frame.len().saturating_sub(4 + checksum + side_information(second >> 3 & 3 == 3, fourth))
}

/// Whether a granule of a layer 3 frame has mixed blocks (long and short), which symphonia decodes to
/// noise. The flags have fixed positions (ISO/IEC 11172-3, 2.4.1.7; ISO/IEC 13818-3, 2.4.1.7).
pub(in crate::decode) fn has_mixed_blocks(frame: &[u8]) -> bool {
    let [_, second, _, fourth, ..] = *frame else { return false };
    let (is_mpeg_1, mono) = (second >> 3 & 3 == 3, fourth >> 6 == 3);
    let header = 8 * if second & 1 == 0 { 6 } else { 4 };
    // In bits: before the first granule; one channel of a granule; before its window_switching_flag.
    // Then the number of channels of all granules. mixed_block_flag is 3 bits after the other flag.
    let (before, each, flag, count) = match (is_mpeg_1, mono) {
        (true, true) => (18, 59, 33, 2),
        (true, false) => (20, 59, 33, 4),
        (false, true) => (9, 63, 38, 1),
        (false, false) => (10, 63, 38, 2),
    };
    let bit = |at: usize| frame.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    (0..count).map(|index| header + before + index * each + flag).any(|at| bit(at) && bit(at + 3))
}

/// Whether a frame is in free format: the header does not give its bit rate, nor thus its length.
pub(in crate::decode) fn is_free_format(frame: &[u8]) -> bool {
    let [0xFF, second, third, ..] = *frame else { return false };
    let (version, layer, rate) = (second >> 3 & 3, second >> 1 & 3, third >> 2 & 3);
    second >= 0xE0 && version != 1 && layer != 0 && rate != 3 && third >> 4 == 0
}

/// Length in bytes of a frame that holds an Xing, Info or VBRI tag, from its first bytes; 0 for other
/// frames.
pub(in crate::decode) fn tag_frame(frame: &[u8]) -> u64 {
    let [0xFF, second, third, fourth, ..] = *frame else { return 0 };
    // Only layer 3 has these tags; version 1 is reserved.
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    if version == 1 || layer != 1 {
        return 0;
    }
    let side = side_information(version == 3, fourth);
    let is = |at: usize, id: &[u8]| frame.get(at..at + 4) == Some(id);
    if !is(4 + side, b"Xing") && !is(4 + side, b"Info") && !is(36, b"VBRI") {
        return 0;
    }
    let (rates, kilobits) = (&[44_100, 48_000, 32_000], usize::from(third >> 4));
    let Some(rate) = rates.get(usize::from(third >> 2 & 3)) else { return 0 };
    let (rate, kilobits, factor) = match version {
        3 => (*rate, MPEG_1[kilobits], 144_000),
        2 => (rate / 2, MPEG_2[kilobits], 72_000),
        _ => (rate / 4, MPEG_2[kilobits], 72_000),
    };
    factor * kilobits / rate + u64::from(third >> 1 & 1)
}

/// Bit rates of layer 3 in kbit/s, by their index in the header.
const MPEG_1: [u64; 16] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const MPEG_2: [u64; 16] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of the side information in order, with their sizes in bits.
    fn fields(is_mpeg_1: bool, channels: usize) -> Vec<(&'static str, usize)> {
        let mut all = if is_mpeg_1 {
            vec![("main data", 9), ("private", if channels == 1 { 5 } else { 3 })]
        } else {
            vec![("main data", 8), ("private", channels)]
        };
        let granules = if is_mpeg_1 { 2 } else { 1 };
        all.extend(vec![("scale factors shared", 4); if is_mpeg_1 { channels } else { 0 }]);
        let granule = [
            ("length", 12),
            ("big values", 9),
            ("gain", 8),
            ("scale factors", if is_mpeg_1 { 4 } else { 9 }),
            ("switched", 1),
            ("kind", 2),
            ("mixed", 1),
            ("tables", 10),
            ("gains", 9),
            ("more", if is_mpeg_1 { 3 } else { 2 }),
        ];
        for _ in 0..granules * channels {
            all.extend(granule);
        }
        all
    }

    #[test]
    fn mixed_blocks_are_found_in_each_granule_of_each_version() {
        for (second, is_mpeg_1) in [(0xFB, true), (0xF3, false), (0xE3, false)] {
            for (fourth, channels) in [(0x00, 2), (0x40, 2), (0x80, 2), (0xC0, 1)] {
                for checksum in [0, 2] {
                    let second = if checksum == 0 { second } else { second & !1 };
                    let fields = fields(is_mpeg_1, channels);
                    let length: usize = fields.iter().map(|(_, bits)| bits).sum();
                    assert_eq!(length, 8 * side_information(is_mpeg_1, fourth));
                    let ones = |wanted: &[&str], index: usize| {
                        let mut frame = vec![0xFF, second, 0x50, fourth];
                        frame.resize(4 + checksum + length / 8 + 20, 0);
                        let (mut at, mut seen) = (8 * (4 + checksum), 0);
                        for (name, bits) in &fields {
                            seen += usize::from(*name == "length");
                            if wanted.contains(name) && seen == index + 1 {
                                frame[at / 8] |= 0x80 >> (at % 8);
                            }
                            at += bits;
                        }
                        has_mixed_blocks(&frame)
                    };
                    for index in 0..channels * if is_mpeg_1 { 2 } else { 1 } {
                        assert!(ones(&["switched", "mixed"], index));
                        assert!(!ones(&["switched"], index) && !ones(&["mixed"], index));
                        let others = ["length", "big values", "gain", "kind", "tables", "gains"];
                        assert!(!ones(&others, index));
                    }
                }
            }
        }
    }
}
