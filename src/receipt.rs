//! Receipts: the evidence of one redaction, as JSON to keep.
//!
//! In: a [`Redacted`](crate::Redacted) whose [`EvidenceOptions`](crate::EvidenceOptions) asked for a
//! receipt; for a recording from Genesys Cloud, the steps there. Out: a [`Receipt`], which is JSON in the
//! shape of [`SCHEMA`], can be parsed again, and identifies the redacted file. It holds no audio, no
//! transcript and no secret; labels and reasons are the caller's own text. Errors: [`ReceiptError`].
//!
//! A receipt identifies the redacted file; who wrote it, a signature beside it proves.

use std::time::SystemTime;

use serde::Deserialize;
use thiserror::Error;

mod delivery;
mod done;
mod model;
mod source;
mod version_1;
mod convert;
mod validate;
mod compare;

pub use compare::FileMatch;
pub use delivery::{
    Delivery, DeliveryKind, OriginalEntry, OriginalState, StepEntry, TranscriptState,
};
pub use model::{
    DoneEntry, DroppedEntry, GapEntry, GapsEntry, InputEntry, LevelsEntry, OutputEntry, Receipt,
    RequestEntry, SpanEntry, ToolEntry, TreatmentEntry, WindowEntry,
};
pub use source::{MarksEntry, PolicyEntry, SourceEntry};
use version_1::ReceiptVersion1;

/// The version of the receipt's shape. An incompatible shape gets another number. Receipts of all
/// versions can be read.
pub const VERSION: u32 = 2;

/// The shape of a receipt, as a JSON Schema (draft 2020-12).
pub const SCHEMA: &str = include_str!("receipt/schema.json");

/// The one field that receipts of every version have.
#[derive(Deserialize)]
struct VersionField {
    receipt: Option<serde_json::Value>,
}

/// Why a text is not a valid receipt.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is not JSON in the shape of a receipt.
    #[error("this is not a receipt: {0}")]
    Shape(String),
    /// It is a receipt of another version.
    #[error("this is a receipt of version {0}; only versions 1 to {VERSION} are supported")]
    Version(String),
    /// Its numbers contradict each other.
    #[error("the receipt contradicts itself: {0}")]
    Contradiction(String),
}

impl Receipt {
    /// The longest receipt that is read, in bytes: 256 MiB, which is hundreds of thousands of windows.
    pub const LONGEST: u64 = 256 * 1024 * 1024;

    /// Parses a receipt of any version and checks its numbers against each other.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let shape = |error: serde_json::Error| ReceiptError::Shape(error.to_string());
        let version: VersionField = serde_json::from_str(text).map_err(shape)?;
        let version = version.receipt;
        let version = version.ok_or("the version, `receipt`, is missing");
        let version = version.map_err(|why| ReceiptError::Shape(why.into()))?;
        // From the text, not from a `Value`, which would hide duplicate keys.
        let receipt = if version == VERSION {
            serde_json::from_str(text).map_err(shape)?
        } else if version == 1 {
            let old: ReceiptVersion1 = serde_json::from_str(text).map_err(shape)?;
            old.upgrade().map_err(ReceiptError::Shape)?
        } else {
            return Err(ReceiptError::Version(version.to_string().chars().take(20).collect()));
        };
        validate::check(&receipt).map_err(ReceiptError::Contradiction)?;
        Ok(receipt)
    }

    /// The sample rate of the recording in Hz.
    pub fn rate(&self) -> u32 {
        self.inputs.first().map_or(0, |input| input.rate)
    }

    /// The number of channels of the recording.
    pub fn channels(&self) -> u16 {
        self.inputs.iter().map(|input| input.channels).fold(0, u16::saturating_add)
    }

    /// The same receipt, which also tells where the windows came from. The redaction does not know that.
    #[must_use]
    pub fn with_source(mut self, source: SourceEntry) -> Self {
        self.asked.source = Some(source);
        self
    }

    /// The same receipt, which also tells which policy file was followed.
    #[must_use]
    pub fn with_policy(mut self, policy: PolicyEntry) -> Self {
        self.asked.policy = Some(policy);
        self
    }

    /// The same receipt, which also tells what a manifest calls the recording.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.asked.id = Some(id.into());
        self
    }

    /// The same receipt, which also tells which trace it belongs to: a `traceparent` of W3C.
    #[must_use]
    pub fn with_trace(mut self, trace: impl Into<String>) -> Self {
        self.asked.trace = Some(trace.into());
        self
    }

    /// The receipt as indented JSON.
    pub fn to_json(&self) -> String {
        // Serialization fails only for maps whose keys are not strings, and there is no such map.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// A time as RFC 3339 in UTC, in milliseconds.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After a change of the types, `SORDINO_WRITE_SCHEMA=1 cargo test --lib schema` renews the file.
    #[test]
    fn the_schema_in_the_repository_is_the_one_of_the_types() {
        // Without formats such as `uint64`, which are not in the standard.
        let settings = schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .with_transform(schemars::transform::RestrictFormats::default());
        let schema = settings.into_generator().into_root_schema_for::<Receipt>();
        let generated = format!("{:#}\n", schema.as_value());
        if std::env::var_os("SORDINO_WRITE_SCHEMA").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/receipt/schema.json");
            std::fs::write(path, generated).unwrap();
            return;
        }
        assert!(SCHEMA == generated, "schema.json is outdated; see above how to renew it");
    }
}
