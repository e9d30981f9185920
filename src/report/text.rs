//! The texts of the page: the receipt's numbers as people read them.

use std::time::Duration;

use crate::level::Decibels;
use crate::receipt::{
    Delivery, DeliveryKind, InputEntry, LevelsEntry, OriginalState, Receipt, SourceEntry,
    SpanEntry, TranscriptState, WindowEntry,
};
use crate::span::{Span, frame_at, time_of};
use crate::window::{seconds, time_from_seconds};

/// A highlighted statement at the top of the page.
#[derive(serde::Serialize)]
pub(super) struct Badge {
    /// The CSS class: `good` or `warn`.
    pub(super) class: &'static str,
    pub(super) text: &'static str,
}

/// A row of the table of windows.
#[derive(serde::Serialize)]
pub(super) struct WindowRow {
    /// In seconds, for the player.
    pub(super) start: f64,
    pub(super) times: String,
    pub(super) length: String,
    pub(super) channel: String,
    pub(super) label: String,
    pub(super) reason: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) treatment: String,
}

/// A section of named facts.
#[derive(serde::Serialize)]
pub(super) struct FactSection {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) facts: Vec<(String, String)>,
}

/// By how much the windows were widened.
fn padding(receipt: &Receipt) -> String {
    let own = receipt.asked.windows.iter().filter_map(|window| window.pad).flatten();
    match own.reduce(f64::max) {
        Some(most) => format!("a window's own, up to {most} s"),
        None => format!("{} s on both sides", receipt.asked.pad),
    }
}

/// A time such as `1:02.50`, rounded down to `digits` decimals: rounding up would show 60 seconds.
pub(super) fn clock(time: Duration, digits: usize) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let nanos = format!(".{:09}", time.subsec_nanos());
    let fraction = if digits > 0 { &nanos[..=digits.min(9)] } else { "" };
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}{fraction}")
    } else {
        format!("{minutes}:{rest:02}{fraction}")
    }
}

/// A count with its noun, such as `2 windows`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

pub(super) fn sentence(receipt: &Receipt) -> String {
    if receipt.windows.is_empty() {
        return "Nothing was found to redact: this is an unredacted copy.".into();
    }
    let windows = plural(receipt.windows.len(), "window");
    let length = |frames| clock(time_of(frames, receipt.rate()), 1);
    let (redacted, all) = (length(receipt.output.frames_treated), length(receipt.output.frames));
    let gain = Decibels::of(receipt.treatment.gain);
    let done = match (receipt.treatment.kind.as_str(), receipt.treatment.tone_hz) {
        ("attenuate", _) => format!("attenuated by {:.0} dB", Decibels(-gain.0)),
        (_, Some(hz)) => format!("replaced by a tone of {hz} Hz"),
        _ => "erased".into(),
    };
    format!("{windows}, {redacted} of {all} redacted: {done}.")
}

/// The treatment in a word, for the table.
fn treatment(receipt: &Receipt) -> String {
    let treatment = &receipt.treatment;
    match (treatment.kind.as_str(), treatment.tone_hz) {
        ("attenuate", _) => format!("{:.0} dB", Decibels::of(treatment.gain)),
        (_, Some(hz)) => format!("tone, {hz} Hz"),
        _ => "erased".into(),
    }
}

pub(super) fn badges(receipt: &Receipt) -> [Badge; 2] {
    let checked = if receipt.output.self_checked {
        Badge { class: "good", text: "Self-check passed: every frame was read back and compared" }
    } else {
        Badge { class: "warn", text: "The self-check was turned off" }
    };
    let kept = if receipt.windows.is_empty() {
        Badge { class: "warn", text: "Unredacted: all speech is there" }
    } else if receipt.treatment.recoverable {
        Badge { class: "warn", text: "Recoverable: the speech is only quieter" }
    } else {
        Badge { class: "good", text: "The speech cannot be recovered" }
    };
    [checked, kept]
}

