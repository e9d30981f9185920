//! Speechmatics v2 (batch and real-time): `results[]` of words, punctuation and entities, seconds with up to 15 digits.
//!
//! An entity holds its words a second time in `spoken_form[]`, with times of their own: these are read, for they have the
//! digits as they were said. Redaction leaves a label such as `[name_given]` as the content. A class such as `money` is no
//! mark; it counts if somebody asks for it. Channels are texts, `channel_1` and so on by default.

use super::common::{add_repeat, channel_of, forget_lone_channel, push_word};
use super::{
    Document, Format, Mark, Node, Padding, Place, Seen, TimeRange, Transcript, TranscriptError,
    Unit, Word, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "speechmatics",
    title: "Speechmatics",
    padding: Padding::CLOSE,
    seen: Seen::Sample,
    recognise,
    read,
};

/// Classes of entities that are sensitive by themselves.
const SENSITIVE: [&str; 3] = ["card", "phone", "social"];

fn recognise(document: &Document<'_>) -> bool {
    let is_result = |result: Node<'_>| {
        let has_content = result.list("alternatives").next().is_some_and(|one| one.has("content"));
        result.has("start_time") && result.has("type") && has_content
    };
    document.roots().take(8).any(|root| {
        root.list("results").take(8).any(is_result)
            || (root.has("results")
                && root.has("metadata")
                && root.text_of("format").is_some_and(|format| format.starts_with("2.")))
    })
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    // A partial message of the real-time service is said again by a later one.
    let is_partial = |root: &Node<'_>| {
        root.text_of("message").is_some_and(|message| message == "AddPartialTranscript")
    };
    let (partial, whole): (Vec<_>, Vec<_>) = document.roots().partition(is_partial);
    for root in &whole {
        let first = transcript.turns.len();
        for result in root.list("results") {
            add_result(&mut transcript, result)?;
        }
        let turns = first.saturating_sub(1)..transcript.turns.len();
        add_repeat(&mut transcript, root.at(&["metadata", "transcript"]), turns);
    }
    let all = 0..transcript.turns.len();
    for root in partial {
        add_repeat(&mut transcript, root.at(&["metadata", "transcript"]), all.clone());
        for result in root.list("results") {
            add_texts(&mut transcript, result, &all);
        }
    }
    for root in whole.iter().filter(|root| root.has("summary")) {
        add_repeat(&mut transcript, root.at(&["summary", "content"]), all.clone());
    }
    forget_lone_channel(&mut transcript, None);
    Ok(transcript)
}

fn time(node: Node<'_>) -> Result<Option<TimeRange>, TranscriptError> {
    optional_range(FORMAT.name, node, "start_time", "end_time", Unit::Seconds)
}

/// The word of a result, and who says it.
fn word<'a>(result: Node<'a>) -> Result<Option<(Word, Node<'a>)>, TranscriptError> {
    let Some(best) = result.list("alternatives").next() else { return Ok(None) };
    let Some(content) = best.get("content") else { return Ok(None) };
    let is_silent = result.text_of("type").is_some_and(|sort| sort == "punctuation");
    Ok(Some((Word { time: time(result)?, is_silent, ..text_word(content) }, best)))
}

fn add_result(transcript: &mut Transcript, result: Node<'_>) -> Result<(), TranscriptError> {
    let Some((whole, best)) = word(result)? else { return Ok(()) };
    let label = result.text_of("channel");
    let channel = label.as_deref().and_then(|label| channel_of(label, "channel_", 1));
    let speaker = best.text_of("speaker").filter(|speaker| speaker != "UU");
    let party = speaker.as_deref().or(label.as_deref());
    let is_label = whole.text.expose().starts_with('[');
    let class = result.text_of("entity_class");
    let mut said = Vec::new();
    for part in result.list("spoken_form") {
        said.extend(word(part)?.map(|(word, _)| word));
    }
    let is_spoken = said.iter().any(|word| !word.is_silent);
    let content = whole.text.expose().to_owned();
    let mut places = Vec::new();
    for word in if is_spoken { said } else { vec![whole] } {
        places.push(push_word(transcript, 0, channel, party, word));
    }
    let (Some(&(turn, from)), Some(&(_, last))) = (places.first(), places.last()) else {
        return Ok(());
    };
    let turns = turn..turn + 1;
    if is_spoken {
        add_repeat(transcript, best.get("content"), turns.clone());
    }
    for part in result.list("written_form").chain(result.list("spoken_form")) {
        add_other_texts(transcript, part, turn, from..last + 1);
    }
    for other in result.list("alternatives").skip(1) {
        add_repeat(transcript, other.get("content"), turns.clone());
    }
    let confidence = best.get("confidence").and_then(|node| node.number()).map(str::to_owned);
    let mark = |kind: &str| Mark {
        confidence: confidence.clone(),
        ..Mark::new(kind, Place::Words(turn, from..last + 1))
    };
    match class {
        // A label as content is found in the words, unless the spoken form stands in for it.
        _ if is_label && is_spoken => {
            let kind = content.trim_matches(|c: char| !c.is_alphanumeric());
            transcript.marks.push(mark(class.as_deref().unwrap_or(kind)));
        }
        Some(class) if !is_label => {
            let is_sensitive = SENSITIVE.iter().any(|word| class.contains(word));
            let marks = if is_sensitive { &mut transcript.marks } else { &mut transcript.offered };
            marks.push(mark(&class));
        }
        _ => {}
    }
    Ok(())
}

