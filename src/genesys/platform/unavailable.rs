//! Why a recording cannot be fetched, in words that say what to do.

use thiserror::Error;

/// Why a recording cannot be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// It is a screen recording, a chat, an e-mail; with the API's name of the kind.
    #[error("is `{0}`, not audio: only audio is redacted, so see to it in another way")]
    NotAudio(String),
    /// `fileState` ARCHIVED.
    #[error(
        "is archived: have it restored (permission recording:recording:restore), then try again"
    )]
    Archived,
    /// `fileState` RESTORING.
    #[error("is being restored from the archive: try again when its state is RESTORED")]
    Restoring,
    /// `fileState` DELETED.
    #[error("is deleted: there is nothing left to redact")]
    Deleted,
    /// `fileState` ERROR.
    #[error("is in the state ERROR: Genesys could not store it; ask Genesys support for it")]
    Failed,
    /// It is still uploaded or transcoded when the others of its conversation are ready.
    #[error("is not ready yet: try again later with its id")]
    NotReady,
}

impl Unavailable {
    /// A word for programs: `archived`, `restoring`, `deleted`, `error`, `not ready`, or the kind of media.
    pub fn name(&self) -> &str {
        match self {
            Self::NotAudio(media) => media,
            Self::Archived => "archived",
            Self::Restoring => "restoring",
            Self::Deleted => "deleted",
            Self::Failed => "error",
            Self::NotReady => "not ready",
        }
    }
}
