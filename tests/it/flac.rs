//! FLAC: frames, where only the frames themselves tell their place and format.

use sordino::Error;

use crate::elementary::{muted, undeclared};
use crate::support::*;

/// The metadata, signature included, and the frames.
fn parts(flac: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut at = 4;
    let mut last = false;
    while !last {
        last = flac[at] & 0x80 != 0;
        at += 4 + u32::from_be_bytes([0, flac[at + 1], flac[at + 2], flac[at + 3]]) as usize;
    }
    // There are fewer than 128 frames, so that numbers have one byte.
    let (metadata, mut rest) = flac.split_at(at);
    let mut frames = Vec::new();
    for number in 1.. {
        let is_next = |at: usize| {
            let here = &rest[at..];
            here.starts_with(&[0xFF, 0xF8])
                && here[4] == number
                && sum(&rest[..at], 0x8005, 16) == 0
        };
        let Some(end) = (5..rest.len() - 5).find(|&at| is_next(at)) else { break };
        frames.push(rest[..end].to_vec());
        rest = &rest[end..];
    }
    frames.push(rest.to_vec());
    assert!(frames.iter().all(|frame| sum(frame, 0x8005, 16) == 0));
    (metadata.to_vec(), frames)
}

/// A CRC of `width` bits with this polynomial.
fn sum(bytes: &[u8], polynomial: u32, width: u32) -> u32 {
    let (top, mask) = (1 << (width - 1), (1 << width) - 1);
    bytes.iter().fold(0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << (width - 8), |sum, _| {
            (sum << 1 ^ if sum & top == 0 { 0 } else { polynomial }) & mask
        })
    })
}

/// The same frame with an edited header and correct checksums.
fn with_header(frame: &[u8], edit: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut frame = frame.to_vec();
    // The number has one byte. The last frame has its length after it.
    let header = 5 + match frame[2] >> 4 {
        6 => 1,
        7 => 2,
        _ => 0,
    };
    edit(&mut frame[..header]);
    frame[header] = sum(&frame[..header], 7, 8) as u8;
    let end = frame.len() - 2;
    let checksum = sum(&frame[..end], 0x8005, 16) as u16;
    frame[end..].copy_from_slice(&checksum.to_be_bytes());
    frame
}

fn joined(metadata: &[u8], frames: &[Vec<u8>]) -> Vec<u8> {
    [metadata, &frames.concat()].concat()
}

#[test]
fn a_flac_of_unknown_length_has_all_its_frames() {
    let call = fixture_bytes("call.flac");
    assert!(muted(undeclared(call.clone())).unwrap() == muted(call.clone()).unwrap());
    let (metadata, frames) = parts(&undeclared(call));
    // Without the last frame it is a shorter recording. With a part of it, it is cut off.
    let less = joined(&metadata, &frames[..frames.len() - 1]);
    let samples = data_of(&muted(less.clone()).unwrap()).len() / 4;
    assert_eq!(samples, (frames.len() - 1) * 4096);
    for part in [1, 2, 5, frames[frames.len() - 1].len() - 1] {
        let cut = [less.as_slice(), &frames[frames.len() - 1][..part]].concat();
        let error = muted(cut).unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }), "{part} bytes: {error}");
    }
}

/// The checksum of a frame stays correct when whole frames are appended. symphonia appends what
/// differs from the first frame to the frame before.
#[test]
fn a_flac_that_changes_in_the_middle_is_an_error_that_names_the_change() {
    let (metadata, frames) = parts(&fixture_bytes("call.flac"));
    type Edit = fn(&mut [u8]);
    let cases: [(&str, Edit); 3] = [
        ("number of channels, from 2 to 1,", |header| header[3] &= 0x0F),
        ("sample rate, from 8000 to 16000 Hz,", |header| header[2] = header[2] & 0xF0 | 5),
        ("bit depth, from 16 to 24,", |header| header[3] = header[3] & 0xF1 | 0x0C),
    ];
    for (what, edit) in cases {
        let changed: Vec<_> = frames[40..].iter().map(|frame| with_header(frame, edit)).collect();
        let long = vec![changed.concat(); 18].concat();
        assert!(long.len() > 2 << 20, "more than may wait for a packet");
        let tails = [changed.concat(), changed[0].clone(), long, changed[..1].concat()];
        for (count, tail) in tails.into_iter().enumerate() {
            // The last one changes back to the first format.
            let later = if count == 3 { &frames[41..] } else { &[] };
            for head in [metadata.clone(), undeclared(metadata.clone())] {
                let flac = [joined(&head, &frames[..40]), tail.clone(), later.concat()].concat();
                let error = muted(flac).unwrap_err().to_string();
                let expected = format!("a FLAC that changes its {what} is not supported");
                assert_eq!(error, expected, "{count}");
            }
        }
    }
}

/// A frame is missing, repeated, or swapped with another.
#[test]
fn frames_that_are_out_of_order_are_an_error() {
    let (metadata, frames) = parts(&undeclared(fixture_bytes("call.flac")));
    let count = frames.len();
    for order in [vec![0, 1, 3], vec![0, 1, 1, 2], vec![0, 2, 1, 3], vec![1, 2, 3]] {
        let later = *order.iter().max().unwrap() + 1..count;
        let order: Vec<_> = order.into_iter().chain(later).map(|at| frames[at].clone()).collect();
        assert!(muted(joined(&metadata, &order)).is_err());
    }
    // The same at the end, where symphonia stops earlier.
    let (last, before) = (frames[count - 1].clone(), frames[count - 2].clone());
    for end in [vec![last.clone(), last.clone()], vec![last.clone(), before]] {
        let all = [frames[..count - 2].to_vec(), end].concat();
        assert!(muted(joined(&metadata, &all)).is_err());
    }
}
