//! `sordino windows`: what a list, a transcript or labels would mute, without any audio.

use std::io::{self, IsTerminal};

use serde_json::{Value, json};
use sordino::policy::{Request, Searched};
use sordino::transcript::PlacedWindow;
use sordino::window::{ClockTime, seconds};
use sordino::{Window, Windows};

use super::args::WindowsArgs;
use super::exit::Failure;
use super::messages::note;
use super::output::OutputPath;
use super::side_outputs::Draft;
use super::table::table;
use super::text::count;
use super::{remote, report};

/// How many words `--show-text` shows before and after those of a window.
const AROUND: usize = 3;

pub(crate) fn run(args: WindowsArgs) -> Result<(), Failure> {
    let WindowsArgs { file, json, redacted_transcript, show_text, force, mut windows, store } =
        args;
    remote::configure(&store);
    if show_text && !io::stdout().is_terminal() {
        let mend = "it shows what was said, so it writes to a terminal only; run it without a pipe or redirection";
        return Err(Failure::usage("reading --show-text", mend));
    }
    windows.windows = file.or(windows.windows);
    let inputs = windows.windows.iter().chain(&windows.policy);
    let inputs: Vec<_> = inputs.map(AsRef::as_ref).collect();
    let output = redacted_transcript.as_ref();
    let output = output.map(|path| OutputPath::check(path, &inputs, force)).transpose()?;
    let policy = windows.policy(windows.settings()?)?;
    let request = windows.request(&policy)?;
    let is_unit_unknown = request.windows.iter().any(Window::is_unit_unknown);
    if is_unit_unknown {
        note("whole numbers without a unit were read as seconds; say --unit s or --unit ms");
    }
    let merged = match request.windows.is_empty() {
        true => Windows::none(),
        false => Windows::new(request.windows.clone())?,
    };
    if let Some(output) = &output {
        write_masked(&request, output, force)?;
    }
    if json {
        let unit = (!is_unit_unknown).then_some("s");
        return report::print(&to_json(&merged, unit, request.transcript.as_ref()).to_string());
    }
    if let Some(found) = &request.transcript {
        report::print(&facts(found))?;
    }
    report::print(rows(&merged).trim_end())?;
    if show_text { report::print(texts(&request)?.trim_end()) } else { Ok(()) }
}

/// Writes the transcript with the words of all windows masked.
fn write_masked(request: &Request, output: &OutputPath, force: bool) -> Result<(), Failure> {
    let masked = request.masked()?;
    let draft = Draft::write(output, force, "text/plain", |out| out.write_all(&masked.bytes));
    draft.map_err(|error| Failure::of("writing the redacted transcript", error))?.put()?;
    let words = count(masked.words, "word");
    note(&format!("{words} masked in {}", output.named.display()));
    Ok(())
}

/// The words of each window and those around it. For a person at a terminal, never for a file.
fn texts(request: &Request) -> Result<String, Failure> {
    let Some(found) = &request.transcript else {
        let why = "the windows come from a list, which has no words; give a transcript";
        return Err(Failure::usage("reading --show-text", why));
    };
    let row = |window: PlacedWindow| {
        let words = found.read.words_around(&window, &found.parties, AROUND);
        let words = words.iter().map(|(word, is_inside)| (word.expose(), *is_inside));
        let end = window.end.map_or("the end".to_owned(), |end| ClockTime(end).to_string());
        vec![ClockTime(window.start).to_string(), end, bracketed(words)]
    };
    let rows: Vec<_> = request.bare().into_iter().map(row).collect();
    Ok(format!("\n{}", table(&["from", "to", "what was said, without padding"], 0..2, &rows)))
}

/// Words in one line, those of the window in brackets. What could steer the terminal is replaced.
fn bracketed<'a>(words: impl Iterator<Item = (&'a str, bool)>) -> String {
    let mut text = String::new();
    let mut was_inside = false;
    for (word, is_inside) in words {
        text += match (was_inside, is_inside) {
            _ if text.is_empty() && is_inside => "[",
            _ if text.is_empty() => "",
            (false, true) => " [",
            (true, false) => "] ",
            _ => " ",
        };
        text.extend(word.trim().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
        was_inside = is_inside;
    }
    if was_inside { text + "]" } else { text }
}

/// What was read and how it was placed, as lines.
fn facts(found: &Searched) -> String {
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

fn rows(windows: &Windows) -> String {
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
fn to_json(windows: &Windows, unit: Option<&str>, found: Option<&Searched>) -> Value {
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
