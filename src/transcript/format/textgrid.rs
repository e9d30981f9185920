//! Praat TextGrid, long and short: tiers of intervals or points with labels, seconds.
//!
//! Praat reads numbers and texts in quotes, and nothing else: `xmin =` and `item [1]:` are for people. So both layouts
//! are one. Every label is a mark on its tier, and the labels of intervals are words as well, so that a tier made by an
//! aligner can be searched. An interval of one word gives the word its time.

use std::ops::Range;

use super::super::document::words_of;
use super::super::model::Sort;
use super::{
    Document, Format, Mark, Padding, Place, Remark, Round, Seen, Text, TimeRange, Transcript,
    TranscriptError, TranscriptProblem, Turn, Unit, duration,
};

pub(super) const FORMAT: Format = Format {
    name: "textgrid",
    title: "Praat TextGrid",
    padding: Padding::NONE,
    seen: Seen::Sample,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let mut lines = document.lines().take(6);
    lines.any(|line| line.text.contains("ooTextFile"))
        && document.lines().take(6).any(|line| line.text.contains("TextGrid"))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut tokens = Tokens { text: document.text, at: 0 };
    let mut transcript = Transcript { sort: Sort::Tiers, ..Transcript::default() };
    // The type of the file, and that of the object.
    tokens.text()?;
    tokens.text()?;
    tokens.number()?;
    tokens.number()?;
    // `<exists>` if there are tiers.
    if !tokens.flag()? {
        return Ok(transcript);
    }
    for _ in 0..tokens.count()? {
        let class = tokens.text()?;
        let is_interval = match class.content(document.text) {
            "IntervalTier" => true,
            "TextTier" => false,
            _ => {
                return Err(class.error(
                    document.text,
                    TranscriptProblem::Expected("IntervalTier or TextTier"),
                ));
            }
        };
        let name = Text::new(unquoted(tokens.text()?.content(document.text)).trim());
        tokens.number()?;
        tokens.number()?;
        for _ in 0..tokens.count()? {
            entry(&mut transcript, &mut tokens, is_interval, &name)?;
        }
    }
    match tokens.next()? {
        None => Ok(transcript),
        Some(token) => {
            Err(token
                .error(document.text, TranscriptProblem::Other("more in the file than it counts")))
        }
    }
}

/// Reads one interval or point.
fn entry(
    transcript: &mut Transcript,
    tokens: &mut Tokens<'_>,
    is_interval: bool,
    tier: &Text,
) -> Result<(), TranscriptError> {
    let start = tokens.number()?;
    let end = if is_interval { tokens.number()? } else { start.clone() };
    let label = tokens.text()?;
    let content = label.content(tokens.text);
    if content.trim().is_empty() {
        return Ok(());
    }
    let time =
        TimeRange::new(start.time(tokens.text, Round::Down)?, end.time(tokens.text, Round::Up)?);
    let place = Place::Time { start: time.start, end: Some(time.end), channel: None, turn: None };
    let shown = Some(Text::new(unquoted(content).trim()));
    let mark = Mark {
        tier: Some(tier.clone()),
        party: Some(tier.clone()),
        label: shown,
        ..Mark::new("label", place)
    };
    transcript.marks.push(mark);
    if !is_interval {
        let inside = label.place.start + 1..label.place.end.saturating_sub(1);
        transcript.remarks.push(Remark::of(inside));
    } else {
        add_words(transcript, content, label.place.start + 1, tier, time);
    }
    Ok(())
}

/// Words of intervals of one word each follow each other in one turn. Several words have the time of their interval.
fn add_words(transcript: &mut Transcript, content: &str, at: usize, tier: &Text, time: TimeRange) {
    let mut words = words_of(content, Some(at));
    for word in &mut words {
        word.text = Text::new(unquoted(word.text.expose()));
    }
    if let [only] = words.as_mut_slice() {
        only.time = Some(time);
        let is_open = |last: &&mut Turn| last.party.as_ref() == Some(tier) && last.time.is_none();
        if let Some(last) = transcript.turns.last_mut().filter(is_open) {
            last.words.append(&mut words);
            return;
        }
        transcript.turns.push(Turn { party: Some(tier.clone()), words, ..Turn::default() });
        return;
    }
    transcript.turns.push(Turn {
        party: Some(tier.clone()),
        time: Some(time),
        words,
        ..Turn::default()
    });
}

