//! Amazon Transcribe streaming: `Results[]` with `Alternatives[].Items[]`, seconds; one event or one event a line.
//!
//! A result with `IsPartial` is said again by a later one with the same `ResultId`. It is read only if no later one came.
//! `Entities[]` of the first alternative are marks with times.

use super::common::{
    add_repeat, add_strings, channel_of, forget_lone_channel, push_word, untimed_words,
};
use super::{
    Document, Format, Mark, Node, Padding, Place, Seen, Text, Transcript, TranscriptError, Turn,
    Unit, Word, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "aws-streaming",
    title: "Amazon Transcribe (streaming)",
    padding: Padding::CLOSE,
    seen: Seen::Documentation,
    recognise,
    read,
};

const EVENTS: [&str; 3] = ["TranscriptResultStream", "TranscriptEvent", "Transcript"];

fn recognise(document: &Document<'_>) -> bool {
    document.roots().take(8).any(|root| {
        let mut all = results(root);
        root.has("TranscriptResultStream")
            || all.next().is_some_and(|first| first.has("Alternatives"))
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
    events.into_iter().flat_map(|event| event.list("Results"))
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
            add_texts(&mut transcript, result.list("Alternatives"), &turns);
        }
    }
    forget_lone_channel(&mut transcript, None);
    Ok(transcript)
}

/// What tells results apart. One without an id stands alone.
fn id(result: Node<'_>, at: usize) -> String {
    result.text_of("ResultId").map_or_else(|| format!("#{at}"), |id| id.into_owned())
}

fn add_result(transcript: &mut Transcript, result: Node<'_>) -> Result<(), TranscriptError> {
    let first = transcript.turns.len();
    let label = result.text_of("ChannelId");
    let channel = label.as_deref().and_then(|label| channel_of(label, "ch_", 0));
    let mut alternatives = result.list("Alternatives");
    let Some(best) = alternatives.next() else { return Ok(()) };
    for item in best.list("Items") {
        let Some(content) = item.get("Content") else { continue };
        let word = Word {
            time: optional_range(FORMAT.name, item, "StartTime", "EndTime", Unit::Seconds)?,
            is_silent: item.text_of("Type").is_some_and(|sort| sort == "punctuation"),
            ..text_word(content)
        };
        let speaker = item.text_of("Speaker");
        push_word(transcript, first, channel, speaker.as_deref().or(label.as_deref()), word);
    }
    let whole = optional_range(FORMAT.name, result, "StartTime", "EndTime", Unit::Seconds)?;
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
        add_entity(transcript, entity, channel, first)?;
        add_repeat(transcript, entity.get("Content"), turns.clone());
    }
    add_texts(transcript, alternatives, &turns);
    Ok(())
}

fn add_entity(
    transcript: &mut Transcript,
    entity: Node<'_>,
    channel: Option<u16>,
    turn: usize,
) -> Result<(), TranscriptError> {
    let kind = entity.text_of("Type").or_else(|| entity.text_of("Category"));
    let time = optional_range(FORMAT.name, entity, "StartTime", "EndTime", Unit::Seconds)?;
    let place = match time {
        Some(time) => {
            Place::Time { start: time.start, end: Some(time.end), channel, turn: Some(turn) }
        }
        None => Place::WholeTurn(turn),
    };
    let confidence = entity.get("Confidence").and_then(|node| node.scalar());
    transcript.marks.push(Mark {
        confidence: confidence.map(|text| text.into_owned()),
        ..Mark::new(kind.as_deref().unwrap_or("PII"), place)
    });
    Ok(())
}

/// Other readings of the same speech.
fn add_texts<'a>(
    transcript: &mut Transcript,
    alternatives: impl Iterator<Item = Node<'a>>,
    turns: &std::ops::Range<usize>,
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
}
