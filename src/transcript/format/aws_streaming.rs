//! Amazon Transcribe streaming: `Results[]` with `Alternatives[].Items[]`, seconds; one event or one event a line.
//!
//! Call Analytics sends `UtteranceEvent`s instead, with `Items[]` of their own and whole milliseconds.
//!
//! A result with `IsPartial` is said again by a later one with the same `ResultId`. It is read only if no later one came.
//! `Entities[]` of the first alternative are marks with times.

use std::ops::Range;

use super::common::{
    add_repeat, add_strings, channel_of, forget_lone_channel, push_word, untimed_words,
};
use super::{
    Document, Format, Mark, Node, Padding, Place, Seen, Text, TimeRange, Transcript,
    TranscriptError, Turn, Unit, Word, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "aws-streaming",
    title: "Amazon Transcribe (streaming)",
    padding: Padding::CLOSE,
    seen: Seen::Documentation,
    recognise,
    read,
};

/// What may be around the results, from the outside.
const EVENTS: [&str; 4] = [
    "TranscriptResultStream",
    "CallAnalyticsTranscriptResultStream",
    "TranscriptEvent",
    "Transcript",
];

fn recognise(document: &Document<'_>) -> bool {
    document.roots().take(8).any(|root| {
        let is_result = |one: Node<'_>| one.has("Alternatives") || one.has("UtteranceId");
        EVENTS.iter().take(2).any(|stream| root.has(stream)) || results(root).any(is_result)
    })
}

/// The results in an event, whichever of its wrappers are there.
fn results<'a>(root: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let mut events = vec![root];
    for key in EVENTS {
        let inner = events.iter().flat_map(|event| match event.get(key) {
            Some(inner) if inner.items().next().is_some() => inner.items().collect(),
            Some(inner) => vec![inner],
            None => event.items().next().map_or(vec![*event], |_| event.items().collect()),
        });
        events = inner.collect();
    }
    events.into_iter().flat_map(|event| event.list("Results").chain(event.get("UtteranceEvent")))
}

/// The readings of a result. An utterance is its own and only one.
fn alternatives<'a>(result: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    let own = std::iter::once(result).filter(|result| !result.has("Alternatives"));
    result.list("Alternatives").chain(own)
}

/// Start and end in seconds or, of an utterance, in milliseconds.
fn time(node: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
    let seconds = optional_range(FORMAT.name, node, "StartTime", "EndTime", Unit::Seconds)?;
    let (start, end) = ("BeginOffsetMillis", "EndOffsetMillis");
    match seconds {
        None => optional_range(FORMAT.name, node, start, end, Unit::Millis),
        seconds => Ok(seconds),
    }
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let all: Vec<Node<'_>> = document.roots().flat_map(results).collect();
    let is_partial = |node: Node<'_>| node.get("IsPartial").and_then(|node| node.flag());
    let mut later = std::collections::HashMap::new();
    for (at, result) in all.iter().enumerate() {
        let is_final = is_partial(*result) != Some(true);
        let best = later.entry(id(*result, at)).or_insert((is_final, at));
        *best = (*best).max((is_final, at));
    }
    let mut read = std::collections::HashMap::new();
    for (at, result) in all.iter().enumerate() {
        if later.get(&id(*result, at)).is_some_and(|&(_, best)| best == at) {
            let first = transcript.turns.len();
            add_result(&mut transcript, *result)?;
            read.insert(id(*result, at), first..transcript.turns.len());
        }
    }
    for (at, result) in all.iter().enumerate() {
        if later.get(&id(*result, at)).is_none_or(|&(_, best)| best != at) {
            let turns = read.get(&id(*result, at)).cloned().unwrap_or_default();
            add_texts(&mut transcript, alternatives(*result), &turns);
        }
    }
    forget_lone_channel(&mut transcript, None);
    Ok(transcript)
}

/// What tells results apart. One without an id stands alone.
fn id(result: Node<'_>, at: usize) -> String {
    let id = result.text_of("ResultId").or_else(|| result.text_of("UtteranceId"));
    id.map_or_else(|| format!("#{at}"), |id| id.into_owned())
}

fn add_result(transcript: &mut Transcript, result: Node<'_>) -> Result<(), TranscriptError> {
    let first = transcript.turns.len();
    let label = result.text_of("ChannelId").or_else(|| result.text_of("ParticipantRole"));
    let channel = label.as_deref().and_then(|label| channel_of(label, "ch_", 0));
    let mut alternatives = alternatives(result);
    let Some(best) = alternatives.next() else { return Ok(()) };
    for item in best.list("Items") {
        let Some(content) = item.get("Content") else { continue };
        let word = Word {
            time: time(item)?,
            is_silent: item.text_of("Type").is_some_and(|sort| sort == "punctuation"),
            ..text_word(content)
        };
        let speaker = item.text_of("Speaker");
        push_word(transcript, first, channel, speaker.as_deref().or(label.as_deref()), word);
    }
    let whole = time(result)?;
    if transcript.turns.len() == first {
        let text = best.text_of("Transcript").unwrap_or_default();
        let party = label.as_deref().map(Text::new);
        let words = untimed_words(&text);
        transcript.turns.push(Turn { channel, party, time: whole, words });
    }
    let turns = first..transcript.turns.len();
    if turns.len() == 1 {
        transcript.turns.iter_mut().skip(first).for_each(|turn| turn.time = whole);
    }
    add_repeat(transcript, best.get("Transcript"), turns.clone());
    transcript.searched |= best.get("Entities").is_some();
    for entity in best.list("Entities") {
        add_entity(transcript, entity, channel, turns.clone())?;
        add_repeat(transcript, entity.get("Content"), turns.clone());
    }
    add_texts(transcript, alternatives, &turns);
    Ok(())
}

