//! What the body of a job means: sordino's own jobs, and what S3 says when an object was created.
//!
//! In: text that anybody may have put into a queue. Out: [`Order`]. Errors: [`OrderError`], which name no
//! content, because a body may hold anything.

mod own;
mod s3;

use serde_json::Value;
use thiserror::Error;

use super::LONGEST_BODY;
use crate::batch::{ManifestRow, Planned, Planning};

/// What a job asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// To redact these recordings; at least one. The job is done when all of them are.
    Recordings(Vec<Recording>),
    /// Nothing, and why: the job is done.
    Ignore(&'static str),
}

/// A recording to redact.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// What is known of it, as a row of a manifest has it. Without windows, if S3 announces it.
    pub row: ManifestRow,
    /// Whether a store announces it; else the job is one of sordino's own.
    pub is_announced: bool,
    /// Its ETag as the store gives it, if S3 announces it.
    pub etag: Option<String>,
    /// Its version, if S3 announces it and the bucket keeps versions.
    pub version_id: Option<String>,
    /// Its bytes, if S3 announces it.
    pub bytes: Option<u64>,
    /// The trace of OpenTelemetry that it belongs to: a `traceparent` of W3C.
    pub trace: Option<String>,
}

/// Why a body is no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OrderError {
    /// It is longer than sordino's own jobs can be.
    #[error("the job is longer than 248 KiB")]
    TooLong,
    /// It is no JSON object.
    #[error("the job is no JSON object")]
    NotJson,
    /// It is none of the forms that are known.
    #[error(
        "the job is neither one of sordino's own, nor an event of S3, EventBridge or SNS; see `sordino push`"
    )]
    Unknown,
    /// It is a job of another version of sordino.
    #[error("the job is of a newer sordino; update this one")]
    Version,
    /// A job of sordino's own has a key that there is not, or a value of the wrong kind.
    #[error("the job has a key or a value that a row of a manifest cannot have")]
    Row,
    /// The trace is no `traceparent`.
    #[error("the job's `trace` is no traceparent of W3C")]
    Trace,
    /// An event lacks a field, or has one that cannot be.
    #[error("the event has no usable `{0}`")]
    Event(&'static str),
}

impl Order {
    /// Reads the body of a job.
    ///
    /// # Errors
    /// [`OrderError`].
    pub fn read(body: &str) -> Result<Self, OrderError> {
        if body.len() > LONGEST_BODY {
            return Err(OrderError::TooLong);
        }
        match serde_json::from_str(body) {
            Ok(Value::Object(object)) if object.contains_key("sordino") => own::read(object),
            Ok(Value::Object(object)) => s3::read(&object),
            _ => Err(OrderError::NotJson),
        }
    }
}

impl Recording {
    /// A recording of a row, for [`Recording::body`].
    pub fn of_row(row: ManifestRow) -> Self {
        Self { row, is_announced: false, etag: None, version_id: None, bytes: None, trace: None }
    }

    /// The body of a job that asks for it. What S3 announced is not in it.
    pub fn body(&self) -> String {
        own::write(self)
    }

    /// The job, as `batch` has it; without a line, and without the version of the recording.
    ///
    /// # Errors
    /// All that is wrong with the row, in words.
    pub fn planned(&self, planning: &Planning) -> Result<Planned, String> {
        self.row.planned(planning)
    }
}

#[cfg(test)]
mod tests;
