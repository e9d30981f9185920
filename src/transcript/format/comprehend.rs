//! Amazon Comprehend and services like it: entities with offsets in characters, and no times. Known, and refused.
//!
//! The characters count in the text that was sent. Without that text and the times of its words nothing can be placed.

use super::{Document, Format, Node, Padding, Seen, Transcript, TranscriptError};

pub(super) const FORMAT: Format = Format {
    name: "comprehend",
    title: "Amazon Comprehend",
    padding: Padding::USUAL,
    seen: Seen::Documentation,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    let is_entity = |entity: Node<'_>| entity.has("BeginOffset") && entity.has("EndOffset");
    document.root().is_some_and(|root| {
        root.list("Entities").next().is_some_and(is_entity)
            || root.list("ResultList").any(|one| one.list("Entities").next().is_some_and(is_entity))
    })
}

fn read(_: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let reason = "its entities are given in characters of a text, not in time: use the transcript \
                  that was searched, or one that its own service redacted";
    Err(TranscriptError::unusable(FORMAT.name, reason))
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::error_of;

    #[test]
    fn characters_without_times_are_refused_with_the_reason() {
        let text = r#"{"Entities":[{"Score":0.99,"Type":"CREDIT_DEBIT_NUMBER","BeginOffset":5,"EndOffset":24}]}"#;
        assert!(error_of(text).starts_with("comprehend: its entities are given in characters"));
    }
}
