//! Constructors for the errors of containers.

use crate::decode::format::Container;
use crate::error::Error;

/// A kind of recording that is not supported.
pub(super) fn unsupported(what: impl Into<String>) -> Error {
    Error::Unsupported { what: what.into() }
}

/// A header that cannot be used.
pub(super) fn header(container: Container, reason: impl Into<String>) -> Error {
    Error::Header { container: container.name().into(), reason: reason.into() }
}

/// A container that is damaged.
pub(super) fn damaged(container: Container, reason: impl Into<String>) -> Error {
    Error::Container { container: container.name().into(), reason: reason.into() }
}
