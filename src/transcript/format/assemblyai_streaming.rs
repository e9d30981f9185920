//! AssemblyAI streaming: the messages of a session, one a line or in a list; whole milliseconds.
//!
//! Version 3 sends a `Turn` again and again while it grows, and once more when it is formatted: the last message of a
//! turn counts. Version 2 sends `PartialTranscript` until a `FinalTranscript`. What was said before repeats the turn.
//! One session has one channel, which the messages do not name.

use std::collections::BTreeMap;

use super::common::{add_repeat, untimed_words};
use super::{
    Document, Format, Node, Padding, Seen, Text, TimeRange, Transcript, TranscriptError, Turn,
    Unit, Word, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "assemblyai-streaming",
    title: "AssemblyAI (streaming)",
    padding: Padding::WIDE,
    seen: Seen::Documentation,
    recognise,
    read,
};

/// The messages: one a line, or a list.
fn messages<'a>(document: &Document<'a>) -> impl Iterator<Item = Node<'a>> {
    document.roots().flat_map(|root| {
        let items: Vec<Node<'a>> = root.items().collect();
        if items.is_empty() { vec![root] } else { items }
    })
}

fn has_kind(node: Node<'_>, key: &str, kinds: &[&str]) -> bool {
    node.text_of(key).is_some_and(|kind| kinds.contains(&&*kind))
}

fn is_turn(node: Node<'_>) -> bool {
    has_kind(node, "type", &["Turn"]) && node.has("turn_order")
}

fn is_second(node: Node<'_>) -> bool {
    has_kind(node, "message_type", &["PartialTranscript", "FinalTranscript"])
}

fn recognise(document: &Document<'_>) -> bool {
    // A stream may begin with messages about itself.
    messages(document).take(16).any(|node| is_turn(node) || is_second(node))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let begins = messages(document).filter(|node| {
        has_kind(*node, "type", &["Begin"]) || has_kind(*node, "message_type", &["SessionBegins"])
    });
    if begins.count() > 1 {
        let reason = "it holds several sessions, each with a clock of its own: keep one";
        return Err(TranscriptError::unusable(FORMAT.name, reason));
    }
    let mut transcript = Transcript::default();
    for states in turns(document) {
        add_turn(&mut transcript, &states)?;
    }
    Ok(transcript)
}

/// The messages of each turn, the one that counts last.
fn turns<'a>(document: &Document<'a>) -> Vec<Vec<Node<'a>>> {
    let mut numbered = BTreeMap::<usize, Vec<Node<'a>>>::new();
    let (mut listed, mut open) = (Vec::new(), Vec::new());
    for node in messages(document) {
        if is_turn(node) {
            let number = node.get("turn_order").and_then(|node| node.index());
            numbered.entry(number.unwrap_or(usize::MAX)).or_default().push(node);
        } else if is_second(node) {
            open.push(node);
            if has_kind(node, "message_type", &["FinalTranscript"]) {
                listed.push(std::mem::take(&mut open));
            }
        }
    }
    // A session that broke off: the last partial is all that is known.
    listed.extend(Some(open).filter(|open| !open.is_empty()));
    listed.extend(numbered.into_values());
    listed
}

fn add_turn(transcript: &mut Transcript, states: &[Node<'_>]) -> Result<(), TranscriptError> {
    let Some((last, before)) = states.split_last() else { return Ok(()) };
    let at = transcript.turns.len();
    let mut words = Vec::new();
    for node in last.list("words") {
        let Some(text) = node.get("text") else { continue };
        words.push(Word { time: time(node, "start", "end")?, ..text_word(text) });
    }
    if words.is_empty() {
        let text = last.text_of("transcript").or_else(|| last.text_of("text"));
        words = untimed_words(&text.unwrap_or_default());
    }
    let party = ["speaker_label", "speaker"].iter().find_map(|key| last.get(key)?.scalar());
    transcript.turns.push(Turn {
        party: party.map(Text::new),
        time: time(*last, "audio_start", "audio_end")?,
        words,
        ..Turn::default()
    });
    for state in states {
        for key in ["transcript", "utterance", "text"] {
            add_repeat(transcript, state.get(key), at..at + 1);
        }
    }
    for word in before.iter().flat_map(|state| state.list("words")) {
        add_repeat(transcript, word.get("text"), at..at + 1);
    }
    Ok(())
}

fn time(node: Node<'_>, start: &str, end: &str) -> Result<Option<TimeRange>, TranscriptError> {
    optional_range(FORMAT.name, node, start, end, Unit::Millis)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Parties, Rule, Rules, SelectOptions, read};
    use super::super::common::testing::{assert_listed, error_of, read_as, words};

    const TURNS: &str = include_str!("../../../fixtures/transcripts/assemblyai.stream.jsonl");

    #[test]
    fn the_last_message_of_a_turn_counts() {
        let transcript = read_as("assemblyai-streaming", TURNS);
        assert_eq!(transcript.turns.len(), 2);
        let said = words(&transcript);
        assert_eq!(said[0], ("My".to_owned(), Some((1000, 1200))));
        assert_eq!(said[3], ("4111.".to_owned(), Some((2000, 3500))));
        assert_eq!(said.len(), 5);
        for secret in ["4111", "four", "one"] {
            assert_listed(&transcript, TURNS, secret);
        }
    }

    #[test]
    fn what_was_said_before_is_masked_with_its_turn() {
        let file = read(TURNS.as_bytes(), None).unwrap();
        let options =
            SelectOptions { find: Rules::new(&[Rule::Numbers]), ..SelectOptions::default() };
        let selection = file.select(&options).unwrap();
        let times =
            selection.bare.iter().map(|w| (w.start.as_millis(), w.end.unwrap().as_millis()));
        assert_eq!(times.collect::<Vec<_>>(), [(2000, 3500)]);
        let masked = file.masked(&selection.bare, &Parties::default()).unwrap();
        let out = String::from_utf8(masked.bytes).unwrap();
        for secret in ["4111", "four", "one"] {
            assert!(!out.contains(secret), "{out}");
        }
        assert!(out.contains("Thanks."));
    }

    #[test]
    fn version_2_has_partial_and_final_messages() {
        let text = r#"{"message_type":"SessionBegins","session_id":"x"}
            {"message_type":"PartialTranscript","audio_start":0,"audio_end":900,"text":"it is","words":[{"text":"it","start":100,"end":300}]}
            {"message_type":"FinalTranscript","audio_start":0,"audio_end":2000,"text":"It is 4111.","words":[
                {"text":"It","start":100,"end":300},{"text":"is","start":350,"end":500},{"text":"4111.","start":600,"end":1900}]}
            {"message_type":"PartialTranscript","audio_start":2000,"audio_end":2500,"text":"bye","words":[{"text":"bye","start":2100,"end":2400}]}"#;
        let transcript = read_as("assemblyai-streaming", text);
        let said = words(&transcript);
        assert_eq!(said.len(), 4);
        assert_eq!(said[2], ("4111.".to_owned(), Some((600, 1900))));
        assert_eq!(said[3], ("bye".to_owned(), Some((2100, 2400))));
        let list = format!("[{}]", text.lines().collect::<Vec<_>>().join(",").replace("[,", "["));
        assert_eq!(words(&read_as("assemblyai-streaming", &list)), said);
    }

    #[test]
    fn several_sessions_are_refused() {
        assert!(error_of(&TURNS.repeat(2)).contains("several sessions"));
    }
}
