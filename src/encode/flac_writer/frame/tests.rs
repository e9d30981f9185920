//! What the encoder writes is what symphonia reads.

#![allow(clippy::cast_possible_truncation, reason = "test data is small")]
#![allow(clippy::cast_sign_loss, reason = "test data is small")]

use proptest::prelude::*;

use super::*;
use crate::block::{Block, Samples};
use crate::decode::{Decoder, Source};
use crate::flac::{Head, StreamInfoBlock};

/// A header of a frame, by the variable strategy, with its length in 16 bits.
fn header(first: u64, frames: usize, channels: usize, bits: u32) -> Vec<u8> {
    let code = match bits {
        8 => 1,
        12 => 2,
        16 => 4,
        20 => 5,
        24 => 6,
        _ => 0,
    };
    let mut header = vec![0xFF, 0xF9, 0x74, (channels as u8 - 1) << 4 | code << 1];
    // A number of at most 21 bits, as in UTF-8.
    header.extend([
        0xE0 | (first >> 12) as u8,
        0x80 | (first >> 6 & 63) as u8,
        0x80 | (first & 63) as u8,
    ]);
    header.extend((frames as u16 - 1).to_be_bytes());
    header.push(crc8(&header));
    header
}

/// Encodes blocks of interleaved samples, and decodes the file that they make.
fn there_and_back(blocks: &[Vec<i32>], channels: usize, bits: u32) -> (Vec<i32>, usize) {
    let info = StreamInfoBlock {
        blocks: (16, 65_535),
        rate: 8000,
        channels: channels as u8,
        bits: bits as u8,
        ..StreamInfoBlock::default()
    };
    let mut file = Head { info, points: Vec::new(), serial: None }.bytes();
    let mut first = 0;
    for block in blocks {
        let frames = block.len() / channels;
        let header = header(first, frames, channels, bits);
        let parsed = FrameHeader::parse(&header).unwrap();
        assert_eq!(
            (parsed.number, parsed.frames as usize, parsed.length),
            (first, frames, header.len())
        );
        let split: Vec<Vec<i32>> = (0..channels)
            .map(|channel| block.iter().skip(channel).step_by(channels).copied().collect())
            .collect();
        let frame = encode(&header, &parsed, &split, bits);
        assert_eq!(crc16(&frame), 0);
        file.extend(frame);
        first += frames as u64;
    }
    let size = file.len();
    let mut decoder = Decoder::open(Source::stream(std::io::Cursor::new(file))).unwrap();
    let info = decoder.stream_info().clone();
    let shift = u32::from(info.format.bytes()) * 8 - bits;
    let mut block = Block::new(info.format, info.channels);
    let mut samples = Vec::new();
    while decoder.next(&mut block).unwrap() {
        match block.samples() {
            Samples::I16(all) => samples.extend(all.iter().map(|&one| i32::from(one) >> shift)),
            Samples::I32(all) => samples.extend(all.iter().map(|&one| one >> shift)),
            _ => unreachable!("FLAC has integers"),
        }
    }
    (samples, size)
}

#[test]
fn extremes_of_every_depth_come_back() {
    for bits in [8, 12, 16, 20, 24] {
        let (low, high) = (-1 << (bits - 1), (1 << (bits - 1)) - 1);
        let shapes: [fn(i32, i32, i32) -> i32; 5] = [
            |_, low, _| low,
            |n, low, high| if n % 2 == 0 { low } else { high },
            |n, low, high| if n % 1000 == 7 { high } else { low + n },
            |n, _, high| (n * 7919) % high,
            |n, _, _| n / 3,
        ];
        for shape in shapes {
            for frames in [16, 17, 576, 4608, 65_535] {
                let block: Vec<i32> =
                    (0..frames).map(|n| shape(n, low, high).clamp(low, high)).collect();
                let (back, size) = there_and_back(std::slice::from_ref(&block), 1, bits);
                assert!(back == block, "{bits} bits, {frames} frames");
                assert!(
                    size <= 42 + 20 + frames as usize * bits as usize / 8,
                    "never above verbatim"
                );
            }
        }
    }
}

/// Digital silence is a few bytes, and a slow wave much less than its samples.
#[test]
fn what_is_simple_is_short() {
    let (_, silence) = there_and_back(&[vec![0; 8192]], 2, 16);
    assert!(silence < 42 + 20, "{silence} bytes");
    let wave: Vec<i32> = (0..4096).map(|n: i32| (n % 200 - 100) * 40).collect();
    let (_, size) = there_and_back(&[wave], 1, 16);
    assert!(size < 4096, "{size} bytes");
}

proptest! {
    #[test]
    fn any_samples_come_back(
        bits in prop::sample::select(vec![8u32, 12, 16, 20, 24]),
        channels in 1usize..=8,
        loudness in prop::collection::vec(0u32..25, 1..6),
        lengths in prop::collection::vec(16usize..700, 1..5),
        seed: u32,
    ) {
        let mut state = seed;
        let mut any = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.cast_signed()
        };
        let mut sum = 0_i32;
        let blocks: Vec<Vec<i32>> = lengths.iter().map(|&frames| {
            (0..frames * channels).map(|n| {
                // Noise, whose loudness changes, around a slow wave.
                let loud = loudness[n / 97 % loudness.len()].min(bits);
                sum = if n % 500 == 0 { 0 } else { sum + (any() >> 30) };
                let noise = if loud == 0 { 0 } else { any() >> (32 - loud) };
                noise.saturating_add(sum).clamp(-1 << (bits - 1), (1 << (bits - 1)) - 1)
            }).collect()
        }).collect();
        let (back, _) = there_and_back(&blocks, channels, bits);
        prop_assert!(back == blocks.concat());
    }
}
