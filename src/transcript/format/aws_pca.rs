//! The layout of Amazon's post-call analytics sample ("PCA"): known, and refused.
//!
//! It is made from a Transcribe file, in other units and without its redaction. Its words have no length: a window from
//! them would be wrong.

use super::{Document, Format, Padding, Seen, Transcript, TranscriptError};

pub(super) const FORMAT: Format = Format {
    name: "aws-pca",
    title: "Amazon post-call analytics sample (PCA)",
    padding: Padding::CLOSE,
    seen: Seen::Sample,
    recognise,
    read,
};

fn recognise(document: &Document<'_>) -> bool {
    document
        .root()
        .is_some_and(|root| root.has("ConversationAnalytics") && root.has("SpeechSegments"))
}

fn read(_: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let reason = "this is the layout of the post-call analytics sample, which holds no redaction \
                  and words without a length: use the output of Amazon Transcribe itself";
    Err(TranscriptError::unusable(FORMAT.name, reason))
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::error_of;

    #[test]
    fn the_real_file_is_refused_by_name() {
        let text = include_str!("../../../fixtures/third-party/transcripts/aws-pca.json");
        let error = error_of(text);
        assert!(error.starts_with("aws-pca: "), "{error}");
        assert!(error.contains("Amazon Transcribe itself"));
    }
}
