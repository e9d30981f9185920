//! The self-check finds every mistake, and nothing else.

#![allow(clippy::cast_possible_truncation, reason = "test data is small")]
#![allow(clippy::cast_precision_loss, reason = "test data is small")]

use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use super::wav_check::WavCheck;
use super::*;
use crate::block::{SampleFormat, Samples};
use crate::encode::{BackgroundWriter, Output, Target};
use crate::treatment::Treater;
use crate::window::{Window, Windows};

const FORMATS: [SampleFormat; 7] = [
    SampleFormat::U8,
    SampleFormat::S16,
    SampleFormat::S24,
    SampleFormat::S32,
    SampleFormat::F32,
    SampleFormat::ALaw,
    SampleFormat::MuLaw,
];

fn info(format: SampleFormat, rate: u32, channels: u16) -> StreamInfo {
    StreamInfo { container: "wave", codec: "any", rate, channels, format, bits: None, frames: None }
}

/// A block of 8 frames of a loud stereo recording of 90 frames.
fn block(format: SampleFormat, first: u64) -> Block {
    let mut block = Block::new(format, 2);
    block.restart(first);
    let loud = (first * 2..(first + 8).min(90) * 2).map(|n| (n * 7919 % 89) as i32 - 120);
    match &mut block.samples {
        Samples::U8(all) => all.extend(loud.map(|x| x.to_le_bytes()[0])),
        Samples::I16(all) if format == SampleFormat::U8 => all.extend(loud.map(|x| x as i16)),
        Samples::I16(all) => all.extend(loud.map(|x| x as i16 * 250)),
        Samples::I32(all) => all.extend(loud.map(|x| x * 60_000)),
        Samples::F32(all) => all.extend(loud.map(|x| x as f32 / 130.0)),
    }
    block
}

fn windows() -> Windows {
    // At 10 Hz: frames 20 to 30 on both channels, 35 to 41 on the second.
    let window = |start, end| Window::from_seconds(start, end).unwrap();
    Windows::new([window(2.0, 3.0), window(3.5, 4.1).on_channel(1)]).unwrap()
}

/// Redacts. `meddle` changes blocks after their treatment; `turned` flips bits of a byte in the file.
fn redact(
    format: SampleFormat,
    treatment: Treatment,
    meddle: impl Fn(&mut Block),
    turned: (usize, u8),
) -> Result<usize, Error> {
    redact_without(&[], format, treatment, meddle, turned)
}

/// The same, with closed gaps in place of the blocks that start at the frames in `gone`.
fn redact_without(
    gone: &[u64],
    format: SampleFormat,
    treatment: Treatment,
    meddle: impl Fn(&mut Block),
    (place, turn): (usize, u8),
) -> Result<usize, Error> {
    let info = info(format, 10, 2);
    let spans = Spans::new(&windows(), 10, 2)?;
    let mut check = WavCheck::new(treatment, &windows(), &info, None)?;
    let mut treater = Treater::new(treatment, &spans)?;
    let (mut output, _) = BackgroundWriter::new(Spool::anonymous()).unwrap();
    let mut encoder = Output::new(&mut output, &info, Target::Wav)?;
    let mut frames = 0;
    for first in (0..90).step_by(8).filter(|first| !gone.contains(first)) {
        let mut block = block(format, first);
        frames += block.frames() as u64;
        check.decoded(&BlockView::new(&block));
        treater.apply(&mut block);
        meddle(&mut block);
        check.treated(&BlockView::new(&block));
        encoder.write(&block, false)?;
    }
    encoder.finish()?;
    let mut spool = output.into_spool().unwrap();
    let length = spool.seek(SeekFrom::End(0)).unwrap();
    let begin = length - frames * info.frame_bytes();
    let mut whole = Vec::new();
    spool.reader().unwrap().read_to_end(&mut whole).unwrap();
    whole[place] ^= turn;
    spool.seek(SeekFrom::Start(0)).unwrap();
    spool.write_all(&whole).unwrap();
    check.finish(&spool, begin, length).map(|()| whole.len())
}

