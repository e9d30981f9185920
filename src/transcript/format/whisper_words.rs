//! What the readers of the Whisper family share: segments with words in seconds.

use super::common::{add_repeat, insert_missing, untimed_words};
use super::{
    Node, Text, TimeRange, Transcript, TranscriptError, Turn, Unit, Word, optional_range, text_word,
};

/// Start and end in seconds.
pub(super) fn time(
    format: &'static str,
    node: Node<'_>,
) -> Result<Option<TimeRange>, TranscriptError> {
    optional_range(format, node, "start", "end", Unit::Seconds)
}

/// The word in `node`, under `word` or, as whisper-timestamped has it, under `text`.
pub(super) fn word(format: &'static str, node: Node<'_>) -> Result<Option<Word>, TranscriptError> {
    let Some(text) = node.get("word").or_else(|| node.get("text")) else { return Ok(None) };
    Ok(Some(Word { time: time(format, node)?, ..text_word(text) }))
}

/// Adds a segment as a turn. Without words it has those of its text, which then have no times.
pub(super) fn add_segment(
    transcript: &mut Transcript,
    format: &'static str,
    segment: Node<'_>,
    words: Vec<Word>,
) -> Result<(), TranscriptError> {
    let at = transcript.turns.len();
    let text = segment.text_of("text").unwrap_or_default();
    let mut words = words;
    if words.is_empty() {
        words = untimed_words(&text);
    } else {
        insert_missing(&mut words, &text);
    }
    let party = segment.get("speaker").and_then(|node| node.scalar()).map(Text::new);
    let time = time(format, segment)?;
    transcript.turns.push(Turn { channel: None, party, time, words });
    for key in ["text", "tokens", "chars"] {
        add_repeat(transcript, segment.get(key), at..at + 1);
    }
    Ok(())
}
