//! `sordino file`: one local recording.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use sordino::window::Clock;
use sordino::{Error, Redacted, Source, Summary, Treatment, Windows, redact_into};

use super::args::FileArgs;
use super::exit::Failure;
use super::interrupt::Interrupt;
use super::plan::is_dash;
use super::progress::Bar;

/// What is to be done, checked as far as it can be before work starts.
pub(crate) struct Plan {
    source: Source,
    /// How messages call the input.
    input: String,
    /// `None` is stdout.
    output: Option<PathBuf>,
    windows: Windows,
    treatment: Treatment,
    force: bool,
    json: bool,
}

/// Checks the arguments and opens the input.
pub(crate) fn plan(args: FileArgs) -> Result<Plan, Failure> {
    let stdin = is_dash(&args.input);
    if stdin && args.windows.windows.as_deref().is_some_and(is_dash) {
        return Err(Failure::usage(
            "reading stdin",
            "it cannot be both the recording and the windows; give one of them as a file",
        ));
    }
    let windows = args.windows.windows()?;
    let treatment = args.treatment.treatment()?;
    let output = (!is_dash(&args.output)).then_some(args.output);
    match &output {
        Some(path) => check_output(path, &args.input, args.force)?,
        None if io::stdout().is_terminal() => {
            let mend = "a WAV is not for a terminal; give -o FILE, or pipe stdout somewhere";
            return Err(Failure::usage("writing to stdout", mend));
        }
        None => {}
    }
    let input = if stdin { "stdin".into() } else { args.input.display().to_string() };
    let source = if stdin {
        Source::stream(io::stdin())
    } else {
        Source::open(&args.input).map_err(|error| unreadable(&input, error))?
    };
    Ok(Plan { source, input, output, windows, treatment, force: args.force, json: args.json })
}

/// A path that is not there is a wrong call; one that breaks while it is read is a failure.
fn unreadable(input: &str, error: Error) -> Failure {
    let doing = format!("opening {input}");
    match error {
        Error::Read(error) => Failure::usage(doing, error),
        other => Failure::of(doing, other),
    }
}

fn check_output(output: &Path, input: &Path, force: bool) -> Result<(), Failure> {
    let wrong = |why: &str| Err(Failure::usage(format!("writing {}", output.display()), why));
    if output.is_dir() {
        return wrong("this is a folder; give the path of a file");
    }
    if output.exists() && !output.is_file() {
        return wrong("this is not a file; to write into a pipe or device, give -o - and redirect");
    }
    let same = |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok());
    if same(output, input).is_some_and(|(output, input)| output == input) {
        return wrong("this is the input, which stays as it is; give another path");
    }
    if output.exists() && !force {
        return wrong("it exists already; give --force to replace it");
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return wrong("its folder does not exist; make it first");
    }
    Ok(())
}

/// Redacts and reports.
pub(crate) fn run(plan: Plan) -> Result<(), Failure> {
    let Plan { source, input, output, windows, treatment, force, json } = plan;
    let doing = format!("redacting {input}");
    let interrupt = Interrupt::new();
    let spool = interrupt.spool(output.as_deref()).map_err(|e| Failure::of(doing.as_str(), e))?;
    let mut bar = Bar::new(source.length());
    let redacted = redact_into(spool, source, &windows, treatment, |progress| bar.show(progress));
    bar.clear();
    let redacted = redacted.map_err(|error| Failure::of(doing.as_str(), error))?;
    let summary = deliver(redacted, output.as_deref(), force)?;
    notes(&summary);
    let target = output.as_ref().map_or("stdout".into(), |path| path.display().to_string());
    let line = if json {
        to_json(&summary, &input, &target).to_string()
    } else {
        sentence(&summary, &input, &target)
    };
    report(&line, output.is_some())
}

fn deliver(redacted: Redacted, output: Option<&Path>, force: bool) -> Result<Summary, Failure> {
    match output {
        Some(path) if force => redacted.persist_over(path),
        Some(path) => redacted.persist(path),
        None => redacted.write_to(&mut io::stdout().lock()),
    }
    .map_err(|error| Failure::of("delivering the redacted recording", error))
}

/// The result goes to stdout, unless the recording has gone there.
fn report(line: &str, to_stdout: bool) -> Result<(), Failure> {
    if !to_stdout {
        eprintln!("{line}");
        return Ok(());
    }
    writeln!(io::stdout(), "{line}")
        .map_err(|error| Failure::of("printing the result", Error::Write(error)))
}

fn notes(summary: &Summary) {
    for window in &summary.cut {
        eprintln!("warning: the window {window} runs over the end and was cut there");
    }
    if summary.treatment.is_recoverable() {
        let gain = summary.treatment.gain();
        let decibel = 20.0 * gain.log10();
        eprintln!(
            "note: a gain of {gain} ({decibel:.0} dB) leaves speech recoverable; --silence does not"
        );
    }
}

fn seconds(frames: u64, summary: &Summary) -> f64 {
    sordino::span::time_of(frames, summary.recording.rate).as_secs_f64()
}

fn sentence(summary: &Summary, input: &str, output: &str) -> String {
    let count = summary.windows.len();
    let plural = if count == 1 { "" } else { "s" };
    let (muted, all) = (seconds(summary.frames_treated, summary), seconds(summary.frames, summary));
    format!("redacted {count} window{plural}, {muted:.1} s of {all:.1} s, {input} -> {output}")
}

fn to_json(summary: &Summary, input: &str, output: &str) -> serde_json::Value {
    let recording = &summary.recording;
    let windows = summary.windows.iter().map(|window| {
        json!({
            "start": window.start().as_secs_f64(),
            "end": window.end().as_secs_f64(),
            "channel": window.channel(),
            "label": window.label(),
            "cut": summary.cut.contains(window),
        })
    });
    json!({
        "status": "completed",
        "input": input,
        "output": output,
        "container": recording.container,
        "codec": recording.codec,
        "rate": recording.rate,
        "channels": recording.channels,
        "format": recording.format.to_string(),
        "frames": summary.frames,
        "framesTreated": summary.frames_treated,
        "seconds": seconds(summary.frames, summary),
        "duration": Clock(sordino::span::time_of(summary.frames, recording.rate)).to_string(),
        "windows": windows.collect::<Vec<_>>(),
        "treatment": {
            "kind": summary.treatment.name(),
            "gain": summary.treatment.gain(),
            "toneHz": summary.treatment.tone_hz(),
            "fade": summary.treatment.fade().as_secs_f64(),
        },
        "recoverable": summary.treatment.is_recoverable(),
    })
}