fn treatments() -> [Treatment; 4] {
    let faded = Treatment::default().with_fade(Duration::from_millis(400));
    [Treatment::default(), Treatment::silence(), Treatment::tone(3).unwrap(), faded]
}

#[test]
fn a_correct_file_passes_and_a_changed_bit_in_any_byte_is_found() {
    for format in FORMATS {
        for treatment in treatments() {
            let length = redact(format, treatment, |_| (), (0, 0)).unwrap();
            // The channel mask of the extensible header is not checked.
            let speakers =
                if length - 90 * 2 * usize::from(format.bytes()) > 58 { 40..44 } else { 0..0 };
            for place in (0..length).filter(|place| !speakers.contains(place)) {
                let result = redact(format, treatment, |_| (), (place, 1 << (place % 8)));
                assert!(matches!(result, Err(Error::SelfCheck { .. })), "{format} {place}");
            }
        }
    }
}

/// Gaps before, inside and after the windows, and over the start of one.
#[test]
fn the_same_holds_with_closed_gaps() {
    let closed = [vec![8, 16], vec![24], vec![16, 24, 40], vec![0, 32, 40], vec![48, 64, 80]];
    for gone in closed {
        for treatment in treatments() {
            let format = SampleFormat::S16;
            let redact = |turned| redact_without(&gone, format, treatment, |_| (), turned);
            let length = redact((0, 0)).unwrap();
            for place in 0..length {
                let result = redact((place, 1 << (place % 8)));
                assert!(matches!(result, Err(Error::SelfCheck { .. })), "{gone:?} {place}");
            }
            // An untreated frame inside a window that is not in a gap.
            let frame =
                [20, 30, 35, 41].into_iter().find(|frame| !gone.contains(&(frame - frame % 8)));
            let Some(frame) = frame else { continue };
            let meddle = |block: &mut Block| set(block, frame, 1, |_| 9000);
            let result = redact_without(&gone, format, treatment, meddle, (0, 0));
            assert!(matches!(result, Err(Error::SelfCheck { .. })), "{gone:?} {frame}");
        }
    }
}

/// What is written is not what was checked before.
#[cfg(target_os = "linux")]
#[test]
fn a_frame_that_changes_on_its_way_to_the_file_is_found_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (info, format) = (info(SampleFormat::S16, 10, 2), SampleFormat::S16);
    let spans = Spans::new(&windows(), 10, 2).unwrap();
    let treatment = Treatment::silence();
    let result = |change: Option<(u64, usize)>, lost: Option<u64>| {
        let spool = Spool::nameless_beside(&folder.path().join("out.wav")).unwrap();
        let (mut output, follower) = BackgroundWriter::new(spool).unwrap();
        assert!(follower.is_some());
        let mut check = WavCheck::new(treatment, &windows(), &info, follower).unwrap();
        let mut treater = Treater::new(treatment, &spans).unwrap();
        let mut encoder = Output::new(&mut output, &info, Target::Wav).unwrap();
        for first in (0..90).step_by(8) {
            let mut block = block(format, first);
            check.decoded(&BlockView::new(&block));
            treater.apply(&mut block);
            check.treated(&BlockView::new(&block));
            if let Some((frame, channel)) = change {
                set(&mut block, frame, channel, |sample| sample ^ 1);
            }
            if lost != Some(first) {
                encoder.write(&block, false).unwrap();
            }
        }
        encoder.finish().unwrap();
        let mut spool = output.into_spool().unwrap();
        let length = spool.seek(SeekFrom::End(0)).unwrap();
        check.finish(&spool, 44, length)
    };
    result(None, None).unwrap();
    for first in (0..90).step_by(8) {
        let result = result(None, Some(first));
        assert!(matches!(result, Err(Error::SelfCheck { .. })), "{first}");
    }
    for frame in 0..90 {
        for channel in 0..2 {
            let result = result(Some((frame, channel)), None);
            assert!(matches!(result, Err(Error::SelfCheck { .. })), "{frame} {channel}");
        }
    }
}

