//! What was masked, as a text elsewhere in the file may say it again: in the same words, or its
//! digits joined, apart, in groups or as words.
//!
//! In: the turns and which of their words are masked. Out: whether a text tells them. What can go
//! wrong: nothing; a text that tells by chance is masked too.

use std::collections::{BTreeMap, BTreeSet};

use super::super::find::digits_of;
use super::super::model::Turn;
use super::Chosen;

/// Digits that tell: fewer may be anything.
const TELLING: usize = 4;
/// In a text of several words, these many do if they are all of it: a security code.
const CODE: usize = 3;
/// A number by itself may be a time or an identifier: it tells if it is this long.
const ALONE: usize = 6;
/// The same for a number of JSON, which a receiver may count with.
const COUNTED: usize = 9;

/// What is masked.
#[derive(Default)]
pub(super) struct Secrets {
    /// Every masked word.
    words: BTreeSet<String>,
    /// Words of 4 and more digits, and three masked words in a row.
    telling: BTreeSet<String>,
    /// Masked words that follow each other.
    pairs: BTreeSet<[String; 2]>,
    /// Masked words and pairs that tell in a text of several words: those that stand alone, and those that nobody says
    /// outside the windows.
    short: BTreeSet<String>,
    /// Masked words that nobody says outside the windows, and that are no numbers: a name.
    own: BTreeSet<String>,
    /// The digits of each run of masked words, and of all runs of a channel.
    numbers: BTreeSet<String>,
    /// All that is as long as [`TELLING`] in `numbers`.
    pieces: BTreeSet<String>,
}

impl Secrets {
    pub(super) fn of(turns: &[Turn], chosen: &Chosen) -> Self {
        let mut secrets = Self::default();
        let mut channels = BTreeMap::<Option<u16>, String>::new();
        let mut said = BTreeSet::new();
        for (index, turn) in turns.iter().enumerate() {
            let words = turn.words.iter().enumerate().filter(|(_, word)| !word.is_silent);
            let words: Vec<(&str, bool)> =
                words.map(|(at, word)| (word.text.expose(), chosen.has(index, at))).collect();
            for run in words.chunk_by(|one, next| one.1 == next.1).filter(|run| run[0].1) {
                let run: Vec<&str> = run.iter().map(|word| word.0).collect();
                secrets.add_words(&run);
                for digits in digits_of(&run) {
                    channels.entry(turn.channel).or_default().push_str(&digits);
                    secrets.add_number(digits);
                }
            }
            let plain = words.chunk_by(|one, next| one.1 == next.1).filter(|run| !run[0].1);
            for run in plain {
                let run: Vec<String> = run.iter().map(|word| letters(word.0)).collect();
                said.extend(run.windows(2).map(|two| two.join(" ")));
                said.extend(run);
            }
        }
        secrets.add_names(&said);
        channels.into_values().for_each(|digits| secrets.add_number(digits));
        secrets
    }

    fn add_words(&mut self, run: &[&str]) {
        let run: Vec<String> =
            run.iter().map(|word| letters(word)).filter(|word| !word.is_empty()).collect();
        let is_number = |word: &&String| word.chars().filter(|c| c.is_numeric()).count() >= TELLING;
        self.telling.extend(run.iter().filter(is_number).cloned());
        self.telling.extend(run.windows(3).map(|three| three.join(" ")));
        let whole = run.join(" ");
        if run.len() < 3 && whole.chars().count() >= CODE {
            self.short.insert(whole);
        }
        self.pairs.extend(run.windows(2).map(|two| [two[0].clone(), two[1].clone()]));
        self.words.extend(run);
    }

    /// Adds the words and pairs that are not `said` outside the windows. Numbers are told by their digits.
    fn add_names(&mut self, said: &BTreeSet<String>) {
        let is_name =
            |word: &&String| word.chars().count() >= CODE && digits_of(&[word]).is_empty();
        let names: BTreeSet<String> = self.words.iter().filter(is_name).cloned().collect();
        let pairs = self.pairs.iter().filter(|two| two.iter().all(|word| names.contains(word)));
        self.short.extend(pairs.map(|two| two.join(" ")).filter(|two| !said.contains(two)));
        self.own.extend(names.into_iter().filter(|word| !said.contains(word)));
        self.short.extend(self.own.iter().cloned());
    }

