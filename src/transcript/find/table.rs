//! The words of a language as data: which word is a number, a filler, a month, a cue.
//!
//! In: the text of a table such as `en.txt`. Out: a [`Table`]. A new language is a new file and a
//! line in [`LANGUAGES`]. What can go wrong: a line that is not understood is left out, and a test
//! refuses it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::finding::Marked;

/// The languages, the default first.
pub(super) static LANGUAGES: [LazyLock<Table>; 3] = [
    LazyLock::new(|| Table::parse(include_str!("en.txt")).0),
    LazyLock::new(|| Table::parse(include_str!("de.txt")).0),
    LazyLock::new(|| Table::parse(include_str!("es.txt")).0),
];

/// A word that is part of a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Digit {
    /// `seven`, `eleven`, `forty`.
    Number(u32),
    /// `ones`: the digit, or after a unit that digit as often ("four ones").
    Plural(u32),
    /// `oh`: a digit only beside digits.
    Beside(u32),
    /// `to`: a digit only inside a run.
    Homophone(u32),
    /// `hundred`: so many noughts after a number.
    Power(u32),
    /// `double`: the next digit so often.
    Repeat(usize),
    /// Digits as the transcript writes them; they stand in the atom.
    Written,
    /// A number that a service took out: nobody knows its digits.
    Marked(Marked),
}

/// A word that ends no run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Skip {
    /// `uh`, `dash`, `and`.
    Filler,
    /// `go ahead`: only a few of them.
    Reply,
}

/// What a cue word announces.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Cue {
    Cvv,
    Pin,
    Expiry,
    Card,
    Ssn,
    Phone,
    Account,
    Routing,
    SortCode,
}

/// Where a joining word puts numbers together.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Joins {
    /// After a power: "two hundred and five".
    pub(super) after_power: bool,
    /// After tens: "treinta y dos".
    pub(super) after_tens: bool,
    /// After a unit: "zwei und zwanzig".
    pub(super) after_unit: bool,
}

/// All that a word can be.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry {
    pub(super) digit: Option<Digit>,
    pub(super) skip: Option<Skip>,
    pub(super) joins: Joins,
    pub(super) is_month: bool,
    pub(super) is_counted: bool,
    pub(super) is_link: bool,
}

/// The words of one language.
pub(super) struct Table {
    /// `en`.
    pub(super) code: &'static str,
    /// `English`.
    pub(super) name: &'static str,
    entries: HashMap<&'static str, Entry>,
    parts: HashMap<&'static str, Digit>,
    is_compound: bool,
    /// Phrases by their first word, longest first.
    cues: HashMap<&'static str, Vec<(Vec<&'static str>, Cue)>>,
}

impl Table {
    /// Reads a table, and gives the lines that it did not understand.
    fn parse(text: &'static str) -> (Self, Vec<&'static str>) {
        let mut table = Self {
            code: "",
            name: "",
            entries: HashMap::new(),
            parts: HashMap::new(),
            is_compound: false,
            cues: HashMap::new(),
        };
        let lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let refused = lines.filter(|line| table.line(line).is_none()).collect();
        for phrases in table.cues.values_mut() {
            phrases.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        }
        (table, refused)
    }

    fn line(&mut self, line: &'static str) -> Option<()> {
        let (class, rest) = line.split_once(' ')?;
        match class {
            "language" => (self.code, self.name) = rest.split_once(' ')?,
            "compound" => self.is_compound = rest == "yes",
            "filler" => self.each(rest, |entry| entry.skip = Some(Skip::Filler)),
            "reply" => self.each(rest, |entry| entry.skip = entry.skip.or(Some(Skip::Reply))),
            "link" => self.each(rest, |entry| entry.is_link = true),
            "counted" => self.each(rest, |entry| entry.is_counted = true),
            "join-power" => self.each(rest, |entry| entry.joins.after_power = true),
            "join-tens" => self.each(rest, |entry| entry.joins.after_tens = true),
            "join-unit" => self.each(rest, |entry| entry.joins.after_unit = true),
            "cue" => return self.cue(rest),
            _ => return self.valued(class, rest),
        }
        Some(())
    }

