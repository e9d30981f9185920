//! Words that announce a number, and the short numbers that stand after them.
//!
//! In: the voices of a call. Out: where each cue stands, whether a run is near one, and the
//! security codes and expiry dates, of any length. What can go wrong: nothing.

use std::time::Duration;

use super::atom::{Atom, Sense, Voice};
use super::near::{Index, Place};
use super::run::{Ground, Run};
use super::stretch::Stretch;
use super::table::{Cue, Digit, Table};

/// How long after its cue a code may begin, or go on after a part of it.
const CODE: Duration = Duration::from_secs(10);
/// How long after its cue a long number may begin.
const NUMBER: Duration = Duration::from_secs(20);
/// How long after a long number its cue may come: "… is my card number".
const AFTER: Duration = Duration::from_secs(5);
/// The same for words without times, in words.
const WORDS: usize = 40;
/// More digits are no code and no date, but the card number itself.
const CODE_DIGITS: usize = 8;
/// The month may stand this many words before the year: "december of the year".
const MONTH: usize = 4;

/// A cue in the call.
#[derive(Clone, Copy)]
struct Spotted {
    cue: Cue,
    from: Place,
    to: Place,
}

/// All cues of a call.
pub(super) struct Cues {
    all: Vec<Spotted>,
    index: Index,
}

/// All cues of the voices. A phrase that holds another ("card verification") hides it.
pub(super) fn spot(voices: &[Voice<'_>], table: &Table) -> Cues {
    let mut cues: Vec<Spotted> = Vec::new();
    for voice in voices {
        let mut at = 0;
        while let Some(first) = voice.atoms.get(at) {
            let is_here = |words: &[&str]| {
                let own = voice.atoms.get(at..at + words.len()).unwrap_or_default();
                own.len() == words.len()
                    && own.iter().zip(words).all(|(atom, word)| says(atom, word))
            };
            let key = if first.text.is_empty() { &first.digits } else { &first.text };
            let hit = table.phrases(key).iter().find(|(words, _)| is_here(words));
            let Some((words, cue)) = hit else {
                at += 1;
                continue;
            };
            at += words.len();
            if let Some(last) = voice.atoms.get(at - 1) {
                cues.push(Spotted { cue: *cue, from: Place::start(first), to: Place::end(last) });
            }
        }
    }
    cues.sort_by_key(|cue| (cue.to.order, cue.cue));
    cues.dedup_by_key(|cue| (cue.to.order, cue.cue));
    let index = Index::new(cues.iter().map(|cue| cue.to));
    Cues { all: cues, index }
}

fn says(atom: &Atom, word: &str) -> bool {
    !matches!(atom.sense, Sense::Tag | Sense::Digit(Digit::Marked(_)))
        && if atom.text.is_empty() { atom.digits == word } else { atom.text == word }
}

/// The cues near a run, the nearest before it first, then the nearest after it.
pub(super) fn near(run: &Run<'_>, cues: &Cues) -> Vec<Cue> {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return Vec::new() };
    let mut before = Vec::new();
    let mut after = Vec::new();
    let mut candidates = cues.index.around(Place::start(first.atom), NUMBER, WORDS);
    candidates.extend(cues.index.around(Place::end(last.atom), NUMBER, WORDS));
    candidates.sort_unstable();
    candidates.dedup();
    for spotted in candidates.into_iter().filter_map(|at| cues.all.get(at)) {
        if let Some(gap) = spotted.to.until(Place::start(first.atom), NUMBER, WORDS) {
            before.push((gap, spotted.cue));
        } else if let Some(gap) = Place::end(last.atom).until(spotted.from, AFTER, WORDS / 4) {
            after.push((gap, spotted.cue));
        }
    }
    before.sort_unstable();
    after.sort_unstable();
    before.into_iter().chain(after).map(|(_, cue)| cue).collect()
}

/// The codes and dates that stand in `stretches` after their cues, each with its cue. `voice` is
/// theirs.
pub(super) fn codes<'a>(
    stretches: &[Stretch<'a>],
    voice: &Voice<'a>,
    cues: &Cues,
) -> Vec<(Cue, Run<'a>)> {
    let mut found = Vec::new();
    let runs: Vec<Run<'a>> =
        stretches.iter().flat_map(|stretch| stretch.runs(Ground::Cued)).collect();
    let index =
        Index::new(runs.iter().filter_map(Run::first).map(|first| Place::start(first.atom)));
    for spotted in &cues.all {
        let enough = match spotted.cue {
            Cue::Cvv | Cue::Pin => 3,
            Cue::Expiry => 4,
            _ => continue,
        };
        let mut from = spotted.to;
        let mut digits = 0;
        // Four parts of a code, each as late as may be.
        for run in
            index.around(spotted.to, 4 * CODE, 4 * WORDS).into_iter().filter_map(|at| runs.get(at))
        {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let is_after = from.until(Place::start(first.atom), CODE, WORDS).is_some();
            let is_other = run.least() > CODE_DIGITS;
            let is_count = run.most() < enough && is_counted(last.at, voice);
            if !is_after || is_other || is_count {
                continue;
            }
            digits += run.most();
            from = Place::end(last.atom);
            let run = if spotted.cue == Cue::Expiry { with_month(run, voice) } else { run.clone() };
            found.push((spotted.cue, run));
            if digits >= enough {
                break;
            }
        }
    }
    found
}

/// Whether the number counts something: "three digits", "one moment".
pub(super) fn is_counted(last: usize, voice: &Voice<'_>) -> bool {
    voice.atoms.get(last + 1).is_some_and(|next| next.is_counted)
}

/// The run with the month that stands near its first digit or after its last one.
fn with_month<'a>(run: &Run<'a>, voice: &Voice<'a>) -> Run<'a> {
    let mut run = run.clone();
    let (Some(first), Some(last)) = (run.first().map(|e| e.at), run.last().map(|e| e.at)) else {
        return run;
    };
    let before = voice.atoms.get(first.saturating_sub(MONTH)..first).unwrap_or_default();
    let is_between = |atom: &&&Atom| atom.is_link || matches!(atom.sense, Sense::Skip(_));
    let back = before.iter().rev().take_while(is_between).count();
    if before.iter().rev().nth(back).is_some_and(|atom| atom.is_month) {
        run.from = first - 1 - back;
    }
    if voice.atoms.get(last + 1).is_some_and(|atom| atom.is_month) {
        run.to = last + 1;
    }
    run
}
