//! IBM Watson Speech to Text: `alternatives[0].timestamps[]` of `[word, start, end]`, seconds.
//!
//! Saved files may nest `results` once more. Speakers stand apart and belong to the word that begins at the same time.
//! Redaction turns each digit into `X`, and the file does not say that it was on: words of three or more `X` say so.

use std::collections::HashMap;
use std::time::Duration;

use super::common::{Index, add_repeat, push_word, untimed_words};
use super::{
    Document, Format, Node, Padding, Round, Seen, TimeRange, Transcript, TranscriptError,
    TranscriptProblem, Turn, Unit, Word, moment, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "ibm",
    title: "IBM Watson Speech to Text",
    padding: Padding::USUAL,
    seen: Seen::Sample,
    recognise,
    read,
};

/// The outer objects: each has `results`, and perhaps `speaker_labels`.
fn parts<'a>(document: &Document<'a>) -> Vec<Node<'a>> {
    let inner = |root: Node<'a>| {
        let nested: Vec<Node<'a>> = root.list("results").filter(|one| one.has("results")).collect();
        if nested.is_empty() { vec![root] } else { nested }
    };
    document.roots().flat_map(inner).collect()
}

fn recognise(document: &Document<'_>) -> bool {
    let is_triple = |stamp: Node<'_>| stamp.items().count() == 3;
    let has_stamps = |one: Node<'_>| one.list("timestamps").next().is_some_and(is_triple);
    parts(document).iter().take(8).any(|part| {
        part.list("results").take(8).any(|result| result.list("alternatives").any(has_stamps))
    })
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let parts = parts(document);
    let mut speakers = HashMap::new();
    for label in parts.iter().flat_map(|part| part.list("speaker_labels")) {
        if let (Some(from), Some(speaker)) = (label.get("from"), label.get("speaker")) {
            let from = moment(FORMAT.name, from, Unit::Seconds, Round::Down)?;
            speakers.insert(from, speaker.scalar().unwrap_or_default());
        }
    }
    // An interim result is said again by the next final one.
    let is_final = |result: &Node<'_>| result.get("final").and_then(|node| node.flag());
    let results = || parts.iter().flat_map(|part| part.list("results"));
    let is_any_final = results().any(|result| is_final(&result) == Some(true));
    let (said, interim): (Vec<_>, Vec<_>) =
        results().partition(|result| !is_any_final || is_final(result) != Some(false));
    for result in said {
        add_result(&mut transcript, result, &speakers)?;
    }
    let all = 0..transcript.turns.len();
    for alternative in interim.iter().flat_map(|result| result.list("alternatives")) {
        add_texts(&mut transcript, alternative, &all);
    }
    let mut words = transcript.turns.iter().flat_map(|turn| &turn.words);
    transcript.is_x_masked = words.any(|word| {
        let text = word.text.expose();
        text.len() >= 3 && text.bytes().all(|b| b == b'X')
    });
    transcript.searched = transcript.is_x_masked;
    Ok(transcript)
}

fn add_result<'a>(
    transcript: &mut Transcript,
    result: Node<'a>,
    speakers: &HashMap<Duration, std::borrow::Cow<'a, str>>,
) -> Result<(), TranscriptError> {
    let first = transcript.turns.len();
    let mut alternatives = result.list("alternatives");
    let Some(best) = alternatives.next() else { return Ok(()) };
    for stamp in best.list("timestamps") {
        let parts: Vec<Node<'_>> = stamp.items().collect();
        let &[text, start, end] = parts.as_slice() else {
            let problem = TranscriptProblem::Expected("a word, a start and an end");
            return Err(TranscriptError::at(FORMAT.name, stamp.path(), problem));
        };
        let start = moment(FORMAT.name, start, Unit::Seconds, Round::Down)?;
        let end = moment(FORMAT.name, end, Unit::Seconds, Round::Up)?;
        let word = Word { time: Some(TimeRange::new(start, end)), ..text_word(text) };
        push_word(transcript, first, None, speakers.get(&start).map(|one| &**one), word);
    }
    if transcript.turns.len() == first {
        let words = untimed_words(&best.text_of("transcript").unwrap_or_default());
        if !words.is_empty() {
            transcript.turns.push(Turn { words, ..Turn::default() });
        }
    }
    let turns = first..transcript.turns.len();
    let index = Index::new(transcript, turns.clone());
    add_repeat(transcript, best.get("transcript"), turns.clone());
    for pair in best.list("word_confidence") {
        index.add_copy(transcript, pair.items().next(), None, &turns);
    }
    for alternative in alternatives {
        add_texts(transcript, alternative, &turns);
    }
    for slot in result.list("word_alternatives") {
        for other in slot.list("alternatives") {
            add_repeat(transcript, other.get("word"), turns.clone());
        }
    }
    for keyword in result.get("keywords_result").iter().flat_map(|keywords| keywords.members()) {
        for hit in keyword.1.items() {
            add_repeat(transcript, hit.get("normalized_text"), turns.clone());
        }
    }
    Ok(())
}

fn add_texts(transcript: &mut Transcript, alternative: Node<'_>, turns: &std::ops::Range<usize>) {
    add_repeat(transcript, alternative.get("transcript"), turns.clone());
    for list in ["timestamps", "word_confidence"] {
        for entry in alternative.list(list) {
            add_repeat(transcript, entry.items().next(), turns.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, windows, words};

    const REAL: &str = include_str!("../../../fixtures/third-party/transcripts/ibm.cut.json");

    #[test]
    fn the_real_file_nests_its_results_and_names_speakers_by_the_start() {
        let transcript = read_as("ibm", REAL);
        let said = words(&transcript);
        assert_eq!(said[0], ("there".to_owned(), Some((13_040, 13_230))));
        assert_eq!(said.len(), 94);
        assert_eq!(transcript.turns[0].party.as_ref().unwrap().expose(), "1");
        assert!(windows(&transcript).is_empty() && !transcript.searched);
        assert_listed(&transcript, REAL, "\"upside\"");
    }

    #[test]
    fn digits_that_were_redacted_are_runs_of_x() {
        let text = r#"{"results":[{"final":true,"alternatives":[{"transcript":"is XXXX ","timestamps":[["is",1.0,1.2],["XXXX",1.3,2.9]]}]}]}"#;
        let transcript = read_as("ibm", text);
        assert_eq!(windows(&transcript), [(None, 1300, 2900)]);
        assert!(transcript.searched);
    }

    #[test]
    fn interim_results_are_not_read_twice() {
        let text = r#"{"results":[{"final":false,"alternatives":[{"transcript":"fo ","timestamps":[["fo",1.0,1.2]]}]}]}
            {"results":[{"final":true,"alternatives":[{"transcript":"four ","timestamps":[["four",1.0,1.3]]}]}]}"#;
        let transcript = read_as("ibm", text);
        assert_eq!(words(&transcript), [("four".to_owned(), Some((1000, 1300)))]);
        assert_listed(&transcript, text, "\"fo\"");
    }

    #[test]
    fn a_stamp_of_other_length_is_an_error() {
        let text = r#"{"results":[{"alternatives":[{"timestamps":[["a",1.0,1.2],["b",1.0]]}]}]}"#;
        assert_eq!(
            error_of(text),
            "ibm: results[0].alternatives[0].timestamps[1]: expected a word, a start and an end"
        );
    }
}
