//! Segments, their classes, and what a class is worth.

use super::codec_noise::ClassHistogram;
use super::segment::{
    LEVELS, Segment, SegmentBounds, SegmentClass, energy_at, level_of, segment_length,
};
use crate::span::Span;

fn segment(pairs: impl IntoIterator<Item = (f64, f64)>) -> Segment {
    let mut segment = Segment::starting(0);
    pairs.into_iter().for_each(|(was, is)| segment.add(was, is));
    segment
}

/// A period of a sine, at some phase.
fn sine(phase: f64) -> impl Iterator<Item = f64> {
    (0..160u32).map(move |frame| (f64::from(frame) * 0.3 + phase).sin())
}

#[test]
fn a_span_is_divided_into_segments_of_about_the_same_length() {
    for rate in [8000, 11_025, 44_100] {
        for frames in (1..3000).step_by(7) {
            let span = Span { first: 12_345, end: 12_345 + frames };
            let mut bounds = SegmentBounds::new(span, rate);
            let mut begins: Vec<u64> =
                (span.first + 1..span.end).filter(|&f| bounds.starts_at(f)).collect();
            begins.insert(0, span.first);
            begins.push(span.end);
            let lengths: Vec<u64> = begins.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert_eq!(lengths.iter().sum::<u64>(), frames);
            let usual = segment_length(rate);
            let fine = |&length: &u64| length <= usual * 3 / 2 + 1 && length * 3 / 2 + 2 >= usual;
            assert!(frames < usual || lengths.iter().all(fine), "{rate}, {frames}: {lengths:?}");
        }
    }
}

#[test]
fn a_segment_has_the_class_of_what_was_done_to_it() {
    let beside = |make: &dyn Fn(f64, f64) -> f64| {
        segment(sine(0.0).zip(sine(1.6)).map(|(was, other)| (was, make(was, other)))).class()
    };
    assert_eq!(beside(&|was, _| was), SegmentClass::Kept);
    assert_eq!(beside(&|was, other| was + 0.5 * other), SegmentClass::Kept, "noise of a codec");
    assert_eq!(beside(&|was, _| was / 2.0), SegmentClass::Kept);
    assert_eq!(beside(&|_, _| 0.0), SegmentClass::Removed);
    assert_eq!(beside(&|was, _| was / 4.0), SegmentClass::Removed);
    assert_eq!(beside(&|_, other| other), SegmentClass::Replaced);
    assert_eq!(beside(&|_, other| 3.0 * other), SegmentClass::Louder);
    assert_eq!(beside(&|was, _| -was), SegmentClass::Unclear, "inverted");
    assert_eq!(beside(&|was, other| was + 1.2 * other), SegmentClass::Unclear, "masked");
    assert_eq!(segment(sine(0.0).map(|is| (0.0, is))).class(), SegmentClass::Silent);
}

#[test]
fn nan_and_infinity_have_no_energy_in_a_segment() {
    let odd = [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0), (1.0, f64::NEG_INFINITY)];
    let sums = segment(odd);
    assert_eq!(sums, Segment { frames: 4, ..Segment::default() });
}

#[test]
fn levels_are_steps_of_3_db_and_lie_around_their_energy() {
    for level in 0..LEVELS {
        assert_eq!(level_of(energy_at(level)), level);
    }
    assert_eq!((level_of(0.0), level_of(1e9)), (0, LEVELS - 1));
}

#[test]
fn a_class_is_worth_something_only_where_enough_segments_lack_it() {
    let mut seen = ClassHistogram::default();
    let removed = |seen: &ClassHistogram, level| seen.rarity(SegmentClass::Removed, level);
    (0..49).for_each(|_| seen.add(20, SegmentClass::Kept));
    assert_eq!(removed(&seen, 20), 0.0, "too few");
    seen.add(20, SegmentClass::Kept);
    assert!((removed(&seen, 20) - 51f64.log10()).abs() < 1e-9, "one of 51");
    assert!(
        removed(&seen, 21) > 0.0 && removed(&seen, 40) > 0.0,
        "codecs keep louder sounds as well"
    );
    assert_eq!(removed(&seen, 18), 0.0, "nothing is known about softer ones");
    (0..6).for_each(|_| seen.add(20, SegmentClass::Removed));
    assert_eq!(removed(&seen, 20), 0.0, "the codec removes one of eight");
    assert_eq!(removed(&seen, 40), 0.0);
}
