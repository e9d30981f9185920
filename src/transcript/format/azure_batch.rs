//! Azure Speech batch: `recognizedPhrases[].nBest[0].words[]`, ticks of 100 ns or ISO 8601 durations.
//!
//! Versions differ in what they write: ticks also as `400000.0`, milliseconds in newer files, phrases without `words` if
//! nobody asked for them. Lexical words are read, for the others join digits. The output of conversation PII may stand
//! in the same file. `maskedITN` masks profanity only and is no mark.

use std::collections::HashSet;

use super::azure_conversation::{add_conversations, has_conversations};
use super::common::{add_repeat, add_strings, forget_lone_channel, untimed_words};
use super::{
    Document, Format, Node, Padding, Seen, Text, TimeRange, Transcript, TranscriptError, Turn,
    Unit, optional_length, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "azure-batch",
    title: "Azure Speech (batch)",
    padding: Padding::CLOSE,
    seen: Seen::Sample,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    document.root().is_some_and(|root| {
        root.get("recognizedPhrases").is_some_and(|list| list.raw().starts_with('['))
    })
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    for phrase in root.list("recognizedPhrases") {
        add_phrase(&mut transcript, phrase)?;
    }
    let all = 0..transcript.turns.len();
    add_strings(&mut transcript, root.get("combinedRecognizedPhrases"), &all);
    for (key, value) in root.members() {
        // Where the results of the conversation service stand depends on the client.
        if key != "recognizedPhrases" && has_conversations(value) {
            add_conversations(&mut transcript, FORMAT.name, value, Some(&all))?;
        }
    }
    let combined = root.list("combinedRecognizedPhrases").count();
    forget_lone_channel(&mut transcript, Some(combined));
    Ok(transcript)
}

/// Offset and length, in the first unit that is there.
fn time(node: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
    for (start, length, unit) in [
        ("offsetInTicks", "durationInTicks", Unit::Ticks),
        ("offset", "duration", Unit::Iso),
        ("offsetMilliseconds", "durationMilliseconds", Unit::Millis),
    ] {
        if let Some(time) = optional_length(FORMAT.name, node, start, length, unit)? {
            return Ok(Some(time));
        }
    }
    Ok(None)
}

fn add_phrase(transcript: &mut Transcript, phrase: Node<'_>) -> Result<(), TranscriptError> {
    let at = transcript.turns.len();
    let channel = phrase.get("channel").and_then(|node| node.index());
    let mut turn = Turn {
        channel: channel.and_then(|channel| u16::try_from(channel).ok()),
        party: phrase.get("speaker").and_then(|node| node.scalar()).map(Text::new),
        time: time(phrase)?,
        ..Turn::default()
    };
    let mut readings = phrase.list("nBest");
    let best = readings.next();
    for (list, key) in [("words", "word"), ("displayWords", "displayText")] {
        if !turn.words.is_empty() {
            break;
        }
        for node in best.into_iter().flat_map(|best| best.list(list)) {
            let Some(text) = node.get(key) else { continue };
            let mut word = text_word(text);
            word.time = time(node)?;
            turn.words.push(word);
        }
    }
    if let Some(best) = best.filter(|_| turn.words.is_empty()) {
        let text = ["lexical", "itn", "display"].iter().find_map(|key| best.text_of(key));
        turn.words = untimed_words(&text.unwrap_or_default());
    }
    let sources = turn.words.iter().filter_map(|word| word.source.as_ref());
    let known: HashSet<usize> = sources.map(|source| source.start).collect();
    transcript.turns.push(turn);
    let turns = at..at + 1;
    for reading in best.into_iter().chain(readings) {
        for key in ["lexical", "itn", "maskedITN", "display"] {
            add_repeat(transcript, reading.get(key), turns.clone());
        }
        let words = reading.list("words").filter_map(|word| word.get("word"));
        let display = reading.list("displayWords").filter_map(|word| word.get("displayText"));
        for node in words.chain(display).filter(|node| !known.contains(&node.range().start)) {
            add_repeat(transcript, Some(node), turns.clone());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, read_as, windows, words};

    const SAMPLE: &str = include_str!("../../../fixtures/transcripts/azure-batch.channels.json");
    const DIGITS: &str = include_str!("../../../fixtures/third-party/transcripts/azure-batch.json");
    const PII: &str =
        include_str!("../../../fixtures/third-party/transcripts/azure-batch.pii.json");

    #[test]
    fn words_have_times_and_channels_and_no_marks() {
        let transcript = read_as("azure-batch", SAMPLE);
        assert!(windows(&transcript).is_empty() && !transcript.searched);
        assert_eq!(words(&transcript)[8], ("four".to_owned(), Some((3240, 3580))));
        assert_eq!(transcript.turns[1].channel, Some(0));
        assert_eq!(transcript.turns[0].channel, Some(1));
    }

    #[test]
    fn the_real_file_has_float_ticks_and_a_number_over_two_phrases() {
        let transcript = read_as("azure-batch", DIGITS);
        let said = words(&transcript);
        assert_eq!(said.first(), Some(&("run".to_owned(), Some((40, 520)))));
        let zero: Vec<_> = said.iter().filter(|(word, _)| word == "zero").collect();
        assert_eq!(zero.first().map(|(_, time)| time.unwrap().0), Some(2280));
        assert_eq!(said.iter().filter_map(|(_, time)| *time).map(|time| time.1).max(), Some(7460));
        // One channel alone may be a mix.
        assert!(transcript.turns.iter().all(|turn| turn.channel.is_none()));
        assert_listed(&transcript, DIGITS, "zero");
        assert_listed(&transcript, DIGITS, "0030 669");
    }

    #[test]
    fn phrases_without_words_keep_their_text_and_time() {
        let transcript = read_as("azure-batch", PII);
        assert_eq!(transcript.turns.len(), 4);
        let time = transcript.turns[0].time.unwrap();
        assert_eq!((time.start.as_millis(), time.end.as_millis()), (130, 560));
        assert!(words(&transcript).iter().all(|(_, time)| time.is_none()));
    }

    #[test]
    fn empty_lists_of_redacted_times_mean_that_nothing_was_found() {
        let transcript = read_as("azure-batch", PII);
        assert!(transcript.searched && transcript.marks.is_empty());
        assert_listed(&transcript, PII, "xbox");
        assert_listed(&transcript, PII, "Xbox");
    }

    #[test]
    fn durations_and_milliseconds_do_as_well_as_ticks() {
        let times = [
            (r#""offset":"PT1M2.5S","duration":"PT0.25S""#, (62_500, 62_750)),
            (r#""offsetMilliseconds":100,"durationMilliseconds":50"#, (100, 150)),
            (r#""offsetInTicks":1000001.0,"durationInTicks":1"#, (100, 101)),
        ];
        for (time, wanted) in times {
            let text = format!(
                r#"{{"recognizedPhrases":[{{"channel":0,"nBest":[{{"words":[{{"word":"so",{time}}}]}}]}}]}}"#
            );
            let found = words(&read_as("azure-batch", &text))[0].1.unwrap();
            assert_eq!(found.0, wanted.0);
            assert!(found.1 == wanted.1 || found.1 + 1 == wanted.1);
        }
    }

    #[test]
    fn display_words_are_read_where_there_are_no_lexical_ones() {
        let text = r#"{"recognizedPhrases":[{"channel":0,"nBest":[{"display":"So.","displayWords":[
            {"displayText":"So.","offsetInTicks":10000,"durationInTicks":10000}]}]}]}"#;
        assert_eq!(words(&read_as("azure-batch", text)), [("So.".to_owned(), Some((1, 2)))]);
    }
}
