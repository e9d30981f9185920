//! Why a packet is not what it should be; and the boundary to code that may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::errors::Error as Symphonia;

use crate::error::Error;

/// A failure at one packet. The decoder knows the position and adds it.
pub(super) enum Fault {
    /// The packet, or its place, is wrong.
    Damaged(String),
    /// The packet is of a kind that cannot be redacted to the sample.
    Unsupported(String),
    /// symphonia's own error.
    Decoder(Symphonia),
    /// An error that is complete already.
    Told(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

/// Calls into symphonia: a panic there becomes an error here. The state it leaves is not used again.
pub(super) fn guarded<T, E: From<Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(gave_up().into()))
}

/// The error for a decoder that panicked, or whose thread is gone.
pub(super) fn gave_up() -> Error {
    let (container, reason) = ("recording".into(), "a decoder gave up on it".into());
    Error::Container { container, reason }
}