pub(super) fn row(window: &WindowEntry, receipt: &Receipt) -> WindowRow {
    let rate = receipt.rate();
    // The times and lengths of a parsed or fresh receipt are valid, so the defaults are never used.
    let time = |seconds| time_from_seconds(seconds).unwrap_or_default();
    let timeline = receipt.timeline().unwrap_or_default();
    let span = window.window().and_then(|window| timeline.span(Span::covering(&window, rate)));
    let is_mine = |entry: &&SpanEntry| {
        let channel = window.channel.is_none_or(|channel| channel == entry.channel);
        let end = entry.first + entry.frames;
        channel && span.is_some_and(|span| entry.first < span.end && span.first < end)
    };
    let mine: Vec<_> = receipt.spans.iter().filter(is_mine).collect();
    let peak = |side: fn(&SpanEntry) -> Option<&LevelsEntry>| {
        let levels: Vec<_> = mine.iter().filter_map(|entry| side(entry)).collect();
        match levels.iter().filter_map(|level| level.peak_db).reduce(f64::max) {
            Some(level) => format!("{} dB", Decibels(level)),
            // The span is too short for levels, or was cut out.
            None if levels.is_empty() => "–".into(),
            None => "silent".into(),
        }
    };
    let (start, end) = (time(window.start), time(window.end));
    let end = end.min(time_of(timeline.end(), rate));
    let mut times = format!("{} – {}", clock(start, 3), clock(end, 3));
    // Closed gaps before a window move it up in the output.
    let first = time_of(timeline.output(frame_at(start, rate)), rate);
    if window.in_gap {
        times += " (in a closed gap)";
    } else if frame_at(first, rate) < frame_at(start, rate).min(timeline.frames()) {
        times += &format!(" (now from {})", clock(first, 3));
    }
    if window.cut {
        times += " (cut at the end)";
    }
    WindowRow {
        start: window.start.min(seconds(first)),
        times,
        length: format!("{:.3} s", end.saturating_sub(start).as_secs_f64()),
        channel: window.channel.map_or("all".into(), |channel| channel.to_string()),
        label: printable(window.label.as_deref()),
        reason: printable(window.reason.as_deref()),
        before: peak(|entry| entry.before.as_ref()),
        after: peak(|entry| entry.after.as_ref()),
        treatment: treatment(receipt),
    }
}

/// The length of an input, with notes about its ends and gaps.
fn length(input: &InputEntry) -> String {
    let mut length = format!("{} frames", input.frames);
    if let Some(begins) = input.begins_at {
        length += &format!("; the container's clock starts at {begins} s");
    }
    if input.end_proven == Some(false) {
        length += "; the file does not mark its end";
    }
    if let Some(gaps) = &input.gaps {
        let way = if gaps.treatment == "fill" { "filled with silence" } else { "closed" };
        let frames: u64 = gaps.list.iter().map(|gap| gap.frames).sum();
        length += &match gaps.list.len() {
            1 => format!("; a gap of {frames} frames was {way}"),
            count => format!("; {count} gaps of {frames} frames in total were {way}"),
        };
    }
    if input.silence > 0 {
        length += &format!("; {} frames of silence follow", input.silence);
    }
    length
}

/// A user's text with its control characters replaced, which HTML cannot hold.
fn printable(text: Option<&str>) -> String {
    let visible = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    text.unwrap_or_default().chars().map(visible).collect()
}
pub(super) fn facts(receipt: &Receipt) -> Vec<FactSection> {
    let output = &receipt.output;
    let loss = output.loss.as_ref().map_or(String::new(), |loss| format!("; {loss}"));
    let container = output.container.as_ref().map_or("WAV".into(), |name| name.to_uppercase());
    let dropped = receipt.dropped.iter().map(|it| format!("{} ({} bytes)", it.name, it.bytes));
    let dropped = dropped.collect::<Vec<_>>().join(", ");
    let mut sections: Vec<_> = receipt.inputs.iter().enumerate().map(input).collect();
    sections.push(section(
        "output",
        "Output",
        vec![
            fact("Format", format!("{container}, {}{loss}", output.format)),
            fact("Frames treated", format!("{} of {}", output.frames_treated, output.frames)),
            fact("Padding", padding(receipt)),
            fact("Fade", format!("{} s", receipt.treatment.fade)),
            fact("Size", format!("{} bytes", output.bytes)),
            fact("SHA-256", output.sha256.clone()),
            fact("Metadata dropped", if dropped.is_empty() { "none".into() } else { dropped }),
        ],
    ));
    sections[receipt.inputs.len()].facts.extend(super::silent::facts(output));
    sections.extend(receipt.asked.source.as_ref().map(source));
    sections.extend(receipt.asked.policy.as_ref().map(|from| {
        let by = if from.changed { "changed by flags" } else { "followed as it is" };
        let file = format!("{}, {by}", from.name.as_deref().unwrap_or("a file"));
        section("policy", "Policy", vec![fact("File", file), fact("SHA-256", from.sha256.clone())])
    }));
    sections.extend(receipt.delivery.as_ref().and_then(delivery));
    sections
}