/// Changes a sample, if the frame is in this block.
fn set(block: &mut Block, frame: u64, channel: usize, change: impl Fn(i32) -> i32) {
    if !(block.first()..block.end()).contains(&frame) {
        return;
    }
    let index = (frame - block.first()) as usize * 2 + channel;
    match &mut block.samples {
        Samples::U8(all) => all[index] = change(all[index].into()).to_le_bytes()[0],
        Samples::I16(all) => all[index] = change(all[index].into()) as i16,
        Samples::I32(all) => all[index] = change(all[index]),
        Samples::F32(all) => all[index] += change(0) as f32 / 130.0,
    }
}

#[test]
fn an_untreated_or_needlessly_changed_frame_is_found() {
    for format in FORMATS {
        for treatment in treatments() {
            let (both, second) = (20..=30, 35..=41);
            for frame in 0..90 {
                for channel in 0..2 {
                    let original = block(format, frame - frame % 8);
                    let restore = |now: &mut Block| {
                        if now.first() == original.first() {
                            let index = (frame % 8) as usize * 2 + channel;
                            match (&mut now.samples, original.samples()) {
                                (Samples::U8(now), Samples::U8(was)) => now[index] = was[index],
                                (Samples::I16(now), Samples::I16(was)) => now[index] = was[index],
                                (Samples::I32(now), Samples::I32(was)) => now[index] = was[index],
                                (Samples::F32(now), Samples::F32(was)) => now[index] = was[index],
                                _ => unreachable!("of one format"),
                            }
                        }
                    };
                    let inside = both.contains(&frame) || channel == 1 && second.contains(&frame);
                    // On a ramp a sample may be nearly unchanged.
                    let ramp = (16..46).contains(&frame) && !treatment.fade().is_zero();
                    let result = redact(format, treatment, restore, (0, 0));
                    let found = result.is_err();
                    assert!(found == inside || ramp, "{format} {treatment:?} {frame} {channel}");
                    let louder = |block: &mut Block| set(block, frame, channel, |x| x + 30);
                    assert!(redact(format, treatment, louder, (0, 0)).is_err(), "{format} {frame}");
                }
            }
        }
    }
}

/// Every sample of up to 16 bits, and many wider ones, under many gains.
#[test]
fn no_sample_under_any_gain_is_called_wrong() {
    let mut state = 1u32;
    let mut any = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.cast_signed()
    };
    for format in FORMATS {
        let narrow = format.bytes() == 1;
        let gains = (1..=500).step_by(if narrow { 1 } else { 50 });
        for gain in gains.map(|n| f64::from(n * n) / 250_000.0) {
            let treatment = Treatment::attenuate(gain).unwrap();
            let window = Window::from_seconds(0.0, 1e6).unwrap();
            let windows = Windows::new([window]).unwrap();
            let info = info(format, 10, 1);
            let spans = Spans::new(&windows, 10, 1).unwrap();
            let mut check = WavCheck::new(treatment, &windows, &info, None).unwrap();
            let mut block = Block::new(format, 1);
            match &mut block.samples {
                Samples::U8(all) => all.extend(0..=u8::MAX),
                Samples::I16(all) if format == SampleFormat::U8 => all.extend(-128..=127),
                Samples::I16(all) => all.extend(i16::MIN..=i16::MAX),
                Samples::I32(all) => {
                    let shift = if format == SampleFormat::S24 { 8 } else { 0 };
                    all.extend((0..50_000).map(|n| any() >> (shift + n % 20)));
                    all.extend([i32::MIN >> shift, i32::MAX >> shift]);
                }
                Samples::F32(all) => {
                    all.extend((0..50_000).map(|_| f32::from_bits(any().cast_unsigned())));
                }
            }
            check.decoded(&BlockView::new(&block));
            Treater::new(treatment, &spans).unwrap().apply(&mut block);
            check.treated(&BlockView::new(&block));
            assert_eq!(check.first_wrong(), None, "{format} {gain}");
        }
    }
}

