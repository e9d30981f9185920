//! `sordino windows`: what a list, a transcript or labels would mute, without any audio.

use serde_json::{Value, json};
use sordino::spool::Draft;
use sordino::window::{ClockTime, seconds};
use sordino::{Window, Windows};

use super::args::{TranscriptRequest, WindowsArgs};
use super::exit::Failure;
use super::messages::note;
use super::output::OutputPath;
use super::report;
use super::table::table;
use super::text::count;

pub(crate) fn run(args: WindowsArgs) -> Result<(), Failure> {
    let WindowsArgs { file, json, redacted_transcript, force, mut windows } = args;
    windows.windows = file.or(windows.windows);
    let inputs: Vec<_> = windows.windows.iter().map(AsRef::as_ref).collect();
    let output = redacted_transcript.as_ref();
    let output = output.map(|path| OutputPath::check(path, &inputs, force)).transpose()?;
    let request = windows.request()?;
    let is_unit_unknown = request.windows.iter().any(Window::is_unit_unknown);
    if is_unit_unknown {
        note("whole numbers without a unit were read as seconds; say --unit s or --unit ms");
    }
    let merged: Vec<Window> = match request.windows.is_empty() {
        true => Vec::new(),
        false => Windows::new(request.windows)?.iter().cloned().collect(),
    };
    if let Some(output) = &output {
        write_masked(request.transcript.as_ref(), output, force)?;
    }
    if json {
        let unit = (!is_unit_unknown).then_some("s");
        return report::print(&to_json(&merged, unit, request.transcript.as_ref()).to_string());
    }
    if let Some(found) = &request.transcript {
        report::print(&facts(found))?;
    }
    report::print(rows(&merged).trim_end())
}

/// Writes the transcript with the words of all windows masked.
fn write_masked(
    found: Option<&TranscriptRequest>,
    output: &OutputPath,
    force: bool,
) -> Result<(), Failure> {
    let doing = "writing the redacted transcript";
    let Some(found) = found else {
        return Err(Failure::usage(doing, "the windows come from a list, which has no words"));
    };
    let masked = found.read.masked(&found.selection.bare, &found.parties);
    let masked = masked.map_err(|error| Failure::usage(doing, error))?;
    let draft = Draft::write(&output.target, force, |out| out.write_all(&masked.bytes));
    let put = draft.and_then(Draft::put);
    put.map_err(|error| Failure::of(doing, error))?;
    let words = count(masked.words, "word");
    note(&format!("{words} masked in {}", output.named.display()));
    Ok(())
}

/// What was read and how it was placed, as lines.
fn facts(found: &TranscriptRequest) -> String {
    let summary = &found.selection.summary;
    let list = |counts: &[(String, usize)]| {
        counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    };
    let marks = format!("{} found, {} placed", summary.marks_found, summary.marks_placed);
    let muted = format!(
        "{}, {:.1} s in total",
        count(found.selection.windows.len(), "window"),
        summary.total.as_secs_f64()
    );
    let facts = [
        ("format", found.read.title().to_owned()),
        ("marks", marks),
        ("numbers found", list(&summary.finds)),
        ("left out by --only", list(&summary.left_out)),
        ("left alone", list(&summary.left_alone)),
        ("lowest confidence", summary.lowest_confidence.clone().unwrap_or_default()),
        ("padding", summary.padding.clone()),
        ("muted", muted),
    ];
    let mut lines: Vec<String> = facts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| format!("{name:<19}{text}"))
        .collect();
    lines.extend(summary.notes.iter().map(|text| format!("note: {text}")));
    lines.join("\n") + "\n"
}

fn rows(windows: &[Window]) -> String {
    let row = |window: &Window| {
        let end = match window.is_to_the_end() {
            true => "the end".to_owned(),
            false => ClockTime(window.end()).to_string(),
        };
        let channel = window.channel().map_or("all".to_owned(), |channel| channel.to_string());
        let label = window.label().unwrap_or_default().to_owned();
        vec![ClockTime(window.start()).to_string(), end, channel, label]
    };
    let rows: Vec<_> = windows.iter().map(row).collect();
    if rows.is_empty() {
        "no windows".into()
    } else {
        table(&["start", "end", "channel", "label"], 0..2, &rows)
    }
}

/// `unit` is null where the list leaves it open; so it is still open for whoever reads the JSON.
fn to_json(windows: &[Window], unit: Option<&str>, found: Option<&TranscriptRequest>) -> Value {
    let windows = windows.iter().map(|window| {
        json!({
            "start": seconds(window.start()),
            "end": (!window.is_to_the_end()).then(|| seconds(window.end())),
            "channel": window.channel(),
            "label": window.label(),
        })
    });
    let mut json =
        json!({ "format": "list", "unit": unit, "windows": windows.collect::<Vec<_>>() });
    let Some(found) = found else { return json };
    let summary = &found.selection.summary;
    let map = |counts: &[(String, usize)]| counts.iter().cloned().collect::<Value>();
    json["format"] = summary.format.into();
    json["marks"] = json!({ "found": summary.marks_found, "placed": summary.marks_placed });
    json["finds"] = map(&summary.finds);
    json["leftOut"] = map(&summary.left_out);
    json["leftAlone"] = map(&summary.left_alone);
    json["lowestConfidence"] = summary.lowest_confidence.clone().into();
    json["padding"] = summary.padding.clone().into();
    json["seconds"] = seconds(summary.total).into();
    json["notes"] = summary.notes.clone().into();
    let untimed = summary.untimed;
    json["untimed"] = json!({
        "byNeighbours": untimed.by_neighbours,
        "widened": untimed.widened,
        "byUnit": untimed.by_unit,
        "long": untimed.long,
    });
    json
}
