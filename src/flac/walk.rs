//! The length of a frame, which its header does not give (RFC 9639, 9.2). No sample is made.

use super::frame::FrameHeader;
use super::head::StreamInfoBlock;

/// Bytes of the CRC-16 at the end of a frame.
const CHECKSUM: u64 = 2;

/// Bits that a look ahead has at least.
const AHEAD: u64 = 56;

/// The length of the frame at the beginning of `bytes`, its checksum included, in a stream with these
/// properties. `None` if it is invalid or cut off. The checksum is not checked.
pub(crate) fn frame_length(bytes: &[u8], info: &StreamInfoBlock) -> Option<usize> {
    let header = FrameHeader::parse(bytes)?;
    let bits = header.bits.unwrap_or(info.bits);
    // The channel that holds a difference has one bit more (RFC 9639, 9.1.3).
    let side = match bytes.get(3)? >> 4 {
        8 | 10 => Some(1),
        9 => Some(0),
        _ => None,
    };
    let mut walk = Walk { bytes, at: header.length as u64 * 8 };
    for channel in 0..header.channels {
        let more = u64::from(side == Some(channel));
        walk.subframe(u64::from(bits) + more, header.frames.into())?;
    }
    let length = usize::try_from(walk.at.div_ceil(8) + CHECKSUM).ok()?;
    (length <= bytes.len()).then_some(length)
}

/// A place in a frame.
struct Walk<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: u64,
}

impl Walk<'_> {
    /// The next bits, the first one on top: at least [`AHEAD`], zeros after the end.
    fn ahead(&self) -> u64 {
        let rest = usize::try_from(self.at / 8).ok().and_then(|at| self.bytes.get(at..));
        let rest = rest.unwrap_or_default();
        let bytes = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut last = [0; 8];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            last
        });
        u64::from_be_bytes(bytes) << (self.at % 8)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.at += count;
        (self.at <= self.bytes.len() as u64 * 8).then_some(())
    }

    /// A number of 1 to 8 bits.
    fn take(&mut self, count: u64) -> Option<u64> {
        let value = self.ahead() >> (64 - count);
        self.skip(count)?;
        Some(value)
    }

    /// The number of zeros before the next one, which is passed too.
    fn zeros(&mut self) -> Option<u64> {
        let mut count = 0;
        loop {
            let zeros = u64::from(self.ahead().leading_zeros());
            if zeros < AHEAD {
                self.skip(zeros + 1)?;
                return Some(count + zeros);
            }
            self.skip(AHEAD)?;
            count += AHEAD;
        }
    }

    /// Passes one channel, of `bits` bits a sample.
    fn subframe(&mut self, bits: u64, frames: u64) -> Option<()> {
        let head = self.take(8)?;
        let wasted = if head & 1 == 1 { self.zeros()? + 1 } else { 0 };
        let bits = bits.checked_sub(wasted).filter(|&bits| bits > 0)?;
        // The first bit is zero (RFC 9639, 9.2.1).
        let kind = head >> 1;
        let order = match kind {
            0 => return self.skip(bits),
            1 => return self.skip(bits * frames),
            8..=12 => kind - 8,
            32..64 => kind - 31,
            _ => return None,
        };
        self.skip(order * bits)?;
        if kind >= 32 {
            let precision = self.take(4)? + 1;
            // A precision of 16 and a negative shift are forbidden (RFC 9639, 9.2.6).
            if precision == 16 || self.take(5)? >= 16 {
                return None;
            }
            self.skip(order * precision)?;
        }
        self.residual(order, frames)
    }

    /// Passes the coded residual of a predictor (RFC 9639, 9.2.7).
    fn residual(&mut self, order: u64, frames: u64) -> Option<()> {
        let width = match self.take(2)? {
            0 => 4,
            1 => 5,
            _ => return None,
        };
        let partitions = 1 << self.take(4)?;
        if !frames.is_multiple_of(partitions) {
            return None;
        }
        let each = frames / partitions;
        // The first one lacks the samples that begin the prediction.
        let mut count = each.checked_sub(order)?;
        for _ in 0..partitions {
            let parameter = self.take(width)?;
            if parameter == (1 << width) - 1 {
                let bits = self.take(5)?;
                self.skip(bits * count)?;
            } else {
                for _ in 0..count {
                    self.zeros()?;
                    self.at += parameter;
                }
                self.skip(0)?;
            }
            count = each;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{crc16, metadata_length};
    use super::*;

    /// The call, its streaminfo block and its frames.
    fn call() -> (StreamInfoBlock, Vec<u8>) {
        let bytes = std::fs::read("fixtures/call.flac").unwrap();
        let info = StreamInfoBlock::parse(&bytes).unwrap();
        (info, bytes[metadata_length(&bytes)..].to_vec())
    }

    #[test]
    fn frames_follow_each_other_to_the_end() {
        let (info, bytes) = call();
        let (mut at, mut samples) = (0, 0);
        while at < bytes.len() {
            samples += u64::from(FrameHeader::parse(&bytes[at..]).unwrap().frames);
            let length = frame_length(&bytes[at..], &info).unwrap();
            assert_eq!(crc16(&bytes[at..at + length]), 0, "the frame at {at}");
            assert_eq!(frame_length(&bytes[at..at + length - 1], &info), None, "cut off");
            at += length;
        }
        assert_eq!((at, samples), (bytes.len(), info.frames));
    }

    /// Their checksum is right: it stays so when something with a checksum of its own is appended.
    #[test]
    fn what_follows_is_no_part_of_a_frame() {
        let (info, bytes) = call();
        let length = frame_length(&bytes, &info).unwrap();
        let text = b"four one one one";
        let sum = crc16(text).to_be_bytes();
        let with_text = [&bytes[..length], text, &sum].concat();
        let with_zeros = [&bytes[..length], &[0; 9]].concat();
        let two = [&bytes[..length], &bytes[..length]].concat();
        for more in [with_text, with_zeros, two] {
            assert_eq!((crc16(&more), frame_length(&more, &info)), (0, Some(length)));
        }
    }

    /// Reserved: kinds of subframe, ways to code a residual (RFC 9639, 9.2.1 and 9.2.7).
    #[test]
    fn what_is_reserved_has_no_length() {
        let (info, bytes) = call();
        let at = FrameHeader::parse(&bytes).unwrap().length;
        for kind in (2..8).chain(13..32).chain(64..128) {
            let mut reserved = bytes.clone();
            reserved[at] = kind << 1;
            assert_eq!(frame_length(&reserved, &info), None, "kind {kind}");
        }
        // A constant of value 0, then nothing: the shortest.
        let mut constant = bytes[..at].to_vec();
        constant.extend([0; 16]);
        assert!(frame_length(&constant, &info).is_some_and(|length| length < constant.len()));
        // A fixed predictor of order 0, and a method of 2 or 3.
        for method in [0x80, 0xC0] {
            let mut reserved = [&bytes[..at], &[8 << 1, method]].concat();
            reserved.extend([0; 4096]);
            assert_eq!(frame_length(&reserved, &info), None);
        }
    }
}
