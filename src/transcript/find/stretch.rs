//! Stretches of one voice in which only digits, fillers and short replies stand.
//!
//! In: a [`Voice`]. Out: [`Stretch`]es, and through them their [`Run`]s. What can go wrong: nothing.

use std::time::Duration;

use super::atom::{Atom, Call, Sense, Voice};
use super::digits::Element;
use super::run::{Ground, Run, bare, is_mark, sound};
use super::table::{Digit, Joins, Skip};

/// A silence that ends a run.
const GAP: Duration = Duration::from_secs(3);
/// The same where the silence holds a filler, a tag or a short reply of the other party.
const FILLED_GAP: Duration = Duration::from_secs(15);
/// More words of reply in a row are talk.
const REPLIES: usize = 4;
/// More fillers in a row are talk.
const FILLERS: usize = 12;
/// Words of one voice that could form a run.
pub(super) struct Stretch<'a> {
    pub(super) elements: Vec<Element<'a>>,
}

/// What stands between two elements.
#[derive(Default)]
struct Between {
    fillers: usize,
    replies: usize,
    tags: usize,
    /// Whether it begins with a marked number: its time may be shorter than its speech.
    is_after_mark: bool,
    joins: Joins,
    /// The latest end before the gap: of the element, or of a tag after it.
    end: Option<Duration>,
}

impl Between {
    fn is_empty(&self) -> bool {
        self.fillers + self.replies + self.tags == 0 && !self.is_after_mark
    }
}

/// Cuts a voice where a run cannot go on.
pub(super) fn stretches<'a>(voice: &Voice<'a>, call: &Call) -> Vec<Stretch<'a>> {
    let mut all = Vec::new();
    let mut elements: Vec<Element<'a>> = Vec::new();
    let mut between = Between::default();
    for (at, &atom) in voice.atoms.iter().enumerate() {
        let is_over = match atom.sense {
            Sense::Digit(_) => !elements.is_empty() && is_broken(&between, atom, voice, call),
            Sense::Skip(skip) => {
                match skip {
                    Skip::Filler => between.fillers += 1,
                    Skip::Reply => between.replies += 1,
                }
                between.joins = if between.fillers + between.replies + between.tags == 1 {
                    atom.joins
                } else {
                    Joins::default()
                };
                between.replies > REPLIES || between.fillers > FILLERS
            }
            Sense::Tag => {
                between.tags += 1;
                between.joins = Joins::default();
                between.end = between.end.max(atom.to);
                false
            }
            Sense::Silent => false,
            Sense::Other => true,
        };
        if is_over {
            if !elements.is_empty() {
                all.push(Stretch { elements: std::mem::take(&mut elements) });
            }
            between = Between::default();
        }
        if let Sense::Digit(digit) = atom.sense {
            elements.push(Element {
                atom,
                digit,
                at,
                is_after_skip: between.fillers + between.replies + between.tags > 0,
                joins: between.joins,
            });
            let is_after_mark = matches!(digit, Digit::Marked(_));
            between = Between { end: atom.to, is_after_mark, ..Between::default() };
        }
    }
    if !elements.is_empty() {
        all.push(Stretch { elements });
    }
    all
}

/// Whether the silence before `atom` ends the run. Words without times go by their order.
fn is_broken(between: &Between, atom: &Atom, voice: &Voice<'_>, call: &Call) -> bool {
    let (Some(end), Some(start)) = (between.end, atom.from) else { return false };
    let gap = start.saturating_sub(end);
    gap > FILLED_GAP || (gap > GAP && between.is_empty() && !is_reply(end, start, voice, call))
}

/// Whether others speak from `end` to `start`, and only in short replies.
fn is_reply(end: Duration, start: Duration, voice: &Voice<'_>, call: &Call) -> bool {
    let mut words = 0;
    for atom in
        call.between(end, start).filter(|atom| voice.has_turn.get(atom.turn) == Some(&false))
    {
        match atom.sense {
            Sense::Skip(_) | Sense::Tag | Sense::Digit(Digit::Marked(_)) => words += 1,
            Sense::Silent => {}
            Sense::Digit(_) | Sense::Other => return false,
        }
    }
    (1..=REPLIES).contains(&words)
}

impl<'a> Stretch<'a> {
    /// The runs of the stretch, of any length.
    pub(super) fn runs(&self, ground: Ground) -> Vec<Run<'a>> {
        let mut runs = Vec::new();
        match ground {
            Ground::Cued => {
                let own = self.without_marks();
                runs.extend(sound(&own).into_iter().filter_map(|part| Run::new(part.to_vec())));
            }
            Ground::Bare => {
                sound(&self.elements).into_iter().for_each(|part| bare(part, &mut runs))
            }
        }
        runs
    }

    /// A code is as long as its own digits, whatever is marked beside it.
    fn without_marks(&self) -> Vec<Element<'a>> {
        let mut own = Vec::with_capacity(self.elements.len());
        let mut is_after_mark = false;
        for element in &self.elements {
            if is_mark(element) {
                is_after_mark = true;
                continue;
            }
            let is_after_skip = element.is_after_skip || is_after_mark;
            own.push(Element { is_after_skip, ..*element });
            is_after_mark = false;
        }
        own
    }
}
