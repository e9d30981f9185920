//! An audit as a table for people and as JSON for programs.

use serde_json::{Value, json};
use sordino::StreamInfo;
use sordino::level::{Decibels, Levels};
use sordino::receipt::LevelsEntry;
use sordino::span::time_of;
use sordino::verify::{Audit, Done, Leak, OutsideChanges, Verdict, WindowAudit};
use sordino::window::{ClockTime, Window, seconds};

use super::super::report;
use super::super::table;
use super::super::text::count;

/// `1920 frames, 10-10.239875 s (240 ms)`.
fn open_part(Leak { frames, first, last, padding_only }: Leak, rate: u32) -> String {
    let (from, to) = (ClockTime(time_of(first, rate)), ClockTime(time_of(last, rate)));
    let millis = time_of(frames, rate).as_secs_f64() * 1000.0;
    let padding = if padding_only { " (padding only)" } else { "" };
    format!("{}, {from}-{to} s ({millis:.0} ms){padding}", count(frames, "frame"))
}

/// What was done in a window, in words.
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
    let row = |window: &WindowAudit| {
        let leak = match window.leak {
            Some(leak) => open_part(leak, rate),
            None if window.verdict == Verdict::CannotTell => "cannot be told".into(),
            None => "nothing".into(),
        };
        let times = times(&window.window);
        let name = window.window.label().map_or(times.clone(), |label| format!("{times} {label}"));
        let (peak, rms) = (Decibels::of(window.peak), Decibels::of(window.rms));
        vec![
            name,
            window.channel.to_string(),
            done(window),
            peak.to_string(),
            rms.to_string(),
            leak,
        ]
    };
    let headings = ["window", "channel", "what is there", "peak dB", "rms dB", "left open"];
    let rows: Vec<_> = audit.windows.iter().map(row).collect();
    format!("{}\n{}", table::table(&headings, 0..0, &rows), findings(audit).join("\n"))
}

/// A window's times without its channel, which has a column of its own.
fn times(window: &Window) -> String {
    let end = (!window.is_to_the_end()).then(|| ClockTime(window.end()).to_string());
    format!("{}-{}", ClockTime(window.start()), end.unwrap_or_default())
}

/// The findings about the whole file, the verdict last.
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
        let below = Decibels::of(1.0 / noise);
        lines.push(format!("noise: the codec's own changes are {below} dB below the sound"));
    }
    if let Some(tolerance) = audit.tolerance.filter(|&tolerance| tolerance > 0.0) {
        let tolerance = Decibels::of(tolerance);
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
    // In a lossy file no sample stays as it was, so silence there proves less.
    let is_exact = audit.tolerance.is_some() && audit.noise.is_none();
    match audit.verdict() {
        Verdict::Clean if audit.windows.is_empty() => {
            "clean; there is no window, and the recording is the original".into()
        }
        Verdict::Clean if audit.is_recoverable() => {
            "clean; speech is only quieter, and can be recovered".into()
        }
        Verdict::Clean if is_exact => "clean; speech cannot be recovered".into(),
        Verdict::Clean => "clean; no speech of the original was found".into(),
        Verdict::Leak if audit.is_padding_only() => {
            let rows = rows(Verdict::Leak);
            format!(
                "LEAK in padding only, in {rows}: what the windows asked for is muted, their padding is not"
            )
        }
        Verdict::Leak => format!("LEAK in {}", rows(Verdict::Leak)),
        Verdict::CannotTell => {
            let rows = rows(Verdict::CannotTell);
            format!(
                "CANNOT BE TOLD in {rows}: the sound is too faint or too short, or too little is left outside the windows, to prove anything after this codec; audit the recording before it is encoded"
            )
        }
        _ => "changed: more than the windows was changed, or the format or length differs".into(),
    }
}

fn outside(audit: &Audit) -> String {
    let (outside, rate): (&OutsideChanges, _) = (&audit.outside, audit.original.rate);
    let Some((first, last)) = outside.first.zip(outside.last) else {
        return match audit.tolerance {
            Some(_) => "outside: no sample has changed".into(),
            None => "outside: nothing has changed beyond the codec's own noise".into(),
        };
    };
    let (from, to) = (ClockTime(time_of(first, rate)), ClockTime(time_of(last, rate)));
    let largest = Decibels::of(outside.largest);
    format!("outside: {} samples changed, {from}-{to} s, by at most {largest} dB", outside.changed)
}

/// The name of a verdict in JSON.
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
        let leak = window.leak.map(|Leak { frames, first, last, padding_only }| {
            json!({ "frames": frames, "first": first, "last": last, "paddingOnly": padding_only })
        });
        json!({
            "start": seconds(window.window.start()),
            "end": (!window.window.is_to_the_end()).then(|| seconds(window.window.end())),
            "label": window.window.label(),
            "channel": window.channel,
            "first": window.span.first,
            "frames": window.span.frames(),
            "verdict": name(window.verdict),
            "done": done(window),
            "leak": leak,
            "gain": window.gain,
            "correlation": window.correlation,
            "after": LevelsEntry::of(Levels { peak: window.peak, rms: window.rms }),
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
        "metadata": report::dropped(&audit.leftovers),
        "padding": audit.padding,
        "tolerance": audit.tolerance,
        "noise": audit.noise,
    })
}
