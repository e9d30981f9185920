//! The words of a call as the rules see them, and the voices that speak them.
//!
//! In: turns and a table of words. Out: [`Atom`]s by turn, in the order of time, and [`Voice`]s:
//! the turns of one channel, and of one party on it. What can go wrong: nothing; a word that means
//! nothing is `Other`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::model::{Turn, Word};
use super::super::sounds;
use super::finding::Marked;
use super::table::{Digit, Entry, Joins, Skip, Table};

/// What a word means for a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    Digit(Digit),
    Skip(Skip),
    /// A word that is masked already, and no number. One that is may be part of a run:
    /// [`Digit::Marked`].
    Tag,
    /// Punctuation.
    Silent,
    Other,
}

/// A word, or a part of one ("forty-two", "4111 1111" in one word). It holds what was said, so it
/// has no `Debug`.
pub(super) struct Atom {
    pub(super) turn: usize,
    pub(super) word: usize,
    pub(super) sense: Sense,
    /// Lower case, without punctuation around it.
    pub(super) text: String,
    /// The digits of [`Digit::Written`].
    pub(super) digits: String,
    pub(super) joins: Joins,
    pub(super) is_month: bool,
    pub(super) is_counted: bool,
    /// Whether it may stand between a month and a year.
    pub(super) is_link: bool,
    /// The earliest start and the latest end that the file allows.
    pub(super) from: Option<Duration>,
    pub(super) to: Option<Duration>,
    /// Whether these are its own, and not those of its turn.
    pub(super) is_timed: bool,
    /// Its place among all words of the call.
    pub(super) order: usize,
}

/// All words of a call.
pub(super) struct Call {
    /// The atoms of each turn.
    pub(super) atoms: Vec<Vec<Atom>>,
    /// The turns in the order of time. A turn without a time follows the one before it in the file.
    order: Vec<usize>,
    /// Each atom with a time: turn and index.
    clock: Vec<(Duration, usize, usize)>,
}

/// Turns that can hold one run: a channel, or one party of it.
pub(super) struct Voice<'a> {
    /// Its atoms without the silent ones.
    pub(super) atoms: Vec<&'a Atom>,
    /// For each turn of the call, whether it belongs to the voice.
    pub(super) has_turn: Vec<bool>,
}

impl Call {
    /// Reads `turns`; words that are `marked` are not looked at.
    pub(super) fn new(
        turns: &[Turn],
        table: &Table,
        marked: &dyn Fn(usize, usize) -> Option<Marked>,
    ) -> Self {
        let mut atoms: Vec<Vec<Atom>> =
            turns.iter().enumerate().map(|(at, turn)| read(at, turn, table, marked)).collect();
        let mut starts = Vec::with_capacity(turns.len());
        let mut last = Duration::ZERO;
        for turn in turns {
            let first = turn.words.iter().find_map(|word| word.time).or(turn.time);
            last = first.map_or(last, |time| time.start);
            starts.push(last);
        }
        let mut order: Vec<usize> = (0..turns.len()).collect();
        order.sort_by_key(|&turn| starts.get(turn).copied());
        let mut next = 0;
        for &turn in &order {
            for atom in atoms.get_mut(turn).into_iter().flatten() {
                atom.order = next;
                next += 1;
            }
        }
        let mut clock = Vec::new();
        for own in &atoms {
            clock.extend(
                own.iter().enumerate().filter_map(|(at, atom)| Some((atom.from?, atom.turn, at))),
            );
        }
        clock.sort_unstable();
        Self { atoms, order, clock }
    }

    /// The atoms that begin at `start` or later, and before `end`.
    pub(super) fn between(&self, start: Duration, end: Duration) -> impl Iterator<Item = &Atom> {
        let first = self.clock.partition_point(|(from, ..)| *from < start);
        let within = self.clock.iter().skip(first).take_while(move |(from, ..)| *from < end);
        within.filter_map(|&(_, turn, at)| self.atoms.get(turn)?.get(at))
    }

    /// The voices: for each channel every party of it, then the channel as a whole, since a
    /// recogniser may give half of a number to the wrong party.
    pub(super) fn voices(&self, turns: &[Turn]) -> Vec<Voice<'_>> {
        let mut channels: BTreeMap<Option<u16>, BTreeMap<Option<&str>, Vec<usize>>> =
            BTreeMap::new();
        for &at in &self.order {
            if let Some(turn) = turns.get(at) {
                let party = turn.party.as_ref().map(super::super::model::Text::expose);
                channels.entry(turn.channel).or_default().entry(party).or_default().push(at);
            }
        }
        let mut voices = Vec::new();
        for parties in channels.values() {
            voices.extend(parties.values().map(|own| self.voice(own)));
            if parties.len() > 1 {
                let mut has_turn = vec![false; turns.len()];
                parties.values().flatten().for_each(|&turn| has_turn[turn] = true);
                let all: Vec<usize> =
                    self.order.iter().copied().filter(|&turn| has_turn[turn]).collect();
                voices.push(self.voice(&all));
            }
        }
        voices
    }

    fn voice(&self, own: &[usize]) -> Voice<'_> {
        let mut has_turn = vec![false; self.atoms.len()];
        own.iter().for_each(|&turn| has_turn[turn] = true);
        let atoms = own.iter().flat_map(|&turn| &self.atoms[turn]);
        Voice { atoms: atoms.filter(|atom| atom.sense != Sense::Silent).collect(), has_turn }
    }
}

