//! SubRip (SRT): numbered cues with comma times; the tags and masks in their text are the marks.
//!
//! Points instead of commas, missing numbers and missing blank lines occur, and are read. Nothing is skipped.

use super::subtitle::{cues, is_timed};
use super::webvtt::of_cues;
use super::{Document, Format, Padding, Seen, Transcript, TranscriptError};

pub(super) const FORMAT: Format = Format {
    name: "srt",
    title: "SubRip (SRT)",
    padding: Padding::USUAL,
    seen: Seen::Sample,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    !document.is_json()
        && document.xml().is_none()
        && document.lines().take(50).any(|line| is_timed(line.text))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let (cues, remarks) = cues(FORMAT.name, document.lines())?;
    Ok(Transcript { remarks, ..of_cues(&cues) })
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, windows, words};

    const TAGS: &str = include_str!("../../../fixtures/transcripts/tags.srt");

    #[test]
    fn a_tag_marks_its_whole_cue() {
        let transcript = read_as("srt", TAGS);
        let all = windows(&transcript);
        assert_eq!(
            all,
            [
                (None, 2800, 4900),
                (None, 5300, 7100),
                (None, 7600, 10300),
                (None, 10900, 12600),
                (None, 13000, 16000)
            ]
        );
        assert_eq!(transcript.turns[0].party.as_ref().map(|party| party.expose()), Some("AGENT"));
        assert_eq!(words(&transcript)[0], ("can".to_owned(), None));
        assert_listed(&transcript, TAGS, "sure");
    }

    #[test]
    fn comma_and_point_may_be_mixed() {
        let mixed =
            include_str!("../../../fixtures/third-party/transcripts/srt.invalid_timeframe.srt");
        assert_eq!(read_as("srt", mixed).turns.len(), 5);
        let text = "1\r\n00:00:07,000 --> 00:00:11.890\r\n[PII]\r\n";
        assert_eq!(windows(&read_as("srt", text)), [(None, 7000, 11890)]);
    }

    #[test]
    fn cues_without_a_blank_line_between_are_two_and_the_number_is_no_speech() {
        let text =
            "1\n00:00:10,500 --> 00:00:12,250\nxxxx\n2\n00:00:30,500 --> 00:00:35,200\n[PII]\n";
        let transcript = read_as("srt", text);
        assert_eq!(words(&transcript).len(), 2);
        assert_eq!(windows(&transcript), [(None, 30500, 35200)]);
    }

    #[test]
    fn arrows_and_times_in_a_text_are_text() {
        let text = "1\n00:00:10,500 --> 00:00:12,250\n10:30 --> 11:00 or --> so\n-->\n";
        assert_eq!(words(&read_as("srt", text)).len(), 7);
    }

    #[test]
    fn an_invalid_cue_is_an_error_with_its_line() {
        let missing = error_of(include_str!(
            "../../../fixtures/third-party/transcripts/srt.missing_timeframe.srt"
        ));
        assert!(missing.starts_with("srt: line 5: a text without times"), "{missing}");
        let whole = "1\n00:00:00,500 --> 00:00:07,000\na\n\n";
        let without = error_of(&format!("{whole}2\nb\n\n3\n00:00:11,890 --> 00:00:16,320\nc\n"));
        assert!(without.starts_with("srt: line 5: a text without times"), "{without}");
        assert_eq!(
            error_of(&format!("{whole}2\n00:00:07,000 --> 00:0o:16,320\nc\n")),
            "srt: line 6: not a time"
        );
        assert!(
            error_of(&format!("{whole}more\n\n2\n00:00:11,890 --> 00:00:16,320\nc\n"))
                .contains("line 5")
        );
        assert!(
            error_of(&format!("{whole}2\n00:00:07,000 -> 00:00:16,320\nc\n"))
                .contains("line 6: expected start --> end")
        );
    }

    #[test]
    fn a_broken_line_of_times_without_a_text_hides_nothing() {
        let text = "1\n00:00:00,500 --> 00:00:07,000\n[PII]\n\n00:00:08,000 -a -->\n\n";
        assert_eq!(windows(&read_as("srt", text)).len(), 1);
    }
}
