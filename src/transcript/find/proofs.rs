//! Every small number in each way of saying it, and random calls.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::super::model::{Text, TimeRange, Turn, Word};
use super::digits::{Element, Reading, groups};
use super::stretch::stretches;
use super::{Call, LANGUAGES, Rule, Rules, find};

const UNITS: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

fn unit(digit: usize) -> String {
    UNITS[digit % 10].to_owned()
}

fn digits_of(number: usize) -> [usize; 4] {
    [number / 1000 % 10, number / 100 % 10, number / 10 % 10, number % 10]
}

/// 0 to 99 as two digits: "oh four", "eleven", "forty two".
fn pair(number: usize, join: &str) -> Vec<String> {
    match number {
        0..10 => vec!["oh".to_owned(), unit(number)],
        10..20 => vec![TEENS[number - 10].to_owned()],
        _ if number.is_multiple_of(10) => vec![TENS[number / 10].to_owned()],
        _ if join == "-" => vec![format!("{}-{}", TENS[number / 10], UNITS[number % 10])],
        _ => vec![TENS[number / 10].to_owned(), unit(number % 10)],
    }
}

/// 0 to 9999 as a value: "four thousand one hundred and eleven".
fn cardinal(number: usize, is_joined: bool) -> Vec<String> {
    let mut words = Vec::new();
    for (size, name) in [(1000, "thousand"), (100, "hundred")] {
        if !(number / size).is_multiple_of(10) {
            words.extend([unit(number / size), name.to_owned()]);
        }
    }
    let rest = number % 100;
    if rest > 0 && !words.is_empty() && is_joined {
        words.push("and".to_owned());
    }
    match rest {
        0 if words.is_empty() => words.push(unit(0)),
        0 => {}
        1..10 => words.push(unit(rest)),
        _ => words.extend(pair(rest, " ")),
    }
    words
}

fn word(text: &str, time: Option<(u64, u64)>) -> Word {
    let ms = Duration::from_millis;
    let time = time.map(|(start, end)| TimeRange::new(ms(start), ms(end)));
    Word { text: Text::new(text), time, ..Word::default() }
}

fn one_turn(words: &[String]) -> Turn {
    let timed = words.iter().zip((0..).step_by(400));
    let words = timed.map(|(text, at)| word(text, Some((at, at + 300)))).collect();
    Turn { words, ..Turn::default() }
}

/// Which of the words are found, with a word of talk before and after that is left alone.
fn covered(words: &[String]) -> Vec<bool> {
    let mut all = vec!["hello".to_owned()];
    all.extend_from_slice(words);
    all.push("goodbye".to_owned());
    let turns = [one_turn(&all)];
    let found = find(&turns, &Rules::new(&[Rule::Numbers]), &|_, _| None);
    let is_found = |at: usize| found.iter().any(|found| found.words.contains(&at));
    assert!(!is_found(0) && !is_found(all.len() - 1), "{all:?}");
    (1..all.len() - 1).map(is_found).collect()
}

/// Many numbers, with talk between them: in one call, since that is faster.
#[derive(Default)]
struct Batch {
    words: Vec<String>,
    is_secret: Vec<bool>,
}

impl Batch {
    fn add(&mut self, words: &[String]) {
        self.words.push("hello".to_owned());
        self.is_secret.push(false);
        self.words.extend_from_slice(words);
        self.is_secret.resize(self.words.len(), true);
        if self.words.len() > 2000 {
            self.check();
        }
    }

    /// Checks that each number is found whole, and no word between.
    fn check(&mut self) {
        let turns = [one_turn(&self.words)];
        let found = find(&turns, &Rules::new(&[Rule::Numbers]), &|_, _| None);
        let mut is_found = vec![false; self.words.len()];
        found.iter().for_each(|found| is_found[found.words.clone()].fill(true));
        let wrong =
            is_found.iter().zip(&self.is_secret).position(|(found, secret)| found != secret);
        if let Some(at) = wrong {
            panic!("word {at} of {:?}", &self.words[at.saturating_sub(8)..at + 8]);
        }
        *self = Self::default();
    }
}

