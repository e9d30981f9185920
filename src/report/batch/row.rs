//! A recording as a row: of the table, and of the JSON in the page.

use std::io::Write as _;
use std::path::{Component, Path, absolute};

use serde::Serialize;

use crate::batch::{Entry, Input, State};

/// What the page shows of a recording.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    state: &'static str,
    line: Option<u64>,
    id: String,
    input: String,
    /// Seconds of audio.
    audio: Option<f64>,
    /// Seconds that were muted.
    redacted: Option<f64>,
    windows: Option<u64>,
    receipt: String,
    /// A link to the receipt, if a browser can follow it.
    href: Option<String>,
    reason: String,
}

/// The name in the page, and in the JSON of `batch status`.
pub(super) fn state_name(state: State) -> &'static str {
    match state {
        State::Planned => "planned",
        State::Started => "started",
        State::Done => "done",
        State::Failed => "failed",
        State::Unknown => "unknown",
    }
}

impl Row {
    pub(super) fn of(entry: &Entry, folder: &Path) -> Self {
        let done = entry.done.as_ref();
        let seconds = |frames: u64, rate: u32| {
            #[expect(clippy::cast_precision_loss, reason = "shown to a tenth of a second")]
            let seconds = frames as f64 / f64::from(rate.max(1));
            (seconds * 10.0).round() / 10.0
        };
        let receipt = done.and_then(|done| done.receipt.clone()).unwrap_or_default();
        let nothing = done.and_then(|done| done.if_none.as_deref()).map(|did| match did {
            "copy" => "nothing was found; copied unredacted".to_owned(),
            _ => "nothing was found; left out".to_owned(),
        });
        let failed = entry.failed.as_ref().map(|failed| failed.message.clone());
        Self {
            state: state_name(entry.state),
            line: entry.line,
            id: visible(entry.id.as_deref().unwrap_or_default()),
            input: visible(&match &entry.spec.input {
                Input::Place { place, .. } => place.clone(),
                Input::Genesys { conversation, recording, .. } => {
                    format!("{conversation}/{recording}")
                }
            }),
            audio: done.map(|done| seconds(done.frames, done.rate)),
            redacted: done.map(|done| seconds(done.redacted_frames, done.rate)),
            windows: done.map(|done| done.windows),
            href: href(&receipt, folder),
            receipt: visible(&receipt),
            reason: visible(&failed.or(nothing).unwrap_or_default()),
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.state == state_name(State::Unknown)
    }

    /// Adds it as JSON, with a comma before it: a list, because names would double its size. Nothing in it
    /// can end the script element that it is in.
    pub(super) fn write(&self, rows: &mut Vec<u8>) {
        let Self { state, line, id, input, audio, redacted, windows, receipt, href, reason } = self;
        let row = serde_json::json!([
            state, line, id, input, audio, redacted, windows, receipt, href, reason
        ]);
        let text = row.to_string().replace('<', "\\u003c").replace('&', "\\u0026");
        // Writing to memory cannot fail.
        let _ = write!(
            rows,
            ",\n{}",
            text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
        );
    }
}

/// A user's text without characters that show nothing, or turn the text around them.
fn visible(text: &str) -> String {
    let moves = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || moves(c) { '\u{FFFD}' } else { c }).collect()
}

/// A link from the page's folder to a receipt on the disk. It begins with a dot, so that no name can be a
/// scheme. Browsers cannot follow the URL of a bucket.
fn href(receipt: &str, folder: &Path) -> Option<String> {
    if receipt.is_empty() || receipt.contains("://") {
        return None;
    }
    let (to, from) = (absolute(receipt).ok()?, absolute(folder).ok()?);
    let (to, from): (Vec<_>, Vec<_>) = (to.components().collect(), from.components().collect());
    let common = to.iter().zip(&from).take_while(|(one, other)| one == other).count();
    let mut href = String::from(".");
    (common..from.len()).for_each(|_| href.push_str("/.."));
    for part in to.get(common..)? {
        let Component::Normal(name) = part else { return None };
        href.push('/');
        for byte in name.as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                    href.push(char::from(*byte))
                }
                byte => href.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    Some(href)
}
