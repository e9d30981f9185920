//! `sordino recording`: one recording in Genesys Cloud, from its id to a redacted copy beside it.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use sordino::genesys::{Completed, Config, Credentials, Error as GenesysError, Genesys};
use sordino::job::{deliver, prepare};
use sordino::spool::Draft;
use sordino::{Job, JobError, Redacted};

use super::args::{ClientArgs, RecordingArgs, WindowsSource, time};
use super::exit::Failure;
use super::input::is_dash;
use super::interrupt::lock;
use super::messages::{detail, note};
use super::output::{OutputPath, note_ending};
use super::progress::ByteProgress;
use super::side_outputs::{self, SideOutputs};
use super::{block_on, report};

mod stage;

pub(super) use stage::detail_step;
use stage::{NewRecording, Shared, Stage, on_event, on_interrupt};

/// One redaction at Genesys, with its arguments checked.
struct RecordingRun {
    genesys: Genesys,
    job: Job,
    /// `None` for a dry run.
    conversation_id: Option<String>,
    keep: Option<OutputPath>,
    force: bool,
    side_outputs: SideOutputs,
    json: bool,
    bar: Shared<ByteProgress>,
    stage: Shared<Stage>,
}

/// Fetches, redacts, uploads, and reports.
pub(crate) fn run(args: &RecordingArgs) -> Result<(), Failure> {
    let run = check(args)?;
    let original = run.job.recording_id.clone();
    on_interrupt(&run.stage);
    let result = block_on(work(&run));
    lock(&run.bar).clear();
    let (redacted, new_id) = result?;
    let summary = redacted.summary();
    report::notes(summary);
    if new_id.is_some() {
        note("the original recording still exists in Genesys, and is not redacted");
    }
    let line = if run.json {
        let mut json = report::to_json(summary, run.side_outputs.self_check);
        json["status"] = if new_id.is_some() { "completed" } else { "dry run" }.into();
        json["recordingId"] = new_id.into();
        json["originalRecordingId"] = original.into();
        json["conversationId"] = run.conversation_id.into();
        json["output"]["bytes"] = redacted.bytes().into();
        json.to_string()
    } else {
        let (sentence, ending) = (report::sentence(summary), run.side_outputs.ending());
        let (done, new) = match (report::nothing(summary), new_id) {
            (None, Some(id)) => (format!("sanitised {sentence}"), format!(" -> {id}")),
            (None, None) => (format!("dry run: would sanitise {sentence}"), String::new()),
            (Some(nothing), Some(id)) => {
                (format!("{nothing} uploaded unredacted"), format!(" -> {id}"))
            }
            (Some(nothing), None) => {
                (format!("dry run: {nothing} would be uploaded unredacted"), String::new())
            }
        };
        format!("{done}, recording {original}{new}{ending}")
    };
    run.side_outputs.offer_page();
    report::print(&line)
}

/// Checks arguments and environment. Everything that is missing is named in one error.
fn check(args: &RecordingArgs) -> Result<RecordingRun, Failure> {
    let request = args.redact.windows.request()?;
    let windows = request.windows(args.redact.if_none)?;
    let source = request.source(args.redact.redacted_transcript.as_deref())?;
    let treatment = args.redact.treatment.treatment()?;
    let secret = client_secret(&args.client)?;
    let set = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let (client_id, recording_id) = (set(&args.client.client_id), set(&args.recording_id));
    let conversation_id = set(&args.conversation_id).filter(|_| !args.dry_run);
    let needs_conversation = conversation_id.is_none() && !args.dry_run;
    let missing: Vec<&str> = [
        (client_id.is_none(), "GENESYS_CLIENT_ID (or --client-id)"),
        (secret.is_none(), "GENESYS_CLIENT_SECRET (or --client-secret-file)"),
        (recording_id.is_none(), "GENESYS_RECORDING_ID (or --recording-id)"),
        (needs_conversation, "GENESYS_CONVERSATION_ID (or --conversation-id)"),
    ]
    .into_iter()
    .filter_map(|(missing, name)| missing.then_some(name))
    .collect();
    let (Some(client_id), Some(secret), Some(recording_id), []) =
        (client_id, secret, recording_id, missing.as_slice())
    else {
        let mend = "set them as `sordino recording --help` shows";
        let why = format!("missing: {}; {mend}", missing.join(", "));
        return Err(Failure::usage("reading the configuration", why));
    };
    let (keep, side_outputs) = outputs(args, source)?;
    let bar = Arc::new(Mutex::new(ByteProgress::new("redacting")));
    let stage = Shared::<Stage>::default();
    let (shown, told) = (Arc::clone(&bar), Arc::clone(&stage));
    let mut config = config(&args.client, Credentials::new(client_id, secret))?;
    config.listener = Arc::new(move |event| on_event(event, &shown, &told));
    let genesys = Genesys::new(config).map_err(invalid)?;
    let shown = Arc::clone(&bar);
    let job = Job {
        options: args.redact.format.options(),
        evidence: side_outputs.options(),
        listener: Some(Arc::new(move |progress, of| lock(&shown).show(progress.bytes, of))),
        ..Job::new(recording_id, windows, treatment)
    };
    if job.windows.is_empty() {
        let does = if args.dry_run { "would be" } else { "will be" };
        note(&format!("nothing was found to redact; an unredacted copy {does} uploaded"));
    }
    let (force, json) = (args.redact.force, args.redact.json);
    Ok(RecordingRun { genesys, job, conversation_id, keep, force, side_outputs, json, bar, stage })
}

