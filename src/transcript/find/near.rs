//! Where things stand in a call, and what is near them.
//!
//! In: places, each a time where it is known and a count of words. Out: which of them are near a
//! place. What can go wrong: nothing. An index keeps the cost of a long transcript in line with its
//! length.

use std::time::Duration;

use super::atom::Atom;

/// Words of two channels overlap a little: what begins this much earlier and stands later is still
/// later.
const OVERLAP: Duration = Duration::from_secs(1);

/// A point of the call, in time where it is known and in words.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The time of the word itself.
    time: Option<Duration>,
    /// The same, or for a word without a time the most that its turn allows.
    bound: Option<Duration>,
    pub(super) order: usize,
}

impl Place {
    /// Where a word begins.
    pub(super) fn start(atom: &Atom) -> Self {
        let time = atom.from.filter(|_| atom.is_timed);
        Self { time, bound: atom.from, order: atom.order }
    }

    /// Where a word ends.
    pub(super) fn end(atom: &Atom) -> Self {
        Self { time: atom.to.filter(|_| atom.is_timed), bound: atom.to, order: atom.order }
    }

    /// How far `later` is away, if it is later and within `limit`; where a time is missing, also
    /// within `words`.
    pub(super) fn until(
        self,
        later: Self,
        limit: Duration,
        words: usize,
    ) -> Option<(Duration, usize)> {
        let steps = later.order.abs_diff(self.order);
        let is_later = later.order > self.order;
        let gap = |from: Duration, to: Duration| to.saturating_sub(from);
        match (self.time, later.time) {
            (Some(from), Some(to)) => {
                let is_later = to >= from || (from - to < OVERLAP && is_later);
                (is_later && gap(from, to) <= limit).then_some((gap(from, to), steps))
            }
            _ => {
                let gap = self.bound.zip(later.bound).map_or(Duration::ZERO, |(a, b)| gap(a, b));
                (is_later && steps <= words && gap <= limit).then_some((gap, steps))
            }
        }
    }
}

/// Places, in the order of time and of words.
pub(super) struct Index {
    by_time: Vec<(Duration, usize)>,
    by_order: Vec<(usize, usize)>,
}

impl Index {
    /// The index of `places`, which are known by their position from then on.
    pub(super) fn new(places: impl Iterator<Item = Place>) -> Self {
        let (mut by_time, mut by_order) = (Vec::new(), Vec::new());
        for (at, place) in places.enumerate() {
            by_time.extend(place.time.map(|time| (time, at)));
            by_order.push((place.order, at));
        }
        by_time.sort_unstable();
        by_order.sort_unstable();
        Self { by_time, by_order }
    }

    /// Positions of all places that may be within `time` or `words` of `place` on either side, in
    /// their order.
    pub(super) fn around(&self, place: Place, time: Duration, words: usize) -> Vec<usize> {
        let time = time + OVERLAP;
        let by_time =
            place.time.map(|at| self.times(at.saturating_sub(time), at.saturating_add(time)));
        let from =
            self.by_order.partition_point(|(order, _)| order.saturating_add(words) < place.order);
        let by_order = self
            .by_order
            .iter()
            .skip(from)
            .take_while(|(order, _)| *order <= place.order.saturating_add(words));
        let mut all: Vec<usize> =
            by_order.map(|(_, at)| *at).chain(by_time.into_iter().flatten()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Positions of all places from `from` to `to`, both included.
    pub(super) fn times(&self, from: Duration, to: Duration) -> impl Iterator<Item = usize> {
        let first = self.by_time.partition_point(|(time, _)| *time < from);
        self.by_time.iter().skip(first).take_while(move |(time, _)| *time <= to).map(|(_, at)| *at)
    }
}
