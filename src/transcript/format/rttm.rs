//! RTTM of diarisation tools: who speaks when, and in old NIST files also the words.
//!
//! `type recording channel start duration word subtype speaker confidence`. `SPEAKER` rows are turns without words.
//! `LEXEME` rows are words; a word such as `{_A_/_B_}` holds readings. With words it is a transcript like any other.

use std::ops::Range;

use super::super::document::Line;
use super::super::model::Sort;
use super::super::time::{self, TimeError};
use super::common::{channel_of, forget_lone_channel, push_word};
use super::ctm::{SEVERAL, comments, is_unknown, rows};
use super::{
    Document, Format, Padding, Round, Seen, Text, TimeRange, Transcript, TranscriptError,
    TranscriptProblem, Turn, Unit, Word, duration,
};

pub(super) const FORMAT: Format = Format {
    name: "rttm",
    title: "RTTM (speakers)",
    padding: Padding::USUAL,
    seen: Seen::Sample,
    recognise,
    read,
};

/// Types without speech of their own.
const OTHERS: [&str; 12] = [
    "SEGMENT",
    "NOSCORE",
    "NO_RT_METADATA",
    "NON-LEX",
    "NON-SPEECH",
    "FILLER",
    "EDIT",
    "IP",
    "SU",
    "CB",
    "A/P",
    "SPKR-INFO",
];

fn recognise(document: &Document<'_>) -> bool {
    let first = rows(document).next();
    let fields =
        first.map(|line| line.text.split_whitespace().collect::<Vec<_>>()).unwrap_or_default();
    let is_type = fields
        .first()
        .is_some_and(|first| ["SPEAKER", "LEXEME"].contains(first) || OTHERS.contains(first));
    is_type && (8..=10).contains(&fields.len())
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let remarks = comments(document);
    let mut transcript = Transcript { sort: Sort::Speakers, remarks, ..Transcript::default() };
    let mut recording = None;
    // Turns of speakers go behind the words, so that they part none.
    let mut turns = Vec::new();
    for line in rows(document) {
        let error = |problem: TranscriptProblem| {
            TranscriptError::at(FORMAT.name, format!("line {}", line.number), problem)
        };
        let fields: Vec<_> = line.fields(char::is_whitespace).collect();
        let [kind, name, channel, start, length, word, _, speaker, ..] = fields.as_slice() else {
            return Err(error(TranscriptProblem::Expected("eight to ten fields")));
        };
        if *recording.get_or_insert(name.0) != name.0 {
            return Err(TranscriptError::unusable(FORMAT.name, SEVERAL));
        }
        let channel = channel_of(channel.0, "", 1);
        let party = Some(speaker.0).filter(|name| !is_unknown(name));
        let time = range(start.0, length.0);
        match kind.0 {
            "SPEAKER" => {
                let time = time
                    .map_err(|problem| error(problem.into()))?
                    .ok_or_else(|| error(TranscriptProblem::Missing("the time")))?;
                turns.push(Turn {
                    channel,
                    party: party.map(Text::new),
                    time: Some(time),
                    ..Turn::default()
                });
            }
            "LEXEME" => {
                transcript.sort = Sort::Speech;
                let time = time.map_err(|problem| error(problem.into()))?;
                add_word(&mut transcript, &line, word, time, (channel, party));
            }
            kind if OTHERS.contains(&kind) => {}
            _ => return Err(error(TranscriptProblem::Expected("a type of RTTM, such as SPEAKER"))),
        }
    }
    transcript.turns.append(&mut turns);
    forget_lone_channel(&mut transcript, None);
    Ok(transcript)
}

/// The time of a row; none if it is not known.
fn range(start: &str, length: &str) -> Result<Option<TimeRange>, TimeError> {
    if is_unknown(start) || is_unknown(length) {
        return Ok(None);
    }
    let from = duration(start, Unit::Seconds, Round::Down)?;
    let end = time::add(
        duration(start, Unit::Seconds, Round::Up)?,
        duration(length, Unit::Seconds, Round::Up)?,
    )?;
    Ok(Some(TimeRange::new(from, end)))
}