#[track_caller]
fn is_left_alone(words: &[String]) {
    assert!(!covered(words).iter().any(|is_found| *is_found), "{words:?}");
}

fn readings(words: &[String]) -> (String, String) {
    let turns = [one_turn(words)];
    let call = Call::new(&turns, &LANGUAGES[0], &|_, _| None);
    let voices = call.voices(&turns);
    let elements: Vec<Element<'_>> =
        stretches(&voices[0], &call).into_iter().flat_map(|stretch| stretch.elements).collect();
    (groups(&elements, Reading::Merged).concat(), groups(&elements, Reading::Spelled).concat())
}

#[test]
fn every_number_of_four_digits_is_found_digit_by_digit() {
    let mut all = Batch::default();
    for number in 0..10_000 {
        let digits = digits_of(number);
        let plain = digits.map(unit);
        all.add(&plain);
        assert_eq!(readings(&plain).0, format!("{number:04}"));
        // "Oh" for each nought between two digits.
        let mut with_oh = plain.clone();
        for at in 1..3 {
            if digits[at] == 0 {
                with_oh[at] = "oh".to_owned();
            }
        }
        all.add(&with_oh);
        assert_eq!(readings(&with_oh).0, format!("{number:04}"));
        all.add(&[format!("{number:04}")]);
        all.add(&[digits.map(|digit| digit.to_string()).join("-")]);
        all.add(&[plain.join("-")]);
    }
    all.check();
}

#[test]
fn every_number_of_four_digits_is_found_with_homophones_inside() {
    let mut all = Batch::default();
    let sound = |digit| match digit {
        1 => Some("won"),
        2 => Some("to"),
        4 => Some("for"),
        8 => Some("ate"),
        _ => None,
    };
    for number in 0..10_000 {
        let digits = digits_of(number);
        for which in 1..4_usize {
            let mut words = digits.map(unit);
            for at in 1..3 {
                if let (true, Some(sound)) = (which & at != 0, sound(digits[at])) {
                    words[at] = sound.to_owned();
                }
            }
            all.add(&words);
        }
    }
    all.check();
}

#[test]
fn every_number_of_four_digits_is_found_in_pairs_and_with_double() {
    let mut all = Batch::default();
    for number in 0..10_000 {
        let digits = digits_of(number);
        for join in [" ", "-"] {
            let mut words = pair(number / 100, join);
            words.extend(pair(number % 100, join));
            all.add(&words);
            assert_eq!(readings(&words).0, format!("{number:04}"), "{words:?}");
        }
        let mut words = Vec::new();
        for equal in digits.chunk_by(|a, b| a == b) {
            words.extend(
                ["", "double", "triple", "quadruple"].get(equal.len() - 1).map(|w| (*w).to_owned()),
            );
            words.push(unit(equal[0]));
        }
        words.retain(|word| !word.is_empty());
        all.add(&words);
        assert_eq!(readings(&words).0, format!("{number:04}"), "{words:?}");
    }
    all.check();
}

#[test]
fn every_number_of_four_digits_is_found_with_fillers() {
    let mut all = Batch::default();
    let fillers = ["uh", "um", "dash", "okay", "and then", "that's", ",", "…"];
    for number in 0..10_000 {
        let mut words = Vec::new();
        for (at, digit) in digits_of(number).into_iter().enumerate() {
            if at > 0 {
                words.extend(fillers[(number + at) % fillers.len()].split(' ').map(str::to_owned));
            }
            words.push(unit(digit));
        }
        all.add(&words);
    }
    all.check();
}

