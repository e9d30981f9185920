//! Rev.ai: `monologues[].elements[]`, seconds in `ts` and `end_ts`.
//!
//! Elements of type `punct` have no times. `speaker` is a number; whether it is a channel depends on the request, which
//! is not in the file, so it is taken for a speaker.

use super::{
    Document, Format, Padding, Seen, Text, Transcript, TranscriptError, Turn, Unit, Word,
    optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "revai",
    title: "Rev.ai",
    padding: Padding::USUAL,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let Some(root) = document.root() else { return false };
    let elements = root.list("monologues").take(8).flat_map(|one| one.list("elements").take(8));
    elements.into_iter().any(|element| element.has("type") && element.has("value"))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    for monologue in root.list("monologues") {
        let party = monologue.get("speaker").and_then(|node| node.scalar()).map(Text::new);
        let mut turn = Turn { party, ..Turn::default() };
        for element in monologue.list("elements") {
            let Some(value) = element.get("value") else { continue };
            let sort = element.text_of("type").unwrap_or_default();
            turn.words.push(Word {
                time: optional_range(FORMAT.name, element, "ts", "end_ts", Unit::Seconds)?,
                is_silent: sort == "punct",
                ..text_word(value)
            });
        }
        transcript.turns.push(turn);
    }
    Ok(transcript)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, read_as, words};

    const SAMPLE: &str = include_str!("../../../fixtures/transcripts/revai.json");

    #[test]
    fn text_has_times_and_punctuation_is_silent() {
        let transcript = read_as("revai", SAMPLE);
        let said = words(&transcript);
        assert_eq!(said.len(), 36);
        assert_eq!(said[8], ("four".to_owned(), Some((3240, 3580))));
        assert!(said.iter().all(|(_, time)| time.is_some()));
        assert_listed(&transcript, SAMPLE, "\"four\"");
    }

    #[test]
    fn a_speaker_is_not_taken_for_a_channel() {
        let transcript = read_as("revai", SAMPLE);
        assert!(transcript.turns.iter().all(|turn| turn.channel.is_none()));
        assert_eq!(transcript.turns[1].party.as_ref().unwrap().expose(), "0");
    }
}
