//! Transcripts in a vCon that are of no service: a list of words, of segments with words, or of messages.
//!
//! The World Transcription Format of the vCon drafts is read here too: `segments[]` and `words[]` with `text`, `start`,
//! `end`, `speaker`, seconds. Words in a list of their own are read from there, and the segments repeat them.

use super::super::document::words_of;
use super::super::json::Kind;
use super::common::{add_repeat, add_strings, push_word};
use super::{
    Document, Node, Repeat, Text, Transcript, TranscriptError, Turn, Unit, Word, optional_range,
    text_word,
};

const NAME: &str = "vcon";

/// Reads a body; none if it holds nothing of that kind.
pub(super) fn read(inner: &Document<'_>) -> Result<Option<Transcript>, TranscriptError> {
    let Some(root) = inner.root() else { return Ok(None) };
    let mut transcript = Transcript::default();
    let segments: Vec<Node<'_>> = if root.kind() == Kind::Array {
        root.items().collect()
    } else {
        let lists = ["segments", "utterances", "messages"].iter();
        lists
            .map(|key| root.list(key).collect::<Vec<_>>())
            .find(|list| !list.is_empty())
            .unwrap_or_default()
    };
    let mut words = root.list("words").filter(|node| text_of(*node).is_some()).peekable();
    if words.peek().is_some() {
        for node in words {
            let Some(word) = word(node)? else { continue };
            push_word(&mut transcript, 0, channel_of(node), party_of(node).as_deref(), word);
        }
        let turns = 0..transcript.turns.len();
        for segment in &segments {
            add_repeat(&mut transcript, text_of(*segment), turns.clone());
            for node in segment.list("words") {
                add_repeat(&mut transcript, text_of(node), turns.clone());
            }
        }
    } else {
        for segment in &segments {
            add_segment(&mut transcript, *segment)?;
        }
    }
    if transcript.turns.is_empty() {
        return Ok(None);
    }
    let turns = 0..transcript.turns.len();
    for node in [root.get("text"), root.get("transcript"), root.at(&["transcript", "text"])] {
        add_repeat(&mut transcript, node, turns.clone());
    }
    add_strings(&mut transcript, root.get("paragraphs"), &turns);
    Ok(Some(transcript))
}

fn add_segment(transcript: &mut Transcript, segment: Node<'_>) -> Result<(), TranscriptError> {
    let turn = transcript.turns.len();
    let (text, party) = (text_of(segment), party_of(segment).map(Text::new));
    let mut words = Vec::new();
    for node in segment.list("words") {
        words.extend(word(node)?);
    }
    if words.is_empty()
        && let Some(text) = text
    {
        words = words_of(&text.text().unwrap_or_default(), None);
    }
    if !words.is_empty() {
        let time = optional_range(NAME, segment, "start", "end", Unit::Seconds)?;
        transcript.turns.push(Turn { channel: channel_of(segment), party, time, words });
        let source = text.map(|text| text.range());
        transcript.repeats.extend(source.map(|source| Repeat {
            source,
            turns: turn..turn + 1,
            words: None,
        }));
    }
    Ok(())
}

/// A word with its time, in seconds.
fn word(node: Node<'_>) -> Result<Option<Word>, TranscriptError> {
    let Some(text) = text_of(node) else { return Ok(None) };
    let is_silent = node.get("is_punctuation").and_then(|node| node.flag()).unwrap_or(false);
    let time = optional_range(NAME, node, "start", "end", Unit::Seconds)?;
    let copies =
        node.get("punctuated_word").map(|copy| copy.range()).filter(|copy| *copy != text.range());
    Ok(Some(Word { time, is_silent, copies: copies.into_iter().collect(), ..text_word(text) }))
}

fn text_of(node: Node<'_>) -> Option<Node<'_>> {
    let texts = ["word", "text", "message", "transcript", "punctuated_word"];
    texts.iter().find_map(|key| node.get(key).filter(|node| node.kind() == Kind::String))
}

fn party_of(node: Node<'_>) -> Option<String> {
    ["speaker", "role", "party"]
        .iter()
        .find_map(|key| node.get(key)?.scalar())
        .map(std::borrow::Cow::into_owned)
}

fn channel_of(node: Node<'_>) -> Option<u16> {
    node.get("channel")?.index().and_then(|index| u16::try_from(index).ok())
}
