//! The result of a redaction: a sentence and notes for people, JSON for programs.
//!
//! JSON uses the words and the shape of the [receipt](sordino::Receipt): the same fact has the same
//! name at the same place in both, but `input` is the only entry of a receipt's `inputs`.

use std::io::{self, Write as _};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use sordino::decode::Leftover;
use sordino::level::Decibels;
use sordino::receipt::{DoneEntry, DroppedEntry, GapsEntry, TreatmentEntry, WindowEntry};
use sordino::span::{over_end, time_of};
use sordino::window::{ClockTime, seconds};
use sordino::{Gaps, OutputFormat, StreamInfo, Summary};

use super::exit::Failure;
use super::messages::{detail, note, warn};
use super::text::{count, elapsed};

/// The most ranges that a note lists.
const SHOWN: usize = 5;

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
    for part in summary.parts.iter().filter(|part| part.silence > 0) {
        let (key, short) = (part.key.as_deref().unwrap_or_default(), time_of(part.silence, rate));
        note(&format!(
            "part {key} is {} s shorter than another; silence follows it",
            ClockTime(short)
        ));
    }
    if !summary.begins.is_zero() {
        let begins = ClockTime(summary.begins);
        note(&format!("the audio begins at {begins} s of its container; times count from there"));
    }
    // Of other formats this is nothing special: they never mark their end.
    if !summary.end_proven && summary.stream_info.container == "ogg" {
        note("nothing in the file marks its end; if it was cut, that does not show");
    }
    if !summary.replaced.is_empty() {
        let at = |frame| ClockTime(time_of(frame, rate));
        let ranges = summary.replaced.iter().take(SHOWN);
        let ranges = ranges.map(|span| format!("{}-{}", at(span.first), at(span.end)));
        let more = if summary.replaced.len() > SHOWN { ", …" } else { "" };
        let ranges = ranges.collect::<Vec<_>>().join(", ");
        note(&format!("Opus is erased in whole packets: silent is {ranges}{more}"));
    }
    if let Some(loss) = summary.stream_info.loss() {
        note(loss);
    }
    if summary.treatment.is_recoverable() && !summary.windows.is_empty() {
        let gain = summary.treatment.gain();
        let decibel = Decibels::of(gain);
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

/// `nothing was found; 38.0 s`, if there is no window.
pub(crate) fn nothing(summary: &Summary) -> Option<String> {
    let all = length(summary.frames, summary);
    summary.windows.is_empty().then(|| format!("nothing was found; {all:.1} s"))
}

/// What both a recording and a receipt's `input` begin with.
fn stream(info: &StreamInfo) -> Value {
    json!({
        "container": info.container,
        "codec": info.codec,
        "rate": info.rate,
        "channels": info.channels,
    })
}

/// A recording of this many frames.
pub(crate) fn recording(info: &StreamInfo, frames: u64) -> Value {
    let mut json = stream(info);
    json["format"] = info.format.to_string().into();
    json["frames"] = frames.into();
    json
}

/// The input, as a receipt's `input`, without what only a receipt computes.
pub(crate) fn input(
    info: &StreamInfo,
    end_proven: bool,
    begins: Duration,
    gaps: GapsEntry,
) -> Value {
    let mut json = stream(info);
    json["endProven"] = end_proven.into();
    json["beginsAt"] = seconds(begins).into();
    json["gaps"] = value(gaps);
    json
}

/// The output, as a receipt's `output`, without what only a receipt computes.
pub(crate) fn output(info: &StreamInfo) -> Value {
    let mut output = json!({ "format": info.format.to_string() });
    if let Some(bits) = info.bits {
        output["bits"] = bits.into();
    }
    if let Some(loss) = info.loss() {
        output["loss"] = loss.into();
    }
    output
}

/// What the input holds besides audio, as in a receipt.
pub(crate) fn dropped(leftovers: &[Leftover]) -> Value {
    leftovers.iter().map(|left| value(DroppedEntry::of(left))).collect()
}

fn window(entry: WindowEntry) -> Value {
    let (cut, in_gap) = (entry.cut, entry.in_gap);
    let mut entry = value(entry);
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
    let gaps = GapsEntry::of(summary.gaps_policy, &summary.gaps, info.rate);
    let input = input(info, summary.end_proven, summary.begins, gaps);
    let mut output = output(info);
    if let Some(container) = summary.output.kept_container() {
        output["container"] = container.into();
    }
    match summary.output {
        format if format.has_md5() => output["md5"] = summary.md5.into(),
        OutputFormat::Opus => output["done"] = value(DoneEntry::of(summary)),
        _ => {}
    }
    output["frames"] = summary.frames.into();
    output["framesTreated"] = summary.frames_treated.into();
    output["selfChecked"] = self_checked.into();
    json!({
        "frames": summary.frames,
        "seconds": length(summary.frames, summary),
        "windows": WindowEntry::merged(summary).into_iter().map(window).collect::<Vec<_>>(),
        "treatment": TreatmentEntry::of(summary.treatment),
        "input": input,
        "output": output,
    })
}
