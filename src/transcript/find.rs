//! Numbers that nothing marks: `--find`.
//!
//! In: turns with words, and the chosen [`Rules`]. Out: [`Found`] numbers, each with its words by
//! turn; the text itself never leaves. A find covers each word from its first to its last digit in
//! a turn, with the fillers between. What can go wrong: nothing; where a reading is open, the
//! longer one counts, since a word too many is better than a digit audible. Letters that spell a
//! name or an address are not found.
//!
//! The order: words ([`atom`], [`table`]) ▸ runs ([`run`], [`digits`]) ▸ cues ([`cue`]) ▸ kinds
//! ([`judge`]).

mod atom;
mod cue;
mod digits;
mod finding;
mod judge;
mod near;
mod rules;
mod run;
mod stretch;
mod table;

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::model::{Text, Turn, Word};
use atom::{Atom, Call, Sense, Voice};
pub(super) use finding::{Kind, Marked};
use judge::{Kept, keep, kind, name_repeats, read_back};
pub use rules::{RULES_HELP, Rule, Rules, languages};
use run::{Ground, Run};
use stretch::{Stretch, stretches};
use table::{Digit, LANGUAGES, Skip, Table};

/// A number that was found, or the part of one that stands in one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// What it is.
    pub(super) kind: Kind,
    /// The index of the turn.
    pub(super) turn: usize,
    /// Its words in that turn; never empty.
    pub(super) words: Range<usize>,
    /// Which number it belongs to, from 0: the parts of one number share it.
    pub(super) number: usize,
}

/// The numbers in `turns` that `rules` look for, in the order of their first turns. `marked` says
/// of a word (turn, index) what it was before somebody marked it: it is never looked at, and ends
/// no run.
pub(super) fn find(
    turns: &[Turn],
    rules: &Rules,
    marked: &dyn Fn(usize, usize) -> Option<Marked>,
) -> Vec<Found> {
    let mut all = All::default();
    if !rules.is_empty() {
        for table in rules.languages.iter().filter_map(|&at| LANGUAGES.get(at)) {
            in_language(turns, rules, table, marked, &mut all);
        }
    }
    all.into_found()
}

/// The digits that `words` say in a row, in every language and in both readings of each run.
pub(super) fn digits_of(words: &[&str]) -> BTreeSet<String> {
    let word = |text: &&str| Word { text: Text::new(*text), ..Word::default() };
    let turns = [Turn { words: words.iter().map(word).collect(), ..Turn::default() }];
    let mut all = BTreeSet::new();
    for table in &LANGUAGES {
        let call = Call::new(&turns, table, &|_, _| None);
        for voice in call.voices(&turns) {
            let stretches = stretches(&voice, &call);
            let runs = stretches.iter().flat_map(|stretch| stretch.runs(Ground::Bare));
            all.extend(runs.flat_map(|run| [run.merged, run.spelled]));
        }
    }
    all
}

/// A label with the words of its numbers as `#`, for people may write what was said: `card four one
/// one one` is `card # # # #`.
pub(super) fn without_numbers(label: &str) -> String {
    let words: Vec<&str> = label.split_whitespace().collect();
    let word = |text: &&str| Word { text: Text::new(*text), ..Word::default() };
    let turns = [Turn { words: words.iter().map(word).collect(), ..Turn::default() }];
    let languages = (0..LANGUAGES.len()).collect();
    let rules = Rules { rules: vec![Rule::Numbers], languages };
    let found = find(&turns, &rules, &|_, _| None);
    let is_found = |at: usize| found.iter().any(|found| found.words.contains(&at));
    if found.is_empty() {
        return label.to_owned();
    }
    let shown = words.iter().enumerate().map(|(at, word)| if is_found(at) { "#" } else { word });
    shown.collect::<Vec<_>>().join(" ")
}

