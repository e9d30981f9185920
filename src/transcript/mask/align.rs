//! Finding words again in a text that repeats them.
//!
//! A text (a transcript, a sentence, a display form) is compared with its words letter by letter:
//! letters and digits alone, in lower case, so that punctuation, blanks and hyphens do not matter.
//! Where the words cannot be found again, the whole text is masked.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::super::document::Document;
use super::super::json::characters;
use super::super::model::{Turn, Word};
use super::secrets::{Secrets, letters};
use super::{Chosen, inside};

/// The letters of all words, with those of masked words flagged.
pub(super) struct Masked {
    /// For each turn, for each word: its letters, and whether it is masked.
    turns: Vec<Vec<(String, bool)>>,
}

/// A text that fits in more places is masked as a whole.
const OFTEN: usize = 200;

impl Masked {
    /// The letters of the words of `turns`.
    pub(super) fn of(turns: &[Turn], chosen: &Chosen) -> Self {
        let all = turns.iter().enumerate().map(|(index, turn)| {
            let words = turn.words.iter().enumerate();
            let words: Vec<(String, bool)> = words
                .map(|(at, word): (usize, &Word)| {
                    (letters(word.text.expose()), chosen.has(index, at))
                })
                .collect();
            words
        });
        let turns = all.collect();
        Self { turns }
    }

    /// The words that a repeat repeats.
    pub(super) fn said(&self, turns: Range<usize>, words: Option<Range<usize>>) -> Said<'_> {
        let turns = self.turns.get(turns).unwrap_or_default();
        match words {
            Some(words) => {
                Said::of(turns.first().and_then(|turn| turn.get(words)).unwrap_or_default().iter())
            }
            None => Said::of(turns.iter().flatten()),
        }
    }
}

/// Words with letters, as they are compared with a text that repeats them.
pub(super) struct Said<'a> {
    words: Vec<(&'a str, bool)>,
    /// The letters of all words, one after the other.
    all: String,
    /// Where in `all` masked words are.
    masked: Vec<Range<usize>>,
    /// Runs of masked words and how often each is said.
    runs: BTreeMap<Vec<&'a str>, usize>,
    /// Words outside the windows.
    plain: BTreeSet<&'a str>,
}

impl<'a> Said<'a> {
    fn of(words: impl Iterator<Item = &'a (String, bool)>) -> Self {
        let words: Vec<(&str, bool)> =
            words.filter(|word| !word.0.is_empty()).map(|word| (word.0.as_str(), word.1)).collect();
        let (mut all, mut masked) = (String::new(), Vec::new());
        let (mut runs, mut plain) = (BTreeMap::new(), BTreeSet::new());
        if words.iter().any(|word| word.1) {
            for run in words.chunk_by(|one, next| one.1 == next.1) {
                let start = all.len();
                run.iter().for_each(|word| all.push_str(word.0));
                if run.iter().any(|word| word.1) {
                    masked.push(start..all.len());
                    *runs.entry(run.iter().map(|word| word.0).collect()).or_default() += 1;
                } else {
                    plain.extend(run.iter().map(|word| word.0));
                }
            }
        }
        Self { words, all, masked, runs, plain }
    }
}

impl Said<'_> {
    /// Whether a text of words that are not masked says masked words of other turns: an entity that
    /// names the wrong words.
    pub(super) fn is_told_elsewhere(
        &self,
        document: &Document<'_>,
        source: &Range<usize>,
        secrets: &Secrets,
    ) -> bool {
        let text = document.text.get(source.clone()).unwrap_or_default();
        self.masked.is_empty()
            && !text.starts_with('[')
            && secrets.are_told_by(text.trim_matches('"'))
            && !secrets
                .are_told_by(&self.words.iter().map(|word| word.0).collect::<Vec<_>>().join(" "))
    }
}

