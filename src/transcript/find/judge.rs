//! What a run is, and which rules want it.
//!
//! In: a run, the cues near it, the chosen rules. Out: the kind of the find, or nothing. The check
//! digit raises a label and never decides: one digit heard wrong would leave a whole card number
//! audible.

use std::collections::BTreeMap;
use std::time::Duration;

use super::atom::Voice;
use super::cue::{Cues, is_counted, near};
use super::digits::{Element, is_card};
use super::near::{Index, Place};
use super::run::{MIN, Run};
use super::table::Cue;
use super::{Kind, Marked, Rule, Rules};

/// A run that goes on with a card number begins this soon after the part before.
const CHAIN: Duration = Duration::from_secs(10);
/// How long after a number it may be read back.
const READ_BACK: Duration = Duration::from_secs(30);
/// The same for words without times, in words.
const READ_BACK_WORDS: usize = 80;
/// Only a number as long as this is looked for again, and only in pieces as long as the second.
const REPEATED: (usize, usize) = (8, 3);

/// A run that is wanted.
#[derive(Clone, Copy)]
pub(super) struct Kept<'r, 'a> {
    pub(super) kind: Kind,
    pub(super) run: &'r Run<'a>,
}

/// The runs of one voice that the rules want, in their order.
pub(super) fn keep<'r, 'a>(
    runs: &'r [Run<'a>],
    voice: &Voice<'_>,
    cues: &Cues,
    rules: &Rules,
) -> Vec<Kept<'r, 'a>> {
    let mut kept = Vec::new();
    let mut card_end: Option<Place> = None;
    for run in runs.iter().filter(|run| is_find(run, voice)) {
        let near = near(run, cues);
        let goes_on = run
            .first()
            .zip(card_end)
            .is_some_and(|(first, end)| end.until(Place::start(first.atom), CHAIN, 10).is_some());
        let mut label = label(run, &near);
        if label == Kind::Number && goes_on {
            label = Kind::Card;
        }
        let wanted = rules.rules.iter().filter(|rule| wants(**rule, label, run, &near));
        // A run that nothing else names takes the name of the rule that wants it.
        let kind =
            wanted.map(|rule| if label == Kind::Number { named(*rule) } else { label }).max();
        if label == Kind::Card || kind == Some(Kind::Card) {
            card_end = run.last().map(|last| Place::end(last.atom));
        }
        kept.extend(kind.map(|kind| Kept { kind, run }));
    }
    kept
}

/// Whether a run is long enough. Beside a marked number any length is, unless it counts something.
fn is_find(run: &Run<'_>, voice: &Voice<'_>) -> bool {
    let is_count = || run.last().is_some_and(|last| is_counted(last.at, voice));
    run.most() >= MIN || (run.is_long() && !is_count())
}

fn named(rule: Rule) -> Kind {
    match rule {
        Rule::Numbers => Kind::Number,
        Rule::Card => Kind::Card,
        Rule::Ssn => Kind::Ssn,
        Rule::Phone => Kind::Phone,
    }
}

/// Whether digits beside a marked word are what the rule looks for.
fn is_for(marked: Marked, rule: Rule) -> bool {
    match marked {
        Marked::Other => false,
        Marked::Any => true,
        Marked::Number(kind) => match rule {
            Rule::Numbers => true,
            Rule::Card => matches!(kind, Kind::Card | Kind::Cvv | Kind::Expiry),
            Rule::Ssn => kind == Kind::Ssn,
            Rule::Phone => kind == Kind::Phone,
        },
    }
}

fn wants(rule: Rule, label: Kind, run: &Run<'_>, near: &[Cue]) -> bool {
    if run.marks().any(|marked| is_for(marked, rule)) {
        return true;
    }
    match rule {
        Rule::Numbers => true,
        Rule::Card => label == Kind::Card || run.most() >= 12 || near.contains(&Cue::Card),
        Rule::Ssn => run.can_have(9..=9) || near.contains(&Cue::Ssn),
        Rule::Phone => run.can_have(10..=12) || near.contains(&Cue::Phone),
    }
}

