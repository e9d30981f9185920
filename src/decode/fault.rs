//! Failures at one packet, and the boundary that catches panics of symphonia.

use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::errors::Error as Symphonia;

use crate::error::Error;
use crate::span::time_of;

/// A failure at one packet, without its position, which the decoder adds.
#[derive(Debug)]
pub(super) enum PacketFault {
    /// The content or the position of the packet is wrong.
    Damaged(String),
    /// symphonia's own error.
    Decoder(Symphonia),
    /// An error that needs no position.
    Complete(Error),
}

impl PacketFault {
    /// The error for a fault at position `frames`, at `rate` Hz.
    pub(super) fn at(self, frames: u64, rate: u32) -> Error {
        let time = time_of(frames, rate);
        match self {
            Self::Damaged(reason) => Error::Damaged { frame: frames, time, reason },
            Self::Complete(error) => error,
            Self::Decoder(Symphonia::IoError(_)) => {
                let reason = "the source ended in the middle of it".into();
                Error::Truncated { frames, time, reason }
            }
            Self::Decoder(other) => {
                Error::Damaged { frame: frames, time, reason: other.to_string() }
            }
        }
    }
}

impl From<Error> for PacketFault {
    fn from(error: Error) -> Self {
        Self::Complete(error)
    }
}

/// Runs code that calls symphonia. A panic in it becomes an error. The state of a decoder may be
/// inconsistent then, so the caller must not use that decoder again.
pub(super) fn catching_panics<T, E: From<Error>>(
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(gave_up().into()))
}

/// The error for a decoder that panicked, or whose thread ended early.
pub(super) fn gave_up() -> Error {
    let (container, reason) = ("recording".into(), "a decoder gave up on it".into());
    Error::Container { container, reason }
}