    fn add_number(&mut self, digits: String) {
        if digits.len() >= CODE {
            self.pieces.extend(pieces(&digits).map(str::to_owned));
            self.numbers.insert(digits);
        }
    }

    /// Whether a text tells any of it.
    pub(super) fn are_told_by(&self, text: &str) -> bool {
        if self.words.is_empty() {
            return false;
        }
        let tokens = tokens(text);
        // One that is a masked word as it stands tells, unless it is a time.
        let is_time = tokens.len() == 1 && text.contains(['.', ':', '-']);
        if tokens.iter().any(|token| !is_time && self.telling.contains(token))
            || tokens.windows(3).any(|three| self.telling.contains(&three.join(" ")))
        {
            return true;
        }
        let has_letters = text.chars().any(char::is_alphabetic);
        let is_prose = tokens.len() > 1 && (has_letters || !text.contains(':'));
        // JSON or XML in a string has no blanks between its words.
        if !is_prose && !text.contains(['{', '<']) {
            return self.are_number(text, has_letters);
        }
        let is_short = |words: &[String]| self.short.contains(&words.join(" "));
        tokens.windows(1).any(is_short)
            || tokens.windows(2).any(is_short)
            || digits_of(&parts(text)).iter().any(|digits| {
                let is_known = |piece| self.pieces.contains(piece);
                self.numbers.contains(digits) || pieces(digits).any(is_known)
            })
    }

    /// Whether a word with digits, or several without letters, are a masked number.
    fn are_number(&self, text: &str, has_letters: bool) -> bool {
        let digits_of = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        if has_letters {
            let is_apart = |c: char| !c.is_ascii_digit() && !matches!(c, '-' | '_');
            return text.split(is_apart).any(|part| self.has_number(&digits_of(part), ALONE));
        }
        let digits = digits_of(text);
        let hits = pieces(&digits).filter(|piece| self.pieces.contains(*piece)).count();
        !text.contains(['.', ':']) && digits.len() >= ALONE && hits > ALONE - TELLING
    }

    /// Whether `digits` are a masked number or a part of one, or hold one.
    fn has_number(&self, digits: &str, least: usize) -> bool {
        let is_same =
            |own: &String| own.contains(digits) || (own.len() >= least && digits.contains(own));
        digits.len() >= least && self.numbers.iter().any(is_same)
    }

    /// Whether a string of JSON that is no time is a masked number, a part of one, or a masked name, and nothing else.
    pub(super) fn are_all_of(&self, text: &str) -> bool {
        let is_between = |c: char| c.is_whitespace() || c == '-';
        let digits: String = text.chars().filter(|c| !is_between(*c)).collect();
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && (self.numbers.contains(&digits) || self.has_number(&digits, TELLING)))
            || self.own.contains(&letters(text))
    }

    /// Whether a number of JSON that is no time is a whole masked number.
    pub(super) fn are_equal_to(&self, number: &str) -> bool {
        self.numbers.contains(number)
    }

    /// Whether a number of JSON is one of the masked numbers.
    pub(super) fn are_counted_by(&self, number: &str) -> bool {
        number.bytes().all(|byte| byte.is_ascii_digit()) && self.has_number(number, COUNTED)
    }

    /// Whether a comment may tell any of it: it holds a masked word, or 4 digits in a row. Comments
    /// are for people, and nothing depends on them.
    pub(super) fn may_be_told_by(&self, comment: &str) -> bool {
        if self.words.is_empty() {
            return false;
        }
        let is_number = |digits: &str| digits.len() >= TELLING;
        self.are_told_by(comment)
            || tokens(comment).iter().any(|token| self.words.contains(token))
            || comment.split(|c: char| !c.is_numeric()).any(is_number)
            || digits_of(&parts(comment)).iter().any(|digits| is_number(digits))
    }
}

/// Letters and digits in lower case.
pub(super) fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn tokens(text: &str) -> Vec<String> {
    text.split_whitespace().map(letters).filter(|token| !token.is_empty()).collect()
}

/// The words of a text, also of one in JSON or XML.
fn parts(text: &str) -> Vec<&str> {
    let is_between = |c: char| c.is_whitespace() || "{}[]<>()\",:=".contains(c);
    text.split(is_between).filter(|part| !part.is_empty()).collect()
}

/// All pieces of [`TELLING`] digits.
fn pieces(digits: &str) -> impl Iterator<Item = &str> {
    (0..digits.len()).filter_map(|at| digits.get(at..at + TELLING))
}

