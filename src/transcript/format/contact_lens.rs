//! Amazon Connect Contact Lens, after the call: `Transcript[]` with milliseconds and a text for each turn, no words.
//!
//! A turn with sensitive words has `Redaction.RedactedTimestamps[]`, in the redacted file and in the original one. The
//! nth stamp belongs to the nth tag of the text; if their numbers differ, the whole turn is marked. Connect records the
//! agent on the right channel and all else on the left one.

use super::common::{add_repeat, add_strings, untimed_words};
use super::{
    Document, Format, Mark, Node, Padding, Place, Seen, Text, TimeRange, Transcript,
    TranscriptError, Turn, Unit, optional_range,
};

pub(super) const FORMAT: Format = Format {
    name: "contact-lens",
    title: "Amazon Connect Contact Lens (post-call)",
    padding: Padding::CLOSE,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let turns = document.root().into_iter().flat_map(|root| root.list("Transcript"));
    turns.take(8).any(|turn| turn.has("BeginOffsetMillis") && turn.has("ParticipantId"))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let Some(root) = document.root() else { return Ok(transcript) };
    for turn in root.list("Transcript") {
        add_turn(&mut transcript, root, turn)?;
    }
    transcript.searched |= is_searched(root);
    let all = 0..transcript.turns.len();
    add_strings(&mut transcript, root.at(&["ConversationCharacteristics", "ContactSummary"]), &all);
    Ok(transcript)
}

/// Whether the head of the file says that somebody looked for sensitive words.
pub(super) fn is_searched(root: Node<'_>) -> bool {
    let Some(metadata) = root.get("ContentMetadata") else { return false };
    metadata.text_of("Output").is_some_and(|output| output == "Redacted")
        || metadata.list("RedactionTypes").next().is_some()
}

fn add_turn(
    transcript: &mut Transcript,
    root: Node<'_>,
    node: Node<'_>,
) -> Result<(), TranscriptError> {
    let at = transcript.turns.len();
    let content = node.get("Content");
    let text = content.and_then(|content| content.text()).unwrap_or_default();
    let role = role(root, node);
    transcript.turns.push(turn(FORMAT.name, node, role, &text)?);
    let (tags, stamps) = (tags(&text), stamps(FORMAT.name, node)?);
    add_repeat(transcript, content, at..at + 1);
    if !stamps.is_empty() && !tags.is_empty() && tags.len() != stamps.len() {
        transcript.marks.push(Mark::new("PII", Place::WholeTurn(at)));
        transcript.notes.push(format!(
            "turn {}: as many times as tags expected, so all of it is marked",
            at + 1
        ));
    }
    for (nth, stamp) in stamps.iter().enumerate() {
        let kind = tags.get(nth).filter(|_| tags.len() == stamps.len());
        let kind = kind.map_or("PII", String::as_str);
        transcript.marks.push(Mark::new(kind, place(*stamp, at)));
    }
    transcript.searched |= node.has("Redaction");
    Ok(())
}

/// A turn of either output of Contact Lens. Connect records the agent on channel 1.
pub(super) fn turn(
    format: &'static str,
    node: Node<'_>,
    role: Option<String>,
    text: &str,
) -> Result<Turn, TranscriptError> {
    let (start, end) = ("BeginOffsetMillis", "EndOffsetMillis");
    Ok(Turn {
        channel: role.as_deref().map(|role| u16::from(role == "AGENT")),
        party: role.map(Text::new),
        time: optional_range(format, node, start, end, Unit::Millis)?,
        words: untimed_words(text),
    })
}

/// The role behind the id of a participant. Most files write the role as the id.
fn role(root: Node<'_>, turn: Node<'_>) -> Option<String> {
    let id = turn.text_of("ParticipantId")?;
    let mut participants = root.list("Participants");
    let known = participants.find(|who| who.text_of("ParticipantId").as_deref() == Some(&*id));
    let role = known.and_then(|who| who.text_of("ParticipantRole"));
    Some(role.unwrap_or(id).into_owned())
}

/// A stamp as a place: its own time, on the channel of its turn.
pub(super) fn place(stamp: TimeRange, turn: usize) -> Place {
    Place::Time { start: stamp.start, end: Some(stamp.end), channel: None, turn: Some(turn) }
}

/// The times in `Redaction.RedactedTimestamps`. Older documents nest the list one level deeper.
pub(super) fn stamps(
    format: &'static str,
    turn: Node<'_>,
) -> Result<Vec<TimeRange>, TranscriptError> {
    let list = turn.at(&["Redaction", "RedactedTimestamps"]);
    let mut stamps = Vec::new();
    for item in list.into_iter().flat_map(|list| list.items()) {
        let inner: Vec<Node<'_>> = item.items().collect();
        for node in if inner.is_empty() { vec![item] } else { inner } {
            let (start, end) = ("BeginOffsetMillis", "EndOffsetMillis");
            let stamp = optional_range(format, node, start, end, Unit::Millis)?;
            stamps.push(stamp.ok_or_else(|| {
                let missing =
                    super::TranscriptProblem::Missing("BeginOffsetMillis or EndOffsetMillis");
                TranscriptError::at(format, node.path(), missing)
            })?);
        }
    }
    Ok(stamps)
}

/// The names inside the square brackets of a text: capitals, digits and `_` alone.
fn tags(text: &str) -> Vec<String> {
    let mut pieces = text.split('[');
    pieces.next();
    let inside = pieces.filter_map(|piece| piece.split_once(']').map(|(name, _)| name));
    let is_tag = |name: &&str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    inside.filter(is_tag).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{TRUTH, assert_listed, read_as, windows};
    use super::*;

    const REDACTED: &str =
        include_str!("../../../fixtures/transcripts/contact-lens.postcall.redacted.json");

    #[test]
    fn stamps_are_the_windows_also_if_they_are_nested_one_deeper() {
        let transcript = read_as("contact-lens", REDACTED);
        assert_eq!(windows(&transcript), TRUTH);
        assert!(transcript.searched);
        assert_eq!(transcript.turns[1].party, Some(Text::new("CUSTOMER")));
        assert_listed(&transcript, REDACTED, "[PII]");
    }

    #[test]
    fn the_original_file_has_stamps_without_tags() {
        let raw = REDACTED.replace("[PII]", "four one one one").replace("\"Redacted\"", "\"Raw\"");
        assert_eq!(windows(&read_as("contact-lens", &raw)), TRUTH);
    }

    #[test]
    fn a_turn_with_fewer_stamps_than_tags_is_marked_as_a_whole() {
        let text = REDACTED.replace("sure [PII]", "sure [PII] and [PII]");
        let transcript = read_as("contact-lens", &text);
        assert_eq!(windows(&transcript)[0], (Some(0), 2800, 4900));
        assert_eq!(transcript.notes.len(), 1);
    }

    #[test]
    fn the_mask_mode_names_the_kind() {
        let text = REDACTED.replace("sure [PII]", "sure [CREDIT_DEBIT_NUMBER].");
        assert_eq!(read_as("contact-lens", &text).marks[0].kind, "CREDIT_DEBIT_NUMBER");
    }

    #[test]
    fn nothing_marked_in_a_redacted_file_counts_as_searched() {
        let text = r#"{"ContentMetadata":{"Output":"Redacted","RedactionTypes":["PII"]},"Transcript":[
            {"ParticipantId":"AGENT","Content":"hello","BeginOffsetMillis":0,"EndOffsetMillis":9}]}"#;
        let transcript = read_as("contact-lens", text);
        assert!(transcript.searched && transcript.marks.is_empty());
        assert_eq!(transcript.turns[0].channel, Some(1));
    }
}