/// Adds a word. One with several readings is a turn of its own, of all their words.
fn add_word(
    transcript: &mut Transcript,
    line: &Line<'_>,
    word: &(&str, Range<usize>),
    time: Option<TimeRange>,
    (channel, party): (Option<u16>, Option<&str>),
) {
    let (text, place) = word;
    if is_unknown(text) {
        return;
    }
    if !text.starts_with('{') {
        let word =
            Word { text: Text::new(*text), time, source: Some(place.clone()), ..Word::default() };
        push_word(transcript, 0, channel, party, word);
        return;
    }
    let base = place.start - line.start;
    let pieces = text.split(['{', '}', '/', '_']).filter(|piece| !piece.is_empty()).map(|piece| {
        let at = line.start + base + piece.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        Word { text: Text::new(piece), source: Some(at..at + piece.len()), ..Word::default() }
    });
    let words = pieces.collect();
    transcript.turns.push(Turn { channel, party: party.map(Text::new), time, words });
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, words};
    use super::*;

    #[test]
    fn speakers_are_turns_without_words() {
        let transcript =
            read_as("rttm", include_str!("../../../fixtures/transcripts/speakers.rttm"));
        assert_eq!((transcript.sort, transcript.turns.len()), (Sort::Speakers, 7));
        let last = &transcript.turns[6];
        assert_eq!((last.channel, last.party.clone()), (None, Some(Text::new("speaker_0"))));
        assert_eq!(
            last.time.map(|time| (time.start.as_millis(), time.end.as_millis())),
            Some((13000, 16000))
        );
    }

    #[test]
    fn lexemes_are_words() {
        let text = include_str!("../../../fixtures/third-party/transcripts/rttm.generic.rttm");
        let transcript = read_as("rttm", text);
        assert_eq!(transcript.sort, Sort::Speech);
        assert_eq!(words(&transcript)[3], ("G".to_owned(), Some((101_900, 103_500))));
        assert_eq!(transcript.turns.iter().filter(|turn| turn.words.is_empty()).count(), 3);
    }

    #[test]
    fn readings_of_a_word_are_words_of_its_time() {
        let text = include_str!("../../../fixtures/third-party/transcripts/rttm.alt.rttm");
        let transcript = read_as("rttm", text);
        let first: Vec<&str> =
            transcript.turns[0].words.iter().map(|word| word.text.expose()).collect();
        assert_eq!(first, ["A", "B", "B2"]);
        assert_eq!(transcript.turns[0].time.map(|time| time.end.as_millis()), Some(2000));
        assert_listed(&transcript, text, "DD_D2");
        for turn in &transcript.turns {
            for word in &turn.words {
                assert_eq!(text.get(word.source.clone().unwrap()), Some(word.text.expose()));
            }
        }
    }

    #[test]
    fn a_speaker_without_a_time_is_an_error_and_a_word_is_not() {
        let row = |kind: &str| format!("{kind} a 1 <NA> <NA> four lex s1 <NA>\n");
        assert_eq!(error_of(&row("SPEAKER")), "rttm: line 1: the time is missing");
        assert_eq!(words(&read_as("rttm", &row("LEXEME"))), [("four".to_owned(), None)]);
    }

    #[test]
    fn unknown_types_and_several_recordings_are_refused() {
        let row = "SPEAKER a 1 0.5 1.0 <NA> <NA> s <NA> <NA>\n";
        assert!(
            error_of(&format!("{row}SPEAKR a 1 0.5 1.0 <NA> <NA> s <NA> <NA>\n"))
                .contains("line 2: expected a type")
        );
        assert!(
            error_of(&format!("{row}SPEAKER b 1 0.5 1.0 <NA> <NA> s <NA> <NA>\n"))
                .contains("several recordings")
        );
        assert!(error_of(&format!("{row}SPEAKER a 1 0.5\n")).contains("line 2: expected eight"));
    }
}