/// Checks every path that will be written.
fn outputs(
    args: &RecordingArgs,
    source: WindowsSource,
) -> Result<(Option<OutputPath>, SideOutputs), Failure> {
    let force = args.redact.force;
    let inputs = [&args.redact.windows.windows, &args.client.client_secret_file];
    let inputs: Vec<_> = inputs.into_iter().filter_map(Option::as_deref).collect();
    let keep = match &args.keep {
        Some(path) if is_dash(path) => {
            let mend = "give the path of a file; stdout is not one";
            return Err(Failure::usage("reading --keep", mend));
        }
        Some(path) => {
            let checked = OutputPath::check(path, &inputs, force)?;
            note_ending(path);
            Some(checked)
        }
        None => None,
    };
    let target = keep.as_ref().map(|path| path.target.as_path());
    let side_outputs = SideOutputs::check(&args.redact.evidence, source, &inputs, target, force)?;
    Ok((keep, side_outputs))
}

/// The secret, from the file that is named or from the environment. Never from an argument, which
/// other users of the machine can read.
fn client_secret(args: &ClientArgs) -> Result<Option<String>, Failure> {
    let secret = match &args.client_secret_file {
        Some(path) => std::fs::read_to_string(path).map(Some).map_err(|error| {
            Failure::usage(format!("reading the client secret from {}", path.display()), error)
        })?,
        None => std::env::var("GENESYS_CLIENT_SECRET").ok(),
    };
    Ok(secret.map(|secret| secret.trim().to_owned()).filter(|secret| !secret.is_empty()))
}

fn invalid(error: GenesysError) -> Failure {
    Failure::usage("reading the configuration", error)
}

fn config(args: &ClientArgs, credentials: Credentials) -> Result<Config, Failure> {
    let timeout = time("--timeout", &args.timeout)?;
    if timeout.is_zero() {
        let mend = "0 would end every request at once; give a time, for example 30s";
        return Err(Failure::usage("reading --timeout", mend));
    }
    let mut config = Config::new(&args.base_url, credentials).map_err(invalid)?;
    config.retries = args.max_retries;
    config.longest_wait = time("--max-wait", &args.max_wait)?;
    config.requests_a_minute = args.rate;
    config.timeout = timeout;
    Ok(config)
}

async fn work(run: &RecordingRun) -> Result<(Redacted, Option<String>), Failure> {
    let (doing, began) = (format!("recording {}", run.job.recording_id), Instant::now());
    let failed = |error| failure(&doing, error);
    let prepared = prepare(&run.genesys, &run.job).await.map_err(failed)?;
    let redacted = &prepared.redacted;
    prepared.steps.iter().for_each(detail_step);
    report::details(&doing, redacted.summary(), began.elapsed());
    let write = |delivered: Option<(&Completed, &str)>| {
        let receipt = prepared.receipt(&run.job, delivered);
        run.side_outputs.write(&doing, redacted, receipt)
    };
    {
        let mut stage = lock(&run.stage);
        // A rehearsal: find out what cannot be written before anything is created at Genesys.
        drop(write(None)?);
        if let Some(OutputPath { named, target }) = &run.keep {
            let draft = redacted.draft(target, run.force);
            let doing = format!("keeping {}", named.display());
            stage.kept = Some(draft.map_err(|error| Failure::of(doing, error))?);
        }
    }
    // The kept recording comes last. Until then every old file is in its place.
    let put = |side_outputs: Vec<Draft>, kept| {
        side_outputs::put(side_outputs.into_iter().chain(kept).collect()).map(side_outputs::keep)
    };
    let Some(conversation) = &run.conversation_id else {
        let mut stage = lock(&run.stage);
        let kept = stage.kept.take();
        put(write(None)?, kept)?;
        return Ok((prepared.redacted, None));
    };
    detail(&format!("{} bytes of WAV to upload", redacted.bytes()));
    let completed = deliver(&run.genesys, redacted, conversation).await;
    let mut stage = lock(&run.stage);
    let kept = stage.kept.take();
    let completed = completed.map_err(failed)?;
    completed.steps.iter().for_each(detail_step);
    stage.new = NewRecording::Complete(completed.id.clone());
    let done =
        write(Some((&completed, conversation))).and_then(|side_outputs| put(side_outputs, kept));
    done.map_err(|failure| failure.after(&format!("recording {} is complete", completed.id)))?;
    drop(stage);
    Ok((prepared.redacted, Some(completed.id)))
}

/// An error of a job, as a wrong call or a failure.
pub(crate) fn failure(doing: &str, error: JobError) -> Failure {
    match error {
        JobError::Redact(error) => Failure::of(doing, error),
        // Of all Genesys errors only this one is the caller's: a bad URL in an answer is not.
        JobError::Genesys(error @ GenesysError::Config(_)) => Failure::usage(doing, error),
        other => Failure::failed(doing, other),
    }
}
