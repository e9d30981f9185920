//! `sordino file`: one local recording.

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use sordino::store::Place;
use sordino::{
    Encoding, Error, EvidenceOptions, OutputFormat, Receipt, Redacted, Redaction, Source, Summary,
    Treatment, Windows,
};

use super::args::{FileArgs, source_of, windows_of};
use super::exit::Failure;
use super::input::{self, is_dash};
use super::interrupt::Interrupt;
use super::messages::{detail, note, say, tell};
use super::output::{OutputPath, note_ending};
use super::progress::ByteProgress;
use super::side_outputs::{self, SideOutputs};
use super::{remote, report, stdout};

/// One redaction, with its arguments checked.
struct FileRun {
    /// The input's name in messages.
    input: String,
    destination: Destination,
    /// What the name of the output stands for, and whether the encoding is to stay.
    output: (&'static [OutputFormat], bool),
    windows: Windows,
    treatment: Treatment,
    side_outputs: SideOutputs,
    force: bool,
    json: bool,
}

/// Where the redacted recording goes.
enum Destination {
    Stdout(File),
    File(OutputPath),
    Object(OutputPath, Place),
}

impl Destination {
    /// The path or URL, unless it is stdout.
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdout(_) => None,
            Self::File(path) | Self::Object(path, _) => Some(&path.target),
        }
    }

    /// The path of a file.
    fn file(&self) -> Option<&Path> {
        if let Self::File(path) = self { Some(&path.target) } else { None }
    }

    /// The name in messages.
    fn name(&self) -> String {
        match self {
            Self::Stdout(_) => "stdout".into(),
            Self::File(path) | Self::Object(path, _) => path.named.display().to_string(),
        }
    }
}

/// Redacts and reports.
pub(crate) fn run(args: FileArgs) -> Result<(), Failure> {
    remote::configure(&args.redact.store);
    let (run, source) = check(args)?;
    let summary = run.redact(source)?;
    report::notes(&summary);
    run.note_format(&summary);
    let output = run.destination.name();
    let line = if run.json {
        let mut json = report::to_json(&summary, run.side_outputs.self_check);
        json["status"] = "completed".into();
        json["inputFile"] = run.input.into();
        json["outputFile"] = output.into();
        json.to_string()
    } else {
        let ending = run.side_outputs.ending();
        let done = match report::nothing(&summary) {
            Some(nothing) => format!("{nothing} copied unredacted"),
            None => format!("redacted {}", report::sentence(&summary)),
        };
        format!("{done}, {} -> {output}{ending}", run.input)
    };
    match (run.destination, run.json) {
        (Destination::File(_) | Destination::Object(..), _) => return report::print(&line),
        // stdout holds the recording. JSON was asked for, and is printed even with --quiet.
        (Destination::Stdout(_), true) => say(&line),
        (Destination::Stdout(_), false) => tell(&line),
    }
    Ok(())
}

/// Checks the arguments and opens the input.
fn check(args: FileArgs) -> Result<(FileRun, Source), Failure> {
    let FileArgs { input, output, redact: args } = args;
    let list = args.windows.windows.as_deref();
    if is_dash(&input) && list.is_some_and(is_dash) {
        let mend =
            "it cannot be both the recording and the list of windows; give one of them as a file";
        return Err(Failure::usage("reading stdin", mend));
    }
    let policy = args.policy()?;
    let request = args.windows.request(&policy)?;
    let windows = windows_of(&request, policy.if_none())?;
    let source = source_of(&request, &policy, args.redacted_transcript.as_deref())?;
    let treatment = policy.treatment();
    let inputs = [Some(input.as_path()), list, args.windows.policy.as_deref()];
    let mut inputs: Vec<&Path> = inputs.into_iter().flatten().collect();
    inputs.extend(args.evidence.sign.inputs());
    let destination = if is_dash(&output) {
        Destination::Stdout(stdout::for_audio()?)
    } else {
        let path = OutputPath::check(&output, &inputs, args.force)?;
        match path.object.clone() {
            Some(place) => Destination::Object(path, place),
            None => Destination::File(path),
        }
    };
    let signer = args.evidence.signer()?;
    let path = destination.path();
    let side_outputs =
        SideOutputs::check(&args.evidence, source, &inputs, path, args.force, signer)?;
    let (options, formats) = args.format.options_for(&output, &policy)?;
    let (input, source) = input::open(&input, options)?;
    if windows.is_empty() {
        note("nothing was found to redact; the recording is copied unredacted");
    }
    let (force, json) = (args.force, args.json);
    let output = (formats, options.encoding == Encoding::Same);
    let run = FileRun { input, destination, output, windows, treatment, side_outputs, force, json };
    Ok((run, source))
}

