//! The TSV of Whisper: `start TAB end TAB text` with a header, whole milliseconds; a segment is the finest time.

use super::super::document::words_of;
use super::{
    Document, Format, Padding, Round, Seen, TimeRange, Transcript, TranscriptError,
    TranscriptProblem, Turn, Unit, duration,
};

pub(super) const FORMAT: Format = Format {
    name: "whisper-tsv",
    title: "Whisper (TSV)",
    padding: Padding::WIDE,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let first = document.lines().find(|line| !line.text.trim().is_empty());
    first.is_some_and(|line| line.text.split('\t').map(str::trim).eq(["start", "end", "text"]))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    for line in document.lines().filter(|line| !line.text.trim().is_empty()).skip(1) {
        let error = |problem: TranscriptProblem| {
            TranscriptError::at(FORMAT.name, format!("line {}", line.number), problem)
        };
        let mut fields = line.text.splitn(3, '\t');
        let (Some(start), Some(end)) = (fields.next(), fields.next()) else {
            return Err(error(TranscriptProblem::Expected(
                "start, end and text with tabs between",
            )));
        };
        let time = |text: &str, round| {
            // A fraction hints at seconds, and a thousandth of the right time would pass unseen.
            if !text.trim().bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(error(TranscriptProblem::Expected("whole milliseconds")));
            }
            duration(text, Unit::Millis, round).map_err(|problem| error(problem.into()))
        };
        let range = TimeRange::new(time(start, Round::Down)?, time(end, Round::Up)?);
        let text = fields.next().unwrap_or_default();
        let at = line.start + line.text.len() - text.len();
        let words = words_of(text, Some(at));
        transcript.turns.push(Turn { time: Some(range), words, ..Turn::default() });
    }
    let note = "the file has no times for words: the time of a segment is the finest";
    transcript.notes.push(note.to_owned());
    Ok(transcript)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, windows, words};

    const TABLE: &str = "start\tend\ttext\n10500\t12250\tso [CARD]\n30500\t35200\tyes 4111\n";

    #[test]
    fn a_segment_is_the_finest_time() {
        let transcript = read_as("whisper-tsv", TABLE);
        assert_eq!(windows(&transcript), [(None, 10500, 12250)]);
        assert_eq!(words(&transcript)[3], ("4111".to_owned(), None));
        assert_listed(&transcript, TABLE, "4111");
    }

    #[test]
    fn seconds_are_refused() {
        assert_eq!(
            error_of("start\tend\ttext\n10.5\t12.25\tso\n"),
            "whisper-tsv: line 2: expected whole milliseconds"
        );
    }
}
