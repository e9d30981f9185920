//! EDL of players and of cleanvid: `start end action`, seconds; action 0 leaves out, 1 mutes. Both are muted.

use super::super::document::Line;
use super::super::model::Sort;
use super::{
    Document, Format, Mark, Padding, Place, Round, Seen, Transcript, TranscriptError,
    TranscriptProblem, Unit, duration,
};

pub(super) const FORMAT: Format = Format {
    name: "edl",
    title: "EDL (start end action)",
    padding: Padding::NONE,
    seen: Seen::Documentation,
    recognise,
    read,
};

/// Lines that hold something: no blank line and no comment. `#12` is a frame and no comment.
fn rows<'a>(document: &Document<'a>) -> impl Iterator<Item = Line<'a>> + use<'a> {
    let is_comment = |text: &str| {
        text.strip_prefix('#').is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    document
        .lines()
        .filter(move |line| !line.text.trim().is_empty() && !is_comment(line.text.trim()))
}

fn is_time(field: &str) -> bool {
    let digits = field.strip_prefix('#').unwrap_or(field);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ':'))
}

fn recognise(document: &Document<'_>) -> bool {
    // A label track may have labels such as `3` as well, and is read as one then.
    let is_row = |line: Line<'_>| match *line.text.split_whitespace().collect::<Vec<_>>().as_slice()
    {
        [start, end, action] => {
            is_time(start)
                && is_time(end)
                && (matches!(action, "0" | "1")
                    || (!line.text.contains('\t') && matches!(action, "2" | "3")))
        }
        _ => false,
    };
    let mut rows = rows(document).peekable();
    rows.peek().is_some() && rows.all(is_row)
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript { sort: Sort::Labels, ..Transcript::default() };
    for line in rows(document) {
        let error = |problem: TranscriptProblem| {
            TranscriptError::at(FORMAT.name, format!("line {}", line.number), problem)
        };
        let fields: Vec<&str> = line.text.split_whitespace().collect();
        let [start, end, action] = *fields.as_slice() else {
            return Err(error(TranscriptProblem::Expected("start, end and action")));
        };
        let kind = match action {
            "0" => "skip",
            "1" => "mute",
            _ => {
                return Err(error(TranscriptProblem::Expected("action 0 (leave out) or 1 (mute)")));
            }
        };
        if start.starts_with('#') || end.starts_with('#') {
            return Err(error(TranscriptProblem::Other(
                "times in frames of an unknown rate: write seconds",
            )));
        }
        let time = |text: &str, round| {
            duration(text, Unit::Clock, round).map_err(|problem| error(problem.into()))
        };
        let (start, end) = (time(start, Round::Down)?, Some(time(end, Round::Up)?));
        transcript
            .marks
            .push(Mark::new(kind, Place::Time { start, end, channel: None, turn: None }));
    }
    Ok(transcript)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{error_of, read_as, windows};

    #[test]
    fn all_passages_are_muted() {
        let text = "## made by hand\n10.5 12.25 1\n30.500\t35.2\t0\n00:01:00.5 00:01:01 1\n";
        assert_eq!(
            windows(&read_as("edl", text)),
            [(None, 10500, 12250), (None, 30500, 35200), (None, 60500, 61000)]
        );
    }

    #[test]
    fn other_actions_and_frames_are_refused() {
        assert_eq!(
            error_of("10.5 12.25 1\n20 21 2\n"),
            "edl: line 2: expected action 0 (leave out) or 1 (mute)"
        );
        assert_eq!(
            error_of("#12 #24 1\n"),
            "edl: line 1: times in frames of an unknown rate: write seconds"
        );
    }

    #[test]
    fn a_label_track_with_numbers_stays_one() {
        assert_eq!(read_as("audacity", "1.0\t2.0\t1\n3.0\t4.0\t3\n").marks.len(), 2);
    }
}