/// The transcript that windows came from.
fn source(source: &SourceEntry) -> FactSection {
    let marks = source.marks;
    let finds = source.finds.iter().map(|(kind, count)| format!("{count} {kind}"));
    let finds = finds.collect::<Vec<_>>().join(", ");
    let facts = vec![
        fact("Format", source.format.clone()),
        fact("Marks", format!("{} of {} became windows", marks.placed, marks.found)),
        fact("Numbers found", if finds.is_empty() { "none".into() } else { finds }),
        fact("SHA-256", source.sha256.clone()),
    ];
    section("source", "Transcript of the windows", facts)
}

fn input((index, input): (usize, &InputEntry)) -> FactSection {
    let key = input.key.as_deref().map_or(String::new(), |key| format!(", part {key}"));
    let facts = vec![
        fact("Format", format!("{} in {}", input.codec, input.container)),
        fact("Rate", format!("{} Hz", input.rate)),
        fact("Channels", input.channels.to_string()),
        fact("Length", length(input)),
        fact("Size", format!("{} bytes", input.bytes)),
        fact("SHA-256", input.sha256.clone()),
    ];
    section(&format!("input-{index}"), &format!("Input{key}"), facts)
}

/// Nothing is said of a file, which has no facts.
fn delivery(to: &Delivery) -> Option<FactSection> {
    let mut facts = Vec::new();
    let mut add = |name: &str, value: &Option<String>| {
        facts.extend(value.as_ref().map(|value| fact(name, value.clone())));
    };
    add("Written to", &to.url);
    add("Entity tag", &to.etag);
    add("Version", &to.version);
    let Some(recording) = &to.recording_id else {
        return (!facts.is_empty()).then(|| section("delivery", "Delivery", facts));
    };
    facts.push(fact("Recording", recording.clone()));
    let id = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".into());
    facts.push(fact("Conversation", id(&to.conversation_id)));
    if to.kind == DeliveryKind::Genesys {
        facts.push(fact("New recording", id(&to.new_recording_id)));
    }
    if let Some(original) = &to.original {
        let date = original.delete_date.as_deref().unwrap_or_default();
        facts.push(fact(
            "Original",
            match original.state {
                OriginalState::Kept => "kept, not redacted".into(),
                OriginalState::DeletionSet => {
                    format!("will be deleted at {date}; until then it is not redacted")
                }
                OriginalState::Deleted => "deleted".into(),
                OriginalState::Unknown => "not known whether it will be deleted".into(),
            },
        ));
        facts.push(fact(
            "Its transcript",
            match original.transcript {
                TranscriptState::Kept => "kept".into(),
                TranscriptState::Unknown => "not known".into(),
            },
        ));
    }
    facts.extend(to.steps.iter().map(|step| {
        let correlation = step.correlation_id.as_ref();
        let correlation = correlation.map_or(String::new(), |id| format!(", correlation id {id}"));
        fact(&step.step, format!("{}, {} retries{correlation}", step.began, step.retries))
    }));
    Some(section("genesys", "Genesys Cloud", facts))
}

fn section(id: &str, title: &str, facts: Vec<(String, String)>) -> FactSection {
    FactSection { id: id.to_owned(), title: title.to_owned(), facts }
}

fn fact(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}