#[test]
fn every_number_that_is_said_as_a_value_is_read_as_that_value() {
    let mut all = Batch::default();
    for number in 0..10_000 {
        for is_joined in [false, true] {
            let words = cardinal(number, is_joined);
            let (merged, spelled) = readings(&words);
            assert_eq!(merged, number.to_string(), "{words:?}");
            assert!(spelled.len() >= merged.len(), "{words:?}");
            match number {
                1000.. => all.add(&words),
                // "Forty two" is three digits at most, and "two hundred and five" cannot be 2005.
                100.. if is_joined || number.is_multiple_of(100) => is_left_alone(&words),
                100.. => {}
                _ => is_left_alone(&words),
            }
        }
    }
    all.check();
}

#[test]
fn fewer_than_four_digits_are_left_alone_without_a_cue() {
    for number in 0..1000 {
        let digits = digits_of(number);
        is_left_alone(&digits[1..].iter().copied().map(unit).collect::<Vec<_>>());
        is_left_alone(&[number.to_string()]);
    }
}

#[test]
fn every_code_is_found_after_its_cue_at_any_length() {
    for (length, limit) in [(1, 10), (2, 100), (3, 1000), (4, 10_000)] {
        for number in 0..limit {
            let digits = digits_of(number);
            let mut words: Vec<String> = ["security", "code", "is"].map(str::to_owned).to_vec();
            words.extend(digits.into_iter().skip(4 - length).map(unit));
            let covered = covered(&words);
            assert_eq!(covered[..3], [false; 3]);
            assert!(covered[3..].iter().all(|is_found| *is_found), "{words:?}");
        }
    }
}

/// A stream of choices.
struct Choices<'a>(std::slice::Iter<'a, u16>);

impl Choices<'_> {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % limit
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

/// How a file knows who speaks.
#[derive(Clone, Copy, Debug)]
enum Layout {
    Channels,
    /// One channel, two labels.
    Labels,
    /// No channel, two labels.
    Parties,
    /// Nothing.
    Unknown,
    /// Two channels, each one turn of all its words.
    Whole,
}

const LAYOUTS: [Layout; 5] =
    [Layout::Channels, Layout::Labels, Layout::Parties, Layout::Unknown, Layout::Whole];

/// What a word of a random call is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// Of a number: must be covered.
    Digit,
    /// Of a code or a number read back: must be covered, unless the file neither knows times nor
    /// keeps the order of the parties.
    Code,
    /// Between digits: may be covered.
    Filler,
    /// Must not be covered.
    Talk,
}

/// A word of a random call.
struct Said {
    party: usize,
    turn: usize,
    text: String,
    at: u64,
    part: Part,
}

/// Words of talk that near a cue may be taken for a code or a date.
const LOOSE: [&str; 2] = ["two", "may"];

/// A call that is being spoken.
#[derive(Default)]
struct Spoken {
    words: Vec<Said>,
    turn: usize,
    clock: u64,
    /// Up to this word the talk may be taken for a code.
    loose: usize,
    /// The number said last, if it was long, with its party.
    long: Option<(usize, Vec<String>)>,
}

impl Spoken {
    fn say(&mut self, party: usize, text: &str, part: Part) {
        let is_loose = part == Part::Talk && LOOSE.contains(&text) && self.words.len() < self.loose;
        let part = if is_loose { Part::Filler } else { part };
        let text = text.to_owned();
        self.words.push(Said { party, turn: self.turn, text, at: self.clock, part });
        self.clock += 400;
    }

    fn talk(&mut self, party: usize, choices: &mut Choices<'_>) {
        const TALK: [&str; 16] = [
            "hello", "the", "my", "to", "for", "oh", "please", "with", "two", "double", "I",
            "hundred", "a", "weather", "may", "which",
        ];
        self.turn += 1;
        self.say(party, "listen", Part::Talk);
        for _ in 0..choices.below(6) {
            self.say(party, choices.of(&TALK), Part::Talk);
            self.say(party, "anyway", Part::Talk);
        }
        self.say(party, "goodbye", Part::Talk);
    }

