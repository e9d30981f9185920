//! The encoder of one frame (RFC 9639, 9). It is small rather than clever: each channel on its own, as a
//! constant, by a fixed predictor with Rice codes, or verbatim.
//!
//! In: samples, and the header of the frame that they replace. Out: a frame of the same number, block
//! size, rate and bit depth.

use super::bits::BitWriter;
use super::rice::Partitions;
use crate::flac::{FrameHeader, crc8, crc16};

/// Types of subframes (RFC 9639, 9.2.1), and the bit of the lowest that none uses here.
const CONSTANT: u32 = 0;
const VERBATIM: u32 = 1;
const FIXED: u32 = 8;

/// The highest order of a fixed predictor.
const MAX_ORDER: usize = 4;

/// Encodes a frame of `bits` bits a sample. `channels` holds the samples of each channel; `header` begins
/// with the header of the frame that is replaced, `parsed`.
pub(super) fn encode(
    header: &[u8],
    parsed: &FrameHeader,
    channels: &[Vec<i32>],
    bits: u32,
) -> Vec<u8> {
    let mut frame = header[..parsed.length - 1].to_vec();
    // The channels stand for themselves, also where those of the old frame were left/side and so on.
    let assignment = parsed.channels - 1;
    frame[3] = assignment << 4 | frame[3] & 0x0F;
    frame.push(crc8(&frame));
    let mut writer = BitWriter::after(frame);
    for samples in channels {
        subframe(samples, bits, &mut writer);
    }
    let mut frame = writer.finish();
    frame.extend(crc16(&frame).to_be_bytes());
    frame
}

/// Appends the samples of one channel.
fn subframe(samples: &[i32], bits: u32, writer: &mut BitWriter) {
    let kind = |kind: u32| kind << 1;
    let Some((&first, others)) = samples.split_first() else { return };
    if others.iter().all(|&other| other == first) {
        writer.put(kind(CONSTANT), 8);
        writer.put_signed(first, bits);
        return;
    }
    let (order, residual) = predicted(samples);
    let partitions = Partitions::best(&residual, order);
    let warm_up = order as u64 * u64::from(bits);
    if warm_up + partitions.bits >= samples.len() as u64 * u64::from(bits) {
        writer.put(kind(VERBATIM), 8);
        samples.iter().for_each(|&sample| writer.put_signed(sample, bits));
        return;
    }
    writer.put(kind(FIXED) + kind(u32::try_from(order).unwrap_or(0)), 8);
    samples[..order].iter().for_each(|&sample| writer.put_signed(sample, bits));
    partitions.write(&residual, order, writer);
}

/// The order of the fixed predictor that leaves the least, and what it leaves after the first `order`
/// samples (RFC 9639, 9.2.5): the differences of that order.
fn predicted(samples: &[i32]) -> (usize, Vec<i32>) {
    // Samples have at most 24 bits, so differences of order 4 have at most 28.
    let mut best = (0, samples.to_vec());
    let mut least = size(samples);
    let mut differences = samples.to_vec();
    for order in 1..=MAX_ORDER.min(samples.len() - 1) {
        differences = differences.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let size = size(&differences);
        if size < least {
            least = size;
            best = (order, differences.clone());
        }
    }
    best
}

fn size(residual: &[i32]) -> u64 {
    residual.iter().map(|&one| u64::from(one.unsigned_abs())).sum()
}

#[cfg(test)]
mod tests;
