//! Noise: what a codec does to the sound outside the windows, where nothing was to change.
//!
//! In: the frames outside the windows, channel by channel. Out: of each level, how often what was
//! left alone looks as if it had been muted, which says what such a look inside a window is worth;
//! and what no codec does. Memory: some tables for each channel, however long the recording.

use super::Outside;
use super::piece::{LEVELS, Look, Piece, length};
use crate::span::{Span, SpanCursor};

/// Pieces that must have been seen at a level, or near it, before anything can be said about it: a
/// second of sound.
const ENOUGH: u64 = 50;

/// Codecs keep what is less than so many steps of 3 dB below the loudest piece.
const LOUD: usize = 8;

/// And louder than -78 dB, which is four steps of the 16 bits that they are decoded to.
const AUDIBLE: usize = 14;

/// Pieces that are looked at together for a change of the level: half a second.
const CHUNK: u64 = 25;

/// A change of the level by so much, to either side, is no codec's: 1 dB.
const QUIETER: f64 = 1.25;

/// How often pieces of each level were seen with each look.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Looks {
    pub(super) gone: Counts,
    pub(super) louder: Counts,
    pub(super) other: Counts,
    /// With any look.
    pub(super) all: Counts,
}

/// How often each level was seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts(pub(super) [u64; LEVELS]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; LEVELS])
    }
}

impl Looks {
    pub(super) fn add(&mut self, level: usize, look: Look) {
        let counts = match look {
            Look::Silent => return,
            Look::Gone => Some(&mut self.gone),
            Look::Louder => Some(&mut self.louder),
            Look::Other => Some(&mut self.other),
            Look::Kept | Look::Unclear => None,
        };
        for counts in counts.into_iter().chain([&mut self.all]) {
            counts.0[level] += 1;
        }
    }

    /// How probable it is, in powers of ten, that a piece of this level that was left open has the
    /// look of `counts`: 2 means one of a hundred. 0 where too little was seen.
    pub(super) fn rarity(&self, counts: impl Fn(&Self) -> &Counts, level: usize) -> f64 {
        let sum = |counts: &Counts, from: usize| -> u64 {
            counts.0[from..=(level + 1).min(LEVELS - 1)].iter().sum()
        };
        // Codecs keep less of what is softer, so softer pieces do for louder ones.
        let from = (0..level).rev().find(|&from| sum(&self.all, from) >= ENOUGH);
        let Some(from) = from else { return 0.0 };
        #[expect(clippy::cast_precision_loss, reason = "2^52 pieces are 2.8 million years")]
        let share = (sum(counts(self), from) + 1) as f64 / (sum(&self.all, from) + 1) as f64;
        if share <= 0.1 { -share.log10() } else { 0.0 }
    }
}

/// What was measured outside the windows.
#[derive(Debug)]
pub(super) struct Noise {
    /// Of each channel.
    pub(super) channels: Vec<Looks>,
    /// The root of the mean square of what differs, the sound being 1.
    pub(super) share: Option<f64>,
    /// The energy of a frame of the loudest piece of the original.
    pub(super) loudest: f64,
}

/// The walk along what is outside the windows.
pub(super) struct Ears<'a> {
    lanes: Vec<Lane<'a>>,
    length: u64,
    reach: u64,
    /// What no codec does, by the level of the piece.
    changes: Vec<Outside>,
    loudest: f64,
    all: Piece,
}

/// One channel of it.
struct Lane<'a> {
    spans: SpanCursor<'a>,
    looks: Looks,
    piece: Piece,
    chunk: Piece,
    /// The piece before, if no codec does what was done there.
    before: Option<Sudden>,
}

/// A piece that has gone, or come.
#[derive(Clone, Copy)]
struct Sudden {
    level: usize,
    piece: Piece,
    /// Whether it has been noted as a change.
    noted: bool,
}

