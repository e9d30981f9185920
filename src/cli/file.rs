//! `sordino file`: one local recording.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::Path;

use sordino::{Error, Receipt, Redacted, Redaction, Source, Summary, Treatment, Windows};

use super::args::FileArgs;
use super::exit::{Failure, say};
use super::interrupt::Interrupt;
use super::plan::{self, Place, is_dash};
use super::progress::Bar;
use super::side_outputs::{self, SideOutputs};
use super::{report, stdout};

/// What is to be done, checked as far as it can be before work starts.
pub(crate) struct Plan {
    source: Source,
    /// How messages call the input.
    input: String,
    output: Output,
    windows: Windows,
    treatment: Treatment,
    side_outputs: SideOutputs,
    force: bool,
    json: bool,
}

/// Where the recording goes.
enum Output {
    Stdout(File),
    File(Place),
}

impl Output {
    /// Where it goes, if that is a file.
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdout(_) => None,
            Self::File(place) => Some(&place.target),
        }
    }

    /// How messages call it.
    fn name(&self) -> String {
        match self {
            Self::Stdout(_) => "stdout".into(),
            Self::File(place) => place.named.display().to_string(),
        }
    }
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
    let list = args.windows.windows.as_deref().unwrap_or(Path::new("-"));
    let inputs = [args.input.as_path(), list];
    let output = if is_dash(&args.output) {
        Output::Stdout(stdout_for_audio()?)
    } else {
        Output::File(plan::check_output(&args.output, &inputs, args.force)?)
    };
    let side_outputs = SideOutputs::check(&args.proof, &inputs, output.path(), args.force)?;
    let (input, source) = plan::open(&args.input, &args.format)?;
    if let Some(path) = output.path() {
        plan::note_ending(path);
    }
    let (force, json) = (args.force, args.json);
    Ok(Plan { source, input, output, windows, treatment, side_outputs, force, json })
}

fn stdout_for_audio() -> Result<File, Failure> {
    let doing = "writing to stdout";
    if io::stdout().is_terminal() {
        let mend = "a WAV is not for a terminal; give -o FILE, or pipe stdout somewhere";
        return Err(Failure::usage(doing, mend));
    }
    stdout::open().map_err(|error| Failure::failed(doing, error))
}

/// Redacts and reports.
pub(crate) fn run(plan: Plan) -> Result<(), Failure> {
    let Plan { source, input, output, windows, treatment, side_outputs, force, json } = plan;
    let doing = format!("redacting {input}");
    let interrupt = Interrupt::new();
    let spool = interrupt.spool(output.path()).map_err(|e| Failure::of(doing.as_str(), e))?;
    let (mut bar, length) = (Bar::new("redacting"), source.length());
    let redaction =
        Redaction::new(&windows, treatment).with_evidence(side_outputs.proof()).with_spool(spool);
    let redacted = redaction.run_watched(source, |progress| {
        bar.show(progress.bytes, length);
        ControlFlow::Continue(())
    });
    bar.clear();
    let redacted =
        redacted.map_err(|error| Failure::of(doing.as_str(), plan::named(&input, error)))?;
    // Folders are nobody's business.
    let title = Path::new(&input).file_name().map_or(input.clone(), |n| n.display().to_string());
    let receipt = Receipt::of(&redacted);
    let (target, is_stdout) = (output.name(), output.path().is_none());
    let summary = match output {
        // The recording comes last: where it is, all is. If it does not come, what was there before is
        // there again.
        Output::File(place) => interrupt.deliver(|| {
            let placed =
                side_outputs::put(side_outputs.write(&title, &redacted, receipt.as_ref())?)?;
            let summary = deliver_file(redacted, &place.target, force)?;
            side_outputs::keep(placed);
            Ok(summary)
        })?,
        // Whoever reads stdout may be slow, and must be able to end us.
        Output::Stdout(out) => {
            stdout::deliver(&redacted, out).map_err(undelivered)?;
            interrupt.deliver(|| {
                let drafts = side_outputs.write(&title, &redacted, receipt.as_ref())?;
                side_outputs::put(drafts).map(side_outputs::keep)
            })?;
            redacted.summary().clone()
        }
    };
    report::notes(&summary);
    let line = if json {
        let mut json = report::to_json(&summary);
        json["status"] = "completed".into();
        json["selfCheck"] = side_outputs.verdict().into();
        json["input"] = input.into();
        json["output"] = target.into();
        json.to_string()
    } else {
        let (sentence, ending) = (report::sentence(&summary), side_outputs.ending());
        format!("redacted {sentence}, {input} -> {target}{ending}")
    };
    if is_stdout {
        // The recording has gone there.
        say(&line);
        Ok(())
    } else {
        report::print(&line)
    }
}

fn deliver_file(redacted: Redacted, path: &Path, force: bool) -> Result<Summary, Failure> {
    let done = if force { redacted.persist_over(path) } else { redacted.persist(path) };
    done.map_err(undelivered)
}

fn undelivered(error: Error) -> Failure {
    Failure::of("delivering the redacted recording", error)
}