fn in_language(
    turns: &[Turn],
    rules: &Rules,
    table: &Table,
    marked: &dyn Fn(usize, usize) -> Option<Marked>,
    all: &mut All,
) {
    let call = Call::new(turns, table, marked);
    let voices = call.voices(turns);
    let cues = cue::spot(&voices, table);
    let spoken: Vec<Vec<Stretch<'_>>> =
        voices.iter().map(|voice| stretches(voice, &call)).collect();
    let runs: Vec<Vec<Run<'_>>> = spoken
        .iter()
        .map(|all| all.iter().flat_map(|stretch| stretch.runs(Ground::Bare)).collect())
        .collect();
    let kept: Vec<Vec<Kept<'_, '_>>> =
        runs.iter().zip(&voices).map(|(runs, voice)| keep(runs, voice, &cues, rules)).collect();
    for (((voice, runs), own), spoken) in voices.iter().zip(&runs).zip(&kept).zip(&spoken) {
        for kept in name_repeats(own, read_back(&kept, runs)) {
            all.add(Words::new(kept.kind, kept.run, voice));
        }
        for (cue, run) in cue::codes(spoken, voice, &cues) {
            let kind = kind(cue);
            if rules.has(Rule::Numbers) || (rules.has(Rule::Card) && kind != Kind::Pin) {
                all.add(Words::new(kind, &run, voice));
            }
        }
    }
}

/// The words of a find, while finds that share words are put together.
struct Words {
    kind: Kind,
    words: BTreeSet<(usize, usize)>,
}

impl Words {
    fn new(kind: Kind, run: &Run<'_>, voice: &Voice<'_>) -> Self {
        let mut words = BTreeSet::new();
        let atoms = voice.atoms.get(run.from..=run.to).unwrap_or_default();
        // In each turn from its first digit to its last: a reply in a turn of its own is not muted.
        let mut at = 0;
        while let Some(atom) = atoms.get(at) {
            let own = atoms.iter().skip(at).take_while(|next| next.turn == atom.turn).count();
            let turn = atoms.get(at..at + own).unwrap_or_default();
            let is_end = |atom: &&&Atom| match atom.sense {
                // It has a window of its own.
                Sense::Digit(Digit::Marked(_)) => false,
                Sense::Digit(_) => true,
                _ => atom.is_month,
            };
            if let (Some(first), Some(last)) = (turn.iter().find(is_end), turn.iter().rfind(is_end))
            {
                words.extend((first.word..=last.word).map(|word| (atom.turn, word)));
                // Without replies, which the other party may say in a file that knows no parties.
                let is_reply = |atom: &&&Atom| atom.sense == Sense::Skip(Skip::Reply);
                for reply in turn.iter().filter(is_reply) {
                    words.remove(&(reply.turn, reply.word));
                }
            }
            at += own;
        }
        Self { kind, words }
    }

    fn found(self, number: usize) -> Vec<Found> {
        let mut parts: Vec<Found> = Vec::new();
        for (turn, word) in self.words {
            match parts.last_mut() {
                Some(part) if part.turn == turn && part.words.end == word => part.words.end += 1,
                _ => parts.push(Found { kind: self.kind, turn, words: word..word + 1, number }),
            }
        }
        parts
    }
}

/// The finds so far, and which of them has a word.
#[derive(Default)]
struct All {
    finds: Vec<Words>,
    owners: HashMap<(usize, usize), usize>,
}

impl All {
    /// Adds a find, put together with those that share words with it. One that adds no word only
    /// names.
    fn add(&mut self, mut new: Words) {
        let owners: BTreeSet<usize> =
            new.words.iter().filter_map(|word| self.owners.get(word).copied()).collect();
        if new.words.iter().all(|word| self.owners.contains_key(word)) {
            if let (1, Some(whole)) =
                (owners.len(), owners.first().and_then(|&owner| self.finds.get_mut(owner)))
            {
                whole.kind = whole.kind.max(new.kind);
            }
            return;
        }
        let own = self.finds.len();
        for old in owners {
            if let Some(old) = self.finds.get_mut(old) {
                new.kind = new.kind.max(old.kind);
                new.words.append(&mut old.words);
            }
        }
        self.owners.extend(new.words.iter().map(|&word| (word, own)));
        self.finds.push(new);
    }

    /// The finds in the order of their first words.
    fn into_found(self) -> Vec<Found> {
        let mut finds: Vec<Words> =
            self.finds.into_iter().filter(|find| !find.words.is_empty()).collect();
        finds.sort_by_key(|find| find.words.first().copied());
        finds.into_iter().enumerate().flat_map(|(number, find)| find.found(number)).collect()
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod samples;