/// A quote inside of a text is written twice.
fn unquoted(content: &str) -> String {
    content.replace("\"\"", "\"")
}

/// A number, a flag or a text with its quotes.
#[derive(Clone)]
struct Token {
    place: Range<usize>,
}

impl Token {
    fn raw<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.place.clone()).unwrap_or_default()
    }

    /// A text without its quotes.
    fn content<'a>(&self, text: &'a str) -> &'a str {
        let raw = self.raw(text);
        raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()
    }

    fn time(&self, text: &str, round: Round) -> Result<std::time::Duration, TranscriptError> {
        duration(self.raw(text), Unit::Seconds, round)
            .map_err(|problem| self.error(text, problem.into()))
    }

    fn error(&self, text: &str, problem: TranscriptProblem) -> TranscriptError {
        error_at(text, self.place.start, problem)
    }
}

fn error_at(text: &str, at: usize, problem: TranscriptProblem) -> TranscriptError {
    let before = text.get(..at).unwrap_or_default();
    let ends = before.matches('\n').count().max(before.matches('\r').count());
    TranscriptError::at(FORMAT.name, format!("line {}", ends + 1), problem)
}

/// Goes over the tokens of a file.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Tokens<'_> {
    /// The next token; none at the end.
    fn next(&mut self) -> Result<Option<Token>, TranscriptError> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let begin = self.at + rest.len() - rest.trim_start().len();
            let rest = rest.trim_start();
            let Some(first) = rest.chars().next() else { return Ok(None) };
            if first == '"' {
                let length = quoted(rest).ok_or_else(|| {
                    error_at(self.text, begin, TranscriptProblem::Other("a text without its end"))
                })?;
                self.at = begin + length;
                return Ok(Some(Token { place: begin..self.at }));
            }
            let is_comment = first == '!';
            let end =
                |c: char| if is_comment { matches!(c, '\n' | '\r') } else { c.is_whitespace() };
            self.at = begin + rest.find(end).unwrap_or(rest.len());
            let is_number = rest
                .strip_prefix(['-', '+'])
                .unwrap_or(rest)
                .starts_with(|c: char| c.is_ascii_digit() || c == '.');
            if is_number || first == '<' {
                return Ok(Some(Token { place: begin..self.at }));
            }
        }
    }

    fn some(
        &mut self,
        is_it: impl Fn(&str) -> bool,
        what: &'static str,
    ) -> Result<Token, TranscriptError> {
        let token = self.next()?.ok_or_else(|| {
            error_at(self.text, self.text.len(), TranscriptProblem::Missing(what))
        })?;
        if is_it(token.raw(self.text)) {
            Ok(token)
        } else {
            Err(token.error(self.text, TranscriptProblem::Expected(what)))
        }
    }

    fn text(&mut self) -> Result<Token, TranscriptError> {
        self.some(|raw| raw.starts_with('"'), "a text in quotes")
    }

    fn number(&mut self) -> Result<Token, TranscriptError> {
        self.some(|raw| !raw.starts_with(['"', '<']), "a number")
    }

    fn flag(&mut self) -> Result<bool, TranscriptError> {
        self.some(|raw| raw.starts_with('<'), "<exists>")
            .map(|token| token.raw(self.text) == "<exists>")
    }

    fn count(&mut self) -> Result<usize, TranscriptError> {
        let token = self.number()?;
        token
            .raw(self.text)
            .parse()
            .map_err(|_| token.error(self.text, TranscriptProblem::Expected("a count")))
    }
}

