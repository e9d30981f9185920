//! Speechmatics v1: `words[]` with `time` and `duration`, decimal strings of seconds, and `speakers[]` on a time line.

use std::time::Duration;

use super::common::push_word;
use super::{
    Document, Format, Node, Padding, Seen, TimeRange, Transcript, TranscriptError, Unit, Word,
    optional_length, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "speechmatics-v1",
    title: "Speechmatics v1",
    padding: Padding::CLOSE,
    seen: Seen::Sample,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    document.root().is_some_and(|root| {
        let is_word = |word: Node<'_>| word.has("time") && word.has("duration") && word.has("name");
        root.has("speakers") && root.list("words").next().is_some_and(is_word)
    })
}

fn time(node: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
    optional_length(FORMAT.name, node, "time", "duration", Unit::Seconds)
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let mut speakers: Vec<(Duration, String)> = Vec::new();
    for speaker in root.list("speakers") {
        let name = speaker.text_of("name").unwrap_or_default();
        speakers.extend(time(speaker)?.map(|time| (time.start, name.into_owned())));
    }
    speakers.sort_by_key(|(start, _)| *start);
    for node in root.list("words") {
        let Some(name) = node.get("name") else { continue };
        let word = Word { time: time(node)?, ..text_word(name) };
        let text = word.text.expose();
        let is_silent = !text.is_empty() && text.chars().all(|c| ".,?!;:".contains(c));
        let start = word.time.map(|time| time.start).unwrap_or_default();
        let before = speakers.partition_point(|(from, _)| *from <= start).checked_sub(1);
        let party = before.and_then(|at| speakers.get(at)).map(|(_, name)| name.as_str());
        push_word(&mut transcript, 0, None, party, Word { is_silent, ..word });
    }
    Ok(transcript)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{read_as, words};

    const REAL: &str =
        include_str!("../../../fixtures/third-party/transcripts/speechmatics-v1.cut.json");

    #[test]
    fn the_real_file_has_starts_and_lengths_as_text() {
        let transcript = read_as("speechmatics-v1", REAL);
        assert_eq!(words(&transcript)[0], ("There".to_owned(), Some((13_050, 13_230))));
        assert_eq!(transcript.turns[0].party.as_ref().unwrap().expose(), "F4");
        assert!(transcript.turns.iter().all(|turn| turn.channel.is_none()));
    }

    #[test]
    fn punctuation_is_silent_and_a_mask_is_not() {
        let text = r#"{"speakers":[],"words":[{"name":"so","time":"1.0","duration":"0.2"},{"name":".","time":"1.2","duration":"0.0"},
            {"name":"***","time":"1.3","duration":"0.2"}]}"#;
        let transcript = read_as("speechmatics-v1", text);
        assert_eq!(words(&transcript).len(), 2);
    }
}
