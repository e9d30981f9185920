//! WhisperX: `segments[].words[]` and `word_segments[]`, seconds, and times that are missing or filled in.
//!
//! Words that the aligner cannot spell, most often digits, have no time. Newer versions give them the time of a
//! neighbour and no `score`: such a time is left out. A segment ends with its last timed word, and one of digits only has
//! a text and no words; its words then have no times.

use super::common::add_repeat;
use super::whisper_words::{add_segment, word};
use super::{Document, Format, Node, Padding, Seen, Transcript, TranscriptError, Word};

pub(super) const FORMAT: Format = Format {
    name: "whisperx",
    title: "WhisperX",
    padding: Padding::WIDE,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    document.root().is_some_and(|root| {
        let words = || root.list("segments").take(8).flat_map(|segment| segment.list("words"));
        root.has("segments")
            && (root.has("word_segments") || words().any(|w| w.has("word") && w.has("score")))
    })
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let has_scores = root
        .list("segments")
        .flat_map(|segment| segment.list("words"))
        .any(|word| word.get("score").is_some());
    // Where each word of the file went, in the order of the flat list.
    let mut places = Vec::new();
    for segment in root.list("segments") {
        let mut words = Vec::new();
        for node in segment.list("words") {
            words.extend(aligned(node, has_scores)?);
        }
        let known = words.len();
        let turn = transcript.turns.len();
        add_segment(&mut transcript, FORMAT.name, segment, words)?;
        let after = transcript.turns.get(turn).map_or(&[][..], |turn| &turn.words);
        let from_list = after.iter().enumerate().filter(|(_, word)| word.source.is_some());
        places.extend(from_list.map(|(at, _)| (turn, at)).take(known));
    }
    add_copies(&mut transcript, root, &places);
    Ok(transcript)
}

/// A word; one without a score, where others have one, has the time of a neighbour or a guess.
fn aligned(node: Node<'_>, has_scores: bool) -> Result<Option<Word>, TranscriptError> {
    let mut word = word(FORMAT.name, node)?;
    if has_scores && node.get("score").is_none() {
        word.iter_mut().for_each(|word| word.time = None);
    }
    Ok(word)
}

/// The flat list holds the words of all segments once more, in the same order.
fn add_copies(transcript: &mut Transcript, root: Node<'_>, places: &[(usize, usize)]) {
    let all = 0..transcript.turns.len();
    for (at, node) in root.list("word_segments").enumerate() {
        let Some(text) = node.get("word") else { continue };
        let place = places.get(at).and_then(|&(turn, at)| {
            transcript.turns.get_mut(turn).and_then(|turn| turn.words.get_mut(at))
        });
        let is_same =
            |word: &&mut Word| text.text().is_some_and(|text| text.trim() == word.text.expose());
        match place.filter(is_same) {
            Some(word) => word.copies.push(text.range()),
            None => add_repeat(transcript, Some(text), all.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, read_as, words};

    const UNTIMED: &str = include_str!("../../../fixtures/transcripts/whisperx.untimed.json");
    const FILLED: &str = include_str!("../../../fixtures/transcripts/whisperx.filled.json");

    #[test]
    fn a_word_without_a_score_has_no_time_of_its_own() {
        let (untimed, filled) = (read_as("whisperx", UNTIMED), read_as("whisperx", FILLED));
        assert_eq!(words(&untimed), words(&filled));
        let said = words(&filled);
        let numbers: Vec<_> =
            said.iter().filter(|(w, _)| w.starts_with(char::is_numeric)).collect();
        assert_eq!(numbers.len(), 5);
        assert!(numbers.iter().all(|(_, time)| time.is_none()));
        let sure = said.iter().find(|(word, _)| word == "sure").unwrap();
        assert_eq!(sure.1, Some((2800, 3140)));
    }

    #[test]
    fn a_segment_without_words_has_those_of_its_text() {
        let transcript = read_as("whisperx", UNTIMED);
        let turn = &transcript.turns[3];
        assert_eq!(turn.words.len(), 1);
        assert_eq!(turn.time.unwrap().start.as_millis(), 5300);
        assert_eq!(turn.party.as_ref().unwrap().expose(), "SPEAKER_00");
    }

    #[test]
    fn the_flat_list_of_words_is_a_copy() {
        let transcript = read_as("whisperx", UNTIMED);
        assert_listed(&transcript, UNTIMED, "1111");
        assert_listed(&transcript, UNTIMED, "\"security\"");
        let copies = transcript.turns.iter().flat_map(|turn| &turn.words);
        assert_eq!(copies.filter(|word| word.copies.len() == 1).count(), 20);
    }

    #[test]
    fn a_number_that_the_words_lack_is_taken_from_the_text() {
        let text = r#"{"segments":[{"start":0.1,"end":0.9,"text":"my 4111 it is","words":[
            {"word":"my","start":0.1,"end":0.2,"score":0.9},{"word":"it","start":0.7,"end":0.8,"score":0.9},
            {"word":"is","start":0.8,"end":0.9,"score":0.9}]}],"word_segments":[{"word":"my"},{"word":"it"},{"word":"is"}]}"#;
        let transcript = read_as("whisperx", text);
        assert_eq!(words(&transcript)[1], ("4111".to_owned(), None));
        assert!(transcript.repeats.len() == 1, "every word of the flat list found its own");
    }
}
