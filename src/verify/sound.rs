//! Sound: whether the original is still in a window, where no sample is as it was.
//!
//! In: the frames of one window on one channel, and then the [`Noise`] of the same file. Out: what
//! can be told. A piece that is as the original is a leak; one that has gone is worth as much as it
//! is rare where nothing was muted. Memory: some counts for each window, however long it is.

use super::count::Count;
use super::noise::{Counts, Looks, Noise};
use super::piece::{Cuts, LEVELS, Look, Piece, energy_at, length};
use super::{Leak, Span};

/// A peak below which there is nothing to be heard, full scale being 1: -80 dB, three steps of 16 bits.
const SILENT: f64 = 1e-4;

/// And so far below the loudest piece outside: 40 dB.
const FAINT: f64 = 0.01;

/// Evidence that is enough, in powers of ten: what is open looks like this once in 3,000 times.
const ENOUGH: f64 = 3.5;

/// What one piece can add to it.
const MOST: f64 = 2.0;

/// What one can add that is neither much quieter nor much louder: sounds without a pitch, as an s, are
/// made anew by some codecs, and last for some pieces.
const MOST_OTHER: f64 = 1.0;

/// What is so many steps of 3 dB below what is in place of the original is a hole in it.
const HOLE: usize = 4;

/// What can be told of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Told {
    /// There was nothing in the original.
    Silent,
    /// The original is there.
    Kept(Leak),
    /// Something of it may be there.
    Unclear,
    /// It is not there, for what that is worth in such a codec: too little.
    Weak,
    /// It is not there.
    Muted,
}

/// A window on one channel, as pieces.
pub(super) struct Sound {
    cuts: Cuts,
    piece: Piece,
    /// Frames that are too many to be alike by chance: 10 ms.
    least: u64,
    /// Up to this energy of a frame of the original, a piece is judged here; samples tell of others.
    ceiling: f64,
    /// How many pieces were above it.
    above: u64,
    looks: Looks,
    kept: Count,
    kept_pieces: u64,
    /// Pieces in a row that were unclear, and the most there were.
    unclear: u64,
    longest: u64,
    /// Over pieces: the sum of the products with the original, and of their squares.
    products: (f64, f64),
    all: Piece,
    /// Of the pieces with something else in them: how loud that is, and all of them.
    covers: Counts,
    covered: Piece,
    /// Of the pieces that have gone, those in which something is left, and of these the ones in which
    /// it is the original.
    left: u64,
    alike: Piece,
    alike_pieces: u64,
}

impl Sound {
    pub(super) fn new(span: Span, rate: u32, ceiling: f64) -> Self {
        Self {
            cuts: Cuts::new(span, rate),
            piece: Piece::starting(span.first),
            least: length(rate) / 2,
            ceiling,
            above: 0,
            looks: Looks::default(),
            kept: Count::default(),
            kept_pieces: 0,
            unclear: 0,
            longest: 0,
            products: (0.0, 0.0),
            all: Piece::default(),
            covers: Counts::default(),
            covered: Piece::default(),
            left: 0,
            alike: Piece::default(),
            alike_pieces: 0,
        }
    }

    pub(super) fn hear(&mut self, frame: u64, was: f64, is: f64) {
        if self.cuts.begins(frame) {
            self.close();
            self.piece = Piece::starting(frame);
        }
        self.piece.add(was, is);
    }

    fn close(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        if piece.mean(piece.before) > self.ceiling {
            self.above += 1;
            return;
        }
        let look = piece.look();
        self.looks.add(piece.level(piece.before), look);
        self.unclear = if look == Look::Unclear { self.unclear + 1 } else { 0 };
        self.longest = self.longest.max(self.unclear);
        self.products.0 += piece.both;
        self.products.1 += piece.both * piece.both;
        self.all.join(&piece);
        if look == Look::Kept {
            self.kept_pieces += 1;
            (piece.first..piece.end()).for_each(|frame| self.kept.add(frame));
        }
        if matches!(look, Look::Louder | Look::Other) {
            self.covers.0[piece.level(piece.after)] += 1;
            self.covered.join(&piece);
        }
        if look == Look::Gone && piece.after > 0.0 {
            self.left += 1;
            if piece.correlation().abs() >= 0.7 {
                self.alike_pieces += 1;
                self.alike.join(&piece);
            }
        }
    }

    /// The gain at which the original is heard, where it is what is left in most pieces.
    pub(super) fn attenuated(&self) -> Option<f64> {
        (self.alike_pieces * 2 > self.left).then(|| self.alike.gain())
    }

    /// What can be told, `peak` being that of the original in the window.
    pub(super) fn tell(&mut self, channel: usize, noise: &Noise, peak: f64) -> Told {
        self.close();
        if peak <= SILENT.min(FAINT * noise.loudest.sqrt()) {
            return Told::Silent;
        }
        let heard: u64 = self.looks.all.0.iter().sum();
        match self.kept.leak() {
            Some(leak) if leak.frames >= self.least && (self.kept_pieces > 1 || heard < 3) => {
                return Told::Kept(leak);
            }
            Some(_) => return Told::Unclear,
            None => {}
        }
        if self.longest > 1 || (self.longest > 0 && heard < 5) {
            return Told::Unclear;
        }
        if self.is_below_something() || self.has_holes() {
            return Told::Unclear;
        }
        let outside = &noise.channels[channel];
        if self.above > 0 || self.is_worth(outside) { Told::Muted } else { Told::Weak }
    }

    /// Whether the original is there, below something that is louder: what has nothing to do with it
    /// agrees and disagrees with it by turns.
    fn is_below_something(&self) -> bool {
        let (sum, squares) = self.products;
        self.all.gain().abs() >= 0.3 && sum * sum >= 16.0 * squares
    }

    /// Whether what is in place of the original has holes. Codecs fill them with what is around them, so
    /// that a softer original could be there unseen. A silence is no hole.
    fn has_holes(&self) -> bool {
        let sum = |counts: &[u64]| counts.iter().sum::<u64>();
        let usual = self.covered.level(self.covered.after);
        let holes = sum(&self.covers.0[..(usual + 1).saturating_sub(HOLE)]);
        holes > 0 && sum(&self.covers.0) > sum(&self.looks.gone.0)
    }

    /// Whether what was seen is rare where nothing was muted; most of the sound must have been seen so.
    fn is_worth(&self, outside: &Looks) -> bool {
        let (mut evidence, mut told, mut all) = (0.0, 0.0, 0.0);
        for level in 0..LEVELS {
            let energy = |count: u64| to_float(count) * energy_at(level);
            all += energy(self.looks.all.0[level]);
            for (count, rarity, most) in [
                (self.looks.gone.0[level], outside.rarity(|looks| &looks.gone, level), MOST),
                (self.looks.louder.0[level], outside.rarity(|looks| &looks.louder, level), MOST),
                (
                    self.looks.other.0[level],
                    outside.rarity(|looks| &looks.other, level),
                    MOST_OTHER,
                ),
            ] {
                evidence += to_float(count) * rarity.min(most);
                told += if rarity > 0.0 { energy(count) } else { 0.0 };
            }
        }
        evidence >= ENOUGH && told >= 0.5 * all
    }
}

#[expect(clippy::cast_precision_loss, reason = "2^52 pieces are 2.8 million years")]
fn to_float(count: u64) -> f64 {
    count as f64
}
