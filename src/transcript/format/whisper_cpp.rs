//! whisper.cpp (`-oj`, `-ojf`): `transcription[]` with whole milliseconds in `offsets`, and perhaps `tokens[]`.
//!
//! Tokens are pieces of words: they are joined until the next one that begins with a blank. Tokens in `[_…]` are
//! marks of the recogniser. A token without `offsets` has no time, and so has its word. `speaker` is a guess from the
//! loudness of two channels, not a channel.

use super::common::{add_repeat, insert_missing, untimed_words};
use super::{
    Document, Format, Node, Padding, Seen, Text, TimeRange, Transcript, TranscriptError, Turn,
    Unit, Word, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "whisper-cpp",
    title: "whisper.cpp",
    padding: Padding::WIDE,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    document.root().is_some_and(|root| {
        let first = root.list("transcription").next();
        root.has("transcription")
            && (root.has("systeminfo") || first.is_some_and(|first| first.has("offsets")))
    })
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let mut has_tokens = false;
    for segment in root.list("transcription") {
        let at = transcript.turns.len();
        let text = segment.text_of("text").unwrap_or_default();
        let mut words = join(segment)?;
        has_tokens |= !words.is_empty();
        if words.is_empty() {
            words = untimed_words(&text);
        } else {
            insert_missing(&mut words, &text);
        }
        let party = segment.text_of("speaker").filter(|speaker| speaker != "?").map(Text::new);
        transcript.turns.push(Turn { channel: None, party, time: time(segment)?, words });
        add_repeat(&mut transcript, segment.get("text"), at..at + 1);
    }
    if !has_tokens && !transcript.turns.is_empty() {
        let note = "the file has no times for words: the time of a segment is the finest";
        transcript.notes.push(note.to_owned());
    }
    Ok(transcript)
}

fn time(node: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
    let Some(offsets) = node.get("offsets") else { return Ok(None) };
    optional_range(FORMAT.name, offsets, "from", "to", Unit::Millis)
}

/// The words of the tokens of a segment.
fn join(segment: Node<'_>) -> Result<Vec<Word>, TranscriptError> {
    let mut words: Vec<Word> = Vec::new();
    for token in segment.list("tokens") {
        let Some(node) = token.get("text") else { continue };
        let text = node.text().unwrap_or_default();
        if text.starts_with("[_") || text.trim().is_empty() {
            continue;
        }
        let time = time(token)?;
        match words.last_mut() {
            Some(word) if !text.starts_with(' ') => {
                word.text = Text::new(format!("{}{}", word.text.expose(), text.trim()));
                word.copies.push(node.range());
                word.time = word.time.zip(time).map(|(word, piece)| {
                    TimeRange::new(word.start.min(piece.start), word.end.max(piece.end))
                });
            }
            _ => words.push(Word { time, ..text_word(node) }),
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, read_as, truth_on_all, words};

    const FULL: &str = include_str!("../../../fixtures/transcripts/whispercpp.full.json");

    #[test]
    fn tokens_are_joined_until_a_blank_and_marks_of_the_recogniser_skipped() {
        let transcript = read_as("whisper-cpp", FULL);
        let said = words(&transcript);
        let numbers = said.iter().filter(|(word, _)| word.starts_with(char::is_numeric));
        let numbers: Vec<_> =
            numbers.map(|(_, time)| time.map(|(start, end)| (None, start, end)).unwrap()).collect();
        assert_eq!(numbers, truth_on_all());
        assert!(said.iter().all(|(word, _)| !word.contains('[')));
        assert_listed(&transcript, FULL, "4111");
    }

    #[test]
    fn a_word_with_a_piece_without_offsets_has_no_time() {
        let text = r#"{"systeminfo":"","transcription":[{"offsets":{"from":0,"to":900},"text":" so 4111 yes","speaker":"?",
            "tokens":[{"text":" so","offsets":{"from":0,"to":200}},{"text":" 41","offsets":{"from":200,"to":300}},{"text":"11"},
            {"text":"[_TT_45]","offsets":{"from":900,"to":900}},{"text":" ye","offsets":{"from":700,"to":800}},
            {"text":"s","offsets":{"from":800,"to":900}}]}]}"#;
        let transcript = read_as("whisper-cpp", text);
        let wanted = [("so", Some((0, 200))), ("4111", None), ("yes", Some((700, 900)))];
        assert_eq!(words(&transcript), wanted.map(|(word, time)| (word.to_owned(), time)));
        assert_eq!(transcript.turns[0].party, None);
        assert_listed(&transcript, text, "11\"");
    }

    #[test]
    fn without_tokens_a_segment_is_the_finest_time() {
        let text = r#"{"systeminfo":"","transcription":[{"offsets":{"from":10,"to":900},"text":" so 4111","speaker":"0"}]}"#;
        let transcript = read_as("whisper-cpp", text);
        assert_eq!(words(&transcript).len(), 2);
        assert_eq!(transcript.turns[0].time.unwrap().start.as_millis(), 10);
        assert_eq!(transcript.notes.len(), 1);
        assert_eq!(transcript.turns[0].channel, None);
    }
}
