//! What the page says: numbers of the receipt, as people read them.

use std::time::Duration;

use crate::receipt::{Level, Receipt, SpanEntry, WindowEntry};
use crate::span::{Span, frame_at, time_of};
use crate::window::{seconds, time_from_seconds};

/// Something that is good, or to be warned of.
pub(super) struct Verdict {
    /// `good` or `warn`.
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

/// A window in the table.
pub(super) struct Row {
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

/// Facts under a heading.
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) facts: Vec<(String, String)>,
}

/// `1:02.50`, with so many digits behind the point.
pub(super) fn clock(time: Duration, digits: usize) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    // Rounded down, or 59.999 would become 60.
    let nanos = format!(".{:09}", time.subsec_nanos());
    let part = if digits > 0 { &nanos[..=digits.min(9)] } else { "" };
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}{part}")
    } else {
        format!("{minutes}:{rest:02}{part}")
    }
}

pub(super) fn sentence(receipt: &Receipt) -> String {
    let count = receipt.windows.len();
    let plural = if count == 1 { "" } else { "s" };
    let length = |frames| clock(time_of(frames, receipt.input.rate), 1);
    let (muted, all) = (length(receipt.output.frames_treated), length(receipt.output.frames));
    format!("{count} window{plural}, {muted} of {all} redacted: {}.", done(receipt))
}

/// What was done inside the windows.
fn done(receipt: &Receipt) -> String {
    let treatment = &receipt.treatment;
    match (treatment.kind.as_str(), treatment.tone_hz) {
        ("attenuate", _) => format!("attenuated by {:.0} dB", -20.0 * treatment.gain.log10()),
        (_, Some(hz)) => format!("replaced by a tone of {hz} Hz"),
        _ => "erased".into(),
    }
}

/// The same in a word.
fn treatment(receipt: &Receipt) -> String {
    let treatment = &receipt.treatment;
    match (treatment.kind.as_str(), treatment.tone_hz) {
        ("attenuate", _) => format!("{:.0} dB", 20.0 * treatment.gain.log10()),
        (_, Some(hz)) => format!("tone, {hz} Hz"),
        _ => "erased".into(),
    }
}

pub(super) fn verdicts(receipt: &Receipt) -> Vec<Verdict> {
    let checked = if receipt.output.self_checked {
        Verdict { kind: "good", text: "Self-check passed: read back, every frame as meant" }
    } else {
        Verdict { kind: "warn", text: "The self-check was turned off" }
    };
    let kept = if receipt.treatment.recoverable {
        Verdict { kind: "warn", text: "Recoverable: what was said is only quieter" }
    } else {
        Verdict { kind: "good", text: "What was said cannot be recovered" }
    };
    vec![checked, kept]
}

pub(super) fn rows(receipt: &Receipt, most: usize) -> Vec<Row> {
    receipt.windows.iter().take(most).map(|window| row(window, receipt)).collect()
}

fn row(window: &WindowEntry, receipt: &Receipt) -> Row {
    let rate = receipt.input.rate;
    // A receipt that was parsed, or has just been made, holds times that are some.
    let time = |seconds| time_from_seconds(seconds).unwrap_or_default();
    let timeline = receipt.timeline().unwrap_or_default();
    let span = window.window().and_then(|window| timeline.span(Span::covering(&window, rate)));
    let is_mine = |entry: &&SpanEntry| {
        let channel = window.channel.is_none_or(|channel| channel == entry.channel);
        let end = entry.first + entry.frames;
        channel && span.is_some_and(|span| entry.first < span.end && span.first < end)
    };
    // Spans are sorted by their first frame; where windows overlap, one span may hold several.
    let mine: Vec<_> = receipt.spans.iter().filter(is_mine).collect();
    let loudest = |side: fn(&SpanEntry) -> Option<&Level>| {
        let levels: Vec<_> = mine.iter().filter_map(|entry| side(entry)).collect();
        match levels.iter().filter_map(|level| level.peak_db).reduce(f64::max) {
            Some(level) => format!("{level:.1} dB"),
            // Too short to tell, or nothing there.
            None if levels.is_empty() => "–".into(),
            None => "silent".into(),
        }
    };
    let (start, end) = (time(window.start), time(window.end));
    let end = end.min(time_of(timeline.end(), rate));
    let mut times = format!("{} – {}", clock(start, 3), clock(end, 3));
    // Where gaps were closed, what was there has moved up.
    let first = time_of(timeline.output(frame_at(start, rate)), rate);
    if window.in_gap {
        times += " (in a gap: nothing was there)";
    } else if frame_at(first, rate) < frame_at(start, rate).min(timeline.frames()) {
        times += &format!(" (now from {})", clock(first, 3));
    }
    if window.cut {
        times += " (cut at the end)";
    }
    Row {
        start: window.start.min(seconds(first)),
        times,
        length: format!("{:.3} s", end.saturating_sub(start).as_secs_f64()),
        channel: window.channel.map_or("all".into(), |channel| channel.to_string()),
        label: shown(window.label.as_deref()),
        reason: shown(window.reason.as_deref()),
        before: loudest(|entry| entry.before.as_ref()),
        after: loudest(|entry| entry.after.as_ref()),
        treatment: treatment(receipt),
    }
}

