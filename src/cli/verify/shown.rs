//! An audit, as a table and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sordino::StreamInfo;
use sordino::span::time_of;
use sordino::verify::{Audit, Done, Leak, OutsideChanges, Verdict, WindowAudit};
use sordino::window::{ClockTime, Window, seconds};

use super::super::report;

/// `1920 frames, 10-10.239875 s (240 ms)`.
fn open_part(Leak { frames, first, last }: Leak, rate: u32) -> String {
    let (from, to) = (ClockTime(time_of(first, rate)), ClockTime(time_of(last, rate)));
    let plural = if frames == 1 { "" } else { "s" };
    let millis = time_of(frames, rate).as_secs_f64() * 1000.0;
    format!("{frames} frame{plural}, {from}-{to} s ({millis:.0} ms)")
}

fn done(window: &WindowAudit) -> String {
    match window.done {
        Done::Exactly(treatment) => match treatment.tone_hz() {
            Some(hz) => format!("tone of {hz} Hz"),
            None if treatment.is_recoverable() => format!("gain {}", treatment.gain()),
            None => "silence".into(),
        },
        Done::Attenuated => format!("gain about {:.4}", window.gain),
        Done::Replaced => "something else".into(),
        Done::Silent => "silence, as before".into(),
        Done::Muted => "next to nothing".into(),
        Done::Unknown => "cannot be told".into(),
        _ => "the original".into(),
    }
}

pub(in crate::cli) fn table(audit: &Audit) -> String {
    let rate = audit.original.rate;
    let mut rows = vec![
        ["window", "channel", "what is there", "peak dB", "rms dB", "left open"].map(str::to_owned),
    ];
    for window in &audit.windows {
        let leak = match window.leak {
            Some(leak) => open_part(leak, rate),
            None if window.verdict == Verdict::CannotTell => "cannot be told".into(),
            None => "nothing".into(),
        };
        let times = times(&window.window);
        let name = window.window.label().map_or(times.clone(), |label| format!("{times} {label}"));
        let (peak, rms) = (report::decibel(window.peak), report::decibel(window.rms));
        rows.push([name, window.channel.to_string(), done(window), peak, rms, leak]);
    }
    let widths: [usize; 6] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let _ = write!(text, "\n{}", findings(audit).join("\n"));
    text
}

/// A window's times alone; the channel has a column of its own.
fn times(window: &Window) -> String {
    format!("{}-{}", ClockTime(window.start()), ClockTime(window.end()))
}

/// What is to be said besides, the verdict last.
fn findings(audit: &Audit) -> Vec<String> {
    let (before, after) = (&audit.original, &audit.redacted);
    let mut lines = Vec::new();
    if !audit.is_comparable() {
        let describe = |r: &StreamInfo| format!("{} channels at {} Hz", r.channels, r.rate);
        lines.push(format!("format: {} became {}", describe(before), describe(after)));
    } else {
        lines.push(outside(audit));
    }
    let (was, is) = (audit.original_frames, audit.redacted_frames);
    match audit.padding {
        0 if was != is => lines.push(format!("length: {was} frames became {is}")),
        0 => {}
        padding => lines.push(format!("length: as before, and {padding} frames of padding")),
    }
    if !audit.leftovers.is_empty() {
        let all =
            audit.leftovers.iter().map(|left| format!("{} ({} bytes)", left.name, left.bytes));
        lines.push(format!("metadata: {}", all.collect::<Vec<_>>().join(", ")));
    }
    if let Some(noise) = audit.noise {
        let below = report::decibel(1.0 / noise);
        lines.push(format!("noise: what the codec has changed is {below} dB below the sound"));
    }
    if let Some(tolerance) = audit.tolerance.filter(|&tolerance| tolerance > 0.0) {
        let tolerance = report::decibel(tolerance);
        lines.push(format!("tolerance: samples count as equal within {tolerance} dB"));
    }
    lines.push(format!("verdict: {}", verdict(audit)));
    lines
}

fn verdict(audit: &Audit) -> String {
    let rows = |verdict| {
        let found = audit.windows.iter().filter(|window| window.verdict == verdict).count();
        format!("{found} of {} rows", audit.windows.len())
    };
    // Where no sample is as it was, not even sordino can prove a silence.
    let is_exact = audit.tolerance.is_some() && audit.noise.is_none();
    match audit.verdict() {
        Verdict::Clean if audit.is_recoverable() => {
            "clean; what was said is only quieter, and can be recovered".into()
        }
        Verdict::Clean if is_exact => "clean; what was said cannot be recovered".into(),
        Verdict::Clean => "clean; nothing of what was said was found".into(),
        Verdict::Leak => format!("LEAK in {}", rows(Verdict::Leak)),
        Verdict::CannotTell => {
            let rows = rows(Verdict::CannotTell);
            format!(
                "CANNOT BE TOLD in {rows}: what the codec keeps of so faint or short a sound, or of so little outside the windows, proves nothing; audit it before it is encoded"
            )
        }
        _ => "changed: more than the windows, or other than the original".into(),
    }
}

fn outside(audit: &Audit) -> String {
    let (outside, rate): (&OutsideChanges, _) = (&audit.outside, audit.original.rate);
    let Some((first, last)) = outside.first.zip(outside.last) else {
        return match audit.tolerance {
            Some(_) => "outside: no sample has changed".into(),
            None => "outside: nothing has changed but what the codec changes".into(),
        };
    };
    let (from, to) = (ClockTime(time_of(first, rate)), ClockTime(time_of(last, rate)));
    let largest = report::decibel(outside.largest);
    format!("outside: {} samples changed, {from}-{to} s, by at most {largest} dB", outside.changed)
}

/// A verdict as JSON names it.
fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Clean => "clean",
        Verdict::Changed => "changed",
        Verdict::Leak => "leak",
        _ => "cannot tell",
    }
}

pub(super) fn to_json(audit: &Audit) -> Value {
    let windows = audit.windows.iter().map(|window| {
        let leak = window
            .leak
            .map(|leak| json!({ "frames": leak.frames, "first": leak.first, "last": leak.last }));
        json!({
            "start": seconds(window.window.start()),
            "end": seconds(window.window.end()),
            "label": window.window.label(),
            "channel": window.channel,
            "first": window.span.first,
            "frames": window.span.frames(),
            "verdict": name(window.verdict),
            "done": done(window),
            "leak": leak,
            "gain": window.gain,
            "correlation": window.correlation,
            "peak": window.peak,
            "rms": window.rms,
            "recoverable": window.is_recoverable(),
        })
    });
    json!({
        "clean": audit.is_clean(),
        "verdict": name(audit.verdict()),
        "recoverable": audit.is_recoverable(),
        "original": report::recording(&audit.original, audit.original_frames),
        "redacted": report::recording(&audit.redacted, audit.redacted_frames),
        "windows": windows.collect::<Vec<_>>(),
        "outside": {
            "changed": audit.outside.changed,
            "first": audit.outside.first,
            "last": audit.outside.last,
            "largest": audit.outside.largest,
        },
        "metadata": audit.leftovers.iter().map(|left| json!({
            "name": left.name,
            "bytes": left.bytes,
        })).collect::<Vec<_>>(),
        "padding": audit.padding,
        "tolerance": audit.tolerance,
        "noise": audit.noise,
    })
}
