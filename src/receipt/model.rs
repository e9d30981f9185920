//! The JSON shape of a receipt. `schema.json` is generated from these types and their doc comments.

#[cfg(test)]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::delivery::Delivery;
use super::source::{PolicyEntry, SourceEntry};

/// What was done to one recording. Times are in seconds, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema), schemars(title = "sordino receipt, version 2"))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// The version of this shape.
    #[cfg_attr(test, schemars(extend("const" = super::VERSION)))]
    pub receipt: u32,
    /// The program that made the receipt.
    pub tool: ToolEntry,
    /// When the receipt was made, as RFC 3339 in UTC.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub made: String,
    /// The recording as it was received: one file, or one for each channel, in the order of the channels.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub inputs: Vec<InputEntry>,
    /// The requested windows.
    pub asked: RequestEntry,
    /// The requested windows after padding, sorted and merged. None: a search found nothing, and the
    /// recording was copied as it is.
    pub windows: Vec<WindowEntry>,
    /// What was done inside the windows.
    pub treatment: TreatmentEntry,
    /// The treated frames of each channel.
    pub spans: Vec<SpanEntry>,
    /// The redacted recording.
    pub output: OutputEntry,
    /// What the input holds besides audio. None of it is in the output.
    pub dropped: Vec<DroppedEntry>,
    /// Where the redacted recording went, if the receipt tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Delivery"))]
    pub delivery: Option<Delivery>,
}

/// A program and its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ToolEntry {
    /// The program's name.
    pub name: String,
    /// The program's version.
    pub version: String,
}

/// A file of the recording as it was received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InputEntry {
    /// The key of the file, such as the one that Genesys Cloud gives it; absent of a file without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub key: Option<String>,
    /// The URL of the object that it was read from, without credentials and query; absent of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub url: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of all bytes.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9a-f]{64}$")))]
    pub sha256: String,
    /// The container's short name.
    pub container: String,
    /// The codec's short name.
    pub codec: String,
    /// Sample rate in Hz.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub rate: u32,
    /// Number of channels.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub channels: u16,
    /// Number of decoded frames.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub frames: u64,
    /// Whether the file proves its end by a length, a count or a flag. If not, a cut between two
    /// packets leaves no trace. Older receipts lack this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub end_proven: Option<bool>,
    /// The container's timestamp of the first frame in seconds, if it is not 0. All other times count
    /// from the first frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "f64", extend("exclusiveMinimum" = 0)))]
    pub begins_at: Option<f64>,
    /// The gaps in the recording, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "GapsEntry"))]
    pub gaps: Option<GapsEntry>,
    /// Frames of silence in the output after this file, because another is longer; absent if there are
    /// none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub silence: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(frames: &u64) -> bool {
    *frames == 0
}

/// The parts of a recording in which the clock ran on and nothing was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GapsEntry {
    /// `fill`: filled with silence. `close`: cut out, so later frames and windows move up.
    #[cfg_attr(test, schemars(extend("enum" = ["fill", "close"])))]
    pub treatment: String,
    /// The gaps, in order.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub list: Vec<GapEntry>,
}

/// A part of a recording in which nothing was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GapEntry {
    /// The start in seconds, by the recording's clock.
    #[cfg_attr(test, schemars(range(min = 0)))]
    pub at: f64,
    /// The start in frames, by the recording's clock.
    pub first: u64,
    /// The length in frames.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub frames: u64,
}

/// The requested windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestEntry {
    /// The windows in the order of the request. None: a search found nothing.
    pub windows: Vec<WindowEntry>,
    /// Padding in seconds, added on both sides of each window that has none of its own.
    #[cfg_attr(test, schemars(range(min = 0)))]
    pub pad: f64,
    /// The transcript that windows came from, if there was one. Older receipts lack this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "SourceEntry"))]
    pub source: Option<SourceEntry>,
    /// The policy, if a file gave one. Older receipts lack this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "PolicyEntry"))]
    pub policy: Option<PolicyEntry>,
    /// What the manifest of a batch calls the recording; of an export from Genesys Cloud, the conversation
    /// and the recording. Older receipts lack this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub id: Option<String>,
    /// The trace that the job of a queue belongs to: a `traceparent` of W3C. Older receipts lack this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub trace: Option<String>,
}

