//! What a redaction did, for people and for programs.

use std::io::{self, Write as _};

use serde_json::{Value, json};
use sordino::span::time_of;
use sordino::window::seconds;
use sordino::{Recording, Summary};

use super::exit::{Failure, say};

/// Prints the result to stdout. A reader who has gone is no failure.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed("printing the result; the work itself is done", error))
        }
        _ => Ok(()),
    }
}

/// What people should know besides, on stderr.
pub(crate) fn notes(summary: &Summary) {
    for window in &summary.cut {
        say(&format!("warning: the window {window} runs over the end and was cut there"));
    }
    if let Some(loss) = summary.recording.loss() {
        say(&format!("note: {loss}"));
    }
    if summary.treatment.is_recoverable() {
        let gain = summary.treatment.gain();
        let decibel = 20.0 * gain.log10();
        say(&format!(
            "note: a gain of {gain} ({decibel:.0} dB) leaves speech recoverable; --silence does not"
        ));
    }
}

fn length(frames: u64, summary: &Summary) -> f64 {
    time_of(frames, summary.recording.rate).as_secs_f64()
}

/// `2 windows, 9.7 s of 38.0 s`.
pub(crate) fn sentence(summary: &Summary) -> String {
    let count = summary.windows.len();
    let plural = if count == 1 { "" } else { "s" };
    let (muted, all) = (length(summary.frames_treated, summary), length(summary.frames, summary));
    format!("{count} window{plural}, {muted:.1} s of {all:.1} s")
}

/// What a recording of so many frames is.
pub(crate) fn recording(recording: &Recording, frames: u64) -> Value {
    json!({
        "container": recording.container,
        "codec": recording.codec,
        "rate": recording.rate,
        "channels": recording.channels,
        "format": recording.format.to_string(),
        "frames": frames,
    })
}

/// The numbers.
pub(crate) fn to_json(summary: &Summary) -> Value {
    let windows = summary.windows.iter().map(|window| {
        json!({
            "start": seconds(window.start()),
            "end": seconds(window.end()),
            "channel": window.channel(),
            "label": window.label(),
            "cut": summary.cut.contains(window),
        })
    });
    let mut json = recording(&summary.recording, summary.frames);
    if let Some(loss) = summary.recording.loss() {
        json["loss"] = loss.into();
    }
    json["framesTreated"] = summary.frames_treated.into();
    json["seconds"] = length(summary.frames, summary).into();
    json["windows"] = windows.collect();
    json["treatment"] = json!({
        "kind": summary.treatment.name(),
        "gain": summary.treatment.gain(),
        "toneHz": summary.treatment.tone_hz(),
        "fade": seconds(summary.treatment.fade()),
    });
    json["recoverable"] = summary.treatment.is_recoverable().into();
    json
}
