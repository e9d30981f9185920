//! Where windows came from: a part of a receipt that the redaction itself does not know.

use std::collections::BTreeMap;

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The transcript, redaction output or labels that windows came from. It holds nothing that was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceEntry {
    /// The format's short name.
    pub format: String,
    /// SHA-256 of the file.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9a-f]{64}$")))]
    pub sha256: String,
    /// The marks of the file.
    pub marks: MarksEntry,
    /// How often each kind was found by a search in the words.
    pub finds: BTreeMap<String, u64>,
}

/// The file that says how recordings are redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyEntry {
    /// SHA-256 of the file.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9a-f]{64}$")))]
    pub sha256: String,
    /// The name of the file, without its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub name: Option<String>,
    /// Whether the call said otherwise in places, which went before the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
}

/// The marks of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MarksEntry {
    /// The number of marks in the file.
    pub found: u64,
    /// The number of them that became windows; the others were left out on request.
    pub placed: u64,
}
