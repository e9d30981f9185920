//! Amazon Connect Contact Lens during the call: `Segments[]` with `Transcript`, `Utterance` or `Categories`.
//!
//! A redacted word is at most a tag in the text, or a range of characters: it has no time in the audio. The whole turn
//! is marked. An `Utterance` may be partial and is said again by a `Transcript`; it is read only if that is missing.

use super::common::add_repeat;
use super::contact_lens;
use super::{Document, Format, Mark, Node, Padding, Place, Seen, Transcript, TranscriptError};

pub(super) const FORMAT: Format = Format {
    name: "contact-lens-realtime",
    title: "Amazon Connect Contact Lens (real-time)",
    padding: Padding::CLOSE,
    seen: Seen::Documentation,
    recognise,
    read,
};

const KINDS: [&str; 3] = ["Transcript", "Utterance", "Categories"];

fn recognise(document: &Document<'_>) -> bool {
    let segments = document.root().into_iter().flat_map(|root| root.list("Segments"));
    segments.take(8).any(|segment| KINDS.iter().any(|kind| segment.has(kind)))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let mut ids = Vec::new();
    let segments = || document.roots().flat_map(|root| root.list("Segments"));
    for node in segments().filter_map(|segment| segment.get("Transcript")) {
        ids.push((node.text_of("Id").unwrap_or_default().into_owned(), transcript.turns.len()));
        add_turn(&mut transcript, node, "Content")?;
    }
    for node in segments().filter_map(|segment| segment.get("Utterance")) {
        let id = node.text_of("TranscriptId").unwrap_or_default();
        match ids.iter().find(|(known, _)| *known == id) {
            Some(&(_, turn)) => {
                add_repeat(&mut transcript, node.get("PartialContent"), turn..turn + 1);
            }
            None => add_turn(&mut transcript, node, "PartialContent")?,
        }
    }
    if !transcript.turns.is_empty() && transcript.turns.iter().all(|turn| turn.time.is_none()) {
        let reason = "its turns have no offset in the recording, only a time of day or none";
        return Err(TranscriptError::unusable(FORMAT.name, reason));
    }
    let note = "the format has no times for words: a marked turn is muted as a whole";
    transcript.notes.push(note.to_owned());
    Ok(transcript)
}

fn add_turn(transcript: &mut Transcript, node: Node<'_>, key: &str) -> Result<(), TranscriptError> {
    let at = transcript.turns.len();
    let role = node.text_of("ParticipantRole").or_else(|| node.text_of("ParticipantId"));
    let content = node.get(key);
    let text = content.and_then(|content| content.text()).unwrap_or_default();
    transcript.turns.push(contact_lens::turn(FORMAT.name, node, role.map(Into::into), &text)?);
    add_repeat(transcript, content, at..at + 1);
    if let Some(redaction) = node.get("Redaction") {
        transcript.searched = true;
        if redaction.list("CharacterOffsets").next().is_some() {
            transcript.marks.push(Mark::new("PII", Place::WholeTurn(at)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{error_of, read_as, windows};
    use super::*;

    const SAMPLE: &str = include_str!("../../../fixtures/transcripts/contact-lens.realtime.json");

    #[test]
    fn a_tag_without_a_time_marks_its_whole_turn() {
        let transcript = read_as("contact-lens-realtime", SAMPLE);
        let wanted = [
            (Some(0), 2800, 4900),
            (Some(0), 5300, 7100),
            (Some(0), 7600, 10300),
            (Some(1), 10900, 12600),
            (Some(0), 13000, 16000),
        ];
        assert_eq!(windows(&transcript), wanted);
        assert_eq!(transcript.notes.len(), 1);
    }

    #[test]
    fn an_utterance_is_read_only_if_no_transcript_says_it_again() {
        let text = r#"{"Segments":[{"Utterance":{"Id":"u","TranscriptId":"t","PartialContent":"fo","BeginOffsetMillis":1,"EndOffsetMillis":2}},
            {"Transcript":{"Id":"t","Content":"four","BeginOffsetMillis":1,"EndOffsetMillis":5,
             "Redaction":{"CharacterOffsets":[{"BeginOffsetChar":0,"EndOffsetChar":4}]}}},
            {"Utterance":{"Id":"v","TranscriptId":"w","PartialContent":"one","BeginOffsetMillis":6,"EndOffsetMillis":9}}]}"#;
        let transcript = read_as("contact-lens-realtime", text);
        assert_eq!(transcript.turns.len(), 2);
        assert_eq!(transcript.marks, [Mark::new("PII", Place::WholeTurn(0))]);
        assert_eq!(transcript.repeats.len(), 3);
    }

    #[test]
    fn times_of_day_alone_are_refused() {
        let text = r#"{"Segments":[{"Transcript":{"Content":"hi","Time":{"AbsoluteTime":"2026-01-01T00:00:00Z"}}}]}"#;
        assert!(error_of(text).contains("no offset in the recording"));
    }
}
