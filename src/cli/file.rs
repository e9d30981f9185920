//! `sordino file`: one local recording.

use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use sordino::{Error, Receipt, Redacted, Source, Summary, Treatment, Windows, redact_into};

use super::args::FileArgs;
use super::exit::{Failure, say};
use super::interrupt::Interrupt;
use super::papers::{self, Papers};
use super::plan::{self, is_dash};
use super::progress::Bar;
use super::report;

/// What is to be done, checked as far as it can be before work starts.
pub(crate) struct Plan {
    source: Source,
    /// How messages call the input.
    input: String,
    /// `None` is stdout.
    output: Option<PathBuf>,
    windows: Windows,
    treatment: Treatment,
    papers: Papers,
    force: bool,
    json: bool,
}

/// Checks the arguments and opens the input.
pub(crate) fn check(args: FileArgs) -> Result<Plan, Failure> {
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
    let list = args.windows.windows.as_deref().unwrap_or(Path::new("-"));
    match &output {
        Some(path) => plan::check_output(path, &[&args.input, list], args.force)?,
        None if io::stdout().is_terminal() => {
            let mend = "a WAV is not for a terminal; give -o FILE, or pipe stdout somewhere";
            return Err(Failure::usage("writing to stdout", mend));
        }
        None => {}
    }
    let papers = Papers::check(&args.proof, &[&args.input, list], output.as_deref(), args.force)?;
    let input = if stdin { "stdin".into() } else { args.input.display().to_string() };
    let source = if stdin {
        Source::stream(io::stdin())
    } else {
        Source::open(&args.input).map_err(|error| unreadable(&input, error))?
    };
    let source = source.with_options(args.format.options());
    if let Some(path) = &output {
        plan::note_ending(path);
    }
    let (force, json) = (args.force, args.json);
    Ok(Plan { source, input, output, windows, treatment, papers, force, json })
}

/// The error for a file without a header, of which the name alone says what it may be. Silence in
/// µ-law looks like the beginning of MPEG audio, so what that makes of it is not told.
fn named(input: &str, error: &Error) -> Option<Error> {
    let convert = "convert it first, as with `ffmpeg -f FORMAT -i IN OUT.wav`";
    let say_so = "say what it holds, as with --raw mulaw:8000:1";
    let (what, mend) = match plan::ending(Path::new(input)).as_str() {
        "gsm" => ("GSM 6.10", convert),
        "g722" | "g723" | "g726" | "g729" => ("G.722, G.723, G.726 or G.729", convert),
        "vox" => ("Dialogic ADPCM", "convert it first, as with `sox -r 8000 IN.vox OUT.wav`"),
        "raw" | "pcm" | "ul" | "ulaw" | "al" | "alaw" | "sln" => ("headerless audio", say_so),
        _ => return None,
    };
    let what = format!("no format that is known, and by its name it is {what}");
    let is_unknown =
        matches!(error, Error::UnknownFormat | Error::Header { .. } | Error::Container { .. });
    is_unknown.then(|| Error::Foreign { what, mend: mend.into() })
}

/// A path that is not there is a wrong call; one that breaks while it is read is a failure.
fn unreadable(input: &str, error: Error) -> Failure {
    let doing = format!("opening {input}");
    match error {
        Error::Read(error) => Failure::usage(doing, error),
        other => Failure::of(doing, other),
    }
}

/// Redacts and reports.
pub(crate) fn run(plan: Plan) -> Result<(), Failure> {
    let Plan { source, input, output, windows, treatment, papers, force, json } = plan;
    let doing = format!("redacting {input}");
    let interrupt = Interrupt::new();
    let spool = interrupt.spool(output.as_deref()).map_err(|e| Failure::of(doing.as_str(), e))?;
    let (mut bar, length) = (Bar::new("redacting"), source.length());
    let redacted = redact_into(spool, source, &windows, treatment, papers.proof(), |progress| {
        bar.show(progress.bytes, length);
        ControlFlow::Continue(())
    });
    bar.clear();
    let redacted = redacted
        .map_err(|error| Failure::of(doing.as_str(), named(&input, &error).unwrap_or(error)))?;
    // Folders are nobody's business.
    let title = Path::new(&input).file_name().map_or(input.clone(), |n| n.display().to_string());
    let receipt = Receipt::of(&redacted);
    let summary = match &output {
        // The recording comes last: where it is, all is.
        Some(path) => interrupt.deliver(|| {
            let placed = papers::put(papers.write(&title, &redacted, receipt.as_ref())?)?;
            let summary = deliver_file(redacted, path, force);
            summary.inspect_err(|_| placed.take_back())
        })?,
        // Whoever reads stdout may be slow, and must be able to end us.
        None => {
            redacted.write_out(&mut io::stdout().lock()).map_err(undelivered)?;
            let put = || papers::put(papers.write(&title, &redacted, receipt.as_ref())?);
            interrupt.deliver(put)?;
            redacted.summary().clone()
        }
    };
    report::notes(&summary);
    let target = output.as_ref().map_or("stdout".into(), |path| path.display().to_string());
    let line = if json {
        let mut json = report::to_json(&summary);
        json["status"] = "completed".into();
        json["selfCheck"] = papers.verdict().into();
        json["input"] = input.into();
        json["output"] = target.into();
        json.to_string()
    } else {
        let (sentence, ending) = (report::sentence(&summary), papers.ending());
        format!("redacted {sentence}, {input} -> {target}{ending}")
    };
    if output.is_some() {
        report::print(&line)
    } else {
        // The recording has gone to stdout.
        say(&line);
        Ok(())
    }
}

fn deliver_file(redacted: Redacted, path: &Path, force: bool) -> Result<Summary, Failure> {
    let done = if force { redacted.persist_over(path) } else { redacted.persist(path) };
    done.map_err(undelivered)
}

fn undelivered(error: Error) -> Failure {
    Failure::of("delivering the redacted recording", error)
}
