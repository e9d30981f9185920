//! The metadata of a copy in the layout of an export to a bucket: the JSON file that lies beside each recording
//! there.
//!
//! The names of the fields follow the vendor's documentation and public programs that read such files; not all
//! of their schema is public, and what is not known is left out. So are the people: the ids of users, their
//! names and numbers were not asked for. What belongs to the file itself is that of the redacted copy.

use serde::Serialize;

use super::{Prepared, RedactedCopy};
use crate::redact::OutputFormat;

/// The end of its file's name, after that of the recording.
pub const METADATA_SUFFIX: &str = "_metadata.json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    recording_id: &'a str,
    conversation_id: &'a str,
    media_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_subtype: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<&'a str>,
    /// No field of Genesys: what the file is now.
    redacted: File<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    tool: &'static str,
    /// Of the parts that it holds, in the order of its channels.
    keys: &'a [String],
    bytes: u64,
    container: &'static str,
    codec: String,
    sample_rate: u32,
    channels: u16,
    duration_ms: u64,
}

impl Prepared {
    /// The metadata of one of the copies, as JSON. `bytes`, length and codec are those of the copy, under
    /// `redacted`.
    pub fn metadata(&self, copy: &RedactedCopy) -> String {
        let (summary, original) = (copy.redacted.summary(), &self.original);
        let info = &summary.stream_info;
        let millis = u128::from(summary.frames) * 1000 / u128::from(info.rate.max(1));
        let (container, codec) = match summary.output {
            OutputFormat::Wav => ("wave", info.format.codec()),
            _ => (info.container, info.codec.into()),
        };
        let metadata = Metadata {
            recording_id: original.recording_id(),
            conversation_id: original.conversation_id(),
            media_type: "Call",
            media_subtype: original.subtype(),
            start_time: original.start_time(),
            end_time: original.end_time(),
            redacted: File {
                tool: concat!("sordino ", env!("CARGO_PKG_VERSION")),
                keys: &copy.keys,
                bytes: copy.redacted.bytes(),
                container,
                codec,
                sample_rate: info.rate,
                channels: info.channels,
                duration_ms: u64::try_from(millis).unwrap_or(u64::MAX),
            },
        };
        // Strings and numbers alone, which JSON always has.
        serde_json::to_string_pretty(&metadata).unwrap_or_default() + "\n"
    }
}