/// A window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WindowEntry {
    /// The start in seconds.
    #[cfg_attr(test, schemars(range(min = 0)))]
    pub start: f64,
    /// The end in seconds. The window includes this instant.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    pub end: f64,
    /// The channel, counted from 0; `null` for all channels.
    pub channel: Option<u16>,
    /// The label.
    pub label: Option<String>,
    /// The reason for the redaction.
    pub reason: Option<String>,
    /// Padding in seconds before and after this window, where it differs from that of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "[f64; 2]"))]
    pub pad: Option<[f64; 2]>,
    /// Whether the window ran past the end of the recording and was cut there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Whether the window lies wholly in closed gaps, so that it held no frame to treat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_gap: bool,
}

/// A treatment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TreatmentEntry {
    /// `attenuate`, `silence` or `tone`.
    #[cfg_attr(test, schemars(extend("enum" = ["attenuate", "silence", "tone"])))]
    pub kind: String,
    /// The gain inside a window; 0 for silence and tone.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    pub gain: f64,
    /// The frequency of a tone in Hz.
    pub tone_hz: Option<u32>,
    /// The length in seconds of the ramps before and after each window.
    #[cfg_attr(test, schemars(range(min = 0)))]
    pub fade: f64,
    /// Whether the original can be recovered from the output.
    pub recoverable: bool,
}

/// One treated span of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpanEntry {
    /// The channel, counted from 0.
    pub channel: u16,
    /// The first frame.
    pub first: u64,
    /// The length in frames.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub frames: u64,
    /// Levels of the input. `null` for a span shorter than 20 ms, whose levels would reveal samples.
    pub before: Option<LevelsEntry>,
    /// Levels of the output. `null` where `before` is.
    pub after: Option<LevelsEntry>,
}

/// Levels in dBFS, rounded to 0.01 dB; `null` is digital silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LevelsEntry {
    /// The peak sample.
    pub peak_db: Option<f64>,
    /// The root mean square.
    pub rms_db: Option<f64>,
}

/// The redacted recording, a WAV.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutputEntry {
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of all bytes.
    #[cfg_attr(test, schemars(regex(pattern = "^[0-9a-f]{64}$")))]
    pub sha256: String,
    /// SHA-256 of the samples alone, interleaved and little-endian, as a WAV stores them. Absent of an Opus,
    /// whose samples depend on the decoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9a-f]{64}$")))]
    pub samples_sha256: Option<String>,
    /// The container, if it is not a WAV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String", extend("enum" = ["flac", "ogg"])))]
    pub container: Option<String>,
    /// What became silence in an Ogg Opus: whole packets, so that it is more than the windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Vec<DoneEntry>"))]
    pub done: Option<Vec<DoneEntry>>,
    /// Whether a FLAC states the MD5 of its samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub md5: Option<bool>,
    /// Bits of a sample, where they are fewer than the sample format has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "u16", range(min = 1, max = 31)))]
    pub bits: Option<u16>,
    /// The sample format.
    #[cfg_attr(test, schemars(extend("enum" = ["u8", "s16", "s24", "s32", "f32", "alaw", "mulaw"])))]
    pub format: String,
    /// The precision that the output loses everywhere because its samples are narrower than the
    /// input's, in words; absent if it loses none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub loss: Option<String>,
    /// Number of frames: the decoded ones and the silence that fills gaps.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub frames: u64,
    /// Number of frames that were treated on at least one channel.
    pub frames_treated: u64,
    /// Whether the output was read back and is as expected. `false`: the self-check was turned off.
    pub self_checked: bool,
}

/// Frames that became silence. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DoneEntry {
    /// Where the first frame begins.
    #[cfg_attr(test, schemars(range(min = 0)))]
    pub start: f64,
    /// Where the last frame ends.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    pub end: f64,
    /// The first frame.
    pub first: u64,
    /// The length in frames.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub frames: u64,
}

/// Name and size of something that was left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DroppedEntry {
    /// The name of the chunk or tag.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
}
