//! The text of a cue: tags, voices, inner times and words with their bytes.
//!
//! In: a [`Cue`]. Out: its turns, one for each voice. Where the text holds times (`<00:17.500>`), a word has the time
//! from the tag before it to the tag after it. A part of several words between two tags is a turn of its own, which has
//! that time. What can go wrong: nothing; inner times that make no sense are left out, and the cue counts as a whole.

use std::ops::Range;
use std::time::Duration;

use super::super::document::Line;
use super::speaker_name::Names;
use super::subtitle::{Cue, clock};
use super::{Round, Text, TimeRange, Turn, Word};

/// Tags that are markup. All else in angle brackets is text, such as `<CREDIT_CARD>`.
const TAGS: [&str; 13] =
    ["c", "i", "b", "u", "v", "s", "em", "strong", "lang", "ruby", "rt", "font", "span"];

/// The longest tag, in bytes.
const LONGEST_TAG: usize = 500;

/// The turns of a cue.
pub(super) fn turns(cue: &Cue<'_>, names: &Names) -> Vec<Turn> {
    let mut scan =
        Scan { parts: vec![Part::new(None, None)], text: String::new(), pieces: Vec::new() };
    for line in &cue.lines {
        scan.line(line, names);
        scan.end_word();
    }
    let parts: Vec<Part> =
        scan.parts.into_iter().filter(|part| part.at.is_some() || !part.words.is_empty()).collect();
    let mut low = cue.time.start;
    let is_in_order = parts.iter().filter_map(|part| part.at).all(|(at, up)| {
        let is_after = at >= low && up <= cue.time.end;
        low = at;
        is_after
    });
    let is_timed = is_in_order && parts.iter().any(|part| part.at.is_some());
    if is_timed { timed(parts, cue.time) } else { untimed(parts, cue.time) }
}

/// One turn for each voice, with the time of the cue.
fn untimed(parts: Vec<Part>, time: TimeRange) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for part in parts {
        match turns.last_mut().filter(|last| last.party == part.party) {
            Some(last) => last.words.extend(part.words),
            None => turns.push(Turn {
                party: part.party,
                time: Some(time),
                words: part.words,
                ..Turn::default()
            }),
        }
    }
    turns.retain(|turn| !turn.words.is_empty());
    turns
}

/// Parts with one word give words with times; parts with more are turns of their own.
fn timed(parts: Vec<Part>, cue: TimeRange) -> Vec<Turn> {
    // From the end: each part reaches to the next time.
    let (mut end, mut ends) = (cue.end, Vec::with_capacity(parts.len()));
    for part in parts.iter().rev() {
        ends.push(end);
        end = part.at.map_or(end, |(_, up)| up);
    }
    let (mut turns, mut start): (Vec<Turn>, Duration) = (Vec::new(), cue.start);
    let mut is_open = false;
    for (mut part, end) in parts.into_iter().zip(ends.into_iter().rev()) {
        start = part.at.map_or(start, |(down, _)| down);
        let time = TimeRange::new(start, end);
        if part.words.len() == 1 {
            part.words.iter_mut().for_each(|word| word.time = Some(time));
        }
        let is_single = part.words.len() <= 1;
        match turns.last_mut().filter(|last| is_open && is_single && last.party == part.party) {
            Some(last) => {
                last.time = last.time.map(|before| TimeRange::new(before.start, end));
                last.words.extend(part.words);
            }
            None if part.words.is_empty() => {}
            None => turns.push(Turn {
                party: part.party,
                time: Some(time),
                words: part.words,
                ..Turn::default()
            }),
        }
        is_open = is_single;
    }
    turns
}

/// Words of one voice after one time.
struct Part {
    party: Option<Text>,
    /// The inner time that it begins with, rounded down and up.
    at: Option<(Duration, Duration)>,
    words: Vec<Word>,
}

impl Part {
    fn new(party: Option<Text>, at: Option<(Duration, Duration)>) -> Self {
        Self { party, at, words: Vec::new() }
    }
}

/// Goes over the text of a cue.
struct Scan {
    parts: Vec<Part>,
    text: String,
    /// Where the word stands: more than one place if there are tags inside.
    pieces: Vec<Range<usize>>,
}

impl Scan {
    fn line(&mut self, line: &Line<'_>, names: &Names) {
        let mut at = 0;
        if let Some((name, length)) = names.at(line.text) {
            self.voice(Some(Text::new(name)));
            at = length;
        }
        while let Some(rest) = line.text.get(at..).filter(|rest| !rest.is_empty()) {
            at += self.step(rest, line.start + at);
        }
    }

    /// Takes a tag or a character, and answers how many bytes it has.
    fn step(&mut self, rest: &str, at: usize) -> usize {
        if let Some(length) = self.tag(rest) {
            return length;
        }
        let (c, length) = entity(rest).unwrap_or_else(|| {
            let c = rest.chars().next().unwrap_or(' ');
            (c, c.len_utf8())
        });
        if c.is_whitespace() {
            self.end_word();
        } else if !matches!(c, '\u{200e}' | '\u{200f}') {
            self.text.push(c);
            match self.pieces.last_mut().filter(|piece| piece.end == at) {
                Some(piece) => piece.end = at + length,
                None => self.pieces.push(at..at + length),
            }
        }
        length
    }