    /// A code of 1 to 4 digits after its cue, which either party says.
    fn code(&mut self, party: usize, choices: &mut Choices<'_>) {
        const CUES: [&str; 5] = ["security code", "cvv", "my pin", "expires", "good through"];
        self.turn += 1;
        let asking = choices.below(2);
        choices.of(&CUES).split(' ').for_each(|word| self.say(asking, word, Part::Talk));
        self.turn += usize::from(asking != party);
        self.clock += u64::try_from(choices.below(6000)).unwrap();
        for _ in 0..=choices.below(4) {
            self.say(party, choices.of(&UNITS), Part::Code);
            if choices.below(4) == 0 {
                self.say(party, "uh", Part::Filler);
            }
        }
        self.loose = self.words.len() + 80;
        self.long = None;
    }

    /// A piece of the long number that was said last, by the other party.
    fn read_back(&mut self, choices: &mut Choices<'_>) {
        let Some((party, digits)) = self.long.take() else { return };
        let length = 3 + choices.below(digits.len() - 2);
        let from = choices.below(digits.len() - length + 1);
        self.turn += 1;
        self.say(1 - party, "ending", Part::Talk);
        for digit in &digits[from..from + length] {
            self.say(1 - party, digit, Part::Code);
        }
        self.say(1 - party, "right", Part::Filler);
    }

    /// A number of 4 to 19 digits, with fillers, pauses, turns and replies in it.
    fn number(&mut self, party: usize, choices: &mut Choices<'_>) {
        let total = 4 + choices.below(16);
        let style = choices.below(4);
        let first = self.words.len();
        self.turn += 1;
        let mut said = 0;
        while said < total {
            if said > 0 {
                self.pause(party, choices);
            }
            let is_inner = said > 0 && said + 1 < total;
            said += match (style, choices.below(6)) {
                (1, 0) => self.secret(party, &["double", choices.of(&UNITS)], 2),
                (1, 1) => self.secret(party, &["triple", choices.of(&UNITS)], 3),
                (1, 2) => self.secret(party, &[choices.of(&TEENS)], 2),
                (1, 3) => self.secret(party, &[choices.of(&TENS[2..]), choices.of(&UNITS[1..])], 2),
                (2, 0) => self.secret(party, &[choices.of(&["41", "4111", "411", "8-0-0"])], 2),
                (0, 0) if is_inner => self.secret(party, &[choices.of(&["to", "for", "ate"])], 1),
                (0 | 1, 4) if is_inner => self.secret(party, &["oh"], 1),
                _ => self.secret(party, &[choices.of(&UNITS)], 1),
            };
        }
        let digits = self.words.iter().skip(first).filter(|said| said.part == Part::Digit);
        let digits: Vec<String> = digits.map(|said| said.text.clone()).collect();
        let is_plain = digits.len() >= 8 && digits.iter().all(|text| UNITS.contains(&&**text));
        self.long = is_plain.then_some((party, digits));
    }

    fn secret(&mut self, party: usize, words: &[&str], digits: usize) -> usize {
        words.iter().for_each(|word| self.say(party, word, Part::Digit));
        digits
    }

    fn pause(&mut self, party: usize, choices: &mut Choices<'_>) {
        const FILLERS: [&str; 8] = ["uh", "um", "dash", "and", "then", "okay", "yeah", "that's"];
        const REPLIES: [&str; 5] = ["mhm", "okay", "go ahead", "right", "got it thanks"];
        match choices.below(8) {
            0 => (0..=choices.below(2))
                .for_each(|_| self.say(party, choices.of(&FILLERS), Part::Filler)),
            1 => self.clock += u64::try_from(choices.below(2900)).unwrap(),
            2 => self.turn += 1,
            3 => {
                self.turn += 1;
                choices
                    .of(&REPLIES)
                    .split(' ')
                    .for_each(|word| self.say(1 - party, word, Part::Filler));
                self.turn += 1;
            }
            _ => {}
        }
    }

