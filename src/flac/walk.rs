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
