//! The JSON of BBC's Kaldi: `retval.words[]` with seconds; who speaks, in `segmentation.segments[]`.
//!
//! The two come as two files, or as one. The segmentation alone says who speaks when, without words. Times come from a
//! mono mix: there are no channels.

use super::super::model::Sort;
use super::common::push_word;
use super::{
    Document, Format, Node, Padding, Seen, Text, TimeRange, Transcript, TranscriptError, Turn,
    Unit, Word, optional_length, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "kaldi-json",
    title: "Kaldi JSON (BBC)",
    padding: Padding::USUAL,
    seen: Seen::Sample,
    recognise,
    read,
};

/// The list of words, if there is one.
fn words(root: Node<'_>) -> Option<Node<'_>> {
    root.at(&["retval", "words"]).or_else(|| root.get("words"))
}

fn segments(root: Node<'_>) -> Option<Node<'_>> {
    root.at(&["segmentation", "segments"])
        .or_else(|| root.at(&["retval", "segmentation", "segments"]))
}

fn recognise(document: &Document<'_>) -> bool {
    let Some(root) = document.root() else { return false };
    let is_word = |node: Node<'_>| node.has("word") && node.has("start") && node.has("punct");
    let is_segment = |node: Node<'_>| node.has("start") && node.has("duration");
    words(root).is_some_and(|list| list.items().take(8).any(is_word))
        || root.at(&["retval", "words"]).is_some()
        || segments(root).is_some_and(|list| list.items().take(8).any(is_segment))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let mut spoken = Vec::new();
    for segment in segments(root).iter().flat_map(Node::items) {
        let time = optional_length(FORMAT.name, segment, "start", "duration", Unit::Seconds)?;
        let speaker = segment.get("speaker");
        let speaker = speaker.and_then(|node| node.text().or_else(|| node.text_of("@id")));
        spoken.push((time, speaker.map(Text::new)));
    }
    for node in words(root).iter().flat_map(Node::items) {
        let Some(text) = node.get("word").or_else(|| node.get("punct")) else { continue };
        let mut word = Word {
            time: optional_range(FORMAT.name, node, "start", "end", Unit::Seconds)?,
            ..text_word(text)
        };
        let copy = node.get("punct").map(|copy| copy.range());
        word.copies.extend(copy.filter(|copy| *copy != text.range()));
        let party = word.time.and_then(|time| speaker_at(&spoken, time));
        push_word(&mut transcript, 0, None, party, word);
    }
    if transcript.turns.is_empty() && !spoken.is_empty() {
        transcript.sort = Sort::Speakers;
        let turns = spoken.into_iter();
        transcript.turns.extend(turns.map(|(time, party)| Turn { party, time, ..Turn::default() }));
    }
    Ok(transcript)
}

/// Who speaks when a word begins.
fn speaker_at(spoken: &[(Option<TimeRange>, Option<Text>)], word: TimeRange) -> Option<&str> {
    let is_here = |(time, _): &&(Option<TimeRange>, Option<Text>)| {
        time.is_some_and(|time| time.start <= word.start && word.start < time.end)
    };
    spoken.iter().find(is_here).and_then(|(_, party)| party.as_ref()).map(Text::expose)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, read_as, words};
    use super::*;

    const WORDS: &str = include_str!("../../../fixtures/third-party/transcripts/kaldi.cut.json");
    const SPEAKERS: &str =
        include_str!("../../../fixtures/third-party/transcripts/kaldi.speakers.json");

    #[test]
    fn the_real_words_have_start_and_end_in_seconds() {
        let transcript = read_as("kaldi-json", WORDS);
        let said = words(&transcript);
        assert_eq!(said.len(), 18);
        assert_eq!(said[0], ("orders".to_owned(), Some((32_450, 32_760))));
        assert_eq!(said[17], ("was".to_owned(), Some((37_530, 37_690))));
        assert_listed(&transcript, WORDS, "sensors");
    }

    #[test]
    fn the_real_segments_say_who_speaks() {
        let transcript = read_as("kaldi-json", SPEAKERS);
        assert_eq!(transcript.sort, Sort::Speakers);
        let turn = &transcript.turns[1];
        assert_eq!(turn.party, Some(Text::new("S1")));
        let ms = turn.time.map(|time| (time.start.as_millis(), time.end.as_millis()));
        assert_eq!(ms, Some((9100, 13_010)));
    }

    #[test]
    fn words_have_the_speaker_of_their_segment() {
        let text = r#"{"segmentation":{"segments":[{"start":0,"duration":1,"speaker":{"@id":"S0"}},
            {"start":1,"duration":1,"speaker":{"@id":"S1"}}]},"retval":{"words":[
            {"start":0.5,"end":1.2,"word":"a","punct":"A"},{"start":1.0,"end":1.5,"word":"b","punct":"b"},
            {"start":2.0,"end":2.5,"word":"c","punct":"c"}]}}"#;
        let transcript = read_as("kaldi-json", text);
        let parties = transcript.turns.iter().map(|turn| turn.party.as_ref().map(Text::expose));
        assert_eq!(parties.collect::<Vec<_>>(), [Some("S0"), Some("S1"), None]);
        assert_eq!(transcript.sort, Sort::Speech);
    }
}