/// A long recording is read back in sections. Every section counts, and so does their order.
#[test]
fn every_section_of_a_long_recording_is_read_back() {
    const FRAMES: usize = 2_500_000;
    let (format, info) = (SampleFormat::U8, info(SampleFormat::U8, 1000, 1));
    // Across the border of the first two sections, at frame 1,048,576.
    let window = Window::from_seconds(1000.0, 1100.0).unwrap();
    let windows = Windows::new([window]).unwrap();
    let spans = Spans::new(&windows, 1000, 1).unwrap();
    let result = |change: &dyn Fn(&mut [u8])| {
        let mut check = WavCheck::new(Treatment::silence(), &windows, &info, None).unwrap();
        let mut treater = Treater::new(Treatment::silence(), &spans).unwrap();
        let (mut output, _) = BackgroundWriter::new(Spool::anonymous()).unwrap();
        let mut encoder = Output::new(&mut output, &info, Target::Wav).unwrap();
        let mut block = Block::new(format, 1);
        for first in (0..FRAMES).step_by(50_000) {
            block.restart(first as u64);
            let Samples::I16(all) = &mut block.samples else { unreachable!("8 bits lie in 16") };
            all.extend((first..first + 50_000).map(|n| (n % 251) as i16 - 125));
            check.decoded(&BlockView::new(&block));
            treater.apply(&mut block);
            check.treated(&BlockView::new(&block));
            encoder.write(&block, false).unwrap();
        }
        encoder.finish().unwrap();
        let mut spool = output.into_spool().unwrap();
        let mut whole = Vec::new();
        spool.reader().unwrap().read_to_end(&mut whole).unwrap();
        change(&mut whole[44..]);
        spool.seek(SeekFrom::Start(0)).unwrap();
        spool.write_all(&whole).unwrap();
        check.finish(&spool, 44, whole.len() as u64)
    };
    result(&|_| ()).unwrap();
    for place in [0, 1_000_000, 1_048_575, 1_048_576, 1_100_001, 2_097_152, FRAMES - 1] {
        assert!(result(&|data| data[place] ^= 1).is_err(), "{place}");
    }
    // Swapped parts of equal length, outside the windows.
    let swapped = result(&|data| {
        let (front, back) = data.split_at_mut(1_500_000);
        front[200_000..210_000].swap_with_slice(&mut back[200_003..210_003]);
    });
    assert!(swapped.is_err());
}

/// A nearly silent sample may be a leak, and -0.0 is not silence.
#[test]
fn silence_is_exact_and_nan_is_not_a_treated_sample() {
    let check = |format, treatment, meddle: &dyn Fn(&mut Block)| {
        redact(format, treatment, |block| meddle(block), (0, 0)).is_err()
    };
    let nearly = |block: &mut Block| match (block.first(), &mut block.samples) {
        (24, Samples::U8(all)) => all[0] ^= 0x80,
        (24, Samples::I16(all)) => all[0] ^= 1,
        (24, Samples::I32(all)) => all[0] ^= 1,
        (24, Samples::F32(all)) => all[0] = -0.0,
        _ => {}
    };
    for format in FORMATS {
        assert!(check(format, Treatment::silence(), &nearly), "{format}");
    }
    let number = |block: &mut Block| {
        if let (24, Samples::F32(all)) = (block.first(), &mut block.samples) {
            all[0] = f32::NAN;
        }
    };
    assert!(check(SampleFormat::F32, Treatment::default(), &number));
}
