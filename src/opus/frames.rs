//! The frames of one stream of a packet (RFC 6716, 3).

use super::Refusal;

/// Frames at 48 kHz in a millisecond.
const MILLI: u32 = 48;

/// The longest packet: 120 ms at 48 kHz.
const LONGEST: u32 = 120 * MILLI;

/// The most bytes of a frame.
const LARGEST: usize = 1275;

const NOT_OPUS: Refusal = "a packet that is not Opus";

/// The part of a packet that belongs to one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frames<'a> {
    /// The byte that says how the frames are coded, and how long each is.
    pub(super) toc: u8,
    pub(super) frames: Vec<&'a [u8]>,
    pub(super) padding: &'a [u8],
}

/// The length of one frame at 48 kHz.
pub(super) fn frame_length(toc: u8) -> u32 {
    match toc >> 3 {
        config @ 0..12 => [10, 20, 40, 60][usize::from(config & 3)] * MILLI,
        config @ 12..16 => [10, 20][usize::from(config & 1)] * MILLI,
        config => [120, 240, 480, 960][usize::from(config & 3)],
    }
}

/// The length of a packet at 48 kHz, by its first two bytes; 0 if they are missing.
pub(crate) fn length(packet: &[u8]) -> u32 {
    let Some(&toc) = packet.first() else { return 0 };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |flags| u32::from(flags & 0x3F)),
    };
    frame_length(toc) * count
}

impl<'a> Frames<'a> {
    /// Splits the frames off a packet, and returns the bytes behind them. `delimited`: other streams
    /// follow, so the last length is there too (RFC 6716, appendix B).
    ///
    /// # Errors
    /// The bytes are not what the specification demands.
    pub(super) fn split(packet: &'a [u8], delimited: bool) -> Result<(Self, &'a [u8]), Refusal> {
        let (&toc, mut rest) = packet.split_first().ok_or("an empty Opus packet")?;
        let (mut count, mut padding, mut equal) = (1, 0, true);
        match toc & 3 {
            0 => {}
            1 => count = 2,
            2 => (count, equal) = (2, false),
            _ => {
                let flags = byte(&mut rest)?;
                (count, equal) = (usize::from(flags & 0x3F), flags & 0x80 == 0);
                if flags & 0x40 != 0 {
                    padding = padding_length(&mut rest)?;
                }
            }
        }
        let total = u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(frame_length(toc));
        if count == 0 || total > LONGEST {
            return Err(NOT_OPUS);
        }
        // Of frames of different sizes all but the last have a length.
        let coded = if equal { 0 } else { count - 1 } + usize::from(delimited);
        let mut sizes = Vec::with_capacity(count);
        for _ in 0..coded {
            sizes.push(frame_size(&mut rest)?);
        }
        if !delimited {
            let known: usize = sizes.iter().sum();
            let left = rest.len().checked_sub(known + padding).ok_or(NOT_OPUS)?;
            let share = if equal { count } else { 1 };
            if left % share != 0 {
                return Err(NOT_OPUS);
            }
            sizes.push(left / share);
        }
        if equal {
            sizes.resize(count, sizes[0]);
        }
        let mut frames = Vec::with_capacity(count);
        for size in sizes {
            let (frame, after) = rest.split_at_checked(size).ok_or(NOT_OPUS)?;
            if size > LARGEST {
                return Err(NOT_OPUS);
            }
            frames.push(frame);
            rest = after;
        }
        let (padding, rest) = rest.split_at_checked(padding).ok_or(NOT_OPUS)?;
        Ok((Self { toc, frames, padding }, rest))
    }

    /// The length of all frames at 48 kHz.
    pub(super) fn length(&self) -> u32 {
        // There are at most 48 of them.
        frame_length(self.toc) * u32::try_from(self.frames.len()).unwrap_or(0)
    }
}

fn byte(rest: &mut &[u8]) -> Result<u8, Refusal> {
    let (&first, after) = rest.split_first().ok_or(NOT_OPUS)?;
    *rest = after;
    Ok(first)
}

/// A length of one or two bytes.
fn frame_size(rest: &mut &[u8]) -> Result<usize, Refusal> {
    let first = usize::from(byte(rest)?);
    let more = if first < 252 { 0 } else { usize::from(byte(rest)?) };
    Ok(first + 4 * more)
}