/// The bytes of the document to mask in one repeated text.
pub(super) fn places(
    document: &Document<'_>,
    source: Range<usize>,
    said: &Said<'_>,
) -> Vec<Range<usize>> {
    if said.masked.is_empty() {
        return Vec::new();
    }
    let written = document.text.get(source.clone()).unwrap_or_default();
    let is_string = document.is_json()
        && written.len() >= 2
        && written.starts_with('"')
        && written.ends_with('"');
    if document.is_json() && written.starts_with('[') {
        return vec![source];
    }
    let inner = if is_string { source.start + 1..source.end - 1 } else { source };
    let text = document.text.get(inner.clone()).unwrap_or_default();
    let found = Repeated::of(text, is_string).find(said);
    match found {
        Some(places) => places
            .into_iter()
            .map(|place| inner.start + place.start..inner.start + place.end)
            .collect(),
        None if is_string => vec![inside(document.text, inner.start - 1..inner.end + 1)],
        None => vec![inner],
    }
}

/// A text as its tokens.
struct Repeated {
    tokens: Vec<Token>,
}

/// What stands between blanks, from its first to its last letter.
struct Token {
    letters: String,
    place: Range<usize>,
}

impl Repeated {
    fn of(text: &str, is_json: bool) -> Self {
        let mut tokens = Vec::new();
        let mut open: Option<Token> = None;
        let plain = text.char_indices().map(|(at, c)| (c, at..at + c.len_utf8()));
        let all: Box<dyn Iterator<Item = (char, Range<usize>)>> =
            if is_json { Box::new(characters(text)) } else { Box::new(plain) };
        for (c, place) in all {
            if c.is_whitespace() {
                tokens.extend(open.take());
            } else if c.is_alphanumeric() {
                let token = open
                    .get_or_insert_with(|| Token { letters: String::new(), place: place.clone() });
                token.letters.extend(c.to_lowercase());
                token.place.end = place.end;
            }
        }
        tokens.extend(open);
        Self { tokens }
    }

    /// The places of the masked words; none if they cannot be found for certain.
    fn find(&self, said: &Said<'_>) -> Option<Vec<Range<usize>>> {
        self.as_part_of(said).or_else(|| self.by_runs(said)).or_else(|| self.between_ends(said))
    }

    /// The text begins and ends as the words do, and says the masked ones in another form (`4111`
    /// for `four one one one`): all between the words that are the same is masked. None if nothing
    /// is the same.
    fn between_ends(&self, said: &Said<'_>) -> Option<Vec<Range<usize>>> {
        let words = &said.words;
        let is_same = |(token, word): &(&Token, &(&str, bool))| !word.1 && token.letters == word.0;
        let front = self.tokens.iter().zip(words).take_while(is_same).count();
        let back = self.tokens.iter().rev().zip(words.iter().rev()).take_while(is_same).count();
        let middle = self.tokens.get(front..self.tokens.len().checked_sub(back)?)?;
        (front + back > 0).then(|| middle.iter().map(|token| token.place.clone()).collect())
    }

