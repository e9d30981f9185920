//! Twilio conversational intelligence: `sentences[]`, times as strings of seconds, `media_channel` from 1.
//!
//! `words` is often `null`: then the sentence is the finest time.

use super::common::{add_repeat, forget_lone_channel, untimed_words};
use super::{
    Document, Format, Node, Padding, Seen, Text, Transcript, TranscriptError, Turn, Unit, Word,
    optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "twilio",
    title: "Twilio conversational intelligence",
    padding: Padding::USUAL,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let sentences = document.root().into_iter().flat_map(|root| root.list("sentences"));
    sentences.take(8).any(|sentence| sentence.has("media_channel"))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    for sentence in document.roots().flat_map(|root| root.list("sentences")) {
        add_sentence(&mut transcript, sentence)?;
    }
    if transcript.turns.iter().all(|turn| turn.words.iter().all(|word| word.time.is_none())) {
        let note = "the file has no times for words: a marked sentence is muted as a whole";
        transcript.notes.push(note.to_owned());
    }
    forget_lone_channel(&mut transcript, None);
    Ok(transcript)
}

fn add_sentence(transcript: &mut Transcript, node: Node<'_>) -> Result<(), TranscriptError> {
    let at = transcript.turns.len();
    let time = |node| optional_range(FORMAT.name, node, "start_time", "end_time", Unit::Seconds);
    let mut words = Vec::new();
    for word in node.list("words") {
        if let Some(text) = word.get("word").or_else(|| word.get("text")) {
            words.push(Word { time: time(word)?, ..text_word(text) });
        }
    }
    let text = node.get("transcript");
    if words.is_empty() {
        let text = text.and_then(|text| text.text()).unwrap_or_default();
        words = untimed_words(&text);
    }
    let label = node.get("media_channel");
    let channel = label.and_then(|node| node.index()).and_then(|number| number.checked_sub(1));
    transcript.turns.push(Turn {
        channel: channel.and_then(|channel| u16::try_from(channel).ok()),
        party: label.and_then(|node| node.scalar()).map(Text::new),
        time: time(node)?,
        words,
    });
    add_repeat(transcript, text, at..at + 1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, read_as, windows, words};

    const SAMPLE: &str = include_str!("../../../fixtures/transcripts/twilio.sentences.json");

    #[test]
    fn a_tag_in_a_sentence_without_words_mutes_the_sentence() {
        let transcript = read_as("twilio", SAMPLE);
        let wanted = [
            (Some(0), 2800, 4900),
            (Some(0), 5300, 7100),
            (Some(0), 7600, 10300),
            (Some(1), 10900, 12600),
            (Some(0), 13000, 16000),
        ];
        assert_eq!(windows(&transcript), wanted);
        assert_eq!(transcript.notes.len(), 1);
        assert_listed(&transcript, SAMPLE, "[CREDIT_CARD]");
    }

    #[test]
    fn words_are_read_where_they_are() {
        let text = r#"{"sentences":[{"media_channel":2,"start_time":"0.5","end_time":"2","transcript":"so [PII]",
            "words":[{"word":"so","start_time":"0.5","end_time":"0.7"},{"word":"[PII]","start_time":"0.8","end_time":"1.9"}]}]}"#;
        let transcript = read_as("twilio", text);
        assert_eq!(words(&transcript)[0].1, Some((500, 700)));
        assert_eq!(windows(&transcript), [(Some(1), 800, 1900)]);
        assert!(transcript.notes.is_empty());
    }
}