impl FileRun {
    /// Tells what the output is, where that may surprise.
    fn note_format(&self, summary: &Summary) {
        let (format, container) = (summary.output, summary.stream_info.container);
        if let Some(path) = self.destination.path() {
            note_ending(path, format);
        }
        if self.output.1 && format == OutputFormat::Wav && container != "wave" {
            note(&format!("the {container} becomes a WAV; its samples are as they were"));
        }
    }

    /// Redacts the recording, and delivers it with its side outputs.
    fn redact(&self, source: Source) -> Result<Summary, Failure> {
        let Self { input, destination, windows, side_outputs, .. } = self;
        let doing = format!("redacting {input}");
        let interrupt = Interrupt::new();
        let spool = interrupt.spool(destination.file()).map_err(|e| Failure::of(&*doing, e))?;
        let (mut bar, length) = (ByteProgress::new("redacting"), source.length());
        let (began, mut received) = (Instant::now(), 0);
        let redaction = Redaction::new(windows, self.treatment)
            .with_evidence(self.evidence())
            .with_spool(spool)
            .with_formats(self.output.0);
        let redacted = redaction.run_watched(source, |progress| {
            received = progress.bytes;
            bar.show(progress.bytes, length);
            ControlFlow::Continue(())
        });
        bar.clear();
        let redacted =
            redacted.map_err(|error| Failure::of(&*doing, input::explain(input, error)))?;
        report::details(input, redacted.summary(), began.elapsed());
        let (written, to) = (redacted.bytes(), destination.name());
        detail(&format!(
            "{received} bytes read; {written} bytes of {} go to {to}",
            redacted.format()
        ));
        // The page shows the file's name alone, not the folders that it lies in.
        let title =
            Path::new(input).file_name().map_or(input.clone(), |name| name.display().to_string());
        let receipt = Receipt::of(&redacted).map(|receipt| remote::arrived(receipt, input));
        match destination {
            // The recording comes last: when it is in place, everything is. If it fails, the files
            // that were there before come back.
            Destination::File(path) => {
                interrupt.deliver_with(&format!("the recording is at {to}"), || {
                    let drafts = side_outputs.write(&title, &redacted, receipt)?;
                    let placed = side_outputs::put(drafts)?;
                    let target = &path.target;
                    let done = if self.force {
                        redacted.persist_over(target)
                    } else {
                        redacted.persist(target)
                    };
                    Ok((done.map_err(undelivered)?, placed))
                })
            }
            Destination::Object(_, place) => {
                self.deliver_object(place, &interrupt, &title, &redacted, receipt)?;
                Ok(redacted.summary().clone())
            }
            // Outside `deliver`: the reader of stdout may be slow, and ctrl-c must work meanwhile.
            Destination::Stdout(out) => {
                stdout::deliver(&redacted, out).map_err(undelivered)?;
                interrupt.deliver_with("the recording went to stdout", || {
                    let drafts = side_outputs.write(&title, &redacted, receipt)?;
                    Ok((redacted.summary().clone(), side_outputs::put(drafts)?))
                })
            }
        }
    }
}

impl FileRun {
    /// What evidence is collected.
    fn evidence(&self) -> EvidenceOptions {
        let options = self.side_outputs.options();
        // The digest of an object is written down with it.
        let is_object = matches!(self.destination, Destination::Object(..));
        EvidenceOptions { receipt: options.receipt || is_object, ..options }
    }

    /// Writes the recording to a bucket, then what goes with it.
    fn deliver_object(
        &self,
        place: &Place,
        interrupt: &Interrupt,
        title: &str,
        redacted: &Redacted,
        receipt: Option<Receipt>,
    ) -> Result<(), Failure> {
        let side_outputs = &self.side_outputs;
        // A rehearsal: find out what cannot be written before anything is delivered.
        drop(side_outputs.write(title, redacted, receipt.clone())?);
        let put = remote::put(place, redacted, self.force)?;
        let at = format!("the recording is at {place}");
        interrupt.delivered(&at);
        let receipt = receipt.map(|receipt| remote::delivered(receipt, place, &put));
        interrupt.deliver_with(&at, || {
            let placed = side_outputs.write(title, redacted, receipt).and_then(side_outputs::put);
            Ok(((), placed.map_err(|failure| failure.after(&at))?))
        })
    }
}

fn undelivered(error: Error) -> Failure {
    Failure::of("delivering the redacted recording", error)
}
