use super::*;
use crate::window::{Window, Windows};
use proptest::prelude::*;

const RATE: u32 = 100;

fn block(first: u64, channels: u16, samples: Vec<i16>) -> Block {
    let mut block = Block::new(SampleFormat::S16, channels);
    block.restart(first);
    block.samples = Samples::I16(samples);
    block
}

fn samples(block: &Block) -> &[i16] {
    match block.samples() {
        Samples::I16(samples) => samples,
        _ => unreachable!("made as 16 bit"),
    }
}

/// Treats `line`, which has two channels, in blocks of the given sizes.
fn treat(line: &[i16], windows: &Windows, treatment: Treatment, sizes: &[usize]) -> Vec<i16> {
    let spans = Spans::new(windows, RATE, 2).unwrap();
    let mut treater = Treater::new(treatment, &spans).unwrap();
    let (mut out, mut rest, mut sizes) = (Vec::new(), line, sizes.iter().cycle());
    while !rest.is_empty() {
        let (now, later) = rest.split_at((sizes.next().unwrap() * 2).min(rest.len()));
        let mut block = block(out.len() as u64 / 2, 2, now.to_vec());
        treater.apply(&mut block);
        out.extend_from_slice(samples(&block));
        rest = later;
    }
    out
}

fn windows(list: &[(u64, u64, Option<u16>)]) -> Windows {
    Windows::new(list.iter().map(|&(start, end, channel)| {
        let at = |frame| Duration::from_millis(frame * 10);
        let window = Window::new(at(start), at(end)).unwrap();
        channel.map_or(window.clone(), |channel| window.on_channel(channel))
    }))
    .unwrap()
}

#[test]
fn nothing_else_changes() {
    let line: Vec<i16> = (0..200).map(|n| 10_000 + n).collect();
    let windows = windows(&[(10, 20, None), (30, 40, Some(1))]);
    let out = treat(&line, &windows, Treatment::default(), &[7]);
    for (index, (&before, &after)) in line.iter().zip(&out).enumerate() {
        let (frame, channel) = (index / 2, index % 2);
        let inside = (10..=20).contains(&frame) || channel == 1 && (30..=40).contains(&frame);
        assert_eq!(after, if inside { 10 } else { before }, "frame {frame} channel {channel}");
    }
}

/// The header may say fewer bits than the samples have.
#[test]
fn only_treated_samples_are_rounded() {
    let windows = windows(&[(10, 20, Some(1))]);
    let spans = Spans::new(&windows, RATE, 2).unwrap();
    let half = Treatment::attenuate(0.5).unwrap();
    let mut treater = Treater::new(half, &spans).unwrap().with_bits(Some(12));
    let mut treated = block(0, 2, vec![0x7FFB; 100]);
    assert!(treater.apply(&mut treated));
    for (index, &sample) in samples(&treated).iter().enumerate() {
        let inside = (10..=20).contains(&(index / 2)) && index % 2 == 1;
        assert_eq!(sample, if inside { 0x4000 } else { 0x7FFB }, "sample {index}");
    }
}

#[test]
fn silence_and_tone_keep_nothing_of_the_original() {
    let windows = windows(&[(0, 99, None)]);
    let loud: Vec<i16> = (0..200).map(|n| if n % 3 == 0 { i16::MIN } else { i16::MAX }).collect();
    let quiet = vec![0; 200];
    assert_eq!(treat(&loud, &windows, Treatment::silence(), &[9]), quiet);
    let tone = Treatment::tone(10).unwrap();
    let beep = treat(&loud, &windows, tone, &[9]);
    assert_eq!(beep, treat(&quiet, &windows, tone, &[200]));
    assert_eq!(beep[0], 0, "a tone begins at its zero crossing");
    assert_eq!(beep.iter().max(), Some(&3116), "0.1 of full scale, at 36 degrees a frame");
    assert!(!tone.is_recoverable() && !Treatment::silence().is_recoverable());
}

#[test]
fn silence_of_floats_is_zero_even_for_samples_that_are_not_numbers() {
    let windows = windows(&[(0, 3, None)]);
    let spans = Spans::new(&windows, RATE, 1).unwrap();
    let mut block = Block::new(SampleFormat::F32, 1);
    block.samples = Samples::F32(vec![f32::NAN, f32::INFINITY, -1.0, 1.0]);
    Treater::new(Treatment::silence(), &spans).unwrap().apply(&mut block);
    let Samples::F32(out) = block.samples() else { unreachable!("made as float") };
    assert!(out.iter().all(|sample| sample.to_bits() == 0));
}

#[test]
fn a_fade_changes_only_frames_outside_and_falls_towards_the_window() {
    let line = vec![10_000; 200];
    let windows = windows(&[(30, 40, None), (46, 50, None)]);
    let faded = Treatment::silence().with_fade(Duration::from_millis(40));
    let out = treat(&line, &windows, faded, &[5]);
    let left: Vec<i16> = out.iter().step_by(2).copied().collect();
    assert_eq!(left[24..31], [10_000, 10_000, 8000, 6000, 4000, 2000, 0]);
    assert_eq!(left[40..47], [0, 2000, 4000, 6000, 4000, 2000, 0], "the nearer span decides");
    assert_eq!(left[50..56], [0, 2000, 4000, 6000, 8000, 10_000]);
    assert!(left[30..=40].iter().chain(&left[46..=50]).all(|&sample| sample == 0));
}

#[test]
fn an_invalid_gain_or_tone_is_an_error() {
    for gain in [-0.001, 1.001, f64::NAN, f64::INFINITY] {
        assert!(matches!(Treatment::attenuate(gain), Err(Error::Treatment(_))), "{gain}");
    }
    assert_eq!(Treatment::attenuate(0.0).unwrap(), Treatment::silence());
    assert!(Treatment::tone(0).is_err());
    let spans = Spans::new(&windows(&[(0, 1, None)]), 8000, 1).unwrap();
    assert!(Treater::new(Treatment::tone(3999).unwrap(), &spans).is_ok());
    assert!(Treater::new(Treatment::tone(4000).unwrap(), &spans).is_err());
}

proptest! {
    #[test]
    fn arrival_does_not_matter(
        list in prop::collection::vec(
            (0u64..100, 1u64..20, prop::option::of(0u16..2)), 1..8),
        sizes in prop::collection::vec(1usize..30, 1..6),
        fade in 0u64..12,
        kind in 0..3,
        seed: u32,
    ) {
        let list: Vec<_> = list.into_iter().map(|(s, n, c)| (s, s + n, c)).collect();
        let treatment = match kind {
            0 => Treatment::default(),
            1 => Treatment::silence(),
            _ => Treatment::tone(13).unwrap(),
        };
        let treatment = treatment.with_fade(Duration::from_millis(fade * 10));
        let line: Vec<i16> = (0..240u32)
            .map(|n| i16::try_from(n.wrapping_mul(seed | 1) % 60_000).unwrap_or(-7))
            .collect();
        let whole = treat(&line, &windows(&list), treatment, &[240]);
        prop_assert_eq!(treat(&line, &windows(&list), treatment, &sizes), whole);
    }
}
