//! Azure conversation PII: `conversationItems[].redactedContent.redactedAudioTimings[]`, ticks of 100 ns.
//!
//! One entry for each redacted word, absolute in the recording. An empty list means that nothing was found. Without the
//! list nothing can be placed, whatever the text hides. The channel is what the client packed into the `id` of an item
//! (`index__offset__channel`) or a `channel` of its own.

use std::ops::Range;

use super::common::{add_repeat, forget_lone_channel, untimed_words};
use super::{
    Document, Format, Mark, Node, Padding, Place, Seen, Text, Transcript, TranscriptError, Turn,
    Unit, Word, optional_length, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "azure-conversation",
    title: "Azure conversation PII",
    padding: Padding::CLOSE,
    seen: Seen::Sample,
    recognise: |document| document.root().is_some_and(has_conversations),
    read,
};

/// How deep in a file the conversations are looked for.
const DEEPEST: usize = 12;

/// The names of the list of times of redacted words, by client.
const TIMINGS: [&str; 2] = ["redactedAudioTimings", "audioTimings"];

/// The same speech, written in several ways.
const TEXTS: [&str; 5] = ["text", "lexical", "itn", "maskedItn", "display"];

/// Whether `conversationItems` stand anywhere below.
pub(super) fn has_conversations(node: Node<'_>) -> bool {
    !conversations(node, DEEPEST).is_empty()
}

