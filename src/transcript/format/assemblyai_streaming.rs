//! AssemblyAI streaming: the messages of a session, one a line or in a list; whole milliseconds.
//!
//! Version 3 sends a `Turn` again and again while it grows, and once more when it is formatted: the last message of a
//! turn counts. Version 2 sends `PartialTranscript` until a `FinalTranscript`. What was said before repeats the turn.
//! One session has one channel, which the messages do not name.

use std::collections::{BTreeMap, BTreeSet};

use super::super::find::digits_of;
use super::common::{add_repeat, untimed_words};
use super::{
    Document, Format, Node, Padding, Seen, Text, TimeRange, Transcript, TranscriptError,
    TranscriptProblem, Turn, Unit, Word, optional_range, text_word,
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

/// The members that hold what a message says.
const TEXTS: [&str; 3] = ["transcript", "utterance", "text"];

const SEVERAL: &str = "it holds several sessions, each with a clock of its own: keep one";

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
        return Err(TranscriptError::unusable(FORMAT.name, SEVERAL));
    }
    let mut transcript = Transcript::default();
    let turns = turns(document)?;
    for states in &turns {
        add_turn(&mut transcript, states)?;
    }
    for states in &turns {
        add_dropped(&mut transcript, states)?;
    }
    Ok(transcript)
}

