//! The result of a redaction: a sentence and notes for people, JSON for programs.
//!
//! JSON uses the words and the shape of the [receipt](sordino::Receipt): the same fact has the same
//! name at the same place in both.

use std::io::{self, Write as _};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use sordino::decode::Leftover;
use sordino::receipt::{DroppedEntry, GapEntry, GapsEntry, TreatmentEntry, WindowEntry};
use sordino::span::{Gap, over_end, time_of};
use sordino::window::{ClockTime, Window, seconds};
use sordino::{Gaps, StreamInfo, Summary, Treatment};

use super::exit::Failure;
use super::messages::{detail, note, warn};
use super::text::{count, elapsed};

/// Prints the result to stdout. A reader who has closed the pipe is no failure.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed("printing the result; the work itself is done", error))
        }
        _ => Ok(()),
    }
}

/// Prints what people should know about this redaction, to stderr.
pub(crate) fn notes(summary: &Summary) {
    let rate = summary.stream_info.rate;
    // The windows as asked: if only padding runs over the end, that is worth no warning.
    for window in over_end(summary.windows.asked(), rate, summary.timeline().end()) {
        warn(&format!("the window {window} runs over the end and was cut there"));
    }
    for window in &summary.vanished {
        warn(&format!("nothing was recorded in the window {window}, and that gap was closed"));
    }
    if !summary.gaps.is_empty() {
        let gaps = count(summary.gaps.len(), "gap");
        let were = if summary.gaps.len() == 1 { "was" } else { "were" };
        let way = if summary.gaps_policy == Gaps::Fill { "filled with silence" } else { "closed" };
        let missing = time_of(summary.gaps.iter().map(|gap| gap.frames).sum(), rate).as_secs_f64();
        note(&format!("{gaps} of {missing:.1} s in all {were} {way}"));
    }
    if !summary.begins.is_zero() {
        let begins = ClockTime(summary.begins);
        note(&format!("the audio begins at {begins} s of its container; times count from there"));
    }
    // Of other formats this is nothing special: they never mark their end.
    if !summary.end_proven && summary.stream_info.container == "ogg" {
        note("nothing in the file marks its end; if it was cut, that does not show");
    }
    if let Some(loss) = summary.stream_info.loss() {
        note(loss);
    }
    if summary.treatment.is_recoverable() {
        let gain = summary.treatment.gain();
        let decibel = 20.0 * gain.log10();
        note(&format!(
            "a gain of {gain} ({decibel:.0} dB) leaves speech recoverable; --silence erases it"
        ));
    }
}

/// Prints details of the work, with `--verbose`.
pub(crate) fn details(name: &str, summary: &Summary, took: Duration) {
    let Summary { stream_info, frames, frames_treated, .. } = summary;
    detail(&format!("{name}: {}, {frames} frames", describe(stream_info)));
    let took = elapsed(took);
    detail(&format!("done in {took}; {frames_treated} frames treated"));
}

/// `wave pcm_s16le, 8000 Hz, 2 channels`.
pub(crate) fn describe(info: &StreamInfo) -> String {
    let channels = count(info.channels, "channel");
    format!("{} {}, {} Hz, {channels}", info.container, info.codec, info.rate)
}

fn length(frames: u64, summary: &Summary) -> f64 {
    time_of(frames, summary.stream_info.rate).as_secs_f64()
}

/// `2 windows, 9.7 s of 38.0 s`.
pub(crate) fn sentence(summary: &Summary) -> String {
    let windows = count(summary.windows.len(), "window");
    let (muted, all) = (length(summary.frames_treated, summary), length(summary.frames, summary));
    format!("{windows}, {muted:.1} s of {all:.1} s")
}

/// A recording of this many frames.
pub(crate) fn recording(info: &StreamInfo, frames: u64) -> Value {
    json!({
        "container": info.container,
        "codec": info.codec,
        "rate": info.rate,
        "channels": info.channels,
        "format": info.format.to_string(),
        "frames": frames,
    })
}

/// The input, as a receipt's `input`, without what only a receipt computes.
pub(crate) fn input(info: &StreamInfo, end_proven: bool, begins: Duration) -> Value {
    json!({
        "container": info.container,
        "codec": info.codec,
        "rate": info.rate,
        "channels": info.channels,
        "endProven": end_proven,
        "beginsAt": seconds(begins),
    })
}

/// The output, as a receipt's `output`, without what only a receipt computes.
pub(crate) fn output(info: &StreamInfo) -> Value {
    let mut output = json!({ "format": info.format.to_string() });
    if let Some(loss) = info.loss() {
        output["loss"] = loss.into();
    }
    output
}

/// Gaps by the recording's clock, as in a receipt.
pub(crate) fn gaps(policy: Gaps, gaps: &[Gap], rate: u32) -> Value {
    let entry =
        |&Gap { at, frames }: &Gap| GapEntry { at: seconds(time_of(at, rate)), first: at, frames };
    let list = gaps.iter().map(entry).collect();
    value(GapsEntry { treatment: policy.name().into(), list })
}

/// What the input holds besides audio, as in a receipt.
pub(crate) fn dropped(leftovers: &[Leftover]) -> Value {
    let entry =
        |left: &Leftover| value(DroppedEntry { name: left.name.to_string(), bytes: left.bytes });
    leftovers.iter().map(entry).collect()
}

fn treatment(treatment: Treatment) -> Value {
    value(TreatmentEntry {
        kind: treatment.name().into(),
        gain: treatment.gain(),
        tone_hz: treatment.tone_hz(),
        fade: seconds(treatment.fade()),
        recoverable: treatment.is_recoverable(),
    })
}

fn window(window: &Window, summary: &Summary) -> Value {
    let (cut, in_gap) = (summary.cut.contains(window), summary.vanished.contains(window));
    let mut entry = value(WindowEntry {
        start: seconds(window.start()),
        end: seconds(window.end()),
        channel: window.channel(),
        label: window.label().map(str::to_owned),
        reason: window.reason().map(str::to_owned),
        cut,
        in_gap,
    });
    // A receipt leaves these out where they are false; here they always stand.
    entry["cut"] = cut.into();
    entry["inGap"] = in_gap.into();
    entry
}

/// A part of a receipt as JSON.
fn value(part: impl Serialize) -> Value {
    // These types hold strings, numbers and lists of them, which JSON always has.
    serde_json::to_value(part).unwrap_or_default()
}

/// The result as JSON. `self_checked` is whether the output was read back and checked.
pub(crate) fn to_json(summary: &Summary, self_checked: bool) -> Value {
    let info = &summary.stream_info;
    let mut input = input(info, summary.end_proven, summary.begins);
    input["gaps"] = gaps(summary.gaps_policy, &summary.gaps, info.rate);
    let mut output = output(info);
    output["frames"] = summary.frames.into();
    output["framesTreated"] = summary.frames_treated.into();
    output["selfChecked"] = self_checked.into();
    json!({
        "frames": summary.frames,
        "seconds": length(summary.frames, summary),
        "windows": summary.windows.iter().map(|one| window(one, summary)).collect::<Vec<_>>(),
        "treatment": treatment(summary.treatment),
        "input": input,
        "output": output,
    })
}
