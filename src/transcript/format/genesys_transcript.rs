//! Genesys Cloud speech and text analytics: `transcripts[].phrases[].words[]`, milliseconds.
//!
//! `offset.milliseconds` counts from the start of the transcript. `startTimeMs` is a time of day, from which the start of
//! the transcript is taken off; it is used only where there is no offset. The sides are internal and external; which
//! channel of the file a side is on is not in the file. Labels such as `[card number]` stand in place of words.

use std::time::Duration;

use super::common::{add_repeat, add_strings, untimed_words};
use super::{
    Document, Format, Node, Padding, Round, Seen, Text, TimeRange, Transcript, TranscriptError,
    TranscriptProblem, Turn, Unit, Word, moment, text_word, time,
};

pub(super) const FORMAT: Format = Format {
    name: "genesys-transcript",
    title: "Genesys Cloud transcript",
    padding: Padding::USUAL,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let transcripts = document.root().into_iter().flat_map(|root| root.list("transcripts"));
    let mut phrases = transcripts.take(8).flat_map(|one| one.list("phrases").take(8));
    phrases.any(|phrase| phrase.has("participantPurpose") || phrase.has("phraseIndex"))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let mut drift = Duration::ZERO;
    for one in root.list("transcripts") {
        let clock = Clock { start: one.get("startTime").or_else(|| root.get("startTime")) };
        for phrase in one.list("phrases") {
            add_phrase(&mut transcript, phrase, &clock)?;
            drift = drift.max(clock.drift(phrase)?);
        }
    }
    if drift > Duration::from_secs(1) {
        let note = "offsets and times of day of the phrases differ by more than 1 s: check the \
                    windows against the recording, for a hold may shift one of the clocks";
        transcript.notes.push(note.to_owned());
    }
    Ok(transcript)
}

/// The start of a transcript, as a time of day in milliseconds.
struct Clock<'a> {
    start: Option<Node<'a>>,
}

impl Clock<'_> {
    /// When a phrase or word begins. None if it has no time at all.
    fn begin(&self, node: Node<'_>, round: Round) -> Result<Option<Duration>, TranscriptError> {
        let offset = node.at(&["offset", "milliseconds"]).or_else(|| node.get("offsetMs"));
        match offset {
            Some(offset) => moment(FORMAT.name, offset, Unit::Millis, round).map(Some),
            None => self.of_day(node),
        }
    }

    /// The time of day of a phrase or word, less the start of the transcript.
    fn of_day(&self, node: Node<'_>) -> Result<Option<Duration>, TranscriptError> {
        let Some(begin) = node.get("startTimeMs") else { return Ok(None) };
        let wrong =
            |problem: TranscriptProblem| TranscriptError::at(FORMAT.name, begin.path(), problem);
        let start = self.start.ok_or_else(|| {
            wrong(TranscriptProblem::Other("a time of day, and the transcript has no startTime"))
        })?;
        let start = moment(FORMAT.name, start, Unit::Millis, Round::Down)?;
        let begin = moment(FORMAT.name, begin, Unit::Millis, Round::Down)?;
        let since = begin.checked_sub(start).ok_or_else(|| {
            wrong(TranscriptProblem::Other("a time of day before the startTime of the transcript"))
        })?;
        Ok(Some(since))
    }

    /// How far the two clocks of a phrase are apart, where it has both.
    fn drift(&self, phrase: Node<'_>) -> Result<Duration, TranscriptError> {
        if phrase.get("offset").is_none() || self.start.is_none() {
            return Ok(Duration::ZERO);
        }
        let (offset, day) = (self.begin(phrase, Round::Down)?, self.of_day(phrase)?);
        Ok(offset.zip(day).map_or(Duration::ZERO, |(offset, day)| offset.abs_diff(day)))
    }

    fn range(&self, node: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
        let length = node.at(&["duration", "milliseconds"]).or_else(|| node.get("durationMs"));
        let (start, Some(length)) = (self.begin(node, Round::Down)?, length) else {
            return Ok(None);
        };
        let Some((start, late)) = start.zip(self.begin(node, Round::Up)?) else { return Ok(None) };
        let end = time::add(late, moment(FORMAT.name, length, Unit::Millis, Round::Up)?);
        let end =
            end.map_err(|problem| TranscriptError::at(FORMAT.name, length.path(), problem))?;
        Ok(Some(TimeRange::new(start, end)))
    }
}

fn add_phrase(
    transcript: &mut Transcript,
    phrase: Node<'_>,
    clock: &Clock<'_>,
) -> Result<(), TranscriptError> {
    let at = transcript.turns.len();
    let mut words = Vec::new();
    for node in phrase.list("words") {
        if let Some(text) = node.get("word") {
            words.push(Word { time: clock.range(node)?, ..text_word(text) });
        }
    }
    if words.is_empty() {
        words = untimed_words(&phrase.text_of("text").unwrap_or_default());
    }
    let party = phrase.text_of("participantPurpose").map(Text::new);
    transcript.turns.push(Turn { channel: None, party, time: clock.range(phrase)?, words });
    let turns = at..at + 1;
    add_repeat(transcript, phrase.get("text"), turns.clone());
    add_repeat(transcript, phrase.get("decoratedText"), turns.clone());
    add_strings(transcript, phrase.get("alternatives"), &turns);
    // Decorated words are the words of the display form.
    for word in phrase.list("decoratedWords") {
        add_repeat(transcript, word.get("word"), turns.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, truth_on_all, windows};

    const SAMPLE: &str = include_str!("../../../fixtures/transcripts/genesys.transcript.json");

    #[test]
    fn labels_with_blanks_are_marks_on_all_channels() {
        let transcript = read_as("genesys-transcript", SAMPLE);
        assert_eq!(windows(&transcript), truth_on_all());
        assert_eq!(transcript.turns[0].party.as_ref().unwrap().expose(), "internal");
        assert!(transcript.notes.is_empty());
        assert_listed(&transcript, SAMPLE, "[card number]");
    }

    #[test]
    fn a_time_of_day_is_taken_from_the_start_of_the_transcript() {
        let text = SAMPLE.replace("\"offset\"", "\"other\"");
        assert_eq!(windows(&read_as("genesys-transcript", &text)), truth_on_all());
    }

    #[test]
    fn a_time_of_day_without_a_start_is_an_error() {
        let text = SAMPLE.replace("\"offset\"", "\"other\"").replace("\"startTime\"", "\"begin\"");
        let error = error_of(&text);
        assert!(error.contains("phrases[0].words[0].startTimeMs: a time of day"), "{error}");
        let text = SAMPLE.replace("\"offset\"", "\"other\"").replace("17000000005", "16000000005");
        assert!(error_of(&text).contains("before the startTime"));
    }

    #[test]
    fn clocks_that_differ_are_noted() {
        let text =
            SAMPLE.replacen("\"startTimeMs\": 1700000000500", "\"startTimeMs\": 1700000009500", 1);
        assert_eq!(read_as("genesys-transcript", &text).notes.len(), 1);
    }
}
