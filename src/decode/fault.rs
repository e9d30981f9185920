//! Why a packet is not what it should be; and the boundary to code that may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::errors::Error as Symphonia;

use crate::error::Error;
use crate::span::time_of;

/// A failure at one packet. The decoder knows the position and adds it.
pub(super) enum PacketFault {
    /// The packet, or its place, is wrong.
    Damaged(String),
    /// The packet is of a kind that cannot be redacted to the sample.
    Unsupported(String),
    /// symphonia's own error.
    Decoder(Symphonia),
    /// An error that is complete already.
    Told(Error),
}

impl PacketFault {
    /// The error for a fault after so many frames at `rate` Hz.
    pub(super) fn at(self, frames: u64, rate: u32) -> Error {
        let time = time_of(frames, rate);
        match self {
            Self::Damaged(reason) => Error::Damaged { frame: frames, time, reason },
            Self::Unsupported(what) => Error::Unsupported { what },
            Self::Told(error) => error,
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
