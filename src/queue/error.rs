//! What can go wrong with a queue. No error holds a password or the body of a job.

use thiserror::Error;

/// Why a queue does not work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The URL cannot be meant, or the queue is set up in a way that cannot work.
    #[error("the queue {queue} cannot be used: {reason}")]
    Wrong {
        /// The queue, without a secret.
        queue: String,
        /// Why, and what to do.
        reason: String,
    },
    /// This sordino cannot speak to such a queue.
    #[error("this sordino was built without {engine}; build it with `--features {feature}`")]
    Without {
        /// The engine's name.
        engine: &'static str,
        /// The feature that brings it.
        feature: &'static str,
    },
    /// The queue is not there, or is no longer.
    #[error("there is no queue {queue}: {reason}")]
    Gone {
        /// The queue, without a secret.
        queue: String,
        /// What the engine says, and what to do.
        reason: String,
    },
    /// The engine refuses: who we are, or what we may do.
    #[error("the queue {queue} refuses: {reason}")]
    Refused {
        /// The queue, without a secret.
        queue: String,
        /// What the engine says, and what to do.
        reason: String,
    },
    /// The engine does not answer, or answers with its own errors: it may work later.
    #[error("the queue {queue} does not answer as it should: {reason}")]
    Unavailable {
        /// The queue, without a secret.
        queue: String,
        /// What happened.
        reason: String,
    },
    /// The lease of a job has ended: another may have it.
    #[error("the job {id} is not ours any more; it may be handed out again")]
    Lost {
        /// The job.
        id: String,
    },
    /// The job was in work as long as the engine allows.
    #[error("the job {id} cannot be kept from others any longer: {reason}")]
    Overdue {
        /// The job.
        id: String,
        /// The limit.
        reason: &'static str,
    },
    /// A job is longer than an engine takes.
    #[error("a job of {bytes} bytes is too long for a queue; 248 KiB are the most")]
    TooLong {
        /// The bytes of its body.
        bytes: usize,
    },
    /// The jobs to push could not be had to their end.
    #[error("the jobs cannot be read")]
    Jobs(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl QueueError {
    /// Whether the same call may work later, with nothing changed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