    /// Takes the markup at the beginning of `rest`; none if there is none.
    fn tag(&mut self, rest: &str) -> Option<usize> {
        if rest.starts_with("{\\") {
            return near(rest, b'}').map(|end| end + 1);
        }
        let inner = rest.strip_prefix('<')?;
        let inner = inner.get(..near(inner, b'>')?)?;
        let length = inner.len() + 2;
        if let Ok(down) = clock(inner, Round::Down)
            && let Ok(up) = clock(inner, Round::Up)
        {
            self.end_word();
            let party = self.parts.last().and_then(|part| part.party.clone());
            self.parts.push(Part::new(party, Some((down, up))));
            return Some(length);
        }
        let (is_end, body) = inner.strip_prefix('/').map_or((false, inner), |body| (true, body));
        let name = body.split(['.', ' ', '\t', '/']).next().unwrap_or_default().to_lowercase();
        if name == "br" {
            self.end_word();
            return Some(length);
        }
        if name == "v" {
            self.end_word();
            let party = body
                .split_once([' ', '\t'])
                .map(|(_, name)| name.trim())
                .filter(|name| !name.is_empty() && !is_end);
            self.voice(party.map(Text::new));
            return Some(length);
        }
        (TAGS.contains(&name.as_str()) || inner.is_empty() || inner == "/").then_some(length)
    }

    fn voice(&mut self, party: Option<Text>) {
        self.end_word();
        self.parts.push(Part::new(party, None));
    }

    fn end_word(&mut self) {
        let mut pieces = std::mem::take(&mut self.pieces).into_iter();
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        let word = Word {
            text: Text::new(text),
            source: pieces.next(),
            copies: pieces.collect(),
            ..Word::default()
        };
        if let Some(part) = self.parts.last_mut() {
            part.words.push(word);
        }
    }
}

/// Where `wanted` is, if it is near: a text of nothing but `<` must not be searched to its end again and again.
fn near(text: &str, wanted: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.get(..bytes.len().min(LONGEST_TAG))?.iter().position(|byte| *byte == wanted)
}

/// The character that an entity at the beginning of `rest` stands for, and its length.
pub(super) fn entity(rest: &str) -> Option<(char, usize)> {
    let end = rest.strip_prefix('&')?.bytes().take(9).position(|byte| byte == b';')?;
    let name = rest.get(1..=end)?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "lrm" => '\u{200e}',
        "rlm" => '\u{200f}',
        _ => {
            let digits = name.strip_prefix('#')?;
            let value = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            char::from_u32(value.ok()?)?
        }
    };
    Some((c, end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(text: &str) -> Vec<Turn> {
        let lines = vec![Line { number: 1, start: 0, text }];
        let ms = Duration::from_millis;
        let cue = Cue { time: TimeRange::new(ms(1000), ms(4000)), lines };
        let cues = [cue];
        turns(&cues[0], &Names::of(&cues))
    }

    fn texts(turns: &[Turn]) -> Vec<Vec<&str>> {
        turns
            .iter()
            .map(|turn| turn.words.iter().map(|word| word.text.expose()).collect())
            .collect()
    }

    #[test]
    fn markup_is_no_text_and_tags_of_a_service_are() {
        assert_eq!(
            texts(&cue("<i>so</i> <c.big>it</c> is <CREDIT_CARD> &lt;NAME&gt; {\\an8}a &amp; b")),
            [["so", "it", "is", "<CREDIT_CARD>", "<NAME>", "a", "&", "b"]]
        );
        assert_eq!(texts(&cue("a < b <x")), [["a", "<", "b", "<x"]]);
    }

    #[test]
    fn a_word_in_pieces_knows_all_of_them() {
        let turns = cue("41<b>1</b>1&nbsp;&#52;2");
        assert_eq!(texts(&turns), [["4111", "42"]]);
        assert_eq!(turns[0].words[0].source, Some(0..2));
        assert_eq!(turns[0].words[0].copies, [5..6, 10..11]);
    }

    #[test]
    fn voices_part_a_cue() {
        let turns = cue("<v.loud Ann Lee>so</v> <v Bob>yes");
        assert_eq!(texts(&turns), [["so"], ["yes"]]);
        assert_eq!(turns[0].party, Some(Text::new("Ann Lee")));
        assert_eq!(turns[1].time.map(|time| time.end.as_millis()), Some(4000));
    }

    #[test]
    fn a_role_before_a_colon_speaks_and_a_card_number_does_not() {
        let turns = cue("- Speaker 1: so");
        assert_eq!(
            (turns[0].party.clone(), texts(&turns)),
            (Some(Text::new("Speaker 1")), vec![vec!["so"]])
        );
        assert_eq!(texts(&cue("Card Number: 4111")), [["Card", "Number:", "4111"]]);
        assert_eq!(texts(&cue("Bob: 4111")), [["Bob:", "4111"]]);
    }

    #[test]
    fn inner_times_part_words_and_groups_of_words() {
        let turns = cue("a <00:02.000>b <00:02.500>c d <00:03.000>e");
        assert_eq!(texts(&turns), [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
        let ms = |time: Option<TimeRange>| {
            time.map(|time| (time.start.as_millis(), time.end.as_millis()))
        };
        assert_eq!(ms(turns[0].words[1].time), Some((2000, 2500)));
        assert_eq!((ms(turns[1].time), ms(turns[1].words[0].time)), (Some((2500, 3000)), None));
        assert_eq!(ms(turns[2].words[0].time), Some((3000, 4000)));
    }

    #[test]
    fn inner_times_out_of_order_are_left_out() {
        for text in ["a <00:03.000>b <00:02.000>c", "a <00:09.000>b c", "a <00:00.500>b c"] {
            let turns = cue(text);
            assert_eq!(turns.len(), 1, "{text}");
            assert!(turns[0].words.iter().all(|word| word.time.is_none()), "{text}");
        }
    }
}
