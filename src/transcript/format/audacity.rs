//! Audacity label tracks: `start TAB end TAB label`, seconds; every label is muted.
//!
//! Some locales write a decimal comma. A line that begins with a backslash holds the frequencies of the label above
//! and no time. WhisperX writes the same layout (`.aud`) with `[[speaker]]` before what was said: that is a transcript.

use super::super::document::{Line, words_of};
use super::super::model::Sort;
use super::{
    Document, Format, Mark, Padding, Place, Round, Seen, Text, TimeRange, Transcript,
    TranscriptError, TranscriptProblem, Turn, Unit, duration,
};

pub(super) const FORMAT: Format = Format {
    name: "audacity",
    title: "Audacity labels",
    padding: Padding::NONE,
    seen: Seen::Documentation,
    recognise,
    read,
};

/// Start, end and label of a line; none if it is no label. Lines of a CTM file have five and more fields.
pub(super) fn label<'a>(line: &Line<'a>) -> Option<(&'a str, &'a str, &'a str)> {
    let mut fields = line.text.split('\t');
    let (start, end, label) = (fields.next()?, fields.next()?, fields.next().unwrap_or_default());
    let is_label = is_number(start) && is_number(end) && fields.next().is_none();
    is_label.then_some((start.trim(), end.trim(), label.trim()))
}

/// Whether a field is made of what numbers are made of. Whether it is one, the reader finds out.
fn is_number(field: &str) -> bool {
    let field = field.trim();
    field.contains(|c: char| c.is_ascii_digit())
        && field
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+' | 'e' | 'E'))
}

fn is_frequency(line: &Line<'_>) -> bool {
    line.text.trim_start().starts_with('\\')
}

fn recognise(document: &Document<'_>) -> bool {
    let mut lines = document
        .lines()
        .filter(|line| !line.text.trim().is_empty() && !is_frequency(line))
        .take(20)
        .peekable();
    let are_labels = lines.peek().is_some() && lines.all(|line| label(&line).is_some());
    !document.is_json() && are_labels && !is_whole(document)
}

/// Whether all times are whole, which Audacity never writes: a plain list, which may be in milliseconds. What was
/// said is none.
fn is_whole(document: &Document<'_>) -> bool {
    let is_whole = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    document
        .lines()
        .filter_map(|line| label(&line))
        .all(|(start, end, label)| is_whole(start) && is_whole(end) && !label.starts_with("[["))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript { sort: Sort::Labels, ..Transcript::default() };
    // What was said must not be shown as a label, so one line of a transcript makes all lines one.
    let is_said =
        |line: Line<'_>| label(&line).is_some_and(|(_, _, label)| label.starts_with("[["));
    if document.lines().any(is_said) {
        transcript.sort = Sort::Speech;
    }
    for line in document.lines() {
        if line.text.trim().is_empty() || is_frequency(&line) {
            continue;
        }
        let error = |problem: TranscriptProblem| {
            TranscriptError::at(FORMAT.name, format!("line {}", line.number), problem)
        };
        let (start, end, label) = label(&line).ok_or_else(|| {
            error(TranscriptProblem::Expected("start, end and label with tabs between"))
        })?;
        let time = |text: &str, round| duration(&text.replace(',', "."), Unit::Seconds, round);
        let start = time(start, Round::Down).map_err(|problem| error(problem.into()))?;
        let end = time(end, Round::Up).map_err(|problem| error(problem.into()))?;
        if transcript.sort == Sort::Speech {
            transcript.turns.push(said(&line, label, TimeRange::new(start, end)));
            continue;
        }
        let place = Place::Time { start, end: Some(end), channel: None, turn: None };
        let label = Some(label).filter(|label| !label.is_empty()).map(Text::new);
        transcript.marks.push(Mark { label, ..Mark::new("label", place) });
    }
    Ok(transcript)
}

/// The turn of a line of WhisperX: `[[SPEAKER_00]]so it is`.
fn said(line: &Line<'_>, label: &str, time: TimeRange) -> Turn {
    let inner = label.strip_prefix("[[").unwrap_or(label);
    let (party, text) = inner.split_once("]]").unwrap_or(("", inner));
    let at = line.start + text.as_ptr().addr().saturating_sub(line.text.as_ptr().addr());
    let party = Some(party.trim()).filter(|party| !party.is_empty()).map(Text::new);
    Turn { party, time: Some(time), words: words_of(text, Some(at)), ..Turn::default() }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{
        assert_listed, error_of, read_as, truth_on_all, windows, words,
    };
    use super::*;

    const LABELS: &str = include_str!("../../../fixtures/transcripts/audacity.labels.txt");

    #[test]
    fn every_label_is_a_mark_and_frequencies_are_none() {
        let transcript = read_as("audacity", LABELS);
        assert_eq!(windows(&transcript), truth_on_all());
        assert_eq!(transcript.sort, Sort::Labels);
        assert_eq!(transcript.marks[3].label.as_ref().map(Text::expose), Some("card-repeat ch1"));
    }

    #[test]
    fn a_decimal_comma_and_a_label_without_text_are_read() {
        let transcript = read_as("audacity", "3,24\t4,9\tKarte\r\n\\\t0,0\t4000,0\r\n5,3\t7,1\r\n");
        assert_eq!(windows(&transcript), truth_on_all()[..2]);
        assert_eq!(transcript.marks[1].label, None);
    }

    #[test]
    fn whole_times_alone_are_a_plain_list_unless_something_was_said() {
        assert!(error_of("10\t15\tcard\n20\t25\t\n").contains("not known"));
        assert_eq!(read_as("audacity", "10\t15\tcard\n20\t25.5\t\n").marks.len(), 2);
        assert_eq!(read_as("audacity", "10\t15\t[[A]]so\n").sort, Sort::Speech);
    }

    #[test]
    fn a_point_keeps_its_time() {
        assert_eq!(windows(&read_as("audacity", "1.5\t1.5\tx\n")), [(None, 1500, 1500)]);
    }

    #[test]
    fn a_line_of_another_layout_is_an_error_with_its_line() {
        let many = "1.0\t2.0\tx\n".repeat(20);
        assert_eq!(
            error_of(&format!("{many}so\n")),
            "audacity: line 21: expected start, end and label with tabs between"
        );
        assert_eq!(error_of("1.0\t2.0\tx\n-1.0\t2.0\ty"), "audacity: line 2: a negative time");
        assert_eq!(error_of("1.0\t2.0\tx\n1,000.5\t2.0\ty"), "audacity: line 2: not a time");
    }

    #[test]
    fn lines_of_whisperx_are_speech() {
        let text = "1.0\t2.5\t[[SPEAKER_00]]so 4111\n2.5\t3.0\t[[SPEAKER_01]]yes\n";
        let transcript = read_as("audacity", text);
        assert_eq!((transcript.sort, transcript.marks.len()), (Sort::Speech, 0));
        assert_eq!(transcript.turns[0].party, Some(Text::new("SPEAKER_00")));
        assert_eq!(words(&transcript)[1].0, "4111");
        assert_listed(&transcript, text, "4111");
    }
}
