//! HTTP: what the clients of Genesys Cloud and of stores share.
//!
//! Connections without redirects and retries of their own, `Retry-After`, the pause that a host asks for, the
//! clock, the error code of a storage host, and the pipe through which a download reaches blocking code.
//! Errors: none of its own.

mod connections;
mod error_code;
mod not_before;
mod pipe;
mod retry_after;
mod timer;

#[cfg(feature = "genesys")]
pub(crate) use connections::reason;
pub(crate) use connections::{Connections, connections};
pub(crate) use error_code::error_code;
pub(crate) use not_before::NotBefore;
pub use pipe::Failure;
pub(crate) use pipe::{Pieces, Pipe, pipe};
pub(crate) use retry_after::{RetryAfter, Wait, wait};
pub(crate) use timer::SystemTimer;
pub use timer::Timer;