/// The length of the text in quotes at the beginning of `rest`, quotes included.
fn quoted(rest: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += rest.get(at..)?.find('"')? + 1;
        if !rest.get(at..)?.starts_with('"') {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{TRUTH, assert_listed, error_of, read_as, words};
    use super::*;

    const REDACT: &str = include_str!("../../../fixtures/transcripts/redact.TextGrid");
    const MARY: &str =
        include_str!("../../../fixtures/third-party/transcripts/textgrid.mary.TextGrid");

    fn marks(transcript: &Transcript) -> Vec<(String, String, u128, u128)> {
        let all = transcript.marks.iter().map(|mark| {
            let Place::Time { start, end: Some(end), .. } = mark.place else { panic!("a time") };
            let text = |text: &Option<Text>| {
                text.as_ref().map_or(String::new(), |text| text.expose().to_owned())
            };
            (text(&mark.tier), text(&mark.label), start.as_millis(), end.as_millis())
        });
        all.collect()
    }

    #[test]
    fn labels_are_marks_on_their_tiers() {
        let transcript = read_as("textgrid", REDACT);
        let all = marks(&transcript);
        let mut expected: Vec<_> = TRUTH.to_vec();
        expected.sort_by_key(|window| window.0);
        let times: Vec<_> = all
            .iter()
            .map(|mark| (mark.0.strip_prefix("redact-ch").unwrap().parse().ok(), mark.2, mark.3))
            .collect();
        assert_eq!(times, expected);
        assert_eq!(all[0].1, "say \"card\"");
        assert_eq!(transcript.sort, Sort::Tiers);
    }

    #[test]
    fn the_short_layout_is_the_same_and_points_have_no_length() {
        let transcript = read_as("textgrid", MARY);
        let all = marks(&transcript);
        assert!(all.contains(&("word".to_owned(), "barrel".to_owned(), 1063, 1518)));
        assert!(all.contains(&("pitch".to_owned(), "120".to_owned(), 597, 597)));
        assert!(words(&transcript).contains(&("mary".to_owned(), Some((315, 675)))));
        // Points are no speech.
        assert!(!words(&transcript).iter().any(|(word, _)| word == "120"));
        let zero = include_str!(
            "../../../fixtures/third-party/transcripts/textgrid.negative-zero.TextGrid"
        );
        assert_eq!(marks(&read_as("textgrid", zero)), all);
    }

    #[test]
    fn texts_may_have_line_ends_and_doubled_quotes() {
        let text =
            include_str!("../../../fixtures/third-party/transcripts/textgrid.newlines.TextGrid");
        let transcript = read_as("textgrid", text);
        assert_eq!(marks(&transcript)[0].0, "\"word\"");
        assert_eq!(words(&transcript)[0].0, "\"\"\"BOBBY\"\"\"");
        assert_listed(&transcript, text, "LEDGER");
        let plain =
            include_str!("../../../fixtures/third-party/transcripts/textgrid.bobby.TextGrid");
        assert_eq!(words(&read_as("textgrid", plain))[0], ("BOBBY".to_owned(), Some((64, 411))));
    }

    #[test]
    fn utf_16_is_read() {
        let bytes: Vec<u8> =
            format!("\u{feff}{MARY}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        let read = super::super::super::read(&bytes, None).unwrap();
        assert_eq!(read.transcript().format, "textgrid");
        assert_eq!(marks(read.transcript()), marks(&read_as("textgrid", MARY)));
    }

    #[test]
    fn what_is_cut_or_counted_wrong_is_an_error() {
        let cut = &MARY[..MARY.len() - 60];
        assert!(error_of(cut).contains("textgrid: line "));
        assert!(
            error_of(&REDACT.replace("size = 3", "size = 2")).contains("line 66: more in the file")
        );
        assert!(error_of(&REDACT.replace("size = 3", "size = 4")).contains("missing"));
        assert!(
            error_of(
                &REDACT.replace("xmax = 4.9 \n            text", "xmax = 4,9 \n            text")
            )
            .contains("line 21: not a time")
        );
    }
}
