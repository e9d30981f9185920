//! Store: where recordings, windows and receipts lie. A local path or a URL in, bytes in and out.
//!
//! A [`Place`] is what the user wrote. The stores are S3 and what speaks it, Google Cloud Storage, Azure
//! Blob Storage and local folders.

mod place;

pub use place::{Place, PlaceError};