/// How long the input is, and what is to be known of its ends and gaps.
fn length(receipt: &Receipt) -> String {
    let input = &receipt.input;
    let mut length = format!("{} frames", input.frames);
    if let Some(begins) = input.begins_at {
        length += &format!(", from {begins} s of its container's clock");
    }
    if input.end_proven == Some(false) {
        length += "; nothing in the file says that this is its end";
    }
    if let Some(gaps) = &input.gaps {
        let way = if gaps.treatment == "fill" { "filled with silence" } else { "closed" };
        let frames: u64 = gaps.list.iter().map(|gap| gap.frames).sum();
        length += &match gaps.list.len() {
            1 => format!("; a gap of {frames} frames was {way}"),
            count => format!("; {count} gaps of {frames} frames in all were {way}"),
        };
    }
    length
}

/// A text of a user's, without what no page can hold.
pub(super) fn shown(text: Option<&str>) -> String {
    let visible = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    text.unwrap_or_default().chars().map(visible).collect()
}

pub(super) fn facts(receipt: &Receipt) -> Vec<Part> {
    let (input, output) = (&receipt.input, &receipt.output);
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let dropped =
        receipt.dropped.iter().map(|left| format!("{} ({} bytes)", left.name, left.bytes));
    let dropped: Vec<_> = dropped.collect();
    let loss = output.loss.as_ref().map_or(String::new(), |loss| format!("; {loss}"));
    let mut parts = vec![
        Part {
            id: "input",
            title: "Input",
            facts: vec![
                fact("Format", format!("{} in {}", input.codec, input.container)),
                fact("Rate", format!("{} Hz", input.rate)),
                fact("Channels", input.channels.to_string()),
                fact("Length", length(receipt)),
                fact("Size", format!("{} bytes", input.bytes)),
                fact("SHA-256", input.sha256.clone()),
            ],
        },
        Part {
            id: "output",
            title: "Output",
            facts: vec![
                fact("Format", format!("WAV, {}{loss}", output.format)),
                fact("Frames treated", format!("{} of {}", output.frames_treated, output.frames)),
                fact("Widened by", format!("{} s on both sides", receipt.asked.pad)),
                fact("Fade", format!("{} s", receipt.treatment.fade)),
                fact("Size", format!("{} bytes", output.bytes)),
                fact("SHA-256", output.sha256.clone()),
                fact("SHA-256 of samples", output.samples_sha256.clone()),
                fact(
                    "Metadata dropped",
                    match dropped.is_empty() {
                        true => "none".into(),
                        false => dropped.join(", "),
                    },
                ),
            ],
        },
    ];
    parts.extend(receipt.genesys.as_ref().map(|genesys| {
        let id = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".into());
        let mut facts = vec![
            fact("StreamInfo", genesys.recording_id.clone()),
            fact("Conversation", id(&genesys.conversation_id)),
            fact("New recording", id(&genesys.new_recording_id)),
        ];
        facts.extend(genesys.steps.iter().map(|step| {
            let correlation = step.correlation_id.iter().map(|id| format!(", correlation {id}"));
            let correlation: String = correlation.collect();
            let (began, retries) = (&step.began, step.retries);
            fact(&step.step, format!("{began}, {retries} retries{correlation}"))
        }));
        Part { id: "genesys", title: "Genesys Cloud", facts }
    }));
    parts
}