    /// The call for a person, with the turns apart and the digits in upper case.
    fn text(&self) -> String {
        let turns = self.words.chunk_by(|a, b| (a.party, a.turn) == (b.party, b.turn));
        let show = |said: &Said| match said.part {
            Part::Digit | Part::Code => said.text.to_uppercase(),
            Part::Filler | Part::Talk => said.text.clone(),
        };
        let turns = turns.map(|turn| turn.iter().map(show).collect::<Vec<_>>().join(" "));
        turns.collect::<Vec<_>>().join(" | ")
    }

    /// The call in a layout, and where each word went.
    fn turns(&self, layout: Layout, is_timed: bool) -> (Vec<Turn>, Vec<(usize, usize)>) {
        let mut turns: Vec<Turn> = Vec::new();
        let mut places = Vec::new();
        let mut last = None;
        for Said { party, turn, text, at, .. } in &self.words {
            let channel = u16::try_from(*party).unwrap();
            let index = if let Layout::Whole = layout {
                turns.resize_with(2, Turn::default);
                turns[*party].channel = Some(channel);
                *party
            } else {
                if last.replace((*party, *turn)) != Some((*party, *turn)) {
                    turns.push(Turn {
                        channel: match layout {
                            Layout::Channels | Layout::Whole => Some(channel),
                            Layout::Labels => Some(0),
                            Layout::Parties | Layout::Unknown => None,
                        },
                        party: match layout {
                            Layout::Labels | Layout::Parties => Some(Text::new(["A", "B"][*party])),
                            _ => None,
                        },
                        ..Turn::default()
                    });
                }
                turns.len() - 1
            };
            places.push((index, turns[index].words.len()));
            turns[index].words.push(word(text, is_timed.then_some((*at, at + 300))));
        }
        (turns, places)
    }
}

fn speak(choices: &[u16]) -> Spoken {
    let mut choices = Choices(choices.iter());
    let mut spoken = Spoken::default();
    for _ in 0..1 + choices.below(4) {
        spoken.talk(choices.below(2), &mut choices);
        match choices.below(4) {
            0 => spoken.code(choices.below(2), &mut choices),
            _ => spoken.number(choices.below(2), &mut choices),
        }
        spoken.read_back(&mut choices);
    }
    spoken.talk(choices.below(2), &mut choices);
    spoken
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_digit_of_a_random_call_is_covered_and_no_talk(
        choices in proptest::collection::vec(any::<u16>(), 20..300),
        is_timed in any::<bool>(),
    ) {
        let spoken = speak(&choices);
        for layout in LAYOUTS {
            let (turns, places) = spoken.turns(layout, is_timed);
            let found = find(&turns, &Rules::new(&[Rule::Numbers]), &|_, _| None);
            let covered: BTreeSet<(usize, usize)> =
                found.iter().flat_map(|f| f.words.clone().map(|word| (f.turn, word))).collect();
            let has_no_order = matches!(layout, Layout::Whole) && !is_timed;
            for (said, place) in spoken.words.iter().zip(&places) {
                let is_right = match said.part {
                    Part::Digit => covered.contains(place),
                    Part::Code => has_no_order || covered.contains(place),
                    Part::Filler => true,
                    Part::Talk if has_no_order && LOOSE.contains(&said.text.as_str()) => true,
                    Part::Talk => !covered.contains(place),
                };
                prop_assert!(is_right, "{layout:?} {} at {}: {}", said.text, said.at, spoken.text());
            }
        }
    }

    #[test]
    fn no_text_makes_it_fail(lines in proptest::collection::vec("[a-z0-9 ,.$#*\\[\\]-]{0,40}", 0..8)) {
        let words = |line: &String| line.split(' ').map(|text| word(text, None)).collect();
        let turns: Vec<Turn> = lines.iter().map(|line| Turn { words: words(line), ..Turn::default() }).collect();
        for found in find(&turns, &Rules::new(&Rule::ALL), &|_, _| None) {
            prop_assert!(!found.words.is_empty() && found.words.end <= turns[found.turn].words.len());
        }
    }
}
