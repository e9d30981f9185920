//! WhisperX: `segments[].words[]` and `word_segments[]`, seconds, and times that are missing or filled in.
//!
//! Words that the aligner cannot spell, most often digits, have no time. Newer versions give them the time of a
//! neighbour and no `score`: such a time is left out. A segment ends with its last timed word, and one of digits only has
//! a text and no words; its words then have no times.

use std::collections::HashMap;

use super::super::json::Kind;
use super::common::{add_repeat, push_word};
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
        // The flat list alone, as people save it.
        let is_flat = root.items().next().is_some_and(|first| first.has("word"))
            && root.items().take(50).any(|word| word.has("word") && word.has("score"));
        is_flat
            || root.has("segments")
                && (root.has("word_segments") || words().any(|w| w.has("word") && w.has("score")))
    })
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let flat = std::iter::once(root).filter(|root| root.kind() == Kind::Array);
    let has_scores = root
        .list("segments")
        .flat_map(|segment| segment.list("words"))
        .chain(root.items())
        .any(|word| word.get("score").is_some());
    // Where each word of the file went, in the order of the flat list.
    let mut places = Vec::new();
    for segment in root.list("segments").chain(flat) {
        let mut words = Vec::new();
        for node in segment.list("words").chain(segment.items()) {
            words.extend(aligned(node, has_scores)?);
        }
        let first = transcript.turns.len();
        add_segment(&mut transcript, FORMAT.name, segment, words)?;
        split(&mut transcript, segment);
        for (turn, said) in transcript.turns.iter().enumerate().skip(first) {
            let words = said.words.iter().enumerate();
            let from_list = words.filter(|(_, word)| word.source.is_some());
            places.extend(from_list.map(|(at, _)| (turn, at)));
        }
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

/// Parts the last turn where its words have other speakers than the segment. A word without one is of the speaker before
/// and after it, or of nobody. The parts have no times of their own: that of the segment is of all of them.
fn split(transcript: &mut Transcript, segment: Node<'_>) {
    let speakers: HashMap<usize, String> = segment
        .list("words")
        .filter_map(|node| {
            let speaker = node.get("speaker")?.scalar()?.into_owned();
            Some((node.get("word").or_else(|| node.get("text"))?.range().start, speaker))
        })
        .collect();
    let Some(turn) = transcript.turns.last() else { return };
    let own = turn.party.as_ref().map(|party| party.expose());
    if speakers.values().all(|speaker| Some(speaker.as_str()) == own) {
        return;
    }
    let Some(turn) = transcript.turns.pop() else { return };
    let first = transcript.turns.len();
    let known: Vec<Option<&String>> = turn
        .words
        .iter()
        .map(|word| word.source.as_ref().and_then(|source| speakers.get(&source.start)))
        .collect();
    let before = known.iter().scan(None, |last, own| {
        *last = own.or(*last);
        Some(*last)
    });
    let before: Vec<_> = before.collect();
    let mut after = None;
    let mut parties = Vec::new();
    for (own, before) in known.iter().zip(before).rev() {
        after = own.or(after);
        parties.push(own.or(before.filter(|_| before == after)));
    }
    for (word, party) in turn.words.iter().zip(parties.iter().rev()) {
        push_word(transcript, first, None, party.map(String::as_str), word.clone());
    }
    let turns = first..transcript.turns.len();
    let of_segment = transcript.repeats.iter_mut().filter(|repeat| repeat.turns.start == first);
    of_segment.for_each(|repeat| repeat.turns = turns.clone());
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
    fn the_flat_list_alone_is_read_too() {
        let text = r#"[{"word":"with","start":10.119,"end":10.26,"score":0.862},{"word":"2266"},{"word":"okay,","start":12.76,"end":14.781,"score":0.869}]"#;
        let transcript = read_as("whisperx", text);
        assert_eq!(transcript.turns.len(), 1);
        assert_eq!(words(&transcript)[1], ("2266".to_owned(), None));
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
    fn words_of_another_speaker_than_their_segment_are_turns_of_their_own() {
        let text = r#"{"segments":[{"start":0.1,"end":0.9,"speaker":"A","text":"yes 4111 no 12 so","words":[
            {"word":"yes","start":0.1,"end":0.2,"score":0.9,"speaker":"A"},{"word":"4111"},
            {"word":"no","start":0.4,"end":0.5,"score":0.9,"speaker":"B"},{"word":"12"},
            {"word":"so","start":0.7,"end":0.8,"score":0.9,"speaker":"B"}]}],
            "word_segments":[{"word":"yes"},{"word":"4111"},{"word":"no"},{"word":"12"},{"word":"so"}]}"#;
        let transcript = read_as("whisperx", text);
        let turns: Vec<_> = transcript
            .turns
            .iter()
            .map(|turn| {
                let party = turn.party.as_ref().map(|party| party.expose());
                (party, turn.words.len(), turn.time.is_some())
            })
            .collect();
        assert_eq!(turns, [(Some("A"), 1, false), (None, 1, false), (Some("B"), 3, false)]);
        assert_eq!(transcript.repeats[0].turns, 0..3);
        assert!(transcript.turns.iter().flat_map(|turn| &turn.words).all(|w| w.copies.len() == 1));
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