#[cfg(test)]
mod tests {
    use super::super::super::model::{Text, Word};
    use super::*;

    /// The secrets of lines in which the words in `( )` are masked.
    fn secrets(lines: &[&str]) -> Secrets {
        let (mut turns, mut chosen) = (Vec::new(), Vec::new());
        for line in lines {
            let mut is_in = false;
            let mut flags = Vec::new();
            let mut words = Vec::new();
            for word in line.split(' ') {
                is_in |= word.starts_with('(');
                flags.push(is_in);
                is_in &= !word.ends_with(')');
                let text = Text::new(word.trim_matches(['(', ')']));
                words.push(Word { text, ..Word::default() });
            }
            turns.push(Turn { words, ..Turn::default() });
            chosen.push(flags);
        }
        Secrets::of(&turns, &Chosen { words: chosen })
    }

    #[test]
    fn a_number_tells_in_every_form() {
        let forms = [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "card 4111 1111",
            "it is 41 11",
            "it is four one one one",
            "four one one one",
            "it is double one double one",
            "it ends in forty one eleven",
            "{\"a\":\"4111\",\"b\":1}",
            "https://host/4111111111111111?x",
            "call_4111-1111-1111-1111.wav",
        ];
        for own in [
            &["it is (four one one one)", "(one one one one)", "(11111111) ok"][..],
            &["it is (4111)", "(1111)", "(1111 1111) ok"],
            &["(4111-1111) and", "(11 11 11 11) ok"],
        ] {
            let secrets = secrets(own);
            for form in forms {
                assert!(secrets.are_told_by(form), "{form} after {own:?}");
            }
            assert!(secrets.are_counted_by("4111111111111111"));
        }
    }

    #[test]
    fn a_code_or_a_name_tells_in_a_text_of_several_words() {
        let secrets = secrets(&["the code is (one two three)", "I am (Ann Lee) of (Rye)"]);
        for text in
            ["code 123", "Ann Lee called", "Ann called", "from Rye, he says", "one two three"]
        {
            assert!(secrets.are_told_by(text), "{text}");
        }
        for text in ["123", "rye", "code 1234 5", "the code is", "one moment"] {
            assert!(!secrets.are_told_by(text), "{text}");
        }
        // A value of its own that is no time.
        for text in ["123", "1-2-3", "rye", "Lee"] {
            assert!(secrets.are_all_of(text), "{text}");
        }
        for text in ["12", "1234", "code", "two", "12.3", "", "-"] {
            assert!(!secrets.are_all_of(text), "{text}");
        }
        assert!(secrets.are_equal_to("123") && !secrets.are_equal_to("1230"));
    }

    #[test]
    fn a_word_that_is_said_outside_the_windows_tells_nothing_by_itself() {
        let secrets = secrets(&["I am (Rose John Smith) thanks", "a rose for you"]);
        for text in ["rose garden", "rose", "John", "caller Smith"]
            .into_iter()
            .zip([false, false, true, true])
        {
            assert_eq!(
                secrets.are_told_by(text.0) || secrets.are_all_of(text.0),
                text.1,
                "{}",
                text.0
            );
        }
    }

    #[test]
    fn times_and_identifiers_do_not_tell() {
        let secrets = secrets(&["(4111 1111 1111 1111) expires (12 26)"]);
        for text in [
            "2026-12-26T02:48:51Z",
            "00:00:41.111",
            "41.11",
            "41:11:11",
            "1234",
            "en-US",
            "nova 2 general",
            "7c1e4111-aa",
            "",
        ] {
            assert!(!secrets.are_told_by(text), "{text}");
        }
        assert!(!secrets.are_counted_by("41111111"));
        assert!(!secrets.are_counted_by("411111111.5"));
        assert!(!self::secrets(&["nothing is masked 4111"]).are_told_by("4111"));
    }

    #[test]
    fn a_comment_tells_sooner() {
        let secrets = secrets(&["(sure) it is (12)"]);
        for comment in ["Sure.", "call 5554", "five five five four", "a 12 b"] {
            assert!(secrets.may_be_told_by(comment), "{comment}");
        }
        for comment in ["it is", "part 3 of 5", ""] {
            assert!(!secrets.may_be_told_by(comment), "{comment}");
        }
        assert!(!self::secrets(&["nothing"]).may_be_told_by("5554"));
    }
}
