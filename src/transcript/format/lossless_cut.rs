//! Segments of LosslessCut: `start,end,name` without a header, seconds; every segment is muted.
//!
//! An empty start is the beginning, an empty end the end of the recording. With a third number it would be a plain list
//! with channels, and with a decimal comma anything: neither is taken for one. With whole times alone it is read as a
//! plain list, which may be in milliseconds.

use std::time::Duration;

use super::super::document::Line;
use super::super::model::Sort;
use super::{
    Document, Format, Mark, Padding, Place, Round, Seen, Text, Transcript, TranscriptError,
    TranscriptProblem, Unit, duration,
};

pub(super) const FORMAT: Format = Format {
    name: "lossless-cut",
    title: "LosslessCut segments (CSV)",
    padding: Padding::NONE,
    seen: Seen::Documentation,
    recognise,
    read,
};

/// Start, end and name of a line; none if it is no segment.
fn segment<'a>(line: &Line<'a>) -> Option<(&'a str, &'a str, &'a str)> {
    let mut fields = line.text.splitn(3, ',').map(str::trim);
    let (start, end, name) = (fields.next()?, fields.next()?, fields.next()?);
    let is_time = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_name = name.is_empty() || !name.chars().all(|c| c.is_ascii_digit() || ".,;".contains(c));
    let is_segment = is_time(start) && is_time(end) && !(start.is_empty() && end.is_empty());
    (is_segment && is_name).then(|| (start, end, name.trim_matches('"')))
}

fn recognise(document: &Document<'_>) -> bool {
    let mut lines =
        document.lines().filter(|line| !line.text.trim().is_empty()).take(20).peekable();
    lines.peek().is_some() && lines.all(|line| segment(&line).is_some()) && !is_whole(document)
}

/// Whether all times are there and whole: a plain list, which may be in milliseconds.
fn is_whole(document: &Document<'_>) -> bool {
    let is_whole = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mut segments = document.lines().filter_map(|line| segment(&line));
    segments.all(|(start, end, _)| is_whole(start) && is_whole(end))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript { sort: Sort::Labels, ..Transcript::default() };
    for line in document.lines().filter(|line| !line.text.trim().is_empty()) {
        let error = |problem: TranscriptProblem| {
            TranscriptError::at(FORMAT.name, format!("line {}", line.number), problem)
        };
        let segment = segment(&line);
        let (start, end, name) = segment.ok_or_else(|| {
            error(TranscriptProblem::Expected("start, end and name with commas between"))
        })?;
        let time = |text: &str, round| {
            let text = Some(text).filter(|text| !text.is_empty());
            let time = text.map(|text| duration(text, Unit::Seconds, round)).transpose();
            time.map_err(|problem| error(problem.into()))
        };
        let start = time(start, Round::Down)?.unwrap_or(Duration::ZERO);
        let place = Place::Time { start, end: time(end, Round::Up)?, channel: None, turn: None };
        let label = Some(name).filter(|name| !name.is_empty()).map(Text::new);
        transcript.marks.push(Mark { label, ..Mark::new("label", place) });
    }
    Ok(transcript)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{error_of, read_as, windows};
    use super::*;

    #[test]
    fn segments_are_muted_and_an_open_end_is_the_end() {
        let transcript = read_as("lossless-cut", "10.5,12.25,\"card, mine\"\n,3.5,\n30.5,,name\n");
        assert_eq!(windows(&transcript)[..2], [(None, 0, 3500), (None, 10500, 12250)]);
        assert_eq!(transcript.marks[0].label, Some(Text::new("card, mine")));
        assert!(matches!(transcript.marks[2].place, Place::Time { end: None, .. }));
    }

    #[test]
    fn lists_with_channels_or_decimal_commas_are_not_taken_for_segments() {
        for text in [
            "10.5,12.25,0\n",
            "10,12,a\n",
            "10,5,12,25\n",
            "10,5;12,25;Karte\n",
            "start,end,label\n1,2,a\n",
        ] {
            assert!(error_of(text).contains("not known"), "{text}");
        }
    }

    #[test]
    fn a_broken_segment_is_an_error_with_its_line() {
        let many = "1.0,2.0,a\n".repeat(20);
        assert!(error_of(&format!("{many}1.0,2x,a\n")).contains("line 21: expected start"));
        assert_eq!(error_of("1.0,2.0,a\n1.0.0,2,b\n"), "lossless-cut: line 2: not a time");
    }
}