    /// A class with a value: `number 7 seven`.
    fn valued(&mut self, class: &str, rest: &'static str) -> Option<()> {
        let (value, words) = rest.split_once(' ')?;
        let value: u32 = value.parse().ok()?;
        let digit = match class {
            "month" => {
                self.each(words, |entry| entry.is_month = true);
                return Some(());
            }
            "part" => {
                self.parts
                    .extend(words.split_whitespace().map(|word| (word, Digit::Number(value))));
                return Some(());
            }
            "number" => Digit::Number(value),
            "plural" => Digit::Plural(value),
            "beside" => Digit::Beside(value),
            "homophone" => Digit::Homophone(value),
            "power" => Digit::Power(value),
            "repeat" => Digit::Repeat(usize::try_from(value).ok()?),
            _ => return None,
        };
        self.each(words, |entry| entry.digit = Some(digit));
        Some(())
    }

    fn each(&mut self, words: &'static str, change: impl Fn(&mut Entry)) {
        for word in words.split_whitespace() {
            change(self.entries.entry(word).or_default());
        }
    }

    fn cue(&mut self, rest: &'static str) -> Option<()> {
        let (kind, phrases) = rest.split_once(' ')?;
        let cue = match kind {
            "cvv" => Cue::Cvv,
            "pin" => Cue::Pin,
            "expiry" => Cue::Expiry,
            "card" => Cue::Card,
            "ssn" => Cue::Ssn,
            "phone" => Cue::Phone,
            "account" => Cue::Account,
            "routing" => Cue::Routing,
            "sort-code" => Cue::SortCode,
            _ => return None,
        };
        for phrase in phrases.split(',') {
            let words: Vec<_> = phrase.split_whitespace().collect();
            let first = *words.first()?;
            self.cues.entry(first).or_default().push((words, cue));
        }
        Some(())
    }

    /// What a word can be.
    pub(super) fn entry(&self, word: &str) -> Option<Entry> {
        self.entries.get(word).copied()
    }

    /// The cue phrases that begin with `word`, the longest first.
    pub(super) fn phrases(&self, word: &str) -> &[(Vec<&'static str>, Cue)] {
        self.cues.get(word).map_or(&[], Vec::as_slice)
    }

    /// The numbers inside a word that is written in one, such as `einundzwanzig`: all of it, or
    /// nothing.
    pub(super) fn compound(&self, word: &str) -> Option<Vec<Digit>> {
        // No number word is longer; a limit keeps the search from growing with the input.
        if !self.is_compound || word.len() > 80 {
            return None;
        }
        let mut found = Vec::new();
        self.split(word, &mut found, 0).then_some(found)
    }

    fn split(&self, rest: &str, found: &mut Vec<Digit>, depth: usize) -> bool {
        if rest.is_empty() {
            return found.len() > 1;
        }
        if depth > 12 {
            return false;
        }
        let ends: Vec<usize> =
            rest.char_indices().map(|(at, _)| at).skip(1).chain([rest.len()]).collect();
        for end in ends.into_iter().rev() {
            let (head, tail) = rest.split_at(end);
            let entry = self.entries.get(head).copied().unwrap_or_default();
            let is_join = entry.joins != Joins::default() && !found.is_empty() && !tail.is_empty();
            let digit = entry.digit.or_else(|| self.parts.get(head).copied());
            let before = found.len();
            found.extend(digit);
            if (digit.is_some() || is_join) && self.split(tail, found, depth + 1) {
                return true;
            }
            found.truncate(before);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_table_is_understood() {
        for text in [include_str!("en.txt"), include_str!("de.txt"), include_str!("es.txt")] {
            let (table, refused) = Table::parse(text);
            assert!(refused.is_empty(), "{refused:?}");
            assert_eq!(table.code.len(), 2);
            assert!(!table.name.is_empty());
        }
    }

    #[test]
    fn a_line_that_is_not_understood_is_reported() {
        let (_, refused) =
            Table::parse("language xx Test\nnumber seven 7\ncue nothing x\nodd 1 y\n");
        assert_eq!(refused, ["number seven 7", "cue nothing x", "odd 1 y"]);
    }

    #[test]
    fn every_table_has_the_ten_digits() {
        for table in &LANGUAGES {
            for digit in 0..=9 {
                let has =
                    table.entries.values().any(|entry| entry.digit == Some(Digit::Number(digit)));
                assert!(has, "{} {digit}", table.name);
            }
        }
    }
}