/// A byte of 255 stands for 254 bytes of padding, and another length follows.
fn padding_length(rest: &mut &[u8]) -> Result<usize, Refusal> {
    let mut sum = 0;
    loop {
        let length = byte(rest)?;
        sum += usize::from(length.min(254));
        if length < 255 {
            return Ok(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(packet: &[u8], delimited: bool) -> Result<(Vec<usize>, usize, usize), Refusal> {
        let (frames, rest) = Frames::split(packet, delimited)?;
        let sizes = frames.frames.iter().map(|frame| frame.len()).collect();
        Ok((sizes, frames.padding.len(), rest.len()))
    }

    #[test]
    fn each_code_is_split_as_the_specification_says() {
        assert_eq!(sizes(&[0x48, 1, 2, 3], false), Ok((vec![3], 0, 0)), "code 0");
        assert_eq!(sizes(&[0x48], false), Ok((vec![0], 0, 0)), "nothing sent");
        assert_eq!(sizes(&[0x49, 1, 2, 3, 4], false), Ok((vec![2, 2], 0, 0)), "code 1");
        assert_eq!(sizes(&[0x4A, 1, 9, 8, 7], false), Ok((vec![1, 2], 0, 0)), "code 2");
        assert_eq!(sizes(&[0x4B, 3, 1, 2, 3], false), Ok((vec![1; 3], 0, 0)), "code 3");
        let padded = [0x4B, 0x42, 3, 1, 2, 0, 0, 0];
        assert_eq!(sizes(&padded, false), Ok((vec![1; 2], 3, 0)), "code 3, padded");
        let mut long = vec![0x4B, 0x41, 255, 1, 7];
        long.resize(5 + 255, 0);
        assert_eq!(sizes(&long, false), Ok((vec![1], 255, 0)), "254 + 1 bytes of padding");
        let variable = [0x4B, 0xC3, 1, 1, 2, 9, 8, 7, 6, 0];
        assert_eq!(sizes(&variable, false), Ok((vec![1, 2, 1], 1, 0)), "code 3, variable, padded");
    }

    #[test]
    fn each_code_with_its_own_length_leaves_the_next_stream() {
        let next = [0x48, 5];
        let split = |packet: &[u8]| sizes(&[packet, &next].concat(), true);
        assert_eq!(split(&[0x48, 1, 9]), Ok((vec![1], 0, 2)), "code 0");
        assert_eq!(split(&[0x49, 1, 9, 8]), Ok((vec![1; 2], 0, 2)), "code 1");
        assert_eq!(split(&[0x4A, 1, 2, 9, 8, 7]), Ok((vec![1, 2], 0, 2)), "code 2");
        assert_eq!(split(&[0x4B, 2, 1, 9, 8]), Ok((vec![1; 2], 0, 2)), "code 3");
        assert_eq!(
            split(&[0x4B, 0xC2, 1, 1, 2, 9, 8, 7, 0]),
            Ok((vec![1, 2], 1, 2)),
            "code 3, variable, padded"
        );
        let long = [&[0x48, 252, 1][..], &[3; 256]].concat();
        assert_eq!(split(&long), Ok((vec![256], 0, 2)), "two bytes of length");
    }

    #[test]
    fn what_the_specification_forbids_is_no_packet() {
        for (packet, why) in [
            (&[][..], "empty"),
            (&[0x49, 1], "two frames of half a byte"),
            (&[0x4A], "no length"),
            (&[0x4A, 9, 1], "a length past the end"),
            (&[0x4B], "no count"),
            (&[0x4B, 0], "no frame"),
            (&[0x4B, 7], "140 ms"),
            (&[0x83, 49], "122.5 ms"),
            (&[0x4B, 0x42, 9, 1, 2], "padding past the end"),
            (&[0x4B, 3, 1, 2], "three frames of a part of a byte"),
        ] {
            assert!(Frames::split(packet, false).is_err(), "{why}");
        }
        let large = [&[0x48][..], &[1; 1276]].concat();
        assert!(Frames::split(&large, false).is_err(), "a frame of 1,276 bytes");
        assert!(Frames::split(&[0x48, 3, 1], true).is_err(), "a length past the end");
    }

    #[test]
    fn the_first_bytes_of_a_packet_give_its_length() {
        assert_eq!(length(&[16 << 3 | 3, 0xC0 | 48]), 48 * 120);
        assert_eq!((length(&[9 << 3 | 1]), length(&[]), length(&[3])), (1920, 0, 0));
    }

    #[test]
    fn a_frame_is_as_long_as_its_first_byte_says() {
        let tenths: Vec<u32> =
            (0..32).map(|config| frame_length(config << 3) * 10 / MILLI).collect();
        let silk = [100, 200, 400, 600];
        let celt = [25, 50, 100, 200];
        let all = [&silk[..], &silk, &silk, &[100, 200, 100, 200], &celt, &celt, &celt, &celt];
        assert_eq!(tenths, all.concat());
    }
}