fn add_entity(
    transcript: &mut Transcript,
    entity: Node<'_>,
    channel: Option<u16>,
    turns: Range<usize>,
) -> Result<(), TranscriptError> {
    let kind = entity.text_of("Type").or_else(|| entity.text_of("Category"));
    let places = match time(entity)? {
        Some(time) => {
            // With several speakers it is not known whose words they are.
            let turn = Some(turns.start).filter(|_| turns.len() == 1);
            vec![Place::Time { start: time.start, end: Some(time.end), channel, turn }]
        }
        None => turns.map(Place::WholeTurn).collect(),
    };
    let confidence = entity.get("Confidence").and_then(|node| node.scalar());
    transcript.marks.extend(places.into_iter().map(|place| Mark {
        confidence: confidence.as_deref().map(str::to_owned),
        ..Mark::new(kind.as_deref().unwrap_or("PII"), place)
    }));
    Ok(())
}

/// Other readings of the same speech.
fn add_texts<'a>(
    transcript: &mut Transcript,
    alternatives: impl Iterator<Item = Node<'a>>,
    turns: &Range<usize>,
) {
    for alternative in alternatives {
        add_repeat(transcript, alternative.get("Transcript"), turns.clone());
        for item in alternative.list("Items").chain(alternative.list("Entities")) {
            add_strings(transcript, item.get("Content"), turns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{TRUTH, assert_listed, read_as, windows, words};

    const SAMPLE: &str =
        include_str!("../../../fixtures/transcripts/aws-transcribe.stream.entities.json");

    #[test]
    fn entities_are_marks_with_times_on_the_channel_of_their_result() {
        let transcript = read_as("aws-streaming", SAMPLE);
        assert_eq!(windows(&transcript), TRUTH);
        assert!(transcript.searched);
        assert_eq!(transcript.marks[0].kind, "CREDIT_DEBIT_NUMBER");
        assert_listed(&transcript, SAMPLE, "\"four");
    }

    #[test]
    fn a_partial_result_counts_only_if_no_final_one_came() {
        let event = |id: &str, partial: bool, word: &str| {
            format!(
                r#"{{"Transcript":{{"Results":[{{"ResultId":"{id}","IsPartial":{partial},"StartTime":0.1,"EndTime":0.9,
                "Alternatives":[{{"Transcript":"{word}","Items":[{{"Content":"{word}","StartTime":0.1,"EndTime":0.9}}]}}]}}]}}}}"#
            )
            .replace('\n', "")
        };
        let lines = [event("a", true, "for"), event("a", false, "four"), event("b", true, "one")];
        let text = lines.join("\n");
        let transcript = read_as("aws-streaming", &text);
        let said: Vec<String> = words(&transcript).into_iter().map(|(word, _)| word).collect();
        assert_eq!(said, ["four", "one"]);
        assert_listed(&transcript, &text, "\"for\"");
    }

    #[test]
    fn utterances_of_call_analytics_have_milliseconds_and_roles() {
        let event = |id: &str, partial: bool, role: &str| {
            format!(
                r#"{{"UtteranceEvent":{{"UtteranceId":"{id}","IsPartial":{partial},"ParticipantRole":"{role}","BeginOffsetMillis":100,"EndOffsetMillis":900,"Transcript":"so four","Items":[{{"Content":"so","Type":"pronunciation","BeginOffsetMillis":100,"EndOffsetMillis":300}},{{"Content":"four","BeginOffsetMillis":400,"EndOffsetMillis":900}}],"Entities":[{{"Category":"PII","Type":"PIN","Content":"four","BeginOffsetMillis":400,"EndOffsetMillis":900}}]}}}}"#
            )
        };
        let text = [event("a", true, "CUSTOMER"), event("a", false, "CUSTOMER")].join("\n");
        let transcript = read_as("aws-streaming", &text);
        assert_eq!(windows(&transcript), [(None, 400, 900)]);
        assert_eq!(transcript.turns[0].party.as_ref().unwrap().expose(), "CUSTOMER");
        assert_listed(&transcript, &text, "\"four\"");
        let wrapped =
            format!(r#"{{"CallAnalyticsTranscriptResultStream":{}}}"#, event("b", false, "AGENT"));
        assert_eq!(words(&read_as("aws-streaming", &wrapped)).len(), 2);
    }

    #[test]
    fn an_entity_in_a_result_of_two_speakers_belongs_to_neither() {
        let text = r#"{"Results":[{"ResultId":"a","IsPartial":false,"Alternatives":[{"Items":[
            {"Content":"four","StartTime":0.1,"EndTime":0.4,"Speaker":"0"},{"Content":"one","StartTime":0.5,"EndTime":0.9,"Speaker":"1"}],
            "Entities":[{"Type":"PIN","StartTime":0.5,"EndTime":0.9}]}]}]}"#;
        let transcript = read_as("aws-streaming", text);
        assert!(matches!(transcript.marks[0].place, super::Place::Time { turn: None, .. }));
    }
}