    /// The text is the words themselves, or a piece of them: every place where it fits counts.
    fn as_part_of(&self, said: &Said<'_>) -> Option<Vec<Range<usize>>> {
        let own: String = self.tokens.iter().map(|token| token.letters.as_str()).collect();
        if own.is_empty() {
            return Some(Vec::new());
        }
        let mut places = BTreeSet::new();
        let (mut count, mut from) = (0, 0);
        // Matches may overlap ("one one" in "one one one"), so that `match_indices` would not do.
        while let Some(at) = said.all.get(from..).and_then(|rest| rest.find(&own)) {
            let base = from + at;
            self.mask_at(base, &said.masked, &mut places);
            count += 1;
            if count > OFTEN || places.len() == self.tokens.len() {
                // A text that may be anywhere is masked if any place is.
                places = (0..self.tokens.len()).collect();
                break;
            }
            from = base
                + said
                    .all
                    .get(base..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(1, char::len_utf8);
        }
        let place = |index: usize| self.tokens.get(index).map(|token| token.place.clone());
        (count > 0).then(|| places.into_iter().filter_map(place).collect())
    }

    /// Notes the tokens that meet masked letters if the text begins at the letter `base`.
    fn mask_at(&self, base: usize, masked: &[Range<usize>], places: &mut BTreeSet<usize>) {
        let mut start = base;
        for (index, token) in self.tokens.iter().enumerate() {
            let end = start + token.letters.len();
            let first = masked.partition_point(|word| word.end <= start);
            if masked.get(first).is_some_and(|word| word.start < end) {
                places.insert(index);
            }
            start = end;
        }
    }

    /// The text holds the words in another order (channels by turns), or with others between them:
    /// each run of masked words is looked for by itself, and must be found as often as it is said.
    fn by_runs(&self, said: &Said<'_>) -> Option<Vec<Range<usize>>> {
        let mut starts = BTreeMap::<&str, Vec<usize>>::new();
        for (at, token) in self.tokens.iter().enumerate() {
            starts.entry(token.letters.as_str()).or_default().push(at);
        }
        let mut places = BTreeSet::new();
        for (run, times) in &said.runs {
            let first = starts.get(run.first()?).map(Vec::as_slice).unwrap_or_default();
            let is_here = |at: &&usize| {
                let there = self.tokens.iter().skip(**at).map(|token| token.letters.as_str());
                there.take(run.len()).eq(run.iter().copied())
            };
            let found: Vec<usize> = first.iter().filter(is_here).copied().collect();
            if found.len() < *times {
                return None;
            }
            places.extend(found.iter().flat_map(|at| *at..*at + run.len()));
        }
        // What is left, and no word outside the windows says, may be another form of masked words.
        let is_left = |(index, token): (usize, &Token)| {
            !places.contains(&index) && !said.plain.contains(token.letters.as_str())
        };
        if self.tokens.iter().enumerate().any(is_left) {
            return None;
        }
        let place = |index: usize| self.tokens.get(index).map(|token| token.place.clone());
        Some(places.into_iter().filter_map(place).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of which those in capitals are masked, and the text after masking.
    fn masked(words: &str, text: &str) -> Option<String> {
        let words: Vec<(String, bool)> = words
            .split(' ')
            .map(|word| (letters(word), word.chars().any(char::is_uppercase) || word.contains('1')))
            .collect();
        let places = Repeated::of(text, false).find(&Said::of(words.iter()))?;
        let mut out = text.to_owned();
        for place in places.into_iter().rev() {
            out.replace_range(place, "*");
        }
        Some(out)
    }

    #[test]
    fn words_are_found_whatever_stands_between_them() {
        assert_eq!(
            masked("it is FOUR ONE ok", "It is four-one, ok.").as_deref(),
            Some("It is *, ok.")
        );
        assert_eq!(masked("it is 4111 ok", "It is 4-111, ok.").as_deref(), Some("It is *, ok."));
        assert_eq!(masked("one ONE one", "one one one").as_deref(), Some("one * one"));
    }

    #[test]
    fn a_piece_is_masked_for_every_place_where_it_fits() {
        assert_eq!(masked("well one and ONE more", "One").as_deref(), Some("*"));
        assert_eq!(masked("well one and ONE more", "well one").as_deref(), Some("well one"));
    }

    #[test]
    fn another_order_is_no_obstacle() {
        assert_eq!(masked("a FOUR ONE b c d", "c a four one d b").as_deref(), Some("c a * * d b"));
        assert_eq!(masked("a FOUR ONE b c d", "c a four one d 41 b"), None);
    }

    #[test]
    fn another_form_of_the_words_is_masked_up_to_the_words_that_are_the_same() {
        assert_eq!(masked("it is FOUR ONE", "It is 41").as_deref(), Some("It is *"));
        assert_eq!(masked("it is FOUR ONE ok", "It is 41, OK.").as_deref(), Some("It is *, OK."));
        assert_eq!(masked("it is FOUR ONE and FOUR ONE", "and so it is four one, 41"), None);
        assert_eq!(masked("it is FOUR ONE", "41 it"), None);
    }
}