/// The kind by check digit, then by what is marked in it, then by the nearest cue that fits.
fn label(run: &Run<'_>, near: &[Cue]) -> Kind {
    if is_card(&run.merged) || is_card(&run.spelled) {
        return Kind::Card;
    }
    let fits = |cue: &Cue| match cue {
        Cue::Cvv => run.least() <= 4,
        Cue::Pin | Cue::Expiry => run.least() <= 8,
        Cue::Ssn => run.least() <= 9,
        Cue::Phone => run.least() <= 15,
        Cue::Routing => run.can_have(9..=9),
        Cue::SortCode => run.can_have(6..=6),
        Cue::Card | Cue::Account => true,
    };
    let marked = run.marks().find_map(|marked| match marked {
        Marked::Number(kind) => Some(kind).filter(|kind| *kind != Kind::Number),
        _ => None,
    });
    let announced = || near.iter().find(|cue| fits(cue)).map(|cue| kind(*cue));
    marked.or_else(announced).unwrap_or(Kind::Number)
}

/// The kind that a cue announces.
pub(super) fn kind(cue: Cue) -> Kind {
    match cue {
        Cue::Cvv => Kind::Cvv,
        Cue::Pin => Kind::Pin,
        Cue::Expiry => Kind::Expiry,
        Cue::Card => Kind::Card,
        Cue::Ssn => Kind::Ssn,
        Cue::Phone => Kind::Phone,
        Cue::Account => Kind::Account,
        Cue::Routing => Kind::Routing,
        Cue::SortCode => Kind::SortCode,
    }
}

/// The runs of one voice that read a piece of a kept run back, and as what. The other party may
/// echo it while it is still being said.
pub(super) fn read_back<'r, 'a>(
    kept: &[Vec<Kept<'_, 'a>>],
    runs: &'r [Run<'a>],
) -> Vec<Kept<'r, 'a>> {
    let (long, short) = REPEATED;
    let index =
        Index::new(runs.iter().filter_map(Run::first).map(|first| Place::start(first.atom)));
    let mut found = Vec::new();
    for kept in kept.iter().flatten().filter(|kept| kept.run.most() >= long) {
        let (Some(first), Some(last)) = (kept.run.first(), kept.run.last()) else { continue };
        let mut near = index.around(Place::end(first.atom), READ_BACK, READ_BACK_WORDS);
        near.extend(index.around(Place::end(last.atom), READ_BACK, READ_BACK_WORDS));
        near.sort_unstable();
        near.dedup();
        for later in near.into_iter().filter_map(|at| runs.get(at)) {
            if later.most() >= short && is_soon_after(kept.run, later) && is_piece(later, kept.run)
            {
                let is_card = kept.kind == Kind::Card;
                let kind = if is_card { Kind::CardRepeat } else { Kind::NumberRepeat };
                found.push(Kept { kind, run: later });
            }
        }
    }
    found
}

/// Whether `later` begins within 30 s after a digit of `whole`, and is no part of it.
fn is_soon_after(whole: &Run<'_>, later: &Run<'_>) -> bool {
    let Some(first) = later.first() else { return false };
    let is_before = |digit: &Element<'_>| {
        Place::end(digit.atom).until(Place::start(first.atom), READ_BACK, READ_BACK_WORDS).is_some()
    };
    whole.elements.iter().all(|digit| digit.atom.order != first.atom.order)
        && whole.elements.iter().any(is_before)
}

/// The kept runs and the repeats of one voice together. A run that is both is a repeat.
pub(super) fn name_repeats<'r, 'a>(
    kept: &[Kept<'r, 'a>],
    repeats: Vec<Kept<'r, 'a>>,
) -> Vec<Kept<'r, 'a>> {
    let mut all: BTreeMap<usize, Kept<'r, 'a>> = BTreeMap::new();
    for Kept { kind, run } in kept.iter().copied().chain(repeats) {
        let Some(first) = run.first() else { continue };
        let entry = all.entry(first.atom.order).or_insert(Kept { kind, run });
        let is_card = [entry.kind, kind].iter().any(|k| matches!(k, Kind::Card | Kind::CardRepeat));
        if kind == Kind::NumberRepeat && is_card {
            entry.kind = Kind::CardRepeat;
        } else {
            entry.kind = kind;
        }
    }
    all.into_values().collect()
}

fn is_piece(later: &Run<'_>, whole: &Run<'_>) -> bool {
    let is_in = |piece: &str| {
        piece.len() >= REPEATED.1 && (whole.merged.contains(piece) || whole.spelled.contains(piece))
    };
    is_in(&later.merged) || is_in(&later.spelled)
}
