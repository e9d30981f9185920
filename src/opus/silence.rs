//! Packets of silence.
//!
//! In: a packet. Out: one of the same length without any of its sound: every frame is a CELT frame whose
//! first bit says that it is silent. It is decoded to zeros, whatever came before, except for 5 ms in which a
//! decoder fades what came before out; and its decoding leaves no state in which a later packet could find
//! anything, because a change between SILK and CELT resets the one, and CELT's own memory is zeros then.
//! All of its bytes follow from the length, the bandwidth and the channels of the packet, so that not even
//! the size of the packet is kept: sizes tell what was said.

use super::Refusal;
use super::frames::frame_length;
use super::packet::Packet;

/// The bits of a silent CELT frame.
const SILENT: [u8; 2] = [0xFF, 0xFE];

/// Flags of the byte that counts frames.
const PADDED: u8 = 0x40;

/// The first byte of the silent frames that take the place of frames with this first byte, and how many
/// of them stand for one.
fn celt(toc: u8) -> (u8, usize) {
    let stereo = toc & 4;
    let config = toc >> 3;
    // Narrow, wide, super-wide and full band have four configurations each, from 2.5 to 20 ms.
    let (band, count) = match config {
        0..4 => (0, 1),
        // Middle band, which CELT lacks, and wide band.
        4..12 => (1, 1),
        12..14 => (2, 1),
        14..16 => (3, 1),
        16..=u8::MAX => return (toc & !3, 1),
    };
    let (length, count) = match frame_length(toc) {
        480 => (2, count),
        longer => (3, usize::try_from(longer / 960).unwrap_or(0) * count),
    };
    ((16 + band * 4 + length) << 3 | stereo, count)
}

/// The packet of silence that takes the place of this one, of at least `least` bytes.
///
/// # Errors
/// The packet is not understood.
pub(crate) fn silence(packet: &[u8], streams: u8, least: usize) -> Result<Vec<u8>, Refusal> {
    let packet = Packet::parse(packet, streams)?;
    let mut bytes = Vec::new();
    for (index, stream) in packet.streams.iter().enumerate() {
        let (toc, times) = celt(stream.toc);
        let count = stream.frames.len() * times;
        let is_last = index + 1 == packet.streams.len();
        let plain = bytes.len() + 1 + usize::from(count > 2) + count * SILENT.len();
        let padding = least.saturating_sub(plain).min(if is_last { least } else { 0 });
        // There are at most 48 frames.
        let counted = u8::try_from(count).unwrap_or(0);
        match counted {
            1 | 2 if padding == 0 => bytes.push(toc | (counted - 1)),
            _ => bytes.extend([toc | 3, counted | if padding > 0 { PADDED } else { 0 }]),
        }
        if padding > 0 {
            // Each byte of 255 stands for 254 bytes.
            bytes.resize(bytes.len() + padding / 254, 255);
            bytes.extend(u8::try_from(padding % 254));
        }
        if !is_last {
            bytes.extend(u8::try_from(SILENT.len()));
        }
        bytes.extend(SILENT.repeat(count));
        bytes.resize(bytes.len() + padding, 0);
    }
    Ok(bytes)
}

/// Whether a packet is one that [`silence`] makes: it can hold no sound.
pub(crate) fn is_silence(packet: &[u8], streams: u8) -> bool {
    let is_celt = |toc: u8| toc >> 3 >= 16;
    Packet::parse(packet, streams).is_ok_and(|packet| {
        packet
            .streams
            .iter()
            .all(|stream| is_celt(stream.toc) && stream.frames.iter().all(|&frame| frame == SILENT))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every first byte, with every number of frames that it may have.
    fn all() -> impl Iterator<Item = Vec<u8>> {
        (0..=255u8).flat_map(|toc| {
            let most = u8::try_from(5760 / frame_length(toc)).unwrap();
            let counted = (1..=most)
                .map(move |count| [&[toc | 3, count][..], &vec![7; usize::from(count)]].concat());
            let plain = [vec![toc & !3, 9], vec![toc & !3 | 1, 9, 9], vec![toc & !3 | 2, 1, 9, 9]];
            let plain = plain.into_iter().filter(move |packet| packet[0] & 3 == 0 || most > 1);
            plain.chain(counted)
        })
    }

    #[test]
    fn silence_is_as_long_as_what_it_replaces_and_has_its_channels() {
        for packet in all() {
            let before = Packet::parse(&packet, 1).unwrap();
            for least in [0, 5, 256, 700] {
                let made = silence(&packet, 1, least).unwrap();
                let after = Packet::parse(&made, 1).unwrap();
                assert_eq!(before.length(), after.length(), "{packet:?}");
                assert_eq!(made[0] & 4, packet[0] & 4, "{packet:?}");
                assert!(is_silence(&made, 1) && made.len() >= least, "{packet:?}");
                assert!(!is_silence(&packet, 1));
            }
        }
    }

    #[test]
    fn silence_in_several_streams_has_their_lengths() {
        let packet = [&[0x48 | 4, 2, 9, 9][..], &[0x41, 1, 9, 9], &[0xF8, 8, 8]].concat();
        for least in [0, 300] {
            let made = silence(&packet, 3, least).unwrap();
            assert!(is_silence(&made, 3) && made.len() >= least);
            assert!(!is_silence(&made, 2) && !is_silence(&made, 1));
        }
        assert!(!is_silence(&packet, 3));
    }

    #[test]
    fn the_size_of_silence_does_not_tell_that_of_the_packet() {
        let short = silence(&[0x48, 1], 1, 0).unwrap();
        assert_eq!(silence(&[&[0x48][..], &[3; 900]].concat(), 1, 0).unwrap(), short);
        assert_eq!(silence(&[0x48], 1, 0).unwrap(), short, "nothing was sent");
    }

    /// A decoder that has just heard something else, and a fresh one, make zeros of it.
    #[test]
    fn silence_is_decoded_to_zeros() {
        for packet in all().filter(|packet| packet.len() < 9) {
            let made = silence(&packet, 1, 0).unwrap();
            let mut decoder = ropus::OpusMSDecoder::new(48_000, 2, 1, 1, &[0, 1]).unwrap();
            let mut samples = vec![1i16; 5760 * 2];
            let length = i32::try_from(made.len()).unwrap();
            let frames = decoder.decode(Some(&made), length, &mut samples, 5760, false).unwrap();
            let frames = usize::try_from(frames).unwrap();
            assert_eq!(
                frames,
                usize::try_from(Packet::parse(&packet, 1).unwrap().length()).unwrap()
            );
            assert!(samples[..frames * 2].iter().all(|&sample| sample == 0), "{packet:?}");
        }
    }
}