/// The messages of each turn, the one that counts last.
///
/// # Errors
/// A turn without a whole number, or one that comes after a later one, or goes on after its end: a second session.
fn turns<'a>(document: &Document<'a>) -> Result<Vec<Vec<Node<'a>>>, TranscriptError> {
    let mut numbered = BTreeMap::<usize, Vec<Node<'a>>>::new();
    let (mut listed, mut open) = (Vec::new(), Vec::new());
    for node in messages(document) {
        if is_turn(node) {
            let Some(number) = node.get("turn_order").and_then(|node| node.index()) else {
                let problem = TranscriptProblem::Expected("a whole number as turn_order");
                return Err(TranscriptError::at(FORMAT.name, node.path(), problem));
            };
            let is_earlier = numbered.keys().next_back().is_some_and(|last| *last > number);
            let states = numbered.entry(number).or_default();
            if is_earlier || states.last().is_some_and(|last| !is_next_state(*last, node)) {
                return Err(TranscriptError::unusable(FORMAT.name, SEVERAL));
            }
            states.push(node);
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
    Ok(listed)
}

/// Whether a message may be the next of the same turn: after the end of the turn only its formatted text follows.
fn is_next_state(last: Node<'_>, next: Node<'_>) -> bool {
    let flag = |node: Node<'_>, key: &str| node.get(key).and_then(|node| node.flag());
    let is_formatted = |node| flag(node, "turn_is_formatted") == Some(true);
    flag(last, "end_of_turn") != Some(true) || (is_formatted(next) && !is_formatted(last))
}

/// Adds earlier messages of a turn that say what the last one does not, as turns of their own, so that they are searched.
fn add_dropped(transcript: &mut Transcript, states: &[Node<'_>]) -> Result<(), TranscriptError> {
    let Some((last, before)) = states.split_last() else { return Ok(()) };
    let kept = words(*last)?;
    let times = || kept.iter().filter_map(|word| word.time);
    let span = times().map(|time| time.start).min().zip(times().map(|time| time.end).max());
    for state in before {
        let said = words(*state)?;
        if !lacks(&kept, &said) {
            continue;
        }
        let at = transcript.turns.len();
        let own = time(*state, "audio_start", "audio_end")?;
        let time = own.or(span.map(|(start, end)| TimeRange::new(start, end)));
        transcript.turns.push(Turn { party: party(*last), time, words: said, ..Turn::default() });
        for key in TEXTS {
            add_repeat(transcript, state.get(key), at..at + 1);
        }
    }
    Ok(())
}

/// Whether `kept` lacks a number or another word of `said`. A number may be spelled in one and written in the other.
fn lacks(kept: &[Word], said: &[Word]) -> bool {
    let digits = |words: &[Word]| {
        digits_of(&words.iter().map(|word| word.text.expose()).collect::<Vec<_>>())
    };
    let letters = |word: &Word| -> String {
        let letters = word.text.expose().chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let known: BTreeSet<String> = kept.iter().map(letters).collect();
    let mut others = said.iter().filter(|word| digits(std::slice::from_ref(*word)).is_empty());
    let numbers = digits(kept);
    let is_kept = |digits: &String| numbers.iter().any(|own| own.contains(digits));
    others.any(|word| !known.contains(&letters(word))) || !digits(said).iter().all(is_kept)
}

fn add_turn(transcript: &mut Transcript, states: &[Node<'_>]) -> Result<(), TranscriptError> {
    let Some((last, before)) = states.split_last() else { return Ok(()) };
    let at = transcript.turns.len();
    transcript.turns.push(Turn {
        party: party(*last),
        time: time(*last, "audio_start", "audio_end")?,
        words: words(*last)?,
        ..Turn::default()
    });
    for state in states {
        for key in TEXTS {
            add_repeat(transcript, state.get(key), at..at + 1);
        }
    }
    for word in before.iter().flat_map(|state| state.list("words")) {
        add_repeat(transcript, word.get("text"), at..at + 1);
    }
    Ok(())
}

/// The words of a message, or of its text.
fn words(state: Node<'_>) -> Result<Vec<Word>, TranscriptError> {
    let mut words = Vec::new();
    for node in state.list("words") {
        let Some(text) = node.get("text") else { continue };
        words.push(Word { time: time(node, "start", "end")?, ..text_word(text) });
    }
    if words.is_empty() {
        let text = state.text_of("transcript").or_else(|| state.text_of("text"));
        words = untimed_words(&text.unwrap_or_default());
    }
    Ok(words)
}

fn party(state: Node<'_>) -> Option<Text> {
    ["speaker_label", "speaker"].iter().find_map(|key| state.get(key)?.scalar()).map(Text::new)
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
        // Without the messages that begin a session.
        let turns: String = TURNS.lines().filter(|line| line.contains("Turn")).collect();
        read_as("assemblyai-streaming", &turns);
        assert!(error_of(&turns.repeat(2)).contains("several sessions"));
        let ended = |number: &str, is_formatted: bool| {
            format!(
                r#"{{"type":"Turn","turn_order":{number},"end_of_turn":true,"turn_is_formatted":{is_formatted},"transcript":"so"}}"#
            )
        };
        read_as("assemblyai-streaming", &(ended("0", false) + &ended("0", true)));
        for next in [false, true] {
            assert!(error_of(&(ended("0", true) + &ended("0", next))).contains("several sessions"));
        }
        assert!(error_of(&ended("0.5", true)).contains("expected a whole number as turn_order"));
    }

    #[test]
    fn a_number_that_the_last_message_dropped_is_found_and_masked() {
        let turn = |words: &str, text: &str| {
            format!(r#"{{"type":"Turn","turn_order":0,"transcript":"{text}","words":[{words}]}}"#)
        };
        let number = r#"{"text":"4111111111111111","start":1000,"end":3000}"#;
        let hello = r#"{"text":"hello","start":5000,"end":6000}"#;
        let file = turn(number, "4111111111111111") + "\n" + &turn(hello, "hello");
        let read = read(file.as_bytes(), None).unwrap();
        let options =
            SelectOptions { find: Rules::new(&[Rule::Numbers]), ..SelectOptions::default() };
        let windows = read.select(&options).unwrap().bare;
        let [window] = windows.as_slice() else { panic!("{windows:?}") };
        assert_eq!((window.start.as_millis(), window.end.unwrap().as_millis()), (1000, 3000));
        let masked = read.masked(&windows, &Parties::default()).unwrap();
        let out = String::from_utf8(masked.bytes).unwrap();
        assert!(!out.contains("1111") && out.matches("hello").count() == 2, "{out}");
    }
}