impl<'a> Ears<'a> {
    /// `reach` is how far the codec carries what happens inside a window, in frames. `spans` are those
    /// of each channel.
    pub(super) fn new(spans: impl Iterator<Item = &'a [Span]>, rate: u32, reach: u64) -> Self {
        let lane = |spans| Lane {
            spans: SpanCursor::new(spans),
            looks: Looks::default(),
            piece: Piece::default(),
            chunk: Piece::default(),
            before: None,
        };
        Self {
            lanes: spans.map(lane).collect(),
            length: length(rate),
            reach,
            changes: vec![Outside::default(); LEVELS],
            loudest: 0.0,
            all: Piece::default(),
        }
    }

    /// One frame of a channel. Frames come in order; those inside windows do not come.
    pub(super) fn hear(&mut self, channel: usize, frame: u64, was: f64, is: f64) {
        let piece = &self.lanes[channel].piece;
        if frame != piece.end() || frame / self.length != piece.first / self.length {
            self.close(channel);
            self.lanes[channel].piece = Piece::starting(frame);
        }
        self.lanes[channel].piece.add(was, is);
    }

    /// Takes what a channel's piece says, unless a window is too near or it is too short.
    fn close(&mut self, channel: usize) {
        let lane = &mut self.lanes[channel];
        let piece = std::mem::take(&mut lane.piece);
        let near = lane.spans.meeting(piece.first..piece.end(), self.reach);
        if !near.is_empty() || piece.frames * 2 < self.length {
            lane.before = None;
            return;
        }
        lane.looks.add(piece.level(piece.before), piece.look());
        self.loudest = self.loudest.max(piece.mean(piece.before));
        self.all.join(&piece);
        let number = |piece: &Piece| piece.first / self.length / CHUNK;
        if number(&piece) != number(&lane.chunk) {
            note_chunk(&mut self.changes, &lane.chunk);
            lane.chunk = Piece::starting(piece.first);
        }
        lane.chunk.join(&piece);
        lane.note_sudden(&mut self.changes, piece);
    }

    /// What was measured, and what has changed that no codec changes.
    pub(super) fn finish(mut self) -> (Noise, Outside) {
        for channel in 0..self.lanes.len() {
            self.close(channel);
            note_chunk(&mut self.changes, &self.lanes[channel].chunk);
        }
        let top = Piece { frames: 1, ..Piece::default() }.level(self.loudest);
        let mut outside = Outside::default();
        for change in self.changes.iter().skip(top.saturating_sub(LOUD).max(AUDIBLE)) {
            outside.join(change);
        }
        let share = (self.all.before > 0.0).then(|| (self.all.apart / self.all.before).sqrt());
        let channels = self.lanes.into_iter().map(|lane| lane.looks).collect();
        (Noise { channels, share, loudest: self.loudest }, outside)
    }
}

impl Lane<'_> {
    /// Two pieces in a row that have gone or come are a change; one may be the codec's own.
    fn note_sudden(&mut self, changes: &mut [Outside], piece: Piece) {
        let is_sudden = match piece.look() {
            Look::Gone | Look::Louder => true,
            Look::Silent => piece.after > 0.0,
            Look::Kept | Look::Other | Look::Unclear => false,
        };
        let before = self.before.take();
        if !is_sudden {
            return;
        }
        let level = piece.level(piece.before.max(piece.after));
        let before = before.filter(|before| before.piece.end() == piece.first);
        if let Some(before) = before {
            // Both count as much as the softer one.
            let level = level.min(before.level);
            changes[level].add_piece(&piece);
            if !before.noted {
                changes[level].add_piece(&before.piece);
            }
        }
        self.before = Some(Sudden { level, piece, noted: before.is_some() });
    }
}

/// A change of the level, or another sound, over half a second.
fn note_chunk(changes: &mut [Outside], chunk: &Piece) {
    let quieter = chunk.both > QUIETER * chunk.after;
    let louder = chunk.both > QUIETER * chunk.before;
    let other = chunk.apart > 0.75 * chunk.before;
    if chunk.before > 0.0 && (quieter || louder || other) {
        changes[chunk.level(chunk.before)].add_piece(chunk);
    }
}
