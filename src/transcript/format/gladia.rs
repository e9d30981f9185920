//! Gladia: `transcription.utterances[].words[]`, seconds; also under `result`.
//!
//! Words begin with a blank. Masked words are `####` or `[NAME_1]`. `channel` counts from 0, and counts distinct
//! channels: a file with one may have been recorded on two that are alike.

use super::common::{add_repeat, add_strings, forget_lone_channel, untimed_words};
use super::{
    Document, Format, Node, Padding, Seen, Text, Transcript, TranscriptError, Turn, Unit, Word,
    optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "gladia",
    title: "Gladia",
    padding: Padding::USUAL,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn result(root: Node<'_>) -> Node<'_> {
    root.get("result").filter(|result| result.has("transcription")).unwrap_or(root)
}

fn recognise(document: &Document<'_>) -> bool {
    document.root().is_some_and(|root| {
        result(root)
            .at(&["transcription", "utterances"])
            .is_some_and(|list| list.raw().starts_with('['))
    })
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    let result = result(root);
    let Some(transcription) = result.get("transcription") else { return Ok(transcript) };
    for utterance in transcription.list("utterances") {
        add_utterance(&mut transcript, utterance)?;
    }
    let all = 0..transcript.turns.len();
    add_repeat(&mut transcript, transcription.get("full_transcript"), all.clone());
    for part in transcription.list("subtitles") {
        add_repeat(&mut transcript, part.get("subtitles"), all.clone());
    }
    for sentence in transcription.list("sentences") {
        add_sentence(&mut transcript, sentence, &all);
    }
    // Further results quote or retell what was said.
    for (key, value) in result.members() {
        if key != "transcription" && key != "metadata" && value.has("results") {
            add_strings(&mut transcript, value.get("results"), &all);
        }
    }
    let on = root.at(&["request_params", "pii_redaction"]).and_then(|node| node.flag());
    transcript.searched = on == Some(true);
    let channels = result.at(&["metadata", "number_of_distinct_channels"]);
    forget_lone_channel(&mut transcript, channels.and_then(|node| node.index()));
    Ok(transcript)
}

fn add_utterance(transcript: &mut Transcript, node: Node<'_>) -> Result<(), TranscriptError> {
    let at = transcript.turns.len();
    let time = |node| optional_range(FORMAT.name, node, "start", "end", Unit::Seconds);
    let mut words = Vec::new();
    for word in node.list("words") {
        if let Some(text) = word.get("word") {
            words.push(Word { time: time(word)?, ..text_word(text) });
        }
    }
    if words.is_empty() {
        words = untimed_words(&node.text_of("text").unwrap_or_default());
    }
    let channel = node.get("channel").and_then(|node| node.index());
    transcript.turns.push(Turn {
        channel: channel.and_then(|channel| u16::try_from(channel).ok()),
        party: node.get("speaker").and_then(|node| node.scalar()).map(Text::new),
        time: time(node)?,
        words,
    });
    add_repeat(transcript, node.get("text"), at..at + 1);
    Ok(())
}

fn add_sentence(transcript: &mut Transcript, node: Node<'_>, all: &std::ops::Range<usize>) {
    for key in ["sentence", "text"] {
        add_repeat(transcript, node.get(key), all.clone());
    }
    for word in node.list("words") {
        add_repeat(transcript, word.get("word"), all.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{TRUTH, assert_listed, read_as, truth_on_all, windows};

    const SAMPLE: &str = include_str!("../../../fixtures/transcripts/gladia.mask.json");

    #[test]
    fn masks_with_a_blank_before_them_are_marks() {
        let transcript = read_as("gladia", SAMPLE);
        assert_eq!(windows(&transcript), TRUTH);
        assert_eq!(transcript.turns[0].words[0].text.expose(), "can");
        assert_listed(&transcript, SAMPLE, "####");
    }

    #[test]
    fn without_the_result_around_it_the_layout_is_the_same() {
        let start = SAMPLE.find("\"result\": ").unwrap() + "\"result\": ".len();
        let inner = SAMPLE[start..].trim_end().strip_suffix('}').unwrap();
        assert_eq!(windows(&read_as("gladia", inner)), TRUTH);
    }

    #[test]
    fn one_distinct_channel_is_not_one_channel() {
        let text = SAMPLE
            .replace("\"channel\": 1", "\"channel\": 0")
            .replace("channels\": 2", "channels\": 1");
        assert_eq!(windows(&read_as("gladia", &text)), truth_on_all());
    }
}
