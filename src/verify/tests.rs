//! Pieces, and what a look is worth.

use super::Span;
use super::noise::Looks;
use super::piece::{Cuts, LEVELS, Look, Piece, energy_at, length};

fn piece(pairs: impl IntoIterator<Item = (f64, f64)>) -> Piece {
    let mut piece = Piece::starting(0);
    pairs.into_iter().for_each(|(was, is)| piece.add(was, is));
    piece
}

/// A period of a sine, at some phase.
fn sine(phase: f64) -> impl Iterator<Item = f64> {
    (0..160u32).map(move |frame| (f64::from(frame) * 0.3 + phase).sin())
}

#[test]
fn a_span_is_cut_into_pieces_that_cover_it_and_are_about_as_long() {
    for rate in [8000, 11_025, 44_100] {
        for frames in (1..3000).step_by(7) {
            let span = Span { first: 12_345, end: 12_345 + frames };
            let mut cuts = Cuts::new(span, rate);
            let mut begins: Vec<u64> =
                (span.first + 1..span.end).filter(|&f| cuts.begins(f)).collect();
            begins.insert(0, span.first);
            begins.push(span.end);
            let lengths: Vec<u64> = begins.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert_eq!(lengths.iter().sum::<u64>(), frames);
            let usual = length(rate);
            let fine = |&length: &u64| length <= usual * 3 / 2 + 1 && length * 3 / 2 + 2 >= usual;
            assert!(frames < usual || lengths.iter().all(fine), "{rate}, {frames}: {lengths:?}");
        }
    }
}

#[test]
fn a_piece_looks_like_what_was_done_to_it() {
    let beside = |make: &dyn Fn(f64, f64) -> f64| {
        piece(sine(0.0).zip(sine(1.6)).map(|(was, other)| (was, make(was, other)))).look()
    };
    assert_eq!(beside(&|was, _| was), Look::Kept);
    assert_eq!(beside(&|was, other| was + 0.5 * other), Look::Kept, "noise of a codec");
    assert_eq!(beside(&|was, _| was / 2.0), Look::Kept);
    assert_eq!(beside(&|_, _| 0.0), Look::Gone);
    assert_eq!(beside(&|was, _| was / 4.0), Look::Gone);
    assert_eq!(beside(&|_, other| other), Look::Other);
    assert_eq!(beside(&|_, other| 3.0 * other), Look::Louder);
    assert_eq!(beside(&|was, _| -was), Look::Unclear, "upside down");
    assert_eq!(beside(&|was, other| was + 1.2 * other), Look::Unclear, "below something");
    assert_eq!(piece(sine(0.0).map(|is| (0.0, is))).look(), Look::Silent);
}

#[test]
fn what_is_no_number_has_no_energy_in_a_piece() {
    let odd = [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0), (1.0, f64::NEG_INFINITY)];
    let sums = piece(odd);
    assert_eq!(sums, Piece { frames: 4, ..Piece::default() });
}

#[test]
fn levels_are_steps_of_3_db_and_lie_around_their_energy() {
    for level in 0..LEVELS {
        assert_eq!(Piece { frames: 1, ..Piece::default() }.level(energy_at(level)), level);
    }
    let one = Piece { frames: 1, ..Piece::default() };
    assert_eq!((one.level(0.0), one.level(1e9)), (0, LEVELS - 1));
}

#[test]
fn a_look_is_worth_something_only_where_enough_was_seen_without_it() {
    let mut looks = Looks::default();
    let gone = |looks: &Looks, level| looks.rarity(|looks| &looks.gone, level);
    (0..49).for_each(|_| looks.add(20, Look::Kept));
    assert_eq!(gone(&looks, 20), 0.0, "too few");
    looks.add(20, Look::Kept);
    assert!((gone(&looks, 20) - 51f64.log10()).abs() < 1e-9, "one of 51");
    assert!(gone(&looks, 21) > 0.0 && gone(&looks, 40) > 0.0, "louder sounds are kept as well");
    assert_eq!(gone(&looks, 18), 0.0, "of softer ones nothing is known");
    (0..6).for_each(|_| looks.add(20, Look::Gone));
    assert_eq!(gone(&looks, 20), 0.0, "one of eight goes by itself");
    assert_eq!(gone(&looks, 40), 0.0);
}
