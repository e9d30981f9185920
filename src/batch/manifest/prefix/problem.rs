//! What is wrong with a recording of a listing, in words.

use super::Paired;

impl Paired {
    /// Why nothing can be planned, and what to do, if that is so.
    pub fn problem(&self) -> Option<String> {
        Some(match self {
            Self::TwoTranscripts { recording, transcripts: [one, other] } => {
                format!("{recording} has two transcripts, {one} and {other}; remove one")
            }
            Self::SameOutput { output, recordings: [one, other] } => {
                format!("{one} and {other} would both be written to {output}; rename one")
            }
            Self::NotKept { recording, why } => format!("{recording}: {why}"),
            Self::OutputIsRead { recording, output } => format!(
                "the output of {recording}, {output}, would be read as a recording; give another --out"
            ),
            Self::Job(_) | Self::NoTranscript(_) | Self::NoRecording(_) => return None,
        })
    }
}