/// All lists of items below `node`.
fn conversations(node: Node<'_>, depth: usize) -> Vec<Node<'_>> {
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    if let Some(items) = node.get("conversationItems") {
        return vec![items];
    }
    let below = node.members().map(|(_, value)| value).chain(node.items());
    below.flat_map(|value| conversations(value, depth)).collect()
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    for root in document.roots() {
        add_conversations(&mut transcript, FORMAT.name, root, None)?;
    }
    let has_times = transcript.turns.iter().flat_map(|turn| &turn.words).any(|w| w.time.is_some());
    if !has_times && transcript.marks.is_empty() && !transcript.searched {
        let reason = "its items have neither words with times nor redacted times: ask the service \
                      for audio redaction (includeAudioRedaction), with the times of the words";
        return Err(TranscriptError::unusable(FORMAT.name, reason));
    }
    forget_lone_channel(&mut transcript, None);
    Ok(transcript)
}

/// Adds the items of all conversations below `root`: each as a turn, or, where the file has turns already, what they
/// say of those.
pub(super) fn add_conversations(
    transcript: &mut Transcript,
    format: &'static str,
    root: Node<'_>,
    known: Option<&Range<usize>>,
) -> Result<(), TranscriptError> {
    for item in conversations(root, DEEPEST).iter().flat_map(Node::items) {
        match known {
            Some(known) => add_redaction(transcript, format, item, known.clone(), None)?,
            None => {
                let at = add_turn(transcript, format, item)?;
                add_redaction(transcript, format, item, at..at + 1, Some(at))?;
            }
        }
    }
    add_texts(transcript, root, DEEPEST);
    Ok(())
}

fn channel(item: Node<'_>) -> Option<u16> {
    if let Some(channel) = item.get("channel").and_then(|node| node.index()) {
        return u16::try_from(channel).ok();
    }
    let id = item.text_of("id")?;
    let (_, last) = id.rsplit_once("__")?;
    last.parse().ok()
}

fn add_turn(
    transcript: &mut Transcript,
    format: &'static str,
    item: Node<'_>,
) -> Result<usize, TranscriptError> {
    let mut turn = Turn {
        channel: channel(item),
        party: item.text_of("participantId").map(Text::new),
        ..Turn::default()
    };
    // What goes into the service has the words with their times, and nothing redacted.
    for node in item.list("wordLevelTimings").chain(item.list("audioTimings")) {
        let Some(text) = node.get("word") else { continue };
        let time = optional_length(format, node, "offset", "duration", Unit::Ticks)?;
        turn.words.push(Word { time, ..text_word(text) });
    }
    if turn.words.is_empty() && !item.has("redactedContent") {
        let text = ["lexical", "text"].iter().find_map(|key| item.text_of(key));
        turn.words = untimed_words(&text.unwrap_or_default());
    }
    transcript.turns.push(turn);
    Ok(transcript.turns.len() - 1)
}

/// Texts over several items: the redacted whole of a channel, summaries.
fn add_texts(transcript: &mut Transcript, node: Node<'_>, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let turns = 0..transcript.turns.len();
    for (key, keys) in [("combinedRedactedContent", &TEXTS[..]), ("summaries", &["text"])] {
        for part in node.list(key) {
            keys.iter().for_each(|key| add_repeat(transcript, part.get(key), turns.clone()));
        }
    }
    let below = node.members().map(|(_, value)| value).chain(node.items());
    below.for_each(|value| add_texts(transcript, value, depth));
}

/// Adds the redacted times of an item, and the texts that repeat what was said in `turns`.
fn add_redaction(
    transcript: &mut Transcript,
    format: &'static str,
    item: Node<'_>,
    turns: Range<usize>,
    turn: Option<usize>,
) -> Result<(), TranscriptError> {
    let redacted = item.get("redactedContent");
    for key in TEXTS {
        add_repeat(transcript, redacted.unwrap_or(item).get(key), turns.clone());
    }
    let Some(redacted) = redacted else { return Ok(()) };
    let channel = channel(item);
    transcript.searched = true;
    let timings = TIMINGS.iter().find_map(|key| redacted.get(key));
    let kind = kind(item);
    for node in timings.into_iter().flat_map(|list| list.items()) {
        let time = optional_length(format, node, "offset", "duration", Unit::Ticks)?;
        let place = match time {
            Some(time) => Place::Time { start: time.start, end: Some(time.end), channel, turn },
            None => Place::Nowhere,
        };
        transcript.marks.push(Mark::new(kind.clone(), place));
    }
    let is_found = item.list("entities").next().is_some() || hides_something(redacted);
    if is_found && timings.is_none_or(|list| list.items().next().is_none()) {
        transcript.marks.push(Mark::new(kind, Place::Nowhere));
    }
    for entity in item.list("entities") {
        add_repeat(transcript, entity.get("text"), turns.clone());
    }
    Ok(())
}

/// The category of the entities of an item, if there is only one.
fn kind(item: Node<'_>) -> String {
    let mut kinds = item.list("entities").filter_map(|entity| entity.text_of("category"));
    let first = kinds.next();
    match first {
        Some(first) if kinds.all(|kind| kind == first) => first.into_owned(),
        _ => "PII".to_owned(),
    }
}

/// Whether the text has mask characters.
fn hides_something(redacted: Node<'_>) -> bool {
    redacted.text_of("text").is_some_and(|text| text.contains("**"))
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{TRUTH, error_of, read_as, truth_on_all, windows};
    use super::*;

    const RESULT: &str =
        include_str!("../../../fixtures/transcripts/azure-conversation-pii.result.json");
    const INPUT: &str =
        include_str!("../../../fixtures/third-party/transcripts/azure-conversation.input.json");

    #[test]
    fn one_entry_a_word_makes_the_windows_and_the_id_holds_the_channel() {
        let transcript = read_as("azure-conversation", RESULT);
        assert_eq!(windows(&transcript), TRUTH);
        assert_eq!(transcript.marks.len(), 19);
    }

    #[test]
    fn an_id_without_a_channel_mutes_all() {
        let text = RESULT.replace("__0", "").replace("__1", "");
        assert_eq!(windows(&read_as("azure-conversation", &text)), truth_on_all());
    }

    #[test]
    fn items_without_times_are_refused() {
        assert!(error_of(INPUT).contains("neither words with times nor redacted times"));
    }

    #[test]
    fn a_redacted_text_without_times_is_a_mark_without_a_place() {
        let text = r#"{"conversationItems":[{"id":"0","redactedContent":{"text":"sure ****"},"entities":[]}]}"#;
        let transcript = read_as("azure-conversation", text);
        assert_eq!(transcript.marks, [Mark::new("PII", Place::Nowhere)]);
        let text = text.replace("sure ****", "sure");
        let transcript = read_as("azure-conversation", &text);
        assert!(transcript.marks.is_empty() && transcript.searched);
    }

    #[test]
    fn the_list_of_times_has_a_second_name() {
        let text = RESULT.replace("redactedAudioTimings", "audioTimings");
        assert_eq!(windows(&read_as("azure-conversation", &text)), TRUTH);
    }

    #[test]
    fn what_goes_into_the_service_has_words_with_times() {
        let text = r#"{"analysisInput":{"conversations":[{"conversationItems":[{"participantId":"Agent","lexical":"so",
            "wordLevelTimings":[{"word":"so","offset":10000,"duration":20000}]}]}]}}"#;
        let transcript = read_as("azure-conversation", text);
        assert!(transcript.turns[0].words[0].time.is_some() && !transcript.searched);
    }
}
