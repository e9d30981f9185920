//! What a redaction did, for people and for programs.

use std::io::{self, Write as _};

use serde_json::{Value, json};
use sordino::decode::Leftover;
use sordino::span::{Gap, over_end, time_of};
use sordino::window::{ClockTime, seconds};
use sordino::{Gaps, StreamInfo, Summary};

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
    // As asked: padding that runs over the end is worth no warning.
    let rate = summary.stream_info.rate;
    for window in over_end(summary.windows.asked(), rate, summary.timeline().end()) {
        say(&format!("warning: the window {window} runs over the end and was cut there"));
    }
    for window in &summary.vanished {
        say(&format!(
            "warning: nothing was recorded in the window {window}, and that gap was closed"
        ));
    }
    if !summary.gaps.is_empty() {
        let count = summary.gaps.len();
        let (plural, were) = if count == 1 { ("", "was") } else { ("s", "were") };
        let way = if summary.gaps_policy == Gaps::Fill { "filled with silence" } else { "closed" };
        let missing = time_of(summary.gaps.iter().map(|gap| gap.frames).sum(), rate).as_secs_f64();
        say(&format!("note: {count} gap{plural} of {missing:.1} s in all {were} {way}"));
    }
    if !summary.begins.is_zero() {
        let begins = ClockTime(summary.begins);
        say(&format!(
            "note: the audio begins at {begins} s of its container; times count from there"
        ));
    }
    // Others that do not tell are as they always are.
    if !summary.end_proven && summary.stream_info.container == "ogg" {
        say("note: nothing in the file says that this is its end; if it was cut, it does not show");
    }
    if let Some(loss) = summary.stream_info.loss() {
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
    time_of(frames, summary.stream_info.rate).as_secs_f64()
}

/// `2 windows, 9.7 s of 38.0 s`.
pub(crate) fn sentence(summary: &Summary) -> String {
    let count = summary.windows.len();
    let plural = if count == 1 { "" } else { "s" };
    let (muted, all) = (length(summary.frames_treated, summary), length(summary.frames, summary));
    format!("{count} window{plural}, {muted:.1} s of {all:.1} s")
}

/// What a recording of so many frames is.
pub(crate) fn recording(recording: &StreamInfo, frames: u64) -> Value {
    json!({
        "container": recording.container,
        "codec": recording.codec,
        "rate": recording.rate,
        "channels": recording.channels,
        "format": recording.format.to_string(),
        "frames": frames,
    })
}

/// Gaps, by the recording's clock.
pub(crate) fn gaps(gaps: &[Gap], rate: u32) -> Value {
    let gap = |&Gap { at, frames }: &Gap| json!({ "at": seconds(time_of(at, rate)), "first": at, "frames": frames });
    gaps.iter().map(gap).collect()
}

/// What was found besides audio, by name and size.
pub(crate) fn leftovers(leftovers: &[Leftover]) -> Value {
    let all = leftovers.iter().map(|left| json!({ "name": left.name, "bytes": left.bytes }));
    all.collect()
}

/// A level, full scale being 1, in dB below full scale.
pub(crate) fn decibel(level: f64) -> String {
    if level > 0.0 { format!("{:.1}", 20.0 * level.log10()) } else { "-inf".into() }
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
            "inGap": summary.vanished.contains(window),
        })
    });
    let mut json = recording(&summary.stream_info, summary.frames);
    if let Some(loss) = summary.stream_info.loss() {
        json["loss"] = loss.into();
    }
    json["framesTreated"] = summary.frames_treated.into();
    json["seconds"] = length(summary.frames, summary).into();
    json["windows"] = windows.collect();
    json["endProven"] = summary.end_proven.into();
    json["beginsAt"] = seconds(summary.begins).into();
    let list = gaps(&summary.gaps, summary.stream_info.rate);
    json["gaps"] = json!({ "treatment": summary.gaps_policy.name(), "list": list });
    json["treatment"] = json!({
        "kind": summary.treatment.name(),
        "gain": summary.treatment.gain(),
        "toneHz": summary.treatment.tone_hz(),
        "fade": seconds(summary.treatment.fade()),
    });
    json["recoverable"] = summary.treatment.is_recoverable().into();
    json
}