/// Lists what a written or spoken form holds and none of its words has as its source.
fn add_other_texts(
    transcript: &mut Transcript,
    part: Node<'_>,
    turn: usize,
    words: std::ops::Range<usize>,
) {
    for node in part.list("alternatives").filter_map(|one| one.get("content")) {
        let words = transcript.turns.get(turn).and_then(|turn| turn.words.get(words.clone()));
        let mut sources = words.into_iter().flatten().filter_map(|word| word.source.as_ref());
        if !sources.any(|source| *source == node.range()) {
            add_repeat(transcript, Some(node), turn..turn + 1);
        }
    }
}

/// All texts of a result that is not read.
fn add_texts(transcript: &mut Transcript, result: Node<'_>, turns: &std::ops::Range<usize>) {
    let forms = result.list("spoken_form").chain(result.list("written_form"));
    for alternative in forms.chain([result]).flat_map(|part| part.list("alternatives")) {
        add_repeat(transcript, alternative.get("content"), turns.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{TRUTH, assert_listed, read_as, windows, words};
    use super::*;

    const REDACTED: &str = include_str!("../../../fixtures/transcripts/speechmatics.redacted.json");
    const BATCH: &str =
        include_str!("../../../fixtures/third-party/transcripts/speechmatics.batch.json");
    const ENTITY: &str =
        include_str!("../../../fixtures/third-party/transcripts/speechmatics.entity.json");
    const SPEAKERS: &str =
        include_str!("../../../fixtures/third-party/transcripts/speechmatics.speakers.json");

    #[test]
    fn labels_of_redaction_are_marks_on_the_channel_of_their_name() {
        let transcript = read_as("speechmatics", REDACTED);
        assert_eq!(windows(&transcript), TRUTH);
        assert_listed(&transcript, REDACTED, "[credit_card]");
    }

    #[test]
    fn an_entity_is_read_as_it_was_spoken_and_offered_by_its_class() {
        let transcript = read_as("speechmatics", ENTITY);
        let said = words(&transcript);
        assert_eq!(said[0], ("Two".to_owned(), Some((8441, 8760))));
        assert!(said.iter().all(|(word, _)| !word.contains('$')));
        assert!(transcript.marks.is_empty());
        let [money] = transcript.offered.as_slice() else { panic!("one entity") };
        assert_eq!(money.kind, "money");
        let Place::Words(turn, range) = money.place.clone() else { panic!("words") };
        let words = &transcript.turns[turn].words[range];
        let last = words.last().unwrap().time.unwrap();
        assert_eq!(last.end.as_nanos(), 10_169_486_046);
        assert_listed(&transcript, ENTITY, "$2.05");
    }

    #[test]
    fn a_label_whose_spoken_form_is_clear_marks_the_spoken_words() {
        let text = ENTITY.replacen("\"$2.05\"", "\"[money]\"", 1);
        let transcript = read_as("speechmatics", &text);
        assert_eq!(windows(&transcript), [(None, 8441, 10_169)]);
    }

    #[test]
    fn a_class_that_is_sensitive_by_itself_is_a_mark() {
        let text = ENTITY.replace("\"money\"", "\"credit card\"");
        assert_eq!(windows(&read_as("speechmatics", &text)).len(), 1);
    }

    #[test]
    fn the_real_batch_has_words_and_silent_punctuation() {
        let transcript = read_as("speechmatics", BATCH);
        assert_eq!(words(&transcript)[0], ("Tidy".to_owned(), Some((1410, 1830))));
        assert!(words(&transcript).iter().all(|(word, _)| word != "."));
        assert!(transcript.marks.is_empty() && !transcript.searched);
    }

    #[test]
    fn speakers_are_parties() {
        let transcript = read_as("speechmatics", SPEAKERS);
        assert_eq!(transcript.turns.len(), 2);
        assert_eq!(transcript.turns[1].party.as_ref().unwrap().expose(), "S2");
    }

    #[test]
    fn partial_messages_are_not_read() {
        let result = r#"{"type":"word","start_time":0.1,"end_time":0.3,"alternatives":[{"content":"four"}]}"#;
        let text = format!(
            "{{\"message\":\"AddPartialTranscript\",\"results\":[{result}]}}\n{{\"message\":\"AddTranscript\",\"results\":[{result}]}}"
        );
        let transcript = read_as("speechmatics", &text);
        assert_eq!(words(&transcript).len(), 1);
        assert_listed(&transcript, &text, "four");
    }
}
