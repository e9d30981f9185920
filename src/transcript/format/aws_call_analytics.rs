//! Amazon Transcribe Call Analytics, after the call: `Transcript[]` with `Items[]`, milliseconds.
//!
//! The same redaction stands twice: items whose `Content` is a tag, and `Redaction.RedactedTimestamps[]` of the turn. A
//! stamp that no item has is a mark of its own. Which channel a role is on stands in the request of the job alone.

use std::collections::HashSet;

use super::common::{add_repeat, add_strings, untimed_words};
use super::contact_lens::{is_searched, place, stamps};
use super::{
    Document, Format, Mark, Node, Padding, Place, Seen, Text, Transcript, TranscriptError, Turn,
    Unit, optional_range, text_word,
};

pub(super) const FORMAT: Format = Format {
    name: "aws-call-analytics",
    title: "Amazon Transcribe Call Analytics (post-call)",
    padding: Padding::CLOSE,
    seen: Seen::Sample,
    recognise,
    read,
};

const START: &str = "BeginOffsetMillis";
const END: &str = "EndOffsetMillis";

fn recognise(document: &Document<'_>) -> bool {
    let turns = document.root().into_iter().flat_map(|root| root.list("Transcript"));
    turns.take(8).any(|turn| turn.has(START) && (turn.has("ParticipantRole") || turn.has("Items")))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    for turn in root.list("Transcript") {
        add_turn(&mut transcript, turn)?;
    }
    transcript.searched |= is_searched(root);
    let all = 0..transcript.turns.len();
    add_strings(&mut transcript, root.at(&["ConversationCharacteristics", "ContactSummary"]), &all);
    Ok(transcript)
}

fn add_turn(transcript: &mut Transcript, node: Node<'_>) -> Result<(), TranscriptError> {
    let at = transcript.turns.len();
    let mut turn = Turn {
        party: node.text_of("ParticipantRole").map(Text::new),
        time: optional_range(FORMAT.name, node, START, END, Unit::Millis)?,
        ..Turn::default()
    };
    let mut tagged = HashSet::new();
    for item in node.list("Items") {
        let Some(content) = item.get("Content") else { continue };
        let mut word = text_word(content);
        word.time = optional_range(FORMAT.name, item, START, END, Unit::Millis)?;
        word.is_silent = item.text_of("Type").is_some_and(|sort| sort == "punctuation");
        if let Some(redaction) = item.get("Redaction") {
            let kind = word.text.expose().trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let kind = if word.text.expose().starts_with('[') { kind } else { "PII" };
            let confidence = redaction.items().find_map(|entry| entry.get("Confidence"));
            let words = turn.words.len()..turn.words.len() + 1;
            transcript.marks.push(Mark {
                confidence: confidence.and_then(|node| node.scalar()).map(|text| text.into_owned()),
                ..Mark::new(kind, Place::Words(at, words))
            });
            tagged.extend(word.time.map(|time| (time.start, time.end)));
        }
        turn.words.push(word);
    }
    let content = node.get("Content");
    if turn.words.is_empty() {
        let text = content.and_then(|content| content.text()).unwrap_or_default();
        turn.words = untimed_words(&text);
    }
    transcript.turns.push(turn);
    add_repeat(transcript, content, at..at + 1);
    for stamp in stamps(FORMAT.name, node)?
        .into_iter()
        .filter(|stamp| !tagged.contains(&(stamp.start, stamp.end)))
    {
        transcript.marks.push(Mark::new("PII", place(stamp, at)));
    }
    transcript.searched |= node.has("Redaction");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, read_as, windows};

    const CALL: &str =
        include_str!("../../../fixtures/third-party/transcripts/aws-call-analytics.redacted.json");

    #[test]
    fn the_real_call_has_twelve_marks_in_ten_turns() {
        let transcript = read_as("aws-call-analytics", CALL);
        assert_eq!(transcript.marks.len(), 12);
        let wanted = [
            (31040, 31660),
            (32740, 34490),
            (40740, 42260),
            (50960, 52760),
            (54240, 55820),
            (120_870, 122_050),
            (130_840, 134_050),
            (141_250, 145_110),
            (151_330, 153_180),
            (179_210, 180_080),
        ];
        // Three of the twelve are closer than 300 ms to each other.
        assert_eq!(windows(&transcript), wanted.map(|(start, end)| (None, start, end)));
        let unsure = transcript.marks.iter().filter_map(|mark| mark.confidence.as_deref());
        assert_eq!(unsure.filter(|text| *text == "0.1935").count(), 1);
        assert_listed(&transcript, CALL, "[PII]");
        assert!(transcript.searched);
    }

    #[test]
    fn a_stamp_without_an_item_is_a_mark_of_its_own() {
        let text = r#"{"Transcript":[{"ParticipantRole":"CUSTOMER","Content":"four one","BeginOffsetMillis":100,
            "EndOffsetMillis":900,"Items":[{"Type":"pronunciation","Content":"four","BeginOffsetMillis":100,"EndOffsetMillis":500},
            {"Type":"pronunciation","Content":"one","BeginOffsetMillis":500,"EndOffsetMillis":900},
            {"Type":"punctuation","Content":"."}],
            "Redaction":{"RedactedTimestamps":[{"BeginOffsetMillis":100,"EndOffsetMillis":900}]}}]}"#;
        let transcript = read_as("aws-call-analytics", text);
        assert_eq!(windows(&transcript), [(None, 100, 900)]);
        assert!(transcript.turns[0].words[2].is_silent);
    }

    #[test]
    fn a_bad_time_is_named_by_its_path_and_never_by_its_text() {
        let text = r#"{"Transcript":[{"ParticipantRole":"AGENT","BeginOffsetMillis":0,"EndOffsetMillis":1,
            "Items":[{"Content":"four","BeginOffsetMillis":"4111","EndOffsetMillis":"x4111"}]}]}"#;
        let error = super::super::common::testing::error_of(text);
        assert_eq!(error, "aws-call-analytics: Transcript[0].Items[0].EndOffsetMillis: not a time");
    }
}