fn read(
    at: usize,
    turn: &Turn,
    table: &Table,
    marked: &dyn Fn(usize, usize) -> Option<Marked>,
) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for (index, word) in turn.words.iter().enumerate() {
        let bounds = word.time.or(turn.time);
        let atom = |sense, text: String, digits: String, entry: Entry| Atom {
            turn: at,
            word: index,
            sense,
            text,
            digits,
            joins: entry.joins,
            is_month: entry.is_month,
            is_counted: entry.is_counted,
            is_link: entry.is_link,
            from: bounds.map(|time| time.start.min(time.end)),
            to: bounds.map(|time| time.start.max(time.end)),
            is_timed: word.time.is_some(),
            order: 0,
        };
        if let Some(marked) = marked(at, index).or_else(|| tag(word)) {
            let sense = match marked {
                Marked::Other => Sense::Tag,
                number => Sense::Digit(Digit::Marked(number)),
            };
            atoms.push(atom(sense, String::new(), String::new(), Entry::default()));
        } else if !word.is_silent {
            let pieces = word.text.expose().split_whitespace();
            atoms.extend(
                pieces.flat_map(|piece| senses(piece, table)).map(|(s, t, d, e)| atom(s, t, d, e)),
            );
        }
    }
    atoms
}

/// What a word with the shape of a tag or a mask stands for. Brackets around digits are none.
fn tag(word: &Word) -> Option<Marked> {
    let is_end = |c: char| matches!(c, '.' | ',' | '?' | '!' | ';' | ':');
    let text = word.text.expose().trim().trim_matches(is_end);
    if text.len() > 1 && text.chars().all(|c| matches!(c, '#' | '*' | '•' | '█')) {
        return Some(Marked::Any);
    }
    let inside = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    let inner = inside('[', ']').or_else(|| inside('<', '>')).or_else(|| inside('{', '}'))?;
    let is_label = inner.chars().any(char::is_alphabetic);
    is_label.then(|| if sounds::name(inner).is_some() { Marked::Other } else { Marked::of(inner) })
}

type Piece = (Sense, String, String, Entry);

/// What one piece between blanks means: one atom, or several ("four-one-one").
fn senses(piece: &str, table: &Table) -> Vec<Piece> {
    let lower = piece.to_lowercase().replace(['\u{2019}', '\u{2bc}', '`'], "'");
    let text = lower.trim_matches(|c: char| !c.is_alphanumeric());
    if text.is_empty() {
        return vec![other(Sense::Silent, text)];
    }
    let is_cue = table.phrases(text).iter().any(|(words, _)| words.len() == 1);
    if text.contains(char::is_numeric) && !is_cue {
        return vec![written(
            text.chars()
                .filter(|c| c.is_numeric())
                .map(|c| if c.is_ascii() { c } else { '0' })
                .collect(),
        )];
    }
    if let Some(known) = known(text, table) {
        return vec![known];
    }
    let letters = text.replace('.', "");
    if letters != text && table.phrases(&letters).iter().any(|(words, _)| words.len() == 1) {
        return vec![other(Sense::Other, &letters)];
    }
    if let Some(digits) = table.compound(text) {
        return whole(&digits).map_or_else(|| apart(text, &digits), |value| vec![written(value)]);
    }
    let parts: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|part| !part.is_empty())
        .collect();
    if parts.len() < 2 {
        return vec![other(Sense::Other, text)];
    }
    let atoms: Vec<Piece> = parts
        .iter()
        .map(|part| known(part, table).unwrap_or_else(|| other(Sense::Other, part)))
        .collect();
    let digits: Vec<Digit> = atoms
        .iter()
        .filter_map(|atom| if let Sense::Digit(digit) = atom.0 { Some(digit) } else { None })
        .collect();
    // "forty-two" is one number; "four-one-one" is three.
    match (atoms.len() == digits.len() || atoms.len() == 2).then(|| whole(&digits)).flatten() {
        Some(value) if atoms.len() == digits.len() => vec![written(value)],
        _ => atoms,
    }
}

fn known(text: &str, table: &Table) -> Option<Piece> {
    let entry = table.entry(text)?;
    let sense = match (entry.digit, entry.skip) {
        (Some(digit), _) => Sense::Digit(digit),
        (None, Some(skip)) => Sense::Skip(skip),
        (None, None) => Sense::Other,
    };
    Some((sense, text.to_owned(), String::new(), entry))
}

fn other(sense: Sense, text: &str) -> Piece {
    (sense, text.to_owned(), String::new(), Entry::default())
}

fn written(digits: String) -> Piece {
    (Sense::Digit(Digit::Written), String::new(), digits, Entry::default())
}

fn apart(text: &str, digits: &[Digit]) -> Vec<Piece> {
    digits.iter().map(|&digit| other(Sense::Digit(digit), text)).collect()
}

/// The value of a number that is written as one word, if the parts add up to one: "einundzwanzig",
/// "forty-two".
fn whole(digits: &[Digit]) -> Option<String> {
    let (mut total, mut current) = (0_u64, 0_u64);
    let mut has_power = false;
    let mut numbers = Vec::new();
    for digit in digits {
        match *digit {
            Digit::Number(value) => {
                numbers.push(value);
                current = current.checked_add(u64::from(value))?;
            }
            Digit::Power(2) => {
                has_power = true;
                current = current.max(1).checked_mul(100)?;
            }
            Digit::Power(power) => {
                has_power = true;
                total =
                    current.max(1).checked_mul(10_u64.checked_pow(power)?)?.checked_add(total)?;
                current = 0;
            }
            _ => return None,
        }
    }
    let is_tens = |value: u32| (20..100).contains(&value) && value.is_multiple_of(10);
    let is_pair = matches!(numbers[..], [a, b] if (is_tens(a) && (1..10).contains(&b)) || ((1..10).contains(&a) && is_tens(b)));
    (has_power || is_pair)
        .then(|| total.checked_add(current).map(|value| value.to_string()))
        .flatten()
}
