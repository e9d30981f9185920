//! Receipts: what was done, in numbers: the evidence that a compliance officer files.
//!
//! In: a [`Redacted`] of which a receipt was to be [proven](crate::EvidenceOptions), and what Genesys said, if it
//! was asked. Out: a [`Receipt`], which is JSON of the shape of [`SCHEMA`], and can be read back and
//! held against a file. It holds no audio, no transcript and no secret; labels and reasons are what
//! the caller wrote. What can go wrong: [`ReceiptError`]. A receipt is not signed: it shows which file
//! is meant, not who says so.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::redact::Redacted;
use crate::window::{Window, seconds};

mod validate;
mod compare;
mod delivery;
mod model;

pub use compare::Comparison;
pub use delivery::{Delivery, StepEntry};
pub use model::{GapEntry, GapsEntry, Level, SpanEntry, TreatmentEntry, WindowEntry};

/// The version of the shape below. Another shape gets another number.
pub const VERSION: u32 = 1;

/// The shape of a receipt, as a JSON Schema.
pub const SCHEMA: &str = include_str!("receipt/schema.json");

/// What was done to one recording. Times are in seconds, sizes in bytes, levels in dB below full scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// [`VERSION`].
    pub receipt: u32,
    /// What made it.
    pub tool: Tool,
    /// When, as RFC 3339 in UTC.
    pub made: String,
    /// The recording as it was received.
    pub input: Input,
    /// The windows as they were asked for.
    pub asked: Asked,
    /// The same, widened and merged.
    pub windows: Vec<WindowEntry>,
    /// What was done inside them.
    pub treatment: TreatmentEntry,
    /// The frames that were treated, on each channel.
    pub spans: Vec<SpanEntry>,
    /// The redacted recording.
    pub output: Output,
    /// What the input held besides audio, and the output does not.
    pub dropped: Vec<Dropped>,
    /// What happened at Genesys, if that is where the recording came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genesys: Option<Delivery>,
}

/// A program and its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The recording as it was received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// The container's short name.
    pub container: String,
    /// The codec's short name.
    pub codec: String,
    /// Frames a second.
    pub rate: u32,
    /// How many channels.
    pub channels: u16,
    /// How many frames were decoded.
    pub frames: u64,
    /// Whether the file itself tells that its end is the end, by a length, a count or a flag. Where it
    /// does not, a cut between two packets leaves no trace. Receipts of old say nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_proven: Option<bool>,
    /// The time of the container's clock at the first frame, from which all times here count, where
    /// that is not 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_at: Option<f64>,
    /// The parts in which nothing was recorded, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaps: Option<GapsEntry>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// The windows, in the order they were given.
    pub windows: Vec<WindowEntry>,
    /// By how much each was widened on both sides.
    pub pad: f64,
}

/// The redacted recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Output {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// The SHA-256 of its samples alone, interleaved and little-endian, as a WAV stores them.
    pub samples_sha256: String,
    /// How a sample is stored.
    pub format: String,
    /// What it holds less of than the input outside the windows too, in words; absent where there is
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<String>,
    /// How many frames: those that were decoded, and the silence that gaps were filled with.
    pub frames: u64,
    /// How many of them were treated on at least one channel.
    pub frames_treated: u64,
    /// Whether it was read back and is what was meant; `false` means that this was turned off.
    pub self_checked: bool,
}

/// What a receipt of any version has.
#[derive(Deserialize)]
struct Head {
    receipt: Option<serde_json::Value>,
}

/// Something that was left out, by name and size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dropped {
    /// The name of the chunk or tag.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// Why a text is no receipt to rely on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is something else.
    #[error("this is not a receipt: {0}")]
    Shape(String),
    /// It is of a version that this program does not know.
    #[error("this is a receipt of version {0}, and only version {VERSION} is known here")]
    Version(String),
    /// Its own numbers disagree.
    #[error("the receipt contradicts itself: {0}")]
    Contradiction(String),
}

impl Receipt {
    /// The receipt of a redaction; none, if nothing was gathered for one.
    pub fn of(redacted: &Redacted) -> Option<Self> {
        let (summary, evidence) = (redacted.summary(), redacted.evidence());
        let figures = evidence.figures.as_ref()?;
        let recording = &summary.stream_info;
        let windows = &summary.windows;
        let gaps = GapsEntry::of(summary);
        let filled = gaps.as_ref().map_or(0, GapsEntry::filled);
        let entry = |window: &Window| WindowEntry {
            in_gap: summary.vanished.contains(window),
            ..WindowEntry::of(window, summary.cut.contains(window))
        };
        Some(Self {
            receipt: VERSION,
            tool: Tool { name: "sordino".into(), version: env!("CARGO_PKG_VERSION").into() },
            made: rfc3339(SystemTime::now()),
            input: Input {
                bytes: figures.input.bytes,
                sha256: figures.input.sha256.clone(),
                container: recording.container.into(),
                codec: recording.codec.into(),
                rate: recording.rate,
                channels: recording.channels,
                frames: summary.frames - filled,
                end_proven: Some(summary.end_proven),
                begins_at: Some(seconds(summary.begins)).filter(|&begins| begins > 0.0),
                gaps,
            },
            asked: Asked {
                windows: windows
                    .asked()
                    .iter()
                    .map(|window| WindowEntry::of(window, false))
                    .collect(),
                pad: seconds(windows.pad()),
            },
            windows: windows.iter().map(entry).collect(),
            treatment: TreatmentEntry::of(summary.treatment),
            spans: figures.spans.iter().map(|span| SpanEntry::of(span, recording.rate)).collect(),
            output: Output {
                bytes: figures.output.bytes,
                sha256: figures.output.sha256.clone(),
                samples_sha256: figures.samples.sha256.clone(),
                format: recording.format.to_string(),
                loss: recording.loss().map(str::to_owned),
                frames: summary.frames,
                frames_treated: summary.frames_treated,
                self_checked: evidence.self_checked,
            },
            dropped: figures
                .dropped
                .iter()
                .map(|left| Dropped { name: left.name.clone(), bytes: left.bytes })
                .collect(),
            genesys: None,
        })
    }

    /// Reads a receipt, and holds its numbers against each other.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let shape = |error: serde_json::Error| ReceiptError::Shape(error.to_string());
        let head: Head = serde_json::from_str(text).map_err(shape)?;
        match head.receipt {
            None => return Err(ReceiptError::Shape("it has no `receipt` with a version".into())),
            Some(version) if version != VERSION => {
                return Err(ReceiptError::Version(version.to_string().chars().take(20).collect()));
            }
            Some(_) => {}
        }
        // Straight from the text, so that nothing can stand in it twice.
        let receipt: Self = serde_json::from_str(text).map_err(shape)?;
        validate::check(&receipt).map_err(ReceiptError::Contradiction)?;
        Ok(receipt)
    }

    /// The receipt as JSON, for a file.
    pub fn to_json(&self) -> String {
        // It holds no map whose keys could be anything but texts, so this cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// A time as RFC 3339, in UTC, to the millisecond.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}
