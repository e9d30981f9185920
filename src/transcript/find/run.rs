//! Runs of digits in a stretch of one voice.
//!
//! In: the elements of a stretch. Out: the [`Run`]s in them. What can go wrong: nothing.

use std::time::Duration;

use super::digits::{Element, Reading, groups};
use super::finding::Marked;
use super::table::Digit;

/// From this many digits on a run is a find of its own.
pub(super) const MIN: usize = 4;
/// An "oh" or "to" at the edge of a run belongs to it if it is as close as this.
const EDGE_GAP: Duration = Duration::from_millis(1500);

/// Digits in a row.
#[derive(Clone)]
pub(super) struct Run<'a> {
    pub(super) elements: Vec<Element<'a>>,
    /// The first and the last word in the voice; a month may stand before the first element.
    pub(super) from: usize,
    /// See `from`.
    pub(super) to: usize,
    /// The digits in the shorter reading, "forty two" as 42.
    pub(super) merged: String,
    /// The digits in the longer reading, "forty two" as 402.
    pub(super) spelled: String,
}

/// How sure a stretch must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// Nothing announces a number: "to" needs a run of four or more around it.
    Bare,
    /// A cue for a code came before: every word that can be a digit is one.
    Cued,
}

/// Cuts at each "double" without a digit after it and each "hundred" without a number before it.
pub(super) fn sound<'s, 'a>(elements: &'s [Element<'a>]) -> Vec<&'s [Element<'a>]> {
    let is_sound = |at: usize| {
        let next = || elements.get(at + 1).map(|element| element.digit);
        let last =
            || at.checked_sub(1).and_then(|last| elements.get(last)).map(|element| element.digit);
        match elements.get(at).map(|element| element.digit) {
            Some(Digit::Repeat(_)) => {
                next().is_some_and(|digit| !matches!(digit, Digit::Power(_) | Digit::Homophone(_)))
            }
            Some(Digit::Power(_)) => {
                last().is_some_and(|digit| !matches!(digit, Digit::Repeat(_) | Digit::Homophone(_)))
            }
            _ => true,
        }
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for at in 0..=elements.len() {
        if at == elements.len() || !is_sound(at) {
            parts.extend(elements.get(from..at).filter(|part| !part.is_empty()));
            from = at + 1;
        }
    }
    parts
}

pub(super) fn is_mark(element: &Element<'_>) -> bool {
    matches!(element.digit, Digit::Marked(_))
}

fn is_homophone(element: &Element<'_>) -> bool {
    matches!(element.digit, Digit::Homophone(_))
}

/// A recogniser that writes digits writes all of them, so a "to" beside them is the word.
fn is_spoken(element: &Element<'_>) -> bool {
    element.digit != Digit::Written && !is_mark(element)
}

/// The runs of a part that nothing announces.
pub(super) fn bare<'a>(part: &[Element<'a>], runs: &mut Vec<Run<'a>>) {
    let Some(first) = part.iter().position(|element| !is_homophone(element)) else { return };
    let last = part.iter().rposition(|element| !is_homophone(element)).unwrap_or(first);
    let inner = part.get(first..=last).unwrap_or_default();
    // "Fifteen to twenty" is no run, "four one to eight" is one: it takes four numbers, "to" among
    // them.
    let is_long = inner.iter().any(is_mark) || groups(inner, Reading::Merged).len() >= MIN;
    let is_bridged = inner.iter().any(is_homophone) && is_long;
    if is_bridged {
        runs.extend(Run::new(inner.to_vec()).map(|run| run.with_edges(part, first, last + 1)));
        return;
    }
    let mut from = 0;
    for at in 0..=part.len() {
        if part.get(at).is_none_or(is_homophone) {
            let own = part.get(from..at).unwrap_or_default();
            runs.extend(Run::new(tight(own).to_vec()).map(|run| run.with_edges(part, from, at)));
            from = at + 1;
        }
    }
}

/// Without an "oh" at either edge that does not lean on a digit.
fn tight<'s, 'a>(elements: &'s [Element<'a>]) -> &'s [Element<'a>] {
    let mut elements = elements;
    let is_oh = |element: &Element<'_>| matches!(element.digit, Digit::Beside(_));
    while let [first, rest @ ..] = elements
        && is_oh(first)
        && rest.first().is_none_or(|next| !is_adjacent(first, next))
    {
        elements = rest;
    }
    while let [rest @ .., last] = elements
        && is_oh(last)
        && rest.last().is_none_or(|before| !is_adjacent(before, last))
    {
        elements = rest;
    }
    elements
}

/// Whether `next` follows at once: nothing said between, and no pause.
fn is_adjacent(last: &Element<'_>, next: &Element<'_>) -> bool {
    let gap = last.atom.to.zip(next.atom.from).map(|(end, start)| start.saturating_sub(end));
    !next.is_after_skip && gap.is_none_or(|gap| gap <= EDGE_GAP)
}

impl<'a> Run<'a> {
    pub(super) fn new(elements: Vec<Element<'a>>) -> Option<Self> {
        let is_certain = |element: &Element<'_>| {
            !matches!(element.digit, Digit::Beside(_) | Digit::Homophone(_))
        };
        if !elements.iter().any(is_certain) || elements.iter().all(is_mark) {
            return None;
        }
        let merged = groups(&elements, Reading::Merged).concat();
        let spelled = groups(&elements, Reading::Spelled).concat();
        let (from, to) = (elements.first()?.at, elements.last()?.at);
        Some(Self { elements, from, to, merged, spelled })
    }

    /// A long run also takes the "to" that touches it: its last digit may hide there.
    fn with_edges(mut self, part: &[Element<'a>], from: usize, to: usize) -> Self {
        if !self.is_long() {
            return self;
        }
        if let (Some(last), Some(next)) = (self.elements.last(), part.get(to))
            && is_homophone(next)
            && is_spoken(last)
            && is_adjacent(last, next)
        {
            self.to = next.at;
        }
        if let (Some(first), Some(before)) =
            (self.elements.first(), from.checked_sub(1).and_then(|at| part.get(at)))
            && is_homophone(before)
            && is_spoken(first)
            && is_adjacent(before, first)
        {
            self.from = before.at;
        }
        self
    }

    /// The digits in the shorter reading.
    pub(super) fn least(&self) -> usize {
        self.merged.len().min(self.spelled.len())
    }

    /// The digits in the longer reading.
    pub(super) fn most(&self) -> usize {
        self.merged.len().max(self.spelled.len())
    }

    /// Whether it is a find of its own: by its digits, or by a marked number in it.
    pub(super) fn is_long(&self) -> bool {
        self.most() >= MIN || self.marks().next().is_some()
    }

    /// The marked numbers in it.
    pub(super) fn marks(&self) -> impl Iterator<Item = Marked> {
        self.elements.iter().filter_map(|element| match element.digit {
            Digit::Marked(marked) => Some(marked),
            _ => None,
        })
    }

    /// Whether it can be read as that many digits.
    pub(super) fn can_have(&self, digits: std::ops::RangeInclusive<usize>) -> bool {
        self.least() <= *digits.end() && self.most() >= *digits.start()
    }

    pub(super) fn first(&self) -> Option<&Element<'a>> {
        self.elements.first()
    }

    pub(super) fn last(&self) -> Option<&Element<'a>> {
        self.elements.last()
    }
}
